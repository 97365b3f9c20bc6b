//! The one that writes. Steps wait in a queue; it takes what waits, writes all of it in one transaction with one signed
//! head and one sync to disk, and answers each only after that.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{mpsc, oneshot};

use super::draft::Draft;
use super::edge::Edge;
use super::key::Key;
use super::{EntryKind, LedgerError, PublicKey, Written, note};
use crate::clock::Clock;
use crate::store::{Append, Appended, Ask, Batch, Guard, Head, Put, Refused, Store, StoreError};

/// Steps in one transaction, at most. More would only make the first wait for the last.
const STEPS: usize = 256;

/// How often a transaction is tried that somebody else's got in the way of.
const TRIES: u32 = 3;

/// Between looks at a database that is away.
const PAUSE: Duration = Duration::from_secs(1);

/// What comes back for a step.
pub(super) type Answer = Result<Result<Written, Refused>, LedgerError>;

/// A step made ready.
pub(super) struct Ready {
    pub(super) guard: Guard,
    pub(super) puts: Vec<Put>,
    pub(super) drafts: Vec<Draft>,
    /// A payload that this step takes away: entry and name.
    pub(super) redacts: Option<(u64, String)>,
}

/// A step and who waits for it.
pub(super) struct Job {
    pub(super) ready: Ready,
    pub(super) answer: oneshot::Sender<Answer>,
}

pub(super) struct Writer {
    store: Store,
    key: Key,
    clock: Arc<dyn Clock>,
    /// The head last seen and the edge of its tree.
    known: Option<(Head, Edge)>,
}

impl Writer {
    pub(super) fn new(store: Store, key: Key, clock: Arc<dyn Clock>) -> Self {
        Self { store, key, clock, known: None }
    }

    /// Who checks what it signs.
    pub(super) fn public(&self) -> PublicKey {
        self.key.public()
    }

    /// Writes until nobody is left who could bring a step.
    pub(super) async fn run(mut self, mut queue: mpsc::Receiver<Job>) {
        let mut jobs = Vec::with_capacity(STEPS);
        while queue.recv_many(&mut jobs, STEPS).await > 0 {
            gather(&mut queue, &mut jobs).await;
            let (steps, waiting): (Vec<_>, Vec<_>) =
                jobs.drain(..).map(|job| (job.ready, job.answer)).unzip();
            for (waiting, answer) in waiting.into_iter().zip(self.write(&steps).await) {
                // Who stopped waiting finds out from the store what became of it.
                drop(waiting.send(answer));
            }
        }
    }

    /// Writes steps together; if one of them is not fit to be written, each for itself.
    async fn write(&mut self, steps: &[Ready]) -> Vec<Answer> {
        let mut written = self.transact(steps).await;
        for _again in 1..TRIES {
            if !written.as_ref().is_err_and(LedgerError::is_conflict) {
                break;
            }
            written = self.transact(steps).await;
        }
        match written {
            Ok(answers) => answers.into_iter().map(Ok).collect(),
            Err(error) if error.is_of_one_step() && steps.len() > 1 => {
                let mut answers = Vec::with_capacity(steps.len());
                for step in steps {
                    let alone = self.transact(std::slice::from_ref(step)).await;
                    answers.extend(match alone {
                        Ok(answers) => answers.into_iter().map(Ok).collect(),
                        Err(error) => vec![Err(error)],
                    });
                }
                answers
            }
            Err(error) => steps.iter().map(|_| Err(error.clone())).collect(),
        }
    }

    /// Writes steps in one transaction. After an error nothing of them is there.
    pub(super) async fn transact(
        &mut self,
        steps: &[Ready],
    ) -> Result<Vec<Result<Written, Refused>>, LedgerError> {
        let mut batch = self.store.begin(steps.iter().map(Ready::ask)).await?;
        let (before, mut edge) = self.catch_up(&mut batch).await?;
        let mut append = Growth { epoch: before.as_ref().map_or(0, |head| head.epoch), ..Growth::default() };
        let mut answers = Vec::with_capacity(steps.len());
        for step in steps {
            // The time is asked for here, where the write lock is held: whoever waited for it may have come too late.
            let admitted = batch.admit(step.ask(), self.clock.now());
            if admitted.is_ok() {
                step.redact(&mut batch, append.epoch).await?;
            }
            answers.push(match admitted {
                Ok(()) => Ok(append.take(&step.drafts, &mut edge)?),
                Err(refused) => Err(refused),
            });
        }
        let (epoch, first) = (append.epoch, append.hashes.first().copied());
        let after = if append.entries.is_empty() {
            before
        } else {
            let head = self.sign(append.epoch, &edge)?;
            let Growth { entries, hashes, .. } = append;
            batch.append(&Append { entries, hashes, before: before.as_ref(), head: &head }).await?;
            Some(head)
        };
        // Until the commit is known to have worked, nothing is known.
        self.known = None;
        match (batch.commit().await, first) {
            (Ok(()), _) => {}
            (Err(StoreError::Unsure(reason)), Some(leaf)) => self.find_out(epoch, leaf, reason).await?,
            (Err(error), _) => return Err(error.into()),
        }
        self.known = after.map(|head| (head, edge));
        Ok(answers)
    }

    /// Finds out whether a commit worked whose answer was lost: it did if its first leaf is in the tree. Until that can
    /// be read nobody is answered, as nothing else could be written either.
    async fn find_out(
        &self,
        epoch: i64,
        (position, hash): (i64, [u8; 32]),
        reason: String,
    ) -> Result<(), LedgerError> {
        loop {
            match self.store.has_hash(epoch, position, &hash).await {
                Ok(true) => return Ok(()),
                Ok(false) => return Err(StoreError::Away(reason).into()),
                Err(StoreError::Away(_) | StoreError::Locked) => tokio::time::sleep(PAUSE).await,
                // It will be known when somebody looks who can: whoever starts next takes up what was left behind.
                Err(_other) => return Err(StoreError::Unsure(reason).into()),
            }
        }
    }

    /// The head and the edge to go on from. What we know is still true unless another process wrote.
    async fn catch_up(&mut self, batch: &mut Batch<'_>) -> Result<(Option<Head>, Edge), LedgerError> {
        let Some(head) = batch.head().await? else { return Ok((None, Edge::default())) };
        if let Some((known, edge)) = &self.known
            && *known == head
        {
            return Ok((Some(head), edge.clone()));
        }
        let broken = |reason: &str| LedgerError::Broken(reason.to_owned());
        let epoch = u64::try_from(head.epoch).map_err(|_| broken("the epoch is negative"))?;
        let size = u64::try_from(head.size).map_err(|_| broken("the size is negative"))?;
        let verifier =
            self.key.public().verifier(epoch).ok_or_else(|| broken("the origin is not fit for a note"))?;
        let signed = note::open(&verifier, &head.note).map_err(broken)?;
        let positions: Vec<i64> =
            Edge::positions(size).into_iter().map(position).collect::<Result<_, _>>()?;
        let edge = Edge::of(size, batch.hashes(head.epoch, &positions).await?);
        let root = edge.root().map_err(|_| broken("the tree is not complete"))?;
        if signed.size != size || signed.root != root {
            return Err(broken("the tree has another root than the one that was signed"));
        }
        Ok((Some(head), edge))
    }

    fn sign(&self, epoch: i64, edge: &Edge) -> Result<Head, LedgerError> {
        let unfit = || LedgerError::Broken("a head cannot be signed".to_owned());
        let signer = u64::try_from(epoch).ok().and_then(|epoch| self.key.signer(epoch)).ok_or_else(unfit)?;
        let root = edge.root().map_err(|_| unfit())?;
        let note = note::sign(&signer, edge.size(), root).ok_or_else(unfit)?;
        Ok(Head { epoch, size: position(edge.size())?, note })
    }
}

/// Lets those who are about to bring a step do so: as long as somebody does, the others get a turn. Whoever was answered
/// just now tends to come back at once, and would otherwise wait for a whole transaction of a few.
async fn gather(queue: &mut mpsc::Receiver<Job>, jobs: &mut Vec<Job>) {
    let mut before = 0;
    while before < jobs.len() && jobs.len() < STEPS {
        before = jobs.len();
        tokio::task::yield_now().await;
        while jobs.len() < STEPS
            && let Ok(job) = queue.try_recv()
        {
            jobs.push(job);
        }
    }
}

impl Ready {
    fn ask(&self) -> Ask<'_> {
        Ask { guard: &self.guard, puts: &self.puts }
    }

    async fn redact(&self, batch: &mut Batch<'_>, epoch: i64) -> Result<(), LedgerError> {
        let Some((seq, name)) = &self.redacts else { return Ok(()) };
        if batch.drop_payload(epoch, position(*seq)?, name).await? {
            Ok(())
        } else {
            Err(LedgerError::NoPayload { seq: *seq, name: name.clone() })
        }
    }

    /// Whether it says on the record that something starts, and checks that it may.
    pub(super) fn is_start(&self) -> bool {
        matches!(self.guard, Guard::Start { .. })
            && self.drafts.iter().any(|draft| draft.kind == EntryKind::Started)
    }
}

/// What the steps of one transaction add.
#[derive(Default)]
struct Growth<'a> {
    epoch: i64,
    entries: Vec<Appended<'a>>,
    hashes: Vec<(i64, [u8; 32])>,
}

impl<'a> Growth<'a> {
    fn take(&mut self, drafts: &'a [Draft], edge: &mut Edge) -> Result<Written, LedgerError> {
        let first = edge.size();
        for draft in drafts {
            let seq = edge.size();
            let body = draft.body(self.epoch, seq);
            let stored = edge.append(&body).map_err(|error| LedgerError::Broken(error.to_string()))?;
            for (at, hash) in stored {
                self.hashes.push((position(at)?, hash.0));
            }
            self.entries.push(Appended {
                seq: position(seq)?,
                body,
                request: draft.request.as_ref(),
                kind: draft.kind.as_str(),
                at_ms: draft.at.as_millisecond(),
                payloads: draft
                    .payloads
                    .iter()
                    .map(|payload| (payload.name.as_str(), payload.salt.as_slice(), payload.bytes.as_slice()))
                    .collect(),
            });
        }
        Ok(Written { seqs: first..edge.size() })
    }
}

#[cfg(test)]
#[path = "tests/server.rs"]
mod server_tests;

/// A place in the record or its tree as databases count.
pub(super) fn position(at: u64) -> Result<i64, LedgerError> {
    i64::try_from(at)
        .map_err(|_| LedgerError::Broken("the record is longer than a database can count".to_owned()))
}
