//! What people see.

use countersign::domain::Platform;
use countersign::store::{RequestFilter, RequestRow, RequestState};

use super::Office;
use crate::support::slack::{BOT, DEPLOYMENTS};
use crate::support::{tidy, until};

impl Office {
    /// All of #deployments as people see it.
    pub fn shown(&self) -> String {
        let messages = self.slack.channel(DEPLOYMENTS);
        let mut lines = Vec::new();
        for seen in &messages {
            let who = if seen.user == BOT { "countersign" } else { &seen.user };
            let place = match &seen.thread {
                Some(thread) => {
                    let opener = messages.iter().position(|one| one.ts == *thread).unwrap();
                    format!("{who}, in the thread of {}", opener + 1)
                }
                None => who.to_owned(),
            };
            let files = seen.files.iter().map(|_name| " (a file)").collect::<String>();
            lines.push(format!("{}. {place}:{files}\n{}", lines.len() + 1, tidy(&seen.text)));
        }
        lines.join("\n")
    }

    /// The newest request, as it stands.
    pub async fn newest(&self) -> RequestRow {
        let filter = RequestFilter { platform: Some(Platform::Slack), ..RequestFilter::default() };
        self.rooms().store.requests(&filter, 1).await.unwrap().remove(0)
    }

    /// How many requests there are.
    pub async fn requests(&self) -> usize {
        let filter = RequestFilter { platform: Some(Platform::Slack), ..RequestFilter::default() };
        self.rooms().store.requests(&filter, 100).await.unwrap().len()
    }

    /// Waits until this many requests have got an answer, delivered or not.
    pub async fn answered(&self, requests: usize) {
        let store = self.rooms().store.clone();
        let filter = RequestFilter { platform: Some(Platform::Slack), ..RequestFilter::default() };
        until("the requests are answered", async || {
            let rows = store.requests(&filter, 100).await.unwrap();
            rows.iter().filter(|row| row.state != RequestState::Received).count() >= requests
        })
        .await;
    }

    /// Waits until everything that was said so far stands in Slack, whatever is still under way.
    pub async fn caught_up(&self) {
        let store = self.rooms().store.clone();
        until("all that was said is delivered", async || {
            store.undelivered(Platform::Slack, 10).await.unwrap().is_empty()
        })
        .await;
    }

    /// Waits until everything that was said stands in Slack as it is now.
    pub async fn delivered(&self) {
        let store = self.rooms().store.clone();
        until("everything is delivered", async || {
            self.rooms().tasks.is_empty() && store.undelivered(Platform::Slack, 10).await.unwrap().is_empty()
        })
        .await;
    }
}
