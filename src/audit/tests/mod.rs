mod attacks;
mod keys;
mod reviewing;
mod writing;

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use super::{Actor, Entry, EntryKind, Ledger, LedgerError, Step, Verification, Written, verify};
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
        verify(self.ledger.store(), self.ledger.public_key(), exported).await
    }

    pub(super) async fn assert_sound(&self, expected: u64) {
        let found = self.verify(&[]).await;
        assert!(matches!(&found, Verification::Sound { size, .. } if *size == expected), "{found:?}");
    }
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
