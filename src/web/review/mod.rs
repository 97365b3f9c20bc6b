//! The record, for people with the right to review it: search, filters that stand in the address, exports of what was
//! found, and stories with what the record proves of them.

mod export;
mod proof;
mod search;
mod story;

use std::sync::Arc;

use axum::extract::{Query, State};
use axum::http::StatusCode;
use axum::response::Html;
use jiff::Timestamp;
use minijinja::context;
use minijinja::value::Serde;
use serde::Serialize;

use super::pages::frame;
use super::problem::Problem;
use super::session::Visitor;
use super::state::Web;
use super::transcript::{names, visible};
use crate::chat::console::{state_word, when};
use crate::domain::{PersonId, Platform};
use crate::store::{RequestRow, RequestState};
use search::{Search, presets};

pub(super) use export::{csv, jsonl};
pub(super) use story::story;

/// How many requests a page shows.
const PAGE: usize = 50;

/// A request in a list or on top of its story.
#[derive(Serialize)]
struct RequestView {
    row: RequestRow,
    state: &'static str,
    asker: String,
    created: crate::chat::console::When,
    took: Option<String>,
    incident: Option<String>,
    agreed: String,
    linked: bool,
}

fn request_view(web: &Web, row: RequestRow) -> RequestView {
    let span =
        |from: Timestamp, to: Timestamp| crate::domain::human_span(to.duration_since(from).unsigned_abs());
    RequestView {
        state: state_word(row.state),
        asker: row
            .asker
            .as_ref()
            .and_then(|person| names(web).remove(person))
            .unwrap_or_else(|| row.sender.display.clone()),
        created: when(row.created_at, web.clock.now()),
        took: row.started_at.zip(row.finished_at).map(|(from, to)| span(from, to)),
        incident: row.incident().map(str::to_owned),
        agreed: named(web, &row.agreed),
        linked: row.place.platform == Platform::Console,
        row,
    }
}

/// These people by the names that are shown.
fn named(web: &Web, people: &[PersonId]) -> String {
    let names = names(web);
    let name = |person: &PersonId| names.get(person).cloned().unwrap_or_else(|| person.0.clone());
    people.iter().map(name).collect::<Vec<_>>().join(", ")
}

/// Whether the visitor may read about a request: they may review the record, it is theirs, or it is from a console
/// channel that they see.
fn readable(web: &Web, visitor: &Visitor, row: &RequestRow) -> bool {
    web.house.may_review(&visitor.person.id)
        || row.asker.as_ref() == Some(&visitor.person.id)
        || (row.place.platform == Platform::Console && visible(web, visitor, &row.place.channel).is_ok())
}

/// Refuses a visitor who may not review the record.
pub(super) fn reviewer(web: &Web, visitor: &Visitor) -> Result<(), Problem> {
    if web.house.may_review(&visitor.person.id) {
        return Ok(());
    }
    Err(Problem::new(
        StatusCode::FORBIDDEN,
        "The record is for people who may review it",
        "The policy does not let you use /audit. Ask an administrator for it. What you asked for yourself stands in the \
         channel you asked in.",
    ))
}

/// A result one can look for, in the words of the page.
#[derive(Serialize)]
struct ResultView {
    word: &'static str,
    title: &'static str,
}

pub(super) async fn record(
    State(web): State<Arc<Web>>,
    visitor: Visitor,
    Query(search): Query<Search>,
) -> Result<Html<String>, Problem> {
    reviewer(&web, &visitor)?;
    let filter = search.filter(&web)?;
    let rows = web.house.find(&filter, PAGE + 1).await?;
    let more = rows.len() > PAGE;
    let requests: Vec<_> = rows.into_iter().take(PAGE).map(|row| request_view(&web, row)).collect();
    let older = requests.last().filter(|_| more).map(|last| search.address(last.row.id.as_str()));
    let vocabulary = web.house.vocabulary();
    let results: Vec<ResultView> = RequestState::ALL
        .into_iter()
        .map(|state| ResultView { word: state.as_str(), title: state_word(state) })
        .collect();
    let (frame, _unread) = frame(&web, &visitor).await?;
    let page = context! {
        here => "record",
        requests => Serde(requests),
        narrowed => search.address("") != Search::default().address(""),
        newest => (!search.before.is_empty()).then(|| search.address("")),
        search => Serde(&search),
        as_csv => search.address_of("/r.csv", ""),
        as_jsonl => search.address_of("/r.jsonl", ""),
        presets => Serde(presets(&search, web.clock.now())),
        everybody => Serde(web.house.people()),
        vocabulary => Serde(vocabulary),
        results => Serde(results),
        older,
    };
    web.render("record.html", context! { ..frame, ..page }).map(Html)
}
