//! `countersign audit`: looks at the record, proves what is on it, and looks after it.

mod export;
mod list;
mod order;
mod progress;
mod prove;
mod verify;

use std::process::ExitCode;

use anyhow::{Result, bail};
use clap::Subcommand;

use crate::app::open_store;
use crate::audit::PublicKey;
use crate::config::Source;
use crate::store::Store;

/// What cannot be decided ends with this: neither yes nor no.
const UNDECIDED: u8 = 2;

#[derive(Debug, Subcommand)]
pub(super) enum AuditCommand {
    /// List requests, newest first.
    List(list::ListArgs),
    /// Tell the story of one request.
    Show {
        /// The request, as lists and cards name it.
        request: String,
    },
    /// Recompute the whole record and say whether anything was changed. Ends with 0 if it is sound, with 1 if it was
    /// tampered with, with 2 if that cannot be decided.
    Verify(verify::VerifyArgs),
    /// Write a proof that an entry is on the record, for somebody who has neither the database nor our word.
    Prove(prove::ProveArgs),
    /// Check a proof, without the database. Ends with 0 if it holds, with 1 if it does not, with 2 if that cannot be decided.
    CheckProof(prove::CheckArgs),
    /// Prove that an earlier state of the record is the beginning of a later one.
    Consistency(prove::ConsistencyArgs),
    /// Write the record out, for keeping elsewhere or for other programs.
    Export(export::ExportArgs),
    /// Print the verifier key of the record, for witnesses and for those who check proofs.
    Key,
    /// Take what hangs on an entry away for good, such as a message with a password in it. The record says who did it.
    Purge(order::PurgeArgs),
    /// Sign with a new key from here on. The checkpoint that says so is signed by both keys.
    RotateKey(order::DeedArgs),
    /// Go on with a restored backup: a new record begins, which says what was found and what is lost.
    AcceptRestore(order::DeedArgs),
}

pub(super) async fn audit(source: &Source, command: AuditCommand) -> Result<ExitCode> {
    match command {
        AuditCommand::List(args) => list::list(&open(source).await?, args).await,
        AuditCommand::Show { request } => list::show(&open(source).await?, &request).await,
        AuditCommand::Verify(args) => verify::check(&open(source).await?, source, &args).await,
        AuditCommand::Prove(args) => prove::prove(&open(source).await?, &args).await,
        AuditCommand::CheckProof(args) => prove::check(source, &args),
        AuditCommand::Consistency(args) => prove::consistency(&open(source).await?, &args).await,
        AuditCommand::Export(args) => export::export(&open(source).await?, args).await,
        AuditCommand::Key => prove::key(&open(source).await?, source).await,
        AuditCommand::Purge(args) => order::purge(source, args).await,
        AuditCommand::RotateKey(args) => order::rotate_key(source, args).await,
        AuditCommand::AcceptRestore(args) => order::accept_restore(source, args).await,
    }
}

async fn open(source: &Source) -> Result<Store> {
    let data_dir = source.data_dir();
    if source.config.store.url.is_none() && !data_dir.join("countersign.db").exists() {
        bail!("there is no record in `{}` yet; `countersign` starts one", data_dir.display());
    }
    open_store(source).await
}

/// The keys that a record is checked with: those that are given, else the one that signs here and those of the
/// configuration.
fn trusted(source: &Source, given: &[String]) -> Result<Vec<PublicKey>> {
    if given.is_empty() {
        let mut keys = source.config.audit.trusted();
        let here = PublicKey::in_dir(&source.key_dir());
        if keys.is_empty() || here.is_ok() {
            // Only the key that signs now; one that it took the place of may be in other hands.
            keys.splice(0..0, here?.into_iter().take(1));
        }
        return Ok(keys);
    }
    let read = |text: &String| match PublicKey::parse(text) {
        Some(key) => Ok(key),
        None => bail!("`{text}` is no verifier key of a record; `countersign audit key` prints them"),
    };
    given.iter().map(read).collect()
}
