use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::domain::{ChatUser, Digest, MessageId, Origin, PersonId, Place, Reply, RequestId};
use crate::gate::{Denied, Glass};

/// Where a request stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum RequestState {
    /// Written down, not looked at yet.
    Received,
    /// Waits for a confirmation or for approvals.
    Waiting,
    /// Everybody agreed; waits for its turn on the target.
    Approved,
    /// Runs. The approval is spent.
    Started,
    /// Ran and worked.
    Done,
    /// Ran and did not work.
    Failed,
    /// Nobody knows whether it ran to the end.
    Unknown,
    /// Was answered in words; nothing ran.
    Answered,
    /// The gate or the catalogue said no.
    Refused,
    /// An approver said no.
    Denied,
    /// Nobody said yes in time.
    Expired,
    /// The asker took it back.
    Withdrawn,
    /// A newer request for the same target took its place, or what it was approved for changed.
    Superseded,
}

impl RequestState {
    /// All of them.
    pub const ALL: [Self; 13] = [
        Self::Received,
        Self::Waiting,
        Self::Approved,
        Self::Started,
        Self::Done,
        Self::Failed,
        Self::Unknown,
        Self::Answered,
        Self::Refused,
        Self::Denied,
        Self::Expired,
        Self::Withdrawn,
        Self::Superseded,
    ];

    /// The word in the table.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Received => "received",
            Self::Waiting => "waiting",
            Self::Approved => "approved",
            Self::Started => "started",
            Self::Done => "done",
            Self::Failed => "failed",
            Self::Unknown => "unknown",
            Self::Answered => "answered",
            Self::Refused => "refused",
            Self::Denied => "denied",
            Self::Expired => "expired",
            Self::Withdrawn => "withdrawn",
            Self::Superseded => "superseded",
        }
    }

    /// Reads what [`RequestState::as_str`] wrote.
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|state| state.as_str() == text)
    }

    /// Whether it can still be decided: it neither runs nor has ended.
    pub const fn is_open(self) -> bool {
        matches!(self, Self::Received | Self::Waiting | Self::Approved)
    }

    /// Whether nothing more will come of it.
    pub const fn is_final(self) -> bool {
        !matches!(self, Self::Received | Self::Waiting | Self::Approved | Self::Started)
    }
}

/// One request, from the message that started it to its end.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct RequestRow {
    /// Its id.
    pub id: RequestId,
    /// Where it stands.
    pub state: RequestState,
    /// Where it was said; `thread` is the message that replies go under.
    pub place: Place,
    /// The message it came from.
    pub message: MessageId,
    /// The card that shows it, once there is one.
    pub card: Option<MessageId>,
    /// The account that asked.
    pub sender: ChatUser,
    /// The person behind the account; `None` for a stranger.
    pub asker: Option<PersonId>,
    /// The words, as received.
    pub said: String,
    /// Who made a call of the words.
    pub origin: Option<Origin>,
    /// The call's tool.
    pub tool: Option<String>,
    /// The call's canonical arguments. A `Call` is made of them again by `Catalog::admit`.
    pub args: Map<String, Value>,
    /// The exact slash command it amounts to.
    pub command: Option<String>,
    /// What it acts on.
    pub target: Option<String>,
    /// The environment it acts on.
    pub environment: Option<String>,
    /// The facts shown to those who decide.
    pub facts: Map<String, Value>,
    /// The facts that could not be read; they make the call count as the strictest kind.
    pub unreadable: Vec<String>,
    /// What the votes are bound to.
    pub binding: Option<Digest>,
    /// The policy that judged it last.
    pub policy: Option<Digest>,
    /// Who can take the next step, as of the last judging.
    pub awaits: Vec<PersonId>,
    /// Who has agreed and counts, as of the last judging.
    #[serde(default)]
    pub agreed: Vec<PersonId>,
    /// Whose no ends it, as of the last judging.
    #[serde(default)]
    pub may_deny: Vec<PersonId>,
    /// Why the asker wants it, where they said so.
    #[serde(default)]
    pub reason: Option<String>,
    /// The incident it is part of, as the asker names it.
    #[serde(default)]
    pub incident: Option<String>,
    /// The asker's word that it is an emergency.
    #[serde(default)]
    pub glass: Option<Glass>,
    /// The held facts of the same call one environment earlier, where the order of environments asks for them.
    #[serde(default)]
    pub earlier: Option<Map<String, Value>>,
    /// Who said no to the same call a short while before.
    #[serde(default)]
    pub denied: Option<Denied>,
    /// Since when it waits for people, as it is now.
    #[serde(default)]
    pub waits_since: Option<Timestamp>,
    /// Who confirmed it.
    pub confirmed_by: Option<PersonId>,
    /// What buttons on its present card carry.
    pub nonce: String,
    /// Why it ended as it did, or what its result was: a sentence.
    pub note: Option<String>,
    /// When it was received.
    pub created_at: Timestamp,
    /// Who read the words, where they were no exact command, and how that went: a line for people.
    pub reader: Option<String>,
    /// For each argument of a call from language, the words that carry it. `None` for exact commands.
    pub words: Option<Vec<ArgumentWords>>,
    /// The plan it is a step of.
    pub plan: Option<RequestId>,
    /// The steps, where the words asked for several things.
    pub steps: Vec<PlannedStep>,
    /// Until when it waits.
    pub expires_at: Option<Timestamp>,
    /// Until when it may start once agreed.
    pub start_by: Option<Timestamp>,
    /// When it started.
    pub started_at: Option<Timestamp>,
    /// When it ended.
    pub finished_at: Option<Timestamp>,
    /// What figures need of it.
    #[serde(default)]
    pub measures: Measures,
    /// Grows by one with each write; a write names the version it saw.
    pub version: i64,
}

impl RequestRow {
    /// The incident it is part of, if the asker named one.
    pub fn incident(&self) -> Option<&str> {
        // Rows that were written before the field was there have it in the emergency alone.
        let in_glass = || self.glass.as_ref().and_then(|glass| glass.incident.as_deref());
        let named = self.incident.as_deref().or_else(in_glass);
        named.map(str::trim).filter(|name| !name.is_empty())
    }
}

/// What figures about a request need beside its times.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Measures {
    /// Why the gate said no, as a reason code.
    pub reason: Option<String>,
    /// The rules that asked for people.
    pub rules: Vec<String>,
    /// When people were first asked.
    pub asked_at: Option<Timestamp>,
    /// Tokens in and out of the language model.
    pub tokens: u64,
    /// What the model cost, in millionths of a US dollar.
    pub cost_micros: u64,
}

/// An argument of a call and the words that carry it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ArgumentWords {
    /// The argument.
    pub argument: String,
    /// Its value.
    pub value: String,
    /// The asker's words, or where else it comes from. `None` when nobody has said it.
    pub said: Option<String>,
}

/// One step of a plan.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct PlannedStep {
    /// The tool.
    pub tool: String,
    /// Its canonical arguments.
    pub args: Map<String, Value>,
    /// The exact command.
    pub command: String,
    /// The words that carry its arguments.
    pub words: Vec<ArgumentWords>,
    /// What it would take when the plan was made.
    pub takes: String,
    /// The request it became, once its turn has come.
    pub request: Option<RequestId>,
    /// How that stands.
    pub state: Option<RequestState>,
    /// Its result.
    pub note: Option<String>,
}

/// One vote of one person on one request; a new one replaces the old.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct VoteRow {
    /// The request.
    pub request: RequestId,
    /// Who.
    pub person: PersonId,
    /// The account they used.
    pub identity: String,
    /// `approve` or `deny`.
    pub choice: String,
    /// What was shown to them.
    pub binding: Digest,
    /// How sure we are that it was them: `chat` or `console`.
    pub verify: String,
    /// What they wrote beside it.
    pub note: Option<String>,
    /// When.
    pub at: Timestamp,
}

/// A stop sign somebody put up.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct HeldLock {
    /// The request that put it up.
    pub request: RequestId,
    /// The environment.
    pub environment: String,
    /// One service of it, or all.
    pub service: Option<String>,
    /// Why.
    pub reason: String,
    /// Who.
    pub by: PersonId,
    /// Since when.
    pub since: Timestamp,
    /// Until when, if that was said.
    pub until: Option<Timestamp>,
}

/// Where a run stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum JobState {
    /// Sent or about to be sent to the back end.
    Running,
    /// The back end took it; we watch.
    Watching,
    /// Its end is on the record; people are not told yet, because the record's checkpoint leaves the database first.
    Telling,
    /// Over.
    Ended,
}

impl JobState {
    /// The word in the table.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Running => "running",
            Self::Watching => "watching",
            Self::Telling => "telling",
            Self::Ended => "ended",
        }
    }

    /// Reads what [`JobState::as_str`] wrote.
    pub fn parse(text: &str) -> Option<Self> {
        let all = [Self::Running, Self::Watching, Self::Telling, Self::Ended];
        all.into_iter().find(|state| state.as_str() == text)
    }
}

/// One run of one request. At most one per target is not ended.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct JobRow {
    /// The request.
    pub request: RequestId,
    /// Where it stands.
    pub state: JobState,
    /// What makes a repeat safe, as the tool declares it.
    pub repeat: String,
    /// The idempotency key that the back end gets.
    pub key: String,
    /// What runs one at a time.
    pub target: String,
    /// What was kept of the back end's answer, to watch it again after a restart.
    pub saved: Value,
    /// Since when.
    pub started_at: Timestamp,
}

/// Who wrote a message.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "author", rename_all = "lowercase")]
pub enum Author {
    /// A person, or a stranger.
    User {
        /// The account.
        user: ChatUser,
        /// The person behind it.
        person: Option<PersonId>,
    },
    /// The bot.
    Bot,
}

/// What a message says.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "body", rename_all = "lowercase")]
pub enum MessageBody {
    /// Words.
    Text {
        /// The words.
        text: String,
    },
    /// A card of ours.
    Reply {
        /// The card.
        reply: Reply,
    },
}

/// One message of our own transcript. What the bot says is delivered to the platform from here, so it is the outbox too:
/// a message is due while `delivered` is less than `version`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct MessageRow {
    /// Its id.
    pub id: MessageId,
    /// Where it stands; `thread` is `None` for a message in the channel itself.
    pub place: Place,
    /// Who wrote it.
    pub author: Author,
    /// What it says.
    pub body: MessageBody,
    /// The request it belongs to.
    pub request: Option<RequestId>,
    /// When it was first written.
    pub at: Timestamp,
    /// When it was last changed.
    pub edited_at: Option<Timestamp>,
    /// Whether its author took it away.
    pub deleted: bool,
    /// Grows with each change.
    pub version: i64,
    /// The version the platform shows; the console shows the newest at once.
    pub delivered: i64,
    /// The platform's own id of it.
    pub remote: Option<String>,
}

/// A reaction that stands on a message.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReactionRow {
    /// The message.
    pub message: MessageId,
    /// Who.
    pub person: PersonId,
    /// The emoji.
    pub emoji: String,
}
