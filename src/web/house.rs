//! What the console needs of the rest of the house.

use std::collections::BTreeMap;

use futures::future::BoxFuture;
use jiff::Timestamp;
use serde::Serialize;
use tokio::sync::broadcast;

use crate::audit::{Assurance, FlatRecord, Position, Usage};
use crate::domain::{Digest, Inbound, MessageId, PersonId, RequestId, RoleName};
use crate::store::{MessageRow, ReactionRow, RequestFilter, RequestRow};

/// A request and its flat record.
pub type Recorded = (RequestRow, Option<FlatRecord>);

/// What a question to the house comes to.
pub type Answer<'a, T> = BoxFuture<'a, Result<T, Trouble>>;

/// The house as the console sees it. Implemented once, over the store and the pipeline.
pub trait House: Send + Sync {
    /// Takes an event in. It is on the record when this returns; the work goes on behind.
    fn receive(&self, inbound: Inbound) -> Answer<'_, Receipt>;
    /// Everybody the policy knows, in the order to show them.
    fn people(&self) -> Vec<PersonView>;
    /// The channels this person sees, in the order to show them.
    fn channels(&self, person: &PersonId) -> Vec<ChannelView>;
    /// The newest `limit` messages of a channel (those that open threads, not those in threads) from before `before`,
    /// oldest first.
    fn messages<'a>(
        &'a self,
        channel: &'a str,
        before: Option<&'a MessageId>,
        limit: usize,
    ) -> Answer<'a, Vec<MessageRow>>;
    /// All messages in the threads that these messages open, oldest first.
    fn threads<'a>(&'a self, roots: &'a [MessageId]) -> Answer<'a, Vec<MessageRow>>;
    /// One message.
    fn message<'a>(&'a self, id: &'a MessageId) -> Answer<'a, Option<MessageRow>>;
    /// The reactions that stand on these messages.
    fn reactions<'a>(&'a self, messages: &'a [MessageId]) -> Answer<'a, Vec<ReactionRow>>;
    /// These requests, as far as they exist.
    fn requests<'a>(&'a self, ids: &'a [RequestId]) -> Answer<'a, Vec<RequestRow>>;
    /// Whether this person may review the record as a whole: search it, export it, and see the figures.
    fn may_review(&self, person: &PersonId) -> bool;
    /// The newest `limit` requests that `filter` describes, newest first.
    fn find<'a>(&'a self, filter: &'a RequestFilter, limit: usize) -> Answer<'a, Vec<RequestRow>>;
    /// The next `limit` requests that `filter` describes, newest first, each with its flat record: `None` for one of which
    /// the record knows nothing. An empty page is the end.
    fn records<'a>(&'a self, filter: &'a RequestFilter, limit: usize) -> Answer<'a, Vec<Recorded>>;
    /// The commands, the environments and the people that one can look for.
    fn vocabulary(&self) -> Vocabulary;
    /// What was done from `since` on and before `until`, and where it waited.
    fn usage(&self, since: Timestamp, until: Timestamp) -> Answer<'_, Usage>;
    /// What one request came from and what came of it.
    fn story<'a>(&'a self, request: &'a RequestId) -> Answer<'a, Option<RequestStory>>;
    /// What a person has not read, by channel.
    fn unread<'a>(&'a self, person: &'a PersonId) -> Answer<'a, BTreeMap<String, Unread>>;
    /// Notes that a person has read a channel up to a message. Never goes back.
    fn mark_read<'a>(&'a self, person: &'a PersonId, channel: &'a str, upto: &'a MessageId)
    -> Answer<'a, ()>;
    /// How the text could go on.
    fn complete<'a>(&'a self, typed: Typed<'a>) -> Answer<'a, Vec<Completion>>;
    /// What is not over, and how it is with the record.
    fn open_work(&self) -> Answer<'_, OpenWork>;
    /// Every change of a message from now on.
    fn subscribe(&self) -> broadcast::Receiver<MessageChanged>;
}

/// Local accounts and their sessions.
pub trait Accounts: Send + Sync {
    /// The PHC string of a person's password; `None` without an account.
    fn password_hash<'a>(&'a self, person: &'a PersonId) -> Answer<'a, Option<String>>;
    /// Opens a session.
    fn open_session(&self, session: Session) -> Answer<'_, ()>;
    /// An open session by the digest of its token. The caller looks at its end.
    fn session<'a>(&'a self, token: &'a Digest) -> Answer<'a, Option<Session>>;
    /// Closes a session.
    fn close_session<'a>(&'a self, token: &'a Digest) -> Answer<'a, ()>;
    /// The failed attempts kept under a key.
    fn failures<'a>(&'a self, key: &'a str) -> Answer<'a, Failures>;
    /// One failed attempt more.
    fn note_failure<'a>(&'a self, key: &'a str, at: Timestamp) -> Answer<'a, ()>;
    /// Forgets the failed attempts under a key.
    fn forget_failures<'a>(&'a self, key: &'a str) -> Answer<'a, ()>;
}

/// The house could not do it. Nothing was done.
#[derive(Debug, thiserror::Error)]
pub enum Trouble {
    /// It could not be put on the record.
    #[error("the message could not be written down")]
    NotRecorded(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// The store did not answer.
    #[error("the store could not be read")]
    NotRead(#[source] Box<dyn std::error::Error + Send + Sync>),
}

/// What was taken in. For a delivery that came before: what the first one became.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Receipt {
    /// The request it started or belongs to.
    pub request: Option<RequestId>,
    /// The message it became.
    pub message: Option<MessageId>,
}

/// A channel.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ChannelView {
    /// Its name, without `#`.
    pub name: String,
    /// What it is for.
    pub topic: String,
}

/// A person.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct PersonView {
    /// The name in the policy.
    pub id: PersonId,
    /// The name to show.
    pub name: String,
    /// Their roles.
    pub roles: Vec<RoleName>,
}

/// What is not over, and how it is with the record.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct OpenWork {
    /// Requests that wait for people.
    pub waiting: u64,
    /// Requests that everybody agreed to and that wait for their turn.
    pub approved: u64,
    /// Requests that run.
    pub started: u64,
    /// Entries in the present epoch of the record.
    pub entries: u64,
    /// How long the oldest entry has waited that some place for checkpoints does not have, in seconds.
    pub audit_unexported_seconds: u64,
    /// Places for checkpoints that fail at present.
    pub audit_failing_sinks: u64,
    /// Whether nothing is changed, because the record is not the one that its checkpoints tell of.
    pub read_only: bool,
}

/// What one can look for on the record.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Vocabulary {
    /// The tools, and which of them change something.
    pub tools: Vec<ToolView>,
    /// The environments.
    pub environments: Vec<String>,
}

/// A tool, as far as a search needs it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ToolView {
    /// Its name.
    pub name: String,
    /// Whether it changes something.
    pub mutates: bool,
}

/// What a person has not read in a channel.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Unread {
    /// How many messages of other people and of the bot.
    pub count: usize,
    /// The newest message they have read.
    pub upto: Option<MessageId>,
}

/// One request's story.
#[derive(Clone, Debug, PartialEq)]
pub struct RequestStory {
    /// The request as it stands.
    pub row: RequestRow,
    /// What happened, oldest first.
    pub lines: Vec<StoryLine>,
    /// The raw message, or what is left of it.
    pub raw: String,
    /// What the record proves of it at this moment.
    pub proof: StoryProof,
}

/// What the record proves of a story.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct StoryProof {
    /// What it proves of each entry.
    pub assurance: Assurance,
    /// Where the request as it is listed says something else than the record.
    pub disagreement: Option<String>,
    /// Why nothing is changed at present: the record is not the one that its checkpoints tell of.
    pub read_only: Option<String>,
}

/// One thing that happened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoryLine {
    /// When.
    pub at: Timestamp,
    /// Who did it: a person's name, `countersign`, a model's name.
    pub who: String,
    /// What, in a few words.
    pub what: String,
    /// The particulars, possibly of many lines. Untrusted.
    pub detail: String,
    /// The entry that it tells of.
    pub position: Position,
}

/// What somebody is about to say, up to the cursor.
#[derive(Clone, Copy, Debug)]
pub struct Typed<'a> {
    /// The text so far.
    pub text: &'a str,
    /// Who.
    pub person: &'a PersonId,
    /// Where.
    pub channel: &'a str,
}

/// A way for the text to go on.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Completion {
    /// What takes the place of the word at the cursor; empty for a hint alone.
    pub insert: String,
    /// What to show in the list.
    pub label: String,
    /// What it means, or which arguments follow.
    pub hint: String,
}

/// A message is new or was changed, or its reactions were.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MessageChanged {
    /// The message.
    pub id: MessageId,
    /// Its channel.
    pub channel: String,
    /// The message that opens the thread it is in.
    pub root: Option<MessageId>,
}

/// An open session. The token itself is in the browser and nowhere else.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Session {
    /// The digest of the token.
    pub token: Digest,
    /// Whose.
    pub person: PersonId,
    /// Since when.
    pub opened_at: Timestamp,
    /// Until when.
    pub expires_at: Timestamp,
}

/// Failed attempts since the last success.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Failures {
    /// How many.
    pub count: u32,
    /// When the last one was.
    pub last: Option<Timestamp>,
}
