use std::sync::Arc;

use axum::extract::{Path, State};
use axum::response::Html;
use minijinja::context;
use minijinja::value::Serde;

use super::super::house::StoryLine;
use super::super::pages::frame;
use super::super::problem::Problem;
use super::super::session::Visitor;
use super::super::state::Web;
use super::proof::ProofView;
use super::{readable, request_view};
use crate::chat::console::{spans, when};
use crate::domain::RequestId;

pub(in crate::web) async fn story(
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
            entry => line.position.to_string(),
        }
    };
    let proof = ProofView::of(&story.proof, &web);
    let lines: Vec<_> = story.lines.into_iter().map(line).collect();
    let (frame, _unread) = frame(&web, &visitor).await?;
    let raw = legible(&story.raw);
    let page = context! { here => "record", request => Serde(request_view(&web, story.row)), lines, raw, proof => Serde(proof) };
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
