use std::collections::{BTreeMap, HashMap, VecDeque};
use std::pin::pin;
use std::sync::Mutex;
use std::time::Duration;

use serde_json::{Value, json};
use tokio::sync::{Notify, oneshot};
use tokio::time::Instant;

use super::socket::Socket;
use super::{BOT, DEPLOYMENTS};

/// How a call goes wrong.
#[derive(Clone, Debug)]
pub enum Fault {
    /// 429: try again after so many seconds.
    Limited(u64),
    /// The same as a body, as some methods say it.
    LimitedInBody(u64),
    /// 200 and this error.
    Refused(&'static str),
    /// A status that is no answer of the API.
    Status(u16),
    /// It is done, and the answer is lost.
    Lost,
    /// It is not done, and the connection breaks.
    Swallowed,
}

/// A message as a person sees it.
#[derive(Clone, Debug)]
pub struct Seen {
    pub ts: String,
    pub thread: Option<String>,
    pub user: String,
    pub text: String,
    pub blocks: Vec<Value>,
    pub metadata: Value,
    pub edits: u32,
    /// The names of its files.
    pub files: Vec<String>,
}

impl Seen {
    /// The button of this kind on it.
    pub fn button(&self, action: &str) -> Option<Value> {
        let id = format!("cs.{action}");
        let in_block = |block: &Value| {
            let elements = block["elements"].as_array().cloned().unwrap_or_default();
            elements
                .into_iter()
                .chain([block["accessory"].clone()])
                .find(|one| one["action_id"] == id.as_str())
        };
        self.blocks.iter().find_map(in_block)
    }
}

pub struct Shared {
    state: Mutex<State>,
    moved: Notify,
}

impl Shared {
    pub fn new(state: State) -> Self {
        Self { state: Mutex::new(state), moved: Notify::new() }
    }

    /// Looks at or changes the state; whoever waits looks again.
    pub fn with<T>(&self, work: impl FnOnce(&mut State) -> T) -> T {
        let done = work(&mut self.state.lock().unwrap());
        self.moved.notify_waiters();
        done
    }

    pub async fn wait<T>(&self, so: &impl Fn(&mut State) -> Option<T>) -> T {
        loop {
            let mut moved = pin!(self.moved.notified());
            moved.as_mut().enable();
            if let Some(found) = so(&mut self.state.lock().unwrap()) {
                return found;
            }
            moved.await;
        }
    }
}

pub struct State {
    pub base: String,
    pub link: String,
    pub messages: BTreeMap<String, Vec<Seen>>,
    pub members: HashMap<String, bool>,
    pub archived: Vec<String>,
    pub topics: HashMap<String, String>,
    pub invited: HashMap<String, Vec<String>>,
    pub names: HashMap<String, String>,
    pub whispers: Vec<(String, String)>,
    pub windows: Vec<Value>,
    pub homes: HashMap<String, Value>,
    pub statuses: Vec<Value>,
    pub uploads: HashMap<String, (String, Option<String>)>,
    pub faults: HashMap<String, VecDeque<Fault>>,
    pub calls: Vec<(String, Value)>,
    /// The pauses that were asked for: the method, its channel where that counts, and until when.
    pub pauses: Vec<(String, String, Instant)>,
    /// The calls that came before such a pause was over.
    pub hasty: Vec<String>,
    pub sockets: Vec<Socket>,
    pub awaited: HashMap<String, oneshot::Sender<Value>>,
    pub leads: Vec<&'static str>,
    /// What is unusual about an account.
    pub accounts: HashMap<String, Value>,
    /// Whether messages can grow here.
    pub grows: bool,
    /// The messages that grow.
    pub growing: Vec<String>,
    /// What was answered at which address.
    pub responses: Vec<(String, Value)>,
    pub opened: u64,
    /// The connections that are there, those that were told goodbye too.
    pub open: usize,
    pub most_at_once: usize,
    triggers: Vec<String>,
    pub spent: Vec<String>,
    number: u64,
}

impl State {
    pub fn new(base: &str, link: &str) -> Self {
        let (base, link) = (base.to_owned(), link.to_owned());
        Self {
            base,
            link,
            messages: BTreeMap::new(),
            members: HashMap::from([(DEPLOYMENTS.to_owned(), true)]),
            archived: Vec::new(),
            topics: HashMap::new(),
            invited: HashMap::new(),
            names: HashMap::new(),
            whispers: Vec::new(),
            windows: Vec::new(),
            homes: HashMap::new(),
            statuses: Vec::new(),
            uploads: HashMap::new(),
            faults: HashMap::new(),
            calls: Vec::new(),
            pauses: Vec::new(),
            hasty: Vec::new(),
            sockets: Vec::new(),
            awaited: HashMap::new(),
            leads: vec!["U0ERIN", "U0GUEST"],
            accounts: HashMap::from([("U0GUEST".to_owned(), json!({ "is_restricted": true }))]),
            grows: true,
            growing: Vec::new(),
            responses: Vec::new(),
            opened: 0,
            open: 0,
            most_at_once: 0,
            triggers: Vec::new(),
            spent: Vec::new(),
            number: 0,
        }
    }

    pub fn number(&mut self) -> u64 {
        self.number += 1;
        self.number
    }

    /// An id of a message; the clock of a world begins at noon on 15 January 2030.
    pub fn ts(&mut self) -> String {
        format!("{}.{:06}", 1_894_708_800 + self.number(), 100)
    }

    /// A call arrives: whether it was to wait is noted, and how it goes wrong is looked up.
    pub fn arrives(&mut self, method: &str, args: &Value) -> Option<Fault> {
        // Only posting has its rate by channel.
        let channel = if method == "chat.postMessage" { args["channel"].as_str() } else { None };
        let channel = channel.unwrap_or_default().to_owned();
        let now = Instant::now();
        if self.pauses.iter().any(|(held, at, until)| held == method && *at == channel && now < *until) {
            self.hasty.push(method.to_owned());
        }
        self.calls.push((method.to_owned(), args.clone()));
        let fault = self.faults.get_mut(method)?.pop_front()?;
        if let Fault::Limited(seconds) | Fault::LimitedInBody(seconds) = fault {
            self.pauses.push((method.to_owned(), channel, now + Duration::from_secs(seconds)));
        }
        Some(fault)
    }

    pub fn trigger(&mut self) -> String {
        let trigger = format!("trigger.{}", self.number());
        self.triggers.push(trigger.clone());
        trigger
    }

    /// Spends a trigger, if it is one that still opens something.
    pub fn spend(&mut self, trigger: &str) -> bool {
        let before = self.triggers.len();
        self.triggers.retain(|known| known != trigger);
        let spends = self.triggers.len() < before;
        if spends {
            self.spent.push(trigger.to_owned());
        }
        spends
    }

    pub fn write(&mut self, channel: &str, user: &str, text: &str, thread: Option<&str>) -> String {
        let ts = self.ts();
        let seen = Seen {
            ts: ts.clone(),
            thread: thread.map(str::to_owned),
            user: user.to_owned(),
            text: text.to_owned(),
            blocks: Vec::new(),
            metadata: Value::Null,
            edits: 0,
            files: Vec::new(),
        };
        self.messages.entry(channel.to_owned()).or_default().push(seen);
        ts
    }

    pub fn message(&mut self, channel: &str, ts: &str) -> Option<&mut Seen> {
        self.messages.get_mut(channel)?.iter_mut().find(|seen| seen.ts == ts)
    }

    /// A message as the history shows it.
    pub fn shown(seen: &Seen) -> Value {
        let files: Vec<Value> = seen.files.iter().map(|name| json!({ "name": name })).collect();
        json!({
            "type": "message", "user": seen.user, "text": seen.text, "ts": seen.ts, "thread_ts": seen.thread,
            "metadata": seen.metadata, "files": files, "blocks": seen.blocks,
            "bot_id": if seen.user == BOT { json!("B0BOT") } else { Value::Null },
        })
    }
}
