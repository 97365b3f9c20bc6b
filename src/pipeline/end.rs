//! The end of a request that did not run.

use std::sync::Arc;

use super::receive::Presser;
use super::{Rooms, Trouble, answer, entries};
use crate::audit::Step;
use crate::domain::{MessageId, PersonId, Reply, Tone};
use crate::gate::house;
use crate::store::{Guard, Refused, RequestRow, RequestState};

/// How a request ends.
pub(super) struct Ending {
    pub step: Step,
    /// What the asker hears.
    pub told: Reply,
}

impl Rooms {
    /// Ends a request before it ran, on its card and in a line that notifies the asker.
    pub(super) async fn end(
        self: &Arc<Self>,
        row: RequestRow,
        state: RequestState,
        why: String,
        by: Option<&PersonId>,
    ) -> Result<(), Trouble> {
        // Refused means that somebody else moved it on; then theirs is the last word.
        let _moved_on = self.try_end(row, state, why, by).await?;
        Ok(())
    }

    /// The same, and whether it was written: it is not where somebody else moved the request on.
    pub(super) async fn try_end(
        self: &Arc<Self>,
        row: RequestRow,
        state: RequestState,
        why: String,
        by: Option<&PersonId>,
    ) -> Result<Result<(), Refused>, Trouble> {
        let next = RequestRow { state, note: Some(why), ..row.clone() };
        let Ending { mut step, told } = self.ending(&row, next)?;
        let asker = row.asker.as_ref();
        if asker != Some(house()) && (by.is_none() || by != asker) {
            let (remark, entry) = self.remark_row(&row, told)?;
            step.rows.push(remark);
            step.entries.push(entry);
        }
        self.write(step).await
    }

    /// The step that ends a request before it ran, and the line that tells the asker.
    pub(super) fn ending(&self, before: &RequestRow, mut next: RequestRow) -> Result<Ending, Trouble> {
        let now = self.clock.now();
        next.version = before.version + 1;
        next.finished_at = Some(now);
        next.awaits.clear();
        next.may_deny.clear();
        let reply = answer::ended(&next);
        let told = answer::tell_asker(&next);
        let (next, rows) = self.with_card(next, reply.clone())?;
        let entries = vec![entries::ended(&next, now), entries::replied(&next, &reply, now)];
        let guard = Guard::Request { id: before.id.clone(), version: before.version };
        Ok(Ending { step: Step { guard, rows, entries }, told })
    }

    /// The message that asked was deleted: that withdraws what has not started.
    pub(super) async fn gone(self: &Arc<Self>, message: &MessageId, by: &Presser) -> Result<(), Trouble> {
        let Some(request) = self.store.message(message).await?.and_then(|message| message.request) else {
            return Ok(());
        };
        let Some(row) = self.store.request(&request).await? else { return Ok(()) };
        let open = matches!(row.state, RequestState::Waiting | RequestState::Approved);
        if row.message == *message && open && row.asker.is_some() && row.asker == by.person {
            self.end(row, RequestState::Withdrawn, "the message that asked was deleted".to_owned(), None)
                .await?;
        }
        Ok(())
    }

    /// Editing a message never changes what was asked. Where that could surprise, it is said.
    pub(super) async fn edited(self: &Arc<Self>, message: &MessageId) -> Result<(), Trouble> {
        let Some(request) = self.store.message(message).await?.and_then(|message| message.request) else {
            return Ok(());
        };
        let Some(row) = self.store.request(&request).await? else { return Ok(()) };
        if row.message != *message || row.command.is_none() {
            return Ok(());
        }
        let command = row.command.as_deref().unwrap_or_default();
        let text = format!(
            "An edited message changes nothing: this is still {command}. Write it anew to change it."
        );
        self.remark(&row, Reply::say(Tone::Info, text), Vec::new()).await
    }
}
