use super::super::samples::request;
use super::super::sql::Sql;
use super::{Place, fresh, open, row};
use crate::store::{Guard, StoreError};

#[tokio::test]
async fn what_was_written_is_there_after_opening_again() {
    let Some(fresh) = fresh().await else { return };
    fresh.rows(vec![row(request(1))]).await;
    fresh.store.close().await;
    let again = open(fresh.place.path()).await.unwrap();
    assert_eq!(again.request(&request(1).id).await.unwrap(), Some(request(1)));
}

#[tokio::test]
async fn opened_at_once_by_many_it_is_made_once() {
    let Some(place) = Place::new(module_path!()).await else { return };
    let opened = futures::future::join_all((0..4).map(|_| open(place.path()))).await;
    for store in opened {
        assert_eq!(store.unwrap().count("lock_generation").await, 1);
    }
}

#[tokio::test]
async fn the_database_of_a_newer_version_is_refused() {
    let Some(fresh) = fresh().await else { return };
    fresh.store.bring_migration(9999).await;
    fresh.store.close().await;
    let error = open(fresh.place.path()).await.unwrap_err();
    assert!(matches!(error, StoreError::Schema(_)), "{error}");
}

#[tokio::test]
async fn a_transaction_that_is_dropped_leaves_nothing() {
    let Some(fresh) = fresh().await else { return };
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
    let Some(fresh) = fresh().await else { return };
    for insert in [
        Sql::new("INSERT INTO audit_event (epoch, seq, body, kind, at_ms) VALUES (0, 0, ?, 'opened', 0)"),
        Sql::new("INSERT INTO audit_tree (epoch, pos, h) VALUES (0, 0, ?)"),
    ] {
        fresh.store.execute(insert.bind(b"bytes".as_slice())).await;
    }
    for statement in [
        "UPDATE audit_event SET kind = 'x'",
        "DELETE FROM audit_event",
        "UPDATE audit_tree SET pos = 1",
        "DELETE FROM audit_tree",
    ] {
        let error = fresh.store.try_execute(Sql::new(statement)).await.unwrap_err();
        assert!(error.to_string().contains("append-only"), "{statement}: {error}");
    }
}
