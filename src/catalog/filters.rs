use minijinja::{Environment, Error, ErrorKind, State, Value};

use super::names;
use crate::domain::parse_span;

/// What tool files have beside the filters of the language.
pub(super) fn install(environment: &mut Environment<'static>) {
    environment.add_filter("segments", segments);
    environment.add_filter("promql", quoted);
    environment.add_filter("logql", quoted);
    environment.add_filter("release", release);
    environment.add_filter("migration", migration);
    environment.add_filter("nearest", nearest);
    environment.add_filter("seconds", seconds);
    environment.add_filter("up_to", up_to);
    environment.add_filter("number", number);
    environment.add_filter("plural", plural);
    environment.add_filter("each", each);
    environment.add_filter("rows", rows);
}

/// Whether the language has a filter of this name.
pub(super) fn is_known(environment: &Environment<'_>, name: &str) -> bool {
    match environment.empty_state().apply_filter(name, &[]) {
        Ok(_) => true,
        Err(error) => error.kind() != ErrorKind::UnknownFilter,
    }
}

/// Everything but the unreserved characters of RFC 3986 as `%XX`.
pub(super) fn encode_segment(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            out.push(char::from(byte));
        } else {
            out.push_str(&format!("%{byte:02X}"));
        }
    }
    out
}

/// A value that spans several segments of a path, such as `acme/order-service`.
fn segments(text: &str) -> Result<Value, Error> {
    let parts: Vec<String> = text.split('/').map(encode_segment).collect();
    if parts.iter().any(String::is_empty) {
        return Err(Error::new(ErrorKind::InvalidOperation, "a part of a path must not be empty"));
    }
    Ok(Value::from_safe_string(parts.join("/")))
}

/// A string literal of PromQL and LogQL, quotes included.
fn quoted(text: &str) -> String {
    let mut out = String::from("\"");
    for character in text.chars() {
        match character {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            other if other.is_control() => out.push_str(&format!("\\u{:04x}", u32::from(other))),
            other => out.push(other),
        }
    }
    out.push('"');
    out
}

/// The list's own spelling of a version: with or without `v`, in any case; `latest` is the last one. Null for none.
fn release(wanted: &str, versions: Vec<String>) -> Value {
    let wanted = wanted.trim().to_lowercase();
    if wanted == "latest" {
        return versions.last().map_or_else(|| Value::from(()), Value::from);
    }
    let bare = |version: &str| version.strip_prefix('v').unwrap_or(version).to_owned();
    let found = versions.iter().find(|version| bare(&version.to_lowercase()) == bare(&wanted));
    found.map_or_else(|| Value::from(()), Value::from)
}

/// The list's entry that has this name, or this number at its front (`3` for `0003_add_index`). Null for none or several.
fn migration(wanted: &str, list: Vec<String>) -> Value {
    let number = |text: &str| {
        let digits: String =
            text.trim_start_matches(['v', 'V']).chars().take_while(char::is_ascii_digit).collect();
        digits.parse::<u64>().ok()
    };
    let wanted = wanted.trim();
    let is_number = !wanted.is_empty() && wanted.bytes().all(|byte| byte.is_ascii_digit());
    let mut found = list
        .iter()
        .filter(|name| name.eq_ignore_ascii_case(wanted) || is_number && number(name) == number(wanted));
    match (found.next(), found.next()) {
        (Some(only), None) => Value::from(only),
        (None, _) | (Some(_), Some(_)) => Value::from(()),
    }
}

/// The list up to and with this entry; empty when it is not in it.
fn up_to(list: Vec<String>, last: Option<String>) -> Vec<String> {
    let end = list.iter().position(|entry| Some(entry) == last.as_ref()).map_or(0, |index| index + 1);
    list.into_iter().take(end).collect()
}

/// A span such as `1h30m` in seconds; null when it is none.
fn seconds(span: &str) -> Value {
    parse_span(span).map_or_else(|| Value::from(()), |span| Value::from(span.as_secs()))
}

/// The entry that was probably meant; null for none.
fn nearest(text: &str, list: Vec<String>) -> Value {
    names::near(text, list.iter().map(String::as_str))
        .first()
        .map_or_else(|| Value::from(()), |best| Value::from(*best))
}

/// The value when it is a whole number, an error otherwise. Comparisons need it: the language puts values of different
/// types in some order, so that 6 is more than null.
fn number(value: Value) -> Result<Value, Error> {
    match value.is_integer() {
        true => Ok(value),
        false => Err(Error::new(ErrorKind::InvalidOperation, "a whole number was expected")),
    }
}

/// `1 replica`, `3 replicas`.
fn plural(count: i64, noun: &str) -> String {
    format!("{count} {noun}{}", if count == 1 { "" } else { "s" })
}

/// Each entry of a list through a template that sees the entry's own fields.
fn each(state: &State, list: Vec<Value>, template: &str) -> Result<Vec<String>, Error> {
    list.into_iter().map(|item| state.env().render_str(template, item)).collect()
}

/// Each entry of a list as a row of name and value, both templates that see the entry's own fields.
fn rows(state: &State, list: Vec<Value>, name: &str, value: &str) -> Result<Vec<Vec<String>>, Error> {
    let render = |template: &str, item: &Value| state.env().render_str(template, item.clone());
    list.iter().map(|item| Ok(vec![render(name, item)?, render(value, item)?])).collect()
}
