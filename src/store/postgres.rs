//! The database for several processes.
//!
//! Each transaction that writes takes one row's lock before it reads anything, so that all that write take turns, in this
//! process and in others, as they do on SQLite. What a guard read therefore stays true until the commit.

use std::str::FromStr as _;

use sqlx::postgres::{PgConnectOptions, PgConnection, PgPoolOptions};
use sqlx::{ConnectOptions as _, Connection as _, Pool, Postgres};

use super::StoreError;
use super::db::{PREPARED, READERS};
use super::migrate::{self, Dialect};

/// Begins a transaction that writes. The row is there from the first migration on.
pub(super) const BEGIN: &str = "BEGIN; SELECT id FROM lock_generation WHERE id = 1 FOR UPDATE";

/// Opens the database at `url`: the connection that writes, how to open it again, and those that read.
pub(super) async fn open(url: &str) -> Result<(PgConnection, PgConnectOptions, Pool<Postgres>), StoreError> {
    let options = PgConnectOptions::from_str(url)?
        .application_name("countersign")
        .statement_cache_capacity(PREPARED)
        .disable_statement_logging();
    let mut first = options.connect().await?;
    let mut tx = first.begin().await?;
    sqlx::raw_sql("SELECT pg_advisory_xact_lock(hashtext('countersign migrations'))")
        .execute(&mut *tx)
        .await?;
    migrate::run(Dialect::Postgres, &mut *tx).await?;
    tx.commit().await?;
    let readers = PgPoolOptions::new().max_connections(READERS).connect_lazy_with(options.clone());
    Ok((first, options, readers))
}
