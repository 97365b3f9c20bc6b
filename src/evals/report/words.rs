//! Expectations and results in words, for people.

use serde_json::Value;

use super::shown::Kept;
use crate::catalog::revealed;
use crate::evals::baseline::Comparison;
use crate::evals::case::{Contains, Entry, ExpectedCall, Kind, Matcher, Outcome};
use crate::evals::metrics::Metrics;
use crate::evals::prediction::{Got, ProposedCall};
use crate::evals::text::cut;

/// The most characters of a text within a line.
const IN_LINE: usize = 80;

/// An interval as percent: `61.2–88.4`.
pub(super) fn interval(bounds: Option<[f64; 2]>) -> String {
    bounds.map_or_else(String::new, |[low, high]| format!("{:.1}–{:.1}", low * 100.0, high * 100.0))
}

/// A change of a share in points: `+1.2`, `−0.4`, `±0.0`.
pub(super) fn points(now: Option<f64>, before: Option<f64>) -> Option<String> {
    let change = (now? - before?) * 100.0;
    let sign = match change {
        change if change >= 0.05 => "+",
        change if change <= -0.05 => "−",
        _ => "±",
    };
    Some(format!("{sign}{:.1}", change.abs()))
}

/// A large number with commas.
pub(super) fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let groups: Vec<String> =
        digits.as_bytes().rchunks(3).rev().map(|group| String::from_utf8_lossy(group).into_owned()).collect();
    groups.join(",")
}

/// Milliseconds as seconds: `0.8 s`.
pub(super) fn seconds(milliseconds: Option<u64>) -> String {
    milliseconds.map_or_else(
        || "–".to_owned(),
        |ms| if ms < 1_000 { format!("{ms} ms") } else { format!("{}.{} s", ms / 1_000, ms % 1_000 / 100) },
    )
}

/// US dollars, with as many digits as say something.
pub(super) fn dollars(amount: f64) -> String {
    if amount > 0.0 && amount < 0.01 { format!("${amount:.5}") } else { format!("${amount:.2}") }
}

/// The categories by how well they do, the worst first.
pub(super) fn worst_first<'a>(
    groups: impl IntoIterator<Item = (&'a String, &'a Metrics)>,
) -> Vec<(&'a String, &'a Metrics)> {
    let mut groups: Vec<_> = groups.into_iter().collect();
    groups.sort_by(|(one, a), (two, b)| {
        a.pass.partial_cmp(&b.pass).unwrap_or(std::cmp::Ordering::Equal).then_with(|| one.cmp(two))
    });
    groups
}

/// What is expected, in one line.
pub(super) fn expected(outcome: &Outcome) -> String {
    let calls = || outcome.calls.iter().map(expected_call).collect::<Vec<_>>();
    match outcome.kind {
        Kind::Call => calls().join(""),
        Kind::Calls if outcome.ordered => calls().join(", then "),
        Kind::Calls => calls().join(" and "),
        Kind::Clarify if outcome.takes_any_question() => "a question back".to_owned(),
        Kind::Clarify => format!("a question for {}", outcome.missing.join(" and ")),
        Kind::Refuse => "a refusal".to_owned(),
        Kind::Answer => "an answer in words".to_owned(),
        Kind::None => "nothing".to_owned(),
    }
}

/// What came, in one line.
pub(super) fn came(got: &Kept) -> String {
    if let Some(error) = &got.error {
        return format!("no answer: {}", line(error));
    }
    if let Some(effects) = &got.effects {
        return match effects.as_slice() {
            [] => "nothing was executed".to_owned(),
            effects => format!("executed {}", calls(effects)),
        };
    }
    let said = |what: &str| match line(&got.text) {
        text if text.is_empty() => what.to_owned(),
        text => format!("{what}: {text}"),
    };
    let answer = match got.outcome {
        Some(Got::Call) if got.calls.is_empty() => return "a call of nothing".to_owned(),
        Some(Got::Call) => return calls(&got.calls),
        Some(Got::Clarify) => match got.missing.as_deref() {
            None | Some([]) => said("a question"),
            Some(slots) => format!(
                "a question for {}",
                slots.iter().map(|slot| line(slot)).collect::<Vec<_>>().join(" and ")
            ),
        },
        Some(Got::Refuse) => said("a refusal"),
        Some(Got::Answer) => said("an answer"),
        Some(Got::None) => "nothing".to_owned(),
        None => "no answer".to_owned(),
    };
    if got.calls.is_empty() { answer } else { format!("{answer}, with {}", calls(&got.calls)) }
}

fn calls(calls: &[ProposedCall]) -> String {
    calls.iter().map(call).collect::<Vec<_>>().join(" and ")
}

fn call(call: &ProposedCall) -> String {
    let args = call.args.iter().map(|(slot, found)| format!("{}={}", line(slot), value(found)));
    std::iter::once(line(&call.tool)).chain(args).collect::<Vec<_>>().join(" ")
}

/// An expected or forbidden call, in one line.
pub(super) fn expected_call(call: &ExpectedCall) -> String {
    let args = call.args.iter().map(|(slot, accepted)| format!("{slot}={}", matcher(accepted)));
    std::iter::once(call.tool.clone()).chain(args).collect::<Vec<_>>().join(" ")
}

/// A value as people read it; text without quotes where that is clear.
pub(super) fn value(value: &Value) -> String {
    match value {
        Value::String(text) if is_plain(text) => text.clone(),
        other => line(&other.to_string()),
    }
}

/// Whether a text can stand in a line without quotes, and cannot be taken for a number.
fn is_plain(text: &str) -> bool {
    let plain = |character: char| character.is_alphanumeric() || "._-:/#@".contains(character);
    !text.is_empty()
        && text.len() <= IN_LINE
        && text.chars().all(plain)
        && serde_json::from_str::<Value>(text).is_err()
}

/// What an argument may be.
pub(super) fn matcher(matcher: &Matcher) -> String {
    let optional = |text: String, optional: bool| if optional { format!("{text} or nothing") } else { text };
    match matcher {
        Matcher::OneOf(values) => {
            let said = values.iter().filter(|value| !value.is_null()).map(value);
            optional(said.collect::<Vec<_>>().join(" or "), matcher.is_optional())
        }
        Matcher::Contains(Contains { contains, optional: absent }) => {
            let entries = contains.iter().map(|entry| match entry {
                Entry::One(text) => format!("“{}”", line(text)),
                Entry::Either(texts) => {
                    texts.iter().map(|text| format!("“{}”", line(text))).collect::<Vec<_>>().join(" or ")
                }
            });
            optional(format!("…{}…", entries.collect::<Vec<_>>().join("…")), *absent)
        }
        Matcher::Any(any) => optional("anything".to_owned(), any.optional),
    }
}

/// A text in one line, without anything that is not seen, and cut.
pub(super) fn line(text: &str) -> String {
    cut(&line_of(text), IN_LINE)
}

/// A text in one line, without anything that is not seen.
pub(super) fn line_of(text: &str) -> String {
    revealed(&text.split_whitespace().collect::<Vec<_>>().join(" "))
}

/// How `pass` changed over the cases that a baseline has, too, where it has others besides.
pub(super) fn over_common(comparison: &Comparison) -> String {
    let change = points(comparison.delta, Some(0.0)).filter(|_| comparison.left_out > 0);
    change.map(|change| format!("; pass over the common ones {change}")).unwrap_or_default()
}
