//! Batch files: what would be asked live, written down to be answered later, and the answers read again.

mod answer;
mod import;
mod write;

use std::collections::BTreeMap;
use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use super::run::RunFile;

pub use answer::{BatchAnswer, Outcome};
pub use import::{Imported, import};
pub use write::{Limits, Written, request_line, write_batch};

/// The version of the manifest's form.
const VERSION: u32 = 1;

/// What belongs to a batch: which case and trial each request is, and what it was made of.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct BatchManifest {
    /// The version of this form.
    pub version: u32,
    /// The run that the batch is.
    pub run: RunFile,
    /// The files with the requests.
    pub parts: Vec<PathBuf>,
    /// Each request's case and trial.
    pub requests: BTreeMap<String, (String, u32)>,
}

/// Why there is no batch, or nothing to be had of one.
#[derive(Debug, thiserror::Error)]
pub enum BatchError {
    /// A file cannot be read or written.
    #[error("`{path}`: {error}")]
    Files {
        /// The file.
        path: PathBuf,
        /// Why not.
        error: std::io::Error,
    },
    /// It is no manifest, or one of another version.
    #[error("`{0}` is no manifest of a batch")]
    NoManifest(PathBuf),
    /// What the batch was made of is not what is there now.
    #[error("the {0} changed since the batch was written: its answers are about something else")]
    Changed(&'static str),
    /// A request cannot be written as JSON.
    #[error("a request cannot be written: {0}")]
    Unwritable(#[from] serde_json::Error),
    /// One request alone is larger than a file may be.
    #[error("the request of `{0}` is larger than a whole file may be")]
    TooLarge(String),
}

impl BatchManifest {
    /// Reads a manifest.
    ///
    /// # Errors
    /// What is none.
    pub fn read(path: &std::path::Path) -> Result<Self, BatchError> {
        let text = std::fs::read_to_string(path)
            .map_err(|error| BatchError::Files { path: path.to_owned(), error })?;
        let manifest: Self =
            serde_json::from_str(&text).map_err(|_| BatchError::NoManifest(path.to_owned()))?;
        if manifest.version == VERSION { Ok(manifest) } else { Err(BatchError::NoManifest(path.to_owned())) }
    }
}
