//! A database that was put back to an earlier state: questions are answered, and nothing is changed until that is accepted.

use countersign::audit::{Order, What};
use countersign::domain::{Action, PersonId};
use countersign::store::RequestState;
use insta::assert_snapshot;

use serde_json::json;

use crate::support::{Answer, BackEnd, World, tidy};

const DEPLOY: &str = "/deploy order-service v2.4.1 production";

fn accept(by: &str) -> Order {
    Order {
        what: What::AcceptRestore,
        by: Some(PersonId(by.to_owned())),
        account: "local:root".to_owned(),
        reason: "the disk died".to_owned(),
    }
}

#[tokio::test]
async fn a_restored_backup_executes_nothing_before_it_is_accepted() {
    let back_end = BackEnd::well().await;
    let mut world = World::facing(&back_end).await;
    back_end.answers(BackEnd::SCALE, Answer::Json(200, json!({ "service": "order-service", "replicas": 5 })));
    let waiting = world.say("alice", DEPLOY).await;
    world.say("alice", "/scale order-service 5 production").await;
    assert_eq!(back_end.asked(BackEnd::SCALE), 1);
    let backup = world.back_up().await;
    assert_eq!(world.press("bob", &waiting, Action::Approve).await.state(), RequestState::Done);
    let (deployed, scaled) = (back_end.asked(BackEnd::DEPLOY), back_end.asked(BackEnd::SCALE));

    // In the restored database it still waits. Approving it again would deploy it again.
    world.restore(&backup).await;
    assert_snapshot!(tidy(&world.press("bob", &waiting, Action::Approve).await.to_string()), @"
    = waiting
    [refused] Read-only: the record here is not the one that its checkpoints tell of, so questions are answered and nothing is changed. An operator has to look at it (`countersign audit accept-restore`).
      Nothing was done.
      What was agreed to stands: press again to try once more.
    ");
    assert_snapshot!(tidy(&world.say("alice", "/scale order-service 6 production").await.to_string()), @"
    = refused
    [refused] Read-only: the record here is not the one that its checkpoints tell of, so questions are answered and nothing is changed. An operator has to look at it (`countersign audit accept-restore`).
      /scale order-service 6 production
      Nothing was done.
    ");
    assert_snapshot!(tidy(&world.say("alice", "/status order-service production").await.to_string()), @"
    = done
    [info] order-service in production runs v2.4.0, 3 of 3 replicas ready
      /status order-service production
      Environment: production
      Version: v2.4.0
      Replicas: 3 of 3 ready
      Dashboard: https://grafana.example.com/d/production/order-service
      Read-only: the record here is not the one that its checkpoints tell of, so questions are answered and nothing is changed. An operator has to look at it (`countersign audit accept-restore`).
    ");
    world.tick(1).await;
    assert_eq!((back_end.asked(BackEnd::DEPLOY), back_end.asked(BackEnd::SCALE)), (deployed, scaled));

    // Neither does a restart help.
    world.restart().await;
    assert_eq!(world.say("alice", "/scale order-service 7 production").await.state(), RequestState::Refused);

    let rooms = std::sync::Arc::clone(world.rooms());
    let stranger = rooms.keep_record(accept("mallory")).await.unwrap_err();
    assert_snapshot!(stranger, @"`mallory` is not in the policy; say who you are by the name in it");
    let said = world.inside(async move { rooms.keep_record(accept("carol")).await }).await.unwrap();
    assert_snapshot!(said, @"Accepted. Record 1 has begun; its first entry says what was found and what is lost. Earlier records stay verifiable. Things are changed again.");
    world.say("alice", "/scale order-service 8 production").await;
    assert_eq!(back_end.asked(BackEnd::SCALE), scaled + 1);

    let sound = world.verified().await;
    let [restore] = &sound.restores[..] else { panic!("{sound:?}") };
    assert_eq!((restore.who.as_str(), restore.reason.as_str()), ("carol", "the disk died"));
    assert!(restore.lost > 0);
    // What waited can be taken back; the deployment that the backup does not know of is not repeated.
    world.press("alice", &waiting, Action::Withdraw).await;
    assert_eq!(back_end.asked(BackEnd::DEPLOY), deployed);
    world.finish().await;
}
