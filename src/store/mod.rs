//! Floor 3: remembers. The only room with SQL.
//!
//! Writes of a request go through `audit::Ledger`, which hands them down as one step each: a guard that must hold, rows
//! to put, and entries for the record, all in one transaction. Reads are plain functions on [`Store`].
//!
//! INVARIANT: no row that belongs to a request is written outside a `Batch`, and only the ledger begins one.

mod batch;
mod bulk;
mod checkpoints;
mod console;
mod db;
mod error;
#[cfg(test)]
pub(crate) mod meddle;
mod pending;
mod put;
mod read;
mod rows;
#[cfg(test)]
pub(crate) mod samples;
mod step;
#[cfg(test)]
mod tests;
mod write;

pub(crate) use batch::{Append, Appended, Ask, Batch};
pub use checkpoints::CheckpointRow;
pub use console::Session;
pub use db::Store;
pub(crate) use db::lock_dir;
pub use error::StoreError;
pub(crate) use put::Put;
pub use read::{ChannelState, EventFilter, EventRow, Head, PayloadRow, RequestFilter};
pub use rows::{
    ArgumentWords, Author, HeldLock, JobRow, JobState, MessageBody, MessageRow, PlannedStep, ReactionRow,
    RequestRow, RequestState, VoteRow,
};
pub use step::{Guard, Refused, Row};
