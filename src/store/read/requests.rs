use jiff::Timestamp;

use super::{from_json, parsed, timestamp};
use crate::domain::{Digest, PersonId, RequestId};
use crate::store::found::Found;
use crate::store::sql::Sql;
use crate::store::{HeldLock, JobRow, JobState, RequestRow, RequestState, Store, StoreError, VoteRow};

// The condition of the partial index `request_open`, word for word, so that it is used.
const OPEN: &str = "SELECT body FROM request WHERE state IN ('received', 'waiting', 'approved', 'started')";

impl Store {
    /// One request.
    pub async fn request(&self, id: &RequestId) -> Result<Option<RequestRow>, StoreError> {
        let body: Option<String> = Sql::new("SELECT body FROM request WHERE id = ?")
            .bind(id.as_str())
            .fetch_optional_scalar(&self.readers)
            .await?;
        body.map(|body| from_json("request", &body)).transpose()
    }

    /// These requests, as far as they exist, newest first.
    pub async fn requests_of(&self, ids: &[RequestId]) -> Result<Vec<RequestRow>, StoreError> {
        if ids.is_empty() {
            return Ok(Vec::new());
        }
        let mut query = Sql::new("SELECT body FROM request WHERE id IN ");
        query.push_list(ids.iter().map(RequestId::as_str)).push(" ORDER BY id DESC");
        self.read_requests(query).await
    }

    /// Requests in `state` that are not over, oldest first. `Received` are those whose handling was cut off.
    pub async fn open_requests(&self, state: RequestState) -> Result<Vec<RequestRow>, StoreError> {
        let mut query = Sql::new(OPEN);
        query.push(" AND state = ").push_bind(state.as_str()).push(" ORDER BY id");
        self.read_requests(query).await
    }

    /// Requests that still wait for somebody at `now`, oldest first.
    pub async fn waiting(&self, now: Timestamp) -> Result<Vec<RequestRow>, StoreError> {
        let mut query = Sql::new(OPEN);
        query.push(" AND state = 'waiting' AND (expires_at IS NULL OR expires_at > ");
        query.push_bind(now.as_millisecond()).push(") ORDER BY id");
        self.read_requests(query).await
    }

    /// Requests that waited until `now` for an approval or for their turn, and longer than they may.
    pub async fn due(&self, now: Timestamp) -> Result<Vec<RequestRow>, StoreError> {
        let mut query = Sql::new(OPEN);
        query.push(" AND ((state = 'waiting' AND expires_at <= ").push_bind(now.as_millisecond());
        query
            .push(") OR (state = 'approved' AND start_by <= ")
            .push_bind(now.as_millisecond())
            .push(")) ORDER BY id");
        self.read_requests(query).await
    }

    /// The newest `most` requests for a tool on a target that somebody said no to, newest first.
    pub async fn denied(&self, tool: &str, target: &str, most: u32) -> Result<Vec<RequestRow>, StoreError> {
        let mut query = Sql::new("SELECT body FROM request WHERE state = 'denied' AND tool = ");
        query.push_bind(tool).push(" AND target = ").push_bind(target);
        query.push(" ORDER BY id DESC LIMIT ").push_bind(i64::from(most));
        self.read_requests(query).await
    }

    /// Requests that everybody agreed to and that have not started, oldest first.
    pub async fn approved(&self) -> Result<Vec<RequestRow>, StoreError> {
        self.open_requests(RequestState::Approved).await
    }

    /// The votes that stand on a request, in the order of time.
    pub async fn votes(&self, request: &RequestId) -> Result<Vec<VoteRow>, StoreError> {
        let rows = Sql::new(
            "SELECT person, identity, choice, binding, verify, note, at_ms FROM vote WHERE request = ? \
             ORDER BY at_ms, person",
        )
        .bind(request.as_str())
        .fetch_all(&self.readers)
        .await?;
        rows.iter()
            .map(|row| {
                Ok(VoteRow {
                    request: request.clone(),
                    person: PersonId(row.try_get(0)?),
                    identity: row.try_get(1)?,
                    choice: row.try_get(2)?,
                    binding: parsed("vote", row.try_get(3)?, Digest::parse)?,
                    verify: row.try_get(4)?,
                    note: row.try_get(5)?,
                    at: timestamp("vote", row.try_get(6)?)?,
                })
            })
            .collect()
    }

    /// The runs that are not over, oldest first.
    pub async fn running_jobs(&self) -> Result<Vec<JobRow>, StoreError> {
        let rows = Sql::new(
            "SELECT request, state, repeat, idempotency_key, target, saved, started_at FROM job \
             WHERE state <> 'ended' ORDER BY started_at, request",
        )
        .fetch_all(&self.readers)
        .await?;
        rows.iter().map(job).collect()
    }

    /// The run of a request, over or not.
    pub async fn job(&self, request: &RequestId) -> Result<Option<JobRow>, StoreError> {
        let row = Sql::new(
            "SELECT request, state, repeat, idempotency_key, target, saved, started_at FROM job WHERE request = ?",
        )
        .bind(request.as_str())
        .fetch_optional(&self.readers)
        .await?;
        row.as_ref().map(job).transpose()
    }

    /// The locks that hold at `now`, oldest first, and their generation, read at the same moment.
    pub async fn locks(&self, now: Timestamp) -> Result<(Vec<HeldLock>, i64), StoreError> {
        let rows = Sql::new(
            "SELECT g.generation, l.request, l.environment, l.service, l.reason, l.held_by, l.since, l.until \
             FROM lock_generation g LEFT JOIN held_lock l ON l.until IS NULL OR l.until > ? ORDER BY l.since, l.request",
        )
        .bind(now.as_millisecond())
        .fetch_all(&self.readers)
        .await?;
        let generation = rows.first().map_or(Ok(0), |row| row.try_get(0))?;
        let held = rows.iter().filter_map(|row| lock(row).transpose()).collect::<Result<_, _>>()?;
        Ok((held, generation))
    }

    pub(super) async fn read_requests(&self, query: Sql<'_>) -> Result<Vec<RequestRow>, StoreError> {
        let bodies: Vec<String> = query.fetch_scalars(&self.readers).await?;
        bodies.iter().map(|body| from_json("request", body)).collect()
    }
}

fn job(row: &Found) -> Result<JobRow, StoreError> {
    Ok(JobRow {
        request: parsed("job", row.try_get(0)?, RequestId::parse)?,
        state: parsed("job", row.try_get(1)?, JobState::parse)?,
        repeat: row.try_get(2)?,
        key: row.try_get(3)?,
        target: row.try_get(4)?,
        saved: from_json("job", row.try_get(5)?)?,
        started_at: timestamp("job", row.try_get(6)?)?,
    })
}

/// The lock of a joined row; `None` where there is only the generation.
fn lock(row: &Found) -> Result<Option<HeldLock>, StoreError> {
    let Some(request) = row.try_get::<Option<&str>>(1)? else { return Ok(None) };
    let service: String = row.try_get(3)?;
    let until: Option<i64> = row.try_get(7)?;
    Ok(Some(HeldLock {
        request: parsed("held_lock", request, RequestId::parse)?,
        environment: row.try_get(2)?,
        service: Some(service).filter(|service| !service.is_empty()),
        reason: row.try_get(4)?,
        by: PersonId(row.try_get(5)?),
        since: timestamp("held_lock", row.try_get(6)?)?,
        until: until.map(|at| timestamp("held_lock", at)).transpose()?,
    }))
}
