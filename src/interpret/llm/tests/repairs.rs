//! What the catalogue does not accept goes back to the model, and comes to a question in the end.

use serde_json::json;

use super::fake::{Fake, Says, calls};
use super::servers::{DEPLOY, asked, came_of, deploy};
use super::{model, reading, shown};

/// What the catalogue does not accept goes back with the reason. The next request holds the whole exchange, in the form
/// that servers insist on: each call with an answer of its own.
#[tokio::test]
async fn a_wrong_call_goes_back_and_can_be_put_right() {
    let wrong = json!({"service": "checkout", "version": "2.4.1", "environment": "staging", "force": true});
    let fake =
        Fake::saying([calls(&[("deploy", wrong), ("pending", json!({}))]), calls(&[("deploy", deploy())])])
            .await;
    let tried = model(&fake.base_url).read(&reading("deploy checkout 2.4.1 to staging")).await;
    assert_eq!(shown(&tried.outcome), DEPLOY);
    let asked = fake.asked();
    let [first, second] = asked.as_slice() else { panic!("{} requests", asked.len()) };
    let (first, second) =
        (first.body["messages"].as_array().unwrap(), second.body["messages"].as_array().unwrap());
    assert_eq!(second[..2], first[..]);
    insta::assert_snapshot!(serde_json::to_string_pretty(&second[2..]).unwrap());
    let usage = tried.usage.unwrap();
    assert_eq!(
        (usage.attempts, usage.prompt_tokens, usage.cached_tokens, usage.completion_tokens),
        (2, 2000, 1600, 40)
    );
}

/// Twice at most; then the asker is asked.
#[tokio::test]
async fn what_stays_wrong_becomes_a_question() {
    let cases: Vec<(&str, Says)> = vec![
        ("a tool that does not exist", calls(&[("delete_everything", json!({}))])),
        (
            "an argument that does not exist",
            calls(&[("status", json!({"service": "checkout", "force": true}))]),
        ),
        ("a service that does not exist", calls(&[("status", json!({"service": "billing"}))])),
        (
            "an environment with a slip",
            calls(&[("status", json!({"service": "checkout", "environment": "prodution"}))]),
        ),
        (
            "a number as text",
            calls(&[("scale", json!({"service": "checkout", "replicas": "6", "environment": "staging"}))]),
        ),
        (
            "a fraction",
            calls(&[("scale", json!({"service": "checkout", "replicas": 6.5, "environment": "staging"}))]),
        ),
        ("a list", calls(&[("status", json!(["checkout"]))])),
        ("text in text", calls(&[("status", json!("{\"service\": \"checkout\"}"))])),
        (
            "a key twice",
            asked(json!({"id": "1", "function": {"name": "deploy",
            "arguments": "{\"service\":\"checkout\",\"version\":\"1\",\"environment\":\"staging\",\"environment\":\"production\"}"}})),
        ),
        (
            "no JSON",
            asked(json!({"id": "1", "function": {"name": "deploy", "arguments": "{service: checkout"}})),
        ),
        ("no name", asked(json!({"id": "1", "function": {"arguments": "{}"}}))),
        ("no function", asked(json!({"id": "1"}))),
        ("a hidden character", calls(&[("logs", json!({"service": "checkout", "filter": "a\u{202E}b"}))])),
        ("a question of another form", calls(&[("ask_clarification", json!({"ask": "what?"}))])),
        ("one right, one wrong", calls(&[("deploy", deploy()), ("status", json!({"service": 1}))])),
    ];
    let mut lines = Vec::new();
    for (name, says) in cases {
        let (shown, requests) = came_of([says]).await;
        assert_eq!(requests, 3, "{name}");
        lines.push(format!("{name}: {shown}"));
    }
    insta::assert_snapshot!(lines.join("\n"));
}
