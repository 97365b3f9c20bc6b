//! The commands that look at the policy. None of them changes anything.

mod explain;
mod replay;

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context, Result};
use clap::Subcommand;

use super::print;
use crate::app::{catalog, policy as policy_of, texts, vocabulary};
use crate::catalog::Catalog;
use crate::clock::{Clock, SystemClock};
use crate::config::Source;
use crate::gate::{Policy, diff, overview};

/// Something is weaker.
const WEAKER: u8 = 1;

/// A file cannot be read, or is wrong.
const UNREADABLE: u8 = 3;

#[derive(Debug, Subcommand)]
pub(super) enum PolicyCommand {
    /// Check the policy against the tools and the catalogue.
    Check,
    /// Show who may do what, where, and who must agree, as a grid.
    Show {
        /// Print JSON.
        #[arg(long)]
        json: bool,
    },
    /// Say what would come of a command, every rule that speaks, and every one that keeps silent and why. Back ends are
    /// not asked: `say --dry-run` does that.
    Explain(explain::ExplainArgs),
    /// Tell what another policy file makes weaker, stricter or different. Ends with 0 when nothing is weaker, 1 when
    /// something is (what cannot be compared counts as weaker), 3 when a file cannot be read.
    Diff {
        /// The policy file as it is.
        old: PathBuf,
        /// The policy file as it would be.
        new: PathBuf,
        /// Print JSON.
        #[arg(long)]
        json: bool,
    },
    /// Run the requests on the record through a policy and tell those that would have gone otherwise.
    Replay(replay::ReplayArgs),
}

pub(super) async fn policy(source: &Source, command: PolicyCommand) -> Result<ExitCode> {
    match command {
        PolicyCommand::Check => check(source),
        PolicyCommand::Show { json } => show(source, json),
        PolicyCommand::Explain(args) => explain::explain(source, &args),
        PolicyCommand::Diff { old, new, json } => compare(source, (&old, &new), json),
        PolicyCommand::Replay(args) => replay::replay(source, &args).await,
    }
}

fn check(source: &Source) -> Result<ExitCode> {
    let texts = texts(source)?;
    let policy = policy_of(&texts, &catalog(&texts)?)?;
    print(&format!("{} is right; policy {}", texts.policy.0, policy.digest().short()))?;
    Ok(ExitCode::SUCCESS)
}

fn show(source: &Source, json: bool) -> Result<ExitCode> {
    let texts = texts(source)?;
    let overview = overview(&policy_of(&texts, &catalog(&texts)?)?);
    let shown = if json { serde_json::to_string_pretty(&overview)? } else { overview.to_string() };
    print(&shown)?;
    Ok(ExitCode::SUCCESS)
}

fn compare(source: &Source, (old, new): (&Path, &Path), json: bool) -> Result<ExitCode> {
    let read = || -> Result<(Policy, Policy)> {
        let catalog = catalog(&texts(source)?)?;
        Ok((read_policy(old, &catalog)?, read_policy(new, &catalog)?))
    };
    let (old, new) = match read() {
        Ok(both) => both,
        Err(error) => {
            super::complain(&error);
            return Ok(ExitCode::from(UNREADABLE));
        }
    };
    let found = diff(&old, &new, SystemClock.now());
    let shown = if json { serde_json::to_string_pretty(&found)? } else { found.to_string() };
    print(&shown)?;
    Ok(if found.weakens() { ExitCode::from(WEAKER) } else { ExitCode::SUCCESS })
}

/// A policy file, checked against the tools and the catalogue of the configuration.
fn read_policy(path: &Path, catalog: &Catalog) -> Result<Policy> {
    let shown = path.display().to_string();
    let text = std::fs::read_to_string(path).with_context(|| format!("cannot read `{shown}`"))?;
    Policy::load(&shown, &text, &vocabulary(catalog)).map_err(|problems| {
        let lines: Vec<String> = problems.iter().map(ToString::to_string).collect();
        anyhow::anyhow!("the policy cannot be loaded:\n{}", lines.join("\n"))
    })
}
