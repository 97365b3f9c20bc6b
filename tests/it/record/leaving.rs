//! Nobody is told of something dangerous before the record's checkpoint has left the database.

use countersign::audit::Checkpoint;
use countersign::config::{PutTarget, SinkSettings};
use countersign::domain::Action;
use countersign::store::RequestState;
use insta::assert_snapshot;
use serde_json::json;

use crate::support::{Answer, BackEnd, World, until};

const DEPLOY: &str = "/deploy order-service v2.4.1 production";
const PUT: &str = "PUT /latest";

/// A world whose checkpoints also go to an object store, which is the back end too.
async fn exporting(back_end: &BackEnd) -> World {
    back_end.answers(PUT, Answer::Json(200, json!({})));
    let mut world = World::facing(back_end).await;
    world.export_to(SinkSettings::Put(Box::new(PutTarget {
        url: format!("{}/latest", back_end.base()),
        latest: None,
        once: false,
        token: None,
        s3: None,
        retain: "1d".to_owned(),
        headers: Default::default(),
    })));
    world.restart().await;
    world
}

/// How many entries the newest checkpoint in the file covers.
fn covered(world: &World) -> u64 {
    world.exported().last().map_or(0, |note| Checkpoint::parse(note).unwrap().size)
}

#[tokio::test]
async fn what_is_dangerous_is_told_after_its_checkpoint_left() {
    let back_end = BackEnd::well().await;
    let mut world = exporting(&back_end).await;
    let before = back_end.asked(PUT);
    let asked = world.say("alice", DEPLOY).await;
    back_end.answers(PUT, Answer::Hang);
    world.hand_in(world.click("bob", &world.card(asked.id()).await, Action::Approve, None)).await;
    back_end.is_asked(PUT, before + 1).await;

    // It is done and on the record, and so far nobody knows.
    assert_eq!(back_end.asked(BackEnd::DEPLOY), 1);
    assert_eq!(world.look(&asked).await.state(), RequestState::Started);
    assert!(world.card(asked.id()).await.to_text().starts_with("Running: "));
    let entries = world.entries(asked.id()).await;
    assert_eq!(entries.last(), Some(&"finished"), "{entries:?}");
    let finished = world.rooms().ledger.entries_of(asked.id()).await.unwrap().pop().unwrap();
    until("the file has it", async || covered(&world) > finished.seq).await;

    // It dies there; after the start people are told, and nothing is done a second time.
    back_end.answers(PUT, Answer::Json(200, json!({})));
    world.crash().await;
    let told = world.rest(asked.id()).await;
    assert_eq!(told.state(), RequestState::Done, "{told}");
    assert_eq!(back_end.asked(BackEnd::DEPLOY), 1);
    assert_eq!(world.entries(asked.id()).await.iter().filter(|kind| **kind == "finished").count(), 1);
    world.finish().await;
}

#[tokio::test]
async fn a_sink_that_fails_holds_nobody_up_and_people_see_that_it_failed() {
    let back_end = BackEnd::well().await;
    let world = exporting(&back_end).await;
    back_end.answers(PUT, Answer::Json(503, json!({})));
    let asked = world.say("alice", DEPLOY).await;
    let done = world.press("bob", &asked, Action::Approve).await;
    assert_snapshot!(done.to_string().replace(&back_end.base(), "http://STORE"), @"
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
      This is on the record, but the record's checkpoint has not reached the object store http://127.0.0.1:PORT/latest yet. It is tried again; the operators know.
    ");
    assert_eq!(world.rooms().exporter.failing().len(), 1);
    assert!(world.rooms().exporter.unexported_seconds().await.unwrap() > 0);

    back_end.answers(PUT, Answer::Json(200, json!({})));
    world.tick(2).await;
    assert_eq!(world.rooms().exporter.failing(), [""; 0]);
    assert_eq!(world.rooms().exporter.unexported_seconds().await.unwrap(), 0);
    world.finish().await;
}

#[tokio::test]
async fn what_is_not_dangerous_leaves_within_a_minute() {
    let world = World::of(&["order-service"], &["staging"]).await;
    world.say("alice", "/status order-service staging").await;
    world.say("alice", "/scale order-service 2 staging").await;
    assert_eq!(world.exported().len(), 0);
    world.tick(1).await;
    assert_eq!(world.exported().len(), 1);
    let sound = world.verified().await;
    assert_eq!((sound.compared, sound.since), (1, Some(1)));
    world.finish().await;
}

#[tokio::test]
async fn what_is_left_leaves_when_the_program_ends() {
    let back_end = BackEnd::well().await;
    let mut world = World::facing(&back_end).await;
    world.say("alice", "/status order-service production").await;
    assert_eq!(world.exported().len(), 0);
    world.restart().await;
    assert_eq!(world.exported().len(), 1);
    world.finish().await;
}

#[tokio::test]
async fn checkpoints_and_alarms_are_posted_where_people_see_them() {
    let back_end = BackEnd::well().await;
    let mut world = World::facing(&back_end).await;
    world.export_to(SinkSettings::Channel { channel: "general".to_owned() });
    world.restart().await;
    world.say("alice", "/scale order-service 5 production").await;
    let place = world.inbound("general", "alice", countersign::domain::Body::Text(String::new())).place;
    let posts = world.rooms().store.channel_messages(&place, None, 10).await.unwrap();
    let [.., post] = &posts[..] else { panic!("no post") };
    let countersign::store::MessageBody::Reply { reply } = &post.body else { panic!("{post:?}") };
    let posted = reply.to_text();
    let note = posted.lines().filter_map(|line| line.trim_start().strip_prefix("| ")).collect::<Vec<_>>();
    // Whoever copies it out of the channel can check with it.
    let text = format!("{}\n", note.join("\n").replace("|", ""));
    let found = countersign::audit::NoteScanner::all(&text);
    assert_eq!(found, [world.exported().pop().unwrap()], "{posted}");
    assert!(posted.starts_with("Checkpoint of the record: "), "{posted}");
    assert!(posted.contains(&world.rooms().ledger.public_key().verifier_key(0)), "{posted}");
    world.finish().await;
}
