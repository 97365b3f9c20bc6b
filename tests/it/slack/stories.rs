//! Whole stories, each over HTTP and over a socket.

use countersign::store::RequestState;
use insta::assert_snapshot;

use crate::support::slack::DEPLOYMENTS;
use crate::support::{Answer, BackEnd, Office, Way, service};

/// Each story twice: as Slack delivers over HTTP, and over sockets.
macro_rules! both_ways {
    ($($story:ident)*) => {
        mod over_http {
            $(#[tokio::test]
            async fn $story() {
                super::$story(super::Way::Http).await;
            })*
        }
        mod over_sockets {
            $(#[tokio::test]
            async fn $story() {
                super::$story(super::Way::Socket).await;
            })*
        }
    };
}

both_ways! {
    a_question_is_answered_in_its_thread
    a_deployment_runs_at_once_where_nobody_must_agree
    a_production_deployment_waits_for_a_team_lead
    a_denial_says_why
    a_rollback_is_confirmed_by_who_asked
    a_reaction_on_the_card_is_a_vote_and_taken_away_it_is_none
    a_migration_counts_from_the_console_only
    a_lock_stops_changes_until_it_is_taken_down
    a_sentence_is_read_and_confirmed_and_a_question_answered_in_the_thread
    a_failure_says_how_to_put_it_right_and_edits_change_nothing
}

// Before somebody presses, each story waits until it is known what Slack calls the card: who is faster than that is asked
// to press again in a moment.

async fn a_question_is_answered_in_its_thread(way: Way) {
    let back_end = BackEnd::well().await;
    let office = Office::facing(way, &back_end).await;
    let asked = office.says("U0DAVE", "/status order-service production").await;
    let answer = office.slack.shows(DEPLOYMENTS, "v2.4.0").await;
    assert_eq!(answer.thread.as_deref(), Some(asked.as_str()));
    assert_eq!(office.requests().await, 1, "a mention comes twice and is one request");
    // A command leaves no message, so its answer stands in the channel itself.
    office.commands("U0DAVE", "/ops", "status order-service production").await;
    office.delivered().await;
    assert_snapshot!("question", office.shown());
    office.finish().await;
}

async fn a_deployment_runs_at_once_where_nobody_must_agree(way: Way) {
    let office = Office::of(way, &["order-service"], &["staging"]).await;
    office.commands("U0ALICE", "/deploy", "order-service v2.4.1 staging").await;
    let card = office.slack.shows(DEPLOYMENTS, "order-service v2.4.1 runs in staging").await;
    office.delivered().await;
    assert!(card.edits > 0, "the card was edited in place: {card:#?}");
    assert_eq!(card.thread, None);
    assert_snapshot!("deployed", office.shown());
    office.finish().await;
}

async fn a_production_deployment_waits_for_a_team_lead(way: Way) {
    let office = Office::of(way, &["order-service"], &["production"]).await;
    office.commands("U0ALICE", "/deploy", "order-service v2.4.1 production").await;
    let card = office.slack.shows(DEPLOYMENTS, "one team-lead must agree").await;
    office.delivered().await;
    office.presses("U0ALICE", &card, "approve").await;
    office.slack.shows(DEPLOYMENTS, "your own approval does not count").await;
    office.delivered().await;
    office.presses("U0DAVE", &card, "approve").await;
    office.slack.shows(DEPLOYMENTS, "dave is a viewer").await;
    office.delivered().await;
    office.presses("U0MALLORY", &card, "approve").await;
    office.slack.shows(DEPLOYMENTS, "not linked to a person").await;
    assert_eq!(office.newest().await.state, RequestState::Waiting);
    office.delivered().await;
    office.presses("U0BOB", &card, "approve").await;
    let done = office.slack.becomes(DEPLOYMENTS, &card.ts, "order-service v2.4.1 runs in production").await;
    assert!(done.button("approve").is_none(), "what has ended has no buttons");
    assert!(done.text.contains("Approved by: bob"), "{done:#?}");
    office.delivered().await;
    assert_snapshot!("approved", office.shown());
    office.finish().await;
}

async fn a_denial_says_why(way: Way) {
    let back_end = BackEnd::well().await;
    let office = Office::facing(way, &back_end).await;
    office.commands("U0ALICE", "/deploy", "order-service v2.4.1 production").await;
    let card = office.slack.shows(DEPLOYMENTS, "one team-lead must agree").await;
    office.denies("U0BOB", &card, "the sale starts in an hour <!channel>").await;
    office.slack.becomes(DEPLOYMENTS, &card.ts, "bob said no").await;
    office.delivered().await;
    assert_eq!(office.newest().await.state, RequestState::Denied);
    assert_snapshot!("denied", office.shown());
    assert_eq!(back_end.asked(BackEnd::DEPLOY), 0);
    office.finish().await;
}

async fn a_rollback_is_confirmed_by_who_asked(way: Way) {
    let office = Office::of(way, &["order-service"], &["production"]).await;
    office.commands("U0ALICE", "/rollback", "order-service production").await;
    let card = office.slack.shows(DEPLOYMENTS, "alice, is this what you want?").await;
    office.delivered().await;
    office.presses("U0BOB", &card, "confirm").await;
    office.slack.shows(DEPLOYMENTS, "only alice can confirm this").await;
    office.delivered().await;
    office.presses("U0ALICE", &card, "confirm").await;
    office.slack.becomes(DEPLOYMENTS, &card.ts, "is back on").await;
    office.delivered().await;
    assert_snapshot!("rolled back", office.shown());
    office.finish().await;
}

async fn a_reaction_on_the_card_is_a_vote_and_taken_away_it_is_none(way: Way) {
    let back_end = BackEnd::well().await;
    let scaled = serde_json::json!({ "replicas": 2, "ready": 2 });
    back_end.answers(BackEnd::SCALE, Answer::Json(200, scaled));
    let office = Office::facing(way, &back_end).await;
    office.commands("U0ALICE", "/migrate", "order-service latest production").await;
    let card = office.slack.shows(DEPLOYMENTS, "two of dba or team-lead").await;
    office.delivered().await;
    office.reacts("U0BOB", &card.ts, "tada").await;
    office.delivered().await;
    office.reacts("U0BOT", &card.ts, "white_check_mark").await;
    office.delivered().await;
    office.reacts("U0BOB", &card.ts, "white_check_mark").await;
    office.slack.shows(DEPLOYMENTS, "bob: ").await;
    assert_eq!(office.newest().await.state, RequestState::Waiting);

    office.commands("U0ALICE", "/scale", "order-service 2 production").await;
    let card = office.slack.shows(DEPLOYMENTS, "one team-lead must agree").await;
    let other = office.slack.write(DEPLOYMENTS, "U0ALICE", "some other message", None);
    office.delivered().await;
    office.reacts("U0BOB", &other, "white_check_mark").await;
    assert_eq!(
        office.newest().await.state,
        RequestState::Waiting,
        "on another message it is only a reaction"
    );
    back_end.answers(BackEnd::SERVICE, Answer::Json(200, service(3, "v2.4.0")));
    office.delivered().await;
    office.reacts("U0BOB", &card.ts, "+1::skin-tone-3").await;
    back_end.is_asked(BackEnd::SCALE, 1).await;
    back_end.answers(BackEnd::SERVICE, Answer::Json(200, service(2, "v2.4.0")));
    let done =
        office.slack.becomes(DEPLOYMENTS, &card.ts, "order-service has 2 replicas in production").await;
    assert!(done.text.contains("Approved by: bob"));
    office.unreacts("U0BOB", &card.ts, "+1").await;
    office.slack.shows(DEPLOYMENTS, "it has ended already").await;
    office.finish().await;
}

async fn a_migration_counts_from_the_console_only(way: Way) {
    let back_end = BackEnd::well().await;
    let office = Office::facing(way, &back_end).await;
    office.commands("U0ALICE", "/migrate", "order-service latest production").await;
    let card = office.slack.shows(DEPLOYMENTS, "two of dba or team-lead").await;
    office.delivered().await;
    office.presses("U0BOB", &card, "approve").await;
    office.slack.shows(DEPLOYMENTS, "console").await;
    office.delivered().await;
    office.presses("U0ALICE", &card, "withdraw").await;
    office.slack.becomes(DEPLOYMENTS, &card.ts, "alice took it back").await;
    office.delivered().await;
    assert_snapshot!("migration", office.shown());
    office.finish().await;
}

async fn a_lock_stops_changes_until_it_is_taken_down(way: Way) {
    let back_end = BackEnd::well().await;
    let office = Office::facing(way, &back_end).await;
    office.commands("U0ALICE", "/lock", "production --reason \"the sale\"").await;
    office.slack.shows(DEPLOYMENTS, "production is locked").await;
    office.commands("U0BOB", "/deploy", "order-service v2.4.1 production").await;
    office.slack.shows(DEPLOYMENTS, "roduction is locked by alice: the sale").await;
    office.commands("U0ALICE", "/unlock", "production").await;
    office.slack.shows(DEPLOYMENTS, "production is open again").await;
    office.delivered().await;
    assert_snapshot!("locked", office.shown());
    office.finish().await;
}

async fn a_sentence_is_read_and_confirmed_and_a_question_answered_in_the_thread(way: Way) {
    let office = Office::of(way, &["order-service"], &["staging"]).await;
    let asked = office.says("U0ALICE", "deploy *orders* v2.4.1").await;
    let question = office.slack.shows(DEPLOYMENTS, "environment").await;
    assert_eq!(question.thread.as_deref(), Some(asked.as_str()));
    // In a thread that we take part in, nobody needs to mention us.
    office.replies("U0ALICE", &asked, "staging").await;
    let card = office.slack.shows(DEPLOYMENTS, "is this what you want?").await;
    assert_eq!(card.thread.as_deref(), Some(asked.as_str()));
    office.delivered().await;
    office.presses("U0ALICE", &card, "confirm").await;
    office.slack.becomes(DEPLOYMENTS, &card.ts, "order-service v2.4.1 runs in staging").await;
    // Elsewhere people talk to each other.
    let elsewhere = office.slack.write(DEPLOYMENTS, "U0BOB", "lunch?", None);
    office.replies("U0ALICE", &elsewhere, "deploy orders v2.4.1 to staging").await;
    office.delivered().await;
    assert_snapshot!("sentence", office.shown());
    office.finish().await;
}

async fn a_failure_says_how_to_put_it_right_and_edits_change_nothing(way: Way) {
    let office = Office::of(way, &["order-service"], &["staging", "production"]).await;
    let asked = office.says("U0ALICE", "/deploy order-service v2.5.0 staging").await;
    let failed = office.slack.shows(DEPLOYMENTS, "It did not work").await;
    // The way out is a form, filled in.
    office.delivered().await;
    office.presses("U0ALICE", &failed, "form").await;
    let view = office.slack.window().await;
    assert_eq!(view["title"]["text"], "/rollback");
    assert_eq!(view["blocks"][1]["element"]["initial_option"]["value"], "order-service");

    let edited = serde_json::json!({
        "type": "message", "subtype": "message_changed", "channel": DEPLOYMENTS, "ts": "1894709999.1",
        "message": { "user": "U0ALICE", "text": "/deploy order-service v2.4.1 production", "ts": asked,
                     "edited": { "user": "U0ALICE", "ts": "1894709999.0" } },
        "previous_message": { "user": "U0ALICE", "text": "/deploy order-service v2.5.0 staging", "ts": asked },
    });
    office.deliver(&crate::support::slack::Deliver::event(edited, office.number())).await;
    office.slack.shows(DEPLOYMENTS, "An edited message changes nothing").await;

    let waiting = office.says("U0ALICE", "/deploy order-service v2.4.1 production").await;
    let card = office.slack.shows(DEPLOYMENTS, "one team-lead must agree").await;
    let gone = serde_json::json!({
        "type": "message", "subtype": "message_deleted", "channel": DEPLOYMENTS, "ts": "1894709999.2",
        "deleted_ts": waiting, "previous_message": { "user": "U0ALICE", "ts": waiting },
    });
    office.deliver(&crate::support::slack::Deliver::event(gone, office.number())).await;
    office.slack.becomes(DEPLOYMENTS, &card.ts, "the message that asked was deleted").await;
    office.delivered().await;
    assert_snapshot!("failed", office.shown());
    office.finish().await;
}
