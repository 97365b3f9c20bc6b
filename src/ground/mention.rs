use std::ops::Range;

use super::Token;
use crate::catalog::{Names, fold};

/// The most words in one name.
const LONGEST: usize = 4;
/// Shorter words are never taken for a slip of the finger: too many other words are as near.
const SHORTEST_SLIP: usize = 5;

/// A name of a list that a text mentions.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mention {
    /// The canonical name.
    pub name: String,
    /// Which tokens.
    pub tokens: Range<usize>,
    /// Whether it was misspelt.
    pub slip: bool,
}

/// The names that `tokens` mention, in order: the longest first, whatever their case and separators, and slips of the
/// finger with exactly one near reading. `known` says which words are words of their own and no slips.
pub fn mentions(tokens: &[Token], names: &Names, known: impl Fn(&str) -> bool) -> Vec<Mention> {
    let mut found = Vec::new();
    let mut at = 0;
    while at < tokens.len() {
        let mention = (1..=LONGEST).rev().find_map(|length| {
            let written = joined(tokens, at, length)?;
            let name = names.resolve(&written).or_else(|| numbered(&written, names))?;
            let before = at.checked_sub(1).and_then(|index| tokens.get(index));
            (!changes_meaning(before)).then(|| mention(name, at..at + length, false))
        });
        let mention = mention.or_else(|| slip_at(tokens, at, names, &known));
        at = mention.as_ref().map_or(at + 1, |mention| mention.tokens.end);
        found.extend(mention);
    }
    found
}

fn mention(name: &str, tokens: Range<usize>, slip: bool) -> Mention {
    Mention { name: name.to_owned(), tokens, slip }
}

/// "pre production" and "non prod" are not production.
fn changes_meaning(before: Option<&Token>) -> bool {
    before.is_some_and(|token| matches!(token.fold.as_str(), "pre" | "non" | "post" | "pseudo" | "quasi"))
}

/// The tokens as one word, if they are words side by side and none of them is a mark.
fn joined(tokens: &[Token], at: usize, length: usize) -> Option<String> {
    let words = tokens.get(at..at + length)?;
    let written: Vec<&str> = words.iter().map(|word| word.fold.as_str()).collect();
    let plain = words.iter().all(|word| !word.is_mark() && word.fold != "'s");
    plain.then(|| fold(written.join(" ").trim_start_matches('@')))
}

/// "sev 1" and "severity 1" are `sev1`: the word or its beginning, and the number.
fn numbered<'a>(written: &str, names: &'a Names) -> Option<&'a str> {
    let (word, number) = written.rsplit_once('-')?;
    let digits = !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit());
    let fits = |spelling: &str| {
        spelling
            .strip_suffix(number)
            .is_some_and(|head| head == word || (head.len() >= 3 && word.starts_with(head)))
    };
    names.spellings().find(|(spelling, _)| digits && fits(spelling)).map(|(_, name)| name)
}

fn slip_at(tokens: &[Token], at: usize, names: &Names, known: &impl Fn(&str) -> bool) -> Option<Mention> {
    let whole_word_known = tokens.get(at).is_some_and(|token| known(&token.fold));
    [2, 1].into_iter().find_map(|length| {
        let written = joined(tokens, at, length)?;
        let resolves_already = tokens.get(at..at + length)?.iter().any(|word| {
            length > 1 && names.resolve(&word.fold).is_some_and(|name| fold(name) == fold(&word.fold))
        });
        let skip = resolves_already || (length == 1 && whole_word_known);
        if skip || changes_meaning(at.checked_sub(1).and_then(|index| tokens.get(index))) {
            return None;
        }
        let name = slip(&written, names)?;
        Some(mention(name, at..at + length, true))
    })
}

/// The one name that `written` is a slip away from: one wrong, missing, doubled or swapped letter, two in a long word.
pub fn slip<'a>(written: &str, names: &'a Names) -> Option<&'a str> {
    let length = written.chars().count();
    if length < SHORTEST_SLIP || written.chars().any(|character| character.is_ascii_digit()) {
        return None;
    }
    let mut candidates =
        names.spellings().filter(|(spelling, _)| near_miss(written, spelling)).map(|(_, name)| name);
    let first = candidates.next()?;
    candidates.all(|name| name == first).then_some(first)
}

/// Whether one word is a slip of the finger for another.
pub fn near_miss(written: &str, meant: &str) -> bool {
    let (written_length, length) = (written.chars().count(), meant.chars().count());
    let allowed = if written_length.min(length) >= 8 { 2 } else { 1 };
    let parts = |word: &str| word.matches('-').count();
    let plural = written.strip_suffix('s') == Some(meant) || meant.strip_suffix('s') == Some(written);
    let same_letters_first = written.chars().next() == meant.chars().next()
        || (written.chars().next() == meant.chars().nth(1) && written.chars().nth(1) == meant.chars().next());
    length >= 4
        && parts(written) == parts(meant)
        && same_letters_first
        // "order" is a word of its own beside "orders"; "gateways" can only be gateway.
        && !(plural && written_length.min(length) <= 6)
        && strsim::osa_distance(written, meant) <= allowed
}
