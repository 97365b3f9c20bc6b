//! Slack may want a pause at any call, and fail at any: the same comes of it.

use countersign::chat::slack::client::{Client, METHODS};
use futures::StreamExt as _;
use serde_json::json;

use super::live;
use crate::support::slack::{APP_TOKEN, BOT_TOKEN, DEPLOYMENTS, Deliver, Fault};
use crate::support::{Answer, BackEnd, Office, Way};

/// A day in which every method is called. What stands in Slack at the end of it.
async fn day(faults: &[(&'static str, Fault)]) -> String {
    let back_end = BackEnd::well().await;
    back_end.answers("GET /v1/environments/production/services/order-service/logs", long_logs());
    live::staging(&back_end);
    let mut office = Office::facing(Way::Socket, &back_end).await;
    for (method, fault) in faults {
        office.slack.fails(method, [fault.clone()]);
    }
    // Some calls are made only where an answer was lost before.
    office.slack.fails("chat.postMessage", [Fault::Lost]);
    office.slack.fails("files.completeUploadExternal", [Fault::Lost]);
    office.restart().await;
    a_deployment(&office).await;
    pages_and_conversations(&office).await;
    let card = live::asks(&office, &back_end).await;
    office.slack.shows("D0ALICE", "[in_progress] 1 of 3 replicas").await;
    back_end.deployment("running", "2 of 3 replicas");
    office.slack.shows("D0ALICE", "[in_progress] 2 of 3 replicas").await;
    live::ends(&office, &back_end, &card).await;
    incident(&office).await;
    for (method, _) in faults {
        assert_eq!(
            office.slack.faults_left(method),
            0,
            "`{method}` is not called in a whole day; add it here"
        );
    }
    let direct: Vec<String> =
        office.slack.channel("D0ALICE").into_iter().map(|seen| live::without_the_start(&seen.text)).collect();
    let seen = format!("{}\n{}", office.shown(), direct.join("\n"));
    office.finish().await;
    seen
}

async fn a_deployment(office: &Office) {
    office.commands("U0ALICE", "/deploy", "").await;
    let view = office.slack.window().await;
    let chosen = |value| json!({ "value": { "selected_option": { "value": value } } });
    let values = json!({
        "arg.service": chosen("order-service"),
        "arg.version": { "value": { "value": "v2.4.1" } },
        "arg.environment": chosen("production"),
    });
    office.sends("U0ALICE", &view, values).await;
    let card = office.slack.shows(DEPLOYMENTS, "one team-lead must agree").await;
    office.delivered().await;
    let button = card.button("approve").unwrap();
    let elsewhere = Deliver::press("U0BOB", DEPLOYMENTS, "1.1", &button, "t", office.number());
    office.deliver(&elsewhere).await;
    office.slack.whispers("U0BOB", "not on the card it belongs to").await;
    office.presses("U0ERIN", &card, "approve").await;
    office.slack.becomes(DEPLOYMENTS, &card.ts, "order-service v2.4.1 runs in production").await;
    office.commands("U0ALICE", "/logs", "order-service production").await;
    office.slack.shows(DEPLOYMENTS, "GET /orders/1 ").await;
    office.delivered().await;
}

fn long_logs() -> Answer {
    let line = |number: u32| {
        json!({
            "time": "2030-01-15T12:00:00Z", "level": "info", "instance": "order-service-production-1",
            "text": format!("GET /orders/{number} 200"),
        })
    };
    let lines: Vec<_> = (0..1_000).map(line).collect();
    Answer::Json(200, json!({ "lines": lines, "matched": 1_000 }))
}

async fn pages_and_conversations(office: &Office) {
    let event = |event| Deliver::event(event, office.number());
    office.deliver(&event(json!({ "type": "app_home_opened", "user": "U0BOB", "tab": "home" }))).await;
    office.slack.home("U0BOB", "Nothing waits for you.").await;
    let thread = office.slack.write("D0ALICE", "U0BOT", "", None);
    let started =
        json!({ "user_id": "U0ALICE", "channel_id": "D0ALICE", "thread_ts": thread, "context": {} });
    office.deliver(&event(json!({ "type": "assistant_thread_started", "assistant_thread": started }))).await;
    office
        .slack
        .comes("the conversation has a title", |state| {
            state.statuses.iter().find(|one| one["title"].is_string()).map(drop)
        })
        .await;
    office.says_in("D0ALICE", "U0ALICE", "how is order-service doing in production", Some(&thread)).await;
    office.slack.shows("D0ALICE", "v2.4.0").await;
    office
        .slack
        .comes("it says that it reads", |state| {
            state.statuses.iter().find(|one| one["status"].is_string()).map(drop)
        })
        .await;
    office.delivered().await;
}

/// The calls that incidents need.
async fn incident(office: &Office) {
    let (bot, app) = (BOT_TOKEN.to_owned().into(), APP_TOKEN.to_owned().into());
    let client = Client::new(&office.slack.api(), bot, Some(app)).unwrap();
    let taken = client.create_channel("INC-42: checkout").await.unwrap();
    let channel = client.create_channel("INC-42: checkout").await.unwrap();
    assert_ne!(taken, channel);
    client.invite(&channel, &["U0ALICE".to_owned(), "U0BOB".to_owned()]).await.unwrap();
    client.invite(&channel, &["U0BOB".to_owned()]).await.unwrap();
    client.set_topic(&channel, "Checkout is <!channel> slow").await.unwrap();
    assert_eq!(client.channel(&channel).await.unwrap().name, "inc-42-checkout-2");
    client.archive(&channel).await.unwrap();
    client.archive(&channel).await.unwrap();
    office
        .slack
        .comes("it is as it should be", |state| {
            let topic =
                state.topics.get(&channel).is_some_and(|topic| topic == "Checkout is &lt;!channel&gt; slow");
            let invited = state.invited.get(&channel).is_some_and(|users| users == &["U0ALICE", "U0BOB"]);
            (topic && invited && state.archived == [channel.clone()]).then_some(())
        })
        .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_pause_that_slack_wants_at_any_call_is_kept_and_changes_nothing() {
    let undisturbed = day(&[]).await;
    for said in ["Approved by: erin", "1000 of 1000 lines", "in the thread of 2: (a file)", "v2.4.0"] {
        assert!(undisturbed.contains(said), "{said} is missing in\n{undisturbed}");
    }
    let days =
        METHODS.iter().map(|method| async move { (method, day(&[(method, Fault::Limited(1))]).await) });
    let mut days = futures::stream::iter(days).buffer_unordered(6);
    while let Some((method, seen)) = days.next().await {
        assert_eq!(seen, undisturbed, "{method}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_pause_at_every_call_of_a_day_in_the_body_or_not_changes_nothing() {
    let undisturbed = day(&[]).await;
    let in_status = METHODS.iter().map(|method| (*method, Fault::Limited(1)));
    let in_body = METHODS.iter().map(|method| (*method, Fault::LimitedInBody(1)));
    let all: Vec<_> = in_status.chain(in_body).collect();
    assert_eq!(day(&all).await, undisturbed);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_that_is_none_at_every_call_of_a_day_changes_nothing() {
    // What would be seen twice and cannot be looked for is not done again: a whisper, and a channel of its own.
    let once = ["chat.postEphemeral", "conversations.create"];
    let all = METHODS.iter().filter(|method| !once.contains(method));
    let undisturbed = day(&[]).await;
    for fault in [Fault::Status(503), Fault::Refused("internal_error")] {
        let faults: Vec<_> = all.clone().map(|method| (*method, fault.clone())).collect();
        assert_eq!(day(&faults).await, undisturbed, "{fault:?}");
    }
}
