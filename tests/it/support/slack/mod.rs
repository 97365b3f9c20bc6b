//! A Slack of our own: messages, channels, reactions and windows with state, rates and errors as the real one has them,
//! and both of its ways to deliver. It learns nothing from the product's code but how to sign.

mod api;
mod payload;
mod socket;
mod state;
mod stream;

use std::sync::Arc;

use axum::Router;
use axum::routing::{get, post};
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio::task::JoinHandle;
use tokio::time::timeout;

use super::PATIENCE;
pub use payload::{Deliver, SIGNING_SECRET, signed};
pub use state::{Fault, Seen};
use state::{Shared, State};

pub const TEAM: &str = "T0HOME";
pub const BOT: &str = "U0BOT";
pub const DEPLOYMENTS: &str = "C0DEPLOY";
pub const BOT_TOKEN: &str = "xoxb-1-bot";
pub const APP_TOKEN: &str = "xapp-1-app";
pub const RESPONSE_SECRET: &str = "s3cr3t-response";

pub struct FakeSlack {
    shared: Arc<Shared>,
    base: String,
    servers: Vec<JoinHandle<()>>,
}

impl FakeSlack {
    pub async fn open() -> Self {
        let api = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let link = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let base = format!("http://{}", api.local_addr().unwrap());
        let shared =
            Arc::new(Shared::new(State::new(&base, &format!("ws://{}", link.local_addr().unwrap()))));
        let router = Router::new()
            .route("/api/{method}", post(api::call))
            .route("/upload/{id}", post(api::upload))
            .route("/response/{id}", post(api::respond))
            .route("/", get(|| async { "" }))
            .with_state(Arc::clone(&shared));
        let serving = tokio::spawn(async move { axum::serve(api, router).await.unwrap() });
        let linking = tokio::spawn(socket::serve(link, Arc::clone(&shared)));
        Self { shared, base, servers: vec![serving, linking] }
    }

    pub fn api(&self) -> String {
        format!("{}/api", self.base)
    }

    /// The next calls of a method go wrong like this, one after the other.
    pub fn fails(&self, method: &str, faults: impl IntoIterator<Item = Fault>) {
        self.shared.with(|state| state.faults.entry(method.to_owned()).or_default().extend(faults));
    }

    /// How often a method was called.
    pub fn called(&self, method: &str) -> usize {
        self.shared.with(|state| state.calls.iter().filter(|(name, _)| name == method).count())
    }

    /// How many of the failures that were ordered for a method are still to come.
    pub fn faults_left(&self, method: &str) -> usize {
        self.shared.with(|state| state.faults.get(method).map_or(0, std::collections::VecDeque::len))
    }

    /// The calls that did not wait as they were asked to.
    pub fn hasty(&self) -> Vec<String> {
        self.shared.with(|state| state.hasty.clone())
    }

    /// The arguments of the last call of a method.
    pub fn last(&self, method: &str) -> Option<Value> {
        self.shared.with(|state| {
            state.calls.iter().rev().find(|(name, _)| name == method).map(|(_, args)| args.clone())
        })
    }

    pub async fn is_called(&self, method: &str, times: usize) {
        let so = |state: &mut State| {
            let calls = state.calls.iter().filter(|(name, _)| name == method).count();
            (calls >= times).then_some(())
        };
        self.comes(&format!("{method} is called {times} times"), so).await;
    }

    /// All that stands in a channel.
    pub fn channel(&self, channel: &str) -> Vec<Seen> {
        self.shared.with(|state| state.messages.get(channel).cloned().unwrap_or_default())
    }

    /// Waits until a message says this, and returns the newest that does.
    pub async fn shows(&self, channel: &str, words: &str) -> Seen {
        let what = format!("{channel} shows `{words}`");
        self.comes(&what, |state| {
            state.messages.get(channel)?.iter().rev().find(|seen| seen.text.contains(words)).cloned()
        })
        .await
    }

    /// Waits until a message of one channel has changed to this.
    pub async fn becomes(&self, channel: &str, ts: &str, words: &str) -> Seen {
        let what = format!("the message {ts} in {channel} says `{words}`");
        self.comes(&what, |state| {
            let found = state.messages.get(channel)?.iter().find(|seen| seen.ts == ts)?;
            found.text.contains(words).then(|| found.clone())
        })
        .await
    }

    /// Waits for the next window that opens.
    pub async fn window(&self) -> Value {
        self.comes("a window opens", |state| state.windows.pop()).await
    }

    /// Waits until the home of somebody says this.
    pub async fn home(&self, user: &str, words: &str) -> Value {
        self.comes(&format!("the home of {user} says `{words}`"), |state| {
            state.homes.get(user).filter(|home| home.to_string().contains(words)).cloned()
        })
        .await
    }

    /// Waits until somebody is whispered this.
    pub async fn whispers(&self, user: &str, words: &str) -> String {
        self.comes(&format!("{user} is whispered `{words}`"), |state| {
            let mut whispers = state.whispers.iter();
            whispers.find(|(to, text)| to == user && text.contains(words)).map(|(_, text)| text.clone())
        })
        .await
    }

    /// Waits until something is true of it.
    pub async fn comes<T>(&self, what: &str, so: impl Fn(&mut State) -> Option<T>) -> T {
        let found = timeout(PATIENCE, self.shared.wait(&so)).await;
        found.unwrap_or_else(|_| {
            let texts = |state: &mut State| {
                let all = state.messages.values().flatten();
                let texts: Vec<String> = all.map(|seen| format!("{}: {}", seen.ts, seen.text)).collect();
                format!("{}\nwhispers {:?}", texts.join("\n"), state.whispers)
            };
            panic!("it never came to be that {what}; there is\n{}", self.shared.with(texts))
        })
    }

    /// Somebody writes a message; Slack keeps it and has an id for it.
    pub fn write(&self, channel: &str, user: &str, text: &str, thread: Option<&str>) -> String {
        self.shared.with(|state| state.write(channel, user, text, thread))
    }

    /// Who is in the user group of the team leads.
    pub fn leads(&self, users: &[&'static str]) {
        self.shared.with(|state| state.leads = users.to_vec());
    }

    /// An account is not what it was; the rest is usual.
    pub fn account(&self, user: &str, unusual: Value) {
        self.shared.with(|state| state.accounts.extend([(user.to_owned(), unusual)]));
    }

    /// Whether messages can grow here.
    pub fn grows(&self, grows: bool) {
        self.shared.with(|state| state.grows = grows);
    }

    /// The person presses stop on what grows.
    pub fn stops_growing(&self) {
        self.shared.with(|state| state.growing.clear());
    }

    /// A new address to answer at; whoever has it can speak for the bot.
    pub fn response_url(&self) -> String {
        format!("{}/response/{RESPONSE_SECRET}-{}", self.base, self.shared.with(State::number))
    }

    /// Waits until a command was answered like this at its address.
    pub async fn responds(&self, words: &str) -> Value {
        let so = |state: &mut State| {
            let mut said = state.responses.iter().map(|(_at, body)| body);
            said.find(|body| body["text"].as_str().is_some_and(|text| text.contains(words))).cloned()
        };
        self.comes(&format!("a command is answered `{words}`"), so).await
    }

    /// The bot is or is not in a channel.
    pub fn membership(&self, channel: &str, member: bool) {
        self.shared.with(|state| state.members.extend([(channel.to_owned(), member)]));
    }

    /// Takes a message away, as its author or an administrator can.
    pub fn take_away(&self, channel: &str, ts: &str) {
        self.shared.with(|state| {
            state.messages.entry(channel.to_owned()).or_default().retain(|seen| seen.ts != ts);
        });
    }

    /// A trigger that opens one window.
    pub fn trigger(&self) -> String {
        self.shared.with(State::trigger)
    }

    /// Delivers over a socket and waits for the acknowledgement, again and again as Slack does.
    pub async fn over_socket(&self, kind: &str, payload: Value) -> Value {
        socket::deliver(&self.shared, kind, payload).await
    }

    /// Delivers over a socket that is cut before the acknowledgement can come, then as usual.
    pub async fn over_cut_socket(&self, kind: &str, payload: Value) -> Value {
        socket::deliver_then_cut(&self.shared, kind, payload).await
    }

    pub async fn has_sockets(&self, count: usize) {
        self.comes(&format!("{count} sockets are open"), |state| {
            (state.sockets.len() == count).then_some(())
        })
        .await;
    }

    /// Says on every socket that it will end, as before a move to another server.
    pub fn says_goodbye(&self, reason: &str) {
        let frame = json!({ "type": "disconnect", "reason": reason, "debug_info": { "host": "x" } });
        self.shared.with(|state| state.sockets.iter().for_each(|socket| socket.say(&frame)));
    }

    /// Cuts every socket, without a word.
    pub fn cuts_sockets(&self) {
        self.shared.with(|state| state.sockets.clear());
    }

    /// How many sockets were opened in all.
    pub fn opened(&self) -> u64 {
        self.shared.with(|state| state.opened)
    }
}

impl Drop for FakeSlack {
    fn drop(&mut self) {
        self.servers.iter().for_each(JoinHandle::abort);
    }
}
