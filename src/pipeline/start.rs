//! From "everybody has agreed" to "it runs": a last look at everything, and the one transaction that starts it.
//!
//! What is checked inside that transaction: the request and its votes are as they were read, and so are the locks and the
//! policy; nothing else runs on the target; and what was decided, with the facts it was decided on, is at most
//! [`FRESH`] old. Whatever does not hold is looked at again from the beginning.

use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use serde_json::Value;

use super::ask::Stand;
use super::due::REVIEW_AGAIN;
use super::matter::Matter;
use super::policy::POLICY_CHANGED;
use super::roster::Accounts;
use super::{Rooms, Trouble, answer, changes, entries};
use crate::audit::Step;
use crate::catalog::{Short, drift};
use crate::domain::{Place, Reply, RequestId, Tone};
use crate::gate::{Cleared, Decision, Emergency, Verdict, clear, decide};
use crate::store::{Guard, JobState, Refused, RequestRow, RequestState, ReviewRow, Row, TimerKind, TimerRow};

/// How often a start is tried again when something moves under it.
const STARTS: u32 = 5;

/// How old facts and decision may be when the start is written.
const FRESH: Duration = Duration::from_secs(5);

/// What came of an attempt to start.
enum Attempt {
    /// It started, waits, or has ended.
    Over,
    /// The facts are too old by now; here is what is known, with the entries still to be written.
    Stale(Box<Matter>),
}

impl Rooms {
    /// Runs what everybody agreed to, after a last look: the facts it was approved for must still hold.
    pub(super) async fn carry_out(self: &Arc<Self>, mut matter: Matter) -> Result<(), Trouble> {
        for _try in 0..STARTS {
            // Two who agree at the same moment both come here, and the later one may find it running or over.
            if !matter.row.state.is_open() {
                return Ok(());
            }
            let barred = match self.accounts(&matter.row).await? {
                Accounts::Barred(people) => people,
                Accounts::NotTheAskers(why) => {
                    return self.end(matter.row, RequestState::Refused, why, None).await;
                }
                Accounts::Unsaid(why) => return self.not_started(&matter.row, &why).await,
            };
            let reading = self.hands.facts(&matter.call).await;
            if let Some(why) = reading.unread {
                return self.not_started(&matter.row, &answer::unread(&why)).await;
            }
            let row =
                RequestRow { facts: reading.facts, unreadable: reading.unreadable, ..matter.row.clone() };
            let Some(fresh) = self.matter(row).await? else {
                let why = "a tool or a name it uses is gone".to_owned();
                return self.end(matter.row, RequestState::Superseded, why, None).await;
            };
            (matter.barred, matter.facts_at) = (barred, self.clock.now());
            let mut fresh = fresh.after(&matter);
            self.look_earlier(&mut fresh).await;
            if let Some(sentence) = reading.missing {
                return self.end(matter.row, RequestState::Superseded, sentence, None).await;
            }
            let drifted = drift(&matter.held, &fresh.held);
            if !drifted.is_empty() || matter.held != fresh.held {
                match Box::pin(self.world_moved(fresh, &drifted)).await? {
                    Some(as_it_is_now) => fresh = *as_it_is_now,
                    None => return Ok(()),
                }
            }
            match Box::pin(self.attempt(fresh)).await? {
                Attempt::Over => return Ok(()),
                Attempt::Stale(back) => matter = *back,
            }
        }
        self.gave_up(matter.row).await
    }

    /// Starts what needs nothing more, on facts that were read just now.
    pub(super) async fn start(self: &Arc<Self>, matter: Matter) -> Result<(), Trouble> {
        match Box::pin(self.attempt(matter)).await? {
            Attempt::Over => Ok(()),
            Attempt::Stale(matter) => Box::pin(self.carry_out(*matter)).await,
        }
    }

    /// Without the facts there is no start, but what was agreed to stands. Who waits for a turn is tried again anyway.
    async fn not_started(self: &Arc<Self>, row: &RequestRow, why: &str) -> Result<(), Trouble> {
        if row.state == RequestState::Approved {
            return Ok(());
        }
        let reply = Reply::say(Tone::Failed, format!("It has not started: {why}"));
        self.remark(row, answer::try_again(reply), Vec::new()).await
    }

    async fn gave_up(self: &Arc<Self>, row: RequestRow) -> Result<(), Trouble> {
        let why = "what it depends on kept changing while it was about to start; ask again".to_owned();
        self.end(row, RequestState::Superseded, why, None).await
    }

    /// The world moved: what was agreed to is void, and is put up again as it is now. Gives it back where it needs nobody
    /// as it is now.
    async fn world_moved(
        self: &Arc<Self>,
        matter: Matter,
        drifted: &[String],
    ) -> Result<Option<Box<Matter>>, Trouble> {
        if let Some(short) = matter.assessment.short.clone() {
            let (Short::Refuse(sentence) | Short::Answer(sentence)) = short;
            self.end(matter.row, RequestState::Superseded, sentence, None).await?;
            return Ok(None);
        }
        let what = drifted.join(", ");
        let why = format!("This changed since it was agreed to, so please look again: {what}.");
        Box::pin(self.ask_anew(matter, why)).await
    }

    /// Clears, writes the start down and runs, in that order: without the entry there is no run.
    async fn attempt(self: &Arc<Self>, mut matter: Matter) -> Result<Attempt, Trouble> {
        if let Some(why) = self.read_only(matter.assessment.class) {
            self.hold_back(matter, &why).await?;
            return Ok(Attempt::Over);
        }
        for _try in 0..STARTS {
            let now = self.clock.now();
            let policy = self.policy.load_full();
            let cleared = match clear(&policy, &matter.case(now)) {
                Ok(cleared) => cleared,
                Err(verdict) => {
                    Box::pin(self.not_cleared(matter, verdict)).await?;
                    return Ok(Attempt::Over);
                }
            };
            let (row, step) = self.start_step(&matter, &cleared, now)?;
            let changed = changes(&step.rows);
            match self.ledger.started(cleared, step).await? {
                Ok(recorded) => {
                    self.tell(changed);
                    let rooms = Arc::clone(self);
                    self.tasks.spawn(async move { rooms.run(recorded, row).await });
                    return Ok(Attempt::Over);
                }
                Err((Refused::LocksChanged, _)) => {}
                Err((Refused::PolicyChanged, _)) => Box::pin(self.follow_policy()).await?,
                Err((Refused::Late, _)) => {
                    let Some(fresh) = self.matter(matter.row.clone()).await? else {
                        return Ok(Attempt::Over);
                    };
                    return Ok(Attempt::Stale(Box::new(fresh.after(&matter))));
                }
                Err((Refused::Busy(other), _)) => {
                    Box::pin(self.queue(matter, &other)).await?;
                    return Ok(Attempt::Over);
                }
                // Somebody else moved the request on: a second click, another replica. Theirs counts.
                Err((Refused::Changed | Refused::SeenBefore(_), _)) => return Ok(Attempt::Over),
            }
            let Some(fresh) = self.matter(matter.row.clone()).await? else { return Ok(Attempt::Over) };
            matter = fresh.after(&matter);
        }
        self.gave_up(matter.row).await?;
        Ok(Attempt::Over)
    }

    fn start_step(
        &self,
        matter: &Matter,
        cleared: &Cleared,
        now: Timestamp,
    ) -> Result<(RequestRow, Step), Trouble> {
        let mut row = matter.row.clone();
        let guard = Guard::Start {
            id: row.id.clone(),
            version: row.version,
            locks: matter.assessment.class.mutates().then_some(matter.locks),
            target: matter.assessment.class.mutates().then(|| matter.call.target().to_owned()),
            policy: cleared.policy(),
            until: too_old(matter, now),
        };
        row.version += 1;
        row.state = RequestState::Started;
        row.started_at = Some(now);
        row.awaits.clear();
        row.agreed = cleared.approved_by().to_vec();
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
        if let Some(emergency) = cleared.emergency() {
            rows.extend(self.loud(&row, emergency, now)?);
        }
        Ok((row, Step { guard, rows, entries }))
    }

    /// An emergency is told where it was asked, to the operators and to whom the policy names, and stays open until
    /// somebody else has looked at it.
    fn loud(&self, row: &RequestRow, emergency: &Emergency, now: Timestamp) -> Result<Vec<Row>, Trouble> {
        let policy = self.policy.load_full();
        let tell = policy.break_glass().map(|glass| glass.tell.as_slice()).unwrap_or_default();
        let (people, told) = self.audience(tell);
        let mut places = vec![Place { thread: None, ..row.place.clone() }];
        for place in self.operators().into_iter().chain(told) {
            if !places.contains(&place) {
                places.push(place);
            }
        }
        let reply = answer::emergency(row, emergency, &people);
        let mut rows = Vec::new();
        for place in &places {
            rows.push(Row::Message(Box::new(self.message(place, Some(&row.id), reply.clone())?)));
        }
        rows.push(Row::Review(ReviewRow { request: row.id.clone(), opened_at: now, closed: None }));
        let due_at = now.saturating_add(REVIEW_AGAIN).unwrap_or(now);
        rows.push(Row::Timer(TimerRow { request: row.id.clone(), kind: TimerKind::Review, due_at }));
        Ok(rows)
    }

    /// What was allowed a moment ago is not any more: a role is gone, a lock went up, the time is over.
    async fn not_cleared(self: &Arc<Self>, mut matter: Matter, verdict: Verdict) -> Result<(), Trouble> {
        matter.entries.push(entries::judged(&matter, &verdict, self.clock.now()));
        let why = match verdict.decision {
            Decision::Allow => return Ok(()),
            Decision::Confirm | Decision::NeedApproval if matter.row.policy == Some(verdict.policy) => {
                "Not everybody who agreed may still do so, so it waits again.".to_owned()
            }
            Decision::Confirm | Decision::NeedApproval => POLICY_CHANGED.to_owned(),
            Decision::Deny => match passing(&verdict) {
                // Before anybody was asked there is nothing to wait with.
                Some(sentence) if matter.row.state != RequestState::Received => {
                    format!("It did not start: {sentence}. When that is over, it can be agreed to again.")
                }
                Some(_) | None => {
                    let mut row = matter.row;
                    row.note = Some(verdict.sentence().to_owned());
                    let reply = answer::denied_by_gate(&row, &verdict);
                    return Box::pin(self.conclude(row, RequestState::Refused, reply, matter.entries)).await;
                }
            },
        };
        // Put up again it needs somebody: that it could start now after all would be a decision without a look.
        let _starts_by_itself = Box::pin(self.ask_anew(matter, why)).await?;
        Ok(())
    }

    /// Something else runs on the same target: this one waits for its turn, for as long as an approval is good for.
    async fn queue(self: &Arc<Self>, matter: Matter, other: &RequestId) -> Result<(), Trouble> {
        let now = self.clock.now();
        let policy = self.policy.load_full();
        let verdict = decide(&policy, &matter.case(now));
        if matter.row.state == RequestState::Approved {
            return Ok(());
        }
        let stand = Stand::of(&matter, &policy, &verdict, now);
        let mut row = matter.row;
        let guard = Guard::Request { id: row.id.clone(), version: row.version };
        stand.note(&mut row);
        row.version += 1;
        row.state = RequestState::Approved;
        row.awaits.clear();
        row.start_by = now.checked_add(verdict.start_within).ok();
        let ahead = self.store.request(other).await?.and_then(|other| other.command).unwrap_or_default();
        let reply = answer::queued(&row, &ahead, &self.zone());
        let (row, rows) = self.with_card(row, reply.clone())?;
        let mut entries = matter.entries;
        entries.push(entries::replied(&row, &reply, now));
        let _moved_on = self.write(Step { guard, rows, entries }).await?;
        Ok(())
    }
}

/// From when on what was decided at `now` is too old to start on: when its time is over, and soon in any case.
fn too_old(matter: &Matter, now: Timestamp) -> Timestamp {
    let deadline = matter.standing.start_by.or(matter.standing.expires_at).unwrap_or(Timestamp::MAX);
    let read = matter.facts_at.min(now);
    read.saturating_add(FRESH).unwrap_or(now).min(deadline)
}

/// The sentence of what stands in the way now and will pass by itself, if nothing else does.
pub(super) fn passing(verdict: &Verdict) -> Option<&str> {
    use crate::gate::ReasonCode::{Freeze, Limit, Lock, Order};
    let mut bars = verdict.findings.iter().filter(|finding| finding.decision == Decision::Deny).peekable();
    let first = bars.peek()?.sentence.as_str();
    bars.all(|finding| matches!(finding.reason, Freeze | Limit | Lock | Order)).then_some(first)
}
