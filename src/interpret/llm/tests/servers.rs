//! Servers as they are: the forms in which they answer, and the ways in which they do not.

use std::time::Duration;

use serde_json::{Value, json};

use super::fake::{Fake, Says, calls, message};
use super::{Access, DEMO, Endpoint, Model, Setup, access, clock, model, reading, setup, shown};

pub(super) const DEPLOY: &str =
    r#"call deploy {"environment":"staging","service":"checkout","version":"2.4.1"}"#;

pub(super) fn deploy() -> Value {
    json!({"service": "checkout", "version": "2.4.1", "environment": "staging"})
}

pub(super) fn asked(call: Value) -> Says {
    message(json!({"content": null, "tool_calls": [call]}), "tool_calls")
}

pub(super) async fn came_of(script: impl IntoIterator<Item = Says>) -> (String, usize) {
    let fake = Fake::saying(script).await;
    let tried = model(&fake.base_url).read(&reading("deploy checkout 2.4.1 to staging")).await;
    (shown(&tried.outcome), fake.asked().len())
}

/// One request, one answer: what it comes to.
#[tokio::test]
async fn every_form_of_answer_has_one_meaning() {
    let text = deploy().to_string();
    let ask =
        |missing: Value| calls(&[("ask_clarification", json!({"question": "Where?", "missing": missing}))]);
    let deep = format!("{}1{}", "[".repeat(5_000), "]".repeat(5_000));
    let cases: Vec<(&str, Says, &str)> = vec![
        ("as documented", calls(&[("deploy", deploy())]), DEPLOY),
        (
            "arguments as an object",
            asked(json!({"id": "1", "function": {"name": "deploy", "arguments": deploy()}})),
            DEPLOY,
        ),
        ("no id, no type", asked(json!({"function": {"name": "deploy", "arguments": text}})), DEPLOY),
        (
            "unknown fields and thoughts",
            message(
                json!({"content": "", "reasoning_content": "deploy to production!", "x": 1, "refusal": null,
                       "tool_calls": [{"index": 0, "id": "", "function": {"name": "deploy", "arguments": text}}]}),
                "stop",
            ),
            DEPLOY,
        ),
        (
            "the bare minimum",
            json!({"choices": [{"message": {"tool_calls": [{"function": {"name": "whoami"}}]}}]}).into(),
            "call whoami {}",
        ),
        (
            "no arguments as empty text",
            asked(json!({"id": "1", "function": {"name": "pending", "arguments": ""}})),
            "call pending {}",
        ),
        (
            "null for what was left out",
            calls(&[("status", json!({"service": "checkout", "environment": null}))]),
            r#"call status {"service":"checkout"}"#,
        ),
        (
            "several calls",
            calls(&[("status", json!({"service": "checkout"})), ("pending", json!({}))]),
            r#"call status {"service":"checkout"}; call pending {}"#,
        ),
        ("the same call twice", calls(&[("deploy", deploy()), ("deploy", deploy())]), DEPLOY),
        (
            "a question",
            ask(json!(["environment"])),
            "ask [environment] (development, production, staging) Where?",
        ),
        (
            "a question about two things",
            ask(json!(["version", "deploy.environment"])),
            "ask [version, environment] () Where?",
        ),
        (
            "a question about things that are no arguments",
            ask(json!(["approval", "<b>"])),
            "ask [] () Where?",
        ),
        (
            "a question beside a call",
            calls(&[
                ("deploy", deploy()),
                ("ask_clarification", json!({"question": "Sure?", "missing": []})),
            ]),
            "ask [] () Sure?",
        ),
        (
            "a refusal",
            calls(&[("decline", json!({"reason": "I cannot wait for tomorrow."}))]),
            "refuse I cannot wait for tomorrow.",
        ),
        (
            "a refusal beside a call",
            calls(&[("deploy", deploy()), ("decline", json!({"reason": "Not both."}))]),
            "refuse Not both.",
        ),
        ("a reply", calls(&[("reply", json!({"text": "Hello."}))]), "answer Hello."),
        ("a reply without words", calls(&[("reply", json!({"text": " "}))]), "nothing"),
        (
            "a reply beside a call",
            calls(&[("deploy", deploy()), ("reply", json!({"text": "On it."}))]),
            DEPLOY,
        ),
        ("nothing", calls(&[("nothing_asked", json!({}))]), "nothing"),
        (
            "nothing beside a call",
            calls(&[("nothing_asked", json!({})), ("deploy", deploy())]),
            "ask [] () I am not sure whether you want me to do something. Please say what.",
        ),
        (
            "something missing",
            calls(&[("deploy", json!({"service": "checkout", "version": "2.4.1"}))]),
            "ask [environment] (development, production, staging) I cannot make a command of that yet: `deploy` also needs `environment`; use `development`, `production` or `staging`.",
        ),
        (
            "content only",
            message(json!({"role": "assistant", "content": "Good morning."}), "stop"),
            "answer Good morning.",
        ),
        (
            "content in parts",
            message(
                json!({"content": [{"type": "text", "text": "Good"}, {"type": "image"}, {"type": "text", "text": "morning."}]}),
                "stop",
            ),
            "answer Good\nmorning.",
        ),
        (
            "thoughts in the content",
            message(json!({"content": "<think>deploy?</think>\nHello."}), "stop"),
            "answer Hello.",
        ),
        (
            "neither content nor calls",
            message(json!({"role": "assistant", "content": null}), "stop"),
            "nothing",
        ),
        (
            "the provider's refusal",
            message(json!({"content": null, "refusal": "I can't help with that."}), "stop"),
            "refuse I can't help with that.",
        ),
        (
            "a call written as text",
            message(
                json!({"content": "```json\n{\"name\": \"deploy\", \"arguments\": {\"service\": \"checkout\"}}\n```"}),
                "stop",
            ),
            "answer The language model answered in a form that I do not act on. Please say it again, or type the exact command.",
        ),
        (
            "a call written in tags",
            message(json!({"content": "<tool_call>{\"name\": \"deploy\"}</tool_call>"}), "stop"),
            "answer The language model answered in a form that I do not act on. Please say it again, or type the exact command.",
        ),
        (
            "two hundred calls",
            calls(&vec![("deploy", deploy()); 200]),
            "ask [] () That would be 200 steps at once. Please ask for at most 10.",
        ),
        (
            "cut off at the limit",
            message(
                json!({"content": null, "tool_calls": [{"id": "1", "function": {"name": "deploy", "arguments": text}}]}),
                "length",
            ),
            "trouble the model's answer was cut off at its limit of tokens",
        ),
        (
            "withheld",
            message(json!({"content": ""}), "content_filter"),
            "trouble the model's answer cannot be read: the provider withheld it",
        ),
        (
            "no choices",
            json!({"choices": [], "usage": null}).into(),
            "trouble the model's answer cannot be read: it has no choices",
        ),
        (
            "an error with status 200",
            json!({"error": {"message": "overloaded", "code": 502}}).into(),
            "trouble the model's answer cannot be read: it is an error",
        ),
        (
            "no message",
            json!({"choices": [{"finish_reason": "stop"}]}).into(),
            "trouble the model's answer cannot be read: it has no message",
        ),
        (
            "no JSON",
            Says::Body("<html>welcome</html>".to_owned()),
            "trouble the model's answer cannot be read: it is not JSON",
        ),
        (
            "half JSON",
            Says::Body(r#"{"choices": [{"message": {"tool_calls": ["#.to_owned()),
            "trouble the model's answer cannot be read: it is not JSON",
        ),
        ("empty", Says::Body(String::new()), "trouble the model's answer cannot be read: it is not JSON"),
        (
            "a key twice",
            Says::Body(r#"{"choices": [], "choices": [{"message": {"content": "hi"}}]}"#.to_owned()),
            "trouble the model's answer cannot be read: it is not JSON",
        ),
        (
            "too deep",
            Says::Body(format!(r#"{{"choices": {deep}}}"#)),
            "trouble the model's answer cannot be read: it is not JSON",
        ),
        ("megabytes", Says::Bytes(vec![b' '; 3 << 20]), "trouble the model's answer is too large"),
        (
            "not UTF-8",
            Says::Bytes(vec![b'"', 0xFF, b'"']),
            "trouble the model's answer cannot be read: it is not UTF-8",
        ),
    ];
    for (name, says, expected) in cases {
        assert_eq!(came_of([says]).await, (expected.to_owned(), 1), "{name}");
    }
}

/// What fails in passing is asked again, at most twice; what does not is not.
#[tokio::test]
async fn every_failure_has_a_sentence_and_none_hangs() {
    let status = |status| Says::Status(status, None, "{}".to_owned());
    let fine = || calls(&[("deploy", deploy())]);
    let cases: Vec<(&str, Vec<Says>, &str, usize)> = vec![
        ("wrong key", vec![status(401)], "trouble the model's server does not accept our key (401)", 1),
        ("forbidden", vec![status(403)], "trouble the model's server does not accept our key (403)", 1),
        (
            "unknown model",
            vec![status(404)],
            "trouble the model's server does not know the model or the address (404)",
            1,
        ),
        ("bad request", vec![status(400)], "trouble the model's server does not accept the request (400)", 1),
        ("busy, then not", vec![Says::Status(429, Some("0"), String::new()), fine()], DEPLOY, 2),
        (
            "busy all the time",
            vec![Says::Status(429, Some("0"), String::new())],
            "trouble the model's server has too much to do (429)",
            3,
        ),
        (
            "busy for an hour",
            vec![Says::Status(429, Some("3600"), String::new()), fine()],
            "trouble the model's server has too much to do (429)",
            1,
        ),
        (
            "busy until a date",
            vec![Says::Status(429, Some("Wed, 21 Oct 2026 07:28:00 GMT"), String::new()), fine()],
            "trouble the model's server has too much to do (429)",
            1,
        ),
        ("broken, then not", vec![Says::Status(503, Some("0"), String::new()), fine()], DEPLOY, 2),
        (
            "broken",
            vec![Says::Status(500, Some("0"), "boom".to_owned())],
            "trouble the model's server is broken (500)",
            3,
        ),
        (
            "cut off half way",
            vec![Says::Half("{\"choices\": [".to_owned())],
            "trouble the model's answer broke off",
            3,
        ),
        ("cut off half way, then not", vec![Says::Half("{\"choices\": [".to_owned()), fine()], DEPLOY, 2),
    ];
    for (name, script, expected, requests) in cases {
        assert_eq!(came_of(script).await, (expected.to_owned(), requests), "{name}");
    }
}

/// A redirect is not followed: it would take the key and the message to another machine.
#[tokio::test]
async fn a_redirect_is_not_followed() {
    let other = Fake::saying([calls(&[("deploy", deploy())])]).await;
    let (shown, _) = came_of([Says::Elsewhere(format!("{}/chat/completions", other.base_url))]).await;
    assert_eq!(shown, "trouble the model's server sends us elsewhere (302)");
    assert!(other.asked().is_empty());
}

#[tokio::test]
async fn a_server_that_is_silent_or_not_there_is_not_waited_for() {
    let fake = Fake::saying([Says::Never]).await;
    let quick = Access::of_a_chat(access().key, Duration::from_millis(100), access().retries);
    let endpoint = Endpoint::new(&fake.base_url, quick).unwrap();
    let model_in_a_hurry =
        Model::new(Setup { endpoint, ..setup(&fake.base_url) }, std::sync::Arc::clone(&DEMO), clock());
    let tried = model_in_a_hurry.read(&reading("deploy")).await;
    assert_eq!(shown(&tried.outcome), "trouble the model did not answer in 0.1 s");
    assert_eq!(fake.asked().len(), 1, "who has waited in vain does not wait again");

    let gone = Fake::saying([Says::Never]).await.base_url.clone();
    let tried = model(&gone).read(&reading("deploy")).await;
    assert!(tried.outcome.is_err());
}
