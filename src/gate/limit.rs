use std::collections::BTreeSet;
use std::fmt;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::cell::Cell;
use super::words::list;
use super::{Case, Policy};
use crate::domain::human_span;

/// How often something may start: `[[limit]]`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RateLimit {
    /// Its name in verdicts, and the key of its count in [`super::Standing::counts`].
    pub id: String,
    /// The tools it speaks about.
    pub tools: Tools,
    /// The environments; `None` for any, and for calls that act on none.
    pub env: Option<BTreeSet<String>>,
    /// What is counted together.
    pub per: Per,
    /// The most starts within the span.
    pub count: u32,
    /// The span, which ends now.
    pub within: Duration,
}

/// Which starts are counted together.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Per {
    /// Those that the same person asked for, wherever.
    Person,
    /// Those that were asked for in the same channel, by whomever.
    Channel,
    /// Those of the same tool, by whomever and wherever.
    Tool,
}

impl Per {
    /// The name in the policy file.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Person => "person",
            Self::Channel => "channel",
            Self::Tool => "tool",
        }
    }
}

/// The tools that a rule or a limit speaks about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Tools {
    /// Every tool there is: `tools = ["*"]`.
    All,
    /// These.
    Named(BTreeSet<String>),
}

impl Tools {
    /// Whether the tool is one of them.
    pub fn contains(&self, tool: &str) -> bool {
        match self {
            Self::All => true,
            Self::Named(names) => names.contains(tool),
        }
    }
}

impl RateLimit {
    /// Whether a start of this tool in this environment counts, and is counted against.
    pub fn covers(&self, tool: &str, environment: Option<&str>) -> bool {
        self.tools.contains(tool)
            && self.env.as_ref().is_none_or(|names| environment.is_some_and(|name| names.contains(name)))
    }
}

impl fmt::Display for RateLimit {
    /// `at most 5 starts of deploy and scale in production in 10 min for each person`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let starts = if self.count == 1 { "start" } else { "starts" };
        write!(f, "at most {} {starts} of {}", self.count, self.tools)?;
        if let Some(env) = &self.env {
            write!(f, " in {}", list(&env.iter().collect::<Vec<_>>(), "and"))?;
        }
        write!(f, " in {} for each {}", human_span(self.within), self.per.as_str())
    }
}

impl fmt::Display for Tools {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::All => f.write_str("any tool"),
            Self::Named(names) => f.write_str(&list(&names.iter().collect::<Vec<_>>(), "and")),
        }
    }
}

/// The limits that a case must be counted against before it is decided. For each, [`super::Standing::counts`] takes the
/// number of starts within its span that it covers and that belong together by [`RateLimit::per`].
pub fn limits_of<'p>(policy: &'p Policy, case: &Case<'_>) -> Vec<&'p RateLimit> {
    covering(policy, &Cell::of(policy, case)).collect()
}

pub(super) fn covering<'p>(policy: &'p Policy, cell: &Cell<'_>) -> impl Iterator<Item = &'p RateLimit> {
    policy.limits.iter().filter(move |limit| limit.covers(cell.tool, cell.environment))
}
