//! The embedded database: one file, one process that writes.

use std::fs::File;
use std::path::Path;
use std::time::Duration;

use sqlx::sqlite::{
    SqliteConnectOptions, SqliteConnection, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous,
};
use sqlx::{ConnectOptions as _, Connection as _, Pool, Sqlite};

use super::StoreError;
use super::db::{PREPARED, READERS};
use super::migrate::{self, Dialect};

/// Opens `countersign.db` in `dir`: the connection that writes, how to open it again, and those that read.
pub(super) async fn open(
    dir: &Path,
) -> Result<(SqliteConnection, SqliteConnectOptions, Pool<Sqlite>), StoreError> {
    // Two that switch a new file to WAL at once would each find it locked by the other.
    let held = lock_dir(dir).await.map_err(|error| StoreError::unwritable(dir, error))?;
    let path = dir.join("countersign.db");
    let writing = options(&path)
        .create_if_missing(true)
        .journal_mode(SqliteJournalMode::Wal)
        .synchronous(SqliteSynchronous::Full)
        .foreign_keys(true);
    let mut first = writing.connect().await.map_err(|error| StoreError::opening(&path, error))?;
    // Under the write lock, so that two processes do not run the same ones.
    let mut tx = first.begin_with("BEGIN IMMEDIATE").await?;
    migrate::run(Dialect::Sqlite, &mut *tx).await?;
    tx.commit().await?;
    drop(held);
    let readers = SqlitePoolOptions::new()
        .max_connections(READERS)
        .test_before_acquire(false)
        .idle_timeout(None)
        .max_lifetime(None)
        .connect_lazy_with(options(&path).pragma("query_only", "ON"));
    Ok((first, writing, readers))
}

/// Makes `dir` if need be and waits until no other process sets something up in it. The lock ends with what is returned.
pub(crate) async fn lock_dir(dir: &Path) -> std::io::Result<File> {
    let dir = dir.to_owned();
    // The wait is for the whole thread, so it is not spent on one that has other work.
    let locked = tokio::task::spawn_blocking(move || {
        std::fs::create_dir_all(&dir)?;
        let file = File::open(&dir)?;
        file.lock()?;
        Ok(file)
    });
    locked.await.unwrap_or_else(|ended| Err(std::io::Error::other(ended)))
}

fn options(path: &Path) -> SqliteConnectOptions {
    SqliteConnectOptions::new()
        .filename(path)
        .busy_timeout(Duration::from_secs(5))
        .statement_cache_capacity(PREPARED)
        .disable_statement_logging()
}

#[cfg(test)]
#[path = "tests/file.rs"]
mod tests;
