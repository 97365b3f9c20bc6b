//! The services' own databases: one SQLite file per service and environment, with real migrations.

use std::path::{Path, PathBuf};

use serde::Serialize;
use sqlx::{
    ConnectOptions, Connection, Row, SqliteConnection,
    sqlite::{SqliteConnectOptions, SqliteJournalMode},
};
use tokio::{sync::Mutex, time::Instant};

use super::{clock::now, refusal::Refusal, schema::Migration, seed::SeedService, state::Target};

/// The record of what was applied. The key is the idempotency key of the call that applied it: kept in the same
/// transaction as the change, so that a call repeated after a crash is known for what it is.
const RECORD: &str = "CREATE TABLE IF NOT EXISTS schema_migrations (
  name TEXT PRIMARY KEY,
  applied_at TEXT NOT NULL,
  duration_ms INTEGER NOT NULL,
  idempotency_key TEXT
) STRICT, WITHOUT ROWID";

/// The database of one service in one environment.
#[derive(Debug)]
pub(super) struct Database {
    path: PathBuf,
    migrations: &'static [Migration],
    /// How many of them a new database has.
    seeded: usize,
    /// Held while migrating, so that two calls do not apply the same migration.
    migrating: Mutex<()>,
}

/// What a database has and lacks.
#[derive(Debug, PartialEq, Eq, Serialize)]
pub(super) struct Migrations {
    pub(super) applied: Vec<Applied>,
    pub(super) pending: Vec<&'static str>,
}

/// A migration that a database has.
#[derive(Debug, PartialEq, Eq, Serialize)]
pub(super) struct Applied {
    pub(super) name: String,
    /// RFC 3339.
    pub(super) applied_at: String,
}

/// What one call applied.
#[derive(Debug, PartialEq, Eq, Serialize)]
pub(super) struct Migrated {
    pub(super) applied: Vec<String>,
    /// In milliseconds, each migration's rounded up.
    pub(super) duration_ms: i64,
}

impl Database {
    /// The database of this service below `dir`. Nothing is opened yet.
    pub(super) fn new(dir: &Path, target: &Target, service: &SeedService) -> Self {
        let path = dir.join("databases").join(format!("{}.sqlite", target.slug()));
        Self { path, migrations: service.migrations, seeded: service.applied, migrating: Mutex::new(()) }
    }

    /// The file.
    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// Makes the database with its first migrations, unless it is there already.
    pub(super) async fn seed(&self) -> Result<(), sqlx::Error> {
        let _held = self.migrating.lock().await;
        if let Some(dir) = self.path.parent() {
            tokio::fs::create_dir_all(dir).await?;
        }
        let mut connection = self.connect().await?;
        let mut transaction = connection.begin().await?;
        sqlx::query(RECORD).execute(&mut *transaction).await?;
        let (have, _) = self.look(&mut transaction).await?;
        for migration in self.migrations.iter().take(if have.is_empty() { self.seeded } else { 0 }) {
            apply(&mut transaction, migration, None).await?;
        }
        transaction.commit().await?;
        connection.close().await
    }

    /// What is applied and what is pending.
    pub(super) async fn migrations(&self) -> Result<Migrations, Refusal> {
        self.read().await.map_err(|error| Refusal::broken(&error))
    }

    async fn read(&self) -> Result<Migrations, sqlx::Error> {
        let mut connection = self.connect().await?;
        let (applied, pending) = self.look(&mut connection).await?;
        connection.close().await?;
        Ok(Migrations { applied, pending: pending.iter().map(|migration| migration.name).collect() })
    }

    /// Applies the pending migrations up to and including `wanted`, a name or `latest`.
    pub(super) async fn migrate(&self, wanted: &str, key: Option<&str>) -> Result<Migrated, Refusal> {
        let _held = self.migrating.lock().await;
        let broken = |error: sqlx::Error| Refusal::broken(&error);
        let mut connection = self.connect().await.map_err(broken)?;
        let (applied, pending) = self.look(&mut connection).await.map_err(broken)?;
        let under_key = self.under_key(&mut connection, key).await.map_err(broken)?;
        let up_to = match wanted {
            "latest" => pending.len(),
            name => pending.iter().position(|migration| migration.name == name).map_or(0, |at| at + 1),
        };
        if up_to == 0 && under_key.applied.is_empty() {
            return Err(nothing_to_apply(wanted, &applied, &pending));
        }
        for migration in pending.iter().take(up_to) {
            let mut transaction = connection.begin().await.map_err(broken)?;
            apply(&mut transaction, migration, key).await.map_err(broken)?;
            transaction.commit().await.map_err(broken)?;
        }
        let report = match key {
            Some(_) => self.under_key(&mut connection, key).await.map_err(broken)?,
            None => self.named(&mut connection, pending.iter().take(up_to)).await.map_err(broken)?,
        };
        connection.close().await.map_err(broken)?;
        Ok(report)
    }

    async fn connect(&self) -> Result<SqliteConnection, sqlx::Error> {
        SqliteConnectOptions::new()
            .filename(&self.path)
            .create_if_missing(true)
            .journal_mode(SqliteJournalMode::Wal)
            .foreign_keys(true)
            .connect()
            .await
    }

    async fn look(
        &self,
        connection: &mut SqliteConnection,
    ) -> Result<(Vec<Applied>, Vec<&'static Migration>), sqlx::Error> {
        let rows = sqlx::query("SELECT name, applied_at FROM schema_migrations ORDER BY name")
            .fetch_all(connection)
            .await?;
        let applied = rows
            .iter()
            .map(|row| Ok(Applied { name: row.try_get("name")?, applied_at: row.try_get("applied_at")? }))
            .collect::<Result<Vec<_>, sqlx::Error>>()?;
        let lacks = |migration: &&Migration| !applied.iter().any(|have| have.name == migration.name);
        let pending = self.migrations.iter().filter(lacks).collect();
        Ok((applied, pending))
    }

    /// What was applied under this idempotency key.
    async fn under_key(
        &self,
        connection: &mut SqliteConnection,
        key: Option<&str>,
    ) -> Result<Migrated, sqlx::Error> {
        let select =
            "SELECT name, duration_ms FROM schema_migrations WHERE idempotency_key = ? ORDER BY name";
        let mut report = Migrated { applied: Vec::new(), duration_ms: 0 };
        for row in sqlx::query(select).bind(key).fetch_all(connection).await? {
            report.applied.push(row.try_get("name")?);
            report.duration_ms += row.try_get::<i64, _>("duration_ms")?;
        }
        Ok(report)
    }

    /// The same for a call without a key.
    async fn named(
        &self,
        connection: &mut SqliteConnection,
        names: impl Iterator<Item = &&'static Migration>,
    ) -> Result<Migrated, sqlx::Error> {
        let mut report = Migrated { applied: Vec::new(), duration_ms: 0 };
        for migration in names {
            let select = "SELECT duration_ms FROM schema_migrations WHERE name = ?";
            let took: i64 =
                sqlx::query_scalar(select).bind(migration.name).fetch_one(&mut *connection).await?;
            report.applied.push(migration.name.to_owned());
            report.duration_ms += took;
        }
        Ok(report)
    }
}

/// Whether this database file has the column `table.column`; an error says what stands in the way, for people.
pub(super) async fn check_column(path: &Path, requires: &str) -> Result<(), String> {
    let unreachable = |error: sqlx::Error| format!("cannot reach its database: {error}");
    let (table, column) = requires.split_once('.').unwrap_or((requires, ""));
    let mut connection =
        SqliteConnectOptions::new().filename(path).read_only(true).connect().await.map_err(unreachable)?;
    let found = sqlx::query("SELECT 1 FROM pragma_table_info(?) WHERE name = ?")
        .bind(table)
        .bind(column)
        .fetch_optional(&mut connection)
        .await
        .map_err(unreachable)?;
    connection.close().await.map_err(unreachable)?;
    found.map(drop).ok_or_else(|| format!("cannot reach its database: column {requires} does not exist"))
}

async fn apply(
    connection: &mut SqliteConnection,
    migration: &Migration,
    key: Option<&str>,
) -> Result<(), sqlx::Error> {
    let began = Instant::now();
    sqlx::raw_sql(migration.sql).execute(&mut *connection).await?;
    let took = i64::try_from(began.elapsed().as_micros().div_ceil(1_000)).unwrap_or(i64::MAX);
    sqlx::query(
        "INSERT INTO schema_migrations (name, applied_at, duration_ms, idempotency_key) VALUES (?, ?, ?, ?)",
    )
    .bind(migration.name)
    .bind(now().to_string())
    .bind(took)
    .bind(key)
    .execute(connection)
    .await
    .map(drop)
}

fn nothing_to_apply(wanted: &str, applied: &[Applied], pending: &[&'static Migration]) -> Refusal {
    if let Some(have) = applied.iter().find(|have| have.name == wanted) {
        return Refusal::conflict(format!("`{wanted}` was applied already, at {}", have.applied_at));
    }
    match pending.iter().map(|migration| migration.name).collect::<Vec<_>>() {
        names if names.is_empty() && wanted == "latest" => {
            Refusal::conflict("no migration is pending".to_owned())
        }
        names if names.is_empty() => {
            Refusal::unprocessable(format!("there is no migration `{wanted}`, and none is pending"))
        }
        names => Refusal::unprocessable(format!(
            "there is no migration `{wanted}`; pending are {}",
            names.join(", ")
        )),
    }
}

#[cfg(test)]
mod tests;
