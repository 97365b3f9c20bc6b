use std::sync::Arc;

use super::{Rooms, Trouble};
use crate::store::RequestState;

impl Rooms {
    /// Does what has fallen due: ends what waited too long, starts what waited for its turn. Called by the worker once a
    /// second, and by tests when they have moved the clock.
    ///
    /// # Errors
    /// When it cannot be read or written. The next call tries again.
    pub async fn tick(self: &Arc<Self>) -> Result<(), Trouble> {
        for row in self.store.due(self.clock.now()).await? {
            let why = match row.state {
                RequestState::Approved => "its turn did not come in time",
                RequestState::Waiting
                | RequestState::Received
                | RequestState::Started
                | RequestState::Done
                | RequestState::Failed
                | RequestState::Unknown
                | RequestState::Answered
                | RequestState::Refused
                | RequestState::Denied
                | RequestState::Expired
                | RequestState::Withdrawn
                | RequestState::Superseded => "nobody said yes in time",
            };
            self.end(row, RequestState::Expired, why.to_owned(), None).await?;
        }
        for row in self.store.approved().await? {
            if let Some(matter) = self.matter(row).await? {
                self.carry_out(matter).await?;
            }
        }
        Ok(())
    }
}
