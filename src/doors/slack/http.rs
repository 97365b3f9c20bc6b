//! Deliveries over HTTP: verified on the raw bytes, taken in, acknowledged.

use std::sync::Arc;

use axum::Router;
use axum::body::Bytes;
use axum::extract::{DefaultBodyLimit, RawQuery, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::post;
use serde_json::json;

use super::{Answer, Door};
use crate::chat::slack::door::{Kind, Package};
use crate::chat::slack::{SIGNATURE_HEADER, Signed, SigningSecrets, TIMESTAMP_HEADER};

/// The largest delivery we read, in bytes.
const MAX_BODY: usize = 1 << 20;

/// A door that only Slack comes in by.
pub struct Guarded {
    /// What it leads to.
    pub door: Arc<Door>,
    /// What deliveries are signed with.
    pub secrets: SigningSecrets,
}

/// The routes that Slack delivers to. One is enough; the others are there for those who like to tell them apart.
pub fn router(guarded: Guarded) -> Router {
    let mut router = Router::new();
    for path in ["/slack", "/slack/events", "/slack/commands", "/slack/interactive"] {
        router = router.route(path, post(deliver).get(present));
    }
    router.layer(DefaultBodyLimit::max(MAX_BODY)).with_state(Arc::new(guarded))
}

/// Slack looks whether the address has TLS: unsigned, so nothing is done but to be there.
async fn present(RawQuery(query): RawQuery) -> StatusCode {
    let mut fields = url::form_urlencoded::parse(query.as_deref().unwrap_or_default().as_bytes());
    let asked = fields.any(|(name, value)| name == "ssl_check" && value == "1");
    if asked { StatusCode::OK } else { StatusCode::METHOD_NOT_ALLOWED }
}

async fn deliver(State(guarded): State<Arc<Guarded>>, headers: HeaderMap, body: Bytes) -> Response {
    let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
    let signed = Signed { signature: text(SIGNATURE_HEADER), timestamp: text(TIMESTAMP_HEADER) };
    let now = guarded.door.rooms.clock.now();
    if let Err(why) = guarded.secrets.verify(signed, &body, now) {
        tracing::warn!("a delivery was refused: {why}");
        return StatusCode::UNAUTHORIZED.into_response();
    }
    let Ok(package) = Package::from_http(&body) else {
        tracing::warn!("a signed delivery is none that Slack sends");
        return StatusCode::BAD_REQUEST.into_response();
    };
    match guarded.door.take(&package).await {
        Answer::Taken => StatusCode::OK.into_response(),
        Answer::With(answer) => axum::Json(answer).into_response(),
        Answer::Challenge(text) => ([(header::CONTENT_TYPE, "text/plain")], text).into_response(),
        Answer::NotTaken => not_taken(package.kind),
    }
}

/// Events come again after an error. Commands and presses do not, so the person is told.
fn not_taken(kind: Kind) -> Response {
    match kind {
        Kind::Event | Kind::TlsCheck => StatusCode::INTERNAL_SERVER_ERROR.into_response(),
        Kind::Command => axum::Json(sorry()).into_response(),
        Kind::Interactive => StatusCode::INTERNAL_SERVER_ERROR.into_response(),
    }
}

/// What a person reads whose command could not be written down.
pub(super) fn sorry() -> serde_json::Value {
    json!({
        "response_type": "ephemeral",
        "text": "This could not be written down, so nothing was done. Try again; the operators can see why in the log.",
    })
}
