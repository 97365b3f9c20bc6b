//! Floor 7: measures what a reader makes of messages. Cases are one JSON line each and take the way that a message takes
//! live; scoring is plain code, without a clock, files or a model.

mod attack;
mod baseline;
mod batch;
mod case;
mod catalogue;
mod compare;
mod export;
mod facts;
mod filter;
mod gate;
mod lint;
mod metrics;
mod object;
mod offer;
mod prediction;
mod record;
mod report;
mod run;
mod schema;
mod score;
mod set;
mod solver;
mod stats;
mod suites;
#[cfg(test)]
mod tests;
mod text;
mod thread;
mod through;
mod transplant;
mod understand;
mod world;

pub use attack::{AttackError, Attacks, Carrier, Choice, Goal, STANDARD_ATTACKS, Template};
pub use baseline::{Baseline, Comparison, KeptCase, KeptTrial, compare};
pub use batch::{
    BatchAnswer, BatchError, BatchManifest, Imported, Limits, Outcome as BatchOutcome, Written, import,
    request_line, write_batch,
};
pub use case::{
    Any, Case, CaseError, Contains, Context, Entry, Expect, ExpectedCall, InChannel, Incident, Kind,
    LineHash, Matcher, Message, Outcome, Role, Running, case_line, cases,
};
pub use catalogue::{Aliases, Person, World};
pub use compare::{Mismatch, fit, forbidden, matches, mismatches, same_value};
pub use export::{Exported, bfcl, inspect, promptfoo};
pub use facts::{
    Class, Effect, Facts, Function, FunctionTool, ParamFacts, ToolFacts, class_of, function_tools,
};
pub use filter::Filter;
pub use gate::{Gate, Rules, Verdict, decide};
pub use lint::{Finding, LintRule, Linter};
pub use metrics::{ATTACK, ByTier, CLEAN_TWIN, Cost, Latency, Metrics, Price, Retried};
pub use offer::{
    Offer, OfferError, Texts, catalog_of, demo_function_tools, named_by_product, offer, product_tools,
    texts_of,
};
pub use prediction::{Breach, Got, Prediction, PredictionError, ProposedCall, Tokens};
pub use record::draft_of;
pub use report::{
    AddError, CaseResult, Kept, Level, Prices, Provenance, Report, Run, Scorer, Shown, TrialResult, html,
    junit, markdown, report, terminal,
};
pub use run::{
    Answered, Bench, Ended, FolderError, Hashes, Progress, RunFile, RunFolder, Stop, Through, run,
};
pub use schema::{CASE_SCHEMA, prediction_schema, report_schema};
pub use score::{Fault, Fit, Pair, SCORER_VERSION, Score, Tier, pairs, score};
pub use set::{CaseSet, SetError, case_files};
pub use solver::{Goals, Live, Plausible, Question, Replay, Solved, Solver, Stub};
pub use suites::{Suite, SuiteError, SuitePlan, Suites, Terms};
pub use thread::{Scene, ThirdParty, reading};
pub use through::{
    CONNECTION, Cast, Done, Humans, Played, Recorder, Rehearsal, Stages, Stand, Told, rehearsed,
};
pub use world::{DEMO_TOOLS, DEMO_WORLD, WorldError, demo_catalog};
