use std::ops::Range;

use super::english::{is_function, stem};
use super::vocabulary::Vocabulary;
use crate::catalog::List;
use crate::ground::{Token, duration_at, mentions, number_at, ordinary, own_words, tokenize};

/// A piece of a message.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Item {
    pub kind: Kind,
    /// In lower case, slips of the finger corrected.
    pub word: String,
    /// As written.
    pub text: String,
    /// Where in the message.
    pub span: Range<usize>,
}

#[derive(Clone, Debug, PartialEq)]
pub(super) enum Kind {
    Word,
    Mark,
    /// A name of the landscape: the lists that have it, and the canonical name in each.
    Name(Vec<(List, String)>),
    Number(i64),
    /// Seconds.
    Duration(i64),
    Version,
    /// Quoted text; what it says is not the writer's.
    Quote,
}

impl Item {
    pub fn is(&self, word: &str) -> bool {
        self.word == word
    }

    pub fn is_word(&self) -> bool {
        self.kind == Kind::Word
    }

    /// A word that names an action or a thing.
    pub fn is_content(&self) -> bool {
        self.is_word() && !is_function(&self.word)
    }

    pub fn stem(&self) -> String {
        stem(&self.word)
    }

    pub fn name_in(&self, list: List) -> Option<&str> {
        match &self.kind {
            Kind::Name(found) => {
                found.iter().find(|(known, _)| *known == list).map(|(_, name)| name.as_str())
            }
            Kind::Word | Kind::Mark | Kind::Number(_) | Kind::Duration(_) | Kind::Version | Kind::Quote => {
                None
            }
        }
    }

    /// Whether it counts something: `0042` is a name made of digits.
    pub fn is_count(&self) -> bool {
        let padded = self.text.len() > 1 && self.text.starts_with('0');
        matches!(self.kind, Kind::Number(_)) && !padded
    }

    /// The number of a ticket, such as `OPS-902`: it says why, and is no version and no migration unless it is called one.
    pub fn is_reference(&self) -> bool {
        self.text.split_once('-').is_some_and(|(project, number)| {
            (2..=10).contains(&project.len())
                && project.bytes().all(|byte| byte.is_ascii_uppercase())
                && !number.is_empty()
                && number.bytes().all(|byte| byte.is_ascii_digit())
        })
    }

    /// Whether it can be an identifier: an alert's name, a migration, a number.
    pub fn is_identifier(&self) -> bool {
        match &self.kind {
            Kind::Number(number) => *number >= 0 && self.text.bytes().all(|byte| byte.is_ascii_digit()),
            Kind::Version => true,
            Kind::Word => identifier(&self.text),
            Kind::Mark | Kind::Name(_) | Kind::Duration(_) | Kind::Quote => false,
        }
    }
}

/// Digits in it, an underscore, a capital inside, or dashes: no word of the language.
fn identifier(text: &str) -> bool {
    let capital_inside = text.chars().skip(1).any(char::is_uppercase) && text.chars().any(char::is_lowercase);
    let digit = text.chars().any(|character| character.is_ascii_digit());
    let tokenish = text.chars().all(|character| character.is_alphanumeric() || "._-+:".contains(character));
    tokenish && text.is_ascii() && (capital_inside || digit || text.contains('_'))
}

/// `2.4.1`, `v3`, `5.2.0-rc.1`, `6f2c9ab`.
fn version(text: &str) -> bool {
    let bare = text.strip_prefix(['v', 'V']).unwrap_or(text);
    let parts: Vec<&str> = bare.split('.').collect();
    let numeric_start =
        parts.first().is_some_and(|part| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit()));
    let dotted = parts.len() >= 2
        && numeric_start
        && parts.iter().all(|part| {
            part.starts_with(|character: char| character.is_ascii_alphanumeric())
                && part.chars().all(|character| character.is_ascii_alphanumeric() || "-+".contains(character))
        });
    let short = bare.len() < text.len() && numeric_start && parts.len() == 1 && bare.len() <= 5;
    let hex = (7..=40).contains(&text.len())
        && text.bytes().all(|byte| byte.is_ascii_hexdigit())
        && text.bytes().any(|byte| byte.is_ascii_digit())
        && text.bytes().any(|byte| byte.is_ascii_alphabetic());
    dotted || short || hex
}

/// Reads a message into items; what is not the writer's own is left out, but for the place of a quotation.
pub(super) fn scan(text: &str, vocabulary: &Vocabulary) -> Vec<Item> {
    let own = own_words(text);
    let tokens = tokenize(&own.text);
    let known = |word: &str| ordinary(word) || is_function(word) || vocabulary.knows(word);
    let mut named: Vec<(List, Range<usize>, String)> = Vec::new();
    for (list, names) in vocabulary.lists() {
        let found = mentions(&tokens, names, known).into_iter();
        named.extend(found.map(|found| (*list, found.tokens, found.name)));
    }
    let mut items = Vec::new();
    let mut at = 0;
    while at < tokens.len() {
        let (kind, length) = kind_at(&tokens, at, &named);
        items.extend(item(kind, tokens.get(at..at + length).unwrap_or_default(), text, vocabulary));
        at += length;
    }
    for quote in own.quotes {
        let at = items.partition_point(|item: &Item| item.span.start < quote.start);
        let text = text.get(quote.clone()).unwrap_or_default().to_owned();
        items.insert(at, Item { kind: Kind::Quote, word: String::new(), text, span: quote });
    }
    compounds(items, vocabulary)
}

fn kind_at(tokens: &[Token], at: usize, named: &[(List, Range<usize>, String)]) -> (Kind, usize) {
    let Some(token) = tokens.get(at) else { return (Kind::Mark, 1) };
    let here = named.iter().filter(|(_, range, _)| range.start == at);
    if let Some(longest) = here.clone().map(|(_, range, _)| range.len()).max() {
        let found = here.filter(|(_, range, _)| range.len() == longest);
        return (Kind::Name(found.map(|(list, _, name)| (*list, name.clone())).collect()), longest);
    }
    if token.is_mark() {
        return (Kind::Mark, 1);
    }
    // "hour" alone is a word; a duration needs a number, or "last" or "past" before it.
    let before = at.checked_sub(1).and_then(|at| tokens.get(at)).map_or("", |token| token.fold.as_str());
    if let Some(found) = duration_at(tokens, at)
        && (found.tokens > 1
            || token.fold.starts_with(|c: char| c.is_ascii_digit())
            || matches!(before, "last" | "past"))
        && !matches!(before, "previous")
    {
        return (Kind::Duration(found.value), found.tokens);
    }
    if version(&token.text) {
        return (Kind::Version, 1);
    }
    // "one" is more often a pronoun than a number; a number when a thing to count follows, or "more".
    let pronoun = token.fold == "one"
        && matches!(
            before,
            "the"
                | "that"
                | "this"
                | "which"
                | "first"
                | "second"
                | "third"
                | "last"
                | "other"
                | "no"
                | "development"
                | "staging"
                | "production"
        );
    // "oncall 4 the gateway"
    let after = tokens.get(at + 1).map_or("", |token| token.fold.as_str());
    let pronoun = pronoun || (token.fold == "one" && after == "of");
    let preposition = token.fold == "4" && matches!(after, "the" | "me" | "us" | "my" | "our");
    match number_at(tokens, at).filter(|_| !pronoun && !preposition) {
        Some(found) => (Kind::Number(found.value), found.tokens),
        None => (Kind::Word, 1),
    }
}

fn item(kind: Kind, tokens: &[Token], text: &str, vocabulary: &Vocabulary) -> Option<Item> {
    let (first, last) = (tokens.first()?, tokens.last()?);
    let span = first.span.start..last.span.end;
    let written = text.get(span.clone())?.to_owned();
    let fold = tokens.iter().map(|token| token.fold.as_str()).collect::<Vec<_>>().join(" ");
    let word = match kind {
        Kind::Word => vocabulary.corrected(&fold),
        Kind::Mark | Kind::Name(_) | Kind::Number(_) | Kind::Duration(_) | Kind::Version | Kind::Quote => {
            fold
        }
    };
    let text = if tokens.len() == 1 { first.text.clone() } else { written };
    Some(Item { kind, word, text, span })
}

/// "roll back", "rolled it back", "on-call" and "run book" are the one word that the tools know.
fn compounds(items: Vec<Item>, vocabulary: &Vocabulary) -> Vec<Item> {
    let mut out: Vec<Item> = Vec::with_capacity(items.len());
    let mut taken: Vec<usize> = Vec::new();
    for (at, item) in items.iter().enumerate() {
        if taken.contains(&at) {
            continue;
        }
        let mut item = item.clone();
        if item.is_word() || matches!(item.kind, Kind::Name(_)) && item.word.len() < 4 {
            let bare: String = item.word.chars().filter(|character| *character != '-').collect();
            if bare != item.word && vocabulary.compound(&bare).is_some() {
                item.word = bare;
            } else if let Some((offset, whole)) = particle(&items, at, vocabulary) {
                taken.push(at + offset);
                let past = super::english::is_past(&item.word);
                if offset == 1 {
                    item.span.end = items.get(at + 1).map_or(item.span.end, |next| next.span.end);
                }
                let going = item.word.ends_with("ing");
                item.word = match (past, going) {
                    (true, _) => format!("{whole}ed"),
                    (false, true) => format!("{whole}ing"),
                    (false, false) => whole,
                };
            }
        }
        out.push(item);
    }
    out
}

/// The second half of a compound that begins at `at`, how far away it is, and the whole.
fn particle(items: &[Item], at: usize, vocabulary: &Vocabulary) -> Option<(usize, String)> {
    let first = items.get(at)?;
    let fits = |second: &Item| {
        let whole = vocabulary.compound_of(&first.word, &second.word)?;
        second.is_word().then(|| whole.to_owned())
    };
    if let Some(whole) = items.get(at + 1).and_then(fits) {
        return Some((1, whole));
    }
    // Only verbs are parted: "roll the gateway back".
    (2..=5).find_map(|offset| {
        let between = items.get(at + 1..at + offset)?;
        let light = between
            .iter()
            .all(|item| matches!(item.kind, Kind::Name(_)) || (item.is_word() && is_function(&item.word)));
        let second = items.get(at + offset)?;
        (light && second.is("back")).then(|| fits(second)).flatten().map(|whole| (offset, whole))
    })
}
