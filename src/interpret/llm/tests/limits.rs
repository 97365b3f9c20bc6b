//! What keeps a failing or a costly model in bounds, and who reads instead.

use std::sync::Arc;
use std::time::Duration;

use serde_json::json;

use super::fake::{Fake, Says, calls};
use super::{Budget, DEMO, KEY, Model, Setup, clock, model, reading, setup, shown};
use crate::domain::{Interpretation, Origin, PersonId};
use crate::interpret::llm::{Prompt, Tariff, WithFallback, micros};
use crate::interpret::{Interpreter, Read, Reading, Thinking, Usage};

const TARIFF: Tariff = Tariff { input: 150_000, cached: 75_000, output: 600_000 };

fn fine() -> Says {
    calls(&[("pending", json!({}))])
}

/// Somebody who reads everything as an answer.
struct Parrot;

impl Interpreter for Parrot {
    fn name(&self) -> &'static str {
        "parrot"
    }

    fn read(&self, reading: Reading) -> Thinking<'_> {
        let interpretation = Interpretation::Answer(reading.text);
        Box::pin(std::future::ready(Read { interpretation, by: Origin::Offline, usage: None, note: None }))
    }
}

#[tokio::test]
async fn after_five_failures_the_server_has_a_rest_and_one_request_tries() {
    let down = Says::Status(401, None, String::new());
    let fake = Fake::saying(vec![down; 6].into_iter().chain([fine()])).await;
    let clock = clock();
    let model = Model::new(setup(&fake.base_url), Arc::clone(&DEMO), Arc::clone(&clock) as _);
    let ask = async || shown(&model.read(&reading("hello")).await.outcome);
    let (no, resting) = (
        "trouble the model's server does not accept our key (401)",
        "trouble the model has failed several times and is asked again in a moment",
    );
    for _ in 0..5 {
        assert_eq!(ask().await, no);
    }
    assert_eq!(ask().await, resting);
    clock.advance(Duration::from_secs(29));
    assert_eq!(ask().await, resting);
    clock.advance(Duration::from_secs(1));
    assert_eq!(ask().await, no, "one tries");
    assert_eq!(ask().await, resting, "and in vain");
    clock.advance(Duration::from_secs(30));
    assert_eq!(ask().await, "call pending {}");
    assert_eq!(ask().await, "call pending {}", "closed again");
    assert_eq!(fake.asked().len(), 8);
}

#[tokio::test]
async fn failures_far_apart_open_nothing() {
    let fake = Fake::saying([Says::Status(404, None, String::new())]).await;
    let clock = clock();
    let model = Model::new(setup(&fake.base_url), Arc::clone(&DEMO), Arc::clone(&clock) as _);
    for _ in 0..12 {
        assert!(shown(&model.read(&reading("hello")).await.outcome).contains("(404)"));
        clock.advance(Duration::from_secs(16));
    }
}

#[tokio::test]
async fn a_budget_is_a_persons_and_an_hours() {
    let fake = Fake::saying([fine()]).await;
    // What is set aside before the answer is an estimate; twice the reported 1,020 tokens do not fit.
    let budget = Budget { tokens: Some(7_500), cost: None };
    let clock = clock();
    let model =
        Model::new(Setup { budget, ..setup(&fake.base_url) }, Arc::clone(&DEMO), Arc::clone(&clock) as _);
    let mut answers = Vec::new();
    while answers.len() < 20 {
        let outcome = model.read(&reading("hello")).await.outcome;
        let spent = outcome.is_err();
        answers.push(shown(&outcome));
        if spent {
            break;
        }
    }
    let (last, before) = answers.split_last().unwrap();
    assert!(
        (1..8).contains(&before.len()) && before.iter().all(|answer| answer == "call pending {}"),
        "{answers:?}"
    );
    assert_eq!(last, "trouble your budget for the language model is used up until 10:00 UTC");
    let requests = fake.asked().len();
    assert_eq!(requests, before.len(), "what is refused is not sent");

    let tom = Reading { asker: Some(PersonId("tom".to_owned())), ..reading("hello") };
    assert!(model.read(&tom).await.outcome.is_ok());
    clock.advance(Duration::from_secs(120));
    assert!(model.read(&reading("hello")).await.outcome.is_ok(), "a new hour");
}

/// Many readings at once do not pass the limit together: each sets aside what it may take.
#[tokio::test]
async fn a_flood_stays_within_the_budget() {
    let fake = Fake::saying([fine()]).await;
    let budget = Budget { tokens: None, cost: Some(micros("0.003").unwrap()) };
    let setup = Setup { budget, tariff: Some(TARIFF), ..setup(&fake.base_url) };
    let model = Model::new(setup, Arc::clone(&DEMO), clock());
    let reading = reading("hello");
    let tried = futures::future::join_all((0..40).map(|_| model.read(&reading))).await;
    let read = tried.iter().filter(|tried| tried.outcome.is_ok()).count();
    assert!((1..=3).contains(&read), "{read}");
    assert_eq!(fake.asked().len(), read);
}

#[tokio::test]
async fn what_a_reading_took_is_told_with_its_price() {
    let fake = Fake::saying([fine()]).await;
    let model =
        Model::new(Setup { tariff: Some(TARIFF), ..setup(&fake.base_url) }, Arc::clone(&DEMO), clock());
    let tried = model.read(&reading("what waits for me?")).await;
    let usage = Usage { latency_ms: 0, ..tried.usage.unwrap() };
    // 200 fresh, 800 cached and 20 returned tokens: 30 + 60 + 12 millionths.
    assert_eq!(
        usage,
        Usage {
            prompt_tokens: 1_000,
            cached_tokens: 800,
            completion_tokens: 20,
            cost_micros: Some(102),
            latency_ms: 0,
            attempts: 1,
        }
    );
    let by = Origin::Model { model: "m-1".to_owned(), prompt: Prompt::shipped().digest(), tainted: false };
    assert_eq!(tried.by, by);
    let Ok(Interpretation::Calls(calls)) = tried.outcome else { panic!() };
    assert_eq!(calls[0].origin, by);
}

/// Who does not count tokens is counted for: four characters each.
#[tokio::test]
async fn tokens_that_nobody_counted_are_estimated() {
    let fake = Fake::saying([json!({"choices": [{"message": {"content": "Hello."}}]}).into()]).await;
    let usage = model(&fake.base_url).read(&reading("hello")).await.usage.unwrap();
    let sent = fake.asked()[0].body.to_string().len() as u64;
    assert!(usage.prompt_tokens.abs_diff(sent / 4) <= 2, "{usage:?} {sent}");
    assert!(usage.completion_tokens > 0);
}

#[test]
fn amounts_are_exact_or_refused() {
    for (text, value) in [("0", 0), ("1", 1_000_000), ("0.15", 150_000), ("2.50", 2_500_000), ("0.000001", 1)]
    {
        assert_eq!(micros(text), Some(value), "{text}");
    }
    for text in ["", ".5", "5.", "-1", "1e3", "1,5", "0.0000001", "NaN", "1.2.3", "99999999999999999999"] {
        assert_eq!(micros(text), None, "{text}");
    }
    assert_eq!(TARIFF.cost(&Usage { prompt_tokens: 1, ..Usage::default() }), 1, "rounded up");
    let huge = Usage { prompt_tokens: u64::MAX, completion_tokens: u64::MAX, ..Usage::default() };
    let exact = (u128::from(u64::MAX) * 750_000).div_ceil(1_000_000);
    assert_eq!(u128::from(TARIFF.cost(&huge)), exact, "no overflow");
}

#[tokio::test]
async fn when_the_model_fails_somebody_else_reads_and_says_so() {
    let fake = Fake::saying([Says::Status(429, Some("60"), String::new()), fine()]).await;
    let reader = WithFallback::new(model(&fake.base_url), Arc::new(Parrot));
    let read = reader.read(reading("hello")).await;
    assert_eq!(read.interpretation, Interpretation::Answer("hello".to_owned()));
    assert_eq!(read.by, Origin::Offline);
    assert_eq!(read.note.unwrap(), "the model's server has too much to do (429); read without it");
    assert_eq!(read.usage.unwrap().attempts, 1);

    let read = reader.read(reading("hello")).await;
    assert!(matches!(read.by, Origin::Model { .. }) && read.note.is_none());

    let long = reader.read(reading(&"deploy ".repeat(1_000))).await;
    assert_eq!(
        long.note.unwrap(),
        "the message has 6999 characters, too many for the model; read without it"
    );
    assert_eq!(long.usage, None, "nothing was sent");
}

#[tokio::test]
async fn what_a_stranger_says_reaches_no_model() {
    let fake = Fake::saying([fine()]).await;
    let reader = WithFallback::new(model(&fake.base_url), Arc::new(Parrot));
    let read = reader.read(Reading { asker: None, ..reading("hello") }).await;
    assert_eq!(read.interpretation, Interpretation::Answer("hello".to_owned()));
    assert!(fake.asked().is_empty() && read.usage.is_none() && read.note.is_none());
}

/// A server that repeats the key in its error, its question and its call: none of it comes out.
#[tokio::test]
async fn the_key_never_comes_back() {
    let echo =
        json!({"error": {"message": format!("Incorrect API key provided: {KEY}"), "code": KEY}}).to_string();
    let question = json!({"question": format!("Is {KEY} right?"), "missing": []});
    for says in [
        Says::Status(401, None, echo),
        calls(&[("ask_clarification", question)]),
        calls(&[(KEY, json!({}))]),
        calls(&[("status", json!({"service": KEY}))]),
    ] {
        let fake = Fake::saying([says]).await;
        let tried = model(&fake.base_url).read(&reading("hello")).await;
        assert!(!format!("{tried:?}").contains(KEY), "{tried:?}");
        let sent = &fake.asked()[0];
        assert_eq!(sent.headers["authorization"], format!("Bearer {KEY}"));
        assert_eq!(sent.path, "/v1/chat/completions");
        assert!(!sent.body.to_string().contains(KEY));
    }
}
