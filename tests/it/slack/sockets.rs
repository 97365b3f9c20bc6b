//! Sockets that end, break and move.

use crate::support::slack::{DEPLOYMENTS, Deliver, Fault};
use crate::support::{BackEnd, Office, Way};

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

/// A whole story in which every single delivery is cut off before it can be acknowledged, and comes again.
#[tokio::test]
async fn a_socket_cut_at_every_point_of_a_story_loses_and_doubles_nothing() {
    let back_end = BackEnd::well().await;
    let office = Office::facing(Way::Socket, &back_end).await;
    let cut = async |delivery: &Deliver| {
        office.slack.over_cut_socket(delivery.kind, delivery.payload.clone()).await;
    };
    let trigger = office.slack.trigger();
    cut(&Deliver::command("U0ALICE", DEPLOYMENTS, "/deploy", "order-service v2.4.1 production", &trigger))
        .await;
    let card = office.slack.shows(DEPLOYMENTS, "one team-lead must agree").await;
    cut(&office.press_of("U0ALICE", &card, "approve")).await;
    office.slack.shows(DEPLOYMENTS, "your own approval does not count").await;
    cut(&office.reaction("U0BOB", &card.ts, "white_check_mark", "reaction_added")).await;
    office.slack.becomes(DEPLOYMENTS, &card.ts, "order-service v2.4.1 runs in production").await;
    office.delivered().await;
    assert_eq!(office.requests().await, 1);
    assert_eq!(back_end.asked(BackEnd::DEPLOY), 1);
    assert_eq!(office.slack.channel(DEPLOYMENTS).len(), 2, "{}", office.shown());
    office.finish().await;
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
