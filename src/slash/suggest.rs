//! The command that was probably meant. It is offered, never run.

use serde_json::Value;

use super::SlashProblem;
use super::lexer::{Word, words};
use super::parse::{Mistake, problem, read_arguments};
use crate::catalog::{AdmitError, AdmitReason, Catalog, Tool, command, near, one_of};
use crate::domain::Proposal;

/// Orders of more words than this are not tried: 24 orders of four.
const MAX_REORDERED: usize = 4;

/// The first word is no command.
pub(super) fn unknown_command(name: &str, text: &str, catalog: &Catalog) -> SlashProblem {
    let tools: Vec<&str> = catalog.tools().map(Tool::name).collect();
    let subcommands: Vec<String> = tools
        .iter()
        .filter_map(|tool| {
            Some(command(tool)).filter(|_| tool.split_once('.').is_some_and(|(group, _)| group == name))
        })
        .collect();
    if !subcommands.is_empty() {
        return problem(None, format!("`/{name}` needs another word: {}", one_of(&subcommands)));
    }
    let meant = near(name, tools).first().and_then(|meant| catalog.tool(meant));
    let Some(tool) = meant else {
        return problem(None, format!("there is no command `/{name}`; `/help` lists those there are"));
    };
    let corrected = words(text).ok().and_then(|words| {
        let (_, arguments) = words.split_first()?;
        exact(catalog, &read_arguments(tool, arguments).ok()?)
    });
    let meant = command(tool.name());
    let mut problem = problem(Some(tool), format!("there is no command `/{name}`; did you mean `{meant}`?"));
    problem.suggestion = corrected;
    problem
}

/// The words do not fit the command.
pub(super) fn for_mistake(
    catalog: &Catalog,
    tool: &Tool,
    arguments: &[Word],
    mistake: Mistake,
) -> SlashProblem {
    let name = command(tool.name());
    let (sentence, corrected) = match mistake {
        Mistake::Extra(words) => (format!("`{name}` does not take `{words}`"), None),
        Mistake::UnknownFlag(flag, None) => (format!("`{name}` has no flag `--{flag}`"), None),
        Mistake::UnknownFlag(flag, Some(meant)) => {
            let sentence = format!("`{name}` has no flag `--{flag}`; did you mean `--{meant}`?");
            (sentence, with_flag(catalog, tool, arguments, (&flag, &meant)))
        }
        Mistake::Other(sentence) => (sentence, reordered(catalog, tool, arguments)),
    };
    let mut problem = problem(Some(tool), sentence);
    problem.suggestion = corrected;
    problem
}

/// The arguments are of the right types and still make no call.
pub(super) fn for_refusal(
    catalog: &Catalog,
    tool: &Tool,
    arguments: &[Word],
    proposal: &Proposal,
    error: &AdmitError,
) -> SlashProblem {
    let mut sentence = error.sentence.clone();
    if error.reason == AdmitReason::MissingArgument {
        let missing: Vec<String> = error.missing.iter().map(|name| format!("`{name}`")).collect();
        sentence = format!("`{}` also needs {}", command(tool.name()), missing.join(" and "));
    }
    let suggestion = reordered(catalog, tool, arguments).or_else(|| replaced(catalog, proposal, error));
    let wrong = Some(error.path.trim_start_matches('/').to_owned()).filter(|name| !name.is_empty());
    let about = if error.missing.is_empty() { wrong.into_iter().collect() } else { error.missing.to_vec() };
    SlashProblem { suggestion, about, ..problem(Some(tool), sentence) }
}

fn exact(catalog: &Catalog, proposal: &Proposal) -> Option<String> {
    catalog.admit(proposal).ok().map(|call| catalog.render(&call))
}

/// The one name that is close, in place of the unknown one.
fn replaced(catalog: &Catalog, proposal: &Proposal, error: &AdmitError) -> Option<String> {
    let mut proposal = proposal.clone();
    let mut error = error.clone();
    for _ in 0..MAX_REORDERED {
        let [meant] = error.suggestions.as_slice() else { return None };
        *proposal.args.pointer_mut(&error.path)? = Value::String(meant.clone());
        match catalog.admit(&proposal) {
            Ok(call) => return Some(catalog.render(&call)),
            Err(next) => error = next,
        }
    }
    None
}

fn with_flag(
    catalog: &Catalog,
    tool: &Tool,
    arguments: &[Word],
    (wrong, meant): (&str, &str),
) -> Option<String> {
    let mut arguments = arguments.to_vec();
    for word in arguments.iter_mut().filter(|word| !word.literal) {
        let Some(tail) = word.text.strip_prefix("--").and_then(|flag| flag.get(wrong.len()..)) else {
            continue;
        };
        if word.text.to_lowercase().starts_with(&format!("--{wrong}"))
            && (tail.is_empty() || tail.starts_with('='))
        {
            word.text = format!("--{meant}{tail}");
        }
    }
    exact(catalog, &read_arguments(tool, &arguments).ok()?)
}

/// The only order of the plain words at the front in which they make a call.
fn reordered(catalog: &Catalog, tool: &Tool, arguments: &[Word]) -> Option<String> {
    let count = arguments.iter().take_while(|word| word.literal || !word.text.starts_with("--")).count();
    if !(2..=MAX_REORDERED).contains(&count) {
        return None;
    }
    let (plain, flags) = arguments.split_at_checked(count)?;
    let orders = permutations(plain).into_iter().map(|order| [order, flags.to_vec()].concat());
    let mut fitting: Vec<String> =
        orders.filter_map(|words| exact(catalog, &read_arguments(tool, &words).ok()?)).collect();
    fitting.dedup();
    match fitting.as_slice() {
        [only] => Some(only.clone()),
        [] | [_, ..] => None,
    }
}

fn permutations(words: &[Word]) -> Vec<Vec<Word>> {
    let Some((first, rest)) = words.split_first() else { return vec![Vec::new()] };
    let shorter = permutations(rest);
    let insert = |order: &Vec<Word>, at: usize| {
        let mut order = order.clone();
        order.insert(at, first.clone());
        order
    };
    shorter.iter().flat_map(|order| (0..=order.len()).map(move |at| insert(order, at))).collect()
}
