use jiff::Timestamp;
use serde_json::{Map, Value};

use crate::domain::{ChatUser, PersonId, RequestId};

/// What an entry tells of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum EntryKind {
    /// The record begins: instance, public key, version.
    Opened,
    /// A message or another event came in.
    Received,
    /// Somebody or something made a call of it.
    Interpreted,
    /// The gate decided.
    Judged,
    /// Somebody confirmed, approved, denied or took it back.
    Voted,
    /// It is about to be done.
    Started,
    /// A run that was cut off was taken up again, or given to a person.
    Recovered,
    /// It was done, failed, or nobody knows.
    Finished,
    /// It ended without being done: denied, expired, withdrawn, superseded.
    Ended,
    /// The bot said something.
    Replied,
    /// Another policy is in force.
    PolicyLoaded,
    /// A policy file is not right; the policy in force stays.
    PolicyRefused,
    /// A policy file allows more than the policy in force; people must agree to it first.
    PolicyWaiting,
    /// Another key signs from here on.
    KeyRotated,
    /// A checkpoint left the database.
    CheckpointExported,
    /// What hung on an entry was taken away.
    PayloadRedacted,
    /// A restored backup goes on as a new record.
    RestoreAccepted,
}

impl EntryKind {
    /// All of them.
    pub const ALL: [Self; 17] = [
        Self::Opened,
        Self::Received,
        Self::Interpreted,
        Self::Judged,
        Self::Voted,
        Self::Started,
        Self::Recovered,
        Self::Finished,
        Self::Ended,
        Self::Replied,
        Self::PolicyLoaded,
        Self::PolicyRefused,
        Self::PolicyWaiting,
        Self::KeyRotated,
        Self::CheckpointExported,
        Self::PayloadRedacted,
        Self::RestoreAccepted,
    ];

    /// The word on the record.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Opened => "opened",
            Self::Received => "received",
            Self::Interpreted => "interpreted",
            Self::Judged => "judged",
            Self::Voted => "voted",
            Self::Started => "started",
            Self::Recovered => "recovered",
            Self::Finished => "finished",
            Self::Ended => "ended",
            Self::Replied => "replied",
            Self::PolicyLoaded => "policy.loaded",
            Self::PolicyRefused => "policy.refused",
            Self::PolicyWaiting => "policy.waiting",
            Self::KeyRotated => "key.rotated",
            Self::CheckpointExported => "checkpoint.exported",
            Self::PayloadRedacted => "payload.redacted",
            Self::RestoreAccepted => "restore.accepted",
        }
    }

    /// Reads what [`EntryKind::as_str`] wrote.
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.as_str() == text)
    }
}

/// Who did it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Actor {
    /// The person; `None` for a stranger and for machines.
    pub person: Option<PersonId>,
    /// The account, as [`ChatUser::identity`] writes it, or what the machine calls itself.
    pub identity: String,
}

impl Actor {
    /// An account and the person behind it.
    pub fn of(user: &ChatUser, person: Option<PersonId>) -> Self {
        Self { person, identity: user.identity() }
    }

    /// The product itself.
    pub fn system() -> Self {
        Self { person: None, identity: "countersign".to_owned() }
    }
}

/// Bytes that hang on an entry without being in it: a raw message, a model's answer, an output. They can be taken away
/// later without breaking the record. Redact secrets before they come here.
#[derive(Clone, PartialEq, Eq)]
pub struct Payload {
    /// What it is; unique within its entry.
    pub name: String,
    /// The bytes.
    pub bytes: Vec<u8>,
}

impl std::fmt::Debug for Payload {
    // What people wrote is on the record and nowhere else, least of all in a log.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Payload({}, {} bytes)", self.name, self.bytes.len())
    }
}

/// One entry, before it has its place on the record.
///
/// The reviewer's view reads these keys of `body`: `received` has `channel`; `interpreted`, `judged` and `started` have
/// `command`; `judged` has `decision` and `reason`; `voted` has `choice` (confirm, approve, deny, retract) and may have
/// `note`; `started` has `approved_by`, a list of people; `finished` has `result` (done, failed, unknown) and `text`;
/// `ended` has `state` and may have `reason`.
#[derive(Clone, Debug, PartialEq)]
pub struct Entry {
    /// What it tells of.
    pub kind: EntryKind,
    /// When.
    pub at: Timestamp,
    /// The request it belongs to.
    pub request: Option<RequestId>,
    /// Who did it.
    pub actor: Option<Actor>,
    /// The way it came: a platform, `timer`, `alert`, `mcp`, `system`.
    pub via: String,
    /// What the kind needs. Keys are ASCII and numbers whole, see `domain::canonical`.
    pub body: Map<String, Value>,
    /// What hangs on it.
    pub payloads: Vec<Payload>,
}

impl Entry {
    /// An entry of this kind and moment, by the product itself; the rest is added.
    pub fn new(kind: EntryKind, at: Timestamp) -> Self {
        Self {
            kind,
            at,
            request: None,
            actor: None,
            via: "system".to_owned(),
            body: Map::new(),
            payloads: Vec::new(),
        }
    }

    /// Names the request.
    #[must_use]
    pub fn about(mut self, request: &RequestId) -> Self {
        self.request = Some(request.clone());
        self
    }

    /// Names who did it, and the way it came.
    #[must_use]
    pub fn by(mut self, actor: Actor, via: impl Into<String>) -> Self {
        self.actor = Some(actor);
        self.via = via.into();
        self
    }

    /// Adds a value to the body.
    #[must_use]
    pub fn with(mut self, key: &str, value: impl Into<Value>) -> Self {
        self.body.insert(key.to_owned(), value.into());
        self
    }

    /// Hangs bytes on it.
    #[must_use]
    pub fn carrying(mut self, name: &str, bytes: impl Into<Vec<u8>>) -> Self {
        self.payloads.push(Payload { name: name.to_owned(), bytes: bytes.into() });
        self
    }
}
