//! The outbox: what we said, on its way to Slack.
//!
//! The transcript is the queue: a message is due while Slack shows an older version of it than we have. Each channel is a
//! lane of its own, in which one thing happens at a time and in order; a lane that Slack holds up holds up no other. A
//! message is edited in place by Slack's id of it. One that has none may still have been posted: by a call whose answer
//! was lost, or just before a stop. Then it is looked for first, by the id it carries.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use arc_swap::ArcSwap;
use tokio::sync::Notify;
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep_until};
use tokio_util::sync::CancellationToken;

use super::client::{Client, Fault, File, Mark, Post, SlackError};
use super::{Card, Commands, card, text};
use crate::audit::{Ledger, LedgerError, Step};
use crate::domain::{MessageId, PersonId, Platform};
use crate::gate::Policy;
use crate::store::{Author, Guard, MessageBody, MessageRow, Row, Store, StoreError};

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
}

/// Delivers what we said.
pub struct Outbox {
    reach: Reach,
    new: Notify,
    doubtful: Mutex<BTreeSet<MessageId>>,
}

/// Workspace and channel.
type Lane = (String, String);

/// How a lane is doing.
#[derive(Default)]
struct Stand {
    busy: bool,
    failures: u32,
    not_before: Option<Instant>,
}

/// Why a lane stopped.
enum Stop {
    /// Slack or the way to it: later again.
    Slack(SlackError),
    /// Our own memory: later again.
    Memory(String),
}

impl From<SlackError> for Stop {
    fn from(error: SlackError) -> Self {
        Self::Slack(error)
    }
}

impl From<StoreError> for Stop {
    fn from(error: StoreError) -> Self {
        Self::Memory(error.to_string())
    }
}

impl From<LedgerError> for Stop {
    fn from(error: LedgerError) -> Self {
        Self::Memory(error.to_string())
    }
}

impl Outbox {
    /// An outbox over these.
    pub fn new(reach: Reach) -> Arc<Self> {
        Arc::new(Self { reach, new: Notify::new(), doubtful: Mutex::default() })
    }

    /// Says that something may be due.
    pub fn nudge(&self) {
        self.new.notify_one();
    }

    /// Delivers until `stop` is cancelled. What is under way then is finished.
    pub async fn run(self: Arc<Self>, stop: CancellationToken) {
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
        let shown = match self.show(&row, &card, thread.as_deref()).await {
            Ok(shown) => shown,
            Err(Stop::Slack(error)) => match error.fault() {
                Fault::Passing | Fault::Doubtful | Fault::Credentials => return Err(error.into()),
                Fault::Gone => return self.give_up(&row, &error).await,
                Fault::Wrong => {
                    tracing::error!(message = %row.id, "Slack does not take a card, so its text is shown alone: {error}");
                    let plain = Card { blocks: Vec::new(), ..card.clone() };
                    match self.show(&row, &plain, thread.as_deref()).await {
                        Err(Stop::Slack(again)) if matches!(again.fault(), Fault::Wrong | Fault::Gone) => {
                            return self.give_up(&row, &again).await;
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

    /// Puts the whole text below a card that does not hold it. The name tells which version of which card it is of.
    async fn attach(&self, row: &MessageRow, thread: &str, text: &str) -> Result<(), Stop> {
        let name = format!("{}-{}.txt", row.id, row.version);
        let channel = row.place.channel.as_str();
        // A card that was there already may have its file.
        if row.remote.is_some() || self.doubts().contains(&row.id) {
            match self.reach.client.find(Mark::File(&name), channel, Some(thread), row.at).await {
                Ok(Some(_there)) => return Ok(()),
                Ok(None) => {}
                Err(error) if matches!(error.fault(), Fault::Passing | Fault::Doubtful) => {
                    return Err(error.into());
                }
                Err(error) => tracing::warn!(message = %row.id, "a file cannot be looked for: {error}"),
            }
        }
        let file = File { name: &name, title: "The whole text", text };
        match self.reach.client.upload(file, channel, Some(thread)).await {
            Ok(()) => Ok(()),
            Err(error) if matches!(error.fault(), Fault::Passing | Fault::Doubtful) => {
                self.doubts().insert(row.id.clone());
                Err(error.into())
            }
            Err(error) => {
                tracing::error!(message = %row.id, "a file cannot be put below a card: {error}");
                Ok(())
            }
        }
    }

    /// It cannot be shown where it belongs. The record has it; who asked is told where to look, once.
    async fn give_up(&self, row: &MessageRow, error: &SlackError) -> Result<(), Stop> {
        tracing::error!(message = %row.id, channel = row.place.channel, "a message cannot be shown: {error}");
        if row.delivered == 0
            && let Some(request) = &row.request
            && let Some(request) = self.reach.store.request(request).await?
            && request.card.as_ref() == Some(&row.id)
        {
            let text = format!(
                "I cannot answer in <#{}> ({}). Bring me into the channel with /invite, then ask again. What came of \
                 your request is on the record: {}",
                row.place.channel,
                error.code(),
                request.id
            );
            let user = request.sender.user.as_str();
            let post = Post { channel: user, thread: None, text: &text, blocks: &[], message: None };
            if let Err(error) = self.reach.client.post(&post).await {
                tracing::warn!(message = %row.id, "who asked could not be told: {error}");
            }
        }
        self.write_down(MessageRow { delivered: row.version, ..row.clone() }).await
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

/// Notes how a lane ended, and when it may set out again.
fn note(lanes: &mut BTreeMap<Lane, Stand>, ended: Result<(Lane, Result<(), Stop>), tokio::task::JoinError>) {
    let (lane, ended) = match ended {
        Ok(ended) => ended,
        Err(error) => {
            // Which lane it was is not known any more; all of them may try again.
            tracing::error!("a delivery to Slack broke: {error}");
            lanes.values_mut().for_each(|stand| stand.busy = false);
            return;
        }
    };
    let stand = lanes.entry(lane.clone()).or_default();
    stand.busy = false;
    let Err(stop) = ended else {
        stand.failures = 0;
        return;
    };
    stand.failures += 1;
    let pause = pause(&stop, stand.failures);
    stand.not_before = Some(Instant::now() + pause);
    let (channel, seconds) = (lane.1, pause.as_secs());
    tracing::warn!(channel, seconds, "deliveries to Slack wait: {}", stop.sentence());
}

fn pause(stop: &Stop, failures: u32) -> Duration {
    match stop {
        Stop::Slack(SlackError::Limited { after, .. }) => *after,
        Stop::Slack(error) if error.fault() == Fault::Credentials => PAUSES.1,
        Stop::Slack(_) | Stop::Memory(_) => {
            PAUSES.0.saturating_mul(1 << failures.saturating_sub(1).min(10)).min(PAUSES.1)
        }
    }
}

impl Stop {
    fn sentence(&self) -> String {
        match self {
            Self::Slack(error) => error.to_string(),
            Self::Memory(why) => why.clone(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_grow_and_slacks_own_are_kept() {
        let lost = Stop::Slack(SlackError::Lost("chat.postMessage"));
        let seconds: Vec<u64> = (1..9).map(|failures| pause(&lost, failures).as_secs()).collect();
        assert_eq!(seconds, [1, 2, 4, 8, 16, 32, 60, 60]);
        let after = Duration::from_secs(17);
        assert_eq!(pause(&Stop::Slack(SlackError::Limited { method: "x", after }), 5), after);
        let revoked = SlackError::Refused { method: "x", code: "token_revoked".into(), detail: None };
        assert_eq!(pause(&Stop::Slack(revoked), 1), PAUSES.1);
    }
}
