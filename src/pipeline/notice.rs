//! What the bot says by itself in a channel: about the record, to whoever looks after it.

use std::sync::Arc;

use arc_swap::ArcSwap;
use futures::FutureExt as _;
use futures::future::BoxFuture;
use tokio::sync::broadcast;

use super::due::listed;
use super::{Changed, changes, shown};
use crate::audit::{Alarm, Checkpoint, Delivered, Ledger, Outgoing, PublicKey, Shown, Sink, SinkError, Step};
use crate::clock::{Clock, Mint, NoEntropy};
use crate::domain::{Block, Place, Platform, Reply, Tone};
use crate::gate::Policy;
use crate::store::{Author, Guard, MessageBody, MessageRow, Row};

/// Puts notices up in the channels of one name.
#[derive(Clone)]
pub struct Noticeboard {
    /// What writes them down.
    pub ledger: Ledger,
    /// Makes their ids.
    pub mint: Arc<Mint>,
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// Tells who listens that there is one.
    pub changed: broadcast::Sender<Changed>,
    /// What lists the channels.
    pub policy: Arc<ArcSwap<Policy>>,
    /// Their name: every one that the policy lists under it, or the console's own.
    pub channel: String,
}

impl Noticeboard {
    /// Puts a notice up. It is no answer to anybody and no entry of the record.
    async fn post(&self, reply: &Reply) -> Result<(), String> {
        let rows = self.places().into_iter().map(|place| self.message(place, reply.clone()));
        let rows = rows.collect::<Result<Vec<_>, _>>().map_err(|error| error.to_string())?;
        let step = Step { guard: Guard::Open, rows, entries: Vec::new() };
        let changed = changes(&step.rows);
        // An open guard refuses nothing.
        let _written = self.ledger.write(step).await.map_err(|error| error.to_string())?;
        for change in changed {
            // Nobody listening is fine.
            let _nobody = self.changed.send(change);
        }
        Ok(())
    }
}

impl Noticeboard {
    fn places(&self) -> Vec<Place> {
        let listed = listed(&self.policy.load(), &self.channel);
        if listed.is_empty() { vec![console(&self.channel)] } else { listed }
    }

    fn message(&self, place: Place, reply: Reply) -> Result<Row, NoEntropy> {
        Ok(Row::Message(Box::new(MessageRow {
            id: self.mint.message_id()?,
            delivered: shown(place.platform, 1),
            place,
            author: Author::Bot,
            body: MessageBody::Reply { reply },
            request: None,
            at: self.clock.now(),
            edited_at: None,
            deleted: false,
            version: 1,
            remote: None,
        })))
    }
}

/// A channel that only the console shows: nothing is done from there.
fn console(channel: &str) -> Place {
    Place { platform: Platform::Console, workspace: String::new(), channel: channel.to_owned(), thread: None }
}

impl Alarm for Noticeboard {
    fn raise<'a>(&'a self, sentence: &'a str) -> BoxFuture<'a, ()> {
        async move {
            if let Err(error) = self.post(&Reply::say(Tone::Failed, sentence)).await {
                tracing::error!("a notice could not be put up in #{}: {error}", self.channel);
            }
        }
        .boxed()
    }
}

/// Nobody but those who read the log, where every alarm is anyway.
#[derive(Clone, Copy, Debug, Default)]
pub struct LogOnly;

impl Alarm for LogOnly {
    fn raise<'a>(&'a self, _sentence: &'a str) -> BoxFuture<'a, ()> {
        std::future::ready(()).boxed()
    }
}

/// A channel as a place for checkpoints: chat is a witness that whoever has our database does not control.
pub struct ChannelSink {
    name: String,
    board: Noticeboard,
}

impl ChannelSink {
    /// A sink that posts on this board.
    pub fn new(board: Noticeboard) -> Self {
        Self { name: format!("channel #{}", board.channel), board }
    }
}

impl Sink for ChannelSink {
    fn name(&self) -> &str {
        &self.name
    }

    fn deliver<'a>(&'a self, outgoing: &'a Outgoing<'a>) -> BoxFuture<'a, Result<Delivered, SinkError>> {
        async move {
            let checkpoint = outgoing.checkpoint();
            let title = format!("Checkpoint of the record: {} entries", checkpoint.size);
            let mut reply = Reply::say(Tone::Info, title)
                .with(Block::Code { text: checkpoint.note.trim_end().to_owned() });
            if let Some(key) = outgoing.keys().first() {
                let text = format!("Signed with {}", key.verifier_key(checkpoint.epoch));
                reply = reply.with(Block::Note { text });
            }
            self.board.post(&reply).await.map_err(SinkError::Failed)?;
            Ok(Delivered { note: checkpoint.note.clone() })
        }
        .boxed()
    }

    fn check<'a>(&'a self, _outgoing: &'a Outgoing<'a>) -> BoxFuture<'a, Result<Shown, SinkError>> {
        std::future::ready(Ok(Shown::Unreadable)).boxed()
    }

    fn held<'a>(&'a self, _keys: &'a [PublicKey]) -> BoxFuture<'a, Result<Vec<Checkpoint>, SinkError>> {
        std::future::ready(Ok(Vec::new())).boxed()
    }
}
