use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use argon2::Argon2;
use argon2::password_hash::{PasswordHasher as _, PasswordVerifier as _, phc::PasswordHash};
use axum::Extension;
use axum::extract::{ConnectInfo, Query, Request, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{Html, IntoResponse, Redirect, Response};
use jiff::Timestamp;
use minijinja::context;
use secrecy::{ExposeSecret as _, SecretString};
use serde::Deserialize;

use super::guard::Site;
use super::house::{Accounts, Failures, Session};
use super::problem::Problem;
use super::session::{Cookie, Posted, Visit, checked_form, session_digest};
use super::state::{Mode, Web};
use crate::domain::{PersonId, human_span};

/// How long a session lasts, in seconds: a working day.
const SESSION: i64 = 12 * 3_600;

/// How many failures a name may have before it waits. A source may have more: a whole office can share one.
const FREE_PER_NAME: u32 = 5;
const FREE_PER_SOURCE: u32 = 20;

/// After this long without a failure the earlier ones are forgotten.
const FORGET: Duration = Duration::from_secs(3_600);

/// What a password is compared with when the name is unknown, so that this takes as long. No password has this hash.
const DECOY: &str = "$argon2id$v=19$m=19456,t=2,p=1$Y291bnRlcnNpZ24tZGVjb3k$\
     AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";

/// The same words for an unknown name and a wrong password.
const WRONG: &str = "This name and password do not belong together.";

/// A password could not be hashed.
#[derive(Debug, thiserror::Error)]
#[error("the password could not be hashed")]
pub struct Unhashable(#[source] argon2::password_hash::Error);

/// The PHC string (argon2id) to keep for a password.
///
/// # Errors
/// The operating system gave no randomness.
pub fn hash_password(password: &SecretString) -> Result<String, Unhashable> {
    let hash = Argon2::default().hash_password(password.expose_secret().as_bytes()).map_err(Unhashable)?;
    Ok(hash.to_string())
}

/// Where to go after signing in.
#[derive(Deserialize)]
pub(super) struct Next {
    #[serde(default)]
    next: String,
}

#[derive(Deserialize)]
struct SignIn {
    name: String,
    password: SecretText,
    #[serde(default)]
    next: String,
}

/// A password on its way out of a form.
struct SecretText(SecretString);

impl<'de> Deserialize<'de> for SecretText {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Ok(Self(String::deserialize(deserializer)?.into()))
    }
}

pub(super) async fn page(
    State(web): State<Arc<Web>>,
    Extension(visit): Extension<Visit>,
    Query(next): Query<Next>,
) -> Result<Response, Problem> {
    form(&web, &visit, &next.next, "", "").map(IntoResponse::into_response)
}

fn form(web: &Web, visit: &Visit, next: &str, name: &str, problem: &str) -> Result<Html<String>, Problem> {
    let context = context! { csrf => visit.csrf(), next, name, problem };
    web.render("sign_in.html", context).map(Html)
}

pub(super) async fn submit(
    State(web): State<Arc<Web>>,
    Extension(site): Extension<Site>,
    Extension(visit): Extension<Visit>,
    request: Request,
) -> Result<Response, Problem> {
    let Mode::Accounts(accounts) = web.mode() else { return Err(Problem::nowhere()) };
    let source = request.extensions().get::<ConnectInfo<SocketAddr>>().map(|ConnectInfo(peer)| peer.ip());
    let (sign_in, _never_recorded) = checked_form::<SignIn>(request, &web, &visit.csrf()).await?;
    let name: String = sign_in.name.trim().to_lowercase().chars().take(64).collect();
    let attempt = Attempt { person: PersonId(name.clone()), password: sign_in.password.0, source };
    match attempt.judge(&web, accounts.as_ref()).await? {
        Verdict::In => {
            let cookie = open(&web, accounts.as_ref(), attempt.person, &site).await?;
            Ok(([(header::SET_COOKIE, cookie)], Redirect::to(local(&sign_in.next))).into_response())
        }
        Verdict::Wrong => {
            let page = form(&web, &visit, &sign_in.next, &name, WRONG)?;
            Ok((StatusCode::UNAUTHORIZED, page).into_response())
        }
        Verdict::Wait(span) => {
            let text = format!("There were too many attempts. Try again in {}.", human_span(span));
            let page = form(&web, &visit, &sign_in.next, &name, &text)?;
            let retry = [(header::RETRY_AFTER, span.as_secs().max(1).to_string())];
            Ok((StatusCode::TOO_MANY_REQUESTS, retry, page).into_response())
        }
    }
}

/// A path of ours and nothing else, so that a link to the sign-in cannot lead elsewhere afterwards.
fn local(next: &str) -> &str {
    if next.starts_with("/c/") || next.starts_with("/r") { next } else { "/" }
}

async fn open(
    web: &Web,
    accounts: &dyn Accounts,
    person: PersonId,
    site: &Site,
) -> Result<axum::http::HeaderValue, Problem> {
    let (token, now) = (web.token()?, web.clock.now());
    let expires_at = now.saturating_add(Duration::from_secs(SESSION.unsigned_abs())).unwrap_or(now);
    accounts
        .open_session(Session { token: session_digest(&token), person, opened_at: now, expires_at })
        .await?;
    Cookie::Session.write(&token, SESSION, site).ok_or_else(Problem::broken)
}

/// Somebody says who they are.
struct Attempt {
    person: PersonId,
    password: SecretString,
    source: Option<IpAddr>,
}

enum Verdict {
    In,
    Wrong,
    Wait(Duration),
}

impl Attempt {
    /// The permit is held from the look at the failures to the note of another one, so that guesses sent all at once
    /// do not slip past the limit together.
    async fn judge(&self, web: &Web, accounts: &dyn Accounts) -> Result<Verdict, Problem> {
        let _permit = web.hashing.acquire().await.map_err(|_closed| Problem::broken())?;
        let now = web.clock.now();
        let (name, source) = (format!("name:{}", self.person), self.source.map(source_key));
        let mut waits = vec![wait(accounts, &name, FREE_PER_NAME, now).await?];
        if let Some(source) = &source {
            waits.push(wait(accounts, source, FREE_PER_SOURCE, now).await?);
        }
        if let Some(span) = waits.into_iter().flatten().max() {
            return Ok(Verdict::Wait(span));
        }
        let known = accounts.password_hash(&self.person).await?;
        if self.matches(known).await? {
            accounts.forget_failures(&name).await?;
            return Ok(Verdict::In);
        }
        accounts.note_failure(&name, now).await?;
        if let Some(source) = &source {
            accounts.note_failure(source, now).await?;
        }
        Ok(Verdict::Wrong)
    }

    async fn matches(&self, known: Option<String>) -> Result<bool, Problem> {
        let password = self.password.clone();
        let compare = move || {
            let hash = known.as_deref().unwrap_or(DECOY);
            let matches = PasswordHash::new(hash).is_ok_and(|hash| {
                Argon2::default().verify_password(password.expose_secret().as_bytes(), &hash).is_ok()
            });
            matches && known.is_some()
        };
        tokio::task::spawn_blocking(compare).await.map_err(|_it_panicked| Problem::broken())
    }
}

/// One key per address; for IPv6 per network of /64, since one machine has all of it.
fn source_key(source: IpAddr) -> String {
    match source.to_canonical() {
        IpAddr::V4(address) => format!("source:{address}"),
        IpAddr::V6(address) => {
            let [a, b, c, d, ..] = address.segments();
            format!("source:{a:x}:{b:x}:{c:x}:{d:x}::/64")
        }
    }
}

async fn wait(
    accounts: &dyn Accounts,
    key: &str,
    free: u32,
    now: Timestamp,
) -> Result<Option<Duration>, Problem> {
    let failures = accounts.failures(key).await?;
    let quiet = failures.last.map(|last| now.duration_since(last).unsigned_abs());
    if quiet.is_some_and(|quiet| quiet > FORGET) {
        accounts.forget_failures(key).await?;
        return Ok(None);
    }
    Ok(still_to_wait(failures, free, now))
}

/// A minute after the last free failure, twice as long after each further one, and never more than a quarter of an hour.
fn still_to_wait(failures: Failures, free: u32, now: Timestamp) -> Option<Duration> {
    let beyond = failures.count.checked_sub(free)?;
    let span = Duration::from_secs(60u64.saturating_mul(1 << beyond.min(4)).min(900));
    let passed = Duration::try_from(now.duration_since(failures.last?)).unwrap_or_default();
    span.checked_sub(passed).filter(|left| !left.is_zero())
}

#[derive(Deserialize)]
pub(super) struct Nothing {}

pub(super) async fn sign_out(
    State(web): State<Arc<Web>>,
    Extension(site): Extension<Site>,
    headers: HeaderMap,
    _posted: Posted<Nothing>,
) -> Result<Response, Problem> {
    let (Mode::Accounts(accounts), Some(token)) = (web.mode(), Cookie::Session.read(&headers, &site)) else {
        return Err(Problem::nowhere());
    };
    accounts.close_session(&session_digest(&token)).await?;
    let gone = Cookie::Session.write("", 0, &site).ok_or_else(Problem::broken)?;
    Ok(([(header::SET_COOKIE, gone)], Redirect::to("/sign-in")).into_response())
}
