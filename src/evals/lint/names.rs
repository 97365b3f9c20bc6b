use std::collections::BTreeSet;

use serde_json::Value;

use super::{LintRule, severity};
use crate::catalog::near;
use crate::evals::case::{Case, ExpectedCall, Matcher};
use crate::evals::catalogue::{Aliases, World};
use crate::evals::compare::{named, same_value};
use crate::evals::facts::{Effect, Facts, ParamFacts};

type Found = Vec<(LintRule, String)>;

/// Tools, arguments, values and names that do not exist.
pub(super) fn check(case: &Case, facts: &Facts) -> Found {
    let mut found = Vec::new();
    for outcome in case.expect.outcomes() {
        for expected in &outcome.calls {
            call(expected, facts, &mut found);
            required(expected, facts, &mut found);
        }
        outcome.missing.iter().for_each(|slot| asked(slot, facts, &mut found));
        outcome.allow.iter().for_each(|tool| allowed(tool, facts, &mut found));
    }
    case.expect.forbid.iter().for_each(|goal| call(goal, facts, &mut found));
    for running in case.context.running.iter().flatten() {
        name("service", &running.service, facts.world(), &mut found);
        name("environment", &running.environment, facts.world(), &mut found);
    }
    if let Some(severity) = severity(case) {
        name("severity", severity, facts.world(), &mut found);
    }
    found.dedup();
    found
}

fn unknown_tool(tool: &str, facts: &Facts) -> (LintRule, String) {
    (
        LintRule::Tool,
        format!("there is no tool `{tool}`{}", instead(tool, facts.tools().map(|(name, _)| name))),
    )
}

/// `; did you mean a or b?`, where something is close.
fn instead<'a>(word: &str, known: impl IntoIterator<Item = &'a str>) -> String {
    let close: Vec<String> = near(word, known).into_iter().map(|name| format!("`{name}`")).collect();
    if close.is_empty() { String::new() } else { format!("; did you mean {}?", close.join(" or ")) }
}

fn call(call: &ExpectedCall, facts: &Facts, found: &mut Found) {
    let Some(tool) = facts.tool(&call.tool) else {
        found.push(unknown_tool(&call.tool, facts));
        return;
    };
    for (slot, matcher) in &call.args {
        let Some(param) = tool.params.get(slot) else {
            let instead = instead(slot, tool.params.keys().map(String::as_str));
            found.push((LintRule::Argument, format!("`{}` has no argument `{slot}`{instead}", call.tool)));
            continue;
        };
        match matcher {
            Matcher::OneOf(values) => {
                let said = values.iter().filter(|value| !value.is_null());
                said.for_each(|said| value(&call.tool, slot, (said, param), facts, found));
            }
            Matcher::Contains(_) if param.kind.as_deref().is_some_and(|kind| kind != "string") => {
                let text = format!("`{slot}` of `{}` is no text, so `contains` never fits it", call.tool);
                found.push((LintRule::Value, text));
            }
            Matcher::Contains(_) | Matcher::Any(_) => {}
        }
    }
}

/// A call without an argument that it needs can never be proposed.
fn required(call: &ExpectedCall, facts: &Facts, found: &mut Found) {
    let Some(tool) = facts.tool(&call.tool) else { return };
    for (slot, param) in &tool.params {
        if param.required && !call.args.contains_key(slot) {
            let text = format!("`{}` needs `{slot}`, and what is not listed must be absent", call.tool);
            found.push((LintRule::Argument, text));
        }
    }
}

fn value(tool: &str, slot: &str, (said, param): (&Value, &ParamFacts), facts: &Facts, found: &mut Found) {
    let fits = match param.kind.as_deref() {
        Some("string") => said.is_string(),
        Some("integer") => said.is_i64() || said.is_u64(),
        Some("number") => said.is_number(),
        Some("boolean") => said.is_boolean(),
        Some(_) | None => true,
    };
    if !fits {
        let kind = param.kind.as_deref().unwrap_or_default();
        found.push((LintRule::Value, format!("`{slot}` of `{tool}` is of type {kind}, and {said} is not")));
        return;
    }
    // A name has to be the catalogue's; other words those of the tool.
    if lists(slot, facts.world()).is_some() {
        said.as_str().into_iter().for_each(|word| name(slot, word, facts.world(), found));
    } else if !param.values.is_empty() && !param.values.iter().any(|one| same_value(slot, one, said)) {
        let known: Vec<String> = param.values.iter().map(Value::to_string).collect();
        let text = format!("`{slot}` of `{tool}` is one of {}, and not {said}", known.join(", "));
        found.push((LintRule::Value, text));
    }
}

/// The canonical names that a slot takes, and what else people call them. `None` for a slot that takes no name, and for
/// a list that the catalogue leaves out.
fn lists<'a>(slot: &str, world: &'a World) -> Option<Vec<(&'a str, &'a [String])>> {
    let entries = |list: &'a Aliases| list.iter().map(|(name, others)| (name.as_str(), others.as_slice()));
    let alone = |name: &'a String| (name.as_str(), &[][..]);
    match slot {
        "service" => Some(entries(&world.services).collect()),
        "environment" => Some(entries(&world.environments).collect()),
        "severity" => Some(entries(world.severities.as_ref()?).collect()),
        "team" => {
            let teams = world.teams.as_ref()?.keys().map(alone);
            Some(teams.chain(entries(&world.services)).collect())
        }
        "target" => {
            let databases = world.databases.iter().flat_map(Aliases::values).flatten().map(alone);
            Some(databases.chain(entries(&world.services)).collect())
        }
        _ => None,
    }
}

fn name(slot: &str, word: &str, world: &World, found: &mut Found) {
    let Some(known) = lists(slot, world) else { return };
    let plain = named(word);
    if known.iter().any(|(name, _)| named(name) == plain) {
        return;
    }
    let alias = known.iter().find(|(_, others)| others.iter().any(|other| named(other) == plain));
    let text = match alias {
        Some((name, _)) => {
            format!(
                "`{word}` is another name of `{name}`; the scorer knows no other names, so write `{name}`"
            )
        }
        None => {
            format!(
                "the catalogue has no {slot} `{word}`{}",
                instead(word, known.into_iter().map(|(name, _)| name))
            )
        }
    };
    found.push((LintRule::Name, text));
}

/// What can be asked for is an argument of some tool, what is wanted, or a confirmation.
fn asked(slot: &str, facts: &Facts, found: &mut Found) {
    let slots: BTreeSet<&str> =
        facts.tools().flat_map(|(_, tool)| tool.params.keys().map(String::as_str)).collect();
    if !slots.contains(slot) && slot != "intent" && slot != "confirmation" {
        let instead = instead(slot, slots);
        found.push((LintRule::Argument, format!("no tool has an argument `{slot}` to ask for{instead}")));
    }
}

fn allowed(tool: &str, facts: &Facts, found: &mut Found) {
    match facts.tool(tool) {
        None => found.push(unknown_tool(tool, facts)),
        Some(known) if known.effect == Effect::Mutating => {
            found.push((
                LintRule::Allow,
                format!("`{tool}` changes something, so it cannot be allowed besides"),
            ));
        }
        Some(_) => {}
    }
}
