use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::Digest;

/// A call that somebody or something would like to see. Untrusted until `Catalog::admit` has seen it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Proposal {
    /// The tool's name, such as `deploy` or `incident.create`.
    pub tool: String,
    /// Its arguments, an object.
    pub args: Value,
    /// Who made it.
    pub origin: Origin,
}

/// Who read the words and made a call of them.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "lowercase")]
pub enum Origin {
    /// An exact command that the person typed.
    Slash,
    /// A language model.
    Model {
        /// The model that answered.
        model: String,
        /// The digest of the prompt files.
        prompt: Digest,
        /// Whether untrusted text was in its view.
        tainted: bool,
    },
    /// The deterministic reader.
    Offline,
    /// A step of a runbook.
    Runbook {
        /// The runbook.
        name: String,
    },
    /// An alert.
    Alert,
    /// Another agent.
    Mcp {
        /// Its name.
        client: String,
    },
    /// The product itself, such as an undo button.
    System,
}

/// What the words of a person came to.
#[derive(Clone, Debug, PartialEq)]
pub enum Interpretation {
    /// Calls, in the order they were asked for.
    Calls(Vec<Proposal>),
    /// Something is missing or ambiguous.
    Clarify(Question),
    /// It is not to be done, and why.
    Refuse(String),
    /// Words in return, no action.
    Answer(String),
    /// Nothing was asked of the bot.
    Nothing,
}

/// What we need to know before there is a call.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Question {
    /// The sentence for the person.
    pub text: String,
    /// The arguments that are missing.
    pub missing: Vec<String>,
    /// What they may choose from, if that is a short list.
    pub choices: Vec<String>,
}
