//! What was said before in a thread, as far as a reader may see it.

use std::collections::BTreeSet;

use super::{Rooms, Trouble};
use crate::domain::{Reply, RequestId, Tone};
use crate::ground::{By, Said, Words};
use crate::interpret::{Speaker, Turn};
use crate::store::{Author, MessageBody, MessageRow, RequestRow};

/// How many turns of a thread a reader sees.
const TURNS: usize = 16;

/// How many characters of them.
const CHARACTERS: usize = 6_000;

/// How old a turn may be, in seconds: what was said yesterday is not what is meant today.
const AGE: i64 = 12 * 3_600;

impl Rooms {
    /// The turns before a message in its thread, oldest first: the asker's, other people's by name, and the bot's own. What
    /// back ends said (logs, outputs) is left out; a status answer is the bot's word, of which the first lines are kept.
    pub(super) async fn turns(&self, row: &RequestRow) -> Result<Vec<Turn>, Trouble> {
        let Some(root) = &row.place.thread else { return Ok(Vec::new()) };
        if *root == row.message {
            return Ok(Vec::new());
        }
        let now = self.clock.now();
        let thread = self.store.thread(root).await?;
        let before = thread.into_iter().filter(|message| message.id < row.message && !message.deleted);
        let recent: Vec<MessageRow> =
            before.filter(|message| now.as_second() - message.at.as_second() <= AGE).collect();
        let facts = self.facts_stated(&recent).await?;
        Ok(latest(recent.into_iter().filter_map(|message| turn(message, row, &facts)).collect()))
    }

    /// The requests whose answers are facts: those that came to a call, and so were answered by a tool.
    async fn facts_stated(&self, messages: &[MessageRow]) -> Result<BTreeSet<RequestId>, Trouble> {
        let of_the_bot = messages.iter().filter(|message| message.author == Author::Bot);
        let requests: Vec<RequestId> = of_the_bot.filter_map(|message| message.request.clone()).collect();
        let rows = self.store.requests_of(&requests).await?;
        Ok(rows.into_iter().filter(|row| row.tool.is_some()).map(|row| row.id).collect())
    }
}

/// The latest turns that a reader may see, oldest first.
pub fn latest(mut turns: Vec<Turn>) -> Vec<Turn> {
    let mut room = CHARACTERS;
    let kept = turns
        .iter()
        .rev()
        .take(TURNS)
        .take_while(|turn| {
            let length = turn.text.chars().count();
            let fits = length <= room;
            room = room.saturating_sub(length);
            fits
        })
        .count();
    turns.drain(..turns.len() - kept);
    turns
}

fn turn(message: MessageRow, row: &RequestRow, facts: &BTreeSet<RequestId>) -> Option<Turn> {
    let is_fact = message.request.as_ref().is_some_and(|request| facts.contains(request));
    let (speaker, text) = match (message.author, message.body) {
        (Author::User { user, person }, MessageBody::Text { text }) => {
            let same = user.identity() == row.sender.identity() || (person.is_some() && person == row.asker);
            let name = person.map_or(user.display, |person| person.0);
            if text.is_empty() {
                return None;
            }
            (if same { Speaker::Asker } else { Speaker::Person(name) }, text)
        }
        (Author::Bot, MessageBody::Reply { reply }) if is_fact || reply.tone == Tone::Asking => bot(&reply)?,
        // A reader's own words are no fact: a model could state what it wants to be told to do.
        (Author::Bot, MessageBody::Reply { .. }) => return None,
        (Author::User { .. }, MessageBody::Reply { .. }) | (Author::Bot, MessageBody::Text { .. }) => {
            return None;
        }
    };
    Some(Turn { speaker, text, at: message.at })
}

/// The bot's turn: a question, or a fact without what a back end wrote into it.
fn bot(reply: &Reply) -> Option<(Speaker, String)> {
    match reply.tone {
        Tone::Asking => Some((Speaker::BotAsked, reply.title.clone())),
        Tone::Info | Tone::Done => {
            let mut stated = reply.clone();
            stated.buttons.clear();
            stated.blocks.retain(|block| matches!(block, crate::domain::Block::Fields { .. }));
            Some((Speaker::BotStated, stated.to_text()))
        }
        Tone::Waiting | Tone::Running | Tone::Failed | Tone::Refused => None,
    }
}

/// The words that may carry the arguments of a call: the asker's own turns and what the bot stated, the message last.
pub fn words(turns: &[Turn], message: &str) -> Words {
    let carries = |turn: &Turn| match turn.speaker {
        Speaker::Asker => Some(Said { by: By::Asker, text: turn.text.clone() }),
        Speaker::BotStated => Some(Said { by: By::Status, text: turn.text.clone() }),
        Speaker::Person(_) | Speaker::Machine(_) | Speaker::BotAsked => None,
    };
    let mut said: Vec<Said> = turns.iter().filter_map(carries).collect();
    said.push(Said { by: By::Asker, text: message.to_owned() });
    Words { turns: said }
}
