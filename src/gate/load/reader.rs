//! Reads a TOML table key by key and remembers what was asked for, so that each problem has its line and every key
//! that nobody asked for is one.

use std::collections::BTreeSet;
use std::ops::Range;

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use crate::gate::words::list;
use crate::gate::{CODE_RULES, PolicyProblem};

/// So many names fit in a sentence.
const FEW: usize = 5;

/// The file, and what is wrong with it so far.
pub(super) struct Source<'s> {
    file: &'s str,
    text: &'s str,
    /// The names that findings go by, so that each is of one thing.
    ids: BTreeSet<String>,
    pub problems: Vec<PolicyProblem>,
}

/// A string of the file, and where it stands.
#[derive(Clone, Debug)]
pub(super) struct Word {
    pub text: String,
    pub at: usize,
}

/// One table of the file.
pub(super) struct Table<'t> {
    what: String,
    at: usize,
    keys: &'t DeTable<'t>,
    asked: Vec<&'static str>,
}

impl<'s> Source<'s> {
    pub fn new(file: &'s str, text: &'s str) -> Self {
        Self { file, text, ids: BTreeSet::new(), problems: Vec::new() }
    }

    /// The `id` of a rule, freeze or limit: the name by which verdicts tell who spoke.
    pub fn id(&mut self, table: &mut Table<'_>) -> Option<String> {
        let word = table.must(self, "id")?;
        if CODE_RULES.contains(&word.text.as_str()) {
            self.complain(
                word.at,
                format!("`{}` is the name of a rule that is built in; take another", word.text),
            );
        }
        if !self.ids.insert(word.text.clone()) {
            self.complain(word.at, format!("there is another rule, freeze or limit called `{}`", word.text));
        }
        Some(word.text)
    }

    /// Notes a problem at a byte of the text.
    pub fn complain(&mut self, at: usize, sentence: impl Into<String>) {
        let line = self.text.bytes().take(at).filter(|byte| *byte == b'\n').count() + 1;
        self.problems.push(PolicyProblem {
            file: self.file.to_owned(),
            line: Some(line),
            sentence: sentence.into(),
        });
    }

    /// Notes a problem of the whole file.
    pub fn complain_of_file(&mut self, sentence: impl Into<String>) {
        self.problems.push(PolicyProblem {
            file: self.file.to_owned(),
            line: None,
            sentence: sentence.into(),
        });
    }

    /// Notes a name that does not exist, and what there is instead.
    pub fn unknown<'k>(&mut self, kind: &str, word: &Word, known: impl IntoIterator<Item = &'k str>) {
        let hint = hint(&word.text, known);
        self.complain(word.at, format!("there is no {kind} `{}`{hint}", word.text));
    }
}

/// The nearest known name, if one is near or begins like this; else all of them, if they are few.
fn hint<'k>(text: &str, known: impl IntoIterator<Item = &'k str>) -> String {
    let known: Vec<_> = known.into_iter().collect();
    let reach = (text.chars().count() / 3).clamp(1, 3);
    let distances = known.iter().map(|name| (strsim::damerau_levenshtein(text, name), *name));
    let near = distances.filter(|(distance, name)| *distance <= reach || name.starts_with(text)).min();
    match near {
        Some((_, name)) => format!("; did you mean `{name}`?"),
        None if (1..=FEW).contains(&known.len()) => format!("; there is {}", list(&known, "and")),
        None => String::new(),
    }
}

impl<'t> Table<'t> {
    /// `what` is how problems call it, such as `[[rule]]`.
    pub fn new(what: &str, keys: &'t DeTable<'t>, at: usize) -> Self {
        Self { what: what.to_owned(), at, keys, asked: Vec::new() }
    }

    /// Where it begins.
    pub fn at(&self) -> usize {
        self.at
    }

    /// All keys, for tables whose keys are names.
    pub fn entries(&self) -> impl Iterator<Item = (Word, &'t Spanned<DeValue<'t>>)> + use<'t> {
        self.keys.iter().map(|(key, value)| {
            (Word { text: key.get_ref().clone().into_owned(), at: key.span().start }, value)
        })
    }

    fn value(&mut self, key: &'static str) -> Option<&'t Spanned<DeValue<'t>>> {
        self.asked.push(key);
        self.keys.get(key)
    }

    pub fn has(&self, key: &str) -> bool {
        self.keys.contains_key(key)
    }

    /// Reads a value of one kind, or complains that it is of another.
    fn read<T>(
        &mut self,
        source: &mut Source<'_>,
        key: &'static str,
        kind: &str,
        read: impl FnOnce(&'t DeValue<'t>, Range<usize>) -> Option<T>,
    ) -> Option<T> {
        let value = self.value(key)?;
        let found = read(value.get_ref(), value.span());
        if found.is_none() {
            source.complain(value.span().start, format!("`{key}` in {} must be {kind}", self.what));
        }
        found
    }

    pub fn text(&mut self, source: &mut Source<'_>, key: &'static str) -> Option<Word> {
        self.read(source, key, "a text", |value, span| {
            value
                .as_str()
                .filter(|text| !text.is_empty())
                .map(|text| Word { text: text.to_owned(), at: span.start })
        })
    }

    /// A text that must be there.
    pub fn must(&mut self, source: &mut Source<'_>, key: &'static str) -> Option<Word> {
        self.demand(source, key);
        self.text(source, key)
    }

    /// A text or a date without quotes.
    pub fn moment(&mut self, source: &mut Source<'_>, key: &'static str) -> Option<Word> {
        self.demand(source, key);
        self.read(source, key, "a time", |value, span| {
            let bare = value.as_datetime().map(ToString::to_string);
            value.as_str().map(str::to_owned).or(bare).map(|text| Word { text, at: span.start })
        })
    }

    /// A list of texts with at least one in it.
    pub fn list(&mut self, source: &mut Source<'_>, key: &'static str) -> Option<Vec<Word>> {
        let words = self.read(source, key, "a list of texts", |value, _| words(value))?;
        if words.is_empty() {
            let at = self.keys.get(key).map_or(self.at, |value| value.span().start);
            source.complain(at, format!("`{key}` in {} is empty, so it would never match", self.what));
        }
        Some(words)
    }

    pub fn flag(&mut self, source: &mut Source<'_>, key: &'static str) -> bool {
        self.read(source, key, "true or false", |value, _| value.as_bool()).unwrap_or(false)
    }

    /// A whole number of minutes from one to a week.
    pub fn minutes(&mut self, source: &mut Source<'_>, key: &'static str) -> Option<std::time::Duration> {
        self.read(source, key, "a whole number of minutes from 1 to 10080 (a week)", |value, _| {
            let minutes = number(value).filter(|minutes| (1..=10_080).contains(minutes))?;
            Some(std::time::Duration::from_secs(minutes * 60))
        })
    }

    /// Minutes that must be there.
    pub fn must_minutes(
        &mut self,
        source: &mut Source<'_>,
        key: &'static str,
    ) -> Option<std::time::Duration> {
        self.demand(source, key);
        self.minutes(source, key)
    }

    pub fn number(&mut self, source: &mut Source<'_>, key: &'static str) -> Option<u64> {
        self.read(source, key, "a whole number", |value, _| number(value))
    }

    /// How many, from one to a million.
    pub fn count(&mut self, source: &mut Source<'_>, key: &'static str) -> Option<u32> {
        self.read(source, key, "a whole number from 1 to 1000000", |value, _| {
            number(value)
                .and_then(|count| u32::try_from(count).ok())
                .filter(|count| (1..=1_000_000).contains(count))
        })
    }

    /// Complains if a key is not there.
    pub fn demand(&self, source: &mut Source<'_>, key: &str) {
        if !self.has(key) {
            source.complain(self.at, format!("{} needs `{key}`", self.what));
        }
    }

    /// A table in this one.
    pub fn table(&mut self, source: &mut Source<'_>, key: &'static str) -> Option<Table<'t>> {
        self.read(source, key, "a table", |value, span| {
            value.as_table().map(|keys| Table::new(&format!("[{key}]"), keys, span.start))
        })
    }

    /// All tables `[[key]]`.
    pub fn tables(&mut self, source: &mut Source<'_>, key: &'static str) -> Vec<Table<'t>> {
        let what = format!("[[{key}]]");
        let tables = self.read(source, key, "written as `[[...]]`", |value, _| {
            let each = value.as_array()?.iter();
            each.map(|item| item.get_ref().as_table().map(|keys| Table::new(&what, keys, item.span().start)))
                .collect::<Option<Vec<_>>>()
        });
        tables.unwrap_or_default()
    }

    /// Complains about every key that nobody asked for.
    pub fn finish(self, source: &mut Source<'_>) {
        for (word, _) in self.entries().filter(|(word, _)| !self.asked.contains(&word.text.as_str())) {
            let hint = hint(&word.text, self.asked.iter().copied());
            source.complain(word.at, format!("{} has no key `{}`{hint}", self.what, word.text));
        }
    }
}

/// The texts of an array, if it is one of texts.
pub(super) fn words(value: &DeValue<'_>) -> Option<Vec<Word>> {
    let each = value.as_array()?.iter();
    each.map(|item| item.get_ref().as_str().map(|text| Word { text: text.to_owned(), at: item.span().start }))
        .collect()
}

fn number(value: &DeValue<'_>) -> Option<u64> {
    let number = value.as_integer()?;
    u64::from_str_radix(number.as_str(), number.radix()).ok()
}
