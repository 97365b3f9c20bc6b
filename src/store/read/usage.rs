use std::collections::HashMap;

use jiff::Timestamp;

use super::{parsed, timestamp};
use crate::domain::{Origin, PersonId, RequestId};
use crate::store::found::Found;
use crate::store::sql::Sql;
use crate::store::{RequestRow, RequestState, Store, StoreError};

/// How a request was put.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Way {
    /// An exact command, or the button of one.
    Exact,
    /// A sentence.
    Language,
    /// By a machine: an alert, a runbook, another agent.
    Machine,
    /// It did not come to a call.
    None,
}

impl Way {
    /// The word in the table.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Exact => "exact",
            Self::Language => "language",
            Self::Machine => "machine",
            Self::None => "none",
        }
    }

    /// How a request was put, as far as it has come.
    pub const fn of(row: &RequestRow) -> Self {
        match &row.origin {
            Some(Origin::Slash) => Self::Exact,
            Some(Origin::Model { .. } | Origin::Offline) => Self::Language,
            Some(Origin::Runbook { .. } | Origin::Alert | Origin::Mcp { .. } | Origin::System) => {
                Self::Machine
            }
            None if row.reader.is_some() => Self::Language,
            None => Self::None,
        }
    }

    /// Reads what [`Way::as_str`] wrote.
    pub fn parse(text: &str) -> Option<Self> {
        [Self::Exact, Self::Language, Self::Machine, Self::None].into_iter().find(|way| way.as_str() == text)
    }
}

/// What figures need of a request.
#[derive(Clone, Debug, PartialEq)]
pub struct UseRow {
    /// Where it stands.
    pub state: RequestState,
    /// Who asked; `None` for a stranger.
    pub asker: Option<PersonId>,
    /// For which tool, if it came to a call.
    pub tool: Option<String>,
    /// How it was put.
    pub way: Way,
    /// Why the gate said no, as a reason code.
    pub reason: Option<String>,
    /// The rules that asked for people.
    pub rules: Vec<String>,
    /// When it was received.
    pub created_at: Timestamp,
    /// When people were first asked.
    pub asked_at: Option<Timestamp>,
    /// When it started.
    pub started_at: Option<Timestamp>,
    /// When it ended.
    pub finished_at: Option<Timestamp>,
    /// Tokens in and out of the model.
    pub tokens: u64,
    /// What the model cost, in millionths of a US dollar.
    pub cost_micros: u64,
}

/// What figures need of a vote that stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VoteUse {
    /// Who.
    pub person: PersonId,
    /// Whether they approved; else they denied.
    pub approves: bool,
    /// When.
    pub at: Timestamp,
    /// When they were asked.
    pub asked_at: Option<Timestamp>,
}

/// Rows read at once.
const PAGE: i64 = 2_000;

impl Store {
    /// Hands every request that was received from `since` on and before `until` to `each`, one at a time.
    pub async fn each_use(
        &self,
        since: Timestamp,
        until: Timestamp,
        mut each: impl FnMut(&UseRow),
    ) -> Result<(), StoreError> {
        // Ids grow with time, so a page goes on where the one before ended.
        let mut after = RequestId::mint(since, [0; 10]).to_string();
        loop {
            let rows = Sql::new(
                "SELECT id, state, asker, tool, way, reason, rules, created_at, asked_at, started_at, finished_at, \
                 tokens, cost_micros FROM request WHERE id >= ? AND created_at >= ? AND created_at < ? \
                 ORDER BY id LIMIT ?",
            )
            .bind(&after)
            .bind(since.as_millisecond())
            .bind(until.as_millisecond())
            .bind(PAGE)
            .fetch_all(&self.readers)
            .await?;
            for row in &rows {
                each(&use_row(row)?);
            }
            match rows.last().filter(|_| i64::try_from(rows.len()) == Ok(PAGE)) {
                // The next id after this one in the order of text.
                Some(last) => after = format!("{}0", last.try_get::<&str>(0)?),
                None => return Ok(()),
            }
        }
    }

    /// How many requests are in each of the states that are not over.
    pub async fn open_counts(&self) -> Result<HashMap<RequestState, u64>, StoreError> {
        let rows = Sql::new(
            "SELECT state, COUNT(*) FROM request WHERE state IN ('received', 'waiting', 'approved', 'started') \
             GROUP BY state",
        )
        .fetch_all(&self.readers)
        .await?;
        rows.iter()
            .map(|row| {
                let state = parsed("request", row.try_get(0)?, RequestState::parse)?;
                Ok((state, u64::try_from(row.try_get::<i64>(1)?).unwrap_or(0)))
            })
            .collect()
    }

    /// Hands every vote that stands and was given from `since` on and before `until` to `each`.
    pub async fn each_vote(
        &self,
        since: Timestamp,
        until: Timestamp,
        mut each: impl FnMut(&VoteUse),
    ) -> Result<(), StoreError> {
        let rows = Sql::new(
            "SELECT v.person, v.choice, v.at_ms, r.asked_at FROM vote v JOIN request r ON r.id = v.request \
             WHERE v.at_ms >= ? AND v.at_ms < ?",
        )
        .bind(since.as_millisecond())
        .bind(until.as_millisecond())
        .fetch_all(&self.readers)
        .await?;
        for row in &rows {
            let asked_at: Option<i64> = row.try_get(3)?;
            each(&VoteUse {
                person: PersonId(row.try_get(0)?),
                approves: row.try_get::<&str>(1)? == "approve",
                at: timestamp("vote", row.try_get(2)?)?,
                asked_at: asked_at.map(|at| timestamp("vote", at)).transpose()?,
            });
        }
        Ok(())
    }
}

fn use_row(row: &Found) -> Result<UseRow, StoreError> {
    let at = |column: usize| -> Result<Option<Timestamp>, StoreError> {
        row.try_get::<Option<i64>>(column)?.map(|at| timestamp("request", at)).transpose()
    };
    let size = |column: usize| -> Result<u64, StoreError> {
        Ok(u64::try_from(row.try_get::<i64>(column)?).unwrap_or(0))
    };
    let rules: &str = row.try_get(6)?;
    Ok(UseRow {
        state: parsed("request", row.try_get(1)?, RequestState::parse)?,
        asker: row.try_get::<Option<String>>(2)?.map(PersonId),
        tool: row.try_get(3)?,
        way: parsed("request", row.try_get(4)?, Way::parse)?,
        reason: row.try_get(5)?,
        rules: rules.split_whitespace().map(str::to_owned).collect(),
        created_at: timestamp("request", row.try_get(7)?)?,
        asked_at: at(8)?,
        started_at: at(9)?,
        finished_at: at(10)?,
        tokens: size(11)?,
        cost_micros: size(12)?,
    })
}
