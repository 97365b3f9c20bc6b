use serde::Serialize;

use super::{Row, StoreError};

/// A row with its JSON made already, so that the one writer does not have to.
#[derive(Debug)]
pub(crate) struct Put {
    pub(super) row: Row,
    /// The `body` column; empty for tables without one.
    pub(super) body: String,
}

impl Put {
    /// Makes the JSON of `row`.
    pub(crate) fn new(row: Row) -> Result<Self, StoreError> {
        let body = match &row {
            Row::Request(request) => json("request", request)?,
            Row::Message(message) => json("message", message)?,
            Row::Job(job) => json("job", &job.saved)?,
            Row::Vote(_)
            | Row::VoteGone { .. }
            | Row::Lock(_)
            | Row::Unlock { .. }
            | Row::Timer(_)
            | Row::TimerGone { .. }
            | Row::Policy(_)
            | Row::Review(_)
            | Row::Reaction(_)
            | Row::ReactionGone(_)
            | Row::Read { .. } => String::new(),
        };
        Ok(Self { row, body })
    }
}

fn json(table: &'static str, value: &impl Serialize) -> Result<String, StoreError> {
    serde_json::to_string(value).map_err(|error| StoreError::unreadable(table, error))
}
