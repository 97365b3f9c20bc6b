//! A signed-in console slash command that only reads, from the request on the wire to the answer on disk: messages a
//! second, and how long each took, with 32 people at once. Real HTTP over loopback, a real database with
//! synchronous=FULL, everything on the machine's cores, the load included.

#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::disallowed_methods,
    reason = "a bench measures time, and one that cannot set up has nothing to measure"
)]
#![expect(clippy::print_stdout, reason = "the percentiles are the result")]

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use countersign::app::{App, ConsoleHouse, Parts};
use countersign::config::{Config, PlaygroundSettings, Source};
use countersign::control::Voice;
use countersign::domain::{MessageId, PersonId};
use countersign::web::{Site, hash_password};
use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use tokio::io::{AsyncReadExt, AsyncWriteExt, BufStream};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Mutex, broadcast, oneshot, watch};

const AT_ONCE: u64 = 32;
const PASSWORD: &str = "correct horse battery";

/// A console that serves, and a session of alice in it.
struct Bench {
    addr: std::net::SocketAddr,
    cookie: String,
    csrf: String,
    answers: Arc<Answers>,
    _closing: watch::Sender<bool>,
    _dir: tempfile::TempDir,
}

/// Tells who waits for the answer to a message that it is on disk.
#[derive(Default)]
struct Answers(Mutex<Waiting>);

#[derive(Default)]
struct Waiting {
    waiting: HashMap<MessageId, oneshot::Sender<()>>,
    early: HashMap<MessageId, ()>,
}

impl Answers {
    async fn of(&self, message: MessageId) {
        let (told, heard) = oneshot::channel();
        {
            let mut state = self.0.lock().await;
            if state.early.remove(&message).is_some() {
                return;
            }
            state.waiting.insert(message, told);
        }
        heard.await.unwrap();
    }

    async fn tell(&self, root: MessageId) {
        let mut state = self.0.lock().await;
        match state.waiting.remove(&root) {
            Some(told) => drop(told.send(())),
            None => drop(state.early.insert(root, ())),
        }
    }
}

async fn start() -> Bench {
    let dir = tempfile::tempdir().unwrap();
    let config = Config {
        data_dir: Some(dir.path().to_path_buf()),
        playground: PlaygroundSettings { enabled: false },
        ..Config::default()
    };
    let app = App::build(Source { config: config.clone(), file: None }, Parts::of_this_machine().unwrap())
        .await
        .unwrap();
    let rooms = Arc::clone(&app.rooms);
    std::mem::forget(app);
    rooms
        .store
        .put_account(&PersonId("alice".to_owned()), &hash_password(&PASSWORD.to_owned().into()).unwrap())
        .await
        .unwrap();
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let addr = listener.local_addr().unwrap();
    let (closing, closed) = watch::channel(false);
    let house = ConsoleHouse::new(Arc::clone(&rooms), &config);
    let sites = vec![Site::parse(&format!("http://{addr}")).unwrap()];
    let router = house.router(sites, Voice::Nobody, closed.clone()).unwrap();
    tokio::spawn(countersign::web::serve(listener, router, closed));

    let answers = Arc::new(Answers::default());
    let (listening, mut changed) = (Arc::clone(&answers), rooms.changed.subscribe());
    tokio::spawn(async move {
        loop {
            match changed.recv().await {
                Ok(change) => {
                    if let Some(root) = change.root {
                        listening.tell(root).await;
                    }
                }
                Err(broadcast::error::RecvError::Lagged(lost)) => panic!("{lost} answers were missed"),
                Err(broadcast::error::RecvError::Closed) => return,
            }
        }
    });
    let (cookie, csrf) = sign_in(addr).await;
    Bench { addr, cookie, csrf, answers, _closing: closing, _dir: dir }
}

async fn sign_in(addr: std::net::SocketAddr) -> (String, String) {
    let mut wire = Wire::open(addr).await;
    let page = wire.ask(&format!("GET /sign-in HTTP/1.1\r\nHost: {addr}\r\n\r\n")).await;
    let (visit, csrf) = (cookie_of(&page), field(&page, "csrf"));
    let form = format!("csrf={csrf}&next=%2F&name=alice&password=correct+horse+battery");
    let signed_in = wire.ask(&post(addr, "/sign-in", &visit, &form)).await;
    let cookie = cookie_of(&signed_in);
    let page =
        wire.ask(&format!("GET /c/deployments HTTP/1.1\r\nHost: {addr}\r\nCookie: {cookie}\r\n\r\n")).await;
    (cookie, field(&page, "csrf"))
}

fn post(addr: std::net::SocketAddr, path: &str, cookie: &str, form: &str) -> String {
    format!(
        "POST {path} HTTP/1.1\r\nHost: {addr}\r\nOrigin: http://{addr}\r\nCookie: {cookie}\r\nAccept: application/json\r\n\
         Content-Type: application/x-www-form-urlencoded\r\nContent-Length: {}\r\n\r\n{form}",
        form.len()
    )
}

fn cookie_of(answer: &str) -> String {
    let lines = answer.lines().filter_map(|line| line.strip_prefix("set-cookie: "));
    lines.map(|line| line.split(';').next().unwrap()).collect::<Vec<_>>().join("; ")
}

fn field(page: &str, name: &str) -> String {
    let start = page.split(&format!("name=\"{name}\" value=\"")).nth(1).unwrap();
    start.split('"').next().unwrap().to_owned()
}

/// One HTTP/1.1 connection that is kept open, with no more client around it than it takes.
struct Wire(BufStream<TcpStream>);

impl Wire {
    async fn open(addr: std::net::SocketAddr) -> Self {
        let stream = TcpStream::connect(addr).await.unwrap();
        stream.set_nodelay(true).unwrap();
        Self(BufStream::new(stream))
    }

    async fn ask(&mut self, request: &str) -> String {
        self.0.write_all(request.as_bytes()).await.unwrap();
        self.0.flush().await.unwrap();
        let mut seen = Vec::new();
        let mut chunk = [0; 16_384];
        loop {
            let read = self.0.read(&mut chunk).await.unwrap();
            assert!(read > 0, "the connection was closed");
            seen.extend_from_slice(&chunk[..read]);
            let text = String::from_utf8_lossy(&seen);
            if let Some((head, body)) = text.split_once("\r\n\r\n") {
                let length = head.lines().find_map(|line| line.strip_prefix("content-length: "));
                if body.len() >= length.map_or(0, |length| length.parse().unwrap()) {
                    return text.into_owned();
                }
            }
        }
    }
}

/// Sends `count` messages over 32 connections and waits for each answer. Returns how long each took.
async fn run(bench: &Arc<Bench>, count: u64, numbers: &Arc<AtomicU64>) -> Vec<Duration> {
    let share = count.div_ceil(AT_ONCE);
    let people: Vec<_> = (0..AT_ONCE)
        .map(|_| {
            let (bench, numbers) = (Arc::clone(bench), Arc::clone(numbers));
            tokio::spawn(async move {
                let mut wire = Wire::open(bench.addr).await;
                let mut took = Vec::new();
                for _ in 0..share {
                    let once = numbers.fetch_add(1, Ordering::Relaxed);
                    let form =
                        format!("csrf={}&text=%2Fwhoami&thread=&once=bench-number-{once:012}", bench.csrf);
                    let begun = Instant::now();
                    let answer =
                        wire.ask(&post(bench.addr, "/c/deployments/messages", &bench.cookie, &form)).await;
                    let id = answer.split("\"message\":\"").nth(1).unwrap_or_else(|| panic!("{answer}"));
                    bench.answers.of(MessageId::parse(id.split('"').next().unwrap()).unwrap()).await;
                    took.push(begun.elapsed());
                }
                took
            })
        })
        .collect();
    let mut took = Vec::new();
    for person in people {
        took.extend(person.await.unwrap());
    }
    took
}

fn resident_mib() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    line.and_then(|line| line.split_whitespace().next()?.parse::<u64>().ok()).unwrap_or(0) / 1024
}

fn slash_command(c: &mut Criterion) {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let bench = Arc::new(runtime.block_on(start()));
    let numbers = Arc::new(AtomicU64::new(0));
    println!("resident before: {} MiB (server and load in one process)", resident_mib());
    let mut all = Vec::new();
    let mut group = c.benchmark_group("console");
    group.throughput(Throughput::Elements(1)).sample_size(10).measurement_time(Duration::from_secs(10));
    group.bench_function("/whoami, 32 at once, to the durable answer", |b| {
        b.iter_custom(|count| {
            let begun = Instant::now();
            all.extend(runtime.block_on(run(&bench, count, &numbers)));
            begun.elapsed().mul_f64(count as f64 / (count.div_ceil(AT_ONCE) * AT_ONCE) as f64)
        });
    });
    group.finish();
    all.sort_unstable();
    let at = |share: f64| all[((all.len() - 1) as f64 * share) as usize];
    println!("{} messages: p50 {:?}, p99 {:?}, p99.9 {:?}", all.len(), at(0.5), at(0.99), at(0.999));
    println!("resident after: {} MiB", resident_mib());
}

criterion_group!(benches, slash_command);
criterion_main!(benches);
