use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{ChatUser, DedupeKey, MessageId, Place, RequestId, TimerId};

/// Everything that can start work, from whichever door it came.
#[derive(Clone, Debug, PartialEq)]
pub struct Inbound {
    /// What makes a second delivery of the same event recognisable.
    pub id: DedupeKey,
    /// When it reached us.
    pub at: Timestamp,
    /// Where it was said; replies go there.
    pub place: Place,
    /// The account it came from.
    pub sender: ChatUser,
    /// What it is.
    pub body: Body,
    /// What the platform calls it, where the platform keeps messages of its own.
    pub remote: Option<Remote>,
    /// What the door received, to the byte.
    pub raw: RawMessage,
}

/// A platform's own ids of a message and of its thread.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Remote {
    /// The message; `None` for what leaves none, such as a slash command.
    pub message: Option<String>,
    /// The message that opened the thread it stands in, which may be one that we have not seen.
    pub thread: Option<String>,
}

/// The kinds of inbound events.
#[derive(Clone, Debug, PartialEq)]
pub enum Body {
    /// A sentence or an exact command.
    Text(String),
    /// A button on a card of ours.
    Click(Click),
    /// A reaction on a message, set or taken away.
    Reaction(Reaction),
    /// The text of an earlier message was changed. Never changes what was asked.
    Edited {
        /// The message.
        message: MessageId,
        /// Its new text.
        text: String,
    },
    /// An earlier message was deleted. Withdraws what has not started.
    Deleted {
        /// The message.
        message: MessageId,
    },
    /// A machine reports something; untrusted text.
    Alert(Value),
    /// A timer fell due.
    Due(TimerId),
}

/// The raw bytes of a message as the platform delivered them.
#[derive(Clone, PartialEq)]
pub struct RawMessage(pub Vec<u8>);

impl std::fmt::Debug for RawMessage {
    // Raw messages are on the record and nowhere else, least of all in a log.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "RawMessage({} bytes)", self.0.len())
    }
}

/// A button that was pressed. It carries the request and the card's nonce, nothing that decides.
#[derive(Clone, Debug, PartialEq)]
pub struct Click {
    /// The request the card belongs to.
    pub request: RequestId,
    /// What the card was made with; a click on an outdated card does not count.
    pub nonce: String,
    /// Which button.
    pub action: Action,
    /// What the person wrote beside it, such as the reason of a denial.
    pub note: Option<String>,
    /// The words that the card asked them to type, as they typed them.
    pub typed: Option<String>,
}

/// What a button or reaction means.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Action {
    /// The asker says: yes, that is what I meant.
    Confirm,
    /// Somebody else says yes.
    Approve,
    /// Somebody else says no; that ends it.
    Deny,
    /// An approver takes the yes back.
    Retract,
    /// The asker takes the request back.
    Withdraw,
}

impl Action {
    /// The name on the wire.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Confirm => "confirm",
            Self::Approve => "approve",
            Self::Deny => "deny",
            Self::Retract => "retract",
            Self::Withdraw => "withdraw",
        }
    }

    /// Reads what [`Action::as_str`] wrote.
    pub fn parse(text: &str) -> Option<Self> {
        [Self::Confirm, Self::Approve, Self::Deny, Self::Retract, Self::Withdraw]
            .into_iter()
            .find(|action| action.as_str() == text)
    }
}

/// An emoji on a message of ours, already mapped by the door: ✅ to `Approve`, ❌ to `Deny`; taken away, ✅ becomes
/// `Retract`.
#[derive(Clone, Debug, PartialEq)]
pub struct Reaction {
    /// The message that carries it.
    pub message: MessageId,
    /// The emoji as shown.
    pub emoji: String,
    /// What it means, if anything.
    pub action: Option<Action>,
}
