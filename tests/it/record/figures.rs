//! The figures for Prometheus, with Prometheus itself as the reader.

use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;

use countersign::app::ConsoleHouse;
use countersign::clock::Clock;
use countersign::config::Config;
use countersign::web::{metrics, serve};
use serde_json::Value;
use tokio::net::TcpListener;
use tokio::sync::watch;

use crate::support::{BackEnd, World, until};

/// Whether a program of Prometheus is here; tests that need it are left out otherwise, and named.
fn there_is(program: &str) -> bool {
    let found = Command::new(program).arg("--version").stdout(Stdio::null()).stderr(Stdio::null()).status();
    if found.is_ok() {
        return true;
    }
    let required = std::env::var_os("COUNTERSIGN_TESTS_REQUIRE_ALL").is_some_and(|value| value == "1");
    assert!(!required, "{program} cannot be run, and all tests are required");
    eprintln!("skipped: {program} cannot be run; tests/all.sh installs it");
    false
}

/// Serves the figures of a world for as long as the sender is kept.
async fn figures(world: &World) -> (String, watch::Sender<bool>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap().to_string();
    let house = ConsoleHouse::new(Arc::clone(world.rooms()), &Config::default());
    let router = metrics(house, Arc::clone(&world.clock) as Arc<dyn Clock>);
    let (close, closing) = watch::channel(false);
    tokio::spawn(serve(listener, router, closing));
    (address, close)
}

fn client() -> reqwest::Client {
    let _ = rustls::crypto::ring::default_provider().install_default();
    reqwest::Client::builder().no_proxy().build().unwrap()
}

async fn a_day(back_end: &BackEnd) -> World {
    let world = World::facing(back_end).await;
    world.say("dave", "/deploy order-service v2.4.1 staging").await;
    world.say("alice", "/status order-service staging").await;
    world.say("alice", "/deploy order-service v2.4.1 production").await;
    world
}

#[tokio::test(flavor = "multi_thread")]
async fn promtool_finds_nothing_wrong_with_the_figures() {
    if !there_is("promtool") {
        return;
    }
    let back_end = BackEnd::well().await;
    let world = a_day(&back_end).await;
    let (address, _close) = figures(&world).await;
    let page = client().get(format!("http://{address}/metrics")).send().await.unwrap();
    assert_eq!(page.headers()["content-type"], "text/plain; version=0.0.4; charset=utf-8");
    let page = page.text().await.unwrap();
    assert!(page.contains("\ncountersign_open_requests{state=\"waiting\"} 1\n"), "{page}");
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("metrics");
    std::fs::write(&file, &page).unwrap();
    let checked = Command::new("promtool")
        .args(["check", "metrics"])
        .stdin(std::fs::File::open(&file).unwrap())
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&checked.stderr);
    assert!(checked.status.success() && said.is_empty(), "{said}\n{page}");
    world.finish().await;
}

/// A Prometheus that scrapes an address five times a second.
struct Prometheus {
    child: Child,
    address: String,
    client: reqwest::Client,
}

impl Prometheus {
    fn on(dir: &Path, scraped: &str) -> Self {
        let config = format!(
            "global: {{ scrape_interval: 200ms, scrape_timeout: 200ms }}\n\
             scrape_configs: [{{ job_name: countersign, static_configs: [{{ targets: [\"{scraped}\"] }}] }}]\n"
        );
        std::fs::write(dir.join("prometheus.yml"), config).unwrap();
        // It does not tell which port it got, so one is chosen that is free now.
        let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let address = free.local_addr().unwrap().to_string();
        drop(free);
        let child = Command::new("prometheus")
            .arg(format!("--config.file={}", dir.join("prometheus.yml").display()))
            .arg(format!("--storage.tsdb.path={}", dir.join("data").display()))
            .arg(format!("--web.listen-address={address}"))
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        Self { child, address, client: client() }
    }

    /// The value of a series, once it is there.
    async fn value(&self, series: &str) -> Option<String> {
        let mut url = reqwest::Url::parse(&format!("http://{}/api/v1/query", self.address)).unwrap();
        url.query_pairs_mut().append_pair("query", series);
        let answer: Value = self.client.get(url).send().await.ok()?.json().await.ok()?;
        Some(answer.pointer("/data/result/0/value/1")?.as_str()?.to_owned())
    }
}

impl Drop for Prometheus {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn prometheus_scrapes_the_figures() {
    if !there_is("prometheus") {
        return;
    }
    let back_end = BackEnd::well().await;
    let world = a_day(&back_end).await;
    let (address, _close) = figures(&world).await;
    let dir = tempfile::tempdir().unwrap();
    let prometheus = Prometheus::on(dir.path(), &address);
    until("the figures are scraped", async || prometheus.value("countersign_record_entries").await.is_some())
        .await;
    let entries = world.rooms().store.head().await.unwrap().unwrap().size;
    for (series, value) in [
        ("countersign_record_entries", entries.to_string()),
        ("countersign_open_requests{state=\"waiting\"}", "1".to_owned()),
        ("countersign_requests{result=\"refused\"}", "1".to_owned()),
        ("countersign_read_only", "0".to_owned()),
        ("countersign_audit_failing_sinks", "0".to_owned()),
    ] {
        assert_eq!(prometheus.value(series).await, Some(value), "{series}");
    }
    let behind: u64 =
        prometheus.value("countersign_audit_unexported_seconds").await.unwrap().parse().unwrap();
    assert!(
        (1..60).contains(&behind),
        "nothing was exported yet, and less than a minute has passed: {behind}"
    );
    assert_eq!(prometheus.value("up{job=\"countersign\"}").await.as_deref(), Some("1"));
    world.finish().await;
}
