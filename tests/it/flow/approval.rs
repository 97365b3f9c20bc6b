use countersign::domain::Action;
use countersign::store::RequestState;
use insta::assert_snapshot;

use crate::support::World;

const DEPLOY: &str = "/deploy order-service v2.4.1 production";

#[tokio::test]
async fn a_deployment_to_production_needs_a_team_lead() {
    let world = World::of(&["order-service"], &["production"]).await;
    let asked = world.say("alice", DEPLOY).await;
    assert_snapshot!(asked, @"
    = waiting
    [waiting] alice asks for this; one team-lead must agree
      /deploy order-service v2.4.1 production
      Change: order-service v2.4.0 → v2.4.1 in production, 3 replicas
      Rule: deploy-production
      Can approve: bob, carol
      Waits until: 12:30 UTC
      Fingerprint: HEX
      [Approve] [Deny] [Withdraw]
    ");
    let first = world.card_row(asked.id()).await;

    assert_snapshot!(world.press("alice", &asked, Action::Approve).await, @"
    = waiting
    [info] alice: you asked for this, so your own approval does not count.
    ");
    assert_snapshot!(world.press("dave", &asked, Action::Approve).await, @"
    = waiting
    [info] dave is a viewer; this needs 1 of team-lead.
    ");
    assert_snapshot!(world.press("mallory", &asked, Action::Approve).await, @"
    = waiting
    [info] mallory: your account is not linked to a person in the policy; ask an administrator to add console:mallory.
    ");
    let service = world.playground("environments/production/services/order-service").await;
    assert_eq!(service["version"], "v2.4.0", "nothing has run yet");

    assert_snapshot!(world.press("bob", &asked, Action::Approve).await, @"
    = done
    [done] order-service v2.4.1 runs in production
      /deploy order-service v2.4.1 production
      Environment: production
      Version: v2.4.0 → v2.4.1
      Replicas: 3
      Health: 3 of 3 replicas healthy
      Asked by: alice
      Approved by: bob
      Took: SPAN
      Dashboard: https://grafana.example.com/d/production/order-service
      To undo: /rollback order-service production
    ");
    let last = world.card_row(asked.id()).await;
    assert_eq!(first.id, last.id, "the card is edited in place");
    assert!(last.version > first.version + 1, "{} after {}", last.version, first.version);
    let service = world.playground("environments/production/services/order-service").await;
    assert_eq!((&service["version"], &service["ready"]), (&"v2.4.1".into(), &3.into()));
    world.finish().await;
}

#[tokio::test]
async fn a_reaction_on_the_card_counts_as_the_button_does() {
    let world = World::of(&["order-service"], &["production"]).await;
    let asked = world.say("alice", DEPLOY).await;
    assert_snapshot!(world.react("alice", &asked, "✅").await, @"
    = waiting
    [info] alice: you asked for this, so your own approval does not count.
    ");
    assert_snapshot!(world.react("dave", &asked, "✅").await, @"
    = waiting
    [info] dave is a viewer; this needs 1 of team-lead.
    ");
    assert_snapshot!(world.react("bob", &asked, "🎉").await, @"= waiting");
    assert_eq!(world.look(&asked).await.state(), RequestState::Waiting);
    let done = world.react("bob", &asked, "✅").await;
    assert_eq!(done.state(), RequestState::Done, "{done}");
    world.finish().await;
}

#[tokio::test]
async fn a_press_on_what_has_ended_does_nothing() {
    let world = World::of(&["order-service"], &["production"]).await;
    let asked = world.say("alice", DEPLOY).await;
    let done = world.press("bob", &asked, Action::Approve).await;
    assert_eq!(done.state(), RequestState::Done, "{done}");
    assert_snapshot!(world.press("carol", &asked, Action::Approve).await, @"
    = done
    [info] carol: it has ended already (done).
    ");
    assert_snapshot!(world.react("carol", &asked, "❌").await, @"
    = done
    [info] carol: it has ended already (done).
    ");
    world.finish().await;
}

#[tokio::test]
async fn a_no_with_a_reason_ends_it_and_the_asker_is_told_why() {
    let world = World::of(&["order-service"], &["production"]).await;
    let asked = world.say("alice", DEPLOY).await;
    let denied = world.press_with("bob", &asked, Action::Deny, "the sale starts in an hour").await;
    assert_snapshot!(denied, @"
    = denied
    [refused] Denied: bob said no: the sale starts in an hour
      /deploy order-service v2.4.1 production
      Nothing was done.
    [refused] alice: this was not done; bob said no: the sale starts in an hour.
    ");
    assert_eq!(world.press("carol", &asked, Action::Approve).await.state(), RequestState::Denied);

    let asked = world.say("alice", DEPLOY).await;
    assert_snapshot!(world.react("dave", &asked, "❌").await, @"
    = waiting
    [info] dave is a viewer; this needs 1 of team-lead.
    ");
    assert_snapshot!(world.react("bob", &asked, "❌").await, @"
    = denied
    [refused] Denied: bob said no
      /deploy order-service v2.4.1 production
      Nothing was done.
    [refused] alice: this was not done; bob said no.
    ");
    world.finish().await;
}

#[tokio::test]
async fn what_nobody_agrees_to_in_time_expires() {
    let world = World::of(&["order-service"], &["production"]).await;
    let asked = world.say("alice", DEPLOY).await;
    world.tick(29).await;
    assert_eq!(world.look(&asked).await.state(), RequestState::Waiting);
    world.tick(1).await;
    assert_snapshot!(world.look(&asked).await, @"
    = expired
    [refused] Expired: nobody said yes in time
      /deploy order-service v2.4.1 production
      Nothing was done.
    [waiting] bob, carol: this of alice still waits; one team-lead must agree. It expires at 12:30 UTC, in 1 min.
      /deploy order-service v2.4.1 production
    [refused] alice: this was not done; nobody said yes in time.
    ");
    assert_snapshot!(world.press("bob", &asked, Action::Approve).await, @"
    = expired
    [info] bob: it has ended already (expired).
    ");
    world.finish().await;
}

#[tokio::test]
async fn the_time_is_over_also_where_no_clock_has_ticked() {
    let world = World::of(&["order-service"], &["production"]).await;
    let asked = world.say("alice", DEPLOY).await;
    world.clock.advance(std::time::Duration::from_secs(31 * 60));
    let late = world.press("bob", &asked, Action::Approve).await;
    assert_snapshot!(late, @"
    = waiting
    [info] bob: this has expired; it must be asked again.
    ");
    world.tick(0).await;
    assert_eq!(world.look(&asked).await.state(), RequestState::Expired);
    world.finish().await;
}

#[tokio::test]
async fn the_asker_and_nobody_else_can_withdraw() {
    let world = World::of(&["order-service"], &["production"]).await;
    let asked = world.say("alice", DEPLOY).await;
    assert_snapshot!(world.press("bob", &asked, Action::Withdraw).await, @"
    = waiting
    [info] bob: only alice can withdraw this.
    ");
    assert_snapshot!(world.press("alice", &asked, Action::Withdraw).await, @"
    = withdrawn
    [refused] Withdrawn: alice took it back
      /deploy order-service v2.4.1 production
      Nothing was done.
    ");
    assert_eq!(world.press("bob", &asked, Action::Approve).await.state(), RequestState::Withdrawn);
    world.finish().await;
}

#[tokio::test]
async fn asking_anew_replaces_what_still_waits() {
    let world = World::of(&["order-service"], &["production"]).await;
    let first = world.say("alice", DEPLOY).await;
    let second = world.say("bob", "/deploy order-service v2.3.1 production").await;
    assert_eq!(second.state(), RequestState::Waiting);
    assert_snapshot!(world.look(&first).await, @"
    = superseded
    [refused] Replaced: bob asked anew: /deploy order-service v2.3.1 production
      /deploy order-service v2.4.1 production
      Nothing was done.
    [refused] alice: this was not done; bob asked anew: /deploy order-service v2.3.1 production.
    ");
    assert_eq!(world.press("bob", &second, Action::Approve).await.state(), RequestState::Waiting);
    world.finish().await;
}
