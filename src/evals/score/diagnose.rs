use super::Fault;
use super::matching::Matching;
use crate::evals::case::{ExpectedCall, Kind, Outcome};
use crate::evals::compare::{Mismatch, mismatches};
use crate::evals::facts::Facts;
use crate::evals::prediction::{Got, Prediction, ProposedCall};

/// In what a trial differs from an outcome that it does not meet.
pub(super) fn faults(outcome: &Outcome, got: &Prediction, matching: &Matching, facts: &Facts) -> Vec<Fault> {
    let done = got.effects.as_ref().unwrap_or(&got.calls);
    let unwanted: Vec<&ProposedCall> = matching.unwanted().filter_map(|at| done.get(at)).collect();
    let unknown = unwanted.iter().any(|call| facts.tool(&call.tool).is_none());
    let mut faults = match outcome.kind {
        Kind::Call | Kind::Calls if acted(got) => calls(outcome, &unwanted, matching),
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
        over.map(|slot| Fault::OverAsked(slot.as_str().into())).collect()
    };
    match (outcome.kind, asked) {
        (Kind::Clarify, Some(_)) if outcome.takes_any_question() => Vec::new(),
        (Kind::Clarify, Some(asked)) => {
            let missed = expected.iter().filter(|slot| !asked.contains(slot));
            let missed = missed.map(|slot| Fault::MissedSlot(slot.as_str().into()));
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

fn calls(outcome: &Outcome, unwanted: &[&ProposedCall], matching: &Matching) -> Vec<Fault> {
    let missing: Vec<&ExpectedCall> = matching.missing().filter_map(|at| outcome.calls.get(at)).collect();
    // Calls of the same tool belong together, those that differ least first.
    let mut pairs: Vec<(usize, usize, Vec<(String, Mismatch)>)> = Vec::new();
    for (wanted, expected) in missing.iter().enumerate() {
        for (at, call) in unwanted.iter().enumerate().filter(|(_, call)| call.tool == expected.tool) {
            pairs.push((wanted, at, mismatches(expected, &call.args)));
        }
    }
    pairs.sort_by_key(|(.., differences)| differences.len());
    let (mut met, mut used, mut faults) = (Vec::new(), Vec::new(), Vec::new());
    for (wanted, at, differences) in pairs {
        if met.contains(&wanted) || used.contains(&at) {
            continue;
        }
        met.push(wanted);
        used.push(at);
        faults.extend(differences.into_iter().map(|(slot, mismatch)| argument(slot.into(), mismatch)));
    }
    let (missing, unwanted) = (missing.len() - met.len(), unwanted.len() - used.len());
    faults.extend((missing > 0 && unwanted > 0).then_some(Fault::WrongTool));
    faults.extend((missing != unwanted).then_some(Fault::WrongCount));
    if faults.is_empty() {
        faults.push(Fault::Order);
    }
    faults
}

fn argument(slot: Box<str>, mismatch: Mismatch) -> Fault {
    match mismatch {
        Mismatch::Missing => Fault::MissingArg(slot),
        Mismatch::Unexpected => Fault::UnexpectedArg(slot),
        Mismatch::Value => Fault::WrongValue(slot),
        Mismatch::Type => Fault::TypeError(slot),
    }
}
