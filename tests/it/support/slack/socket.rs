use std::sync::Arc;
use std::time::Duration;

use futures::{SinkExt as _, StreamExt as _};
use serde_json::{Value, json};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{mpsc, oneshot};
use tokio::time::timeout;
use tokio_tungstenite::accept_async;
use tokio_tungstenite::tungstenite::Message;

use super::state::Shared;

/// How long an acknowledgement may take.
const WITHIN: Duration = Duration::from_secs(3);

/// One connection, as long as it is in the list.
pub struct Socket {
    number: u64,
    frames: mpsc::UnboundedSender<Value>,
}

impl Socket {
    pub fn say(&self, frame: &Value) {
        let _gone = self.frames.send(frame.clone());
    }
}

pub async fn serve(listener: TcpListener, shared: Arc<Shared>) {
    loop {
        let (stream, _) = listener.accept().await.unwrap();
        tokio::spawn(connection(stream, Arc::clone(&shared)));
    }
}

async fn connection(stream: TcpStream, shared: Arc<Shared>) {
    let Ok(mut socket) = accept_async(stream).await else { return };
    let (sender, mut frames) = mpsc::unbounded_channel();
    let (number, count) = shared.with(|state| {
        let number = state.number();
        state.sockets.push(Socket { number, frames: sender });
        state.opened += 1;
        state.open += 1;
        state.most_at_once = state.most_at_once.max(state.open);
        (number, state.sockets.len())
    });
    let hello = json!({
        "type": "hello", "num_connections": count, "connection_info": { "app_id": "A0APP" },
        "debug_info": { "host": "x", "approximate_connection_time": 18060 },
    });
    let _gone = socket.send(Message::text(hello.to_string())).await;
    loop {
        tokio::select! {
            // The list holds the only sender: taken from the list, the connection is cut.
            frame = frames.recv() => match frame {
                Some(frame) => {
                    let goodbye = frame["type"] == "disconnect";
                    if socket.send(Message::text(frame.to_string())).await.is_err() {
                        break;
                    }
                    if goodbye {
                        // A moment in which the next connection opens, as Slack gives it.
                        shared.with(|state| state.sockets.retain(|one| one.number != number));
                        let _none = timeout(Duration::from_millis(200), read(&mut socket, &shared)).await;
                        break;
                    }
                }
                None => break,
            },
            heard = socket.next() => match heard {
                Some(Ok(message)) => acknowledged(&message, &shared),
                Some(Err(_)) | None => break,
            },
        }
    }
    shared.with(|state| {
        state.sockets.retain(|one| one.number != number);
        state.open -= 1;
    });
}

async fn read(socket: &mut tokio_tungstenite::WebSocketStream<TcpStream>, shared: &Shared) {
    while let Some(Ok(message)) = socket.next().await {
        acknowledged(&message, shared);
    }
}

fn acknowledged(message: &Message, shared: &Shared) {
    let Message::Text(text) = message else { return };
    let Ok(frame) = serde_json::from_str::<Value>(text) else { return };
    let id = frame["envelope_id"].as_str().unwrap_or_default();
    if let Some(waiting) = shared.with(|state| state.awaited.remove(id)) {
        let _nobody = waiting.send(frame["payload"].clone());
    }
}

/// Delivers until it is acknowledged: on one connection, then on the next, as Slack does.
pub async fn deliver(shared: &Shared, kind: &str, payload: Value) -> Value {
    for attempt in 0..20 {
        let (envelope, answer) = envelope(shared, kind, &payload, attempt);
        shared.wait(&|state| state.sockets.last().map(|socket| socket.say(&envelope))).await;
        if let Ok(Ok(answer)) = timeout(WITHIN, answer).await {
            return answer;
        }
    }
    panic!("nobody acknowledged {payload}");
}

/// Delivers, and cuts the connection before anything can come back.
pub async fn deliver_then_cut(shared: &Shared, kind: &str, payload: Value) -> Value {
    let (envelope, answer) = envelope(shared, kind, &payload, 0);
    shared
        .wait(&|state| {
            let socket = state.sockets.pop()?;
            socket.say(&envelope);
            Some(())
        })
        .await;
    // Whether it got through is nobody's to know here.
    drop(answer);
    deliver(shared, kind, payload).await
}

fn envelope(shared: &Shared, kind: &str, payload: &Value, attempt: u32) -> (Value, oneshot::Receiver<Value>) {
    let (sender, answer) = oneshot::channel();
    let id = shared.with(|state| {
        let id = format!("envelope-{}", state.number());
        state.awaited.insert(id.clone(), sender);
        id
    });
    let envelope = json!({
        "envelope_id": id, "type": kind, "payload": payload, "accepts_response_payload": kind != "events_api",
        "retry_attempt": attempt, "retry_reason": if attempt > 0 { "timeout" } else { "" },
    });
    (envelope, answer)
}
