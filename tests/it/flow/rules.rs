//! Rules of the policy that need something from outside the gate: a reason, a typed name, counts, what runs elsewhere.

use countersign::domain::Action;
use countersign::store::RequestState;
use insta::assert_snapshot;
use serde_json::json;

use crate::support::{Answer, BackEnd, World, policy_and, rule_and, service};

const DEPLOY: &str = "/deploy order-service v2.4.1 production";

#[tokio::test]
async fn a_rule_can_demand_a_reason() {
    let back_end = BackEnd::well().await;
    let policy = rule_and("deploy-production", "reason = true");
    let policy =
        policy.replacen("expect = \"need 1 of team-lead\"", "expect = \"need 1 of team-lead, reason\"", 1);
    let world = World::under(policy, &back_end).await;
    assert_snapshot!(world.say("alice", DEPLOY).await, @"
    = refused
    [refused] `deploy` in production needs a reason; ask again and say why
      /deploy order-service v2.4.1 production
      Nothing was done. /help shows what you may do here.
    ");
    assert_snapshot!(world.say("alice", &format!("{DEPLOY} --reason \"checkout is slow\"")).await, @"
    = waiting
    [waiting] alice asks for this; one team-lead must agree
      /deploy order-service v2.4.1 production
      Change: order-service v2.4.0 → v2.4.1 in production, 3 replicas
      Reason: checkout is slow
      Rule: deploy-production
      Can approve: bob, carol
      Waits until: 12:30 UTC
      Fingerprint: HEX
      [Approve] [Deny] [Withdraw]
    ");
    let because =
        world.say("alice", "deploy order-service v2.4.1 to production because checkout is slow.").await;
    assert_eq!(because.row().reason.as_deref(), Some("checkout is slow"));
    assert_eq!(because.state(), RequestState::Waiting, "{because}");
    world.press("bob", &because, Action::Approve).await;
    world.finish().await;
}

#[tokio::test]
async fn a_rule_can_demand_that_the_name_of_the_target_is_typed() {
    let back_end = BackEnd::well().await;
    let policy = rule_and("deploy-production", "verify = \"type\"");
    let policy = policy.replacen(
        "expect = \"need 1 of team-lead\"",
        "expect = \"need 1 of team-lead, verify type\"",
        1,
    );
    let world = World::under(policy, &back_end).await;
    let asked = world.say("alice", DEPLOY).await;
    assert_snapshot!(asked, @"
    = waiting
    [waiting] alice asks for this; one team-lead must agree
      /deploy order-service v2.4.1 production
      Change: order-service v2.4.0 → v2.4.1 in production, 3 replicas
      Rule: deploy-production
      Can approve: bob, carol
      Type to approve: production/order-service
      Waits until: 12:30 UTC
      Fingerprint: HEX
      [Approve] [Deny] [Withdraw]
    ");
    assert_snapshot!(world.press("bob", &asked, Action::Approve).await, @"
    = waiting
    [info] bob: for this a yes counts only with the target's name typed beside it.
    ");
    assert_snapshot!(world.react("bob", &asked, "✅").await, @"
    = waiting
    [info] bob: for this a yes counts only with the target's name typed beside it.
    ");
    assert_snapshot!(world.press_with("bob", &asked, Action::Approve, "staging/order-service").await, @"
    = waiting
    [info] bob: for this a yes counts only with the target's name typed beside it.
    ");
    assert_eq!(back_end.asked(BackEnd::DEPLOY), 0);
    let done = world.press_with("bob", &asked, Action::Approve, "production/order-service").await;
    assert_eq!(done.state(), RequestState::Done, "{done}");
    world.finish().await;
}

#[tokio::test]
async fn a_limit_counts_what_was_started_and_forgets_it_in_time() {
    let back_end = BackEnd::well().await;
    let limit =
        "[[limit]]\nid = \"rollbacks\"\ntools = [\"scale\"]\nper = \"person\"\ncount = 2\nminutes = 10\n";
    let world = World::under(policy_and(limit), &back_end).await;
    let scale = |replicas: u32| format!("/scale order-service {replicas} production");
    for replicas in [4, 5] {
        back_end.answers(BackEnd::SCALE, Answer::Json(200, json!({ "replicas": replicas })));
        let asked = world.say("alice", &scale(replicas)).await;
        assert!(asked.state().is_final(), "{asked}");
    }
    assert_snapshot!(world.say("alice", &scale(6)).await, @"
    = refused
    [refused] At most 2 starts of scale in 10 min for each person, which is reached; ask again later
      /scale order-service 6 production
      Nothing was done. /help shows what you may do here.
    ");
    assert_eq!(
        world.say("bob", &scale(6)).await.state(),
        world.say("carol", &scale(6)).await.state(),
        "each has their own"
    );
    world.tick(10).await;
    let later = world.say("alice", &scale(6)).await;
    assert!(!later.to_string().contains("at most"), "{later}");
    world.finish().await;
}

#[tokio::test]
async fn what_goes_to_production_must_be_live_in_staging_first() {
    let back_end = BackEnd::well().await;
    let order = "[order]\nenvironments = [\"staging\", \"production\"]\ntools = [\"deploy\"]\nversion = \"release\"\n\
                 live = \"service.version\"\n";
    let world = World::under(policy_and(order), &back_end).await;
    let staging = "GET /v1/environments/staging/services/order-service";
    let mut body = service(3, "v2.4.0");
    back_end.answers(staging, Answer::Json(200, body.clone()));
    assert_snapshot!(world.say("alice", DEPLOY).await, @"
    = refused
    [refused] v2.4.1 must be live in staging first, which runs v2.4.0; deploy it there, then ask again
      /deploy order-service v2.4.1 production
      Nothing was done. /help shows what you may do here.
    ");
    body["version"] = json!("v2.4.1");
    back_end.answers(staging, Answer::Json(200, body.clone()));
    let asked = world.say("alice", DEPLOY).await;
    assert_eq!(asked.state(), RequestState::Waiting, "{asked}");

    // What is live there is looked at again before the start.
    body["version"] = json!("v2.4.0");
    back_end.answers(staging, Answer::Json(200, body.clone()));
    assert_snapshot!(world.press("bob", &asked, Action::Approve).await, @"
    = waiting
    [info] bob: v2.4.1 must be live in staging first, which runs v2.4.0; deploy it there, then ask again; agree again when that is over.
    ");
    assert_eq!(back_end.asked(BackEnd::DEPLOY), 0);
    body["version"] = json!("v2.4.1");
    back_end.answers(staging, Answer::Json(200, body));
    let done = world.press("bob", &asked, Action::Approve).await;
    assert_eq!(done.state(), RequestState::Done, "{done}");

    // Nothing known of it is as good as not live.
    back_end.answers(staging, Answer::Json(500, json!({})));
    assert_snapshot!(world.say("alice", "/deploy order-service v2.3.1 production").await, @"
    = refused
    [refused] v2.3.1 must be live in staging first, and what runs there is not known
      /deploy order-service v2.3.1 production
      Nothing was done. /help shows what you may do here.
    ");
    world.finish().await;
}

#[tokio::test]
async fn one_person_does_not_approve_without_end() {
    let back_end = BackEnd::well().await;
    let policy = crate::support::with(
        countersign::gate::DEMO_POLICY,
        "[defaults]\n",
        "[defaults]\napprovals_per_hour = 1\n",
    );
    let world = World::under(policy, &back_end).await;
    let first = world.say("alice", DEPLOY).await;
    assert_eq!(world.press("bob", &first, Action::Approve).await.state(), RequestState::Done);
    let second = world.say("alice", "/deploy order-service v2.3.1 production").await;
    assert_snapshot!(world.press("bob", &second, Action::Approve).await, @"
    = waiting
    [info] bob: you have approved 1 requests within the hour, which is as many as one person may; let somebody else look at this one.
    ");
    world.press("carol", &second, Action::Approve).await;
    world.finish().await;
}
