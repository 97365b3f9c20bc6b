use serde_json::Value;

use super::english::{is_copula, is_filler, is_function, is_light, is_negation, is_particle, is_past, stem};
use super::scan::{Item, Kind};
use super::slot::{Shape, Slot};
use super::vocabulary::ToolWords;
use crate::catalog::List;
use crate::ground::{ordinary, write_duration};

/// A value for an argument, as it was said.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Fill {
    pub slot: String,
    pub value: Value,
    /// How it hangs on what was said before it.
    pub link: Link,
}

/// How a value hangs on the one before it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Link {
    /// Another one beside it: "and", a comma.
    Beside,
    /// One or the other.
    Or,
    /// It replaces what was said.
    Instead,
    /// Nothing in between.
    None,
}

/// The values that a run of items has for a tool, in order. Free text is read elsewhere.
pub(super) fn fills(tool: &ToolWords, items: &[Item], link: Link) -> Vec<Fill> {
    let mut out: Vec<Fill> = Vec::new();
    let ranged = ranged(items);
    for (at, item) in items.iter().enumerate() {
        if dismissed(items, at)
            || part_of_another(tool, items, at)
            || (ranged && matches!(item.kind, Kind::Number(_)))
        {
            continue;
        }
        let Some((slot, value)) = fill(tool, items, at, &out) else { continue };
        // "from 2 to 5": where it comes from is not where it goes.
        let from = before(items, at).is_some_and(|word| word == "from");
        let other = items.iter().enumerate().any(|(index, later)| {
            index != at && {
                std::mem::discriminant(&later.kind) == std::mem::discriminant(&item.kind)
                    && takes(slot, later)
            }
        });
        if from && other && matches!(slot.shape, Shape::Number | Shape::Name(_) | Shape::Version) {
            continue;
        }
        let link = if out.is_empty() { link } else { Link::None };
        out.push(Fill { slot: slot.name.clone(), value, link });
    }
    out
}

fn takes(slot: &Slot, item: &Item) -> bool {
    match (slot.shape, &item.kind) {
        (Shape::Name(list), Kind::Name(_)) => item.name_in(list).is_some(),
        (Shape::Number, Kind::Number(_)) | (Shape::Version, Kind::Version) => true,
        _ => false,
    }
}

/// "between 4 and 6", "4-6", "at least 4": no number in particular. (The "and" split the clause; the word stays.)
fn ranged(items: &[Item]) -> bool {
    let word = |at: usize| items.get(at).map_or("", |item| item.word.as_str());
    (0..items.len()).any(|at| {
        matches!(word(at), "between" | "around" | "roughly" | "approximately" | "about")
            && items.get(at + 1).is_some_and(|next| matches!(next.kind, Kind::Number(_)))
            || matches!(
                (word(at), word(at + 1)),
                ("at", "least" | "most") | ("more" | "fewer" | "less", "than") | ("up", "to")
            ) && items.get(at + 2).is_some_and(|next| matches!(next.kind, Kind::Number(_)))
                && word(at) != "up"
    })
}

/// "the payments database", "the memory of checkout": another thing than the service, unless the tool knows the word.
fn part_of_another(tool: &ToolWords, items: &[Item], at: usize) -> bool {
    let service = items.get(at).is_some_and(|item| item.name_in(List::Services).is_some());
    if !service || !tool.mutates || tool.text().is_some_and(|slot| slot.required) {
        return false;
    }
    let behind = items
        .get(at + 1)
        .is_some_and(|next| strange(tool, next) && !is_past(&next.word) && !is_copula(&next.word));
    let mut back =
        items.get(..at).unwrap_or_default().iter().rev().skip_while(|item| item.is("the") || item.is("our"));
    let linked = back.next().is_some_and(|item| matches!(item.word.as_str(), "of" | "for" | "from"));
    // "the price change of checkout": what says little leaves the word to the one before it.
    behind || (linked && back.find(|item| !usual(item)).is_some_and(|item| strange(tool, item)))
}

/// A word that says little of what it stands with: "the change of checkout" is the release.
fn usual(item: &Item) -> bool {
    matches!(
        item.word.as_str(),
        "service"
            | "services"
            | "app"
            | "application"
            | "instance"
            | "instances"
            | "container"
            | "image"
            | "hotfix"
            | "patch"
            | "fix"
            | "deployment"
            | "straight"
            | "directly"
            | "today"
            | "horizontally"
            | "cluster"
            | "env"
            | "environment"
            | "code"
            | "change"
            | "changes"
            | "new"
            | "newest"
            | "number"
            | "count"
            | "total"
            | "code-base"
            | "software"
            | "one"
    )
}

/// A word for a thing that the tool has never heard of.
pub(super) fn strange(tool: &ToolWords, item: &Item) -> bool {
    let stem = item.stem();
    item.is_content()
        && !usual(item)
        && !item.word.ends_with("ly")
        && !item.is_identifier()
        && !is_light(&item.word)
        && !is_filler(&item.word)
        && !is_particle(&item.word)
        && !is_negation(&item.word)
        && tool.cue(&stem).is_none()
        && !tool.slots.iter().any(|slot| slot.anchors.contains(&stem) || slot.keywords.contains(&item.word))
}

/// "instead of 2.4.0", "not to the production one", "anything but production", "don't use staging".
fn dismissed(items: &[Item], at: usize) -> bool {
    let before = items.get(..at).unwrap_or_default();
    let near = before.iter().rev().take(5).take_while(|item| {
        item.is_word() && (is_function(&item.word) || is_light(&item.word) || is_negation(&item.word))
    });
    let words: Vec<&str> = near.map(|item| item.word.as_str()).collect();
    let pair = |later: &str, earlier: &[&str]| {
        words.windows(2).any(|found| matches!(found, [one, two] if *one == later && earlier.contains(two)))
    };
    words.iter().any(|word| is_negation(word) && *word != "no")
        || words.first() == Some(&"no")
        || pair("of", &["instead"])
        || pair("than", &["rather", "other"])
        || pair("but", &["anything", "everything", "anywhere", "everywhere", "all", "any"])
}

fn before(items: &[Item], at: usize) -> Option<&str> {
    let mut back = at.checked_sub(1)?;
    while items.get(back).is_some_and(|item| item.is("the") || item.is("version")) {
        back = back.checked_sub(1)?;
    }
    items.get(back).map(|item| item.word.as_str())
}

fn fill<'a>(tool: &'a ToolWords, items: &[Item], at: usize, done: &[Fill]) -> Option<(&'a Slot, Value)> {
    let item = items.get(at)?;
    let open = |slot: &&Slot| !done.iter().any(|fill| fill.slot == slot.name);
    let slots = || tool.slots.iter();
    let of = |shape: Shape| slots().find(move |slot| slot.shape == shape);
    let text = || Value::String(item.text.clone());
    let anchored = |slot: &&Slot| preceded(items, at, slot);
    match &item.kind {
        Kind::Name(_) => {
            let named = |slot: &'a Slot| match slot.shape {
                Shape::Name(list) => item.name_in(list).map(|name| (slot, Value::String(name.to_owned()))),
                Shape::Enum
                | Shape::Number
                | Shape::Flag
                | Shape::Duration
                | Shape::Version
                | Shape::Identifier
                | Shape::Phrase
                | Shape::Text => None,
            };
            let mut found: Vec<_> = slots().filter_map(named).collect();
            found.sort_by_key(|(slot, _)| (!open(slot), !slot.required));
            found.into_iter().next()
        }
        Kind::Duration(seconds) => {
            let span = of(Shape::Duration).map(|slot| (slot, Value::String(write_duration(*seconds))));
            span.or_else(|| {
                let slot = slots().filter(|slot| slot.shape == Shape::Identifier).find(anchored)?;
                Some((slot, Value::String(write_duration(*seconds))))
            })
        }
        Kind::Version => {
            let version = of(Shape::Version).or_else(|| of(Shape::Identifier))?;
            Some((version, text()))
        }
        Kind::Number(number) => {
            let token = |slot: &&Slot| matches!(slot.shape, Shape::Identifier | Shape::Version);
            if let Some(slot) = slots().filter(token).find(anchored).filter(|_| item.is_identifier()) {
                return Some((slot, text()));
            }
            let counted = |slot: &&Slot| {
                slot.shape == Shape::Number && (slot.required || followed(items, at, slot) || anchored(slot))
            };
            if let Some(slot) = slots().find(counted).filter(|_| item.is_count()) {
                // "to 4 GB", "to 30 seconds": a number of something else.
                let of_another = tool.mutates
                    && items.get(at + 1).is_some_and(|next| strange(tool, next) && !ordinary(&next.word));
                if of_another || items.get(at + 1).is_some_and(|next| next.is("%") || next.is("percent")) {
                    return None;
                }
                let fits = slot.minimum.is_none_or(|minimum| *number >= minimum);
                return fits.then(|| (slot, Value::from(*number)));
            }
            let slot = slots().find(|slot| slot.shape == Shape::Identifier && slot.required)?;
            item.is_identifier().then(|| (slot, text()))
        }
        Kind::Word => {
            if let Some(slot) = slots().find(|slot| slot.keywords.contains(&item.word)) {
                return Some((slot, Value::String(item.word.clone())));
            }
            if matches!(item.word.as_str(), "newest")
                && let Some(slot) = slots().find(|slot| slot.keywords.contains("latest"))
            {
                return Some((slot, Value::String("latest".to_owned())));
            }
            let choice = slots().filter(|slot| slot.shape == Shape::Enum).find_map(|slot| {
                let name = slot.names.as_ref()?.resolve(&item.word)?;
                Some((slot, Value::String(name.to_owned())))
            });
            if choice.is_some() {
                return choice;
            }
            if let Some(slot) = slots().find(|slot| slot.shape == Shape::Flag && slot.name == item.word) {
                return Some((slot, Value::Bool(true)));
            }
            let called = || slots().any(|slot| anchored(&slot));
            if !item.is_identifier() || (item.is_reference() && !called()) {
                return None;
            }
            let version = of(Shape::Version)
                .filter(|slot| preceded(items, at, slot) || of(Shape::Identifier).is_none());
            version.or_else(|| of(Shape::Identifier)).map(|slot| (slot, text()))
        }
        Kind::Mark | Kind::Quote => None,
    }
}

/// Whether a word before the item says which argument it is: "migration 17", "until 18:00".
fn preceded(items: &[Item], at: usize, slot: &Slot) -> bool {
    let back = |count: usize| at.checked_sub(count).and_then(|at| items.get(at));
    let linking = |item: &Item| matches!(item.word.as_str(), "the" | "number" | "no" | "#" | ":");
    let named = if back(1).is_some_and(linking) { back(2) } else { back(1) };
    named.is_some_and(|item| {
        let joins = matches!(item.word.as_str(), "to" | "in" | "on" | "for" | "of");
        item.is_word() && !joins && slot.anchors.contains(&stem(&item.word))
    })
}

fn followed(items: &[Item], at: usize, slot: &Slot) -> bool {
    items.get(at + 1).is_some_and(|next| next.is_word() && stem(&next.word) == stem(&slot.name))
}
