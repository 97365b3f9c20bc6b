//! Somebody with full write access to the database file: for tests of what the record finds out.

use sqlx::AssertSqlSafe;

use super::db::Readers;
use super::sql::Sql;
use super::{Head, Store, StoreError};

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
        for (trigger, table) in [
            ("audit_event_kept", "audit_event"),
            ("audit_event_stays", "audit_event"),
            ("audit_tree_kept", "audit_tree"),
            ("audit_tree_stays", "audit_tree"),
        ] {
            let on = match &self.readers {
                Readers::Sqlite(_) => String::new(),
                Readers::Postgres(_) => format!(" ON {table}"),
            };
            self.execute(Sql::new("DROP TRIGGER IF EXISTS ").with(trigger).with(&on)).await;
        }
        for statement in self.statements(attack).await {
            self.execute(statement).await;
        }
    }

    async fn statements<'q>(&self, attack: &'q Attack) -> Vec<Sql<'q>> {
        let one = |statement: Sql<'q>| vec![statement];
        match attack {
            Attack::Edit { seq, from, to } => {
                let read = Sql::new("SELECT body FROM audit_event WHERE seq = ?").bind(*seq);
                let body: Vec<u8> = read.fetch_scalar(&self.readers).await.unwrap();
                let body = String::from_utf8(body).unwrap().replace(from, to).into_bytes();
                one(Sql::new("UPDATE audit_event SET body = ? WHERE seq = ?").bind(body).bind(*seq))
            }
            Attack::Delete { seq } => one(Sql::new("DELETE FROM audit_event WHERE seq = ?").bind(*seq)),
            Attack::Swap { one, other } => [(*one, -1), (*other, *one), (-1, *other)]
                .map(|(from, to)| {
                    Sql::new("UPDATE audit_event SET seq = ? WHERE seq = ?").bind(to).bind(from)
                })
                .to_vec(),
            Attack::Truncate { size } => one(Sql::new("DELETE FROM audit_event WHERE seq >= ?").bind(*size)),
            Attack::Prune { position } => {
                one(Sql::new("DELETE FROM audit_tree WHERE pos >= ?").bind(*position))
            }
            Attack::Hash { position } => one(rehash(*position, &[0; 32])),
            Attack::Rehash { tree } => tree.iter().map(|(position, hash)| rehash(*position, hash)).collect(),
            Attack::Behead { head } => {
                one(Sql::new("UPDATE audit_head SET size = ?, note = ?").bind(head.size).bind(&head.note))
            }
            Attack::Headless => one(Sql::new("DELETE FROM audit_head")),
            Attack::Column { seq } => {
                one(Sql::new("UPDATE audit_event SET kind = 'replied' WHERE seq = ?").bind(*seq))
            }
            Attack::Payload { seq } => one(Sql::new("UPDATE audit_payload SET payload = ? WHERE seq = ?")
                .bind(b"\0".as_slice())
                .bind(*seq)),
            Attack::Unhang { seq } => one(Sql::new("DELETE FROM audit_payload WHERE seq = ?").bind(*seq)),
            Attack::Hang { seq } => one(Sql::new(
                "INSERT INTO audit_payload (epoch, seq, name, salt, payload) VALUES (0, ?, 'extra', ?, ?)",
            )
            .bind(*seq)
            .bind(b"".as_slice())
            .bind(b"".as_slice())),
            Attack::Checkpoint { note } => {
                one(Sql::new("UPDATE audit_checkpoint SET note = ?").bind(note.as_str()))
            }
        }
    }

    /// Lets the file grow no further than it is, until the connection that writes is opened again. Whether this database
    /// is a file of which one can ask that.
    pub(crate) async fn fill_up(&self) -> bool {
        if let Readers::Postgres(_) = &self.readers {
            return false;
        }
        let mut tx = self.lock().await.unwrap();
        let pages: i64 = Sql::new("PRAGMA page_count").fetch_scalar(&mut *tx).await.unwrap();
        tx.run(AssertSqlSafe(format!("PRAGMA max_page_count = {pages}"))).await.unwrap();
        tx.commit().await.unwrap();
        true
    }

    /// Runs a statement.
    pub(super) async fn execute(&self, sql: Sql<'_>) {
        self.try_execute(sql).await.unwrap();
    }

    pub(super) async fn try_execute(&self, sql: Sql<'_>) -> Result<(), StoreError> {
        let mut tx = self.lock().await?;
        sql.execute(&mut *tx).await?;
        tx.commit().await
    }

    /// How many rows a table has.
    pub(crate) async fn count(&self, table: &str) -> i64 {
        Sql::new("SELECT COUNT(*) FROM ").with(table).fetch_scalar(&self.readers).await.unwrap()
    }

    /// A program from the future was here.
    pub(super) async fn bring_migration(&self, version: i64) {
        let insert = Sql::new(
            "INSERT INTO _sqlx_migrations (version, description, success, checksum, execution_time) \
             VALUES (?, '', 1 = 1, ?, 0)",
        );
        self.execute(insert.bind(version).bind(b"".as_slice())).await;
    }
}

fn rehash(position: i64, hash: &[u8; 32]) -> Sql<'_> {
    Sql::new("UPDATE audit_tree SET h = ? WHERE pos = ?").bind(hash.as_slice()).bind(position)
}
