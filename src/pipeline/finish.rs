//! How the end of a run is written down, and people told.
//!
//! After what is dangerous, its end goes on the record first, then the record's checkpoint leaves the database, and only
//! then people are told: nobody acts on a word that could be taken back unseen. In between the run is a row that says what
//! is to be told, so that a stop there loses nothing.

use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::receive::since;
use super::{Rooms, Trouble, answer, entries};
use crate::audit::{Entry, Step};
use crate::catalog::EffectClass;
use crate::domain::{Outcome, PersonId, Reply};
use crate::store::{Guard, JobRow, JobState, RequestRow, RequestState, Row};

/// What a run weighs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Weight {
    /// It takes something away, or changes what people outside depend on.
    Grave,
    /// Anything else.
    Plain,
}

/// A run that has ended.
pub(super) struct Finish<'a> {
    pub row: RequestRow,
    pub outcome: &'a Outcome,
    /// What must be written together with the end.
    pub rows: Vec<Row>,
    /// The run's row, where it has one.
    pub job: Option<JobRow>,
    pub approvers: &'a [PersonId],
    pub weight: Weight,
}

/// What is left to tell, as the run's row keeps it.
#[derive(Serialize, Deserialize)]
struct Untold {
    state: RequestState,
    note: String,
    finished_at: Timestamp,
    reply: Reply,
}

impl Rooms {
    /// What a call of this class in this environment weighs.
    pub(super) fn weight(&self, class: EffectClass, environment: Option<&str>) -> Weight {
        let environments = &self.catalog.landscape().environments;
        // An environment that is not in the catalogue any more counts as the strictest.
        let protected = environment.is_some_and(|name| environments.get(name).is_none_or(|it| it.protected));
        match class {
            EffectClass::Destructive => Weight::Grave,
            EffectClass::Write if protected => Weight::Grave,
            EffectClass::Write | EffectClass::Read => Weight::Plain,
        }
    }

    /// Writes the end down and tells people. It happened, so this is tried until it is done: a run without an end on the
    /// record would be taken for one that was interrupted.
    pub(super) async fn bring_to_end(self: &Arc<Self>, ending: &Finish<'_>) {
        let id = &ending.row.id;
        let mut pause = Pause::default();
        let told = loop {
            match self.write_end(ending).await {
                Ok(told) => break told,
                Err(trouble) => {
                    tracing::error!(request = %id, "the end of a run is not on the record yet: {trouble}");
                }
            }
            pause.wait().await;
        };
        if let Some((row, job)) = told {
            self.tell_until_told(row, job).await;
        }
    }

    /// Writes the end down. What is grave is not told yet: its rows come back.
    pub(super) async fn write_end(
        self: &Arc<Self>,
        ending: &Finish<'_>,
    ) -> Result<Option<(RequestRow, JobRow)>, Trouble> {
        let Finish { row, outcome, rows: carried, job, approvers, weight } = ending;
        let now = self.clock.now();
        let mut row = row.clone();
        let took = since(row.started_at.unwrap_or(now), now);
        let guard = Guard::Request { id: row.id.clone(), version: row.version };
        row.version += 1;
        let mut ended = row.clone();
        ended.state = ended_as(outcome);
        ended.finished_at = Some(now);
        ended.note = Some(outcome.text().to_owned());
        let reply = answer::finished(&ended, outcome, approvers, took);
        let finished = entries::finished(&ended, outcome, took, now);
        if let (Weight::Grave, Some(job)) = (weight, job) {
            let untold =
                Untold { state: ended.state, note: outcome.text().to_owned(), finished_at: now, reply };
            let saved = serde_json::to_value(&untold).unwrap_or(Value::Null);
            let job = JobRow { state: JobState::Telling, saved, ..job.clone() };
            let rows = [Row::Request(Box::new(row.clone())), Row::Job(job.clone())];
            let rows = rows.into_iter().chain(carried.iter().cloned()).collect();
            let entries = std::iter::once(finished).chain(also(&ended, carried, now)).collect();
            let written = self.write(Step { guard, rows, entries }).await?;
            // Refused means that somebody else has brought it to its end; then theirs counts.
            return Ok(written.is_ok().then_some((row, job)));
        }
        let (ended, mut rows) = self.with_card(ended, reply.clone())?;
        rows.extend(job.iter().map(|job| Row::Job(JobRow { state: JobState::Ended, ..job.clone() })));
        rows.extend(carried.iter().cloned());
        let mut entries = vec![finished, entries::replied(&ended, &reply, now)];
        entries.extend(also(&ended, carried, now));
        let _moved_on = self.write(Step { guard, rows, entries }).await?;
        Ok(None)
    }

    /// Exports the record, then tells people how a run ended whose end is on it.
    pub(super) async fn tell_until_told(self: &Arc<Self>, row: RequestRow, job: JobRow) {
        let mut pause = Pause::default();
        while let Err(trouble) = self.tell_end(&row, &job).await {
            tracing::error!(request = %row.id, "how a run ended could not be told yet: {trouble}");
            pause.wait().await;
        }
    }

    async fn tell_end(self: &Arc<Self>, row: &RequestRow, job: &JobRow) -> Result<(), Trouble> {
        let missing = match self.exporter.export_now().await {
            Ok(missing) => missing,
            Err(error) => {
                tracing::error!("the record could not be exported: {error}");
                Vec::new()
            }
        };
        let mut row = row.clone();
        let guard = Guard::Request { id: row.id.clone(), version: row.version };
        row.version += 1;
        let reply = match serde_json::from_value::<Untold>(job.saved.clone()) {
            Ok(untold) => {
                row.state = untold.state;
                row.finished_at = Some(untold.finished_at);
                row.note = Some(untold.note);
                untold.reply
            }
            // Written by another version, or by somebody else. The record has what happened.
            Err(error) => {
                tracing::error!(request = %row.id, "what was to be told cannot be read: {error}");
                row.state = RequestState::Unknown;
                row.finished_at = Some(self.clock.now());
                answer::untold(&row)
            }
        };
        let reply = answer::not_exported(reply, &missing);
        let (row, mut rows) = self.with_card(row, reply.clone())?;
        rows.push(Row::Job(JobRow { state: JobState::Ended, saved: Value::Null, ..job.clone() }));
        let step = Step { guard, rows, entries: vec![entries::replied(&row, &reply, self.clock.now())] };
        let _moved_on = self.write(step).await?;
        Ok(())
    }
}

/// What else is on the record when these rows are written.
fn also(row: &RequestRow, carried: &[Row], now: Timestamp) -> Vec<Entry> {
    let mut entries = Vec::new();
    for carried in carried {
        if let Row::Policy(policy) = carried {
            entries.push(entries::policy_loaded(policy, row.policy, now).about(&row.id));
        }
    }
    entries
}

/// The state of a request whose run ended so.
pub(super) const fn ended_as(outcome: &Outcome) -> RequestState {
    match outcome {
        Outcome::Done(_) => RequestState::Done,
        Outcome::Failed(_) => RequestState::Failed,
        Outcome::Unknown(_) => RequestState::Unknown,
    }
}

/// A pause that grows with each try.
struct Pause(Duration);

impl Default for Pause {
    fn default() -> Self {
        Self(Duration::from_millis(200))
    }
}

impl Pause {
    async fn wait(&mut self) {
        tokio::time::sleep(self.0).await;
        self.0 = (self.0 * 2).min(Duration::from_secs(10));
    }
}
