//! Writes what is pending, one statement per table.

use super::bulk::Insert;
use super::db::Connection;
use super::pending::{LockChange, Pending};
use super::sql::Sql;
use super::{Author, HeldLock, JobState, StoreError, Way, due};
use crate::domain::PersonId;

/// Writes all rows, those that others refer to first.
pub(super) async fn rows(connection: &mut Connection, pending: &Pending<'_>) -> Result<(), StoreError> {
    inbox(connection, pending).await?;
    requests(connection, pending).await?;
    messages(connection, pending).await?;
    votes(connection, pending).await?;
    jobs(connection, pending).await?;
    reactions(connection, pending).await?;
    marks(connection, pending).await?;
    due::write(connection, pending).await?;
    locks(connection, pending).await
}

async fn inbox(connection: &mut Connection, pending: &Pending<'_>) -> Result<(), StoreError> {
    let insert = Insert { into: "INSERT INTO inbox (platform, event_id, request) ", conflict: "" };
    insert
        .rows(connection, &pending.inbox, |columns, ((platform, key), request)| {
            columns.push_bind(platform.as_str()).push_bind(*key).push_bind(request.map(|id| id.as_str()));
        })
        .await
}

async fn requests(connection: &mut Connection, pending: &Pending<'_>) -> Result<(), StoreError> {
    let insert = Insert {
        into: "INSERT INTO request (id, state, asker, tool, target, environment, platform, channel, created_at, \
               expires_at, start_by, started_at, version, body, way, reason, rules, asked_at, finished_at, tokens, \
               cost_micros, indexed) ",
        conflict: " ON CONFLICT (id) DO UPDATE SET state = excluded.state, asker = excluded.asker, \
                   tool = excluded.tool, target = excluded.target, environment = excluded.environment, \
                   expires_at = excluded.expires_at, start_by = excluded.start_by, version = excluded.version, \
                   body = excluded.body, way = excluded.way, reason = excluded.reason, rules = excluded.rules, \
                   asked_at = excluded.asked_at, started_at = excluded.started_at, \
                   finished_at = excluded.finished_at, tokens = excluded.tokens, \
                   cost_micros = excluded.cost_micros, indexed = 0",
    };
    let rows: Vec<_> = pending.requests.values().collect();
    insert
        .rows(connection, &rows, |columns, (row, body)| {
            columns.push_bind(row.id.as_str()).push_bind(row.state.as_str());
            columns
                .push_bind(row.asker.as_ref().map(|person| person.0.as_str()))
                .push_bind(row.tool.as_deref());
            columns.push_bind(row.target.as_deref()).push_bind(row.environment.as_deref());
            columns.push_bind(row.place.platform.as_str()).push_bind(row.place.channel.as_str());
            columns.push_bind(row.created_at.as_millisecond());
            columns.push_bind(row.expires_at.map(|at| at.as_millisecond()));
            columns.push_bind(row.start_by.map(|at| at.as_millisecond()));
            columns.push_bind(row.started_at.map(|at| at.as_millisecond()));
            columns.push_bind(row.version).push_bind(*body);
            let measures = &row.measures;
            columns.push_bind(Way::of(row).as_str()).push_bind(measures.reason.as_deref());
            columns.push_bind(measures.rules.join(" "));
            for at in [measures.asked_at, row.finished_at] {
                columns.push_bind(at.map(|at| at.as_millisecond()));
            }
            for size in [measures.tokens, measures.cost_micros] {
                columns.push_bind(i64::try_from(size).unwrap_or(i64::MAX));
            }
            columns.push_bind(false);
        })
        .await
}

async fn messages(connection: &mut Connection, pending: &Pending<'_>) -> Result<(), StoreError> {
    // A deliverer puts the message it read, while somebody may have edited it since: the newer text stays, and what was
    // learned about the delivery is kept all the same.
    let insert = Insert {
        into: "INSERT INTO message (id, platform, workspace, channel, thread, author, person, request, deleted, at_ms, \
               version, delivered, remote, body) ",
        conflict: " ON CONFLICT (id) DO UPDATE SET \
                   deleted = CASE WHEN excluded.version > message.version THEN excluded.deleted ELSE message.deleted END, \
                   request = CASE WHEN excluded.version > message.version THEN excluded.request ELSE message.request END, \
                   body = CASE WHEN excluded.version > message.version THEN excluded.body ELSE message.body END, \
                   version = CASE WHEN excluded.version > message.version THEN excluded.version ELSE message.version END, \
                   delivered = CASE WHEN excluded.delivered > message.delivered THEN excluded.delivered \
                   ELSE message.delivered END, \
                   remote = COALESCE(excluded.remote, message.remote)",
    };
    let rows: Vec<_> = pending.messages.values().collect();
    insert
        .rows(connection, &rows, |columns, message| {
            let row = message.row;
            let (author, person) = author(&row.author);
            columns.push_bind(row.id.as_str()).push_bind(row.place.platform.as_str());
            columns.push_bind(row.place.workspace.as_str()).push_bind(row.place.channel.as_str());
            columns.push_bind(row.place.thread.as_ref().map(|id| id.as_str())).push_bind(author);
            columns.push_bind(person.map(|person| person.0.as_str()));
            columns.push_bind(row.request.as_ref().map(|id| id.as_str())).push_bind(i64::from(row.deleted));
            columns.push_bind(row.at.as_millisecond()).push_bind(row.version).push_bind(message.delivered);
            columns.push_bind(message.remote).push_bind(message.body);
        })
        .await
}

fn author(author: &Author) -> (&'static str, Option<&PersonId>) {
    match author {
        Author::User { person, .. } => ("user", person.as_ref()),
        Author::Bot => ("bot", None),
    }
}

async fn votes(connection: &mut Connection, pending: &Pending<'_>) -> Result<(), StoreError> {
    let insert = Insert {
        into: "INSERT INTO vote (request, person, identity, choice, binding, verify, note, at_ms) ",
        conflict: " ON CONFLICT (request, person) DO UPDATE SET identity = excluded.identity, \
                   choice = excluded.choice, binding = excluded.binding, verify = excluded.verify, \
                   note = excluded.note, at_ms = excluded.at_ms",
    };
    let rows: Vec<_> = pending.votes.values().flatten().collect();
    insert
        .rows(connection, &rows, |columns, vote| {
            columns.push_bind(vote.request.as_str()).push_bind(vote.person.0.as_str());
            columns.push_bind(vote.identity.as_str()).push_bind(vote.choice.as_str());
            columns.push_bind(vote.binding.to_string()).push_bind(vote.verify.as_str());
            columns.push_bind(vote.note.as_deref()).push_bind(vote.at.as_millisecond());
        })
        .await?;
    for ((request, person), _gone) in pending.votes.iter().filter(|(_, vote)| vote.is_none()) {
        Sql::new("DELETE FROM vote WHERE request = ? AND person = ?")
            .bind(request.as_str())
            .bind(&person.0)
            .execute(&mut *connection)
            .await?;
    }
    Ok(())
}

async fn jobs(connection: &mut Connection, pending: &Pending<'_>) -> Result<(), StoreError> {
    let insert = Insert {
        into: "INSERT INTO job (request, state, repeat, idempotency_key, target, saved, started_at) ",
        conflict: " ON CONFLICT (request) DO UPDATE SET state = excluded.state, saved = excluded.saved",
    };
    // Those that ended make room on the target for those that start.
    let mut rows: Vec<_> = pending.jobs.values().collect();
    rows.sort_by_key(|(job, _)| job.state != JobState::Ended);
    insert
        .rows(connection, &rows, |columns, (job, saved)| {
            columns.push_bind(job.request.as_str()).push_bind(job.state.as_str());
            columns.push_bind(job.repeat.as_str()).push_bind(job.key.as_str());
            columns
                .push_bind(job.target.as_str())
                .push_bind(*saved)
                .push_bind(job.started_at.as_millisecond());
        })
        .await
}

async fn reactions(connection: &mut Connection, pending: &Pending<'_>) -> Result<(), StoreError> {
    let insert = Insert {
        into: "INSERT INTO reaction (message, person, emoji) ",
        conflict: " ON CONFLICT (message, person, emoji) DO NOTHING",
    };
    let set: Vec<_> = pending.reactions.iter().filter(|(_, set)| **set).map(|(key, _)| *key).collect();
    insert
        .rows(connection, &set, |columns, (message, person, emoji)| {
            columns.push_bind(*message).push_bind(*person).push_bind(*emoji);
        })
        .await?;
    for ((message, person, emoji), _gone) in pending.reactions.iter().filter(|(_, set)| !**set) {
        Sql::new("DELETE FROM reaction WHERE message = ? AND person = ? AND emoji = ?")
            .bind(*message)
            .bind(*person)
            .bind(*emoji)
            .execute(&mut *connection)
            .await?;
    }
    Ok(())
}

async fn marks(connection: &mut Connection, pending: &Pending<'_>) -> Result<(), StoreError> {
    let insert = Insert {
        into: "INSERT INTO read_mark (person, channel, upto) ",
        conflict: " ON CONFLICT (person, channel) DO UPDATE SET upto = \
                   CASE WHEN excluded.upto > read_mark.upto THEN excluded.upto ELSE read_mark.upto END",
    };
    let rows: Vec<_> = pending.marks.iter().collect();
    insert
        .rows(connection, &rows, |columns, ((person, channel), upto)| {
            columns.push_bind(person.0.as_str()).push_bind(*channel).push_bind(upto.as_str());
        })
        .await
}

async fn locks(connection: &mut Connection, pending: &Pending<'_>) -> Result<(), StoreError> {
    for change in &pending.locks {
        match change {
            LockChange::Up(lock) => put_lock(connection, lock).await?,
            LockChange::Down { environment, service } => {
                Sql::new("DELETE FROM held_lock WHERE environment = ? AND service = ?")
                    .bind(*environment)
                    .bind(service.unwrap_or_default())
                    .execute(&mut *connection)
                    .await?;
            }
        }
        Sql::new("UPDATE lock_generation SET generation = generation + 1 WHERE id = 1")
            .execute(&mut *connection)
            .await?;
    }
    Ok(())
}

async fn put_lock(connection: &mut Connection, lock: &HeldLock) -> Result<(), StoreError> {
    let insert = Insert {
        into: "INSERT INTO held_lock (request, environment, service, reason, held_by, since, until) ",
        conflict: " ON CONFLICT (request, environment, service) DO UPDATE SET reason = excluded.reason, \
                   held_by = excluded.held_by, since = excluded.since, until = excluded.until",
    };
    insert
        .rows(connection, &[lock], |columns, lock| {
            columns.push_bind(lock.request.as_str()).push_bind(lock.environment.as_str());
            columns.push_bind(lock.service.as_deref().unwrap_or_default()).push_bind(lock.reason.as_str());
            columns.push_bind(lock.by.0.as_str()).push_bind(lock.since.as_millisecond());
            columns.push_bind(lock.until.map(|at| at.as_millisecond()));
        })
        .await
}
