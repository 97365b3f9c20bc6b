//! What does not go into a message: the file below it, and what is said elsewhere because it cannot be said there.

use super::lanes::Stop;
use super::{Mark, Outbox};
use crate::chat::slack::client::{Fault, File, Post, SlackError};
use crate::chat::slack::{Card, text};
use crate::store::{MessageBody, MessageRow, RequestRow};

impl Outbox {
    /// Puts the whole text below a card that does not hold it. The name tells which version of which card it is of.
    pub(super) async fn attach(&self, row: &MessageRow, thread: &str, text: &str) -> Result<(), Stop> {
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
    pub(super) async fn give_up(
        &self,
        row: &MessageRow,
        card: &Card,
        error: &SlackError,
    ) -> Result<(), Stop> {
        tracing::error!(message = %row.id, channel = row.place.channel, "a message cannot be shown: {error}");
        if row.delivered == 0
            && let Some(request) = &row.request
            && let Some(request) = self.reach.store.request(request).await?
            && request.card.as_ref() == Some(&row.id)
        {
            let asks = matches!(&row.body, MessageBody::Reply { reply } if !reply.buttons.is_empty());
            self.tell_apart(&request, (!asks).then_some(card), error).await;
        }
        self.write_down(MessageRow { delivered: row.version, ..row.clone() }).await
    }

    /// Tells who asked, and nobody else: at the address that came with the command, or in a conversation of two. What
    /// waits for nobody is told whole.
    async fn tell_apart(&self, request: &RequestRow, card: Option<&Card>, error: &SlackError) {
        let why = format!(
            "I cannot answer in <#{}> ({}). Bring me into the channel with /invite, then ask again. What came of your \
             request is on the record: {}",
            request.place.channel,
            text::escaped(error.code(), 100),
            request.id
        );
        if let Some(url) = self.reach.answers.of(&request.id) {
            let whole = card.map_or_else(|| why.clone(), |card| format!("{}\n\n{why}", card.text));
            match self.reach.client.respond(&url, &whole, self.reach.clock.now()).await {
                Ok(()) => return,
                Err(error) => tracing::warn!("a command could not be answered at its address: {error}"),
            }
        }
        let user = request.sender.user.as_str();
        let post = Post { channel: user, thread: None, text: &why, blocks: &[], message: None };
        if let Err(error) = self.reach.client.post(&post).await {
            tracing::warn!(request = %request.id, "who asked could not be told: {error}");
        }
    }
}
