//! A draft of a case from what was recorded: for requests that went otherwise than they should have.

use std::collections::BTreeMap;

use serde_json::Map;

use super::case::{Case, Context, Expect, ExpectedCall, Kind, LineHash, Matcher, Message, Outcome, Role};
use crate::domain::RequestId;
use crate::redact::Redactor;
use crate::store::{Author, MessageBody, MessageRow, RequestRow, RequestState, Store, StoreError};

/// The bot's name in cases.
const BOT: &str = "countersign";

/// A case of a request and its thread. Its expectation is what the asker got in the end: the call that was carried out or
/// refused by the gate, or the one that they asked for after this one came to nothing; where neither is there, any
/// question, which a person puts right. `None` for a request without words.
///
/// # Errors
/// When the store cannot be read.
pub async fn draft_of(
    store: &Store,
    request: &RequestId,
    lang: &str,
    redactor: &Redactor,
) -> Result<Option<Case>, StoreError> {
    let Some(row) = store.request(request).await? else { return Ok(None) };
    if row.said.trim().is_empty() {
        return Ok(None);
    }
    let thread = match &row.place.thread {
        Some(root) => store.thread(root).await?,
        None => Vec::new(),
    };
    let before = thread.iter().filter(|message| message.id < row.message && !message.deleted);
    let mut messages: Vec<Message> =
        before.filter_map(|message| said(message, &row)).map(|said| redacted(said, redactor)).collect();
    let own = Message { role: Role::User, speaker: speaker(&row), text: row.said.clone() };
    messages.push(redacted(own, redactor));
    let later = later(store, &row, &thread).await?;
    let (preferred, how) = expected(&row, later.as_ref());
    Ok(Some(Case {
        id: format!("draft-{}", row.id.as_str().to_lowercase()),
        category: "regression".to_owned(),
        lang: lang.to_owned(),
        messages,
        expect: Expect { preferred, alt: Vec::new(), forbid: Vec::new() },
        context: Context {
            channel: Some(format!("#{}", row.place.channel)),
            now: Some(row.created_at.to_string()),
            ..Context::default()
        },
        trials: None,
        must_pass: false,
        notes: Some(format!("{how}; it was {} then", came_to(&row))),
        tags: vec!["from:audit".to_owned(), "draft".to_owned()],
        source: None,
        extra: Map::new(),
        hash: LineHash::default(),
    }))
}

/// What the next request of the same person in the thread came to, where this one came to nothing.
async fn later(
    store: &Store,
    row: &RequestRow,
    thread: &[MessageRow],
) -> Result<Option<RequestRow>, StoreError> {
    if matches!(row.state, RequestState::Done | RequestState::Failed | RequestState::Refused) {
        return Ok(None);
    }
    let after = thread.iter().filter(|message| message.id > row.message);
    let ids: Vec<RequestId> = after.filter_map(|message| message.request.clone()).collect();
    let mut rows = store.requests_of(&ids).await?;
    rows.retain(|later| {
        later.id != row.id && later.sender.identity() == row.sender.identity() && later.tool.is_some()
    });
    rows.sort_by_key(|later| later.created_at);
    Ok(rows.into_iter().next())
}

fn expected(row: &RequestRow, later: Option<&RequestRow>) -> (Outcome, &'static str) {
    if let Some(later) = later {
        return (call(later), "expected is what the asker asked for afterwards");
    }
    match (&row.tool, row.state) {
        (Some(_), RequestState::Done | RequestState::Failed) => {
            (call(row), "expected is what was carried out")
        }
        (Some(_), RequestState::Refused) => {
            (call(row), "expected is the call as it was read, which the gate refused")
        }
        _ => {
            let ask = Outcome {
                kind: Kind::Clarify,
                calls: Vec::new(),
                ordered: false,
                missing: vec!["intent".to_owned()],
                allow: Vec::new(),
                reason: None,
            };
            (ask, "what is expected has to be written by a person")
        }
    }
}

fn call(row: &RequestRow) -> Outcome {
    let args: BTreeMap<String, Matcher> =
        row.args.iter().map(|(slot, value)| (slot.clone(), Matcher::OneOf(vec![value.clone()]))).collect();
    let call = ExpectedCall { tool: row.tool.clone().unwrap_or_default(), args };
    Outcome {
        kind: Kind::Call,
        calls: vec![call],
        ordered: false,
        missing: Vec::new(),
        allow: Vec::new(),
        reason: None,
    }
}

fn came_to(row: &RequestRow) -> String {
    let command = row.command.as_deref().map(|command| format!(" as `{command}`")).unwrap_or_default();
    let note = row.note.as_deref().map(|note| format!(" ({note})")).unwrap_or_default();
    format!("{}{command}{note}", row.state.as_str())
}

fn speaker(row: &RequestRow) -> String {
    row.asker.as_ref().map_or_else(|| row.sender.display.clone(), |person| person.0.clone())
}

/// A turn of the thread. What a back end wrote into an answer is left out, as it is for a reader.
fn said(message: &MessageRow, row: &RequestRow) -> Option<Message> {
    match (&message.author, &message.body) {
        (Author::User { user, person }, MessageBody::Text { text }) => {
            let same = user.identity() == row.sender.identity();
            let name = person.as_ref().map_or_else(|| user.display.clone(), |person| person.0.clone());
            let (role, speaker) = if same { (Role::User, self::speaker(row)) } else { (Role::Other, name) };
            Some(Message { role, speaker, text: text.clone() })
        }
        (Author::Bot, MessageBody::Reply { reply }) => {
            let mut stated = reply.clone();
            stated.buttons.clear();
            stated.blocks.retain(|block| matches!(block, crate::domain::Block::Fields { .. }));
            let text = stated.to_text();
            (!text.trim().is_empty()).then(|| Message {
                role: Role::Assistant,
                speaker: BOT.to_owned(),
                text,
            })
        }
        (Author::User { .. }, MessageBody::Reply { .. }) | (Author::Bot, MessageBody::Text { .. }) => None,
    }
}

fn redacted(message: Message, redactor: &Redactor) -> Message {
    Message { text: redactor.text(&message.text), ..message }
}
