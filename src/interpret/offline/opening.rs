use super::clause::Mood;
use super::english::{is_assistant, is_filler, is_unreal};
use super::scan::{Item, Kind};
use crate::catalog::List;

pub(super) enum Step {
    /// Polite words.
    Skip(usize),
    /// It is clear.
    Is(Mood),
    /// "can you", "we want": what follows is wanted.
    Wants(usize),
    /// The clause itself begins.
    Go,
}

pub(super) fn prefix(items: &[Item], at: usize, bot: &str) -> Step {
    let word = |offset: usize| items.get(at + offset).map_or("", |item| item.word.as_str());
    let Some(item) = items.get(at) else { return Step::Go };
    if let Some(name) = item.word.strip_prefix('@') {
        return if name == bot || name == "bot" || name == "here" {
            Step::Skip(1)
        } else {
            Step::Is(Mood::Elsewhere)
        };
    }
    if item.is(bot) {
        return Step::Skip(1);
    }
    match (word(0), word(1), word(2)) {
        ("no", "need" | "more", _)
        | ("hold", "off" | "on", _)
        | ("do", "not", _)
        | ("let's" | "lets", "not", _)
        | ("let", "'s", "not") => Step::Is(Mood::Negated),
        ("don't" | "dont", "forget" | "hesitate", "to") => Step::Skip(3),
        ("don't" | "dont", "forget", _) => Step::Skip(2),
        (
            "don't" | "dont" | "never" | "not" | "nobody" | "without" | "avoid" | "leave" | "except" | "skip",
            ..,
        ) => Step::Is(Mood::Negated),
        ("i", "mean" | "meant", _)
        | (
            "correction" | "scratch" | "oops" | "sorry" | "whoops" | "er" | "erm" | "uh" | "uhm" | "actually",
            ..,
        ) => Step::Is(Mood::Correction),
        ("no" | "oh", "wait", _) => Step::Is(Mood::Correction),
        ("make", "that", _) => Step::Is(Mood::Correction),
        ("or", "rather", _) | ("rather", ..) => Step::Is(Mood::Correction),
        ("after" | "before", "that" | "this", _) => Step::Skip(2),
        ("about" | "going" | "gonna", "to", _) => Step::Is(Mood::Statement),
        ("wait", "", _) => Step::Is(Mood::Correction),
        ("wait", "for" | "until" | "till", _) => Step::Is(Mood::Conditional),
        ("for", "example" | "instance", _) | ("e.g" | "eg" | "i.e" | "ie", ..) => Step::Is(Mood::Reported),
        ("please" | "can" | "could" | "would" | "will", ..) if at > 0 && called(items, at, bot) => {
            Step::Is(Mood::Elsewhere)
        }
        ("thank", "you", _) => Step::Skip(2),
        ("see" | "make", ..) if idiom(items, at) > 0 => Step::Skip(idiom(items, at)),
        // "would you roll it back?" may ask for an opinion.
        ("would", "you" | "u", next) if next != "mind" && !items.iter().any(is_plea) => {
            Step::Is(Mood::Question)
        }
        (
            "can" | "could" | "would" | "will",
            "you" | "u" | "somebody" | "someone" | "anybody" | "anyone",
            _,
        ) => Step::Wants(if word(2) == "mind" { 3 } else { 2 }),
        ("may" | "can" | "could", "i" | "we", "see" | "have" | "get") => Step::Wants(2),
        ("could", "we" | "i", _) => Step::Wants(2),
        ("can", "we" | "i", _) if items.iter().any(|item| item.is("please")) => Step::Wants(2),
        ("let's" | "lets", ..) => Step::Wants(1),
        ("let", "'s" | "me" | "us", "say" | "assume" | "pretend" | "imagine" | "suppose") => {
            Step::Is(Mood::Unreal)
        }
        ("let", "us" | "me" | "'s", _) => Step::Wants(2),
        ("i'd" | "we'd", "like" | "love", _) => Step::Wants(if word(2) == "to" { 3 } else { 2 }),
        ("i" | "we", "would", "like" | "love") => Step::Wants(if word(3) == "to" { 4 } else { 3 }),
        ("i" | "we", "want" | "need" | "wanna", _) => Step::Wants(if word(2) == "to" { 3 } else { 2 }),
        ("i" | "we", "have", "to") => Step::Wants(3),
        ("want" | "need", ..) => Step::Wants(1),
        ("i'm" | "we're", "asking", _) => Step::Skip(2),
        _ if courtesy(items, at) => Step::Is(Mood::Statement),
        ("what", "if", _) | ("if", "only", _) => Step::Is(Mood::Unreal),
        ("as", "soon", "as")
        | ("as" | "so", "long", "as")
        | ("in", "case", _)
        | ("in", "the", "event")
        | ("provided" | "providing" | "assuming" | "depending", ..)
        | ("given", "that", _)
        | ("on", "condition", _)
        | ("subject", "to", _)
        | ("by", "the", "time")
        | ("the", "moment" | "minute" | "second" | "instant", "the" | "it" | "they" | "we" | "i" | "you") => {
            Step::Is(Mood::Conditional)
        }
        ("it" | "would" | "i'd" | "i", ..) if nicely(items, at).is_some() => {
            Step::Wants(nicely(items, at).unwrap_or_default())
        }
        (
            "i" | "we",
            "wonder" | "think" | "guess" | "believe" | "feel" | "doubt" | "hope" | "remember" | "suppose",
            _,
        ) => Step::Is(Mood::Unreal),
        ("according", "to", _) => Step::Is(Mood::Reported),
        ("when" | "once", _, _) if sequence(items, at) => Step::Is(Mood::Statement),
        ("if" | "once" | "whenever" | "unless" | "until" | "after" | "before" | "while", ..) => {
            Step::Is(Mood::Conditional)
        }
        ("when", ..) if !items.iter().any(|item| item.is("?")) && subject_follows(items, at + 1) => {
            Step::Is(Mood::Conditional)
        }
        ("in", ..) if matches!(items.get(at + 1).map(|item| &item.kind), Some(Kind::Duration(_))) => {
            Step::Is(Mood::Conditional)
        }
        ("fyi" | "btw" | "apparently" | "ps", ..) => Step::Is(Mood::Statement),
        (first, ..) if is_unreal(first) => Step::Is(Mood::Unreal),
        (_, "please" | "can" | "could" | "would" | "will", _) if is_other(item, bot) => Step::Skip(1),
        (first, ..) if is_filler(first) || item.kind == Kind::Mark => Step::Skip(1),
        _ => Step::Go,
    }
}

/// "see to it that", "make sure that": how many items say no more than that it is wanted.
pub(super) fn idiom(items: &[Item], at: usize) -> usize {
    let word = |offset: usize| items.get(at + offset).map_or("", |item| item.word.as_str());
    match (word(0), word(1), word(2), word(3)) {
        ("see", "to", "it", "that") => 4,
        ("make", "sure", "that", _) => 3,
        ("make", "sure", ..) => 2,
        _ => 0,
    }
}

fn is_plea(item: &Item) -> bool {
    matches!(item.word.as_str(), "please" | "pls" | "plz" | "kindly")
}

/// "tom please ...", "tom, can you ...": somebody else is meant.
fn called(items: &[Item], at: usize, bot: &str) -> bool {
    let before = at.checked_sub(1).and_then(|at| items.get(at));
    before.is_some_and(|item| is_other(item, bot))
}

/// Whether an item names somebody else who can be asked: a person, or another bot.
pub(super) fn is_other(item: &Item, bot: &str) -> bool {
    let named = is_assistant(&item.word) || (item.word.ends_with("bot") && item.word.len() > "bot".len());
    is_person(item) || (item.is_word() && named && !item.is(bot))
}

/// Whether an item is the name of a person and of nothing else.
pub(super) fn is_person(item: &Item) -> bool {
    match &item.kind {
        Kind::Name(found) => found.iter().all(|(list, _)| *list == List::People),
        Kind::Word | Kind::Mark | Kind::Number(_) | Kind::Duration(_) | Kind::Version | Kind::Quote => false,
    }
}

/// "it would be great if you could deploy": how many items stand before the order.
fn nicely(items: &[Item], at: usize) -> Option<usize> {
    let word = |offset: usize| items.get(at + offset).map_or("", |item| item.word.as_str());
    let would =
        (0..4).any(|offset| matches!(word(offset), "would" | "appreciate" | "i'd" | "great" | "nice"));
    let found = (2..8).find(|offset| {
        word(*offset) == "if"
            && word(offset + 1) == "you"
            && matches!(word(offset + 2), "could" | "can" | "would")
    });
    found.filter(|_| would).map(|offset| offset + 3)
}

/// "when that is done", "once it has finished": what was asked before, and no condition of its own.
fn sequence(items: &[Item], at: usize) -> bool {
    let points = items.get(at + 1).is_some_and(|item| {
        matches!(item.word.as_str(), "that" | "this" | "it" | "done" | "finished" | "they")
    });
    let ends = items.iter().skip(at + 1).any(|item| {
        matches!(
            item.word.as_str(),
            "done"
                | "finished"
                | "through"
                | "over"
                | "complete"
                | "completed"
                | "ready"
                | "worked"
                | "works"
                | "succeeded"
        )
    });
    points && ends
}

/// "if you can", "when you get a chance", "as soon as possible": no condition.
pub(super) fn courtesy(items: &[Item], at: usize) -> bool {
    let word = |offset: usize| items.get(at + offset).map_or("", |item| item.word.as_str());
    let before = at.checked_sub(1).and_then(|at| items.get(at)).map_or("", |item| item.word.as_str());
    // "let me know when it is done"
    if matches!(word(0), "when" | "once") && matches!(before, "know" | "me" | "us" | "back") {
        return true;
    }
    if word(0) == "if" && matches!(before, "check" | "see" | "tell" | "know" | "me" | "look" | "out") {
        return true;
    }
    let agreeable =
        matches!(word(3), "ok" | "okay" | "fine" | "possible" | "alright" | "convenient" | "cool")
            || (word(3), word(4)) == ("all", "right");
    if word(0) == "if" && matches!((word(1), word(2)), ("that" | "it", "'s" | "is")) && agreeable {
        return true;
    }
    matches!(
        (word(0), word(1), word(2)),
        ("if" | "when", "possible" | "necessary" | "needed", _)
            | ("if", "you", "can" | "could" | "don't" | "would" | "please" | "may" | "have")
            | ("when" | "whenever" | "once", "you", "can" | "get" | "have" | "find")
            | ("as", "soon", "as")
    ) && (word(0) != "as" || matches!(word(3), "possible" | "you"))
}

/// "when the tests are green": a clause with a subject, and no question.
fn subject_follows(items: &[Item], at: usize) -> bool {
    let first = items.get(at).map_or("", |item| item.word.as_str());
    !matches!(
        first,
        "is" | "was" | "did" | "does" | "do" | "will" | "are" | "were" | "has" | "have" | "can" | "should"
    )
}
