use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use minijinja::context;
use serde_json::json;

use super::house::Trouble;
use super::state::Web;
use crate::chat::console::Unfit;

/// Something did not work, in words for the person in front of it. The guard dresses it: a page for a browser, JSON for
/// our script.
#[derive(Clone, Debug)]
pub(super) struct Problem {
    pub(super) status: StatusCode,
    pub(super) title: &'static str,
    pub(super) text: String,
}

impl Problem {
    pub(super) fn new(status: StatusCode, title: &'static str, text: impl Into<String>) -> Self {
        Self { status, title, text: text.into() }
    }

    pub(super) fn nowhere() -> Self {
        Self::new(
            StatusCode::NOT_FOUND,
            "There is nothing here",
            "What you are looking for does not exist, or you do not see it.",
        )
    }

    pub(super) fn forbidden(text: impl Into<String>) -> Self {
        Self::new(StatusCode::FORBIDDEN, "That came from somewhere else", text)
    }

    pub(super) fn broken() -> Self {
        Self::new(
            StatusCode::INTERNAL_SERVER_ERROR,
            "Something is broken here",
            "Nothing was done. The log of the server says more.",
        )
    }

    /// Makes the answer of it.
    pub(super) fn dress(&self, web: &Web, for_script: ForScript) -> Response {
        if for_script == ForScript::Yes {
            return (self.status, axum::Json(json!({ "title": self.title, "text": self.text })))
                .into_response();
        }
        let context = context! { title => self.title, text => self.text.as_str() };
        match web.render("problem.html", context) {
            Ok(page) => (self.status, axum::response::Html(page)).into_response(),
            Err(_already_logged) => (self.status, self.text.clone()).into_response(),
        }
    }
}

/// Whether our script asked, which wants JSON.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum ForScript {
    Yes,
    No,
}

impl ForScript {
    pub(super) fn of(headers: &axum::http::HeaderMap) -> Self {
        let accept = headers.get(header::ACCEPT).and_then(|value| value.to_str().ok());
        if accept.is_some_and(|accept| accept.starts_with("application/json")) { Self::Yes } else { Self::No }
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let mut response = (self.status, self.text.clone()).into_response();
        response.extensions_mut().insert(self);
        response
    }
}

impl From<Unfit> for Problem {
    fn from(unfit: Unfit) -> Self {
        Self::new(StatusCode::UNPROCESSABLE_ENTITY, "That could not be sent", unfit.to_string())
    }
}

impl From<Trouble> for Problem {
    fn from(trouble: Trouble) -> Self {
        tracing::error!(error = %trouble, cause = std::error::Error::source(&trouble), "the console is stuck");
        let text = match trouble {
            Trouble::NotRecorded(_) => {
                "It could not be put on the record, so nothing was done. Try again in a moment."
            }
            Trouble::NotRead(_) => "The store does not answer. Try again in a moment.",
        };
        Self::new(StatusCode::SERVICE_UNAVAILABLE, "That did not work", text)
    }
}

pub(super) async fn nowhere() -> Problem {
    Problem::nowhere()
}
