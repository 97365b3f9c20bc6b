//! Slack's doors: deliveries over HTTP and over sockets, with the same behaviour.

mod http;
mod pass;
mod socket;
mod window;

use std::sync::{Arc, Mutex, PoisonError};

use arc_swap::ArcSwap;
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};
use tokio_util::sync::CancellationToken;

use crate::chat::slack::client::{Client, Fault, Identity};
use crate::chat::slack::door::{Arrival, Known, Notice, Package, Sent, read};
use crate::chat::slack::{Commands, People, Remembered, ResponseUrls};
use crate::pipeline::Rooms;

pub use http::{Guarded, router};
pub use socket::keep;

/// How often the operators hear at most that deliveries are held back.
const TOLD_EVERY: SignedDuration = SignedDuration::from_hours(1);

/// What the doors lead to.
pub struct Door {
    rooms: Arc<Rooms>,
    client: Arc<Client>,
    people: Arc<People>,
    commands: Commands,
    answers: Arc<ResponseUrls>,
    identity: ArcSwap<Identity>,
    /// When the operators were last told that deliveries are held back.
    told_of_limit: Mutex<Option<Timestamp>>,
}

/// What goes back to Slack.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Answer {
    /// It is written down, or there was nothing to write down.
    Taken,
    /// The same, and this is to be shown or done.
    With(Value),
    /// The text that Slack wants back.
    Challenge(String),
    /// It could not be written down: nothing happened, and it should come again.
    NotTaken,
}

impl Door {
    /// Doors that lead here.
    pub fn new(
        rooms: Arc<Rooms>,
        client: Arc<Client>,
        people: Arc<People>,
        commands: Commands,
        answers: Arc<ResponseUrls>,
    ) -> Arc<Self> {
        Arc::new(Self {
            rooms,
            client,
            people,
            commands,
            answers,
            identity: ArcSwap::default(),
            told_of_limit: Mutex::default(),
        })
    }

    /// Finds out who we are in Slack, and tries again until it is known or `stop` is cancelled. Until then mentions are
    /// known by what Slack says beside each event.
    pub async fn introduce(&self, stop: CancellationToken) {
        let mut pause = std::time::Duration::from_secs(1);
        loop {
            match self.client.identity().await {
                Ok(identity) => {
                    tracing::info!(team = identity.team_name, user = identity.user, "Slack knows us");
                    self.identity.store(Arc::new(identity));
                    return;
                }
                Err(error) => tracing::error!("Slack does not say who we are: {error}"),
            }
            if stop.run_until_cancelled(tokio::time::sleep(pause)).await.is_none() {
                return;
            }
            pause = (pause * 2).min(std::time::Duration::from_secs(60));
        }
    }

    /// Takes a delivery in. When this returns it is on the record and may be acknowledged; the work goes on behind.
    pub(super) async fn take(self: &Arc<Self>, package: &Package) -> Answer {
        let at = self.rooms.clock.now();
        let identity = self.identity.load();
        let known = Known { us: &identity.user, catalog: &self.rooms.catalog, at };
        match read(package, known) {
            Arrival::Challenge(text) => Answer::Challenge(text),
            Arrival::Present => Answer::Taken,
            Arrival::Said(said) => self.said(said, at).await,
            Arrival::Pressed(pressed) => self.pressed(pressed, at).await,
            Arrival::Reacted(reacted) => self.reacted(reacted, at).await,
            Arrival::Edited(changed) => self.edited(changed, at).await,
            Arrival::Deleted(changed) => self.deleted(changed, at).await,
            Arrival::Sent(sent) => self.sent(sent, at).await,
            Arrival::Wanted(wanted) => {
                let door = Arc::clone(self);
                self.rooms.tasks.spawn(async move { door.show(wanted).await });
                Answer::Taken
            }
            Arrival::Notice(notice) => {
                self.noticed(&notice);
                Answer::Taken
            }
            Arrival::Ignored(why) => {
                tracing::debug!(why, "a delivery of Slack's was passed over");
                Answer::Taken
            }
        }
    }

    async fn sent(self: &Arc<Self>, sent: Sent, at: Timestamp) -> Answer {
        match sent {
            Sent::Chosen { tool, channel } => self.form_of(&tool, &channel),
            Sent::Wrong(errors) => {
                let errors: serde_json::Map<String, Value> =
                    errors.into_iter().map(|(block, sentence)| (block, sentence.into())).collect();
                Answer::With(json!({ "response_action": "errors", "errors": errors }))
            }
            Sent::Right(said) => self.said(said, at).await,
        }
    }
}

impl Door {
    fn noticed(self: &Arc<Self>, notice: &Notice) {
        match notice {
            Notice::PeopleChanged => {
                self.people.forget();
                self.read_roster();
            }
            // People change their pictures all the time; only whom we have asked about matters.
            Notice::AccountChanged { user } => match self.people.forget_account(user) {
                Remembered::Forgotten => self.read_roster(),
                Remembered::Never => {}
            },
            Notice::Gone { workspace } => self.warn(format!(
                "The app was taken out of Slack's workspace {workspace}, or its tokens were revoked. Nothing reaches the \
                 people there until it is installed again and the new tokens are in the configuration"
            )),
            Notice::RateLimited { workspace } => {
                if self.is_news(self.rooms.clock.now()) {
                    self.warn(format!(
                        "Slack holds back messages and reactions of the workspace {workspace}, because there are too many: \
                         some of this minute have not arrived. Commands and buttons do. Whoever got no answer should ask again"
                    ));
                }
            }
            Notice::ChannelMoved { old, new } => self.warn(format!(
                "A channel of Slack's has the id {new} now instead of {old}. Change it in the policy: until then it counts \
                 as a channel that nobody has listed"
            )),
        }
    }

    /// Tells the operators, and the log.
    fn warn(self: &Arc<Self>, sentence: String) {
        tracing::error!("{sentence}");
        let rooms = Arc::clone(&self.rooms);
        self.rooms.tasks.spawn(async move {
            if let Err(trouble) = rooms.warn_operators(&sentence).await {
                tracing::error!("the operators were not told: {trouble}");
            }
        });
    }

    /// Whether the operators have heard nothing of deliveries held back for a while: Slack says so every minute.
    fn is_news(&self, now: Timestamp) -> bool {
        let mut told = self.told_of_limit.lock().unwrap_or_else(PoisonError::into_inner);
        let fresh = told.is_none_or(|at| now.duration_since(at) >= TOLD_EVERY);
        if fresh {
            *told = Some(now);
        }
        fresh
    }
}

impl Door {
    fn read_roster(self: &Arc<Self>) {
        let rooms = Arc::clone(&self.rooms);
        self.rooms.tasks.spawn(async move {
            if let Err(trouble) = rooms.read_roster().await {
                tracing::error!("who is in which group was not read again: {trouble}");
            }
        });
    }
}

/// Whether an error means that a person must do something about our tokens.
fn is_ours(fault: Fault) -> bool {
    fault == Fault::Credentials
}
