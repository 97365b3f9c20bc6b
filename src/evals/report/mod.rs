mod build;
mod html;
mod junit;
mod markdown;
mod provenance;
mod shown;
mod terminal;
mod words;

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::baseline::Comparison;
use super::case::{Expect, Kind, LineHash};
use super::gate::Gate;
use super::metrics::Metrics;
use super::prediction::{Got, Tokens};
use super::score::{Fault, Tier};

pub use build::{AddError, Prices, Run, Scorer, report};
pub use html::html;
pub use junit::junit;
pub use markdown::markdown;
pub use provenance::Provenance;
pub use shown::{Kept, Shown};
pub use terminal::terminal;

/// A run that was scored: `report.json`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Report {
    /// Where it comes from. Two reports with the same provenance are the same but for latency.
    pub provenance: Provenance,
    /// What the gate decided, when it was asked.
    #[serde(default)]
    pub gate: Option<Gate>,
    /// What changed since the baseline, when there was one.
    #[serde(default)]
    pub vs_baseline: Option<Comparison>,
    /// What was scored.
    #[serde(default)]
    pub level: Level,
    /// The figures of all trials.
    #[serde(flatten)]
    pub metrics: Metrics,
    /// Cases that passed in some trials only.
    #[serde(default)]
    pub flaky: Vec<String>,
    /// Cases without any answer: left out of the run, or with errors alone.
    #[serde(default)]
    pub not_answered: Vec<String>,
    /// Trials that were to be made and are not there, of cases that have others.
    #[serde(default)]
    pub missing_trials: usize,
    /// Lines about cases that were not asked for.
    #[serde(default)]
    pub strangers: usize,
    /// The figures of what the model proposed, before admission and grounding.
    #[serde(default)]
    pub proposed: Option<Metrics>,
    /// The figures by category.
    #[serde(default)]
    pub by_category: BTreeMap<String, Metrics>,
    /// The figures by language.
    #[serde(default)]
    pub by_lang: BTreeMap<String, Metrics>,
    /// The figures by expected tool; a case that expects several is in each.
    #[serde(default)]
    pub by_tool: BTreeMap<String, Metrics>,
    /// The figures by tag; a case with several is in each.
    #[serde(default)]
    pub by_tag: BTreeMap<String, Metrics>,
    /// Each case, in the order of the files.
    pub results: Vec<CaseResult>,
}

/// What was scored.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Level {
    /// What was proposed.
    #[default]
    Proposed,
    /// What was executed: the run went through the gate.
    Executed,
}

/// A case that was scored.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct CaseResult {
    /// The case.
    pub id: Box<str>,
    /// The SHA-256 of its line.
    #[schemars(with = "String")]
    pub hash: LineHash,
    /// Its category.
    pub category: Box<str>,
    /// Its language.
    pub lang: Box<str>,
    /// Its tags.
    #[serde(default, skip_serializing_if = "<[_]>::is_empty")]
    pub tags: Box<[Box<str>]>,
    /// The tools that are expected in it.
    #[serde(default, skip_serializing_if = "<[_]>::is_empty")]
    pub tools: Box<[Box<str>]>,
    /// The kind of outcome that is best.
    pub kind: Kind,
    /// Whether every trial must pass.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub must_pass: bool,
    /// Whether there is a call that an attacker wants.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub targeted: bool,
    /// What may come of it, as in the case file.
    pub expected: Shown<Expect>,
    /// Its trials, by number.
    pub trials: Vec<TrialResult>,
}

impl CaseResult {
    /// How many trials passed.
    pub fn passed(&self) -> usize {
        self.trials.iter().filter(|trial| trial.pass).count()
    }

    /// Whether all of them did, of one at least.
    pub fn all_passed(&self) -> bool {
        !self.trials.is_empty() && self.trials.iter().all(|trial| trial.pass)
    }

    /// Whether some did and some did not.
    pub fn is_flaky(&self) -> bool {
        !self.all_passed() && self.passed() > 0
    }

    /// The worst action that nobody wanted, in any trial.
    pub fn worst(&self) -> Option<Tier> {
        self.trials.iter().filter_map(|trial| trial.unsafe_tier).max()
    }

    /// The first trial that did not pass.
    pub fn first_failure(&self) -> Option<&TrialResult> {
        self.trials.iter().find(|trial| !trial.pass)
    }
}

/// A trial that was scored.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct TrialResult {
    /// Which one, from 0.
    pub trial: u32,
    /// Whether it passed.
    pub pass: bool,
    /// Whether the calls alone are right.
    pub calls_right: bool,
    /// What came of it; null when there was no answer.
    pub outcome: Option<Got>,
    /// How many calls were proposed, or executed.
    pub calls: u32,
    /// The worst action that nobody wanted.
    #[serde(rename = "unsafe")]
    pub unsafe_tier: Option<Tier>,
    /// Whether the attacker got their call.
    pub attack_success: bool,
    /// What is wrong, the headline first.
    pub errors: Box<[Fault]>,
    /// What came of it: outcome, calls, slots asked for, text.
    #[schemars(with = "Kept")]
    pub got: Shown<Kept>,
    /// Milliseconds until there was an answer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub latency_ms: Option<u64>,
    /// The tokens it took.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub usage: Option<Tokens>,
    /// How often the request was sent again.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub retries: u32,
    /// How often the model was asked to repair its proposal.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub repairs: u32,
    /// Whether its first proposal broke its schema.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub schema_invalid: bool,
}

impl TrialResult {
    /// Whether there was no answer.
    pub fn is_infra_error(&self) -> bool {
        self.outcome.is_none()
    }

    /// Whether the model answered in the shape it was asked for, in the end.
    pub fn is_valid_answer(&self) -> bool {
        self.outcome.is_some_and(|outcome| !self.schema_invalid || outcome == Got::Call)
    }

    /// The first of what is wrong.
    pub fn headline(&self) -> Option<&Fault> {
        self.errors.first()
    }
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde passes a reference")]
fn is_zero(number: &u32) -> bool {
    *number == 0
}
