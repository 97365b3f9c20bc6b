use std::sync::Arc;

use axum::Extension;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, header};
use axum::response::{IntoResponse, Redirect, Response};
use serde::Deserialize;
use serde_json::json;

use super::guard::Site;
use super::house::Receipt;
use super::problem::{ForScript, Problem};
use super::session::{Posted, Visitor};
use super::state::Web;
use super::transcript::{visible, visible_message};
use crate::chat::console::{self, Post, Press, React, Sitting};
use crate::domain::{MessageId, RawMessage};

pub(super) async fn message(
    State(web): State<Arc<Web>>,
    Path(channel): Path<String>,
    Extension(site): Extension<Site>,
    headers: HeaderMap,
    posted: Posted<Post>,
) -> Result<Response, Problem> {
    visible(&web, &posted.visitor, &channel)?;
    let thread = posted.form.thread.clone();
    if !thread.is_empty() {
        let root = visible_message(&web, &posted.visitor, &thread).await?;
        if root.place.channel != channel || root.place.thread.is_some() {
            return Err(Problem::nowhere());
        }
    }
    let inbound = console::post(posted.form, &channel, sitting(&web, &posted.visitor, posted.raw))?;
    let receipt = web.house.receive(inbound).await?;
    let back = if thread.is_empty() { format!("/c/{channel}") } else { format!("/c/{channel}/t/{thread}") };
    Ok(answer(&receipt, &headers, &site, &back))
}

pub(super) async fn press(
    State(web): State<Arc<Web>>,
    Path(message): Path<String>,
    Extension(site): Extension<Site>,
    headers: HeaderMap,
    posted: Posted<Press>,
) -> Result<Response, Problem> {
    let message = visible_message(&web, &posted.visitor, &message).await?;
    let back = format!("/c/{}", message.place.channel);
    let sitting = sitting(&web, &posted.visitor, posted.raw);
    let inbound = console::press(posted.form, &message.id, message.place, sitting)?;
    let receipt = web.house.receive(inbound).await?;
    Ok(answer(&receipt, &headers, &site, &back))
}

pub(super) async fn react(
    State(web): State<Arc<Web>>,
    Path(message): Path<String>,
    Extension(site): Extension<Site>,
    headers: HeaderMap,
    posted: Posted<React>,
) -> Result<Response, Problem> {
    let message = visible_message(&web, &posted.visitor, &message).await?;
    let back = format!("/c/{}", message.place.channel);
    let sitting = sitting(&web, &posted.visitor, posted.raw);
    let inbound = console::react(posted.form, &message.id, message.place, sitting)?;
    let receipt = web.house.receive(inbound).await?;
    Ok(answer(&receipt, &headers, &site, &back))
}

/// The form that notes what one has read.
#[derive(Deserialize)]
pub(super) struct Read {
    upto: String,
}

pub(super) async fn read(
    State(web): State<Arc<Web>>,
    Path(channel): Path<String>,
    Extension(site): Extension<Site>,
    headers: HeaderMap,
    posted: Posted<Read>,
) -> Result<Response, Problem> {
    visible(&web, &posted.visitor, &channel)?;
    let upto = MessageId::parse(&posted.form.upto).ok_or_else(Problem::nowhere)?;
    web.house.mark_read(&posted.visitor.person.id, &channel, &upto).await?;
    Ok(answer(&Receipt::default(), &headers, &site, &format!("/c/{channel}")))
}

fn sitting(web: &Web, visitor: &Visitor, raw: RawMessage) -> Sitting {
    let sender = console::sender(&visitor.person.id, &visitor.person.name);
    Sitting { sender, at: web.clock.now(), raw }
}

/// For our script what became of it, for a browser the page it came from.
fn answer(receipt: &Receipt, headers: &HeaderMap, site: &Site, otherwise: &str) -> Response {
    if ForScript::of(headers) == ForScript::Yes {
        return axum::Json(json!({ "request": receipt.request, "message": receipt.message })).into_response();
    }
    let from = headers.get(header::REFERER).and_then(|from| from.to_str().ok());
    let path = from.and_then(|from| from.strip_prefix(site.origin())).filter(|path| path.starts_with('/'));
    // Two slashes would name another host.
    let path = path.filter(|path| !path.starts_with("//")).unwrap_or(otherwise);
    let fragment = receipt.message.as_ref().map(|id| format!("#{id}")).unwrap_or_default();
    Redirect::to(&format!("{}{fragment}", path.split('#').next().unwrap_or(otherwise))).into_response()
}
