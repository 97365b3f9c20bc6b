//! Replicas: killed, scaled, looked into.

use std::time::Duration;

use countersign::playground::Playground;
use reqwest::Method;
use serde_json::{Value, json};

use super::{Caller, ORDERS, World, config, instances, ports, until_gone};

#[tokio::test]
async fn a_killed_replica_is_seen_to_be_down_and_comes_back() {
    let dir = tempfile::tempdir().unwrap();
    // Long enough to be looked at.
    let mut config = config(dir.path());
    config.timing.restart_after = Duration::from_secs(2);
    let playground = Playground::start(config).await.unwrap();
    playground.started().await;
    let caller = Caller::new(&playground.base_url());
    let before = caller.get(ORDERS).await;
    let kill = format!("{ORDERS}/instances/order-service-production-2/kill");
    assert_eq!(caller.post(&kill, "", Value::Null).await.0, 204);
    let down = caller.get(ORDERS).await;
    assert_eq!((&down["replicas"], &down["ready"]), (&json!(3), &json!(2)));
    assert_eq!(down["instances"][1]["detail"], "not running (killed by signal 9)");
    assert_eq!(down["instances"][1]["pid"], Value::Null);
    assert_eq!(caller.post(&kill, "", Value::Null).await.0, 409);
    let up = caller.until(ORDERS, |service| service["ready"] == 3).await;
    assert_ne!(up["instances"][1]["pid"], before["instances"][1]["pid"]);
    assert_eq!(up["instances"][0]["pid"], before["instances"][0]["pid"]);
    let logs = caller.get(&format!("{ORDERS}/logs?filter=KILLED%20by")).await;
    assert_eq!(logs["lines"][0]["text"], "stopped: killed by signal 9; starts again in 2 s");
    playground.shutdown().await;
}

#[tokio::test]
async fn scaling_starts_and_stops_replicas() {
    let World { playground, caller, dir: _dir } = World::new().await;
    let path = format!("{ORDERS}/scale");
    let scale =
        async |replicas: i64| caller.call(Method::PUT, &path, "", json!({ "replicas": replicas })).await;
    let (status, service) = scale(6).await;
    assert_eq!((status, &service["replicas"], &service["generation"]), (200, &json!(6), &json!(2)));
    let six = caller.until(ORDERS, |service| service["ready"] == 6).await;
    let (_, service) = scale(1).await;
    assert_eq!(instances(&service, "id"), ["order-service-production-1"]);
    until_gone(&ports(&six)[1..]).await;
    let (_, none) = scale(0).await;
    assert_eq!((&none["ready"], &none["url"], &none["instances"]), (&json!(0), &Value::Null, &json!([])));
    let (status, refusal) = scale(21).await;
    assert_eq!((status, refusal), (422, json!({ "error": "`21` replicas: between 0 and 20 are possible" })));
    let stale = json!({ "replicas": 2, "generation": 1 });
    assert_eq!(caller.call(Method::PUT, &path, "", stale).await.0, 412);
    playground.shutdown().await;
}

#[tokio::test]
async fn a_replica_is_a_service_with_metrics_and_a_log() {
    let World { playground, caller, dir: _dir } = World::new().await;
    let url = caller.get(ORDERS).await["url"].as_str().unwrap().to_owned();
    let root: Value = caller.client.get(&url).send().await.unwrap().json().await.unwrap();
    assert_eq!((&root["service"], &root["version"]), (&json!("order-service"), &json!("v2.4.0")));
    let metrics = caller.client.get(format!("{url}metrics")).send().await.unwrap().text().await.unwrap();
    let labels = r#"service="order-service",environment="production",version="v2.4.0""#;
    for line in [
        format!("http_requests_total{{{labels},code=\"200\"}} 5"),
        format!("http_request_duration_seconds_count{{{labels}}} 5"),
        format!("process_start_time_seconds{{{labels}}} "),
    ] {
        assert!(metrics.contains(&line), "{line} is not in {metrics}");
    }
    assert_eq!(caller.get(ORDERS).await["instances"][0]["requests"], 5);
    let logs = format!("{ORDERS}/logs?since_seconds=3600&filter=did%20not%20answer&limit=50");
    let found = caller.until(&logs, |found| found["matched"] == 1).await;
    assert_eq!(found["lines"][0]["level"], "error");
    playground.shutdown().await;
}
