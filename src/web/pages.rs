use std::collections::BTreeMap;
use std::sync::Arc;

use axum::extract::{Path, Query, State};
use axum::response::{Html, IntoResponse, Redirect, Response};
use minijinja::context;
use minijinja::value::{Serde, Value};
use serde::{Deserialize, Serialize};

use super::house::{PersonView, Typed, Unread};
use super::problem::Problem;
use super::session::Visitor;
use super::state::{Mode, Web};
use super::transcript::{Entry, entries, visible, visible_message};
use crate::chat::console::MAX_TEXT;
use crate::domain::MessageId;

/// How many messages of a channel a page shows.
const PAGE: usize = 50;

pub(super) async fn home(State(web): State<Arc<Web>>, visitor: Visitor) -> Result<Redirect, Problem> {
    let channels = web.house.channels(&visitor.person.id);
    let first = channels.first().ok_or_else(Problem::nowhere)?;
    Ok(Redirect::to(&format!("/c/{}", first.name)))
}

#[derive(Serialize)]
struct Tab {
    name: String,
    topic: String,
    unread: usize,
}

/// What every page around a conversation shows, and what was not read where.
pub(super) async fn frame(
    web: &Web,
    visitor: &Visitor,
) -> Result<(Value, BTreeMap<String, Unread>), Problem> {
    let unread = web.house.unread(&visitor.person.id).await?;
    let tab = |channel: super::ChannelView| Tab {
        unread: unread.get(&channel.name).map_or(0, |unread| unread.count),
        name: channel.name,
        topic: channel.topic,
    };
    let tabs: Vec<_> = web.house.channels(&visitor.person.id).into_iter().map(tab).collect();
    let people: Vec<PersonView> = match web.mode() {
        Mode::Playground => web.house.people(),
        Mode::Accounts(_) => Vec::new(),
    };
    let frame = context! {
        tabs => Serde(tabs),
        me => Serde(&visitor.person),
        people => Serde(people),
        csrf => visitor.csrf(),
        once => web.token()?,
        longest => MAX_TEXT,
    };
    Ok((frame, unread))
}

/// Which part of a channel to show.
#[derive(Deserialize)]
pub(super) struct Part {
    before: Option<String>,
}

pub(super) async fn channel(
    State(web): State<Arc<Web>>,
    visitor: Visitor,
    Path(channel): Path<String>,
    Query(part): Query<Part>,
) -> Result<Html<String>, Problem> {
    let channel = visible(&web, &visitor, &channel)?;
    let before = part.before.as_deref().and_then(MessageId::parse);
    let rows = web.house.messages(&channel.name, before.as_ref(), PAGE).await?;
    let earlier = rows.first().filter(|_| rows.len() == PAGE).map(|row| row.id.to_string());
    let (frame, unread) = frame(&web, &visitor).await?;
    let unread = unread.get(&channel.name).cloned().unwrap_or_default();
    let entries = entries(&web, &visitor, rows, &unread).await?;
    let newest = entries.iter().flat_map(Entry::ids).max().cloned();
    let page = context! {
        channel => Serde(&channel),
        entries => Serde(entries),
        newest => Serde(newest),
        earlier,
        latest => before.is_none(),
        thread => "",
    };
    web.render("channel.html", context! { ..frame, ..page }).map(Html)
}

pub(super) async fn thread(
    State(web): State<Arc<Web>>,
    visitor: Visitor,
    Path((channel, message)): Path<(String, String)>,
) -> Result<Response, Problem> {
    let channel = visible(&web, &visitor, &channel)?;
    let row = visible_message(&web, &visitor, &message).await?;
    if row.place.channel != channel.name {
        return Err(Problem::nowhere());
    }
    if let Some(root) = row.place.thread {
        return Ok(Redirect::to(&format!("/c/{}/t/{root}#{}", channel.name, row.id)).into_response());
    }
    let replies = web.house.threads(std::slice::from_ref(&row.id)).await?;
    let root = row.id.to_string();
    let rows: Vec<_> = std::iter::once(row).chain(replies).collect();
    let shown = super::transcript::shown(&web, &visitor, &rows).await?;
    let (frame, _unread) = frame(&web, &visitor).await?;
    let page = context! { channel => Serde(&channel), messages => Serde(shown), thread => root };
    let page = web.render("thread.html", context! { ..frame, ..page })?;
    Ok(Html(page).into_response())
}

/// What was typed so far.
#[derive(Deserialize)]
pub(super) struct SoFar {
    text: String,
}

pub(super) async fn complete(
    State(web): State<Arc<Web>>,
    visitor: Visitor,
    Path(channel): Path<String>,
    Query(typed): Query<SoFar>,
) -> Result<Response, Problem> {
    visible(&web, &visitor, &channel)?;
    let text: String = typed.text.chars().take(MAX_TEXT).collect();
    let typed = Typed { text: &text, person: &visitor.person.id, channel: &channel };
    Ok(axum::Json(web.house.complete(typed).await?).into_response())
}
