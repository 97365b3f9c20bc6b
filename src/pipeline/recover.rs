use std::sync::Arc;

use super::finish::{Finish, Weight};
use super::receive::Work;
use super::{Rooms, Trouble};
use crate::domain::{Doubt, Failure, Outcome};
use crate::store::{JobRow, JobState, RequestRow, RequestState};

impl Rooms {
    /// Takes up what a stop in the middle left behind. Nothing is ever run a second time: what may have happened ends as
    /// unknown and asks a person.
    ///
    /// # Errors
    /// When it cannot be read or written.
    pub async fn recover(self: &Arc<Self>) -> Result<(), Trouble> {
        for row in self.store.waiting(self.clock.now()).await? {
            // Everybody may have agreed in the moment before the stop; then it is time to start.
            let rooms = Arc::clone(self);
            self.tasks.spawn(async move { rooms.work(Work::Agreed(Box::new(row))).await });
        }
        for job in self.store.running_jobs().await? {
            let Some(row) = self.store.request(&job.request).await? else { continue };
            match job.state {
                JobState::Watching => self.take_up(row, job).await?,
                JobState::Running => self.doubt(row, job).await?,
                JobState::Telling => {
                    let rooms = Arc::clone(self);
                    self.tasks.spawn(async move { rooms.tell_until_told(row, job).await });
                }
                JobState::Ended => {}
            }
        }
        let received = self.store.open_requests(RequestState::Received).await?;
        let started = self.store.open_requests(RequestState::Started).await?;
        for row in received.into_iter().chain(started) {
            if self.store.job(&row.id).await?.is_some() {
                continue;
            }
            match row.state {
                // It was acknowledged, so it is ours to do; nothing of it has been done yet.
                RequestState::Received if row.plan.is_some() => self.start_step_of_plan(row).await?,
                RequestState::Started if !row.steps.is_empty() => self.advance(&row.id).await?,
                RequestState::Received => {
                    let rooms = Arc::clone(self);
                    self.tasks.spawn(async move { rooms.work(Work::Asked(Box::new(row))).await });
                }
                // A read without a job: asking again is safe, and theirs to do.
                RequestState::Started => {
                    let text = "the server stopped while this was being read; ask again".to_owned();
                    let outcome = Outcome::Failed(Failure { text, ..Failure::default() });
                    self.close(row, &outcome, None).await?;
                }
                RequestState::Waiting
                | RequestState::Approved
                | RequestState::Done
                | RequestState::Failed
                | RequestState::Unknown
                | RequestState::Answered
                | RequestState::Refused
                | RequestState::Denied
                | RequestState::Expired
                | RequestState::Withdrawn
                | RequestState::Superseded => {}
            }
        }
        Ok(())
    }

    /// The back end had taken it and can say how it went.
    async fn take_up(self: &Arc<Self>, row: RequestRow, job: JobRow) -> Result<(), Trouble> {
        if let Some(matter) = self.matter(row).await? {
            let rooms = Arc::clone(self);
            let saved = job.saved.as_object().cloned().unwrap_or_default();
            self.tasks.spawn(rooms.watch_again(matter, saved));
        }
        Ok(())
    }

    /// Nobody knows whether the back end got it.
    async fn doubt(self: &Arc<Self>, row: RequestRow, job: JobRow) -> Result<(), Trouble> {
        let text = "the server stopped in the moment this was sent, so it may or may not have happened; look first, \
                    then ask again if it did not";
        let outcome = Outcome::Unknown(Doubt { text: text.to_owned(), link: None });
        self.close(row, &outcome, Some(job)).await
    }

    /// Writes down how a run ended that was cut off.
    async fn close(
        self: &Arc<Self>,
        row: RequestRow,
        outcome: &Outcome,
        job: Option<JobRow>,
    ) -> Result<(), Trouble> {
        let votes = self.store.votes(&row.id).await?;
        let approvers: Vec<_> = votes.into_iter().map(|vote| vote.person).collect();
        let weight = match (&job, self.matter(row.clone()).await?) {
            (None, _) => Weight::Plain,
            (Some(_), Some(matter)) => self.weight(matter.assessment.class, matter.call.environment()),
            (Some(_), None) => Weight::Grave,
        };
        let ending = Finish { row, outcome, rows: Vec::new(), job, approvers: &approvers, weight };
        if let Some((row, job)) = self.write_end(&ending).await? {
            let rooms = Arc::clone(self);
            self.tasks.spawn(async move { rooms.tell_until_told(row, job).await });
        }
        Ok(())
    }
}
