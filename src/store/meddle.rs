//! Somebody with full write access to the database file: for tests of what the record finds out.

use sqlx::AssertSqlSafe;

use super::db::Readers;
use super::sql::Sql;
use super::{EventRow, Head, Store, StoreError};

/// A way to change what must not change.
#[derive(Clone, Debug)]
pub(crate) enum Attack {
    /// Replaces a text in the body of an entry.
    Edit { seq: i64, from: &'static str, to: &'static str },
    /// Puts another body in the place of an entry's.
    Body { seq: i64, body: Vec<u8> },
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
    /// Adds an entry after the end, and the hashes that go with it.
    Append { row: EventRow, tree: Vec<(i64, [u8; 32])> },
    /// Takes away what hangs on the entries from a size on, and the checkpoints noted down for more.
    Forget { size: i64 },
    /// Takes the place of the checkpoints noted down for a size.
    Checkpoint { size: i64, note: String },
    /// Takes the checkpoints noted down away.
    Checkless,
}

impl Store {
    /// Does it, past the triggers.
    pub(crate) async fn meddle(&self, attack: &Attack) {
        self.unguard().await;
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
            Attack::Body { seq, body } => one(Sql::new("UPDATE audit_event SET body = ? WHERE seq = ?")
                .bind(body.as_slice())
                .bind(*seq)),
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
            Attack::Append { row, tree } => {
                let entry = Sql::new(
                    "INSERT INTO audit_event (epoch, seq, body, request_id, kind, at_ms) VALUES (?, ?, ?, ?, ?, ?)",
                );
                let entry = entry.bind(row.epoch).bind(row.seq).bind(row.body.as_slice());
                let entry = entry.bind(row.request.as_deref()).bind(&row.kind).bind(row.at_ms);
                let hashes = tree.iter().map(|(position, hash)| {
                    Sql::new("INSERT INTO audit_tree (epoch, pos, h) VALUES (?, ?, ?)")
                        .bind(row.epoch)
                        .bind(*position)
                        .bind(hash.as_slice())
                });
                std::iter::once(entry).chain(hashes).collect()
            }
            Attack::Forget { size } => vec![
                Sql::new("DELETE FROM audit_payload WHERE seq >= ?").bind(*size),
                Sql::new("DELETE FROM audit_checkpoint WHERE size > ?").bind(*size),
            ],
            Attack::Checkless => one(Sql::new("DELETE FROM audit_checkpoint")),
            Attack::Checkpoint { size, note } => {
                let update = Sql::new("UPDATE audit_checkpoint SET note = ? WHERE size = ?");
                one(update.bind(note.as_str()).bind(*size))
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

    /// Runs a statement outside a transaction.
    pub(super) async fn run_once(&self, text: &'static str) {
        let mut tx = self.lock().await.unwrap();
        tx.run("ROLLBACK").await.unwrap();
        tx.run(text).await.unwrap();
        tx.run("BEGIN").await.unwrap();
        tx.commit().await.unwrap();
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
