use std::fs::File;
use std::io::{BufWriter, Write as _};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context, Result};
use clap::Args;

use super::super::print;
use crate::evals::{
    Baseline, CaseSet, Facts, Report, Rules, compare, decide, html, junit, markdown, terminal,
};

/// Where reports go.
#[derive(Clone, Debug, Default, Args)]
pub(in crate::cli) struct Outputs {
    /// Write the report as JSON.
    #[arg(long, value_name = "FILE")]
    pub report: Option<PathBuf>,
    /// Write it as JUnit XML, for a build server.
    #[arg(long, value_name = "FILE")]
    pub junit: Option<PathBuf>,
    /// Write it as one HTML file, which loads nothing.
    #[arg(long, value_name = "FILE")]
    pub html: Option<PathBuf>,
    /// Write a summary as Markdown, for a comment on a pull request.
    #[arg(long, value_name = "FILE")]
    pub markdown: Option<PathBuf>,
    /// Print the report as JSON.
    #[arg(long)]
    pub json: bool,
}

impl Outputs {
    /// All of them, in the folder of a run.
    pub(super) fn in_folder(folder: &Path, json: bool) -> Self {
        let file = |name: &str| Some(folder.join(name));
        Self {
            report: file("report.json"),
            junit: file("report.xml"),
            html: file("report.html"),
            markdown: file("summary.md"),
            json,
        }
    }
}

/// What a report is compared with, and what becomes of it.
pub(super) struct Ending<'a> {
    /// Where the threads of failures are.
    pub set: &'a CaseSet,
    pub facts: &'a Facts,
    pub rules: Rules,
    pub baseline: Option<Baseline>,
    /// The baseline to write anew.
    pub new_baseline: Option<PathBuf>,
    pub gate: bool,
    pub outputs: Outputs,
}

/// Compares a report with its baseline, judges it, writes it and prints it. The exit code is the gate's, if it was asked.
pub(super) fn end(mut report: Report, how: &Ending<'_>) -> Result<ExitCode> {
    report.vs_baseline = how.baseline.as_ref().map(|baseline| compare(&report, baseline));
    let gate = decide(&report, &how.rules);
    let code = if how.gate { gate.verdict.exit_code() } else { 0 };
    report.gate = how.gate.then_some(gate);
    if let Some(file) = &how.new_baseline {
        write_json(file, &Baseline::of(&report))?;
    }
    let case = |id: &str| how.set.find(id);
    let outputs = &how.outputs;
    if let Some(file) = &outputs.report {
        write_json(file, &report)?;
    }
    if let Some(file) = &outputs.junit {
        write(file, &junit(&report).context("the JUnit report cannot be written")?)?;
    }
    if let Some(file) = &outputs.html {
        write(file, &html(&report, &case, how.facts).context("the HTML report cannot be written")?)?;
    }
    if let Some(file) = &outputs.markdown {
        write(file, &markdown(&report))?;
    }
    print(&if outputs.json { serde_json::to_string_pretty(&report)? } else { terminal(&report) })?;
    Ok(ExitCode::from(code))
}

/// Reads a baseline, or a report as one.
pub(super) fn baseline(file: &Path) -> Result<Baseline> {
    let text = std::fs::read_to_string(file).with_context(|| format!("cannot read `{}`", file.display()))?;
    serde_json::from_str(&text).with_context(|| format!("`{}` is no baseline", file.display()))
}

fn write_json(file: &Path, value: &impl serde::Serialize) -> Result<()> {
    let failed = || format!("cannot write `{}`", file.display());
    make_folder(file)?;
    let mut out = BufWriter::new(File::create(file).with_context(failed)?);
    serde_json::to_writer(&mut out, value).with_context(failed)?;
    out.write_all(b"\n").and_then(|()| out.flush()).with_context(failed)
}

fn write(file: &Path, text: &str) -> Result<()> {
    make_folder(file)?;
    std::fs::write(file, text).with_context(|| format!("cannot write `{}`", file.display()))
}

fn make_folder(file: &Path) -> Result<()> {
    let Some(folder) = file.parent() else { return Ok(()) };
    std::fs::create_dir_all(folder).with_context(|| format!("cannot make the folder `{}`", folder.display()))
}
