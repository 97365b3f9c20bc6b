//! What people do.

use std::time::Duration;

use countersign::clock::Clock as _;
use serde_json::{Value, json};

use super::{Cut, Office, Way};
use crate::support::slack::{BOT, DEPLOYMENTS, Deliver, SIGNING_SECRET, Seen, TEAM, signed};

impl Office {
    /// Somebody mentions the bot in #deployments; it comes twice, as a mention and as a message.
    pub async fn says(&self, user: &str, text: &str) -> String {
        self.says_in(DEPLOYMENTS, user, &format!("<@{BOT}> {text}"), None).await
    }

    /// Somebody writes in a thread without mentioning anybody.
    pub async fn replies(&self, user: &str, thread: &str, text: &str) -> String {
        self.says_in(DEPLOYMENTS, user, text, Some(thread)).await
    }

    pub async fn says_in(&self, channel: &str, user: &str, text: &str, thread: Option<&str>) -> String {
        let ts = self.slack.write(channel, user, text, thread);
        let kind = if channel.starts_with('D') { "im" } else { "channel" };
        let mut event = json!({
            "type": "message", "user": user, "team": TEAM, "text": text, "ts": ts, "event_ts": ts, "channel": channel,
            "channel_type": kind,
        });
        if let Some(thread) = thread {
            event["thread_ts"] = thread.into();
        }
        self.deliver(&Deliver::event(event.clone(), self.number())).await;
        if text.contains(BOT) && kind == "channel" {
            event["type"] = "app_mention".into();
            self.deliver(&Deliver::event(event, self.number())).await;
        }
        ts
    }

    pub async fn commands(&self, user: &str, command: &str, text: &str) -> Value {
        let mut command = Deliver::command(user, DEPLOYMENTS, command, text, &self.slack.trigger());
        command.payload["response_url"] = self.slack.response_url().into();
        self.deliver(&command).await
    }

    /// Somebody presses a button on a card.
    pub async fn presses(&self, user: &str, card: &Seen, action: &str) -> Value {
        self.deliver(&self.press_of(user, card, action)).await
    }

    pub fn press_of(&self, user: &str, card: &Seen, action: &str) -> Deliver {
        let button = card.button(action).unwrap_or_else(|| panic!("no button {action} on {card:#?}"));
        let (trigger, at) = (self.slack.trigger(), self.number());
        let mut press = Deliver::press(user, DEPLOYMENTS, &card.ts, &button, &trigger, at);
        press.payload["response_url"] = self.slack.response_url().into();
        press
    }

    /// Somebody denies with a reason: the button, the window, and sending it off.
    pub async fn denies(&self, user: &str, card: &Seen, reason: &str) -> Value {
        self.presses(user, card, "deny.ask").await;
        let view = self.slack.window().await;
        let values = json!({ "beside": { "value": { "type": "plain_text_input", "value": reason } } });
        self.sends(user, &view, values).await
    }

    /// Somebody sends a window off.
    pub async fn sends(&self, user: &str, view: &Value, values: Value) -> Value {
        self.deliver(&Deliver::submission(user, view, values, self.number())).await
    }

    pub async fn reacts(&self, user: &str, ts: &str, name: &str) -> Value {
        self.deliver(&self.reaction(user, ts, name, "reaction_added")).await
    }

    pub async fn unreacts(&self, user: &str, ts: &str, name: &str) -> Value {
        self.deliver(&self.reaction(user, ts, name, "reaction_removed")).await
    }

    pub fn reaction(&self, user: &str, ts: &str, name: &str, kind: &str) -> Deliver {
        let number = self.number();
        let event = json!({
            "type": kind, "user": user, "reaction": name, "item_user": BOT, "event_ts": format!("{number}.1"),
            "item": { "type": "message", "channel": DEPLOYMENTS, "ts": ts },
        });
        Deliver::event(event, number)
    }

    pub fn number(&self) -> u64 {
        self.slack.trigger().trim_start_matches("trigger.").parse().unwrap()
    }

    /// Delivers the way this office has it, a second after what came before.
    pub async fn deliver(&self, delivery: &Deliver) -> Value {
        self.clock.advance(Duration::from_secs(1));
        self.deliver_again(delivery).await
    }

    /// Delivers once more what was delivered before.
    pub async fn deliver_again(&self, delivery: &Deliver) -> Value {
        match self.way {
            Way::Http => {
                let (status, answer) = self.post(&delivery.body()).await;
                assert_eq!(status, 200, "{answer}");
                answer
            }
            Way::Socket => self.over_socket(delivery).await,
        }
    }

    async fn over_socket(&self, delivery: &Deliver) -> Value {
        let (kind, payload) = (delivery.kind, delivery.payload.clone());
        match self.cut {
            Cut::Never => self.slack.over_socket(kind, payload).await,
            Cut::BeforeEach => {
                self.slack.cuts_sockets();
                self.slack.over_socket(kind, payload).await
            }
            Cut::BeforeTheAcknowledgement => self.slack.over_cut_socket(kind, payload).await,
            Cut::AfterEach => {
                let answer = self.slack.over_socket(kind, payload).await;
                self.slack.cuts_sockets();
                answer
            }
        }
    }

    /// A signed delivery over HTTP, and what comes back.
    pub async fn post(&self, body: &str) -> (u16, Value) {
        let headers = signed(SIGNING_SECRET, self.clock.now().as_second(), body);
        self.post_with(&headers, body).await
    }

    pub async fn post_with(&self, headers: &[(&'static str, String)], body: &str) -> (u16, Value) {
        let client = reqwest::Client::builder().no_proxy().build().unwrap();
        let mut request = client.post(format!("http://{}/slack", self.address())).body(body.to_owned());
        for (name, value) in headers {
            request = request.header(*name, value);
        }
        let response = request.send().await.unwrap();
        let status = response.status().as_u16();
        let text = response.text().await.unwrap();
        (status, serde_json::from_str(&text).unwrap_or(Value::String(text)))
    }

    /// Time passes.
    pub async fn waits(&self, minutes: u64) {
        self.clock.advance(Duration::from_secs(60 * minutes));
        self.rooms().tick().await.unwrap();
    }
}
