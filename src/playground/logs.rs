//! What the replicas say: one bounded file per service and environment, so that it survives a restart.

use std::{
    fs::{self, File, OpenOptions},
    io::{self, BufRead, BufReader, Write},
    path::PathBuf,
    sync::{Mutex, PoisonError},
};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::state::Target;

/// How grave a line is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Level {
    Info,
    Warn,
    Error,
}

/// One line of a replica's log, as it is printed, kept and shown.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct LogLine {
    pub(super) time: Timestamp,
    pub(super) instance: String,
    pub(super) level: Level,
    pub(super) text: String,
}

/// Which lines are asked for.
#[derive(Debug, Clone)]
pub(super) struct LogQuery {
    /// Lines before this are left out.
    pub(super) since: Timestamp,
    /// What a line's text must contain, in whatever case.
    pub(super) filter: String,
    /// The newest so many are returned.
    pub(super) limit: usize,
}

/// The lines found, newest last.
#[derive(Debug, PartialEq, Eq, Serialize)]
pub(super) struct LogsFound {
    pub(super) lines: Vec<LogLine>,
    /// How many matched, returned or not.
    pub(super) matched: usize,
    /// Whether more matched than are returned.
    pub(super) truncated: bool,
}

/// A file may grow to this many bytes; then it becomes the old file, and the old one before it goes.
const FILE_BYTES: u64 = 512 * 1024;

/// The log of one service in one environment.
#[derive(Debug)]
pub(super) struct Log {
    path: PathBuf,
    /// The open file, once there was a line to write.
    file: Mutex<Option<(File, u64)>>,
}

impl Log {
    /// The log of this service below `dir`.
    pub(super) fn new(dir: &std::path::Path, target: &Target) -> Self {
        Self { path: dir.join("logs").join(format!("{}.jsonl", target.slug())), file: Mutex::new(None) }
    }

    /// Adds a line. A disk that refuses it costs the line, not the replica.
    pub(super) fn write(&self, line: &LogLine) {
        if let Err(error) = self.append(line) {
            tracing::warn!(path = %self.path.display(), %error, "a log line of the playground was lost");
        }
    }

    fn append(&self, line: &LogLine) -> io::Result<()> {
        let mut bytes = serde_json::to_vec(line)?;
        bytes.push(b'\n');
        let mut held = self.file.lock().unwrap_or_else(PoisonError::into_inner);
        let (mut file, length) = match held.take() {
            Some((_, length)) if length >= FILE_BYTES => {
                fs::rename(&self.path, self.old())?;
                self.open()?
            }
            Some(open) => open,
            None => self.open()?,
        };
        file.write_all(&bytes)?;
        *held = Some((file, length + bytes.len() as u64));
        Ok(())
    }

    fn open(&self) -> io::Result<(File, u64)> {
        self.path.parent().map_or(Ok(()), fs::create_dir_all)?;
        let file = OpenOptions::new().create(true).append(true).open(&self.path)?;
        let length = file.metadata()?.len();
        Ok((file, length))
    }

    fn old(&self) -> PathBuf {
        self.path.with_extension("old.jsonl")
    }

    /// Finds lines. Reads the files, so it belongs on a blocking thread.
    pub(super) fn find(&self, query: &LogQuery) -> io::Result<LogsFound> {
        let filter = query.filter.to_lowercase();
        let mut lines: Vec<LogLine> = Vec::new();
        for path in [self.old(), self.path.clone()] {
            let file = match File::open(path) {
                Ok(file) => file,
                Err(error) if error.kind() == io::ErrorKind::NotFound => continue,
                Err(error) => return Err(error),
            };
            for line in BufReader::new(file).lines() {
                // A line cut short by a power failure is passed over.
                let Ok(line) = serde_json::from_str::<LogLine>(&line?) else { continue };
                if line.time >= query.since && line.text.to_lowercase().contains(&filter) {
                    lines.push(line);
                }
            }
        }
        lines.sort_by_key(|line| line.time);
        let matched = lines.len();
        let lines = lines.split_off(matched.saturating_sub(query.limit));
        Ok(LogsFound { truncated: lines.len() < matched, lines, matched })
    }
}

#[cfg(test)]
mod tests;
