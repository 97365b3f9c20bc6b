//! The process dies at every step of the way and starts again on what it left behind.

use countersign::domain::{Action, Body};
use countersign::store::RequestState;
use insta::assert_snapshot;

use crate::support::{Answer, BackEnd, World, service};

const DEPLOY: &str = "/deploy order-service v2.4.1 production";

#[tokio::test]
async fn what_waits_survives_a_restart_with_its_votes() {
    let back_end = BackEnd::well().await;
    let mut world = World::facing(&back_end).await;
    let deploy = world.say("alice", DEPLOY).await;
    let migrate = world.say("alice", "/migrate order-service latest production").await;
    world.press("bob", &migrate, Action::Approve).await;
    world.restart().await;
    assert_eq!(world.look(&deploy).await.row, deploy.row);
    assert_eq!(world.press("carol", &migrate, Action::Approve).await.state(), RequestState::Done);
    assert_eq!(world.press("bob", &deploy, Action::Approve).await.state(), RequestState::Done);
    world.finish().await;
}

#[tokio::test]
async fn time_goes_on_while_it_is_down() {
    let back_end = BackEnd::well().await;
    let mut world = World::facing(&back_end).await;
    let asked = world.say("alice", DEPLOY).await;
    world.crash().await;
    world.tick(31).await;
    assert_eq!(world.look(&asked).await.state(), RequestState::Expired);
    world.finish().await;
}

#[tokio::test]
async fn a_request_that_was_acknowledged_and_not_looked_at_is_looked_at() {
    let back_end = BackEnd::well().await;
    let mut world = World::facing(&back_end).await;
    back_end.answers(BackEnd::SERVICE, Answer::Hang);
    let id = world.hand_in(world.inbound("deployments", "alice", Body::Text(DEPLOY.to_owned()))).await;
    back_end.is_asked(BackEnd::SERVICE, 1).await;
    back_end.answers(BackEnd::SERVICE, Answer::Json(200, service(3, "v2.4.0")));
    world.crash().await;
    let asked = world.rest(&id).await;
    assert_eq!(asked.state(), RequestState::Waiting, "{asked}");
    assert_eq!(world.press("bob", &asked, Action::Approve).await.state(), RequestState::Done);
    world.finish().await;
}

#[tokio::test]
async fn what_everybody_had_agreed_to_and_had_not_started_starts() {
    let back_end = BackEnd::well().await;
    let mut world = World::facing(&back_end).await;
    let asked = world.say("alice", DEPLOY).await;
    back_end.answers(BackEnd::SERVICE, Answer::Hang);
    world.hand_in(world.click("bob", &world.card(asked.id()).await, Action::Approve, None)).await;
    back_end.is_asked(BackEnd::SERVICE, 2).await;
    back_end.answers(BackEnd::SERVICE, Answer::Json(200, service(3, "v2.4.0")));
    world.crash().await;
    world.settle().await;
    assert_eq!(world.look(&asked).await.state(), RequestState::Done);
    assert_eq!(back_end.asked(BackEnd::DEPLOY), 1);
    world.finish().await;
}

#[tokio::test]
async fn what_may_or_may_not_have_been_sent_ends_as_unknown_and_is_not_sent_again() {
    let back_end = BackEnd::well().await;
    let mut world = World::facing(&back_end).await;
    let asked = world.say("alice", DEPLOY).await;
    back_end.answers(BackEnd::DEPLOY, Answer::Hang);
    world.hand_in(world.click("bob", &world.card(asked.id()).await, Action::Approve, None)).await;
    back_end.is_asked(BackEnd::DEPLOY, 1).await;
    world.crash().await;
    let after = world.rest(asked.id()).await;
    assert_snapshot!(after, @"
    = unknown
    [failed] Nobody can say how it ended: the server stopped in the moment this was sent, so it may or may not have happened; look first, then ask again if it did not
      /deploy order-service v2.4.1 production
      Asked by: alice
      Approved by: bob
      Took: SPAN
    ");
    // Nor by time, by another press, or by another start.
    world.tick(1).await;
    world.press("carol", &asked, Action::Approve).await;
    world.crash().await;
    world.settle().await;
    assert_eq!(back_end.asked(BackEnd::DEPLOY), 1);
    // The target is free again for a person who has looked.
    back_end.answers(BackEnd::SCALE, Answer::Json(200, service(5, "v2.4.0")));
    back_end.answers(BackEnd::SERVICE, Answer::Json(200, service(3, "v2.4.0")));
    world
        .hand_in(world.inbound(
            "deployments",
            "alice",
            Body::Text("/scale order-service 5 production".into()),
        ))
        .await;
    back_end.is_asked(BackEnd::SCALE, 1).await;
    back_end.answers(BackEnd::SERVICE, Answer::Json(200, service(5, "v2.4.0")));
    world.finish().await;
}

#[tokio::test]
async fn what_the_back_end_had_taken_is_watched_to_its_end() {
    let back_end = BackEnd::well().await;
    let mut world = World::facing(&back_end).await;
    back_end.deployment("running", "1/3 replicas on v2.4.1");
    let asked = world.say("alice", DEPLOY).await;
    world.hand_in(world.click("bob", &world.card(asked.id()).await, Action::Approve, None)).await;
    world.card_says(asked.id(), "1/3 replicas").await;
    world.crash().await;
    back_end.deployment("running", "2/3 replicas on v2.4.1");
    world.card_says(asked.id(), "2/3 replicas").await;
    back_end.deployment("succeeded", "3/3 replicas on v2.4.1");
    assert_snapshot!(world.rest(asked.id()).await, @"
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
    assert_eq!(back_end.asked(BackEnd::DEPLOY), 1);
    world.finish().await;
}

#[tokio::test]
async fn what_waited_for_its_turn_still_gets_it() {
    let back_end = BackEnd::well().await;
    let mut world = World::facing(&back_end).await;
    back_end.deployment("running", "1/3 replicas on v2.4.1");
    let first = world.say("alice", DEPLOY).await;
    world.hand_in(world.click("bob", &world.card(first.id()).await, Action::Approve, None)).await;
    back_end.is_asked(BackEnd::DEPLOYMENT, 1).await;
    let second = world.say("alice", "/scale order-service 5 production").await;
    assert_eq!(second.state(), RequestState::Approved);
    world.crash().await;
    back_end.deployment("succeeded", "3/3 replicas on v2.4.1");
    assert_eq!(world.rest(first.id()).await.state(), RequestState::Done);
    back_end.is_asked(BackEnd::SCALE, 1).await;
    world.finish().await;
}

#[tokio::test]
async fn a_read_that_was_cut_off_says_so() {
    let back_end = BackEnd::well().await;
    let mut world = World::facing(&back_end).await;
    back_end.answers(BackEnd::SERVICE, Answer::Hang);
    let status = "/status order-service production".to_owned();
    let id = world.hand_in(world.inbound("deployments", "dave", Body::Text(status))).await;
    back_end.is_asked(BackEnd::SERVICE, 1).await;
    world.crash().await;
    assert_snapshot!(world.rest(&id).await, @"
    = failed
    [failed] It did not work: the server stopped while this was being read; ask again
      /status order-service production
      Asked by: dave
      Took: SPAN
    ");
    world.finish().await;
}
