//! Who answers a case: a model at its server, the built-in reader, an earlier run, or a stub that keeps the harness
//! honest.

mod live;
mod plausible;
mod raw;
mod replay;
mod stub;

use super::case::Case;
use super::prediction::{Prediction, Tokens};
use crate::catalog::Catalog;
use crate::domain::{Digest, Interpretation, Origin};
use crate::ground::Words;
use crate::interpret::llm::{ModelTrouble, Trace, Tried};
use crate::interpret::offline::Offline;
use crate::interpret::{Interpreter, Reading, Usage};

pub use live::Live;
pub(super) use live::of_trial;
pub use plausible::Plausible;
pub use replay::Replay;
pub use stub::{Goals, Stub};

/// Who answers.
pub enum Solver {
    /// The built-in reader.
    Offline(Box<Offline>),
    /// A stub.
    Stub(Stub),
    /// The predictions of an earlier run.
    Replay(Replay),
    /// A model at its server.
    Live(Box<Live>),
}

/// A case that is to be answered.
pub struct Question<'a> {
    /// The case. Only stubs look at it.
    pub case: &'a Case,
    /// What a reader sees of it.
    pub reading: &'a Reading,
    /// The words that may carry arguments.
    pub words: &'a Words,
    /// Which trial, from 0.
    pub trial: u32,
    /// What can be asked for.
    pub catalog: &'a Catalog,
}

/// What came of a question.
#[derive(Clone, Debug, PartialEq)]
pub struct Solved {
    /// What the words came to; or why there is no answer.
    pub outcome: Result<Interpretation, String>,
    /// Who read them.
    pub by: Origin,
    /// What it took.
    pub usage: Option<Usage>,
    /// How the answer was come by.
    pub trace: Trace,
}

impl Solver {
    /// Answers a question. Never fails: no answer is an outcome.
    pub async fn solve(&self, question: &Question<'_>) -> Solved {
        match self {
            Self::Offline(offline) => {
                let read = Interpreter::read(offline.as_ref(), question.reading.clone()).await;
                Solved::of(read.interpretation, read.by)
            }
            Self::Stub(stub) => stub.answer(question),
            Self::Replay(replay) => replay.answer(question),
            Self::Live(live) => live.answer(question).await,
        }
    }
}

impl Solved {
    /// An answer that took nothing.
    pub(super) fn of(interpretation: Interpretation, by: Origin) -> Self {
        Self { outcome: Ok(interpretation), by, usage: None, trace: Trace::default() }
    }

    /// No answer, and why.
    pub(super) fn failed(why: String) -> Self {
        Self { outcome: Err(why), by: stubbed("none"), usage: None, trace: Trace::default() }
    }

    /// What a model made of it. An answer that was cut off is one, and a bad one; what never came is none.
    pub(super) fn tried(tried: Tried) -> Self {
        let Tried { outcome, by, usage, mut trace } = tried;
        let outcome = match outcome {
            Ok(interpretation) => Ok(interpretation),
            Err(trouble @ ModelTrouble::CutOff) => {
                trace.invalid = Some(trouble.to_string());
                Ok(Interpretation::Nothing)
            }
            Err(trouble @ ModelTrouble::LongMessage { .. }) => {
                Ok(Interpretation::Refuse(trouble.to_string()))
            }
            Err(
                trouble @ (ModelTrouble::Unreached
                | ModelTrouble::Slow { .. }
                | ModelTrouble::BrokeOff
                | ModelTrouble::Refused { .. }
                | ModelTrouble::Unreadable(_)
                | ModelTrouble::Large
                | ModelTrouble::Resting
                | ModelTrouble::Spent { .. }),
            ) => Err(trouble.to_string()),
        };
        Self { outcome, by, usage, trace }
    }

    /// The line of a run, with everything but what was proposed.
    pub(super) fn line(&self, case: &Case, trial: u32, timed: Timed) -> Prediction {
        let usage = self.usage.as_ref();
        Prediction {
            id: case.id.clone(),
            trial,
            latency_ms: match timed {
                Timed::Live => usage.map(|usage| usage.latency_ms),
                Timed::Not => None,
            },
            // A server that answered nothing has counted nothing.
            usage: usage.filter(|usage| usage.prompt_tokens + usage.completion_tokens > 0).map(|usage| {
                Tokens {
                    prompt: usage.prompt_tokens,
                    cached: usage.cached_tokens,
                    completion: usage.completion_tokens,
                }
            }),
            error: self.outcome.as_ref().err().cloned(),
            model: self.trace.model.clone(),
            system_fingerprint: self.trace.system_fingerprint.clone(),
            retries: usage.map_or(0, |usage| usage.attempts.saturating_sub(1 + self.trace.repairs)),
            schema_invalid: self.trace.invalid.is_some(),
            repairs: self.trace.repairs,
            ..Prediction::default()
        }
    }
}

/// Whether somebody waited for the answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Timed {
    /// Yes.
    Live,
    /// No: it comes from a file.
    Not,
}

/// The origin of what stubs propose. Nothing in their view is foreign, so that grounding alone is measured.
fn stubbed(name: &str) -> Origin {
    Origin::Model { model: format!("stub:{name}"), prompt: Digest::of(b""), tainted: false }
}
