//! The one that writes. Steps wait in a queue; it takes what waits, writes all of it in one transaction with one signed
//! head and one sync to disk, and answers each only after that.

use std::sync::Arc;
use std::time::Duration;

use arc_swap::ArcSwap;
use tokio::sync::{mpsc, oneshot, watch};

use super::checkpoint::Checkpoint;
use super::draft::Draft;
use super::edge::Edge;
use super::key::{Key, KeyFile};
use super::note::Readers;
use super::public::Keys;
use super::{EntryKind, LedgerError, Written, note};
use crate::clock::Clock;
use crate::store::{
    Append, Appended, Ask, Batch, CheckpointRow, Guard, Head, Put, Refused, RequestRow, Store, StoreError,
};

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
    pub(super) also: Also,
}

/// What a step does to the record's own tables beside its entries.
pub(super) enum Also {
    /// Nothing.
    Nothing,
    /// Takes a payload away, and what a request, as it was, is found by.
    Redact { epoch: u64, seq: u64, name: String, forget: Option<Box<RequestRow>> },
    /// Notes down checkpoints that left the database.
    Exported(Vec<CheckpointRow>),
}

/// How the head after a step is signed.
pub(super) enum Seal {
    /// As always.
    Own,
    /// By the present key and by the one that signs from here on.
    Both(Box<Key>),
    /// As the first of a new record, which begins with this step because the one that ends in `found` is not gone on with.
    Anew { found: Head, epoch: i64 },
}

/// A step and who waits for it.
pub(super) struct Job {
    pub(super) ready: Ready,
    pub(super) seal: Seal,
    pub(super) answer: oneshot::Sender<Answer>,
}

pub(super) struct Writer {
    store: Store,
    file: KeyFile,
    key: Key,
    clock: Arc<dyn Clock>,
    /// The public keys, present and former, for whoever asks.
    keys: Arc<ArcSwap<Keys>>,
    /// How many entries there are, for whoever waits for more.
    size: watch::Sender<u64>,
    /// The head last seen and the edge of its tree.
    known: Option<(Head, Edge)>,
}

impl Writer {
    pub(super) fn new(store: Store, file: KeyFile, key: Key, clock: Arc<dyn Clock>) -> Self {
        let keys = Arc::new(ArcSwap::from_pointee(key.keys()));
        Self { store, file, key, clock, keys, size: watch::Sender::new(0), known: None }
    }

    /// Who checks what it signs, now and later.
    pub(super) fn keys(&self) -> Arc<ArcSwap<Keys>> {
        Arc::clone(&self.keys)
    }

    /// How many entries there are, now and later.
    pub(super) fn size(&self) -> watch::Receiver<u64> {
        self.size.subscribe()
    }

    /// Writes until nobody is left who could bring a step.
    pub(super) async fn run(mut self, mut queue: mpsc::Receiver<Job>) {
        let mut jobs = Vec::with_capacity(STEPS);
        while queue.recv_many(&mut jobs, STEPS).await > 0 {
            gather(&mut queue, &mut jobs).await;
            let mut together = Vec::with_capacity(jobs.len());
            for job in jobs.drain(..) {
                match job.seal {
                    Seal::Own => together.push(job),
                    Seal::Both(_) | Seal::Anew { .. } => {
                        self.answer(&mut together).await;
                        self.alone(job).await;
                    }
                }
            }
            self.answer(&mut together).await;
        }
    }

    /// Writes what came together and answers each.
    async fn answer(&mut self, jobs: &mut Vec<Job>) {
        let (steps, waiting): (Vec<_>, Vec<_>) = jobs.drain(..).map(|job| (job.ready, job.answer)).unzip();
        for (waiting, answer) in waiting.into_iter().zip(self.write(&steps).await) {
            // Who stopped waiting finds out from the store what became of it.
            drop(waiting.send(answer));
        }
    }

    /// Writes a step whose head is signed otherwise.
    async fn alone(&mut self, job: Job) {
        let Job { ready, seal, answer } = job;
        let written = self.transact_again(std::slice::from_ref(&ready), &seal).await;
        if let (Ok(_), Seal::Both(next)) = (&written, seal) {
            self.turn_to(*next);
        }
        let one = written.and_then(|mut answers| answers.pop().ok_or(LedgerError::Stopped));
        drop(answer.send(one));
    }

    /// Signs with another key from here on.
    fn turn_to(&mut self, key: Key) {
        self.keys.store(Arc::new(key.keys()));
        self.key = key;
    }

    /// Writes steps together; if one of them is not fit to be written, each for itself.
    async fn write(&mut self, steps: &[Ready]) -> Vec<Answer> {
        if steps.is_empty() {
            return Vec::new();
        }
        match self.transact_again(steps, &Seal::Own).await {
            Ok(answers) => answers.into_iter().map(Ok).collect(),
            Err(error) if error.is_of_one_step() && steps.len() > 1 => {
                let mut answers = Vec::with_capacity(steps.len());
                for step in steps {
                    let alone = self.transact(std::slice::from_ref(step), &Seal::Own).await;
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

    /// Writes steps in one transaction, a few times if somebody else was in the way.
    async fn transact_again(
        &mut self,
        steps: &[Ready],
        seal: &Seal,
    ) -> Result<Vec<Result<Written, Refused>>, LedgerError> {
        let mut written = self.transact(steps, seal).await;
        for _again in 1..TRIES {
            if !written.as_ref().is_err_and(LedgerError::is_conflict) {
                break;
            }
            written = self.transact(steps, seal).await;
        }
        written
    }

    /// Writes steps in one transaction. After an error nothing of them is there.
    pub(super) async fn transact(
        &mut self,
        steps: &[Ready],
        seal: &Seal,
    ) -> Result<Vec<Result<Written, Refused>>, LedgerError> {
        let mut batch = self.store.begin(steps.iter().map(Ready::ask)).await?;
        let (before, mut edge) = self.catch_up(&mut batch).await?;
        let mut epoch = before.as_ref().map_or(0, |head| head.epoch);
        if let Seal::Anew { found, epoch: next } = seal {
            if before.as_ref() != Some(found) {
                return Err(LedgerError::Moved);
            }
            (edge, epoch) = (Edge::default(), *next);
        }
        let mut append = Growth { epoch, ..Growth::default() };
        let mut answers = Vec::with_capacity(steps.len());
        for step in steps {
            // The time is asked for here, where the write lock is held: whoever waited for it may have come too late.
            let admitted = batch.admit(step.ask(), self.clock.now());
            if admitted.is_ok() {
                step.also_do(&mut batch).await?;
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
            let head = self.sign(append.epoch, &edge, seal)?;
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
        self.size.send_replace(edge.size());
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
        let size = u64::try_from(head.size).map_err(|_| broken("the size is negative"))?;
        let signed = self.open(&head)?;
        let positions: Vec<i64> =
            Edge::positions(size).into_iter().map(position).collect::<Result<_, _>>()?;
        let edge = Edge::of(size, batch.hashes(head.epoch, &positions).await?);
        let root = edge.root().map_err(|_| broken("the tree is not complete"))?;
        if signed.size != size || signed.hash != root {
            return Err(broken("the tree has another root than the one that was signed"));
        }
        Ok((Some(head), edge))
    }

    /// Reads the head that another process wrote. If that has changed the key, we change with it.
    fn open(&mut self, head: &Head) -> Result<Checkpoint, LedgerError> {
        let broken = |reason: &str| LedgerError::Broken(reason.to_owned());
        let epoch = u64::try_from(head.epoch).map_err(|_| broken("the epoch is negative"))?;
        let open = |key: &Key| match Readers::new(epoch, &key.known()) {
            Some(readers) => readers.open(&head.note).map_err(broken),
            None => Err(broken("the origin is not fit for a note")),
        };
        let signed = open(&self.key);
        let by_several = head.note.matches("\n\u{2014} countersign/").count() > 1;
        if signed.is_ok() && !by_several {
            return signed;
        }
        match self.file.read()? {
            Some(key) if key.public() != self.key.public() => {
                let signed = open(&key)?;
                self.turn_to(key);
                Ok(signed)
            }
            Some(_) | None => signed,
        }
    }

    fn sign(&self, epoch: i64, edge: &Edge, seal: &Seal) -> Result<Head, LedgerError> {
        let unfit = || LedgerError::Broken("a head cannot be signed".to_owned());
        let number = u64::try_from(epoch).map_err(|_| unfit())?;
        let keys = match seal {
            Seal::Own | Seal::Anew { .. } => vec![&self.key],
            Seal::Both(next) => vec![&self.key, next.as_ref()],
        };
        let signers: Option<Vec<_>> = keys.into_iter().map(|key| key.signer(number)).collect();
        let root = edge.root().map_err(|_| unfit())?;
        let note = note::sign(&signers.ok_or_else(unfit)?, edge.size(), root).ok_or_else(unfit)?;
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

    async fn also_do(&self, batch: &mut Batch<'_>) -> Result<(), LedgerError> {
        match &self.also {
            Also::Nothing => Ok(()),
            Also::Redact { epoch, seq, name, forget } => {
                if let Some(row) = forget {
                    batch.drop_terms(row).await?;
                }
                match batch.drop_payload(position(*epoch)?, position(*seq)?, name).await? {
                    true => Ok(()),
                    false => Err(LedgerError::NoPayload { seq: *seq, name: name.clone() }),
                }
            }
            Also::Exported(rows) => Ok(batch.put_checkpoints(rows).await?),
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
