//! What Slack delivers, in its shapes.

use countersign::chat::slack::sign;
use secrecy::SecretString;
use serde_json::{Value, json};

use super::{BOT, TEAM};

pub const SIGNING_SECRET: &str = "8f742231b10e8888abcd99yyyzzz85a5";

/// One delivery, before it is known which way it goes.
#[derive(Clone, Debug)]
pub struct Deliver {
    pub kind: &'static str,
    pub payload: Value,
}

impl Deliver {
    pub fn event(event: Value, id: u64) -> Self {
        let payload = json!({
            "token": "legacy", "team_id": TEAM, "api_app_id": "A0APP", "event": event, "type": "event_callback",
            "event_id": format!("Ev{id:08}"), "event_time": 1_894_708_800,
            "authorizations": [{ "team_id": TEAM, "user_id": BOT, "is_bot": true, "is_enterprise_install": false }],
            "is_ext_shared_channel": false,
        });
        Self { kind: "events_api", payload }
    }

    pub fn command(user: &str, channel: &str, command: &str, text: &str, trigger: &str) -> Self {
        let payload = json!({
            "token": "legacy", "team_id": TEAM, "team_domain": "home", "channel_id": channel, "channel_name": "x",
            "user_id": user, "user_name": user.to_lowercase(), "command": command, "text": text, "api_app_id": "A0APP",
            "is_enterprise_install": "false", "trigger_id": trigger,
            "response_url": "https://hooks.slack.example/commands/1",
        });
        Self { kind: "slash_commands", payload }
    }

    pub fn press(user: &str, channel: &str, ts: &str, button: &Value, trigger: &str, at: u64) -> Self {
        let payload = json!({
            "type": "block_actions", "token": "legacy", "api_app_id": "A0APP", "trigger_id": trigger,
            "user": { "id": user, "username": user.to_lowercase(), "team_id": TEAM },
            "team": { "id": TEAM, "domain": "home" }, "enterprise": null, "is_enterprise_install": false,
            "container": { "type": "message", "message_ts": ts, "channel_id": channel, "is_ephemeral": false },
            "channel": { "id": channel, "name": "x" }, "message": { "ts": ts },
            "response_url": "https://hooks.slack.example/actions/1",
            "actions": [{
                "action_id": button["action_id"], "block_id": "b", "type": "button", "value": button["value"],
                "text": button["text"], "action_ts": format!("{at}.000100"),
            }],
        });
        Self { kind: "interactive", payload }
    }

    pub fn submission(user: &str, view: &Value, values: Value, id: u64) -> Self {
        let mut view = view.clone();
        view["id"] = format!("V{id:08}").into();
        view["state"] = json!({ "values": values });
        let payload = json!({
            "type": "view_submission", "token": "legacy", "api_app_id": "A0APP", "trigger_id": "x",
            "user": { "id": user, "username": user.to_lowercase(), "team_id": TEAM },
            "team": { "id": TEAM, "domain": "home" }, "view": view, "response_urls": [],
        });
        Self { kind: "interactive", payload }
    }

    /// The body over HTTP.
    pub fn body(&self) -> String {
        let mut form = url::form_urlencoded::Serializer::new(String::new());
        match self.kind {
            "events_api" => return self.payload.to_string(),
            "interactive" => {
                form.append_pair("payload", &self.payload.to_string());
            }
            _ => {
                for (name, value) in self.payload.as_object().unwrap() {
                    form.append_pair(name, value.as_str().unwrap_or_default());
                }
            }
        }
        form.finish()
    }
}

/// The headers with which Slack sends this body at this time.
pub fn signed(secret: &str, second: i64, body: &str) -> [(&'static str, String); 2] {
    let secret = SecretString::from(secret.to_owned());
    [
        ("X-Slack-Request-Timestamp", second.to_string()),
        ("X-Slack-Signature", sign(&secret, second, body.as_bytes())),
    ]
}
