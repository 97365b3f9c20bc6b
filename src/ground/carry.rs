use std::ops::Range;

use serde_json::Value;
use unicode_normalization::UnicodeNormalization;

use super::{
    By, OwnWords, Source, Token, Words, change, duration_at, mentions, number_at, ordinary, own_words,
    tokenize,
};
use crate::catalog::{Param, ParamKind, Tool};
use crate::domain::parse_span;

/// An argument of a tool, as far as its words matter.
pub(super) struct Slot<'a> {
    param: &'a Param,
    /// Whether the schema has a pattern for it, so that it is an identifier of some kind and no prose.
    patterned: bool,
}

impl<'a> Slot<'a> {
    pub(super) fn of(tool: &'a Tool, name: &str) -> Option<Self> {
        let param = tool.param(name)?;
        let pattern = tool.manifest().parameters.pointer(&format!("/properties/{name}/pattern"));
        Some(Self { param, patterned: pattern.is_some() })
    }

    /// Whether any text will do, so that its words count and not its spelling.
    fn is_free(&self, value: &str) -> bool {
        let several_words = value.trim().contains(char::is_whitespace);
        self.param.names.is_none() && (several_words || !self.patterned)
    }
}

/// A turn, cut and tokenized.
pub(super) struct Turn {
    by: By,
    own: OwnWords,
    text: String,
    tokens: Vec<Token>,
}

impl Turn {
    /// The asker's own words in it, in lower case; none when it is not the asker's.
    pub(super) fn asked(&self) -> impl Iterator<Item = &str> {
        let tokens = if self.by == By::Asker { self.tokens.as_slice() } else { &[] };
        tokens.iter().map(|token| token.fold.as_str())
    }
}

pub(super) fn prepare(words: &Words) -> Vec<Turn> {
    let turn = |said: &super::Said| {
        let own = own_words(&said.text);
        let tokens = tokenize(&own.text);
        Turn { by: said.by, own, text: said.text.clone(), tokens }
    };
    words.turns.iter().map(turn).collect()
}

/// Where a value comes from. Newer turns first, the asker's before the bot's.
pub(super) fn source(slot: &Slot, value: &Value, turns: &[Turn]) -> Source {
    let param = slot.param;
    if param.default.as_ref() == Some(value) {
        return Source::Default;
    }
    if let Some(names) = &param.names
        && let [only] = names.canonical()
        && value.as_str() == Some(only)
    {
        return Source::Catalogue;
    }
    let newest = turns.iter().rposition(|turn| turn.by == By::Asker);
    for (index, turn) in turns.iter().enumerate().rev().filter(|(_, turn)| turn.by == By::Asker) {
        if let Some(tokens) = said(slot, value, turn) {
            let span = span(&turn.tokens, &tokens);
            return Source::Asker { turn: index, span };
        }
        if Some(index) == newest && says_another(param, turn) {
            return Source::Missing;
        }
    }
    status(slot, value, turns, newest)
}

/// What the bot stated as a fact, and what the asker made of it ("one more").
fn status(slot: &Slot, value: &Value, turns: &[Turn], newest: Option<usize>) -> Source {
    let param = slot.param;
    let facts = turns.iter().enumerate().rev().filter(|(_, turn)| turn.by == By::Status);
    for (turn, fact) in facts {
        let carried = match (param.kind, newest.and_then(|newest| turns.get(newest))) {
            (ParamKind::Integer, Some(asker)) => change(&asker.tokens).is_some_and(|change| {
                let present = stated_number(param, &fact.tokens);
                present.and_then(|present| change.of(present)) == value.as_i64()
            }),
            (ParamKind::Integer, None) | (ParamKind::Flag, _) => false,
            (ParamKind::Text, _) => {
                matches!(value.as_str(), Some(text) if !text.trim().contains(char::is_whitespace))
                    && said(slot, value, fact).is_some()
            }
        };
        if carried {
            return Source::Status { turn };
        }
    }
    Source::Missing
}

/// The number that a status answer gives for an argument: the one before its name, so 4 in "1 of 4 replicas ready".
fn stated_number(param: &Param, tokens: &[Token]) -> Option<i64> {
    (0..tokens.len()).find_map(|at| {
        let found = number_at(tokens, at)?;
        let noun = &tokens.get(at + found.tokens)?.fold;
        (*noun == param.name
            || noun.strip_suffix('s') == Some(&param.name)
            || param.name.strip_suffix('s') == Some(noun))
        .then_some(found.value)
    })
}

/// Which words of a turn say the value.
fn said(slot: &Slot, value: &Value, turn: &Turn) -> Option<Place> {
    let tokens = &turn.tokens;
    let param = slot.param;
    match (param.kind, value) {
        (ParamKind::Integer, Value::Number(number)) => (0..tokens.len()).find_map(|at| {
            let found = number_at(tokens, at)?;
            (Some(found.value) == number.as_i64()).then_some(Place::Tokens(at..at + found.tokens))
        }),
        (ParamKind::Flag, Value::Bool(_)) => {
            let words = tokenize(&param.name.replace('_', " "));
            run(tokens, &words).map(Place::Tokens)
        }
        (ParamKind::Text, Value::String(text)) => said_text(slot, text, turn),
        (ParamKind::Integer | ParamKind::Flag | ParamKind::Text, _) => None,
    }
}

#[derive(Clone, Debug)]
enum Place {
    Tokens(Range<usize>),
    Quote(Range<usize>),
}

fn said_text(slot: &Slot, value: &str, turn: &Turn) -> Option<Place> {
    let tokens = &turn.tokens;
    if let Some(names) = &slot.param.names {
        let found =
            mentions(tokens, names, ordinary).into_iter().rev().find(|mention| mention.name == value)?;
        return Some(Place::Tokens(found.tokens));
    }
    if let Some(seconds) = parse_span(value).and_then(|span| i64::try_from(span.as_secs()).ok()) {
        let at = (0..tokens.len()).find_map(|at| {
            let found = duration_at(tokens, at).filter(|found| found.value == seconds)?;
            Some(at..at + found.tokens)
        });
        if at.is_some() {
            return at.map(Place::Tokens);
        }
    }
    if let Some(at) = tokens.iter().position(|token| same_word(&token.text, value)) {
        return Some(Place::Tokens(at..at + 1));
    }
    if slot.is_free(value) { free_text(value, turn) } else { None }
}

/// A version or an identifier: case and one leading `v` before a digit do not count, everything else does.
fn same_word(written: &str, value: &str) -> bool {
    let plain = |text: &str| {
        let text = text.trim().nfkc().collect::<String>().to_lowercase();
        let versioned = text.strip_prefix('v').filter(|rest| rest.starts_with(|c: char| c.is_ascii_digit()));
        versioned.filter(|_| !text.contains("__")).map(str::to_owned).unwrap_or(text)
    };
    let (written, value) = (plain(written), plain(value));
    written == value || (value == "latest" && written == "newest")
}

/// A free text is carried when its words that mean something stand in one turn, in their order, or in a quotation that
/// the asker typed for it.
fn free_text(value: &str, turn: &Turn) -> Option<Place> {
    let wanted = content(&tokenize(value));
    if wanted.is_empty() {
        return None;
    }
    if let Some(found) = subsequence(&turn.tokens, &wanted) {
        return Some(Place::Tokens(found));
    }
    let quotes = turn.own.quotes.iter();
    quotes.clone().find_map(|quote| {
        let quoted = tokenize(turn.text.get(quote.clone())?);
        subsequence(&quoted, &wanted).map(|_| Place::Quote(quote.clone()))
    })
}

fn content(tokens: &[Token]) -> Vec<String> {
    const EMPTY: [&str; 20] = [
        "a", "an", "the", "is", "are", "was", "were", "be", "to", "of", "in", "on", "at", "and", "for",
        "with", "that", "it", "'s", "by",
    ];
    let words = tokens.iter().filter(|token| !token.is_mark() && !EMPTY.contains(&token.fold.as_str()));
    words.map(|token| token.fold.clone()).collect()
}

fn subsequence(tokens: &[Token], wanted: &[String]) -> Option<Range<usize>> {
    let mut left = wanted.iter().peekable();
    let mut start = None;
    for (at, token) in tokens.iter().enumerate() {
        if left.peek().is_some_and(|word| same_stem(&token.fold, word)) {
            start = start.or(Some(at));
            left.next();
            if left.peek().is_none() {
                return start.map(|start| start..at + 1);
            }
        }
    }
    None
}

/// "timeout" stands in "timeouts", since a filter is cut to what lines can hold.
fn same_stem(written: &str, wanted: &str) -> bool {
    written == wanted || written.strip_suffix('s').is_some_and(|stem| stem == wanted && stem.len() >= 4)
}

fn run(tokens: &[Token], words: &[Token]) -> Option<Range<usize>> {
    let length = words.len();
    (0..tokens.len()).map(|at| at..at + length).find(|range| {
        let found = tokens.get(range.clone()).unwrap_or_default();
        length > 0
            && found.len() == length
            && found.iter().zip(words).all(|(token, word)| token.fold == word.fold)
    })
}

/// Whether the newest message names another value of the same kind, so that older words no longer carry this one.
fn says_another(param: &Param, turn: &Turn) -> bool {
    match (param.kind, &param.names) {
        (ParamKind::Text, Some(names)) => !mentions(&turn.tokens, names, ordinary).is_empty(),
        (ParamKind::Text, None) | (ParamKind::Integer | ParamKind::Flag, _) => false,
    }
}

fn span(tokens: &[Token], said: &Place) -> Range<usize> {
    match said {
        Place::Quote(quote) => quote.clone(),
        Place::Tokens(range) => {
            let found = tokens.get(range.clone()).unwrap_or_default();
            let start = found.first().map_or(0, |token| token.span.start);
            start..found.last().map_or(start, |token| token.span.end)
        }
    }
}
