//! What is said about a sentence and how it was read.

use super::capital;
use crate::domain::{Block, Field, Origin, Reply, Tone};
use crate::ground::INTENT;
use crate::interpret::Read;
use crate::store::{ArgumentWords, RequestRow};

/// What a card calls the reader of a sentence.
pub(super) const READ_BY: &str = "Read by";

/// Who made the call of a sentence, and the words each argument came from.
pub(super) fn from_words(row: &RequestRow) -> Vec<Field> {
    let Some(words) = &row.words else { return Vec::new() };
    let said = Field::new("Said", format!("“{}”", cut(&row.said)));
    let reader = row.reader.iter().map(|reader| Field::new(READ_BY, reader));
    [said].into_iter().chain(reader).chain(words.iter().map(from)).collect()
}

/// The last word on a command that was read from a sentence says who read it, above all when it was not the model.
pub(in crate::pipeline) fn read_by(reply: Reply, row: &RequestRow) -> Reply {
    let (Some(reader), Some(_command)) = (&row.reader, &row.command) else { return reply };
    let says = |block: &Block| match block {
        Block::Fields { fields } => fields.iter().any(|field| field.name == READ_BY),
        Block::Text { .. }
        | Block::Code { .. }
        | Block::Link { .. }
        | Block::Suggest { .. }
        | Block::Note { .. } => false,
    };
    if reply.blocks.iter().any(says) {
        return reply;
    }
    reply.with(Block::Fields { fields: vec![Field::new(READ_BY, reader)] })
}

/// The first of a long text.
fn cut(text: &str) -> String {
    const MOST: usize = 200;
    let mut shown: String = text.chars().take(MOST).collect();
    if text.chars().nth(MOST).is_some() {
        shown.push('…');
    }
    shown
}

pub(super) fn from(word: &ArgumentWords) -> Field {
    let said = word.said.as_deref().unwrap_or("nobody said this");
    Field::new(&word.argument, format!("{} ← {said}", word.value))
}

/// The name of who read a sentence, as cards show it.
pub(in crate::pipeline) fn reader(read: &Read) -> String {
    let name = match &read.by {
        Origin::Model { model, .. } => format!("the model {model}"),
        Origin::Offline => "the built-in reader, without a model".to_owned(),
        Origin::Slash => "nobody: it is an exact command".to_owned(),
        Origin::Runbook { name } => format!("the runbook {name}"),
        Origin::Alert => "an alert".to_owned(),
        Origin::Mcp { client } => client.clone(),
        Origin::System => "countersign".to_owned(),
    };
    match &read.note {
        Some(note) => format!("{name} ({note})"),
        None => name,
    }
}

/// A question to the asker. An answer in its thread goes on from it.
pub(in crate::pipeline) fn question(text: &str, choices: &[String], read: &Read) -> Reply {
    let mut reply = Reply::say(Tone::Asking, text);
    if !choices.is_empty() && !choices.iter().all(|choice| text.contains(choice.as_str())) {
        reply = reply.text(choices.join(", "));
    }
    with_note(reply, read)
}

/// The same reply with what there is to say about how the words were read.
pub(in crate::pipeline) fn with_note(reply: Reply, read: &Read) -> Reply {
    match &read.note {
        Some(note) => reply.with(Block::Note { text: capital(note) }),
        None => reply,
    }
}

/// The call has arguments that nobody said.
pub(in crate::pipeline) fn ungrounded(command: &str, missing: &[String]) -> String {
    let what: Vec<&str> = missing
        .iter()
        .map(|name| if name == INTENT { "that you want it done" } else { name.as_str() })
        .collect();
    let what = what.join(" and ");
    format!("I read this as `{command}`, but {what} is not in your own words. Say it, or type the command.")
}
