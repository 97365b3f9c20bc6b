//! On a database that several servers reach: what is agreed to starts once, and one server at a time takes things up.

use std::sync::Arc;

use countersign::app::{App, Parts, open_store};
use countersign::audit::Ledger;
use countersign::clock::{Mint, SystemEntropy};
use countersign::domain::{Action, Body, Inbound};
use countersign::pipeline::{PolicyFile, Rooms};
use countersign::store::RequestState;
use tokio::sync::broadcast;
use tokio_util::task::TaskTracker;

use crate::support::{Answer, BackEnd, Database, Schema, World, exporter, until};

const DEPLOY: &str = "/deploy order-service v2.4.1 production";
const MIGRATE: &str = "/migrate order-service latest production";

/// A world on a server, where there is one.
async fn world(back_end: &BackEnd) -> Option<World> {
    Some(World::on(Database::Server(Schema::make().await?), back_end).await)
}

/// The rooms of a second server on the database of a world.
async fn beside(world: &World) -> Arc<Rooms> {
    let (source, first) = (world.source(), Arc::clone(world.rooms()));
    let inside = async move {
        let store = open_store(&source).await.unwrap();
        let entropy = Arc::new(SystemEntropy);
        let clock = Arc::clone(&first.clock);
        let ledger = Ledger::open(store.clone(), &source.data_dir(), Arc::clone(&clock), entropy.clone())
            .await
            .unwrap();
        let exporter = exporter(&ledger, &clock);
        Arc::new(Rooms {
            exporter,
            catalog: Arc::clone(&first.catalog),
            policy: Arc::clone(&first.policy),
            policy_file: PolicyFile::new("policy.toml".to_owned(), None),
            candidates: Arc::clone(&first.candidates),
            roster: first.roster.clone(),
            operators_channel: first.operators_channel.clone(),
            store,
            ledger,
            interpreter: Arc::clone(&first.interpreter),
            hands: first.hands.clone(),
            mint: Mint::new(Arc::clone(&clock), entropy.clone()),
            clock,
            entropy,
            changed: broadcast::channel(1024).0,
            tasks: TaskTracker::new(),
        })
    };
    world.inside(inside).await
}

/// Hands an event to a server and waits for all it does about it.
async fn deliver(world: &World, rooms: &Arc<Rooms>, inbound: Inbound) {
    let rooms = Arc::clone(rooms);
    world
        .inside(async move {
            rooms.handle(inbound).await.unwrap();
            rooms.tasks.close();
            rooms.tasks.wait().await;
            rooms.tasks.reopen();
        })
        .await;
}

#[tokio::test]
async fn the_same_happens_on_it_as_on_a_file() {
    let back_end = BackEnd::well().await;
    let Some(mut world) = world(&back_end).await else { return };
    let asked = world.say("alice", DEPLOY).await;
    assert_eq!(asked.state(), RequestState::Waiting, "{asked}");
    let migrate = world.say("alice", MIGRATE).await;
    world.press("bob", &migrate, Action::Approve).await;
    world.crash().await;
    assert_eq!(world.press("carol", &migrate, Action::Approve).await.state(), RequestState::Done);
    let click = world.click("bob", &world.card(asked.id()).await, Action::Approve, None);
    assert_eq!(world.deliver(click.clone()).await.unwrap().state(), RequestState::Done);
    assert!(world.deliver(click).await.unwrap().again);
    world.restart().await;
    assert_eq!(world.look(&asked).await.state(), RequestState::Done);
    assert_eq!((back_end.asked(BackEnd::DEPLOY), back_end.asked(BackEnd::MIGRATE)), (1, 1));
    world.finish().await;
}

#[tokio::test]
async fn of_two_presses_at_two_servers_one_starts_it() {
    let back_end = BackEnd::well().await;
    let Some(world) = world(&back_end).await else { return };
    let second = beside(&world).await;
    for round in 1..=40 {
        let asked = world.say("alice", DEPLOY).await;
        let card = world.card(asked.id()).await;
        let click = |person| world.click(person, &card, Action::Approve, None);
        let (here, there) = (click("bob"), click("carol"));
        tokio::join!(deliver(&world, world.rooms(), here), deliver(&world, &second, there));
        assert_eq!(world.look(&asked).await.state(), RequestState::Done);
        let entries = world.entries(asked.id()).await;
        assert_eq!(entries.iter().filter(|kind| **kind == "started").count(), 1, "{entries:?}");
        assert_eq!(back_end.asked(BackEnd::DEPLOY), round);
    }
    world.finish().await;
}

#[tokio::test]
async fn the_last_two_votes_at_two_servers_start_it_once() {
    let back_end = BackEnd::well().await;
    let Some(world) = world(&back_end).await else { return };
    let second = beside(&world).await;
    for round in 1..=20 {
        let asked = world.say("alice", MIGRATE).await;
        let card = world.card(asked.id()).await;
        let click = |person| world.click(person, &card, Action::Approve, None);
        let (here, there) = (click("bob"), click("carol"));
        tokio::join!(deliver(&world, world.rooms(), here), deliver(&world, &second, there));
        assert_eq!(world.look(&asked).await.state(), RequestState::Done, "round {round}");
        assert_eq!(back_end.asked(BackEnd::MIGRATE), round);
    }
    world.finish().await;
}

#[tokio::test]
async fn an_event_that_reaches_two_servers_counts_once() {
    let back_end = BackEnd::well().await;
    let Some(world) = world(&back_end).await else { return };
    let second = beside(&world).await;
    for round in 1..=20 {
        let scale = Body::Text("/scale order-service 5 production".to_owned());
        let message = world.inbound("deployments", "alice", scale);
        tokio::join!(
            deliver(&world, world.rooms(), message.clone()),
            deliver(&world, &second, message.clone())
        );
        assert_eq!(back_end.asked(BackEnd::SCALE), round);
    }
    world.finish().await;
}

#[tokio::test]
async fn a_second_server_is_refused_and_leaves_what_runs_alone() {
    let back_end = BackEnd::well().await;
    let Some(world) = world(&back_end).await else { return };
    let asked = world.say("alice", DEPLOY).await;
    back_end.answers(BackEnd::DEPLOY, Answer::Hang);
    world.hand_in(world.click("bob", &world.card(asked.id()).await, Action::Approve, None)).await;
    back_end.is_asked(BackEnd::DEPLOY, 1).await;

    let elsewhere = tempfile::tempdir().unwrap();
    let mut source = world.source();
    source.config.data_dir = Some(elsewhere.path().to_owned());
    let key = world.data_dir().join("ledger.key");
    std::fs::copy(&key, elsewhere.path().join("ledger.key")).unwrap();
    let parts = Parts {
        clock: world.clock.clone(),
        entropy: Arc::new(SystemEntropy),
        playground: Box::new(|_, _| unreachable!("there is none")),
        reader: None,
        directory: None,
    };
    let Err(refused) = App::build(source, parts).await else { panic!("two servers serve") };
    insta::assert_snapshot!(refused, @"another countersign is serving from this database: stop that one first; one at a time may serve from a database");
    assert_eq!(world.look(&asked).await.state(), RequestState::Started, "it was left alone");
    // The back end took too long, which is all that became of it.
    assert_eq!(world.rest(asked.id()).await.state(), RequestState::Unknown);
    world.finish().await;
}

#[tokio::test]
async fn a_server_whose_connections_break_goes_on_and_nothing_runs_twice() {
    let back_end = BackEnd::well().await;
    let Some(world) = world(&back_end).await else { return };
    let Database::Server(schema) = &world.database else { panic!("it is on a server") };
    for round in 1..=5 {
        let asked = world.say("alice", DEPLOY).await;
        let press = world.click("bob", &world.card(asked.id()).await, Action::Approve, None);
        schema.end_connections().await;
        // Who gets no receipt delivers it again.
        until("the press is taken", async || world.deliver(press.clone()).await.is_ok()).await;
        assert_eq!(world.rest(asked.id()).await.state(), RequestState::Done);
        assert_eq!(back_end.asked(BackEnd::DEPLOY), round);
    }
    world.finish().await;
}
