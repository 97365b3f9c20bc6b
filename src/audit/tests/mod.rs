mod assuring;
mod attacks;
mod crash;
mod exporting;
mod flips;
mod keys;
mod proving;
mod purging;
mod restoring;
mod reviewing;
mod sinks;
mod writing;

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};

use futures::FutureExt as _;
use futures::future::BoxFuture;

use super::export::{Alarm, Exporter, FileSink, Pace, Sink};
use super::{
    Actor, Against, Check, Deed, Entry, EntryKind, Ledger, LedgerError, NoteScanner, Position, PublicKey,
    Sound, Step, Verification, Written, verify,
};
use crate::clock::{Entropy, NoEntropy, StandingClock};
use crate::store::database::{self, Place};
use crate::store::samples::{at, person, request_id};
use crate::store::{Guard, Row};

/// Bytes that look random and are the same in each run.
pub(super) struct Counted(AtomicU64);

impl Counted {
    pub(super) fn from(start: u64) -> Arc<Self> {
        Arc::new(Self(AtomicU64::new(start)))
    }
}

impl Entropy for Counted {
    fn fill(&self, bytes: &mut [u8]) -> Result<(), NoEntropy> {
        let n = self.0.fetch_add(1, Ordering::Relaxed);
        let digest = crate::domain::Digest::of(&n.to_be_bytes());
        bytes.iter_mut().zip(digest.as_bytes().iter().cycle()).for_each(|(byte, drawn)| *byte = *drawn);
        Ok(())
    }
}

pub(super) async fn open(dir: &Path) -> Result<Ledger, LedgerError> {
    let store = database::open(dir).await.unwrap();
    Ledger::open(store, dir, Arc::new(StandingClock::at(at(0))), Counted::from(1)).await
}

/// A ledger in a place that goes away with it.
pub(super) struct Fresh {
    pub(super) ledger: Ledger,
    pub(super) place: Place,
    _names: insta::internals::SettingsBindDropGuard,
}

/// `None` where the database of these tests is not there to be tested on.
pub(super) async fn fresh() -> Option<Fresh> {
    Some(Fresh::at(place().await?).await)
}

pub(super) async fn place() -> Option<Place> {
    Place::new(module_path!()).await
}

impl Fresh {
    pub(super) async fn at(place: Place) -> Self {
        // Both databases are held to one snapshot.
        let mut names = insta::Settings::clone_current();
        names.set_prepend_module_to_snapshot(false);
        let ledger = open(place.path()).await.unwrap();
        Self { ledger, place, _names: names.bind_to_scope() }
    }

    /// Writes a step that nothing stands against.
    pub(super) async fn write(&self, rows: Vec<Row>, entries: Vec<Entry>) -> Written {
        self.ledger.write(Step { guard: Guard::Open, rows, entries }).await.unwrap().unwrap()
    }

    /// Puts entries `1` to `n` on the record, each with a raw message, and returns all heads on the way.
    pub(super) async fn grow(&self, n: u16) -> Vec<crate::store::Head> {
        let mut heads = Vec::new();
        for number in 1..=n {
            heads.push(self.ledger.head().await.unwrap().unwrap());
            self.write(vec![], vec![received(number)]).await;
        }
        heads.push(self.ledger.head().await.unwrap().unwrap());
        heads
    }

    pub(super) async fn verify(&self, exported: &[String]) -> Verification {
        self.verify_with(&[self.ledger.public_key()], exported).await
    }

    pub(super) async fn verify_with(&self, keys: &[PublicKey], exported: &[String]) -> Verification {
        let against: Vec<_> = exported
            .iter()
            .map(|note| Against { note: note.clone(), from: "`elsewhere`".to_owned() })
            .collect();
        let mut progress = |_done, _total| {};
        verify(self.ledger.store(), Check { keys, against: &against, progress: &mut progress }).await
    }

    pub(super) async fn sound(&self, exported: &[String]) -> Sound {
        match self.verify(exported).await {
            Verification::Sound(sound) => sound,
            found => panic!("{found:?}"),
        }
    }

    pub(super) async fn assert_sound(&self, expected: u64) {
        assert_eq!(self.sound(&[]).await.size, expected);
    }

    /// What brings its checkpoints to these sinks.
    pub(super) fn exporter(&self, sinks: Vec<Box<dyn Sink>>) -> Exporting {
        let (clock, heard) = (Arc::new(StandingClock::at(at(0))), Heard::default());
        let alarm = Arc::new(heard.clone());
        let exporter = Exporter::new(self.ledger.clone(), clock.clone(), alarm, sinks, Pace::default());
        Exporting { exporter, clock, heard }
    }

    /// The file that checkpoints go to.
    pub(super) fn file(&self) -> PathBuf {
        self.place.path().join("elsewhere/checkpoints")
    }

    pub(super) fn file_sink(&self) -> Box<dyn Sink> {
        Box::new(FileSink::new(self.file()))
    }

    /// The notes in that file.
    pub(super) fn exported(&self) -> Vec<String> {
        NoteScanner::all(&std::fs::read_to_string(self.file()).unwrap_or_default())
    }
}

/// An exporter and what it hangs on.
pub(super) struct Exporting {
    pub(super) exporter: Exporter,
    pub(super) clock: Arc<StandingClock>,
    pub(super) heard: Heard,
}

/// What operators heard.
#[derive(Clone, Default)]
pub(super) struct Heard(Arc<Mutex<Vec<String>>>);

impl Heard {
    pub(super) fn take(&self) -> Vec<String> {
        std::mem::take(&mut self.0.lock().unwrap())
    }
}

impl Alarm for Heard {
    fn raise<'a>(&'a self, sentence: &'a str) -> BoxFuture<'a, ()> {
        self.0.lock().unwrap().push(sentence.to_owned());
        std::future::ready(()).boxed()
    }
}

/// The first bad entry, if it was told.
pub(super) fn first_bad(found: &Verification) -> Option<u64> {
    let Verification::Tampered { first_bad, .. } = found else { panic!("not found: {found:?}") };
    first_bad.map(|Position { seq, .. }| seq)
}

/// Carol does something to the record.
pub(super) fn deed(reason: &str) -> Deed {
    let by = Actor { person: Some(person("carol")), identity: "local:carol".to_owned() };
    Deed { by, reason: reason.to_owned(), at: at(9) }
}

/// Alice wrote something.
pub(super) fn received(n: u16) -> Entry {
    let alice = Actor { person: Some(person("alice")), identity: "console:alice".to_owned() };
    Entry::new(EntryKind::Received, at(i64::from(n)))
        .about(&request_id(n))
        .by(alice, "console")
        .with("channel", "deployments")
        .carrying("message", format!("message {n}"))
}
