use std::ops::{Deref, DerefMut};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use sqlx::postgres::{PgConnectOptions, PgConnection};
use sqlx::sqlite::{SqliteConnectOptions, SqliteConnection};
use sqlx::{ConnectOptions as _, Connection as _, Pool, Postgres, SqlSafeStr, Sqlite};
use tokio::sync::{Mutex, OwnedMutexGuard};

use super::sql::On;
use super::{StoreError, postgres, sqlite};

/// Readers that may be busy at once; more would only wait for the same two or four cores.
pub(super) const READERS: u32 = 4;

/// Statements kept prepared per connection: each table has one per number of rows, see `bulk`.
pub(super) const PREPARED: usize = 600;

/// The database: one connection that writes, a few that read. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Store {
    writer: Arc<Mutex<Option<Connection>>>,
    writing: Writing,
    claimed: Arc<AtomicBool>,
    pub(super) readers: Readers,
}

/// How the connection that writes is opened.
#[derive(Clone, Debug)]
pub(super) enum Writing {
    Sqlite(SqliteConnectOptions),
    Postgres(PgConnectOptions),
}

/// A connection to either database.
#[derive(Debug)]
pub(super) enum Connection {
    Sqlite(SqliteConnection),
    Postgres(PgConnection),
}

/// The connections that read.
#[derive(Clone, Debug)]
pub(super) enum Readers {
    Sqlite(Pool<Sqlite>),
    Postgres(Pool<Postgres>),
}

impl Store {
    /// Opens `countersign.db` in `dir`, creating both, and brings its tables up to date.
    ///
    /// # Errors
    /// The directory cannot be written, the file is something else, is locked or damaged, or was written by a newer version.
    pub async fn open(dir: &Path) -> Result<Self, StoreError> {
        let (first, writing, readers) = sqlite::open(dir).await?;
        Ok(Self::new(Connection::Sqlite(first), Writing::Sqlite(writing), Readers::Sqlite(readers)))
    }

    /// Opens the PostgreSQL database at `url`, which several processes may do, and brings its tables up to date.
    ///
    /// # Errors
    /// The database cannot be reached or refuses us, or was written by a newer version.
    pub async fn connect(url: &str) -> Result<Self, StoreError> {
        let (first, writing, readers) = postgres::open(url).await?;
        Ok(Self::new(Connection::Postgres(first), Writing::Postgres(writing), Readers::Postgres(readers)))
    }

    fn new(first: Connection, writing: Writing, readers: Readers) -> Self {
        Self { writer: Arc::new(Mutex::new(Some(first))), writing, claimed: Arc::default(), readers }
    }

    /// Claims the database for a server that takes up what was left behind: one may do that at a time. From now on this
    /// store writes only while it holds the claim, so one that lost it, and somebody else took it, is no danger. On SQLite
    /// the lock on the data directory does this.
    ///
    /// # Errors
    /// [`StoreError::Claimed`] when another server has it.
    pub async fn claim(&self) -> Result<(), StoreError> {
        // Opened anew, so that it is one that works.
        let mut home = Arc::clone(&self.writer).lock_owned().await;
        *home = None;
        let mut connection = self.writing.connect().await?;
        connection.claim().await?;
        self.claimed.store(true, Ordering::Release);
        *home = Some(connection);
        Ok(())
    }

    /// Waits for what is under way and closes the database.
    pub async fn close(&self) {
        match &self.readers {
            Readers::Sqlite(readers) => readers.close().await,
            Readers::Postgres(readers) => readers.close().await,
        }
        if let Some(connection) = self.writer.lock().await.take() {
            // A connection that cannot say goodbye is closed all the same.
            drop(connection.close().await);
        }
    }

    /// Begins a transaction that holds the write lock from the start, so that what it reads stays true until it commits.
    pub(super) async fn lock(&self) -> Result<Locked, StoreError> {
        let mut home = Arc::clone(&self.writer).lock_owned().await;
        if let Some(mut connection) = home.take() {
            match connection.begin().await {
                Ok(()) => return Ok(Locked { connection, home }),
                // It broke while nobody used it, and nothing was begun on it.
                Err(StoreError::Away(_)) => {}
                Err(error) => return Err(error),
            }
        }
        let mut connection = self.writing.connect().await?;
        if self.claimed.load(Ordering::Acquire) {
            connection.claim().await?;
        }
        connection.begin().await?;
        Ok(Locked { connection, home })
    }
}

impl Writing {
    async fn connect(&self) -> Result<Connection, StoreError> {
        Ok(match self {
            Self::Sqlite(options) => Connection::Sqlite(options.connect().await?),
            Self::Postgres(options) => Connection::Postgres(postgres::connect(options).await?),
        })
    }
}

impl Connection {
    /// Runs statements as they are, without arguments.
    pub(super) async fn run(&mut self, text: impl SqlSafeStr) -> Result<(), StoreError> {
        match self {
            Self::Sqlite(connection) => {
                sqlx::raw_sql(text).execute(connection).await?;
            }
            Self::Postgres(connection) => {
                postgres::heard(sqlx::raw_sql(text).execute(connection)).await?;
            }
        }
        Ok(())
    }

    async fn begin(&mut self) -> Result<(), StoreError> {
        match self {
            Self::Sqlite(_) => self.run("BEGIN IMMEDIATE").await,
            Self::Postgres(_) => self.run(postgres::BEGIN).await,
        }
    }

    async fn claim(&mut self) -> Result<(), StoreError> {
        match self {
            Self::Sqlite(_) => Ok(()),
            Self::Postgres(_) => self.run(postgres::CLAIM).await.map_err(|error| match error {
                StoreError::Locked => StoreError::Claimed,
                other => other,
            }),
        }
    }

    async fn commit(&mut self) -> Result<(), StoreError> {
        self.run("COMMIT").await.map_err(|error| match error {
            // The answer was lost, not necessarily the commit.
            StoreError::Away(reason) => StoreError::Unsure(reason),
            other => other,
        })
    }

    async fn close(self) -> Result<(), sqlx::Error> {
        match self {
            Self::Sqlite(connection) => connection.close().await,
            Self::Postgres(connection) => connection.close().await,
        }
    }
}

/// A transaction on the connection that writes. Unless it commits, its connection is dropped, which undoes it whatever
/// state an error left it in; the next one opens another.
pub(super) struct Locked {
    connection: Connection,
    home: OwnedMutexGuard<Option<Connection>>,
}

impl Locked {
    /// Makes what was written last.
    pub(super) async fn commit(mut self) -> Result<(), StoreError> {
        self.connection.commit().await?;
        *self.home = Some(self.connection);
        Ok(())
    }
}

impl Deref for Locked {
    type Target = Connection;

    fn deref(&self) -> &Connection {
        &self.connection
    }
}

impl DerefMut for Locked {
    fn deref_mut(&mut self) -> &mut Connection {
        &mut self.connection
    }
}

impl<'c> From<&'c mut Connection> for On<'c> {
    fn from(connection: &'c mut Connection) -> Self {
        match connection {
            Connection::Sqlite(connection) => Self::Sqlite(connection),
            Connection::Postgres(connection) => Self::Postgres(connection),
        }
    }
}

impl<'c> From<&'c Readers> for On<'c> {
    fn from(readers: &'c Readers) -> Self {
        match readers {
            Readers::Sqlite(pool) => Self::SqliteReaders(pool),
            Readers::Postgres(pool) => Self::PostgresReaders(pool),
        }
    }
}
