//! A signed slash command of Slack's, from the bytes on the wire to its acknowledgement, which comes when it is on disk:
//! commands a second and how long each took, with 32 at once; and the same while the reader of sentences takes twenty
//! seconds for each. Real HTTP over loopback, a real database with synchronous=FULL, the load on the same cores but in a
//! process of its own, so that the memory told is the server's.

#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::disallowed_methods,
    reason = "a bench measures time, and one that cannot set up has nothing to measure"
)]
#![expect(clippy::print_stdout, reason = "the percentiles are the result")]

use std::io::{BufRead as _, BufReader, Read as _};
use std::process::{Child, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use countersign::app::{App, Parts};
use countersign::chat::slack::{Names, sign};
use countersign::clock::{Clock as _, SystemClock};
use countersign::config::{Config, Mode, PlaygroundSettings, SecretRef, SlackSettings, Source};
use countersign::interpret::{Interpreter, Read, Reading};
use criterion::{Criterion, Throughput, criterion_group};
use futures::future::BoxFuture;
use tokio::io::{AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _, BufStream};
use tokio::net::{TcpListener, TcpStream};

const AT_ONCE: u64 = 32;
const SECRET: &str = "8f742231b10e8888abcd99yyyzzz85a5";

/// Takes twenty seconds for each sentence, as a model may.
struct Slow;

impl Interpreter for Slow {
    fn name(&self) -> &'static str {
        "slow"
    }

    fn read<'a>(&'a self, _reading: Reading) -> BoxFuture<'a, Read> {
        Box::pin(async {
            tokio::time::sleep(Duration::from_secs(20)).await;
            std::future::pending().await
        })
    }
}

/// Says to this program that it is the server.
const SERVER: &str = "COUNTERSIGN_BENCH_SERVER";

/// The server, in a process of its own.
struct Bench {
    address: std::net::SocketAddr,
    process: Child,
}

impl Bench {
    fn start() -> Self {
        let mut command = std::process::Command::new(std::env::current_exe().unwrap());
        let process = command.env(SERVER, "1").stdin(Stdio::piped()).stdout(Stdio::piped()).spawn();
        let mut process = process.unwrap();
        let mut line = String::new();
        BufReader::new(process.stdout.as_mut().unwrap()).read_line(&mut line).unwrap();
        Self { address: line.trim().parse().unwrap(), process }
    }

    /// The memory that the server holds now, and held at most, in MiB.
    fn resident(&self) -> (u64, u64) {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.process.id())).unwrap();
        let of = |name: &str| {
            let line = status.lines().find(|line| line.starts_with(name)).unwrap_or_default();
            let kib: u64 = line.split_whitespace().nth(1).and_then(|word| word.parse().ok()).unwrap_or(0);
            kib / 1024
        };
        (of("VmRSS"), of("VmHWM"))
    }
}

impl Drop for Bench {
    fn drop(&mut self) {
        // It ends when its standard input does.
        drop(self.process.stdin.take());
        let _ended = self.process.wait();
    }
}

/// Is the server until standard input ends.
async fn serve() {
    let dir = tempfile::tempdir().unwrap();
    let secret = |name: &str, text: &str| {
        let path = dir.path().join(name);
        std::fs::write(&path, text).unwrap();
        SecretRef::try_from(format!("file:{}", path.display())).unwrap()
    };
    // Nobody listens there: what goes out waits, as it does when Slack is away.
    let nowhere = TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap();
    let slack = SlackSettings {
        mode: Mode::Http,
        bot_token: secret("bot", "xoxb-bench"),
        app_token: None,
        signing_secrets: vec![secret("signing", SECRET)],
        names: Names::Each,
        command: "/ops".to_owned(),
        sockets: 1,
        base_url: format!("http://{nowhere}/api"),
    };
    let config = Config {
        data_dir: Some(dir.path().join("data")),
        playground: PlaygroundSettings { enabled: false },
        slack: Some(slack),
        ..Config::default()
    };
    let parts = Parts { reader: Some(Arc::new(Slow)), ..Parts::of_this_machine().unwrap() };
    let app = App::build(Source { config, file: None }, parts).await.unwrap();
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    println!("{address}");
    let told = tokio::task::spawn_blocking(|| std::io::stdin().read(&mut [0]));
    tokio::select! {
        ended = app.serve(listener, std::future::pending(), |_| {}) => ended.unwrap(),
        _ended = told => {}
    }
}

/// One kept-alive connection, as Slack has several.
struct Wire(BufStream<TcpStream>);

impl Wire {
    async fn open(address: std::net::SocketAddr) -> Self {
        let stream = TcpStream::connect(address).await.unwrap();
        stream.set_nodelay(true).unwrap();
        Self(BufStream::new(stream))
    }

    async fn post(&mut self, body: &str) {
        let second = SystemClock.now().as_second();
        let signature = sign(&SECRET.to_owned().into(), second, body.as_bytes());
        let head = format!(
            "POST /slack HTTP/1.1\r\nHost: bench\r\nContent-Type: application/x-www-form-urlencoded\r\n\
             X-Slack-Request-Timestamp: {second}\r\nX-Slack-Signature: {signature}\r\nContent-Length: {}\r\n\r\n{body}",
            body.len()
        );
        self.0.write_all(head.as_bytes()).await.unwrap();
        self.0.flush().await.unwrap();
        let (mut line, mut length) = (String::new(), 0);
        self.0.read_line(&mut line).await.unwrap();
        assert!(line.contains(" 200 "), "{line}");
        loop {
            line.clear();
            self.0.read_line(&mut line).await.unwrap();
            if line == "\r\n" {
                break;
            }
            if let Some(value) = line.to_lowercase().strip_prefix("content-length:") {
                length = value.trim().parse().unwrap();
            }
        }
        self.0.read_exact(&mut vec![0; length]).await.unwrap();
    }
}

/// So many deliveries over 32 connections; how long each took.
async fn load(bench: &Bench, count: u64, command: &'static str, next: &Arc<AtomicU64>) -> Vec<Duration> {
    let mut all = Vec::new();
    for _ in 0..AT_ONCE {
        let (address, next) = (bench.address, Arc::clone(next));
        all.push(tokio::spawn(async move {
            let mut wire = Wire::open(address).await;
            let mut took = Vec::new();
            for _ in 0..count / AT_ONCE {
                let number = next.fetch_add(1, Ordering::Relaxed);
                let body = format!(
                    "token=x&team_id=T1&channel_id=C1&user_id=U1&user_name=alice&{command}&trigger_id={number}.bench"
                );
                let began = Instant::now();
                wire.post(&body).await;
                took.push(began.elapsed());
            }
            took
        }));
    }
    let mut took = Vec::new();
    for one in all {
        took.extend(one.await.unwrap());
    }
    took.sort_unstable();
    took
}

fn acknowledgements(criterion: &mut Criterion) {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let bench = Bench::start();
    println!("the server holds {} MiB at rest", bench.resident().0);
    let next = Arc::new(AtomicU64::new(0));
    let mut group = criterion.benchmark_group("slack");
    group
        .throughput(Throughput::Elements(AT_ONCE * 8))
        .sample_size(10)
        .measurement_time(Duration::from_secs(10));
    for (name, command) in [
        ("an exact command", "command=%2Fwhoami&text="),
        ("a sentence that takes its reader 20 s", "command=%2Fops&text=please+ship+orders"),
    ] {
        group.bench_function(name, |bencher| {
            bencher.iter(|| runtime.block_on(load(&bench, AT_ONCE * 8, command, &next)));
        });
        let began = Instant::now();
        let took = runtime.block_on(load(&bench, AT_ONCE * 64, command, &next));
        let per_second = took.len() as f64 / began.elapsed().as_secs_f64();
        let (now, most) = bench.resident();
        println!(
            "{name}: {per_second:.0} acknowledged a second, p50 {:?}, p99 {:?}; {now} MiB resident, {most} at most",
            took[took.len() / 2],
            took[took.len() * 99 / 100],
        );
    }
    group.finish();
}

criterion_group!(benches, acknowledgements);

fn main() {
    if std::env::var_os(SERVER).is_some() {
        tokio::runtime::Runtime::new().unwrap().block_on(serve());
        // Sentences that are still being read are not waited for.
        std::process::exit(0);
    }
    benches();
    Criterion::default().configure_from_args().final_summary();
}
