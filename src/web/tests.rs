use std::sync::Arc;

use axum::Router;
use axum::body::{Body as Content, to_bytes};
use axum::http::{HeaderMap, Request, StatusCode, header};
use tokio::sync::watch;
use tower::ServiceExt as _;

use super::fake::{Fake, noon};
use super::*;
use crate::clock::{StandingClock, SystemEntropy};
use crate::domain::PersonId;

mod doors;
mod live;
mod reviewing;
mod signing_in;

const SITE: &str = "http://127.0.0.1:8080";
const ONCE: &str = "0123456789abcdef";

/// A console over a house in memory, and one browser in front of it.
struct Desk {
    fake: Arc<Fake>,
    clock: Arc<StandingClock>,
    router: Router,
    closing: watch::Sender<bool>,
    cookies: Vec<(String, String)>,
}

/// What came back.
struct Answered {
    status: StatusCode,
    headers: HeaderMap,
    text: String,
}

impl Answered {
    fn location(&self) -> &str {
        self.headers.get(header::LOCATION).map_or("", |to| to.to_str().unwrap())
    }

    /// The value of the first hidden field of this name.
    fn field(&self, name: &str) -> String {
        let from = format!("name=\"{name}\" value=\"");
        let rest = self.text.split_once(&from).unwrap_or_else(|| panic!("no {name} in {}", self.text)).1;
        rest.split('"').next().unwrap().to_owned()
    }
}

impl Desk {
    fn playground() -> Self {
        Self::at(Arc::default(), |_| Mode::Playground)
    }

    fn accounts() -> Self {
        Self::at(Arc::default(), |fake| Mode::Accounts(Arc::clone(fake) as Arc<dyn Accounts>))
    }

    fn at(fake: Arc<Fake>, mode: impl FnOnce(&Arc<Fake>) -> Mode) -> Self {
        let (closing, closed) = watch::channel(false);
        let clock = Arc::new(StandingClock::at(noon()));
        let settings =
            Settings { mode: mode(&fake), sites: vec![Site::parse(SITE).unwrap()], closing: closed };
        let web =
            Web::new(Arc::clone(&fake) as _, Arc::clone(&clock) as _, Arc::new(SystemEntropy), settings);
        let router = router(Arc::new(web.unwrap()));
        Self { fake, clock, router, closing, cookies: Vec::new() }
    }

    /// A request as our own pages make it; `change` makes it another one.
    fn request(&self, method: &str, path: &str, form: &str) -> Request<Content> {
        let cookies: Vec<_> = self.cookies.iter().map(|(name, value)| format!("{name}={value}")).collect();
        let mut request = Request::builder()
            .method(method)
            .uri(path)
            .header(header::HOST, "127.0.0.1:8080")
            .header(header::COOKIE, cookies.join("; "));
        if method == "POST" {
            request = request
                .header(header::ORIGIN, SITE)
                .header("sec-fetch-site", "same-origin")
                .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded");
        }
        request.body(Content::from(form.to_owned())).unwrap()
    }

    async fn send(&mut self, request: Request<Content>) -> Answered {
        let response = self.router.clone().oneshot(request).await.unwrap();
        let (parts, body) = response.into_parts();
        for cookie in parts.headers.get_all(header::SET_COOKIE) {
            let (name, rest) = cookie.to_str().unwrap().split_once('=').unwrap();
            let value = rest.split(';').next().unwrap();
            self.cookies.retain(|(known, _)| known != name);
            self.cookies.push((name.to_owned(), value.to_owned()));
        }
        let text = String::from_utf8(to_bytes(body, 1 << 20).await.unwrap().into()).unwrap();
        Answered { status: parts.status, headers: parts.headers, text }
    }

    async fn get(&mut self, path: &str) -> Answered {
        let request = self.request("GET", path, "");
        self.send(request).await
    }

    async fn post(&mut self, path: &str, form: &str) -> Answered {
        let request = self.request("POST", path, form);
        self.send(request).await
    }

    /// The anti-forgery token of a page.
    async fn csrf(&mut self, path: &str) -> String {
        self.get(path).await.field("csrf")
    }

    fn account(&self, name: &str, password: &str) {
        let hash = hash_password(&password.to_owned().into()).unwrap();
        self.fake.rooms().hashes.insert(PersonId(name.into()), hash);
    }

    async fn sign_in(&mut self, name: &str, password: &str) -> Answered {
        let csrf = self.csrf("/sign-in").await;
        self.post("/sign-in", &format!("csrf={csrf}&name={name}&password={password}")).await
    }
}
