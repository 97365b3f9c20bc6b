use super::choose::takes;
use super::clause::{Clause, Sentence};
use super::english::{is_filler, is_function, is_later, is_pointing};
use super::fill::{Link, fills};
use super::scan::{Item, Kind};
use super::slot::Shape;
use super::vocabulary::ToolWords;

/// "do what the log suggests", "exactly as ruth says", "look above": the order is in words that are not the asker's.
pub(super) fn deferred(items: &[Item]) -> bool {
    let word = |at: usize| items.get(at).map_or("", |item| item.word.as_str());
    (0..items.len()).any(|at| {
        let follow = matches!(
            (word(at), word(at + 1)),
            ("do" | "execute" | "run" | "apply" | "follow", "what" | "whatever" | "as")
                | ("look" | "see" | "read", "above")
                | ("follow", _)
        );
        let as_somebody_says = word(at) == "as"
            && (2..=4).any(|offset| {
                matches!(
                    word(at + offset),
                    "says"
                        | "said"
                        | "suggests"
                        | "suggested"
                        | "wrote"
                        | "writes"
                        | "asks"
                        | "asked"
                        | "wants"
                        | "proposed"
                        | "described"
                )
            });
        let elsewhere = matches!(word(at), "do" | "execute" | "apply" | "follow" | "carry" | "perform")
            && items.iter().skip(at + 1).any(|item| {
                matches!(
                    item.word.as_str(),
                    "steps"
                        | "instructions"
                        | "suggestion"
                        | "recommendation"
                        | "remedy"
                        | "workaround"
                        | "fix"
                        | "thing"
                )
            });
        follow || as_somebody_says || elsewhere
    })
}

/// Whether a clause names nothing new for a tool that was called for already: "prod needs gateway 1.18.4, deploy it".
pub(super) fn adds_nothing(clause: &Clause, tool: &ToolWords) -> bool {
    (points(&clause.items) || !tool.mutates)
        && tool.text().is_none()
        && fills(tool, &clause.items, Link::None).is_empty()
        && !tool.slots.iter().any(|slot| slot.shape == Shape::Phrase && slot.required)
}

pub(super) fn points(items: &[Item]) -> bool {
    items.iter().any(|item| item.is_word() && is_pointing(&item.word))
}

/// "can you also run migrations?": what it can do, and not to do it.
pub(super) fn capability(clause: &Clause, tool: &ToolWords) -> bool {
    let word = |at: usize| clause.items.get(at).map_or("", |item| item.word.as_str());
    let asks = (0..clause.start).any(|at| matches!((word(at), word(at + 1)), ("can" | "could", "you" | "u")));
    let says = |words: &[&str]| clause.items.iter().any(|item| words.contains(&item.word.as_str()));
    let named = !fills(tool, &clause.items, Link::None).is_empty();
    asks && !named
        && tool.mutates
        && (says(&["also", "even", "ever"])
            || !says(&["please", "me", "something", "it", "this", "that", "the", "a", "an", "us"]))
}

/// Whether a question is about a reading tool, or about what somebody posted, and not for what the tool reads.
pub(super) fn about(clause: &Clause, tool: &ToolWords) -> bool {
    let items = clause.items.get(clause.start..).unwrap_or_default();
    let word = |at: usize| items.get(at).map_or("", |item| item.word.as_str());
    let how_to = word(2) != "have"
        && matches!(
            (word(0), word(1)),
            ("how", "do" | "can" | "to" | "should" | "long" | "often")
                | ("do" | "should", "i" | "we")
                | ("why", _)
        )
        && !items.iter().any(|item| matches!(item.word.as_str(), "call" | "page" | "oncall"));
    let nothing_named = !items.iter().any(|item| takes(tool, item));
    let deictic = items.iter().any(|item| matches!(item.word.as_str(), "this" | "these" | "that" | "those"));
    how_to
        || (nothing_named && deictic)
        || (word(2) != "have"
            && matches!((word(0), word(1)), ("can" | "could" | "do" | "does", _) if nothing_named))
}

/// Whether items only name what a tool takes, with polite words around.
pub(super) fn only_names(items: &[Item], tool: &ToolWords) -> bool {
    let choice = |item: &Item| {
        let mut fixed = tool.slots.iter().filter(|slot| slot.shape == Shape::Enum);
        item.is_word() && fixed.any(|slot| slot.knows(item) && slot.name != item.word)
    };
    let named = items.iter().filter(|item| !item.is_word() && item.kind != Kind::Mark);
    (named.clone().next().is_some() || items.iter().any(choice))
        && named.clone().all(|item| takes(tool, item))
        && items.iter().filter(|item| item.is_word()).all(|item| {
            is_function(&item.word)
                || is_filler(&item.word)
                || choice(item)
                || tool.slots.iter().any(|slot| slot.anchors.contains(&item.stem()))
        })
}

/// "never mind", "forget it", "just kidding", "scratch that", "no way", and "don't" or "not" alone.
pub(super) fn retracts(clause: &Clause) -> bool {
    let words: Vec<&str> =
        clause.items.iter().filter(|item| item.is_word()).map(|item| item.word.as_str()).collect();
    // People may be named: "let me ask tom first".
    let named = clause
        .items
        .iter()
        .any(|item| !matches!(item.kind, Kind::Word | Kind::Mark) && !super::opening::is_person(item));
    let alone = matches!(
        words.as_slice(),
        ["not" | "don't" | "dont" | "nvm" | "nevermind" | "jk" | "stop" | "abort"]
            | ["rather" | "then", "don't" | "not"]
    );
    let off = words.windows(2).any(|pair| {
        matches!(
            pair,
            ["never", "mind"]
                | ["forget", "it" | "that" | "about" | "this"]
                | ["ignore" | "cancel" | "disregard" | "undo", "it" | "that" | "this"]
                | ["please" | "just", "ignore"]
                | ["no", "way"]
                | ["changed", "my"]
                | ["leave", "it"]
                | ["take", "that" | "it"]
                | ["hold", "on" | "off"]
                | ["wrong", "channel" | "window" | "chat" | "thread" | "room" | "server" | "bot" | "person"]
                | ["not", "you" | "u"]
                | ["do" | "please", "not"]
                | ["not", "do"]
                | ["let", "me" | "us"]
                | ["a", "test"]
        )
    });
    // "take that back", "let me ask tom first"
    let off = off
        && match words.iter().position(|word| matches!(*word, "take" | "let")) {
            None => true,
            Some(at) => words.iter().skip(at).any(|word| {
                matches!(
                    *word,
                    "back" | "first" | "check" | "ask" | "think" | "see" | "verify" | "talk" | "look"
                )
            }),
        };
    let joking = words.last().is_some_and(|word| matches!(*word, "kidding" | "joking" | "jk"))
        && words.len() <= 3
        && words.len() == clause.items.len();
    let meant = for_another(&words) || names_another(clause, &words);
    !named && words.len() <= 8 && (alone || joking || off || meant)
}

/// "that was for the other bot", "this one is meant for somebody else"
fn for_another(words: &[&str]) -> bool {
    let points = matches!(words.first(), Some(&("that" | "this" | "it" | "sorry" | "oops")));
    let to = words.iter().position(|word| matches!(*word, "for" | "to"));
    let rest = to.and_then(|at| words.get(at + 1..)).unwrap_or_default();
    let other = rest.windows(2).any(|pair| {
        matches!(
            pair,
            [
                "other" | "another" | "different" | "ci" | "wrong",
                "bot" | "assistant" | "agent" | "person" | "one"
            ] | ["somebody" | "someone" | "anybody" | "anyone", "else"]
        )
    });
    points && other
}

/// "that was for jenkins", "this was meant for tom": what is for somebody may still be for us, what was is not.
fn names_another(clause: &Clause, words: &[&str]) -> bool {
    let points = matches!(words.first(), Some(&("that" | "this" | "it" | "sorry" | "oops")));
    let past = words.iter().any(|word| matches!(*word, "was" | "meant" | "intended"));
    let to = clause.items.iter().position(|item| item.is("for") || item.is("to"));
    let who = to.and_then(|at| clause.items.get(at + 1));
    points && past && who.is_some_and(|item| super::opening::is_other(item, ""))
}

/// Whether a sentence asks: "can you take care of it?" orders.
pub(super) fn asks(sentence: &Sentence) -> bool {
    let orders = |clause: &Clause| {
        clause.start > 0 && clause.items.iter().take(clause.start).any(|item| item.is("you") || item.is("u"))
    };
    sentence.question && !sentence.clauses.iter().any(orders)
}

/// Whether the tool itself takes the time that a clause names: "lock production until 18:00".
pub(super) fn takes_time(clause: &Clause, tool: &ToolWords) -> bool {
    let announced = |item: &Item| {
        let mut slots =
            tool.slots.iter().filter(|slot| matches!(slot.shape, Shape::Identifier | Shape::Duration));
        is_later(&item.word) && slots.any(|slot| slot.anchors.contains(&item.stem()))
    };
    let items = clause.items.get(clause.start..).unwrap_or_default();
    let spans = !tool.mutates
        && tool.slots.iter().any(|slot| slot.shape == Shape::Duration)
        && items.iter().any(|item| matches!(item.kind, Kind::Duration(_)));
    !items.first().is_some_and(|item| is_later(&item.word)) && (spans || items.iter().any(announced))
}
