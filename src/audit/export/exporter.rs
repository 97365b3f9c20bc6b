use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use futures::future::{BoxFuture, join_all};
use jiff::Timestamp;
use tokio::time::timeout;

use super::sink::{Delivered, Outgoing, Shown, Sink, SinkError};
use crate::audit::tree::Tree;
use crate::audit::upkeep::{Exported, Restore};
use crate::audit::{Checkpoint, Deed, Divergence, EntryKind, Ledger, LedgerError};
use crate::clock::Clock;

/// How long a sink may take over one checkpoint.
const PATIENCE: Duration = Duration::from_secs(10);

/// The longest pause before a sink that failed is tried again.
const LONGEST_PAUSE: Duration = Duration::from_secs(60);

/// What marks an export on the record. Such an entry alone is no reason for another export.
const MARK: &str = EntryKind::CheckpointExported.as_str();

/// How far exports may lag behind.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Pace {
    /// At most so many entries.
    pub entries: u64,
    /// At most so long.
    pub every: Duration,
}

impl Default for Pace {
    fn default() -> Self {
        Self { entries: 100, every: Duration::from_secs(60) }
    }
}

/// Where operators hear that something is wrong with the record.
pub trait Alarm: Send + Sync {
    /// Tells them.
    fn raise<'a>(&'a self, sentence: &'a str) -> BoxFuture<'a, ()>;
}

/// What brings checkpoints to their sinks.
pub struct Exporter {
    ledger: Ledger,
    clock: Arc<dyn Clock>,
    alarm: Arc<dyn Alarm>,
    pace: Pace,
    slots: Vec<Slot>,
    /// One export at a time.
    turn: tokio::sync::Mutex<()>,
}

/// A sink and how it goes with it.
struct Slot {
    sink: Box<dyn Sink>,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    /// Epoch and size of the newest checkpoint that it has.
    exported: Option<(u64, u64)>,
    trouble: Option<Trouble>,
}

/// A sink that failed.
struct Trouble {
    pause: Duration,
    next: Timestamp,
}

impl Slot {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn has(&self, age: (u64, u64)) -> bool {
        self.state().exported.is_some_and(|exported| exported >= age)
    }

    fn may_be_tried(&self, now: Timestamp) -> bool {
        self.state().trouble.as_ref().is_none_or(|trouble| trouble.next <= now)
    }
}

impl Exporter {
    /// What brings the checkpoints of this record to these sinks.
    pub fn new(
        ledger: Ledger,
        clock: Arc<dyn Clock>,
        alarm: Arc<dyn Alarm>,
        sinks: Vec<Box<dyn Sink>>,
        pace: Pace,
    ) -> Self {
        let slots = sinks.into_iter().map(|sink| Slot { sink, state: Mutex::default() }).collect();
        Self { ledger, clock, alarm, pace, slots, turn: tokio::sync::Mutex::default() }
    }

    /// How far exports may lag behind.
    pub const fn pace(&self) -> Pace {
        self.pace
    }

    /// The record.
    pub const fn ledger(&self) -> &Ledger {
        &self.ledger
    }

    /// Compares the record with what each sink has. Where it is behind or another, nothing is changed from now on.
    ///
    /// # Errors
    /// The record here cannot be read.
    pub async fn check(&self) -> Result<(), LedgerError> {
        let _turn = self.turn.lock().await;
        let Some(checkpoint) = self.present().await? else { return Ok(()) };
        if let Some(divergence) = self.ledger.divergence() {
            self.alarm(&read_only(&divergence)).await;
        }
        for slot in &self.slots {
            let noted = self.ledger.store().newest_checkpoint(slot.sink.name()).await?;
            let noted = noted.and_then(|row| Checkpoint::parse(&row.head.note).ok()).map(|noted| noted.age());
            slot.state().exported = noted;
            match self.with_patience(slot, &checkpoint, Way::Check).await {
                Ok(Reached::Shown(shown)) => self.compare(slot, noted, shown).await,
                Ok(Reached::Delivered(_)) => {}
                Err(SinkError::Failed(reason)) => self.trouble(slot, &reason).await,
                Err(SinkError::Diverged(divergence)) => self.diverged(*divergence).await,
            }
        }
        Ok(())
    }

    /// Whether a sink still has what it was given.
    async fn compare(&self, slot: &Slot, noted: Option<(u64, u64)>, shown: Shown) {
        let has = match shown {
            Shown::Unreadable => return,
            Shown::Nothing => None,
            Shown::Newest(epoch, size) => Some((epoch, size)),
        };
        slot.state().exported = has;
        if has < noted {
            let name = slot.sink.name();
            self.alarm(&format!(
                "The {name} does not have the checkpoints any more that it was given. Somebody has taken them away, or it \
                 is another one. The newest is exported again."
            ))
            .await;
        }
    }

    /// Exports what is due.
    ///
    /// # Errors
    /// The record here cannot be read or written.
    pub async fn export_due(&self) -> Result<(), LedgerError> {
        let now = self.clock.now();
        if self.ledger.divergence().is_some() || self.slots.is_empty() {
            return Ok(());
        }
        let Some(checkpoint) = self.present().await? else { return Ok(()) };
        let mut due = false;
        for slot in &self.slots {
            if slot.has(checkpoint.age()) || !slot.may_be_tried(now) {
                continue;
            }
            let Some(since) = self.oldest_unexported(slot, &checkpoint).await? else { continue };
            let (epoch, size) = slot.state().exported.unwrap_or_default();
            let entries = checkpoint.size - if epoch == checkpoint.epoch { size } else { 0 };
            let waited = Duration::try_from(now.duration_since(since)).unwrap_or_default();
            due |= entries >= self.pace.entries || waited >= self.pace.every;
        }
        if due {
            self.export(&checkpoint.age()).await?;
        }
        Ok(())
    }

    /// Exports the record as it is, unless each sink has it: after what is dangerous, before it is answered. Returns the
    /// sinks that do not have it.
    ///
    /// # Errors
    /// The record here cannot be read or written.
    pub async fn export_now(&self) -> Result<Vec<String>, LedgerError> {
        if self.ledger.divergence().is_some() {
            return Ok(Vec::new());
        }
        match self.present().await? {
            Some(checkpoint) => self.export(&checkpoint.age()).await,
            None => Ok(Vec::new()),
        }
    }

    /// Exports all that no sink has yet, when the program ends.
    ///
    /// # Errors
    /// The record here cannot be read or written.
    pub async fn export_rest(&self) -> Result<(), LedgerError> {
        let Some(checkpoint) = self.present().await? else { return Ok(()) };
        for slot in &self.slots {
            if self.oldest_unexported(slot, &checkpoint).await?.is_some() {
                return self.export_now().await.map(|_missing| ());
            }
        }
        Ok(())
    }

    /// How long the oldest entry has waited that some sink does not have, in seconds: `audit_unexported_seconds`.
    ///
    /// # Errors
    /// The record cannot be read.
    pub async fn unexported_seconds(&self) -> Result<u64, LedgerError> {
        let Some(checkpoint) = self.present().await? else { return Ok(0) };
        let mut oldest = None;
        for slot in &self.slots {
            let since = self.oldest_unexported(slot, &checkpoint).await?;
            oldest = oldest.into_iter().chain(since).min();
        }
        let waited = oldest.map(|oldest| self.clock.now().duration_since(oldest).as_secs());
        Ok(waited.and_then(|seconds| u64::try_from(seconds).ok()).unwrap_or_default())
    }

    /// The sinks that fail at present.
    pub fn failing(&self) -> Vec<&str> {
        let failing = self.slots.iter().filter(|slot| slot.state().trouble.is_some());
        failing.map(|slot| slot.sink.name()).collect()
    }

    /// The sinks, for people.
    pub fn sinks(&self) -> impl Iterator<Item = &str> {
        self.slots.iter().map(|slot| slot.sink.name())
    }

    /// Accepts that the record in the database is an older copy or another history, and begins a new one that says so.
    /// Returns its number.
    ///
    /// # Errors
    /// There is nothing to accept, or the record cannot be written.
    pub async fn accept_restore(&self, deed: &Deed) -> Result<u64, LedgerError> {
        let divergence = self.ledger.divergence().ok_or(LedgerError::NothingToAccept)?;
        let turn = self.turn.lock().await;
        let found = self.present().await?.ok_or(LedgerError::NothingToAccept)?;
        let mut restore = Restore {
            why: divergence.to_string(),
            newest: divergence.newest(),
            checkpoint: divergence.checkpoint().cloned(),
            agreed: 0,
        };
        for slot in &self.slots {
            // A sink that cannot be read now is asked again when the new record is exported.
            let keys = self.ledger.keys();
            for held in slot.sink.held(&keys).await.unwrap_or_default() {
                if Some(held.age()) > restore.newest
                    || (Some(held.age()) == restore.newest && restore.checkpoint.is_none())
                {
                    (restore.newest, restore.checkpoint) = (Some(held.age()), Some(held.clone()));
                }
                let further =
                    held.epoch == found.epoch && held.size <= found.size && held.size > restore.agreed;
                if further && self.agrees(&held).await? {
                    restore.agreed = held.size;
                }
            }
        }
        let epoch = self.ledger.begin_anew(&restore, deed).await?;
        self.ledger.set_divergence(None);
        drop(turn);
        self.export_now().await?;
        Ok(epoch)
    }

    async fn agrees(&self, held: &Checkpoint) -> Result<bool, LedgerError> {
        Ok(Tree::new(self.ledger.store(), held.epoch).root(held.size).await? == held.hash)
    }

    /// The record as it is.
    async fn present(&self) -> Result<Option<Checkpoint>, LedgerError> {
        let Some(head) = self.ledger.head().await? else { return Ok(None) };
        Checkpoint::parse(&head.note).map(Some).map_err(|why| LedgerError::Broken(why.to_owned()))
    }

    /// When the oldest entry was written that a sink does not have; entries that only tell of exports do not count.
    async fn oldest_unexported(
        &self,
        slot: &Slot,
        present: &Checkpoint,
    ) -> Result<Option<Timestamp>, LedgerError> {
        let exported = slot.state().exported;
        let first = match exported {
            Some((epoch, size)) if epoch == present.epoch => size,
            Some(_) | None => 0,
        };
        let (epoch, first) =
            (crate::audit::writer::position(present.epoch)?, crate::audit::writer::position(first)?);
        let row = self.ledger.store().first_entry_but(epoch, first, MARK).await?;
        Ok(row.and_then(|row| Timestamp::from_millisecond(row.at_ms).ok()))
    }

    /// Brings the present head to each sink that does not have one of this age. Returns those that still do not have it.
    async fn export(&self, wanted: &(u64, u64)) -> Result<Vec<String>, LedgerError> {
        let _turn = self.turn.lock().await;
        // Somebody whose turn came before may have taken ours along.
        if self.slots.iter().all(|slot| slot.has(*wanted)) || self.ledger.divergence().is_some() {
            return Ok(Vec::new());
        }
        let Some(checkpoint) = self.present().await? else { return Ok(Vec::new()) };
        let now = self.clock.now();
        let lacking = self.slots.iter().filter(|slot| !slot.has(checkpoint.age()));
        // One that failed a moment ago is not waited for again by everybody.
        let (open, later): (Vec<&Slot>, Vec<&Slot>) = lacking.partition(|slot| slot.may_be_tried(now));
        let deliveries = open.iter().map(|slot| self.with_patience(slot, &checkpoint, Way::Deliver));
        let mut exported = Vec::new();
        let mut missing: Vec<String> = later.into_iter().map(|slot| slot.sink.name().to_owned()).collect();
        for (slot, delivery) in open.iter().zip(join_all(deliveries).await) {
            let sink = slot.sink.name().to_owned();
            match delivery {
                Ok(Reached::Delivered(Delivered { note })) => {
                    self.recovered(slot, checkpoint.age()).await;
                    let checkpoint = Checkpoint { note, ..checkpoint.clone() };
                    exported.push(Exported { checkpoint, sink });
                }
                Ok(Reached::Shown(_)) => {}
                Err(SinkError::Failed(reason)) => {
                    self.trouble(slot, &reason).await;
                    missing.push(sink);
                }
                Err(SinkError::Diverged(divergence)) => {
                    // Another process may have exported something newer since the head was read.
                    let now = self.present().await?.map(|present| present.age());
                    if now < divergence.newest() || matches!(*divergence, Divergence::Fork { .. }) {
                        self.diverged(*divergence).await;
                    }
                    missing.push(sink);
                }
            }
        }
        self.ledger.exported(&exported, self.clock.now()).await?;
        Ok(missing)
    }

    async fn with_patience(
        &self,
        slot: &Slot,
        checkpoint: &Checkpoint,
        way: Way,
    ) -> Result<Reached, SinkError> {
        let keys = self.ledger.keys();
        let at = self.clock.now();
        let outgoing = Outgoing { checkpoint, store: self.ledger.store(), keys: &keys, at };
        let work = async {
            match way {
                Way::Check => slot.sink.check(&outgoing).await.map(Reached::Shown),
                Way::Deliver => slot.sink.deliver(&outgoing).await.map(Reached::Delivered),
            }
        };
        let late = |_elapsed| SinkError::Failed(format!("{}: it did not answer in time", slot.sink.name()));
        timeout(PATIENCE, work).await.map_err(late)?
    }

    /// A sink works, maybe again.
    async fn recovered(&self, slot: &Slot, age: (u64, u64)) {
        let before = {
            let mut state = slot.state();
            state.exported = Some(age);
            state.trouble.take()
        };
        if before.is_some() {
            self.alarm(&format!("Checkpoints of the record reach the {} again.", slot.sink.name())).await;
        }
    }

    /// A sink failed. The first time people hear of it; it is tried again after a pause that grows.
    async fn trouble(&self, slot: &Slot, reason: &str) {
        let first = {
            let mut state = slot.state();
            let first = state.trouble.is_none();
            let pause = state.trouble.as_ref().map_or(Duration::from_secs(1), |trouble| trouble.pause * 2);
            let pause = pause.min(LONGEST_PAUSE);
            let next = self.clock.now().saturating_add(pause).unwrap_or(Timestamp::MAX);
            state.trouble = Some(Trouble { pause, next });
            first
        };
        if first {
            self.alarm(&format!(
                "A checkpoint of the record could not be exported: {reason}. Until it is, a change to the last entries \
                 might not be found. It is tried again until it works."
            ))
            .await;
        } else {
            tracing::warn!("a checkpoint of the record is still not exported: {reason}");
        }
    }

    async fn diverged(&self, divergence: Divergence) {
        let sentence = read_only(&divergence);
        if self.ledger.divergence().is_none() {
            self.ledger.set_divergence(Some(divergence));
            self.alarm(&sentence).await;
        }
    }

    async fn alarm(&self, sentence: &str) {
        tracing::error!("{sentence}");
        self.alarm.raise(sentence).await;
    }
}

/// What people are told while nothing is changed.
pub fn read_only(divergence: &Divergence) -> String {
    format!(
        "Read-only: {divergence}. A backup was restored, or somebody has changed the database. Questions are answered; \
         nothing is changed until an operator runs `countersign audit accept-restore`."
    )
}

#[derive(Clone, Copy)]
enum Way {
    Check,
    Deliver,
}

enum Reached {
    Shown(Shown),
    Delivered(Delivered),
}
