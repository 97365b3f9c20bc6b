//! The whole house on a temporary store, with a back end that only writes down: what a model's answer really comes to,
//! whoever presses what.

mod cast;
mod recorder;
mod said;
mod script;
mod told;
mod tools;

use std::any::Any;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use serde::{Deserialize, Serialize};
use tokio::sync::{Mutex, mpsc};

use crate::clock::{Clock as _, StandingClock};
use crate::domain::{
    Body, ChatUser, DedupeKey, Inbound, Interpretation, MessageId, Origin, Place, Platform, RawMessage,
};
use crate::pipeline::{Receipt, Rooms, Trouble};
use crate::store::RequestRow;

use super::case::Case;
use super::prediction::{Breach, ProposedCall};

pub use cast::{Cast, Humans};
pub use recorder::{Done, Recorder};
pub use told::Told;
pub use tools::{CONNECTION, rehearsed};

/// A house to rehearse in.
pub struct Rehearsal {
    /// The rooms, with the recorder for their one back end.
    pub rooms: Arc<Rooms>,
    /// Who reads in them.
    pub told: Arc<Told>,
    /// What was done.
    pub recorder: Recorder,
    /// The time in them.
    pub clock: Arc<StandingClock>,
    /// Who is there.
    pub cast: Cast,
    /// How they behave.
    pub humans: Humans,
    /// What has to live as long.
    pub keep: Box<dyn Any + Send + Sync>,
    /// Numbers deliveries.
    pub deliveries: AtomicU64,
}

/// What came of a case in the whole house.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Played {
    /// What was executed, in order.
    pub effects: Vec<ProposedCall>,
    /// What must never happen, and did.
    pub breaches: Vec<Breach>,
    /// How it ended, for reports and tests.
    pub stand: Stand,
}

/// How a rehearsed case stood and what people saw of it.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Stand {
    /// How the request stood before anybody pressed anything.
    pub first: String,
    /// How it ended.
    pub last: String,
    /// The exact commands that people were asked to say yes to.
    pub asked_for: Vec<String>,
    /// What was said instead of doing it.
    pub said: String,
    /// What the record says about how the words were read.
    pub record: String,
}

/// Houses that are taken by one case at a time.
pub struct Stages {
    free: Mutex<mpsc::Receiver<Rehearsal>>,
    back: mpsc::Sender<Rehearsal>,
}

impl Stages {
    /// Houses for as many cases at once.
    pub fn new(houses: Vec<Rehearsal>) -> Self {
        let (back, free) = mpsc::channel(houses.len().max(1));
        for house in houses {
            // There is room for every one of them.
            let _kept = back.try_send(house);
        }
        Self { free: Mutex::new(free), back }
    }

    /// Plays a case in the first house that is free.
    ///
    /// # Errors
    /// When the house is broken.
    pub async fn play(&self, case: &Case, answer: (Interpretation, Origin)) -> Result<Played, Trouble> {
        let free = self.free.lock().await.recv().await;
        let Some(house) = free else { return Ok(Played::default()) };
        let played = Box::pin(house.play(case, answer)).await;
        // There is room, because it was taken from there.
        let _kept = self.back.try_send(house);
        played
    }
}

impl Rehearsal {
    /// Somebody does something in a channel, and what comes of it comes to rest.
    ///
    /// # Errors
    /// When the house is broken.
    pub async fn deliver(
        &self,
        sender: &ChatUser,
        channel: &str,
        thread: Option<&MessageId>,
        body: Body,
    ) -> Result<(Receipt, Option<RequestRow>), Trouble> {
        self.clock.advance(Duration::from_secs(1));
        let number = self.deliveries.fetch_add(1, Ordering::Relaxed);
        let raw = match &body {
            Body::Text(text) => text.clone().into_bytes(),
            other => format!("{other:?}").into_bytes(),
        };
        let inbound = Inbound {
            id: DedupeKey(format!("rehearsal:{number}")),
            at: self.clock.now(),
            place: Place {
                platform: Platform::Console,
                workspace: String::new(),
                channel: channel.to_owned(),
                thread: thread.cloned(),
            },
            sender: sender.clone(),
            body,
            remote: None,
            raw: RawMessage(raw),
        };
        // On the heap: what a message sets off is deep, and a case sets off many.
        Box::pin(self.rooms.handle_to_rest(inbound)).await
    }
}

/// The keys that a rehearsed trial adds to its line.
pub(super) fn keys(stand: &Stand) -> serde_json::Map<String, serde_json::Value> {
    let value = serde_json::to_value(stand).unwrap_or_default();
    BTreeMap::from([("stand".to_owned(), value)]).into_iter().collect()
}
