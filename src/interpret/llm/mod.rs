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
    /// What the server does not know and is not sent.
    pub without: BTreeSet<Feature>,
    /// The instructions.
    pub prompt: Prompt,
    /// What takes secrets out, on the way there and back.
    pub redactor: Redactor,
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
        let redactor = &self.settings.redactor;
        let by = Origin::Model {
            model: self.settings.model.clone(),
            prompt: self.settings.prompt.digest(),
            tainted: thread::tainted(reading, redactor),
        };
        let mut usage = Usage::default();
        let outcome = match thread::check(reading, redactor) {
            Ok(()) => self.within_budget(reading, &by, &mut usage).await,
            Err(trouble) => Err(trouble),
        };
        if let Err(trouble) = &outcome {
            tracing::warn!(model = self.settings.model, attempts = usage.attempts, "{trouble}");
        }
        Tried { outcome, by, usage: (usage.attempts > 0).then_some(usage) }
    }

    /// Sets aside what one answer takes, then asks, then counts what it really took.
    async fn within_budget(
        &self,
        reading: &Reading,
        by: &Origin,
        usage: &mut Usage,
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
                let outcome = self.within_patience(reading, request, by, usage).await;
                match &outcome {
                    Err(trouble) if trouble.is_the_servers() => self.breaker.failed(self.clock.now()),
                    Ok(_) | Err(_) => self.breaker.succeeded(),
                }
                outcome
            }
            Err(resting) => Err(resting),
        };
        usage.cost_micros = self.cost(usage);
        self.purse.settle(held, Amount::of(usage));
        outcome
    }

    async fn within_patience(
        &self,
        reading: &Reading,
        request: CreateChatCompletionRequest,
        by: &Origin,
        usage: &mut Usage,
    ) -> Result<Interpretation, ModelTrouble> {
        let patience = self.endpoint.patience();
        let begun = Instant::now();
        let outcome = timeout(patience, self.rounds(reading, request, by, usage)).await;
        usage.latency_ms = u64::try_from(begun.elapsed().as_millis()).unwrap_or(u64::MAX);
        outcome.unwrap_or(Err(ModelTrouble::Slow { within: patience }))
    }

    async fn rounds(
        &self,
        reading: &Reading,
        mut request: CreateChatCompletionRequest,
        by: &Origin,
        usage: &mut Usage,
    ) -> Result<Interpretation, ModelTrouble> {
        let sent = request::sent(&self.catalog, reading);
        let redactor = &self.settings.redactor;
        let scales = Scales { catalog: &self.catalog, sent: &sent, by, redactor };
        let mut repairs = 0;
        loop {
            let answer = self.endpoint.ask(&request, usage).await?;
            match scales.weigh(&answer) {
                Weighed::Done(interpretation) => return Ok(interpretation),
                Weighed::Wrong(wrong) if repairs == REPAIRS => {
                    return Ok(Interpretation::Clarify(wrong.question));
                }
                Weighed::Wrong(wrong) => request.messages.extend(sent_back(&answer, &wrong.notes)),
            }
            repairs += 1;
        }
    }

    fn cost(&self, usage: &Usage) -> Option<u64> {
        self.tariff.map(|tariff| tariff.cost(usage))
    }
}
