use futures::{Stream, StreamExt as _};

use super::super::fake::console;
use super::*;

/// The stream of a browser that listens.
async fn listen(desk: &Desk) -> impl Stream<Item = String> + Unpin + use<> {
    let request = desk.request("GET", "/events?channel=ops", "");
    let response = desk.router.clone().oneshot(request).await.unwrap();
    assert_eq!(response.headers()[header::CONTENT_TYPE], "text/event-stream");
    let chunks = response.into_body().into_data_stream();
    chunks.map(|chunk| String::from_utf8(chunk.unwrap().into()).unwrap())
}

fn data(event: &str) -> serde_json::Value {
    let line = event.lines().find_map(|line| line.strip_prefix("data: ")).unwrap();
    serde_json::from_str(line).unwrap()
}

#[tokio::test]
async fn a_message_arrives_as_an_escaped_fragment() {
    let desk = Desk::playground();
    let mut events = listen(&desk).await;
    let id = desk.fake.says("bob", console("ops", None), "<script>alert(1)</script>", noon());
    let pushed = data(&events.next().await.unwrap());
    assert_eq!((pushed["id"].as_str(), pushed["channel"].as_str()), (Some(id.as_str()), Some("ops")));
    assert!(pushed["root"].is_null());
    let html = pushed["html"].as_str().unwrap();
    assert!(html.contains(&format!("id=\"{id}\"")) && html.contains("&lt;script&gt;"), "{html}");
    assert!(!html.contains("<script"), "{html}");

    let reply = desk.fake.says("carol", console("ops", Some(id.clone())), "yes", noon());
    let pushed = data(&events.next().await.unwrap());
    assert_eq!((pushed["id"].as_str(), pushed["root"].as_str()), (Some(reply.as_str()), Some(id.as_str())));
}

#[tokio::test]
async fn what_one_does_not_see_is_not_pushed() {
    let desk = Desk::playground();
    let mut events = listen(&desk).await;
    desk.fake.says("carol", console("security", None), "secret", noon());
    desk.fake.says("carol", console("ops", None), "public", noon());
    assert_eq!(data(&events.next().await.unwrap())["channel"], "ops");
}

#[tokio::test]
async fn what_is_out_of_view_comes_with_how_much_is_unread_there() {
    let desk = Desk::playground();
    let mut events = listen(&desk).await;
    let mut unread = async || data(&events.next().await.unwrap())["unread"].clone();
    let root = desk.fake.says("carol", console("incidents", None), "it burns", noon());
    assert_eq!(unread().await, 1);
    desk.fake.says("bob", console("incidents", Some(root)), "on my way", noon());
    assert_eq!(unread().await, 2);
    desk.fake.says("carol", console("ops", None), "all quiet", noon());
    assert_eq!(unread().await, serde_json::Value::Null);
}

#[tokio::test]
async fn who_falls_behind_is_told_to_fetch_the_page() {
    let desk = Desk::playground();
    let mut events = listen(&desk).await;
    for _ in 0..65 {
        desk.fake.says("bob", console("ops", None), "again", noon());
    }
    assert!(events.next().await.unwrap().contains("event: gap"));
}

#[tokio::test]
async fn a_stream_ends_with_its_session_and_with_the_house() {
    let mut desk = Desk::accounts();
    desk.account("alice", "correct");
    desk.sign_in("alice", "correct").await;
    let mut events = listen(&desk).await;
    let csrf = desk.csrf("/c/ops").await;
    desk.post("/session/close", &format!("csrf={csrf}")).await;
    desk.fake.says("bob", console("ops", None), "not for you any more", noon());
    assert_eq!(events.next().await, None);

    let desk = Desk::playground();
    let mut events = listen(&desk).await;
    desk.closing.send(true).unwrap();
    assert_eq!(events.next().await, None);
}
