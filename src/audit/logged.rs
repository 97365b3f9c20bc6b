use jiff::Timestamp;
use serde::Deserialize;
use serde_json::{Map, Value};

use super::{Actor, EntryKind, Position};
use crate::domain::{Digest, PersonId, RequestId};
use crate::store::{EventRow, StoreError};

/// An entry as it stands on the record.
#[derive(Clone, Debug, PartialEq)]
pub struct Logged {
    /// Which record.
    pub epoch: u64,
    /// The place in it.
    pub seq: u64,
    /// What it tells of.
    pub kind: EntryKind,
    /// When.
    pub at: Timestamp,
    /// The request it belongs to.
    pub request: Option<RequestId>,
    /// Who did it.
    pub actor: Option<Actor>,
    /// The way it came.
    pub via: String,
    /// What the kind needs.
    pub body: Map<String, Value>,
    /// What hangs on it, or hung on it.
    pub payloads: Vec<Commitment>,
}

/// What an entry says of a payload.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Commitment {
    /// Its name.
    pub name: String,
    /// The salted digest.
    pub sha256: Digest,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Raw {
    epoch: u64,
    seq: u64,
    kind: String,
    at: String,
    request_id: Option<String>,
    actor: Option<RawActor>,
    via: String,
    body: Map<String, Value>,
    #[serde(default)]
    payloads: Vec<Commitment>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawActor {
    identity: String,
    person: Option<PersonId>,
}

impl Logged {
    /// Reads the bytes of a leaf, or says what is wrong with them.
    pub(super) fn parse(body: &[u8]) -> Result<Self, String> {
        let raw: Raw = serde_json::from_slice(body).map_err(|error| error.to_string())?;
        let at: Timestamp = raw.at.parse().map_err(|error: jiff::Error| error.to_string())?;
        let request = match &raw.request_id {
            Some(id) => Some(RequestId::parse(id).ok_or_else(|| format!("`{id}` is not a request"))?),
            None => None,
        };
        Ok(Self {
            epoch: raw.epoch,
            seq: raw.seq,
            kind: EntryKind::parse(&raw.kind)
                .ok_or_else(|| format!("`{}` is not a kind of entry", raw.kind))?,
            at,
            request,
            actor: raw.actor.map(|actor| Actor { person: actor.person, identity: actor.identity }),
            via: raw.via,
            body: raw.body,
            payloads: raw.payloads,
        })
    }

    /// The entry of a row that stands where it should and says what its columns say; or what is wrong with it.
    pub(super) fn of(at: Position, row: &EventRow) -> Result<Self, String> {
        if i64::try_from(at.seq) != Ok(row.seq) {
            return Err(format!("entry {at} is missing"));
        }
        let logged = Self::parse(&row.body).map_err(|reason| format!("entry {at}: {reason}"))?;
        let place = format!("{{\"epoch\":{},\"seq\":{},", row.epoch, at.seq);
        if !row.body.starts_with(place.as_bytes()) {
            return Err(format!("entry {at} belongs in another place"));
        }
        if !logged.agrees_with(row) {
            return Err(format!("the columns of entry {at} say something else than its body"));
        }
        Ok(logged)
    }

    /// The text under `key` in the body.
    pub fn text(&self, key: &str) -> Option<&str> {
        self.body.get(key)?.as_str()
    }

    /// Who did it, for people: the person, or the account of a stranger.
    pub fn who(&self) -> &str {
        match &self.actor {
            Some(Actor { person: Some(person), .. }) => &person.0,
            Some(Actor { person: None, identity }) => identity,
            None => "countersign",
        }
    }

    /// Whether the columns beside the body say the same as it does.
    fn agrees_with(&self, row: &EventRow) -> bool {
        i64::try_from(self.epoch) == Ok(row.epoch)
            && i64::try_from(self.seq) == Ok(row.seq)
            && self.kind.as_str() == row.kind
            && self.at.as_millisecond() == row.at_ms
            && self.request.as_ref().map(RequestId::as_str) == row.request.as_deref()
    }
}

impl TryFrom<&EventRow> for Logged {
    type Error = StoreError;

    fn try_from(row: &EventRow) -> Result<Self, StoreError> {
        Self::parse(&row.body).map_err(|reason| StoreError::Unreadable { table: "audit_event", reason })
    }
}
