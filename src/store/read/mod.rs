//! Reads. Each is one statement on a connection that cannot write.

mod record;
mod requests;
mod search;
mod transcript;
mod usage;

use jiff::Timestamp;
use serde::de::DeserializeOwned;

use super::StoreError;

pub use record::{EventFilter, EventRow, Head, PayloadRow};
pub use search::RequestFilter;
pub use transcript::ChannelState;
pub use usage::{UseRow, VoteUse, Way};

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
