//! Two at once, in two replicas: one start, whoever is faster.
//!
//! Two servers never have one SQLite directory (`trouble::process` holds that the second is refused), so here two sets of
//! rooms share one in this process, and another process opens it beside us without being a server.

use std::io::{BufRead as _, BufReader, Write as _};
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::time::Duration;

use countersign::audit::EntryKind;
use countersign::clock::StandingClock;
use countersign::domain::{
    Action, Body, ChatUser, Click, DedupeKey, Inbound, Place, Platform, RawMessage, RequestId,
};
use countersign::pipeline::Rooms;
use countersign::store::{EventFilter, RequestState};
use futures::future::join_all;

use crate::support::{Database, bare_source, rule_and, sound, twin};

/// Actions that need a team lead and no back end: locking, and closing a review. There are as many targets for the latter
/// as there are request ids, so that many races can go on at once; that there is nothing to review is how they end.
fn policy() -> String {
    let review =
        "[[rule]]\nid = \"review\"\ntools = [\"review\"]\nask = \"engineer\"\nneed = [\"1 of team-lead\"]\n";
    format!("{}\n{review}", rule_and("lock", "need = [\"1 of team-lead\"]"))
}

const SERVICES: [&str; 8] = [
    "api-gateway",
    "checkout",
    "inventory-service",
    "notification-worker",
    "order-service",
    "payment-service",
    "search-indexer",
    "user-service",
];
const ENVIRONMENTS: [&str; 3] = ["development", "staging", "production"];

fn inbound(key: String, person: &str, at: jiff::Timestamp, body: Body) -> Inbound {
    let (platform, workspace) = (Platform::Console, String::new());
    Inbound {
        id: DedupeKey(key),
        at,
        place: Place {
            platform,
            workspace: workspace.clone(),
            channel: "deployments".to_owned(),
            thread: None,
        },
        sender: ChatUser { platform, workspace, user: person.to_owned(), display: person.to_owned() },
        raw: RawMessage(Vec::new()),
        body,
        remote: None,
    }
}

/// Alice asks; returns the request and what its card carries.
async fn ask(rooms: &Arc<Rooms>, key: String, command: String) -> (RequestId, String) {
    let asked = inbound(key, "alice", rooms.clock.now(), Body::Text(command));
    let (_receipt, row) = rooms.handle_to_rest(asked).await.unwrap();
    let row = row.unwrap();
    assert_eq!(row.state, RequestState::Waiting, "{row:?}");
    (row.id, row.nonce)
}

async fn approve(rooms: &Arc<Rooms>, key: String, person: &str, (request, nonce): (RequestId, String)) {
    let click = Click { request, nonce, action: Action::Approve, note: None, typed: None };
    let pressed = inbound(key, person, rooms.clock.now(), Body::Click(click));
    rooms.handle(pressed).await.unwrap();
}

/// Each of these requests was started once and has ended like this, and the record is sound.
async fn one_start_each(rooms: &Arc<Rooms>, requests: &[RequestId], end: RequestState) {
    for request in requests {
        let row = rooms.store.request(request).await.unwrap().unwrap();
        assert_eq!(row.state, end, "{row:?}");
    }
    for kind in [EntryKind::Started, EntryKind::Finished] {
        let filter = EventFilter { kinds: vec![kind.as_str()], ..EventFilter::default() };
        let entries = rooms.ledger.entries(&filter, 100_000).await.unwrap();
        let mut of: Vec<_> = entries.into_iter().filter_map(|entry| entry.request).collect();
        of.sort();
        let mut expected = requests.to_vec();
        expected.sort();
        assert_eq!(of, expected, "each is {} once", kind.as_str());
    }
    sound(rooms).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_people_click_at_once_in_two_replicas_and_each_starts_once() {
    race(20).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "the same a thousand times, which takes minutes: cargo test --test it -- --ignored a_thousand_times"]
async fn a_thousand_times_two_people_click_at_once_in_two_replicas_and_each_starts_once() {
    race(100).await;
}

/// So many rounds of ten races.
async fn race(rounds: usize) {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("policy.toml");
    std::fs::write(&file, policy()).unwrap();
    let clock = Arc::new(StandingClock::at("2030-01-15T12:00:00Z".parse().unwrap()));
    let database = Database::usual().await;
    let mut source = bare_source(&dir.path().join("data"), &file);
    source.config.store = database.settings(dir.path());
    let (one, other) = (twin(&source, clock.clone()).await, twin(&source, clock.clone()).await);
    let mut requests = Vec::new();
    for round in 0..rounds {
        clock.advance(Duration::from_secs(1));
        let races = (0..10).map(|number| {
            let (one, other) = (Arc::clone(&one), Arc::clone(&other));
            let target = RequestId::mint(jiff::Timestamp::UNIX_EPOCH, [number; 10]);
            let command = format!("/review {target} round {round}");
            let key = move |what: &str| format!("{round}:{number}:{what}");
            async move {
                let card = ask(&one, key("ask"), command).await;
                // Two people, and in every third race one person twice.
                let second = if number % 3 == 0 { "bob" } else { "carol" };
                tokio::join!(
                    approve(&one, key("one"), "bob", card.clone()),
                    approve(&other, key("other"), second, card.clone())
                );
                card.0
            }
        });
        requests.extend(join_all(races).await);
        // What still waited for its turn would be replaced by the same command of the next round.
        for rooms in [&one, &other] {
            rooms.tasks.close();
            rooms.tasks.wait().await;
            rooms.tasks.reopen();
        }
    }
    assert_eq!(requests.len(), 10 * rounds);
    one_start_each(&one, &requests, RequestState::Failed).await;
}

const PLACE: &str = "COUNTERSIGN_TEST_TWIN";

/// The other process: opens the directory that it is told, and clicks as it is told on its standard input.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "it is started by the test below"]
#[expect(clippy::disallowed_methods, reason = "the test below says by it where the directory is")]
async fn the_other_process() {
    let Ok(dir) = std::env::var(PLACE) else { return };
    let dir = Path::new(&dir);
    let clock = Arc::new(StandingClock::at("2030-01-15T12:00:00Z".parse().unwrap()));
    let rooms = twin(&bare_source(&dir.join("data"), &dir.join("policy.toml")), clock.clone()).await;
    println!("ready");
    for line in std::io::stdin().lock().lines() {
        let line = line.unwrap();
        let [key, person, request, nonce] = line.split(' ').collect::<Vec<_>>()[..] else { panic!("{line}") };
        clock.advance(Duration::from_secs(1));
        let card = (RequestId::parse(request).unwrap(), nonce.to_owned());
        approve(&rooms, key.to_owned(), person, card).await;
        rooms.tasks.close();
        rooms.tasks.wait().await;
        rooms.tasks.reopen();
        println!("clicked");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_processes_click_at_once_and_each_starts_once() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("policy.toml");
    std::fs::write(&file, policy()).unwrap();
    let clock = Arc::new(StandingClock::at("2030-01-15T12:00:00Z".parse().unwrap()));
    let rooms = twin(&bare_source(&dir.path().join("data"), &file), clock.clone()).await;
    let mut child = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "trouble::races::the_other_process", "--ignored", "--nocapture"])
        .env(PLACE, dir.path())
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut to = child.stdin.take().unwrap();
    let mut from = BufReader::new(child.stdout.take().unwrap()).lines().map(Result::unwrap);
    let mut heard = |word: &str| assert!(from.any(|line| line.ends_with(word)), "the other process ended");
    heard("ready");
    let mut requests = Vec::new();
    for round in 0..50 {
        clock.advance(Duration::from_secs(1));
        let (service, environment) = (SERVICES[round % 8], ENVIRONMENTS[round % 3]);
        let command = format!("/lock {environment} --service {service} --reason \"round {round}\"");
        let card = ask(&rooms, format!("{round}:ask"), command).await;
        let person = if round % 3 == 0 { "bob" } else { "carol" };
        writeln!(to, "{round}:other {person} {} {}", card.0, card.1).unwrap();
        approve(&rooms, format!("{round}:one"), "bob", card.clone()).await;
        heard("clicked");
        requests.push(card.0);
    }
    drop(to);
    assert!(child.wait().unwrap().success());
    rooms.tasks.close();
    rooms.tasks.wait().await;
    one_start_each(&rooms, &requests, RequestState::Done).await;
}
