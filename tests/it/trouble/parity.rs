//! The same door: however a call is written and wherever it comes from, it is the same call and gets the same verdict.

use countersign::audit::EntryKind;
use countersign::domain::Action;
use countersign::store::RequestState;
use serde_json::{Map, Value};

use crate::support::{BackEnd, Said, World};

/// What the record says of the call and of the verdict.
async fn judged(world: &World, said: &Said) -> (Value, Map<String, Value>) {
    let entries = world.rooms().ledger.entries_of(said.id()).await.unwrap();
    let of = |kind| entries.iter().find(|entry| entry.kind == kind).unwrap();
    (of(EntryKind::Interpreted).body["digest"].clone(), of(EntryKind::Judged).body.clone())
}

#[tokio::test]
async fn every_way_of_writing_it_is_the_same_call_with_the_same_verdict() {
    let back_end = BackEnd::well().await;
    let world = World::facing(&back_end).await;
    for (first, others) in [
        (
            "/deploy order-service v2.4.1 production",
            [
                "/deploy orders v2.4.1 prod",
                "  /DEPLOY  Order-Service v2.4.1  Production",
                "/deploy “order-service” v2.4.1 prd",
            ],
        ),
        (
            "/rollback order-service production",
            [
                "/rollback orders prod",
                "/rollback order_service PRODUCTION",
                "/rollback 'order-service' production",
            ],
        ),
        (
            "/scale order-service 2 production",
            ["/scale orders 2 prod", "/scale order-service 2 prd", "/scale “orders” 2 prod"],
        ),
    ] {
        let exact = world.say("alice", first).await;
        let expected = judged(&world, &exact).await;
        for other in others {
            let said = world.say("alice", other).await;
            assert_eq!(said.row().command.as_deref(), Some(first), "{other}: {said}");
            assert_eq!(judged(&world, &said).await, expected, "{other}");
        }
    }
    world.finish().await;
}

#[tokio::test]
async fn a_command_that_a_card_offers_is_judged_like_one_that_is_typed() {
    let world = World::of(&["order-service"], &["staging"]).await;
    let deployed = world.say("alice", "/deploy order-service v2.4.1 staging").await;
    let [offered] = deployed.offers().try_into().unwrap();
    let pressed = world.say("bob", &offered).await;
    let typed = world.say("bob", "/rollback orders stg").await;
    assert_eq!(judged(&world, &pressed).await, judged(&world, &typed).await);
    world.finish().await;
}

#[tokio::test]
async fn a_dry_run_says_what_then_happens_and_leaves_nothing_behind() {
    let back_end = BackEnd::well().await;
    let world = World::facing(&back_end).await;
    for (person, text) in [
        ("alice", "/deploy order-service v2.4.1 production"),
        ("dave", "/deploy order-service v2.4.1 production"),
        ("mallory", "/status order-service production"),
        ("alice", "/rollback order-service production"),
    ] {
        let inbound = world.inbound("deployments", person, countersign::domain::Body::Text(text.to_owned()));
        let before = world.rooms().ledger.head().await.unwrap();
        let preview = world.rooms().preview(text, &inbound.sender, &inbound.place).await.unwrap();
        assert_eq!(world.rooms().ledger.head().await.unwrap(), before);
        let said = world.say(person, text).await;
        let (_, real) = judged(&world, &said).await;
        let verdict = preview.verdict.unwrap();
        assert_eq!(real["decision"], verdict.decision.as_str(), "{person}: {text}");
        assert_eq!(real["findings"], serde_json::to_value(&verdict.findings).unwrap());
    }
    world.finish().await;
}

#[tokio::test]
async fn a_sentence_is_the_same_call_with_the_same_verdict() {
    let back_end = BackEnd::well().await;
    let world = World::facing(&back_end).await;
    for (command, sentence) in [
        ("/deploy order-service v2.4.1 production", "please deploy orders v2.4.1 to prod"),
        ("/rollback order-service production", "roll back order-service in production"),
        ("/scale order-service 2 production", "scale orders to two in production"),
        ("/status order-service production", "how is order-service doing in production?"),
    ] {
        for person in ["alice", "bob", "dave"] {
            let typed = world.say(person, command).await;
            let (call, verdict) = judged(&world, &typed).await;
            let spoken = world.say(person, sentence).await;
            let (same_call, same_verdict) = judged(&world, &spoken).await;
            assert_eq!(spoken.row().command.as_deref(), Some(command), "{person}: {sentence}: {spoken}");
            assert_eq!(call, same_call, "{person}: {sentence}");
            assert_eq!(verdict["decision"], same_verdict["decision"], "{person}: {sentence}: {spoken}");
        }
    }
    world.finish().await;
}

#[tokio::test]
async fn a_button_and_a_reaction_are_the_same_vote() {
    let back_end = BackEnd::well().await;
    let world = World::facing(&back_end).await;
    let mut starts = Vec::new();
    for by_reaction in [false, true] {
        let asked = world.say("alice", "/deploy order-service v2.4.1 production").await;
        let done = if by_reaction {
            world.react("bob", &asked, "✅").await
        } else {
            world.press("bob", &asked, Action::Approve).await
        };
        assert_eq!(done.state(), RequestState::Done, "{done}");
        let entries = world.rooms().ledger.entries_of(done.id()).await.unwrap();
        let started = entries.iter().find(|entry| entry.kind == EntryKind::Started).unwrap();
        starts.push(started.body.clone());
    }
    // The binding names the request and so differs; all else is the same.
    starts.iter_mut().for_each(|start| drop(start.remove("binding")));
    assert_eq!(starts[0], starts[1]);
    world.finish().await;
}
