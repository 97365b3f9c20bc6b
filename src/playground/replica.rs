//! The body of a replica: a small HTTP service that lives for as long as its parent holds the other end of its
//! standard input.

use std::{
    collections::BTreeMap,
    fmt::Write as _,
    io::{self, Write as _},
    net::Ipv4Addr,
    os::fd::AsFd,
    path::PathBuf,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use axum::{
    Json, Router,
    extract::State,
    http::{StatusCode, header},
    response::IntoResponse,
    routing::get,
};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use tokio::{
    io::AsyncReadExt,
    net::{TcpListener, unix::pipe},
    time::{Instant, sleep},
};

use super::{
    clock::now,
    database::check_column,
    logs::{Level, LogLine},
    traffic::{self, Tick},
};

/// What a replica is told on its command line.
#[derive(Debug, Clone, clap::Args)]
pub struct ReplicaArgs {
    /// The service it plays.
    #[arg(long)]
    pub service: String,
    /// The environment it stands in.
    #[arg(long)]
    pub environment: String,
    /// The version it claims to be.
    #[arg(long)]
    pub version: String,
    /// Its own name, which ends in its number.
    #[arg(long)]
    pub instance: String,
    /// The SQLite file of its service.
    #[arg(long = "sqlite", id = "sqlite")]
    pub database: PathBuf,
    /// A `table.column` without which it is not healthy.
    #[arg(long)]
    pub requires: Option<String>,
    /// How often it sends itself a request, in milliseconds.
    #[arg(long, default_value_t = 20_000)]
    pub traffic_ms: u64,
}

/// The first line on its standard output; log lines follow.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Hello {
    pub(super) port: u16,
}

/// Requests that a replica makes at once when it starts, so that a new log is not empty.
const WARM_UP: usize = 4;

struct Replica {
    args: ReplicaArgs,
    traffic: &'static [Tick],
    started: jiff::Timestamp,
    /// Whether what it requires was found; a column does not go away again.
    satisfied: AtomicBool,
    served: Mutex<Served>,
}

#[derive(Default)]
struct Served {
    by_code: BTreeMap<u16, u64>,
    time: Duration,
}

/// Runs until standard input closes. It has a runtime of its own: call it outside of any other.
///
/// # Errors
/// When no port is free, or standard input is not a pipe: a replica is started by a playground.
pub fn run(args: ReplicaArgs) -> io::Result<()> {
    tokio::runtime::Builder::new_current_thread().enable_all().build()?.block_on(live(args))
}

async fn live(args: ReplicaArgs) -> io::Result<()> {
    let mut parent = pipe::Receiver::from_owned_fd(io::stdin().as_fd().try_clone_to_owned()?)?;
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
    let port = listener.local_addr()?.port();
    print(&Hello { port })?;
    let replica = Arc::new(Replica {
        traffic: traffic::of(&args.service),
        started: now(),
        satisfied: AtomicBool::new(args.requires.is_none()),
        served: Mutex::default(),
        args,
    });
    replica.log(Level::Info, &format!("{} listens on 127.0.0.1:{port}", replica.args.version));
    let router = Router::new()
        .route("/", get(root))
        .route("/health", get(health))
        .route("/metrics", get(metrics))
        .with_state(Arc::clone(&replica));
    let mut nothing = [0; 64];
    let orphaned = async { while matches!(parent.read(&mut nothing).await, Ok(1..)) {} };
    tokio::select! {
        served = axum::serve(listener, router).into_future() => served,
        () = replica.make_traffic() => Ok(()),
        () = orphaned => Ok(()),
    }
}

async fn root(State(replica): State<Arc<Replica>>) -> Json<Value> {
    let began = Instant::now();
    let ReplicaArgs { service, version, instance, environment, .. } = &replica.args;
    let body =
        json!({ "service": service, "environment": environment, "version": version, "instance": instance });
    replica.count(200, began.elapsed());
    Json(body)
}

async fn health(State(replica): State<Arc<Replica>>) -> (StatusCode, Json<Value>) {
    let (requests, errors) = replica.served_and_failed();
    let version = &replica.args.version;
    match replica.check().await {
        Ok(()) => (
            StatusCode::OK,
            Json(json!({ "status": "ok", "version": version, "requests": requests, "errors": errors })),
        ),
        Err(why) => {
            replica.log(Level::Error, &format!("not healthy: {why}"));
            let status = StatusCode::INTERNAL_SERVER_ERROR;
            let body = json!({
                "status": "failing", "version": version, "detail": why, "requests": requests, "errors": errors,
            });
            (status, Json(body))
        }
    }
}

async fn metrics(State(replica): State<Arc<Replica>>) -> impl IntoResponse {
    ([(header::CONTENT_TYPE, "text/plain; version=0.0.4")], replica.metrics())
}

impl Replica {
    async fn check(&self) -> Result<(), String> {
        let Some(column) = self.args.requires.as_deref() else { return Ok(()) };
        if !self.satisfied.load(Ordering::Relaxed) {
            check_column(&self.args.database, column).await?;
            self.satisfied.store(true, Ordering::Relaxed);
        }
        Ok(())
    }

    /// Replicas of one service start at different places of its traffic, so that together they show all of it.
    async fn make_traffic(&self) {
        let digits = self.args.instance.rsplit('-').next().and_then(|ordinal| ordinal.parse::<usize>().ok());
        let offset = digits.unwrap_or(1).saturating_sub(1) * WARM_UP;
        for (count, tick) in self.traffic.iter().cycle().skip(offset % self.traffic.len()).enumerate() {
            if count >= WARM_UP {
                sleep(Duration::from_millis(self.args.traffic_ms)).await;
            }
            // A version that cannot work serves nobody.
            if self.check().await.is_ok() {
                self.count(tick.code, Duration::from_millis(tick.ms.into()));
                self.log(tick.level, tick.text);
            }
        }
    }

    fn count(&self, code: u16, took: Duration) {
        let mut served = self.served.lock().unwrap_or_else(PoisonError::into_inner);
        *served.by_code.entry(code).or_default() += 1;
        served.time += took;
    }

    fn served_and_failed(&self) -> (u64, u64) {
        let served = self.served.lock().unwrap_or_else(PoisonError::into_inner);
        let failed = served.by_code.iter().filter(|(code, _)| **code >= 500).map(|(_, count)| count).sum();
        (served.by_code.values().sum(), failed)
    }

    /// Prometheus text.
    fn metrics(&self) -> String {
        let ReplicaArgs { service, environment, version, .. } = &self.args;
        let labels = format!("service=\"{service}\",environment=\"{environment}\",version=\"{version}\"");
        let served = self.served.lock().unwrap_or_else(PoisonError::into_inner);
        let mut text = String::from("# TYPE http_requests_total counter\n");
        for (code, count) in &served.by_code {
            // Writing to a string does not fail.
            let _ = writeln!(text, "http_requests_total{{{labels},code=\"{code}\"}} {count}");
        }
        let count: u64 = served.by_code.values().sum();
        let sum = served.time.as_secs_f64();
        let start = self.started.as_second();
        let _ = write!(
            text,
            "# TYPE http_request_duration_seconds summary\n\
             http_request_duration_seconds_sum{{{labels}}} {sum}\n\
             http_request_duration_seconds_count{{{labels}}} {count}\n\
             # TYPE process_start_time_seconds gauge\n\
             process_start_time_seconds{{{labels}}} {start}\n"
        );
        text
    }

    fn log(&self, level: Level, text: &str) {
        let line =
            LogLine { time: now(), instance: self.args.instance.clone(), level, text: text.to_owned() };
        // Nobody is left to tell when the parent no longer reads; its end of standard input closes with it.
        let _ = print(&line);
    }
}

fn print(line: &impl Serialize) -> io::Result<()> {
    let mut text = serde_json::to_vec(line)?;
    text.push(b'\n');
    let mut out = io::stdout().lock();
    out.write_all(&text)?;
    out.flush()
}
