use serde_json::{Map, Value, json};

use crate::evals::case::{Case, Entry, ExpectedCall, Kind, Matcher, Outcome};
use crate::evals::facts::Facts;
use crate::evals::prediction::{Got, Prediction, ProposedCall};

/// Whether arguments that may be absent are there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Optional {
    /// They are.
    Given,
    /// They are not.
    LeftOut,
}

/// The most ways in which one outcome is tried.
const WAYS: usize = 16;

/// What somebody would answer who knows what is expected: every way of one outcome.
pub(super) fn answers<'a>(
    case: &'a Case,
    outcome: &'a Outcome,
    facts: &'a Facts,
) -> impl Iterator<Item = Prediction> + 'a {
    let ways = outcome.calls.iter().flat_map(|call| call.args.values()).map(ways).max().unwrap_or(1);
    let ways = (0..ways.min(WAYS)).flat_map(|way| [(way, Optional::Given), (way, Optional::LeftOut)]);
    ways.map(move |(way, optional)| {
        let calls = outcome.calls.iter().map(|call| proposed(call, way, optional, facts));
        Prediction {
            id: case.id.clone(),
            outcome: match outcome.kind {
                Kind::Call | Kind::Calls => Got::Call,
                Kind::Clarify => Got::Clarify,
                Kind::Refuse => Got::Refuse,
                Kind::Answer => Got::Answer,
                Kind::None => Got::None,
            },
            calls: calls.collect(),
            missing: (outcome.kind == Kind::Clarify).then(|| outcome.missing.clone()),
            ..Prediction::default()
        }
    })
}

/// How many values an argument may have that are worth trying.
fn ways(matcher: &Matcher) -> usize {
    match matcher {
        Matcher::OneOf(values) => values.iter().filter(|value| !value.is_null()).count(),
        Matcher::Contains(contains) => {
            let parts = contains.contains.iter().map(|entry| match entry {
                Entry::One(_) => 1,
                Entry::Either(parts) => parts.len(),
            });
            parts.max().unwrap_or(1)
        }
        Matcher::Any(_) => 1,
    }
}

/// An expected call as one would propose it.
pub(super) fn proposed(call: &ExpectedCall, way: usize, optional: Optional, facts: &Facts) -> ProposedCall {
    let given = call.args.iter().filter(|(_, matcher)| optional == Optional::Given || !matcher.is_optional());
    let args = given.map(|(slot, matcher)| (slot.clone(), value(&call.tool, slot, (matcher, way), facts)));
    ProposedCall { tool: call.tool.clone(), args: args.collect::<Map<_, _>>() }
}

fn value(tool: &str, slot: &str, (matcher, way): (&Matcher, usize), facts: &Facts) -> Value {
    match matcher {
        Matcher::OneOf(values) => {
            let said: Vec<&Value> = values.iter().filter(|value| !value.is_null()).collect();
            said.get(way.min(said.len().saturating_sub(1))).map_or(Value::Null, |value| (*value).clone())
        }
        Matcher::Contains(contains) => {
            let parts = contains.contains.iter().filter_map(|entry| match entry {
                Entry::One(part) => Some(part),
                Entry::Either(parts) => parts.get(way.min(parts.len().saturating_sub(1))),
            });
            Value::String(parts.cloned().collect::<Vec<_>>().join(" "))
        }
        Matcher::Any(_) => anything(tool, slot, facts),
    }
}

/// A value that a tool would take.
fn anything(tool: &str, slot: &str, facts: &Facts) -> Value {
    let param = facts.tool(tool).and_then(|tool| tool.params.get(slot));
    if let Some(first) = param.and_then(|param| param.values.first()) {
        return first.clone();
    }
    match (param.and_then(|param| param.kind.as_deref()), slot) {
        (Some("integer" | "number"), _) => json!(1),
        (Some("boolean"), _) => json!(true),
        (_, "last") => json!("1h"),
        (_, _) => json!("anything"),
    }
}
