//! What the record proves about a story, in words.

use serde::Serialize;

use super::super::house::StoryProof;
use super::super::state::Web;
use super::super::transcript::names;
use crate::audit::{Assurance, Assured, Covered, HangingState, payload_words};
use crate::chat::console::{Span, When, spans, when};
use crate::domain::PersonId;

/// Doubts that are spelt out; more of them say the same.
const DOUBTS: usize = 10;

/// What is said where something does not hold.
const BAD: &str = "Something here does not hold. Do not rely on this story: run `countersign audit verify`, and compare the \
                   record with its checkpoints.";

/// The proof of a story, as the page shows it.
#[derive(Serialize)]
pub(super) struct ProofView {
    /// `sound`, `open` where something has not left the database yet, `bad` where something does not hold.
    tone: &'static str,
    /// The whole in one sentence.
    sentence: Vec<Span>,
    /// What does not hold.
    doubts: Vec<Vec<Span>>,
    /// What was taken away, and by whom.
    purged: Vec<Purge>,
    /// Each entry.
    entries: Vec<EntryView>,
    /// The checkpoints that cover them, and where they went.
    checkpoints: Vec<CheckpointView>,
    /// An entry to name in the example of a command.
    example: Option<String>,
}

#[derive(Serialize)]
struct Purge {
    name: String,
    entry: String,
    who: String,
    at: When,
    reason: String,
}

#[derive(Serialize)]
struct EntryView {
    entry: String,
    proven: bool,
    checkpoint: Option<u64>,
    hanging: String,
}

#[derive(Serialize)]
struct CheckpointView {
    size: u64,
    exports: Vec<(String, When)>,
}

impl ProofView {
    pub(super) fn of(proof: &StoryProof, web: &Web) -> Self {
        let assurance = &proof.assurance;
        let doubts = doubts(proof);
        let uncovered = assurance.entries.iter().filter(|entry| entry.covered.is_none()).count();
        let tone = match (doubts.is_empty(), uncovered) {
            (false, _) => "bad",
            (true, 0) => "sound",
            (true, _) => "open",
        };
        Self {
            tone,
            sentence: spans(&if doubts.is_empty() { sound(assurance, uncovered) } else { BAD.to_owned() }),
            doubts: doubts.iter().map(|doubt| spans(doubt)).collect(),
            purged: purged(assurance, web),
            entries: assurance.entries.iter().map(entry_view).collect(),
            checkpoints: checkpoints(assurance, web),
            example: assurance.entries.first().map(|entry| entry.position.to_string()),
        }
    }
}

/// That all holds, and how far it is out of reach of whoever has the database and the key.
fn sound(assurance: &Assurance, uncovered: usize) -> String {
    let all = match assurance.entries.len() {
        1 => "The one entry of this story is on the signed record, unchanged".to_owned(),
        many => format!("All {many} entries of this story are on the signed record, unchanged"),
    };
    let mut sentence = match assurance.size {
        1 => format!("{all}. "),
        size => format!("{all}; it has {size} entries in all. "),
    };
    if assurance.unchecked > 0 {
        sentence =
            format!("There are {} entries more, which were not looked at. {sentence}", assurance.unchecked);
    }
    let open = "left the database in a checkpoint yet. Until then, a change by somebody with the database and the key could \
                go unseen.";
    sentence.push_str(&match uncovered {
        0 => "Checkpoints that cover them have left the database.".to_owned(),
        1 => format!("The last one has not {open}"),
        many => format!("The last {many} have not {open}"),
    });
    sentence
}

fn doubts(proof: &StoryProof) -> Vec<String> {
    let mut doubts: Vec<String> = proof.read_only.iter().cloned().collect();
    let listed = proof.disagreement.as_ref();
    doubts.extend(
        listed.map(|what| format!("The list of requests says something else than the record: {what}.")),
    );
    for entry in &proof.assurance.entries {
        let at = entry.position;
        doubts.extend(entry.doubt.as_ref().map(|why| capital(&format!("{why}."))));
        for hanging in &entry.hanging {
            let name = payload_words(&hanging.name);
            doubts.extend(match hanging.state {
                HangingState::Kept | HangingState::Purged(_) => None,
                HangingState::Changed => Some(format!("The {name} of entry {at} was changed.")),
                HangingState::Foreign => {
                    Some(format!("Entry {at} never carried the {name} that hangs on it."))
                }
                HangingState::Gone => Some(format!(
                    "The {name} of entry {at} is gone, and no entry was found that says who took it."
                )),
            });
        }
    }
    let checkpoint = |covered: &Covered| {
        let why = covered.doubt.as_ref()?;
        Some(format!("The checkpoint of {} entries that was exported does not fit: {why}.", covered.size))
    };
    doubts.extend(distinct(&proof.assurance).into_iter().filter_map(checkpoint));
    doubts.truncate(DOUBTS);
    doubts
}

/// The checkpoints that cover a story, each once.
fn distinct(assurance: &Assurance) -> Vec<&Covered> {
    let mut covered: Vec<&Covered> =
        assurance.entries.iter().filter_map(|entry| entry.covered.as_ref()).collect();
    covered.dedup();
    covered
}

fn checkpoints(assurance: &Assurance, web: &Web) -> Vec<CheckpointView> {
    let now = web.clock.now();
    let view = |covered: &Covered| CheckpointView {
        size: covered.size,
        exports: covered.exports.iter().map(|(sink, at)| (sink.clone(), when(*at, now))).collect(),
    };
    distinct(assurance).into_iter().map(view).collect()
}

fn purged(assurance: &Assurance, web: &Web) -> Vec<Purge> {
    let (now, names) = (web.clock.now(), names(web));
    let mut purges = Vec::new();
    for entry in &assurance.entries {
        for hanging in &entry.hanging {
            let HangingState::Purged(told) = &hanging.state else { continue };
            purges.push(Purge {
                name: payload_words(&told.name).to_owned(),
                entry: told.position.to_string(),
                who: names.get(&PersonId(told.who.clone())).cloned().unwrap_or_else(|| told.who.clone()),
                at: when(told.at, now),
                reason: told.reason.clone(),
            });
        }
    }
    purges
}

fn entry_view(entry: &Assured) -> EntryView {
    let hanging = entry.hanging.iter().map(|hanging| {
        let state = match hanging.state {
            HangingState::Kept => "kept",
            HangingState::Purged(_) => "taken away",
            HangingState::Changed => "changed",
            HangingState::Foreign => "not of this entry",
            HangingState::Gone => "gone",
        };
        format!("{} {state}", payload_words(&hanging.name))
    });
    EntryView {
        entry: entry.position.to_string(),
        proven: entry.doubt.is_none(),
        checkpoint: entry
            .covered
            .as_ref()
            .filter(|covered| covered.doubt.is_none())
            .map(|covered| covered.size),
        hanging: hanging.collect::<Vec<_>>().join(", "),
    }
}

fn capital(text: &str) -> String {
    let mut letters = text.chars();
    letters.next().map_or_else(String::new, |first| first.to_uppercase().chain(letters).collect())
}
