//! The tables, written once. What PostgreSQL calls otherwise is put in its words here.

use sqlx::migrate::{Migrate, MigrateError, Migration, MigrationType, Migrator};
use sqlx::{AssertSqlSafe, SqlSafeStr as _};

use super::StoreError;

/// Number, name and text, in the words of SQLite. A text that was released never changes.
pub(super) const MIGRATIONS: [(i64, &str, &str); 9] = [
    (1, "record", include_str!("migrations/0001_record.sql")),
    (2, "request", include_str!("migrations/0002_request.sql")),
    (3, "transcript", include_str!("migrations/0003_transcript.sql")),
    (4, "console", include_str!("migrations/0004_console.sql")),
    (5, "approvals", include_str!("migrations/0005_approvals.sql")),
    (6, "record_keys", include_str!("migrations/0006_record_keys.sql")),
    (10, "usage", include_str!("migrations/0010_usage.sql")),
    (11, "review", include_str!("migrations/0011_review.sql")),
    (12, "denied", include_str!("migrations/0012_denied.sql")),
];

/// The words of a database.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Dialect {
    Sqlite,
    Postgres,
}

/// What SQLite says and what PostgreSQL says, longest first. Integers of SQLite have 64 bits; its text is compared by
/// bytes, which is what the collation `C` does, so that ids sort the same.
const WORDS: [(&str, &str); 6] = [
    (" STRICT, WITHOUT ROWID;", ";"),
    (" STRICT;", ";"),
    ("BEGIN SELECT RAISE(ABORT, 'append-only'); END;", "FOR EACH STATEMENT EXECUTE FUNCTION append_only();"),
    ("INTEGER", "BIGINT"),
    ("BLOB", "BYTEA"),
    ("TEXT", "TEXT COLLATE \"C\""),
];

/// What the triggers of PostgreSQL call.
const BEFORE: &str = "CREATE FUNCTION append_only() RETURNS trigger LANGUAGE plpgsql AS \
                      $$ BEGIN RAISE EXCEPTION 'append-only'; END $$;\n";

/// SQLite has no other way to empty a table.
const AFTER: &str = "\
    CREATE TRIGGER audit_event_full BEFORE TRUNCATE ON audit_event FOR EACH STATEMENT EXECUTE FUNCTION append_only();\n\
    CREATE TRIGGER audit_tree_full BEFORE TRUNCATE ON audit_tree FOR EACH STATEMENT EXECUTE FUNCTION append_only();\n";

impl Dialect {
    /// A migration in these words.
    pub(super) fn text(self, version: i64, text: &str) -> String {
        match self {
            Self::Sqlite => text.to_owned(),
            Self::Postgres => {
                let text = WORDS.iter().fold(text.to_owned(), |text, (from, to)| text.replace(from, to));
                if version == 1 { format!("{BEFORE}{text}{AFTER}") } else { text }
            }
        }
    }
}

/// Runs what is new. The caller holds a transaction and whatever keeps others from running the same.
pub(super) async fn run(dialect: Dialect, connection: &mut impl Migrate) -> Result<(), StoreError> {
    let mut migrator = Migrator::with_migrations(migrations(dialect));
    migrator.set_locking(false);
    migrator.run_direct(None, connection, false).await.map_err(broken)
}

/// Whether all of them were run, and no others; then nobody needs the right to make tables. There must be some.
pub(super) async fn is_done(dialect: Dialect, connection: &mut impl Migrate) -> Result<bool, StoreError> {
    let applied = connection.list_applied_migrations("_sqlx_migrations").await.map_err(broken)?;
    let mut ours = migrations(dialect);
    ours.sort();
    Ok(applied.len() == ours.len()
        && applied
            .iter()
            .zip(&ours)
            .all(|(run, ours)| (run.version, &run.checksum) == (ours.version, &ours.checksum)))
}

fn migrations(dialect: Dialect) -> Vec<Migration> {
    MIGRATIONS
        .map(|(version, name, text)| {
            let text = AssertSqlSafe(dialect.text(version, text)).into_sql_str();
            Migration::new(version, name.into(), MigrationType::Simple, text, false)
        })
        .to_vec()
}

fn broken(error: MigrateError) -> StoreError {
    match error {
        MigrateError::Execute(error) | MigrateError::ExecuteMigration(error, _) => error.into(),
        other => StoreError::Schema(other.to_string()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What a server has run is never changed under it.
    #[test]
    fn the_words_of_postgres_are_these() {
        for (version, name, text) in MIGRATIONS {
            insta::assert_snapshot!(format!("{version:04}_{name}"), Dialect::Postgres.text(version, text));
        }
    }
}
