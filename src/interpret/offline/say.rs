use serde_json::Value;

use super::clause::Mood;
use super::draft::Frame;
use super::message::Heard;
use super::scan::{Item, Kind};
use super::vocabulary::Vocabulary;
use crate::catalog::{Catalog, List, Names, ParamKind, Tool, command, help_line, one_of, usage};
use crate::domain::{Interpretation, Origin, Proposal, Question};

/// The most commands that an answer shows.
const MOST: usize = 6;
/// Lists of choices longer than this are not spelled out.
const MAX_CHOICES: usize = 12;

/// What a message came to, in the words of the house.
pub(super) fn interpretation(catalog: &Catalog, vocabulary: &Vocabulary, heard: Heard) -> Interpretation {
    if heard.elsewhere {
        return Interpretation::Nothing;
    }
    let mut frames: Vec<Frame> = Vec::new();
    for frame in &heard.frames {
        if !frames.contains(frame) {
            frames.push(frame.clone());
        }
    }
    if let Some(open) = frames.iter().find(|frame| !frame.missing.is_empty()) {
        return Interpretation::Clarify(question(catalog, vocabulary, open, &heard.items));
    }
    if !frames.is_empty() {
        let call = |frame: Frame| Proposal {
            tool: frame.tool,
            args: Value::Object(frame.args),
            origin: Origin::Offline,
        };
        return Interpretation::Calls(frames.into_iter().map(call).collect());
    }
    nothing_to_do(catalog, heard)
}

/// Asks for what is missing, with what there is to choose from.
fn question(catalog: &Catalog, vocabulary: &Vocabulary, frame: &Frame, items: &[Item]) -> Question {
    let tool = catalog.tool(&frame.tool);
    let params = tool.map(Tool::params).unwrap_or_default();
    let open: Vec<_> = params.iter().filter(|param| frame.missing.contains(&param.name)).collect();
    let missing: Vec<String> = open.iter().map(|param| param.name.clone()).collect();
    let mut sentences = Vec::new();
    let mut choices: Vec<String> = Vec::new();
    for param in &open {
        let noun = param.name.replace('_', " ");
        let several = frame.choices.iter().filter(|(name, _)| *name == param.name);
        let several: Vec<String> =
            several.filter_map(|(_, value)| value.as_str().map(str::to_owned)).collect();
        let listed = param.names.as_ref().map(Names::canonical).unwrap_or_default();
        let given: Vec<String> =
            several.into_iter().filter(|value| listed.is_empty() || listed.contains(value)).collect();
        let offered = if given.is_empty() { listed.to_vec() } else { given };
        let strange = param.names.as_ref().and_then(|names| strange(vocabulary, names, frame, items));
        if let Some((word, near)) = &strange {
            let hint =
                if near.is_empty() { String::new() } else { format!(" Did you mean {}?", one_of(near)) };
            sentences.push(format!("I know no {noun} `{word}`.{hint}"));
        }
        sentences.push(match (offered.len(), param.kind) {
            (1..=MAX_CHOICES, _) => format!("Which {noun}: {}?", one_of(&offered)),
            (0, ParamKind::Integer) => format!("How many {noun}?"),
            (0, ParamKind::Text | ParamKind::Flag) => format!("What is the {noun}?"),
            _ => format!("Which {noun}?"),
        });
        if (1..=MAX_CHOICES).contains(&offered.len()) && open.len() == 1 {
            choices = offered;
        }
    }
    sentences.push(so_far(frame));
    Question { text: sentences.join(" "), missing, choices }
}

/// What was understood, so that a person sees a misreading before they answer.
fn so_far(frame: &Frame) -> String {
    let value = |value: &Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    let said =
        frame.args.iter().map(|(name, given)| format!("{} `{}`", name.replace('_', " "), value(given)));
    let said: Vec<String> = said.collect();
    if said.is_empty() {
        format!("That is for {}.", command(&frame.tool))
    } else {
        format!("So far: {}, {}.", command(&frame.tool), said.join(", "))
    }
}

/// A word that stands where a name of a list was expected and is none, and the names near it.
fn strange(
    vocabulary: &Vocabulary,
    names: &Names,
    frame: &Frame,
    items: &[Item],
) -> Option<(String, Vec<String>)> {
    let tool = vocabulary.tool(&frame.tool)?;
    let place = names.canonical().iter().any(|name| name == "production" || name == "staging");
    let candidate = items.iter().enumerate().find(|(at, item)| {
        let before = at.checked_sub(1).and_then(|at| items.get(at)).map_or("", |item| item.word.as_str());
        let placed = matches!(before, "in" | "on" | "to" | "at" | "into");
        let plain = item.is_word() && item.is_content() && tool.cue(&item.stem()).is_none();
        plain
            && !item.is_identifier()
            && !crate::ground::ordinary(&item.word)
            && !super::english::is_light(&item.word)
            && !super::english::is_filler(&item.word)
            && placed == place
            && !vocabulary.knows(&item.word)
    })?;
    let word = candidate.1.text.clone();
    Some((word.clone(), names.nearest(&word)))
}

/// The answer to what is no request, or none that can be done.
fn nothing_to_do(catalog: &Catalog, heard: Heard) -> Interpretation {
    if heard.deferred {
        let text = "I act on your own words alone. Say what I shall do, in full.".to_owned();
        return Interpretation::Clarify(Question {
            text,
            missing: vec!["confirmation".to_owned()],
            choices: Vec::new(),
        });
    }
    let exact = |tool: &str| catalog.tool(tool).map(usage).unwrap_or_default();
    match &heard.declined {
        Some((Mood::Conditional, tool)) => Interpretation::Refuse(format!(
            "I can do it now or not at all: nothing can be scheduled, made to depend on something or tried out. When it is time, write it again, or type {}",
            exact(tool)
        )),
        Some((Mood::Question, tool)) => Interpretation::Answer(about(catalog, tool)),
        Some((Mood::Negated, _)) => Interpretation::Answer("All right, I do nothing.".to_owned()),
        Some((
            Mood::Request
            | Mood::Statement
            | Mood::Reported
            | Mood::Unreal
            | Mood::Elsewhere
            | Mood::Correction,
            tool,
        )) => Interpretation::Answer(format!(
            "I did nothing, because I do not read that as a request of yours. To ask for it, write it as an order, or type {}",
            exact(tool)
        )),
        None => unknown(catalog, &heard),
    }
}

fn about(catalog: &Catalog, tool: &str) -> String {
    let Some(tool) = catalog.tool(tool) else { return String::new() };
    format!(
        "I read that as a question and do nothing. {}\n{}",
        tool.manifest().description.trim(),
        help_line(tool)
    )
}

fn unknown(catalog: &Catalog, heard: &Heard) -> Interpretation {
    let acted_on = |list: &List| *list != List::People;
    let names = heard.items.iter().any(|item| match &item.kind {
        Kind::Name(found) => found.iter().any(|(list, _)| acted_on(list)),
        Kind::Word | Kind::Mark | Kind::Number(_) | Kind::Duration(_) | Kind::Version | Kind::Quote => false,
    });
    let says = heard.items.iter().any(|item| {
        item.is_content()
            && !super::english::is_filler(&item.word)
            && !super::english::is_light(&item.word)
            && !super::english::is_small_talk(&item.word)
    });
    if names && heard.unknown.is_none() && !heard.question {
        let text = format!("What shall I do?\n{}", commands(catalog, heard));
        return Interpretation::Clarify(Question {
            text,
            missing: vec!["intent".to_owned()],
            choices: Vec::new(),
        });
    }
    if heard.items.iter().all(|item| item.kind == Kind::Quote) || (!says && !heard.question && !names) {
        return small(heard, catalog);
    }
    Interpretation::Answer(format!(
        "I do not understand that. You can ask for:\n{}",
        commands(catalog, heard)
    ))
}

/// A greeting, thanks, a word of agreement: nothing was asked. A plea without content is answered.
fn small(heard: &Heard, catalog: &Catalog) -> Interpretation {
    if heard.items.iter().any(|item| item.is("please") || item.is("help") || item.is("do")) {
        return Interpretation::Answer(format!(
            "What shall I do? You can ask for:\n{}",
            commands(catalog, heard)
        ));
    }
    Interpretation::Nothing
}

/// The nearest commands: those whose words occur, or else the first ones.
fn commands(catalog: &Catalog, heard: &Heard) -> String {
    let score = |tool: &&Tool| {
        let text = format!("{} {} {}", tool.name(), tool.manifest().title, tool.manifest().description)
            .to_lowercase();
        let words = heard.items.iter().filter(|item| item.is_content() && item.word.len() > 3);
        std::cmp::Reverse(words.filter(|item| text.contains(&item.stem())).count())
    };
    let mut tools: Vec<&Tool> = catalog.tools().collect();
    tools.sort_by_key(score);
    tools.into_iter().take(MOST).map(help_line).collect::<Vec<_>>().join("\n")
}
