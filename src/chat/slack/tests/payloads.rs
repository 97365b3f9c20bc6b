//! What Slack sends, in its shapes: one of each kind, with ids of our own.

use serde_json::{Value, json};

use super::super::door::{Kind, Package};

pub const TEAM: &str = "T0HOME";
pub const US: &str = "U0BOT";

/// The envelope of an event.
pub fn envelope(event: Value) -> Value {
    json!({
        "token": "legacy-token",
        "team_id": TEAM,
        "context_team_id": TEAM,
        "context_enterprise_id": null,
        "api_app_id": "A0APP",
        "event": event,
        "type": "event_callback",
        "event_id": "Ev0001",
        "event_time": 1_893_456_000,
        "authorizations": [{
            "enterprise_id": null, "team_id": TEAM, "user_id": US, "is_bot": true, "is_enterprise_install": false
        }],
        "is_ext_shared_channel": false,
        "event_context": "4-abc",
    })
}

/// The envelope for an app that a whole organisation has installed.
pub fn of_an_organisation(event: Value) -> Value {
    let mut payload = envelope(event);
    payload["team_id"] = Value::Null;
    payload["enterprise_id"] = "E0ORG".into();
    payload["authorizations"][0]["team_id"] = Value::Null;
    payload["authorizations"][0]["is_enterprise_install"] = true.into();
    payload
}

pub fn message(text: &str) -> Value {
    json!({
        "type": "message",
        "client_msg_id": "6f2a52cb-0c1b-4d7e-9d5e-1f2a3b4c5d6e",
        "user": "U0ALICE",
        "team": TEAM,
        "text": text,
        "ts": "1893456000.000100",
        "event_ts": "1893456000.000100",
        "channel": "C0DEPLOY",
        "channel_type": "channel",
        "blocks": [{ "type": "rich_text", "block_id": "b1", "elements": [] }],
    })
}

pub fn mention(text: &str) -> Value {
    with(message(text), &[("type", "app_mention".into()), ("channel_type", Value::Null)])
}

pub fn in_thread(text: &str) -> Value {
    with(
        message(text),
        &[
            ("thread_ts", "1893455000.000100".into()),
            ("parent_user_id", US.into()),
            ("ts", "1893456001.000200".into()),
        ],
    )
}

pub fn direct(text: &str) -> Value {
    with(message(text), &[("channel", "D0ALICE".into()), ("channel_type", "im".into())])
}

/// A message of an app, as apps post today.
pub fn by_a_bot() -> Value {
    with(
        message("hello <@U0BOT>"),
        &[("bot_id", "B0OTHER".into()), ("bot_profile", json!({ "id": "B0OTHER" }))],
    )
}

/// A message of an app, as old integrations post.
pub fn by_an_old_bot() -> Value {
    json!({
        "type": "message", "subtype": "bot_message", "text": "<@U0BOT> deploy", "username": "ci",
        "bot_id": "B0OLD", "ts": "1893456000.000300", "channel": "C0DEPLOY", "channel_type": "channel",
    })
}

pub fn changed(before: &str, after: &str) -> Value {
    json!({
        "type": "message", "subtype": "message_changed", "hidden": true,
        "channel": "C0DEPLOY", "channel_type": "channel",
        "ts": "1893456100.000900", "event_ts": "1893456100.000900",
        "message": {
            "type": "message", "user": "U0ALICE", "team": TEAM, "text": after, "ts": "1893456000.000100",
            "edited": { "user": "U0ALICE", "ts": "1893456100.000000" },
        },
        "previous_message": {
            "type": "message", "user": "U0ALICE", "team": TEAM, "text": before, "ts": "1893456000.000100",
        },
    })
}

pub fn deleted() -> Value {
    json!({
        "type": "message", "subtype": "message_deleted", "hidden": true,
        "channel": "C0DEPLOY", "channel_type": "channel",
        "ts": "1893456200.000900", "event_ts": "1893456200.000900", "deleted_ts": "1893456000.000100",
        "previous_message": {
            "type": "message", "user": "U0ALICE", "team": TEAM, "text": "x", "ts": "1893456000.000100",
        },
    })
}

pub fn reaction(kind: &str, name: &str, user: &str) -> Value {
    json!({
        "type": kind, "user": user, "reaction": name, "item_user": US, "event_ts": "1893456300.000100",
        "item": { "type": "message", "channel": "C0DEPLOY", "ts": "1893456000.000500" },
    })
}

pub fn home_opened(tab: &str) -> Value {
    json!({ "type": "app_home_opened", "user": "U0ALICE", "channel": "D0ALICE", "tab": tab, "event_ts": "1893456000.1" })
}

pub fn assistant_started() -> Value {
    json!({
        "type": "assistant_thread_started",
        "assistant_thread": {
            "user_id": "U0ALICE", "channel_id": "D0ALICE", "thread_ts": "1893456000.000700",
            "context": { "channel_id": "C0DEPLOY", "team_id": TEAM, "enterprise_id": null },
        },
        "event_ts": "1893456000.000800",
    })
}

/// The form of a slash command, in Slack's order.
pub fn command(command: &str, text: &str) -> String {
    let mut form = url::form_urlencoded::Serializer::new(String::new());
    for (name, value) in [
        ("token", "legacy-token"),
        ("team_id", TEAM),
        ("team_domain", "home"),
        ("channel_id", "C0DEPLOY"),
        ("channel_name", "deployments"),
        ("user_id", "U0ALICE"),
        ("user_name", "alice"),
        ("command", command),
        ("text", text),
        ("api_app_id", "A0APP"),
        ("is_enterprise_install", "false"),
        ("response_url", "https://hooks.slack.example/commands/T0HOME/1/secret"),
        ("trigger_id", "1.2.abc"),
    ] {
        form.append_pair(name, value);
    }
    form.finish()
}

pub fn press(action: &str, value: &str) -> Value {
    json!({
        "type": "block_actions",
        "user": { "id": "U0BOB", "username": "bob", "name": "bob", "team_id": TEAM },
        "api_app_id": "A0APP",
        "token": "legacy-token",
        "container": {
            "type": "message", "message_ts": "1893456000.000500", "channel_id": "C0DEPLOY", "is_ephemeral": false
        },
        "trigger_id": "3.4.def",
        "team": { "id": TEAM, "domain": "home" },
        "enterprise": null,
        "is_enterprise_install": false,
        "channel": { "id": "C0DEPLOY", "name": "deployments" },
        "message": { "type": "message", "ts": "1893456000.000500", "text": "x" },
        "response_url": "https://hooks.slack.example/actions/T0HOME/1/secret",
        "actions": [{
            "action_id": action, "block_id": "b2", "type": "button", "value": value,
            "text": { "type": "plain_text", "text": "Approve" }, "action_ts": "1893456400.123456",
        }],
    })
}

pub fn submission(callback: &str, kept: &str, values: Value) -> Value {
    json!({
        "type": "view_submission",
        "team": { "id": TEAM, "domain": "home" },
        "user": { "id": "U0BOB", "username": "bob", "name": "bob", "team_id": TEAM },
        "api_app_id": "A0APP",
        "token": "legacy-token",
        "trigger_id": "5.6.ghi",
        "view": {
            "id": "V0001", "team_id": TEAM, "type": "modal", "callback_id": callback, "private_metadata": kept,
            "hash": "1893456500.abc", "state": { "values": values }, "blocks": [],
        },
        "response_urls": [],
        "is_enterprise_install": false,
        "enterprise": null,
    })
}

pub fn shortcut(callback: &str) -> Value {
    json!({
        "type": "shortcut", "token": "legacy-token", "action_ts": "1893456600.1", "callback_id": callback,
        "team": { "id": TEAM, "domain": "home" },
        "user": { "id": "U0ALICE", "username": "alice", "team_id": TEAM },
        "trigger_id": "7.8.jkl", "is_enterprise_install": false, "enterprise": null,
    })
}

/// The same payload with other fields; null takes one away.
pub fn with(mut value: Value, fields: &[(&str, Value)]) -> Value {
    let map = value.as_object_mut().unwrap();
    for (name, field) in fields {
        match field {
            Value::Null => map.remove(*name),
            field => map.insert((*name).to_owned(), field.clone()),
        };
    }
    value
}

pub fn event(payload: Value) -> Package {
    Package::from_socket(Kind::Event, payload)
}

pub fn interactive(payload: Value) -> Package {
    Package::from_socket(Kind::Interactive, payload)
}
