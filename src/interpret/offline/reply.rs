use serde_json::{Map, Value};

use super::asked::only_names;
use super::choose::tokens;
use super::clause::{Joiner, Mood, sentences};
use super::draft::{Frame, rows};
use super::english::{is_accepting, is_correcting, is_filler, is_pointing};
use super::fill::{Fill, Link, fills};
use super::message::Reader;
use super::scan::{Item, Kind, scan};
use super::slot::{Shape, Slot};
use super::text;
use super::vocabulary::ToolWords;
use crate::catalog::List;
use crate::ground::change;

/// The request with what a message answers or changes, several times when it gives several values; nothing when it does
/// neither.
pub(super) fn answer(
    reader: &Reader<'_>,
    tool: &ToolWords,
    frame: &Frame,
    text: &str,
    items: &[Item],
) -> Vec<Frame> {
    let question = reader.focus.question.as_deref().unwrap_or_default();
    let mut base = frame.args.clone();
    base.extend(ordinal(reader, tool, frame, items, question));
    // A text may name services and places without meaning them; what stands beside it does mean them.
    let text_open = tool.text().is_some_and(|slot| frame.missing.contains(&slot.name));
    let prose = if text_open { told(tool, items) } else { Vec::new() };
    let beside: Vec<Item> = items.iter().filter(|item| !prose.contains(item)).cloned().collect();
    let Some(said) = listed(reader, tool, text, &beside) else { return Vec::new() };
    let said = rows(&amounts(reader, tool, said, &beside));
    let said = if said.open.is_empty() { said.rows } else { vec![Map::new()] };
    let accepts = frame.missing.is_empty() && accepted(items);
    let mut changed: Vec<Frame> = Vec::new();
    for row in said {
        if !corrects(items) && turns_elsewhere(tool, frame, &row) {
            return Vec::new();
        }
        let mut args = base.clone();
        args.extend(row);
        words(reader, tool, frame, text, items, &mut args);
        if args != frame.args || accepts {
            changed.push(Frame::new(tool, args));
        }
    }
    changed
}

/// Whether an answer names another service than the request, which was not asked about.
fn turns_elsewhere(tool: &ToolWords, frame: &Frame, row: &Map<String, Value>) -> bool {
    tool.slots.iter().any(|slot| {
        let acted_on = matches!(slot.shape, Shape::Name(List::Services | List::Targets));
        let (said, given) = (row.get(&slot.name), frame.args.get(&slot.name));
        acted_on && said.is_some() && given.is_some() && said != given
    })
}

fn corrects(items: &[Item]) -> bool {
    items.iter().any(|item| is_correcting(&item.word) || item.is("no") || item.is("instead"))
}

/// The values of an answer, clause by clause. What is denied or asked in it is no answer; what only is stated is one
/// when nothing is named outright ("it's production"). `None` when the answer depends on something.
fn listed(reader: &Reader<'_>, tool: &ToolWords, text: &str, items: &[Item]) -> Option<Vec<Fill>> {
    let sentences = sentences(items, text, reader.bot, reader.vocabulary);
    let clauses = || sentences.iter().flat_map(|sentence| &sentence.clauses);
    if clauses().any(|clause| matches!(clause.mood, Mood::Conditional | Mood::Reported | Mood::Unreal)) {
        return None;
    }
    let read = |wanted: fn(Mood) -> bool| {
        let mut correcting = false;
        let mut out = Vec::new();
        for clause in clauses().filter(|clause| wanted(clause.mood)) {
            correcting |= clause.mood == Mood::Correction;
            let link = match clause.joiner {
                _ if correcting => Link::Instead,
                Joiner::Or => Link::Or,
                Joiner::Comma
                | Joiner::Colon
                | Joiner::Because
                | Joiner::And
                | Joiner::So
                | Joiner::But
                | Joiner::Then
                | Joiner::Start => Link::Beside,
            };
            out.extend(fills(tool, &clause.items, link));
            // "prod, no, staging"
            correcting |= !out.is_empty()
                && clause.items.len() <= 2
                && clause.items.iter().any(|item| item.is("no") || item.is("wait") || item.is("sorry"));
        }
        out
    };
    let named = read(|mood| matches!(mood, Mood::Request | Mood::Correction));
    Some(if named.is_empty() { read(|mood| mood == Mood::Statement) } else { named })
}

/// "two more" answers "how many?" only where the present number was stated.
fn amounts(reader: &Reader<'_>, tool: &ToolWords, mut fills: Vec<Fill>, items: &[Item]) -> Vec<Fill> {
    let Some(slot) = tool.slots.iter().find(|slot| slot.shape == Shape::Number && slot.required) else {
        return fills;
    };
    let Some(change) = change(&tokens(items)) else { return fills };
    fills.retain(|fill| fill.slot != slot.name);
    let value = reader.focus.number(&slot.name).and_then(|present| change.of(present));
    fills.extend(value.map(|value| Fill {
        slot: slot.name.clone(),
        value: Value::from(value),
        link: Link::Beside,
    }));
    fills
}

/// Fills what is open and takes words: a text, a phrase, an identifier that stands alone.
fn words(
    reader: &Reader<'_>,
    tool: &ToolWords,
    frame: &Frame,
    text: &str,
    items: &[Item],
    args: &mut Map<String, Value>,
) {
    let open: Vec<&Slot> = tool.slots.iter().filter(|slot| frame.missing.contains(&slot.name)).collect();
    for slot in open.iter().filter(|slot| !args.contains_key(&slot.name)).collect::<Vec<_>>() {
        let value = match slot.shape {
            Shape::Text => whole(text, &told(tool, items)),
            Shape::Phrase => {
                text::phrase(tool, slot, items, reader.vocabulary).or_else(|| whole(text, bare(items)))
            }
            Shape::Identifier | Shape::Version if open.len() == 1 => single(items),
            Shape::Name(_)
            | Shape::Enum
            | Shape::Number
            | Shape::Flag
            | Shape::Duration
            | Shape::Version
            | Shape::Identifier => None,
        };
        if let Some(value) = value {
            args.insert(slot.name.clone(), Value::String(value));
        }
    }
}

fn accepted(items: &[Item]) -> bool {
    let words = || items.iter().filter(|item| item.is_word());
    words().any(|item| is_accepting(&item.word))
        && words().all(|item| is_accepting(&item.word) || is_filler(&item.word))
        && !items.iter().any(|item| item.is("?") || item.is("no"))
}

/// "sev3, deploys are stuck": without the parts that only name what other arguments take.
fn told(tool: &ToolWords, items: &[Item]) -> Vec<Item> {
    let parts: Vec<&[Item]> = items.split(|item| item.is(",")).collect();
    let says = |part: &&[Item]| !part.is_empty() && !only_names(part, tool);
    let first = parts.iter().position(says);
    let last = parts.iter().rposition(says);
    let (Some(first), Some(last)) = (first, last) else { return Vec::new() };
    parts.get(first..=last).unwrap_or_default().concat()
}

/// "the failover one": without the article and the pronoun.
fn bare(items: &[Item]) -> &[Item] {
    let start =
        items.iter().position(|item| !matches!(item.word.as_str(), "the" | "a" | "an" | "that" | "this"));
    let end = items.iter().rposition(|item| !matches!(item.word.as_str(), "one" | "please" | "." | "!"));
    start.zip(end).and_then(|(start, end)| items.get(start..=end)).unwrap_or_default()
}

/// The asker's words as they are, without the marks around them; nothing when they say nothing.
fn whole(text: &str, items: &[Item]) -> Option<String> {
    let says = items.iter().any(|item| {
        !item.is_word() && item.kind != Kind::Mark || item.is_content() && !is_filler(&item.word)
    });
    let own = crate::ground::own_words(text);
    let range = items.first()?.span.start..items.last()?.span.end;
    let cut = text::trimmed(own.text.get(range)?).split_whitespace().collect::<Vec<_>>().join(" ");
    (says && !cut.is_empty()).then_some(cut)
}

fn single(items: &[Item]) -> Option<String> {
    let mut found = items.iter().filter(|item| item.is_identifier());
    let first = found.next()?;
    found.next().is_none().then(|| first.text.clone())
}

/// "the second one": of what the question lists, or of what the asker had listed.
fn ordinal(
    reader: &Reader<'_>,
    tool: &ToolWords,
    frame: &Frame,
    items: &[Item],
    question: &str,
) -> Vec<(String, Value)> {
    let index = items.iter().find_map(|item| match item.word.as_str() {
        "first" | "former" | "1st" => Some(Some(0)),
        "second" | "2nd" => Some(Some(1)),
        "third" | "3rd" => Some(Some(2)),
        "fourth" | "4th" => Some(Some(3)),
        "last" | "latter" => Some(None),
        _ => None,
    });
    let points = items.iter().any(|item| item.is("the") || item.is("one") || is_pointing(&item.word))
        || items.len() <= 2;
    let Some(index) = index.filter(|_| points) else { return Vec::new() };
    let asked = scan(question, reader.vocabulary);
    let own = scan(&reader.focus.own_text, reader.vocabulary);
    let pick = |values: &[Value]| match index {
        Some(index) => values.get(index).cloned(),
        None => values.last().cloned(),
    };
    let open = tool.slots.iter().filter(|slot| frame.missing.contains(&slot.name));
    open.filter_map(|slot| {
        let listed = |items: &[Item]| {
            let mut values: Vec<Value> = Vec::new();
            for item in items {
                let value = match (slot.shape, &item.kind) {
                    (Shape::Name(list), Kind::Name(_)) => item.name_in(list).map(str::to_owned),
                    (Shape::Version, Kind::Version) => Some(item.text.clone()),
                    _ => None,
                };
                if let Some(value) = value.map(Value::String).filter(|value| !values.contains(value)) {
                    values.push(value);
                }
            }
            values
        };
        let given: Vec<Value> = frame
            .choices
            .iter()
            .filter(|(name, _)| *name == slot.name)
            .map(|(_, value)| value.clone())
            .collect();
        let values = [listed(&asked), given, listed(&own)].into_iter().find(|values| values.len() > 1)?;
        Some((slot.name.clone(), pick(&values)?))
    })
    .collect()
}
