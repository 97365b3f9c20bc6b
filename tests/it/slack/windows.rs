//! Forms, homes and conversations.

use serde_json::{Value, json};

use crate::support::slack::{DEPLOYMENTS, Deliver, TEAM};
use crate::support::{BackEnd, Office, Way};

fn chosen(value: &str) -> Value {
    json!({ "value": { "type": "static_select", "selected_option": { "value": value } } })
}

fn typed(value: &str) -> Value {
    json!({ "value": { "type": "plain_text_input", "value": value } })
}

#[tokio::test]
async fn a_command_without_arguments_opens_its_form_and_mistakes_are_shown_in_it() {
    for way in [Way::Http, Way::Socket] {
        let back_end = BackEnd::well().await;
        let office = Office::facing(way, &back_end).await;
        office.commands("U0ALICE", "/deploy", "").await;
        let view = office.slack.window().await;
        let mut values = json!({
            "arg.service": chosen("order-service"),
            "arg.version": typed("not a version!"),
            "arg.environment": chosen("production"),
        });
        let answer = office.sends("U0ALICE", &view, values.clone()).await;
        assert_eq!(answer["response_action"], "errors", "{answer}");
        let error = answer["errors"]["arg.version"].as_str().unwrap();
        assert!(error.starts_with("`version` cannot be `not a version!`"), "{error}");
        assert_eq!(office.requests().await, 0);
        values["arg.version"] = typed("v2.4.1");
        office.sends("U0ALICE", &view, values).await;
        office.slack.shows(DEPLOYMENTS, "one team-lead must agree").await;
        assert_eq!(office.newest().await.said, "/deploy order-service v2.4.1 production");
        office.finish().await;
    }
}

#[tokio::test]
async fn the_shortcut_leads_to_the_tools_to_a_form_and_to_a_request() {
    let back_end = BackEnd::well().await;
    let office = Office::facing(Way::Http, &back_end).await;
    let shortcut = json!({
        "type": "shortcut", "token": "x", "callback_id": "tools", "trigger_id": office.slack.trigger(),
        "team": { "id": TEAM }, "user": { "id": "U0ALICE", "username": "alice", "team_id": TEAM },
    });
    office.deliver(&Deliver { kind: "interactive", payload: shortcut }).await;
    let list = office.slack.window().await;
    let answer = office.sends("U0ALICE", &list, json!({ "tool": chosen("deploy") })).await;
    assert_eq!(answer["response_action"], "update", "{answer}");
    let values = json!({
        "arg.service": chosen("order-service"),
        "arg.version": typed("v2.4.1"),
        "arg.environment": chosen("production"),
        "channel": { "value": { "type": "conversations_select", "selected_conversation": DEPLOYMENTS } },
    });
    office.sends("U0ALICE", &answer["view"], values).await;
    office.slack.shows(DEPLOYMENTS, "one team-lead must agree").await;
    office.finish().await;
}

#[tokio::test]
async fn a_window_that_cannot_open_decides_nothing() {
    let back_end = BackEnd::well().await;
    let office = Office::facing(Way::Http, &back_end).await;
    office.commands("U0ALICE", "/deploy", "order-service v2.4.1 production").await;
    let card = office.slack.shows(DEPLOYMENTS, "one team-lead must agree").await;
    let late = Deliver::press("U0BOB", DEPLOYMENTS, &card.ts, &card.button("deny").unwrap(), "spent", 5);
    office.deliver(&late).await;
    office.slack.whispers("U0BOB", "nothing was decided").await;
    office.reacts("U0BOB", &card.ts, "x").await;
    office.slack.becomes(DEPLOYMENTS, &card.ts, "bob said no").await;
    office.finish().await;
}

#[tokio::test]
async fn a_home_shows_what_waits_for_its_owner() {
    let back_end = BackEnd::well().await;
    let office = Office::facing(Way::Http, &back_end).await;
    office.commands("U0ALICE", "/deploy", "order-service v2.4.1 production").await;
    office.slack.shows(DEPLOYMENTS, "one team-lead must agree").await;
    office.delivered().await;
    let opened = |user: &str| {
        let event = json!({ "type": "app_home_opened", "user": user, "tab": "home", "channel": "D1" });
        Deliver::event(event, office.number())
    };
    office.deliver(&opened("U0BOB")).await;
    let home = office.slack.home("U0BOB", "/deploy order-service v2.4.1 production").await;
    assert!(home.to_string().contains("https://home.slack.example/archives/C0DEPLOY/p"), "{home}");
    office.deliver(&opened("U0ALICE")).await;
    office.slack.home("U0ALICE", "Nothing waits for you.").await;
    office.deliver(&opened("U0MALLORY")).await;
    office.slack.home("U0MALLORY", "slack:T0HOME/U0MALLORY").await;
    office.finish().await;
}

#[tokio::test]
async fn a_conversation_with_the_assistant_offers_prompts_and_shows_that_it_reads() {
    let back_end = BackEnd::well().await;
    let office = Office::facing(Way::Http, &back_end).await;
    let thread = office.slack.write("D0ALICE", "U0BOT", "", None);
    let started = json!({
        "type": "assistant_thread_started",
        "assistant_thread": { "user_id": "U0ALICE", "channel_id": "D0ALICE", "thread_ts": thread, "context": {} },
    });
    office.deliver(&Deliver::event(started, office.number())).await;
    office.slack.is_called("assistant.threads.setSuggestedPrompts", 1).await;
    let prompts = office.slack.last("assistant.threads.setSuggestedPrompts").unwrap();
    assert!(!prompts["prompts"].as_array().unwrap().is_empty());
    let asked = "how is order-service doing in production";
    office.says_in("D0ALICE", "U0ALICE", asked, Some(&thread)).await;
    let answer = office.slack.shows("D0ALICE", "v2.4.0").await;
    assert_eq!(answer.thread.as_deref(), Some(thread.as_str()), "it stays in the conversation");
    office.slack.is_called("assistant.threads.setStatus", 1).await;
    office.finish().await;
}
