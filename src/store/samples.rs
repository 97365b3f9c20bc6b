//! Rows to test with.

use jiff::Timestamp;
use serde_json::Map;

use super::{
    Author, HeldLock, JobRow, JobState, Measures, MessageBody, MessageRow, PolicyRow, RequestRow,
    RequestState, VoteRow,
};
use crate::domain::{ChatUser, Digest, MessageId, PersonId, Place, Platform, RequestId};

/// A moment, in milliseconds after a fixed one.
pub(crate) fn at(millis: i64) -> Timestamp {
    Timestamp::from_millisecond(1_800_000_000_000 + millis).unwrap()
}

pub(crate) fn request_id(n: u16) -> RequestId {
    let [high, low] = n.to_be_bytes();
    RequestId::mint(at(i64::from(n)), [0, 0, 0, 0, 0, 0, 0, 0, high, low])
}

pub(crate) fn message_id(n: u16) -> MessageId {
    let [high, low] = n.to_be_bytes();
    MessageId::mint(at(i64::from(n)), [0, 0, 0, 0, 0, 0, 0, 0, high, low])
}

pub(crate) fn person(name: &str) -> PersonId {
    PersonId(name.to_owned())
}

pub(crate) fn place(channel: &str) -> Place {
    Place { platform: Platform::Console, workspace: String::new(), channel: channel.to_owned(), thread: None }
}

pub(crate) fn user(name: &str) -> ChatUser {
    ChatUser {
        platform: Platform::Console,
        workspace: String::new(),
        user: name.to_owned(),
        display: name.to_owned(),
    }
}

/// A request of alice that was received, as it is first written.
pub(crate) fn request(n: u16) -> RequestRow {
    RequestRow {
        id: request_id(n),
        state: RequestState::Received,
        place: place("deployments"),
        message: message_id(n),
        card: None,
        sender: user("alice"),
        asker: Some(person("alice")),
        said: format!("please deploy order-service number {n}"),
        origin: None,
        tool: Some("deploy".to_owned()),
        args: Map::new(),
        command: Some("/deploy order-service v2.4.1 production".to_owned()),
        target: Some("order-service/production".to_owned()),
        environment: Some("production".to_owned()),
        facts: Map::new(),
        binding: None,
        policy: None,
        awaits: Vec::new(),
        agreed: Vec::new(),
        may_deny: Vec::new(),
        reason: None,
        incident: None,
        glass: None,
        earlier: None,
        waits_since: None,
        denied: None,
        unreadable: Vec::new(),
        confirmed_by: None,
        nonce: "nonce".to_owned(),
        note: None,
        created_at: at(i64::from(n)),
        reader: None,
        words: None,
        plan: None,
        steps: Vec::new(),
        expires_at: None,
        start_by: None,
        started_at: None,
        finished_at: None,
        measures: Measures::default(),
        version: 1,
    }
}

/// The next version of a request, in another state.
pub(crate) fn moved(row: &RequestRow, state: RequestState) -> RequestRow {
    RequestRow { state, version: row.version + 1, ..row.clone() }
}

/// A message of alice in #deployments, delivered.
pub(crate) fn message(n: u16) -> MessageRow {
    MessageRow {
        id: message_id(n),
        place: place("deployments"),
        author: Author::User { user: user("alice"), person: Some(person("alice")) },
        body: MessageBody::Text { text: format!("message {n}") },
        request: None,
        at: at(i64::from(n)),
        edited_at: None,
        deleted: false,
        version: 1,
        delivered: 1,
        remote: None,
    }
}

/// A message of the bot that the platform does not show yet.
pub(crate) fn bot_message(n: u16) -> MessageRow {
    MessageRow { author: Author::Bot, delivered: 0, ..message(n) }
}

pub(crate) fn vote(request: &RequestRow, name: &str) -> VoteRow {
    VoteRow {
        request: request.id.clone(),
        person: person(name),
        identity: format!("console:{name}"),
        choice: "approve".to_owned(),
        binding: Digest::of(b"call"),
        verify: "chat".to_owned(),
        note: None,
        at: at(5),
    }
}

pub(crate) fn job(request: &RequestRow, state: JobState) -> JobRow {
    JobRow {
        request: request.id.clone(),
        state,
        repeat: "keyed".to_owned(),
        key: format!("key-{}", request.id),
        target: "order-service/production".to_owned(),
        saved: serde_json::json!({ "run": 7 }),
        started_at: at(9),
    }
}

pub(crate) fn lock(request: &RequestRow, service: Option<&str>, until: Option<Timestamp>) -> HeldLock {
    HeldLock {
        request: request.id.clone(),
        environment: "production".to_owned(),
        service: service.map(str::to_owned),
        reason: "release day".to_owned(),
        by: person("alice"),
        since: at(1),
        until,
    }
}

/// A policy whose text and digest come from a name.
pub(crate) fn policy(name: &str) -> PolicyRow {
    PolicyRow { digest: Digest::of(name.as_bytes()), text: format!("# {name}"), at: at(3) }
}
