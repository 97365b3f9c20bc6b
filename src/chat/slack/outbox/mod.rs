//! The outbox: what we said, on its way to Slack.
//!
//! The transcript is the queue: a message is due while Slack shows an older version of it than we have. Each channel is a
//! lane of its own, in which one thing happens at a time and in order; a lane that Slack holds up holds up no other. A
//! message is edited in place by Slack's id of it. One that has none may still have been posted: by a call whose answer
//! was lost, or just before a stop. Then it is looked for first, by the id it carries.

mod apart;
mod lanes;
mod live;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use arc_swap::ArcSwap;
use tokio::sync::Notify;
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep_until};
use tokio_util::sync::CancellationToken;

use super::client::{Client, Fault, Mark, Post, SlackError};
use super::{Card, Commands, ResponseUrls, card, text};
use crate::audit::{Ledger, Step};
use crate::clock::Clock;
use crate::domain::{MessageId, PersonId, Platform};
use crate::gate::Policy;
use crate::store::{Author, Guard, MessageBody, MessageRow, Row, Store, StoreError};

use lanes::{Lane, Stand, Stop, note};
use live::{Live, Shown, Stage};

/// How many due messages are looked at at once.
const AT_ONCE: u32 = 500;

/// How many of those that were due before a start are looked for before they are posted.
const LEFT_BEHIND: u32 = 10_000;

/// The pauses after the first failure and at most.
const PAUSES: (Duration, Duration) = (Duration::from_secs(1), Duration::from_secs(60));

/// How often the transcript is looked at without being told that something is new.
const ROUND: Duration = Duration::from_secs(30);

/// What the outbox reaches for.
pub struct Reach {
    /// What we said.
    pub store: Store,
    /// Where it is written down that it was delivered.
    pub ledger: Ledger,
    /// Slack.
    pub client: Arc<Client>,
    /// Who has which account there: the people a message is addressed to are mentioned.
    pub policy: Arc<ArcSwap<Policy>>,
    /// How commands are typed here.
    pub commands: Commands,
    /// Where those can be answered who typed a command where we are not.
    pub answers: Arc<ResponseUrls>,
    /// The time.
    pub clock: Arc<dyn Clock>,
}

/// Delivers what we said.
pub struct Outbox {
    reach: Reach,
    new: Notify,
    doubtful: Mutex<BTreeSet<MessageId>>,
    live: Live,
}

impl Outbox {
    /// An outbox over these.
    pub fn new(reach: Reach) -> Arc<Self> {
        Arc::new(Self { reach, new: Notify::new(), doubtful: Mutex::default(), live: Live::default() })
    }

    /// Says that something may be due.
    pub fn nudge(&self) {
        self.new.notify_one();
    }

    /// Delivers until `stop` is cancelled. What is under way then is finished.
    pub async fn run(self: Arc<Self>, stop: CancellationToken) {
        let client = Arc::clone(&self.reach.client);
        tokio::join!(self.live.watch(&client, stop.clone()), Arc::clone(&self).work(stop));
        self.live.stop_all(&client).await;
    }

    async fn work(self: Arc<Self>, stop: CancellationToken) {
        while let Err(error) = self.remember_doubts().await {
            tracing::error!("what is due in Slack cannot be read: {error}");
            let pause = tokio::time::sleep(PAUSES.0);
            if stop.run_until_cancelled(pause).await.is_none() {
                return;
            }
        }
        let mut lanes: BTreeMap<Lane, Stand> = BTreeMap::new();
        let mut working = JoinSet::new();
        while !stop.is_cancelled() {
            if let Err(error) = self.set_out(&mut lanes, &mut working).await {
                tracing::error!("what is due in Slack cannot be read: {error}");
            }
            let round = Instant::now() + ROUND;
            let next = lanes.values().filter_map(|stand| stand.not_before).min().unwrap_or(round).min(round);
            tokio::select! {
                () = stop.cancelled() => {}
                () = self.new.notified() => {}
                () = sleep_until(next) => {}
                Some(ended) = working.join_next() => note(&mut lanes, ended),
            }
        }
        while working.join_next().await.is_some() {}
    }

    /// Delivers what is due now, and waits until nothing is or nothing can be.
    ///
    /// # Errors
    /// The first thing that could not be delivered.
    pub async fn deliver_now(self: &Arc<Self>) -> Result<(), String> {
        self.remember_doubts().await.map_err(|error| error.to_string())?;
        let due = self.due().await.map_err(|error| error.to_string())?;
        for messages in due.into_values() {
            self.lane(messages).await.map_err(|stop| stop.sentence())?;
        }
        Ok(())
    }

    /// What was due before the start may have been posted already.
    async fn remember_doubts(&self) -> Result<(), StoreError> {
        let due = self.reach.store.undelivered(Platform::Slack, LEFT_BEHIND).await?;
        let unposted = due.into_iter().filter(|row| row.remote.is_none()).map(|row| row.id);
        self.doubts().extend(unposted);
        Ok(())
    }

    fn doubts(&self) -> std::sync::MutexGuard<'_, BTreeSet<MessageId>> {
        self.doubtful.lock().unwrap_or_else(PoisonError::into_inner)
    }

    async fn due(&self) -> Result<BTreeMap<Lane, Vec<MessageId>>, StoreError> {
        let mut lanes: BTreeMap<Lane, Vec<MessageId>> = BTreeMap::new();
        for row in self.reach.store.undelivered(Platform::Slack, AT_ONCE).await? {
            lanes.entry((row.place.workspace, row.place.channel)).or_default().push(row.id);
        }
        Ok(lanes)
    }

    /// Sends each lane on its way that has something due and is not held up.
    async fn set_out(
        self: &Arc<Self>,
        lanes: &mut BTreeMap<Lane, Stand>,
        working: &mut JoinSet<(Lane, Result<(), Stop>)>,
    ) -> Result<(), StoreError> {
        let due = self.due().await?;
        lanes.retain(|lane, stand| stand.busy || due.contains_key(lane));
        let now = Instant::now();
        for (lane, messages) in due {
            let stand = lanes.entry(lane.clone()).or_default();
            if stand.busy || stand.not_before.is_some_and(|at| at > now) {
                continue;
            }
            stand.busy = true;
            stand.not_before = None;
            let outbox = Arc::clone(self);
            working.spawn(async move { (lane, outbox.lane(messages).await) });
        }
        Ok(())
    }

    async fn lane(&self, messages: Vec<MessageId>) -> Result<(), Stop> {
        for id in messages {
            // It may have been edited since: the newest version is what is shown.
            if let Some(row) = self.reach.store.message(&id).await?
                && row.delivered < row.version
                && row.author == Author::Bot
            {
                self.deliver(row).await?;
            }
        }
        Ok(())
    }

    async fn deliver(&self, row: MessageRow) -> Result<(), Stop> {
        let card = match &row.body {
            MessageBody::Reply { reply } => {
                card(reply, &self.reach.commands, &self.accounts(&reply.to, &row.place.workspace))
            }
            MessageBody::Text { text } => {
                Card { text: text::escaped(text, 3_900), blocks: Vec::new(), file: None }
            }
        };
        let thread = self.thread(&row).await?;
        let stage = Stage::of(&row);
        if self.live.goes_on(&self.reach.client, &row, &stage).await? == Shown::Live {
            // The card shows it when the run has ended.
            return self.write_down(MessageRow { delivered: row.version, ..row }).await;
        }
        let shown = match self.show(&row, &card, thread.as_deref()).await {
            Ok(shown) => shown,
            Err(Stop::Slack(error)) => match error.fault() {
                Fault::Passing | Fault::Doubtful | Fault::Credentials => return Err(error.into()),
                Fault::Gone => return self.give_up(&row, &card, &error).await,
                Fault::Wrong => {
                    tracing::error!(message = %row.id, "Slack does not take a card, so its text is shown alone: {error}");
                    let plain = Card { blocks: Vec::new(), ..card.clone() };
                    match self.show(&row, &plain, thread.as_deref()).await {
                        Err(Stop::Slack(again)) if matches!(again.fault(), Fault::Wrong | Fault::Gone) => {
                            return self.give_up(&row, &card, &again).await;
                        }
                        shown => shown?,
                    }
                }
            },
            Err(memory) => return Err(memory),
        };
        if let Some(text) = &card.file {
            self.attach(&row, thread.as_deref().unwrap_or(&shown), text).await?;
        }
        let below = thread.as_deref().unwrap_or(&shown);
        self.live.turns(&self.reach.client, &row, &stage, below).await?;
        let id = row.id.clone();
        self.write_down(MessageRow { remote: Some(shown), delivered: row.version, ..row }).await?;
        self.doubts().remove(&id);
        Ok(())
    }

    /// The accounts of people in a workspace. Whoever has none there hears of it elsewhere.
    fn accounts(&self, people: &[PersonId], workspace: &str) -> Vec<String> {
        let policy = self.reach.policy.load();
        let prefix = format!("{}:{workspace}/", Platform::Slack);
        let accounts = people.iter().filter_map(|person| policy.person(person));
        accounts
            .filter_map(|person| person.identities.iter().find_map(|one| one.strip_prefix(&prefix)))
            .map(str::to_owned)
            .collect()
    }

    /// Slack's id of the message that opens the thread. A slash command leaves no message, so the first card that it
    /// leads to opens the thread of all that follows.
    async fn thread(&self, row: &MessageRow) -> Result<Option<String>, Stop> {
        let Some(root) = row.place.thread.as_ref().filter(|root| **root != row.id) else { return Ok(None) };
        let root_row = self.reach.store.message(root).await?;
        if let Some(remote) = root_row.and_then(|root| root.remote) {
            return Ok(Some(remote));
        }
        let thread = self.reach.store.thread(root).await?;
        let first =
            thread.into_iter().find(|message| message.author == Author::Bot && message.remote.is_some());
        Ok(first.filter(|first| first.id < row.id).and_then(|first| first.remote))
    }

    /// Posts or edits, and returns Slack's id.
    async fn show(&self, row: &MessageRow, card: &Card, thread: Option<&str>) -> Result<String, Stop> {
        let channel = row.place.channel.as_str();
        let post = Post { channel, thread, text: &card.text, blocks: &card.blocks, message: Some(&row.id) };
        if let Some(ts) = &row.remote {
            match self.reach.client.update(ts, &post).await {
                // Somebody has taken it away; a request that goes on must be seen.
                Err(error) if matches!(error.code(), "message_not_found" | "cant_update_message") => {}
                answer => return Ok(answer.map(|()| ts.clone())?),
            }
        } else if let Some(ts) = self.posted_before(row, thread).await? {
            // Before it is edited: should that fail, it is not to be posted again.
            self.write_down(MessageRow { remote: Some(ts.clone()), ..row.clone() }).await?;
            self.reach.client.update(&ts, &post).await?;
            return Ok(ts);
        }
        let posted = match self.reach.client.post(&post).await {
            // The message that opened the thread is gone.
            Err(error) if is_lost_thread(&error) && thread.is_some() => {
                self.reach.client.post(&Post { thread: None, ..post }).await
            }
            posted => posted,
        };
        match posted {
            Ok(posted) => {
                // At once, so that a stop before the rest leaves no doubt.
                self.write_down(MessageRow { remote: Some(posted.ts.clone()), ..row.clone() }).await?;
                Ok(posted.ts)
            }
            Err(error) => {
                if error.fault() == Fault::Doubtful {
                    self.doubts().insert(row.id.clone());
                }
                Err(error.into())
            }
        }
    }

    /// Slack's id of a message that was perhaps posted before.
    async fn posted_before(&self, row: &MessageRow, thread: Option<&str>) -> Result<Option<String>, Stop> {
        if !self.doubts().contains(&row.id) {
            return Ok(None);
        }
        let found = self.reach.client.find(Mark::Message(&row.id), &row.place.channel, thread, row.at).await;
        let found = match found {
            Err(error) if is_lost_thread(&error) => None,
            Err(error) if error.code() == "missing_scope" => {
                tracing::warn!(
                    "Slack does not let us look for what may be posted already ({error}); it may stand there twice"
                );
                None
            }
            found => found?,
        };
        // One that is there stays in doubt until that is written down.
        if found.is_none() {
            self.doubts().remove(&row.id);
        }
        Ok(found)
    }

    async fn write_down(&self, row: MessageRow) -> Result<(), Stop> {
        let rows = vec![Row::Message(Box::new(row))];
        // An open guard refuses nothing.
        let _written =
            self.reach.ledger.write(Step { guard: Guard::Open, rows, entries: Vec::new() }).await?;
        Ok(())
    }
}

fn is_lost_thread(error: &SlackError) -> bool {
    matches!(error.code(), "thread_not_found" | "cannot_reply_to_message" | "message_not_found")
}
