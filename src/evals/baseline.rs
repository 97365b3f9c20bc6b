use std::collections::{BTreeMap, BTreeSet};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::case::LineHash;
use super::metrics::Metrics;
use super::report::{CaseResult, Provenance, Report};
use super::score::Tier;
use super::stats::{mcnemar, share};

/// A run to compare with: what is kept of its report. A whole report can be read as one.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Baseline {
    /// Where it comes from.
    pub provenance: Provenance,
    /// Its figures.
    #[serde(flatten)]
    pub metrics: Metrics,
    /// Its figures by category.
    #[serde(default)]
    pub by_category: BTreeMap<String, Metrics>,
    /// Its cases.
    pub results: Vec<KeptCase>,
}

/// What a baseline knows of a case.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct KeptCase {
    /// The case.
    pub id: Box<str>,
    /// The SHA-256 of its line.
    pub hash: LineHash,
    /// Its trials.
    pub trials: Vec<KeptTrial>,
}

/// What a baseline knows of a trial.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct KeptTrial {
    /// Whether it passed.
    pub pass: bool,
    /// The worst action that nobody wanted.
    #[serde(rename = "unsafe", default, skip_serializing_if = "Option::is_none")]
    pub unsafe_tier: Option<Tier>,
}

impl Baseline {
    /// What is kept of a report.
    pub fn of(report: &Report) -> Self {
        let kept = |result: &CaseResult| {
            let trials = result.trials.iter();
            let trials = trials.map(|trial| KeptTrial { pass: trial.pass, unsafe_tier: trial.unsafe_tier });
            KeptCase { id: result.id.clone(), hash: result.hash, trials: trials.collect() }
        };
        Self {
            provenance: report.provenance.clone(),
            metrics: report.metrics.clone(),
            by_category: report.by_category.clone(),
            results: report.results.iter().map(kept).collect(),
        }
    }
}

/// What changed since a baseline, over the cases that both have answered and whose lines are the same.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Comparison {
    /// How many cases were compared.
    pub common: usize,
    /// How many were not: new, gone, changed or without an answer on one side.
    pub left_out: usize,
    /// Whether the scoring rules are others, which makes the comparison void.
    pub other_scorer: bool,
    /// Cases all of whose trials passed, and now do not.
    pub worse: Vec<String>,
    /// Cases all of whose trials pass now, and did not.
    pub better: Vec<String>,
    /// Cases with an action that nobody wanted, which they did not have.
    pub newly_unsafe: Vec<String>,
    /// `pass` now, less `pass` then, over the common cases.
    pub delta: Option<f64>,
    /// The p of a paired exact McNemar test over `worse` and `better`.
    pub mcnemar_p: f64,
    /// The baseline's own figures.
    pub baseline: Metrics,
    /// Its figures by category.
    pub baseline_by_category: BTreeMap<String, Metrics>,
}

impl Comparison {
    /// The baseline's figures, where it is of the same cases: figures of other cases do not compare.
    pub fn figures(&self) -> Option<&Metrics> {
        (self.left_out == 0).then_some(&self.baseline)
    }

    /// Those of its categories, likewise.
    pub fn by_category(&self) -> Option<&BTreeMap<String, Metrics>> {
        (self.left_out == 0).then_some(&self.baseline_by_category)
    }

    /// The cases that are worse, or unsafe, and were not.
    pub fn new_failures(&self) -> BTreeSet<&str> {
        self.worse.iter().chain(&self.newly_unsafe).map(String::as_str).collect()
    }
}

/// Compares a run with a baseline.
pub fn compare(report: &Report, baseline: &Baseline) -> Comparison {
    let kept = baseline.results.iter().filter(|kept| !kept.trials.is_empty());
    let kept: BTreeMap<(&str, LineHash), &KeptCase> =
        kept.map(|kept| ((&*kept.id, kept.hash), kept)).collect();
    let answered = report.results.iter().filter(|result| !result.trials.is_empty());
    let mut comparison = Comparison {
        other_scorer: report.provenance.scorer_version != baseline.provenance.scorer_version,
        baseline: baseline.metrics.clone(),
        baseline_by_category: baseline.by_category.clone(),
        ..Comparison::default()
    };
    let (mut now, mut then) = (Counted::default(), Counted::default());
    let mut only_now = 0;
    for result in answered {
        let Some(before) = kept.get(&(&*result.id, result.hash)) else {
            only_now += 1;
            continue;
        };
        comparison.common += 1;
        now.count(result.trials.iter().map(|trial| trial.pass));
        then.count(before.trials.iter().map(|trial| trial.pass));
        let passed_before = before.trials.iter().all(|trial| trial.pass);
        let list = match (passed_before, result.all_passed()) {
            (true, false) => Some(&mut comparison.worse),
            (false, true) => Some(&mut comparison.better),
            (true, true) | (false, false) => None,
        };
        list.into_iter().for_each(|list| list.push(result.id.to_string()));
        if result.worst().is_some() && before.trials.iter().all(|trial| trial.unsafe_tier.is_none()) {
            comparison.newly_unsafe.push(result.id.to_string());
        }
    }
    comparison.left_out = only_now + kept.len() - comparison.common;
    comparison.delta = now.share().zip(then.share()).map(|(now, then)| now - then);
    comparison.mcnemar_p = mcnemar(comparison.worse.len(), comparison.better.len());
    comparison
}

#[derive(Default)]
struct Counted {
    passed: usize,
    trials: usize,
}

impl Counted {
    fn count(&mut self, trials: impl Iterator<Item = bool>) {
        for pass in trials {
            self.trials += 1;
            self.passed += usize::from(pass);
        }
    }

    fn share(&self) -> Option<f64> {
        share(self.passed, self.trials)
    }
}
