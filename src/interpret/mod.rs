//! Floor 5: makes proposals of plain words. What comes out of here is untrusted until the catalogue and the gate have
//! seen it.

pub mod offline;

use std::pin::Pin;

use crate::domain::{Interpretation, PersonId, Place};

/// What an interpreter gets to see. Never tool output, alerts or logs: those have a reader of their own.
#[derive(Clone, Debug, PartialEq)]
pub struct Reading {
    /// The asker's words.
    pub text: String,
    /// Who asks.
    pub asker: Option<PersonId>,
    /// Where.
    pub place: Place,
    /// The commands this person may use here, with a line about each.
    pub offered: Vec<String>,
}

/// An interpretation on its way.
pub type Thinking<'a> = Pin<Box<dyn Future<Output = Interpretation> + Send + 'a>>;

/// Makes calls of words.
pub trait Interpreter: Send + Sync {
    /// Its name on the record.
    fn name(&self) -> &'static str;

    /// Reads. Never fails: what goes wrong is a question or an answer.
    fn read(&self, reading: Reading) -> Thinking<'_>;
}

/// The interpreter that understands no sentences: it says what can be typed instead.
#[derive(Clone, Copy, Debug, Default)]
pub struct ExactOnly;

impl Interpreter for ExactOnly {
    fn name(&self) -> &'static str {
        "exact-only"
    }

    fn read(&self, reading: Reading) -> Thinking<'_> {
        let mut text = String::from("I read exact commands only. You can type:\n");
        text.push_str(&reading.offered.join("\n"));
        Box::pin(std::future::ready(Interpretation::Answer(text)))
    }
}
