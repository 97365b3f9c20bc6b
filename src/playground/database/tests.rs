use super::*;
use crate::playground::seed;

async fn orders(dir: &tempfile::TempDir) -> Database {
    let target = Target { service: "order-service".to_owned(), environment: "staging".to_owned() };
    let service = seed::services().into_iter().find(|service| service.name == "order-service").unwrap();
    let database = Database::new(dir.path(), &target, &service);
    database.seed().await.unwrap();
    database
}

#[tokio::test]
async fn every_shipped_migration_applies() {
    let dir = tempfile::tempdir().unwrap();
    for service in seed::services() {
        let target = Target { service: service.name.clone(), environment: "staging".to_owned() };
        let database = Database::new(dir.path(), &target, &service);
        database.seed().await.unwrap();
        let pending = database.migrations().await.unwrap().pending;
        assert_eq!(pending.len(), service.migrations.len() - service.applied);
        if !pending.is_empty() {
            assert_eq!(database.migrate("latest", None).await.unwrap().applied, pending);
        }
        assert_eq!(database.migrations().await.unwrap().applied.len(), service.migrations.len());
    }
}

#[tokio::test]
async fn a_later_migration_brings_the_earlier_ones() {
    let dir = tempfile::tempdir().unwrap();
    let database = orders(&dir).await;
    let report = database.migrate("0005_index_orders_by_customer", None).await.unwrap();
    assert_eq!(report.applied, ["0004_add_order_notes", "0005_index_orders_by_customer"]);
    check_column(database.path(), "order_notes.note").await.unwrap();
}

#[tokio::test]
async fn the_same_key_gets_the_same_answer_and_another_one_is_refused() {
    let dir = tempfile::tempdir().unwrap();
    let database = orders(&dir).await;
    let first = database.migrate("0004_add_order_notes", Some("k")).await.unwrap();
    let again = orders(&dir).await.migrate("0004_add_order_notes", Some("k")).await.unwrap();
    assert_eq!(first, again);
    let refusal = database.migrate("0004_add_order_notes", Some("other")).await.unwrap_err();
    assert_eq!(refusal.status, 409);
    let refusal = database.migrate("0009_nothing", None).await.unwrap_err();
    assert_eq!(refusal.status, 422);
    assert_eq!(
        refusal.sentence,
        "there is no migration `0009_nothing`; pending are 0005_index_orders_by_customer"
    );
}

#[tokio::test]
async fn a_column_that_is_not_there_is_named() {
    let dir = tempfile::tempdir().unwrap();
    let database = orders(&dir).await;
    check_column(database.path(), "orders.currency").await.unwrap();
    assert_eq!(
        check_column(database.path(), "orders.total_cents").await.unwrap_err(),
        "cannot reach its database: column orders.total_cents does not exist"
    );
    assert!(check_column(&dir.path().join("none.sqlite"), "a.b").await.is_err());
}
