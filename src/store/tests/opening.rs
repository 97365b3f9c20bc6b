use super::super::meddle::bring_migration;
use super::super::samples::request;
use super::{fresh, row};
use crate::store::{Guard, Store, StoreError};

#[tokio::test]
async fn what_was_written_is_there_after_opening_again() {
    let fresh = fresh().await;
    fresh.rows(vec![row(request(1))]).await;
    fresh.store.close().await;
    let again = Store::open(fresh.dir.path()).await.unwrap();
    assert_eq!(again.request(&request(1).id).await.unwrap(), Some(request(1)));
}

#[tokio::test]
async fn opened_at_once_by_many_it_is_made_once() {
    let dir = tempfile::tempdir().unwrap();
    let opened = futures::future::join_all((0..4).map(|_| Store::open(dir.path()))).await;
    for store in opened {
        assert_eq!(store.unwrap().count("lock_generation").await, 1);
    }
}

#[tokio::test]
async fn another_file_is_left_alone() {
    let dir = tempfile::tempdir().unwrap();
    let text =
        "this is a shopping list, and it is longer than the header of a database is, by some words at least";
    std::fs::write(dir.path().join("countersign.db"), text).unwrap();
    let error = Store::open(dir.path()).await.unwrap_err();
    assert!(matches!(error, StoreError::NotADatabase(_)), "{error}");
    assert_eq!(std::fs::read_to_string(dir.path().join("countersign.db")).unwrap(), text);
}

#[tokio::test]
async fn a_place_that_cannot_be_written_is_named() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("file");
    std::fs::write(&file, "").unwrap();
    let error = Store::open(&file.join("below")).await.unwrap_err();
    assert!(matches!(&error, StoreError::Unwritable { path, .. } if path.starts_with(&file)), "{error}");

    std::fs::create_dir(dir.path().join("countersign.db")).unwrap();
    let error = Store::open(dir.path()).await.unwrap_err();
    assert!(matches!(&error, StoreError::Unwritable { .. }), "{error}");
    assert!(error.to_string().contains("choose another data directory"));
}

#[tokio::test]
async fn the_database_of_a_newer_version_is_refused() {
    let fresh = fresh().await;
    fresh.store.close().await;
    bring_migration(&fresh.dir.path().join("countersign.db"), 9999).await;
    let error = Store::open(fresh.dir.path()).await.unwrap_err();
    assert!(matches!(error, StoreError::Schema(_)), "{error}");
}

#[tokio::test]
async fn a_full_disk_is_called_that_and_nothing_of_the_step_is_there() {
    let fresh = fresh().await;
    fresh.store.fill_up().await;
    let mut large = request(1);
    large.said = "x".repeat(100_000);
    let error = fresh.try_put(vec![(Guard::Open, vec![row(large)])]).await.unwrap_err();
    assert!(matches!(error, StoreError::Full), "{error}");
    assert_eq!(fresh.store.count("request").await, 0);
    fresh.rows(vec![row(request(1))]).await;
}

#[tokio::test]
async fn a_transaction_that_is_dropped_leaves_nothing() {
    let fresh = fresh().await;
    let puts = [crate::store::Put::new(row(request(1))).unwrap()];
    let ask = crate::store::Ask { guard: &Guard::Open, puts: &puts };
    let mut batch = fresh.store.begin(std::iter::once(ask)).await.unwrap();
    assert_eq!(batch.admit(ask, crate::store::samples::at(0)), Ok(()));
    drop(batch);
    assert_eq!(fresh.store.count("request").await, 0);
    fresh.rows(vec![row(request(1))]).await;
}

#[tokio::test]
async fn the_tables_of_the_record_only_grow() {
    let fresh = fresh().await;
    fresh
        .store
        .execute("INSERT INTO audit_event (epoch, seq, body, kind, at_ms) VALUES (0, 0, x'', 'opened', 0)")
        .await;
    fresh.store.execute("INSERT INTO audit_tree (epoch, pos, h) VALUES (0, 0, x'')").await;
    for statement in [
        "UPDATE audit_event SET kind = 'x'",
        "DELETE FROM audit_event",
        "UPDATE audit_tree SET pos = 1",
        "DELETE FROM audit_tree",
    ] {
        let error = fresh.store.try_execute(statement).await.unwrap_err();
        assert!(error.to_string().contains("append-only"), "{statement}: {error}");
    }
}
