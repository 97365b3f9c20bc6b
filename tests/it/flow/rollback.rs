use countersign::domain::Action;
use countersign::store::RequestState;
use insta::assert_snapshot;

use crate::support::World;

#[tokio::test]
async fn a_rollback_needs_nobody_but_the_asker_twice() {
    let world = World::of(&["order-service"], &["production"]).await;
    let asked = world.say("alice", "/rollback order-service production").await;
    assert_snapshot!(asked, @"
    = waiting
    [waiting] alice, is this what you want?
      /rollback order-service production
      Change: order-service v2.4.0 → v2.3.1 in production, 3 replicas
      Rule: rollback
      Waits until: 12:30 UTC
      Fingerprint: HEX
      [Confirm] [Withdraw]
    ");
    assert_snapshot!(world.press("bob", &asked, Action::Confirm).await, @"
    = waiting
    [info] bob: only alice can confirm this.
    ");
    assert_snapshot!(world.press("bob", &asked, Action::Approve).await, @"
    = waiting
    [info] bob: this needs nobody's approval.
    ");
    assert_snapshot!(world.press("alice", &asked, Action::Confirm).await, @"
    = done
    [done] order-service is back on v2.3.1 in production
      /rollback order-service production
      Environment: production
      Version: v2.4.0 → v2.3.1
      Replicas: 3
      Health: 3 of 3 replicas healthy
      Asked by: alice
      Confirmed by: alice
      Took: SPAN
      Dashboard: https://grafana.example.com/d/production/order-service
      To undo: /deploy order-service v2.4.0 production
    ");
    let service = world.playground("environments/production/services/order-service").await;
    assert_eq!(service["version"], "v2.3.1");
    world.finish().await;
}

#[tokio::test]
async fn the_askers_reaction_confirms_too() {
    let world = World::of(&["order-service"], &["production"]).await;
    let asked = world.say("alice", "/rollback order-service production").await;
    let done = world.react("alice", &asked, "✅").await;
    assert_eq!(done.state(), RequestState::Done, "{done}");
    world.finish().await;
}
