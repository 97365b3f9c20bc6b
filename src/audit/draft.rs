//! An entry made ready to be written by whoever brings it, so that the one writer only has to add its place and hash it.

use jiff::Timestamp;
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

use super::{Actor, Entry, EntryKind, LedgerError};
use crate::clock::Entropy;
use crate::domain::{Digest, RequestId, canonical};

/// A payload with its salt.
pub(super) struct Salted {
    pub(super) name: String,
    pub(super) salt: [u8; 32],
    pub(super) bytes: Vec<u8>,
}

/// An entry but for its place.
pub(super) struct Draft {
    pub(super) kind: EntryKind,
    pub(super) at: Timestamp,
    pub(super) request: Option<RequestId>,
    /// The canonical body after `{"epoch":E,"seq":N,`.
    tail: String,
    pub(super) payloads: Vec<Salted>,
}

impl Draft {
    /// Salts what hangs on `entry` and writes the rest down.
    pub(super) fn new(entry: Entry, entropy: &dyn Entropy) -> Result<Self, LedgerError> {
        let mut payloads = Vec::with_capacity(entry.payloads.len());
        for payload in entry.payloads {
            let mut salt = [0; 32];
            entropy.fill(&mut salt)?;
            payloads.push(Salted { name: payload.name, salt, bytes: payload.bytes });
        }
        let mut rest = json!({
            "at": at_text(entry.at),
            "body": entry.body,
            "kind": entry.kind.as_str(),
            "via": entry.via,
        });
        if let Value::Object(rest) = &mut rest {
            let commitments: Vec<Value> = payloads.iter().map(Salted::committed).collect();
            let optional = [
                ("actor", entry.actor.as_ref().map(actor_json)),
                ("payloads", (!commitments.is_empty()).then_some(Value::Array(commitments))),
                ("request_id", entry.request.as_ref().map(|id| id.as_str().into())),
            ];
            for (key, value) in optional {
                rest.extend(value.map(|value| (key.to_owned(), value)));
            }
        }
        let tail = canonical(&rest)?.split_off(1);
        Ok(Self { kind: entry.kind, at: entry.at, request: entry.request, tail, payloads })
    }

    /// The bytes of the leaf, at this place. The place comes first, so that moving a row shows without any hash.
    pub(super) fn body(&self, epoch: i64, seq: u64) -> Vec<u8> {
        format!("{{\"epoch\":{epoch},\"seq\":{seq},{}", self.tail).into_bytes()
    }
}

impl Salted {
    fn committed(&self) -> Value {
        json!({ "name": self.name, "sha256": commitment(&self.salt, &self.bytes) })
    }
}

/// What an entry says of a payload: nothing can be learned from it once the salt is gone.
pub(super) fn commitment(salt: &[u8], payload: &[u8]) -> Digest {
    let mut hasher = Sha256::new();
    hasher.update(b"countersign/payload/v1\n");
    hasher.update(salt);
    hasher.update(payload);
    Digest::from_bytes(hasher.finalize().into())
}

/// The one way a time is written on the record: UTC, to the millisecond.
pub(super) fn at_text(at: Timestamp) -> String {
    at.strftime("%Y-%m-%dT%H:%M:%S%.3fZ").to_string()
}

fn actor_json(actor: &Actor) -> Value {
    match &actor.person {
        Some(person) => json!({ "identity": actor.identity, "person": person }),
        None => json!({ "identity": actor.identity }),
    }
}
