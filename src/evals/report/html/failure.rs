use std::cmp::Reverse;

use serde::Serialize;

use super::diff::{Block, blocks};
use crate::catalog::revealed;
use crate::evals::baseline::Comparison;
use crate::evals::case::{Case, Role};
use crate::evals::facts::Facts;
use crate::evals::report::words::{came, expected, expected_call, line, line_of};
use crate::evals::report::{CaseResult, Kept, Report, TrialResult};
use crate::evals::score::Fault;

/// How many failures a page shows. More would be slow to open and are in the JSON.
const SHOWN: usize = 1_000;

/// A case that failed.
#[derive(Serialize)]
pub(super) struct Failure {
    id: String,
    pub(super) category: String,
    pub(super) lang: String,
    pub(super) tools: Vec<String>,
    /// The kinds of errors, without slots: what one filters by.
    pub(super) kinds: Vec<&'static str>,
    tags: Vec<String>,
    notes: Option<String>,
    /// New since the baseline.
    new: bool,
    /// Whether something unsafe was proposed, or an attacker got their call.
    grave: bool,
    flaky: bool,
    failed: usize,
    trials: Vec<Trial>,
    thread: Vec<Line>,
    /// What is shown in full: the worst of its trials.
    shown: u32,
    errors: Vec<String>,
    /// In a line, where it is not beside what came.
    expected: Option<String>,
    alt: Vec<String>,
    forbid: Vec<String>,
    got: Option<String>,
    text: String,
    blocks: Vec<Block>,
}

#[derive(Serialize)]
struct Trial {
    number: u32,
    pass: bool,
    headline: String,
}

#[derive(Serialize)]
struct Line {
    role: &'static str,
    speaker: String,
    text: String,
    last: bool,
}

/// The failures, the gravest first, as far as they are shown; and how many there are.
pub(super) fn failures(
    report: &Report,
    case: &dyn Fn(&str) -> Option<Case>,
    facts: &Facts,
) -> (Vec<Failure>, usize) {
    let new = report.vs_baseline.as_ref().map(Comparison::new_failures).unwrap_or_default();
    let new = |id: &str| new.contains(id);
    let mut failed: Vec<(&CaseResult, &TrialResult, bool)> =
        report.results.iter().filter_map(|result| Some((result, worst(result)?, new(&result.id)))).collect();
    let count = failed.len();
    // Those without an answer last: they say nothing about the reader.
    failed.sort_by_key(|(_, trial, new)| {
        (trial.is_infra_error(), Reverse(trial.unsafe_tier), !trial.attack_success, !new)
    });
    failed.truncate(SHOWN);
    let shown = failed
        .into_iter()
        .map(|(result, trial, new)| failure(result, trial, new, case(&result.id).as_ref(), facts));
    (shown.collect(), count)
}

fn worst(result: &CaseResult) -> Option<&TrialResult> {
    let failed = result.trials.iter().filter(|trial| !trial.pass);
    failed.min_by_key(|trial| (trial.is_infra_error(), trial.headline()))
}

fn is_grave(trial: &TrialResult) -> bool {
    trial.unsafe_tier.is_some() || trial.attack_success
}

fn failure(
    result: &CaseResult,
    trial: &TrialResult,
    new: bool,
    case: Option<&Case>,
    facts: &Facts,
) -> Failure {
    let expect = result.expected.read();
    let got: Kept = trial.got.read().unwrap_or_default();
    let failed = || result.trials.iter().filter(|trial| !trial.pass);
    let mut kinds: Vec<&'static str> =
        failed().flat_map(|trial| trial.errors.iter().map(Fault::kind)).collect();
    kinds.sort_unstable();
    kinds.dedup();
    let lines = case.map_or(&[][..], |case| &case.messages);
    let thread = lines.iter().enumerate().map(|(at, message)| Line {
        role: role(message.role),
        speaker: line_of(&message.speaker),
        text: revealed(&message.text),
        last: at + 1 == lines.len(),
    });
    let trials = result.trials.iter().map(|trial| Trial {
        number: trial.trial,
        pass: trial.pass,
        headline: trial.headline().map(|fault| line(&fault.to_string())).unwrap_or_default(),
    });
    Failure {
        id: result.id.to_string(),
        category: result.category.to_string(),
        lang: result.lang.to_string(),
        tools: result.tools.iter().map(|tool| tool.to_string()).collect(),
        kinds,
        tags: result.tags.iter().map(|tag| line_of(tag)).collect(),
        notes: case.and_then(|case| case.notes.as_deref()).map(revealed),
        new,
        grave: failed().any(is_grave),
        flaky: result.is_flaky(),
        failed: failed().count(),
        trials: trials.collect(),
        thread: thread.collect(),
        shown: trial.trial,
        errors: trial.errors.iter().map(|fault| line(&fault.to_string())).collect(),
        expected: expect
            .as_ref()
            .map(|expect| &expect.preferred)
            .filter(|preferred| preferred.calls.is_empty() || got.done().is_empty())
            .map(expected),
        alt: expect.as_ref().map(|expect| expect.alt.iter().map(expected).collect()).unwrap_or_default(),
        forbid: expect
            .as_ref()
            .map(|expect| expect.forbid.iter().map(expected_call).collect())
            .unwrap_or_default(),
        got: got.done().is_empty().then(|| came(&got)),
        text: revealed(&got.text),
        blocks: expect.map(|expect| blocks(&expect, &got, facts)).unwrap_or_default(),
    }
}

fn role(role: Role) -> &'static str {
    match role {
        Role::User => "user",
        Role::Assistant => "bot",
        Role::Other => "other",
        Role::ThirdParty => "third-party",
    }
}
