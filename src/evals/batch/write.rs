use std::collections::BTreeMap;
use std::fs::File;
use std::io::{BufWriter, Write as _};
use std::path::{Path, PathBuf};

use super::{BatchError, BatchManifest, VERSION};
use crate::catalog::Catalog;
use crate::domain::Digest;
use crate::evals::run::RunFile;
use crate::evals::set::CaseSet;
use crate::evals::solver::of_trial;
use crate::evals::thread::{Scene, reading};
use crate::evals::understand::{Typed, typed};
use crate::interpret::Reading;
use crate::interpret::llm::{Settings, request};

/// How much one file may hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Requests.
    pub requests: usize,
    /// Bytes.
    pub bytes: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self { requests: 50_000, bytes: 200_000_000 }
    }
}

/// What was written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Written {
    /// The files with the requests.
    pub parts: Vec<PathBuf>,
    /// The manifest.
    pub manifest: PathBuf,
    /// How many requests there are.
    pub requests: usize,
    /// How many trials need none, because their message is an exact command that no model reads.
    pub typed: usize,
}

/// One line of a batch. The body is that of the live request, byte for byte.
///
/// # Errors
/// When it has no JSON form.
pub fn request_line(
    custom_id: &str,
    catalog: &Catalog,
    settings: &Settings,
    reading: &Reading,
) -> Result<String, serde_json::Error> {
    let body = serde_json::to_string(&request(catalog, settings, reading))?;
    let id = serde_json::to_string(custom_id)?;
    Ok(format!("{{\"custom_id\":{id},\"method\":\"POST\",\"url\":\"/v1/chat/completions\",\"body\":{body}}}"))
}

/// Writes the requests of a set beside `stem`: `STEM.jsonl`, or `STEM.001.jsonl` and so on where there are too many for
/// one file, and `STEM.manifest.json`.
///
/// # Errors
/// Files that cannot be written.
pub fn write_batch(
    set: &CaseSet,
    run: &RunFile,
    (catalog, settings, scene): (&Catalog, &Settings, &Scene),
    stem: &Path,
    limits: Limits,
) -> Result<Written, BatchError> {
    let mut parts = Parts { stem: stem.to_owned(), limits, paths: Vec::new(), open: None };
    let mut codes = Codes::default();
    let mut requests = BTreeMap::new();
    let mut without_model = 0;
    let mut last = None;
    for (at, trial) in set.trials(&BTreeMap::new()) {
        // The trials of a case follow each other, so that each case is read once.
        if last.as_ref().is_none_or(|(place, _)| *place != at) {
            last = set.case(at).map(|case| (at, case));
        }
        let Some((_, case)) = &last else { continue };
        let (reading, _) = reading(case, scene);
        if let Typed::Command(_) = typed(&reading.text, catalog) {
            without_model += 1;
            continue;
        }
        let custom_id = format!("t{trial}.{}", codes.of(&case.id));
        let line = request_line(&custom_id, catalog, &of_trial(settings, trial), &reading)?;
        parts.write(&case.id, &line)?;
        requests.insert(custom_id, (case.id.clone(), trial));
    }
    let paths = parts.end()?;
    let manifest = with_ending(stem, "manifest.json");
    let written = Written {
        parts: paths.clone(),
        manifest: manifest.clone(),
        requests: requests.len(),
        typed: without_model,
    };
    let body = BatchManifest { version: VERSION, run: run.clone(), parts: paths, requests };
    let text = serde_json::to_string(&body)? + "\n";
    std::fs::write(&manifest, text).map_err(|error| BatchError::Files { path: manifest, error })?;
    Ok(written)
}

fn with_ending(stem: &Path, ending: &str) -> PathBuf {
    let name = stem.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    stem.with_file_name(format!("{name}.{ending}"))
}

/// The files of a batch, each begun when the one before is full.
struct Parts {
    stem: PathBuf,
    limits: Limits,
    paths: Vec<PathBuf>,
    open: Option<Part>,
}

struct Part {
    file: BufWriter<File>,
    requests: usize,
    bytes: usize,
}

impl Parts {
    fn write(&mut self, id: &str, line: &str) -> Result<(), BatchError> {
        let bytes = line.len() + 1;
        if bytes > self.limits.bytes {
            return Err(BatchError::TooLarge(id.to_owned()));
        }
        let full = self.open.as_ref().is_none_or(|part| {
            part.requests >= self.limits.requests || part.bytes + bytes > self.limits.bytes
        });
        if full {
            self.next()?;
        }
        let path = self.paths.last().cloned().unwrap_or_default();
        let failed = |error| BatchError::Files { path, error };
        if let Some(part) = &mut self.open {
            part.file.write_all(line.as_bytes()).and_then(|()| part.file.write_all(b"\n")).map_err(failed)?;
            part.requests += 1;
            part.bytes += bytes;
        }
        Ok(())
    }

    fn next(&mut self) -> Result<(), BatchError> {
        self.close()?;
        let path = with_ending(&self.stem, &format!("{:03}.jsonl", self.paths.len() + 1));
        let failed = |error| BatchError::Files { path: path.clone(), error };
        if let Some(folder) = path.parent().filter(|folder| !folder.as_os_str().is_empty()) {
            std::fs::create_dir_all(folder).map_err(failed)?;
        }
        let file = BufWriter::new(File::create(&path).map_err(failed)?);
        self.open = Some(Part { file, requests: 0, bytes: 0 });
        self.paths.push(path);
        Ok(())
    }

    fn close(&mut self) -> Result<(), BatchError> {
        let path = self.paths.last().cloned().unwrap_or_default();
        match self.open.take() {
            Some(mut part) => part.file.flush().map_err(|error| BatchError::Files { path, error }),
            None => Ok(()),
        }
    }

    /// Ends the last file. A lone one needs no number.
    fn end(mut self) -> Result<Vec<PathBuf>, BatchError> {
        self.close()?;
        if let [only] = self.paths.as_slice() {
            let plain = with_ending(&self.stem, "jsonl");
            std::fs::rename(only, &plain)
                .map_err(|error| BatchError::Files { path: plain.clone(), error })?;
            self.paths = vec![plain];
        }
        Ok(self.paths)
    }
}

/// Short codes for cases, each once. Ids of cases may be longer than some servers take.
#[derive(Default)]
struct Codes {
    code: BTreeMap<String, String>,
    taken: std::collections::BTreeSet<String>,
}

impl Codes {
    fn of(&mut self, id: &str) -> String {
        if let Some(code) = self.code.get(id) {
            return code.clone();
        }
        let mut salt = 0u32;
        let code = loop {
            let digest = Digest::labelled("countersign/batch/v1", format!("{id}\n{salt}").as_bytes());
            let code = base_36(digest.as_bytes());
            if self.taken.insert(code.clone()) {
                break code;
            }
            salt += 1;
        };
        self.code.insert(id.to_owned(), code.clone());
        code
    }
}

/// Seven letters and digits.
fn base_36(bytes: &[u8; 32]) -> String {
    const ALPHABET: &[u8; 36] = b"0123456789abcdefghijklmnopqrstuvwxyz";
    let mut number = bytes.iter().take(8).fold(0u64, |number, byte| (number << 8) | u64::from(*byte));
    let mut code = String::new();
    for _digit in 0..7 {
        let at = usize::try_from(number % 36).unwrap_or(0);
        code.extend(ALPHABET.get(at).map(|byte| char::from(*byte)));
        number /= 36;
    }
    code
}
