use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::{Context, Result, bail};
use clap::Args;

use super::super::print;
use super::score::facts;
use crate::config::Source;
use crate::evals::{Finding, Linter, case_files};

#[derive(Debug, Args)]
pub(in crate::cli) struct LintArgs {
    /// Files or folders of cases, JSON Lines.
    #[arg(default_value = "evals/cases", value_name = "PATH")]
    cases: Vec<PathBuf>,
    /// The catalogue that the cases assume. Left out: the demonstration's.
    #[arg(long, value_name = "FILE")]
    catalog: Option<PathBuf>,
    /// The tools that they assume. Left out: the demonstration's.
    #[arg(long, value_name = "FILE")]
    tools: Option<PathBuf>,
}

/// Checks cases. Ends with 1 when something is wrong with them.
pub(super) fn lint(source: &Source, args: &LintArgs) -> Result<ExitCode> {
    let (facts, _) = facts(source, args.catalog.as_deref(), args.tools.as_deref())?;
    let files = case_files(&args.cases)?;
    let mut linter = Linter::new(&facts);
    for file in &files {
        let text =
            std::fs::read_to_string(file).with_context(|| format!("cannot read `{}`", file.display()))?;
        linter.file(&file.display().to_string(), &text);
    }
    let (findings, cases) = linter.finish();
    if cases == 0 && findings.is_empty() {
        bail!("there is no case in these files");
    }
    for finding in &findings {
        print(&said(finding))?;
    }
    if findings.is_empty() {
        print(&format!("{cases} cases in {} files, nothing wrong with them", files.len()))?;
        return Ok(ExitCode::SUCCESS);
    }
    print(&format!("{} findings in {cases} cases of {} files", findings.len(), files.len()))?;
    Ok(ExitCode::FAILURE)
}

fn said(finding: &Finding) -> String {
    let Finding { file, line, id, rule, text } = finding;
    let id = id.as_ref().map(|id| format!(" {id}:")).unwrap_or_default();
    crate::catalog::revealed(&format!("{file}:{line}:{id} {text} [{}]", rule.as_str()))
}
