//! The console as people use it: headless Chromium against the binary itself.

mod approval;
mod denial;
mod keyboard;
mod migration;
mod pages;
mod report;
mod scriptless;
mod unread;

use std::ops::Deref;
use std::path::Path;

use serde_json::json;
use tempfile::TempDir;

use crate::support::Server;
use crate::support::webdriver::{Browser, Driver, ENTER, Kind};

const DEPLOY: &str = "/deploy order-service v2.4.1 production";

/// A server with the playground, and a driver to open browsers on it.
struct Scene {
    server: Server,
    driver: Driver,
    _data: TempDir,
}

/// `None` where there is no browser to test with; then the test has nothing to say, unless it is told that it must.
fn driver() -> Option<Driver> {
    match Driver::start() {
        Ok(driver) => Some(driver),
        Err(missing) => {
            let required =
                std::env::var_os("COUNTERSIGN_TESTS_REQUIRE_ALL").is_some_and(|value| value == "1");
            assert!(!required, "{missing}, and all tests are required");
            eprintln!("skipped: {missing}");
            None
        }
    }
}

impl Scene {
    /// `None` where there is no browser.
    fn set() -> Option<Self> {
        let driver = driver()?;
        let data = tempfile::tempdir().unwrap();
        Some(Self { server: Server::start(data.path()), driver, _data: data })
    }

    fn address(&self, path: &str) -> String {
        format!("http://{}{path}", self.server.address())
    }

    /// A browser of their own for each of these people, in #deployments.
    async fn people<const N: usize>(&self, names: [&str; N]) -> [Desk<'_>; N] {
        let desks = futures::future::join_all(names.map(|name| self.person(name))).await;
        desks.try_into().ok().unwrap()
    }

    async fn person(&self, name: &str) -> Desk<'_> {
        let desk = Desk { browser: self.driver.browser(Kind::Usual).await };
        desk.open(&self.address("/")).await;
        desk.become_somebody(name).await;
        desk
    }
}

/// Where a person sits in front of a browser.
struct Desk<'a> {
    browser: Browser<'a>,
}

impl<'a> Deref for Desk<'a> {
    type Target = Browser<'a>;

    fn deref(&self) -> &Browser<'a> {
        &self.browser
    }
}

impl Desk<'_> {
    /// Switches the person, as the playground lets one. From here on the page is not to be loaded again.
    async fn become_somebody(&self, name: &str) {
        let chosen = format!("#person option[value='{name}'][selected]");
        if self.all(&chosen).await.is_empty() {
            self.click(&format!("#person option[value='{name}']")).await;
        }
        self.comes(&chosen).await;
        self.script("window.loaded = 'once'").await;
    }

    async fn say(&self, text: &str) {
        self.fill("#text", &format!("{text}{ENTER}")).await;
    }

    /// Waits for the card of a request that waits.
    async fn waiting(&self) -> Card {
        Card { id: self.attribute("article:has(.tone-waiting)", "id").await.unwrap() }
    }

    /// Keeps a picture of the page for the documentation, where pictures are asked for.
    async fn picture(&self, name: &str, width: u32, height: u32) {
        if std::env::var_os("COUNTERSIGN_SCREENSHOTS").is_none_or(|value| value != "1") {
            return;
        }
        self.screen(width, height).await;
        let dir = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/images");
        std::fs::create_dir_all(&dir).unwrap();
        std::fs::write(dir.join(name), self.screenshot().await).unwrap();
        self.screen(1280, 900).await;
    }

    /// The messages there are, in the order they are shown in.
    async fn messages(&self) -> serde_json::Value {
        self.script("return [...document.querySelectorAll('#messages article')].map((one) => one.id)").await
    }

    /// Nothing was loaded again since they sat down, and the browser has nothing to complain about.
    async fn had_no_trouble(&self) {
        assert_eq!(self.script("return window.loaded").await, json!("once"), "the page was loaded again");
        assert_eq!(self.complaints().await, [""; 0]);
    }
}

/// The selectors of one card, which keeps its place on the page whatever becomes of it.
struct Card {
    id: String,
}

impl Card {
    fn part(&self, css: &str) -> String {
        format!("[id='{}'] {css}", self.id)
    }

    fn state(&self) -> String {
        self.part(".card-state")
    }

    fn button(&self, action: &str) -> String {
        self.part(&format!("form:has([value='{action}']) .button"))
    }

    fn tick(&self) -> String {
        self.part(".reaction[aria-label^='approve']")
    }
}
