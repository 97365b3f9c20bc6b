//! Floor 2: do the asker's own words carry these arguments. And the reading of words that this takes: what is the
//! writer's own, tokens, numbers, durations, names with slips of the finger.

mod amount;
mod carry;
mod intent;
mod mention;
mod number;
mod ordinary;
#[cfg(test)]
mod tests;
mod token;
mod words;

use std::ops::Range;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::catalog::{Call, Catalog};

pub use amount::{Change, change};
pub use mention::{Mention, mentions, near_miss, slip};
pub use number::{Quantity, duration_at, number_at, write_duration};
pub use ordinary::ordinary;
pub use token::{Token, tokenize};
pub use words::{OwnWords, own_words};

/// The words that may carry arguments: the asker's own turns in the thread, oldest first and the message in question
/// last, and the bot's status answers. Other people's words, alerts, logs and the bot's questions are not put in here.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Words {
    /// The turns.
    pub turns: Vec<Said>,
}

/// One turn.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Said {
    /// Who said it.
    pub by: By,
    /// The text as it was delivered. What is quoted or pasted in it is cut out here.
    pub text: String,
}

/// Who can say something that carries an argument.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum By {
    /// The person who asks.
    Asker,
    /// The bot, stating a fact: a status answer, or what it has just done.
    Status,
}

/// An argument and where it comes from.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct GroundedArg {
    /// Its name.
    pub argument: String,
    /// Its value in the call.
    pub value: Value,
    /// Where it comes from.
    pub source: Source,
}

/// Where an argument comes from.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "lowercase")]
pub enum Source {
    /// The asker said it.
    Asker {
        /// In which of the [`Words`].
        turn: usize,
        /// The bytes of that turn's text.
        span: Range<usize>,
    },
    /// It is the only value that the catalogue has.
    Catalogue,
    /// The bot stated it as a fact, or the asker said how it follows from such a fact ("one more").
    Status {
        /// In which of the [`Words`].
        turn: usize,
    },
    /// The tool's file gives it when nothing is said.
    Default,
    /// Nobody who may say it has said it.
    Missing,
}

/// The arguments of a call with where each comes from.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Grounded {
    /// The arguments, in the tool's order.
    pub args: Vec<GroundedArg>,
    /// The names of those that nobody has said, and [`INTENT`] where nobody has said that the call is wanted.
    pub missing: Vec<String>,
}

/// Stands among the missing arguments for the deed itself: the words carry each argument, and want something else.
pub const INTENT: &str = "intent";

/// Finds, for each argument of a call, the words that carry it.
///
/// A name that the newest message replaces ("no, staging") is not carried by older words.
pub fn ground(catalog: &Catalog, call: &Call, words: &Words) -> Grounded {
    let turns = carry::prepare(words);
    let tool = catalog.tool(call.tool());
    let args: Vec<GroundedArg> = call
        .args()
        .iter()
        .map(|(name, value)| {
            let slot = tool.and_then(|tool| carry::Slot::of(tool, name));
            let source = slot.map_or(Source::Missing, |slot| carry::source(&slot, value, &turns));
            GroundedArg { argument: name.clone(), value: value.clone(), source }
        })
        .collect();
    let mut missing: Vec<String> =
        args.iter().filter(|arg| arg.source == Source::Missing).map(|arg| arg.argument.clone()).collect();
    if !intent::wanted(catalog, call, &turns) {
        missing.push(INTENT.to_owned());
    }
    Grounded { args, missing }
}
