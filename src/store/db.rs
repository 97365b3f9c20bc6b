use std::fs::File;
use std::ops::{Deref, DerefMut};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use sqlx::migrate::{Migration, MigrationType, Migrator};
use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous};
use sqlx::{ConnectOptions, Connection as _, Executor as _, Pool, SqlSafeStr, SqliteConnection};
use tokio::sync::{Mutex, OwnedMutexGuard};

use super::StoreError;

/// The database this build speaks to.
pub(super) type Db = sqlx::Sqlite;

/// Readers that may be busy at once; more would only wait for the same two or four cores.
const READERS: u32 = 4;

/// Statements kept prepared per connection: each table has one per number of rows, see `bulk`.
const PREPARED: usize = 600;

const MIGRATIONS: [(i64, &str, &str); 5] = [
    (1, "record", include_str!("migrations/0001_record.sql")),
    (2, "request", include_str!("migrations/0002_request.sql")),
    (3, "transcript", include_str!("migrations/0003_transcript.sql")),
    (4, "console", include_str!("migrations/0004_console.sql")),
    (5, "record keys", include_str!("migrations/0005_record_keys.sql")),
];

/// The database: one connection that writes, a few that read. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Store {
    writer: Arc<Mutex<Option<SqliteConnection>>>,
    writing: SqliteConnectOptions,
    pub(super) readers: Pool<Db>,
}

impl Store {
    /// Opens `countersign.db` in `dir`, creating both, and brings its tables up to date.
    ///
    /// # Errors
    /// The directory cannot be written, the file is something else, is locked or damaged, or was written by a newer version.
    pub async fn open(dir: &Path) -> Result<Self, StoreError> {
        // Two that switch a new file to WAL at once would each find it locked by the other.
        let held = lock_dir(dir).await.map_err(|error| StoreError::unwritable(dir, error))?;
        let path = dir.join("countersign.db");
        let writing = options(&path)
            .create_if_missing(true)
            .journal_mode(SqliteJournalMode::Wal)
            .synchronous(SqliteSynchronous::Full)
            .foreign_keys(true);
        let mut first = writing.connect().await.map_err(|error| StoreError::opening(&path, error))?;
        migrate(&mut first).await?;
        drop(held);
        let readers = SqlitePoolOptions::new()
            .max_connections(READERS)
            .test_before_acquire(false)
            .idle_timeout(None)
            .max_lifetime(None)
            .connect_lazy_with(options(&path).pragma("query_only", "ON"));
        Ok(Self { writer: Arc::new(Mutex::new(Some(first))), writing, readers })
    }

    /// Waits for what is under way and closes the file.
    pub async fn close(&self) {
        self.readers.close().await;
        if let Some(connection) = self.writer.lock().await.take() {
            // A connection that cannot say goodbye is closed all the same.
            drop(connection.close().await);
        }
    }

    /// Begins a transaction that holds the write lock from the start, so that what it reads stays true until it commits.
    pub(super) async fn lock(&self) -> Result<Locked, StoreError> {
        let mut home = Arc::clone(&self.writer).lock_owned().await;
        let mut connection = match home.take() {
            Some(connection) => connection,
            None => self.writing.connect().await?,
        };
        connection.execute("BEGIN IMMEDIATE").await?;
        Ok(Locked { connection, home })
    }
}

/// A transaction on the connection that writes. Unless it commits, its connection is dropped, which undoes it whatever
/// state an error left it in; the next one opens another.
pub(super) struct Locked {
    connection: SqliteConnection,
    home: OwnedMutexGuard<Option<SqliteConnection>>,
}

impl Locked {
    /// Makes what was written last.
    pub(super) async fn commit(mut self) -> Result<(), StoreError> {
        self.connection.execute("COMMIT").await?;
        *self.home = Some(self.connection);
        Ok(())
    }
}

impl Deref for Locked {
    type Target = SqliteConnection;

    fn deref(&self) -> &SqliteConnection {
        &self.connection
    }
}

impl DerefMut for Locked {
    fn deref_mut(&mut self) -> &mut SqliteConnection {
        &mut self.connection
    }
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

/// Runs what is new, in one transaction that holds the write lock, so that two processes do not run it at once.
async fn migrate(connection: &mut SqliteConnection) -> Result<(), StoreError> {
    let migrations = MIGRATIONS.map(|(version, name, sql)| {
        Migration::new(version, name.into(), MigrationType::Simple, sql.into_sql_str(), false)
    });
    let mut tx = connection.begin_with("BEGIN IMMEDIATE").await?;
    let migrator = Migrator::with_migrations(migrations.to_vec());
    migrator.run_direct(None, &mut *tx, false).await.map_err(|error| match error {
        sqlx::migrate::MigrateError::Execute(error) => error.into(),
        other => StoreError::Schema(other.to_string()),
    })?;
    Ok(tx.commit().await?)
}
