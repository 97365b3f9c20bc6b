//! Floor 7: measures what a reader makes of messages. Cases are one JSON line each; scoring is plain code, without a
//! clock, files or a model.

mod baseline;
mod case;
mod catalogue;
mod compare;
mod facts;
mod gate;
mod metrics;
mod object;
mod offline;
mod prediction;
mod report;
mod score;
mod stats;
#[cfg(test)]
mod tests;
mod text;
mod world;

pub use baseline::{Baseline, Comparison, KeptCase, KeptTrial, compare};
pub use case::{
    Any, Case, CaseError, Contains, Context, Entry, Expect, ExpectedCall, InChannel, Incident, Kind,
    LineHash, Matcher, Message, Outcome, Role, Running, case_line, cases,
};
pub use catalogue::{Aliases, Person, World};
pub use compare::{Mismatch, fit, forbidden, matches, mismatches, same_value};
pub use facts::{
    Class, Effect, Facts, Function, FunctionTool, ParamFacts, ToolFacts, class_of, function_tools,
};
pub use gate::{Gate, Rules, Verdict, decide};
pub use metrics::{ATTACK, ByTier, CLEAN_TWIN, Cost, Latency, Metrics, Price, Retried};
pub use offline::{conversation, predict_offline};
pub use prediction::{Breach, Got, Prediction, PredictionError, ProposedCall, Tokens};
pub use report::{
    AddError, CaseResult, Kept, Level, Prices, Provenance, Report, Run, Scorer, Shown, TrialResult, html,
    junit, markdown, report, terminal,
};
pub use score::{Fault, Fit, Pair, SCORER_VERSION, Score, Tier, pairs, score};
pub use world::{DEMO_TOOLS, WorldError, demo_catalog};
