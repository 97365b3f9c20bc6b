use futures::future::BoxFuture;
use tlog_tiles::tlog::{Hash, check_tree};

use crate::audit::tree::Tree;
use crate::audit::{Checkpoint, Divergence, PublicKey};
use crate::store::Store;

/// Somewhere that checkpoints go, off the database.
pub trait Sink: Send + Sync {
    /// What people and the record call it: `file /mnt/log/checkpoints`.
    fn name(&self) -> &str;

    /// Hands over a checkpoint. It is kept when this returns.
    fn deliver<'a>(&'a self, outgoing: &'a Outgoing<'a>) -> BoxFuture<'a, Result<Delivered, SinkError>>;

    /// Whether what it has is a beginning of the record, as far as it can tell. Hands nothing over unless it has to.
    fn check<'a>(&'a self, outgoing: &'a Outgoing<'a>) -> BoxFuture<'a, Result<Shown, SinkError>>;

    /// The genuine checkpoints that it shows, oldest first; none where it cannot be read.
    fn held<'a>(&'a self, keys: &'a [PublicKey]) -> BoxFuture<'a, Result<Vec<Checkpoint>, SinkError>>;
}

/// What a sink made of a checkpoint.
#[derive(Clone, Debug, PartialEq)]
pub struct Delivered {
    /// The note as it is kept: with the signatures of a witness beside ours.
    pub note: String,
}

/// What a sink shows of what it has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shown {
    /// Its newest checkpoint: epoch and size.
    Newest(u64, u64),
    /// It has none.
    Nothing,
    /// It cannot be read.
    Unreadable,
}

impl Shown {
    pub(super) fn of(newest: Option<&Checkpoint>) -> Self {
        newest.map_or(Self::Nothing, |newest| Self::Newest(newest.epoch, newest.size))
    }
}

/// Why a checkpoint was not taken.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum SinkError {
    /// It cannot be had now. It is tried again.
    #[error("{0}")]
    Failed(String),
    /// It has something that the record here does not go on from.
    #[error("{0}")]
    Diverged(Box<Divergence>),
}

impl SinkError {
    pub(super) fn failed(reason: impl ToString) -> Self {
        Self::Failed(reason.to_string())
    }
}

/// A checkpoint on its way out, and what proves that it goes on from earlier ones.
pub struct Outgoing<'a> {
    pub(super) checkpoint: &'a Checkpoint,
    pub(super) store: &'a Store,
    pub(super) keys: &'a [PublicKey],
    pub(super) at: jiff::Timestamp,
}

impl Outgoing<'_> {
    /// The checkpoint.
    pub const fn checkpoint(&self) -> &Checkpoint {
        self.checkpoint
    }

    /// The keys that sign the record and have signed it.
    pub const fn keys(&self) -> &[PublicKey] {
        self.keys
    }

    /// The proof that it goes on from the first `old` entries, one hash after the other as RFC 6962 has them.
    pub(super) async fn proof_from(&self, old: u64) -> Result<Vec<Hash>, SinkError> {
        let tree = Tree::new(self.store, self.checkpoint.epoch);
        tree.consistency(old, self.checkpoint.size).await.map_err(SinkError::failed)
    }

    /// That a sink has something newer than the record here.
    pub(super) fn behind(&self, sink: &str, newest: (u64, u64), checkpoint: Option<Checkpoint>) -> SinkError {
        let found = self.checkpoint.age();
        SinkError::Diverged(Box::new(Divergence::Behind { sink: sink.to_owned(), newest, checkpoint, found }))
    }

    /// That a sink has another history than the record here.
    pub(super) fn fork(&self, sink: &str, newest: (u64, u64), checkpoint: Option<Checkpoint>) -> SinkError {
        SinkError::Diverged(Box::new(Divergence::Fork { sink: sink.to_owned(), newest, checkpoint }))
    }

    /// Whether the outgoing checkpoint goes on from an earlier, genuine one that `sink` has. By proof: what is stored is
    /// not believed.
    pub(super) async fn continues(&self, earlier: &Checkpoint, sink: &str) -> Result<(), SinkError> {
        let ours = self.checkpoint;
        if earlier.epoch < ours.epoch {
            return self.accepted(earlier, sink).await;
        }
        if earlier.age() > ours.age() {
            return Err(self.behind(sink, earlier.age(), Some(earlier.clone())));
        }
        if earlier.size == 0 {
            return Ok(());
        }
        let proof = self.proof_from(earlier.size).await?;
        check_tree(&proof, ours.size, ours.hash, earlier.size, earlier.hash)
            .map_err(|_no_proof| self.fork(sink, earlier.age(), Some(earlier.clone())))
    }

    /// A checkpoint of an earlier record is fine when the one that took its place says that it knew of it.
    async fn accepted(&self, earlier: &Checkpoint, sink: &str) -> Result<(), SinkError> {
        let known = crate::audit::restored::acceptances(self.store).await.map_err(SinkError::failed)?;
        if known.iter().any(|restored| restored.covers(earlier.age())) {
            return Ok(());
        }
        Err(self.behind(sink, earlier.age(), Some(earlier.clone())))
    }
}
