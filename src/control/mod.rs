//! Floor 7: the door for the command line of this machine, over a Unix socket in the data directory.
//!
//! Whoever can open the socket owns the data directory, so the file's permissions are the sign-in. Speaking for a person
//! of one's choice is for the playground alone: elsewhere it would be a way around everybody's sign-in.

mod client;
mod words;

use std::path::{Path, PathBuf};
use std::sync::Arc;

use axum::extract::State;
use axum::http::StatusCode;
use axum::routing::post;
use axum::{Json, Router};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use tokio::net::UnixListener;
use tokio_util::sync::CancellationToken;

use crate::audit::Order;
use crate::domain::{
    Action, Body, ChatUser, Click, DedupeKey, Inbound, Place, Platform, RawMessage, Reply, RequestId,
};
use crate::pipeline::Rooms;
use crate::store::{MessageBody, RequestState};

pub use client::{ClientError, order_through, say_through};
use words::Meant;

/// What the command line says.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Saying {
    /// The words: a command, a sentence, or ✅, ❌, `approve`, `deny REASON`, `confirm`, `withdraw`, `retract` about a
    /// request that waits.
    pub text: String,
    /// Who says it.
    pub person: String,
    /// Where.
    pub channel: String,
    /// The request that ✅ and the like are about; left out: the newest that waits in the channel.
    #[serde(default)]
    pub about: Option<String>,
    /// Only say what would come of it.
    #[serde(default)]
    pub preview: bool,
}

/// What came of it.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Said {
    /// The request.
    pub request: Option<RequestId>,
    /// How it stands.
    pub state: Option<RequestState>,
    /// What was answered, oldest first.
    pub replies: Vec<Reply>,
}

/// Whether one may speak for a person of one's choice.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Voice {
    /// In the playground: anybody.
    Anybody,
    /// Elsewhere: nobody.
    Nobody,
}

/// The socket's place in a data directory.
pub fn socket(data_dir: &Path) -> PathBuf {
    data_dir.join("control.sock")
}

#[derive(Clone)]
struct Desk {
    rooms: Arc<Rooms>,
    voice: Voice,
}

/// The door, open: who connects is answered once it is served.
pub struct Door {
    listener: UnixListener,
    path: PathBuf,
}

/// Opens the socket.
///
/// # Errors
/// When it cannot be had.
pub fn open(data_dir: &Path) -> std::io::Result<Door> {
    let path = socket(data_dir);
    match std::fs::remove_file(&path) {
        Ok(()) => {}
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {}
        Err(error) => return Err(error),
    }
    let listener = UnixListener::bind(&path)?;
    #[cfg(unix)]
    std::fs::set_permissions(&path, std::os::unix::fs::PermissionsExt::from_mode(0o600))?;
    Ok(Door { listener, path })
}

/// Answers on the socket until `stop` is cancelled.
///
/// # Errors
/// When the socket breaks.
pub async fn serve(
    rooms: Arc<Rooms>,
    voice: Voice,
    door: Door,
    stop: CancellationToken,
) -> std::io::Result<()> {
    let Door { listener, path } = door;
    let router = Router::new()
        .route("/say", post(answer))
        .route("/record", post(keep_record))
        .with_state(Desk { rooms, voice });
    let served = axum::serve(listener, router).with_graceful_shutdown(stop.cancelled_owned()).await;
    // A socket file without a server would only puzzle the next command.
    let _already_gone = std::fs::remove_file(&path);
    served
}

async fn answer(
    State(desk): State<Desk>,
    Json(saying): Json<Saying>,
) -> Result<Json<Said>, (StatusCode, String)> {
    say(&desk.rooms, desk.voice, saying)
        .await
        .map(Json)
        .map_err(|sentence| (StatusCode::BAD_REQUEST, sentence))
}

/// Does something to the record. Whoever can open the socket owns the data, and with it the record's key.
async fn keep_record(
    State(desk): State<Desk>,
    Json(order): Json<Order>,
) -> Result<String, (StatusCode, String)> {
    desk.rooms.keep_record(order).await.map_err(|error| (StatusCode::BAD_REQUEST, error.to_string()))
}

/// Says something as a person and waits for what comes of it.
///
/// # Errors
/// A sentence for the person at the command line.
pub async fn say(rooms: &Arc<Rooms>, voice: Voice, saying: Saying) -> Result<Said, String> {
    if voice == Voice::Nobody {
        return Err(
            "outside playground mode nobody can speak for somebody else; sign in to the console".to_owned()
        );
    }
    let sender = ChatUser {
        platform: Platform::Console,
        workspace: String::new(),
        user: saying.person.clone(),
        display: saying.person.clone(),
    };
    let channel = saying.channel.trim_start_matches('#').to_owned();
    let place = Place { platform: Platform::Console, workspace: String::new(), channel, thread: None };
    if saying.preview {
        let preview =
            rooms.preview(&saying.text, &sender, &place).await.map_err(|trouble| trouble.to_string())?;
        return Ok(Said { request: None, state: None, replies: vec![preview.to_reply()] });
    }
    let started = rooms.clock.now();
    let body = match words::meant(&saying.text) {
        Meant::Text => Body::Text(saying.text.clone()),
        Meant::Press { action, note } => press(rooms, &saying, &place, action, note).await?,
    };
    deliver(rooms, Delivery { saying, sender, place, body, started }).await
}

struct Delivery {
    saying: Saying,
    sender: ChatUser,
    place: Place,
    body: Body,
    started: Timestamp,
}

async fn deliver(rooms: &Arc<Rooms>, delivery: Delivery) -> Result<Said, String> {
    let Delivery { saying, sender, place, body, started } = delivery;
    let key = crate::clock::token(rooms.entropy.as_ref()).map_err(|error| error.to_string())?;
    let inbound = Inbound {
        id: DedupeKey(format!("cli:{key}")),
        at: started,
        place,
        sender,
        body,
        remote: None,
        raw: RawMessage(serde_json::to_vec(&saying).unwrap_or_default()),
    };
    let (receipt, row) = rooms.handle_to_rest(inbound).await.map_err(|trouble| trouble.to_string())?;
    let Some(request) = receipt.request else {
        return Ok(Said { request: None, state: None, replies: Vec::new() });
    };
    let replies = replies(rooms, &request, started).await?;
    Ok(Said { request: Some(request), state: row.map(|row| row.state), replies })
}

/// The press on the card of the request that is meant.
async fn press(
    rooms: &Rooms,
    saying: &Saying,
    place: &Place,
    action: Action,
    note: Option<String>,
) -> Result<Body, String> {
    let row = match &saying.about {
        Some(id) => {
            let id = RequestId::parse(id)
                .ok_or_else(|| format!("`{id}` is no request id; they look like req_01J..."))?;
            rooms.store.request(&id).await.map_err(|error| error.to_string())?
        }
        None => {
            let waiting = rooms.store.waiting(rooms.clock.now()).await.map_err(|error| error.to_string())?;
            waiting
                .into_iter()
                .filter(|row| row.place.channel == place.channel)
                .max_by_key(|row| row.created_at)
        }
    };
    let row = row.ok_or_else(|| format!("nothing waits in #{}", place.channel))?;
    // What follows `approve` may be the words that the card asks to type; who reads it knows which it is.
    Ok(Body::Click(Click { request: row.id, nonce: row.nonce, action, typed: note.clone(), note }))
}

/// What the bot said about a request since a moment: its card as it stands, and the remarks.
async fn replies(rooms: &Rooms, request: &RequestId, since: Timestamp) -> Result<Vec<Reply>, String> {
    let messages = rooms.store.messages_of(request).await.map_err(|error| error.to_string())?;
    Ok(messages
        .into_iter()
        .filter(|message| message.edited_at.unwrap_or(message.at) >= since)
        .filter_map(|message| match message.body {
            MessageBody::Reply { reply } => Some(reply),
            MessageBody::Text { .. } => None,
        })
        .collect())
}
