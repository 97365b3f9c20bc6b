use std::collections::{BTreeMap, BTreeSet};
use std::fs::{File, OpenOptions};
use std::io::{BufRead as _, BufReader, BufWriter, Write as _};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::Answered;
use crate::domain::Digest;
use crate::evals::prediction::Prediction;
use crate::interpret::llm::Feature;

/// The file that says what a run is.
const RUN: &str = "run.json";
/// What the reader proposed.
const PROPOSED: &str = "proposed.jsonl";
/// What came to the gate.
const PREDICTIONS: &str = "predictions.jsonl";

/// What a run is, as far as it must be known to take it up again.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct RunFile {
    /// The suite, or what the cases are called.
    pub name: String,
    /// The files of cases.
    pub files: Vec<PathBuf>,
    /// Which of the cases.
    pub filter: String,
    /// Only cases that carry all of these, as the suite says.
    pub tags: BTreeSet<String>,
    /// At most so many.
    pub limit: Option<usize>,
    /// The catalogue; `None` for the demonstration's.
    pub catalog: Option<PathBuf>,
    /// The tools; `None` for the demonstration's.
    pub tools: Option<PathBuf>,
    /// Who answers, as on the command line.
    pub model: String,
    /// Where the model is.
    pub base_url: Option<String>,
    /// How often each case is run.
    pub trials: u32,
    /// How the model draws its words.
    pub temperature: f32,
    /// Where chance begins.
    pub seed: i64,
    /// The most tokens of an answer; `None` for the configuration's.
    #[serde(default)]
    pub max_tokens: Option<u32>,
    /// What the server does not know, beside what the configuration says.
    #[serde(default)]
    pub without: Vec<Feature>,
    /// Whether foreign text is shown.
    pub expose_third_party: bool,
    /// How far it goes.
    #[serde(default)]
    pub through: Option<Through>,
    /// What is judged: every trial of every case must pass.
    pub must_pass: bool,
    /// The lowest pass rate of a category.
    pub floors: BTreeMap<String, f64>,
    /// By how much `pass` may fall below the baseline's.
    pub tolerance: f64,
    /// The part of the trials that may go without an answer.
    pub max_infra_errors: f64,
    /// What was read, so that a run is not taken up with something else.
    pub hashes: Hashes,
}

/// How a run goes past the gate.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Through {
    /// The policy file; `None` for the one in force.
    pub policy: Option<PathBuf>,
    /// Whether people say yes to whatever is put before them.
    pub careless: bool,
}

/// The digests of what a run is made of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Hashes {
    /// The lines of the cases.
    pub cases: Digest,
    /// The instructions of the model.
    pub prompt: Digest,
    /// The tools that are offered.
    pub tools: Digest,
    /// The catalogue.
    pub catalog: Digest,
}

impl Hashes {
    /// What of it is not the same any more.
    pub fn changed(&self, now: &Self) -> Option<&'static str> {
        let parts = [
            ("cases", self.cases == now.cases),
            ("tools", self.tools == now.tools),
            ("catalogue", self.catalog == now.catalog),
            ("prompt", self.prompt == now.prompt),
        ];
        parts.into_iter().find(|(_, same)| !same).map(|(what, _)| what)
    }
}

/// Why a folder is no run, or cannot be one.
#[derive(Debug, thiserror::Error)]
pub enum FolderError {
    /// A file cannot be read or written.
    #[error("`{path}`: {error}")]
    Files {
        /// The file.
        path: PathBuf,
        /// Why not.
        error: std::io::Error,
    },
    /// There is a run already.
    #[error("`{0}` holds a run already; take it up with --resume, or name another folder")]
    Occupied(PathBuf),
    /// There is none.
    #[error("`{0}` holds no run that could be taken up")]
    NoRun(PathBuf),
    /// What the run was made of is not what is there now.
    #[error("the {0} changed since the run in this folder began; begin another one")]
    Changed(&'static str),
}

/// The folder of a run: what it is, and a line for each trial in each of two files.
pub struct RunFolder {
    path: PathBuf,
    proposed: BufWriter<File>,
    predictions: BufWriter<File>,
}

impl RunFolder {
    /// Begins a run in a folder, which may be there but must hold none.
    ///
    /// # Errors
    /// A folder that cannot be written, or that holds a run.
    pub fn begin(path: &Path, run: &RunFile) -> Result<Self, FolderError> {
        let failed = |error| FolderError::Files { path: path.to_owned(), error };
        std::fs::create_dir_all(path).map_err(failed)?;
        if path.join(PREDICTIONS).exists() || path.join(RUN).exists() {
            return Err(FolderError::Occupied(path.to_owned()));
        }
        let text = serde_json::to_string_pretty(run).map_err(std::io::Error::other).map_err(failed)?;
        std::fs::write(path.join(RUN), text + "\n").map_err(failed)?;
        Self::open(path)
    }

    /// What the run in a folder is.
    ///
    /// # Errors
    /// When there is none.
    pub fn run_of(path: &Path) -> Result<RunFile, FolderError> {
        let text =
            std::fs::read_to_string(path.join(RUN)).map_err(|_| FolderError::NoRun(path.to_owned()))?;
        serde_json::from_str(&text).map_err(|_| FolderError::NoRun(path.to_owned()))
    }

    /// Takes a run up again: lines without an answer, and one that was cut off in the middle, are dropped from both files.
    /// Says which trials are answered.
    ///
    /// # Errors
    /// Files that cannot be read or written.
    pub fn resume(path: &Path) -> Result<(Self, BTreeMap<String, BTreeSet<u32>>), FolderError> {
        let (predictions, proposed) = (path.join(PREDICTIONS), path.join(PROPOSED));
        let (answered, known) = (trials_in(&predictions)?, trials_in(&proposed)?);
        // A trial counts when it has both of its lines.
        let mut both: BTreeMap<String, BTreeSet<u32>> = BTreeMap::new();
        for (id, trials) in answered {
            let Some(other) = known.get(&id) else { continue };
            let common: BTreeSet<u32> = trials.intersection(other).copied().collect();
            if !common.is_empty() {
                both.insert(id, common);
            }
        }
        for file in [&predictions, &proposed] {
            keep(file, &both)?;
        }
        Ok((Self::open(path)?, both))
    }

    fn open(path: &Path) -> Result<Self, FolderError> {
        let open = |name: &str| {
            let file = path.join(name);
            let opened = OpenOptions::new().create(true).append(true).open(&file);
            opened.map(BufWriter::new).map_err(|error| FolderError::Files { path: file, error })
        };
        Ok(Self { path: path.to_owned(), proposed: open(PROPOSED)?, predictions: open(PREDICTIONS)? })
    }

    /// Writes a trial down, whole, before anything else happens.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn write(&mut self, answered: &Answered) -> std::io::Result<()> {
        line(&mut self.proposed, &answered.proposed)?;
        line(&mut self.predictions, &answered.prediction)
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The file of what came to the gate.
    pub fn predictions(&self) -> PathBuf {
        self.path.join(PREDICTIONS)
    }

    /// The file of what was proposed.
    pub fn proposed(&self) -> PathBuf {
        self.path.join(PROPOSED)
    }
}

fn line(file: &mut BufWriter<File>, prediction: &Prediction) -> std::io::Result<()> {
    let mut text = serde_json::to_string(prediction)?;
    text.push('\n');
    file.write_all(text.as_bytes())?;
    file.flush()
}

/// The trials that a file has an answer for, one line at a time. What is no line is no answer.
fn trials_in(path: &Path) -> Result<BTreeMap<String, BTreeSet<u32>>, FolderError> {
    let mut found: BTreeMap<String, BTreeSet<u32>> = BTreeMap::new();
    for line in lines(path)? {
        if let Some(line) = line.map_err(|error| FolderError::Files { path: path.to_owned(), error })? {
            found.entry(line.id).or_default().insert(line.trial);
        }
    }
    Ok(found)
}

/// Writes a file anew with one line for each of these trials.
fn keep(path: &Path, trials: &BTreeMap<String, BTreeSet<u32>>) -> Result<(), FolderError> {
    let failed = |error| FolderError::Files { path: path.to_owned(), error };
    let beside = path.with_extension("jsonl.new");
    let mut out = BufWriter::new(File::create(&beside).map_err(failed)?);
    let mut written = BTreeSet::new();
    for found in lines(path)? {
        let Some(found) = found.map_err(failed)? else { continue };
        let wanted = trials.get(&found.id).is_some_and(|trials| trials.contains(&found.trial));
        if wanted && written.insert((found.id.clone(), found.trial)) {
            line(&mut out, &found).map_err(failed)?;
        }
    }
    out.flush().map_err(failed)?;
    std::fs::rename(&beside, path).map_err(failed)
}

/// The lines of a file that are answers.
fn lines(
    path: &Path,
) -> Result<impl Iterator<Item = std::io::Result<Option<Prediction>>> + use<>, FolderError> {
    let file = File::open(path).map_err(|_| FolderError::NoRun(path.to_owned()))?;
    Ok(BufReader::new(file).split(b'\n').map(|line| {
        let line = line?;
        let line = std::str::from_utf8(&line).ok().and_then(|text| Prediction::parse(text).ok());
        Ok(line.filter(|line| line.error.is_none()))
    }))
}
