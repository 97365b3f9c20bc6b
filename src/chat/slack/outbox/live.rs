//! Long runs, shown live: in a conversation with one person, a message below the card tells the steps of a run as they
//! come, and the card says how it ended. Everywhere else, and wherever that is not to be had, the card itself is edited.
//!
//! The card is what counts. What is shown live may be missing, break off or be stopped by who reads it, and nothing is lost.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use tokio::time::{Instant, sleep, timeout};
use tokio_util::sync::CancellationToken;

use super::lanes::Stop;
use crate::chat::slack::client::{Client, Fault, Posted, SlackError, Status, Task};
use crate::domain::{MessageId, Tone};
use crate::store::{MessageBody, MessageRow};

#[cfg(test)]
mod tests;

/// How long something is shown live at most. Slack ends what goes on for longer, at a time that it does not tell, and
/// leaves it looking broken.
const MOST: Duration = Duration::from_secs(4 * 60);

/// How often it is looked for what has gone on for too long.
const ROUND: Duration = Duration::from_secs(15);

/// The longest pause that is waited for; after a longer one the card is edited instead.
const PATIENCE: Duration = Duration::from_secs(5);

/// How long stopping may take when everything stops.
const PARTING: Duration = Duration::from_secs(3);

/// How many messages are remembered.
const REMEMBERED: usize = 10_000;

/// What a message says about a run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Stage {
    /// It goes on, with this step.
    Step(String),
    /// It does not go on, and this is how its last step ended.
    Still(Status),
    /// It is not shown live, whatever it says.
    Elsewhere,
}

impl Stage {
    pub fn of(row: &MessageRow) -> Self {
        let MessageBody::Reply { reply } = &row.body else { return Self::Elsewhere };
        if !row.place.channel.starts_with('D') {
            return Self::Elsewhere;
        }
        match reply.tone {
            Tone::Running => {
                Self::Step(reply.title.strip_prefix("Running: ").unwrap_or(&reply.title).to_owned())
            }
            Tone::Failed | Tone::Refused => Self::Still(Status::Error),
            Tone::Info | Tone::Asking | Tone::Waiting | Tone::Done => Self::Still(Status::Complete),
        }
    }
}

/// Where the newest of a message can be seen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Shown {
    /// In the message below the card.
    Live,
    /// Nowhere yet: the card is to be edited.
    Not,
}

/// What is known of a message of ours.
#[derive(Clone, Debug)]
enum Known {
    /// It has no run that is shown live.
    Quiet,
    /// Its run is not shown live any more, although it goes on.
    Over,
    /// Its run is shown live.
    Live(Stream),
}

#[derive(Clone, Debug)]
struct Stream {
    posted: Posted,
    since: Instant,
    task: Task,
}

impl Stream {
    fn ended(&self, status: Status) -> [Task; 1] {
        [Task { status, ..self.task.clone() }]
    }
}

/// The runs that are shown live.
#[derive(Default)]
pub(super) struct Live {
    known: Mutex<BTreeMap<MessageId, Known>>,
    /// Slack does not let us; it is not tried again.
    barred: AtomicBool,
}

impl Live {
    /// Tells the next step of a run that is shown live.
    pub async fn goes_on(&self, client: &Client, row: &MessageRow, stage: &Stage) -> Result<Shown, Stop> {
        let (Stage::Step(step), Some(Known::Live(stream))) = (stage, self.known(&row.id)) else {
            return Ok(Shown::Not);
        };
        let next = Task { id: task_id(row), title: step.clone(), status: Status::InProgress };
        if stream.task.id == next.id || stream.task.title == next.title {
            return Ok(Shown::Live);
        }
        let [ended] = stream.ended(Status::Complete);
        match client.append_stream(&stream.posted, &[ended, next.clone()]).await {
            Ok(()) => {
                self.note(&row.id, Known::Live(Stream { task: next, ..stream }));
                Ok(Shown::Live)
            }
            Err(error) => {
                self.give_way(&row.id, error)?;
                Ok(Shown::Not)
            }
        }
    }

    /// Starts or stops showing a run live, once its card says how it stands. `thread` is where that is shown.
    pub async fn turns(
        &self,
        client: &Client,
        row: &MessageRow,
        stage: &Stage,
        thread: &str,
    ) -> Result<(), Stop> {
        let known = self.known(&row.id);
        match (stage, known) {
            (Stage::Elsewhere, _) | (Stage::Step(_), Some(Known::Over | Known::Live(_))) => {}
            (Stage::Step(step), None | Some(Known::Quiet)) if !self.barred.load(Ordering::Relaxed) => {
                let task = Task { id: task_id(row), title: step.clone(), status: Status::InProgress };
                match self.start(client, row, thread, task).await {
                    Ok(stream) => self.note(&row.id, Known::Live(stream)),
                    Err(error) => self.give_way(&row.id, error)?,
                }
            }
            (Stage::Step(_) | Stage::Still(_), Some(Known::Quiet)) | (Stage::Step(_), None) => {}
            (Stage::Still(status), Some(Known::Live(stream))) => {
                if let Err(error) = client.stop_stream(&stream.posted, &stream.ended(*status)).await {
                    self.give_way(&row.id, error)?;
                }
            }
            (Stage::Still(_), Some(Known::Over)) => {}
            (Stage::Still(status), None) => {
                // One that was shown before a stop of ours may still be shown live.
                if row.remote.is_some() {
                    self.take_down(client, row, thread, *status).await?;
                }
            }
        }
        // From here on we know whether it is shown live.
        if matches!(stage, Stage::Still(_)) {
            self.note(&row.id, Known::Quiet);
        }
        Ok(())
    }

    /// Starts it, or goes on with what an earlier start of ours has left: its answer was lost, or we were stopped.
    async fn start(
        &self,
        client: &Client,
        row: &MessageRow,
        thread: &str,
        task: Task,
    ) -> Result<Stream, SlackError> {
        let since = Instant::now();
        let channel = row.place.channel.as_str();
        let left = client.find_stream(&row.id, channel, thread, row.at).await?;
        let (posted, task) = match left {
            Some((posted, open)) => {
                // After a stop the back end tells the step at which it was, which stands there already.
                let task = open.iter().find(|open| open.title == task.title).cloned().unwrap_or(task);
                let open = open.into_iter().filter(|open| open.id != task.id);
                let mut tasks: Vec<Task> =
                    open.map(|open| Task { status: Status::Complete, ..open }).collect();
                tasks.push(task.clone());
                client.append_stream(&posted, &tasks).await?;
                (posted, task)
            }
            None => {
                let ts = client.start_stream(channel, thread, std::slice::from_ref(&task)).await?;
                (Posted { channel: channel.to_owned(), ts }, task)
            }
        };
        Ok(Stream { posted, since, task })
    }

    async fn take_down(
        &self,
        client: &Client,
        row: &MessageRow,
        thread: &str,
        status: Status,
    ) -> Result<(), Stop> {
        let stopped = match client.find_stream(&row.id, &row.place.channel, thread, row.at).await {
            Ok(Some((posted, open))) if !open.is_empty() => {
                let tasks: Vec<Task> = open.into_iter().map(|open| Task { status, ..open }).collect();
                client.stop_stream(&posted, &tasks).await
            }
            Ok(Some(_) | None) => Ok(()),
            Err(error) => Err(error),
        };
        stopped.or_else(|error| self.give_way(&row.id, error))
    }

    /// What passes is waited for; after everything else the card is edited instead.
    fn give_way(&self, message: &MessageId, error: SlackError) -> Result<(), Stop> {
        match error.fault() {
            Fault::Passing if !matches!(&error, SlackError::Limited { after, .. } if *after > PATIENCE) => {
                return Err(error.into());
            }
            Fault::Doubtful => return Err(error.into()),
            Fault::Credentials => self.barred.store(true, Ordering::Relaxed),
            Fault::Wrong if error.code() == "unknown_method" => self.barred.store(true, Ordering::Relaxed),
            Fault::Passing | Fault::Gone | Fault::Wrong => {}
        }
        tracing::info!(%message, "a run is not shown live, so its card is edited: {error}");
        self.note(message, Known::Over);
        Ok(())
    }

    /// Stops what has gone on for too long, until `stop` is cancelled. Its card goes on.
    pub async fn watch(&self, client: &Client, stop: CancellationToken) {
        while stop.run_until_cancelled(sleep(ROUND)).await.is_some() {
            self.put_down_old(client, Instant::now()).await;
        }
    }

    async fn put_down_old(&self, client: &Client, now: Instant) {
        for stream in self.take(|stream| now.duration_since(stream.since) > MOST) {
            put_down(client, &stream).await;
        }
    }

    /// Stops all, because we stop. The runs go on, and are taken up again after the next start.
    pub async fn stop_all(&self, client: &Client) {
        let stopping = futures::future::join_all(
            self.take(|_any| true).into_iter().map(|stream| async move { put_down(client, &stream).await }),
        );
        if timeout(PARTING, stopping).await.is_err() {
            tracing::warn!("some runs are still shown live; that is put right after the next start");
        }
    }

    fn take(&self, which: impl Fn(&Stream) -> bool) -> Vec<Stream> {
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        let mut taken = Vec::new();
        for one in known.values_mut() {
            if let Known::Live(stream) = one
                && which(stream)
            {
                taken.push(stream.clone());
                *one = Known::Over;
            }
        }
        taken
    }

    fn known(&self, message: &MessageId) -> Option<Known> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner).get(message).cloned()
    }

    fn note(&self, message: &MessageId, known: Known) {
        let mut all = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        if all.len() >= REMEMBERED {
            all.retain(|_message, known| matches!(known, Known::Live(_)));
        }
        all.insert(message.clone(), known);
    }
}

async fn put_down(client: &Client, stream: &Stream) {
    if let Err(error) = client.stop_stream(&stream.posted, &stream.ended(Status::Complete)).await {
        tracing::warn!("a run is still shown live although it should not be: {error}");
    }
}

/// The id of a step: the version of the card that tells it.
fn task_id(row: &MessageRow) -> String {
    format!("{}.{}", row.id, row.version)
}
