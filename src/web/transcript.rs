use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;

use super::house::{ChannelView, Unread};
use super::problem::Problem;
use super::session::Visitor;
use super::state::Web;
use crate::chat::console::{MessageView, Seen};
use crate::domain::{MessageId, PersonId, RequestId};
use crate::store::{Author, MessageBody, MessageRow};

/// How many replies of a thread the channel shows; the thread itself shows all.
const REPLIES_SHOWN: usize = 8;

/// A message of a channel with the thread below it, as `entry.html` shows it.
#[derive(Debug, Serialize)]
pub(super) struct Entry {
    pub(super) message: MessageView,
    pub(super) replies: Vec<MessageView>,
    /// How many earlier replies are not shown.
    pub(super) hidden: usize,
    /// Whether it is the first one that the viewer has not read.
    pub(super) first_new: bool,
}

impl Entry {
    /// The ids of the messages it shows.
    pub(super) fn ids(&self) -> impl Iterator<Item = &MessageId> {
        std::iter::once(&self.message).chain(&self.replies).map(MessageView::id)
    }
}

/// The names to show for people.
pub(super) fn names(web: &Web) -> BTreeMap<PersonId, String> {
    web.house.people().into_iter().map(|person| (person.id, person.name)).collect()
}

/// The channel of this name, if the visitor sees it.
pub(super) fn visible(web: &Web, visitor: &Visitor, channel: &str) -> Result<ChannelView, Problem> {
    let mut channels = web.house.channels(&visitor.person.id).into_iter();
    channels.find(|one| one.name == channel).ok_or_else(Problem::nowhere)
}

/// A message, if the visitor sees its channel.
pub(super) async fn visible_message(web: &Web, visitor: &Visitor, id: &str) -> Result<MessageRow, Problem> {
    let id = MessageId::parse(id).ok_or_else(Problem::nowhere)?;
    let message = web.house.message(&id).await?.ok_or_else(Problem::nowhere)?;
    visible(web, visitor, &message.place.channel)?;
    Ok(message)
}

/// The views of these messages for this visitor.
pub(super) async fn shown(
    web: &Web,
    visitor: &Visitor,
    rows: &[MessageRow],
) -> Result<Vec<MessageView>, Problem> {
    let ids: Vec<_> = rows.iter().map(|row| row.id.clone()).collect();
    let requests: BTreeSet<_> = rows.iter().filter_map(request_of).cloned().collect();
    let requests: Vec<_> = requests.into_iter().collect();
    let reactions = web.house.reactions(&ids).await?;
    let requests = web.house.requests(&requests).await?;
    let seen = Seen {
        viewer: &visitor.person.id,
        now: web.clock.now(),
        names: &names(web),
        requests: &requests.into_iter().map(|row| (row.id.clone(), row)).collect(),
        reactions: &reactions,
    };
    Ok(rows.iter().map(|row| MessageView::of(row, &seen)).collect())
}

fn request_of(message: &MessageRow) -> Option<&RequestId> {
    match &message.body {
        MessageBody::Reply { reply } => reply.request.as_ref().or(message.request.as_ref()),
        MessageBody::Text { .. } => None,
    }
}

/// These messages with their threads.
pub(super) async fn entries(
    web: &Web,
    visitor: &Visitor,
    roots: Vec<MessageRow>,
    unread: &Unread,
) -> Result<Vec<Entry>, Problem> {
    let ids: Vec<_> = roots.iter().map(|row| row.id.clone()).collect();
    let first_new = first_unread(visitor, &roots, unread);
    let replies = web.house.threads(&ids).await?;
    let mut threads: BTreeMap<MessageId, Vec<MessageView>> = BTreeMap::new();
    for (row, view) in replies.iter().zip(shown(web, visitor, &replies).await?) {
        threads.entry(row.place.thread.clone().unwrap_or_else(|| row.id.clone())).or_default().push(view);
    }
    let entry = |(row, message): (&MessageRow, MessageView)| {
        let mut replies = threads.remove(&row.id).unwrap_or_default();
        let hidden = replies.len().saturating_sub(REPLIES_SHOWN);
        Entry {
            message,
            replies: replies.split_off(hidden),
            hidden,
            first_new: Some(&row.id) == first_new.as_ref(),
        }
    };
    Ok(roots.iter().zip(shown(web, visitor, &roots).await?).map(entry).collect())
}

fn first_unread(visitor: &Visitor, roots: &[MessageRow], unread: &Unread) -> Option<MessageId> {
    let upto = unread.upto.as_ref()?;
    let by_me = |row: &MessageRow| match &row.author {
        Author::User { person, .. } => person.as_ref() == Some(&visitor.person.id),
        Author::Bot => false,
    };
    roots.iter().find(|row| row.id > *upto && !by_me(row)).map(|row| row.id.clone())
}
