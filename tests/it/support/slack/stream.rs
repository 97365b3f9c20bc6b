//! Messages that grow.

use serde_json::{Value, json};

use super::BOT;
use super::state::State;

pub fn start(state: &mut State, args: &Value) -> Result<Value, String> {
    let (channel, thread) =
        (args["channel"].as_str().unwrap(), args["thread_ts"].as_str().unwrap_or_default());
    if !channel.starts_with('D') && args["recipient_user_id"].as_str().is_none() {
        return Err("missing_recipient_user_id".to_owned());
    }
    if state.message(channel, thread).is_none() {
        return Err("thread_not_found".to_owned());
    }
    let ts = state.write(channel, BOT, "", Some(thread));
    grow(state, channel, &ts, args)?;
    state.growing.push(ts.clone());
    Ok(json!({ "channel": channel, "ts": ts }))
}

pub fn append(state: &mut State, args: &Value) -> Result<Value, String> {
    let (channel, ts) = (args["channel"].as_str().unwrap(), args["ts"].as_str().unwrap());
    if !state.growing.iter().any(|growing| growing == ts) {
        return Err("message_not_in_streaming_state".to_owned());
    }
    grow(state, channel, ts, args)?;
    Ok(json!({ "channel": channel, "ts": ts }))
}

pub fn stop(state: &mut State, args: &Value) -> Result<Value, String> {
    let done = append(state, args)?;
    state.growing.retain(|growing| *growing != args["ts"].as_str().unwrap());
    Ok(done)
}

fn grow(state: &mut State, channel: &str, ts: &str, args: &Value) -> Result<(), String> {
    let seen = state.message(channel, ts).ok_or("message_not_found")?;
    for chunk in args["chunks"].as_array().ok_or("invalid_chunks")? {
        let known = ["in_progress", "complete", "error"].iter().any(|status| chunk["status"] == *status);
        let title = chunk["title"].as_str().unwrap_or_default();
        if chunk["type"] != "task_update" || !known || title.is_empty() || chunk["id"].as_str().is_none() {
            return Err("invalid_chunks".to_owned());
        }
        let card = json!({
            "type": "task_card", "task_id": chunk["id"], "title": title, "status": chunk["status"],
        });
        match seen.blocks.iter_mut().find(|block| block["task_id"] == chunk["id"]) {
            Some(block) => *block = card,
            None => seen.blocks.push(card),
        }
    }
    let lines = seen
        .blocks
        .iter()
        .map(|block| format!("[{}] {}", block["status"].as_str().unwrap(), block["title"].as_str().unwrap()));
    seen.text = lines.collect::<Vec<_>>().join("\n");
    Ok(())
}
