//! How many messages a second the record takes: each is three steps, one after the other, from 32 who write at once. And
//! what an entry takes with its tree and its signed head, and what the database alone takes for it.

#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a bench that cannot set up has nothing to measure"
)]

#[path = "../tests/it/support/schema.rs"]
#[expect(dead_code, reason = "the tests do more with it")]
mod schema;

use std::hint::black_box;
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, LazyLock};
use std::time::Duration;

use countersign::audit::{Actor, Check, Entry, EntryKind, Ledger, Step, Verification, verify};
use countersign::clock::{Clock, Mint, SystemClock, SystemEntropy};
use countersign::domain::{ChatUser, DedupeKey, Origin, PersonId, Place, Platform};
use countersign::store::{
    Author, Guard, Measures, MessageBody, MessageRow, RequestRow, RequestState, Row, Store,
};
use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use serde_json::Map;
use sqlx::{Connection as _, PgConnection, SqliteConnection};
use tokio::runtime::Runtime;

use schema::Schema;

const WRITERS: u64 = 32;

static MINT: LazyLock<Mint> = LazyLock::new(|| Mint::new(Arc::new(SystemClock), Arc::new(SystemEntropy)));

fn sender() -> ChatUser {
    ChatUser {
        platform: Platform::Slack,
        workspace: "T024BE7LD".to_owned(),
        user: "U024BE7LH".to_owned(),
        display: "alice".to_owned(),
    }
}

fn received() -> (RequestRow, MessageRow) {
    let at = SystemClock.now();
    let place = Place {
        platform: Platform::Slack,
        workspace: "T024BE7LD".to_owned(),
        channel: "C024BE91L".to_owned(),
        thread: None,
    };
    let message = MINT.message_id().unwrap();
    let row = RequestRow {
        id: MINT.request_id().unwrap(),
        state: RequestState::Received,
        place: place.clone(),
        message: message.clone(),
        card: None,
        sender: sender(),
        asker: Some(PersonId("alice".to_owned())),
        said: "/status order-service production".to_owned(),
        origin: None,
        tool: None,
        args: Map::new(),
        command: None,
        target: None,
        environment: None,
        facts: Map::new(),
        binding: None,
        policy: None,
        awaits: Vec::new(),
        agreed: Vec::new(),
        may_deny: Vec::new(),
        reason: None,
        incident: None,
        glass: None,
        earlier: None,
        waits_since: None,
        denied: None,
        unreadable: Vec::new(),
        confirmed_by: None,
        nonce: "5f0c3b1e9d7a4c62".to_owned(),
        note: None,
        created_at: at,
        reader: None,
        words: None,
        plan: None,
        steps: Vec::new(),
        expires_at: None,
        start_by: None,
        started_at: None,
        finished_at: None,
        measures: Measures::default(),
        version: 1,
    };
    let said = MessageRow {
        id: message,
        place,
        author: Author::User { user: sender(), person: row.asker.clone() },
        body: MessageBody::Text { text: row.said.clone() },
        request: Some(row.id.clone()),
        at,
        edited_at: None,
        deleted: false,
        version: 1,
        delivered: 1,
        remote: Some("1700000000.000100".to_owned()),
    };
    (row, said)
}

/// One message, from its arrival to its answer.
async fn message(ledger: &Ledger, number: u64) {
    let (mut row, said) = received();
    let at = row.created_at;
    let actor = Actor::of(&sender(), row.asker.clone());
    let entry = |kind| Entry::new(kind, at).about(&row.id).by(actor.clone(), "slack");
    let command = "/status order-service production";
    let judged = vec![
        entry(EntryKind::Interpreted).with("command", command),
        entry(EntryKind::Judged)
            .with("command", command)
            .with("decision", "allow")
            .with("reason", "only reads"),
    ];
    let finished = vec![
        entry(EntryKind::Finished).with("result", "done").with("text", "v2.4.1, 6 of 6 replicas are ready"),
        entry(EntryKind::Replied).with("title", "order-service in production"),
    ];
    let first = Step {
        guard: Guard::FirstSeen {
            platform: Platform::Slack,
            key: DedupeKey(format!("Ev{number}")),
            request: Some(row.id.clone()),
        },
        rows: vec![Row::Request(Box::new(row.clone())), Row::Message(Box::new(said.clone()))],
        entries: vec![entry(EntryKind::Received).with("channel", "C024BE91L").carrying(
            "message",
            "token=x&team_id=T024BE7LD&command=%2Fstatus&text=order-service+production",
        )],
    };
    ledger.write(first).await.unwrap().unwrap();

    (row.tool, row.command, row.origin) =
        (Some("status".to_owned()), Some(command.to_owned()), Some(Origin::Slash));
    let second = next(&mut row, RequestState::Approved, vec![], judged);
    ledger.write(second).await.unwrap().unwrap();

    let reply = MessageRow {
        id: MINT.message_id().unwrap(),
        author: Author::Bot,
        delivered: 0,
        remote: None,
        ..said
    };
    let third = next(&mut row, RequestState::Done, vec![Row::Message(Box::new(reply))], finished);
    black_box(ledger.write(third).await.unwrap().unwrap());
}

fn next(row: &mut RequestRow, state: RequestState, rows: Vec<Row>, entries: Vec<Entry>) -> Step {
    let guard = Guard::Request { id: row.id.clone(), version: row.version };
    (row.state, row.version) = (state, row.version + 1);
    let rows = std::iter::once(Row::Request(Box::new(row.clone()))).chain(rows).collect();
    Step { guard, rows, entries }
}

async fn messages(ledger: &Ledger, counter: &Arc<AtomicU64>, count: u64) -> Duration {
    let begin = tokio::time::Instant::now();
    let writers = (0..WRITERS).map(|writer| {
        let (ledger, counter) = (ledger.clone(), Arc::clone(counter));
        let share = count / WRITERS + u64::from(writer < count % WRITERS);
        tokio::spawn(async move {
            for _ in 0..share {
                message(&ledger, counter.fetch_add(1, Ordering::Relaxed)).await;
            }
        })
    });
    for writer in futures::future::join_all(writers).await {
        writer.unwrap();
    }
    begin.elapsed()
}

/// One entry and nothing else.
async fn append(ledger: &Ledger) {
    let entry = Entry::new(EntryKind::Received, SystemClock.now()).with("channel", "C024BE91L");
    let step = Step { guard: Guard::Open, rows: vec![], entries: vec![entry] };
    black_box(ledger.write(step).await.unwrap().unwrap());
}

/// Appends, each in a transaction of its own.
async fn appends_in_turn(ledger: &Ledger, count: u64) -> Duration {
    let begin = tokio::time::Instant::now();
    for _ in 0..count {
        append(ledger).await;
    }
    begin.elapsed()
}

/// Appends from 16 at once, spread over these servers.
async fn appends(servers: &[Ledger], count: u64) -> Duration {
    let begin = tokio::time::Instant::now();
    let writers = servers.iter().cycle().take(16).zip(0..).map(|(ledger, writer)| {
        let ledger = ledger.clone();
        let share = count / 16 + u64::from(writer < count % 16);
        tokio::spawn(async move {
            for _ in 0..share {
                append(&ledger).await;
            }
        })
    });
    for writer in futures::future::join_all(writers).await {
        writer.unwrap();
    }
    begin.elapsed()
}

/// The same rows without a tree, a signature or a guard: what the database alone takes for an entry. One writer.
async fn plain(database: &mut Plain, count: u64) -> Duration {
    let begin = tokio::time::Instant::now();
    for _ in 0..count {
        database.insert().await;
    }
    begin.elapsed()
}

/// A table of entries and nothing else, on either database, set up as ours.
enum Plain {
    File(SqliteConnection, i64),
    Server(PgConnection, i64),
}

/// The body of an entry as [`append`] writes it.
const BODY: &str = r#"{"epoch":0,"seq":1000,"at":"2026-11-26T00:00:00.000Z","body":{"channel":"C024BE91L"},"kind":"received","via":"countersign"}"#;

impl Plain {
    async fn file(dir: &Path) -> Self {
        let url = format!("sqlite://{}?mode=rwc", dir.join("plain.db").display());
        let mut database = SqliteConnection::connect(&url).await.unwrap();
        let table = "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; CREATE TABLE entry \
                     (epoch INTEGER, seq INTEGER, body BLOB, kind TEXT, at_ms INTEGER, PRIMARY KEY (epoch, seq)) STRICT, \
                     WITHOUT ROWID;";
        sqlx::raw_sql(table).execute(&mut database).await.unwrap();
        Self::File(database, 0)
    }

    async fn server(url: &str) -> Self {
        let mut database = PgConnection::connect(url).await.unwrap();
        let table = "CREATE TABLE entry (epoch BIGINT, seq BIGINT, body BYTEA, kind TEXT, at_ms BIGINT, \
                     PRIMARY KEY (epoch, seq))";
        sqlx::raw_sql(table).execute(&mut database).await.unwrap();
        Self::Server(database, 0)
    }

    async fn insert(&mut self) {
        match self {
            Self::File(database, next) => {
                *next += 1;
                let insert = sqlx::query("INSERT INTO entry VALUES (0, ?, ?, 'received', 1)").bind(*next);
                insert.bind(BODY.as_bytes()).execute(database).await.unwrap();
            }
            Self::Server(database, next) => {
                *next += 1;
                let insert = sqlx::query("INSERT INTO entry VALUES (0, $1, $2, 'received', 1)").bind(*next);
                insert.bind(BODY.as_bytes()).execute(database).await.unwrap();
            }
        }
    }
}

async fn open(store: Store, dir: &Path) -> Ledger {
    Ledger::open(store, dir, Arc::new(SystemClock), Arc::new(SystemEntropy)).await.unwrap()
}

fn ledger(criterion: &mut Criterion) {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let dir = tempfile::tempdir().unwrap();
    let file = runtime.block_on(async { open(Store::open(dir.path()).await.unwrap(), dir.path()).await });
    let mut plain = runtime.block_on(Plain::file(dir.path()));
    measure(criterion, &runtime, "ledger", (&[file], &mut plain));
    // The same on a server, where there is one: tests/postgres.sh cargo bench --bench ledger
    let dir = tempfile::tempdir().unwrap();
    let Some(schema) = runtime.block_on(Schema::make()) else { return };
    let servers = runtime.block_on(async {
        let mut servers = Vec::new();
        for _ in 0..4 {
            servers.push(open(Store::connect(schema.url().as_str()).await.unwrap(), dir.path()).await);
        }
        servers
    });
    let mut plain = runtime.block_on(Plain::server(schema.url().as_str()));
    measure(criterion, &runtime, "ledger on postgres", (&servers, &mut plain));
    let (keys, mut progress) = ([servers[0].public_key()], |_done, _total| {});
    let check = Check { keys: &keys, against: &[], progress: &mut progress };
    let gapless = runtime.block_on(verify(servers[0].store(), check));
    assert!(matches!(gapless, Verification::Sound { .. }), "{gapless:?}");
}

fn measure(
    criterion: &mut Criterion,
    runtime: &Runtime,
    name: &str,
    (servers, database): (&[Ledger], &mut Plain),
) {
    let counter = Arc::new(AtomicU64::new(0));
    let mut group = criterion.benchmark_group(name);
    group.throughput(Throughput::Elements(1)).sample_size(10).measurement_time(Duration::from_secs(10));
    group.bench_function("messages of three steps, 32 at once", |bench| {
        bench.iter_custom(|count| runtime.block_on(messages(&servers[0], &counter, count)));
    });
    group.bench_function("appends, 16 at once", |bench| {
        bench.iter_custom(|count| runtime.block_on(appends(&servers[..1], count)));
    });
    group.bench_function("appends, one after the other", |bench| {
        bench.iter_custom(|count| runtime.block_on(appends_in_turn(&servers[0], count)));
    });
    group.bench_function("plain inserts without the tree, one after the other", |bench| {
        bench.iter_custom(|count| runtime.block_on(plain(database, count)));
    });
    if servers.len() > 1 {
        group.bench_function(format!("appends, 16 at once at {} servers", servers.len()), |bench| {
            bench.iter_custom(|count| runtime.block_on(appends(servers, count)));
        });
    }
    group.finish();
}

criterion_group!(benches, ledger);
criterion_main!(benches);
