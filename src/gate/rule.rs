use std::collections::BTreeSet;
use std::time::Duration;

use super::cell::Cell;
use super::{Requirement, Verify};
use crate::catalog::{Direction, EffectClass};
use crate::domain::RoleName;

/// One row of the table. The first five fields say what it speaks about, the others what it asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Rule {
    pub id: String,
    pub tools: BTreeSet<String>,
    /// `None` for any environment, and for calls that act on none.
    pub env: Option<BTreeSet<String>>,
    pub when: Option<Direction>,
    /// Any of these; empty for all calls.
    pub tags: BTreeSet<String>,
    /// At least this class.
    pub class: EffectClass,
    /// `None`: anybody the policy knows.
    pub ask: Option<RoleName>,
    /// `None`: any listed channel.
    pub channels: Option<BTreeSet<String>>,
    pub confirm: bool,
    pub need: Vec<Requirement>,
    pub verify: Verify,
    pub expires: Option<Duration>,
    pub reason: bool,
    pub deny: Option<String>,
}

impl Rule {
    /// Whether it speaks about this cell. Who asks, and where, is no part of this: it is asked for, so that a rule
    /// that tightens binds everybody.
    pub fn matches(&self, cell: &Cell<'_>) -> bool {
        self.tools.contains(cell.tool)
            && self
                .env
                .as_ref()
                .is_none_or(|names| cell.environment.is_some_and(|environment| names.contains(environment)))
            && self.when.is_none_or(|when| cell.direction == Some(when))
            && (self.tags.is_empty() || !self.tags.is_disjoint(cell.tags))
            && self.class <= cell.class
    }
}
