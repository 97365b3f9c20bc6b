use std::sync::Arc;

use super::{Rooms, Trouble, answer};
use crate::audit::Step;
use crate::gate::{Decision, decide};
use crate::store::{Guard, RequestState, Row, TimerKind, TimerRow};

impl Rooms {
    /// Does what has fallen due: ends what waited too long, reminds those who are waited for, starts what waited for its
    /// turn. Called by the worker once a second, and by tests when they have moved the clock.
    ///
    /// # Errors
    /// When it cannot be read or written. The next call tries again.
    pub async fn tick(self: &Arc<Self>) -> Result<(), Trouble> {
        // Another replica may have accepted another policy.
        self.follow_policy().await?;
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
                self.carry_out(matter).await?;
            }
        }
        Ok(())
    }

    /// Does what a timer was set for, once: its row goes in the step that does it.
    async fn ring(self: &Arc<Self>, timer: TimerRow) -> Result<(), Trouble> {
        let gone = Row::TimerGone { request: timer.request.clone(), kind: timer.kind };
        let step = match timer.kind {
            TimerKind::Reminder => self.remind(&timer, gone.clone()).await?,
            TimerKind::Escalation | TimerKind::Review => None,
        };
        let idle = Step { guard: Guard::Open, rows: vec![gone], entries: Vec::new() };
        // Refused means that the request has moved on in this moment; the next tick looks again.
        let _moved_on = self.write(step.unwrap_or(idle)).await?;
        Ok(())
    }

    /// Reminds those who are waited for. `None` when nobody is waited for any more.
    async fn remind(self: &Arc<Self>, timer: &TimerRow, gone: Row) -> Result<Option<Step>, Trouble> {
        let Some(mut row) = self.store.request(&timer.request).await? else { return Ok(None) };
        if row.state != RequestState::Waiting || row.awaits.is_empty() {
            return Ok(None);
        }
        let now = self.clock.now();
        let Some(matter) = self.matter(row.clone()).await? else { return Ok(None) };
        let verdict = decide(&self.policy.load(), &matter.case(now));
        if !matches!(verdict.decision, Decision::Confirm | Decision::NeedApproval) {
            return Ok(None);
        }
        let reply = answer::reminder(&row, &verdict, now, &self.zone());
        let (remark, entry) = self.remark_row(&row, reply)?;
        let guard = Guard::Request { id: row.id.clone(), version: row.version };
        row.version += 1;
        let rows = vec![gone, remark, Row::Request(Box::new(row))];
        Ok(Some(Step { guard, rows, entries: vec![entry] }))
    }
}
