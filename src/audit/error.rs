use std::path::PathBuf;

use super::{Divergence, Position};
use crate::clock::NoEntropy;
use crate::domain::CanonicalError;
use crate::store::StoreError;

/// Why something could not be put on the record. Nothing of it was written, and nothing of it may be done.
#[derive(Clone, Debug, thiserror::Error)]
pub enum LedgerError {
    /// The database said no.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// An entry has no canonical form: a fault in who made it.
    #[error("the entry cannot be written down: {0}")]
    Unfit(#[from] CanonicalError),
    /// Without randomness there is no commitment.
    #[error(transparent)]
    Entropy(#[from] NoEntropy),
    /// The signing key cannot be read or written.
    #[error("cannot use the signing key `{path}`: {reason}")]
    Key {
        /// The file.
        path: PathBuf,
        /// What is wrong with it, and what to do.
        reason: String,
    },
    /// There is a record but no key to continue it with.
    #[error(
        "the record in this database is signed with a key that is not at `{0}`: put the key file back; a new key cannot continue the record"
    )]
    KeyMissing(PathBuf),
    /// There is a key but no record.
    #[error(
        "the signing key `{0}` belongs to a record that is not in this database: restore the database, or move the key away to begin a new record"
    )]
    RecordMissing(PathBuf),
    /// The head does not carry our signature, or is not the root of the stored tree.
    #[error(
        "the record does not match its signed head ({0}): nothing is written to it; run `countersign audit verify`"
    )]
    Broken(String),
    /// A start was asked for without a started entry or without the guard of a start: a fault in who asked.
    #[error("a start needs a started entry and the guard of a start")]
    NotAStart,
    /// The record here is not the one that we swore to elsewhere, so nothing is changed.
    #[error("{0}; until somebody accepts that (`countersign audit accept-restore`), nothing is changed")]
    ReadOnly(Box<Divergence>),
    /// There is nothing to accept.
    #[error("the record is whole: there is no restored backup to accept")]
    NothingToAccept,
    /// Somebody wrote in the meantime.
    #[error("the record moved on in the meantime: nothing was done; try again")]
    Moved,
    /// There is no such entry.
    #[error("there is no entry {0} on the record")]
    NoEntry(Position),
    /// The entry carries nothing, or nothing any more.
    #[error("entry {0} carries nothing that could be taken away")]
    NothingCarried(Position),
    /// The entry carries several payloads and none was named.
    #[error("entry {position} carries several payloads: name one of {names}")]
    WhichPayload {
        /// The entry.
        position: Position,
        /// What it carries.
        names: String,
    },
    /// What hangs on an entry is still needed.
    #[error(
        "the request of entry {0} is not over: its words are still needed; wait until it has ended, or withdraw it"
    )]
    StillOpen(Position),
    /// The payload to redact is not there.
    #[error("entry {seq} carries no `{name}`: nothing was redacted")]
    NoPayload {
        /// The entry.
        seq: u64,
        /// The payload.
        name: String,
    },
    /// The writer has stopped, because the program is ending.
    #[error("the record is closed: countersign is shutting down")]
    Stopped,
}

impl LedgerError {
    /// Whether one row of one step is at fault, so that the others may go on without it.
    pub(super) fn is_of_one_step(&self) -> bool {
        matches!(self, Self::Store(StoreError::Constraint(_)) | Self::NoPayload { .. })
    }

    /// Whether the same may well work now.
    pub(super) fn is_conflict(&self) -> bool {
        matches!(self, Self::Store(StoreError::Conflict(_)))
    }
}
