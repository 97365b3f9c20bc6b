//! A server that says what a test tells it to say.

use std::collections::VecDeque;
use std::io;
use std::sync::{Arc, Mutex};

use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::{Request, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

/// One answer of the script.
#[derive(Clone, Debug)]
pub enum Says {
    /// A body with status 200.
    Body(String),
    /// A refusal, with a `Retry-After` if one is given.
    Status(u16, Option<&'static str>, String),
    /// Nothing, with the connection open.
    Never,
    /// The beginning of a body, then the connection breaks.
    Half(String),
    /// A redirect to this address.
    Elsewhere(String),
    /// A body of any bytes.
    Bytes(Vec<u8>),
}

impl From<Value> for Says {
    fn from(body: Value) -> Self {
        Self::Body(body.to_string())
    }
}

/// What the server was asked.
#[derive(Clone, Debug)]
pub struct Asked {
    pub path: String,
    pub headers: HeaderMap,
    pub body: Value,
}

/// A model's server on this machine. Stops when it is dropped.
pub struct Fake {
    pub base_url: String,
    script: Script,
    server: JoinHandle<()>,
}

impl Drop for Fake {
    fn drop(&mut self) {
        self.server.abort();
    }
}

#[derive(Clone, Default)]
struct Script {
    left: Arc<Mutex<VecDeque<Says>>>,
    asked: Arc<Mutex<Vec<Asked>>>,
}

impl Fake {
    /// A server with a script. The last answer is repeated.
    pub async fn saying(script: impl IntoIterator<Item = Says>) -> Self {
        let left = Arc::new(Mutex::new(script.into_iter().collect()));
        let script = Script { left, ..Script::default() };
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let base_url = format!("http://{}/v1", listener.local_addr().unwrap());
        let router = Router::new().fallback(answer).with_state(script.clone());
        let server = tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
        Self { base_url, script, server }
    }

    /// Everything it was asked so far.
    pub fn asked(&self) -> Vec<Asked> {
        self.script.asked.lock().unwrap().clone()
    }

    /// Says this from now on.
    pub fn say(&self, says: Says) {
        *self.script.left.lock().unwrap() = VecDeque::from([says]);
    }
}

async fn answer(State(script): State<Script>, request: Request) -> Response {
    let (parts, body) = request.into_parts();
    let body = axum::body::to_bytes(body, usize::MAX).await.unwrap();
    script.asked.lock().unwrap().push(Asked {
        path: parts.uri.path().to_owned(),
        headers: parts.headers,
        body: serde_json::from_slice(&body).unwrap(),
    });
    let says = {
        let mut left = script.left.lock().unwrap();
        if left.len() > 1 { left.pop_front().unwrap() } else { left.front().unwrap().clone() }
    };
    match says {
        Says::Body(body) => body.into_response(),
        Says::Status(status, retry_after, body) => {
            let mut response = (StatusCode::from_u16(status).unwrap(), body).into_response();
            if let Some(seconds) = retry_after {
                response.headers_mut().insert("retry-after", seconds.parse().unwrap());
            }
            response
        }
        Says::Never => std::future::pending().await,
        Says::Half(beginning) => {
            let parts = [Ok(Bytes::from(beginning)), Err(io::Error::other("the plug was pulled"))];
            Body::from_stream(futures::stream::iter(parts)).into_response()
        }
        Says::Elsewhere(address) => (StatusCode::FOUND, [("location", address)]).into_response(),
        Says::Bytes(bytes) => bytes.into_response(),
    }
}

/// A completion with these calls, as a well-behaved server sends it.
pub fn calls(calls: &[(&str, Value)]) -> Says {
    let calls: Vec<Value> = calls
        .iter()
        .enumerate()
        .map(|(index, (name, arguments))| {
            json!({"id": format!("c{index}"), "type": "function",
                   "function": {"name": name, "arguments": arguments.to_string()}})
        })
        .collect();
    message(json!({"role": "assistant", "content": null, "tool_calls": calls}), "tool_calls")
}

/// A completion with this message.
pub fn message(message: Value, finish_reason: &str) -> Says {
    json!({
        "id": "chatcmpl-1", "object": "chat.completion", "created": 1_764_000_000, "model": "m-2",
        "choices": [{"index": 0, "message": message, "finish_reason": finish_reason}],
        "usage": {"prompt_tokens": 1000, "completion_tokens": 20, "total_tokens": 1020,
                  "prompt_tokens_details": {"cached_tokens": 800}},
    })
    .into()
}
