//! What is run together: `suites.yaml`. Paths in it are relative to the file.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use serde::Deserialize;

use super::filter::is_like;

/// The suites of a file.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Suites {
    /// What holds where a suite says nothing else.
    #[serde(default)]
    pub defaults: Terms,
    /// The suites by name.
    pub suites: BTreeMap<String, Suite>,
}

/// Cases that are run together.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Suite {
    /// Files of cases, relative to the file of suites; `*` in a file's name stands for anything.
    pub cases: Vec<String>,
    /// Only cases that carry all of these.
    #[serde(default)]
    pub tags: BTreeSet<String>,
    /// Whether every trial of every case must pass.
    #[serde(default)]
    pub must_pass: bool,
    /// The lowest pass rate that a category may have.
    #[serde(default)]
    pub floors: BTreeMap<String, f64>,
    /// What differs from the defaults. The keys stand beside the others.
    #[serde(default)]
    pub catalog: Option<PathBuf>,
    /// The tools that are offered, instead of the defaults'.
    #[serde(default)]
    pub tools: Option<PathBuf>,
    /// Instead of the defaults'.
    #[serde(default)]
    pub trials: Option<u32>,
    /// Instead of the defaults'.
    #[serde(default)]
    pub temperature: Option<f32>,
    /// Instead of the defaults'.
    #[serde(default)]
    pub seed: Option<i64>,
    /// Instead of the defaults'.
    #[serde(default)]
    pub tolerance: Option<f64>,
    /// Instead of the defaults'.
    #[serde(default)]
    pub max_infra_errors: Option<f64>,
}

/// How a suite is run and judged.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Terms {
    /// The catalogue that the cases assume; without one, the demonstration's.
    pub catalog: Option<PathBuf>,
    /// The tools that are offered; without a file, the demonstration's.
    pub tools: Option<PathBuf>,
    /// How often each case is run.
    pub trials: u32,
    /// How a model draws its words.
    pub temperature: f32,
    /// Where chance begins; trial t has the seed plus t.
    pub seed: i64,
    /// By how much `pass` may fall below the baseline's.
    pub tolerance: f64,
    /// The part of the trials that may go without an answer.
    pub max_infra_errors: f64,
}

impl Default for Terms {
    fn default() -> Self {
        Self {
            catalog: None,
            tools: None,
            trials: 1,
            temperature: 0.0,
            seed: 7,
            tolerance: 0.02,
            max_infra_errors: 0.02,
        }
    }
}

/// Why there is no suite.
#[derive(Debug, thiserror::Error)]
pub enum SuiteError {
    /// The file cannot be read.
    #[error("cannot read `{path}`: {error}")]
    Unread {
        /// The file or folder.
        path: PathBuf,
        /// Why not.
        error: std::io::Error,
    },
    /// It is no file of suites.
    #[error("`{path}` is no file of suites: {reason}")]
    NoSuites {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        reason: String,
    },
    /// It has no such suite.
    #[error("there is no suite `{name}`; there are {known}")]
    NoSuite {
        /// What was asked for.
        name: String,
        /// Those there are.
        known: String,
    },
    /// A pattern fits no file.
    #[error("the suite `{name}` has no cases: nothing is like `{pattern}`")]
    NoCases {
        /// The suite.
        name: String,
        /// The pattern.
        pattern: String,
    },
}

/// A suite with everything filled in and every path as it can be opened.
#[derive(Clone, Debug, PartialEq)]
pub struct SuitePlan {
    /// The files of cases, in order.
    pub files: Vec<PathBuf>,
    /// Only cases that carry all of these.
    pub tags: BTreeSet<String>,
    /// Whether every trial of every case must pass.
    pub must_pass: bool,
    /// The lowest pass rate that a category may have.
    pub floors: BTreeMap<String, f64>,
    /// How it is run and judged.
    pub terms: Terms,
}

impl Suites {
    /// Reads the text of a file of suites; `path` is its name in messages.
    ///
    /// # Errors
    /// What is no file of suites.
    pub fn parse(path: &Path, text: &str) -> Result<Self, SuiteError> {
        serde_saphyr::from_str(text).map_err(|error| SuiteError::NoSuites {
            path: path.to_owned(),
            reason: error.without_snippet().to_string(),
        })
    }

    /// One suite of the file in `folder`, with its files looked up.
    ///
    /// # Errors
    /// There is no such suite, or a pattern of it fits no file.
    pub fn plan(&self, name: &str, folder: &Path) -> Result<SuitePlan, SuiteError> {
        let Some(suite) = self.suites.get(name) else {
            let known: Vec<&str> = self.suites.keys().map(String::as_str).collect();
            return Err(SuiteError::NoSuite { name: name.to_owned(), known: known.join(", ") });
        };
        let mut files = Vec::new();
        for pattern in &suite.cases {
            let found = files_like(folder, pattern)?;
            if found.is_empty() {
                return Err(SuiteError::NoCases { name: name.to_owned(), pattern: pattern.clone() });
            }
            files.extend(found);
        }
        files.dedup();
        let at = |path: &Option<PathBuf>| path.as_ref().map(|path| folder.join(path));
        let defaults = &self.defaults;
        let terms = Terms {
            catalog: at(&suite.catalog).or_else(|| at(&defaults.catalog)),
            tools: at(&suite.tools).or_else(|| at(&defaults.tools)),
            trials: suite.trials.unwrap_or(defaults.trials),
            temperature: suite.temperature.unwrap_or(defaults.temperature),
            seed: suite.seed.unwrap_or(defaults.seed),
            tolerance: suite.tolerance.unwrap_or(defaults.tolerance),
            max_infra_errors: suite.max_infra_errors.unwrap_or(defaults.max_infra_errors),
        };
        Ok(SuitePlan {
            files,
            tags: suite.tags.clone(),
            must_pass: suite.must_pass,
            floors: suite.floors.clone(),
            terms,
        })
    }
}

/// The files of a folder that are like a pattern, by name.
fn files_like(folder: &Path, pattern: &str) -> Result<Vec<PathBuf>, SuiteError> {
    let whole = folder.join(pattern);
    let name = whole.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    if !name.contains('*') {
        return Ok(vec![whole]);
    }
    let parent = whole.parent().unwrap_or(folder);
    let unread = |error| SuiteError::Unread { path: parent.to_owned(), error };
    let mut found = Vec::new();
    for entry in std::fs::read_dir(parent).map_err(unread)? {
        let path = entry.map_err(unread)?.path();
        if path.file_name().is_some_and(|file| is_like(&name, &file.to_string_lossy())) {
            found.push(path);
        }
    }
    found.sort();
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_suites_of_the_project_are_suites() {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("evals");
        let text = std::fs::read_to_string(folder.join("suites.yaml")).unwrap();
        let suites = Suites::parse(&folder.join("suites.yaml"), &text).unwrap();
        let dev = suites.plan("dev-held", &folder).unwrap();
        assert!(dev.files.len() > 5 && dev.files.is_sorted(), "{:?}", dev.files);
        assert_eq!(dev.tags, BTreeSet::from(["split:held".to_owned()]));
        assert_eq!((dev.terms.trials, dev.terms.seed, dev.must_pass), (1, 7, false));
        assert!(dev.terms.catalog.unwrap().is_file());
        let error = suites.plan("deev", &folder).unwrap_err().to_string();
        assert!(error.starts_with("there is no suite `deev`; there are dev, dev-held, "), "{error}");
    }

    #[test]
    fn a_suite_overrides_the_defaults_and_nothing_is_misspelt() {
        let text = "defaults: {trials: 2, seed: 9}\nsuites:\n  a: {cases: [x.jsonl], trials: 4, floors: {injection: 0.9}}\n  b: {cases: [x.jsonl]}\n";
        let suites = Suites::parse(Path::new("suites.yaml"), text).unwrap();
        let terms = |name| suites.plan(name, Path::new("f")).unwrap().terms;
        assert_eq!((terms("a").trials, terms("a").seed), (4, 9));
        assert_eq!((terms("b").trials, terms("b").tolerance), (2, 0.02));
        assert_eq!(suites.plan("a", Path::new("f")).unwrap().files, [Path::new("f/x.jsonl")]);
        for wrong in ["suites: {a: {cases: [x], trails: 4}}", "defaults: {tolerence: 1}\nsuites: {}", "- a"] {
            assert!(Suites::parse(Path::new("suites.yaml"), wrong).is_err(), "{wrong}");
        }
    }
}
