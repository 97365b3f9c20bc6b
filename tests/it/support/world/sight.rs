//! What people see.

use countersign::audit::{Against, Check, NoteScanner, Sound, Verification, verify};
use countersign::domain::{Body, MessageId, Reply, RequestId};
use countersign::store::{Author, MessageBody, MessageRow};
use tokio::time::timeout;

use super::World;
use crate::support::{PATIENCE, Said, tidy};

impl World {
    /// What the bot wrote in a channel, each message as text, those in threads too.
    pub async fn told(&self, channel: &str) -> Vec<String> {
        let place = self.inbound(channel, "nobody", Body::Text(String::new())).place;
        let store = &self.rooms().store;
        let roots = store.channel_messages(&place, None, 1_000).await.unwrap();
        let mut told = Vec::new();
        for root in roots {
            let thread = store.thread(&root.id).await.unwrap();
            let all = std::iter::once(root.clone()).chain(thread.into_iter().filter(|row| row.id != root.id));
            told.extend(
                all.filter(|message| message.author == Author::Bot).map(|row| tidy(&reply(row).to_text())),
            );
        }
        told
    }

    /// A request as it stands, with all that was said about it.
    pub async fn look(&self, said: &Said) -> Said {
        let row = self.rooms().store.request(said.id()).await.unwrap();
        Said { row, replies: self.replies(said.id(), |_| true).await, again: false }
    }

    pub async fn card(&self, request: &RequestId) -> Reply {
        reply(self.card_row(request).await)
    }

    pub async fn card_row(&self, request: &RequestId) -> MessageRow {
        let store = &self.rooms().store;
        let card: MessageId = store.request(request).await.unwrap().unwrap().card.expect("it has a card");
        store.message(&card).await.unwrap().unwrap()
    }

    /// Waits until the card of a request says this.
    pub async fn card_says(&self, request: &RequestId, words: &str) {
        let mut changed = self.rooms().changed.subscribe();
        let seen = async {
            loop {
                let row = self.rooms().store.request(request).await.unwrap().unwrap();
                if row.card.is_some() && self.card(request).await.to_text().contains(words) {
                    return;
                }
                changed.recv().await.unwrap();
            }
        };
        timeout(PATIENCE, seen).await.unwrap_or_else(|_| panic!("the card does not say `{words}`"));
    }

    /// What the bot said about a request: its card first, then the rest as it was written.
    pub(super) async fn replies(
        &self,
        request: &RequestId,
        which: impl Fn(&MessageRow) -> bool,
    ) -> Vec<Reply> {
        let store = &self.rooms().store;
        let card = store.request(request).await.unwrap().and_then(|row| row.card);
        let mut messages = store.messages_of(request).await.unwrap();
        messages.retain(|message| message.author == Author::Bot && which(message));
        messages.sort_by_key(|message| (Some(&message.id) != card.as_ref(), message.id.clone()));
        messages.into_iter().map(reply).collect()
    }

    /// The kinds of the entries about a request, in order.
    pub async fn entries(&self, request: &RequestId) -> Vec<&'static str> {
        let entries = self.rooms().ledger.entries_of(request).await.unwrap();
        entries.iter().map(|entry| entry.kind.as_str()).collect()
    }

    /// The checkpoints that left the database, oldest first.
    pub fn exported(&self) -> Vec<String> {
        let file = self.data_dir().join("checkpoints");
        NoteScanner::all(&std::fs::read_to_string(file).unwrap_or_default())
    }

    /// The record, recomputed and compared with what left the database. It is sound.
    pub async fn verified(&self) -> Sound {
        let rooms = self.rooms();
        let against = |note| Against { note, from: "the file".to_owned() };
        let against: Vec<_> = self.exported().into_iter().map(against).collect();
        let keys = [rooms.ledger.public_key()];
        let check = Check { keys: &keys, against: &against, progress: &mut |_done, _total| {} };
        match verify(&rooms.store, check).await {
            Verification::Sound(sound) => sound,
            found => panic!("{found:?}"),
        }
    }
}

fn reply(message: MessageRow) -> Reply {
    match message.body {
        MessageBody::Reply { reply } => reply,
        MessageBody::Text { text } => panic!("`{text}` is not of the bot"),
    }
}
