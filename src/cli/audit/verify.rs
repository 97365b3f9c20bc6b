use std::process::ExitCode;
use std::time::Duration;

use anyhow::{Context, Result, bail};
use clap::Args;
use serde_json::{Value, json};

use super::super::print;
use super::progress::Progress;
use super::{UNDECIDED, trusted};
use crate::app::checkpoint_files;
use crate::audit::{Against, Check, NoteScanner, Sound, Verification, payload_words, verify};
use crate::config::Source;
use crate::execute::client;
use crate::store::Store;

/// The most that is read from an address, in bytes.
const MOST: usize = 256 << 20;

#[derive(Debug, Args)]
pub(in crate::cli) struct VerifyArgs {
    /// Also compare with the checkpoints in this file or at this address: notes one after the other, or JSON lines with a
    /// `checkpoint`. The files of the configuration are compared in any case.
    #[arg(long, value_name = "FILE|URL")]
    against: Vec<String>,
    /// The verifier key that must have signed, in place of the one that signs here.
    #[arg(long, value_name = "KEY")]
    key: Vec<String>,
    /// Print JSON.
    #[arg(long)]
    json: bool,
}

pub(super) async fn check(store: &Store, source: &Source, args: &VerifyArgs) -> Result<ExitCode> {
    let found = match prepare(source, args).await {
        Ok((keys, against)) => {
            let mut shown = Progress::of("entries");
            let mut progress = |done, total| shown.done(done, Some(total));
            verify(store, Check { keys: &keys, against: &against, progress: &mut progress }).await
        }
        Err(error) => Verification::Undecided { sentence: format!("{error:#}") },
    };
    print(&if args.json { as_json(&found).to_string() } else { as_text(&found) })?;
    Ok(match found {
        Verification::Sound(_) => ExitCode::SUCCESS,
        Verification::Tampered { .. } => ExitCode::FAILURE,
        Verification::Undecided { .. } => ExitCode::from(UNDECIDED),
    })
}

async fn prepare(source: &Source, args: &VerifyArgs) -> Result<(Vec<crate::audit::PublicKey>, Vec<Against>)> {
    let keys = trusted(source, &args.key)?;
    let mut against = Vec::new();
    for path in checkpoint_files(source) {
        if path.exists() {
            against.extend(notes(&read_file(&path.display().to_string())?, &path.display().to_string()));
        }
    }
    for place in &args.against {
        let text = if place.starts_with("http://") || place.starts_with("https://") {
            fetch(place).await?
        } else {
            read_file(place)?
        };
        let found = notes(&text, place);
        if found.is_empty() {
            bail!("there is no checkpoint in `{place}`");
        }
        against.extend(found);
    }
    Ok((keys, against))
}

/// The checkpoints of a text.
fn notes(text: &str, from: &str) -> Vec<Against> {
    let notes = NoteScanner::all(text).into_iter();
    notes.map(|note| Against { note, from: format!("`{from}`") }).collect()
}

pub(super) fn read_file(path: &str) -> Result<String> {
    let bytes = std::fs::read(path).with_context(|| format!("cannot read `{path}`"))?;
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

async fn fetch(address: &str) -> Result<String> {
    let request = client()?.get(address).timeout(Duration::from_secs(60));
    let mut answer = request.send().await.with_context(|| format!("cannot read `{address}`"))?;
    if !answer.status().is_success() {
        bail!("cannot read `{address}`: it answered {}", answer.status());
    }
    let mut bytes = Vec::new();
    while let Some(chunk) = answer.chunk().await.with_context(|| format!("cannot read `{address}`"))? {
        if bytes.len() + chunk.len() > MOST {
            bail!("what is at `{address}` is too long to be checkpoints");
        }
        bytes.extend_from_slice(&chunk);
    }
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

fn as_text(found: &Verification) -> String {
    match found {
        Verification::Sound(sound) => sound_text(sound),
        Verification::Tampered { first_bad: Some(position), sentence } => {
            format!("tampered: first at entry {position}: {sentence}")
        }
        Verification::Tampered { first_bad: None, sentence } => format!("tampered: {sentence}"),
        Verification::Undecided { sentence } => format!("cannot decide: {sentence}"),
    }
}

fn sound_text(sound: &Sound) -> String {
    let mut lines = vec![format!("sound: {} entries, root {}", sound.size, sound.root)];
    lines.push(if sound.compared == 0 {
        "compared with no checkpoint outside the database: whoever has the database and the key could have rewritten all \
         of it"
            .to_owned()
    } else {
        let each = match (sound.compared, sound.since) {
            (1, Some(_)) => "1 exported checkpoint, which covers".to_owned(),
            (1, None) => "1 exported checkpoint, which is not".to_owned(),
            (many, Some(_)) => format!("{many} exported checkpoints, which cover"),
            (many, None) => format!("{many} exported checkpoints, none of them"),
        };
        let covered = match sound.since {
            Some(0) => "all of it".to_owned(),
            Some(1) => "all but the last entry".to_owned(),
            Some(since) => format!("all but the last {since} entries"),
            None => "of the present record".to_owned(),
        };
        format!("compared with {each} {covered}")
    });
    for redacted in &sound.redacted {
        lines.push(format!(
            "entry {}: the {} was taken away by {} at {}: {}",
            redacted.position,
            payload_words(&redacted.name),
            redacted.who,
            redacted.at,
            redacted.reason
        ));
    }
    for restore in &sound.restores {
        lines.push(format!(
            "record {}: began with a restored backup that {} accepted at {}: {} (up to {} entries are lost)",
            restore.epoch, restore.who, restore.at, restore.reason, restore.lost
        ));
    }
    lines.join("\n")
}

fn as_json(found: &Verification) -> Value {
    match found {
        Verification::Sound(sound) => {
            let redacted = sound.redacted.iter().map(|redacted| {
                json!({
                    "entry": redacted.position.to_string(),
                    "name": redacted.name,
                    "by": redacted.who,
                    "at": redacted.at,
                    "reason": redacted.reason,
                })
            });
            let restores = sound.restores.iter().map(|restore| {
                json!({
                    "epoch": restore.epoch,
                    "lost": restore.lost,
                    "by": restore.who,
                    "at": restore.at,
                    "reason": restore.reason,
                })
            });
            json!({
                "result": "sound",
                "entries": sound.size,
                "root": sound.root,
                "compared": sound.compared,
                "since_newest_checkpoint": sound.since,
                "redacted": redacted.collect::<Value>(),
                "restores": restores.collect::<Value>(),
            })
        }
        Verification::Tampered { first_bad, sentence } => json!({
            "result": "tampered",
            "first_bad": first_bad.map(|position| position.to_string()),
            "sentence": sentence,
        }),
        Verification::Undecided { sentence } => json!({ "result": "undecided", "sentence": sentence }),
    }
}
