use serde_json::{Map, Value};
use unicode_normalization::UnicodeNormalization;

use super::case::{Contains, Entry, ExpectedCall, Matcher};
use crate::domain::parse_span;
use crate::ground::{duration_at, tokenize};

/// Whether a call is an expected one: each listed argument fits, and no other is there.
pub fn matches(expected: &ExpectedCall, tool: &str, args: &Map<String, Value>) -> bool {
    expected.tool == tool
        && args.iter().filter(|(_, value)| !value.is_null()).all(|(slot, _)| expected.args.contains_key(slot))
        && fits(expected, args)
}

/// Whether a call is a forbidden one: what is not listed may be anything.
pub(super) fn forbidden(pattern: &ExpectedCall, tool: &str, args: &Map<String, Value>) -> bool {
    pattern.tool == tool && fits(pattern, args)
}

fn fits(expected: &ExpectedCall, args: &Map<String, Value>) -> bool {
    expected
        .args
        .iter()
        .all(|(slot, matcher)| fit(slot, matcher, args.get(slot).filter(|value| !value.is_null())))
}

/// Whether a value is one that the matcher accepts; `None` when the argument is absent.
pub(super) fn fit(slot: &str, matcher: &Matcher, value: Option<&Value>) -> bool {
    match (matcher, value) {
        (Matcher::OneOf(values), None) => values.iter().any(Value::is_null),
        (Matcher::OneOf(values), Some(value)) => {
            values.iter().any(|accepted| same_value(slot, accepted, value))
        }
        (Matcher::Contains(Contains { optional, .. }), None) => *optional,
        (Matcher::Contains(Contains { contains, .. }), Some(value)) => {
            let text = prose(value.as_str().unwrap_or_default());
            let holds = |part: &String| text.contains(&prose(part));
            contains.iter().all(|entry| match entry {
                Entry::One(part) => holds(part),
                Entry::Either(parts) => parts.iter().any(holds),
            })
        }
        (Matcher::Any(any), None) => any.optional,
        (Matcher::Any(_), Some(value)) => value.as_str() != Some(""),
    }
}

/// Whether two values of a slot are the same, in the spelling that counts for it. Types are strict.
pub fn same_value(slot: &str, accepted: &Value, value: &Value) -> bool {
    let (Value::String(accepted), Value::String(value)) = (accepted, value) else { return accepted == value };
    match slot {
        "version" | "migration" => versioned(accepted) == versioned(value),
        "service" | "target" | "team" | "environment" | "severity" => named(accepted) == named(value),
        "last" => seconds(accepted).is_some() && seconds(accepted) == seconds(value),
        _ => prose(accepted) == prose(value),
    }
}

fn plain(text: &str) -> String {
    text.trim().nfkc().collect::<String>().to_lowercase()
}

fn versioned(text: &str) -> String {
    let text = plain(text);
    let bare = text.strip_prefix('v').filter(|rest| rest.starts_with(|first: char| first.is_ascii_digit()));
    bare.filter(|_| !text.contains("__")).map(str::to_owned).unwrap_or(text)
}

fn named(text: &str) -> String {
    let text = plain(text);
    let parts = text.split(|character: char| character == '_' || character.is_whitespace());
    parts.filter(|part| !part.is_empty()).collect::<Vec<_>>().join("-")
}

fn prose(text: &str) -> String {
    plain(text).split_whitespace().collect::<Vec<_>>().join(" ")
}

fn seconds(text: &str) -> Option<i64> {
    let text = plain(text);
    let bare = text.strip_prefix("pt").unwrap_or(&text);
    let compact = parse_span(bare).and_then(|span| i64::try_from(span.as_secs()).ok());
    compact.or_else(|| {
        let tokens = tokenize(&text);
        duration_at(&tokens, 0).filter(|found| found.tokens == tokens.len()).map(|found| found.value)
    })
}
