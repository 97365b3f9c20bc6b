use countersign::domain::Action;
use countersign::store::RequestState;
use insta::assert_snapshot;

use crate::support::World;

const MIGRATIONS: &str = "environments/production/services/order-service/migrations";

#[tokio::test]
async fn a_migration_of_production_needs_two_people() {
    let world = World::of(&["order-service"], &["production"]).await;
    let asked = world.say("alice", "/migrate order-service 0004_add_order_notes production").await;
    assert_snapshot!(asked, @"
    = waiting
    [waiting] alice asks for this; two of dba or team-lead must agree
      /migrate order-service 0004_add_order_notes production
      Change: order-service database in production: apply 0004_add_order_notes; this cannot be taken back
      Rule: migrate-production
      Can approve: bob, carol
      Counts from: the web console only
      Waits until: 12:30 UTC
      Fingerprint: HEX
      [Approve] [Deny] [Withdraw]
    ");
    assert_snapshot!(world.press("bob", &asked, Action::Approve).await, @"
    = waiting
    [waiting] alice asks for this; one more (two of dba or team-lead) must agree
      /migrate order-service 0004_add_order_notes production
      Change: order-service database in production: apply 0004_add_order_notes; this cannot be taken back
      Rule: migrate-production
      Agreed: bob
      Can approve: carol
      Counts from: the web console only
      Waits until: 12:30 UTC
      Fingerprint: HEX
      [Approve] [Deny] [Take back my approval] [Withdraw]
    [info] alice: bob agreed; one more (two of dba or team-lead) must agree too.
    ");
    let twice = world.press("bob", &asked, Action::Approve).await;
    assert_eq!(twice.state(), RequestState::Waiting, "one person is one approval, however often: {twice}");
    assert_eq!(world.playground(MIGRATIONS).await["pending"][0], "0004_add_order_notes");

    assert_snapshot!(world.press("carol", &asked, Action::Approve).await, @"
    = done
    [done] applied 0004_add_order_notes to the database of order-service in production
      /migrate order-service 0004_add_order_notes production
      Environment: production
      Database of: order-service
      Migrations: 0004_add_order_notes
      Undo: none: a migration is not taken back
      Asked by: alice
      Approved by: bob, carol
      Took: SPAN
      Dashboard: https://grafana.example.com/d/production/order-service
    ");
    assert_eq!(world.playground(MIGRATIONS).await["pending"][0], "0005_index_orders_by_customer");
    world.finish().await;
}

#[tokio::test]
async fn an_approval_can_be_taken_back() {
    let world = World::of(&["order-service"], &["production"]).await;
    let asked = world.say("alice", "/migrate order-service latest production").await;
    world.react("bob", &asked, "✅").await;
    assert_snapshot!(world.unreact("bob", &asked).await, @"
    = waiting
    [waiting] alice asks for this; two of dba or team-lead must agree
      /migrate order-service latest production
      Change: order-service database in production: apply 0004_add_order_notes, 0005_index_orders_by_customer; this cannot be taken back
      Rule: migrate-production
      Can approve: bob, carol
      Counts from: the web console only
      Waits until: 12:30 UTC
      Fingerprint: HEX
      [Approve] [Deny] [Withdraw]
    [info] alice: bob took the approval back; two of dba or team-lead must agree.
    ");
    let one = world.react("carol", &asked, "✅").await;
    assert_eq!(one.state(), RequestState::Waiting, "{one}");
    let two = world.react("bob", &asked, "✅").await;
    assert_eq!(two.state(), RequestState::Done, "{two}");
    assert_eq!(world.playground(MIGRATIONS).await["pending"], serde_json::json!([]));
    world.finish().await;
}

#[tokio::test]
async fn who_asks_is_none_of_the_two() {
    let world = World::of(&["order-service"], &["production"]).await;
    let asked = world.say("bob", "/migrate order-service latest production").await;
    assert_snapshot!(asked, @"
    = waiting
    [waiting] bob asks for this; two of dba or team-lead must agree
      /migrate order-service latest production
      Change: order-service database in production: apply 0004_add_order_notes, 0005_index_orders_by_customer; this cannot be taken back
      Rule: migrate-production
      Can approve: carol
      Counts from: the web console only
      Waits until: 12:30 UTC
      Fingerprint: HEX
      [Approve] [Deny] [Withdraw]
    ");
    assert_snapshot!(world.press("bob", &asked, Action::Approve).await, @"
    = waiting
    [info] bob: you asked for this, so your own approval does not count.
    ");
    let carol = world.press("carol", &asked, Action::Approve).await;
    assert_eq!(carol.state(), RequestState::Waiting, "{carol}");
    world.finish().await;
}
