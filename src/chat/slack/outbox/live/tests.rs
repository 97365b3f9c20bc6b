//! How long a run is shown live.

use std::sync::Arc;

use axum::extract::Path;
use axum::routing::post;
use axum::{Json, Router};
use jiff::Timestamp;
use secrecy::SecretString;
use serde_json::{Value, json};
use tokio::net::TcpListener;

use super::*;
use crate::domain::{Place, Platform, Reply};
use crate::store::Author;

/// A Slack that takes everything, and the methods that were called since one last looked.
async fn slack() -> (Client, impl Fn() -> Vec<String>) {
    let called: Arc<Mutex<Vec<(String, Value)>>> = Arc::default();
    let taken = Arc::clone(&called);
    let take = async move |Path(method): Path<String>, body: String| {
        // Reading calls send a form.
        let body = serde_json::from_str(&body).unwrap_or_default();
        taken.lock().unwrap().push((method, body));
        Json(json!({ "ok": true, "ts": "2.000000", "messages": [] }))
    };
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let base = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(axum::serve(listener, Router::new().route("/{method}", post(take))).into_future());
    let client = Client::new(&base, SecretString::from("xoxb-1"), None).unwrap();
    let told = move || {
        let called = std::mem::take(&mut *called.lock().unwrap());
        let told = called.into_iter().map(|(method, body)| {
            let tasks = body.get("chunks").and_then(Value::as_array).cloned().unwrap_or_default();
            let tasks = tasks.iter().map(|task| format!(" {} {}", task["title"], task["status"]));
            format!("{method}{}", tasks.collect::<String>()).replace('"', "")
        });
        told.collect()
    };
    (client, told)
}

/// A card that says that something runs, and at which step.
fn card(step: &str, version: i64) -> MessageRow {
    let at: Timestamp = "2030-01-15T12:00:00Z".parse().unwrap();
    let place = Place {
        platform: Platform::Slack,
        workspace: "T1".to_owned(),
        channel: "D1".to_owned(),
        thread: None,
    };
    MessageRow {
        id: MessageId::mint(at, [1; 10]),
        place,
        author: Author::Bot,
        body: MessageBody::Reply { reply: Reply::say(Tone::Running, format!("Running: {step}")) },
        request: None,
        at,
        edited_at: None,
        deleted: false,
        version,
        delivered: 0,
        remote: Some("1.000000".to_owned()),
    }
}

#[tokio::test]
async fn after_four_minutes_it_is_put_down_and_the_card_goes_on() {
    let (client, told) = slack().await;
    let live = Live::default();
    let (first, second, third) = (card("one", 1), card("two", 2), card("three", 3));
    let began = Instant::now();
    live.turns(&client, &first, &Stage::of(&first), "1.000000").await.unwrap();
    let began_by = Instant::now();
    assert_eq!(told(), ["conversations.replies", "chat.startStream one in_progress"]);
    live.put_down_old(&client, began + MOST).await;
    assert_eq!(live.goes_on(&client, &second, &Stage::of(&second)).await.unwrap(), Shown::Live);
    assert_eq!(told(), ["chat.appendStream one complete two in_progress"], "four minutes are not over");
    live.put_down_old(&client, began_by + MOST + Duration::from_millis(1)).await;
    assert_eq!(told(), ["chat.stopStream two complete"]);
    // From here on its card is edited, and it is not shown live a second time.
    assert_eq!(live.goes_on(&client, &third, &Stage::of(&third)).await.unwrap(), Shown::Not);
    live.turns(&client, &third, &Stage::of(&third), "1.000000").await.unwrap();
    live.turns(&client, &third, &Stage::Still(Status::Complete), "1.000000").await.unwrap();
    live.put_down_old(&client, began_by + 2 * MOST).await;
    assert_eq!(told(), Vec::<String>::new());
}
