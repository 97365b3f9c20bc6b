use std::sync::Arc;

use futures::FutureExt as _;
use futures::future::BoxFuture;
use serde_json::{Map, Value};
use tokio::sync::mpsc;

use super::finish::{Finish, Weight};
use super::matter::Matter;
use super::{Rooms, Trouble, answer};
use crate::audit::{Recorded, Step};
use crate::domain::PersonId;
use crate::execute::{Carried, Progress, Slip};
use crate::gate::Cleared;
use crate::store::{Guard, JobRow, JobState, RequestRow, Row};

/// A run that goes on.
struct Underway {
    row: RequestRow,
    approvers: Vec<PersonId>,
    /// Whether it holds its target, as everything does that changes something.
    exclusive: Exclusive,
    weight: Weight,
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
        let weight = self.weight(cleared.assessment().class, cleared.call().environment());
        let underway = Underway { approvers: cleared.approved_by().to_vec(), exclusive, weight, row };
        let slip = slip(&underway.row);
        let (sender, receiver) = mpsc::channel(16);
        let hands = self.hands.clone();
        let running = async move { hands.run(recorded, &slip, sender).await };
        self.follow(underway, running, receiver).await;
    }

    /// Takes up the watch of a run after a restart.
    pub(super) async fn watch_again(self: Arc<Self>, matter: Matter, saved: Map<String, Value>) {
        let approvers = matter.standing.votes.iter().map(|vote| vote.person.clone()).collect();
        let weight = self.weight(matter.assessment.class, matter.call.environment());
        let underway = Underway { approvers, exclusive: Exclusive::Yes, weight, row: matter.row };
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
        let job = self.job(&underway.row, JobState::Ended, Value::Null);
        self.bring_to_end(&Finish {
            row: underway.row.clone(),
            outcome: &carried.outcome,
            rows: carried.rows,
            job: (underway.exclusive == Exclusive::Yes).then_some(job),
            approvers: &underway.approvers,
            weight: underway.weight,
        })
        .await;
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

fn slip(row: &RequestRow) -> Slip {
    Slip {
        request: row.id.clone(),
        key: row.id.as_str().to_owned(),
        facts: row.facts.clone(),
        channel: row.place.channel.clone(),
    }
}
