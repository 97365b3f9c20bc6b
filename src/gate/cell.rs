use std::collections::BTreeSet;
use std::time::Duration;

use super::rule::Rule;
use super::{Case, Escalation, Policy, Requirement, Verify};
use crate::catalog::{Direction, EffectClass};
use crate::domain::RoleName;

/// Set when a fact could not be read: then the stricter direction counts.
pub(super) const UNREADABLE: &str = "unreadable";

static NO_TAGS: BTreeSet<String> = BTreeSet::new();

/// What rules can speak about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Cell<'a> {
    pub tool: &'a str,
    pub environment: Option<&'a str>,
    /// Up or down, for tools that have a direction; whatever is not surely up is down.
    pub direction: Option<Direction>,
    pub effect: EffectClass,
    pub tags: &'a BTreeSet<String>,
}

impl<'a> Cell<'a> {
    pub fn of(policy: &Policy, case: &Case<'a>) -> Self {
        let assessment = case.assessment;
        let has_direction = policy.tool(case.call.tool()).is_some_and(|tool| tool.has_direction);
        let surely_up = assessment.direction == Some(Direction::Up) && !assessment.tags.contains(UNREADABLE);
        let strict = if surely_up { Direction::Up } else { Direction::Down };
        Self {
            tool: case.call.tool(),
            environment: case.call.environment(),
            direction: (has_direction || assessment.direction.is_some()).then_some(strict),
            effect: assessment.class.max(case.call.effect()),
            tags: &assessment.tags,
        }
    }

    /// A cell of the plain matrix: no facts known.
    pub fn plain(
        tool: &'a str,
        environment: Option<&'a str>,
        direction: Option<Direction>,
        effect: EffectClass,
    ) -> Self {
        Self { tool, environment, direction, effect, tags: &NO_TAGS }
    }
}

/// All that the rules of a cell ask for, joined. The join has no order, and more rules only ask for more.
#[derive(Debug)]
pub(super) struct Demands<'p> {
    pub rules: Vec<&'p Rule>,
    /// Whether a rule names the cell; one for all tools does not.
    pub named: bool,
    pub needs: BTreeSet<&'p Requirement>,
    /// Whose no ends it, beside the no of those who could agree.
    pub denied_by: BTreeSet<&'p RoleName>,
    pub confirm: bool,
    pub verify: Verify,
    pub expires_after: Duration,
    pub start_within: Duration,
    pub remind_before: Option<Duration>,
    /// By time.
    pub escalations: BTreeSet<&'p Escalation>,
}

impl<'p> Demands<'p> {
    pub fn of(policy: &'p Policy, cell: &Cell<'_>) -> Self {
        let rules: Vec<_> = policy.rules.about(cell.tool).filter(|rule| rule.matches(cell)).collect();
        let shortest = |of: fn(&Rule) -> Option<Duration>, otherwise| {
            rules.iter().filter_map(|rule| of(rule)).min().unwrap_or(otherwise)
        };
        Self {
            named: rules.iter().any(|rule| rule.names_them()),
            needs: rules.iter().flat_map(|rule| &rule.need).collect(),
            denied_by: rules.iter().flat_map(|rule| &rule.denied_by).collect(),
            confirm: rules.iter().any(|rule| rule.confirm),
            verify: rules.iter().map(|rule| rule.verify).max().unwrap_or_default(),
            expires_after: shortest(|rule| rule.expires, policy.defaults.expires_after),
            start_within: shortest(|rule| rule.start_within, policy.defaults.start_within),
            remind_before: rules
                .iter()
                .filter_map(|rule| rule.remind)
                .max()
                .or(policy.defaults.remind_before),
            escalations: rules.iter().filter_map(|rule| rule.escalate.as_ref()).collect(),
            rules,
        }
    }
}
