//! What falls due, the policy in force, and what somebody must still look at: rows, their SQL and how they are read.

use super::bulk::Insert;
use super::db::Connection;
use super::found::Found;
use super::pending::Pending;
use super::read::{parsed, timestamp as moment};
use super::sql::Sql;
use super::{Store, StoreError};
use crate::domain::{Digest, PersonId, Place, RequestId};
use jiff::Timestamp;

/// What happens when the time has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum TimerKind {
    /// Those who are waited for are reminded before it expires.
    Reminder,
    /// Others are asked as well.
    Escalation,
    /// An open review is brought up again.
    Review,
}

impl TimerKind {
    /// The word in the table.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Reminder => "reminder",
            Self::Escalation => "escalation",
            Self::Review => "review",
        }
    }

    fn parse(text: &str) -> Option<Self> {
        [Self::Reminder, Self::Escalation, Self::Review].into_iter().find(|kind| kind.as_str() == text)
    }
}

/// Something that falls due once. A request has at most one of a kind; a new one takes the place of the old.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TimerRow {
    /// The request.
    pub request: RequestId,
    /// What happens.
    pub kind: TimerKind,
    /// When.
    pub due_at: Timestamp,
}

/// The policy that was accepted last.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PolicyRow {
    /// Its digest, as the gate makes it.
    pub digest: Digest,
    /// The text of the file.
    pub text: String,
    /// Since when.
    pub at: Timestamp,
}

/// A run that somebody else must look at, because it went ahead without the usual approvals.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReviewRow {
    /// The request that ran.
    pub request: RequestId,
    /// Since when it is open.
    pub opened_at: Timestamp,
    /// Who looked at it, when, and what they wrote.
    pub closed: Option<Closed>,
}

/// Which starts are counted: those after a moment, except of one request.
#[derive(Clone, Debug)]
pub struct Starts<'a> {
    /// The moment.
    pub after: Timestamp,
    /// The request that is not counted.
    pub except: &'a RequestId,
    /// Only those that this person asked for.
    pub asker: Option<&'a PersonId>,
    /// Only those that were asked for in this channel.
    pub channel: Option<&'a Place>,
    /// Only those of these tools; empty for any.
    pub tools: Vec<&'a str>,
    /// Only those in these environments; empty for any.
    pub environments: Vec<&'a str>,
}

/// The end of a review.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Closed {
    /// When.
    pub at: Timestamp,
    /// By whom.
    pub by: PersonId,
    /// What they wrote.
    pub note: Option<String>,
}

pub(super) async fn write(connection: &mut Connection, pending: &Pending<'_>) -> Result<(), StoreError> {
    let insert = Insert {
        into: "INSERT INTO timer (request, kind, due_at) ",
        conflict: " ON CONFLICT (request, kind) DO UPDATE SET due_at = excluded.due_at",
    };
    let set: Vec<_> = pending.timers.iter().filter_map(|(key, due)| Some((*key, (*due)?))).collect();
    insert
        .rows(connection, &set, |columns, ((request, kind), due)| {
            columns.push_bind(request.as_str()).push_bind(kind.as_str()).push_bind(due.as_millisecond());
        })
        .await?;
    for ((request, kind), _gone) in pending.timers.iter().filter(|(_, due)| due.is_none()) {
        Sql::new("DELETE FROM timer WHERE request = ? AND kind = ?")
            .bind(request.as_str())
            .bind(kind.as_str())
            .execute(&mut *connection)
            .await?;
    }
    let insert = Insert {
        into: "INSERT INTO review (request, opened_at, closed_at, closed_by, note) ",
        conflict: " ON CONFLICT (request) DO UPDATE SET closed_at = excluded.closed_at, \
                   closed_by = excluded.closed_by, note = excluded.note",
    };
    let reviews: Vec<_> = pending.reviews.values().collect();
    insert
        .rows(connection, &reviews, |columns, review| {
            let closed = review.closed.as_ref();
            columns.push_bind(review.request.as_str()).push_bind(review.opened_at.as_millisecond());
            columns.push_bind(closed.map(|closed| closed.at.as_millisecond()));
            columns.push_bind(closed.map(|closed| closed.by.0.as_str()));
            columns.push_bind(closed.and_then(|closed| closed.note.as_deref()));
        })
        .await?;
    let Some(policy) = pending.policy else { return Ok(()) };
    let insert = Insert {
        into: "INSERT INTO policy_in_force (id, digest, body, at_ms) ",
        conflict: " ON CONFLICT (id) DO UPDATE SET digest = excluded.digest, body = excluded.body, \
                   at_ms = excluded.at_ms",
    };
    insert
        .rows(connection, &[policy], |columns, policy| {
            columns.push_bind(1).push_bind(policy.digest.to_string());
            columns.push_bind(policy.text.as_str()).push_bind(policy.at.as_millisecond());
        })
        .await
}

/// The digest of the policy in force, read where the write lock is held.
pub(super) async fn policy_in_force(connection: &mut Connection) -> Result<Option<Digest>, StoreError> {
    let digest: Option<String> = Sql::new("SELECT digest FROM policy_in_force WHERE id = 1")
        .fetch_optional_scalar(&mut *connection)
        .await?;
    digest.map(|digest| digest_of(&digest)).transpose()
}

fn digest_of(text: &str) -> Result<Digest, StoreError> {
    Digest::parse(text).ok_or_else(|| StoreError::unreadable("policy_in_force", "its digest is none"))
}

impl Store {
    /// What is due at `now`, earliest first.
    pub async fn due_timers(&self, now: Timestamp) -> Result<Vec<TimerRow>, StoreError> {
        let rows =
            Sql::new("SELECT request, kind, due_at FROM timer WHERE due_at <= ? ORDER BY due_at, request")
                .bind(now.as_millisecond())
                .fetch_all(&self.readers)
                .await?;
        let read = |row: &Found| {
            Ok(TimerRow {
                request: parsed("timer", row.try_get(0)?, RequestId::parse)?,
                kind: parsed("timer", row.try_get(1)?, TimerKind::parse)?,
                due_at: moment("timer", row.try_get(2)?)?,
            })
        };
        rows.iter().map(read).collect()
    }

    /// The policy that was accepted last; `None` before the first start.
    pub async fn policy_in_force(&self) -> Result<Option<PolicyRow>, StoreError> {
        let row = Sql::new("SELECT digest, body, at_ms FROM policy_in_force WHERE id = 1")
            .fetch_optional(&self.readers)
            .await?;
        let Some(row) = row else { return Ok(None) };
        Ok(Some(PolicyRow {
            digest: digest_of(row.try_get(0)?)?,
            text: row.try_get(1)?,
            at: moment("policy_in_force", row.try_get(2)?)?,
        }))
    }

    /// How many runs began, as far as they count.
    pub async fn starts(&self, starts: &Starts<'_>) -> Result<u32, StoreError> {
        let mut query = Sql::new("SELECT COUNT(*) FROM request WHERE started_at > ");
        query.push_bind(starts.after.as_millisecond()).push(" AND id <> ").push_bind(starts.except.as_str());
        if let Some(asker) = starts.asker {
            query.push(" AND asker = ").push_bind(asker.0.as_str());
        }
        if let Some(place) = starts.channel {
            query.push(" AND platform = ").push_bind(place.platform.as_str());
            query.push(" AND channel = ").push_bind(place.channel.as_str());
        }
        if !starts.tools.is_empty() {
            query.push(" AND tool IN ").push_list(starts.tools.iter().copied());
        }
        if !starts.environments.is_empty() {
            query.push(" AND environment IN ").push_list(starts.environments.iter().copied());
        }
        let count: i64 = query.fetch_scalar(&self.readers).await?;
        Ok(u32::try_from(count).unwrap_or(u32::MAX))
    }

    /// How many approvals of a person that stand were given after a moment.
    pub async fn approvals_of(&self, person: &PersonId, after: Timestamp) -> Result<u32, StoreError> {
        let query = "SELECT COUNT(*) FROM vote WHERE person = ? AND choice = 'approve' AND at_ms > ?";
        let query = Sql::new(query).bind(person.0.as_str()).bind(after.as_millisecond());
        let count: i64 = query.fetch_scalar(&self.readers).await?;
        Ok(u32::try_from(count).unwrap_or(u32::MAX))
    }

    /// The reviews that nobody has closed, oldest first.
    pub async fn open_reviews(&self) -> Result<Vec<ReviewRow>, StoreError> {
        let query = "SELECT request, opened_at, closed_at, closed_by, note FROM review \
                     WHERE closed_at IS NULL ORDER BY opened_at, request";
        let rows = Sql::new(query).fetch_all(&self.readers).await?;
        rows.iter().map(review).collect()
    }

    /// The review of one request, open or not.
    pub async fn review(&self, request: &RequestId) -> Result<Option<ReviewRow>, StoreError> {
        let query = "SELECT request, opened_at, closed_at, closed_by, note FROM review WHERE request = ?";
        let row = Sql::new(query).bind(request.as_str()).fetch_optional(&self.readers).await?;
        row.as_ref().map(review).transpose()
    }
}

fn review(row: &Found) -> Result<ReviewRow, StoreError> {
    let at: Option<i64> = row.try_get(2)?;
    let by: Option<String> = row.try_get(3)?;
    let closed = match (at, by) {
        (Some(at), Some(by)) => {
            Some(Closed { at: moment("review", at)?, by: PersonId(by), note: row.try_get(4)? })
        }
        (Some(_) | None, _) => None,
    };
    Ok(ReviewRow {
        request: parsed("review", row.try_get(0)?, RequestId::parse)?,
        opened_at: moment("review", row.try_get(1)?)?,
        closed,
    })
}
