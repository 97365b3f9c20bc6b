use jiff::Timestamp;

use crate::domain::RequestId;
use crate::store::bulk::GROUP;
use crate::store::found::Found;
use crate::store::sql::{On, Sql};
use crate::store::{Store, StoreError};

/// The head of the record: a signed note over exactly its present size.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Head {
    /// Which record; a new one begins when a restored backup is accepted.
    pub epoch: i64,
    /// How many entries.
    pub size: i64,
    /// The C2SP checkpoint.
    pub note: String,
}

/// An entry as it is stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EventRow {
    /// The record.
    pub epoch: i64,
    /// The place in it, from 0.
    pub seq: i64,
    /// The bytes of the leaf.
    pub body: Vec<u8>,
    /// Copies for queries, to be compared with the body.
    pub request: Option<String>,
    /// The kind of entry.
    pub kind: String,
    /// When, in milliseconds.
    pub at_ms: i64,
}

/// What hangs on an entry.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PayloadRow {
    /// The entry.
    pub seq: i64,
    /// What it is: `message`, `answer`, `output`.
    pub name: String,
    /// What makes the commitment impossible to guess.
    pub salt: Vec<u8>,
    /// The bytes.
    pub payload: Vec<u8>,
}

/// Which entries; what is not named does not matter.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct EventFilter {
    /// About this request.
    pub request: Option<RequestId>,
    /// Of these kinds; empty means any.
    pub kinds: Vec<&'static str>,
    /// Written at this time or later.
    pub since: Option<Timestamp>,
    /// Written before this time.
    pub until: Option<Timestamp>,
    /// Before this entry: the last one of the page before.
    pub before: Option<(i64, i64)>,
}

impl EventRow {
    /// The columns that [`EventRow::read`] reads, in their order.
    pub(in crate::store) const SELECT: &str =
        "SELECT epoch, seq, body, request_id, kind, at_ms FROM audit_event";

    pub(in crate::store) fn read(row: &Found) -> Result<Self, StoreError> {
        Ok(Self {
            epoch: row.try_get(0)?,
            seq: row.try_get(1)?,
            body: row.try_get(2)?,
            request: row.try_get(3)?,
            kind: row.try_get(4)?,
            at_ms: row.try_get(5)?,
        })
    }
}

impl Head {
    pub(in crate::store) async fn read(on: impl Into<On<'_>>) -> Result<Option<Self>, StoreError> {
        let row =
            Sql::new("SELECT epoch, size, note FROM audit_head WHERE id = 1").fetch_optional(on).await?;
        row.as_ref().map(Self::of).transpose()
    }

    fn of(row: &Found) -> Result<Self, StoreError> {
        Ok(Self { epoch: row.try_get(0)?, size: row.try_get(1)?, note: row.try_get(2)? })
    }
}

impl Store {
    /// The head of the record; `None` before its first entry.
    pub async fn head(&self) -> Result<Option<Head>, StoreError> {
        Head::read(&self.readers).await
    }

    /// The entries about a request, oldest first.
    pub async fn entries_of(&self, request: &RequestId) -> Result<Vec<EventRow>, StoreError> {
        let mut query = Sql::new(EventRow::SELECT);
        query.push(" WHERE request_id = ").push_bind(request.as_str()).push(" ORDER BY epoch, seq");
        events(&query.fetch_all(&self.readers).await?)
    }

    /// The entries about these requests, each request's together and oldest first.
    pub async fn entries_of_all(&self, requests: &[RequestId]) -> Result<Vec<EventRow>, StoreError> {
        let mut found = Vec::new();
        for group in requests.chunks(GROUP) {
            let mut query = Sql::new(EventRow::SELECT);
            query.push(" WHERE request_id IN ").push_list(group.iter().map(RequestId::as_str));
            query.push(" ORDER BY request_id, epoch, seq");
            found.extend(events(&query.fetch_all(&self.readers).await?)?);
        }
        Ok(found)
    }

    /// The newest `limit` entries that `filter` describes, newest first.
    pub async fn entries(&self, filter: &EventFilter, limit: u32) -> Result<Vec<EventRow>, StoreError> {
        let mut query = Sql::new(EventRow::SELECT);
        query.push(" WHERE 1 = 1");
        if let Some(request) = &filter.request {
            query.push(" AND request_id = ").push_bind(request.as_str());
        }
        if !filter.kinds.is_empty() {
            query.push(" AND kind IN ");
            query.push_list(filter.kinds.iter().copied());
        }
        if let Some(since) = filter.since {
            query.push(" AND at_ms >= ").push_bind(since.as_millisecond());
        }
        if let Some(until) = filter.until {
            query.push(" AND at_ms < ").push_bind(until.as_millisecond());
        }
        if let Some((epoch, seq)) = filter.before {
            query.push(" AND (epoch, seq) < (").push_bind(epoch).push(", ").push_bind(seq).push(")");
        }
        query.push(" ORDER BY epoch DESC, seq DESC LIMIT ").push_bind(i64::from(limit));
        events(&query.fetch_all(&self.readers).await?)
    }

    /// The first `limit` entries of a record from `seq` on, in order.
    pub async fn entries_from(&self, epoch: i64, seq: i64, limit: u32) -> Result<Vec<EventRow>, StoreError> {
        let mut query = Sql::new(EventRow::SELECT);
        query.push(" WHERE epoch = ").push_bind(epoch).push(" AND seq >= ").push_bind(seq);
        query.push(" ORDER BY seq LIMIT ").push_bind(i64::from(limit));
        events(&query.fetch_all(&self.readers).await?)
    }

    /// Stored tree hashes with positions from `first` up to and without `end`, in order. Their length is not checked.
    pub async fn tree_between(
        &self,
        epoch: i64,
        first: i64,
        end: i64,
    ) -> Result<Vec<(i64, Vec<u8>)>, StoreError> {
        let rows =
            Sql::new("SELECT pos, h FROM audit_tree WHERE epoch = ? AND pos >= ? AND pos < ? ORDER BY pos")
                .bind(epoch)
                .bind(first)
                .bind(end)
                .fetch_all(&self.readers)
                .await?;
        rows.iter().map(|row| Ok((row.try_get(0)?, row.try_get(1)?))).collect()
    }

    /// What hangs on the entries of a record from `first` up to and without `end`, by entry and name.
    pub async fn payloads(&self, epoch: i64, first: i64, end: i64) -> Result<Vec<PayloadRow>, StoreError> {
        let rows = Sql::new(
            "SELECT seq, name, salt, payload FROM audit_payload WHERE epoch = ? AND seq >= ? AND seq < ? \
             ORDER BY seq, name",
        )
        .bind(epoch)
        .bind(first)
        .bind(end)
        .fetch_all(&self.readers)
        .await?;
        rows.iter()
            .map(|row| {
                Ok(PayloadRow {
                    seq: row.try_get(0)?,
                    name: row.try_get(1)?,
                    salt: row.try_get(2)?,
                    payload: row.try_get(3)?,
                })
            })
            .collect()
    }
}

fn events(rows: &[Found]) -> Result<Vec<EventRow>, StoreError> {
    rows.iter().map(EventRow::read).collect()
}
