//! Reads. Each is one statement on a connection that cannot write.

mod record;
mod requests;
mod transcript;

use jiff::Timestamp;
use serde::de::DeserializeOwned;

use super::StoreError;

pub use record::{EventFilter, EventRow, Head, PayloadRow};
pub use requests::RequestFilter;
pub use transcript::ChannelState;

/// Reads the `body` column of `table`.
fn from_json<T: DeserializeOwned>(table: &'static str, body: &str) -> Result<T, StoreError> {
    serde_json::from_str(body).map_err(|error| StoreError::unreadable(table, error))
}

/// Reads a column of milliseconds.
pub(super) fn timestamp(table: &'static str, millis: i64) -> Result<Timestamp, StoreError> {
    Timestamp::from_millisecond(millis).map_err(|error| StoreError::unreadable(table, error))
}

/// Reads a column whose text must parse.
pub(super) fn parsed<T>(
    table: &'static str,
    text: &str,
    parse: impl Fn(&str) -> Option<T>,
) -> Result<T, StoreError> {
    parse(text).ok_or_else(|| StoreError::unreadable(table, format!("`{text}` is not one of its values")))
}

/// `text` as a pattern that `LIKE ... ESCAPE '\'` finds anywhere, in lower case.
fn contains(text: &str) -> String {
    let mut pattern = String::from("%");
    for letter in text.to_lowercase().chars() {
        if matches!(letter, '%' | '_' | '\\') {
            pattern.push('\\');
        }
        pattern.push(letter);
    }
    pattern.push('%');
    pattern
}
