use countersign::store::RequestState;
use insta::assert_snapshot;
use serde_json::Value;

use crate::support::World;

#[tokio::test]
async fn a_deployment_to_staging_runs_at_once_and_the_replicas_really_answer_the_new_version() {
    let world = World::of(&["order-service"], &["staging"]).await;
    let path = "environments/staging/services/order-service";
    let old = world.playground(path).await["url"].as_str().unwrap().to_owned();
    assert_eq!(version_at(&old).await, "v2.4.0");

    let said = world.say("alice", "/deploy order-service v2.4.1 staging").await;
    assert_snapshot!(said, @"
    = done
    [done] order-service v2.4.1 runs in staging
      /deploy order-service v2.4.1 staging
      Environment: staging
      Version: v2.4.0 → v2.4.1
      Replicas: 1
      Health: 1 of 1 replica healthy
      Asked by: alice
      Took: SPAN
      Dashboard: https://grafana.example.com/d/staging/order-service
      To undo: /rollback order-service staging
    ");

    let service = world.playground(path).await;
    let new = service["url"].as_str().unwrap();
    assert_eq!(version_at(new).await, "v2.4.1");
    assert!(reqwest::get(&old).await.is_err(), "the old replica still answers");
    assert_eq!(
        world.entries(said.id()).await,
        ["received", "interpreted", "judged", "started", "finished", "replied"]
    );

    // What is offered to undo it is an exact command that works.
    let [undo] = said.offers().try_into().unwrap();
    let undone = world.say("alice", &undo).await;
    assert_eq!(undone.state(), RequestState::Waiting, "{undone}");
    world.finish().await;
}

/// What a replica itself says it is.
async fn version_at(url: &str) -> String {
    let answer: Value = reqwest::get(url).await.unwrap().json().await.unwrap();
    answer["version"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn a_broken_version_fails_its_health_check_and_the_way_back_is_offered() {
    let world = World::of(&["order-service"], &["staging"]).await;
    let said = world.say("alice", "/deploy order-service v2.5.0 staging").await;
    assert_snapshot!(said, @"
    = failed
    [failed] It did not work: order-service v2.5.0 did not come up in staging: order-service-staging-2 on v2.5.0 did not become healthy, asked 5 times: answered 500: cannot reach its database: column orders.total_cents does not exist; 1 replica still runs v2.4.0
      /deploy order-service v2.5.0 staging
      Asked by: alice
      Took: SPAN
      Dashboard: https://grafana.example.com/d/staging/order-service
      To put it right: /rollback order-service staging
    ");

    let [remedy] = said.offers().try_into().unwrap();
    let back = world.say("alice", &remedy).await;
    assert_snapshot!(back, @"
    = waiting
    [waiting] alice, is this what you want?
      /rollback order-service staging
      Change: order-service v2.5.0 → v2.4.0 in staging, 1 replica
      Rule: rollback
      Waits until: 12:30 UTC
      Fingerprint: HEX
      [Confirm] [Withdraw]
    ");
    let back = world.react("alice", &back, "✅").await;
    assert_eq!(back.state(), RequestState::Done, "{back}");
    let service = world.playground("environments/staging/services/order-service").await;
    assert_eq!(service["instances"][0]["version"], "v2.4.0", "{service}");
    world.finish().await;
}

#[tokio::test]
async fn what_runs_already_is_not_deployed_and_what_does_not_exist_neither() {
    let world = World::of(&["order-service"], &["staging"]).await;
    assert_snapshot!(world.say("alice", "/deploy order-service v2.4.0 staging").await, @"
    = answered
    [info] order-service already runs v2.4.0 in staging
      /deploy order-service v2.4.0 staging
      Nothing to do.
    ");
    assert_snapshot!(world.say("alice", "/deploy order-service v2.4.2 staging").await, @"
    = refused
    [refused] order-service has no version `v2.4.2`; the newest are v2.3.1, v2.4.0, v2.4.1, v2.5.0-rc.1, v2.5.0; did you mean `v2.4.0`?
      /deploy order-service v2.4.2 staging
      Nothing was done.
    ");
    assert_snapshot!(world.say("alice", "/deploy ordr-service v2.4.1 staging").await, @"
    = answered
    [info] There is no service `ordr-service`; did you mean `order-service`?
      Did you mean: /deploy order-service v2.4.1 staging
      | /deploy <service> <version> <environment>
      | Example: /deploy order-service v2.4.1 production
    ");
    assert_snapshot!(world.say("alice", "/deploy checkout v3.2.1 staging").await, @"
    = refused
    [refused] Checkout does not run in staging
      /deploy checkout v3.2.1 staging
      Nothing was done.
    ");
    assert_snapshot!(world.say("alice", "/deploy order-service v2.4.1 staging now").await, @"
    = answered
    [info] `/deploy` does not take `now`
      | /deploy <service> <version> <environment>
      | Example: /deploy order-service v2.4.1 production
    ");
    assert_snapshot!(world.say("alice", "please deploy the fix").await, @"
    = answered
    [asking] Which service: `api-gateway`, `checkout`, `inventory-service`, `notification-worker`, `order-service`, `payment-service`, `search-indexer` or `user-service`? What is the version? Which environment: `development`, `production` or `staging`? That is for /deploy.
    ");
    world.finish().await;
}
