//! Checks the record from its bodies alone and trusts nothing that is stored beside them.

mod epoch;
mod whole;

use jiff::Timestamp;

use super::{EntryKind, Logged, Position, PublicKey};
use crate::store::{Store, StoreError};
use whole::Whole;

/// What came of checking the record.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verification {
    /// Everything fits.
    Sound(Sound),
    /// Something was changed.
    Tampered {
        /// The first entry that does not fit, if it can be told.
        first_bad: Option<Position>,
        /// What does not fit.
        sentence: String,
    },
    /// It cannot be told.
    Undecided {
        /// Why not.
        sentence: String,
    },
}

/// A record in which everything fits.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Sound {
    /// How many entries, in this record and in those whose place it took.
    pub size: u64,
    /// The root of the tree of the present record, in base64 as in the checkpoint.
    pub root: String,
    /// What was taken away, each with the entry that says so.
    pub redacted: Vec<Redacted>,
    /// Restored backups that were accepted.
    pub restores: Vec<AcceptedRestore>,
    /// How many exported checkpoints it was compared with, each counted once.
    pub compared: usize,
    /// How many entries came after the newest of them; those could have been changed by somebody with the key.
    pub since: Option<u64>,
}

/// A payload that was taken away on the record.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Redacted {
    /// The entry that carried it.
    pub position: Position,
    /// The payload.
    pub name: String,
    /// Who took it away.
    pub who: String,
    /// When.
    pub at: Timestamp,
    /// Why.
    pub reason: String,
}

impl Redacted {
    /// What an entry says was taken away. `None` for an entry that says something else.
    pub(super) fn told_by(entry: &Logged) -> Option<Self> {
        if entry.kind != EntryKind::PayloadRedacted {
            return None;
        }
        let number = |key| entry.body.get(key).and_then(serde_json::Value::as_u64);
        Some(Self {
            // The first entries of this kind name no record: they mean their own.
            position: Position::new(number("epoch").unwrap_or(entry.epoch), number("seq")?),
            name: entry.text("name")?.to_owned(),
            who: entry.who().to_owned(),
            at: entry.at,
            reason: entry.text("reason").unwrap_or_default().to_owned(),
        })
    }
}

/// A restored backup that was accepted on the record.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AcceptedRestore {
    /// The record that began with it.
    pub epoch: u64,
    /// At most so many entries are lost: those between the last checkpoint that fits what was found and the newest one.
    pub lost: u64,
    /// Who accepted it.
    pub who: String,
    /// When.
    pub at: Timestamp,
    /// Why.
    pub reason: String,
}

/// A checkpoint from elsewhere to compare with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Against {
    /// The signed note.
    pub note: String,
    /// Where it is from, for people.
    pub from: String,
}

/// What to check a record with.
pub struct Check<'a> {
    /// The key that must have signed its head, and those before it.
    pub keys: &'a [PublicKey],
    /// Checkpoints that were exported.
    pub against: &'a [Against],
    /// Hears how many entries of how many were checked.
    pub progress: &'a mut (dyn FnMut(u64, u64) + Send),
}

/// Checks the record in `store`.
///
/// Dense places; bodies that name their place; columns that say what the body says; every stored hash, none missing, none
/// too many; the root of each checkpoint; the signature of the head; the commitment of each payload that is there, and an
/// entry for each that is not; a row for each checkpoint that an entry says was exported. Earlier records, whose place this
/// one took, are checked in the same way.
pub async fn verify<'a>(store: &'a Store, check: Check<'a>) -> Verification {
    match Whole::begin(store, check).await {
        Ok(whole) => match whole.run().await {
            Ok(sound) => Verification::Sound(sound),
            Err(problem) => problem.into(),
        },
        Err(problem) => problem.into(),
    }
}

enum Problem {
    Tampered(Option<Position>, String),
    Undecided(String),
}

impl From<StoreError> for Problem {
    fn from(error: StoreError) -> Self {
        match error.is_about_a_row() {
            true => Self::Tampered(None, error.to_string()),
            false => Self::Undecided(error.to_string()),
        }
    }
}

impl From<Problem> for Verification {
    fn from(problem: Problem) -> Self {
        match problem {
            Problem::Tampered(first_bad, sentence) => Self::Tampered { first_bad, sentence },
            Problem::Undecided(sentence) => Self::Undecided { sentence },
        }
    }
}

fn tampered(position: Position, sentence: impl Into<String>) -> Problem {
    Problem::Tampered(Some(position), sentence.into())
}

fn column(number: u64) -> Result<i64, Problem> {
    i64::try_from(number).map_err(|_| Problem::Undecided("the record is too long to be counted".to_owned()))
}
