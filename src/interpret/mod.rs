//! Floor 5: makes proposals of plain words. What comes out of here is untrusted until the catalogue and the gate have
//! seen it.

pub mod llm;
pub mod offline;

use std::pin::Pin;

use jiff::Timestamp;

use crate::domain::{Interpretation, Origin, PersonId, Place};

/// What an interpreter gets to see. Never tool output, alerts or logs, except where the harness measures what a model
/// makes of them.
#[derive(Clone, Debug, PartialEq)]
pub struct Reading {
    /// The asker's words.
    pub text: String,
    /// Who asks.
    pub asker: Option<PersonId>,
    /// Where.
    pub place: Place,
    /// What was said before in this thread, oldest first.
    pub turns: Vec<Turn>,
    /// The names of the tools that this person may use here.
    pub offered: Vec<String>,
    /// When.
    pub now: Timestamp,
}

/// Something that was said before.
#[derive(Clone, Debug, PartialEq)]
pub struct Turn {
    /// By whom.
    pub speaker: Speaker,
    /// The words.
    pub text: String,
    /// When.
    pub at: Timestamp,
}

/// Who said something.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Speaker {
    /// The one who asks now.
    Asker,
    /// Another person, by the name to mark the words with. Their words ask for nothing.
    Person(String),
    /// A machine or an outsider, by the name to mark the words with: an alert, a log, a mail. The house never puts one
    /// in; a reading that has one counts as tainted.
    Machine(String),
    /// The bot, asking something. Its questions and lists of choices carry no argument.
    BotAsked,
    /// The bot, stating a fact: a status answer, or what it has done.
    BotStated,
}

/// What an interpreter made of a reading.
#[derive(Clone, Debug, PartialEq)]
pub struct Read {
    /// What the words came to.
    pub interpretation: Interpretation,
    /// Who read them, for the record.
    pub by: Origin,
    /// What it cost, where it cost something.
    pub usage: Option<Usage>,
    /// One line for the asker about how it was read, such as that the model did not answer.
    pub note: Option<String>,
}

/// What a reading cost.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Usage {
    /// Tokens sent, those from the provider's cache included.
    pub prompt_tokens: u64,
    /// Tokens sent that the provider had in its cache.
    pub cached_tokens: u64,
    /// Tokens that came back.
    pub completion_tokens: u64,
    /// Millionths of the currency the prices are in. `None` without prices.
    pub cost_micros: Option<u64>,
    /// Milliseconds from the first request to the last answer.
    pub latency_ms: u64,
    /// Requests sent, repeated and repaired ones included.
    pub attempts: u32,
}

/// A reading on its way.
pub type Thinking<'a> = Pin<Box<dyn Future<Output = Read> + Send + 'a>>;

/// Makes calls of words.
pub trait Interpreter: Send + Sync {
    /// Its name on the record.
    fn name(&self) -> &'static str;

    /// Reads. Never fails: what goes wrong is a question or an answer.
    fn read(&self, reading: Reading) -> Thinking<'_>;
}
