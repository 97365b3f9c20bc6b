use std::collections::BTreeMap;
use std::sync::Arc;

use axum::extract::{Path, State};
use axum::http::header;
use axum::response::{IntoResponse, Response};

use super::problem::Problem;
use super::state::Web;
use crate::domain::Digest;

/// An embedded file: name, media type, content.
type File = (&'static str, &'static str, &'static str);

const SCRIPT: &str = concat!(include_str!("assets/console.js"), "\n", include_str!("assets/composer.js"));

const FILES: [File; 3] = [
    ("console.css", "text/css; charset=utf-8", include_str!("assets/console.css")),
    ("console.js", "text/javascript; charset=utf-8", SCRIPT),
    ("icon.svg", "image/svg+xml", include_str!("assets/icon.svg")),
];

/// The embedded files by name. Their path has a digest of their content, so that a browser may keep them for ever.
pub(super) struct Assets(BTreeMap<&'static str, (String, File)>);

impl Assets {
    pub(super) fn embedded() -> Self {
        Self(FILES.into_iter().map(|file| (file.0, (Digest::of(file.2.as_bytes()).short(), file))).collect())
    }

    /// Where a file is served; empty for a file that does not exist.
    pub(super) fn path(&self, name: &str) -> String {
        self.0.get(name).map(|(digest, _)| format!("/assets/{digest}/{name}")).unwrap_or_default()
    }
}

pub(super) async fn asset(
    State(web): State<Arc<Web>>,
    Path((digest, name)): Path<(String, String)>,
) -> Result<Response, Problem> {
    let (_, file) =
        web.assets.0.get(name.as_str()).filter(|(known, _)| *known == digest).ok_or_else(Problem::nowhere)?;
    let headers =
        [(header::CONTENT_TYPE, file.1), (header::CACHE_CONTROL, "public, max-age=31536000, immutable")];
    Ok((headers, file.2).into_response())
}
