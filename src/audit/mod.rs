//! Floor 4: swears. What happened, in the order it happened, so that a change is found.
//!
//! The record is an RFC 6962 Merkle log over canonical JSON entries, with one signed head for exactly its present size.
//! Every write of a request is a [`Step`]: a guard, rows and entries, written together or not at all. Steps that arrive
//! together share one transaction, one head and one sync to disk.
//!
//! INVARIANT: only this room makes a [`Recorded`], and only after the entry that says so is on disk.

mod draft;
mod edge;
mod entry;
mod error;
mod key;
mod ledger;
mod logged;
mod note;
mod recorded;
mod review;
#[cfg(test)]
mod tests;
#[cfg(test)]
#[path = "tests/mod.rs"]
#[expect(clippy::duplicate_mod, reason = "the same tests on the other database")]
mod tests_on_postgres;
mod usage;
mod verify;
mod writer;

pub use entry::{Actor, Entry, EntryKind, Payload};
pub use error::LedgerError;
pub use key::PublicKey;
pub use ledger::{Ledger, Redaction, Step, Written};
pub use logged::{Commitment, Logged};
pub use recorded::Recorded;
pub use review::{FlatRecord, StoryLine, flat_record, particulars, story};
pub use usage::{Approver, CommandUse, Count, Day, HASTY_MS, ModelUse, PersonUse, Usage, Wait, Waits, usage};
pub use verify::{Verification, verify};
