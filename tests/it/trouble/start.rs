//! The moment between "everybody has agreed" and "it runs".

use std::sync::Arc;

use countersign::domain::Action;
use countersign::gate::DEMO_POLICY;
use countersign::store::RequestState;
use insta::assert_snapshot;
use tokio::sync::Notify;

use crate::support::{Answer, BackEnd, World, service, twin};

const DEPLOY: &str = "/deploy order-service v2.4.1 production";

#[tokio::test]
async fn a_policy_that_another_replica_has_accepted_counts_here_at_once() {
    let back_end = BackEnd::well().await;
    let world = World::under(DEMO_POLICY, &back_end).await;
    let asked = world.say("alice", DEPLOY).await;
    let shown = world.card(asked.id()).await;
    let (source, clock) = (world.source(), world.clock.clone());
    world
        .inside(async move {
            let other = twin(&source, clock).await;
            other.consider_policy(&format!("{DEMO_POLICY}\n# read by the other one\n")).await.unwrap();
            other.tasks.close();
            other.tasks.wait().await;
        })
        .await;
    // Nothing has told this one, and its own policy would let the run start.
    world.deliver(world.click("bob", &shown, Action::Approve, None)).await.unwrap();
    world.settle().await;
    assert_snapshot!(world.look(&asked).await, @"
    = waiting
    [waiting] alice asks for this; one team-lead must agree
      /deploy order-service v2.4.1 production
      The policy has changed, so it must be agreed to again.
      Change: order-service v2.4.0 → v2.4.1 in production, 3 replicas
      Rule: deploy-production
      Can approve: bob, carol
      Waits until: 12:30 UTC
      Fingerprint: HEX
      [Approve] [Deny] [Withdraw]
    [info] bob: the card has changed since; please look at it as it is now.
    ");
    assert_eq!(back_end.asked(BackEnd::DEPLOY), 0);
    // What the other one has put up under the new policy counts here at the first press.
    assert_eq!(world.press("bob", &asked, Action::Approve).await.state(), RequestState::Done);
    assert_eq!(back_end.asked(BackEnd::DEPLOY), 1);
    world.finish().await;
}

#[tokio::test]
async fn a_lock_put_up_after_the_last_yes_stops_the_start_and_what_was_agreed_to_is_void() {
    let back_end = BackEnd::well().await;
    let world = World::facing(&back_end).await;
    let asked = world.say("alice", DEPLOY).await;
    let read = back_end.asked(BackEnd::SERVICE);
    let leave = Arc::new(Notify::new());
    back_end.answers(BackEnd::SERVICE, Answer::Held(Arc::clone(&leave), service(3, "v2.4.0")));
    world.hand_in(world.click("bob", &world.card(asked.id()).await, Action::Approve, None)).await;
    back_end.is_asked(BackEnd::SERVICE, read + 1).await;
    assert_eq!(world.say("carol", "/lock production --reason audit").await.state(), RequestState::Done);
    back_end.answers(BackEnd::SERVICE, Answer::Json(200, service(3, "v2.4.0")));
    leave.notify_one();
    world.settle().await;
    assert_snapshot!(world.look(&asked).await, @"
    = waiting
    [waiting] alice asks for this; one team-lead must agree
      /deploy order-service v2.4.1 production
      It did not start: production is locked by carol: audit. When that is over, it can be agreed to again.
      Change: order-service v2.4.0 → v2.4.1 in production, 3 replicas
      Rule: deploy-production
      Can approve: bob, carol
      Waits until: 12:30 UTC
      Fingerprint: HEX
      [Approve] [Deny] [Withdraw]
    ");
    assert_eq!(back_end.asked(BackEnd::DEPLOY), 0);
    world.say("carol", "/unlock production").await;
    // One yes was there before; it takes a new one.
    assert_eq!(world.look(&asked).await.row().agreed, []);
    assert_eq!(world.press("carol", &asked, Action::Approve).await.state(), RequestState::Done);
    world.finish().await;
}
