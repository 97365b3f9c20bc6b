use serde_json::{Map, Value};

use super::choose::tokens;
use super::clause::Mood;
use super::draft::{Frame, rows};
use super::english::{is_accepting, is_cancelling, is_filler, is_function, is_pointing};
use super::fill::{Fill, Link, fills};
use super::message::{Heard, Reader, only_names, stated};
use super::scan::{Item, Kind, scan};
use super::text;
use super::vocabulary::{Shape, Slot, ToolWords, Vocabulary};
use super::{BotTurn, Conversation, Speaker};
use crate::catalog::List;
use crate::ground::{Token, change, tokenize};

/// What a thread is about so far, as far as it may carry anything: the asker's own requests and the bot's answers.
#[derive(Clone, Debug, Default)]
pub(super) struct Focus {
    /// The asker's last request.
    pub frame: Option<Frame>,
    /// The bot's question that waits for this asker's answer.
    pub question: Option<String>,
    /// The bot's last status answer.
    facts: Vec<Item>,
    tokens: Vec<Token>,
    /// Whether the bot's answer or the asker's own request comes right before the message.
    pub is_fresh: bool,
    /// Who spoke last among people.
    asker_spoke_last: bool,
    /// What the asker wrote before.
    own_text: String,
}

impl Focus {
    /// Reads the turns before the last one.
    pub fn of(conversation: &Conversation, vocabulary: &Vocabulary) -> Self {
        let mut focus = Self::default();
        let before = conversation.turns.len().saturating_sub(1);
        for turn in conversation.turns.iter().take(before) {
            match turn.speaker {
                Speaker::Asker => {
                    let reader = Reader { vocabulary, bot: &conversation.bot, focus: &focus };
                    let frames = follow(&reader, &turn.text, reader.read(&turn.text)).frames;
                    focus.frame = frames.into_iter().next_back().or(focus.frame);
                    focus.question = None;
                    focus.asker_spoke_last = true;
                    focus.own_text = turn.text.clone();
                    focus.is_fresh = false;
                }
                Speaker::Bot(BotTurn::Question) => {
                    focus.question = focus.asker_spoke_last.then(|| turn.text.clone());
                    focus.is_fresh = focus.asker_spoke_last;
                }
                Speaker::Bot(BotTurn::Status) => {
                    focus.question = None;
                    focus.facts = scan(&turn.text, vocabulary);
                    focus.tokens = tokenize(&turn.text);
                    focus.is_fresh = true;
                }
                Speaker::Other => focus.asker_spoke_last = false,
                Speaker::ThirdParty => {}
            }
        }
        focus
    }

    /// The number that the bot stated for an argument.
    pub fn number(&self, noun: &str) -> Option<i64> {
        stated(&self.tokens, noun)
    }

    /// The one name of a list that the bot stated.
    pub fn name(&self, list: List) -> Option<&str> {
        let mut names = self.facts.iter().filter_map(|item| item.name_in(list));
        let first = names.next()?;
        names.all(|name| name == first).then_some(first)
    }

    /// What the thread has for an argument: from the bot's last answer, or from the asker's last request.
    pub fn value(&self, slot: &Slot) -> Option<Value> {
        let stated = match slot.shape {
            Shape::Name(list) => self.name(list).map(|name| Value::String(name.to_owned())),
            Shape::Version => {
                let mut versions = self.facts.iter().filter(|item| item.kind == Kind::Version);
                versions
                    .next()
                    .map(|item| Value::String(item.text.clone()))
                    .filter(|_| versions.next().is_none())
            }
            Shape::Enum
            | Shape::Number
            | Shape::Flag
            | Shape::Duration
            | Shape::Identifier
            | Shape::Phrase
            | Shape::Text => None,
        };
        let own = || self.frame.as_ref().and_then(|frame| frame.args.get(&slot.name)).cloned();
        let names = matches!(slot.shape, Shape::Name(_));
        stated.or_else(|| own().filter(|_| names))
    }
}

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
    if cancels(&items) {
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
            ["never", "mind"] | ["forget", _] | ["leave", "it"] | ["no", "need"] | ["not", "needed"]
        )
    });
    let calls_off = words.iter().take(3).any(|word| is_cancelling(word));
    let only_no = words.first().is_some_and(|word| matches!(*word, "no" | "nope" | "nah" | "don't" | "dont"))
        && !items.iter().any(|item| !matches!(item.kind, Kind::Word | Kind::Mark))
        && words.len() <= 4;
    never_mind || calls_off || only_no
}

/// The request with what a message answers or changes, several times when it gives several values; nothing when it does
/// neither.
fn answer(reader: &Reader<'_>, tool: &ToolWords, frame: &Frame, text: &str, items: &[Item]) -> Vec<Frame> {
    let question = reader.focus.question.as_deref().unwrap_or_default();
    let mut base = frame.args.clone();
    base.extend(ordinal(reader, tool, frame, items, question));
    let said = rows(&amounts(reader, tool, listed(tool, items), items));
    let said = if said.open.is_empty() { said.rows } else { vec![Map::new()] };
    let accepts = frame.missing.is_empty() && accepted(items);
    let mut changed: Vec<Frame> = Vec::new();
    for row in said {
        let mut args = base.clone();
        args.extend(row);
        words(reader, tool, frame, text, items, &mut args);
        if args != frame.args || accepts {
            changed.push(Frame::new(tool, args));
        }
    }
    changed
}

/// The values of an answer, where "and" and commas stand between several and "or" between alternatives.
fn listed(tool: &ToolWords, items: &[Item]) -> Vec<Fill> {
    let mut link = Link::Beside;
    let mut out = Vec::new();
    for part in items.split_inclusive(|item| matches!(item.word.as_str(), "and" | "," | "&" | "or" | "/")) {
        out.extend(fills(tool, part, link));
        let either = part.last().is_some_and(|item| item.is("or") || item.is("/"));
        link = if either { Link::Or } else { Link::Beside };
    }
    out
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
    let first = parts.iter().position(|part| says(&part.as_ref()));
    let last = parts.iter().rposition(|part| says(&part.as_ref()));
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
        let values = [listed(&asked), frame.choices.clone(), listed(&own)]
            .into_iter()
            .find(|values| values.len() > 1)?;
        Some((slot.name.clone(), pick(&values)?))
    })
    .collect()
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
