//! The home of the app: what waits for somebody, what they did, what is locked; and what one could ask.

use jiff::Timestamp;
use serde_json::{Value, json};

use super::Commands;
use super::card::{markup, plain, remark};
use super::text::{code, cut, escaped};
use crate::catalog::Catalog;
use crate::chat::console::{ago, state_word};
use crate::store::{HeldLock, RequestRow};

/// The most of each list that is shown.
const MOST_LINES: usize = 15;

/// What the home of somebody shows.
#[derive(Clone, Copy, Debug)]
pub struct Desk<'a> {
    /// What the policy calls them; `None` for somebody it does not know.
    pub person: Option<&'a str>,
    /// Why they may do nothing although it does, in a sentence.
    pub barred: Option<&'a str>,
    /// Their account, as the policy would name it.
    pub identity: &'a str,
    /// What waits for them, oldest first, each with an address to see it at.
    pub waiting: &'a [(RequestRow, Option<String>)],
    /// What they asked for, newest first.
    pub asked: &'a [(RequestRow, Option<String>)],
    /// What is locked.
    pub locks: &'a [HeldLock],
    /// Now.
    pub now: Timestamp,
}

/// The home of somebody.
pub fn home(desk: &Desk<'_>, commands: &Commands) -> Value {
    let mut blocks = Vec::new();
    let Some(person) = desk.person else {
        blocks.push(header("You are not known here yet"));
        blocks.push(json!({ "type": "section", "text": markup(format!(
            "Ask an administrator to add {} to the identities of a person in the policy. Until then nothing that you \
             ask for is done.",
            code(desk.identity, 200)
        )) }));
        return json!({ "type": "home", "blocks": blocks });
    };
    if let Some(why) = desk.barred {
        blocks.push(header("Nothing can be done here for you"));
        blocks.push(json!({ "type": "section", "text": markup(escaped(&format!("Sorry, {why}."), 1_000)) }));
        return json!({ "type": "home", "blocks": blocks });
    }
    blocks.push(header("Waiting for you"));
    blocks.extend(lines(desk.waiting, desk.now, commands, "Nothing waits for you."));
    blocks.push(json!({ "type": "divider" }));
    blocks.push(header("What you asked for"));
    blocks.extend(lines(desk.asked, desk.now, commands, "You have not asked for anything yet."));
    blocks.push(json!({ "type": "divider" }));
    blocks.push(header("Locked"));
    if desk.locks.is_empty() {
        blocks.push(remark("Nothing is locked."));
    }
    blocks.extend(desk.locks.iter().take(MOST_LINES).map(|lock| locked(lock, desk.now)));
    blocks.push(json!({ "type": "divider" }));
    blocks.push(json!({
        "type": "actions",
        "elements": [{
            "type": "button",
            "action_id": ASK_BUTTON,
            "text": plain("Ask for something", 75),
            "style": "primary",
        }],
    }));
    blocks.push(remark(&format!("You are {person} here, by your account {}.", desk.identity)));
    json!({ "type": "home", "blocks": blocks })
}

/// The button that opens the list of tools.
pub(super) const ASK_BUTTON: &str = "cs.ask";

fn header(text: &str) -> Value {
    json!({ "type": "header", "text": plain(text, 150) })
}

fn lines(
    rows: &[(RequestRow, Option<String>)],
    now: Timestamp,
    commands: &Commands,
    nothing: &str,
) -> Vec<Value> {
    if rows.is_empty() {
        return vec![remark(nothing)];
    }
    let mut blocks: Vec<Value> =
        rows.iter().take(MOST_LINES).map(|(row, url)| line(row, url.as_deref(), now, commands)).collect();
    if rows.len() > MOST_LINES {
        blocks.push(remark(&format!("and {} more", rows.len() - MOST_LINES)));
    }
    blocks
}

fn line(row: &RequestRow, url: Option<&str>, now: Timestamp, commands: &Commands) -> Value {
    let what = match &row.command {
        Some(command) => code(&commands.typed(command), 1_000),
        None => escaped(&row.said, 500),
    };
    let asker = row.asker.as_ref().map_or(row.sender.display.as_str(), |person| person.0.as_str());
    let until = match row.expires_at.filter(|_at| row.state.is_open()) {
        Some(at) => format!(", expires {}", ago(at, now)),
        None => String::new(),
    };
    let stands = format!("{asker}, {}, {}{until}", ago(row.created_at, now), state_word(row.state));
    let mut block =
        json!({ "type": "section", "text": markup(format!("{what}\n{}", escaped(&stands, 500))) });
    if let (Some(url), Some(block)) = (url, block.as_object_mut()) {
        let button =
            json!({ "type": "button", "action_id": "cs.see", "text": plain("See it", 75), "url": url });
        block.insert("accessory".to_owned(), button);
    }
    block
}

fn locked(lock: &HeldLock, now: Timestamp) -> Value {
    let what = match &lock.service {
        Some(service) => format!("{service} in {}", lock.environment),
        None => lock.environment.clone(),
    };
    let until = lock.until.map(|at| format!(", open again {}", ago(at, now))).unwrap_or_default();
    let text = format!("{what}: {} ({}, {}{until})", lock.reason, lock.by, ago(lock.since, now));
    json!({ "type": "section", "text": markup(escaped(&text, 1_000)) })
}

/// What one could ask, for a new conversation with the assistant: at most four, what only reads first.
pub fn prompts(catalog: &Catalog, offered: &[String]) -> Vec<Value> {
    let mut tools: Vec<_> = offered.iter().filter_map(|name| catalog.tool(name)).collect();
    tools.sort_by_key(|tool| tool.mutates());
    let whole = tools.into_iter().filter_map(|tool| {
        let example = tool.manifest().examples.iter().find(|example| example.ask.is_empty())?;
        Some(json!({ "title": cut(&tool.manifest().title, 100), "message": example.say }))
    });
    whole.take(4).collect()
}
