use super::clause::Mood;
use super::english::{
    is_asking, is_copula, is_ended, is_filler, is_function, is_later, is_light, is_negation, is_past,
    is_speech, is_subject, is_unreal,
};
use super::scan::{Item, Kind};
use super::vocabulary::Vocabulary;
use crate::catalog::List;

/// What the writer does with a clause, and where it begins after the polite words.
pub(super) fn mood(items: &[Item], bot: &str, vocabulary: &Vocabulary) -> (Mood, usize) {
    let mut at = 0;
    loop {
        match prefix(items, at, bot) {
            Step::Skip(count) => at += count,
            Step::Is(mood) => return (mood, at),
            Step::Wants(count) => {
                let start = at + count + idiom(items, at + count);
                return (inner(items, start, vocabulary), start);
            }
            Step::Go => break,
        }
    }
    let word = |offset: usize| items.get(at + offset).map_or("", |item| item.word.as_str());
    // "do a rollback" orders, "do we roll back" asks.
    let does = word(0) == "do" && matches!(word(1), "a" | "an" | "the" | "another" | "it" | "that" | "this");
    if (is_asking(word(0)) && !does) || modal_question(items, at) {
        return (Mood::Question, at);
    }
    if matches!(word(0), "can" | "could" | "would" | "will" | "may" | "might") {
        return (inner(items, at + 1, vocabulary), at + 1);
    }
    if let Some(mood) = told(items, at, vocabulary) {
        return (mood, at);
    }
    (inner(items, at, vocabulary), at)
}

enum Step {
    /// Polite words.
    Skip(usize),
    /// It is clear.
    Is(Mood),
    /// "can you", "we want": what follows is wanted.
    Wants(usize),
    /// The clause itself begins.
    Go,
}

fn prefix(items: &[Item], at: usize, bot: &str) -> Step {
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
        ("please" | "can" | "could" | "would" | "will", ..) if at > 0 && called(items, at) => {
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
        ("as", "soon", "as") | ("in", "case", _) => Step::Is(Mood::Conditional),
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
        (_, "please" | "can" | "could" | "would" | "will", _) if is_person(item) => Step::Skip(1),
        (first, ..) if is_filler(first) || item.kind == Kind::Mark => Step::Skip(1),
        _ => Step::Go,
    }
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

/// "see to it that", "make sure that": how many items say no more than that it is wanted.
fn idiom(items: &[Item], at: usize) -> usize {
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
fn called(items: &[Item], at: usize) -> bool {
    let before = at.checked_sub(1).and_then(|at| items.get(at));
    before.is_some_and(is_person)
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

/// "if you can", "when you get a chance", "as soon as possible": no condition.
fn courtesy(items: &[Item], at: usize) -> bool {
    let word = |offset: usize| items.get(at + offset).map_or("", |item| item.word.as_str());
    let before = at.checked_sub(1).and_then(|at| items.get(at)).map_or("", |item| item.word.as_str());
    // "let me know when it is done"
    if matches!(word(0), "when" | "once") && matches!(before, "know" | "me" | "us" | "back") {
        return true;
    }
    if word(0) == "if" && matches!(before, "check" | "see" | "tell" | "know" | "me" | "look" | "out") {
        return true;
    }
    let agreeable = matches!(word(3), "ok" | "okay" | "fine" | "possible" | "alright" | "convenient");
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

/// "can the gateway be scaled to zero?" asks, and so does "could rolling back lose orders?"; "could the gateway be scaled
/// to 3, please?" wants.
fn modal_question(items: &[Item], at: usize) -> bool {
    let word = items.get(at).map_or("", |item| item.word.as_str());
    let rest = items.get(at + 1..).unwrap_or_default();
    let subject = rest.iter().find(|item| !item.is("the"));
    let named = subject.is_some_and(|item| matches!(item.kind, Kind::Name(_)));
    let done = rest.iter().zip(rest.iter().skip(1)).any(|(be, next)| {
        matches!(be.word.as_str(), "be" | "get" | "have" | "go")
            && (is_past(&next.word) || be.is("have") || be.is("go") || next.word.contains("back"))
    });
    let wants = named && done && (word == "could" || items.iter().any(|item| item.is("please")));
    let doubts = items.iter().any(|item| matches!(item.word.as_str(), "even" | "ever" | "also"));
    matches!(word, "can" | "could" | "would" | "will" | "may" | "might") && (!wants || doubts)
}

/// What a clause with a subject tells: a report of somebody's words, something done, something that is so.
fn told(items: &[Item], at: usize, vocabulary: &Vocabulary) -> Option<Mood> {
    let first = items.get(at)?;
    let is_cue = |item: &Item| item.is_word() && vocabulary.is_cue(&item.stem());
    let is_deed =
        |item: &Item| item.is_word() && vocabulary.tools().iter().any(|tool| tool.is_deed(&item.stem()));
    let ended = is_deed(first)
        && items.len() > 2
        && items.last().is_some_and(|last| last.is_word() && is_ended(&last.word))
        && !items.iter().any(|item| item.is("that"));
    let please = items.iter().any(|item| item.is("please"));
    // "the deploy of checkout": a thing, and no order.
    let thing = matches!(first.word.as_str(), "the" | "that" | "this" | "our" | "a")
        && items.get(at + 1).is_some_and(is_deed)
        && !please;
    if ended || (thing && items.get(at + 2).is_some_and(|next| next.is("of") || next.is("for"))) {
        return Some(Mood::Statement);
    }
    let orders = first.is_word()
        && !is_subject(&first.word)
        && !is_past(&first.word)
        && (is_light(&first.word) || is_cue(first))
        && !items.get(at + 1).is_some_and(|next| next.is_word() && is_copula(&next.word));
    if orders && first.word.ends_with("ing") && is_cue(first) && first.word.len() > 5 {
        return Some(Mood::Statement);
    }
    if orders {
        return None;
    }
    let own = matches!(
        first.word.as_str(),
        "i" | "we" | "i'd" | "i'm" | "we're" | "i've" | "we've" | "i'll" | "we'll" | "we'd"
    );
    for (offset, item) in items.iter().enumerate().skip(at) {
        if !item.is_word() {
            if item.kind == Kind::Mark {
                return None;
            }
            continue;
        }
        let begins = offset == at;
        if is_negation(&item.word) {
            return Some(Mood::Negated);
        }
        if !begins && !own && is_speech(&item.word) {
            return Some(Mood::Reported);
        }
        let before = offset.checked_sub(1).and_then(|at| items.get(at));
        let possessive =
            item.is("'s") && before.is_some_and(|item| !item.is_word() || !is_function(&item.word));
        if !begins && !possessive && is_copula(&item.word) {
            return Some(Mood::Statement);
        }
        if is_past(&item.word) && (is_cue(item) || own) {
            return Some(Mood::Statement);
        }
        if matches!(item.word.as_str(), "if" | "when" | "whether" | "unless") {
            return None;
        }
    }
    (own || matches!(
        first.word.as_str(),
        "he" | "she" | "they" | "everybody" | "somebody" | "someone" | "everyone"
    ))
    .then_some(Mood::Statement)
}

/// The mood of what is wanted: a negation, a time or a condition in it changes it.
fn inner(items: &[Item], start: usize, vocabulary: &Vocabulary) -> Mood {
    let cue = items
        .iter()
        .enumerate()
        .skip(start)
        .find(|(_, item)| item.is_content() && vocabulary.is_cue(&item.stem()));
    let before = cue.map_or(items.len(), |(at, _)| at);
    let negated = |item: &Item| item.is_word() && is_negation(&item.word);
    if cue.is_some() && items.iter().take(before).skip(start.saturating_sub(1)).any(negated) {
        return Mood::Negated;
    }
    let word = |at: usize| items.get(at).map_or("", |item| item.word.as_str());
    for (at, item) in items.iter().enumerate().skip(start) {
        if courtesy(items, at) {
            continue;
        }
        let later = item.is_word() && is_later(&item.word) && !(item.is("once") && word(at + 1) == "more");
        let after = matches!(item.word.as_str(), "after" | "before")
            && at > start
            && !matches!(word(at + 1), "that" | "this" | "")
            && !matches!(
                word(at.wrapping_sub(1)),
                "version" | "release" | "one" | "build" | "had" | "was" | "deploy" | "the"
            );
        let lasting = item.is("for")
            && items.iter().skip(at + 1).take(3).any(|next| matches!(next.kind, Kind::Duration(_)));
        let every = item.is("every") && !matches!(word(at + 1), "one");
        let at_a_time = item.is("at")
            && items.get(at + 1).is_some_and(|next| {
                next.text.contains(':') || matches!(next.kind, Kind::Number(_)) && at + 2 >= items.len()
            });
        let in_a_while = item.is("in")
            && items.get(at + 1).is_some_and(|next| matches!(next.kind, Kind::Duration(_)))
            || matches!(
                (word(at), word(at + 1), word(at + 2)),
                ("in", "a" | "an", "minute" | "hour" | "moment" | "while" | "bit")
            );
        let dry = item.is("dry-run") || (item.is("dry") && word(at + 1) == "run") || item.is("would");
        let soon = item.is("as") && word(at + 1) == "soon" && !courtesy(items, at);
        let next_time = matches!(
            (word(at), word(at + 1)),
            ("next" | "this", "week" | "month" | "weekend" | "evening" | "night" | "afternoon")
        );
        let from = at
            .checked_sub(1)
            .and_then(|at| items.get(at))
            .is_some_and(|item| item.is("from") || item.is("since"));
        let over = item.is("yesterday")
            || item.is("ago")
            || matches!(
                (word(at), word(at + 1)),
                ("this", "morning") | ("last", "night") | ("earlier", "today")
            );
        if over && !from && !items.iter().any(|item| item.is("'s")) {
            return Mood::Statement;
        }
        if later || after || lasting || every || at_a_time || in_a_while || dry || soon || next_time {
            return Mood::Conditional;
        }
    }
    if items.iter().skip(start).any(|item| item.is_word() && is_unreal(&item.word)) {
        return Mood::Unreal;
    }
    Mood::Request
}
