/// One word of a command.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Word {
    /// Its text, without quotes and escapes.
    pub text: String,
    /// Whether it began with a quote or an escape, so that it is a value whatever it looks like.
    pub literal: bool,
}

/// A quote that has no end.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Unclosed {
    /// The quote as it was typed.
    pub quote: char,
    /// The words before it.
    pub before: Vec<Word>,
    /// What follows it.
    pub rest: Word,
}

/// Splits a command into words at white space.
///
/// Quotes, straight or as phones write them, hold a word together. They open at the start of a word or of a flag's value
/// and close at the end of a word, so that an apostrophe inside of one is a letter. A backslash takes the meaning from a
/// quote, a backslash, a space or a dash at the start, and is a letter before anything else. A long dash at the start of a word is
/// what phones make of `--`.
pub(super) fn words(text: &str) -> Result<Vec<Word>, Unclosed> {
    let mut words = Vec::new();
    let mut rest = Cursor { text, at: 0 };
    loop {
        rest.skip_while(char::is_whitespace);
        if rest.peek().is_none() {
            return Ok(words);
        }
        match word(&mut rest) {
            Ok(word) => words.push(word),
            Err((quote, rest)) => return Err(Unclosed { quote, before: words, rest }),
        }
    }
}

struct Cursor<'a> {
    text: &'a str,
    at: usize,
}

impl Cursor<'_> {
    fn peek(&self) -> Option<char> {
        self.text.get(self.at..)?.chars().next()
    }

    fn peek_second(&self) -> Option<char> {
        self.text.get(self.at..)?.chars().nth(1)
    }

    fn bump(&mut self) {
        self.at += self.peek().map_or(0, char::len_utf8);
    }

    fn skip_while(&mut self, condition: impl Fn(char) -> bool) {
        while self.peek().is_some_and(&condition) {
            self.bump();
        }
    }
}

fn word(cursor: &mut Cursor) -> Result<Word, (char, Word)> {
    let mut word = Word { text: String::new(), literal: false };
    if matches!(cursor.peek(), Some('—' | '–')) {
        cursor.bump();
        word.text.push_str("--");
    }
    while let Some(character) = cursor.peek() {
        let at_start = word.text.is_empty() && !word.literal;
        let opens = at_start || !word.literal && is_flag_without_value(&word.text);
        if character.is_whitespace() {
            break;
        } else if opens && closers(character).is_some() {
            word.literal |= word.text.is_empty();
            quoted(cursor, character, &mut word)?;
            break;
        } else if character == '\\' && cursor.peek_second().is_some_and(|next| is_escapable(next, at_start)) {
            word.literal |= at_start;
            cursor.bump();
        }
        word.text.extend(cursor.peek());
        cursor.bump();
    }
    Ok(word)
}

/// Reads up to the quote that ends the word; there may be quotes inside that do not.
fn quoted(cursor: &mut Cursor, quote: char, word: &mut Word) -> Result<(), (char, Word)> {
    cursor.bump();
    let closers = closers(quote).unwrap_or_default();
    while let Some(character) = cursor.peek() {
        let ends_word = cursor.peek_second().is_none_or(char::is_whitespace);
        if closers.contains(character) && ends_word {
            cursor.bump();
            return Ok(());
        }
        if character == '\\' && cursor.peek_second().is_some_and(|next| next == '\\' || is_quote(next)) {
            cursor.bump();
        }
        word.text.extend(cursor.peek());
        cursor.bump();
    }
    Err((quote, word.clone()))
}

/// What closes a quote, if it is one that opens. Typed quotes come in pairs of every fashion.
fn closers(quote: char) -> Option<&'static str> {
    Some(match quote {
        '"' => "\"",
        '\'' => "'",
        '“' | '”' | '„' | '‟' => "“”\"",
        '‘' | '’' | '‚' => "‘’'",
        '«' => "»",
        '»' => "«",
        _ => return None,
    })
}

fn is_quote(character: char) -> bool {
    closers(character).is_some()
}

fn is_escapable(character: char, at_start: bool) -> bool {
    let is_dash = matches!(character, '-' | '–' | '—');
    character == '\\' || character.is_whitespace() || is_quote(character) || at_start && is_dash
}

/// `--reason=`
fn is_flag_without_value(text: &str) -> bool {
    text.starts_with("--") && text.find('=') == Some(text.len() - 1)
}
