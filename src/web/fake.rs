//! A house in memory, for the tests of this room.

mod accounts;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Mutex, MutexGuard};

use jiff::Timestamp;
use serde_json::Map;
use tokio::sync::broadcast;

use super::house::*;
use crate::audit::{
    Approver, CommandUse, Count, Day, FlatRecord, ModelUse, PersonUse, Position, Usage, Wait, Waits,
};
use crate::domain::*;
use crate::store::{
    Author, Measures, MessageBody, MessageRow, ReactionRow, RequestFilter, RequestRow, RequestState,
};

#[derive(Default)]
pub(super) struct Rooms {
    pub(super) messages: Vec<MessageRow>,
    pub(super) reactions: Vec<ReactionRow>,
    pub(super) requests: Vec<RequestRow>,
    pub(super) proof: StoryProof,
    pub(super) received: Vec<Inbound>,
    pub(super) read: BTreeMap<(PersonId, String), MessageId>,
    pub(super) hashes: BTreeMap<PersonId, String>,
    pub(super) sessions: Vec<Session>,
    pub(super) failures: BTreeMap<String, Failures>,
    seen: BTreeSet<String>,
    minted: u16,
}

pub(super) struct Fake {
    rooms: Mutex<Rooms>,
    pub(super) people: Vec<PersonView>,
    changes: broadcast::Sender<MessageChanged>,
}

impl Default for Fake {
    fn default() -> Self {
        let person = |id: &str, name: &str, role: &str| PersonView {
            id: PersonId(id.into()),
            name: name.into(),
            roles: vec![RoleName(role.into())],
        };
        let people = vec![
            person("alice", "Alice Novak", "developer"),
            person("bob", "Bob Tanaka", "team-lead"),
            person("carol", "Carol Reyes", "sre"),
        ];
        Self { rooms: Mutex::default(), people, changes: broadcast::channel(64).0 }
    }
}

/// A fixed moment that everything here happens around.
pub(super) fn noon() -> Timestamp {
    "2026-11-12T12:00:00Z".parse().unwrap()
}

pub(super) fn console(channel: &str, thread: Option<MessageId>) -> Place {
    Place { platform: Platform::Console, workspace: String::new(), channel: channel.into(), thread }
}

impl Fake {
    pub(super) fn rooms(&self) -> MutexGuard<'_, Rooms> {
        self.rooms.lock().unwrap()
    }

    fn mint(&self) -> [u8; 10] {
        let mut rooms = self.rooms();
        rooms.minted += 1;
        let [high, low] = rooms.minted.to_be_bytes();
        [0, 0, 0, 0, 0, 0, 0, 0, high, low]
    }

    /// Puts a message there and tells everybody.
    pub(super) fn put(&self, author: Author, place: Place, body: MessageBody, at: Timestamp) -> MessageId {
        let id = MessageId::mint(at, self.mint());
        let (channel, root) = (place.channel.clone(), place.thread.clone());
        let request = match &body {
            MessageBody::Reply { reply } => reply.request.clone(),
            MessageBody::Text { .. } => None,
        };
        self.rooms().messages.push(MessageRow {
            id: id.clone(),
            place,
            author,
            body,
            request,
            at,
            edited_at: None,
            deleted: false,
            version: 1,
            delivered: 1,
            remote: None,
        });
        self.rooms().messages.sort_by(|a, b| a.id.cmp(&b.id));
        let _nobody_may_listen = self.changes.send(MessageChanged { id: id.clone(), channel, root });
        id
    }

    /// A person says something.
    pub(super) fn says(&self, who: &str, place: Place, text: &str, at: Timestamp) -> MessageId {
        let person = self.people.iter().find(|person| person.id.0 == who).unwrap();
        let user = crate::chat::console::sender(&person.id, &person.name);
        let author = Author::User { user, person: Some(person.id.clone()) };
        self.put(author, place, MessageBody::Text { text: text.into() }, at)
    }

    /// The bot says something about a request.
    pub(super) fn replies(&self, place: Place, reply: Reply, at: Timestamp) -> MessageId {
        let request = reply.request.clone();
        let id = self.put(Author::Bot, place, MessageBody::Reply { reply }, at);
        if let Some(row) = self.rooms().requests.iter_mut().find(|row| Some(&row.id) == request.as_ref()) {
            row.card = Some(id.clone());
        }
        id
    }

    /// A request of somebody's, in a state.
    pub(super) fn asks(
        &self,
        who: &str,
        message: &MessageId,
        command: &str,
        state: RequestState,
    ) -> RequestId {
        let asked = self.rooms().messages.iter().find(|row| row.id == *message).unwrap().clone();
        let id = RequestId::mint(asked.at, self.mint());
        let Author::User { user, .. } = &asked.author else { panic!("the bot asks for nothing") };
        let later = |seconds| asked.at.saturating_add(std::time::Duration::from_secs(seconds)).unwrap();
        self.rooms().requests.push(RequestRow {
            id: id.clone(),
            state,
            place: Place { thread: Some(message.clone()), ..asked.place.clone() },
            message: message.clone(),
            card: None,
            sender: user.clone(),
            asker: Some(PersonId(who.into())),
            said: command.into(),
            origin: Some(Origin::Slash),
            tool: None,
            args: Map::new(),
            command: Some(command.into()),
            target: None,
            environment: None,
            facts: Map::new(),
            unreadable: Vec::new(),
            awaits: Vec::new(),
            agreed: Vec::new(),
            may_deny: Vec::new(),
            reason: None,
            incident: None,
            glass: None,
            earlier: None,
            waits_since: None,
            denied: None,
            binding: None,
            policy: None,
            confirmed_by: None,
            nonce: "n0nce".into(),
            note: None,
            created_at: asked.at,
            reader: None,
            words: None,
            plan: None,
            steps: Vec::new(),
            expires_at: (state == RequestState::Waiting).then(|| later(1_800)),
            start_by: None,
            started_at: (state == RequestState::Done).then(|| later(120)),
            finished_at: (state == RequestState::Done).then(|| later(168)),
            measures: Measures::default(),
            version: 1,
        });
        id
    }
}

pub(super) fn ready<'a, T: Send + 'a>(value: T) -> Answer<'a, T> {
    Box::pin(std::future::ready(Ok(value)))
}

impl House for Fake {
    fn receive(&self, inbound: Inbound) -> Answer<'_, Receipt> {
        if !self.rooms().seen.insert(inbound.id.0.clone()) {
            return ready(Receipt::default());
        }
        self.rooms().received.push(inbound.clone());
        match &inbound.body {
            Body::Text(text) => {
                let message = self.says(&inbound.sender.user, inbound.place, text, inbound.at);
                ready(Receipt { request: None, message: Some(message) })
            }
            Body::Click(_)
            | Body::Reaction(_)
            | Body::Edited { .. }
            | Body::Deleted { .. }
            | Body::Alert(_)
            | Body::Due(_) => ready(Receipt::default()),
        }
    }

    fn people(&self) -> Vec<PersonView> {
        self.people.clone()
    }

    fn channels(&self, person: &PersonId) -> Vec<ChannelView> {
        let channel = |name: &str, topic: &str| ChannelView { name: name.into(), topic: topic.into() };
        let mut channels = vec![
            channel("ops", "Deployments and day-to-day operations"),
            channel("incidents", "What is on fire"),
            channel("staging", "Anything goes, nobody is woken"),
        ];
        if person.0 == "carol" {
            channels.push(channel("security", "Not for everybody"));
        }
        channels
    }

    fn messages<'a>(
        &'a self,
        channel: &'a str,
        before: Option<&'a MessageId>,
        limit: usize,
    ) -> Answer<'a, Vec<MessageRow>> {
        let rooms = self.rooms();
        let fits = |row: &&MessageRow| {
            row.place.channel == channel
                && row.place.thread.is_none()
                && before.is_none_or(|before| row.id < *before)
        };
        let mut rows: Vec<_> = rooms.messages.iter().filter(fits).cloned().collect();
        ready(rows.split_off(rows.len().saturating_sub(limit)))
    }

    fn threads<'a>(&'a self, roots: &'a [MessageId]) -> Answer<'a, Vec<MessageRow>> {
        let rooms = self.rooms();
        let inside = |row: &&MessageRow| row.place.thread.as_ref().is_some_and(|root| roots.contains(root));
        ready(rooms.messages.iter().filter(inside).cloned().collect())
    }

    fn message<'a>(&'a self, id: &'a MessageId) -> Answer<'a, Option<MessageRow>> {
        ready(self.rooms().messages.iter().find(|row| row.id == *id).cloned())
    }

    fn reactions<'a>(&'a self, messages: &'a [MessageId]) -> Answer<'a, Vec<ReactionRow>> {
        let rooms = self.rooms();
        ready(rooms.reactions.iter().filter(|row| messages.contains(&row.message)).cloned().collect())
    }

    fn requests<'a>(&'a self, ids: &'a [RequestId]) -> Answer<'a, Vec<RequestRow>> {
        ready(self.rooms().requests.iter().filter(|row| ids.contains(&row.id)).cloned().collect())
    }

    fn may_review(&self, person: &PersonId) -> bool {
        person.0 == "alice"
    }

    fn find<'a>(&'a self, filter: &'a RequestFilter, limit: usize) -> Answer<'a, Vec<RequestRow>> {
        let rooms = self.rooms();
        let words = filter.text.as_deref().unwrap_or_default();
        let fits = |row: &&RequestRow| {
            words.split_whitespace().all(|word| row.said.contains(word))
                && filter.asker.as_ref().is_none_or(|asker| row.asker.as_ref() == Some(asker))
                && filter.before.as_ref().is_none_or(|before| row.id < *before)
        };
        ready(rooms.requests.iter().rev().filter(fits).take(limit).cloned().collect())
    }

    fn records<'a>(&'a self, filter: &'a RequestFilter, limit: usize) -> Answer<'a, Vec<Recorded>> {
        let flat = |row: &RequestRow| FlatRecord {
            timestamp: row.created_at.to_string(),
            user: row.asker.clone().unwrap().0,
            command: row.command.clone().unwrap_or_default(),
            approved_by: vec!["bob".into()],
            result: row.state.as_str().into(),
            duration_seconds: Some(48.0),
            channel: row.place.channel.clone(),
        };
        Box::pin(async move {
            let rows = self.find(filter, limit).await?;
            Ok(rows.into_iter().map(|row| (row.clone(), Some(flat(&row)))).collect())
        })
    }

    fn vocabulary(&self) -> Vocabulary {
        let tools = vec![ToolView { name: "deploy".into(), mutates: true }];
        Vocabulary { tools, environments: vec!["production".into()] }
    }

    fn open_work(&self) -> Answer<'_, OpenWork> {
        ready(OpenWork { waiting: 2, entries: 4_711, audit_unexported_seconds: 12, ..OpenWork::default() })
    }

    fn usage(&self, since: Timestamp, until: Timestamp) -> Answer<'_, Usage> {
        ready(usage(since, until))
    }

    fn story<'a>(&'a self, request: &'a RequestId) -> Answer<'a, Option<RequestStory>> {
        let row = self.rooms().requests.iter().find(|row| row.id == *request).cloned();
        let proof = self.rooms().proof.clone();
        ready(row.map(|row| RequestStory {
            lines: vec![
                line(row.created_at, &row.sender.display, "Asked", &row.said),
                line(row.created_at, "countersign", "Judged", "needs 1 of team-lead (approval.production)"),
            ],
            raw: format!("once=0123&text={}&thread=", row.said),
            proof,
            row,
        }))
    }

    fn unread<'a>(&'a self, person: &'a PersonId) -> Answer<'a, BTreeMap<String, Unread>> {
        let rooms = self.rooms();
        let unread = |channel: &str| {
            let upto = rooms.read.get(&(person.clone(), channel.to_owned())).cloned();
            let fresh = |row: &&MessageRow| {
                row.place.channel == channel && upto.as_ref().is_none_or(|upto| row.id > *upto)
            };
            Unread { count: rooms.messages.iter().filter(fresh).count(), upto }
        };
        ready(["ops", "incidents", "staging"].map(|name| (name.to_owned(), unread(name))).into())
    }

    fn mark_read<'a>(
        &'a self,
        person: &'a PersonId,
        channel: &'a str,
        upto: &'a MessageId,
    ) -> Answer<'a, ()> {
        self.rooms().read.insert((person.clone(), channel.into()), upto.clone());
        ready(())
    }

    fn complete<'a>(&'a self, typed: Typed<'a>) -> Answer<'a, Vec<Completion>> {
        let completion = |(insert, label, hint): (&str, &str, &str)| Completion {
            insert: insert.into(),
            label: label.into(),
            hint: hint.into(),
        };
        let known = match typed.text.rsplit_once(' ') {
            None => vec![
                ("/deploy", "/deploy", "Deploy a version of a service"),
                ("/rollback", "/rollback", "Go back to the version before"),
                ("/status", "/status", "What runs where"),
            ],
            Some(("/deploy", _)) => {
                vec![("order-service", "order-service", ""), ("payment-api", "payment-api", "")]
            }
            Some(_) => vec![("", "<version>", "such as v2.4.1")],
        };
        let word = typed.text.rsplit(' ').next().unwrap_or_default();
        ready(known.into_iter().filter(|known| known.0.starts_with(word)).map(completion).collect())
    }

    fn subscribe(&self) -> broadcast::Receiver<MessageChanged> {
        self.changes.subscribe()
    }
}

/// Two weeks of a small team.
fn usage(since: Timestamp, until: Timestamp) -> Usage {
    let count = |name: &str, count| Count { name: name.into(), count };
    let day = |day: u8, count, declined, broken| Day {
        date: format!("2026-11-{day:02}"),
        count,
        plain_language: count / 2,
        declined,
        broken,
    };
    let command = |tool: &str, count, plain_language, failed| CommandUse {
        tool: tool.into(),
        count,
        plain_language,
        done: count - failed - 1,
        failed,
        unknown: u64::from(failed > 1),
        declined: 1,
        p50_ms: Some(48_000),
        p95_ms: Some(190_000),
    };
    let person = |person: &str, asked| PersonUse {
        person: person.into(),
        asked,
        plain_language: asked / 3,
        most: "deploy".into(),
    };
    Usage {
        since,
        until,
        requests: 96,
        plain_language: 48,
        exact_commands: 40,
        results: vec![count("done", 70), count("refused", 12), count("failed", 4), count("unknown", 1)],
        commands: vec![command("deploy", 41, 20, 3), command("scale", 12, 2, 1), command("status", 9, 9, 0)],
        people: vec![person("alice", 60), person("bob", 20), person("(stranger)", 1)],
        refusals: vec![count("role", 8), count("freeze", 4)],
        waits: Waits {
            by_rule: vec![Wait {
                rule: "deploy-production".into(),
                count: 20,
                expired: 2,
                p50_ms: Some(95_000),
                p90_ms: Some(1_260_000),
            }],
            by_approver: vec![Approver {
                person: "bob".into(),
                approved: 17,
                denied: 1,
                hasty: 3,
                p50_ms: Some(41_000),
            }],
            expired: 2,
            votes: 18,
            hasty: 3,
        },
        model: ModelUse { read: 44, tokens: 171_000, cost_micros: 1_230_000 },
        days: vec![
            day(8, 12, 1, 0),
            day(9, 20, 4, 1),
            day(10, 0, 0, 0),
            day(11, 34, 6, 3),
            day(12, 30, 1, 1),
        ],
    }
}

fn line(at: Timestamp, who: &str, what: &str, detail: &str) -> StoryLine {
    let position = Position::new(0, 7);
    StoryLine { at, who: who.into(), what: what.into(), detail: detail.into(), position }
}
