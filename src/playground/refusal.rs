//! Why the API does not do what it was asked.

use axum::{
    Json,
    http::StatusCode,
    response::{IntoResponse, Response},
};
use serde_json::json;

/// A status and a sentence for people.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Refusal {
    pub(super) status: StatusCode,
    pub(super) sentence: String,
}

impl Refusal {
    /// The request cannot be read.
    pub(super) fn malformed(sentence: String) -> Self {
        Self { status: StatusCode::BAD_REQUEST, sentence }
    }

    /// There is no such thing.
    pub(super) fn missing(sentence: String) -> Self {
        Self { status: StatusCode::NOT_FOUND, sentence }
    }

    /// Not in this state.
    pub(super) fn conflict(sentence: String) -> Self {
        Self { status: StatusCode::CONFLICT, sentence }
    }

    /// The caller looked at an older generation.
    pub(super) fn stale(sentence: String) -> Self {
        Self { status: StatusCode::PRECONDITION_FAILED, sentence }
    }

    /// A value that is not possible.
    pub(super) fn unprocessable(sentence: String) -> Self {
        Self { status: StatusCode::UNPROCESSABLE_ENTITY, sentence }
    }

    /// The playground itself is broken: a full disk, an unreadable database.
    pub(super) fn broken(error: &dyn std::error::Error) -> Self {
        tracing::error!(%error, "the playground could not do what it was asked");
        Self {
            status: StatusCode::INTERNAL_SERVER_ERROR,
            sentence: format!("the playground is broken: {error}"),
        }
    }
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        (self.status, Json(json!({ "error": self.sentence }))).into_response()
    }
}
