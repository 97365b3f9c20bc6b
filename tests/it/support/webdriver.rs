//! A small client of the W3C WebDriver protocol, and the chromedriver it speaks to.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpStream;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use reqwest::Method;
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::time::{Instant, sleep};

use super::{PATIENCE, until};

/// How long until one looks again.
const PAUSE: Duration = Duration::from_millis(40);

/// The name under which the protocol hands out elements.
const ELEMENT: &str = "element-6066-11e4-a52e-4f735466cecf";

/// Keys as the protocol writes them.
pub const ENTER: &str = "\u{e007}";
pub const TAB: &str = "\u{e004}";
pub const DOWN: &str = "\u{e015}";

/// A chromedriver on a free port of this machine.
pub struct Driver {
    child: Child,
    client: reqwest::Client,
    port: u16,
}

impl Driver {
    /// Starts one.
    ///
    /// # Errors
    /// What this machine has not got.
    pub fn start() -> Result<Self, &'static str> {
        if !["chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome"]
            .iter()
            .any(installed)
        {
            return Err("no chromium");
        }
        // The second test to come here finds a provider installed, which is as good.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let start = |program: &str| {
            Command::new(program).arg("--port=0").stdout(Stdio::piped()).stderr(Stdio::null()).spawn()
        };
        let child = start("chromedriver").or_else(|_not_on_the_path| start("/usr/bin/chromedriver"));
        let mut child = child.map_err(|_not_there_either| "no chromedriver")?;
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines().map_while(Result::ok);
        let port = lines.find_map(|line| line.strip_suffix('.')?.split_once("on port ")?.1.parse().ok());
        let client = reqwest::Client::builder().no_proxy().timeout(PATIENCE).build().unwrap();
        Ok(Self { child, client, port: port.expect("chromedriver tells its port") })
    }

    /// Opens a browser with a profile of its own.
    pub async fn browser(&self, kind: Kind) -> Browser<'_> {
        let profile = tempfile::tempdir().unwrap();
        let dir = format!("--user-data-dir={}", profile.path().display());
        let arguments = [
            "--headless=new",
            "--no-sandbox",
            "--disable-gpu",
            "--disable-dev-shm-usage",
            "--disable-quic",
            "--no-first-run",
            "--no-proxy-server",
            "--disable-background-networking",
            "--disable-component-update",
            "--disable-sync",
            "--disable-extensions",
            // A mouse, which a machine without a screen does not have.
            "--blink-settings=primaryHoverType=2,availableHoverTypes=2,primaryPointerType=4,availablePointerTypes=4",
            "--window-size=1280,900",
            &dir,
        ];
        let scripts = match kind {
            Kind::Usual => 1,
            Kind::Scriptless => 2,
        };
        let wanted = json!({ "capabilities": { "alwaysMatch": {
            "goog:chromeOptions": {
                "args": arguments,
                "prefs": { "profile.managed_default_content_settings.javascript": scripts },
            },
            "goog:loggingPrefs": { "browser": "ALL" },
        } } });
        let opened = self.call(Method::POST, "/session", &wanted).await.unwrap();
        let session = format!("/session/{}", opened["sessionId"].as_str().unwrap());
        Browser { driver: self, session, _profile: profile }
    }

    /// One command; an error is the protocol's name for it and what the driver says.
    async fn call(&self, method: Method, path: &str, body: &Value) -> Result<Value, String> {
        let request = self.client.request(method.clone(), format!("http://127.0.0.1:{}{path}", self.port));
        let request = if method == Method::POST { request.json(body) } else { request };
        let mut answer: Value = request.send().await.unwrap().json().await.unwrap();
        let value = answer["value"].take();
        match value["error"].as_str() {
            Some(error) => Err(format!("{error}: {}", value["message"].as_str().unwrap_or_default())),
            None => Ok(value),
        }
    }
}

/// Whether a program is where programs are.
fn installed(name: &&str) -> bool {
    let path = std::env::var_os("PATH").unwrap_or_default();
    std::env::split_paths(&path).chain([PathBuf::from("/usr/bin")]).any(|dir| dir.join(name).exists())
}

impl Drop for Driver {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[derive(Clone, Copy)]
pub enum Kind {
    Usual,
    /// One in which pages cannot run scripts.
    Scriptless,
}

/// A browser that somebody sits in front of. What is asked of it by selector waits for what the selector names.
pub struct Browser<'a> {
    driver: &'a Driver,
    session: String,
    _profile: TempDir,
}

impl Browser<'_> {
    async fn post(&self, path: &str, body: Value) -> Result<Value, String> {
        self.driver.call(Method::POST, &format!("{}{path}", self.session), &body).await
    }

    async fn get(&self, path: &str) -> Result<Value, String> {
        self.driver.call(Method::GET, &format!("{}{path}", self.session), &Value::Null).await
    }

    pub async fn open(&self, url: &str) {
        self.post("/url", json!({ "url": url })).await.unwrap();
    }

    pub async fn url(&self) -> String {
        self.get("/url").await.unwrap().as_str().unwrap().to_owned()
    }

    /// All elements that fit now, in the order of the page.
    pub async fn all(&self, css: &str) -> Vec<Element<'_>> {
        let body = json!({ "using": "css selector", "value": css });
        let found = self.post("/elements", body).await.unwrap();
        let path = |element: &Value| format!("/element/{}", element[ELEMENT].as_str().unwrap());
        found.as_array().unwrap().iter().map(|one| Element { browser: self, path: path(one) }).collect()
    }

    /// Looks at the first element that fits, again and again until it is as wanted: elements of a live page come, go, and
    /// are covered by others.
    async fn first<T>(&self, css: &str, mut look: impl AsyncFnMut(&Element<'_>) -> Result<T, String>) -> T {
        let deadline = Instant::now() + PATIENCE;
        loop {
            let problem = match self.all(css).await.first() {
                Some(element) => match look(element).await {
                    Ok(seen) => return seen,
                    Err(problem) => problem,
                },
                None => "there is none".to_owned(),
            };
            assert!(Instant::now() < deadline, "`{css}` on {}: {problem}", self.url().await);
            sleep(PAUSE).await;
        }
    }

    pub async fn click(&self, css: &str) {
        self.first(css, async |element| element.post("/click", json!({})).await).await;
    }

    /// Types into an element.
    pub async fn fill(&self, css: &str, text: &str) {
        self.first(css, async |element| element.post("/value", json!({ "text": text })).await).await;
    }

    /// The text of an element as it is shown.
    pub async fn text(&self, css: &str) -> String {
        self.first(css, async |element| element.text().await).await
    }

    pub async fn attribute(&self, css: &str, name: &str) -> Option<String> {
        let value = self.first(css, async |element| element.attribute(name).await).await;
        value.as_str().map(str::to_owned)
    }

    /// Waits until an element shows this text.
    pub async fn reads(&self, css: &str, part: &str) {
        let look = async |element: &Element<'_>| {
            let text = element.text().await?;
            if text.contains(part) { Ok(()) } else { Err(format!("no `{part}` in `{text}`")) }
        };
        self.first(css, look).await;
    }

    /// Waits until something fits.
    pub async fn comes(&self, css: &str) {
        self.first(css, async |_there| Ok(())).await;
    }

    /// Waits until nothing fits any more.
    pub async fn goes(&self, css: &str) {
        until(&format!("`{css}` goes"), async || self.all(css).await.is_empty()).await;
    }

    /// Presses these keys one after the other, whatever has the focus.
    pub async fn press(&self, keys: &str) {
        let stroke = |key: char| ["keyDown", "keyUp"].map(|kind| json!({ "type": kind, "value": key }));
        let strokes: Vec<_> = keys.chars().flat_map(stroke).collect();
        let body = json!({ "actions": [{ "type": "key", "id": "keyboard", "actions": strokes }] });
        self.post("/actions", body).await.unwrap();
    }

    /// What this function body returns in the page.
    pub async fn script(&self, body: &str) -> Value {
        self.post("/execute/sync", json!({ "script": body, "args": [] })).await.unwrap()
    }

    /// Shows the page as on a screen of this size; a window cannot be as narrow as a phone.
    pub async fn screen(&self, width: u32, height: u32) {
        let metrics =
            json!({ "width": width, "height": height, "deviceScaleFactor": 1, "mobile": width < 600 });
        let body = json!({ "cmd": "Emulation.setDeviceMetricsOverride", "params": metrics });
        self.post("/goog/cdp/execute", body).await.unwrap();
    }

    pub async fn cookies(&self) -> Vec<Value> {
        self.get("/cookie").await.unwrap().as_array().unwrap().clone()
    }

    /// The window as a PNG.
    pub async fn screenshot(&self) -> Vec<u8> {
        STANDARD.decode(self.get("/screenshot").await.unwrap().as_str().unwrap()).unwrap()
    }

    /// What the browser has noted since this was last asked: errors, refusals of the content security policy.
    pub async fn complaints(&self) -> Vec<String> {
        let entries = self.post("/se/log", json!({ "type": "browser" })).await.unwrap();
        entries.as_array().unwrap().iter().map(|entry| entry["message"].to_string()).collect()
    }
}

impl Drop for Browser<'_> {
    /// Ends the session. Without this the browser would outlive the driver; it is done by hand because nothing can be
    /// awaited here.
    fn drop(&mut self) {
        let Ok(mut stream) = TcpStream::connect(("127.0.0.1", self.driver.port)) else { return };
        let _ = stream.set_read_timeout(Some(PATIENCE));
        let host = format!("127.0.0.1:{}", self.driver.port);
        let request = format!("DELETE {} HTTP/1.1\r\nHost: {host}\r\n\r\n", self.session);
        if stream.write_all(request.as_bytes()).is_ok() {
            // The answer comes when the browser has ended.
            let _ = stream.read(&mut [0; 512]);
        }
    }
}

/// An element of a page, as long as the page has it.
pub struct Element<'a> {
    browser: &'a Browser<'a>,
    path: String,
}

impl Element<'_> {
    async fn post(&self, path: &str, body: Value) -> Result<Value, String> {
        self.browser.post(&format!("{}{path}", self.path), body).await
    }

    pub async fn text(&self) -> Result<String, String> {
        // The protocol's own "text" leaves out what has been scrolled out of view.
        let text = self.browser.get(&format!("{}/property/innerText", self.path)).await?;
        Ok(text.as_str().unwrap_or_default().to_owned())
    }

    pub async fn attribute(&self, name: &str) -> Result<Value, String> {
        self.browser.get(&format!("{}/attribute/{name}", self.path)).await
    }
}
