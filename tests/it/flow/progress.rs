use countersign::domain::{Action, Tone};
use countersign::store::RequestState;

use crate::support::{BackEnd, World};

#[tokio::test]
async fn the_card_shows_how_a_run_goes_on() {
    let back_end = BackEnd::well().await;
    back_end.deployment("running", "1/3 replicas on v2.4.1");
    let world = World::facing(&back_end).await;
    let asked = world.say("alice", "/deploy order-service v2.4.1 production").await;
    let mut versions = vec![world.card_row(asked.id()).await.version];

    world.hand_in(world.click("bob", &world.card(asked.id()).await, Action::Approve, None)).await;
    for step in ["1/3 replicas on v2.4.1", "2/3 replicas on v2.4.1"] {
        back_end.deployment("running", step);
        world.card_says(asked.id(), step).await;
        let card = world.card(asked.id()).await;
        assert_eq!((card.tone, card.buttons.len()), (Tone::Running, 0), "{}", card.to_text());
        versions.push(world.card_row(asked.id()).await.version);
    }
    back_end.deployment("succeeded", "3/3 replicas on v2.4.1");
    let done = world.rest(asked.id()).await;
    assert_eq!(done.state(), RequestState::Done, "{done}");
    versions.push(world.card_row(asked.id()).await.version);
    assert!(versions.is_sorted_by(|one, next| one < next), "{versions:?}");
    assert_eq!(back_end.asked(BackEnd::DEPLOY), 1);
    world.finish().await;
}

#[tokio::test]
async fn a_second_run_on_the_same_target_waits_for_its_turn() {
    let back_end = BackEnd::well().await;
    back_end.deployment("running", "1/3 replicas on v2.4.1");
    let world = World::facing(&back_end).await;
    let first = world.say("alice", "/deploy order-service v2.4.1 production").await;
    world.hand_in(world.click("bob", &world.card(first.id()).await, Action::Approve, None)).await;
    back_end.is_asked(BackEnd::DEPLOYMENT, 1).await;

    let second = world.say("alice", "/scale order-service 5 production").await;
    assert_eq!(second.state(), RequestState::Approved, "{second}");
    insta::assert_snapshot!(second, @"
    = approved
    [waiting] Agreed; it starts when what runs there now has ended
      /scale order-service 5 production
      Running now: /deploy order-service v2.4.1 production
      Must start by: 12:05 UTC
      [Withdraw]
    ");
    assert_eq!(back_end.asked(BackEnd::SCALE), 0);

    back_end.deployment("succeeded", "3/3 replicas on v2.4.1");
    assert_eq!(world.rest(first.id()).await.state(), RequestState::Done);
    back_end.is_asked(BackEnd::SCALE, 1).await;
    world.settle().await;
    // This back end cannot scale, and says so.
    assert_eq!(world.look(&second).await.state(), RequestState::Failed);
    world.finish().await;
}
