//! Reads plain English without a model: the default, and the fallback when a model is down. What it knows it has from
//! the tools' files and the catalogue; a new tool with examples is understood without code. It rather asks than
//! guesses: what is negated, asked about, imagined, told or quoted is no request.
//!
//! INVARIANT: pure; the same conversation always reads the same.

mod announce;
mod asked;
mod choose;
mod clause;
mod draft;
mod english;
mod fill;
mod focus;
mod follow;
mod frames;
mod message;
mod mood;
mod opening;
mod reader;
mod reply;
mod say;
mod scan;
mod slot;
#[cfg(test)]
mod tests;
mod text;
mod told;
mod vocabulary;

use std::sync::Arc;

use crate::catalog::Catalog;
use crate::domain::Interpretation;
use focus::Focus;
use vocabulary::Vocabulary;

/// A thread, oldest turn first. The last turn is the message to read; it is the asker's.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Conversation {
    /// The bot's name in the chat, in lower case and without `@`.
    pub bot: String,
    /// The turns.
    pub turns: Vec<Turn>,
}

/// One turn of a thread.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Turn {
    /// Who.
    pub speaker: Speaker,
    /// What was written, as it was delivered.
    pub text: String,
}

/// Who speaks, seen from the person whose message is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Speaker {
    /// The same person.
    Asker,
    /// Another person.
    Other,
    /// The bot.
    Bot(BotTurn),
    /// A machine or an outsider: an alert, a log, a mail.
    ThirdParty,
}

/// What the bot did with its turn.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum BotTurn {
    /// Asked something. It carries no argument.
    Question,
    /// Stated a fact: a status answer, or what it has done.
    Status,
}

/// The reader, with what it learnt from a catalogue.
#[derive(Debug)]
pub struct Offline {
    catalog: Arc<Catalog>,
    vocabulary: Vocabulary,
}

impl Offline {
    /// Learns the words of a catalogue's tools.
    pub fn new(catalog: Arc<Catalog>) -> Self {
        let vocabulary = Vocabulary::learn(&catalog);
        Self { catalog, vocabulary }
    }

    /// What the last turn of a conversation asks for.
    pub fn read(&self, conversation: &Conversation) -> Interpretation {
        let Some(last) = conversation.turns.last() else { return Interpretation::Nothing };
        let focus = Focus::of(conversation, &self.vocabulary);
        let reader = message::Reader { vocabulary: &self.vocabulary, bot: &conversation.bot, focus: &focus };
        let heard = follow::follow(&reader, &last.text, reader.read(&last.text));
        say::interpretation(&self.catalog, &self.vocabulary, heard)
    }
}
