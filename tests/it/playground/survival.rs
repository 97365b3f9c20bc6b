//! Restarts, and parents that are killed.

use std::{
    ffi::OsString,
    process::{Command, Stdio},
    time::Duration,
};

use countersign::playground::Playground;
use reqwest::Method;
use serde_json::json;
use tokio::time::{Instant, sleep};

use super::{Caller, INVENTORY, ORDERS, PATIENCE, World, config, ports, until_gone};

#[tokio::test]
async fn what_was_wanted_survives_a_restart() {
    let world = World::new().await;
    let caller = &world.caller;
    let deployed = caller.deployed(ORDERS, "d", "v2.4.1").await;
    let scale = (Method::PUT, format!("{INVENTORY}/scale"), json!({ "replicas": 4, "generation": 1 }));
    assert_eq!(caller.call(scale.0.clone(), &scale.1, "s", scale.2.clone()).await.0, 200);
    let migrate = json!({ "migration": "latest" });
    let migrated = caller.post(&format!("{ORDERS}/migrations"), "m", migrate.clone()).await;
    assert_eq!(migrated.1["applied"], json!(["0004_add_order_notes", "0005_index_orders_by_customer"]));
    let before = caller.get(ORDERS).await;
    let old_log = caller.get(&format!("{ORDERS}/logs?limit=1000")).await["matched"].as_u64().unwrap();

    let world = world.restarted().await;
    let caller = &world.caller;
    let after = caller.get(ORDERS).await;
    for field in ["version", "previous_version", "replicas", "ready", "generation"] {
        assert_eq!(after[field], before[field], "{field}");
    }
    assert_eq!(caller.get(INVENTORY).await["replicas"], 4);
    caller.until(INVENTORY, |service| service["ready"] == 4).await;
    let again = caller.post(&format!("{ORDERS}/deployments"), "d", json!({ "version": "v2.4.1" })).await;
    assert_eq!(again, (200, deployed));
    assert_eq!(caller.call(scale.0, &scale.1, "s", scale.2).await.0, 200);
    assert_eq!(caller.post(&format!("{ORDERS}/migrations"), "m", migrate.clone()).await, migrated);
    assert_eq!(caller.post(&format!("{ORDERS}/migrations"), "n", migrate).await.0, 409);
    let log = caller.get(&format!("{ORDERS}/logs?limit=1000")).await["matched"].as_u64().unwrap();
    assert!(log > old_log, "{log} lines after {old_log}");
    world.playground.shutdown().await;
}

#[tokio::test]
async fn a_deployment_that_was_cut_short_goes_on() {
    let dir = tempfile::tempdir().unwrap();
    let mut slow = config(dir.path());
    slow.timing.health_pause = PATIENCE;
    let playground = Playground::start(slow).await.unwrap();
    playground.started().await;
    let caller = Caller::new(&playground.base_url());
    let (_, begun) = caller.post(&format!("{ORDERS}/deployments"), "d", json!({ "version": "v2.5.0" })).await;
    caller.until(ORDERS, |service| service["instances"].as_array().unwrap().len() == 4).await;
    playground.shutdown().await;

    let world = World::at(dir).await;
    let ended = world.caller.ended(&begun).await;
    assert_eq!(ended["state"], "failed");
    assert_eq!(world.caller.get(ORDERS).await["ready"], 3);
    world.playground.shutdown().await;
}

#[tokio::test]
async fn one_directory_has_one_playground() {
    let world = World::new().await;
    let error = Playground::start(config(world.dir.path())).await.unwrap_err();
    assert!(error.to_string().starts_with("another playground is using"), "{error}");
    world.playground.shutdown().await;
}

/// Where the parent of the next test works.
const PARENT_DIR: &str = "PLAYGROUND_TEST_DIR";

#[tokio::test]
async fn replicas_die_with_a_parent_that_was_killed() {
    let dir = tempfile::tempdir().unwrap();
    let address = dir.path().join("address");
    let mut parent = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "playground::survival::a_parent_to_be_killed", "--ignored"])
        .env(PARENT_DIR, dir.path())
        .stdout(Stdio::null())
        .spawn()
        .unwrap();
    let end = Instant::now() + PATIENCE;
    let base = loop {
        match std::fs::read_to_string(&address) {
            Ok(base) => break base,
            Err(_) => assert!(Instant::now() < end, "the parent did not start"),
        }
        sleep(Duration::from_millis(10)).await;
    };
    let ports = ports(&Caller::new(&base).get(ORDERS).await);
    assert_eq!(ports.len(), 3);
    parent.kill().unwrap();
    parent.wait().unwrap();
    until_gone(&ports).await;
}

/// Not a test by itself: the process that the test above starts and kills.
#[tokio::test]
#[ignore = "is started by replicas_die_with_a_parent_that_was_killed"]
async fn a_parent_to_be_killed() {
    let Some(dir) = std::env::var_os(PARENT_DIR).map(OsString::into_string) else { return };
    let dir = std::path::PathBuf::from(dir.unwrap());
    let playground = Playground::start(config(&dir)).await.unwrap();
    playground.started().await;
    std::fs::write(dir.join("new"), playground.base_url()).unwrap();
    std::fs::rename(dir.join("new"), dir.join("address")).unwrap();
    std::future::pending::<()>().await;
}
