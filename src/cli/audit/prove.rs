use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::{Context, Result, bail};
use clap::Args;
use serde_json::json;

use super::super::print;
use super::verify::read_file;
use super::{UNDECIDED, trusted};
use crate::audit::{Checkpoint, Consistency, Cosigner, NoteScanner, Position, Proof, PublicKey};
use crate::config::Source;
use crate::store::Store;

#[derive(Debug, Args)]
pub(in crate::cli) struct ProveArgs {
    /// The entry, as `audit show` numbers them.
    entry: String,
    /// Write the proof to this file.
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
}

/// The number of the present record.
async fn present(store: &Store) -> Result<u64> {
    let head = store.head().await?.context("there is no record yet")?;
    u64::try_from(head.epoch).context("the record has no number")
}

pub(super) async fn prove(store: &Store, args: &ProveArgs) -> Result<ExitCode> {
    let Some(position) = Position::parse(&args.entry, present(store).await?) else {
        bail!("`{}` is no entry; entries are numbers, as `countersign audit show` has them", args.entry);
    };
    let proof = Proof::of(store, position).await?.to_text();
    match &args.out {
        Some(path) => {
            std::fs::write(path, proof).with_context(|| format!("cannot write `{}`", path.display()))?;
            print(&format!("The proof of entry {position} is in {}.", path.display()))?;
        }
        None => print(proof.trim_end())?,
    }
    Ok(ExitCode::SUCCESS)
}

#[derive(Debug, Args)]
pub(in crate::cli) struct CheckArgs {
    /// The proof, in the C2SP format `tlog-proof`.
    file: String,
    /// The verifier key of the record, from somebody you trust. Left out: the key of this machine.
    #[arg(long, value_name = "KEY")]
    key: Vec<String>,
    /// The verifier key of a witness that must have signed too.
    #[arg(long, value_name = "KEY")]
    witness: Vec<String>,
}

pub(super) fn check(source: &Source, args: &CheckArgs) -> Result<ExitCode> {
    let (proof, keys, witnesses) = match prepare(source, args) {
        Ok(prepared) => prepared,
        Err(error) => {
            print(&format!("cannot decide: {error:#}"))?;
            return Ok(ExitCode::from(UNDECIDED));
        }
    };
    let checkpoint = &proof.checkpoint;
    match proof.check(&keys, &witnesses) {
        Ok(()) => {
            print(&format!(
                "holds: entry {} of {} of the record countersign/{}/{}",
                proof.seq, checkpoint.size, checkpoint.instance, checkpoint.epoch
            ))?;
            print(&String::from_utf8_lossy(&proof.entry))?;
            Ok(ExitCode::SUCCESS)
        }
        Err(fault) => {
            print(&format!("does not hold: {fault}"))?;
            Ok(ExitCode::FAILURE)
        }
    }
}

fn prepare(source: &Source, args: &CheckArgs) -> Result<(Proof, Vec<PublicKey>, Vec<Cosigner>)> {
    let keys = match trusted(source, &args.key) {
        Err(error) if !args.key.is_empty() => return Err(error),
        Ok(keys) => keys,
        Err(_none_here) => bail!(
            "there is no key here to check with: give the record's with --key; `countersign audit key` prints it where the \
             record is"
        ),
    };
    let read = |text: &String| match Cosigner::parse(text) {
        Some(witness) => Ok(witness),
        None => bail!("`{text}` is no verifier key of a witness"),
    };
    let witnesses = args.witness.iter().map(read).collect::<Result<_>>()?;
    let text = read_file(&args.file)?;
    let proof = Proof::parse(&text).map_err(|why| anyhow::anyhow!("`{}` is no proof: {why}", args.file))?;
    Ok((proof, keys, witnesses))
}

#[derive(Debug, Args)]
pub(in crate::cli) struct ConsistencyArgs {
    /// The earlier state: a number of entries, or a file with a checkpoint.
    #[arg(value_name = "A")]
    old: String,
    /// The later state: a number of entries, or a file with a checkpoint.
    #[arg(value_name = "B")]
    new: String,
    /// Print JSON.
    #[arg(long)]
    json: bool,
}

/// A state of the record that is named on the command line.
struct State {
    epoch: u64,
    size: u64,
    /// What it must be, where a checkpoint says so.
    root: Option<String>,
}

fn state(text: &str, present: u64) -> Result<State> {
    if let Ok(size) = text.parse() {
        return Ok(State { epoch: present, size, root: None });
    }
    let notes = NoteScanner::all(&read_file(text)?);
    let checkpoint = notes.iter().filter_map(|note| Checkpoint::parse(note).ok()).max_by_key(Checkpoint::age);
    let checkpoint = checkpoint.with_context(|| format!("there is no checkpoint in `{text}`"))?;
    Ok(State { epoch: checkpoint.epoch, size: checkpoint.size, root: Some(checkpoint.root()) })
}

/// How many entries a record has.
async fn size_of(store: &Store, epoch: u64) -> Result<u64> {
    let end = Proof::end(store, epoch).await?;
    Ok(end.map_or(0, |end| end.size))
}

pub(super) async fn consistency(store: &Store, args: &ConsistencyArgs) -> Result<ExitCode> {
    let undecided =
        |sentence: String| print(&format!("cannot decide: {sentence}")).map(|()| ExitCode::from(UNDECIDED));
    let present = present(store).await?;
    let (old, new) = match (state(&args.old, present), state(&args.new, present)) {
        (Ok(old), Ok(new)) => (old, new),
        (Err(error), _) | (_, Err(error)) => return undecided(format!("{error:#}")),
    };
    if old.epoch != new.epoch {
        return undecided("the two are of different records".to_owned());
    }
    if old.size > new.size {
        return undecided(format!("{} is not earlier than {}", old.size, new.size));
    }
    let there = size_of(store, new.epoch).await?;
    if new.size > there {
        return undecided(format!("the record here has {there} entries, not {}", new.size));
    }
    let proof = match Consistency::of(store, new.epoch, old.size, new.size).await {
        Ok(proof) => proof,
        Err(error) => return undecided(error.to_string()),
    };
    let fits = |state: &State, root: &str| state.root.as_ref().is_none_or(|known| known == root);
    let holds = proof.holds() && fits(&old, &proof.old.1) && fits(&new, &proof.new.1);
    if args.json {
        print(
            &json!({
                "result": if holds { "consistent" } else { "inconsistent" },
                "old": { "size": proof.old.0, "root": proof.old.1 },
                "new": { "size": proof.new.0, "root": proof.new.1 },
                "proof": proof.hashes,
            })
            .to_string(),
        )?;
    } else if holds {
        print(&format!("consistent: the first {} of {} entries are unchanged", proof.old.0, proof.new.0))?;
        print(&format!(
            "root of {}: {}\nroot of {}: {}",
            proof.old.0, proof.old.1, proof.new.0, proof.new.1
        ))?;
        print(&format!("proof (RFC 6962):\n{}", proof.hashes.join("\n")))?;
    } else {
        print(&format!(
            "inconsistent: the record here does not lead from the first {} to the first {} entries that were signed",
            proof.old.0, proof.new.0
        ))?;
    }
    Ok(if holds { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

pub(super) async fn key(store: &Store, source: &Source) -> Result<ExitCode> {
    let present = present(store).await?;
    let keys = PublicKey::in_dir(&source.key_dir())?;
    if let Some(key) = keys.first() {
        print(&key.verifier_key(present))?;
    }
    Ok(ExitCode::SUCCESS)
}
