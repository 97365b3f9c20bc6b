//! What an account may do as it stands in Slack, and what becomes of what was said from one that stands otherwise now.

use countersign::store::RequestState;
use serde_json::{Value, json};

use crate::support::slack::{DEPLOYMENTS, Deliver, Fault};
use crate::support::{BackEnd, Office, Way};

/// Something about an account changes, and Slack tells us.
async fn changes(office: &Office, user: &str, unusual: Value) {
    office.slack.account(user, unusual);
    let event = json!({ "type": "user_change", "user": { "id": user } });
    office.deliver(&Deliver::event(event, office.number())).await;
}

/// The policy names them, and still they may do nothing while Slack does not call them full members of this workspace.
#[tokio::test]
async fn a_linked_account_counts_only_while_it_is_a_full_members() {
    let back_end = BackEnd::well().await;
    let office = Office::facing(Way::Http, &back_end).await;
    office.commands("U0ALICE", "/deploy", "order-service v2.4.1 production").await;
    let card = office.slack.shows(DEPLOYMENTS, "one team-lead must agree").await;
    office.delivered().await;
    let changes = async |unusual: Value| changes(&office, "U0BOB", unusual).await;
    for (unusual, told) in [
        (json!({ "is_restricted": true }), "your account is a guest's in Slack"),
        (json!({ "is_restricted": true, "is_ultra_restricted": true }), "your account is a guest's in Slack"),
        (json!({ "deleted": true }), "your account is closed in Slack"),
        (json!({ "is_stranger": true }), "of another organisation in Slack"),
        (json!({ "team_id": "T0AWAY" }), "of another organisation in Slack"),
        (json!({ "is_bot": true }), "this account is a program's"),
    ] {
        changes(unusual.clone()).await;
        let before = office.slack.channel(DEPLOYMENTS).len();
        office.presses("U0BOB", &card, "approve").await;
        office.delivered().await;
        office.commands("U0BOB", "/whoami", "").await;
        office.delivered().await;
        let said: Vec<_> = office.slack.channel(DEPLOYMENTS).into_iter().skip(before).collect();
        let heard =
            said.iter().filter(|seen| seen.text.to_lowercase().contains(&told.to_lowercase())).count();
        assert_eq!((heard, said.len()), (2, 2), "{unusual}: {said:#?}");
    }
    let home = json!({ "type": "app_home_opened", "user": "U0BOB", "tab": "home", "channel": "D1" });
    office.deliver(&Deliver::event(home, office.number())).await;
    office.slack.home("U0BOB", "Nothing can be done here for you").await;
    // Nobody can say: that is no yes either.
    office.slack.fails("users.info", vec![Fault::Refused("account_inactive"); 2]);
    changes(json!({})).await;
    office.presses("U0BOB", &card, "approve").await;
    office.slack.shows(DEPLOYMENTS, "Slack does not say now whether your account is a full member's").await;
    office.commands("U0BOB", "/whoami", "").await;
    office.delivered().await;
    assert_eq!(office.newest().await.state, RequestState::Refused);
    assert_eq!(back_end.asked(BackEnd::DEPLOY), 0);
    // A member again: he is asked about once, and counts.
    office.commands("U0BOB", "/whoami", "").await;
    office.slack.shows(DEPLOYMENTS, "You are bob.").await;
    let asked = office.slack.called("users.info");
    office.presses("U0BOB", &card, "approve").await;
    office.slack.becomes(DEPLOYMENTS, &card.ts, "Approved by: bob").await;
    assert_eq!(office.slack.called("users.info"), asked);
    office.finish().await;
}

/// What waits for its turn was agreed to by somebody who is let go before the turn comes.
#[tokio::test]
async fn a_yes_counts_no_more_when_its_giver_becomes_a_guest_before_the_start() {
    let back_end = BackEnd::well().await;
    back_end.deployment("running", "1/3 replicas on v2.4.1");
    let office = Office::facing(Way::Http, &back_end).await;
    office.commands("U0ALICE", "/deploy", "order-service v2.4.1 production").await;
    let first = office.slack.shows(DEPLOYMENTS, "one team-lead must agree").await;
    office.presses("U0CAROL", &first, "approve").await;
    back_end.is_asked(BackEnd::DEPLOYMENT, 1).await;
    office.commands("U0ALICE", "/scale", "order-service 2 production").await;
    let second = office.slack.shows(DEPLOYMENTS, "one team-lead must agree").await;
    assert_ne!(first.ts, second.ts);
    office.presses("U0BOB", &second, "approve").await;
    office.slack.becomes(DEPLOYMENTS, &second.ts, "it starts when what runs there now has ended").await;
    changes(&office, "U0BOB", json!({ "is_restricted": true })).await;
    back_end.deployment("succeeded", "3/3 replicas on v2.4.1");
    let lost = "Not everybody who agreed may still do so, so it waits again.";
    let second = office.slack.becomes(DEPLOYMENTS, &second.ts, lost).await;
    assert_eq!(back_end.asked(BackEnd::SCALE), 0);
    assert_eq!(office.newest().await.state, RequestState::Waiting);
    office.presses("U0CAROL", &second, "approve").await;
    back_end.is_asked(BackEnd::SCALE, 1).await;
    office.finish().await;
}

#[tokio::test]
async fn what_somebody_asked_who_is_no_member_any_more_does_not_start() {
    let back_end = BackEnd::well().await;
    let office = Office::facing(Way::Http, &back_end).await;
    office.commands("U0BOB", "/whoami", "").await;
    office.slack.shows(DEPLOYMENTS, "You are bob.").await;
    office.commands("U0ALICE", "/deploy", "order-service v2.4.1 production").await;
    let card = office.slack.shows(DEPLOYMENTS, "one team-lead must agree").await;
    // Nobody can say how she stands: no start, and what bob said is not lost.
    office.slack.fails("users.info", [Fault::Refused("account_inactive")]);
    changes(&office, "U0ALICE", json!({ "deleted": true })).await;
    office.presses("U0BOB", &card, "approve").await;
    office.slack.shows(DEPLOYMENTS, "What was agreed to stands: press again to try once more.").await;
    office.delivered().await;
    assert_eq!(office.newest().await.state, RequestState::Waiting);
    office.presses("U0BOB", &card, "approve").await;
    office.slack.becomes(DEPLOYMENTS, &card.ts, "is not a full member's in Slack any more").await;
    office.delivered().await;
    insta::assert_snapshot!(office.shown());
    assert_eq!(back_end.asked(BackEnd::DEPLOY), 0);
    office.finish().await;
}
