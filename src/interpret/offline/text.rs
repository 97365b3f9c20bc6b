use std::ops::Range;

use super::english::{is_asking, is_filler, is_function, is_light, stem};
use super::scan::{Item, Kind};
use super::slot::{Shape, Slot};
use super::vocabulary::{ToolWords, Vocabulary};

/// Words after which a text begins, wherever they stand.
const OPENERS: [&str; 10] =
    ["that", "saying", "says", "say", "title", "titled", "called", "named", "message", "text"];
/// Words after which a text may begin, when nothing else marks it before.
const WEAK: [&str; 5] = ["because", "reason", "about", "regarding", "for"];

/// The sentence that a tool's text argument gets: what stands in quotation marks, after a colon, after "that", "titled"
/// or "because", after the comma that ends the order, or what is left behind its names. Bytes of the message.
///
/// `items` are those of the sentence from the order on.
pub(super) fn text(
    tool: &ToolWords,
    slot: &Slot,
    items: &[Item],
    named: impl Fn(&[Item]) -> bool,
) -> Option<Range<usize>> {
    if let Some(quote) = items.iter().find(|item| item.kind == Kind::Quote) {
        return Some(quote.span.clone());
    }
    let end = items.last()?.span.end;
    let start = colon(tool, items)
        .or_else(|| {
            opened(items, &named, |item| {
                OPENERS.contains(&item.word.as_str()) || stem(&item.word) == stem(&slot.name)
            })
        })
        .or_else(|| {
            // An argument that can be left out takes no more than what is marked as it.
            let weak = opened(items, &named, |item| {
                WEAK.contains(&item.word.as_str())
                    && (slot.required || matches!(item.word.as_str(), "because" | "reason"))
            });
            [weak, comma(items, &named)].into_iter().flatten().min()
        })
        .or_else(|| rest(tool, items).filter(|_| slot.required))?;
    items.get(start).map(|item| item.span.start..end)
}

/// The colon before the text; one behind the name of another argument ("state: monitoring") is that one's.
fn colon(tool: &ToolWords, items: &[Item]) -> Option<usize> {
    let other = |at: usize| {
        let slots = || tool.slots.iter().filter(|slot| slot.shape != Shape::Text);
        let before = at.checked_sub(1).and_then(|at| items.get(at));
        before.is_some_and(|item| slots().any(|slot| slot.name == item.word))
            && items.get(at + 1).is_some_and(|next| slots().any(|slot| slot.knows(next)))
    };
    let mut colons = items.iter().enumerate().filter(|(_, item)| item.is(":")).map(|(at, _)| at);
    colons.find(|at| !other(*at)).map(|at| at + 1).filter(|at| *at < items.len())
}

fn opened(items: &[Item], named: &impl Fn(&[Item]) -> bool, opens: impl Fn(&Item) -> bool) -> Option<usize> {
    let rest = |at: usize| items.get(at + 1..).unwrap_or_default();
    let (mut at, _) = items.iter().enumerate().skip(1).find(|(at, item)| {
        let goes_on = rest(*at).first().is_some_and(|next| !next.is(","));
        item.is_word() && opens(item) && goes_on && !named(rest(*at))
    })?;
    // "with the text that", "because of": the last of the words that open.
    while items.get(at + 1).is_some_and(|next| {
        OPENERS.contains(&next.word.as_str())
            || (next.is("of") && items.get(at).is_some_and(|item| item.is("because")))
    }) {
        at += 1;
    }
    Some(at + 1)
}

fn comma(items: &[Item], named: &impl Fn(&[Item]) -> bool) -> Option<usize> {
    let ends = |item: &Item| item.kind == Kind::Mark && matches!(item.word.as_str(), "," | "-" | "–" | "—");
    let mut marks = items.iter().enumerate().skip(1).filter(|(_, item)| ends(item)).map(|(at, _)| at + 1);
    marks.find(|at| says_something(items.get(*at..).unwrap_or_default(), named))
}

/// "open incident sev2 payment provider times out": a sentence behind everything that the tool knows.
fn rest(tool: &ToolWords, items: &[Item]) -> Option<usize> {
    let known = |item: &Item| {
        let stem = item.stem();
        item.kind == Kind::Mark
            || is_function(&item.word)
            || is_light(&item.word)
            || is_filler(&item.word)
            || tool.cue(&stem).is_some()
            || tool.slots.iter().any(|slot| slot.shape != Shape::Text && slot.knows(item))
    };
    let start = items.iter().position(|item| !known(item))?;
    let words = items.get(start..)?;
    let content = words.iter().filter(|item| !item.is_word() || item.is_content()).count();
    (start > 0 && words.len() >= 3 && content >= 2).then_some(start)
}

/// Whether words tell something, and do not only name a severity or a service, or thank.
fn says_something(items: &[Item], named: &impl Fn(&[Item]) -> bool) -> bool {
    let words = items.iter().filter(|item| item.is_word() && !is_filler(&item.word)).count();
    let thing = items.iter().any(|item| item.is_content() || !matches!(item.kind, Kind::Word | Kind::Mark));
    words >= 2 && thing && !named(items)
}

/// The text without the polite words at its end and the marks around it.
pub(super) fn trimmed(text: &str) -> &str {
    let mut text = text.trim();
    loop {
        let before = text;
        text =
            text.trim_matches(|character: char| character.is_whitespace() || ",.!;:-–—".contains(character));
        for tail in ["please", "pls", "thanks", "thank you", "thx", "cheers"] {
            let at = text.len().saturating_sub(tail.len());
            let (Some(head), Some(end)) = (text.get(..at), text.get(at..)) else { continue };
            if end.eq_ignore_ascii_case(tail) && head.ends_with([' ', ',']) {
                text = head;
            }
        }
        if text == before {
            return text;
        }
    }
}

/// The few words that name a thing for a tool: next to the tool's noun ("the failover runbook", "runbook for slow
/// queries"), or next to its verb ("ack high cpu").
pub(super) fn phrase(
    tool: &ToolWords,
    slot: &Slot,
    items: &[Item],
    vocabulary: &Vocabulary,
) -> Option<String> {
    if let Some(quote) = items.iter().find(|item| item.kind == Kind::Quote) {
        return Some(trimmed(&quote.text).to_owned()).filter(|text| !text.is_empty());
    }
    if !slot.required {
        return filter(tool, items, vocabulary);
    }
    if let Some(token) = items.iter().find(|item| item.is_identifier()) {
        return Some(token.text.clone());
    }
    let noun = |item: &Item| item.is_word() && tool.nouns.contains(&item.stem());
    let own = |item: &Item| item.is_word() && stem(&item.word) == stem(&slot.name);
    let at = items.iter().position(own).or_else(|| items.iter().rposition(noun)).or_else(|| {
        items
            .iter()
            .position(|item| item.is_word() && tool.cue(&item.stem()).is_some_and(|weight| weight > 0.5))
    })?;
    // "the failover runbook for payments": the name comes first. "A runbook for slow queries" has none before it.
    let linked = items.get(at + 1).is_some_and(|next| is_function(&next.word));
    let (before, behind) = (ahead(tool, items, at), after(tool, items, at));
    if linked { before.or(behind) } else { behind.or(before) }
}

fn is_part(tool: &ToolWords, item: &Item) -> bool {
    let names_slot = || tool.slots.iter().any(|slot| stem(&slot.name) == item.stem());
    match item.kind {
        Kind::Name(_) | Kind::Version | Kind::Number(_) => true,
        Kind::Word => {
            !is_function(&item.word)
                && !is_filler(&item.word)
                && !tool.nouns.contains(&item.stem())
                && !names_slot()
                && !is_asking(&item.word)
        }
        Kind::Mark | Kind::Duration(_) | Kind::Quote => false,
    }
}

fn after(tool: &ToolWords, items: &[Item], at: usize) -> Option<String> {
    let mut from = at + 1;
    while items.get(from).is_some_and(|item| {
        matches!(
            item.word.as_str(),
            "for"
                | "about"
                | "on"
                | "of"
                | "called"
                | "named"
                | "regarding"
                | "the"
                | "a"
                | "an"
                | "to"
                | "our"
                | "alert"
                | "with"
        )
    }) {
        from += 1;
    }
    let inside = |item: &&Item| {
        is_part(tool, item) && !matches!(item.word.as_str(), "say" | "says" | "look" | "show" | "tell")
    };
    let joins = |item: &Item| {
        matches!(
            item.word.as_str(),
            "of" | "in" | "on" | "the" | "with" | "to" | "after" | "not" | "is" | "are"
        )
    };
    let mut until = from;
    while let Some(item) = items.get(until) {
        let joined =
            joins(item) && until > from && items.get(until + 1).is_some_and(|next| is_part(tool, next));
        if !inside(&item) && !joined {
            break;
        }
        until += 1;
    }
    join(items.get(from..until)?)
}

fn ahead(tool: &ToolWords, items: &[Item], at: usize) -> Option<String> {
    let plain = |word: &str| {
        matches!(
            word,
            "good" | "right" | "new" | "old" | "correct" | "proper" | "short" | "general" | "existing"
        )
    };
    let part = |item: &Item| {
        is_part(tool, item) && !is_light(&item.word) && !plain(&item.word) && tool.cue(&item.stem()).is_none()
    };
    let mut from = at;
    while from.checked_sub(1).and_then(|at| items.get(at)).is_some_and(part) {
        from -= 1;
    }
    join(items.get(from..at)?)
}

fn join(items: &[Item]) -> Option<String> {
    let text = items.iter().map(|item| item.text.as_str()).collect::<Vec<_>>().join(" ");
    Some(text).filter(|text| !text.is_empty())
}

/// What lines must hold: "about certificates", "any timeouts", "grep ... for OutOfMemory". Nothing when it is not plain.
fn filter(tool: &ToolWords, items: &[Item], vocabulary: &Vocabulary) -> Option<String> {
    let part = |item: &Item| {
        item.is_word()
            && !is_function(&item.word)
            && !is_filler(&item.word)
            && !is_light(&item.word)
            && tool.cue(&item.stem()).is_none()
            && tool.slots.iter().all(|slot| {
                slot.shape == Shape::Phrase
                    || !slot.anchors.contains(&item.stem())
                    || slot.shape == Shape::Name(crate::catalog::List::Services)
            })
            && !vocabulary.tools().iter().any(|other| other.mutates && other.nouns.contains(&item.stem()))
    };
    let introduces = |word: &str| {
        matches!(
            word,
            "about"
                | "any"
                | "for"
                | "with"
                | "containing"
                | "contain"
                | "mentioning"
                | "mention"
                | "matching"
                | "including"
                | "only"
                | "find"
                | "grep"
                | "the"
                | "all"
        )
    };
    let mut at = 0;
    while at < items.len() {
        let run = items.iter().skip(at).take_while(|item| part(item)).count();
        if run == 0 {
            at += 1;
            continue;
        }
        let before = at.checked_sub(1).and_then(|at| items.get(at));
        let next = items.get(at + run).map_or("", |item| item.word.as_str());
        let introduced =
            before.is_some_and(|item| introduces(&item.word) && !item.is("the") && !item.is("all"));
        let after_name = before.is_some_and(|item| {
            matches!(item.kind, Kind::Name(_)) && item.name_in(crate::catalog::List::Services).is_some()
        });
        let sought = (before.is_none_or(|item| matches!(item.word.as_str(), "the" | "all" | "me" | "see"))
            || after_name)
            && matches!(next, "from" | "in" | "of");
        let words = items.get(at..at + run)?;
        if introduced || sought {
            return join(words).map(|text| singular(&text));
        }
        at += run;
    }
    None
}

/// Lines say "timeout" where people ask for "timeouts".
fn singular(text: &str) -> String {
    let one_word = !text.contains(' ') && text.chars().all(|character| character.is_ascii_lowercase());
    let stem =
        text.strip_suffix('s').filter(|stem| one_word && stem.len() > 3 && !stem.ends_with(['s', 'u', 'i']));
    stem.unwrap_or(text).to_owned()
}
