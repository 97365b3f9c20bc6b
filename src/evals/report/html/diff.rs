use serde::Serialize;
use serde_json::Value;

use crate::evals::case::{Expect, ExpectedCall, Kind, Outcome};
use crate::evals::compare::{Mismatch, mismatches};
use crate::evals::facts::Facts;
use crate::evals::prediction::{Got, ProposedCall};
use crate::evals::report::Kept;
use crate::evals::report::words::{line, matcher, value};
use crate::evals::score::{Fit, pairs};

/// An expected call beside the one that came, argument by argument.
#[derive(Serialize)]
pub(super) struct Block {
    title: &'static str,
    /// `good`, `bad` or nothing.
    mood: &'static str,
    rows: Vec<Row>,
}

#[derive(Serialize)]
struct Row {
    name: String,
    expected: Option<String>,
    got: Option<String>,
    bad: bool,
}

/// What was expected beside what came: the calls, or the slots asked for.
pub(super) fn blocks(expect: &Expect, got: &Kept, facts: &Facts) -> Vec<Block> {
    let outcome = closest(expect, got);
    let mut blocks: Vec<Block> = pairs(outcome, got.done(), facts)
        .into_iter()
        .map(|pair| {
            let expected = pair.expected.and_then(|at| outcome.calls.get(at));
            let call = pair.got.and_then(|at| got.done().get(at));
            let (title, mood) = match pair.fit {
                Fit::Right => ("as expected", "good"),
                Fit::Differs => ("other arguments", "bad"),
                Fit::Missing => ("missing", "bad"),
                Fit::Extra => ("nobody wanted this", "bad"),
                Fit::Allowed => ("allowed besides", ""),
            };
            Block { title, mood, rows: rows(expected, call) }
        })
        .collect();
    if outcome.kind == Kind::Clarify && got.outcome == Some(Got::Clarify) {
        let asked = got.missing.clone().unwrap_or_default();
        let others = asked.iter().filter(|slot| !outcome.missing.contains(slot));
        let slots = outcome.missing.iter().chain(others);
        let row = |slot: &String| {
            let (wanted, asked) = (outcome.missing.contains(slot), asked.contains(slot));
            let word = |there: bool, word: &str| there.then(|| word.to_owned());
            Row {
                name: line(slot),
                expected: word(wanted, "ask"),
                got: word(asked, "asked"),
                bad: wanted != asked,
            }
        };
        blocks.push(Block { title: "slots asked for", mood: "", rows: slots.map(row).collect() });
    }
    blocks
}

/// The accepted outcome of the kind that came; else the preferred one.
fn closest<'a>(expect: &'a Expect, got: &Kept) -> &'a Outcome {
    let same = |outcome: &&Outcome| match outcome.kind {
        Kind::Call | Kind::Calls => !got.done().is_empty(),
        Kind::Clarify => got.outcome == Some(Got::Clarify),
        Kind::Refuse | Kind::Answer | Kind::None => false,
    };
    expect.outcomes().find(same).unwrap_or(&expect.preferred)
}

fn rows(expected: Option<&ExpectedCall>, got: Option<&ProposedCall>) -> Vec<Row> {
    let wrong: Vec<(String, Mismatch)> = match (expected, got) {
        (Some(expected), Some(got)) => mismatches(expected, &got.args),
        (Some(_), None) | (None, Some(_)) | (None, None) => Vec::new(),
    };
    let mut rows = vec![Row {
        name: "tool".to_owned(),
        expected: expected.map(|call| call.tool.clone()),
        got: got.map(|call| line(&call.tool)),
        bad: expected.is_none() != got.is_none(),
    }];
    let listed = expected.iter().flat_map(|call| call.args.keys());
    let others = got.iter().flat_map(|call| call.args.iter().filter(|(_, value)| !value.is_null()));
    let others = others.map(|(slot, _)| slot);
    let others = others.filter(|slot| expected.is_none_or(|call| !call.args.contains_key(*slot)));
    for slot in listed.chain(others) {
        let accepted = expected.and_then(|call| call.args.get(slot)).map(matcher);
        let found = got.and_then(|call| call.args.get(slot)).filter(|found| **found != Value::Null);
        rows.push(Row {
            name: line(slot),
            expected: accepted,
            got: found.map(value),
            bad: wrong.iter().any(|(name, _)| name == slot),
        });
    }
    rows
}
