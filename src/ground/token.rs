use std::ops::Range;

use unicode_normalization::UnicodeNormalization;

/// A word or a punctuation mark of a text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Token {
    /// Where it stands.
    pub span: Range<usize>,
    /// As written, in compatibility form.
    pub text: String,
    /// In lower case; what words are compared by.
    pub fold: String,
}

impl Token {
    /// Whether it is a punctuation mark.
    pub fn is_mark(&self) -> bool {
        !self.text.chars().any(char::is_alphanumeric)
    }

    /// Whether it is this word or mark.
    pub fn is(&self, word: &str) -> bool {
        self.fold == word
    }
}

/// Splits a text into words and marks. Dots, dashes and the like belong to the word they stand in (`2.4.1`, `api-gw`),
/// not to the one they follow. `what's` is two words, `don't` is one.
pub fn tokenize(text: &str) -> Vec<Token> {
    let mut tokens = Vec::new();
    let mut start = None;
    for (at, character) in text.char_indices() {
        match (character.is_whitespace(), start) {
            (true, Some(from)) => {
                chunk(text, from..at, &mut tokens);
                start = None;
            }
            (true, None) | (false, Some(_)) => {}
            (false, None) => start = Some(at),
        }
    }
    if let Some(from) = start {
        chunk(text, from..text.len(), &mut tokens);
    }
    tokens
}

/// One run without spaces: marks, words, marks.
fn chunk(text: &str, range: Range<usize>, tokens: &mut Vec<Token>) {
    let Some(run) = text.get(range.clone()) else { return };
    let characters: Vec<(usize, char)> =
        run.char_indices().map(|(at, character)| (range.start + at, plain(character))).collect();
    let mut word: Option<usize> = None;
    for (index, &(at, character)) in characters.iter().enumerate() {
        let before = index.checked_sub(1).and_then(|index| characters.get(index)).map(|found| found.1);
        let after = characters.get(index + 1).map(|found| found.1);
        if belongs(character, before.filter(|_| word.is_some()), after) {
            word = word.or(Some(at));
            continue;
        }
        if let Some(from) = word.take() {
            push(text, from..at, tokens);
        }
        let end = characters.get(index + 1).map_or(range.end, |found| found.0);
        push(text, at..end, tokens);
    }
    if let Some(from) = word {
        push(text, from..range.end, tokens);
    }
}

/// One character in the form it is compared in.
fn plain(character: char) -> char {
    match character {
        '’' | '‘' | 'ʼ' => '\'',
        '\u{2010}' | '\u{2011}' | '\u{2212}' => '-',
        _ => std::iter::once(character).nfkc().next().unwrap_or(character),
    }
}

/// Whether a character is part of a word, given its neighbours in the word so far and after it.
fn belongs(character: char, before: Option<char>, after: Option<char>) -> bool {
    let letter = |found: Option<char>| found.is_some_and(char::is_alphanumeric);
    let digit = |found: Option<char>| found.is_some_and(|found| found.is_ascii_digit());
    match character {
        '_' => true,
        '.' | '+' | '\'' => letter(before) && letter(after),
        '-' => (letter(before) && letter(after)) || (before.is_none() && digit(after)),
        ',' | ':' => digit(before) && digit(after),
        '@' => before.is_none() && letter(after),
        '%' => digit(before),
        _ => character.is_alphanumeric(),
    }
}

fn push(text: &str, span: Range<usize>, tokens: &mut Vec<Token>) {
    let Some(written) = text.get(span.clone()) else { return };
    let plain: String = written.nfkc().map(plain).collect();
    let fold = plain.to_lowercase();
    // "who's" is "who is", "that's" is "that is": what follows the apostrophe is a word of its own.
    if let Some((head, "s")) = fold.rsplit_once('\'')
        && !head.is_empty()
        && let Some(at) = written.rfind(['\'', '’', '‘', 'ʼ'])
    {
        let split = span.start + at;
        let short: String = plain.chars().take(head.chars().count()).collect();
        let tail = plain.chars().skip(head.chars().count()).collect();
        tokens.push(Token { span: span.start..split, text: short, fold: head.to_owned() });
        tokens.push(Token { span: split..span.end, text: tail, fold: "'s".to_owned() });
        return;
    }
    tokens.push(Token { span, text: plain, fold });
}
