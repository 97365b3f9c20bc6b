//! What only a database that is a server can run into.

use std::collections::BTreeSet;
use std::time::Duration;

use sqlx::AssertSqlSafe;

use super::super::database::{Place, open};
use super::super::samples::{person, request, request_id};
use super::super::sql::Sql;
use super::super::tests::{Fresh, row};
use crate::store::{Guard, Refused, RequestFilter, Store, StoreError};

async fn fresh() -> Option<Fresh> {
    Some(Fresh::at(Place::on_postgres().await?).await)
}

/// The URL of a server, if there is one, with this in the place of what it says.
async fn elsewhere(change: impl FnOnce(&mut url::Url)) -> Option<StoreError> {
    let place = Place::on_postgres().await?;
    let mut url = place.schema().url();
    change(&mut url);
    Some(Store::connect(url.as_str()).await.unwrap_err())
}

#[tokio::test]
async fn what_is_wrong_with_the_address_is_said() {
    let Some(error) = elsewhere(|url| url.set_path("no_such_database")).await else { return };
    insta::assert_snapshot!(error, @r#"the database refuses us (database "no_such_database" does not exist): check the user, the password and the name in `store.url`, and the user's rights"#);
    let error = elsewhere(|url| url.set_username("nobody").unwrap()).await.unwrap();
    insta::assert_snapshot!(error, @r#"the database refuses us (role "nobody" does not exist): check the user, the password and the name in `store.url`, and the user's rights"#);
    let error = elsewhere(|url| url.set_port(Some(1)).unwrap()).await.unwrap();
    insta::assert_snapshot!(error, @"the database cannot be reached (Connection refused (os error 111)): nothing was written; see that it runs and can be reached from here");
    let error = elsewhere(|url| url.set_query(Some("sslmode=require"))).await.unwrap();
    insta::assert_snapshot!(error, @"the database cannot be reached (error occurred while attempting to establish a TLS connection: server does not support TLS): nothing was written; see that it runs and can be reached from here");
}

#[tokio::test]
async fn its_tables_are_those_of_the_file() {
    let Some(fresh) = fresh().await else { return };
    let file = Fresh::at(Place::on_sqlite()).await;
    let mut there = BTreeSet::new();
    let columns = Sql::new(
        "SELECT table_name::text, column_name::text, data_type::text, is_nullable::text FROM information_schema.columns \
         WHERE table_schema = current_schema() AND table_name <> '_sqlx_migrations'",
    );
    for column in columns.fetch_all(&fresh.store.readers).await.unwrap() {
        let kind: String = column.try_get(2).unwrap();
        let kind = match kind.as_str() {
            "bigint" => "INTEGER",
            "bytea" => "BLOB",
            "text" => "TEXT",
            other => panic!("{other}"),
        };
        let nullable: String = column.try_get(3).unwrap();
        let names: (String, String) = (column.try_get(0).unwrap(), column.try_get(1).unwrap());
        there.insert((names, kind.to_owned(), nullable == "YES"));
    }
    let mut here = BTreeSet::new();
    // A primary key of text may be null in SQLite unless it says otherwise, so those are left out of that comparison.
    let columns = Sql::new(
        "SELECT t.name, c.name, c.type, c.\"notnull\" = 0 AND c.pk = 0 FROM sqlite_schema t JOIN pragma_table_info(t.name) c \
         WHERE t.type = 'table' AND t.name <> '_sqlx_migrations'",
    );
    for column in columns.fetch_all(&file.store.readers).await.unwrap() {
        let names: (String, String) = (column.try_get(0).unwrap(), column.try_get(1).unwrap());
        here.insert((names, column.try_get(2).unwrap(), column.try_get::<i64>(3).unwrap() == 1));
    }
    assert!(here.len() > 60, "{here:?}");
    assert_eq!(there, here);
    let indexes = "SELECT indexname::text FROM pg_indexes WHERE schemaname = current_schema() AND indexname NOT LIKE '%_pkey'";
    let there: Vec<String> = Sql::new(indexes).fetch_scalars(&fresh.store.readers).await.unwrap();
    let indexes = "SELECT name FROM sqlite_schema WHERE type = 'index' AND name NOT LIKE 'sqlite_%'";
    let here: Vec<String> = Sql::new(indexes).fetch_scalars(&file.store.readers).await.unwrap();
    assert_eq!(there.into_iter().collect::<BTreeSet<_>>(), here.into_iter().collect());
}

#[tokio::test]
async fn a_commit_lasts_and_nothing_waits_for_long() {
    let Some(fresh) = fresh().await else { return };
    let setting = |name: &'static str| {
        let mut query = Sql::new("SELECT current_setting(");
        query.push_bind(name).push(")");
        query
    };
    for (name, value) in [
        ("synchronous_commit", "on"),
        ("transaction_isolation", "read committed"),
        ("statement_timeout", "5s"),
        ("lock_timeout", "2s"),
        ("idle_in_transaction_session_timeout", "10s"),
        ("tcp_keepalives_idle", "10"),
    ] {
        let mut tx = fresh.store.lock().await.unwrap();
        assert_eq!(setting(name).fetch_scalar::<String>(&mut *tx).await.unwrap(), value, "{name}");
        tx.commit().await.unwrap();
        let read = setting(name).fetch_scalar::<String>(&fresh.store.readers).await.unwrap();
        assert_eq!(read, value, "{name}");
    }
    let write = Sql::new("DELETE FROM session").execute(&fresh.store.readers).await.unwrap_err();
    assert!(write.to_string().contains("read-only"), "{write}");
}

#[tokio::test]
async fn nobody_empties_the_tables_of_the_record() {
    let Some(fresh) = fresh().await else { return };
    for table in ["audit_event", "audit_tree"] {
        let error = fresh.store.try_execute(Sql::new("TRUNCATE ").with(table)).await.unwrap_err();
        assert!(error.to_string().contains("append-only"), "{error}");
    }
}

#[tokio::test]
async fn who_waits_too_long_for_its_turn_is_told_and_goes_on_when_it_can() {
    let Some(fresh) = fresh().await else { return };
    let other = open(fresh.place.path()).await.unwrap();
    let held = other.lock().await.unwrap();
    let error = fresh.try_put(vec![(Guard::Open, vec![row(request(1))])]).await.unwrap_err();
    insta::assert_snapshot!(error, @"the database is locked by another process: nothing was written; see what else has it open and try again");
    drop(held);
    fresh.rows(vec![row(request(1))]).await;
}

#[tokio::test]
async fn guards_hold_between_processes() {
    let Some(fresh) = fresh().await else { return };
    let other = Fresh { store: open(fresh.place.path()).await.unwrap(), place: Place::on_sqlite() };
    let guard = |n| Guard::Request { id: request_id(n), version: 0 };
    for n in 1..=50 {
        let (one, two) = tokio::join!(
            fresh.put(guard(n), vec![row(request(n))]),
            other.put(guard(n), vec![row(request(n))])
        );
        let mut answers = [one, two];
        answers.sort_by_key(Result::is_err);
        assert_eq!(answers, [Ok(()), Err(Refused::Changed)], "{n}");
    }
}

#[tokio::test]
async fn connections_that_were_ended_meanwhile_are_opened_again() {
    let Some(fresh) = fresh().await else { return };
    for n in 1..=3 {
        fresh.rows(vec![row(request(n))]).await;
        assert_eq!(fresh.store.request(&request_id(n)).await.unwrap(), Some(request(n)));
        assert!(fresh.place.schema().end_connections().await >= 2);
    }
    assert_eq!(fresh.store.requests(&RequestFilter::default(), 9).await.unwrap().len(), 3);
}

#[tokio::test]
async fn while_it_is_away_nothing_is_written_and_then_it_goes_on() {
    let Some(place) = Place::on_postgres().await else { return };
    let wire = place.through_a_wire().await;
    let fresh = Fresh::at(place).await;
    fresh.rows(vec![row(request(1))]).await;
    wire.cut(true);
    let error = fresh.try_put(vec![(Guard::Open, vec![row(request(2))])]).await.unwrap_err();
    assert!(matches!(error, StoreError::Away(_)), "{error}");
    let error = fresh.store.request(&request_id(1)).await.unwrap_err();
    assert!(matches!(error, StoreError::Away(_)), "{error}");
    wire.cut(false);
    assert_eq!(fresh.store.requests(&RequestFilter::default(), 9).await.unwrap(), [request(1)]);
    fresh.rows(vec![row(request(2))]).await;
}

#[tokio::test]
async fn one_server_at_a_time_works_on_it() {
    let Some(fresh) = fresh().await else { return };
    let other = open(fresh.place.path()).await.unwrap();
    fresh.store.claim().await.unwrap();
    let error = other.claim().await.unwrap_err();
    insta::assert_snapshot!(error, @"another countersign is serving from this database: stop that one first; one at a time may serve from a database");
    // The command line may still write.
    other.put_account(&person("alice"), "$argon2id$1").await.unwrap();

    // Whoever lost its connection, and the claim with it, takes it up again.
    fresh.place.schema().end_connections().await;
    fresh.rows(vec![row(request(1))]).await;
    assert!(matches!(other.claim().await, Err(StoreError::Claimed)));

    // If somebody else was quicker, it writes no more.
    fresh.place.schema().end_connections().await;
    other.claim().await.unwrap();
    let error = fresh.try_put(vec![(Guard::Open, vec![row(request(2))])]).await.unwrap_err();
    assert!(matches!(error, StoreError::Claimed), "{error}");
    other.close().await;
    fresh.rows(vec![row(request(2))]).await;
}

#[tokio::test]
async fn two_schemas_of_one_database_do_not_stand_in_each_others_way() {
    let Some(one) = fresh().await else { return };
    let other = fresh().await.unwrap();
    one.store.claim().await.unwrap();
    other.store.claim().await.unwrap();
    let held = one.store.lock().await.unwrap();
    tokio::time::timeout(Duration::from_secs(1), other.rows(vec![row(request(1))])).await.unwrap();
    drop(held);
    assert_eq!(one.store.count("request").await, 0);
}

#[tokio::test]
async fn the_role_that_serves_can_do_all_but_change_the_record() {
    let Some(fresh) = fresh().await else { return };
    let mut url = fresh.place.schema().url();
    let schema: String =
        Sql::new("SELECT current_schema()::text").fetch_scalar(&fresh.store.readers).await.unwrap();
    let role = format!("role_of_{schema}");
    let roles = include_str!("../../../docs/postgres-roles.sql")
        .replace("SCHEMA public", &format!("SCHEMA {schema}"))
        .replace("TO countersign", &format!("TO {role}"))
        .replace("FROM countersign", &format!("FROM {role}"));
    let mut beside = fresh.place.schema().connection().await;
    let mut owner = async |sql: &str| {
        sqlx::raw_sql(AssertSqlSafe(sql.to_owned())).execute(&mut beside).await.unwrap();
    };
    owner(&format!("CREATE ROLE {role} LOGIN; {roles}")).await;
    url.set_username(&role).unwrap();

    let serving = Fresh { store: Store::connect(url.as_str()).await.unwrap(), place: Place::on_sqlite() };
    serving.store.claim().await.unwrap();
    serving.rows(vec![row(request(1))]).await;
    serving.store.put_account(&person("alice"), "$argon2id$1").await.unwrap();
    let entry =
        Sql::new("INSERT INTO audit_event (epoch, seq, body, kind, at_ms) VALUES (0, 0, ?, 'opened', 0)");
    serving.store.execute(entry.bind(b"{}".as_slice())).await;
    for statement in ["UPDATE audit_event SET at_ms = 1", "DELETE FROM audit_tree", "TRUNCATE audit_event"] {
        let error = serving.store.try_execute(Sql::new(statement)).await.unwrap_err();
        assert!(matches!(error, StoreError::Denied(_)), "{statement}: {error}");
    }
    serving.store.close().await;
    owner(&format!("DROP OWNED BY {role}; DROP ROLE {role}")).await;
}
