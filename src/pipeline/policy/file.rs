use std::path::PathBuf;
use std::sync::{Mutex, PoisonError};

use crate::domain::Digest;

/// Where the policy file is and what of it was seen.
#[derive(Debug)]
pub struct PolicyFile {
    /// Its name, for people.
    pub name: String,
    /// Its path; `None` for the policy that ships, which does not change while we run.
    pub path: Option<PathBuf>,
    seen: Mutex<Seen>,
}

#[derive(Debug, Default)]
struct Seen {
    /// Time of change and size, when they were last looked at.
    stamp: Option<(std::time::SystemTime, u64)>,
    /// The text that was considered last.
    text: Option<Digest>,
}

impl PolicyFile {
    /// A file of this name at this path.
    pub fn new(name: String, path: Option<PathBuf>) -> Self {
        Self { name, path, seen: Mutex::default() }
    }

    /// The text, if the file was touched since the last look.
    pub(super) async fn touched(&self) -> std::io::Result<Option<String>> {
        let Some(path) = &self.path else { return Ok(None) };
        let metadata = tokio::fs::metadata(path).await?;
        let stamp = Some((metadata.modified()?, metadata.len()));
        if self.seen().stamp == stamp {
            return Ok(None);
        }
        let text = tokio::fs::read_to_string(path).await?;
        self.seen().stamp = stamp;
        Ok(Some(text))
    }

    /// Whether a text was considered already; from now on it was.
    pub(super) fn known(&self, text: &str) -> bool {
        let digest = Some(Digest::of(text.as_bytes()));
        let mut seen = self.seen();
        let known = seen.text == digest;
        seen.text = digest;
        known
    }

    fn seen(&self) -> std::sync::MutexGuard<'_, Seen> {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
