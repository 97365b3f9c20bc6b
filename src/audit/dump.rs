//! The record as a stream, for those who take it elsewhere. Never more than a page of it is in memory.

use std::collections::HashMap;

use serde_json::json;

use super::proof::end_of;
use super::writer::position;
use super::{Checkpoint, FlatRecord, LedgerError, Logged, flat_record};
use crate::store::{RequestFilter, RequestRow, Store};

/// Entries, or requests, that are read at once.
const PAGE: u32 = 500;

/// Why a stream broke off.
#[derive(Debug, thiserror::Error)]
pub enum DumpError {
    /// The record cannot be read.
    #[error(transparent)]
    Ledger(#[from] LedgerError),
    /// What takes it cannot take more.
    #[error("cannot write the export: {0}")]
    Out(#[from] std::io::Error),
}

impl From<crate::store::StoreError> for DumpError {
    fn from(error: crate::store::StoreError) -> Self {
        Self::Ledger(error.into())
    }
}

/// Gives away all entries as JSON lines: each line is the bytes of a leaf, and after the last of a record comes its
/// checkpoint as `{"checkpoint":"..."}`. Returns the newest checkpoint.
///
/// # Errors
/// The record cannot be read, or `take` fails.
pub async fn dump_entries(
    store: &Store,
    mut take: impl FnMut(&[u8]) -> std::io::Result<()>,
) -> Result<Option<Checkpoint>, DumpError> {
    let mut newest = None;
    let mut epoch = store.epoch_after(-1).await?;
    while let Some(record) = epoch {
        let number = u64::try_from(record).unwrap_or_default();
        // Taken first: what is written meanwhile is not part of it.
        let Some(note) = end_of(store, number).await? else {
            return Err(LedgerError::Broken(format!("record {number} has no signed end")).into());
        };
        let end = Checkpoint::parse(&note).map_err(|why| LedgerError::Broken(why.to_owned()))?;
        let mut seq = 0;
        while seq < end.size {
            let wanted = u32::try_from(end.size - seq).map_or(PAGE, |left| left.min(PAGE));
            let rows = store.entries_from(record, position(seq)?, wanted).await?;
            for row in &rows {
                take(&row.body)?;
            }
            if rows.is_empty() {
                return Err(LedgerError::Broken(format!("entry {seq} is missing")).into());
            }
            seq += u64::try_from(rows.len()).unwrap_or_default();
        }
        take(json!({ "checkpoint": note }).to_string().as_bytes())?;
        newest = Some(end);
        epoch = store.epoch_after(record).await?;
    }
    Ok(newest)
}

/// The next page of requests that `filter` describes, newest first, each with its flat record: `None` for one of which the
/// record knows nothing. An empty page is the end; the next one begins before its last request.
///
/// # Errors
/// The record cannot be read.
pub async fn records(
    store: &Store,
    filter: &RequestFilter,
    limit: u32,
) -> Result<Vec<(RequestRow, Option<FlatRecord>)>, LedgerError> {
    let rows = store.requests(filter, limit.min(PAGE)).await?;
    let ids: Vec<_> = rows.iter().map(|row| row.id.clone()).collect();
    let entries = store.entries_of_all(&ids).await?;
    let entries = entries.iter().map(Logged::try_from).collect::<Result<Vec<_>, _>>()?;
    let mut of_request = HashMap::with_capacity(ids.len());
    for group in entries.chunk_by(|one, next| one.request == next.request) {
        of_request.extend(group.first().and_then(|first| first.request.as_ref()).map(|id| (id, group)));
    }
    let told = |row: RequestRow| {
        let record = of_request.get(&row.id).and_then(|entries| flat_record(entries));
        (row, record)
    };
    Ok(rows.into_iter().map(told).collect())
}

/// Gives away the flat records of the requests that `filter` describes, newest first, each with its request.
///
/// # Errors
/// The record cannot be read, or `take` fails.
pub async fn dump_records(
    store: &Store,
    mut filter: RequestFilter,
    limit: Option<u64>,
    mut take: impl FnMut(&RequestRow, &FlatRecord) -> std::io::Result<()>,
) -> Result<u64, DumpError> {
    let mut given = 0;
    loop {
        let left = limit.map_or(u64::from(PAGE), |limit| limit - given).min(u64::from(PAGE));
        let page = records(store, &filter, u32::try_from(left).unwrap_or(PAGE)).await?;
        let Some((last, _)) = page.last() else { return Ok(given) };
        filter.before = Some(last.id.clone());
        for (row, record) in &page {
            if let Some(record) = record {
                take(row, record)?;
            }
            given += 1;
        }
    }
}
