use std::fs::File;
use std::io::{BufRead as _, BufReader};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context, Result, bail};

use super::super::print;
use super::git;
use crate::clock::{Clock as _, SystemClock};
use crate::evals::{
    Baseline, Case, CaseSet, Facts, Metrics, Prediction, Price, Prices, Provenance, Report, Rules, Run,
    RunFile, RunFolder, Scorer, compare, decide,
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
    pub baseline: Option<PathBuf>,
    pub gate: bool,
    pub update_baseline: bool,
    pub json: bool,
    pub price: Option<Price>,
    pub suites: PathBuf,
}

/// Scores a run from its files, writes its reports, compares it, judges it.
pub(super) fn finish(finish: Finish<'_>, how: &Finishing) -> Result<ExitCode> {
    let Finish { run, set, facts, folder } = finish;
    let cases: Vec<Case> = set.cases().collect();
    let mut report = score(
        &cases,
        facts,
        &folder.predictions(),
        Run { provenance: provenance(run, &how.suites), price: how.price, trials: run.trials },
    )?;
    report.proposed = Some(figures(&cases, facts, &folder.proposed())?);
    let usual = usual_baseline(run, &how.suites);
    let file = how.baseline.clone().or_else(|| usual.clone().filter(|path| path.is_file()));
    if how.update_baseline {
        let Some(file) = how.baseline.clone().or(usual) else {
            bail!("say with --baseline FILE which file to write");
        };
        write(&file, &(serde_json::to_string(&Baseline::of(&report))? + "\n"))?;
    } else if let Some(file) = &file {
        let text =
            std::fs::read_to_string(file).with_context(|| format!("cannot read `{}`", file.display()))?;
        let baseline: Baseline =
            serde_json::from_str(&text).with_context(|| format!("`{}` is no baseline", file.display()))?;
        report.vs_baseline = Some(compare(&report, &baseline));
    }
    let rules = Rules {
        tolerance: run.tolerance,
        max_infra_errors: run.max_infra_errors,
        all_must_pass: run.must_pass,
        floors: run.floors.clone(),
    };
    let gate = decide(&report, &rules);
    report.gate = how.gate.then(|| gate.clone());
    write(&folder.path().join("report.json"), &(serde_json::to_string(&report)? + "\n"))?;
    if how.json {
        print(&serde_json::to_string_pretty(&report)?)?;
    } else {
        print(&table(&report))?;
    }
    Ok(if how.gate { ExitCode::from(gate.verdict.exit_code()) } else { ExitCode::SUCCESS })
}

fn score(cases: &[Case], facts: &Facts, file: &Path, run: Run) -> Result<Report> {
    let mut scorer = Scorer::new(cases, facts);
    each(file, |prediction| {
        scorer.add(&prediction)?;
        Ok(())
    })?;
    Ok(scorer.report(run))
}

fn figures(cases: &[Case], facts: &Facts, file: &Path) -> Result<Metrics> {
    let mut scorer = Scorer::new(cases, facts);
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
        let line = line?;
        let prediction = Prediction::parse(&line)
            .map_err(|reason| anyhow::anyhow!("{}:{}: {reason}", file.display(), at + 1))?;
        take(prediction)?;
    }
    Ok(())
}

fn provenance(run: &RunFile, suites: &Path) -> Provenance {
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
fn usual_baseline(run: &RunFile, suites: &Path) -> Option<PathBuf> {
    if run.name == "cases" {
        return None;
    }
    let model = run.model.replace(|c: char| !c.is_ascii_alphanumeric() && !"._-".contains(c), "-");
    Some(suites.parent()?.join("baselines").join(format!("{}.{model}.json", run.name)))
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

fn write(file: &Path, text: &str) -> Result<()> {
    std::fs::write(file, text).with_context(|| format!("cannot write `{}`", file.display()))
}

fn table(report: &Report) -> String {
    let row = |name: &str, metrics: &Metrics| {
        let pass = metrics.pass.unwrap_or_default() * 100.0;
        format!("{name:<24} {pass:>5.1} %  {} of {}", metrics.passed, metrics.trials)
    };
    let categories = report.by_category.iter().map(|(name, metrics)| row(name, metrics));
    let mut lines: Vec<String> = std::iter::once(row("all", &report.metrics)).chain(categories).collect();
    lines.extend(
        report.gate.iter().map(|gate| format!("gate: {} {}", gate.verdict.as_str(), gate.reasons.join("; "))),
    );
    lines.join("\n")
}
