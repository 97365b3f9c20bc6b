use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;

use super::bulk::{GROUP, Insert};
use super::db::{Connection, Locked};
use super::pending::Pending;
use super::sql::Sql;
use super::{Guard, Head, Put, Refused, Row, Store, StoreError, due, write};
use crate::domain::{DedupeKey, Platform, RequestId};

/// One transaction of the ledger. Dropped before `commit`, it leaves nothing behind.
pub(crate) struct Batch<'a> {
    tx: Locked,
    pending: Pending<'a>,
}

/// What a step asks of the tables of work.
#[derive(Clone, Copy)]
pub(crate) struct Ask<'a> {
    /// What must hold.
    pub(crate) guard: &'a Guard,
    /// What to put.
    pub(crate) puts: &'a [Put],
}

/// An entry as the record keeps it.
#[derive(Debug)]
pub(crate) struct Appended<'a> {
    pub(crate) seq: i64,
    pub(crate) body: Vec<u8>,
    pub(crate) request: Option<&'a RequestId>,
    pub(crate) kind: &'static str,
    pub(crate) at_ms: i64,
    /// Name, salt and bytes of what hangs on it.
    pub(crate) payloads: Vec<(&'a str, &'a [u8], &'a [u8])>,
}

/// What a transaction adds to the record.
#[derive(Debug)]
pub(crate) struct Append<'a> {
    pub(crate) entries: Vec<Appended<'a>>,
    /// Position and hash of each subtree completed by them.
    pub(crate) hashes: Vec<(i64, [u8; 32])>,
    /// The head it starts from; `None` for the very first.
    pub(crate) before: Option<&'a Head>,
    /// The head it leads to.
    pub(crate) head: &'a Head,
}

impl Store {
    /// Begins a transaction that holds the write lock and has read what the guards of `asks` depend on.
    pub(crate) async fn begin<'a>(
        &self,
        asks: impl Iterator<Item = Ask<'a>> + Clone,
    ) -> Result<Batch<'a>, StoreError> {
        let mut batch = Batch { tx: self.lock().await?, pending: Pending::default() };
        batch.read_versions(asks.clone()).await?;
        batch.read_deliveries(asks.clone()).await?;
        batch.read_policy(asks.clone()).await?;
        batch.read_locks_and_runs(asks).await?;
        Ok(batch)
    }

    /// Whether this hash is stored at this position, now that every transaction before has ended.
    pub(crate) async fn has_hash(
        &self,
        epoch: i64,
        position: i64,
        hash: &[u8; 32],
    ) -> Result<bool, StoreError> {
        let mut tx = self.lock().await?;
        let stored: Option<Vec<u8>> = Sql::new("SELECT h FROM audit_tree WHERE epoch = ? AND pos = ?")
            .bind(epoch)
            .bind(position)
            .fetch_optional_scalar(&mut *tx)
            .await?;
        // Nothing was written that could be lost.
        drop(tx.commit().await);
        Ok(stored.is_some_and(|stored| stored == hash))
    }
}

impl<'a> Batch<'a> {
    /// The connection, for what is written beside the steps.
    pub(super) fn connection(&mut self) -> &mut Connection {
        &mut self.tx
    }

    /// Takes a step in if its guard holds at `now`; it is written at `commit`.
    pub(crate) fn admit(&mut self, ask: Ask<'a>, now: Timestamp) -> Result<(), Refused> {
        self.pending.admit(ask.guard, ask.puts, now)
    }

    /// The head of the record as it stands.
    pub(crate) async fn head(&mut self) -> Result<Option<Head>, StoreError> {
        Head::read(&mut *self.tx).await
    }

    /// The stored hashes at `positions`, in their order.
    ///
    /// # Errors
    /// Also when one of them is missing or has the wrong length.
    pub(crate) async fn hashes(
        &mut self,
        epoch: i64,
        positions: &[i64],
    ) -> Result<Vec<[u8; 32]>, StoreError> {
        let mut stored = BTreeMap::new();
        for group in positions.chunks(GROUP) {
            let mut query = Sql::new("SELECT pos, h FROM audit_tree WHERE epoch = ");
            query.push_bind(epoch).push(" AND pos IN ").push_list(group.iter().copied());
            for row in query.fetch_all(&mut *self.tx).await? {
                stored.insert(row.try_get::<i64>(0)?, row.try_get::<Vec<u8>>(1)?);
            }
        }
        positions
            .iter()
            .map(|position| {
                let hash = stored.remove(position).and_then(|bytes| bytes.try_into().ok());
                hash.ok_or_else(|| StoreError::unreadable("audit_tree", format!("no hash at {position}")))
            })
            .collect()
    }

    /// Adds to the record.
    pub(crate) async fn append(&mut self, append: &Append<'_>) -> Result<(), StoreError> {
        let epoch = append.head.epoch;
        let events = Insert {
            into: "INSERT INTO audit_event (epoch, seq, body, request_id, kind, at_ms) ",
            conflict: "",
        };
        events
            .rows(&mut self.tx, &append.entries, |columns, entry| {
                columns.push_bind(epoch).push_bind(entry.seq).push_bind(entry.body.as_slice());
                columns
                    .push_bind(entry.request.map(RequestId::as_str))
                    .push_bind(entry.kind)
                    .push_bind(entry.at_ms);
            })
            .await?;
        let tree = Insert { into: "INSERT INTO audit_tree (epoch, pos, h) ", conflict: "" };
        tree.rows(&mut self.tx, &append.hashes, |columns, (position, hash)| {
            columns.push_bind(epoch).push_bind(*position).push_bind(hash.as_slice());
        })
        .await?;
        let payloads: Vec<_> = append
            .entries
            .iter()
            .flat_map(|entry| entry.payloads.iter().map(|payload| (entry.seq, payload)))
            .collect();
        let insert =
            Insert { into: "INSERT INTO audit_payload (epoch, seq, name, salt, payload) ", conflict: "" };
        insert
            .rows(&mut self.tx, &payloads, |columns, (seq, (name, salt, bytes))| {
                columns.push_bind(epoch).push_bind(*seq).push_bind(*name).push_bind(*salt).push_bind(*bytes);
            })
            .await?;
        self.move_head(append).await
    }

    async fn move_head(&mut self, append: &Append<'_>) -> Result<(), StoreError> {
        let head = append.head;
        let query = match append.before {
            None => Sql::new("INSERT INTO audit_head (epoch, size, note, id) VALUES (?, ?, ?, 1)")
                .bind(head.epoch)
                .bind(head.size)
                .bind(&head.note),
            Some(before) => Sql::new(
                "UPDATE audit_head SET epoch = ?, size = ?, note = ? WHERE id = 1 AND epoch = ? AND size = ?",
            )
            .bind(head.epoch)
            .bind(head.size)
            .bind(&head.note)
            .bind(before.epoch)
            .bind(before.size),
        };
        match query.execute(&mut *self.tx).await? {
            1 => Ok(()),
            _ => Err(StoreError::HeadMoved),
        }
    }

    /// Takes a payload away; whether it was there.
    pub(crate) async fn drop_payload(
        &mut self,
        epoch: i64,
        seq: i64,
        name: &str,
    ) -> Result<bool, StoreError> {
        let done = Sql::new("DELETE FROM audit_payload WHERE epoch = ? AND seq = ? AND name = ?")
            .bind(epoch)
            .bind(seq)
            .bind(name)
            .execute(&mut *self.tx)
            .await?;
        Ok(done == 1)
    }

    /// Writes the rows and makes all of it last.
    pub(crate) async fn commit(mut self) -> Result<(), StoreError> {
        write::rows(&mut self.tx, &self.pending).await?;
        self.tx.commit().await
    }

    async fn read_versions(&mut self, asks: impl Iterator<Item = Ask<'a>>) -> Result<(), StoreError> {
        let ids: BTreeSet<&str> = asks.flat_map(requests_of).map(RequestId::as_str).collect();
        let ids: Vec<_> = ids.into_iter().collect();
        for group in ids.chunks(GROUP) {
            let mut query = Sql::new("SELECT id, version FROM request WHERE id IN ");
            query.push_list(group.iter().copied());
            for row in query.fetch_all(&mut *self.tx).await? {
                let (id, version): (&str, i64) = (row.try_get(0)?, row.try_get(1)?);
                if let Ok(index) = group.binary_search(&id) {
                    self.pending.versions.extend(group.get(index).map(|id| (*id, version)));
                }
            }
        }
        Ok(())
    }

    async fn read_deliveries(&mut self, asks: impl Iterator<Item = Ask<'a>>) -> Result<(), StoreError> {
        let deliveries: BTreeSet<_> = asks.filter_map(|ask| delivery_of(ask.guard)).collect();
        let deliveries: Vec<_> = deliveries.into_iter().collect();
        let of_one_platform = deliveries.chunk_by(|one, next| one.0 == next.0);
        for group in of_one_platform.flat_map(|keys| keys.chunks(GROUP)) {
            let Some((platform, _)) = group.first() else { continue };
            let mut query = Sql::new("SELECT event_id, request FROM inbox WHERE platform = ");
            query.push_bind(platform.as_str()).push(" AND event_id IN ");
            query.push_list(group.iter().map(|(_, key)| *key));
            for row in query.fetch_all(&mut *self.tx).await? {
                let (key, request): (&str, Option<&str>) = (row.try_get(0)?, row.try_get(1)?);
                if let Ok(index) = group.binary_search(&(*platform, key)) {
                    let request = request.and_then(RequestId::parse);
                    self.pending.seen.extend(group.get(index).map(|known| (*known, request)));
                }
            }
        }
        Ok(())
    }

    async fn read_policy(&mut self, mut asks: impl Iterator<Item = Ask<'a>>) -> Result<(), StoreError> {
        if asks.any(|ask| matches!(ask.guard, Guard::Start { .. } | Guard::Policy(_))) {
            self.pending.policy_in_force = due::policy_in_force(&mut self.tx).await?;
        }
        Ok(())
    }

    async fn read_locks_and_runs(&mut self, asks: impl Iterator<Item = Ask<'a>>) -> Result<(), StoreError> {
        let mut starts = asks.filter_map(|ask| match ask.guard {
            Guard::Start { target, .. } => Some(target.as_deref()),
            Guard::Open | Guard::FirstSeen { .. } | Guard::Request { .. } | Guard::Policy(_) => None,
        });
        let Some(first) = starts.next() else { return Ok(()) };
        self.pending.generation = Sql::new("SELECT generation FROM lock_generation WHERE id = 1")
            .fetch_scalar(&mut *self.tx)
            .await?;
        let targets: BTreeSet<&str> = first.into_iter().chain(starts.flatten()).collect();
        for target in targets {
            let holder: Option<String> =
                Sql::new("SELECT request FROM job WHERE target = ? AND state <> 'ended'")
                    .bind(target)
                    .fetch_optional_scalar(&mut *self.tx)
                    .await?;
            if let Some(holder) = holder.as_deref().and_then(RequestId::parse) {
                self.pending.busy.insert(target, holder);
            }
        }
        Ok(())
    }
}

fn requests_of(ask: Ask<'_>) -> impl Iterator<Item = &RequestId> {
    let guarded = match ask.guard {
        Guard::Request { id, .. } | Guard::Start { id, .. } => Some(id),
        Guard::Open | Guard::FirstSeen { .. } | Guard::Policy(_) => None,
    };
    let put = ask.puts.iter().filter_map(|put| {
        let Row::Request(row) = &put.row else { return None };
        Some(&row.id)
    });
    guarded.into_iter().chain(put)
}

fn delivery_of(guard: &Guard) -> Option<(Platform, &str)> {
    match guard {
        Guard::FirstSeen { platform, key: DedupeKey(key), .. } => Some((*platform, key)),
        Guard::Open | Guard::Request { .. } | Guard::Start { .. } | Guard::Policy(_) => None,
    }
}
