//! The playground with real replicas: this package's own binary, on loopback ports.

use std::{
    net::{SocketAddr, TcpStream},
    path::Path,
    time::Duration,
};

use countersign::playground::{Playground, PlaygroundConfig, Timing};
use reqwest::Method;
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::time::{Instant, sleep};

mod door;
mod replicas;
mod rollout;
mod survival;

const TOKEN: &str = "token of the tests";
/// Longer than anything takes on a busy machine; no test waits this long unless it fails.
const PATIENCE: Duration = Duration::from_secs(30);
const ORDERS: &str = "environments/production/services/order-service";
const INVENTORY: &str = "environments/production/services/inventory-service";

/// Two services in one environment, and less patient than the real one.
fn config(dir: &Path) -> PlaygroundConfig {
    let program = env!("CARGO_BIN_EXE_countersign").into();
    let mut config = PlaygroundConfig::demo(program, dir.to_owned(), TOKEN.to_owned().into());
    config.services.retain(|service| ["order-service", "inventory-service"].contains(&service.name.as_str()));
    config.environments.retain(|environment| environment.name == "production");
    config.timing = Timing {
        restart_after: Duration::from_millis(200),
        health_pause: Duration::from_millis(50),
        ..Timing::default()
    };
    config
}

struct World {
    playground: Playground,
    caller: Caller,
    dir: TempDir,
}

struct Caller {
    client: reqwest::Client,
    base: String,
}

impl World {
    async fn new() -> Self {
        Self::at(tempfile::tempdir().unwrap()).await
    }

    async fn at(dir: TempDir) -> Self {
        let playground = Playground::start(config(dir.path())).await.unwrap();
        playground.started().await;
        let caller = Caller::new(&playground.base_url());
        Self { playground, caller, dir }
    }

    /// Shuts the playground down and starts another one from what is on disk.
    async fn restarted(self) -> Self {
        self.playground.shutdown().await;
        Self::at(self.dir).await
    }
}

impl Caller {
    fn new(base: &str) -> Self {
        // The second test to come here finds a provider installed, which is as good.
        let _ = rustls::crypto::ring::default_provider().install_default();
        Self { client: reqwest::Client::builder().no_proxy().build().unwrap(), base: base.to_owned() }
    }

    async fn call(&self, method: Method, path: &str, key: &str, body: Value) -> (u16, Value) {
        let request = self.client.request(method, format!("{}/v1/{path}", self.base)).bearer_auth(TOKEN);
        let request = if key.is_empty() { request } else { request.header("Idempotency-Key", key) };
        let request = if body.is_null() { request } else { request.json(&body) };
        let response = request.send().await.unwrap();
        (response.status().as_u16(), response.json().await.unwrap_or_default())
    }

    async fn get(&self, path: &str) -> Value {
        let (status, body) = self.call(Method::GET, path, "", Value::Null).await;
        assert_eq!(status, 200, "{path}: {body}");
        body
    }

    async fn post(&self, path: &str, key: &str, body: Value) -> (u16, Value) {
        self.call(Method::POST, path, key, body).await
    }

    /// Asks until the answer is as wanted.
    async fn until(&self, path: &str, wanted: impl Fn(&Value) -> bool) -> Value {
        let end = Instant::now() + PATIENCE;
        loop {
            let seen = self.get(path).await;
            if wanted(&seen) {
                return seen;
            }
            assert!(Instant::now() < end, "{path} stays {seen:#}");
            sleep(Duration::from_millis(10)).await;
        }
    }

    /// Begins a deployment and waits for its end.
    async fn deployed(&self, service: &str, key: &str, version: &str) -> Value {
        let (status, begun) =
            self.post(&format!("{service}/deployments"), key, json!({ "version": version })).await;
        assert_eq!(status, 202, "{begun}");
        self.ended(&begun).await
    }

    async fn ended(&self, begun: &Value) -> Value {
        let path = format!("deployments/{}", begun["id"].as_str().unwrap());
        self.until(&path, |deployment| deployment["state"] != "running").await
    }
}

fn instances<'a>(service: &'a Value, field: &str) -> Vec<&'a Value> {
    service["instances"].as_array().unwrap().iter().map(|instance| &instance[field]).collect()
}

fn ports(service: &Value) -> Vec<u16> {
    instances(service, "port").iter().map(|port| u16::try_from(port.as_u64().unwrap()).unwrap()).collect()
}

/// Waits until nothing listens on these ports.
async fn until_gone(ports: &[u16]) {
    let end = Instant::now() + PATIENCE;
    while ports.iter().any(|port| TcpStream::connect(SocketAddr::from(([127, 0, 0, 1], *port))).is_ok()) {
        assert!(Instant::now() < end, "a replica still listens on one of {ports:?}");
        sleep(Duration::from_millis(10)).await;
    }
}
