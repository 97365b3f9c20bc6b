use std::sync::Arc;

use axum::extract::{Request, State};
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};

use super::problem::{ForScript, Problem};
use super::session::Visit;
use super::state::Web;

const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; \
     connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'";

/// Sent with every answer, refusals included. The referrer stays on for ourselves: without it browsers send
/// `Origin: null` with our own forms.
const HEADERS: [(HeaderName, &str); 6] = [
    (header::CONTENT_SECURITY_POLICY, POLICY),
    (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
    (header::REFERRER_POLICY, "same-origin"),
    (header::X_FRAME_OPTIONS, "DENY"),
    (HeaderName::from_static("cross-origin-opener-policy"), "same-origin"),
    (HeaderName::from_static("cross-origin-resource-policy"), "same-origin"),
];

/// An address the console is reached at: scheme, host and, unless it is the scheme's own, port.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Site {
    origin: String,
    authority: String,
    secure: bool,
}

/// What is wrong with an address.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is no address of a site, such as `http://127.0.0.1:8080` or `https://ops.example.com`")]
pub struct BadSite(String);

impl Site {
    /// Reads `http://127.0.0.1:8080` or `https://ops.example.com`, without a path.
    ///
    /// # Errors
    /// It has another form.
    pub fn parse(text: &str) -> Result<Self, BadSite> {
        let lower = text.trim_end_matches('/').to_ascii_lowercase();
        let (secure, authority) = match (lower.strip_prefix("https://"), lower.strip_prefix("http://")) {
            (Some(rest), _) => (true, rest),
            (None, Some(rest)) => (false, rest),
            (None, None) => return Err(BadSite(text.to_owned())),
        };
        let usual = if secure { ":443" } else { ":80" };
        let authority = authority.strip_suffix(usual).unwrap_or(authority).to_owned();
        let odd = |character: char| !(character.is_ascii_alphanumeric() || ".-:[]".contains(character));
        if authority.is_empty() || authority.contains(odd) {
            return Err(BadSite(text.to_owned()));
        }
        let scheme = if secure { "https" } else { "http" };
        Ok(Self { origin: format!("{scheme}://{authority}"), authority, secure })
    }

    /// Whether it is reached over TLS.
    pub const fn is_secure(&self) -> bool {
        self.secure
    }

    /// The origin, as browsers send it.
    pub fn origin(&self) -> &str {
        &self.origin
    }
}

/// Lets through what comes to one of our addresses and, when it is to change something, from one of our pages.
pub(super) async fn guard(State(web): State<Arc<Web>>, mut request: Request, next: Next) -> Response {
    let for_script = ForScript::of(request.headers());
    let mut fresh = None;
    let mut response = match admit(&web, &request) {
        Err(problem) => problem.into_response(),
        Ok((site, visit)) => {
            fresh = visit.set_cookie(&site);
            request.extensions_mut().insert(site);
            request.extensions_mut().insert(visit);
            next.run(request).await
        }
    };
    if let Some(problem) = response.extensions_mut().remove::<Problem>() {
        response = problem.dress(&web, for_script);
    }
    let headers = response.headers_mut();
    for (name, value) in HEADERS {
        headers.insert(name, HeaderValue::from_static(value));
    }
    if !headers.contains_key(header::CACHE_CONTROL) {
        headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
        headers.extend(fresh.map(|cookie| (header::SET_COOKIE, cookie)));
    }
    response
}

fn admit(web: &Web, request: &Request) -> Result<(Site, Visit), Problem> {
    let headers = request.headers();
    let site = addressed(&web.settings.sites, headers)?.clone();
    if !matches!(*request.method(), Method::GET | Method::HEAD) {
        from_ourselves(&site, headers)?;
    }
    let visit = Visit::of(web, headers, &site)?;
    Ok((site, visit))
}

/// Which of our addresses a request is for. A name that somebody else made point at us is none of them.
fn addressed<'a>(sites: &'a [Site], headers: &HeaderMap) -> Result<&'a Site, Problem> {
    let host = text(headers, &header::HOST).unwrap_or_default().to_ascii_lowercase();
    let origin = text(headers, &header::ORIGIN).unwrap_or_default();
    let named = |site: &&Site| {
        let usual = if site.secure { ":443" } else { ":80" };
        site.authority == host.strip_suffix(usual).unwrap_or(&host)
    };
    // The same host may be configured with and without TLS; then the origin says which one is meant.
    let exact = sites.iter().filter(named).find(|site| site.origin == origin);
    exact.or_else(|| sites.iter().find(named)).ok_or_else(|| {
        Problem::new(
            StatusCode::MISDIRECTED_REQUEST,
            "This is not the address of this console",
            "Open it under one of the addresses it was configured with.",
        )
    })
}

/// A browser says where a form was sent from in at least one of two ways, and may contradict itself in none.
fn from_ourselves(site: &Site, headers: &HeaderMap) -> Result<(), Problem> {
    let origin = text(headers, &header::ORIGIN);
    let fetched = text(headers, &HeaderName::from_static("sec-fetch-site"));
    let wrong = origin.is_some_and(|origin| origin != site.origin)
        || fetched.is_some_and(|fetched| fetched != "same-origin");
    if wrong || (origin.is_none() && fetched.is_none()) {
        return Err(Problem::forbidden(
            "Only the pages of this console can send something here. Nothing was done.",
        ));
    }
    Ok(())
}

/// A header as text; one that is not text counts as present and wrong.
fn text<'a>(headers: &'a HeaderMap, name: &HeaderName) -> Option<&'a str> {
    headers.get(name).map(|value| value.to_str().unwrap_or("\u{fffd}"))
}
