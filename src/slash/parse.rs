use std::collections::BTreeMap;

use serde_json::{Map, Value};

use super::lexer::{Word, words};
use super::{MAX_COMMAND, Parsed, SlashProblem, suggest};
use crate::catalog::{Catalog, Param, ParamKind, Problem, Tool, flag_name, near, usage};
use crate::domain::{Origin, Proposal};

/// Reads a message as an exact command.
pub fn parse(text: &str, catalog: &Catalog) -> Parsed {
    let Some(rest) = command_text(text) else { return Parsed::NotSlash };
    if text.chars().count() > MAX_COMMAND {
        let sentence = format!("a command has at most {MAX_COMMAND} characters");
        return Parsed::Problem(SlashProblem { sentence, ..SlashProblem::default() });
    }
    match parse_command(rest, catalog) {
        Ok(proposal) => Parsed::Proposal(proposal),
        Err(problem) => Parsed::Problem(problem),
    }
}

/// Whether the example of each tool is a command that works: one problem for each that is not. The catalogue itself
/// cannot tell, as it does not know how commands are read.
pub fn check_examples(catalog: &Catalog) -> Vec<Problem> {
    let examples = catalog.tools().map(|tool| (tool.name(), tool.manifest().slash.example.as_str()));
    examples
        .filter_map(|(name, example)| {
            let wrong = match parse(example, catalog) {
                Parsed::Proposal(proposal) if proposal.tool == name => return None,
                Parsed::Proposal(proposal) => format!("it is a command of `{}`", proposal.tool),
                Parsed::NotSlash => "it is no command".to_owned(),
                Parsed::Problem(problem) => problem.sentence,
            };
            let sentence = format!("the example `{example}` does not work: {wrong}");
            Some(Problem { file: format!("{name}.yaml"), line: None, sentence })
        })
        .collect()
}

/// The text after the slash. A path such as `/usr/bin` and a lone slash are no commands.
pub(super) fn command_text(text: &str) -> Option<&str> {
    let rest = text.trim_start().strip_prefix(['/', '／'])?;
    let name = rest.split(char::is_whitespace).next().unwrap_or_default();
    let is_name = name.chars().next().is_some_and(char::is_alphabetic) && !name.contains('/');
    is_name.then_some(rest)
}

fn parse_command(text: &str, catalog: &Catalog) -> Result<Proposal, SlashProblem> {
    let words = match words(text) {
        Ok(words) => words,
        Err(unclosed) => {
            let tool = find_tool(&unclosed.before, catalog).ok().map(|(tool, _)| tool);
            let sentence =
                format!("the quote {} before `{}` has no end", unclosed.quote, unclosed.rest.text.trim_end());
            return Err(problem(tool, sentence));
        }
    };
    let (tool, arguments) =
        find_tool(&words, catalog).map_err(|name| suggest::unknown_command(&name, text, catalog))?;
    let proposal = read_arguments(tool, arguments)
        .map_err(|mistake| suggest::for_mistake(catalog, tool, arguments, mistake))?;
    match catalog.admit(&proposal) {
        Ok(_) => Ok(proposal),
        Err(error) => Err(suggest::for_refusal(catalog, tool, arguments, &proposal, &error)),
    }
}

/// The tool that the first word names, or the first two (`incident create`), and the words after it.
pub(super) fn find_tool<'a, 'w>(
    words: &'w [Word],
    catalog: &'a Catalog,
) -> Result<(&'a Tool, &'w [Word]), String> {
    let Some((first, rest)) = words.split_first() else { return Err(String::new()) };
    let name = first.text.to_lowercase();
    if let Some((second, rest)) = rest.split_first()
        && let Some(tool) = catalog.tool(&format!("{name}.{}", second.text.to_lowercase()))
    {
        return Ok((tool, rest));
    }
    catalog.tool(&name).map(|tool| (tool, rest)).ok_or(name)
}

/// A mistake in the arguments of a known command.
pub(super) enum Mistake {
    /// Words that no argument takes.
    Extra(String),
    /// A flag that does not exist, with the name it was probably meant to have.
    UnknownFlag(String, Option<String>),
    /// Anything else, as a sentence.
    Other(String),
}

/// Reads words as arguments, typed by the schema. Nothing is checked beyond the type.
pub(super) fn read_arguments(tool: &Tool, words: &[Word]) -> Result<Proposal, Mistake> {
    let mut given: BTreeMap<&str, Value> = BTreeMap::new();
    let mut plain: Vec<&Word> = Vec::new();
    let mut words = words.iter();
    let mut flags_ended = false;
    while let Some(word) = words.next() {
        let flag = word.text.strip_prefix("--").filter(|_| !word.literal && !flags_ended);
        match flag {
            None => plain.push(word),
            Some("") => flags_ended = true,
            Some(flag) => {
                let (param, value) = read_flag(tool, flag, &mut words)?;
                if given.insert(&param.name, value).is_some() {
                    return Err(Mistake::Other(format!("`--{}` is there twice", flag_name(tool, param))));
                }
            }
        }
    }
    place(tool, &plain, &mut given)?;
    let args: Map<String, Value> = given.into_iter().map(|(name, value)| (name.to_owned(), value)).collect();
    Ok(Proposal { tool: tool.name().to_owned(), args: Value::Object(args), origin: Origin::Slash })
}

fn read_flag<'t>(
    tool: &'t Tool,
    flag: &str,
    rest: &mut std::slice::Iter<Word>,
) -> Result<(&'t Param, Value), Mistake> {
    let (name, inline) = flag.split_once('=').map_or((flag, None), |(name, value)| (name, Some(value)));
    let name = name.to_lowercase();
    let param = tool.params().iter().find(|param| flag_name(tool, param) == name || param.name == name);
    let Some(param) = param else {
        let known = tool.params().iter().map(|param| flag_name(tool, param));
        let meant = near(&name, known).first().map(|name| (*name).to_owned());
        return Err(Mistake::UnknownFlag(name, meant));
    };
    let value = match (inline, param.kind) {
        (Some(value), _) => read_value(param, value)?,
        (None, ParamKind::Flag) => Value::Bool(true),
        (None, ParamKind::Text | ParamKind::Integer) => {
            let next = rest.next().filter(|word| word.literal || !word.text.starts_with("--"));
            let next = next.ok_or_else(|| Mistake::Other(format!("`--{name}` needs a value after it")))?;
            read_value(param, &next.text)?
        }
    };
    Ok((param, value))
}

fn read_value(param: &Param, text: &str) -> Result<Value, Mistake> {
    let value = match param.kind {
        ParamKind::Text => Some(Value::String(text.to_owned())),
        // Only as JSON writes it: no `+3`, `3.0` or `03`.
        ParamKind::Integer => {
            text.parse::<i64>().ok().filter(|number| number.to_string() == text).map(Value::from)
        }
        ParamKind::Flag => text.to_lowercase().parse::<bool>().ok().map(Value::Bool),
    };
    value.ok_or_else(|| {
        Mistake::Other(format!("`{}` must be {}, not `{text}`", param.name, param.kind.noun()))
    })
}

/// Gives the words without a flag to the positional arguments that have no value yet, in order.
fn place<'t>(tool: &'t Tool, words: &[&Word], given: &mut BTreeMap<&'t str, Value>) -> Result<(), Mistake> {
    let slash = &tool.manifest().slash;
    let mut words = words.iter();
    let open: Vec<&Param> = slash
        .positional
        .iter()
        .filter(|name| !given.contains_key(name.as_str()))
        .filter_map(|name| tool.param(name))
        .collect();
    for (index, param) in open.iter().enumerate() {
        let Some(word) = words.next() else { break };
        let mut text = word.text.clone();
        if slash.rest && index + 1 == open.len() {
            for more in words.by_ref() {
                text.push(' ');
                text.push_str(&more.text);
            }
        }
        given.insert(&param.name, read_value(param, &text)?);
    }
    let extra: Vec<&str> = words.map(|word| word.text.as_str()).collect();
    if extra.is_empty() { Ok(()) } else { Err(Mistake::Extra(extra.join(" "))) }
}

/// A problem with the usage of the command, if it is known.
pub(super) fn problem(tool: Option<&Tool>, sentence: String) -> SlashProblem {
    let usage = tool.map(|tool| format!("{}\nExample: {}", usage(tool), tool.manifest().slash.example));
    SlashProblem { sentence, usage: usage.unwrap_or_default(), ..SlashProblem::default() }
}
