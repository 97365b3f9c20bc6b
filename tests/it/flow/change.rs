use countersign::domain::Action;
use countersign::store::RequestState;
use insta::assert_snapshot;

use crate::support::World;

const DOWN: &str = "/scale api-gateway 2 production";

#[tokio::test]
async fn an_approval_is_void_when_the_replicas_have_changed_and_is_asked_for_again() {
    let world = World::of(&["api-gateway"], &["production"]).await;
    let asked = world.say("alice", DOWN).await;
    let old_card = world.card(asked.id()).await;
    world.scale_behind_its_back("api-gateway", "production", 6).await;

    assert_snapshot!(world.press("bob", &asked, Action::Approve).await, @"
    = waiting
    [waiting] alice asks for this; one team-lead must agree
      /scale api-gateway 2 production
      This changed since it was agreed to, so please look again: replicas: 4 → 6.
      Change: api-gateway 6 → 2 replicas in production
      Rule: scale-down-production
      Can approve: bob, carol
      Waits until: 12:30 UTC
      Fingerprint: HEX
      [Approve] [Deny] [Withdraw]
    ");
    let gateway = world.playground("environments/production/services/api-gateway").await;
    assert_eq!(gateway["replicas"], 6, "nothing has run");

    // A press on the card as it was counts for what it said then: nothing.
    let stale = world.deliver(world.click("bob", &old_card, Action::Approve, None)).await.unwrap();
    assert_snapshot!(stale, @"
    = waiting
    [info] bob: the card has changed since; please look at it as it is now.
    ");
    let done = world.press("bob", &asked, Action::Approve).await;
    assert_eq!(done.state(), RequestState::Done, "{done}");
    world.finish().await;
}

#[tokio::test]
async fn what_came_true_meanwhile_is_not_done_again() {
    let world = World::of(&["api-gateway"], &["production"]).await;
    let asked = world.say("alice", DOWN).await;
    world.scale_behind_its_back("api-gateway", "production", 2).await;
    assert_snapshot!(world.press("bob", &asked, Action::Approve).await, @"
    = superseded
    [refused] Replaced: api-gateway already has 2 replicas in production
      /scale api-gateway 2 production
      Nothing was done.
    [refused] alice: this was not done; api-gateway already has 2 replicas in production.
    ");
    world.finish().await;
}
