//! How a deployment goes from replica to replica, decided on the state alone.

use super::state::{Slot, Wanted};

/// The next thing that a deployment does.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Step {
    /// Start one more replica of the wanted version and see it healthy.
    Start,
    /// Stop this replica.
    Stop(Slot),
    /// Every replica is of the wanted version and there are as many as wanted.
    Done,
}

/// One replica above the wanted number, never one below: a new one starts before an old one stops. What failed before
/// goes first.
pub(super) fn next(wanted: &Wanted) -> Step {
    let fresh = || wanted.slots.iter().filter(|slot| slot.version == wanted.version);
    let stale = || wanted.slots.iter().filter(|slot| slot.version != wanted.version);
    if let Some(failed) = wanted.slots.iter().find(|slot| slot.failed) {
        return Step::Stop(failed.clone());
    }
    let surplus = wanted.slots.len() > wanted.replicas;
    match (stale().next(), fresh().next_back()) {
        (Some(old), _) if surplus => Step::Stop(old.clone()),
        _ if fresh().count() < wanted.replicas => Step::Start,
        (Some(old), _) => Step::Stop(old.clone()),
        (None, Some(extra)) if surplus => Step::Stop(extra.clone()),
        (None, Some(_) | None) => Step::Done,
    }
}

/// The step as people read it.
pub(super) fn describe(wanted: &Wanted) -> String {
    let fresh = wanted.slots.iter().filter(|slot| slot.version == wanted.version && !slot.failed).count();
    format!("{fresh}/{} replicas on {}", wanted.replicas, wanted.version)
}

#[cfg(test)]
mod tests;
