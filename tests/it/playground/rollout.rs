//! Deployments, rollbacks and what stands in their way.

use serde_json::json;

use super::{INVENTORY, ORDERS, World, instances, ports, until_gone};

#[tokio::test]
async fn a_deployment_replaces_one_replica_at_a_time() {
    let World { playground, caller, dir: _dir } = World::new().await;
    let before = caller.get(ORDERS).await;
    assert_eq!(
        (&before["version"], &before["replicas"], &before["ready"]),
        (&json!("v2.4.0"), &json!(3), &json!(3))
    );

    let body = json!({ "version": "v2.4.1", "generation": 1 });
    let (status, begun) = caller.post(&format!("{ORDERS}/deployments"), "one", body.clone()).await;
    assert_eq!((status, &begun["state"]), (202, &json!("running")));
    let looked = caller.until(ORDERS, |service| {
        assert!(service["ready"].as_u64().unwrap() >= 3, "{service}");
        service["deploying"] == false
    });
    let after = looked.await;
    assert_eq!(instances(&after, "version"), ["v2.4.1"; 3]);
    assert_eq!(after["previous_version"], "v2.4.0");
    assert_eq!((&after["generation"], &after["ready"]), (&json!(2), &json!(3)));
    let ended = caller.ended(&begun).await;
    assert_eq!((&ended["state"], &ended["step"]), (&json!("succeeded"), &json!("3/3 replicas on v2.4.1")));
    assert_eq!(ended["message"], "all 3 replicas are on v2.4.1 and healthy");
    assert_eq!(ended["health"], json!({ "checked": 3, "passed": 3, "last_status": 200, "last_body": "ok" }));

    let (status, again) = caller.post(&format!("{ORDERS}/deployments"), "one", body.clone()).await;
    assert_eq!((status, &again), (200, &ended));
    let (status, refusal) = caller.post(&format!("{ORDERS}/deployments"), "two", body).await;
    assert_eq!(status, 412, "{refusal}");
    until_gone(&ports(&before)).await;
    playground.shutdown().await;
    until_gone(&ports(&after)).await;
}

#[tokio::test]
async fn a_broken_version_fails_its_health_check_and_a_rollback_makes_the_service_whole() {
    let World { playground, caller, dir: _dir } = World::new().await;
    let failed = caller.deployed(ORDERS, "bad", "v2.5.0").await;
    assert_eq!(failed["state"], "failed");
    let why = "cannot reach its database: column orders.total_cents does not exist";
    assert_eq!(failed["health"], json!({ "checked": 1, "passed": 0, "last_status": 500, "last_body": why }));
    assert_eq!(
        failed["message"],
        format!(
            "order-service-production-4 on v2.5.0 did not become healthy, asked 5 times: answered 500: {why}; \
             3 replicas still run v2.4.0"
        )
    );
    let service = caller.get(ORDERS).await;
    assert_eq!((&service["version"], &service["previous_version"]), (&json!("v2.5.0"), &json!("v2.4.0")));
    assert_eq!((&service["replicas"], &service["ready"]), (&json!(3), &json!(3)));
    assert_eq!(instances(&service, "version"), ["v2.4.0", "v2.4.0", "v2.4.0", "v2.5.0"]);
    assert_eq!(service["instances"][3]["detail"], format!("answered 500: {why}"));

    let (status, begun) =
        caller.post(&format!("{ORDERS}/rollbacks"), "back", json!({ "generation": 2 })).await;
    assert_eq!(
        (status, &begun["version"], &begun["from_version"]),
        (202, &json!("v2.4.0"), &json!("v2.5.0"))
    );
    assert_eq!(caller.ended(&begun).await["state"], "succeeded");
    let service = caller.get(ORDERS).await;
    assert_eq!(instances(&service, "version"), ["v2.4.0"; 3]);
    assert_eq!(instances(&service, "healthy"), [true; 3]);
    playground.shutdown().await;
}

#[tokio::test]
async fn a_version_that_needs_a_migration_is_healthy_once_it_is_applied() {
    let World { playground, caller, dir: _dir } = World::new().await;
    assert_eq!(caller.deployed(INVENTORY, "", "v2.2.0").await["state"], "failed");
    let (status, report) = caller
        .post(&format!("{INVENTORY}/migrations"), "m", json!({ "migration": "0003_add_reserved_stock" }))
        .await;
    assert_eq!((status, &report["applied"]), (200, &json!(["0003_add_reserved_stock"])));
    assert_eq!(caller.deployed(INVENTORY, "", "v2.2.0").await["state"], "succeeded");
    let service = caller.get(INVENTORY).await;
    assert_eq!(instances(&service, "version"), ["v2.2.0"; 2]);
    assert_eq!(service["previous_version"], "v2.1.0");
    playground.shutdown().await;
}
