use std::ops::Range;
use std::path::Path;
use std::sync::Arc;

use arc_swap::{ArcSwap, ArcSwapOption};
use tokio::sync::{mpsc, oneshot, watch};

use super::draft::Draft;
use super::key::{Key, KeyFile};
use super::public::Keys;
use super::writer::{Also, Job, Ready, Seal, Writer};
use super::{Divergence, Entry, EntryKind, LedgerError, Logged, PublicKey, Recorded};
use crate::clock::{Clock, Entropy};
use crate::domain::RequestId;
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

/// The way onto the record. Cheap to clone; all clones share one writer.
#[derive(Clone)]
pub struct Ledger {
    store: Store,
    pub(super) file: KeyFile,
    keys: Arc<ArcSwap<Keys>>,
    pub(super) entropy: Arc<dyn Entropy>,
    queue: mpsc::Sender<Job>,
    size: watch::Receiver<u64>,
    divergence: Arc<ArcSwapOption<Divergence>>,
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
            (Some(_), key) => {
                Writer::new(store.clone(), file.clone(), take_up(&store, &file, key).await?, clock)
            }
            (None, Some(_)) => return Err(LedgerError::RecordMissing(file.place().to_owned())),
            (None, None) => begin(&store, &file, clock, entropy.as_ref()).await?,
        };
        drop(held);
        writer.transact(&[], &Seal::Own).await?;
        let (keys, size) = (writer.keys(), writer.size());
        let divergence = match introduced(&store).await? {
            Some(key) if key != keys.load().present => Some(Arc::new(Divergence::KeyUnknown)),
            Some(_) | None => None,
        };
        let (queue, jobs) = mpsc::channel(QUEUE);
        tokio::spawn(writer.run(jobs));
        let divergence = Arc::new(ArcSwapOption::new(divergence));
        Ok(Self { store, file, keys, entropy, queue, size, divergence })
    }

    /// Writes a step. It is on disk when this returns; if the caller stops waiting, it may be written all the same.
    ///
    /// # Errors
    /// Nothing was written. A guard that does not hold is no error but a refusal.
    pub async fn write(&self, step: Step) -> Result<Result<Written, Refused>, LedgerError> {
        let ready = self.ready(step)?;
        self.submit(ready, Seal::Own).await
    }

    /// Writes the step that starts something, and seals `proof` as recorded. What changes something does not start while
    /// the record is not the one that we swore to.
    ///
    /// # Errors
    /// As [`Ledger::write`]; also when the step has no started entry or no guard of a start.
    pub async fn started<T>(
        &self,
        proof: T,
        step: Step,
    ) -> Result<Result<Recorded<T>, (Refused, T)>, LedgerError> {
        if let (Some(divergence), Guard::Start { target: Some(_), .. }) = (self.divergence(), &step.guard) {
            return Err(LedgerError::ReadOnly(Box::new((*divergence).clone())));
        }
        let ready = self.ready(step)?;
        if !ready.is_start() {
            return Err(LedgerError::NotAStart);
        }
        Ok(match self.submit(ready, Seal::Own).await? {
            Ok(_written) => Ok(Recorded::new(proof)),
            Err(refused) => Err((refused, proof)),
        })
    }

    /// The key that signs now: whoever checks the record's signatures needs it.
    pub fn public_key(&self) -> PublicKey {
        self.keys.load().present.clone()
    }

    /// The keys that sign and have signed, newest first.
    pub fn keys(&self) -> Arc<Vec<PublicKey>> {
        Arc::clone(&self.keys.load().all)
    }

    /// Why things are read and nothing is changed, if that is so.
    pub fn divergence(&self) -> Option<Arc<Divergence>> {
        self.divergence.load_full()
    }

    pub(super) fn set_divergence(&self, divergence: Option<Divergence>) {
        self.divergence.store(divergence.map(Arc::new));
    }

    /// How many entries there are, as far as this process has written: to wait for more.
    pub fn size(&self) -> watch::Receiver<u64> {
        self.size.clone()
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
    pub(super) fn ready(&self, step: Step) -> Result<Ready, LedgerError> {
        ready(step, self.entropy.as_ref())
    }

    pub(super) async fn submit(
        &self,
        ready: Ready,
        seal: Seal,
    ) -> Result<Result<Written, Refused>, LedgerError> {
        let (answer, waiting) = oneshot::channel();
        self.queue.send(Job { ready, seal, answer }).await.map_err(|_closed| LedgerError::Stopped)?;
        waiting.await.map_err(|_gone| LedgerError::Stopped)?
    }
}

fn ready(step: Step, entropy: &dyn Entropy) -> Result<Ready, LedgerError> {
    Ok(Ready {
        guard: step.guard,
        puts: step.rows.into_iter().map(Put::new).collect::<Result<_, _>>()?,
        drafts: step.entries.into_iter().map(|entry| Draft::new(entry, entropy)).collect::<Result<_, _>>()?,
        also: Also::Nothing,
    })
}

/// The key that the record was told of last.
pub(super) async fn introduced(store: &Store) -> Result<Option<PublicKey>, LedgerError> {
    Ok(store.key_entries().await?.iter().rev().find_map(|row| {
        let entry = Logged::parse(&row.body).ok()?;
        PublicKey::parse(entry.text("public_key")?)
    }))
}

/// The key to go on with. Where a start or a change of keys was cut off, the new one moves in if the record knows of it.
async fn take_up(store: &Store, file: &KeyFile, key: Option<Key>) -> Result<Key, LedgerError> {
    match (key, file.read_beside()?) {
        (Some(key), None) => Ok(key),
        (None, None) => Err(LedgerError::KeyMissing(file.place().to_owned())),
        (None, Some(next)) => {
            file.settle()?;
            Ok(next)
        }
        (Some(key), Some(next)) => {
            if introduced(store).await? == Some(next.public()) {
                file.settle()?;
                Ok(next)
            } else {
                file.discard()?;
                Ok(key)
            }
        }
    }
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
    let mut writer = Writer::new(store.clone(), file.clone(), key, clock);
    writer.transact(&[ready(step, entropy)?], &Seal::Own).await?;
    file.settle()?;
    Ok(writer)
}
