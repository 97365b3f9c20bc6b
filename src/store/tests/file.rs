//! What only a database that is a file can run into.

use super::super::database::Place;
use super::super::samples::request;
use super::super::tests::{Fresh, row};
use crate::store::{Guard, Store, StoreError};

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
async fn a_full_disk_is_called_that_and_nothing_of_the_step_is_there() {
    let fresh = Fresh::at(Place::on_sqlite()).await;
    fresh.store.fill_up().await;
    let mut large = request(1);
    large.said = "x".repeat(100_000);
    let error = fresh.try_put(vec![(Guard::Open, vec![row(large)])]).await.unwrap_err();
    assert!(matches!(error, StoreError::Full), "{error}");
    assert_eq!(fresh.store.count("request").await, 0);
    fresh.rows(vec![row(request(1))]).await;
}
