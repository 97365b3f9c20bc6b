//! What the record's proofs read and what its exports leave behind.

use jiff::Timestamp;

use super::batch::Batch;
use super::bulk::{GROUP, Insert};
use super::found::Found;
use super::sql::Sql;
use super::{EventRow, Head, Store, StoreError};

/// A checkpoint as it was noted down when it left the database.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CheckpointRow {
    /// The head that was exported, with the signatures that came back.
    pub head: Head,
    /// Where to.
    pub sink: String,
    /// When.
    pub at: Timestamp,
}

impl Batch<'_> {
    /// Notes down that checkpoints left the database.
    pub(crate) async fn put_checkpoints(&mut self, rows: &[CheckpointRow]) -> Result<(), StoreError> {
        let insert = Insert {
            into: "INSERT INTO audit_checkpoint (epoch, size, note, sink, at_ms) ",
            conflict: " ON CONFLICT (epoch, size, sink) DO NOTHING",
        };
        insert
            .rows(self.connection(), rows, |columns, row| {
                columns.push_bind(row.head.epoch).push_bind(row.head.size);
                columns.push_bind(row.head.note.as_str()).push_bind(row.sink.as_str());
                columns.push_bind(row.at.as_millisecond());
            })
            .await
    }
}

impl Store {
    /// The stored hashes at `positions`, with their positions, as far as they are there.
    pub async fn hashes_at(&self, epoch: i64, positions: &[i64]) -> Result<Vec<(i64, Vec<u8>)>, StoreError> {
        let mut hashes = Vec::with_capacity(positions.len());
        for group in positions.chunks(GROUP) {
            let mut query = Sql::new("SELECT pos, h FROM audit_tree WHERE epoch = ? AND pos IN ").bind(epoch);
            query.push_list(group.iter().copied());
            for row in query.fetch_all(&self.readers).await? {
                hashes.push((row.try_get(0)?, row.try_get(1)?));
            }
        }
        Ok(hashes)
    }

    /// The first entry of a record from `seq` on that is not of this kind.
    pub async fn first_entry_but(
        &self,
        epoch: i64,
        seq: i64,
        kind: &str,
    ) -> Result<Option<EventRow>, StoreError> {
        self.one_entry(epoch, seq, kind, " ORDER BY seq LIMIT 1").await
    }

    /// The last entry of a record from `seq` on that is not of this kind.
    pub async fn last_entry_but(
        &self,
        epoch: i64,
        seq: i64,
        kind: &str,
    ) -> Result<Option<EventRow>, StoreError> {
        self.one_entry(epoch, seq, kind, " ORDER BY seq DESC LIMIT 1").await
    }

    async fn one_entry(
        &self,
        epoch: i64,
        seq: i64,
        kind: &str,
        order: &'static str,
    ) -> Result<Option<EventRow>, StoreError> {
        let mut query = Sql::new(EventRow::SELECT);
        query.push(" WHERE epoch = ").push_bind(epoch).push(" AND seq >= ").push_bind(seq);
        query.push(" AND kind <> ").push_bind(kind).push(order);
        let row = query.fetch_optional(&self.readers).await?;
        row.as_ref().map(EventRow::read).transpose()
    }

    /// The entries that say which key signs from there on, oldest first.
    pub async fn key_entries(&self) -> Result<Vec<EventRow>, StoreError> {
        let mut query = Sql::new(EventRow::SELECT);
        // The condition of the partial index `audit_event_keys`, word for word, so that it is used.
        query.push(" WHERE kind IN ('opened', 'key.rotated', 'restore.accepted') ORDER BY epoch, seq");
        let rows = query.fetch_all(&self.readers).await?;
        rows.iter().map(EventRow::read).collect()
    }

    /// The first record after `epoch` of which there is anything; from the beginning with `-1`.
    pub async fn epoch_after(&self, epoch: i64) -> Result<Option<i64>, StoreError> {
        let query = "SELECT MIN(epoch) FROM audit_event WHERE epoch > ?";
        Sql::new(query).bind(epoch).fetch_scalar(&self.readers).await
    }

    /// The checkpoints noted down for sizes above `after` up to `upto`, in the order of size.
    pub async fn checkpoints_between(
        &self,
        epoch: i64,
        after: i64,
        upto: i64,
    ) -> Result<Vec<CheckpointRow>, StoreError> {
        let rows = Sql::new(
            "SELECT epoch, size, note, sink, at_ms FROM audit_checkpoint \
             WHERE epoch = ? AND size > ? AND size <= ? ORDER BY size, sink",
        )
        .bind(epoch)
        .bind(after)
        .bind(upto)
        .fetch_all(&self.readers)
        .await?;
        rows.iter().map(CheckpointRow::read).collect()
    }

    /// The smallest checkpoint of a record for more than `seq` entries, once for each sink that it went to.
    pub async fn first_checkpoint_over(
        &self,
        epoch: i64,
        seq: i64,
    ) -> Result<Vec<CheckpointRow>, StoreError> {
        let rows = Sql::new(
            "SELECT epoch, size, note, sink, at_ms FROM audit_checkpoint WHERE epoch = ? AND size = \
             (SELECT MIN(size) FROM audit_checkpoint WHERE epoch = ? AND size > ?) ORDER BY sink",
        )
        .bind(epoch)
        .bind(epoch)
        .bind(seq)
        .fetch_all(&self.readers)
        .await?;
        rows.iter().map(CheckpointRow::read).collect()
    }

    /// The newest `limit` entries that say that something was taken away, newest first.
    pub async fn purge_entries(&self, limit: u32) -> Result<Vec<EventRow>, StoreError> {
        let mut query = Sql::new(EventRow::SELECT);
        // The condition of the partial index `audit_event_purges`, word for word, so that it is used.
        query.push(" WHERE kind = 'payload.redacted' ORDER BY epoch DESC, seq DESC LIMIT ");
        query.push_bind(i64::from(limit));
        let rows = query.fetch_all(&self.readers).await?;
        rows.iter().map(EventRow::read).collect()
    }

    /// The newest checkpoint of a record for more than `after` entries that went to a sink whose name begins so.
    pub async fn newest_of_sinks(
        &self,
        epoch: i64,
        after: i64,
        prefix: &str,
    ) -> Result<Option<CheckpointRow>, StoreError> {
        let row = Sql::new(
            "SELECT epoch, size, note, sink, at_ms FROM audit_checkpoint \
             WHERE epoch = ? AND size > ? AND sink LIKE ? ORDER BY size DESC LIMIT 1",
        )
        .bind(epoch)
        .bind(after)
        .bind(format!("{prefix}%"))
        .fetch_optional(&self.readers)
        .await?;
        row.as_ref().map(CheckpointRow::read).transpose()
    }

    /// The newest checkpoint that went to `sink`.
    pub async fn newest_checkpoint(&self, sink: &str) -> Result<Option<CheckpointRow>, StoreError> {
        let row = Sql::new(
            "SELECT epoch, size, note, sink, at_ms FROM audit_checkpoint WHERE sink = ? \
             ORDER BY epoch DESC, size DESC LIMIT 1",
        )
        .bind(sink)
        .fetch_optional(&self.readers)
        .await?;
        row.as_ref().map(CheckpointRow::read).transpose()
    }
}

impl CheckpointRow {
    fn read(row: &Found) -> Result<Self, StoreError> {
        let at = Timestamp::from_millisecond(row.try_get(4)?)
            .map_err(|error| StoreError::unreadable("audit_checkpoint", error))?;
        let head = Head { epoch: row.try_get(0)?, size: row.try_get(1)?, note: row.try_get(2)? };
        Ok(Self { head, sink: row.try_get(3)?, at })
    }
}
