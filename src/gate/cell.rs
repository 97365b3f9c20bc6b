use std::collections::BTreeSet;
use std::time::Duration;

use super::rule::Rule;
use super::{Case, Policy, Requirement, Verify};
use crate::catalog::{Direction, EffectClass};

/// Set when a fact could not be read: then the stricter direction counts.
const UNREADABLE: &str = "unreadable";

static NO_TAGS: BTreeSet<String> = BTreeSet::new();

/// What rules can speak about.
pub(super) struct Cell<'a> {
    pub tool: &'a str,
    pub environment: Option<&'a str>,
    /// Up or down, for tools that have a direction; whatever is not surely up is down.
    pub direction: Option<Direction>,
    pub class: EffectClass,
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
            class: assessment.class.max(case.call.effect()),
            tags: &assessment.tags,
        }
    }

    /// A cell of the plain matrix: no facts known.
    pub fn plain(
        tool: &'a str,
        environment: Option<&'a str>,
        direction: Option<Direction>,
        class: EffectClass,
    ) -> Self {
        Self { tool, environment, direction, class, tags: &NO_TAGS }
    }
}

/// All that the rules of a cell ask for, joined. The join has no order, and more rules only ask for more.
pub(super) struct Demands<'p> {
    pub rules: Vec<&'p Rule>,
    pub needs: BTreeSet<&'p Requirement>,
    pub confirm: bool,
    pub verify: Verify,
    pub expires_after: Duration,
}

impl<'p> Demands<'p> {
    pub fn of(policy: &'p Policy, cell: &Cell<'_>) -> Self {
        let rules: Vec<_> = policy.rules.iter().filter(|rule| rule.matches(cell)).collect();
        Self {
            needs: rules.iter().flat_map(|rule| &rule.need).collect(),
            confirm: rules.iter().any(|rule| rule.confirm),
            verify: rules.iter().map(|rule| rule.verify).max().unwrap_or_default(),
            expires_after: rules
                .iter()
                .filter_map(|rule| rule.expires)
                .min()
                .unwrap_or(policy.limits.expires_after),
            rules,
        }
    }
}
