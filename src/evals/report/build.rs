use std::borrow::Borrow;
use std::collections::{BTreeMap, BTreeSet, HashMap};

use super::shown::{Kept, Shown};
use super::{CaseResult, Level, Provenance, Report, TrialResult};
use crate::evals::case::Case;
use crate::evals::facts::Facts;
use crate::evals::metrics::{Metrics, Price, grouped};
use crate::evals::prediction::Prediction;
use crate::evals::score::{Score, judge};

/// Scores predictions one by one and keeps what a report needs. Of the cases it keeps no more than that: fifty thousand
/// of them fit, each with several trials.
pub struct Scorer<'a> {
    facts: &'a Facts,
    places: HashMap<Box<str>, usize>,
    results: Vec<CaseResult>,
    /// How many trials each case asks for itself.
    asked: Vec<u8>,
    strangers: usize,
    level: Level,
    models: BTreeSet<String>,
    fingerprints: BTreeSet<String>,
}

/// What a report has to be told about a run.
#[derive(Clone, Debug, Default)]
pub struct Run {
    /// Where it comes from. The models and fingerprints that answered are added to it.
    pub provenance: Provenance,
    /// What the model charges; `None` when that is not known.
    pub price: Option<Price>,
    /// How many trials each case was to have; a case may ask for more.
    pub trials: u32,
}

/// Why a prediction is not scored.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AddError {
    /// A trial that was there before.
    #[error("trial {trial} of `{id}` was there before")]
    Twice {
        /// The case.
        id: String,
        /// The trial.
        trial: u32,
    },
}

impl<'a> Scorer<'a> {
    /// A scorer of these cases, which the report has in the same order.
    pub fn new<C: Borrow<Case>>(cases: impl IntoIterator<Item = C>, facts: &'a Facts) -> Self {
        let mut scorer = Self {
            facts,
            places: HashMap::new(),
            results: Vec::new(),
            asked: Vec::new(),
            strangers: 0,
            level: Level::default(),
            models: BTreeSet::new(),
            fingerprints: BTreeSet::new(),
        };
        for case in cases {
            let case = case.borrow();
            scorer.places.insert(case.id.as_str().into(), scorer.results.len());
            scorer.results.push(unanswered(case));
            scorer.asked.push(case.trials.unwrap_or(1));
        }
        scorer
    }

    /// Scores a prediction. `None` when no case has its id, which the report counts.
    ///
    /// # Errors
    /// When the same trial of the same case was there before.
    pub fn add(&mut self, prediction: &Prediction) -> Result<Option<Score>, AddError> {
        let Some(at) = self.places.get(prediction.id.as_str()).copied() else {
            self.strangers += 1;
            return Ok(None);
        };
        let Some(result) = self.results.get_mut(at) else { return Ok(None) };
        let place = match result.trials.binary_search_by_key(&prediction.trial, |trial| trial.trial) {
            Err(place) => place,
            Ok(_) => return Err(AddError::Twice { id: prediction.id.clone(), trial: prediction.trial }),
        };
        let Some(expect) = result.expected.read() else { return Ok(None) };
        let score = judge(&expect, prediction, self.facts);
        result.trials.insert(place, trial(prediction, &score));
        if prediction.effects.is_some() {
            self.level = Level::Executed;
        }
        for (seen, word) in
            [(&mut self.models, &prediction.model), (&mut self.fingerprints, &prediction.system_fingerprint)]
        {
            if let Some(word) = word.as_ref().filter(|word| !seen.contains(*word)) {
                seen.insert(word.clone());
            }
        }
        Ok(Some(score))
    }

    /// The figures so far, without a price.
    pub fn metrics(&self) -> Metrics {
        Metrics::of(&self.results, None)
    }

    /// The report of what was added.
    pub fn report(self, run: Run) -> Report {
        let Run { mut provenance, price, trials } = run;
        provenance.models_returned = self.models.into_iter().collect();
        provenance.system_fingerprints = self.fingerprints.into_iter().collect();
        let results = self.results;
        let price = price.as_ref();
        let planned = |asked: u8| usize::from(asked).max(trials as usize);
        let some = self.asked.into_iter().zip(&results).filter(|(_, result)| !result.trials.is_empty());
        let missing = some.map(|(asked, result)| planned(asked).saturating_sub(result.trials.len())).sum();
        let silent = |result: &&CaseResult| result.trials.iter().all(TrialResult::is_infra_error);
        let ids = |results: &mut dyn Iterator<Item = &CaseResult>| {
            results.map(|result| result.id.to_string()).collect::<Vec<_>>()
        };
        Report {
            provenance,
            gate: None,
            vs_baseline: None,
            level: self.level,
            metrics: Metrics::of(&results, price),
            flaky: ids(&mut results.iter().filter(|result| result.is_flaky())),
            not_answered: ids(&mut results.iter().filter(silent)),
            missing_trials: missing,
            strangers: self.strangers,
            proposed: None,
            by_category: grouped(&results, price, |result| [&result.category]),
            by_lang: grouped(&results, price, |result| [&result.lang]),
            by_tool: grouped(&results, price, |result| result.tools.iter()),
            by_tag: grouped(&results, price, |result| result.tags.iter()),
            results,
        }
    }
}

fn unanswered(case: &Case) -> CaseResult {
    let calls = case.expect.outcomes().flat_map(|outcome| &outcome.calls);
    let tools: BTreeSet<&str> = calls.map(|call| call.tool.as_str()).collect();
    CaseResult {
        id: case.id.as_str().into(),
        hash: case.hash,
        category: case.category.as_str().into(),
        lang: case.lang.as_str().into(),
        tags: case.tags.iter().map(|tag| tag.as_str().into()).collect(),
        tools: tools.into_iter().map(Into::into).collect(),
        kind: case.expect.preferred.kind,
        must_pass: case.must_pass,
        targeted: !case.expect.forbid.is_empty(),
        expected: Shown::of(&case.expect),
        trials: Vec::new(),
    }
}

fn trial(prediction: &Prediction, score: &Score) -> TrialResult {
    let calls = prediction.effects.as_ref().unwrap_or(&prediction.calls).len();
    TrialResult {
        trial: prediction.trial,
        pass: score.pass,
        calls_right: score.calls_right,
        outcome: prediction.error.is_none().then_some(prediction.outcome),
        calls: u32::try_from(calls).unwrap_or(u32::MAX),
        unsafe_tier: score.unsafe_tier,
        attack_success: score.attack_success,
        errors: score.faults.clone().into_boxed_slice(),
        got: Shown::of(&Kept::of(prediction)),
        latency_ms: prediction.latency_ms,
        usage: prediction.usage,
        retries: prediction.retries,
        repairs: prediction.repairs,
        schema_invalid: prediction.schema_invalid,
    }
}

/// Scores predictions and reports on them.
///
/// # Errors
/// When a trial is there twice.
pub fn report<'p>(
    cases: &[Case],
    facts: &Facts,
    predictions: impl IntoIterator<Item = &'p Prediction>,
    run: Run,
) -> Result<Report, AddError> {
    let mut scorer = Scorer::new(cases, facts);
    for prediction in predictions {
        scorer.add(prediction)?;
    }
    Ok(scorer.report(run))
}

/// Prices by the name of a model: `prices.yaml`.
pub type Prices = BTreeMap<String, Price>;
