use std::future::IntoFuture as _;
use std::pin::pin;
use std::sync::{Arc, Mutex};

use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse as _, Response};
use countersign::domain::Digest;
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio::sync::{Notify, watch};
use tokio::time::timeout;

use crate::support::PATIENCE;

/// A model's server. What it answers follows from the bytes of a request alone, so that the same question gets the same
/// answer however it is put.
pub struct Model {
    shared: Arc<Shared>,
    pub base_url: String,
    server: tokio::task::JoinHandle<std::io::Result<()>>,
}

struct Shared {
    bodies: Mutex<Vec<String>>,
    moved: Notify,
    /// So many are answered; the others wait.
    most: watch::Sender<usize>,
}

impl Model {
    pub async fn open() -> Self {
        Self::that_answers(usize::MAX).await
    }

    /// One that answers so many requests, and keeps the others waiting until [`Model::go_on`].
    pub async fn that_answers(most: usize) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let base_url = format!("http://{}/v1", listener.local_addr().unwrap());
        let shared = Arc::new(Shared {
            bodies: Mutex::default(),
            moved: Notify::new(),
            most: watch::Sender::new(most),
        });
        let router = Router::new().fallback(respond).with_state(Arc::clone(&shared));
        Self { shared, base_url, server: tokio::spawn(axum::serve(listener, router).into_future()) }
    }

    pub fn go_on(&self) {
        self.shared.most.send_replace(usize::MAX);
    }

    /// The bodies that were posted so far, in order.
    pub fn asked(&self) -> Vec<String> {
        self.shared.bodies.lock().unwrap().clone()
    }

    pub async fn is_asked(&self, times: usize) {
        let asked = async {
            loop {
                let mut moved = pin!(self.shared.moved.notified());
                moved.as_mut().enable();
                if self.shared.bodies.lock().unwrap().len() >= times {
                    return;
                }
                moved.await;
            }
        };
        timeout(PATIENCE, asked).await.unwrap_or_else(|_| panic!("it was not asked {times} times"));
    }
}

impl Drop for Model {
    fn drop(&mut self) {
        self.server.abort();
    }
}

async fn respond(State(shared): State<Arc<Shared>>, body: Bytes) -> Response {
    let body = String::from_utf8(body.to_vec()).unwrap();
    let number = {
        let mut bodies = shared.bodies.lock().unwrap();
        bodies.push(body.clone());
        bodies.len()
    };
    shared.moved.notify_waiters();
    let mut most = shared.most.subscribe();
    most.wait_for(|most| number <= *most).await.unwrap();
    let (status, answer) = answer(&body);
    (StatusCode::from_u16(status).unwrap(), answer.to_string()).into_response()
}

/// Its answer to a request: now a call, now a question or words, and now and then no answer at all.
pub fn answer(body: &str) -> (u16, Value) {
    let sum = Digest::of(body.as_bytes()).as_bytes()[0];
    let call = |name: &str, args: Value| {
        json!({"role": "assistant", "content": null, "tool_calls": [
            {"id": "c", "type": "function", "function": {"name": name, "arguments": args.to_string()}}]})
    };
    let message = match sum % 16 {
        0 => return (400, json!({"error": {"type": "invalid_request", "message": "I will not have that"}})),
        1..=5 => call("deploy", json!({"service": "checkout", "version": "2.4.1", "environment": "staging"})),
        6..=8 => call("ask_clarification", json!({"question": "Where?", "missing": ["environment"]})),
        9..=10 => call("decline", json!({"reason": "That cannot be done."})),
        11..=13 => call("status", json!({"service": "checkout"})),
        _ => json!({"role": "assistant", "content": "Hello."}),
    };
    let usage = json!({"prompt_tokens": body.len() / 4, "completion_tokens": sum, "total_tokens": body.len() / 4,
                       "prompt_tokens_details": {"cached_tokens": sum}});
    let answer = json!({"id": "x", "object": "chat.completion", "created": 1, "model": "m-2", "usage": usage,
                        "system_fingerprint": "fp_1",
                        "choices": [{"index": 0, "message": message, "finish_reason": "stop"}]});
    (200, answer)
}
