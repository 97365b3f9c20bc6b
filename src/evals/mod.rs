//! Floor 7: measures what a reader makes of messages. Cases are one JSON line each; scoring is plain code.

mod case;
mod compare;
mod offline;
mod score;
#[cfg(test)]
mod tests;
mod world;

pub use case::{Case, CaseError, Expect, ExpectedCall, Kind, Matcher, Message, Outcome, Role, cases};
pub use compare::{matches, same_value};
pub use offline::{conversation, predict_offline, run_offline};
pub use score::{Got, Prediction, ProposedCall, Report, Score, Tally, Tier, report, score};
pub use world::{DEMO_TOOLS, WorldError, demo_catalog};
