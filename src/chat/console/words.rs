use jiff::Timestamp;
use serde::Serialize;

/// A moment as people read it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct When {
    /// RFC 3339, for machines.
    pub iso: String,
    /// The whole date, in UTC.
    pub full: String,
    /// Seen from now.
    pub ago: String,
}

/// A piece of text: plain, or between backticks.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Span {
    /// Whether it stood between backticks.
    pub code: bool,
    /// The text without them.
    pub text: String,
}

/// Splits text at backticks. An odd one stays as it is.
pub fn spans(text: &str) -> Vec<Span> {
    let parts: Vec<_> = text.split('`').collect();
    let paired = parts.len() - (parts.len() + 1) % 2;
    let mut spans: Vec<Span> = Vec::new();
    for (index, part) in parts.iter().enumerate() {
        if index >= paired {
            spans.push(Span { code: false, text: format!("`{part}") });
        } else if !part.is_empty() {
            spans.push(Span { code: index % 2 == 1, text: (*part).to_owned() });
        }
    }
    spans
}

/// A moment, seen from `now`.
pub fn when(at: Timestamp, now: Timestamp) -> When {
    When { iso: at.to_string(), full: moment(at), ago: ago(at, now) }
}

/// `12 Nov 2026, 14:05:09 UTC`.
pub fn moment(at: Timestamp) -> String {
    at.strftime("%-d %b %Y, %H:%M:%S UTC").to_string()
}

/// `just now`, `5 min ago`, `3 h ago`, `in 28 min`, and beyond a day the date.
pub fn ago(at: Timestamp, now: Timestamp) -> String {
    let seconds = now.as_second() - at.as_second();
    let span = match seconds.unsigned_abs() {
        0..=44 => return if seconds >= -5 { "just now".to_owned() } else { "in a moment".to_owned() },
        distance @ 45..=3_569 => format!("{} min", (distance + 30) / 60),
        distance @ 3_570..=86_399 => format!("{} h", (distance + 1_800) / 3_600),
        _ => return at.strftime("%-d %b, %H:%M UTC").to_string(),
    };
    if seconds > 0 { format!("{span} ago") } else { format!("in {span}") }
}
