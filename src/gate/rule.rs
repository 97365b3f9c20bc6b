use std::collections::{BTreeMap, BTreeSet};
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

/// All rules, by id, and where those about each tool are.
#[derive(Clone, Debug, Default)]
pub(super) struct Rules {
    all: Vec<Rule>,
    about: BTreeMap<String, Vec<usize>>,
}

impl Rules {
    /// These rules, for tools of these names.
    pub fn new<'t>(all: Vec<Rule>, tools: impl IntoIterator<Item = &'t str>) -> Self {
        let about = |tool: &str| {
            let about = all.iter().enumerate().filter(|(_, rule)| rule.tools.contains(tool));
            about.map(|(index, _)| index).collect()
        };
        let about = tools.into_iter().map(|tool| (tool.to_owned(), about(tool))).collect();
        Self { all, about }
    }

    /// All of them.
    #[cfg(test)]
    pub fn iter(&self) -> std::slice::Iter<'_, Rule> {
        self.all.iter()
    }

    /// Those about a tool. One that came after the policy was read is looked for among all of them.
    pub fn about<'p, 't>(&'p self, tool: &'t str) -> impl Iterator<Item = &'p Rule> + use<'p, 't> {
        let known = self.about.get(tool);
        let found = known.into_iter().flatten().filter_map(|index| self.all.get(*index));
        let unknown = known.is_none().then(|| self.all.iter().filter(move |rule| rule.tools.contains(tool)));
        found.chain(unknown.into_iter().flatten())
    }
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
