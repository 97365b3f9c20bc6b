//! A language model that may only propose: any OpenAI-compatible server, asked with function calling.
//!
//! ```text
//! Reading ── request ──> Endpoint ── answer ──> Scales ──> Interpretation
//!                           ^                      │
//!                           └─ what was wrong with it, twice at most
//! ```
//!
//! Whatever the server sends, what comes out is a proposal that the catalogue admits, a question, words, or
//! [`ModelTrouble`]. `async-openai` gives the types of the request; the client is ours, because time limits, redirects,
//! proxies, sizes and repetitions are, and so is the reading of answers, because real servers leave out what the crate's
//! types require.

mod answer;
mod breaker;
mod endpoint;
mod fallback;
mod likely;
mod prompt;
mod purse;
mod request;
mod schema;
mod single;
#[cfg(test)]
mod tests;
mod thread;
mod trouble;
mod weigh;
mod words;

use std::collections::BTreeSet;
use std::sync::Arc;

use async_openai::types::chat::CreateChatCompletionRequest;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use tokio::time::{Instant, timeout};

use self::answer::Answer;
use self::breaker::Breaker;
use self::purse::{Amount, Purse};
use self::weigh::{Scales, Weighed, sent_back};
use super::{Reading, Usage};
use crate::catalog::Catalog;
use crate::clock::Clock;
use crate::domain::{Interpretation, Origin};
use crate::redact::Redactor;

pub use endpoint::{Access, Endpoint, EndpointError, address};
pub use fallback::WithFallback;
pub use likely::{MOST_TOOLS, likely};
pub use prompt::{INTERPRETER_PROMPT, Prompt};
pub use purse::{Budget, Tariff, about_tokens, micros};
pub use request::request;
pub use single::read_body;
pub use thread::{MAX_MESSAGE, MAX_THREAD, MAX_TURN, MAX_TURNS};
pub use trouble::ModelTrouble;

/// How often an answer goes back to the model with what is wrong with it.
const REPAIRS: u32 = 2;

/// What goes into every request, whoever asks.
#[derive(Clone, Debug)]
pub struct Settings {
    /// The model's name at its server.
    pub model: String,
    /// The most tokens of an answer.
    pub max_tokens: u32,
    /// How its words are drawn.
    pub sampling: Sampling,
    /// What the server does not know and is not sent.
    pub without: BTreeSet<Feature>,
    /// The instructions.
    pub prompt: Prompt,
    /// What takes secrets out, on the way there and back.
    pub redactor: Redactor,
}

/// How a model draws its words: the same for everybody, so that an answer can be had again.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Sampling {
    /// 0 for the likeliest words.
    pub temperature: f32,
    /// Where chance begins.
    pub seed: i64,
}

impl Default for Sampling {
    fn default() -> Self {
        Self { temperature: 0.0, seed: 7 }
    }
}

/// Parts of a request that some servers refuse.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Feature {
    /// `temperature: 0`; reasoning models take none.
    Temperature,
    /// `seed`.
    Seed,
    /// `strict` schemas; without it the tools' own schemas are sent.
    Strict,
    /// `tool_choice: required`; without it `auto`.
    ToolChoice,
    /// `parallel_tool_calls`.
    ParallelToolCalls,
}

/// What a model is made of.
#[derive(Debug)]
pub struct Setup {
    /// What goes into every request.
    pub settings: Settings,
    /// Where the model is.
    pub endpoint: Endpoint,
    /// What it costs, where that is known.
    pub tariff: Option<Tariff>,
    /// What one person may use.
    pub budget: Budget,
}

/// A language model.
pub struct Model {
    catalog: Arc<Catalog>,
    settings: Settings,
    endpoint: Endpoint,
    tariff: Option<Tariff>,
    purse: Purse,
    breaker: Breaker,
    clock: Arc<dyn Clock>,
}

/// A reading that was tried.
#[derive(Debug, PartialEq)]
pub struct Tried {
    /// What came of it.
    pub outcome: Result<Interpretation, ModelTrouble>,
    /// The model, for the record.
    pub by: Origin,
    /// What it took, whatever came of it. `None` when nothing was sent.
    pub usage: Option<Usage>,
    /// How the answer was come by.
    pub trace: Trace,
}

/// How an answer was come by, for whoever measures a model.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Trace {
    /// Why the first answer broke the schemas that it was sent. `None` when it did not.
    pub invalid: Option<String>,
    /// How often an answer went back.
    pub repairs: u32,
    /// The model that the server says has answered.
    pub model: Option<String>,
    /// What the server says it runs on.
    pub system_fingerprint: Option<String>,
}

/// What a reading takes and how it goes, counted on the way so that one that is given up is counted.
#[derive(Debug, Default)]
struct Course {
    usage: Usage,
    trace: Trace,
}

impl Settings {
    /// Who reads with these, for the record.
    fn origin(&self, reading: &Reading) -> Origin {
        Origin::Model {
            model: self.model.clone(),
            prompt: self.prompt.digest(),
            tainted: thread::tainted(reading, &self.redactor),
        }
    }
}

impl Trace {
    /// Notes what the server says of itself.
    fn of(&mut self, answer: &Answer) {
        self.model.clone_from(&answer.model);
        self.system_fingerprint.clone_from(&answer.system_fingerprint);
    }
}

impl Model {
    /// A model that proposes calls of these tools.
    pub fn new(setup: Setup, catalog: Arc<Catalog>, clock: Arc<dyn Clock>) -> Self {
        Self {
            catalog,
            settings: setup.settings,
            endpoint: setup.endpoint,
            tariff: setup.tariff,
            purse: Purse::new(setup.budget),
            breaker: Breaker::default(),
            clock,
        }
    }

    /// Reads.
    pub async fn read(&self, reading: &Reading) -> Tried {
        let by = self.settings.origin(reading);
        let mut course = Course::default();
        let outcome = match thread::check(reading, &self.settings.redactor) {
            Ok(()) => self.within_budget(reading, &by, &mut course).await,
            Err(trouble) => Err(trouble),
        };
        let Course { usage, trace } = course;
        if let Err(trouble) = &outcome {
            tracing::warn!(model = self.settings.model, attempts = usage.attempts, "{trouble}");
        }
        Tried { outcome, by, usage: (usage.attempts > 0).then_some(usage), trace }
    }

    /// Sets aside what one answer takes, then asks, then counts what it really took.
    async fn within_budget(
        &self,
        reading: &Reading,
        by: &Origin,
        course: &mut Course,
    ) -> Result<Interpretation, ModelTrouble> {
        let request = request(&self.catalog, &self.settings, reading);
        let length = serde_json::to_string(&request).map_or(0, |text| text.len());
        let guess = Usage {
            prompt_tokens: about_tokens(length),
            completion_tokens: u64::from(self.settings.max_tokens),
            ..Usage::default()
        };
        let amount = Amount::of(&Usage { cost_micros: self.cost(&guess), ..guess });
        let held = self.purse.hold(reading.asker.as_ref(), amount, self.clock.now())?;
        let outcome = match self.breaker.permit(self.clock.now()) {
            Ok(()) => {
                let outcome = self.within_patience(reading, request, by, course).await;
                match &outcome {
                    Err(trouble) if trouble.is_the_servers() => self.breaker.failed(self.clock.now()),
                    Ok(_) | Err(_) => self.breaker.succeeded(),
                }
                outcome
            }
            Err(resting) => Err(resting),
        };
        course.usage.cost_micros = self.cost(&course.usage);
        self.purse.settle(held, Amount::of(&course.usage));
        outcome
    }

    async fn within_patience(
        &self,
        reading: &Reading,
        request: CreateChatCompletionRequest,
        by: &Origin,
        course: &mut Course,
    ) -> Result<Interpretation, ModelTrouble> {
        let patience = self.endpoint.patience();
        let begun = Instant::now();
        let outcome = timeout(patience, self.rounds(reading, request, by, course)).await;
        course.usage.latency_ms = u64::try_from(begun.elapsed().as_millis()).unwrap_or(u64::MAX);
        outcome.unwrap_or(Err(ModelTrouble::Slow { within: patience }))
    }

    async fn rounds(
        &self,
        reading: &Reading,
        mut request: CreateChatCompletionRequest,
        by: &Origin,
        course: &mut Course,
    ) -> Result<Interpretation, ModelTrouble> {
        let sent = request::sent(&self.catalog, reading);
        let redactor = &self.settings.redactor;
        let scales = Scales { catalog: &self.catalog, sent: &sent, by, redactor };
        let trace = &mut course.trace;
        loop {
            let answer = self.endpoint.ask(&request, &mut course.usage).await?;
            trace.of(&answer);
            if trace.repairs == 0 {
                trace.invalid = scales.invalid(&answer);
            }
            match scales.weigh(&answer) {
                Weighed::Done(interpretation) => return Ok(interpretation),
                Weighed::Wrong(wrong) if trace.repairs == REPAIRS => {
                    return Ok(Interpretation::Clarify(wrong.question));
                }
                Weighed::Wrong(wrong) => request.messages.extend(sent_back(&answer, &wrong.notes)),
            }
            trace.repairs += 1;
        }
    }

    fn cost(&self, usage: &Usage) -> Option<u64> {
        self.tariff.map(|tariff| tariff.cost(usage))
    }
}
