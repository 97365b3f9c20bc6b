//! How long a page of the record takes to find: the middle and the slowest of two hundred searches of each kind.
//! `COUNTERSIGN_BENCH_REQUESTS` says over how many requests; ten million need 25 GB of disk and five minutes to write. They
//! are kept in the directory that `COUNTERSIGN_BENCH_DATA` names, if it names one, and not written again if they are there.

#![expect(
    clippy::unwrap_used,
    clippy::disallowed_methods,
    clippy::indexing_slicing,
    reason = "a bench measures time, and one that cannot set up has nothing to measure"
)]
#![expect(clippy::print_stdout, reason = "the percentiles are the result")]

use std::path::Path;
use std::time::{Duration, Instant};

use countersign::domain::{PersonId, RequestId};
use countersign::store::{RequestFilter, RequestState, Store};
use sqlx::{AssertSqlSafe, Connection as _, SqliteConnection};

/// One person in so many asks for each person there is.
const PEOPLE: u64 = 50;

/// What a request looks like, with `@id`, `@n`, `@who`, `@state` and `@environment` to fill in.
const BODY: &str = r#"{"id":"@id","state":"@state","place":{"platform":"console","workspace":"","channel":"deployments","thread":null},"message":"msg_01M80000000000000000000000","card":null,"sender":{"platform":"console","workspace":"","user":"@who","display":"@who"},"asker":"@who","said":"deploy order-service build@n please","origin":{"kind":"slash"},"tool":"deploy","args":{},"command":"/deploy order-service build@n @environment","target":"@environment/order-service","environment":"@environment","facts":{},"incident":@incident,"unreadable":[],"binding":null,"policy":null,"awaits":[],"agreed":[],"may_deny":[],"reason":null,"glass":null,"earlier":null,"denied":null,"waits_since":null,"confirmed_by":null,"nonce":"","note":null,"created_at":"2026-11-26T00:00:00Z","reader":null,"words":null,"plan":null,"steps":[],"expires_at":null,"start_by":null,"started_at":null,"finished_at":null,"measures":{"reason":null,"rules":[],"asked_at":null,"tokens":0,"cost_micros":0},"version":1}"#;

fn main() {
    let wanted = std::env::var("COUNTERSIGN_BENCH_REQUESTS").ok().and_then(|text| text.parse().ok());
    let requests: u64 = wanted.unwrap_or(100_000);
    // `cargo test` runs benches too, to see that they run.
    let requests = if std::env::args().any(|argument| argument == "--bench") { requests } else { 1_000 };
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
    runtime.block_on(measure(requests));
}

async fn measure(requests: u64) {
    let made = tempfile::tempdir().unwrap();
    let kept = std::env::var_os("COUNTERSIGN_BENCH_DATA").map(std::path::PathBuf::from);
    let dir = kept.as_deref().unwrap_or(made.path());
    if !dir.join("countersign.db").exists() {
        Store::open(dir).await.unwrap().close().await;
        let began = Instant::now();
        fill(dir, requests).await;
        println!("{requests} requests written in {:.0} s", began.elapsed().as_secs_f64());
    }
    let store = Store::open(dir).await.unwrap();
    let any = RequestFilter::default;
    let text = |text: String| RequestFilter { text: Some(text), ..any() };
    let some = |n: u64| (n * 7_919) % requests;
    let kinds: [(&str, &dyn Fn(u64) -> RequestFilter); 10] = [
        ("the newest", &|_| any()),
        ("a page in the middle", &|n| RequestFilter { before: RequestId::parse(&id(some(n))), ..any() }),
        ("one word of one request", &|n| text(format!("build{}", some(n)))),
        ("a word of all requests", &|_| text("order-service".to_owned())),
        ("one person", &|n| RequestFilter { asker: Some(person(n % PEOPLE)), ..any() }),
        ("failed ones, one in a thousand", &|_| RequestFilter {
            states: vec![RequestState::Failed],
            ..any()
        }),
        ("frequent words of one person", &|n| RequestFilter {
            text: Some("please deploy".to_owned()),
            asker: Some(person(n % PEOPLE)),
            ..any()
        }),
        ("failed ones of one person in production", &|n| RequestFilter {
            states: vec![RequestState::Failed],
            asker: Some(person(n % PEOPLE)),
            environment: Some("production".to_owned()),
            ..any()
        }),
        ("those of one incident, one in ten thousand", &|_| RequestFilter {
            incident: Some("INC-42".to_owned()),
            ..any()
        }),
        ("a word that is nowhere", &|n| text(format!("nothing{n}"))),
    ];
    for (name, filter) in kinds {
        let mut times = Vec::new();
        let mut found = 0;
        for n in 0..200 {
            let filter = filter(n);
            let began = Instant::now();
            found += store.requests(&filter, 50).await.unwrap().len();
            times.push(began.elapsed());
        }
        times.sort_unstable();
        println!(
            "{name:<42} p50 {:>9}  p99 {:>9}  rows {}",
            shown(times[99]),
            shown(times[197]),
            found / 200
        );
    }
}

fn shown(time: Duration) -> String {
    format!("{:.2} ms", time.as_secs_f64() * 1e3)
}

fn id(n: u64) -> String {
    format!("req_01M8{n:022}")
}

fn person(n: u64) -> PersonId {
    PersonId(format!("person{n}"))
}

/// Writes requests and their terms as the indexer would, each table in its own order.
async fn fill(dir: &Path, requests: u64) {
    let url = format!("sqlite://{}", dir.join("countersign.db").display());
    let mut db = SqliteConnection::connect(&url).await.unwrap();
    let body = BODY
        .replace('\'', "''")
        .replace("@id", "' || id || '")
        .replace("@n", "' || n || '")
        .replace("@who", "' || who || '")
        .replace("@state", "' || state || '")
        .replace("@environment", "' || environment || '")
        .replace("@incident", "' || CASE WHEN n % 10000 = 3 THEN '\"INC-42\"' ELSE 'null' END || '");
    let rows = format!(
        "WITH RECURSIVE count(n) AS (SELECT 0 UNION ALL SELECT n + 1 FROM count WHERE n + 1 < {requests}), \
         made AS (SELECT n, printf('req_01M8%022d', n) AS id, 'person' || (n % {PEOPLE}) AS who, \
           CASE WHEN n % 1000 = 7 THEN 'failed' ELSE 'done' END AS state, \
           CASE WHEN n % 3 = 0 THEN 'production' ELSE 'staging' END AS environment FROM count)"
    );
    let insert = format!(
        "{rows} INSERT INTO request (id, state, asker, tool, target, environment, platform, channel, created_at, version, \
         body, indexed) SELECT id, state, who, 'deploy', environment || '/order-service', environment, 'console', \
         'deployments', 1764115200000 + n, 1, '{body}', 1 FROM made"
    );
    let mut statements = vec![
        "PRAGMA journal_mode = OFF".to_owned(),
        "PRAGMA synchronous = OFF".to_owned(),
        "PRAGMA cache_size = -500000".to_owned(),
        insert,
    ];
    // The rows themselves are not read again: at ten million, each look at all of them costs half a minute.
    let counted = format!(
        "WITH RECURSIVE count(n) AS (SELECT 0 UNION ALL SELECT n + 1 FROM count WHERE n + 1 < {requests})"
    );
    let insert = |term: &str, which: &str, order: &str| {
        format!(
            "{counted} INSERT INTO request_term SELECT {term} AS term, printf('req_01M8%022d', n) AS id FROM count WHERE {which} {order}"
        )
    };
    let mut terms = vec![
        ("for inc-42".to_owned(), "n % 10000 = 3".to_owned()),
        ("is failed".to_owned(), "n % 1000 = 7".to_owned()),
        ("is done".to_owned(), "n % 1000 <> 7".to_owned()),
    ];
    for everywhere in [
        "at deployments",
        "deploy",
        "order",
        "order-service",
        "please",
        "service",
        "tool deploy",
        "via console",
    ] {
        terms.push((everywhere.to_owned(), "TRUE".to_owned()));
    }
    for (environment, which) in [("production", "n % 3 = 0"), ("staging", "n % 3 <> 0")] {
        terms.push((environment.to_owned(), which.to_owned()));
        terms.push((format!("in {environment}"), which.to_owned()));
    }
    // In the order of the table, so that all is written at its end.
    terms.sort();
    let (before, after): (Vec<_>, Vec<_>) = terms.into_iter().partition(|(term, _)| term.as_str() < "build");
    statements.extend(before.iter().map(|(term, which)| insert(&format!("'{term}'"), which, "")));
    statements.push(insert("'build' || n", "TRUE", "ORDER BY term"));
    statements.push(insert(&format!("'by person' || (n % {PEOPLE})"), "TRUE", "ORDER BY term, n"));
    statements.extend(after.iter().map(|(term, which)| insert(&format!("'{term}'"), which, "")));
    for statement in statements {
        sqlx::raw_sql(AssertSqlSafe(statement)).execute(&mut db).await.unwrap();
    }
    db.close().await.unwrap();
}
