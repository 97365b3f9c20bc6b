use std::sync::Arc;
use std::time::Duration;

use super::ask::next_escalation;
use super::matter::Matter;
use super::receive::since;
use super::{Rooms, Trouble, answer, entries};
use crate::audit::{Entry, Step};
use crate::domain::{PersonId, Place};
use crate::gate::{Audience, Channel, Decision, Policy, Verdict, decide};
use crate::store::{Guard, RequestRow, RequestState, Row, TimerKind, TimerRow};

/// How long after it was told of an open review is told of again.
pub(super) const REVIEW_AGAIN: Duration = Duration::from_secs(24 * 3_600);

impl Rooms {
    /// Does what has fallen due: ends what waited too long, reminds those who are waited for, starts what waited for its
    /// turn. Called by the worker once a second, and by tests when they have moved the clock.
    ///
    /// # Errors
    /// When it cannot be read or written. The next call tries again.
    pub async fn tick(self: &Arc<Self>) -> Result<(), Trouble> {
        // Another replica may have accepted another policy.
        Box::pin(self.follow_policy()).await?;
        for row in self.store.due(self.clock.now()).await? {
            let why = if row.state == RequestState::Approved {
                "its turn did not come in time"
            } else {
                "nobody said yes in time"
            };
            self.end(row, RequestState::Expired, why.to_owned(), None).await?;
        }
        for timer in self.store.due_timers(self.clock.now()).await? {
            self.ring(timer).await?;
        }
        for row in self.store.approved().await? {
            if let Some(matter) = self.matter(row).await? {
                Box::pin(self.carry_out(matter)).await?;
            }
        }
        Ok(())
    }

    /// Does what a timer was set for, once: its row goes in the step that does it.
    async fn ring(self: &Arc<Self>, timer: TimerRow) -> Result<(), Trouble> {
        let gone = Row::TimerGone { request: timer.request.clone(), kind: timer.kind };
        let step = match timer.kind {
            TimerKind::Reminder => Box::pin(self.remind(&timer, gone.clone())).await?,
            TimerKind::Escalation => Box::pin(self.escalate(&timer, gone.clone())).await?,
            TimerKind::Review => Box::pin(self.nag(&timer)).await?,
        };
        let idle = Step { guard: Guard::Open, rows: vec![gone], entries: Vec::new() };
        // Refused means that the request has moved on in this moment; the next tick looks again.
        let _moved_on = self.write(step.unwrap_or(idle)).await?;
        Ok(())
    }

    /// A request that still waits for people, as the gate sees it now.
    async fn still_waiting(&self, timer: &TimerRow) -> Result<Option<(Matter, Verdict)>, Trouble> {
        let Some(row) = self.store.request(&timer.request).await? else { return Ok(None) };
        if row.state != RequestState::Waiting || row.awaits.is_empty() {
            return Ok(None);
        }
        let Some(matter) = self.matter(row).await? else { return Ok(None) };
        let verdict = decide(&self.policy.load(), &matter.case(self.clock.now()));
        let waits = matches!(verdict.decision, Decision::Confirm | Decision::NeedApproval);
        Ok(waits.then_some((matter, verdict)))
    }

    /// Reminds those who are waited for. `None` when nobody is waited for any more.
    async fn remind(&self, timer: &TimerRow, gone: Row) -> Result<Option<Step>, Trouble> {
        let Some((matter, verdict)) = self.still_waiting(timer).await? else { return Ok(None) };
        let reply = answer::reminder(&matter.row, &verdict, self.clock.now(), &self.zone());
        let (remark, entry) = self.remark_row(&matter.row, reply)?;
        Ok(Some(said_once(matter.row, vec![gone, remark], entry)))
    }

    /// Tells those whom the policy names that nobody has decided for a while. It lets nobody approve who could not before.
    async fn escalate(&self, timer: &TimerRow, gone: Row) -> Result<Option<Step>, Trouble> {
        let Some((matter, verdict)) = self.still_waiting(timer).await? else { return Ok(None) };
        let now = self.clock.now();
        let row = matter.row;
        let since = row.waits_since.unwrap_or(row.created_at);
        let due = verdict
            .escalations
            .iter()
            .filter(|step| since.checked_add(step.after).ok() == Some(timer.due_at));
        let audiences: Vec<&Audience> = due.map(|step| &step.to).collect();
        let (people, places) = self.audience(audiences);
        let reply = answer::escalation(&row, &verdict, &people, now);
        let (remark, entry) = self.remark_row(&row, reply.clone())?;
        let mut rows = vec![remark];
        for place in places.iter().filter(|place| place.channel != row.place.channel) {
            let reply = answer::elsewhere(&row, reply.clone());
            rows.push(Row::Message(Box::new(self.message(place, Some(&row.id), reply)?)));
        }
        rows.push(match next_escalation(&row, &verdict, timer.due_at) {
            Some(due_at) => Row::Timer(TimerRow { due_at, ..timer.clone() }),
            None => gone,
        });
        Ok(Some(said_once(row, rows, entry)))
    }

    /// Brings an open review up again, and will do so until somebody has closed it.
    async fn nag(&self, timer: &TimerRow) -> Result<Option<Step>, Trouble> {
        let open = self.store.review(&timer.request).await?.filter(|review| review.closed.is_none());
        let (Some(review), Some(row)) = (open, self.store.request(&timer.request).await?) else {
            return Ok(None);
        };
        let now = self.clock.now();
        let reply = answer::review_open(&row, since(review.opened_at, now));
        let mut rows = self.to_operators(&reply)?;
        let due_at = now.saturating_add(REVIEW_AGAIN).unwrap_or(now);
        rows.push(Row::Timer(TimerRow { due_at, ..timer.clone() }));
        let entry = entries::replied(&row, &reply, now);
        Ok(Some(said_once(row, rows, entry)))
    }

    /// The people and places that audiences are at this moment.
    pub(super) fn audience<'a>(
        &self,
        audiences: impl IntoIterator<Item = &'a Audience>,
    ) -> (Vec<PersonId>, Vec<Place>) {
        let (policy, membership, now) = (self.policy.load_full(), self.roster.now(), self.clock.now());
        let (mut people, mut places) = (Vec::new(), Vec::new());
        for audience in audiences {
            match audience {
                Audience::Role(role) => people.extend(policy.people_in(role, &membership, now)),
                Audience::Channel(name) => places.extend(listed(&policy, name)),
            }
        }
        people.sort();
        people.dedup();
        (people, places)
    }
}

/// A step that says something about a request, and only if the request is as it was read: so it is said once.
fn said_once(mut row: RequestRow, mut rows: Vec<Row>, entry: Entry) -> Step {
    let guard = Guard::Request { id: row.id.clone(), version: row.version };
    row.version += 1;
    rows.push(Row::Request(Box::new(row)));
    Step { guard, rows, entries: vec![entry] }
}

/// The listed channels of a name, one for each platform that has it.
pub(super) fn listed(policy: &Policy, name: &str) -> Vec<Place> {
    let listed = policy.channels().iter().filter(|channel| channel.name == name);
    let place = |channel: &Channel| Place {
        platform: channel.platform,
        workspace: channel.workspace.clone(),
        channel: channel.id.clone(),
        thread: None,
    };
    listed.map(place).collect()
}
