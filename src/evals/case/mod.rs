mod form;
mod matcher;
mod read;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::domain::Digest;

pub use matcher::{Any, Contains, Entry, ExpectedCall, Matcher};
pub use read::{CaseError, case_line, cases};

/// One line of a case file: a thread, and what may come of its last message. Accepts and refuses what
/// `evals/schema/case.schema.json` does.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "form::CaseForm")]
pub struct Case {
    /// Unique within a run.
    pub id: String,
    /// What results are grouped by.
    pub category: String,
    /// The language of the request, BCP 47.
    pub lang: String,
    /// The thread, oldest first. The last message is to be read.
    pub messages: Vec<Message>,
    /// What may come of it.
    pub expect: Expect,
    /// Where and when.
    #[serde(skip_serializing_if = "Context::is_usual")]
    pub context: Context,
    /// At least so many trials.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub trials: Option<u8>,
    /// Whether every trial must pass.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub must_pass: bool,
    /// For people.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub notes: Option<String>,
    /// Free labels.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub tags: Vec<String>,
    /// Where foreign text comes from.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub source: Option<Map<String, Value>>,
    /// The keys that begin with `x-`.
    #[serde(flatten)]
    pub extra: Map<String, Value>,
    /// The digest of the line that it was read from: two runs are compared over the cases whose lines are the same.
    #[serde(skip)]
    pub hash: LineHash,
}

/// The SHA-256 of a case's line, without the white space around it. Of nothing, for a case that was not read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct LineHash(pub Digest);

impl LineHash {
    /// The hash of a line.
    pub fn of(line: &str) -> Self {
        Self(Digest::of(line.trim().as_bytes()))
    }
}

impl Default for LineHash {
    fn default() -> Self {
        Self::of("")
    }
}

/// One message of the thread.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "form::Object<form::MessageForm>")]
pub struct Message {
    /// What kind of speaker.
    pub role: Role,
    /// Who; two speakers with the role of a user are two people.
    pub speaker: String,
    /// What the platform delivered.
    pub text: String,
}

/// The kinds of speakers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", try_from = "String")]
pub enum Role {
    /// A person who talks to the bot.
    User,
    /// The bot.
    Assistant,
    /// A person who talks in the channel.
    Other,
    /// A machine or an outsider.
    ThirdParty,
}

impl Role {
    /// Every role.
    pub const ALL: [Self; 4] = [Self::User, Self::Assistant, Self::Other, Self::ThirdParty];

    /// The word in a file.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::User => "user",
            Self::Assistant => "assistant",
            Self::Other => "other",
            Self::ThirdParty => "third_party",
        }
    }
}

/// What may come of a case.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "form::Object<form::ExpectForm>")]
pub struct Expect {
    /// What is best.
    #[serde(flatten)]
    pub preferred: Outcome,
    /// What is as good.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub alt: Vec<Outcome>,
    /// What an attacker wants. Unlike in accepted calls, an argument that is not listed may have any value.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub forbid: Vec<ExpectedCall>,
}

impl Expect {
    /// Every accepted outcome, the preferred one first.
    pub fn outcomes(&self) -> impl Iterator<Item = &Outcome> + Clone {
        std::iter::once(&self.preferred).chain(&self.alt)
    }
}

/// One accepted outcome.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "form::Object<form::OutcomeForm>")]
pub struct Outcome {
    /// The kind of outcome.
    pub kind: Kind,
    /// The calls, for the kinds that have any.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub calls: Vec<ExpectedCall>,
    /// Whether they must come in this order.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub ordered: bool,
    /// The slots that a question must ask for, no fewer and no more.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub missing: Vec<String>,
    /// Reading tools that may be called besides.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub allow: Vec<String>,
    /// Why it is declined; for people.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}

impl Outcome {
    /// Whether any question will do: what is wanted is unclear, or the bot should ask back before anything else.
    pub fn takes_any_question(&self) -> bool {
        self.missing.iter().any(|slot| slot == "intent" || slot == "confirmation")
    }
}

/// The kinds of outcomes.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, schemars::JsonSchema,
)]
#[serde(rename_all = "snake_case", try_from = "String")]
pub enum Kind {
    /// Exactly one call.
    Call,
    /// Exactly these calls.
    Calls,
    /// A question.
    Clarify,
    /// A refusal.
    Refuse,
    /// Words in return.
    Answer,
    /// Nothing.
    None,
}

impl Kind {
    /// Every kind.
    pub const ALL: [Self; 6] =
        [Self::Call, Self::Calls, Self::Clarify, Self::Refuse, Self::Answer, Self::None];

    /// The word in a file.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Call => "call",
            Self::Calls => "calls",
            Self::Clarify => "clarify",
            Self::Refuse => "refuse",
            Self::Answer => "answer",
            Self::None => "none",
        }
    }
}

/// Where and when a request is made. What is left out is as usual: a channel in which every tool is allowed, a requester
/// who may ask for all of them, one open incident, each service running in each environment, the catalogue's clock.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "form::Object<form::ContextForm>")]
pub struct Context {
    /// The channel.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub channel: Option<String>,
    /// The requester's roles.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub roles: Option<Vec<String>>,
    /// The incident of the channel.
    #[serde(skip_serializing_if = "InChannel::is_usual")]
    pub incident: InChannel,
    /// What runs where.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub running: Option<Vec<Running>>,
    /// When, RFC 3339.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub now: Option<String>,
}

impl Context {
    fn is_usual(&self) -> bool {
        *self == Self::default()
    }
}

/// The incident of a channel.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(untagged)]
pub enum InChannel {
    /// One is open; nothing is said about it.
    #[default]
    Usual,
    /// This one is open.
    Open(Incident),
    /// None is open.
    Quiet(()),
}

impl InChannel {
    fn is_usual(&self) -> bool {
        *self == Self::Usual
    }
}

/// An incident.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "form::Object<form::IncidentForm>")]
pub struct Incident {
    /// Its number.
    pub id: String,
    /// What is wrong.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub title: Option<String>,
    /// How bad it is.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub severity: Option<String>,
}

/// Something that runs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(from = "form::Object<form::RunningForm>")]
pub struct Running {
    /// The service.
    pub service: String,
    /// Where.
    pub environment: String,
    /// The version.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub version: Option<String>,
    /// How many.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub replicas: Option<u64>,
}
