use std::collections::BTreeMap;
use std::sync::Arc;

use axum::extract::{Path, Query, State};
use axum::response::{Html, IntoResponse, Redirect, Response};
use minijinja::context;
use minijinja::value::{Serde, Value};
use serde::{Deserialize, Serialize};

use super::house::{PersonView, StoryLine, Typed, Unread};
use super::problem::Problem;
use super::session::Visitor;
use super::state::{Mode, Web};
use super::transcript::{Entry, entries, names, visible, visible_message};
use crate::chat::console::{MAX_TEXT, spans, state_word, when};
use crate::domain::{MessageId, Platform, RequestId};
use crate::store::RequestRow;

/// How many messages of a channel a page shows, and how many requests the record.
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
async fn frame(web: &Web, visitor: &Visitor) -> Result<(Value, BTreeMap<String, Unread>), Problem> {
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

/// A request in a list or on top of its story.
#[derive(Serialize)]
struct RequestView {
    row: RequestRow,
    state: &'static str,
    asker: String,
    created: crate::chat::console::When,
    took: Option<String>,
    linked: bool,
}

fn request_view(web: &Web, row: RequestRow) -> RequestView {
    let span = |from: jiff::Timestamp, to: jiff::Timestamp| {
        crate::domain::human_span(to.duration_since(from).unsigned_abs())
    };
    RequestView {
        state: state_word(row.state),
        asker: row
            .asker
            .as_ref()
            .and_then(|person| names(web).remove(person))
            .unwrap_or_else(|| row.sender.display.clone()),
        created: when(row.created_at, web.clock.now()),
        took: row.started_at.zip(row.finished_at).map(|(from, to)| span(from, to)),
        linked: row.place.platform == Platform::Console,
        row,
    }
}

/// Whether the visitor may read about a request: it is not from a console channel that they do not see.
fn readable(web: &Web, visitor: &Visitor, row: &RequestRow) -> bool {
    row.place.platform != Platform::Console || visible(web, visitor, &row.place.channel).is_ok()
}

/// What to look for on the record.
#[derive(Deserialize)]
pub(super) struct Search {
    #[serde(default)]
    q: String,
}

pub(super) async fn record(
    State(web): State<Arc<Web>>,
    visitor: Visitor,
    Query(search): Query<Search>,
) -> Result<Html<String>, Problem> {
    let query: String = search.q.trim().chars().take(200).collect();
    let mut rows = web.house.find(&query, PAGE).await?;
    rows.retain(|row| readable(&web, &visitor, row));
    let requests: Vec<_> = rows.into_iter().map(|row| request_view(&web, row)).collect();
    let (frame, _unread) = frame(&web, &visitor).await?;
    let page = context! { requests => Serde(requests), query, most => PAGE };
    web.render("record.html", context! { ..frame, ..page }).map(Html)
}

pub(super) async fn story(
    State(web): State<Arc<Web>>,
    visitor: Visitor,
    Path(request): Path<String>,
) -> Result<Html<String>, Problem> {
    let id = RequestId::parse(&request).ok_or_else(Problem::nowhere)?;
    let story = web.house.story(&id).await?.filter(|story| readable(&web, &visitor, &story.row));
    let story = story.ok_or_else(Problem::nowhere)?;
    let line = |line: StoryLine| {
        context! {
            at => Serde(when(line.at, web.clock.now())),
            who => line.who,
            what => Serde(spans(&line.what)),
            detail => line.detail,
        }
    };
    let lines: Vec<_> = story.lines.into_iter().map(line).collect();
    let (frame, _unread) = frame(&web, &visitor).await?;
    let raw = legible(&story.raw);
    let page = context! { request => Serde(request_view(&web, story.row)), lines, raw };
    web.render("story.html", context! { ..frame, ..page }).map(Html)
}

/// The raw message; a form of our own field by field, without the empty ones.
fn legible(raw: &str) -> String {
    if !raw.starts_with("once=") {
        return raw.to_owned();
    }
    let fields = url::form_urlencoded::parse(raw.as_bytes()).filter(|(_, value)| !value.is_empty());
    fields.map(|(name, value)| format!("{name}: {value}")).collect::<Vec<_>>().join("\n")
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
