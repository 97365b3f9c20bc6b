use super::clause::{Clause, Mood};
use super::english::{is_asking, is_correcting, is_filler, is_function, is_light, is_looking, is_particle};
use super::fill::strange;
use super::scan::{Item, Kind};
use super::slot::{Shape, Slot};
use super::vocabulary::{ToolWords, Vocabulary};
use crate::catalog::List;
use crate::ground::{change, tokenize};

/// The tool that a clause calls for.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Choice {
    pub tool: String,
    /// Whether words call for it, and not just the kinds of things that are named.
    pub by_words: bool,
    /// Where the word stands that calls for it most.
    pub at: usize,
    pub score: f64,
}

/// Less than this is no call for a tool.
const ENOUGH: f64 = 0.6;
/// How much more the first word of a clause says than the others.
const HEAD: f64 = 2.5;

/// Finds the tool that a clause calls for, by the words of the tools' examples first and by what is named second.
pub(super) fn choose(clause: &Clause, vocabulary: &Vocabulary) -> Option<Choice> {
    let items = clause.items.as_slice();
    // What is told, denied or imagined has no verb of an order in front.
    let ordered = matches!(clause.mood, Mood::Request | Mood::Correction);
    let head = head(items, clause.start).filter(|_| ordered);
    let scored = vocabulary.tools().iter().filter_map(|tool| score(tool, clause, head, vocabulary));
    let mut scored: Vec<Choice> = scored.collect();
    // A question rather reads.
    if clause.mood == Mood::Question {
        let reads = |choice: &Choice| vocabulary.tool(&choice.tool).is_some_and(|tool| !tool.mutates);
        scored.iter_mut().filter(|choice| reads(choice)).for_each(|choice| choice.score += 0.2);
    }
    // Who uses a tool's words means it, whatever else the things that are named would fit.
    if scored.iter().any(|choice| choice.by_words && choice.score >= ENOUGH) {
        scored.retain(|choice| choice.by_words);
    }
    scored.sort_by(|one, two| two.score.total_cmp(&one.score));
    let mut best = scored.into_iter();
    let first = best.next()?;
    let tie = best.next().is_some_and(|second| first.score - second.score < 0.05);
    (first.score >= ENOUGH && !tie).then_some(first)
}

/// The word that stands where a verb of an order stands: the first that names something, unless a thing is named
/// before it ("checkout logs").
fn head(items: &[Item], start: usize) -> Option<usize> {
    let first = items.iter().enumerate().skip(start).find(|(_, item)| match item.kind {
        Kind::Word => {
            !is_function(&item.word)
                && !is_asking(&item.word)
                && !is_filler(&item.word)
                && !is_correcting(&item.word)
        }
        Kind::Name(_) | Kind::Version | Kind::Number(_) | Kind::Duration(_) | Kind::Quote => true,
        Kind::Mark => false,
    });
    first.filter(|(_, item)| item.is_word()).map(|(at, _)| at)
}

fn score(tool: &ToolWords, clause: &Clause, head: Option<usize>, vocabulary: &Vocabulary) -> Option<Choice> {
    let items = clause.items.as_slice();
    let asked = clause.mood == Mood::Question || items.iter().any(|item| item.is("whether") || item.is("if"));
    let mut score = 0.0;
    let mut strongest = (0.0, None);
    let mut seen = Vec::new();
    let mut by_words = false;
    for (at, item) in items.iter().enumerate().filter(|(_, item)| item.is_word()) {
        let stem = item.stem();
        // "up" and "ok" call for a tool in a question alone.
        if login(items, at)
            || seen.contains(&stem)
            || (is_function(&item.word) && !asked && !tool.nouns.contains(&stem))
        {
            continue;
        }
        let Some(weight) = tool.cue(&stem) else { continue };
        let weight = if Some(at) == head && tool.is_head(&stem) { weight * HEAD } else { weight };
        by_words |= !is_light(&item.word) && (asked || !is_particle(&item.word));
        score += weight;
        if weight > strongest.0 {
            strongest = (weight, Some(at));
        }
        seen.push(stem);
    }
    let counts = tool.slots.iter().any(|slot| slot.shape == Shape::Number && slot.required);
    let relative = counts && change(&tokens(items)).is_some();
    if !relative && (blocked(tool, items, head) || (strongest.0 < HEAD && other_object(tool, items, head))) {
        return None;
    }
    if outside_family(tool, items) && !peculiar(tool, items, vocabulary) {
        return None;
    }
    let more = counts
        && items.iter().any(|item| matches!(item.word.as_str(), "more" | "fewer" | "less" | "additional"));
    let fit = fit(tool, items) + if more { 0.3 } else { 0.0 };
    let said = items.get(clause.start..).unwrap_or_default();
    let signature = (signature(tool, items) && !has_strange(tool, said))
        || (strongest.0 > 0.0 && peculiar(tool, items, vocabulary));
    if !by_words && !signature && !relative {
        return None;
    }
    score += fit + if relative { 1.0 } else { 0.0 } + if signature { 0.6 } else { 0.0 };
    let at = strongest.1.unwrap_or_else(|| head.unwrap_or(0));
    Some(Choice { tool: tool.name.clone(), by_words, at, score })
}

/// The items as tokens, for readers of numbers.
pub(super) fn tokens(items: &[Item]) -> Vec<crate::ground::Token> {
    items.iter().flat_map(|item| tokenize(&item.word)).collect()
}

/// "log in" is no log.
fn login(items: &[Item], at: usize) -> bool {
    let word = |at: usize| items.get(at).map_or("", |item| item.word.as_str());
    matches!((word(at), word(at + 1)), ("log" | "logged" | "logging", "in" | "out" | "on" | "into"))
        && !items.get(at + 2).is_some_and(|next| matches!(next.kind, Kind::Name(_)))
}

/// Whether the clause orders something that this tool does not do: its verb is none of the tool's.
fn blocked(tool: &ToolWords, items: &[Item], head: Option<usize>) -> bool {
    let Some((at, head)) = head.and_then(|at| Some((at, items.get(at)?))) else { return false };
    let stem = head.stem();
    if tool.cue(&stem).is_some() {
        return undoes_itself(tool, items, at);
    }
    if is_light(&head.word) {
        return tool.mutates && is_looking(&head.word);
    }
    tool.mutates || acts(items, at)
}

/// "undo the rollback" is no rollback.
fn undoes_itself(tool: &ToolWords, items: &[Item], at: usize) -> bool {
    let named = |item: &Item| item.is_word() && tool.nouns.contains(&item.stem());
    let verb = items
        .get(at)
        .is_some_and(|item| !is_light(&item.word) && !named(item) && !tool.with_noun.contains(&item.stem()));
    tool.mutates && tool.nouns.len() == 1 && verb && items.iter().skip(at + 1).any(named)
}

/// Whether a word has an object, as a verb has: "delete the logs", "restart checkout".
fn acts(items: &[Item], at: usize) -> bool {
    let next = items.get(at + 1);
    next.is_some_and(|next| {
        matches!(next.kind, Kind::Name(_))
            || matches!(
                next.word.as_str(),
                "the" | "all" | "a" | "an" | "this" | "that" | "my" | "our" | "it" | "every" | "these"
            )
    })
}

/// Whether a tool of a family (`incident.update`) is spoken of without the family's word: "update the config" is no
/// update of an incident, "update: we are back" is.
fn outside_family(tool: &ToolWords, items: &[Item]) -> bool {
    let Some(family) = &tool.family else { return false };
    let named = items.iter().any(|item| item.is_word() && item.stem() == *family);
    let bare = !items.iter().any(|item| distinct(item) || strange(tool, item));
    let short = items.iter().filter(|item| item.is_content()).count() <= 2;
    !named && (!bare || !short)
}

/// "drop the sessions table", "raise the memory limit of checkout": the verb is a usual one, and what it is done to is
/// nothing that the tool knows.
fn other_object(tool: &ToolWords, items: &[Item], head: Option<usize>) -> bool {
    let Some(at) = head else { return false };
    let by_name = items.get(at).is_some_and(|item| tool.nouns.contains(&item.stem()));
    let prose =
        tool.slots.iter().any(|slot| slot.required && matches!(slot.shape, Shape::Text | Shape::Phrase));
    let reads_named = !tool.mutates && items.iter().any(|item| takes(tool, item));
    if by_name || prose || reads_named {
        return false;
    }
    let object = items.get(at + 1..).unwrap_or_default().iter();
    let mut object = object
        .skip_while(|item| item.is_word() && is_function(&item.word))
        .take_while(|item| item.is_content())
        .peekable();
    object.peek().is_some() && object.any(|item| strange(tool, item))
}

/// Whether a clause names things that the tool knows nothing of, so that its numbers and names prove little.
fn has_strange(tool: &ToolWords, items: &[Item]) -> bool {
    tool.mutates
        && items
            .iter()
            .any(|item| strange(tool, item) && !is_asking(&item.word) && !is_correcting(&item.word))
}

/// How well the things that are named fit the arguments.
fn fit(tool: &ToolWords, items: &[Item]) -> f64 {
    let takes_anything =
        tool.slots.iter().any(|slot| matches!(slot.shape, Shape::Text | Shape::Phrase) && slot.required);
    let named = items.iter().filter(|item| distinct(item));
    let states = items.iter().filter(|item| item.is_word() && names_choice(tool, item)).count();
    let states = if states > 0 { 0.5 } else { 0.0 };
    states
        + named
            .map(|item| match (takes(tool, item), takes_anything) {
                (true, _) => 0.3,
                (false, true) => 0.0,
                (false, false) => -0.5,
            })
            .sum::<f64>()
}

/// Whether a word is one of the few that an argument may be.
fn names_choice(tool: &ToolWords, item: &Item) -> bool {
    let fixed = tool.slots.iter().filter(|slot| slot.shape == Shape::Enum);
    fixed.filter_map(|slot| slot.names.as_ref()).any(|names| names.resolve(&item.word).is_some())
}

fn distinct(item: &Item) -> bool {
    match &item.kind {
        // Whoever is named is not acted on.
        Kind::Name(found) => found.iter().any(|(list, _)| *list != List::People),
        Kind::Version | Kind::Duration(_) | Kind::Number(_) => true,
        Kind::Word | Kind::Mark | Kind::Quote => false,
    }
}

pub(super) fn takes(tool: &ToolWords, item: &Item) -> bool {
    tool.slots.iter().any(|slot| slot_takes(slot, item))
}

fn slot_takes(slot: &Slot, item: &Item) -> bool {
    match (slot.shape, &item.kind) {
        (Shape::Name(list), Kind::Name(_)) => item.name_in(list).is_some(),
        (Shape::Number, Kind::Number(_)) => slot.required && item.is_count(),
        (Shape::Identifier, Kind::Number(_)) => slot.required,
        (Shape::Duration, Kind::Duration(_)) => true,
        (Shape::Version, Kind::Version) => true,
        (Shape::Version | Shape::Identifier, Kind::Word) => slot.keywords.contains(&item.word),
        (
            Shape::Name(_)
            | Shape::Enum
            | Shape::Number
            | Shape::Flag
            | Shape::Duration
            | Shape::Version
            | Shape::Identifier
            | Shape::Phrase
            | Shape::Text,
            _,
        ) => false,
    }
}

/// Whether the kinds of things that are named belong to this tool alone: a version with a service or a place, a
/// number of things with one.
fn signature(tool: &ToolWords, items: &[Item]) -> bool {
    // "in the last 30 minutes" looks back, "for ten minutes" need not.
    let recent = items.iter().any(|item| item.is("last") || item.is("past"));
    let said = |slot: &Slot| {
        items.iter().any(|item| match (slot.shape, &item.kind) {
            (Shape::Version, Kind::Version) => true,
            (Shape::Number, Kind::Number(_)) => item.is_count(),
            (Shape::Identifier, Kind::Number(_)) => !item.is_count(),
            (Shape::Identifier, Kind::Word) if item.is_identifier() => !item.is_reference(),
            (Shape::Duration, Kind::Duration(_)) => recent,
            (Shape::Version | Shape::Identifier, Kind::Word) => slot.keywords.contains(&item.word),
            _ => false,
        })
    };
    let mut named = items.iter().filter(|item| distinct(item));
    let tells = |slot: &&Slot| slot.required || (slot.shape == Shape::Duration && !tool.mutates);
    let telling = tool.slots.iter().filter(tells).any(said);
    telling
        && named.clone().any(|item| matches!(item.kind, Kind::Name(_)))
        && named.all(|item| takes(tool, item))
}

/// Whether a name is of a list that this tool alone needs: a severity calls for an incident.
fn peculiar(tool: &ToolWords, items: &[Item], vocabulary: &Vocabulary) -> bool {
    let needs = |tool: &ToolWords, list: List| {
        tool.slots.iter().any(|slot| slot.required && slot.shape == Shape::Name(list))
    };
    let mut lists = items.iter().flat_map(|item| match &item.kind {
        Kind::Name(found) => found.iter().map(|(list, _)| *list).collect(),
        Kind::Word | Kind::Mark | Kind::Number(_) | Kind::Duration(_) | Kind::Version | Kind::Quote => {
            Vec::new()
        }
    });
    tool.text().is_some()
        && lists.any(|list| {
            needs(tool, list) && vocabulary.tools().iter().filter(|tool| needs(tool, list)).count() == 1
        })
}
