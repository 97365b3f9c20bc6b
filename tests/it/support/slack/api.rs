use std::sync::Arc;

use axum::body::{Body, Bytes};
use axum::extract::{Path, State as Extract};
use axum::http::{HeaderMap, Response, StatusCode};
use serde_json::{Map, Value, json};

use super::state::{Fault, Shared, State};
use super::stream;
use super::{APP_TOKEN, BOT, BOT_TOKEN, TEAM};

/// The methods that take arguments as a form only; JSON is ignored in silence.
const FORM_ONLY: [&str; 6] = [
    "conversations.replies",
    "conversations.info",
    "files.getUploadURLExternal",
    "usergroups.list",
    "users.info",
    "chat.getPermalink",
];

const SCOPES: &str = "app_mentions:read,assistant:write,channels:history,channels:manage,channels:read,chat:write,\
commands,files:write,groups:history,groups:read,groups:write,im:history,im:read,mpim:history,reactions:read,\
usergroups:read,users:read";

pub async fn call(
    Extract(shared): Extract<Arc<Shared>>,
    Path(method): Path<String>,
    headers: HeaderMap,
    body: Bytes,
) -> Response<Body> {
    let args = arguments(&method, &headers, &body);
    let fault = shared.with(|state| state.arrives(&method, &args));
    let done = match &fault {
        None | Some(Fault::Lost) => shared.with(|state| answer(state, &method, &headers, &args)),
        Some(Fault::Refused(code)) => Err((*code).to_owned()),
        Some(Fault::Limited(_) | Fault::LimitedInBody(_) | Fault::Status(_) | Fault::Swallowed) => {
            Ok(json!({}))
        }
    };
    match fault {
        Some(Fault::Limited(seconds)) => return limited(429, seconds),
        Some(Fault::LimitedInBody(seconds)) => return limited(200, seconds),
        Some(Fault::Status(status)) => {
            return Response::builder().status(status).body(Body::from("<html>upstream</html>")).unwrap();
        }
        Some(Fault::Lost | Fault::Swallowed) => {
            let broken = futures::stream::iter([
                Ok::<_, std::io::Error>(Bytes::from("{")),
                Err(std::io::Error::other("cut")),
            ]);
            return Response::new(Body::from_stream(broken));
        }
        Some(Fault::Refused(_)) | None => {}
    }
    let body = match done {
        Ok(mut answer) => {
            answer["ok"] = true.into();
            answer
        }
        Err(code) => json!({ "ok": false, "error": code }),
    };
    let answer =
        Response::builder().header("content-type", "application/json").header("x-oauth-scopes", SCOPES);
    answer.body(Body::from(body.to_string())).unwrap()
}

fn limited(status: u16, seconds: u64) -> Response<Body> {
    let body = Body::from(r#"{"ok":false,"error":"ratelimited"}"#);
    Response::builder().status(status).header("Retry-After", seconds.to_string()).body(body).unwrap()
}

fn arguments(method: &str, headers: &HeaderMap, body: &[u8]) -> Value {
    let kind = headers.get("content-type").and_then(|value| value.to_str().ok()).unwrap_or_default();
    if kind.starts_with("application/json") {
        if FORM_ONLY.contains(&method) {
            return json!({});
        }
        return serde_json::from_slice(body).unwrap_or_default();
    }
    let fields = url::form_urlencoded::parse(body);
    Value::Object(
        fields
            .map(|(name, value)| (name.into_owned(), Value::from(value.into_owned())))
            .collect::<Map<_, _>>(),
    )
}

fn answer(state: &mut State, method: &str, headers: &HeaderMap, args: &Value) -> Result<Value, String> {
    let token = headers.get("authorization").and_then(|value| value.to_str().ok()).unwrap_or_default();
    let wanted = if method == "apps.connections.open" { APP_TOKEN } else { BOT_TOKEN };
    if token != format!("Bearer {wanted}") {
        return Err("invalid_auth".to_owned());
    }
    let text = |name: &str| args[name].as_str().unwrap_or_default().to_owned();
    match method {
        "auth.test" => Ok(json!({
            "url": "https://home.slack.example/", "team": "Home", "user": "countersign", "team_id": TEAM, "user_id": BOT,
            "bot_id": "B0BOT",
        })),
        "apps.connections.open" => {
            let ticket = state.number();
            Ok(json!({ "url": format!("{}/link/?ticket={ticket}", state.link) }))
        }
        "chat.postMessage" => post(state, args),
        "chat.update" => update(state, args),
        "chat.postEphemeral" => {
            state.whispers.push((text("user"), text("text")));
            Ok(json!({ "message_ts": state.ts() }))
        }
        "conversations.history" | "conversations.replies" => history(state, args),
        "chat.startStream" | "chat.appendStream" | "chat.stopStream" if !state.grows => {
            Err("unknown_method".to_owned())
        }
        "chat.startStream" => stream::start(state, args),
        "chat.appendStream" => stream::append(state, args),
        "chat.stopStream" => stream::stop(state, args),
        "conversations.info" => {
            let member = state.members.get(&text("channel")).ok_or("channel_not_found")?;
            let name = state.names.get(&text("channel")).map_or("deployments", String::as_str);
            Ok(json!({ "channel": { "id": text("channel"), "name": name, "is_member": member } }))
        }
        "conversations.create" => {
            if state.names.values().any(|name| *name == text("name")) {
                return Err("name_taken".to_owned());
            }
            let id = format!("C0NEW{}", state.number());
            state.names.insert(id.clone(), text("name"));
            state.members.insert(id.clone(), true);
            Ok(json!({ "channel": { "id": id, "name": text("name") } }))
        }
        "conversations.invite" => {
            let invited = state.invited.entry(text("channel")).or_default();
            let new: Vec<String> = text("users").split(',').map(str::to_owned).collect();
            if new.iter().all(|user| invited.contains(user)) {
                return Err("already_in_channel".to_owned());
            }
            invited.extend(new);
            Ok(json!({}))
        }
        "conversations.setTopic" => {
            state.topics.insert(text("channel"), text("topic"));
            Ok(json!({}))
        }
        "conversations.archive" => {
            if state.archived.contains(&text("channel")) {
                return Err("already_archived".to_owned());
            }
            state.archived.push(text("channel"));
            Ok(json!({}))
        }
        "views.open" => {
            if state.spent.contains(&text("trigger_id")) {
                return Err("exchanged_trigger_id".to_owned());
            }
            if !state.spend(&text("trigger_id")) {
                return Err("expired_trigger_id".to_owned());
            }
            state.windows.push(args["view"].clone());
            Ok(json!({ "view": { "id": "V1" } }))
        }
        "views.publish" => {
            state.homes.insert(text("user_id"), args["view"].clone());
            Ok(json!({}))
        }
        "assistant.threads.setStatus"
        | "assistant.threads.setTitle"
        | "assistant.threads.setSuggestedPrompts" => {
            state.statuses.push(args.clone());
            Ok(json!({}))
        }
        "files.getUploadURLExternal" => {
            let id = format!("F0{}", state.number());
            state.uploads.insert(id.clone(), (text("filename"), None));
            Ok(json!({ "upload_url": format!("{}/upload/{id}", state.base), "file_id": id }))
        }
        "files.completeUploadExternal" => {
            let id = args["files"][0]["id"].as_str().unwrap_or_default();
            let (name, Some(_text)) = state.uploads.get(id).cloned().ok_or("file_not_found")? else {
                return Err("file_not_uploaded".to_owned());
            };
            let thread = args["thread_ts"].as_str().map(str::to_owned);
            let ts = state.write(&text("channel_id"), BOT, "", thread.as_deref());
            state.message(&text("channel_id"), &ts).unwrap().files.push(name);
            Ok(json!({ "files": [{ "id": id }] }))
        }
        "usergroups.list" => {
            let users = &state.leads;
            Ok(json!({ "usergroups": [{ "id": "S0LEADS", "handle": "leads", "users": users }] }))
        }
        "users.info" => {
            let mut user = json!({ "id": text("user"), "team_id": TEAM, "name": text("user") });
            let unusual =
                state.accounts.get(&text("user")).and_then(Value::as_object).cloned().unwrap_or_default();
            user.as_object_mut().unwrap().extend(unusual);
            Ok(json!({ "user": user }))
        }
        _ => Err("unknown_method".to_owned()),
    }
}

/// What every message must be like.
fn checked(args: &Value) -> Result<(String, Vec<Value>), String> {
    let text = args["text"].as_str().unwrap_or_default().to_owned();
    let blocks = args["blocks"].as_array().cloned().unwrap_or_default();
    if text.is_empty() && blocks.is_empty() {
        return Err("no_text".to_owned());
    }
    if Value::from(blocks.clone()).to_string().len() > 13_200 {
        return Err("msg_blocks_too_long".to_owned());
    }
    if blocks.len() > 50 || blocks.iter().any(|block| block["type"].as_str().is_none()) {
        return Err("invalid_blocks".to_owned());
    }
    Ok((text, blocks))
}

fn post(state: &mut State, args: &Value) -> Result<Value, String> {
    let (text, blocks) = checked(args)?;
    let channel = args["channel"].as_str().unwrap_or_default();
    // A message to a user goes to the conversation of the two.
    let direct = channel.starts_with('U').then(|| channel.replacen('U', "D", 1));
    let channel = direct.as_deref().unwrap_or(channel);
    if state.archived.iter().any(|archived| archived == channel) {
        return Err("is_archived".to_owned());
    }
    if !channel.starts_with('D') {
        match state.members.get(channel) {
            None => return Err("channel_not_found".to_owned()),
            Some(false) => return Err("not_in_channel".to_owned()),
            Some(true) => {}
        }
    }
    let thread = args["thread_ts"].as_str();
    if thread.is_some_and(|thread| state.message(channel, thread).is_none()) {
        return Err("thread_not_found".to_owned());
    }
    let ts = state.write(channel, BOT, &text, thread);
    let seen = state.message(channel, &ts).unwrap();
    (seen.blocks, seen.metadata) = (blocks, args["metadata"].clone());
    Ok(json!({ "channel": channel, "ts": ts }))
}

fn update(state: &mut State, args: &Value) -> Result<Value, String> {
    let (text, blocks) = checked(args)?;
    if text.encode_utf16().count() > 4_000 {
        return Err("msg_too_long".to_owned());
    }
    let (channel, ts) =
        (args["channel"].as_str().unwrap_or_default(), args["ts"].as_str().unwrap_or_default());
    let seen = state.message(channel, ts).ok_or("message_not_found")?;
    seen.edits += 1;
    (seen.text, seen.blocks, seen.metadata) = (text, blocks, args["metadata"].clone());
    Ok(json!({ "channel": channel, "ts": ts }))
}

fn history(state: &mut State, args: &Value) -> Result<Value, String> {
    let channel = args["channel"].as_str().unwrap_or_default();
    let oldest = args["oldest"].as_str().unwrap_or("0").to_owned();
    let thread = args["ts"].as_str();
    let messages = state.messages.get(channel).cloned().unwrap_or_default();
    if thread.is_some_and(|thread| !messages.iter().any(|seen| seen.ts == thread)) {
        return Err("thread_not_found".to_owned());
    }
    let mut shown: Vec<_> = messages
        .into_iter()
        .filter(|seen| seen.ts >= oldest)
        .filter(|seen| match thread {
            Some(thread) => seen.ts == thread || seen.thread.as_deref() == Some(thread),
            None => seen.thread.is_none(),
        })
        .collect();
    // The newest first, two at a time, so that whoever looks must turn pages.
    shown.reverse();
    let from: usize = args["cursor"].as_str().and_then(|cursor| cursor.parse().ok()).unwrap_or(0);
    let page: Vec<Value> = shown.iter().skip(from).take(2).map(State::shown).collect();
    let next = if from + 2 < shown.len() { (from + 2).to_string() } else { String::new() };
    Ok(json!({ "messages": page, "response_metadata": { "next_cursor": next } }))
}

/// An answer at the address that came with a command: five uses.
pub async fn respond(
    Extract(shared): Extract<Arc<Shared>>,
    Path(id): Path<String>,
    body: Bytes,
) -> Response<Body> {
    let body: Value = serde_json::from_slice(&body).unwrap();
    let fault = shared.with(|state| state.arrives("response_url", &body));
    if let Some(Fault::Limited(seconds)) = fault {
        return limited(429, seconds);
    }
    let used = shared.with(|state| {
        let used = state.responses.iter().filter(|(at, _)| *at == id).count();
        if used < 5 {
            state.responses.push((id, body));
        }
        used
    });
    let (status, said) = if used < 5 { (200, "ok") } else { (404, r#"{"ok":false,"error":"used_url"}"#) };
    Response::builder().status(status).body(Body::from(said)).unwrap()
}

pub async fn upload(
    Extract(shared): Extract<Arc<Shared>>,
    Path(id): Path<String>,
    body: Bytes,
) -> StatusCode {
    shared.with(|state| match state.uploads.get_mut(&id) {
        Some((_, text)) => {
            *text = Some(String::from_utf8_lossy(&body).into_owned());
            StatusCode::OK
        }
        None => StatusCode::NOT_FOUND,
    })
}
