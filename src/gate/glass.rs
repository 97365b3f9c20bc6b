use std::collections::BTreeSet;
use std::time::Duration;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::cell::Cell;
use super::words::{list, who_is};
use super::{Audience, Case, Holder, Policy, Tools};
use crate::domain::{PersonId, RoleName};

/// Who may do without what in an emergency: `[break_glass]`. Nobody may where the file has none.
///
/// It never does away with who somebody is, what they may ask for and where, with locks, limits, or what a rule forbids.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BreakGlass {
    /// The roles, any of which the asker must hold beside those that the rules ask for.
    pub roles: BTreeSet<RoleName>,
    /// What is done without.
    pub bypass: BTreeSet<Bypass>,
    /// How long it lasts, counted from [`Glass::at`].
    pub lasts: Duration,
    /// The tools; all where the file names none.
    pub tools: Tools,
    /// The environments; `None` for any.
    pub env: Option<BTreeSet<String>>,
    /// Who is told at once.
    pub tell: Vec<Audience>,
}

/// What can be done without in an emergency.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Bypass {
    /// The votes of others.
    Approvals,
    /// Freezes.
    Freezes,
    /// The order of environments.
    Order,
}

impl Bypass {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Approvals, Self::Freezes, Self::Order];

    /// The name in the policy file.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Approvals => "approvals",
            Self::Freezes => "freezes",
            Self::Order => "order",
        }
    }
}

/// Somebody's word that this is an emergency.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Glass {
    /// Whose; it counts for their own requests only.
    pub by: PersonId,
    /// Why.
    pub reason: String,
    /// The incident, if one is open at this moment: the caller looks.
    pub incident: Option<String>,
    /// When they said so.
    pub at: Timestamp,
}

/// What one rule asked for and the emergency did without.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Bypassed {
    /// What.
    pub what: Bypass,
    /// The id of the rule or freeze, or `order`.
    pub rule: String,
}

/// How the glass of a case is.
pub(super) enum Pane<'p> {
    /// Nobody has touched it.
    Whole,
    /// It is broken, and this is done without.
    Broken(&'p BTreeSet<Bypass>),
    /// Somebody hit it and it held, and why.
    Held(String),
}

impl Pane<'_> {
    pub fn lets_pass(&self, what: Bypass) -> bool {
        match self {
            Self::Broken(bypass) => bypass.contains(&what),
            Self::Whole | Self::Held(_) => false,
        }
    }
}

/// Looks at the glass: whether the asker may break it here and now, and has said all that it takes.
pub(super) fn pane<'p>(policy: &'p Policy, case: &Case<'_>, cell: &Cell<'_>, asker: &Holder<'_>) -> Pane<'p> {
    let Some(glass) = &case.standing.glass else { return Pane::Whole };
    let held = |why: &str| Pane::Held(format!("this does not count as an emergency: {why}"));
    let Some(rule) = &policy.break_glass else { return held("the policy has no [break_glass]") };
    let somewhere =
        rule.env.as_ref().is_none_or(|names| cell.environment.is_some_and(|name| names.contains(name)));
    if !rule.tools.contains(cell.tool) || !somewhere {
        return held("[break_glass] of the policy does not cover it");
    }
    if glass.by != *asker.id {
        return held("only the asker can say so");
    }
    if rule.roles.is_disjoint(&asker.roles) {
        let roles: Vec<_> = rule.roles.iter().collect();
        return held(&format!("{}; it takes {}", who_is(&asker.id.0, &asker.granted), list(&roles, "or")));
    }
    if glass.reason.trim().is_empty() {
        return held("it needs a reason");
    }
    if glass.incident.as_ref().is_none_or(|incident| incident.trim().is_empty()) {
        return held("no incident is open; open one first");
    }
    let in_time = glass.at.checked_add(rule.lasts).is_ok_and(|end| case.now < end);
    if !in_time || case.now < glass.at {
        return held("the time for it is over; say it again if it still is one");
    }
    Pane::Broken(&rule.bypass)
}
