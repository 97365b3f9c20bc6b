//! Floor 3: remembers. The only room with SQL.
//!
//! Writes of a request go through `audit::Ledger`, which hands them down as one [`Step`] each: a guard that must hold,
//! rows to put, and entries for the record, all in one transaction. Reads are plain functions on [`Store`].

mod rows;
mod step;

pub use rows::{
    Author, HeldLock, JobRow, JobState, MessageBody, MessageRow, ReactionRow, RequestRow, RequestState,
    VoteRow,
};
pub use step::{Guard, Refused, Row};
