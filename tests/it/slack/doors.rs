//! Who comes in, and how often.

use countersign::clock::Clock as _;
use countersign::store::RequestState;

use crate::support::slack::{DEPLOYMENTS, Deliver, SIGNING_SECRET, Seen, signed};
use crate::support::{BackEnd, Office, Way, until};

/// The operators' channel, which the policy of these tests puts here.
const INCIDENTS: &str = "D0ALICE";

fn command() -> String {
    Deliver::command("U0ALICE", DEPLOYMENTS, "/deploy", "order-service v2.4.1 production", "t.1").body()
}

#[tokio::test]
async fn what_slack_has_not_signed_starts_nothing() {
    let back_end = BackEnd::well().await;
    let office = Office::facing(Way::Http, &back_end).await;
    let now = office.clock.now().as_second();
    let body = command();
    let good = signed(SIGNING_SECRET, now, &body);
    let old = signed(SIGNING_SECRET, now - 301, &body);
    let early = signed(SIGNING_SECRET, now + 301, &body);
    let other = signed("another secret", now, &body);
    for (headers, why) in
        [(&[][..], "unsigned"), (&good[..1], "half"), (&old, "old"), (&early, "early"), (&other, "forged")]
    {
        assert_eq!(office.post_with(headers, &body).await.0, 401, "{why}");
    }
    let changed = body.replace("production", "staging");
    assert_eq!(office.post_with(&good, &changed).await.0, 401, "changed on the way");
    assert_eq!(office.requests().await, 0);
    assert_eq!(office.post_with(&good, &body).await.0, 200);
    office.slack.shows(DEPLOYMENTS, "one team-lead must agree").await;
    office.finish().await;
}

#[tokio::test]
async fn slack_can_set_the_address_up() {
    let back_end = BackEnd::well().await;
    let office = Office::facing(Way::Http, &back_end).await;
    let challenge = r#"{"type":"url_verification","token":"x","challenge":"3eZbrw1aB"}"#;
    assert_eq!(office.post(challenge).await, (200, "3eZbrw1aB".into()));
    assert_eq!(office.post("ssl_check=1&token=x").await.0, 200);
    for (query, status) in [("?ssl_check=1&token=x", 200), ("", 405), ("?ssl_check=0", 405)] {
        let url = format!("http://{}/slack{query}", office.address());
        assert_eq!(reqwest::get(url).await.unwrap().status().as_u16(), status, "{query}");
    }
    assert_eq!(office.post("{").await.0, 400);
    assert_eq!(office.post(r#"{"type":"event_callback","event":{"type":"new_kind_of_event"}}"#).await.0, 200);
    assert_eq!(office.requests().await, 0);
    office.finish().await;
}

#[tokio::test]
async fn what_comes_three_times_happens_once() {
    for way in [Way::Http, Way::Socket] {
        let back_end = BackEnd::well().await;
        let office = Office::facing(way, &back_end).await;
        let delivery =
            Deliver::command("U0ALICE", DEPLOYMENTS, "/deploy", "order-service v2.4.1 production", "t.1");
        for _ in 0..3 {
            office.deliver_again(&delivery).await;
        }
        let card = office.slack.shows(DEPLOYMENTS, "one team-lead must agree").await;
        assert_eq!(office.requests().await, 1);
        let press = office.press_of("U0BOB", &card, "approve");
        let reaction = office.reaction("U0BOB", &card.ts, "white_check_mark", "reaction_added");
        for delivery in [&press, &press, &reaction, &press, &reaction] {
            office.deliver_again(delivery).await;
        }
        office.slack.becomes(DEPLOYMENTS, &card.ts, "order-service v2.4.1 runs in production").await;
        office.delivered().await;
        assert_eq!(back_end.asked(BackEnd::DEPLOY), 1);
        office.finish().await;
    }
}

#[tokio::test]
async fn a_button_counts_only_on_its_own_card() {
    let back_end = BackEnd::well().await;
    let office = Office::facing(Way::Http, &back_end).await;
    office.commands("U0ALICE", "/deploy", "order-service v2.4.1 production").await;
    let card = office.slack.shows(DEPLOYMENTS, "one team-lead must agree").await;
    let button = card.button("approve").unwrap();
    for (channel, ts) in [(DEPLOYMENTS, "1894708800.999999"), ("C0OTHER", card.ts.as_str())] {
        let forwarded = Deliver::press("U0BOB", channel, ts, &button, "t.9", office.number());
        office.deliver(&forwarded).await;
        office.slack.whispers("U0BOB", "not on the card it belongs to").await;
    }
    let mut stale = button.clone();
    let value = stale["value"].as_str().unwrap().split('.').next().unwrap().to_owned();
    stale["value"] = format!("{value}.0000000000000000").into();
    office.deliver(&Deliver::press("U0BOB", DEPLOYMENTS, &card.ts, &stale, "t.9", office.number())).await;
    office.slack.shows(DEPLOYMENTS, "the card has changed since").await;
    assert_eq!(office.newest().await.state, RequestState::Waiting);
    office.finish().await;
}

#[tokio::test]
async fn a_stranger_is_told_how_to_get_in() {
    let back_end = BackEnd::well().await;
    let office = Office::facing(Way::Http, &back_end).await;
    office.commands("U0MALLORY", "/deploy", "order-service v2.4.1 production").await;
    office.slack.shows(DEPLOYMENTS, "slack:T0HOME/U0MALLORY").await;
    office.delivered().await;
    insta::assert_snapshot!(office.shown());
    // The same id in another workspace is another person.
    let mut foreign = Deliver::command("U0BOB", DEPLOYMENTS, "/whoami", "", "t.7");
    foreign.payload["team_id"] = "T0AWAY".into();
    office.deliver(&foreign).await;
    until("the other one is refused", async || office.newest().await.state == RequestState::Refused).await;
    office.finish().await;
}

#[tokio::test]
async fn roles_come_from_user_groups_and_go_with_them() {
    let back_end = BackEnd::well().await;
    let office = Office::facing(Way::Http, &back_end).await;
    office.commands("U0ALICE", "/deploy", "order-service v2.4.1 production").await;
    let card = office.slack.shows(DEPLOYMENTS, "bob, carol, erin").await;
    office.delivered().await;
    office.presses("U0GUEST", &card, "approve").await;
    office.slack.shows(DEPLOYMENTS, "guests may do nothing here").await;
    // She leaves the group; Slack tells, and her vote does not count from then on.
    office.slack.leads(&[]);
    let left = serde_json::json!({ "type": "subteam_members_changed", "subteam_id": "S0LEADS" });
    office.deliver(&Deliver::event(left, office.number())).await;
    office.delivered().await;
    let card = office.slack.becomes(DEPLOYMENTS, &card.ts, "Can approve: bob, carol\n").await;
    office.presses("U0ERIN", &card, "approve").await;
    office.slack.shows(DEPLOYMENTS, "erin has no role").await;
    assert_eq!(office.newest().await.state, RequestState::Waiting);
    office.slack.leads(&["U0ERIN"]);
    let joined = serde_json::json!({ "type": "subteam_members_changed", "subteam_id": "S0LEADS" });
    office.deliver(&Deliver::event(joined, office.number())).await;
    office.delivered().await;
    let card = office.slack.becomes(DEPLOYMENTS, &card.ts, "bob, carol, erin").await;
    office.presses("U0ERIN", &card, "approve").await;
    office.slack.becomes(DEPLOYMENTS, &card.ts, "Approved by: erin").await;
    office.finish().await;
}

#[tokio::test]
async fn what_is_received_waits_for_no_model() {
    struct Slow;
    impl countersign::interpret::Interpreter for Slow {
        fn name(&self) -> &'static str {
            "slow"
        }

        fn read<'a>(
            &'a self,
            _reading: countersign::interpret::Reading,
        ) -> futures::future::BoxFuture<'a, countersign::interpret::Read> {
            Box::pin(std::future::pending())
        }
    }
    for way in [Way::Http, Way::Socket] {
        let back_end = BackEnd::well().await;
        let office = Office::read_by(way, &back_end, std::sync::Arc::new(Slow)).await;
        // Acknowledged, although the reader never answers.
        office.says("U0ALICE", "ship orders 2.4.1 to production please").await;
        assert_eq!(office.newest().await.state, RequestState::Received);
        // And exact commands go on all the while.
        office.commands("U0ALICE", "/deploy", "order-service v2.4.1 production").await;
        office.slack.shows(DEPLOYMENTS, "one team-lead must agree").await;
        office.abandon().await;
    }
}

/// What Slack says of itself that a person must look at, the operators read where they are.
#[tokio::test]
async fn the_operators_hear_what_slack_says_of_itself() {
    let back_end = BackEnd::well().await;
    let office = Office::facing(Way::Http, &back_end).await;
    let limited = r#"{"type":"app_rate_limited","team_id":"T0HOME","minute_rate_limited":1893499200,"api_app_id":"A1"}"#;
    for _minute in 0..3 {
        assert_eq!(office.post(limited).await.0, 200);
    }
    let held =
        |seen: &Seen| seen.text.contains("Slack holds back messages and reactions of the workspace T0HOME");
    office.delivered().await;
    assert_eq!(office.slack.channel(INCIDENTS).iter().filter(|seen| held(seen)).count(), 1);
    office.waits(60).await;
    assert_eq!(office.post(limited).await.0, 200);
    office.delivered().await;
    assert_eq!(office.slack.channel(INCIDENTS).iter().filter(|seen| held(seen)).count(), 2);
    for (event, told) in [
        (
            serde_json::json!({ "type": "channel_id_changed", "old_channel_id": "G1", "new_channel_id": "C9" }),
            "has the id C9 now instead of G1",
        ),
        (serde_json::json!({ "type": "app_uninstalled" }), "was taken out of Slack's workspace T0HOME"),
    ] {
        office.deliver(&Deliver::event(event, office.number())).await;
        office.slack.shows(INCIDENTS, told).await;
    }
    office.finish().await;
}
