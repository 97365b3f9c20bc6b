//! Reads what servers send. They differ: whatever has one meaning only is accepted, everything else is refused.
//!
//! The crate's own response types are not used here, because they refuse an answer without an id, a role or a time of
//! creation, and take arguments as a string only.

use serde_json::{Map, Value};

use super::trouble::ModelTrouble;
use crate::domain::parse_strict;

/// An answer of the model.
#[derive(Debug, Default, PartialEq)]
pub(super) struct Answer {
    /// What it calls, in order.
    pub calls: Vec<Asked>,
    /// What it says beside that.
    pub text: String,
    /// Its words of refusal, where the provider has a field for them.
    pub refusal: Option<String>,
    /// The model that the server says has answered.
    pub model: Option<String>,
    /// What the server says it runs on.
    pub system_fingerprint: Option<String>,
}

/// One call as it came.
#[derive(Debug, PartialEq)]
pub(super) struct Asked {
    /// The server's id; ours when it gave none.
    pub id: String,
    /// The name on the wire.
    pub name: String,
    /// The arguments as text.
    pub raw: String,
    /// The arguments; or why they cannot be read.
    pub arguments: Result<Value, String>,
}

/// The tokens that a server counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Counted {
    pub prompt: u64,
    pub cached: u64,
    pub completion: u64,
}

/// Reads the body of an answer. Tokens count whatever the answer is.
pub(super) fn read(body: &str) -> (Option<Counted>, Result<Answer, ModelTrouble>) {
    match parse_strict(body) {
        Ok(body) => (counted(&body), answer(&body)),
        Err(_not_json) => (None, Err(ModelTrouble::Unreadable("it is not JSON"))),
    }
}

fn counted(body: &Value) -> Option<Counted> {
    let usage = body.get("usage")?;
    let count = |path: &str| usage.pointer(path).and_then(Value::as_u64);
    let prompt = count("/prompt_tokens")?;
    let cached = count("/prompt_tokens_details/cached_tokens").or_else(|| count("/prompt_cache_hit_tokens"));
    Some(Counted {
        prompt,
        cached: cached.unwrap_or(0).min(prompt),
        completion: count("/completion_tokens").unwrap_or(0),
    })
}

fn answer(body: &Value) -> Result<Answer, ModelTrouble> {
    let Some(choice) = body.pointer("/choices/0") else {
        let error = body.get("error").is_some_and(|error| !error.is_null());
        return Err(ModelTrouble::Unreadable(if error { "it is an error" } else { "it has no choices" }));
    };
    match choice.get("finish_reason").and_then(Value::as_str) {
        Some("length") => return Err(ModelTrouble::CutOff),
        Some("content_filter") => return Err(ModelTrouble::Unreadable("the provider withheld it")),
        Some("error") => return Err(ModelTrouble::Unreadable("it is an error")),
        _ => {}
    }
    let message = choice.get("message").and_then(Value::as_object);
    let message = message.ok_or(ModelTrouble::Unreadable("it has no message"))?;
    let calls = message.get("tool_calls").and_then(Value::as_array).into_iter().flatten();
    Ok(Answer {
        calls: calls.enumerate().map(|(index, call)| asked(index, call)).collect(),
        text: text(message.get("content")),
        refusal: message.get("refusal").and_then(Value::as_str).map(str::to_owned),
        model: name(body, "model"),
        system_fingerprint: name(body, "system_fingerprint"),
    })
}

/// A short word of the server's about itself.
fn name(body: &Value, key: &str) -> Option<String> {
    let text = body.get(key)?.as_str()?;
    Some(text.chars().filter(char::is_ascii_graphic).take(120).collect())
        .filter(|text: &String| !text.is_empty())
}

fn asked(index: usize, call: &Value) -> Asked {
    let empty = Map::new();
    let function = call.get("function").and_then(Value::as_object).unwrap_or(&empty);
    let id = call.get("id").and_then(Value::as_str).filter(|id| !id.is_empty());
    let (raw, arguments) = match function.get("arguments") {
        // A function without arguments is called in all of these ways.
        None | Some(Value::Null) => ("{}".to_owned(), Ok(Value::Object(Map::new()))),
        Some(Value::String(text)) if text.trim().is_empty() => {
            ("{}".to_owned(), Ok(Value::Object(Map::new())))
        }
        Some(Value::String(text)) => (text.clone(), parse_strict(text).map_err(|error| error.to_string())),
        Some(other) => (other.to_string(), Ok(other.clone())),
    };
    Asked {
        id: id.map_or_else(|| format!("call_{index}"), str::to_owned),
        name: function.get("name").and_then(Value::as_str).unwrap_or_default().to_owned(),
        raw,
        arguments,
    }
}

/// The content as text: a string, or parts of which some are text. What a model thought aloud is left out.
fn text(content: Option<&Value>) -> String {
    let text = match content {
        Some(Value::String(text)) => text.clone(),
        Some(Value::Array(parts)) => {
            parts.iter().filter_map(|part| part.get("text")?.as_str()).collect::<Vec<_>>().join("\n")
        }
        _ => String::new(),
    };
    match text.rsplit_once("</think>") {
        Some((_thought, said)) => said.trim().to_owned(),
        None => text.trim().to_owned(),
    }
}
