use std::collections::{BTreeMap, BTreeSet};

use crate::domain::RoleName;
use crate::gate::Policy;

/// Roles and what they include, on one side of a comparison. A role that is only on the other side counts as including
/// what it does there: who holds it is another question, and is compared by itself.
pub(super) struct Side<'p> {
    pub policy: &'p Policy,
    other: &'p Policy,
}

static NOTHING: BTreeSet<RoleName> = BTreeSet::new();

impl<'p> Side<'p> {
    /// Both sides of a comparison.
    pub fn pair(old: &'p Policy, new: &'p Policy) -> (Self, Self) {
        (Self { policy: old, other: new }, Self { policy: new, other: old })
    }

    /// The roles that the file of this side has.
    pub fn roles(&self) -> &'p BTreeMap<RoleName, BTreeSet<RoleName>> {
        &self.policy.roles
    }

    /// The names of the channels of both sides: that one is listed at all is compared by itself.
    pub fn channels(&self) -> BTreeSet<&'p str> {
        let all = self.policy.channels.iter().chain(&self.other.channels);
        all.map(|channel| channel.name.as_str()).collect()
    }

    /// What a role includes, itself among it.
    pub fn closure(&self, role: &RoleName) -> &'p BTreeSet<RoleName> {
        self.policy.roles.get(role).or_else(|| self.other.roles.get(role)).unwrap_or(&NOTHING)
    }

    /// Whether somebody who was given these roles holds one.
    pub fn holds(&self, granted: &BTreeSet<&RoleName>, role: &RoleName) -> bool {
        granted.iter().any(|given| self.closure(given).contains(role))
    }

    /// The roles of this side by which somebody holds any of these; of several that come to the same on the other side
    /// or to more there, only the least.
    pub fn ways_to(&self, wanted: &BTreeSet<RoleName>, there: &Side<'p>) -> Vec<&'p RoleName> {
        let all: Vec<_> = self
            .roles()
            .iter()
            .filter(|(_, includes)| !includes.is_disjoint(wanted))
            .map(|(role, _)| role)
            .collect();
        let least = |role: &&&RoleName| {
            let mine = there.closure(role);
            !all.iter().any(|other| {
                let theirs = there.closure(other);
                theirs.is_subset(mine) && (theirs != mine || other < *role)
            })
        };
        all.iter().filter(least).copied().collect()
    }
}
