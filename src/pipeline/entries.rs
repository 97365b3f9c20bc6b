//! What goes on the record at each stage. The keys are part of the record's format: added to, never changed.

use std::time::Duration;

use jiff::Timestamp;
use serde_json::{Map, Value, json};

use super::language::Worded;
use super::matter::Matter;
use super::receive::Press;
use crate::audit::{Actor, Entry, EntryKind, Payload};
use crate::catalog::Call;
use crate::domain::{Body, Digest, Inbound, Interpretation, Origin, Outcome, PersonId, Reply, RequestId};
use crate::execute::Candidate;
use crate::gate::{Cleared, Emergency, Verdict};
use crate::interpret::Read;
use crate::store::{PolicyRow, RequestRow};

/// The event as it came in; its raw bytes hang on the entry as a salted digest, so that they can be purged.
pub(super) fn received(inbound: &Inbound, request: Option<&RequestId>, person: Option<&PersonId>) -> Entry {
    let what = match &inbound.body {
        Body::Text(_) => "text",
        Body::Click(_) => "click",
        Body::Reaction(_) => "reaction",
        Body::Edited { .. } => "edited",
        Body::Deleted { .. } => "deleted",
        Body::Alert(_) => "alert",
        Body::Due(_) => "due",
    };
    Entry {
        kind: EntryKind::Received,
        at: inbound.at,
        request: request.cloned(),
        actor: Some(Actor { person: person.cloned(), identity: inbound.sender.identity() }),
        via: inbound.place.platform.as_str().to_owned(),
        body: map(json!({ "what": what, "channel": inbound.place.channel, "event": inbound.id.0 })),
        payloads: vec![Payload { name: "raw".to_owned(), bytes: inbound.raw.0.clone() }],
    }
}

/// The call that was made of the words.
pub(super) fn interpreted(row: &RequestRow, now: Timestamp, call: &Call, command: &str) -> Entry {
    let body = json!({
        "origin": row.origin.clone().unwrap_or(Origin::Slash),
        "tool": call.tool(),
        "args": call.args(),
        "command": command,
        "digest": call.digest(),
    });
    by_us(entry(EntryKind::Interpreted, row, now, body))
}

/// No call was made of the words, and what was said instead.
pub(super) fn not_understood(row: &RequestRow, now: Timestamp, by: &str, said: &str) -> Entry {
    by_us(entry(EntryKind::Interpreted, row, now, json!({ "by": by, "text": said, "tool": null })))
}

/// The calls that a reader made of a sentence, what each argument is carried by, and what the reading cost.
pub(super) fn read_as_calls(row: &RequestRow, read: &Read, now: Timestamp, calls: &[Worded]) -> Entry {
    let made: Vec<Value> = calls
        .iter()
        .map(|worded| {
            let call = &worded.call;
            json!({ "tool": call.tool(), "args": call.args(), "digest": call.digest(), "words": worded.words })
        })
        .collect();
    let mut body = json!({ "origin": read.by, "calls": made, "usage": usage(read), "note": read.note });
    if let ([only], Value::Object(body)) = (calls, &mut body) {
        body.insert("tool".to_owned(), json!(only.call.tool()));
        body.insert("digest".to_owned(), json!(only.call.digest()));
        body.insert("command".to_owned(), json!(only.command));
    }
    by_us(entry(EntryKind::Interpreted, row, now, body))
}

/// A sentence that came to no call, and what was said instead.
pub(super) fn read_as_words(row: &RequestRow, read: &Read, now: Timestamp, said: &str) -> Entry {
    let kind = match &read.interpretation {
        Interpretation::Calls(_) => "calls",
        Interpretation::Clarify(_) => "clarify",
        Interpretation::Refuse(_) => "refuse",
        Interpretation::Answer(_) => "answer",
        Interpretation::Nothing => "nothing",
    };
    let missing = match &read.interpretation {
        Interpretation::Clarify(question) => json!(question.missing),
        Interpretation::Calls(_)
        | Interpretation::Refuse(_)
        | Interpretation::Answer(_)
        | Interpretation::Nothing => Value::Null,
    };
    let body = json!({
        "origin": read.by,
        "kind": kind,
        "text": said,
        "missing": missing,
        "usage": usage(read),
        "note": read.note,
    });
    by_us(entry(EntryKind::Interpreted, row, now, body))
}

fn usage(read: &Read) -> Value {
    let Some(usage) = &read.usage else { return Value::Null };
    json!({
        "prompt_tokens": usage.prompt_tokens,
        "cached_tokens": usage.cached_tokens,
        "completion_tokens": usage.completion_tokens,
        "cost_micros": usage.cost_micros,
        "latency_ms": usage.latency_ms,
        "attempts": usage.attempts,
    })
}

/// What the gate found.
pub(super) fn judged(matter: &Matter, verdict: &Verdict, now: Timestamp) -> Entry {
    let needs: Vec<Value> = verdict
        .needs
        .iter()
        .map(
            |need| json!({ "requirement": need.requirement, "agreed": need.agreed, "missing": need.missing }),
        )
        .collect();
    let body = json!({
        "decision": verdict.decision.as_str(),
        "reason": verdict.sentence(),
        "findings": verdict.findings,
        "needs": needs,
        "confirm": verdict.confirm,
        "verify": verdict.verify,
        "policy": verdict.policy,
        "class": matter.assessment.class,
        "direction": matter.assessment.direction,
        "tags": matter.assessment.tags,
        "change": matter.assessment.change,
        "held": text(&matter.held),
        "incident": matter.row.incident(),
    });
    by_us(entry(EntryKind::Judged, &matter.row, now, body))
}

/// A press that counted.
pub(super) fn voted(row: &RequestRow, press: &Press, person: &PersonId, now: Timestamp) -> Entry {
    let body = json!({
        "choice": press.action.as_str(),
        "counted": true,
        "person": person,
        "verify": press.by.verify,
        "binding": row.binding,
        "note": press.note,
    });
    by(entry(EntryKind::Voted, row, now, body), press)
}

/// A press that did not count.
pub(super) fn vote_refused(row: &RequestRow, press: &Press, sentence: &str, now: Timestamp) -> Entry {
    let body = json!({
        "choice": press.action.as_str(),
        "counted": false,
        "person": press.by.person,
        "note": sentence,
    });
    by(entry(EntryKind::Voted, row, now, body), press)
}

fn by(mut entry: Entry, press: &Press) -> Entry {
    entry.actor = Some(Actor { person: press.by.person.clone(), identity: press.by.account.identity() });
    press.by.platform.as_str().clone_into(&mut entry.via);
    entry
}

/// The run begins. Without this entry it does not.
pub(super) fn started(row: &RequestRow, cleared: &Cleared, now: Timestamp) -> Entry {
    let body = json!({
        "command": row.command,
        "tool": cleared.call().tool(),
        "args": cleared.call().args(),
        "digest": cleared.call().digest(),
        "binding": cleared.binding(),
        "policy": cleared.policy(),
        "approved_by": cleared.approved_by(),
        "confirmed_by": cleared.confirmed_by(),
        "held": text(cleared.held()),
        "channel": row.place.channel,
        "reason": row.reason,
        "emergency": cleared.emergency().map(emergency),
    });
    by_us(entry(EntryKind::Started, row, now, body))
}

fn emergency(emergency: &Emergency) -> Value {
    let Emergency { glass, bypassed } = emergency;
    json!({ "by": glass.by, "reason": glass.reason, "incident": glass.incident, "without": bypassed })
}

/// How the run ended. What the back end said hangs on it as a salted digest.
pub(super) fn finished(row: &RequestRow, outcome: &Outcome, took: Duration, now: Timestamp) -> Entry {
    let (data, undo) = match outcome {
        Outcome::Done(output) => (&output.data, output.undo.as_deref()),
        Outcome::Failed(failure) => (&failure.data, failure.remedy.as_deref()),
        Outcome::Unknown(_) => (&Value::Null, None),
    };
    let millis = u64::try_from(took.as_millis()).unwrap_or(u64::MAX);
    let body = json!({
        "result": outcome.as_str(),
        "text": outcome.text(),
        "duration_ms": millis,
        "command": row.command,
        "undo": undo,
    });
    let mut finished = by_us(entry(EntryKind::Finished, row, now, body));
    if !data.is_null() {
        finished.payloads = vec![Payload { name: "output".to_owned(), bytes: data.to_string().into_bytes() }];
    }
    finished
}

/// The request ended without a run.
pub(super) fn ended(row: &RequestRow, now: Timestamp) -> Entry {
    let body = json!({
        "state": row.state.as_str(),
        "reason": row.note,
        "command": row.command,
        "channel": row.place.channel,
    });
    by_us(entry(EntryKind::Ended, row, now, body))
}

/// What people were shown.
pub(super) fn replied(row: &RequestRow, reply: &Reply, now: Timestamp) -> Entry {
    by_us(entry(EntryKind::Replied, row, now, json!({ "tone": reply.tone, "title": reply.title })))
}

/// Another policy is in force. Its text hangs on the entry.
pub(super) fn policy_loaded(policy: &PolicyRow, before: Option<Digest>, now: Timestamp) -> Entry {
    Entry::new(EntryKind::PolicyLoaded, now)
        .with("digest", policy.digest.to_string())
        .with("before", before.map(|before| before.to_string()))
        .carrying("policy", policy.text.as_bytes())
}

/// A policy file is not right.
pub(super) fn policy_refused(file: &str, problems: &[String], now: Timestamp) -> Entry {
    Entry::new(EntryKind::PolicyRefused, now).with("file", file).with("problems", json!(problems))
}

/// A policy file allows more than the policy in force, and what.
pub(super) fn policy_waiting(candidate: &Candidate, now: Timestamp) -> Entry {
    Entry::new(EntryKind::PolicyWaiting, now)
        .with("file", candidate.file.as_str())
        .with("digest", candidate.digest.to_string())
        .with("instead_of", candidate.instead_of.to_string())
        .with("weaker", json!(candidate.weaker))
        .carrying("policy", candidate.text.as_bytes())
}

fn entry(kind: EntryKind, row: &RequestRow, now: Timestamp, body: Value) -> Entry {
    Entry {
        kind,
        at: now,
        request: Some(row.id.clone()),
        actor: Some(Actor { person: row.asker.clone(), identity: row.sender.identity() }),
        via: row.place.platform.as_str().to_owned(),
        body: map(body),
        payloads: Vec::new(),
    }
}

fn by_us(entry: Entry) -> Entry {
    Entry { actor: Some(Actor::system()), ..entry }
}

fn map(value: Value) -> Map<String, Value> {
    match value {
        Value::Object(map) => map,
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Array(_) => Map::new(),
    }
}

/// Facts come from back ends and may hold what has no canonical form, such as decimals; on the record they are text.
fn text(facts: &Map<String, Value>) -> Map<String, Value> {
    facts
        .iter()
        .map(|(name, value)| {
            (name.clone(), Value::String(value.as_str().map_or_else(|| value.to_string(), str::to_owned)))
        })
        .collect()
}
