use std::sync::Arc;

use axum::Extension;
use axum::body::Bytes;
use axum::extract::{Form, FromRequest, FromRequestParts, Request, State};
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Redirect, Response};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use subtle::ConstantTimeEq as _;

use super::guard::Site;
use super::house::{Accounts, PersonView};
use super::problem::{ForScript, Problem};
use super::state::{Mode, Web, csrf};
use crate::chat::console::without_token;
use crate::domain::{Digest, PersonId, RawMessage};

/// The names of our cookies.
#[derive(Clone, Copy, Debug)]
pub(super) enum Cookie {
    /// A random word for a browser that nobody has signed in with; ties forms to it.
    Visit,
    /// The token of a session.
    Session,
    /// Who one plays in the playground.
    Person,
}

impl Cookie {
    const fn name(self, secure: bool) -> &'static str {
        match (self, secure) {
            (Self::Visit, false) => "countersign_visit",
            (Self::Visit, true) => "__Host-countersign_visit",
            (Self::Session, false) => "countersign_session",
            (Self::Session, true) => "__Host-countersign_session",
            (Self::Person, false) => "countersign_person",
            (Self::Person, true) => "__Host-countersign_person",
        }
    }

    /// The value in a request.
    pub(super) fn read(self, headers: &HeaderMap, site: &Site) -> Option<String> {
        let name = self.name(site.is_secure());
        headers
            .get_all(header::COOKIE)
            .iter()
            .filter_map(|value| value.to_str().ok())
            .flat_map(|value| value.split(';'))
            .filter_map(|pair| pair.trim().split_once('='))
            .find(|(key, _)| *key == name)
            .map(|(_, value)| value.to_owned())
    }

    /// The header that sets it for `seconds`; `None` for a value that has no place in a cookie.
    pub(super) fn write(self, value: &str, seconds: i64, site: &Site) -> Option<HeaderValue> {
        let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte);
        let secure = if site.is_secure() { "; Secure" } else { "" };
        let name = self.name(site.is_secure());
        let text = format!("{name}={value}; Path=/; Max-Age={seconds}; HttpOnly; SameSite=Strict{secure}");
        value.bytes().all(plain).then(|| HeaderValue::from_str(&text).ok()).flatten()
    }
}

/// What a browser is known by before anybody has signed in.
#[derive(Clone)]
pub(super) struct Visit {
    token: String,
    fresh: bool,
}

impl Visit {
    pub(super) fn of(web: &Web, headers: &HeaderMap, site: &Site) -> Result<Self, Problem> {
        let known = Cookie::Visit.read(headers, site).filter(|token| Digest::parse(token).is_some());
        match known {
            Some(token) => Ok(Self { token, fresh: false }),
            None => Ok(Self { token: web.token()?, fresh: true }),
        }
    }

    pub(super) fn set_cookie(&self, site: &Site) -> Option<HeaderValue> {
        self.fresh.then(|| Cookie::Visit.write(&self.token, 30 * 86_400, site)).flatten()
    }

    /// The anti-forgery token of forms that need no session.
    pub(super) fn csrf(&self) -> String {
        csrf(&self.token)
    }
}

/// Who is in front of the page.
#[derive(Clone)]
pub(super) struct Visitor {
    /// The person.
    pub(super) person: PersonView,
    token: String,
}

impl Visitor {
    pub(super) fn csrf(&self) -> String {
        csrf(&self.token)
    }

    /// Whether they still are who they were when they came: sessions end.
    pub(super) async fn still_there(&self, web: &Web) -> bool {
        match web.mode() {
            Mode::Playground => true,
            Mode::Accounts(accounts) => {
                matches!(in_session(web, accounts.as_ref(), &self.token).await, Ok(Some(_)))
            }
        }
    }
}

/// The digest under which a session is kept.
pub(super) fn session_digest(token: &str) -> Digest {
    Digest::labelled("countersign/session/v1", token.as_bytes())
}

async fn in_session(web: &Web, accounts: &dyn Accounts, token: &str) -> Result<Option<PersonView>, Problem> {
    let digest = session_digest(token);
    let session = accounts.session(&digest).await?;
    let session = session
        .filter(|session| bool::from(session.token.as_bytes().ct_eq(digest.as_bytes())))
        .filter(|session| web.clock.now() < session.expires_at);
    // Somebody who has left the policy has no session any more.
    Ok(session.and_then(|session| web.house.people().into_iter().find(|one| one.id == session.person)))
}

async fn visitor(web: &Web, parts: &Parts) -> Result<Option<Visitor>, Problem> {
    let (site, visit) = arrival(parts)?;
    match web.mode() {
        Mode::Playground => {
            let chosen = Cookie::Person.read(&parts.headers, site).map(PersonId);
            let people = web.house.people();
            let person = people.iter().find(|one| Some(&one.id) == chosen.as_ref()).or(people.first());
            Ok(person.map(|person| Visitor { person: person.clone(), token: visit.token.clone() }))
        }
        Mode::Accounts(accounts) => {
            let Some(token) = Cookie::Session.read(&parts.headers, site) else { return Ok(None) };
            let person = in_session(web, accounts.as_ref(), &token).await?;
            Ok(person.map(|person| Visitor { person, token }))
        }
    }
}

/// What the guard found out.
pub(super) fn arrival(parts: &Parts) -> Result<(&Site, &Visit), Problem> {
    match (parts.extensions.get::<Site>(), parts.extensions.get::<Visit>()) {
        (Some(site), Some(visit)) => Ok((site, visit)),
        (None, _) | (_, None) => Err(Problem::broken()),
    }
}

impl FromRequestParts<Arc<Web>> for Visitor {
    type Rejection = Response;

    async fn from_request_parts(parts: &mut Parts, web: &Arc<Web>) -> Result<Self, Response> {
        let found = visitor(web, parts).await.map_err(IntoResponse::into_response)?;
        found.ok_or_else(|| {
            if parts.method == axum::http::Method::GET && ForScript::of(&parts.headers) == ForScript::No {
                let to = parts.uri.path().to_owned();
                return Redirect::to(&format!("/sign-in?next={to}")).into_response();
            }
            let text = "Your session has ended. Sign in again; what you wrote was not sent.";
            Problem::new(StatusCode::UNAUTHORIZED, "You are signed out", text).into_response()
        })
    }
}

/// A form that one of our pages sent, from the person it was shown to.
pub(super) struct Posted<T> {
    pub(super) form: T,
    pub(super) raw: RawMessage,
    pub(super) visitor: Visitor,
}

impl<T: DeserializeOwned> FromRequest<Arc<Web>> for Posted<T> {
    type Rejection = Response;

    async fn from_request(request: Request, web: &Arc<Web>) -> Result<Self, Response> {
        let (mut parts, body) = request.into_parts();
        let visitor = Visitor::from_request_parts(&mut parts, web).await?;
        let expected = visitor.csrf();
        let (form, raw) = checked_form(Request::from_parts(parts, body), web, &expected)
            .await
            .map_err(IntoResponse::into_response)?;
        Ok(Self { form, raw, visitor })
    }
}

#[derive(Deserialize)]
struct Token {
    csrf: String,
}

/// Reads a form whose anti-forgery token is the expected one.
pub(super) async fn checked_form<T: DeserializeOwned>(
    request: Request,
    web: &Arc<Web>,
    expected: &str,
) -> Result<(T, RawMessage), Problem> {
    let (parts, body) = request.into_parts();
    let whole = Request::from_parts(parts.clone(), body);
    let bytes = Bytes::from_request(whole, web).await.map_err(|_too_large_or_cut_off| {
        let text = "This is more than 64 KB. Send less at once.";
        Problem::new(StatusCode::PAYLOAD_TOO_LARGE, "That is too much", text)
    })?;
    let again = || Request::from_parts(parts.clone(), bytes.clone().into());
    let token = Form::<Token>::from_request(again(), web).await.map(|Form(token)| token.csrf);
    if !token.is_ok_and(|token| bool::from(token.as_bytes().ct_eq(expected.as_bytes()))) {
        let text = "The page this was sent from is out of date. Reload it and send again; nothing was done.";
        return Err(Problem::new(StatusCode::FORBIDDEN, "This page is out of date", text));
    }
    let Form(form) = Form::<T>::from_request(again(), web).await.map_err(|_not_our_form| {
        let text = "This form is damaged. Reload the page and try again.";
        Problem::new(StatusCode::UNPROCESSABLE_ENTITY, "That could not be sent", text)
    })?;
    Ok((form, without_token(&bytes)))
}

/// The form of the playground's switch of person.
#[derive(Deserialize)]
pub(super) struct Switch {
    person: String,
    #[serde(default)]
    channel: String,
}

/// Becomes somebody else. Routed in the playground alone.
pub(super) async fn switch(
    State(web): State<Arc<Web>>,
    Extension(site): Extension<Site>,
    posted: Posted<Switch>,
) -> Result<Response, Problem> {
    let people = web.house.people();
    let person = people.iter().find(|one| one.id.0 == posted.form.person).ok_or_else(Problem::nowhere)?;
    let cookie = Cookie::Person.write(&person.id.0, 30 * 86_400, &site).ok_or_else(Problem::broken)?;
    let seen = web.house.channels(&person.id).into_iter().find(|one| one.name == posted.form.channel);
    let to = seen.map_or_else(|| "/".to_owned(), |channel| format!("/c/{}", channel.name));
    Ok(([(header::SET_COOKIE, cookie)], Redirect::to(&to)).into_response())
}
