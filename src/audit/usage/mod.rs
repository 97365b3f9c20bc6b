//! What is done with this and where it waits: figures over a span of time, folded from one small row per request.
//!
//! The same figures go on the page, out as JSON and out as metrics.

mod fold;
#[cfg(test)]
mod tests;

use jiff::Timestamp;
use serde::Serialize;

use crate::store::{Store, StoreError};
use fold::Fold;

/// A vote given sooner than this after it was asked for was hardly read, in milliseconds.
pub const HASTY_MS: u64 = 3_000;

/// The figures from `since` on and before `until`.
///
/// # Errors
/// The store cannot be read.
pub async fn usage(store: &Store, since: Timestamp, until: Timestamp) -> Result<Usage, StoreError> {
    let mut fold = Fold::new(since, until);
    store.each_use(since, until, |row| fold.request(row)).await?;
    store.each_vote(since, until, |vote| fold.vote(vote)).await?;
    Ok(fold.finish())
}

/// The figures of a span of time. Counts are requests unless it says otherwise.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Usage {
    /// From this moment on.
    pub since: Timestamp,
    /// Before this moment.
    pub until: Timestamp,
    /// All that were received.
    pub requests: u64,
    /// Those in plain language.
    pub plain_language: u64,
    /// Those by exact command.
    pub exact_commands: u64,
    /// By how they stand or ended, most first: `done`, `refused`, `waiting` ...
    pub results: Vec<Count>,
    /// Commands, the most used first.
    pub commands: Vec<CommandUse>,
    /// People, the most active first.
    pub people: Vec<PersonUse>,
    /// Why the gate said no, most frequent first.
    pub refusals: Vec<Count>,
    /// Where requests wait for people.
    pub waits: Waits,
    /// What the language model cost.
    pub model: ModelUse,
    /// Day by day, in UTC; days without a request are there with zeros.
    pub days: Vec<Day>,
}

/// How often something occurred.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Count {
    /// What.
    pub name: String,
    /// How often.
    pub count: u64,
}

/// What became of one command.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct CommandUse {
    /// The tool.
    pub tool: String,
    /// How often it was asked for.
    pub count: u64,
    /// In plain language.
    pub plain_language: u64,
    /// Done.
    pub done: u64,
    /// Failed.
    pub failed: u64,
    /// Nobody knows whether it was done.
    pub unknown: u64,
    /// Refused, denied or expired.
    pub declined: u64,
    /// Run time of the middle one of those that ran to an end, in milliseconds.
    pub p50_ms: Option<u64>,
    /// The longest but five in a hundred, in milliseconds.
    pub p95_ms: Option<u64>,
}

/// What one person did.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct PersonUse {
    /// The person; strangers are one, named `(stranger)`.
    pub person: String,
    /// How much they asked for.
    pub asked: u64,
    /// Of it, in plain language.
    pub plain_language: u64,
    /// The command they used most.
    pub most: String,
}

/// Where requests wait.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Waits {
    /// By the rule that asks for people: from the card to the start.
    pub by_rule: Vec<Wait>,
    /// By the one who voted: from the card to the vote.
    pub by_approver: Vec<Approver>,
    /// How many expired.
    pub expired: u64,
    /// Votes, all together.
    pub votes: u64,
    /// Votes given within [`HASTY_MS`] of being asked for.
    pub hasty: u64,
}

/// How long a rule makes people wait.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Wait {
    /// The rule.
    pub rule: String,
    /// Requests that it held up.
    pub count: u64,
    /// Of them, those that expired.
    pub expired: u64,
    /// The middle wait of those that started, in milliseconds.
    pub p50_ms: Option<u64>,
    /// The longest but ten in a hundred, in milliseconds.
    pub p90_ms: Option<u64>,
}

/// How one person votes.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Approver {
    /// The person.
    pub person: String,
    /// Approvals.
    pub approved: u64,
    /// Denials.
    pub denied: u64,
    /// Votes given within [`HASTY_MS`].
    pub hasty: u64,
    /// The middle time to the vote, in milliseconds.
    pub p50_ms: Option<u64>,
}

/// What the language model cost.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct ModelUse {
    /// Requests that it read.
    pub read: u64,
    /// Tokens in and out.
    pub tokens: u64,
    /// Millionths of a US dollar; reads without a configured price cost nothing here.
    pub cost_micros: u64,
}

/// One day, in UTC.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Day {
    /// The date, `2026-11-26`.
    pub date: String,
    /// Requests.
    pub count: u64,
    /// In plain language.
    pub plain_language: u64,
    /// Refused, denied or expired.
    pub declined: u64,
    /// Failed or unknown.
    pub broken: u64,
}
