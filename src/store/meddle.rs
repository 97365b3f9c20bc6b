//! Somebody with full write access to the database file: for tests of what the record finds out.

use std::path::Path;

use sqlx::{AssertSqlSafe, SqlitePool};

use super::sql::Sql;
use super::{Head, Store};

/// A way to change what must not change.
#[derive(Clone, Debug)]
pub(crate) enum Attack {
    /// Replaces a text in the body of an entry.
    Edit { seq: i64, from: &'static str, to: &'static str },
    /// Deletes an entry.
    Delete { seq: i64 },
    /// Swaps two entries.
    Swap { one: i64, other: i64 },
    /// Deletes the entries from a size on.
    Truncate { size: i64 },
    /// Deletes the tree hashes from a position on.
    Prune { position: i64 },
    /// Changes one stored hash.
    Hash { position: i64 },
    /// Replaces stored hashes.
    Rehash { tree: Vec<(i64, [u8; 32])> },
    /// Replaces the head.
    Behead { head: Head },
    /// Takes the head away.
    Headless,
    /// Says another kind in the column beside the body.
    Column { seq: i64 },
    /// Changes a payload.
    Payload { seq: i64 },
    /// Takes a payload away without a word.
    Unhang { seq: i64 },
    /// Hangs a payload on an entry that never had one.
    Hang { seq: i64 },
    /// Takes the place of the checkpoint noted down for a size.
    Checkpoint { note: String },
}

impl Store {
    /// Does it, past the triggers.
    pub(crate) async fn meddle(&self, attack: &Attack) {
        for trigger in ["audit_event_kept", "audit_event_stays", "audit_tree_kept", "audit_tree_stays"] {
            self.execute(&format!("DROP TRIGGER IF EXISTS {trigger}")).await;
        }
        match attack {
            Attack::Edit { seq, from, to } => {
                self.execute(&format!(
                    "UPDATE audit_event SET body = CAST(replace(CAST(body AS TEXT), '{from}', '{to}') AS BLOB) \
                     WHERE seq = {seq}"
                ))
                .await;
            }
            Attack::Delete { seq } => {
                self.execute(&format!("DELETE FROM audit_event WHERE seq = {seq}")).await
            }
            Attack::Swap { one, other } => {
                for (from, to) in [(*one, -1), (*other, *one), (-1, *other)] {
                    self.execute(&format!("UPDATE audit_event SET seq = {to} WHERE seq = {from}")).await;
                }
            }
            Attack::Truncate { size } => {
                self.execute(&format!("DELETE FROM audit_event WHERE seq >= {size}")).await;
            }
            Attack::Prune { position } => {
                self.execute(&format!("DELETE FROM audit_tree WHERE pos >= {position}")).await;
            }
            Attack::Hash { position } => {
                self.execute(&format!("UPDATE audit_tree SET h = zeroblob(32) WHERE pos = {position}")).await;
            }
            Attack::Rehash { tree } => {
                let mut tx = self.lock().await.unwrap();
                for (position, hash) in tree {
                    let update = Sql::new("UPDATE audit_tree SET h = ? WHERE pos = ?");
                    update.bind(hash.as_slice()).bind(*position).execute(&mut *tx).await.unwrap();
                }
                tx.commit().await.unwrap();
            }
            Attack::Behead { head } => {
                let (size, note) = (head.size, &head.note);
                self.execute(&format!("UPDATE audit_head SET size = {size}, note = '{note}'")).await;
            }
            Attack::Headless => self.execute("DELETE FROM audit_head").await,
            Attack::Column { seq } => {
                self.execute(&format!("UPDATE audit_event SET kind = 'replied' WHERE seq = {seq}")).await;
            }
            Attack::Payload { seq } => {
                self.execute(&format!("UPDATE audit_payload SET payload = x'00' WHERE seq = {seq}")).await;
            }
            Attack::Unhang { seq } => {
                self.execute(&format!("DELETE FROM audit_payload WHERE seq = {seq}")).await
            }
            Attack::Hang { seq } => {
                self.execute(&format!(
                    "INSERT INTO audit_payload (epoch, seq, name, salt, payload) VALUES (0, {seq}, 'extra', x'', x'')"
                ))
                .await;
            }
            Attack::Checkpoint { note } => {
                self.execute(&format!("UPDATE audit_checkpoint SET note = '{note}'")).await;
            }
        }
    }

    /// Lets the file grow no further than it is, until the connection that writes is opened again.
    pub(crate) async fn fill_up(&self) {
        let mut tx = self.lock().await.unwrap();
        let pages: i64 = Sql::new("PRAGMA page_count").fetch_scalar(&mut *tx).await.unwrap();
        tx.run(AssertSqlSafe(format!("PRAGMA max_page_count = {pages}"))).await.unwrap();
        tx.commit().await.unwrap();
    }

    /// Runs a statement as it is.
    pub(crate) async fn execute(&self, sql: &str) {
        self.try_execute(sql).await.unwrap();
    }

    pub(crate) async fn try_execute(&self, sql: &str) -> Result<(), super::StoreError> {
        let mut tx = self.lock().await?;
        tx.run(AssertSqlSafe(sql.to_owned())).await?;
        tx.commit().await
    }

    /// How many rows a table has.
    pub(crate) async fn count(&self, table: &str) -> i64 {
        Sql::new("SELECT COUNT(*) FROM ").with(table).fetch_scalar(&self.readers).await.unwrap()
    }
}

/// A program from the future was here.
pub(super) async fn bring_migration(path: &Path, version: i64) {
    let pool = SqlitePool::connect(path.to_str().unwrap()).await.unwrap();
    sqlx::query("INSERT INTO _sqlx_migrations (version, description, success, checksum, execution_time) VALUES (?, '', 1, x'', 0)")
        .bind(version)
        .execute(&pool)
        .await
        .unwrap();
    pool.close().await;
}
