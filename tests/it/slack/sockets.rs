//! Sockets that end, break and move.

use serde_json::json;

use crate::support::slack::{DEPLOYMENTS, Fault};
use crate::support::{BackEnd, Cut, Office, Way};

#[tokio::test]
async fn the_next_connection_is_open_before_the_old_one_ends() {
    let back_end = BackEnd::well().await;
    let office = Office::facing(Way::Socket, &back_end).await;
    for reason in ["warning", "refresh_requested"] {
        let opened = office.slack.opened();
        office.slack.says_goodbye(reason);
        office.slack.comes("another one is open", |state| (state.opened > opened).then_some(())).await;
        office.slack.has_sockets(1).await;
        office.commands("U0ALICE", "/whoami", "").await;
    }
    office.delivered().await;
    let most = office.slack.comes("a count", |state| Some(state.most_at_once)).await;
    assert!(most <= 2, "{most} at once");
    assert_eq!(office.slack.channel(DEPLOYMENTS).len(), 2, "{}", office.shown());
    office.finish().await;
}

/// A story of every kind of delivery: a mention (which comes as two events), a bare command, a window sent off, presses and
/// reactions. What stands in Slack at the end of it, and how often something was deployed.
async fn story(cut: Cut) -> (String, usize) {
    let back_end = BackEnd::well().await;
    let mut office = Office::facing(Way::Socket, &back_end).await;
    office.cut = cut;
    office.says("U0DAVE", "/status order-service production").await;
    office.slack.shows(DEPLOYMENTS, "v2.4.0").await;
    office.commands("U0ALICE", "/deploy", "").await;
    let form = office.slack.window().await;
    let chosen = |value| json!({ "value": { "selected_option": { "value": value } } });
    let values = json!({
        "arg.service": chosen("order-service"),
        "arg.version": { "value": { "value": "v2.4.1" } },
        "arg.environment": chosen("production"),
    });
    office.sends("U0ALICE", &form, values).await;
    let card = office.slack.shows(DEPLOYMENTS, "one team-lead must agree").await;
    office.delivered().await;
    office.denies("U0BOB", &card, "the sale starts in an hour").await;
    office.slack.becomes(DEPLOYMENTS, &card.ts, "bob said no").await;
    office.commands("U0ALICE", "/deploy", "order-service v2.4.1 production").await;
    let card = office.slack.shows(DEPLOYMENTS, "one team-lead must agree").await;
    office.delivered().await;
    office.presses("U0ALICE", &card, "approve").await;
    office.slack.shows(DEPLOYMENTS, "your own approval does not count").await;
    office.reacts("U0BOB", &card.ts, "white_check_mark").await;
    office.slack.becomes(DEPLOYMENTS, &card.ts, "order-service v2.4.1 runs in production").await;
    office.delivered().await;
    assert_eq!(office.requests().await, 3);
    let shown = office.shown();
    office.finish().await;
    (shown, back_end.asked(BackEnd::DEPLOY))
}

#[tokio::test]
async fn a_socket_cut_at_every_point_of_a_story_loses_and_doubles_nothing() {
    let undisturbed = story(Cut::Never).await;
    assert_eq!(undisturbed.1, 1);
    for cut in [Cut::BeforeEach, Cut::BeforeTheAcknowledgement, Cut::AfterEach] {
        assert_eq!(story(cut).await, undisturbed, "{cut:?}");
    }
}

#[tokio::test]
async fn a_connection_that_breaks_is_opened_again_also_when_slack_hesitates() {
    let back_end = BackEnd::well().await;
    let office = Office::facing(Way::Socket, &back_end).await;
    office.slack.fails("apps.connections.open", [Fault::Status(503), Fault::Limited(0), Fault::Lost]);
    office.slack.cuts_sockets();
    office.slack.has_sockets(1).await;
    office.commands("U0ALICE", "/whoami", "").await;
    office.slack.shows(DEPLOYMENTS, "You are alice.").await;
    office.finish().await;
}

#[tokio::test]
async fn nine_sockets_that_are_all_moved_at_once_are_never_more_than_ten() {
    let back_end = BackEnd::well().await;
    let mut office = Office::facing(Way::Socket, &back_end).await;
    office.sockets = 9;
    office.restart().await;
    let opened = office.slack.opened();
    office.slack.says_goodbye("refresh_requested");
    office.slack.comes("all are moved", |state| (state.opened >= opened + 9).then_some(())).await;
    office.slack.has_sockets(9).await;
    office.commands("U0ALICE", "/whoami", "").await;
    office.slack.shows(DEPLOYMENTS, "You are alice.").await;
    let most = office.slack.comes("a count", |state| Some(state.most_at_once)).await;
    assert!(most <= 10, "{most} at once");
    office.finish().await;
}
