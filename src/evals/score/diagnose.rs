use super::matching::Matching;
use super::{Fault, Reads};
use crate::evals::case::{Kind, Outcome};
use crate::evals::compare::{Mismatch, mismatches};
use crate::evals::facts::Facts;
use crate::evals::prediction::{Got, Prediction, ProposedCall};
use crate::evals::text::cut;

/// In what a trial differs from an outcome that it does not meet.
pub(super) fn faults(outcome: &Outcome, got: &Prediction, matching: &Matching, facts: &Facts) -> Vec<Fault> {
    let done = got.effects.as_ref().unwrap_or(&got.calls);
    let unwanted: Vec<&ProposedCall> = matching.unwanted().filter_map(|at| done.get(at)).collect();
    let unknown = unwanted.iter().any(|call| facts.tool(&call.tool).is_none());
    let mut faults = match outcome.kind {
        Kind::Call | Kind::Calls if acted(got) => calls(outcome, done, matching),
        Kind::Call | Kind::Calls => other_outcome(outcome, got),
        Kind::Clarify | Kind::Refuse | Kind::Answer | Kind::None if !unwanted.is_empty() => {
            vec![Fault::ActedInstead]
        }
        Kind::Clarify | Kind::Refuse | Kind::Answer | Kind::None => other_outcome(outcome, got),
    };
    faults.extend(unknown.then_some(Fault::UnknownTool));
    faults
}

/// Whether there are calls to compare: proposed ones, or executed ones.
fn acted(got: &Prediction) -> bool {
    got.effects.as_ref().map_or(got.outcome == Got::Call, |effects| !effects.is_empty())
}

fn other_outcome(outcome: &Outcome, got: &Prediction) -> Vec<Fault> {
    let asked = got.missing.as_deref().filter(|_| got.outcome == Got::Clarify);
    let expected = &outcome.missing;
    let over = |asked: &[String]| -> Vec<Fault> {
        let over = asked.iter().filter(|slot| !expected.contains(slot));
        over.map(|slot| Fault::OverAsked(named(slot))).collect()
    };
    match (outcome.kind, asked) {
        (Kind::Clarify, Some(_)) if outcome.takes_any_question() => Vec::new(),
        (Kind::Clarify, Some(asked)) => {
            let missed = expected.iter().filter(|slot| !asked.contains(slot));
            let missed = missed.map(|slot| Fault::MissedSlot(named(slot)));
            over(asked).into_iter().chain(missed).collect()
        }
        (Kind::Call | Kind::Calls, Some(asked)) => {
            over(asked).into_iter().chain([Fault::WrongOutcome(got.outcome)]).collect()
        }
        (Kind::Call | Kind::Calls | Kind::Clarify | Kind::Refuse | Kind::Answer | Kind::None, _) => {
            vec![Fault::WrongOutcome(got.outcome)]
        }
    }
}

fn calls(outcome: &Outcome, got: &[ProposedCall], matching: &Matching) -> Vec<Fault> {
    let pairs = paired(outcome, got, matching);
    let differing = pairs.iter().filter(|pair| pair.fit == Fit::Differs);
    let mut faults: Vec<Fault> = differing
        .filter_map(|pair| outcome.calls.get(pair.expected?).zip(got.get(pair.got?)))
        .flat_map(|(expected, call)| mismatches(expected, &call.args))
        .map(|(slot, mismatch)| argument(&slot, mismatch))
        .collect();
    let count = |fit: Fit| pairs.iter().filter(|pair| pair.fit == fit).count();
    let (missing, extra) = (count(Fit::Missing), count(Fit::Extra));
    faults.extend((missing > 0 && extra > 0).then_some(Fault::WrongTool));
    faults.extend((missing != extra).then_some(Fault::WrongCount));
    if faults.is_empty() {
        faults.push(Fault::Order);
    }
    faults
}

/// An expected call and the proposed one that belongs to it, each by its place; or one of them alone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Pair {
    /// The expected call.
    pub expected: Option<usize>,
    /// The proposed call.
    pub got: Option<usize>,
    /// How they go together.
    pub fit: Fit,
}

/// How an expected call and a proposed one go together.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Fit {
    /// It is the expected call.
    Right,
    /// The same tool, with other arguments.
    Differs,
    /// It was expected, and not proposed.
    Missing,
    /// It was proposed, and nobody wanted it.
    Extra,
    /// It was not expected, and does no harm.
    Allowed,
}

/// Which proposed call belongs to which expected one, for people to look at.
pub fn pairs(outcome: &Outcome, got: &[ProposedCall], facts: &Facts) -> Vec<Pair> {
    paired(outcome, got, &Matching::of(outcome, got, Reads::Listed, facts))
}

fn paired(outcome: &Outcome, got: &[ProposedCall], matching: &Matching) -> Vec<Pair> {
    let both = |(expected, got), fit| Pair { expected: Some(expected), got: Some(got), fit };
    let mut pairs: Vec<Pair> = matching.pairs().map(|pair| both(pair, Fit::Right)).collect();
    let (mut missing, mut extra): (Vec<usize>, Vec<usize>) =
        (matching.missing().collect(), matching.unwanted().collect());
    // Calls of the same tool belong together, those that differ least first.
    let mut likely: Vec<(usize, usize, usize)> = Vec::new();
    for at in &missing {
        let Some(expected) = outcome.calls.get(*at) else { continue };
        let same_tool = extra.iter().filter_map(|at| Some((*at, got.get(*at)?)));
        for (place, call) in same_tool.filter(|(_, call)| call.tool == expected.tool) {
            likely.push((mismatches(expected, &call.args).len(), *at, place));
        }
    }
    likely.sort_unstable();
    for (_, expected, call) in likely {
        if missing.contains(&expected) && extra.contains(&call) {
            missing.retain(|at| *at != expected);
            extra.retain(|at| *at != call);
            pairs.push(both((expected, call), Fit::Differs));
        }
    }
    let alone = |expected, got, fit| Pair { expected, got, fit };
    pairs.extend(missing.into_iter().map(|at| alone(Some(at), None, Fit::Missing)));
    pairs.extend(extra.into_iter().map(|at| alone(None, Some(at), Fit::Extra)));
    pairs.extend(matching.allowed().map(|at| alone(None, Some(at), Fit::Allowed)));
    pairs.sort_by_key(|pair| (pair.expected.unwrap_or(usize::MAX), pair.got));
    pairs
}

fn argument(slot: &str, mismatch: Mismatch) -> Fault {
    let slot = named(slot);
    match mismatch {
        Mismatch::Missing => Fault::MissingArg(slot),
        Mismatch::Unexpected => Fault::UnexpectedArg(slot),
        Mismatch::Value => Fault::WrongValue(slot),
        Mismatch::Type => Fault::TypeError(slot),
    }
}

/// The name of a slot. A model may have made it up, and of any length.
fn named(slot: &str) -> Box<str> {
    cut(slot, 48).into()
}
