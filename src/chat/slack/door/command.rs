//! Slash commands.

use super::text::entities;
use super::wire::Look;
use super::{About, Arrival, Heard, Known, Package, Said, Wanted, Window};
use crate::catalog::{Catalog, near};
use crate::chat::slack::ResponseUrl;
use crate::domain::{ChatUser, DedupeKey, Place, Platform};

pub(super) fn read(package: &Package, known: Known<'_>) -> Arrival {
    let form = Look(&package.payload);
    let (command, typed) = (form.text("command"), entities(form.text("text")));
    let text = exact(command, typed.trim(), known.catalog);
    let (team, trigger) = (workspace(form), form.text("trigger_id"));
    let sender = ChatUser {
        platform: Platform::Slack,
        workspace: team.to_owned(),
        user: form.text("user_id").to_owned(),
        display: form.first(&["user_name", "user_id"]).to_owned(),
    };
    let place = Place {
        platform: Platform::Slack,
        workspace: team.to_owned(),
        channel: form.text("channel_id").to_owned(),
        thread: None,
    };
    if sender.user.is_empty() || place.channel.is_empty() || trigger.is_empty() {
        return Arrival::Ignored("a command of nobody");
    }
    let answer_at = ResponseUrl::new(form.text("response_url"), known.at);
    if is_bare(&text, known.catalog) {
        let trigger = trigger.to_owned();
        let window = Window::Form(text);
        return Arrival::Wanted(Wanted { sender, place: Some(place), trigger, window, answer_at });
    }
    let key = DedupeKey(format!("command:{team}:{trigger}"));
    let about = About { key, place, sender, raw: package.raw.clone(), answer_at };
    Arrival::Said(Said { about, text, ts: None, thread: None, heard: Heard::Command })
}

/// For an app that a whole organisation has installed, the workspace may be missing.
fn workspace(form: Look<'_>) -> &str {
    form.first(&["team_id", "enterprise_id"])
}

/// `/deploy a b` as it stands; `/ops deploy a b` as `/deploy a b`, and `/ops please deploy a` as the sentence it is.
fn exact(command: &str, typed: &str, catalog: &Catalog) -> String {
    let name = command.trim_start_matches('/').to_lowercase();
    if names_a_tool(&name, catalog) {
        return format!("/{name} {typed}").trim_end().to_owned();
    }
    let first = typed.split_whitespace().next().unwrap_or_default().trim_start_matches('/').to_lowercase();
    if first.is_empty() {
        return "/help".to_owned();
    }
    let starts = catalog.tools().map(|tool| head(tool.name()));
    if typed.starts_with('/') || names_a_tool(&first, catalog) || !near(&first, starts).is_empty() {
        format!("/{}", typed.trim_start_matches('/'))
    } else {
        typed.to_owned()
    }
}

/// Whether `name` is a tool's, or the first word of some (`incident` of `incident.create`).
fn names_a_tool(name: &str, catalog: &Catalog) -> bool {
    catalog.tools().any(|tool| head(tool.name()) == name)
}

/// The first word of a tool's command.
pub(in crate::chat::slack) fn head(tool: &str) -> &str {
    tool.split('.').next().unwrap_or(tool)
}

/// Whether a command says nothing of what its tool needs: then the form is what helps.
fn is_bare(text: &str, catalog: &Catalog) -> bool {
    let name = text.trim_start_matches('/').split_whitespace().collect::<Vec<_>>().join(".");
    let tool = catalog.tool(&name.to_lowercase()).filter(|_tool| text.starts_with('/'));
    tool.is_some_and(|tool| tool.params().iter().any(|param| param.required))
}
