//! What a search found, as a file: one flat record a line, as many as fit the search, never more than a page of it in
//! memory.

use std::sync::Arc;

use axum::body::{Body, Bytes};
use axum::extract::{Query, State};
use axum::http::header;
use axum::response::{IntoResponse, Response};
use futures::{Stream, StreamExt as _, stream};

use super::super::house::Trouble;
use super::super::problem::Problem;
use super::super::session::Visitor;
use super::super::state::Web;
use super::reviewer;
use super::search::Search;
use crate::audit::FlatRecord;
use crate::store::RequestFilter;

/// How many requests are read at once.
const PAGE: usize = 200;

/// The form of a file.
#[derive(Clone, Copy)]
enum Form {
    Csv,
    Jsonl,
}

pub(in crate::web) async fn csv(
    State(web): State<Arc<Web>>,
    visitor: Visitor,
    Query(search): Query<Search>,
) -> Result<Response, Problem> {
    file(web, &visitor, &search, Form::Csv).await
}

pub(in crate::web) async fn jsonl(
    State(web): State<Arc<Web>>,
    visitor: Visitor,
    Query(search): Query<Search>,
) -> Result<Response, Problem> {
    file(web, &visitor, &search, Form::Jsonl).await
}

async fn file(web: Arc<Web>, visitor: &Visitor, search: &Search, form: Form) -> Result<Response, Problem> {
    reviewer(&web, visitor)?;
    let filter = RequestFilter { before: None, ..search.filter(&web)? };
    let (kind, name) = match form {
        Form::Csv => ("text/csv; charset=utf-8", "record.csv"),
        Form::Jsonl => ("application/jsonl; charset=utf-8", "record.jsonl"),
    };
    let headers = [
        (header::CONTENT_TYPE, kind.to_owned()),
        (header::CONTENT_DISPOSITION, format!("attachment; filename=\"{name}\"")),
    ];
    let head = match form {
        Form::Csv => Some(Ok(Bytes::from_static(FlatRecord::CSV_HEAD.as_bytes()))),
        Form::Jsonl => None,
    };
    let lines = stream::iter(head).chain(lines(web, filter, form));
    Ok((headers, Body::from_stream(lines)).into_response())
}

/// The lines, a page of them at a time. Where the record cannot be read any more the answer breaks off, so that nobody
/// takes a part for the whole.
fn lines(
    web: Arc<Web>,
    filter: RequestFilter,
    form: Form,
) -> impl Stream<Item = Result<Bytes, Trouble>> + Send {
    stream::try_unfold(filter, move |mut filter| {
        let web = Arc::clone(&web);
        async move {
            let page = web.house.records(&filter, PAGE).await.inspect_err(|trouble| {
                tracing::error!("an export of the record broke off: {trouble}");
            })?;
            let Some((last, _)) = page.last() else { return Ok(None) };
            filter.before = Some(last.id.clone());
            let text: String = page.iter().filter_map(|(_, record)| line(record.as_ref()?, form)).collect();
            Ok(Some((Bytes::from(text), filter)))
        }
    })
}

fn line(record: &FlatRecord, form: Form) -> Option<String> {
    match form {
        Form::Csv => Some(record.to_csv()),
        // A flat record has nothing that JSON could not hold.
        Form::Jsonl => serde_json::to_string(record).ok().map(|line| line + "\n"),
    }
}
