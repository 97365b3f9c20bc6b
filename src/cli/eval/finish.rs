use std::fs::File;
use std::io::{BufRead as _, BufReader};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context, Result};

use super::end::{Ending, Outputs, end};
use super::git;
use crate::clock::{Clock as _, SystemClock};
use crate::evals::{
    Baseline, CaseSet, Facts, Metrics, Prediction, Price, Prices, Provenance, Report, Rules, Run, RunFile,
    RunFolder, Scorer,
};

/// A run that has come to its end.
pub(super) struct Finish<'a> {
    pub run: &'a RunFile,
    pub set: &'a CaseSet,
    pub facts: &'a Facts,
    pub folder: &'a RunFolder,
}

/// What becomes of it.
pub(super) struct Finishing {
    pub baseline: Option<Baseline>,
    /// The baseline to write anew.
    pub new_baseline: Option<PathBuf>,
    pub gate: bool,
    pub rules: Rules,
    pub json: bool,
    pub quiet: bool,
    pub price: Option<Price>,
    pub suites: PathBuf,
}

/// Scores a run from its files, writes its reports, compares it, judges it.
pub(super) fn finish(finish: Finish<'_>, how: Finishing) -> Result<ExitCode> {
    let Finish { run, set, facts, folder } = finish;
    let of = Run { provenance: provenance(run, &how.suites), price: how.price, trials: run.trials };
    let mut report = scored(set, facts, &folder.predictions(), of)?;
    report.proposed = Some(figures(set, facts, &folder.proposed())?);
    let outputs = Outputs::in_folder(folder.path(), how.json);
    let Finishing { baseline, new_baseline, gate, rules, .. } = how;
    let code = end(report, &Ending { set, facts, rules, baseline, new_baseline, gate, outputs })?;
    if !how.quiet {
        super::super::mutter(&format!("reports: {}", folder.path().join("report.html").display()));
    }
    Ok(code)
}

/// What a run must meet.
pub(super) fn run_rules(run: &RunFile) -> Rules {
    Rules {
        tolerance: run.tolerance,
        max_infra_errors: run.max_infra_errors,
        all_must_pass: run.must_pass,
        floors: run.floors.clone(),
    }
}

/// The report of a file of predictions.
pub(super) fn scored(set: &CaseSet, facts: &Facts, file: &Path, run: Run) -> Result<Report> {
    let mut scorer = Scorer::new(set.cases(), facts);
    each(file, |prediction| {
        scorer.add(&prediction)?;
        Ok(())
    })?;
    Ok(scorer.report(run))
}

/// The figures of what was proposed.
pub(super) fn figures(set: &CaseSet, facts: &Facts, file: &Path) -> Result<Metrics> {
    let mut scorer = Scorer::new(set.cases(), facts);
    each(file, |prediction| {
        // What was executed is not what was proposed.
        scorer.add(&Prediction { effects: None, breaches: Vec::new(), ..prediction })?;
        Ok(())
    })?;
    Ok(scorer.metrics())
}

/// Each line of a file of predictions, one at a time.
fn each(file: &Path, mut take: impl FnMut(Prediction) -> Result<()>) -> Result<()> {
    let opened = File::open(file).with_context(|| format!("cannot read `{}`", file.display()))?;
    for (at, line) in BufReader::new(opened).lines().enumerate() {
        let line = line.with_context(|| format!("cannot read `{}`", file.display()))?;
        if line.trim().is_empty() {
            continue;
        }
        let prediction = Prediction::parse(&line)
            .map_err(|reason| anyhow::anyhow!("{}:{}: {reason}", file.display(), at + 1))?;
        take(prediction)?;
    }
    Ok(())
}

pub(super) fn provenance(run: &RunFile, suites: &Path) -> Provenance {
    let folder = suites.parent().filter(|folder| folder.is_dir()).unwrap_or(Path::new("."));
    let git = git::state(folder);
    Provenance {
        suite: Some(run.name.clone()),
        cases_sha256: Some(run.hashes.cases),
        prompts_sha256: Some(run.hashes.prompt),
        tools_sha256: Some(run.hashes.tools),
        catalogue_sha256: Some(run.hashes.catalog),
        model: Some(run.model.clone()),
        temperature: Some(f64::from(run.temperature)),
        seed: u64::try_from(run.seed).ok(),
        trials: Some(run.trials),
        date: Some(SystemClock.now().to_string()),
        git_commit: git.as_ref().map(|(commit, _)| commit.clone()),
        git_clean: git.map(|(_, clean)| clean),
        ..Provenance::default()
    }
}

/// The committed baseline of a suite and a model, beside the file of suites.
pub(super) fn usual_baseline(run: &RunFile, suites: &Path) -> Option<PathBuf> {
    if run.name == "cases" {
        return None;
    }
    let model = run.model.replace(|c: char| !c.is_ascii_alphanumeric() && !"._-".contains(c), "-");
    // What was executed, and what foreign text does to a model, are other figures than what comes to the gate.
    let gate = if run.through.is_some() { ".gate" } else { "" };
    let exposed = if run.expose_third_party { ".exposed" } else { "" };
    Some(suites.parent()?.join("baselines").join(format!("{}.{model}{gate}{exposed}.json", run.name)))
}

/// What a model charges.
pub(super) fn price_of(prices: Option<&Path>, suites: &Path, model: &str) -> Result<Option<Price>> {
    let beside = suites.parent().map(|folder| folder.join("prices.yaml")).filter(|file| file.is_file());
    let Some(file) = prices.map(Path::to_owned).or(beside) else { return Ok(None) };
    let text = std::fs::read_to_string(&file).with_context(|| format!("cannot read `{}`", file.display()))?;
    let prices: Prices = serde_saphyr::from_str(&text)
        .map_err(|error| anyhow::anyhow!("`{}`: {}", file.display(), error.without_snippet()))?;
    Ok(prices.get(model).copied())
}
