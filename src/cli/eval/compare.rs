use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::{Context, Result};
use clap::Args;

use super::super::print;
use super::end::baseline;
use super::score::JudgeArgs;
use crate::evals::{Report, Rules, compare, decide, markdown, terminal};

#[derive(Debug, Args)]
pub(in crate::cli) struct CompareArgs {
    /// The report or baseline before.
    old: PathBuf,
    /// The report now.
    new: PathBuf,
    /// Write the comparison as Markdown.
    #[arg(long, value_name = "FILE")]
    markdown: Option<PathBuf>,
    /// Print the comparison as JSON.
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    judged: JudgeArgs,
}

/// Compares two reports.
pub(super) fn compare_reports(args: &CompareArgs) -> Result<ExitCode> {
    let shown = args.new.display();
    let text = std::fs::read_to_string(&args.new).with_context(|| format!("cannot read `{shown}`"))?;
    let mut report: Report =
        serde_json::from_str(&text).with_context(|| format!("`{shown}` is no report"))?;
    report.vs_baseline = Some(compare(&report, &baseline(&args.old)?));
    let gate = decide(&report, &args.judged.rules(Rules::default()));
    let code = if args.judged.gate { gate.verdict.exit_code() } else { 0 };
    report.gate = args.judged.gate.then_some(gate);
    if let Some(file) = &args.markdown {
        std::fs::write(file, markdown(&report))
            .with_context(|| format!("cannot write `{}`", file.display()))?;
    }
    print(&if args.json { serde_json::to_string_pretty(&report.vs_baseline)? } else { terminal(&report) })?;
    Ok(ExitCode::from(code))
}
