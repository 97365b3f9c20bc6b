use std::sync::Arc;

use super::receive::Work;
use super::{Rooms, Trouble, answer, entries};
use crate::domain::Proposal;
use crate::gate::Glass;
use crate::slash::{self, Aside, Parsed, SlashProblem, Urgency};
use crate::store::{RequestRow, RequestState};

impl Rooms {
    /// Does what an event is about. What breaks on the way is told to the person and to the operators; the request
    /// stays on the record as it stood.
    pub(super) async fn work(self: &Arc<Self>, work: Work) {
        let (request, done) = match work {
            Work::Asked(row) => (Some(row.id.clone()), Box::pin(self.asked(*row)).await),
            Work::Pressed(press) => (Some(press.request.clone()), Box::pin(self.pressed(press)).await),
            Work::Agreed(row) => (Some(row.id.clone()), Box::pin(self.agreed(*row)).await),
            Work::Gone(message, by) => (None, self.gone(&message, &by).await),
            Work::Edited(message) => (None, self.edited(&message).await),
        };
        if let Err(trouble) = done {
            tracing::error!(request = ?request, "{trouble}");
            self.apologise(request, &trouble).await;
        }
    }

    /// Makes a call of an exact command, or has a sentence read.
    pub(super) async fn asked(self: &Arc<Self>, mut row: RequestRow) -> Result<(), Trouble> {
        // Before anything is read: nothing of what a guest says reaches a model. What a stranger says does not either, and
        // the built-in reader finds out what they are to be told.
        if row.asker.is_some()
            && let Some(why) = self.roster.bars(&row.sender).await
        {
            let reply = answer::refused(&why);
            row.note = Some(why);
            return Box::pin(self.conclude(row, RequestState::Refused, reply, Vec::new())).await;
        }
        let aside = match slash::aside(&row.said, &self.catalog) {
            Ok(aside) => aside,
            Err(problem) => return Box::pin(self.misunderstood(row, &problem)).await,
        };
        self.said_beside(&mut row, &aside);
        match slash::parse(&aside.command, &self.catalog) {
            Parsed::Proposal(proposal) => Box::pin(self.admit(row, proposal)).await,
            Parsed::Problem(problem) => Box::pin(self.misunderstood(row, &problem)).await,
            Parsed::NotSlash => Box::pin(self.interpret(row)).await,
        }
    }

    async fn misunderstood(
        self: &Arc<Self>,
        mut row: RequestRow,
        problem: &SlashProblem,
    ) -> Result<(), Trouble> {
        row.note = Some(problem.sentence.clone());
        let entry = entries::not_understood(&row, self.clock.now(), "slash", &problem.sentence);
        Box::pin(self.conclude(row, RequestState::Answered, answer::problem(problem), vec![entry])).await
    }

    /// Notes what was said beside the command: why, for which incident, and that it is an emergency.
    pub(super) fn said_beside(&self, row: &mut RequestRow, aside: &Aside) {
        row.reason.clone_from(&aside.reason);
        row.incident.clone_from(&aside.incident);
        let (Some(by), Urgency::Emergency) = (row.asker.clone(), aside.urgency) else { return };
        let reason = aside.reason.clone().unwrap_or_default();
        let incident = aside.incident.clone();
        row.glass = Some(Glass { by, reason, incident, at: self.clock.now() });
    }

    async fn admit(self: &Arc<Self>, mut row: RequestRow, proposal: Proposal) -> Result<(), Trouble> {
        match self.catalog.admit(&proposal) {
            Ok(call) => {
                let entry = entries::interpreted(&row, self.clock.now(), &call, &self.catalog.render(&call));
                Box::pin(self.judge(row, call, proposal.origin, vec![entry])).await
            }
            Err(error) => {
                row.origin = Some(proposal.origin.clone());
                row.note = Some(error.to_string());
                let reply = answer::not_admitted(&error);
                let entry = entries::not_understood(&row, self.clock.now(), "admit", &error.to_string());
                Box::pin(self.conclude(row, RequestState::Answered, reply, vec![entry])).await
            }
        }
    }
}
