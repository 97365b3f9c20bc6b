use std::collections::{BTreeMap, HashMap};

use jiff::Timestamp;

use super::from_json;
use crate::domain::{PersonId, Platform, RequestId};
use crate::store::batch::Batch;
use crate::store::bulk::{GROUP, Insert};
use crate::store::db::Connection;
use crate::store::sql::Sql;
use crate::store::terms::{groups, matches, terms};
use crate::store::{RequestRow, RequestState, Store, StoreError};

/// A term of which there are fewer is a good start: its requests are looked at one by one. Tests have fewer of all.
const RARE: i64 = if cfg!(test) { 5 } else { 5_000 };

/// How far terms are counted to tell which of several frequent ones is least so.
const FREQUENT: [i64; 2] = [10 * RARE, 100 * RARE];

/// Requests written since the index was last brought up to date that a search looks at; there are never so many unless
/// nobody brings it up to date.
const FRESH: i64 = 5_000;

/// Requests that are indexed in one transaction.
const BATCH: i64 = 500;

/// Which requests; what is not named does not matter.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct RequestFilter {
    /// In one of these states; empty means any.
    pub states: Vec<RequestState>,
    /// Asked by this person.
    pub asker: Option<PersonId>,
    /// For one of these tools; empty means any.
    pub tools: Vec<String>,
    /// On this target.
    pub target: Option<String>,
    /// In this environment.
    pub environment: Option<String>,
    /// Said on this platform.
    pub platform: Option<Platform>,
    /// Said in this channel.
    pub channel: Option<String>,
    /// Part of this incident, whatever its case.
    pub incident: Option<String>,
    /// Received at this time or later.
    pub since: Option<Timestamp>,
    /// Received before this time.
    pub until: Option<Timestamp>,
    /// With each of these words in what was said, the command, the note or the id, whatever their case: whole words, or
    /// parts between hyphens, dots and the like.
    pub text: Option<String>,
    /// Older than this request: the last one of the page before.
    pub before: Option<RequestId>,
}

impl Store {
    /// The newest `limit` requests that `filter` describes, newest first.
    ///
    /// Words are found whole, or as a part between hyphens, dots and the like.
    pub async fn requests(&self, filter: &RequestFilter, limit: u32) -> Result<Vec<RequestRow>, StoreError> {
        let limit = usize::try_from(limit).unwrap_or(usize::MAX);
        if limit == 0 {
            return Ok(Vec::new());
        }
        let by_id = |rows: Vec<RequestRow>| rows.into_iter().map(|row| (row.id.clone(), row));
        let mut found: BTreeMap<RequestId, RequestRow> = by_id(self.fresh(filter).await?).collect();
        let mut from = RequestFilter { ..filter.clone() };
        // Terms may tell of what was true once; then a page holds fewer than it should, and the next one is read too.
        loop {
            let page = self.page(&from, limit).await?;
            let full = page.len() >= limit;
            let Some(last) = page.last().map(|row| row.id.clone()) else { break };
            found.extend(by_id(page).filter(|(_, row)| matches(filter, row)));
            // What is older than this page may be there already because it is not indexed yet; what comes between is not.
            if !full || found.range::<RequestId, _>(&last..).count() >= limit {
                break;
            }
            from.before = Some(last);
        }
        Ok(found.into_values().rev().take(limit).collect())
    }

    /// What fits among the requests that are not indexed yet.
    async fn fresh(&self, filter: &RequestFilter) -> Result<Vec<RequestRow>, StoreError> {
        let query =
            Sql::new("SELECT body FROM request WHERE indexed = 0 ORDER BY id DESC LIMIT ?").bind(FRESH);
        let mut rows = self.read_requests(query).await?;
        rows.retain(|row| matches(filter, row));
        Ok(rows)
    }

    /// The newest requests with the terms that `filter` asks for.
    async fn page(&self, filter: &RequestFilter, limit: usize) -> Result<Vec<RequestRow>, StoreError> {
        let groups = groups(filter);
        let Some((mut start, mut count)) = self.rarest(&groups, RARE).await? else {
            return self.read_requests(from_all(filter, &groups, limit)).await;
        };
        if count == RARE && groups.len() > 1 {
            // Each of them is frequent. What often comes together is found among the newest of any of them.
            let newest = self.read_requests(from_term(filter, &groups, start, Some(RARE), limit)).await?;
            if newest.len() >= limit {
                return Ok(newest);
            }
            // What seldom does is best looked for from the one that is least frequent.
            for most in FREQUENT {
                if count < most / 10 {
                    break;
                }
                (start, count) = self.rarest(&groups, most).await?.unwrap_or((start, count));
            }
        }
        self.read_requests(from_term(filter, &groups, start, None, limit)).await
    }

    /// The group of one term that the fewest requests have, and how many those are, counted up to `most`.
    async fn rarest(&self, groups: &[Vec<String>], most: i64) -> Result<Option<(usize, i64)>, StoreError> {
        let mut rarest: Option<(usize, i64)> = None;
        for (at, group) in groups.iter().enumerate() {
            let [term] = group.as_slice() else { continue };
            let count: i64 =
                Sql::new("SELECT COUNT(*) FROM (SELECT 1 FROM request_term WHERE term = ? LIMIT ?) few")
                    .bind(term)
                    .bind(most)
                    .fetch_scalar(&self.readers)
                    .await?;
            if rarest.is_none_or(|(_, fewest)| count < fewest) {
                rarest = Some((at, count));
            }
        }
        Ok(rarest)
    }

    /// Indexes requests that were written since they were last, oldest first, and says how many. 0 means that there is
    /// nothing left to do.
    pub async fn index_requests(&self) -> Result<usize, StoreError> {
        let waiting: Vec<String> = Sql::new("SELECT body FROM request WHERE indexed = 0 ORDER BY id LIMIT ?")
            .bind(BATCH)
            .fetch_scalars(&self.readers)
            .await?;
        if waiting.is_empty() {
            return Ok(0);
        }
        let read: Vec<RequestRow> =
            waiting.iter().map(|body| from_json("request", body)).collect::<Result<_, _>>()?;
        let mut tx = self.lock().await?;
        // One that was written in between is left for the next time: its words may have been taken away.
        let rows = as_they_are(&mut tx, &read).await?;
        let mut pairs: Vec<(String, &str)> = rows
            .iter()
            .flat_map(|row| terms(row).into_iter().map(move |term| (term, row.id.as_str())))
            .collect();
        // In the order of the table, so that neighbours are written together.
        pairs.sort_unstable();
        let insert = Insert {
            into: "INSERT INTO request_term (term, request) ",
            conflict: " ON CONFLICT (term, request) DO NOTHING",
        };
        insert
            .rows(&mut tx, &pairs, |columns, (term, request)| {
                columns.push_bind(term).push_bind(*request);
            })
            .await?;
        for row in &rows {
            Sql::new("UPDATE request SET indexed = 1 WHERE id = ?")
                .bind(row.id.as_str())
                .execute(&mut *tx)
                .await?;
        }
        tx.commit().await?;
        Ok(read.len())
    }
}

impl Batch<'_> {
    /// Takes a request out of the index of words, as it was; whoever writes it anew has it indexed again. For words that
    /// must be gone.
    pub(crate) async fn drop_terms(&mut self, row: &RequestRow) -> Result<(), StoreError> {
        for term in terms(row) {
            Sql::new("DELETE FROM request_term WHERE term = ? AND request = ?")
                .bind(term)
                .bind(row.id.as_str())
                .execute(self.connection())
                .await?;
        }
        Ok(())
    }
}

/// A search among all requests.
fn from_all(filter: &RequestFilter, groups: &[Vec<String>], limit: usize) -> Sql<'static> {
    let mut query = Sql::new("SELECT r.body FROM request r WHERE 1 = 1");
    for group in groups {
        has_one_of(&mut query, group, "r.id");
    }
    within(&mut query, filter, "r.id");
    newest(query, "r.id", limit)
}

/// A search among the requests with the one term of a group, or among that many of the newest of them.
fn from_term(
    filter: &RequestFilter,
    groups: &[Vec<String>],
    start: usize,
    among: Option<i64>,
    limit: usize,
) -> Sql<'static> {
    let term = groups.get(start).and_then(|group| group.first()).cloned().unwrap_or_default();
    let text = "SELECT r.body FROM (SELECT request FROM request_term WHERE term = ?";
    let mut query = Sql::new(text).bind(term);
    within(&mut query, filter, "request");
    if let Some(among) = among {
        query.push(" ORDER BY request DESC LIMIT ").push_bind(among);
    }
    query.push(") s JOIN request r ON r.id = s.request WHERE 1 = 1");
    for (_, group) in groups.iter().enumerate().filter(|(at, _)| *at != start) {
        has_one_of(&mut query, group, "s.request");
    }
    newest(query, "s.request", limit)
}

fn has_one_of(query: &mut Sql<'static>, group: &[String], key: &'static str) {
    query.push(" AND EXISTS (SELECT 1 FROM request_term t WHERE t.term IN ");
    query.push_list(group.iter().cloned());
    query.push(" AND t.request = ").push(key).push(")");
}

/// Older than the page before, and received in the time that is asked for.
fn within(query: &mut Sql<'static>, filter: &RequestFilter, key: &'static str) {
    let bounds = [
        (" < ", filter.before.as_ref().map(RequestId::to_string)),
        (" >= ", filter.since.map(|at| RequestId::mint(at, [0; 10]).to_string())),
        (" < ", filter.until.map(|at| RequestId::mint(at, [0; 10]).to_string())),
    ];
    for (sign, bound) in bounds {
        if let Some(bound) = bound {
            query.push(" AND ").push(key).push(sign).push_bind(bound);
        }
    }
}

fn newest(mut query: Sql<'static>, key: &'static str, limit: usize) -> Sql<'static> {
    query.push(" ORDER BY ").push(key).push(" DESC LIMIT ");
    query.push_bind(i64::try_from(limit).unwrap_or(i64::MAX));
    query
}

/// Those of these requests that are still as they were read.
async fn as_they_are<'a>(
    connection: &mut Connection,
    read: &'a [RequestRow],
) -> Result<Vec<&'a RequestRow>, StoreError> {
    let mut versions = HashMap::with_capacity(read.len());
    for group in read.chunks(GROUP) {
        let mut query = Sql::new("SELECT id, version FROM request WHERE id IN ");
        query.push_list(group.iter().map(|row| row.id.as_str()));
        for found in query.fetch_all(&mut *connection).await? {
            let (id, version): (String, i64) = (found.try_get(0)?, found.try_get(1)?);
            versions.insert(id, version);
        }
    }
    Ok(read.iter().filter(|row| versions.get(row.id.as_str()) == Some(&row.version)).collect())
}
