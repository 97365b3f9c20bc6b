//! Events that come twice, at once, or about messages that changed.

use countersign::domain::{Action, Body, MessageId, Reaction};
use countersign::store::RequestState;
use insta::assert_snapshot;

use crate::support::{BackEnd, World};

const DEPLOY: &str = "/deploy order-service v2.4.1 production";

#[tokio::test]
async fn an_event_that_is_delivered_again_does_nothing_again() {
    let back_end = BackEnd::well().await;
    let world = World::facing(&back_end).await;
    let message = world.inbound("deployments", "alice", Body::Text(DEPLOY.to_owned()));
    let asked = world.deliver(message.clone()).await.unwrap();
    assert_eq!((asked.state(), asked.again), (RequestState::Waiting, false));
    let entries = world.entries(asked.id()).await;
    let again = world.deliver(message).await.unwrap();
    assert_eq!((again.id(), again.again), (asked.id(), true));
    assert_eq!(world.entries(asked.id()).await, entries);

    let click = world.click("bob", &world.card(asked.id()).await, Action::Approve, None);
    let done = world.deliver(click.clone()).await.unwrap();
    assert_eq!((done.state(), done.again), (RequestState::Done, false));
    let entries = world.entries(asked.id()).await;
    let again = world.deliver(click).await.unwrap();
    assert_eq!((again.again, again.replies), (true, Vec::new()));
    assert_eq!(world.entries(asked.id()).await, entries);
    assert_eq!(back_end.asked(BackEnd::DEPLOY), 1);
    world.finish().await;
}

#[tokio::test]
async fn a_double_click_of_one_person_is_one_vote() {
    let back_end = BackEnd::well().await;
    let world = World::facing(&back_end).await;
    let asked = world.say("alice", "/migrate order-service latest production").await;
    let card = world.card(asked.id()).await;
    let click = || world.deliver(world.click("bob", &card, Action::Approve, None));
    let (one, two) = tokio::join!(click(), click());
    for delivered in [one, two] {
        delivered.unwrap();
    }
    let row = world.look(&asked).await;
    assert_eq!(row.state(), RequestState::Waiting, "{row}");
    assert_eq!(row.row().awaits.iter().map(|person| person.0.as_str()).collect::<Vec<_>>(), ["carol"]);
    assert_eq!(back_end.asked(BackEnd::MIGRATE), 0);
    world.finish().await;
}

#[tokio::test]
async fn two_people_at_once_start_it_once() {
    let back_end = BackEnd::well().await;
    let world = World::facing(&back_end).await;
    for round in 1..=5 {
        let asked = world.say("alice", DEPLOY).await;
        let card = world.card(asked.id()).await;
        let click = |person| world.deliver(world.click(person, &card, Action::Approve, None));
        let (bob, carol) = tokio::join!(click("bob"), click("carol"));
        for delivered in [bob, carol] {
            delivered.unwrap();
        }
        assert_eq!(world.rest(asked.id()).await.state(), RequestState::Done);
        let entries = world.entries(asked.id()).await;
        assert_eq!(entries.iter().filter(|kind| **kind == "started").count(), 1, "{entries:?}");
        assert_eq!(back_end.asked(BackEnd::DEPLOY), round);
    }
    world.finish().await;
}

#[tokio::test]
async fn the_last_two_of_two_at_once_start_it_once() {
    let back_end = BackEnd::well().await;
    let world = World::facing(&back_end).await;
    for round in 1..=10 {
        let asked = world.say("alice", "/migrate order-service latest production").await;
        let card = world.card(asked.id()).await;
        let click = |person| world.deliver(world.click(person, &card, Action::Approve, None));
        let (bob, carol) = tokio::join!(click("bob"), click("carol"));
        for delivered in [bob, carol] {
            delivered.unwrap();
        }
        assert_eq!(world.rest(asked.id()).await.state(), RequestState::Done);
        let entries = world.entries(asked.id()).await;
        assert_eq!(entries.iter().filter(|kind| **kind == "started").count(), 1, "{entries:?}");
        assert_eq!(back_end.asked(BackEnd::MIGRATE), round);
    }
    world.finish().await;
}

#[tokio::test]
async fn a_yes_and_a_no_at_once_have_one_end() {
    let back_end = BackEnd::well().await;
    let world = World::facing(&back_end).await;
    for _round in 1..=10 {
        let before = back_end.asked(BackEnd::DEPLOY);
        let asked = world.say("alice", DEPLOY).await;
        let card = world.card(asked.id()).await;
        let yes = world.deliver(world.click("bob", &card, Action::Approve, None));
        let no = world.deliver(world.click("carol", &card, Action::Deny, None));
        let (yes, no) = tokio::join!(yes, no);
        for delivered in [yes, no] {
            delivered.unwrap();
        }
        let ran = back_end.asked(BackEnd::DEPLOY) - before;
        match world.rest(asked.id()).await.state() {
            RequestState::Done => assert_eq!(ran, 1),
            RequestState::Denied => assert_eq!(ran, 0),
            other => panic!("{}", other.as_str()),
        }
    }
    world.finish().await;
}

#[tokio::test]
async fn an_edited_message_changes_nothing() {
    let back_end = BackEnd::well().await;
    let world = World::facing(&back_end).await;
    let asked = world.say("alice", DEPLOY).await;
    let before = world.look(&asked).await.row;
    let message = asked.row().message.clone();
    let edited = Body::Edited { message, text: "/deploy order-service v2.3.1 production".to_owned() };
    world.deliver(world.inbound("deployments", "alice", edited)).await.unwrap();
    let after = world.look(&asked).await;
    assert_eq!(after.row, before);
    assert_snapshot!(after.replies[1].to_text(), @"An edited message changes nothing: this is still /deploy order-service v2.4.1 production. Write it anew to change it.");
    let done = world.press("bob", &asked, Action::Approve).await;
    assert!(done.to_string().contains("v2.4.0 → v2.4.1"), "{done}");
    world.finish().await;
}

#[tokio::test]
async fn a_deleted_message_withdraws_what_it_asked_for() {
    let back_end = BackEnd::well().await;
    let world = World::facing(&back_end).await;
    let asked = world.say("alice", DEPLOY).await;
    let deleted = || Body::Deleted { message: asked.row().message.clone() };
    world.deliver(world.inbound("deployments", "bob", deleted())).await.unwrap();
    assert_eq!(
        world.look(&asked).await.state(),
        RequestState::Waiting,
        "only its author can delete a message"
    );
    world.deliver(world.inbound("deployments", "alice", deleted())).await.unwrap();
    assert_snapshot!(world.look(&asked).await, @"
    = withdrawn
    [refused] Withdrawn: the message that asked was deleted
      /deploy order-service v2.4.1 production
      Nothing was done.
    [refused] alice: this was not done; the message that asked was deleted.
    ");
    assert_eq!(world.press("bob", &asked, Action::Approve).await.state(), RequestState::Withdrawn);
    assert_eq!(back_end.asked(BackEnd::DEPLOY), 0);
    world.finish().await;
}

#[tokio::test]
async fn a_reaction_on_anything_but_the_card_is_no_vote() {
    let back_end = BackEnd::well().await;
    let world = World::facing(&back_end).await;
    let asked = world.say("alice", DEPLOY).await;
    let unknown = MessageId::parse("msg_00000000000000000000000000").unwrap();
    for message in [asked.row().message.clone(), unknown] {
        let reaction = Reaction { message, emoji: "✅".to_owned(), action: Some(Action::Approve) };
        world.deliver(world.inbound("deployments", "bob", Body::Reaction(reaction))).await.unwrap();
    }
    assert_eq!(world.look(&asked).await.state(), RequestState::Waiting);
    world.finish().await;
}
