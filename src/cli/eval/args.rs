use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context, Result, bail};
use clap::{Args, ValueEnum};

use super::model::{is_live, named};
use crate::config::Source;
use crate::domain::{Digest, parse_span};
use crate::evals::{CaseSet, Filter, Hashes, RunFile, SuitePlan, Suites, Terms, case_files};
use crate::interpret::llm::Feature;

/// Which cases are looked at, and what they assume.
#[derive(Debug, Args)]
pub(in crate::cli) struct SetArgs {
    /// The suite, of the file of suites. Left out, with no --cases either: dev.
    #[arg(long, conflicts_with = "cases")]
    suite: Option<String>,
    /// The file of suites.
    #[arg(long, default_value = "evals/suites.yaml", value_name = "FILE")]
    pub(super) suites: PathBuf,
    /// Files or folders of cases, JSON Lines, instead of a suite.
    #[arg(long, num_args = 1.., value_name = "PATH")]
    pub(super) cases: Vec<PathBuf>,
    /// The catalogue that the cases assume.
    #[arg(long, value_name = "FILE")]
    catalog: Option<PathBuf>,
    /// The tools to offer, a list of OpenAI function tools: exactly these, with these parameters.
    #[arg(long, value_name = "FILE")]
    tools: Option<PathBuf>,
    /// Only cases that are like this: category=…,id=…,tag=…,lang=…; `*` stands for anything.
    #[arg(long, default_value = "", value_name = "FILTER")]
    filter: String,
    /// At most so many cases.
    #[arg(long, value_name = "N")]
    limit: Option<usize>,
    /// How often each case is run; a case may ask for more.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    trials: Option<u32>,
    /// Show the reader what machines and outsiders wrote, which the house never does: the model alone.
    #[arg(long)]
    expose_third_party: bool,
}

/// Who answers, and how they are asked.
#[derive(Debug, Args)]
pub(in crate::cli) struct ModelArgs {
    /// Who answers: a model's name at its server, `offline` for the built-in reader, `stub:NAME`. Left out: the
    /// configured model, else `offline`.
    #[arg(long)]
    model: Option<String>,
    /// The base address of an OpenAI-compatible server. Left out: the configured one. The key comes from the
    /// configuration, COUNTERSIGN_EVAL_API_KEY or OPENAI_API_KEY.
    #[arg(long, value_name = "URL")]
    base_url: Option<String>,
    /// How a model draws its words.
    #[arg(long)]
    temperature: Option<f32>,
    /// Where chance begins; trial t has the seed plus t.
    #[arg(long)]
    seed: Option<i64>,
    /// How long one answer of a model may take.
    #[arg(long, default_value = "60s", value_name = "SPAN")]
    timeout: String,
    /// The most tokens of an answer.
    #[arg(long, value_name = "N")]
    max_tokens: Option<u32>,
    /// What the server does not know and is not sent.
    #[arg(long, value_enum, value_delimiter = ',')]
    without: Vec<Without>,
}

/// Parts of a request that some servers refuse.
#[derive(Clone, Copy, Debug, ValueEnum)]
#[value(rename_all = "snake_case")]
enum Without {
    Temperature,
    Seed,
    Strict,
    ToolChoice,
    ParallelToolCalls,
}

impl From<Without> for Feature {
    fn from(without: Without) -> Self {
        match without {
            Without::Temperature => Self::Temperature,
            Without::Seed => Self::Seed,
            Without::Strict => Self::Strict,
            Without::ToolChoice => Self::ToolChoice,
            Without::ParallelToolCalls => Self::ParallelToolCalls,
        }
    }
}

/// The suite that is run when nothing is said.
const USUAL: &str = "dev";

impl ModelArgs {
    /// How long one answer may take.
    pub(super) fn patience(&self) -> Result<Duration> {
        match parse_span(&self.timeout).filter(|span| !span.is_zero()) {
            Some(timeout) => Ok(timeout),
            None => bail!("--timeout is `{}`; write a span such as 60s", self.timeout),
        }
    }
}

impl SetArgs {
    /// What is run, with everything filled in but what only reading the cases tells.
    pub(super) fn run_file(&self, source: &Source, asked: &ModelArgs) -> Result<RunFile> {
        let plan = self.plan()?;
        let model = named(source, asked.model.as_deref());
        if asked.base_url.is_some() && !is_live(&model) {
            bail!("--base-url is for a model; `{model}` needs none");
        }
        let none = Digest::of(b"");
        Ok(RunFile {
            name: match (&self.suite, self.cases.is_empty()) {
                (Some(suite), _) => suite.clone(),
                (None, true) => USUAL.to_owned(),
                (None, false) => "cases".to_owned(),
            },
            files: plan.files,
            tags: plan.tags,
            filter: self.filter.clone(),
            limit: self.limit,
            catalog: self.catalog.clone().or(plan.terms.catalog),
            tools: self.tools.clone().or(plan.terms.tools),
            model,
            base_url: asked.base_url.clone(),
            trials: self.trials.unwrap_or(plan.terms.trials),
            temperature: asked.temperature.unwrap_or(plan.terms.temperature),
            seed: asked.seed.unwrap_or(plan.terms.seed),
            max_tokens: asked.max_tokens,
            without: asked.without.iter().copied().map(Feature::from).collect(),
            expose_third_party: self.expose_third_party,
            through: None,
            must_pass: plan.must_pass,
            floors: plan.floors,
            tolerance: plan.terms.tolerance,
            max_infra_errors: plan.terms.max_infra_errors,
            hashes: Hashes { cases: none, prompt: none, tools: none, catalog: none },
        })
    }

    fn plan(&self) -> Result<SuitePlan> {
        if !self.cases.is_empty() {
            return Ok(SuitePlan {
                files: case_files(&self.cases)?,
                tags: BTreeSet::new(),
                must_pass: false,
                floors: BTreeMap::new(),
                terms: Terms::default(),
            });
        }
        let suites = Suites::parse(&self.suites, &text(&self.suites)?)?;
        let folder = self.suites.parent().unwrap_or(Path::new("."));
        Ok(suites.plan(self.suite.as_deref().unwrap_or(USUAL), folder)?)
    }
}

/// The cases of a run.
pub(super) fn cases_of(file: &RunFile) -> Result<CaseSet> {
    let filter: Filter = file.filter.parse().map_err(anyhow::Error::msg)?;
    let filter = filter.and_tags(&file.tags);
    Ok(CaseSet::read(&file.files, &filter, file.limit.unwrap_or(usize::MAX), file.trials)?)
}

/// The text of a file.
pub(super) fn text(path: &Path) -> Result<String> {
    std::fs::read_to_string(path).with_context(|| format!("cannot read `{}`", path.display()))
}
