//! Back ends that are down, break, lie, change or hang.

use countersign::domain::Action;
use countersign::store::RequestState;
use insta::assert_snapshot;
use serde_json::json;

use crate::support::{Answer, BackEnd, Said, World, service};

/// Asks for a deployment to production, lets `meanwhile` happen, and approves it.
async fn deployed(back_end: &BackEnd, meanwhile: impl FnOnce()) -> (World, Said) {
    let world = World::facing(back_end).await;
    let asked = world.say("alice", "/deploy order-service v2.4.1 production").await;
    assert_eq!(asked.state(), RequestState::Waiting, "{asked}");
    meanwhile();
    let said = world.press("bob", &asked, Action::Approve).await;
    (world, said)
}

#[tokio::test]
async fn a_back_end_that_is_down_is_said_to_be_down() {
    let world = World::facing_address(BackEnd::nowhere().await).await;
    assert_snapshot!(world.say("dave", "/status order-service production").await, @"
    = failed
    [failed] It did not work: `127.0.0.1:PORT` cannot be reached, so nothing was done
      /status order-service production
      Asked by: dave
      Took: SPAN
      Dashboard: https://grafana.example.com/d/production/order-service
    ");
    // Nobody gets around a rule by breaking the back end that it asks.
    assert_snapshot!(world.say("alice", "/scale order-service 5 production").await, @"
    = refused
    [refused] What this would change cannot be read now, and without that nothing is decided: `127.0.0.1:PORT` cannot be reached
      /scale order-service 5 production
      Nothing was done.
    ");
    world.finish().await;
}

#[tokio::test]
async fn a_back_end_that_breaks_may_have_done_it() {
    let back_end = BackEnd::well().await;
    let broken = Answer::Json(500, json!({ "error": "out of cheese" }));
    let (world, said) = deployed(&back_end, || back_end.answers(BackEnd::DEPLOY, broken)).await;
    assert_snapshot!(said, @"
    = unknown
    [failed] Nobody can say how it ended: the back end broke: out of cheese (HTTP 500); it may have been done, please look before you ask again
      /deploy order-service v2.4.1 production
      Asked by: alice
      Approved by: bob
      Took: SPAN
    ");
    assert_eq!(back_end.asked(BackEnd::DEPLOY), 4, "with one key, so that it is recognised");
    world.finish().await;
}

#[tokio::test]
async fn a_back_end_that_says_no_has_not_done_it() {
    let back_end = BackEnd::well().await;
    let no = Answer::Json(422, json!({ "error": "v2.4.1 was withdrawn" }));
    let (world, said) = deployed(&back_end, || back_end.answers(BackEnd::DEPLOY, no)).await;
    assert_snapshot!(said, @"
    = failed
    [failed] It did not work: order-service v2.4.1 did not come up in production: v2.4.1 was withdrawn
      /deploy order-service v2.4.1 production
      Asked by: alice
      Approved by: bob
      Took: SPAN
      Dashboard: https://grafana.example.com/d/production/order-service
    ");
    assert_eq!(back_end.asked(BackEnd::DEPLOY), 1);
    world.finish().await;
}

#[tokio::test]
async fn a_change_in_the_last_moment_is_seen_by_the_back_end() {
    let back_end = BackEnd::well().await;
    let changed = Answer::Json(412, json!({ "error": "the generation is 8" }));
    let (world, said) = deployed(&back_end, || back_end.answers(BackEnd::DEPLOY, changed)).await;
    assert_snapshot!(said, @"
    = failed
    [failed] It did not work: it changed in the moment before it ran, so nothing was done: the generation is 8 (HTTP 412)
      /deploy order-service v2.4.1 production
      Asked by: alice
      Approved by: bob
      Took: SPAN
    ");
    world.finish().await;
}

#[tokio::test]
async fn an_answer_that_is_garbage_may_mean_anything() {
    let back_end = BackEnd::well().await;
    let (world, said) = deployed(&back_end, || back_end.answers(BackEnd::DEPLOY, Answer::Garbage)).await;
    assert_snapshot!(said, @"
    = unknown
    [failed] Nobody can say how it ended: it was taken, but the answer cannot be read: in `body.id`: there is no such value
      /deploy order-service v2.4.1 production
      Asked by: alice
      Approved by: bob
      Took: SPAN
    ");
    world.finish().await;
}

#[tokio::test]
async fn a_back_end_that_hangs_may_have_done_it() {
    let back_end = BackEnd::well().await;
    let (world, said) = deployed(&back_end, || back_end.answers(BackEnd::DEPLOY, Answer::Hang)).await;
    assert_snapshot!(said, @"
    = unknown
    [failed] Nobody can say how it ended: `127.0.0.1:PORT` did not answer in time or broke off; it may have been done, please look before you ask again
      /deploy order-service v2.4.1 production
      Asked by: alice
      Approved by: bob
      Took: SPAN
    ");
    world.finish().await;
}

#[tokio::test]
async fn without_the_facts_nothing_starts_and_the_approval_stands() {
    let back_end = BackEnd::well().await;
    let (world, said) = deployed(&back_end, || back_end.answers(BackEnd::SERVICE, Answer::Garbage)).await;
    assert_snapshot!(said, @"
    = waiting
    [failed] It has not started: what this would change cannot be read now, and without that nothing is decided: in `args.version | release(facts.service.versions)`: invalid operation: not iterable
      What was agreed to stands: press again to try once more.
    ");
    assert_eq!(back_end.asked(BackEnd::DEPLOY), 0);
    back_end.answers(BackEnd::SERVICE, Answer::Json(200, service(3, "v2.4.0")));
    let done = world.press("bob", &said, Action::Approve).await;
    assert_eq!(done.state(), RequestState::Done, "{done}");
    world.finish().await;
}

#[tokio::test]
async fn a_service_that_is_gone_is_not_deployed() {
    let back_end = BackEnd::well().await;
    let gone = Answer::Json(404, json!({ "error": "there is no order-service" }));
    let (world, said) = deployed(&back_end, || back_end.answers(BackEnd::SERVICE, gone)).await;
    assert_snapshot!(said, @"
    = superseded
    [refused] Replaced: order-service does not run in production
      /deploy order-service v2.4.1 production
      Nothing was done.
    [refused] alice: this was not done; order-service does not run in production.
    ");
    assert_eq!(back_end.asked(BackEnd::DEPLOY), 0);
    world.finish().await;
}

#[tokio::test]
async fn a_run_that_is_lost_sight_of_ends_as_unknown() {
    let back_end = BackEnd::well().await;
    let broken = Answer::Json(500, json!({ "error": "out of cheese" }));
    let (world, said) = deployed(&back_end, || back_end.answers(BackEnd::DEPLOYMENT, broken)).await;
    assert_snapshot!(said, @"
    = unknown
    [failed] Nobody can say how it ended: it was taken, but how it went can no longer be seen: out of cheese (HTTP 500)
      /deploy order-service v2.4.1 production
      Asked by: alice
      Approved by: bob
      Took: SPAN
    ");
    world.finish().await;
}

#[tokio::test]
async fn a_run_that_worked_on_something_that_is_not_well_has_failed() {
    let back_end = BackEnd::well().await;
    let mut sick = service(3, "v2.4.0");
    sick["ready"] = 1.into();
    let (world, said) =
        deployed(&back_end, || back_end.answers(BackEnd::SERVICE, Answer::Json(200, sick))).await;
    assert_snapshot!(said, @"
    = failed
    [failed] It did not work: it ran, but it is not well: 1 of 3 replicas healthy
      /deploy order-service v2.4.1 production
      Asked by: alice
      Approved by: bob
      Took: SPAN
      Dashboard: https://grafana.example.com/d/production/order-service
      To put it right: /rollback order-service production
    ");
    world.finish().await;
}

#[tokio::test]
async fn a_read_that_hangs_ends() {
    let back_end = BackEnd::well().await;
    let world = World::facing(&back_end).await;
    back_end.answers(BackEnd::SERVICE, Answer::Hang);
    assert_snapshot!(world.say("dave", "/status order-service production").await, @"
    = failed
    [failed] It did not work: `127.0.0.1:PORT` did not answer in time or broke off
      /status order-service production
      Asked by: dave
      Took: SPAN
    ");
    world.finish().await;
}
