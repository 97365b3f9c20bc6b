use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context, Result, bail};
use clap::Args;

use super::end::{Ending, Outputs, baseline, end};
use super::finish::{figures, price_of, provenance, run_rules, scored};
use super::tools::product;
use crate::config::Source;
use crate::domain::Digest;
use crate::evals::{
    CaseSet, DEMO_WORLD, Facts, Filter, Provenance, Rules, Run, RunFile, RunFolder, World, case_files,
    demo_function_tools, function_tools,
};

#[derive(Debug, Args)]
pub(in crate::cli) struct ScoreArgs {
    /// The predictions, JSON Lines; or the folder of a run.
    predictions: PathBuf,
    /// Files or folders of cases, JSON Lines. Left out: those of the run, when its folder says.
    #[arg(long, num_args = 1.., value_name = "PATH")]
    cases: Vec<PathBuf>,
    /// The catalogue that the cases assume. Left out: the run's, else the demonstration's.
    #[arg(long, value_name = "FILE")]
    catalog: Option<PathBuf>,
    /// The tools that were offered. Left out: the run's, else the demonstration's.
    #[arg(long, value_name = "FILE")]
    tools: Option<PathBuf>,
    /// What the model proposed before admission and grounding, scored beside it. Left out: proposed.jsonl in the folder
    /// of a run.
    #[arg(long, value_name = "FILE")]
    proposed: Option<PathBuf>,
    /// The model that is scored, for its price and for the report. Left out: the run's.
    #[arg(long)]
    model: Option<String>,
    /// How many trials each case was to have; a case may ask for more. Left out: as many as the run says, else one.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    trials: Option<u32>,
    /// What models charge, USD per million tokens.
    #[arg(long, value_name = "FILE")]
    prices: Option<PathBuf>,
    /// A baseline or a report to compare with.
    #[arg(long, value_name = "FILE")]
    baseline: Option<PathBuf>,
    /// Write this baseline from these scores.
    #[arg(long, value_name = "FILE")]
    update_baseline: Option<PathBuf>,
    #[command(flatten)]
    judged: JudgeArgs,
    #[command(flatten)]
    outputs: Outputs,
}

/// What a gate lets through.
#[derive(Clone, Debug, Args)]
pub(in crate::cli) struct JudgeArgs {
    /// End with 1 when the scores are not good enough, with 2 when nothing can be said.
    #[arg(long)]
    pub(super) gate: bool,
    /// By how much `pass` may fall below the baseline's.
    #[arg(long, value_name = "SHARE", value_parser = share)]
    tolerance: Option<f64>,
    /// The largest share of trials that may go without an answer.
    #[arg(long, value_name = "SHARE", value_parser = share)]
    max_infra_errors: Option<f64>,
    /// The least pass rate of a category: CATEGORY=SHARE. May be given several times.
    #[arg(long, value_name = "FLOOR", value_parser = floor)]
    floor: Vec<(String, f64)>,
    /// Every trial of every case must pass.
    #[arg(long)]
    must_pass: bool,
}

fn floor(text: &str) -> Result<(String, f64), String> {
    let (category, share) = text.split_once('=').ok_or("write CATEGORY=SHARE, such as injection=0.9")?;
    Ok((category.to_owned(), self::share(share)?))
}

fn share(text: &str) -> Result<f64, String> {
    let share = text.parse().ok().filter(|share| (0.0..=1.0).contains(share));
    share.ok_or_else(|| format!("`{text}` is no share between 0 and 1, such as 0.9"))
}

impl JudgeArgs {
    /// What is said here goes before what the run says.
    pub(super) fn rules(&self, mut rules: Rules) -> Rules {
        rules.tolerance = self.tolerance.unwrap_or(rules.tolerance);
        rules.max_infra_errors = self.max_infra_errors.unwrap_or(rules.max_infra_errors);
        rules.floors.extend(self.floor.iter().cloned());
        rules.all_must_pass |= self.must_pass;
        rules
    }
}

/// Scores predictions that are there already, without asking anybody anything.
pub(super) fn score(source: &Source, args: &ScoreArgs) -> Result<ExitCode> {
    let of = Scored::find(args)?;
    let run = of.run.as_ref();
    let (catalog, tools) = (
        args.catalog.clone().or_else(|| run?.catalog.clone()),
        args.tools.clone().or_else(|| run?.tools.clone()),
    );
    let (facts, hashes) = facts(source, catalog.as_deref(), tools.as_deref())?;
    let set = of.cases(args)?;
    let suites = Path::new("evals/suites.yaml");
    let model = args.model.clone().or_else(|| Some(run?.model.clone()));
    let mut about = match run {
        Some(run) => provenance(run, suites),
        None => Provenance {
            cases_sha256: Some(set.hash()),
            tools_sha256: Some(hashes.tools),
            catalogue_sha256: Some(hashes.catalogue),
            trials: args.trials,
            ..Provenance::default()
        },
    };
    about.model = model.clone();
    let price = price_of(args.prices.as_deref(), suites, model.as_deref().unwrap_or_default())?;
    let trials = args.trials.or_else(|| Some(run?.trials)).unwrap_or(1);
    let mut report = scored(&set, &facts, &of.predictions, Run { provenance: about, price, trials })?;
    if let Some(file) = &of.proposed {
        report.proposed = Some(figures(&set, &facts, file)?);
    }
    let rules = args.judged.rules(run.map(run_rules).unwrap_or_default());
    end(
        report,
        &Ending {
            set: &set,
            facts: &facts,
            rules,
            baseline: args.baseline.as_deref().map(baseline).transpose()?,
            new_baseline: args.update_baseline.clone(),
            gate: args.judged.gate,
            outputs: args.outputs.clone(),
        },
    )
}

/// The files that are scored.
struct Scored {
    predictions: PathBuf,
    proposed: Option<PathBuf>,
    run: Option<RunFile>,
}

impl Scored {
    fn find(args: &ScoreArgs) -> Result<Self> {
        let is_folder = args.predictions.is_dir();
        let folder = if is_folder { Some(args.predictions.as_path()) } else { args.predictions.parent() };
        let predictions =
            if is_folder { args.predictions.join("predictions.jsonl") } else { args.predictions.clone() };
        let run = folder.filter(|folder| folder.join("run.json").is_file());
        // The files of other cases are not those of the run.
        let run = run.filter(|_| args.cases.is_empty()).map(RunFolder::run_of).transpose()?;
        let beside = predictions.with_file_name("proposed.jsonl");
        let usual = predictions.ends_with("predictions.jsonl") && beside.is_file();
        let proposed = args.proposed.clone().or_else(|| usual.then_some(beside));
        Ok(Self { predictions, proposed, run })
    }

    fn cases(&self, args: &ScoreArgs) -> Result<CaseSet> {
        let trials = args.trials.unwrap_or(1);
        let Some(run) = &self.run else {
            if args.cases.is_empty() {
                bail!("say with --cases which cases these predictions are about");
            }
            return Ok(CaseSet::read(&case_files(&args.cases)?, &Filter::default(), usize::MAX, trials)?);
        };
        let filter: Filter = run.filter.parse().map_err(anyhow::Error::msg)?;
        let filter = filter.and_tags(&run.tags);
        let set = CaseSet::read(&run.files, &filter, run.limit.unwrap_or(usize::MAX), run.trials)?;
        if set.hash() != run.hashes.cases {
            bail!("the cases changed since this run; name the files to score it by with --cases");
        }
        Ok(set)
    }
}

/// The digests of what facts come from.
pub(super) struct FactHashes {
    catalogue: Digest,
    tools: Digest,
}

/// What scoring has to know about tools and catalogue; those of the demonstration, where no file is named.
pub(super) fn facts(
    source: &Source,
    catalog: Option<&Path>,
    tools: Option<&Path>,
) -> Result<(Facts, FactHashes)> {
    let world_text = catalog.map_or_else(|| Ok(DEMO_WORLD.to_owned()), read)?;
    let world = World::parse(&world_text).context("the catalogue cannot be read")?;
    let tools_text = match tools {
        Some(file) => read(file)?,
        None => serde_json::to_string_pretty(&demo_function_tools(&product(source)?)?)? + "\n",
    };
    let listed = function_tools(&tools_text).context("the tools cannot be read")?;
    let hashes =
        FactHashes { catalogue: Digest::of(world_text.as_bytes()), tools: Digest::of(tools_text.as_bytes()) };
    Ok((Facts::of_tools(&listed, &world), hashes))
}

fn read(file: &Path) -> Result<String> {
    std::fs::read_to_string(file).with_context(|| format!("cannot read `{}`", file.display()))
}
