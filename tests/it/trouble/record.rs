//! On the record or not at all: a disk that refuses, at each step.

use countersign::domain::{Action, Body};
use countersign::store::RequestState;
use insta::assert_snapshot;

use crate::support::{BackEnd, World, tidy};

const NOTHING: &str = "NEW.kind = NEW.kind";
const NO_START: &str = "NEW.kind = 'started'";
const NO_END: &str = "NEW.kind = 'finished' AND NEW.request_id IN (SELECT request FROM job)";

#[tokio::test]
async fn what_cannot_be_written_down_is_not_taken_in() {
    let back_end = BackEnd::well().await;
    let world = World::facing(&back_end).await;
    world.database.refuses_entries(&world.data_dir(), NOTHING).await;
    let scale = "/scale order-service 5 production".to_owned();
    let message = world.inbound("deployments", "alice", Body::Text(scale));
    let trouble = world.deliver(message.clone()).await.unwrap_err();
    assert_snapshot!(tidy(&trouble.to_string()), @"the record cannot be written, so nothing was done: the database refused a row (database or disk is full): nothing was written");
    assert_eq!(back_end.asked(BackEnd::SERVICE), 0);

    // The platform delivers it again, and then it is as if it had come for the first time.
    world.database.refuses_nothing(&world.data_dir()).await;
    let taken = world.deliver(message).await.unwrap();
    assert!(!taken.again);
    assert_eq!(back_end.asked(BackEnd::SCALE), 1);
    world.finish().await;
}

#[tokio::test]
async fn without_the_entry_of_the_start_nothing_runs_and_the_asker_hears_it() {
    let back_end = BackEnd::well().await;
    let world = World::facing(&back_end).await;
    world.database.refuses_entries(&world.data_dir(), NO_START).await;
    assert_snapshot!(world.say("alice", "/scale order-service 5 production").await, @"
    = failed
    [failed] Something of ours is broken, so nothing was done
      The record cannot be written, so nothing was done: the database refused a row (database or disk is full): nothing was written. The operators can see it in the log.
    ");
    assert_eq!(back_end.asked(BackEnd::SCALE), 0);
    world.database.refuses_nothing(&world.data_dir()).await;
    world.say("alice", "/scale order-service 5 production").await;
    assert_eq!(back_end.asked(BackEnd::SCALE), 1);
    world.finish().await;
}

#[tokio::test]
async fn who_approves_what_cannot_start_hears_it_too() {
    let back_end = BackEnd::well().await;
    let world = World::facing(&back_end).await;
    let asked = world.say("alice", "/deploy order-service v2.4.1 production").await;
    world.database.refuses_entries(&world.data_dir(), NO_START).await;
    assert_snapshot!(world.press("bob", &asked, Action::Approve).await, @"
    = waiting
    [failed] Something of ours is broken, so nothing was done
      The record cannot be written, so nothing was done: the database refused a row (database or disk is full): nothing was written. The operators can see it in the log.
      What was agreed to stands: press again to try once more.
    ");
    assert_eq!(back_end.asked(BackEnd::DEPLOY), 0);
    world.database.refuses_nothing(&world.data_dir()).await;
    let done = world.press("bob", &asked, Action::Approve).await;
    assert_eq!(done.state(), RequestState::Done, "{done}");
    world.finish().await;
}

#[tokio::test]
async fn an_end_that_cannot_be_written_is_written_later() {
    let back_end = BackEnd::well().await;
    let world = World::facing(&back_end).await;
    let asked = world.say("alice", "/deploy order-service v2.4.1 production").await;
    world.database.refuses_entries(&world.data_dir(), NO_END).await;
    world.hand_in(world.click("bob", &world.card(asked.id()).await, Action::Approve, None)).await;
    // The facts twice, then the look at its health, after which there is only the end to write.
    back_end.is_asked(BackEnd::SERVICE, 3).await;
    let other = world.say("dave", "/whoami").await;
    assert_eq!(other.state(), RequestState::Done, "others are served meanwhile: {other}");
    assert_eq!(world.look(&asked).await.state(), RequestState::Started);
    world.database.refuses_nothing(&world.data_dir()).await;
    assert_eq!(world.rest(asked.id()).await.state(), RequestState::Done);
    assert_eq!(back_end.asked(BackEnd::DEPLOY), 1);
    world.finish().await;
}
