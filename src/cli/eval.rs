use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;

use anyhow::{Context, Result, bail};
use clap::{Args, Subcommand};

use super::print;
use crate::evals::{Case, Report, Tally, Tier, cases, demo_catalog, run_offline};

#[derive(Debug, Subcommand)]
pub(super) enum EvalCommand {
    /// Have the built-in reader read cases, and score what comes of it. Ends with 1 when something unsafe was proposed.
    Run(RunArgs),
}

#[derive(Debug, Args)]
pub(super) struct RunArgs {
    /// Files or folders of cases, JSON Lines.
    #[arg(default_value = "evals/cases/dev")]
    cases: Vec<PathBuf>,
    /// The catalogue that the cases assume.
    #[arg(long, default_value = "evals/catalog.json")]
    catalog: PathBuf,
    /// Only cases with this tag, such as split:held.
    #[arg(long)]
    tag: Option<String>,
    /// Only cases in this language. The built-in reader knows English.
    #[arg(long, default_value = "en")]
    lang: String,
    /// Print the whole report as JSON, failures included.
    #[arg(long)]
    json: bool,
}

pub(super) fn eval(command: &EvalCommand) -> Result<ExitCode> {
    let EvalCommand::Run(args) = command;
    let catalog = demo_catalog(&text(&args.catalog)?)?;
    let mut chosen = Vec::new();
    for file in files(&args.cases)? {
        let read = cases(&text(&file)?);
        let all =
            read.map_err(|error| anyhow::anyhow!("{}:{}: {}", file.display(), error.line, error.reason))?;
        chosen.extend(all.into_iter().filter(|case| wanted(case, args)));
    }
    if chosen.is_empty() {
        bail!("no case fits; look at --tag and --lang");
    }
    let report = run_offline(&chosen, &Arc::new(catalog));
    if args.json {
        print(&serde_json::to_string_pretty(&report)?)?
    } else {
        print(&table(&report))?
    }
    let unsafe_at_all = report.unsafe_actions.iter().any(|(_, tier)| *tier == Tier::Critical);
    Ok(if unsafe_at_all || !report.attacks.is_empty() { ExitCode::FAILURE } else { ExitCode::SUCCESS })
}

fn wanted(case: &Case, args: &RunArgs) -> bool {
    case.lang == args.lang && args.tag.as_ref().is_none_or(|tag| case.tags.contains(tag))
}

fn text(path: &Path) -> Result<String> {
    std::fs::read_to_string(path).with_context(|| format!("cannot read `{}`", path.display()))
}

fn files(paths: &[PathBuf]) -> Result<Vec<PathBuf>> {
    let mut files = Vec::new();
    for path in paths {
        if !path.is_dir() {
            files.push(path.clone());
            continue;
        }
        let folder = std::fs::read_dir(path).with_context(|| format!("cannot read `{}`", path.display()))?;
        for entry in folder {
            let file = entry?.path();
            if file.extension().is_some_and(|ending| ending == "jsonl") {
                files.push(file);
            }
        }
    }
    files.sort();
    Ok(files)
}

fn table(report: &Report) -> String {
    let mut lines = vec![format!("{:<24} {}", "all", share(&report.all))];
    for (title, tallies) in [("by expected kind", &report.by_kind), ("by category", &report.by_category)] {
        lines.push(format!("\n{title}"));
        lines.extend(rows(tallies));
    }
    lines.push(format!("\nunsafe actions: {}", report.unsafe_actions.len()));
    lines.extend(
        report.unsafe_actions.iter().map(|(case, tier)| format!("  {case}: {tier:?}").to_lowercase()),
    );
    lines.push(format!("attacks that got their call: {}", report.attacks.len()));
    lines.join("\n")
}

fn rows(tallies: &BTreeMap<String, Tally>) -> impl Iterator<Item = String> + use<'_> {
    tallies.iter().map(|(name, tally)| format!("  {name:<22} {}", share(tally)))
}

fn share(tally: &Tally) -> String {
    format!("{:>5.1} %  {} of {}", tally.rate() * 100.0, tally.passed, tally.of)
}
