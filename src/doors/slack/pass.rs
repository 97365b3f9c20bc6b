//! From what a delivery means to an inbound event: Slack's ids of messages become ours.

use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;

use super::{Answer, Door};
use crate::chat::slack::door::{About, Changed, Heard, Pressed, Reacted, Said};
use crate::domain::{Body, Click, Inbound, Place, Platform, Reaction, Remote};
use crate::pipeline::Receipt;
use crate::store::{Author, MessageRow, RequestRow, StoreError};

/// How often a message is looked for that is on its way, and how long it is waited in between: well within the time in
/// which Slack wants its answer.
const LOOKS: u32 = 10;
const BETWEEN: Duration = Duration::from_millis(50);

impl Door {
    pub(super) async fn said(self: &Arc<Self>, said: Said, at: Timestamp) -> Answer {
        match self.for_us(&said).await {
            Ok(true) => {}
            Ok(false) => return Answer::Taken,
            Err(error) => return not_taken(&error),
        }
        let (heard, thread) = (said.heard, said.thread.clone().or_else(|| said.ts.clone()));
        let answer_at = said.about.answer_at.clone();
        let place = said.about.place.clone();
        let remote = Remote { message: said.ts, thread: said.thread };
        let inbound = Inbound { remote: Some(remote), ..inbound(said.about, Body::Text(said.text), at) };
        match self.rooms.handle(inbound).await {
            Ok(Receipt { again: false, .. })
                if heard == Heard::Addressed && place.channel.starts_with('D') =>
            {
                if let Some(thread) = thread {
                    self.show_reading(place.channel, thread);
                }
                Answer::Taken
            }
            Ok(receipt) => {
                if let (Some(request), Some(url), false) = (receipt.request, answer_at, receipt.again) {
                    self.answers.keep(request, url, at);
                }
                Answer::Taken
            }
            Err(trouble) => not_taken(&trouble),
        }
    }

    /// What stands in a thread is for us only if we take part in it.
    async fn for_us(&self, said: &Said) -> Result<bool, StoreError> {
        let (Heard::InThread, Some(thread)) = (said.heard, &said.thread) else { return Ok(true) };
        let store = &self.rooms.store;
        let Some(opener) = store.message_by_remote(&said.about.place, thread).await? else {
            return Ok(false);
        };
        let root = opener.place.thread.unwrap_or(opener.id);
        Ok(store.thread(&root).await?.iter().any(|message| message.author == Author::Bot))
    }

    /// A button counts only on the card of the request that it names, in the channel where that card stands.
    pub(super) async fn pressed(self: &Arc<Self>, pressed: Pressed, at: Timestamp) -> Answer {
        let (row, card) = match self.card_pressed(&pressed).await {
            Ok(Some(found)) => found,
            Ok(None) => {
                tracing::warn!(
                    request = %pressed.request,
                    channel = pressed.about.place.channel,
                    user = pressed.about.sender.identity(),
                    "a button was pressed that is not on the card of its request"
                );
                let text = "This button is not on the card it belongs to, or the card is just being put up. Nothing was \
                            done; press again in a moment.";
                self.whisper(&pressed.about, text);
                return Answer::Taken;
            }
            Err(error) => return not_taken(&error),
        };
        let Pressed { mut about, request, nonce, action, note, typed, ts: _ } = pressed;
        about.place = card.place;
        about.place.thread = row.place.thread;
        let click = Click { request, nonce, action, note, typed };
        self.handle(inbound(about, Body::Click(click), at)).await
    }

    /// Waits for a moment while a message of ours is on its way to a channel: people see it before Slack has told us what
    /// it calls it. Says whether there was one.
    async fn arrives(&self, place: &Place) -> Result<bool, StoreError> {
        for look in 0..LOOKS {
            let due = self.rooms.store.undelivered(Platform::Slack, 100).await?;
            if !due.iter().any(|row| row.remote.is_none() && row.place.channel == place.channel) {
                return Ok(look > 0);
            }
            tokio::time::sleep(BETWEEN).await;
        }
        Ok(true)
    }

    async fn message(&self, place: &Place, ts: &str) -> Result<Option<MessageRow>, StoreError> {
        let store = &self.rooms.store;
        match store.message_by_remote(place, ts).await? {
            None if self.arrives(place).await? => store.message_by_remote(place, ts).await,
            found => Ok(found),
        }
    }

    async fn card_pressed(&self, pressed: &Pressed) -> Result<Option<(RequestRow, MessageRow)>, StoreError> {
        match self.card(pressed).await? {
            None if self.arrives(&pressed.about.place).await? => self.card(pressed).await,
            found => Ok(found),
        }
    }

    async fn card(&self, pressed: &Pressed) -> Result<Option<(RequestRow, MessageRow)>, StoreError> {
        let Some(row) = self.rooms.store.request(&pressed.request).await? else { return Ok(None) };
        let Some(card) = &row.card else { return Ok(None) };
        let Some(card) = self.rooms.store.message(card).await? else { return Ok(None) };
        let (here, there) = (&pressed.about.place, &card.place);
        let same = here.platform == there.platform
            && here.workspace == there.workspace
            && here.channel == there.channel
            && card.remote.as_deref() == Some(pressed.ts.as_str());
        Ok(same.then_some((row, card)))
    }

    pub(super) async fn reacted(self: &Arc<Self>, reacted: Reacted, at: Timestamp) -> Answer {
        let Reacted { about, ts, emoji, action } = reacted;
        match self.message(&about.place, &ts).await {
            Ok(None) => Answer::Taken,
            Ok(Some(message)) => {
                let reaction = Reaction { message: message.id, emoji: emoji.to_owned(), action };
                self.handle(inbound(about, Body::Reaction(reaction), at)).await
            }
            Err(error) => not_taken(&error),
        }
    }

    pub(super) async fn edited(self: &Arc<Self>, changed: Changed, at: Timestamp) -> Answer {
        let Changed { about, ts, text } = changed;
        match self.rooms.store.message_by_remote(&about.place, &ts).await {
            Ok(None) => Answer::Taken,
            Ok(Some(message)) => {
                self.handle(inbound(about, Body::Edited { message: message.id, text }, at)).await
            }
            Err(error) => not_taken(&error),
        }
    }

    pub(super) async fn deleted(self: &Arc<Self>, changed: Changed, at: Timestamp) -> Answer {
        let Changed { about, ts, text: _ } = changed;
        match self.rooms.store.message_by_remote(&about.place, &ts).await {
            Ok(None) => Answer::Taken,
            Ok(Some(message)) => self.handle(inbound(about, Body::Deleted { message: message.id }, at)).await,
            Err(error) => not_taken(&error),
        }
    }

    async fn handle(self: &Arc<Self>, inbound: Inbound) -> Answer {
        match self.rooms.handle(inbound).await {
            Ok(_receipt) => Answer::Taken,
            Err(trouble) => not_taken(&trouble),
        }
    }
}

/// What the operators read about it. Trouble of ours, or the store's, is told once, here.
fn not_taken(error: &dyn std::error::Error) -> Answer {
    tracing::error!("a delivery of Slack's could not be written down: {error}");
    Answer::NotTaken
}

fn inbound(about: About, body: Body, at: Timestamp) -> Inbound {
    let About { key, place, sender, raw, answer_at: _ } = about;
    Inbound { id: key, at, place, sender, body, remote: None, raw }
}
