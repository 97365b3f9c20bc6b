use std::ops::Range;
use std::path::Path;
use std::sync::Arc;

use jiff::Timestamp;
use tokio::sync::{mpsc, oneshot};

use super::draft::Draft;
use super::key::{Key, KeyFile};
use super::writer::{Job, Ready, Writer};
use super::{Actor, Entry, EntryKind, LedgerError, Logged, PublicKey, Recorded};
use crate::clock::{Clock, Entropy};
use crate::domain::{PersonId, RequestId};
use crate::store::{EventFilter, Guard, Head, Put, Refused, Row, Store};

/// Steps that may wait for the writer before those who bring more have to wait themselves.
const QUEUE: usize = 1024;

/// What happens together or not at all: if `guard` holds, `rows` are put and `entries` are on the record.
#[derive(Clone, Debug, PartialEq)]
pub struct Step {
    /// What must hold.
    pub guard: Guard,
    /// What to put.
    pub rows: Vec<Row>,
    /// What to say about it.
    pub entries: Vec<Entry>,
}

/// Where the entries of a step stand on the record.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Written {
    /// Their places.
    pub seqs: Range<u64>,
}

/// What is taken off the record, by whom and why.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Redaction {
    /// The entry that carries it.
    pub seq: u64,
    /// Its name there.
    pub name: String,
    /// Who takes it away.
    pub by: PersonId,
    /// Why.
    pub reason: String,
    /// When.
    pub at: Timestamp,
}

/// The way onto the record. Cheap to clone; all clones share one writer.
#[derive(Clone)]
pub struct Ledger {
    store: Store,
    public: PublicKey,
    entropy: Arc<dyn Entropy>,
    queue: mpsc::Sender<Job>,
}

impl Ledger {
    /// Opens the record in `store`, with the signing key in `key_dir`. Begins both where there is neither, and starts the
    /// writer, which ends when the last clone is gone.
    ///
    /// # Errors
    /// One of the two is missing or unusable, or the record does not match its signed head.
    pub async fn open(
        store: Store,
        key_dir: &Path,
        clock: Arc<dyn Clock>,
        entropy: Arc<dyn Entropy>,
    ) -> Result<Self, LedgerError> {
        let file = KeyFile::in_dir(key_dir);
        // Held until the record has begun, so that two first starts at once do not begin it twice.
        let held = file.lock().await?;
        let mut writer = match (store.head().await?, file.read()?) {
            (Some(_), Some(key)) => Writer::new(store.clone(), key, clock),
            (Some(_), None) => Writer::new(store.clone(), take_up(&file)?, clock),
            (None, Some(_)) => return Err(LedgerError::RecordMissing(file.place().to_owned())),
            (None, None) => begin(&store, &file, clock, entropy.as_ref()).await?,
        };
        drop(held);
        writer.transact(&[]).await?;
        let public = writer.public();
        let (queue, jobs) = mpsc::channel(QUEUE);
        tokio::spawn(writer.run(jobs));
        Ok(Self { store, public, entropy, queue })
    }

    /// Writes a step. It is on disk when this returns; if the caller stops waiting, it may be written all the same.
    ///
    /// # Errors
    /// Nothing was written. A guard that does not hold is no error but a refusal.
    pub async fn write(&self, step: Step) -> Result<Result<Written, Refused>, LedgerError> {
        let ready = self.ready(step)?;
        self.submit(ready).await
    }

    /// Writes the step that starts something, and seals `proof` as recorded.
    ///
    /// # Errors
    /// As [`Ledger::write`]; also when the step has no started entry or no guard of a start.
    pub async fn started<T>(
        &self,
        proof: T,
        step: Step,
    ) -> Result<Result<Recorded<T>, (Refused, T)>, LedgerError> {
        let ready = self.ready(step)?;
        if !ready.is_start() {
            return Err(LedgerError::NotAStart);
        }
        Ok(match self.submit(ready).await? {
            Ok(_written) => Ok(Recorded::new(proof)),
            Err(refused) => Err((refused, proof)),
        })
    }

    /// Takes a payload away for good and says so on the record. The record stays verifiable.
    ///
    /// # Errors
    /// Also when there is no such payload.
    pub async fn redact(&self, redaction: Redaction) -> Result<Written, LedgerError> {
        let Redaction { seq, name, by, reason, at } = redaction;
        let actor = Actor { identity: by.0.clone(), person: Some(by.clone()) };
        let entry = Entry::new(EntryKind::PayloadRedacted, at)
            .by(actor, "audit")
            .with("seq", seq)
            .with("name", name.as_str())
            .with("by", by.0)
            .with("reason", reason);
        let step = Step { guard: Guard::Open, rows: Vec::new(), entries: vec![entry] };
        let ready = Ready { redacts: Some((seq, name)), ..self.ready(step)? };
        // An open guard is never refused, so a refusal can only mean that nobody answers for it.
        self.submit(ready).await?.map_err(|_refused| LedgerError::Stopped)
    }

    /// Whoever checks the record's signatures needs this.
    pub const fn public_key(&self) -> &PublicKey {
        &self.public
    }

    /// The store underneath, for reading.
    pub const fn store(&self) -> &Store {
        &self.store
    }

    /// The newest signed head that is on disk: what to export.
    ///
    /// # Errors
    /// The store cannot be read.
    pub async fn head(&self) -> Result<Option<Head>, LedgerError> {
        Ok(self.store.head().await?)
    }

    /// The entries about a request, oldest first.
    ///
    /// # Errors
    /// The store cannot be read, or one of them is no entry.
    pub async fn entries_of(&self, request: &RequestId) -> Result<Vec<Logged>, LedgerError> {
        let rows = self.store.entries_of(request).await?;
        Ok(rows.iter().map(Logged::try_from).collect::<Result<_, _>>()?)
    }

    /// The newest `limit` entries that `filter` describes, newest first.
    ///
    /// # Errors
    /// The store cannot be read, or one of them is no entry.
    pub async fn entries(&self, filter: &EventFilter, limit: u32) -> Result<Vec<Logged>, LedgerError> {
        let rows = self.store.entries(filter, limit).await?;
        Ok(rows.iter().map(Logged::try_from).collect::<Result<_, _>>()?)
    }

    /// Makes a step ready, in the task of who brings it.
    fn ready(&self, step: Step) -> Result<Ready, LedgerError> {
        ready(step, self.entropy.as_ref())
    }

    async fn submit(&self, ready: Ready) -> Result<Result<Written, Refused>, LedgerError> {
        let (answer, waiting) = oneshot::channel();
        self.queue.send(Job { ready, answer }).await.map_err(|_closed| LedgerError::Stopped)?;
        waiting.await.map_err(|_gone| LedgerError::Stopped)?
    }
}

fn ready(step: Step, entropy: &dyn Entropy) -> Result<Ready, LedgerError> {
    Ok(Ready {
        guard: step.guard,
        puts: step.rows.into_iter().map(Put::new).collect::<Result<_, _>>()?,
        drafts: step.entries.into_iter().map(|entry| Draft::new(entry, entropy)).collect::<Result<_, _>>()?,
        redacts: None,
    })
}

/// The key of a start that was cut off after the record had begun.
fn take_up(file: &KeyFile) -> Result<Key, LedgerError> {
    let Some(key) = file.read_beside()? else { return Err(LedgerError::KeyMissing(file.place().to_owned())) };
    file.settle()?;
    Ok(key)
}

/// Begins a record: its first entry names the instance, the key and the program.
async fn begin(
    store: &Store,
    file: &KeyFile,
    clock: Arc<dyn Clock>,
    entropy: &dyn Entropy,
) -> Result<Writer, LedgerError> {
    let key = Key::draw(entropy)?;
    file.write_beside(&key)?;
    let public = key.public();
    let entry = Entry::new(EntryKind::Opened, clock.now())
        .with("instance", public.instance())
        .with("public_key", public.verifier_key(0))
        .with("version", env!("CARGO_PKG_VERSION"));
    let step = Step { guard: Guard::Open, rows: Vec::new(), entries: vec![entry] };
    let mut writer = Writer::new(store.clone(), key, clock);
    writer.transact(&[ready(step, entropy)?]).await?;
    file.settle()?;
    Ok(writer)
}
