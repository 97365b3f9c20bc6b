use std::sync::Arc;

use futures::FutureExt as _;
use futures::future::BoxFuture;
use serde_json::{Map, Value};
use tokio::sync::mpsc;

use super::ending::{Ending, Weight};
use super::matter::Matter;
use super::{Rooms, Trouble, answer, changes, entries};
use crate::audit::{Recorded, Step};
use crate::catalog::drift;
use crate::domain::{PersonId, Reply, RequestId, Tone};
use crate::execute::{Carried, Progress, Slip};
use crate::gate::{Cleared, Decision, clear, decide};
use crate::store::{Guard, JobRow, JobState, Refused, RequestRow, RequestState, Row};

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

/// How often a start is tried again when locks move under it.
const STARTS: u32 = 5;

impl Rooms {
    /// Runs what everybody agreed to, after a last look: the facts it was approved for must still hold.
    pub(super) async fn carry_out(self: &Arc<Self>, matter: Matter) -> Result<(), Trouble> {
        // Two who agree at the same moment both come here, and the later one may find it running or over.
        if !matter.row.state.is_open() {
            return Ok(());
        }
        let reading = self.hands.facts(&matter.call).await;
        if let Some(why) = reading.unread {
            return self.not_started(&matter.row, &why).await;
        }
        let row = RequestRow { facts: reading.facts, unreadable: reading.unreadable, ..matter.row.clone() };
        let Some(now_matter) = self.matter(row).await? else {
            let why = "a tool or a name it uses is gone".to_owned();
            return self.end(matter.row, RequestState::Superseded, why, None).await;
        };
        let drifted = drift(&matter.held, &now_matter.held);
        if let Some(sentence) = reading.missing {
            return self.end(matter.row, RequestState::Superseded, sentence, None).await;
        }
        if drifted.is_empty() && matter.held == now_matter.held {
            return self.start(now_matter).await;
        }
        self.ask_again(now_matter, &drifted).await
    }

    /// Without the facts there is no start, but what was agreed to stands. Who waits for a turn is tried again anyway.
    async fn not_started(self: &Arc<Self>, row: &RequestRow, why: &str) -> Result<(), Trouble> {
        if row.state == RequestState::Approved {
            return Ok(());
        }
        let reply = Reply::say(Tone::Failed, format!("It has not started: {}", answer::unread(why)));
        self.remark(row, answer::try_again(reply), Vec::new()).await
    }

    /// The world moved: what was agreed to is void, and is put up again as it is now.
    async fn ask_again(self: &Arc<Self>, mut matter: Matter, drifted: &[String]) -> Result<(), Trouble> {
        matter.row.confirmed_by = None;
        matter.standing.confirmed_by = None;
        matter.standing.votes.clear();
        let policy = self.policy.load_full();
        let verdict = decide(&policy, &matter.case(self.clock.now()));
        let what =
            format!("This changed since it was agreed to, so please look again: {}.", drifted.join(", "));
        if let Some(short) = matter.assessment.short.clone() {
            let (crate::catalog::Short::Refuse(sentence) | crate::catalog::Short::Answer(sentence)) = short;
            return self.end(matter.row, RequestState::Superseded, sentence, None).await;
        }
        match verdict.decision {
            Decision::Deny => {
                let why = format!("{what} {}", verdict.sentence());
                self.end(matter.row, RequestState::Refused, why, None).await
            }
            Decision::Allow => self.start(matter).await,
            Decision::Confirm | Decision::NeedApproval => {
                matter.entries.push(entries::judged(&matter, &verdict, self.clock.now()));
                self.ask(matter, verdict, Some(what)).await
            }
        }
    }

    /// Clears, writes the start down and runs, in that order: without the entry there is no run.
    pub(super) async fn start(self: &Arc<Self>, mut matter: Matter) -> Result<(), Trouble> {
        if let Some(why) = self.read_only(matter.assessment.class) {
            return self.hold_back(matter, &why).await;
        }
        for _try in 0..STARTS {
            let now = self.clock.now();
            let policy = self.policy.load_full();
            let cleared = match clear(&policy, &matter.case(now)) {
                Ok(cleared) => cleared,
                Err(verdict) => return self.not_cleared(matter, verdict).await,
            };
            let (row, step) = self.start_step(&matter, &cleared)?;
            let changed = changes(&step.rows);
            match self.ledger.started(cleared, step).await? {
                Ok(recorded) => {
                    self.tell(changed);
                    let rooms = Arc::clone(self);
                    self.tasks.spawn(async move { rooms.run(recorded, row).await });
                    return Ok(());
                }
                Err((Refused::LocksChanged, _)) => {
                    let entries = std::mem::take(&mut matter.entries);
                    let Some(fresh) = self.matter(matter.row).await? else { return Ok(()) };
                    matter = Matter { entries, ..fresh };
                }
                Err((Refused::Busy(other), _)) => return self.queue(matter, &other).await,
                // Somebody else moved the request on: a second click, another replica. Theirs counts.
                Err((Refused::Changed | Refused::SeenBefore(_), _)) => return Ok(()),
            }
        }
        let why = "locks kept changing while it was about to start; ask again".to_owned();
        self.end(matter.row, RequestState::Superseded, why, None).await
    }

    fn start_step(&self, matter: &Matter, cleared: &Cleared) -> Result<(RequestRow, Step), Trouble> {
        let now = self.clock.now();
        let mut row = matter.row.clone();
        let guard = Guard::Start {
            id: row.id.clone(),
            version: row.version,
            locks: matter.assessment.class.mutates().then_some(matter.locks),
            target: matter.assessment.class.mutates().then(|| matter.call.target().to_owned()),
        };
        row.version += 1;
        row.state = RequestState::Started;
        row.started_at = Some(now);
        row.awaits.clear();
        row.binding = Some(cleared.binding());
        row.policy = Some(cleared.policy());
        let mut entries = matter.entries.clone();
        entries.push(entries::started(&row, cleared, now));
        if !matter.assessment.class.mutates() {
            // A read answers at once; a card that says so first would only flicker.
            return Ok((row.clone(), Step { guard, rows: vec![Row::Request(Box::new(row))], entries }));
        }
        let approvers = cleared.approved_by();
        let (row, mut rows) = self.with_card(row.clone(), answer::running(&row, approvers, "starting"))?;
        rows.push(Row::Job(self.job(&row, JobState::Running, Value::Null)));
        Ok((row, Step { guard, rows, entries }))
    }

    fn job(&self, row: &RequestRow, state: JobState, saved: Value) -> JobRow {
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

    /// What was allowed a moment ago is not any more: a role is gone, a lock went up, the time is over.
    async fn not_cleared(
        self: &Arc<Self>,
        mut matter: Matter,
        verdict: crate::gate::Verdict,
    ) -> Result<(), Trouble> {
        matter.entries.push(entries::judged(&matter, &verdict, self.clock.now()));
        match verdict.decision {
            Decision::Deny => {
                let mut row = matter.row;
                row.note = Some(verdict.sentence().to_owned());
                let reply = answer::denied_by_gate(&row, &verdict);
                self.conclude(row, RequestState::Refused, reply, matter.entries).await
            }
            Decision::Allow => Ok(()),
            Decision::Confirm | Decision::NeedApproval => {
                let why = "Not everybody who agreed may still do so, so it waits again.".to_owned();
                self.ask(matter, verdict, Some(why)).await
            }
        }
    }

    /// Something else runs on the same target: this one waits for its turn, for as long as an approval is good for.
    async fn queue(self: &Arc<Self>, matter: Matter, other: &RequestId) -> Result<(), Trouble> {
        let now = self.clock.now();
        let policy = self.policy.load_full();
        let verdict = decide(&policy, &matter.case(now));
        let mut row = matter.row;
        let guard = Guard::Request { id: row.id.clone(), version: row.version };
        if row.state == RequestState::Approved {
            return Ok(());
        }
        row.version += 1;
        row.state = RequestState::Approved;
        row.awaits.clear();
        row.start_by = now.checked_add(verdict.start_within).ok();
        let ahead = self.store.request(other).await?.and_then(|other| other.command).unwrap_or_default();
        let reply = answer::queued(&row, &ahead);
        let (row, rows) = self.with_card(row, reply.clone())?;
        let mut entries = matter.entries;
        entries.push(entries::replied(&row, &reply, now));
        let _moved_on = self.write(Step { guard, rows, entries }).await?;
        Ok(())
    }

    async fn run(self: Arc<Self>, recorded: Recorded<Cleared>, row: RequestRow) {
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
        self.bring_to_end(&Ending {
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
                Some(matter) => self.carry_out(matter).await,
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
