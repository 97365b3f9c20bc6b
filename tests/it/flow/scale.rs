use countersign::domain::Action;
use insta::assert_snapshot;

use crate::support::World;

#[tokio::test]
async fn up_is_free_and_down_needs_a_team_lead() {
    let world = World::of(&["api-gateway"], &["production"]).await;
    assert_snapshot!(world.say("alice", "/scale api-gateway 10 production").await, @"
    = done
    [done] api-gateway has 10 replicas in production
      /scale api-gateway 10 production
      Environment: production
      Replicas: 4 → 10
      Version: v1.9.0
      Health: 10 of 10 replicas healthy
      Asked by: alice
      Took: SPAN
      Dashboard: https://grafana.example.com/d/production/api-gateway
      To undo: /scale api-gateway 4 production
    ");
    let gateway = world.playground("environments/production/services/api-gateway").await;
    assert_eq!(gateway["ready"], 10);

    let down = world.say("alice", "/scale api-gateway 2 production").await;
    assert_snapshot!(down, @"
    = waiting
    [waiting] alice asks for this; one team-lead must agree
      /scale api-gateway 2 production
      Change: api-gateway 10 → 2 replicas in production
      Rule: scale-down-production
      Can approve: bob, carol
      Waits until: 12:30 UTC
      Fingerprint: HEX
      [Approve] [Deny] [Withdraw]
    ");
    assert_snapshot!(world.press("bob", &down, Action::Approve).await, @"
    = done
    [done] api-gateway has 2 replicas in production
      /scale api-gateway 2 production
      Environment: production
      Replicas: 10 → 2
      Version: v1.9.0
      Health: 2 of 2 replicas healthy
      Asked by: alice
      Approved by: bob
      Took: SPAN
      Dashboard: https://grafana.example.com/d/production/api-gateway
      To undo: /scale api-gateway 10 production
    ");
    let gateway = world.playground("environments/production/services/api-gateway").await;
    assert_eq!(gateway["ready"], 2);
    world.finish().await;
}

#[tokio::test]
async fn the_same_number_does_nothing_and_too_few_or_too_many_are_refused() {
    let world = World::of(&["api-gateway"], &["production"]).await;
    assert_snapshot!(world.say("alice", "/scale api-gateway 4 production").await, @"
    = answered
    [info] api-gateway already has 4 replicas in production
      /scale api-gateway 4 production
      Nothing to do.
    ");
    assert_snapshot!(world.say("bob", "/scale api-gateway 1 production").await, @"
    = refused
    [refused] api-gateway needs at least 2 replicas in production
      /scale api-gateway 1 production
      Nothing was done.
    ");
    assert_snapshot!(world.say("bob", "/scale api-gateway 0 production").await, @"
    = refused
    [refused] api-gateway needs at least 2 replicas in production
      /scale api-gateway 0 production
      Nothing was done.
    ");
    assert_snapshot!(world.say("alice", "/scale api-gateway 21 production").await, @"
    = refused
    [refused] No more than 20 replicas of one service can run in one environment
      /scale api-gateway 21 production
      Nothing was done.
    ");
    assert_snapshot!(world.say("alice", "/scale api-gateway -1 production").await, @"
    = answered
    [info] `replicas` must be at least 0, not `-1`
      | /scale <service> <replicas> <environment>
      | Example: /scale order-service 6 production
    ");
    assert_snapshot!(world.say("alice", "/scale api-gateway many production").await, @"
    = answered
    [info] `replicas` must be a whole number, not `many`
      | /scale <service> <replicas> <environment>
      | Example: /scale order-service 6 production
    ");
    let gateway = world.playground("environments/production/services/api-gateway").await;
    assert_eq!((&gateway["replicas"], &gateway["generation"]), (&4.into(), &1.into()));
    world.finish().await;
}
