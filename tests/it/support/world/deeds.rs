//! What people do, and what is done behind countersign's back.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use countersign::clock::Clock as _;
use countersign::domain::{
    Action, Body, ChatUser, Click, DedupeKey, Inbound, Place, Platform, RawMessage, Reaction, Reply,
    RequestId,
};
use countersign::pipeline::Trouble;
use secrecy::ExposeSecret as _;
use serde_json::{Value, json};
use tokio::time::timeout;

use super::World;
use crate::support::{PATIENCE, Said};

impl World {
    /// Somebody writes in #deployments.
    pub async fn say(&self, person: &str, text: &str) -> Said {
        self.say_in("deployments", person, text).await
    }

    pub async fn say_in(&self, channel: &str, person: &str, text: &str) -> Said {
        let inbound = self.inbound(channel, person, Body::Text(text.to_owned()));
        self.deliver(inbound).await.unwrap()
    }

    /// Somebody writes in the thread of an earlier message.
    pub async fn reply(&self, person: &str, said: &Said, text: &str) -> Said {
        let mut inbound = self.inbound("deployments", person, Body::Text(text.to_owned()));
        inbound.place.thread.clone_from(&said.row().place.thread);
        self.deliver(inbound).await.unwrap()
    }

    /// Somebody presses a button on the card of a request, as the card is now.
    pub async fn press(&self, person: &str, said: &Said, action: Action) -> Said {
        self.deliver(self.click(person, &self.card(said.id()).await, action, None)).await.unwrap()
    }

    pub async fn press_with(&self, person: &str, said: &Said, action: Action, note: &str) -> Said {
        let card = self.card(said.id()).await;
        self.deliver(self.click(person, &card, action, Some(note))).await.unwrap()
    }

    /// Somebody sets a reaction on the card of a request.
    pub async fn react(&self, person: &str, said: &Said, emoji: &str) -> Said {
        let action = match emoji {
            "✅" => Some(Action::Approve),
            "❌" => Some(Action::Deny),
            _ => None,
        };
        self.set_reaction(person, said, emoji, action).await
    }

    /// Somebody takes their ✅ away again.
    pub async fn unreact(&self, person: &str, said: &Said) -> Said {
        self.set_reaction(person, said, "✅", Some(Action::Retract)).await
    }

    async fn set_reaction(&self, person: &str, said: &Said, emoji: &str, action: Option<Action>) -> Said {
        let message = self.card_row(said.id()).await.id;
        let reaction = Reaction { message, emoji: emoji.to_owned(), action };
        self.deliver(self.inbound("deployments", person, Body::Reaction(reaction))).await.unwrap()
    }

    /// The event of a press, for those who deliver it themselves.
    pub fn click(&self, person: &str, card: &Reply, action: Action, note: Option<&str>) -> Inbound {
        let click = Click {
            request: card.request.clone().unwrap(),
            nonce: card.nonce.clone(),
            action,
            note: note.map(str::to_owned),
            typed: note.map(str::to_owned),
        };
        self.inbound("deployments", person, Body::Click(click))
    }

    pub fn inbound(&self, channel: &str, person: &str, body: Body) -> Inbound {
        let (platform, workspace) = (Platform::Console, String::new());
        let number = self.deliveries.fetch_add(1, Ordering::Relaxed);
        Inbound {
            id: DedupeKey(format!("test:{number}")),
            at: self.clock.now(),
            place: Place {
                platform,
                workspace: workspace.clone(),
                channel: channel.to_owned(),
                thread: None,
            },
            sender: ChatUser { platform, workspace, user: person.to_owned(), display: person.to_owned() },
            remote: None,
            raw: RawMessage(format!("{body:?}").into_bytes()),
            body,
        }
    }

    /// Delivers an event and waits until its request has ended or waits for somebody.
    pub async fn deliver(&self, mut inbound: Inbound) -> Result<Said, Trouble> {
        self.clock.advance(Duration::from_secs(1));
        let since = self.clock.now();
        inbound.at = since;
        let rooms = Arc::clone(self.rooms());
        let (receipt, row) = self.inside(async move { rooms.handle_to_rest(inbound).await }).await?;
        let replies = match &row {
            Some(row) => {
                self.replies(&row.id, |message| message.edited_at.unwrap_or(message.at) >= since).await
            }
            None => Vec::new(),
        };
        Ok(Said { row, replies, again: receipt.again })
    }

    /// Delivers an event and waits for nothing but that it is written down.
    pub async fn hand_in(&self, mut inbound: Inbound) -> RequestId {
        self.clock.advance(Duration::from_secs(1));
        inbound.at = self.clock.now();
        let rooms = Arc::clone(self.rooms());
        self.inside(async move { rooms.handle(inbound).await }).await.unwrap().request.unwrap()
    }

    /// Waits until a request has ended or waits for somebody.
    pub async fn rest(&self, request: &RequestId) -> Said {
        let (rooms, id) = (Arc::clone(self.rooms()), request.clone());
        let row = self.inside(async move { rooms.rest(&id).await }).await.unwrap();
        Said { row, replies: self.replies(request, |_| true).await, again: false }
    }

    /// Time passes, and what has fallen due is done.
    pub async fn tick(&self, minutes: u64) {
        self.clock.advance(Duration::from_secs(60 * minutes));
        let rooms = Arc::clone(self.rooms());
        self.inside(async move { rooms.tick().await }).await.unwrap();
        self.settle().await;
        let rooms = Arc::clone(self.rooms());
        self.inside(async move { rooms.export_due().await }).await.unwrap();
    }

    /// The directory is read, as the worker does once a minute.
    pub async fn read_roster(&self) {
        let rooms = Arc::clone(self.rooms());
        self.inside(async move { rooms.read_roster().await }).await.unwrap();
    }

    /// Waits until nothing is under way.
    pub async fn settle(&self) {
        let tasks = self.rooms().tasks.clone();
        tasks.close();
        timeout(PATIENCE, tasks.wait()).await.expect("the work ends");
        tasks.reopen();
    }

    /// Asks the playground directly, past countersign.
    pub async fn playground(&self, path: &str) -> Value {
        self.ask_playground(reqwest::Method::GET, path, Value::Null).await
    }

    /// Somebody sets the number of replicas past countersign.
    pub async fn scale_behind_its_back(&self, service: &str, environment: &str, replicas: u32) {
        let path = format!("environments/{environment}/services/{service}/scale");
        let put = self.ask_playground(reqwest::Method::PUT, &path, json!({ "replicas": replicas })).await;
        assert_eq!(put["replicas"], replicas, "{put}");
    }

    async fn ask_playground(&self, method: reqwest::Method, path: &str, body: Value) -> Value {
        let base = self.lit().app.playground.as_ref().unwrap().base_url();
        let token = self.token.lock().unwrap().expose_secret().to_owned();
        let client = reqwest::Client::builder().no_proxy().build().unwrap();
        let request = client.request(method, format!("{base}/v1/{path}")).bearer_auth(token);
        let request = if body.is_null() { request } else { request.json(&body) };
        request.send().await.unwrap().json().await.unwrap()
    }

    /// Writes into the database past countersign.
    pub async fn sql(&self, statement: &str) {
        self.database.run(&self.data_dir(), statement).await;
    }
}
