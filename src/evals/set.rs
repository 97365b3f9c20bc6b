//! The cases of a run. Their text is kept and each is read again when its turn comes: fifty thousand of them take no more
//! memory than their files.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;
use std::path::{Path, PathBuf};

use sha2::{Digest as _, Sha256};

use super::case::{Case, ExpectedCall, Role, case_line};
use super::filter::Filter;
use super::thread::channel;
use crate::domain::Digest;

/// The most goals of attackers that are kept to be borrowed.
const MOST_GOALS: usize = 256;

/// Cases that are run together, in the order of their files.
#[derive(Debug, Default)]
pub struct CaseSet {
    texts: Vec<String>,
    places: Vec<Place>,
    goals: Vec<ExpectedCall>,
    channels: BTreeSet<String>,
    hash: Option<Digest>,
}

#[derive(Debug)]
struct Place {
    id: Box<str>,
    text: usize,
    range: Range<usize>,
    trials: u32,
}

/// Why files are no set of cases.
#[derive(Debug, thiserror::Error)]
pub enum SetError {
    /// A file cannot be read.
    #[error("cannot read `{path}`: {error}")]
    Unread {
        /// The file.
        path: PathBuf,
        /// Why not.
        error: std::io::Error,
    },
    /// A line is no case.
    #[error("{path}:{line}: {reason}")]
    NoCase {
        /// The file.
        path: PathBuf,
        /// The line, from 1.
        line: usize,
        /// What is wrong.
        reason: String,
    },
    /// Two cases have one name.
    #[error("{path}:{line}: there is a case `{id}` already")]
    Twice {
        /// The file.
        path: PathBuf,
        /// The line, from 1.
        line: usize,
        /// The name.
        id: String,
    },
    /// Nothing is left to run.
    #[error("no case fits; look at the files and the filter")]
    Empty,
}

impl CaseSet {
    /// Reads files, and keeps the cases that are wanted, at most `limit` of them. Each is run so many times, or as often
    /// as it says itself if that is more.
    ///
    /// # Errors
    /// A file that cannot be read, a line that is no case, an id that is there twice, or no case at all.
    pub fn read(files: &[PathBuf], filter: &Filter, limit: usize, trials: u32) -> Result<Self, SetError> {
        let mut set = Self::default();
        let mut ids = BTreeSet::new();
        let mut hasher = Sha256::new();
        for path in files {
            let text = std::fs::read_to_string(path)
                .map_err(|error| SetError::Unread { path: path.clone(), error })?;
            set.take(path, text, &mut ids, &mut hasher, (filter, limit, trials))?;
        }
        if set.places.is_empty() {
            return Err(SetError::Empty);
        }
        set.hash = Some(Digest::from_bytes(hasher.finalize().into()));
        Ok(set)
    }

    fn take(
        &mut self,
        path: &Path,
        text: String,
        ids: &mut BTreeSet<String>,
        hasher: &mut Sha256,
        (filter, limit, trials): (&Filter, usize, u32),
    ) -> Result<(), SetError> {
        let at_text = self.texts.len();
        let mut start = 0;
        for (at, line) in text.split_inclusive('\n').enumerate() {
            let range = start..start + line.len();
            start = range.end;
            if line.trim().is_empty() {
                continue;
            }
            let no_case = |reason| SetError::NoCase { path: path.to_owned(), line: at + 1, reason };
            let case = case_line(line).map_err(no_case)?;
            if case.messages.last().is_none_or(|last| last.role != Role::User) {
                return Err(no_case("the last message must be a user's".to_owned()));
            }
            if !ids.insert(case.id.clone()) {
                return Err(SetError::Twice { path: path.to_owned(), line: at + 1, id: case.id });
            }
            if !filter.wants(&case) || self.places.len() >= limit {
                continue;
            }
            hasher.update(line.trim().as_bytes());
            hasher.update(b"\n");
            let trials = trials.max(case.trials.map_or(1, u32::from)).max(1);
            self.channels.insert(channel(&case).to_owned());
            self.places.push(Place { id: case.id.into(), text: at_text, range, trials });
            for goal in case.expect.forbid {
                if self.goals.len() < MOST_GOALS && !self.goals.contains(&goal) {
                    self.goals.push(goal);
                }
            }
        }
        self.texts.push(text);
        Ok(())
    }

    /// How many cases there are.
    pub fn len(&self) -> usize {
        self.places.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.places.is_empty()
    }

    /// The id of one of them.
    pub fn id(&self, at: usize) -> Option<&str> {
        self.places.get(at).map(|place| &*place.id)
    }

    /// One of them, read again.
    pub fn case(&self, at: usize) -> Option<Case> {
        let place = self.places.get(at)?;
        case_line(self.texts.get(place.text)?.get(place.range.clone())?).ok()
    }

    /// The one with this id.
    pub fn find(&self, id: &str) -> Option<Case> {
        self.case(self.places.iter().position(|place| *place.id == *id)?)
    }

    /// All of them, one at a time.
    pub fn cases(&self) -> impl Iterator<Item = Case> + '_ {
        (0..self.places.len()).filter_map(|at| self.case(at))
    }

    /// Every trial of every case, but those that are answered already.
    pub fn trials<'a>(
        &'a self,
        answered: &'a BTreeMap<String, BTreeSet<u32>>,
    ) -> impl Iterator<Item = (usize, u32)> + 'a {
        self.places.iter().enumerate().flat_map(move |(at, place)| {
            let done = answered.get(&*place.id);
            let open = move |trial: &u32| done.is_none_or(|done| !done.contains(trial));
            (0..place.trials).filter(open).map(move |trial| (at, trial))
        })
    }

    /// How many trials there are in all.
    pub fn count(&self) -> usize {
        self.places.iter().map(|place| usize::try_from(place.trials).unwrap_or(usize::MAX)).sum()
    }

    /// The most trials that one case has.
    pub fn most_trials(&self) -> u32 {
        self.places.iter().map(|place| place.trials).max().unwrap_or(1)
    }

    /// What attackers want in these cases, each goal once.
    pub fn goals(&self) -> &[ExpectedCall] {
        &self.goals
    }

    /// The channels that they are said in.
    pub fn channels(&self) -> &BTreeSet<String> {
        &self.channels
    }

    /// The digest of the lines, in order.
    pub fn hash(&self) -> Digest {
        self.hash.unwrap_or_else(|| Digest::of(b""))
    }
}

/// The files among paths, and the `*.jsonl` files in the folders among them, sorted.
///
/// # Errors
/// A folder that cannot be read.
pub fn case_files(paths: &[PathBuf]) -> Result<Vec<PathBuf>, SetError> {
    let mut files = Vec::new();
    for path in paths {
        if !path.is_dir() {
            files.push(path.clone());
            continue;
        }
        let unread = |error| SetError::Unread { path: path.clone(), error };
        let mut found = Vec::new();
        for entry in std::fs::read_dir(path).map_err(unread)? {
            let file = entry.map_err(unread)?.path();
            if file.is_dir() {
                found.extend(case_files(&[file])?);
            } else if file.extension().is_some_and(|ending| ending == "jsonl") {
                found.push(file);
            }
        }
        found.sort();
        files.extend(found);
    }
    files.dedup();
    Ok(files)
}
