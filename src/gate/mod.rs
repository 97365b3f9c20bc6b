//! Floor 2: may this happen? One table, `policy.toml`, and total functions over it.
//!
//! [`decide`] says what a call still needs, [`weigh`] whether a vote counts, and [`clear`] makes the proof that
//! nothing is missing. Rules have no order: all that match are joined, and the strictest wins.
//!
//! INVARIANT: only [`clear`] makes a [`Cleared`], and only when [`decide`] finds nothing left to wait for.
//! INVARIANT: nothing here reads a clock, draws a random number, touches a file or logs; time is an argument.

mod audience;
mod binding;
mod case;
mod cell;
mod cleared;
mod decide;
mod diff;
mod explain;
mod freeze;
mod glass;
mod house;
mod limit;
mod load;
mod membership;
mod needs;
mod obstacles;
mod order;
mod policy;
mod prospects;
mod replay;
mod requirement;
mod rule;
mod show;
mod verdict;
mod weigh;
mod words;

#[cfg(test)]
mod tests;

pub use audience::{Audience, Escalation};
pub use binding::binding;
pub use case::{Case, Choice, Denied, Grounding, Lock, Standing, Verify, Vote};
pub use cleared::{Cleared, Emergency, clear};
pub use decide::decide;
pub use diff::{CellKey, Change, Part, PolicyDiff, Subject, Way, diff};
pub use explain::{Explanation, Silent, explain};
pub use glass::{BreakGlass, Bypass, Bypassed, Glass};
pub use house::house;
pub use limit::{Per, RateLimit, Tools, limits_of};
pub use load::policy_schema;
pub use membership::{Group, GroupKey, Membership, OnCall};
pub use needs::deniers;
pub use order::{Order, earlier_environment};
pub use policy::{Channel, Defaults, Person, Policy, PolicyProblem, ToolWord, Vocabulary};
pub use prospects::{Asking, Prospect, prospects, prospects_of_role};
pub use replay::{Otherwise, PastCase, Ran, replay};
pub use requirement::{Clause, Requirement};
pub use show::{Overview, Row, overview};
pub use verdict::{CODE_RULES, Decision, Finding, Need, ReasonCode, Verdict};
pub use weigh::{VoteReason, VoteRefusal, weigh};

use glass::Pane;
use membership::Holder;

/// The policy that ships: the people and the matrix of the first run.
pub const DEMO_POLICY: &str = include_str!("demo/policy.toml");
