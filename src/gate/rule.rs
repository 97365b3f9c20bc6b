use std::collections::BTreeSet;
use std::time::Duration;

use super::cell::Cell;
use super::{Escalation, Requirement, Tools, Verify};
use crate::catalog::{Direction, EffectClass};
use crate::domain::RoleName;

/// One row of the table. The first five fields say what it speaks about, the others what it asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Rule {
    pub id: String,
    /// A rule for all tools asks for more and allows nothing by itself, so that a new tool is still denied.
    pub tools: Tools,
    /// `None` for any environment, and for calls that act on none.
    pub env: Option<BTreeSet<String>>,
    pub when: Option<Direction>,
    /// Any of these; empty for all calls.
    pub tags: BTreeSet<String>,
    /// At least this effect.
    pub effect: EffectClass,
    /// `None`: anybody the policy knows.
    pub ask: Option<RoleName>,
    /// `None`: any listed channel.
    pub channels: Option<BTreeSet<String>>,
    pub confirm: bool,
    pub need: Vec<Requirement>,
    /// Whose no ends it, beside the no of those who could agree.
    pub denied_by: BTreeSet<RoleName>,
    pub verify: Verify,
    pub expires: Option<Duration>,
    pub start_within: Option<Duration>,
    pub remind: Option<Duration>,
    pub escalate: Option<Escalation>,
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
            && self.effect <= cell.effect
    }

    /// Whether it names its cells, so that they are no longer denied for want of a rule.
    pub fn names_them(&self) -> bool {
        match self.tools {
            Tools::All => false,
            Tools::Named(_) => true,
        }
    }
}
