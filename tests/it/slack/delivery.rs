//! What we said reaches Slack in order, whole, and once.

use crate::support::slack::{DEPLOYMENTS, Deliver, Fault};
use crate::support::{BackEnd, Office, Way};

const DEPLOY: &str = "order-service v2.4.1 production";
const ASKED: &str = "<@U0BOB> <@U0CAROL> <@U0ERIN> alice asks for this; one team-lead must agree";

/// A whole story, with something going wrong at each call of each method that it makes.
async fn story(office: &Office) {
    office.commands("U0ALICE", "/deploy", DEPLOY).await;
    // Whoever presses while it is not yet known what Slack calls the card is asked to do it again.
    office.delivered().await;
    let card = office.slack.shows(DEPLOYMENTS, "one team-lead must agree").await;
    office.presses("U0ALICE", &card, "approve").await;
    office.slack.shows(DEPLOYMENTS, "your own approval does not count").await;
    office.presses("U0BOB", &card, "approve").await;
    office.slack.becomes(DEPLOYMENTS, &card.ts, "order-service v2.4.1 runs in production").await;
    office.delivered().await;
}

#[tokio::test]
async fn a_pause_that_slack_wants_at_every_call_loses_and_doubles_nothing() {
    let back_end = BackEnd::well().await;
    let office = Office::facing(Way::Http, &back_end).await;
    for method in ["auth.test", "chat.postMessage", "chat.update", "views.open"] {
        office.slack.fails(method, vec![Fault::Limited(0); 2]);
    }
    story(&office).await;
    assert!(office.slack.called("chat.postMessage") >= 4, "each was tried again");
    let said = office.slack.channel(DEPLOYMENTS).len();
    assert_eq!(said, 2, "{}", office.shown());
    office.finish().await;
}

#[tokio::test]
async fn an_answer_that_was_lost_is_looked_for_before_anything_is_posted_again() {
    for fault in [Fault::Lost, Fault::Swallowed, Fault::Status(502), Fault::Refused("internal_error")] {
        let back_end = BackEnd::well().await;
        let office = Office::facing(Way::Http, &back_end).await;
        office.slack.fails("chat.postMessage", [fault.clone(), fault.clone()]);
        office.slack.fails("chat.update", [fault.clone()]);
        story(&office).await;
        assert_eq!(office.slack.channel(DEPLOYMENTS).len(), 2, "{fault:?}: {}", office.shown());
        assert!(office.slack.called("conversations.history") > 0, "{fault:?}");
        office.finish().await;
    }
}

#[tokio::test]
async fn a_stop_between_post_and_note_does_not_post_twice() {
    let back_end = BackEnd::well().await;
    let mut office = Office::facing(Way::Http, &back_end).await;
    // Slack has the card, and we die before we know.
    office.slack.fails("chat.postMessage", [Fault::Lost]);
    office.commands("U0ALICE", "/deploy", DEPLOY).await;
    office.slack.shows(DEPLOYMENTS, "one team-lead must agree").await;
    office.crash().await;
    office.delivered().await;
    let card = office.slack.shows(DEPLOYMENTS, "one team-lead must agree").await;
    assert_eq!(office.slack.channel(DEPLOYMENTS).len(), 1, "{}", office.shown());
    office.presses("U0BOB", &card, "approve").await;
    office.slack.becomes(DEPLOYMENTS, &card.ts, "order-service v2.4.1 runs in production").await;
    office.finish().await;
}

#[tokio::test]
async fn what_was_said_while_slack_was_away_is_said_in_order_afterwards() {
    let back_end = BackEnd::well().await;
    let mut office = Office::facing(Way::Http, &back_end).await;
    office.slack.fails("chat.postMessage", vec![Fault::Status(503); 50]);
    // Each when the one before has been worked on: at once, the quicker answer would be the earlier one.
    for (number, (command, text)) in (1..).zip([("/whoami", ""), ("/pending", ""), ("/deploy", DEPLOY)]) {
        office.commands("U0ALICE", command, text).await;
        office.answered(number).await;
    }
    office.slack.is_called("chat.postMessage", 1).await;
    office.restart().await;
    office.slack.comes("Slack is back", |state| state.faults.remove("chat.postMessage")).await;
    office.restart().await;
    office.slack.shows(DEPLOYMENTS, "one team-lead must agree").await;
    office.delivered().await;
    let said: Vec<String> = office
        .slack
        .channel(DEPLOYMENTS)
        .iter()
        .map(|seen| seen.text.lines().next().unwrap().to_owned())
        .collect();
    assert_eq!(said, ["You are alice.", "Nothing waits for you.", ASKED]);
    office.finish().await;
}

#[tokio::test]
async fn where_the_bot_is_not_a_command_is_answered_at_its_address_and_nothing_is_held_up() {
    let back_end = BackEnd::well().await;
    let office = Office::facing(Way::Http, &back_end).await;
    office.slack.membership(DEPLOYMENTS, false);
    office.slack.fails("response_url", [Fault::Limited(1)]);
    office.commands("U0ALICE", "/whoami", "").await;
    let told = office.slack.responds("You are alice.").await;
    assert_eq!((&told["response_type"], &told["replace_original"]), (&"ephemeral".into(), &false.into()));
    let text = told["text"].as_str().unwrap();
    assert!(
        text.contains(
            "I cannot answer in <#C0DEPLOY> (not_in_channel). Bring me into the channel with /invite"
        ),
        "{text}"
    );
    // What others must agree to is not put up where nobody sees it.
    office.commands("U0ALICE", "/deploy", DEPLOY).await;
    office.delivered().await;
    assert!(office.slack.channel("D0ALICE").is_empty());
    office.slack.membership(DEPLOYMENTS, true);
    office.commands("U0ALICE", "/whoami", "").await;
    office.slack.shows(DEPLOYMENTS, "You are alice.").await;
    office.finish().await;
}

#[tokio::test]
async fn an_address_that_is_not_slacks_gets_nothing_and_the_asker_is_told_directly() {
    let back_end = BackEnd::well().await;
    let office = Office::facing(Way::Http, &back_end).await;
    office.slack.membership(DEPLOYMENTS, false);
    let mut elsewhere = Deliver::command("U0ALICE", DEPLOYMENTS, "/whoami", "", "t.1");
    // Nothing listens there, and nobody is to look.
    elsewhere.payload["response_url"] = format!("{}/response/1", BackEnd::nowhere().await).into();
    office.deliver(&elsewhere).await;
    let told = office.slack.shows("D0ALICE", "I cannot answer in").await;
    assert!(told.text.contains("/invite"), "{}", told.text);
    office.delivered().await;
    assert_eq!(office.slack.channel("D0ALICE").len(), 1);
    office.finish().await;
}

#[tokio::test]
async fn who_cannot_be_whispered_to_is_answered_at_the_address_of_the_press() {
    let back_end = BackEnd::well().await;
    let office = Office::facing(Way::Http, &back_end).await;
    office.commands("U0ALICE", "/deploy", DEPLOY).await;
    let card = office.slack.shows(DEPLOYMENTS, "one team-lead must agree").await;
    office.delivered().await;
    office.slack.fails("chat.postEphemeral", [Fault::Refused("user_not_in_channel")]);
    let mut press = office.press_of("U0BOB", &card, "approve");
    press.payload["container"]["message_ts"] = "1.1".into();
    office.deliver(&press).await;
    office.slack.responds("not on the card it belongs to").await;
    office.finish().await;
}

#[tokio::test]
async fn a_card_that_somebody_took_away_is_there_again_when_it_matters() {
    let back_end = BackEnd::well().await;
    let office = Office::facing(Way::Http, &back_end).await;
    office.commands("U0ALICE", "/deploy", DEPLOY).await;
    let card = office.slack.shows(DEPLOYMENTS, "one team-lead must agree").await;
    office.delivered().await;
    office.slack.take_away(DEPLOYMENTS, &card.ts);
    office.waits(31).await;
    office.slack.shows(DEPLOYMENTS, "nobody said yes in time").await;
    office.finish().await;
}

#[tokio::test]
async fn a_card_that_slack_does_not_take_is_shown_as_its_text() {
    let back_end = BackEnd::well().await;
    let office = Office::facing(Way::Http, &back_end).await;
    office.slack.fails("chat.postMessage", [Fault::Refused("invalid_blocks")]);
    office.commands("U0ALICE", "/whoami", "").await;
    let shown = office.slack.shows(DEPLOYMENTS, "You are alice.").await;
    assert!(shown.blocks.is_empty());
    office.finish().await;
}

#[tokio::test]
async fn long_output_is_a_file_below_its_beginning() {
    let back_end = BackEnd::well().await;
    let line = |number: u32| {
        serde_json::json!({
            "time": "2030-01-15T12:00:00Z", "level": "info", "instance": "order-service-production-1",
            "text": format!("GET /orders/{number} 200"),
        })
    };
    let lines: Vec<_> = (0..1_000).map(line).collect();
    let logs = serde_json::json!({ "lines": lines, "matched": 1_000 });
    back_end.answers(
        "GET /v1/environments/production/services/order-service/logs",
        crate::support::Answer::Json(200, logs),
    );
    let office = Office::facing(Way::Http, &back_end).await;
    office.slack.fails("files.completeUploadExternal", [Fault::Lost, Fault::Limited(0)]);
    office.commands("U0ALICE", "/logs", "order-service production").await;
    office
        .slack
        .comes("a file stands below the card", |state| {
            let all = state.messages.get(DEPLOYMENTS)?;
            all.iter().find(|seen| !seen.files.is_empty()).map(|seen| seen.thread.clone())
        })
        .await
        .expect("it is in the card's thread");
    office.delivered().await;
    let files = office.slack.channel(DEPLOYMENTS).iter().filter(|seen| !seen.files.is_empty()).count();
    assert_eq!(files, 1, "{}", office.shown());
    office.finish().await;
}

#[tokio::test]
async fn a_mention_in_a_thread_of_others_is_answered_there() {
    let back_end = BackEnd::well().await;
    let office = Office::facing(Way::Http, &back_end).await;
    let theirs = office.slack.write(DEPLOYMENTS, "U0CAROL", "is order-service all right?", None);
    office.says_in(DEPLOYMENTS, "U0CAROL", "<@U0BOT> /status order-service production", Some(&theirs)).await;
    let answer = office.slack.shows(DEPLOYMENTS, "v2.4.0").await;
    assert_eq!(answer.thread.as_deref(), Some(theirs.as_str()));
    // From then on we take part in it.
    office.replies("U0CAROL", &theirs, "scale order-service in production").await;
    let question = office.slack.shows(DEPLOYMENTS, "replicas").await;
    assert_eq!(question.thread.as_deref(), Some(theirs.as_str()));
    office.finish().await;
}
