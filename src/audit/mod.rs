//! Floor 4: swears. What happened, in the order it happened, so that a change is found.
//!
//! The record is an RFC 6962 Merkle log over canonical JSON entries, with one signed head for exactly its present size.
//! Every write of a request is a [`Step`]: a guard, rows and entries, written together or not at all. Steps that arrive
//! together share one transaction, one head and one sync to disk.
//!
//! INVARIANT: only this room makes a [`Recorded`], and only after the entry that says so is on disk.

mod assurance;
mod checkpoint;
mod csv;
mod draft;
mod dump;
mod edge;
mod entry;
mod error;
mod export;
mod key;
mod ledger;
mod logged;
mod note;
mod order;
mod position;
mod proof;
mod public;
mod recorded;
mod restored;
mod review;
mod standing;
#[cfg(test)]
mod tests;
#[cfg(test)]
#[path = "tests/mod.rs"]
#[expect(clippy::duplicate_mod, reason = "the same tests on the other database")]
mod tests_on_postgres;
mod tree;
mod upkeep;
mod usage;
mod verify;
mod writer;

pub use assurance::{Assurance, Assured, Covered, Hanging, HangingState, assure, disagreement};
pub use checkpoint::{Checkpoint, NoteScanner};
pub use dump::{DumpError, dump_entries, dump_records, records};
pub use entry::{Actor, Entry, EntryKind, Payload};
pub use error::LedgerError;
pub use export::{
    Alarm, Cosigner, Credentials, Delivered, Exporter, FileSink, Objects, Outgoing, Pace, PutSettings,
    PutSink, S3Keys, Shown, Sink, SinkError, StandardOutput, Witness, read_only,
};
pub use ledger::{Ledger, Step, Written};
pub use logged::{Commitment, Logged};
pub use order::{Order, OrderError, What};
pub use position::{Position, payload_words};
pub use proof::{Consistency, Proof, ProofFault};
pub use public::PublicKey;
pub use recorded::Recorded;
pub use review::{FlatRecord, StoryLine, flat_record, particulars, story};
pub use standing::Divergence;
pub use upkeep::{Deed, Purged};
pub use usage::{Approver, CommandUse, Count, Day, HASTY_MS, ModelUse, PersonUse, Usage, Wait, Waits, usage};
pub use verify::{AcceptedRestore, Against, Check, Redacted, Sound, Verification, verify};
