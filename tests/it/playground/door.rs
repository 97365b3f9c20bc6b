//! What the API refuses.

use reqwest::StatusCode;
use serde_json::{Value, json};

use super::{ORDERS, TOKEN, World};

#[tokio::test]
async fn strangers_and_impossible_requests_are_refused_in_words() {
    let World { playground, caller, dir: _dir } = World::new().await;
    let services = format!("{}/v1/services", caller.base);
    let wrong = caller.client.get(&services).bearer_auth("guess").send().await.unwrap();
    assert_eq!(wrong.status(), StatusCode::UNAUTHORIZED);
    assert_eq!(
        wrong.json::<Value>().await.unwrap(),
        json!({ "error": "the bearer token is missing or wrong" })
    );
    let rebound =
        caller.client.get(&services).bearer_auth(TOKEN).header("Host", "evil.example").send().await.unwrap();
    assert_eq!(rebound.status(), StatusCode::MISDIRECTED_REQUEST);

    let deployments = format!("{ORDERS}/deployments");
    let mut told = Vec::new();
    for (path, body) in [
        ("nowhere", json!({})),
        ("environments/production/services/ordr/deployments", json!({ "version": "v2.4.1" })),
        (&deployments, json!({ "version": "v9" })),
        (&deployments, json!({ "versoin": "v2.4.1" })),
        (&format!("{ORDERS}/migrations"), json!({ "migration": "0042" })),
        (&format!("{ORDERS}/instances/nobody/kill"), Value::Null),
    ] {
        let (status, body) = caller.post(path, "", body).await;
        told.push(format!("{status} {}", body["error"].as_str().unwrap()));
    }
    insta::assert_snapshot!(told.join("\n"), @r"
    404 there is nothing at this address
    404 there is no service `ordr`; there are inventory-service, order-service
    422 `order-service` has no version `v9`; there are v2.3.0, v2.3.1, v2.4.0, v2.4.1, v2.5.0-rc.1, v2.5.0
    400 the body is wrong: unknown field `versoin`, expected `version` or `generation` at line 1 column 10
    422 there is no migration `0042`; pending are 0004_add_order_notes, 0005_index_orders_by_customer
    404 `order-service` in `production` has no instance `nobody`; it has order-service-production-1, order-service-production-2, order-service-production-3
    ");
    assert_eq!(caller.get("services").await["services"].as_array().unwrap().len(), 2);
    playground.shutdown().await;
}
