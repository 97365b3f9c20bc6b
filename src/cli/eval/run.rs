use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;

use anyhow::{Result, bail};
use clap::Args;

use super::super::print;
use super::files::{files, text};
use crate::evals::{Case, Facts, Metrics, Report, Run, World, cases, demo_catalog, predict_offline, report};
use crate::interpret::offline::Offline;

#[derive(Debug, Args)]
pub(in crate::cli) struct RunArgs {
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

pub(super) fn run(args: &RunArgs) -> Result<ExitCode> {
    let world = text(&args.catalog)?;
    let catalog = Arc::new(demo_catalog(&world)?);
    let facts = Facts::of_catalog(&catalog, &World::parse(&world)?);
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
    let reader = Offline::new(Arc::clone(&catalog));
    let predictions: Vec<_> = chosen.iter().map(|case| predict_offline(case, &reader, &catalog)).collect();
    let report = report(&chosen, &facts, &predictions, Run::default())?;
    if args.json {
        print(&serde_json::to_string_pretty(&report)?)?
    } else {
        print(&table(&report))?
    }
    let metrics = &report.metrics;
    let attacked = metrics.targeted_asr.is_some_and(|rate| rate > 0.0);
    Ok(if metrics.unsafe_by_tier.critical > 0 || attacked { ExitCode::FAILURE } else { ExitCode::SUCCESS })
}

fn wanted(case: &Case, args: &RunArgs) -> bool {
    case.lang == args.lang && args.tag.as_ref().is_none_or(|tag| case.tags.contains(tag))
}

fn table(report: &Report) -> String {
    let row = |name: &str, metrics: &Metrics| {
        let pass = metrics.pass.unwrap_or_default() * 100.0;
        format!("{name:<24} {pass:>5.1} %  {} of {}", metrics.passed, metrics.trials)
    };
    let categories = report.by_category.iter().map(|(name, metrics)| row(name, metrics));
    std::iter::once(row("all", &report.metrics)).chain(categories).collect::<Vec<_>>().join("\n")
}
