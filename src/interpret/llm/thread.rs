//! What was said, as the model gets it: one JSON object a line, so that no text can pass for another speaker's.

use jiff::Timestamp;
use serde::Serialize;

use super::trouble::ModelTrouble;
use crate::catalog::visible;
use crate::ground::own_words;
use crate::interpret::{Reading, Speaker};
use crate::redact::Redactor;

/// The most characters of the asker's own words in one message. A longer one is not cut, because half a message can say
/// the opposite.
pub const MAX_MESSAGE: usize = 4_000;
/// The most turns of the thread, the latest ones.
pub const MAX_TURNS: usize = 12;
/// The most characters of one earlier turn, and of one pasted text.
pub const MAX_TURN: usize = 1_000;
/// The most characters of all earlier turns, and of all pasted texts.
pub const MAX_THREAD: usize = 6_000;
/// The most characters of a name.
const MAX_NAME: usize = 40;

/// One thing that was said.
#[derive(Debug, Serialize)]
struct Line {
    speaker: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    name: Option<String>,
    text: String,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pasted: Vec<String>,
}

/// A message in two parts: what its writer says, and what they show.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Parts {
    /// The writer's lines, with a mark where something was pasted.
    pub own: String,
    /// Blocks of lines that are not the writer's own: fenced, quoted, forwarded, written by a machine.
    pub pasted: Vec<String>,
}

/// Takes out what must not leave: characters that cannot be seen, then secrets. In this order, because an invisible
/// character inside a secret hides it from the redactor.
pub(super) fn clean(text: &str, redactor: &Redactor) -> String {
    let seen: Vec<String> = text.lines().map(|line| visible(&line.replace('\t', " "))).collect();
    redactor.text(&seen.join("\n"))
}

/// Parts what a person says from what they show.
pub(super) fn parts(text: &str) -> Parts {
    let own = own_words(text).text;
    let mut parts = Parts { own: String::new(), pasted: Vec::new() };
    let mut block: Vec<&str> = Vec::new();
    for (line, own) in text.lines().zip(own.lines()) {
        let blank = line.trim().is_empty();
        // A lone link shows no text, and an empty line ends no paste: logs and alerts have them.
        let link = line.contains("://") && !line.trim().contains(char::is_whitespace);
        let shown = own.trim().is_empty() && !blank && !link;
        if shown || blank && !block.is_empty() {
            block.push(line);
        } else {
            parts.end(&mut block);
            parts.own.push_str(line);
            parts.own.push('\n');
        }
    }
    parts.end(&mut block);
    parts.own.truncate(parts.own.trim_end().len());
    parts
}

impl Parts {
    fn end(&mut self, block: &mut Vec<&str>) {
        if block.is_empty() {
            return;
        }
        self.pasted.push(block.join("\n").trim_end().to_owned());
        self.own.push_str(&format!("[pasted {}]\n", self.pasted.len()));
        block.clear();
    }
}

/// Whether text from outside is in view of this reading. Earlier turns are shown without what was pasted in them.
pub(super) fn tainted(reading: &Reading, redactor: &Redactor) -> bool {
    let machine = reading.turns.iter().any(|turn| matches!(turn.speaker, Speaker::Machine(_)));
    machine || !parts(&clean(&reading.text, redactor)).pasted.is_empty()
}

/// The part of the request that differs each time: when, who, where, what was said.
pub(super) fn said(reading: &Reading, redactor: &Redactor) -> String {
    let asker = reading.asker.as_ref().map_or("unknown", |person| person.0.as_str());
    let mut lines = vec![
        format!("Now: {}", moment(reading.now)),
        format!("Asker: {}", short(&clean(asker, redactor), MAX_NAME).replace('\n', " ")),
        format!(
            "Channel: {} ({})",
            short(&clean(&reading.place.channel, redactor), MAX_NAME).replace('\n', " "),
            reading.place.platform
        ),
    ];
    let turns = turns(reading, redactor);
    if !turns.is_empty() {
        lines.push("Earlier in this thread, oldest first:".to_owned());
        lines.extend(turns.iter().map(json));
    }
    lines.push("The message to read:".to_owned());
    let parts = parts(&clean(&reading.text, redactor));
    let pasted = within(parts.pasted.iter().map(|text| short(text, MAX_TURN)), MAX_THREAD);
    lines.push(json(&Line { speaker: "asker", name: None, text: parts.own, pasted }));
    lines.join("\n")
}

/// Refuses what is too long to be read whole.
pub(super) fn check(reading: &Reading, redactor: &Redactor) -> Result<(), ModelTrouble> {
    match parts(&clean(&reading.text, redactor)).own.chars().count() {
        length if length > MAX_MESSAGE => Err(ModelTrouble::LongMessage { length }),
        _ => Ok(()),
    }
}

/// The latest turns that fit, oldest first.
fn turns(reading: &Reading, redactor: &Redactor) -> Vec<Line> {
    let mut left = MAX_THREAD;
    let mut turns = Vec::new();
    for turn in reading.turns.iter().rev().take(MAX_TURNS) {
        let text = clean(&turn.text, redactor);
        // What a machine wrote looks pasted throughout; where it is shown at all, it is shown.
        let text = match turn.speaker {
            Speaker::Machine(_) => text,
            Speaker::Asker | Speaker::Person(_) | Speaker::BotAsked | Speaker::BotStated => parts(&text).own,
        };
        let text = short(&text, MAX_TURN);
        let Some(rest) = left.checked_sub(text.chars().count()) else { break };
        left = rest;
        let (speaker, name) = match &turn.speaker {
            Speaker::Asker => ("asker", None),
            Speaker::Person(name) => ("someone else", Some(short(&clean(name, redactor), MAX_NAME))),
            Speaker::Machine(name) => ("a machine", Some(short(&clean(name, redactor), MAX_NAME))),
            Speaker::BotAsked => ("bot asks", None),
            Speaker::BotStated => ("bot states", None),
        };
        turns.push(Line { speaker, name, text, pasted: Vec::new() });
    }
    turns.reverse();
    turns
}

/// The first texts that fit together.
fn within(texts: impl Iterator<Item = String>, most: usize) -> Vec<String> {
    let mut left = most;
    texts
        .map_while(|text| {
            left = left.checked_sub(text.chars().count())?;
            Some(text)
        })
        .collect()
}

/// The first `most` characters, with a mark where something is missing.
pub(super) fn short(text: &str, most: usize) -> String {
    if text.chars().count() <= most {
        return text.to_owned();
    }
    let mut cut: String = text.chars().take(most.saturating_sub(1)).collect();
    cut.push('…');
    cut
}

fn json(line: &Line) -> String {
    // A struct of strings always has a JSON form.
    serde_json::to_string(line).unwrap_or_default()
}

fn moment(now: Timestamp) -> String {
    now.strftime("%A %Y-%m-%d %H:%M UTC").to_string()
}
