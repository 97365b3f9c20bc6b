//! What reviewers look at: one flat record per request, and its story in plain words. Pure functions over entries.

use jiff::Timestamp;
use serde::Serialize;
use serde_json::Value;

use super::draft::at_text;
use super::{EntryKind, Logged, payload_words};

/// One request in the form that reviewers expect.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct FlatRecord {
    /// When it was asked, in UTC.
    pub timestamp: String,
    /// Who asked: the person, or the account of a stranger.
    pub user: String,
    /// The exact slash command it amounts to; empty when it came to none.
    pub command: String,
    /// Who said yes, in order; the votes it was started with, or those that stand.
    pub approved_by: Vec<String>,
    /// How it ended, or where it stands: `done`, `failed`, `unknown`, `denied`, `waiting` ...
    pub result: String,
    /// From the start to the end of the run; nothing if it did not run to an end.
    pub duration_seconds: Option<f64>,
    /// Where it was asked.
    pub channel: String,
}

/// One line of the story of a request.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct StoryLine {
    /// The entry it tells of.
    pub seq: u64,
    /// When.
    pub at: Timestamp,
    /// Who.
    pub who: String,
    /// What they did, as a phrase that goes on after the name.
    pub what: String,
}

/// The flat record of the entries of one request, oldest first. `None` if it was never received.
pub fn flat_record(entries: &[Logged]) -> Option<FlatRecord> {
    let received = entries.iter().find(|entry| entry.kind == EntryKind::Received)?;
    let command = entries
        .iter()
        .rev()
        .filter(|entry| matches!(entry.kind, EntryKind::Interpreted | EntryKind::Judged | EntryKind::Started))
        .find_map(|entry| entry.text("command"));
    Some(FlatRecord {
        timestamp: at_text(received.at),
        user: received.who().to_owned(),
        command: command.unwrap_or_default().to_owned(),
        approved_by: approvers(entries),
        result: result(entries),
        duration_seconds: duration_seconds(entries),
        channel: received.text("channel").unwrap_or_default().to_owned(),
    })
}

/// The story of entries, one line each.
pub fn story(entries: &[Logged]) -> Vec<StoryLine> {
    entries
        .iter()
        .enumerate()
        .map(|(index, entry)| StoryLine {
            seq: entry.seq,
            at: entry.at,
            who: entry.who().to_owned(),
            what: what(entry, entries.get(..=index).unwrap_or_default()),
        })
        .collect()
}

/// The particulars of an entry, a line each: what its story line leaves out.
pub fn particulars(entry: &Logged) -> String {
    const SAID: [&str; 8] = ["what", "channel", "command", "choice", "note", "title", "text", "result"];
    let mut lines = Vec::new();
    let said = |key: &str, value: &Value| {
        SAID.contains(&key) && value.as_str().is_none_or(|text| text.lines().nth(1).is_none())
    };
    for (key, value) in entry.body.iter().filter(|(key, value)| !said(key, value)) {
        match value {
            Value::Null => {}
            Value::Array(items) => {
                lines.extend(
                    items
                        .iter()
                        .map(|item| format!("{key}: {}", finding(item).unwrap_or_else(|| plain(item)))),
                );
            }
            Value::Object(map) => {
                lines.extend(map.iter().map(|(name, item)| format!("{key}.{name}: {}", plain(item))));
            }
            Value::Bool(_) | Value::Number(_) | Value::String(_) => {
                lines.push(format!("{key}: {}", plain(value)))
            }
        }
    }
    lines.extend(entry.payloads.iter().map(|payload| format!("{}: sha256 {}", payload.name, payload.sha256)));
    lines.join("\n")
}

fn plain(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

/// A rule that spoke, as a sentence.
fn finding(item: &Value) -> Option<String> {
    let text = |key| item.get(key).and_then(Value::as_str);
    Some(format!("{} ({}): {}", text("rule")?, text("decision")?, text("sentence")?))
}

/// Those who approved, as the start names them; before it, those whose approval stands.
fn approvers(entries: &[Logged]) -> Vec<String> {
    let started = entries.iter().rev().find(|entry| entry.kind == EntryKind::Started);
    if let Some(Value::Array(people)) = started.and_then(|entry| entry.body.get("approved_by")) {
        return people.iter().filter_map(Value::as_str).map(str::to_owned).collect();
    }
    let mut standing: Vec<String> = Vec::new();
    let counted = |entry: &&Logged| {
        entry.kind == EntryKind::Voted && entry.body.get("counted") != Some(&Value::Bool(false))
    };
    for entry in entries.iter().filter(counted) {
        let choice = entry.text("choice");
        if matches!(choice, Some("approve" | "deny" | "retract")) {
            standing.retain(|person| person != entry.who());
        }
        if choice == Some("approve") {
            standing.push(entry.who().to_owned());
        }
    }
    standing
}

/// The last word on how it ended, or where it stands.
fn result(entries: &[Logged]) -> String {
    entries.iter().rev().find_map(word).unwrap_or("received").to_owned()
}

/// What an entry says of that, if anything.
fn word(entry: &Logged) -> Option<&str> {
    match entry.kind {
        EntryKind::Finished => entry.text("result"),
        EntryKind::Ended => entry.text("state"),
        EntryKind::Started | EntryKind::Recovered => Some("started"),
        EntryKind::Judged => entry.text("decision").map(standing),
        EntryKind::Opened
        | EntryKind::Received
        | EntryKind::Interpreted
        | EntryKind::Voted
        | EntryKind::Replied
        | EntryKind::PolicyLoaded
        | EntryKind::PolicyRefused
        | EntryKind::PolicyWaiting
        | EntryKind::KeyRotated
        | EntryKind::CheckpointExported
        | EntryKind::PayloadRedacted
        | EntryKind::RestoreAccepted => None,
    }
}

/// Where a request stands right after a decision.
fn standing(decision: &str) -> &str {
    match decision {
        "deny" => "refused",
        "confirm" | "need-approval" => "waiting",
        other => other,
    }
}

fn duration_seconds(entries: &[Logged]) -> Option<f64> {
    let started = entries.iter().find(|entry| entry.kind == EntryKind::Started)?;
    let finished = entries.iter().rev().find(|entry| entry.kind == EntryKind::Finished)?;
    let millis = finished.at.as_millisecond() - started.at.as_millisecond();
    Some(std::time::Duration::from_millis(u64::try_from(millis).ok()?).as_secs_f64())
}

/// What an entry tells, given all up to it.
fn what(entry: &Logged, so_far: &[Logged]) -> String {
    let text = |key| entry.text(key).unwrap_or_default();
    let command = || entry.text("command").map(|command| format!("`{command}`"));
    match entry.kind {
        EntryKind::Opened => "began the record".to_owned(),
        EntryKind::Received => {
            let channel = text("channel").trim_start_matches('#');
            format!("{} in #{channel}", received(text("what")))
        }
        EntryKind::Interpreted => match command() {
            Some(command) => format!("read it as {command}"),
            None => with("made no command of it", text("text")),
        },
        EntryKind::Judged => with(judged(text("decision")), text("reason")),
        EntryKind::Voted if entry.body.get("counted") == Some(&Value::Bool(false)) => {
            with(&format!("tried to {} it, which did not count", text("choice")), text("note"))
        }
        EntryKind::Voted => with(voted(text("choice")), text("note")),
        EntryKind::Started => {
            let started = format!("started {}", command().unwrap_or_else(|| "it".to_owned()));
            match approvers(so_far).as_slice() {
                [] => started,
                people => format!("{started}, approved by {}", people.join(" and ")),
            }
        }
        EntryKind::Recovered => with("found the run cut off", text("reason")),
        EntryKind::Finished => {
            let after =
                duration_seconds(so_far).map(|seconds| format!(" after {seconds:.1} s")).unwrap_or_default();
            with(&format!("{}{after}", finished(text("result"))), text("text"))
        }
        EntryKind::Ended => with(&format!("ended it as {}", text("state")), text("reason")),
        EntryKind::Replied => with("answered", text("title")),
        EntryKind::PolicyLoaded => "put another policy in force".to_owned(),
        EntryKind::PolicyRefused => with("kept the policy; the file is not right", text("file")),
        EntryKind::PolicyWaiting => with("kept the policy; the file allows more", text("file")),
        EntryKind::KeyRotated => "changed the signing key".to_owned(),
        EntryKind::CheckpointExported => with("exported a checkpoint", text("sink")),
        EntryKind::PayloadRedacted => {
            let seq = entry.body.get("seq").and_then(Value::as_u64).unwrap_or_default();
            with(&format!("took away the {} of entry {seq}", payload_words(text("name"))), text("reason"))
        }
        EntryKind::RestoreAccepted => with("accepted a restored backup", text("reason")),
    }
}

fn received(what: &str) -> &str {
    match what {
        "text" => "wrote",
        "click" => "pressed a button",
        "reaction" => "reacted",
        "edited" => "edited a message",
        "deleted" => "deleted a message",
        other => other,
    }
}

fn judged(decision: &str) -> &str {
    match decision {
        "allow" => "allowed it",
        "confirm" => "asked for a confirmation",
        "need-approval" => "asked for approval",
        "deny" => "refused it",
        other => other,
    }
}

fn voted(choice: &str) -> &str {
    match choice {
        "confirm" => "confirmed it",
        "approve" => "approved it",
        "deny" => "denied it",
        "retract" => "took the approval back",
        other => other,
    }
}

fn finished(result: &str) -> &str {
    match result {
        "done" => "finished it",
        "failed" => "saw it fail",
        "unknown" => "cannot tell whether it was done",
        other => other,
    }
}

/// A phrase, and what follows a colon where there is something to follow: its first line, [`particulars`] has the rest.
fn with(phrase: &str, detail: &str) -> String {
    let detail = detail.lines().next().unwrap_or_default();
    if detail.is_empty() { phrase.to_owned() } else { format!("{phrase}: {detail}") }
}
