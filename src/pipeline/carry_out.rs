use std::sync::Arc;
use std::time::Duration;

use futures::FutureExt as _;
use futures::future::BoxFuture;
use serde_json::{Map, Value};
use tokio::sync::mpsc;

use super::matter::Matter;
use super::receive::since;
use super::{Rooms, Trouble, answer, entries};
use crate::audit::{Recorded, Step};
use crate::domain::{Outcome, PersonId};
use crate::execute::{Carried, Progress, Slip};
use crate::gate::Cleared;
use crate::store::{Guard, JobRow, JobState, RequestRow, RequestState, Row};

/// A run that goes on.
struct Underway {
    row: RequestRow,
    approvers: Vec<PersonId>,
    /// Whether it holds its target, as everything does that changes something.
    exclusive: Exclusive,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Exclusive {
    Yes,
    No,
}

impl Rooms {
    pub(super) fn job(&self, row: &RequestRow, state: JobState, saved: Value) -> JobRow {
        let tool = row.tool.as_deref().and_then(|name| self.catalog.tool(name));
        let repeat = tool.and_then(|tool| tool.manifest().repeat);
        JobRow {
            request: row.id.clone(),
            state,
            repeat: repeat.map_or_else(|| "once".to_owned(), |repeat| format!("{repeat:?}").to_lowercase()),
            key: row.id.as_str().to_owned(),
            target: row.target.clone().unwrap_or_default(),
            saved,
            started_at: row.started_at.unwrap_or(row.created_at),
        }
    }

    pub(super) async fn run(self: Arc<Self>, recorded: Recorded<Cleared>, row: RequestRow) {
        let cleared = recorded.get();
        let exclusive = if cleared.assessment().class.mutates() { Exclusive::Yes } else { Exclusive::No };
        let underway = Underway { approvers: cleared.approved_by().to_vec(), exclusive, row };
        let slip = slip(&underway.row);
        let (sender, receiver) = mpsc::channel(16);
        let hands = self.hands.clone();
        let running = async move { hands.run(recorded, &slip, sender).await };
        self.follow(underway, running, receiver).await;
    }

    /// Takes up the watch of a run after a restart.
    pub(super) async fn watch_again(self: Arc<Self>, matter: Matter, saved: Map<String, Value>) {
        let approvers = matter.standing.votes.iter().map(|vote| vote.person.clone()).collect();
        let underway = Underway { approvers, exclusive: Exclusive::Yes, row: matter.row };
        let slip = slip(&underway.row);
        let (sender, receiver) = mpsc::channel(16);
        let (hands, call) = (self.hands.clone(), matter.call);
        let watching = async move {
            let outcome = hands.resume(&call, &slip, saved, sender).await;
            Carried { outcome, rows: Vec::new() }
        };
        self.follow(underway, watching, receiver).await;
    }

    /// Shows how a run goes on, and writes down how it ended.
    async fn follow(
        self: &Arc<Self>,
        mut underway: Underway,
        running: impl Future<Output = Carried>,
        mut progress: mpsc::Receiver<Progress>,
    ) {
        tokio::pin!(running);
        let carried = loop {
            tokio::select! {
                biased;
                Some(progress) = progress.recv() => {
                    if let Err(trouble) = self.show(&mut underway, progress).await {
                        tracing::warn!(request = %underway.row.id, "progress was not written: {trouble}");
                    }
                }
                carried = &mut running => break carried,
            }
        };
        self.finish(&underway, &carried).await;
        if underway.exclusive == Exclusive::Yes
            && let Some(target) = underway.row.target
            && let Err(trouble) = self.next_on(&target).await
        {
            tracing::error!(%target, "the next request was not started: {trouble}");
        }
    }

    async fn show(self: &Arc<Self>, underway: &mut Underway, progress: Progress) -> Result<(), Trouble> {
        let guard = Guard::Request { id: underway.row.id.clone(), version: underway.row.version };
        let mut next = underway.row.clone();
        next.version += 1;
        let (next, rows) = match progress {
            Progress::Taken(saved) => {
                let job = self.job(&next, JobState::Watching, saved);
                (next.clone(), vec![Row::Request(Box::new(next)), Row::Job(job)])
            }
            Progress::Say(line) => {
                let reply = answer::running(&next, &underway.approvers, &line);
                self.with_card(next, reply)?
            }
        };
        if self.write(Step { guard, rows, entries: Vec::new() }).await?.is_ok() {
            underway.row = next;
        }
        Ok(())
    }

    /// Writes the end down. It happened, so this is tried until it is written: a run without an end on the record
    /// would be taken for one that was interrupted.
    async fn finish(self: &Arc<Self>, underway: &Underway, carried: &Carried) {
        let mut pause = Duration::from_millis(200);
        while let Err(trouble) = self.try_finish(underway, carried).await {
            tracing::error!(request = %underway.row.id, "the end of a run is not on the record yet: {trouble}");
            tokio::time::sleep(pause).await;
            pause = (pause * 2).min(Duration::from_secs(10));
        }
    }

    async fn try_finish(self: &Arc<Self>, underway: &Underway, carried: &Carried) -> Result<(), Trouble> {
        let now = self.clock.now();
        let mut row = underway.row.clone();
        let took = since(row.started_at.unwrap_or(now), now);
        let guard = Guard::Request { id: row.id.clone(), version: row.version };
        row.version += 1;
        row.state = ended_as(&carried.outcome);
        row.finished_at = Some(now);
        row.note = Some(carried.outcome.text().to_owned());
        let reply = answer::finished(&row, &carried.outcome, &underway.approvers, took);
        let (row, mut rows) = self.with_card(row, reply.clone())?;
        if underway.exclusive == Exclusive::Yes {
            rows.push(Row::Job(self.job(&row, JobState::Ended, Value::Null)));
        }
        rows.extend(carried.rows.iter().cloned());
        let mut entries =
            vec![entries::finished(&row, &carried.outcome, took, now), entries::replied(&row, &reply, now)];
        for carried in &carried.rows {
            if let Row::Policy(policy) = carried {
                entries.push(entries::policy_loaded(policy, row.policy, now).about(&row.id));
            }
        }
        let _moved_on = self.write(Step { guard, rows, entries }).await?;
        Ok(())
    }

    /// Starts what waited for its turn on a target. Boxed, because a start leads to a run and its end to here.
    fn next_on<'a>(self: &'a Arc<Self>, target: &'a str) -> BoxFuture<'a, Result<(), Trouble>> {
        async move {
            let approved = self.store.approved().await?;
            let next = approved.into_iter().find(|row| row.target.as_deref() == Some(target));
            let Some(row) = next else { return Ok(()) };
            match self.matter(row).await? {
                Some(matter) => Box::pin(self.carry_out(matter)).await,
                None => Ok(()),
            }
        }
        .boxed()
    }
}

/// The state of a request whose run ended so.
pub(super) const fn ended_as(outcome: &Outcome) -> RequestState {
    match outcome {
        Outcome::Done(_) => RequestState::Done,
        Outcome::Failed(_) => RequestState::Failed,
        Outcome::Unknown(_) => RequestState::Unknown,
    }
}

fn slip(row: &RequestRow) -> Slip {
    Slip {
        request: row.id.clone(),
        key: row.id.as_str().to_owned(),
        facts: row.facts.clone(),
        channel: row.place.channel.clone(),
    }
}
