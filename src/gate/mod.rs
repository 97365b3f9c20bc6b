//! Floor 2: may this happen? One table, `policy.toml`, and total functions over it.
//!
//! [`decide`] says what a call still needs, [`weigh`] whether a vote counts, and [`clear`] makes the proof that
//! nothing is missing. Rules have no order: all that match are joined, and the strictest wins.
//!
//! INVARIANT: only [`clear`] makes a [`Cleared`], and only when [`decide`] finds nothing left to wait for.
//! INVARIANT: nothing here reads a clock, draws a random number, touches a file or logs; time is an argument.

mod binding;
mod case;
mod cell;
mod cleared;
mod decide;
mod example;
mod form;
mod freeze;
mod house;
mod load;
mod needs;
mod policy;
mod prospects;
mod reader;
mod requirement;
mod rows;
mod rule;
mod sections;
mod verdict;
mod weigh;
mod words;

#[cfg(test)]
mod tests;

pub use binding::binding;
pub use case::{Case, Choice, Grounding, Lock, Standing, Verify, Vote};
pub use cleared::{Cleared, clear};
pub use decide::decide;
pub use house::{HOUSE, diff};
pub use form::policy_schema;
pub use policy::{Channel, Limits, Person, Policy, PolicyProblem, ToolWord, Vocabulary};
pub use prospects::{Prospect, prospects, prospects_of_role};
pub use requirement::{Clause, Requirement};
pub use verdict::{Decision, Finding, Need, ReasonCode, Verdict};
pub use weigh::{VoteReason, VoteRefusal, weigh};

/// The policy that ships: the people and the matrix of the first run.
pub const DEMO_POLICY: &str = include_str!("demo/policy.toml");
