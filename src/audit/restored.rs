//! What the first entry of a later record says of the one whose place it took.

use super::{Checkpoint, EntryKind, LedgerError, Logged};
use crate::store::Store;

/// An accepted restore.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Restored {
    /// The record that began with it.
    pub(super) epoch: u64,
    /// The head that was found: where the record before ends.
    pub(super) found: Checkpoint,
    /// Up to here that record and what was exported agree.
    pub(super) agreed: u64,
    /// The newest checkpoint that was known: epoch and size. What it had beyond `agreed` is lost.
    pub(super) exported: Option<(u64, u64)>,
    /// Who accepted it, when and why.
    pub(super) who: String,
    pub(super) at: jiff::Timestamp,
    pub(super) reason: String,
}

impl Restored {
    /// Reads it from the entry. `None` for any other.
    pub(super) fn read(entry: &Logged) -> Option<Self> {
        if entry.kind != EntryKind::RestoreAccepted || entry.seq != 0 {
            return None;
        }
        let number = |value: &serde_json::Value, key: &str| value.get(key)?.as_u64();
        let found = Checkpoint::parse(entry.body.get("found")?.get("note")?.as_str()?).ok()?;
        let exported = match entry.body.get("exported") {
            Some(exported) => Some((number(exported, "epoch")?, number(exported, "size")?)),
            None => None,
        };
        Some(Self {
            epoch: entry.epoch,
            found,
            agreed: entry.body.get("agreed")?.as_u64()?,
            exported,
            who: entry.who().to_owned(),
            at: entry.at,
            reason: entry.text("reason").unwrap_or_default().to_owned(),
        })
    }

    /// Whether a checkpoint of this age was known when the restore was accepted: it is of what the record before has, or of
    /// what was lost.
    pub(super) fn covers(&self, age: (u64, u64)) -> bool {
        age <= self.found.age() || self.exported.is_some_and(|exported| age <= exported)
    }
}

/// Whether a checkpoint of this age is of what was lost by one of these restores: it was known when that was accepted, and
/// goes beyond what was found to agree.
pub(super) fn explained(restores: &[Restored], age: (u64, u64)) -> bool {
    let known = restores.iter().any(|restored| restored.exported.is_some_and(|exported| age <= exported));
    let agreed = restores.iter().find(|restored| restored.found.epoch == age.0).map(|ended| ended.agreed);
    let present = restores.last().is_some_and(|last| last.epoch == age.0);
    known && !present && agreed.is_none_or(|agreed| age.1 > agreed)
}

/// All accepted restores, oldest first.
pub(super) async fn acceptances(store: &Store) -> Result<Vec<Restored>, LedgerError> {
    let rows = store.key_entries().await?;
    Ok(rows
        .iter()
        .filter_map(|row| Logged::parse(&row.body).ok())
        .filter_map(|entry| Restored::read(&entry))
        .collect())
}
