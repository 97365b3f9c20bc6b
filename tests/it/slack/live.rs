//! Long runs, shown live in a conversation.

use serde_json::json;

use crate::support::slack::{Fault, Seen};
use crate::support::{Answer, BackEnd, Office, Way, service};

const HERE: &str = "D0ALICE";
const STREAMS: [&str; 3] = ["chat.startStream", "chat.appendStream", "chat.stopStream"];

/// A back end whose staging takes a deployment and has done as much of it as it is told.
pub async fn staged() -> BackEnd {
    let back_end = BackEnd::well().await;
    staging(&back_end);
    back_end
}

pub fn staging(back_end: &BackEnd) {
    let there = "/v1/environments/staging/services/order-service";
    let mut running = service(3, "v2.4.0");
    running["environment"] = "staging".into();
    back_end.answers(&format!("GET {there}"), Answer::Json(200, running));
    let taken = json!({ "id": "dep_1", "state": "running" });
    back_end.answers(&format!("POST {there}/deployments"), Answer::Json(202, taken));
}

/// Asks for a deployment in a conversation with the assistant, and returns the card when it runs.
pub async fn asks(office: &Office, back_end: &BackEnd) -> Seen {
    back_end.deployment("running", "1 of 3 replicas");
    let thread = office.slack.write(HERE, "U0BOT", "", None);
    office.says_in(HERE, "U0ALICE", "/deploy order-service v2.4.1 staging", Some(&thread)).await;
    office.slack.shows(HERE, "Running: ").await
}

/// The second step, and the end.
pub async fn ends(office: &Office, back_end: &BackEnd, card: &Seen) {
    back_end.deployment("succeeded", "3 of 3 replicas");
    office.slack.becomes(HERE, &card.ts, "order-service v2.4.1 runs in staging").await;
    office.delivered().await;
}

/// The messages below the card that show tasks, and whether one still grows.
async fn grown(office: &Office) -> (Vec<String>, bool) {
    let all = office.slack.channel(HERE).into_iter();
    let grown = all.filter(|seen| seen.blocks.iter().any(|block| block["type"] == "task_card"));
    let growing = office.slack.comes("a look", |state| Some(!state.growing.is_empty())).await;
    (grown.map(|seen| without_the_start(&seen.text)).collect(), growing)
}

/// Whether the very first step is shown hangs on whether the next one comes while it is being told.
pub fn without_the_start(text: &str) -> String {
    text.replace("[complete] starting\n", "")
}

const WHOLE: &str = "[complete] 1 of 3 replicas\n[complete] 2 of 3 replicas";

#[tokio::test]
async fn the_steps_of_a_run_come_below_the_card_which_says_how_it_ended() {
    let back_end = staged().await;
    let office = Office::facing(Way::Socket, &back_end).await;
    let card = asks(&office, &back_end).await;
    let live = office.slack.shows(HERE, "[in_progress] 1 of 3 replicas").await;
    assert_eq!(live.thread, card.thread);
    office.caught_up().await;
    let edits = office.slack.called("chat.update");
    back_end.deployment("running", "2 of 3 replicas");
    office.slack.becomes(HERE, &live.ts, "[complete] 1 of 3 replicas\n[in_progress] 2 of 3 replicas").await;
    office.caught_up().await;
    assert_eq!(office.slack.called("chat.update"), edits, "the card is left alone meanwhile");
    ends(&office, &back_end, &card).await;
    assert_eq!(grown(&office).await, (vec![WHOLE.to_owned()], false));
    office.finish().await;
}

#[tokio::test]
async fn a_run_that_fails_ends_its_last_step_so() {
    let back_end = staged().await;
    let office = Office::facing(Way::Http, &back_end).await;
    let card = asks(&office, &back_end).await;
    office.slack.shows(HERE, "[in_progress] 1 of 3 replicas").await;
    back_end.deployment("failed", "no more memory");
    office.slack.becomes(HERE, &card.ts, "It did not work").await;
    office.delivered().await;
    assert_eq!(grown(&office).await, (vec!["[error] 1 of 3 replicas".to_owned()], false));
    office.finish().await;
}

#[tokio::test]
async fn whatever_goes_wrong_on_the_way_each_step_comes_once() {
    for fault in [Fault::Lost, Fault::Swallowed, Fault::Status(503), Fault::Limited(1)] {
        let back_end = staged().await;
        let office = Office::facing(Way::Http, &back_end).await;
        for method in STREAMS {
            office.slack.fails(method, [fault.clone()]);
        }
        let card = asks(&office, &back_end).await;
        office.slack.shows(HERE, "[in_progress] 1 of 3 replicas").await;
        back_end.deployment("running", "2 of 3 replicas");
        office.slack.shows(HERE, "[in_progress] 2 of 3 replicas").await;
        ends(&office, &back_end, &card).await;
        assert_eq!(grown(&office).await, (vec![WHOLE.to_owned()], false), "{fault:?}");
        office.finish().await;
    }
}

#[tokio::test]
async fn where_it_is_not_to_be_had_the_card_is_edited_and_it_is_not_tried_again() {
    let back_end = staged().await;
    let office = Office::facing(Way::Http, &back_end).await;
    office.slack.grows(false);
    for _ in 0..2 {
        let card = asks(&office, &back_end).await;
        back_end.deployment("running", "2 of 3 replicas");
        office.slack.becomes(HERE, &card.ts, "Running: 2 of 3 replicas").await;
        ends(&office, &back_end, &card).await;
    }
    assert_eq!(grown(&office).await, (Vec::new(), false));
    assert_eq!(office.slack.called("chat.startStream"), 1);
    office.finish().await;
}

#[tokio::test]
async fn who_stops_reading_along_stops_nothing_else() {
    let back_end = staged().await;
    let office = Office::facing(Way::Http, &back_end).await;
    let card = asks(&office, &back_end).await;
    office.slack.shows(HERE, "[in_progress] 1 of 3 replicas").await;
    office.caught_up().await;
    office.slack.stops_growing();
    back_end.deployment("running", "2 of 3 replicas");
    office.slack.becomes(HERE, &card.ts, "Running: 2 of 3 replicas").await;
    ends(&office, &back_end, &card).await;
    assert_eq!(grown(&office).await.0.len(), 1);
    office.finish().await;
}

#[tokio::test]
async fn after_a_stop_in_the_middle_the_same_message_goes_on() {
    let back_end = staged().await;
    let mut office = Office::facing(Way::Http, &back_end).await;
    let card = asks(&office, &back_end).await;
    office.slack.shows(HERE, "[in_progress] 1 of 3 replicas").await;
    office.caught_up().await;
    office.crash().await;
    back_end.deployment("running", "2 of 3 replicas");
    office.slack.shows(HERE, "[in_progress] 2 of 3 replicas").await;
    // A stop in good order takes it down; the card goes on.
    office.restart().await;
    ends(&office, &back_end, &card).await;
    let (shown, growing) = grown(&office).await;
    assert_eq!((shown.len(), growing), (1, false), "{shown:?}");
    assert!(shown[0].ends_with("[complete] 2 of 3 replicas"), "{shown:?}");
    office.finish().await;
}
