use super::clause::Mood;
use super::english::{
    is_asking, is_copula, is_ended, is_function, is_later, is_light, is_negation, is_past, is_speech,
    is_subject, is_unreal,
};
use super::opening::{Step, courtesy, idiom, is_other, prefix};
use super::scan::{Item, Kind};
use super::vocabulary::Vocabulary;

/// What the writer does with a clause, and where it begins after the polite words.
pub(super) fn mood(items: &[Item], bot: &str, vocabulary: &Vocabulary) -> (Mood, usize) {
    let mut at = 0;
    if tried_out(items) {
        return (Mood::Conditional, 0);
    }
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
    if let Some(mood) = told(items, at, bot, vocabulary) {
        return (mood, at);
    }
    (inner(items, at, vocabulary), at)
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
fn told(items: &[Item], at: usize, bot: &str, vocabulary: &Vocabulary) -> Option<Mood> {
    let first = items.get(at)?;
    let is_cue = |item: &Item| item.is_word() && vocabulary.is_cue(&item.stem());
    // "tom roll back checkout"
    let next_orders = items
        .get(at + 1)
        .is_some_and(|item| item.is_word() && vocabulary.is_order(&item.stem()) && !is_past(&item.word));
    if is_other(first, bot) && next_orders {
        return Some(Mood::Elsewhere);
    }
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

/// "without actually doing it": it is to be tried out, which nothing can be.
fn tried_out(items: &[Item]) -> bool {
    let doing = |item: &Item| {
        matches!(item.word.as_str(), "doing" | "running" | "executing" | "applying" | "changing" | "touching")
    };
    let without = items.iter().position(|item| item.is("without"));
    without.is_some_and(|at| items.iter().skip(at + 1).take(3).any(doing))
}

/// Words that hang an order on something else, wherever they stand in it: "as long as", "the moment it fails".
fn hangs(items: &[Item], at: usize) -> bool {
    let word = |at: usize| items.get(at).map_or("", |item| item.word.as_str());
    let subject = |at: usize| {
        items.get(at).is_some_and(|item| {
            matches!(item.kind, Kind::Name(_))
                || is_subject(&item.word)
                || matches!(
                    item.word.as_str(),
                    "it" | "the" | "a" | "an" | "our" | "my" | "this" | "that" | "there"
                )
        })
    };
    match (word(at), word(at + 1), word(at + 2)) {
        ("as" | "so", "long", "as")
        | ("subject", "to", _)
        | ("depending", ..)
        | ("provided" | "providing" | "assuming" | "supposing", ..)
        | ("given", "that", _)
        | ("in", "case", _)
        | ("in", "the", "event")
        | ("on", "condition", _)
        | ("by", "the", "time") => true,
        ("the", "moment" | "minute" | "second" | "instant" | "day", _) => subject(at + 2),
        ("while" | "should", ..) if subject(at + 1) => word(at + 1) != "you",
        // "post that it was slow while traffic was high" tells.
        _ if items.iter().take(at).any(|item| item.is("that")) => false,
        // "while traffic is low"
        ("while", _, next) => is_copula(next) && word(at + 1) != "you",
        ("during", ..) | ("outside", "of" | "business" | "office" | "working" | "peak", _) => {
            (1..5).any(|offset| is_hours(word(at + offset)))
        }
        _ => false,
    }
}

/// Parts of a day or a week in which things are done.
fn is_hours(word: &str) -> bool {
    matches!(
        word,
        "hours"
            | "night"
            | "day"
            | "lunch"
            | "weekend"
            | "window"
            | "maintenance"
            | "downtime"
            | "freeze"
            | "off-peak"
    )
}

/// "roll back payments in prod is no option": the order is what is spoken of.
fn spoken_of(items: &[Item], at: usize) -> bool {
    let finite =
        items.get(at).is_some_and(|item| matches!(item.word.as_str(), "is" | "was" | "isn't" | "wasn't"));
    let before = at.checked_sub(1).and_then(|at| items.get(at));
    let told =
        items.iter().take(at).any(|item| matches!(item.word.as_str(), "that" | "whether" | "if" | "which"));
    finite
        && !told
        && before.is_some_and(|item| matches!(item.kind, Kind::Name(_) | Kind::Version | Kind::Number(_)))
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
    let order = cue.filter(|(_, item)| vocabulary.is_order(&item.stem())).map(|(at, _)| at);
    let word = |at: usize| items.get(at).map_or("", |item| item.word.as_str());
    for (at, item) in items.iter().enumerate().skip(start) {
        if courtesy(items, at) {
            continue;
        }
        if order.is_some_and(|order| at > order) {
            if hangs(items, at) {
                return Mood::Conditional;
            }
            if spoken_of(items, at) {
                return Mood::Statement;
            }
        }
        let later = item.is_word() && is_later(&item.word) && !(item.is("once") && word(at + 1) == "more");
        let after = matches!(item.word.as_str(), "after" | "before")
            && at > start
            && !matches!(word(at + 1), "that" | "this" | "")
            && !matches!(
                word(at.wrapping_sub(1)),
                "version"
                    | "release"
                    | "one"
                    | "build"
                    | "had"
                    | "was"
                    | "deploy"
                    | "the"
                    | "from"
                    | "as"
                    | "like"
                    | "than"
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
