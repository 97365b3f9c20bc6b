//! Floor 3: remembers. The only room with SQL.
//!
//! Writes of a request go through `audit::Ledger`, which hands them down as one step each: a guard that must hold, rows
//! to put, and entries for the record, all in one transaction. Reads are plain functions on [`Store`].
//!
//! INVARIANT: no row that belongs to a request is written outside a `Batch`, and only the ledger begins one.

mod batch;
mod bulk;
#[cfg(test)]
pub(crate) mod cells;
mod checkpoints;
mod console;
#[cfg(test)]
#[path = "tests/database.rs"]
pub(crate) mod database;
mod db;
mod due;
mod error;
mod found;
#[cfg(test)]
pub(crate) mod meddle;
mod migrate;
mod pending;
mod postgres;
mod put;
mod read;
mod rows;
#[cfg(test)]
pub(crate) mod samples;
mod sql;
mod sqlite;
mod step;
mod terms;
#[cfg(test)]
mod tests;
#[cfg(test)]
#[path = "tests/mod.rs"]
#[expect(clippy::duplicate_mod, reason = "the same tests on the other database")]
mod tests_on_postgres;
#[cfg(test)]
#[path = "tests/wire.rs"]
pub(crate) mod wire;
mod write;

pub(crate) use batch::{Append, Appended, Ask, Batch};
pub use checkpoints::CheckpointRow;
pub use console::Session;
pub use db::Store;
pub use due::{Closed, PolicyRow, ReviewRow, Starts, TimerKind, TimerRow};
pub use error::StoreError;
pub(crate) use put::Put;
pub use read::{ChannelState, EventFilter, EventRow, Head, PayloadRow, RequestFilter, UseRow, VoteUse, Way};
pub use rows::{
    ArgumentWords, Author, HeldLock, JobRow, JobState, Measures, MessageBody, MessageRow, PlannedStep,
    ReactionRow, RequestRow, RequestState, VoteRow,
};
pub(crate) use sqlite::lock_dir;
pub use step::{Guard, Refused, Row};
