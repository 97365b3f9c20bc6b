use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::{Context, Result};
use clap::Args;

use super::super::{mutter, print};
use super::args::text;
use super::stage::Stage;
use crate::config::Source;
use crate::evals::{ATTACK, Attacks, CaseSet, Choice, Filter, STANDARD_ATTACKS, case_files};

#[derive(Debug, Args)]
pub(in crate::cli) struct AttackArgs {
    /// The template, by name; `all` for every one. Left out: one after the other.
    #[arg(long)]
    template: Option<String>,
    /// The carrier, likewise.
    #[arg(long)]
    carrier: Option<String>,
    /// The goal, likewise.
    #[arg(long)]
    goal: Option<String>,
    /// Files or folders of benign cases.
    #[arg(long, required = true, num_args = 1.., value_name = "PATH")]
    over: Vec<PathBuf>,
    /// Goals, templates and carriers of one's own, instead of those that ship.
    #[arg(long, value_name = "FILE")]
    attacks: Option<PathBuf>,
    /// The catalogue that the cases assume.
    #[arg(long, value_name = "FILE")]
    catalog: Option<PathBuf>,
    /// The tools that are offered.
    #[arg(long, value_name = "FILE")]
    tools: Option<PathBuf>,
    /// Only cases that are like this.
    #[arg(long, default_value = "", value_name = "FILTER")]
    filter: String,
    /// At most so many cases are attacked.
    #[arg(long, value_name = "N")]
    limit: Option<usize>,
    /// Where to; left out, standard output.
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
}

/// Makes attacks of benign cases.
pub(super) fn attack(source: &Source, args: &AttackArgs) -> Result<ExitCode> {
    let attacks = match &args.attacks {
        Some(file) => Attacks::parse(&text(file)?).with_context(|| format!("`{}`", file.display()))?,
        None => Attacks::parse(STANDARD_ATTACKS)?,
    };
    let stage = Stage::of(source, args.catalog.as_deref(), args.tools.as_deref())?;
    let filter: Filter = args.filter.parse().map_err(anyhow::Error::msg)?;
    let set = CaseSet::read(&case_files(&args.over)?, &filter, args.limit.unwrap_or(usize::MAX), 1)?;
    let choices =
        (choice(args.template.as_deref()), choice(args.carrier.as_deref()), choice(args.goal.as_deref()));
    let scene = stage.scene(false);
    let made = attacks.over(set.cases(), (&choices.0, &choices.1, &choices.2), (&stage.catalog, &scene))?;
    let lines = made.iter().map(serde_json::to_string).collect::<Result<Vec<_>, _>>()?;
    match &args.out {
        Some(file) => {
            std::fs::write(file, lines.join("\n") + "\n")
                .with_context(|| format!("cannot write `{}`", file.display()))?;
            let attacks = made.iter().filter(|case| case.category == ATTACK).count();
            let twins = made.len() - attacks;
            mutter(&format!("{attacks} attacks and {twins} clean twins in {}", file.display()));
        }
        None => print(&lines.join("\n"))?,
    }
    Ok(ExitCode::SUCCESS)
}

fn choice(named: Option<&str>) -> Choice {
    match named {
        None => Choice::InTurn,
        Some("all") => Choice::All,
        Some(name) => Choice::Named(name.to_owned()),
    }
}
