use serde_json::{Map, Value};

use super::asked::retracts;
use super::clause::{Mood, sentences};
use super::draft::{Frame, rows};
use super::english::{is_cancelling, is_filler, is_function};
use super::fill::{Link, fills};
use super::message::{Heard, Reader};
use super::reply::answer;
use super::scan::{Item, Kind};
use super::slot::Shape;
use super::text;
use super::vocabulary::ToolWords;

/// Reads a message as an answer to the bot's question, or as a change of the request before it, where it is no request
/// of its own.
pub(super) fn follow(reader: &Reader<'_>, text: &str, heard: Heard) -> Heard {
    let focus = reader.focus;
    let frame = focus.frame.clone().filter(|_| !heard.elsewhere);
    let Some(frame) = frame else { return heard };
    let Some(tool) = reader.vocabulary.tool(&frame.tool) else { return heard };
    if heard.by_words && !heard.frames.is_empty() {
        return heard;
    }
    let items = heard.items.clone();
    if focus.question.is_none() {
        return again(reader, tool, frame, heard, &items);
    }
    // "production. no wait, don't": an answer, and then none.
    let taken_back = || {
        let sentences = sentences(&items, text, reader.bot, reader.vocabulary);
        sentences.iter().flat_map(|sentence| &sentence.clauses).skip(1).any(retracts)
    };
    if cancels(&items) || taken_back() {
        return Heard { declined: Some((Mood::Negated, frame.tool)), ..heard };
    }
    let declined = matches!(heard.declined, Some((Mood::Reported | Mood::Unreal | Mood::Conditional, _)));
    let answered = if declined { Vec::new() } else { answer(reader, tool, &frame, text, &items) };
    if !answered.is_empty() {
        return Heard { frames: answered, by_words: true, declined: None, ..heard };
    }
    // What is no answer leaves the question open. Where nothing is open but a yes, there is nothing to repeat.
    if frame.missing.is_empty() || heard.question {
        return heard;
    }
    Heard { frames: vec![frame], by_words: true, declined: None, ..heard }
}

/// "never mind", "no, forget it", and a plain "no".
fn cancels(items: &[Item]) -> bool {
    let words: Vec<&str> =
        items.iter().filter(|item| item.is_word()).map(|item| item.word.as_str()).collect();
    let never_mind = words.windows(2).any(|pair| {
        matches!(
            pair,
            ["never", "mind"]
                | ["forget", _]
                | ["leave", "it"]
                | ["no", "need"]
                | ["not", "needed"]
                | ["hold", "on" | "off" | "it"]
        )
    });
    let calls_off = words.iter().take(3).any(|word| is_cancelling(word));
    let only_no = words.first().is_some_and(|word| matches!(*word, "no" | "nope" | "nah" | "don't" | "dont"))
        && !items.iter().any(|item| !matches!(item.kind, Kind::Word | Kind::Mark))
        && words.len() <= 4;
    never_mind || calls_off || only_no
}

/// "same for inventory, 0.10.0", "and staging?", "only the ones with timeout", "make it 4": the request once more, with
/// what is said changed.
fn again(reader: &Reader<'_>, tool: &ToolWords, frame: Frame, heard: Heard, items: &[Item]) -> Heard {
    let words: Vec<&str> =
        items.iter().filter(|item| item.is_word()).map(|item| item.word.as_str()).collect();
    let first = words
        .iter()
        .find(|word| !matches!(**word, "ok" | "okay" | "thanks" | "great" | "now" | "please" | "no" | "yes"));
    let repeats = words.contains(&"same")
        || first.is_some_and(|word| matches!(*word, "only" | "also" | "likewise" | "ditto" | "just"))
        || matches!(
            words.as_slice(),
            ["and" | "or", ..]
                | ["now", ..]
                | ["what" | "how", "about", ..]
                | ["make", "it", ..]
                | ["the", "same", ..]
                | ["do", "the", "same", ..]
        )
        || words.iter().any(|word| matches!(*word, "too")) && words.len() <= 5;
    let quiet = words.iter().all(|word| {
        is_function(word) || is_filler(word) || matches!(*word, "make" | "do" | "same" | "ones" | "lines")
    }) || !tool.mutates;
    let asks = heard.question && tool.mutates;
    if !repeats || asks || !quiet || !reader.focus.is_fresh {
        return heard;
    }
    let mut changed: Map<String, Value> = frame.args.clone();
    let said = rows(&fills(tool, items, Link::Beside));
    if let ([row], true) = (said.rows.as_slice(), said.open.is_empty()) {
        changed.extend(row.clone());
    }
    for slot in tool.slots.iter().filter(|slot| slot.shape == Shape::Phrase && !slot.required) {
        if let Some(found) = text::phrase(tool, slot, items, reader.vocabulary) {
            changed.insert(slot.name.clone(), Value::String(found));
        }
    }
    if changed == frame.args {
        return heard;
    }
    let frame = Frame::new(tool, changed);
    Heard { frames: vec![frame], by_words: true, declined: None, unknown: None, ..heard }
}
