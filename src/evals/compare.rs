use jiff::{Span, SpanRelativeTo};
use serde_json::{Map, Value};
use unicode_normalization::UnicodeNormalization;

use super::case::{Contains, Entry, ExpectedCall, Matcher};

/// How an argument differs from what was expected of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mismatch {
    /// It is absent and must be there.
    Missing,
    /// It is there and must be absent.
    Unexpected,
    /// It has another value than any that is accepted.
    Value,
    /// It has another type than any that is accepted.
    Type,
}

/// Whether a call is an expected one: each listed argument fits, and no other is there.
pub fn matches(expected: &ExpectedCall, tool: &str, args: &Map<String, Value>) -> bool {
    expected.tool == tool
        && present(args).all(|(slot, _)| expected.args.contains_key(slot))
        && fits(expected, args)
}

/// Whether a call is a forbidden one: what is not listed may be anything.
pub fn forbidden(pattern: &ExpectedCall, tool: &str, args: &Map<String, Value>) -> bool {
    pattern.tool == tool && fits(pattern, args)
}

/// Every argument in which a call differs from an expected one of the same tool, by name.
pub fn mismatches(expected: &ExpectedCall, args: &Map<String, Value>) -> Vec<(String, Mismatch)> {
    let listed = expected.args.iter().filter_map(|(slot, matcher)| {
        let value = value(args, slot);
        let mismatch = match value {
            value if fit(slot, matcher, value) => return None,
            None => Mismatch::Missing,
            Some(value) if same_type(matcher, value) => Mismatch::Value,
            Some(_) => Mismatch::Type,
        };
        Some((slot.clone(), mismatch))
    });
    let others = present(args).filter(|(slot, _)| !expected.args.contains_key(*slot));
    listed.chain(others.map(|(slot, _)| (slot.clone(), Mismatch::Unexpected))).collect()
}

/// The arguments that are there. Null stands for absent.
fn present(args: &Map<String, Value>) -> impl Iterator<Item = (&String, &Value)> {
    args.iter().filter(|(_, value)| !value.is_null())
}

fn value<'a>(args: &'a Map<String, Value>, slot: &str) -> Option<&'a Value> {
    args.get(slot).filter(|value| !value.is_null())
}

fn fits(expected: &ExpectedCall, args: &Map<String, Value>) -> bool {
    expected.args.iter().all(|(slot, matcher)| fit(slot, matcher, value(args, slot)))
}

/// Whether a value is one that the matcher accepts; `None` when the argument is absent.
pub fn fit(slot: &str, matcher: &Matcher, value: Option<&Value>) -> bool {
    match (matcher, value) {
        (Matcher::OneOf(values), None) => values.iter().any(Value::is_null),
        (Matcher::OneOf(values), Some(value)) => {
            values.iter().any(|accepted| same_value(slot, accepted, value))
        }
        (Matcher::Contains(Contains { optional, .. }), None) => *optional,
        (Matcher::Contains(Contains { contains, .. }), Some(Value::String(text))) => {
            let text = prose(text);
            let holds = |part: &String| text.contains(&prose(part));
            contains.iter().all(|entry| match entry {
                Entry::One(part) => holds(part),
                Entry::Either(parts) => parts.iter().any(holds),
            })
        }
        (Matcher::Contains(_), Some(_)) => false,
        (Matcher::Any(any), None) => any.optional,
        (Matcher::Any(_), Some(value)) => value.as_str() != Some(""),
    }
}

fn same_type(matcher: &Matcher, value: &Value) -> bool {
    match matcher {
        Matcher::OneOf(values) => values.iter().any(|accepted| json_type(accepted) == json_type(value)),
        Matcher::Contains(_) => value.is_string(),
        Matcher::Any(_) => true,
    }
}

fn json_type(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "boolean",
        Value::Number(number) if number.is_f64() => "number",
        Value::Number(_) => "integer",
        Value::String(_) => "string",
        Value::Array(_) => "array",
        Value::Object(_) => "object",
    }
}

/// Whether two values of a slot are the same, in the spelling that counts for it. Types are strict: the whole number 6
/// is neither `"6"` nor `6.0`.
pub fn same_value(slot: &str, accepted: &Value, value: &Value) -> bool {
    let (Value::String(accepted), Value::String(value)) = (accepted, value) else { return accepted == value };
    match slot {
        "version" | "migration" => versioned(accepted) == versioned(value),
        "service" | "target" | "team" | "environment" | "severity" => named(accepted) == named(value),
        "last" => match (seconds(accepted), seconds(value)) {
            (None, None) => prose(accepted) == prose(value),
            (accepted, value) => accepted == value,
        },
        _ => prose(accepted) == prose(value),
    }
}

/// Compatibility forms united, case folded, trimmed.
fn plain(text: &str) -> String {
    let folded: String = text.nfkc().flat_map(fold).collect();
    // Folding may take a character apart (İ), so it is united once more.
    folded.nfkc().collect::<String>().trim().to_owned()
}

/// The case folding of a character: `ß` is `ss`. By way of the upper case, which alone would also make an `i` of the
/// Turkish `ı`.
fn fold(character: char) -> impl Iterator<Item = char> {
    let (upper, kept) = if character == 'ı' { (None, Some(character)) } else { (Some(character), None) };
    upper.into_iter().flat_map(char::to_uppercase).flat_map(char::to_lowercase).chain(kept)
}

/// A version: one leading `v` says nothing where a number follows, unless the text is the name of a migration file
/// (`V3__create_table`).
fn versioned(text: &str) -> String {
    let text = plain(text);
    let bare = text.strip_prefix('v').filter(|rest| rest.starts_with(|first: char| first.is_ascii_digit()));
    bare.filter(|_| !text.contains("__")).map(str::to_owned).unwrap_or(text)
}

/// A name of the catalogue: `Order_Service` is `order-service`.
pub fn named(text: &str) -> String {
    let text = plain(text);
    let mut name = String::with_capacity(text.len());
    let mut gap = false;
    for character in text.chars() {
        if character == '_' || character.is_whitespace() {
            gap = true;
            continue;
        }
        if std::mem::take(&mut gap) {
            name.push('-');
        }
        name.push(character);
    }
    if gap {
        name.push('-');
    }
    name
}

/// Text: white space runs count as one space.
fn prose(text: &str) -> String {
    plain(text).split_whitespace().collect::<Vec<_>>().join(" ")
}

/// A duration: `90m`, `1h30m`, `PT1H30M`, `90 minutes`. `None` for anything else, and for months and years, which have
/// no fixed length.
fn seconds(text: &str) -> Option<i64> {
    let span: Span = plain(text).parse().ok()?;
    let duration = span.to_duration(SpanRelativeTo::days_are_24_hours()).ok()?;
    Some(duration.as_secs())
}
