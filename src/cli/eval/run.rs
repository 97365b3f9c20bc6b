use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, Result, bail};
use clap::{Args, ValueEnum};
use tokio::time::Instant;

use super::finish::{Finish, Finishing, finish, price_of};
use super::model::{Asking, is_live, named, prompt_digest, solver};
use super::progress::Ticker;
use super::through::stages;
use super::tools::product;
use crate::catalog::{Catalog, Manifest};
use crate::config::Source;
use crate::domain::{Digest, parse_span};
use crate::evals::{
    Bench, CaseSet, DEMO_WORLD, Ended, Facts, Filter, FunctionTool, Hashes, Progress, RunFile, RunFolder,
    Scene, Stop, SuitePlan, Suites, Terms, ThirdParty, Through, World, case_files, catalog_of,
    demo_function_tools, function_tools, offer, run as run_cases,
};
use crate::interpret::llm::Feature;

#[derive(Debug, Args)]
pub(in crate::cli) struct RunArgs {
    /// The suite to run, of the file of suites. Left out, with no --cases either: dev.
    #[arg(long, conflicts_with = "cases")]
    suite: Option<String>,
    /// The file of suites.
    #[arg(long, default_value = "evals/suites.yaml", value_name = "FILE")]
    suites: PathBuf,
    /// Files or folders of cases, JSON Lines, instead of a suite.
    #[arg(long, num_args = 1.., value_name = "PATH")]
    cases: Vec<PathBuf>,
    /// The catalogue that the cases assume.
    #[arg(long, value_name = "FILE")]
    catalog: Option<PathBuf>,
    /// The tools to offer, a list of OpenAI function tools: exactly these, with these parameters.
    #[arg(long, value_name = "FILE")]
    tools: Option<PathBuf>,
    /// Who answers: a model's name at its server, `offline` for the built-in reader, `stub:NAME`. Left out: the
    /// configured model, else `offline`.
    #[arg(long)]
    model: Option<String>,
    /// The base address of an OpenAI-compatible server. Left out: the configured one. The key comes from the
    /// configuration, COUNTERSIGN_EVAL_API_KEY or OPENAI_API_KEY.
    #[arg(long, value_name = "URL")]
    base_url: Option<String>,
    /// How often each case is run; a case may ask for more.
    #[arg(long)]
    trials: Option<u32>,
    /// How many cases are under way at once.
    #[arg(long, default_value_t = 8)]
    concurrency: usize,
    /// The folder of the run: predictions, reports, and what is needed to take it up again.
    #[arg(long, value_name = "DIR", conflicts_with = "resume")]
    out: Option<PathBuf>,
    /// The run to compare with.
    #[arg(long, value_name = "FILE")]
    baseline: Option<PathBuf>,
    /// End with 1 when the run is not good enough, with 2 when nothing can be said.
    #[arg(long)]
    gate: bool,
    /// Write the baseline anew from this run.
    #[arg(long)]
    update_baseline: bool,
    /// Only cases that are like this: category=…,id=…,tag=…,lang=…; `*` stands for anything.
    #[arg(long, default_value = "", value_name = "FILTER")]
    filter: String,
    /// At most so many cases.
    #[arg(long, value_name = "N")]
    limit: Option<usize>,
    /// Take up the run in this folder: what is answered is not asked again.
    #[arg(long, value_name = "DIR", conflicts_with_all = ["suite", "cases", "model", "trials", "filter", "limit"])]
    resume: Option<PathBuf>,
    /// Show the reader what machines and outsiders wrote, which the house never does: the model alone.
    #[arg(long)]
    expose_third_party: bool,
    /// Go on past the end of the words: through the gate and the real executor, in a house whose back end only writes
    /// down. What was executed is scored.
    #[arg(long, value_enum, value_name = "STAGE")]
    through: Option<Far>,
    /// The policy of that house, instead of the one in force. People who are needed are added to it.
    #[arg(long, value_name = "FILE", requires = "through")]
    policy: Option<PathBuf>,
    /// The people in that house say yes to whatever is put before them.
    #[arg(long, requires = "through")]
    careless: bool,
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
    /// What models charge, USD per million tokens.
    #[arg(long, value_name = "FILE")]
    prices: Option<PathBuf>,
    /// Print the report as JSON.
    #[arg(long)]
    json: bool,
    /// Say nothing on the way.
    #[arg(long)]
    quiet: bool,
}

/// How far a run goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Far {
    /// Through the gate and the executors.
    Gate,
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

/// What a run acts on.
pub(super) struct Stage {
    pub world: World,
    pub tools: Vec<FunctionTool>,
    pub manifests: Vec<Manifest>,
    pub catalog: Arc<Catalog>,
    pub hashes: (Digest, Digest),
}

pub(super) async fn run(source: &Source, args: RunArgs) -> Result<ExitCode> {
    let asking = args.asking()?;
    let (mut file, resumed) = match &args.resume {
        Some(folder) => (RunFolder::run_of(folder)?, true),
        None => (args.run_file(source)?, false),
    };
    let stage = stage(source, file.catalog.as_deref(), file.tools.as_deref(), args.quiet)?;
    let filter: Filter = file.filter.parse().map_err(anyhow::Error::msg)?;
    let filter = filter.and_tags(&file.tags);
    let set = CaseSet::read(&file.files, &filter, file.limit.unwrap_or(usize::MAX), file.trials)?;
    let hashes = Hashes {
        cases: set.hash(),
        prompt: prompt_digest(source)?,
        tools: stage.hashes.1,
        catalog: stage.hashes.0,
    };
    if resumed {
        unchanged(&file.hashes, &hashes)?;
    }
    file.hashes = hashes;
    let bench = Arc::new(Bench {
        solver: solver(source, &file, &asking, &stage.catalog, &set)?,
        scene: scene(&stage, file.expose_third_party),
        facts: Facts::of_tools(&stage.tools, &stage.world),
        catalog: Arc::clone(&stage.catalog),
        stages: match &file.through {
            Some(through) => Some(stages(source, &stage, &set, through, args.concurrency).await?),
            None => None,
        },
    });
    let (mut folder, answered) = match &args.resume {
        Some(folder) => RunFolder::resume(folder)?,
        None => (RunFolder::begin(&args.folder(&file), &file)?, BTreeMap::new()),
    };
    let price = price_of(args.prices.as_deref(), &args.suites, &file.model)?;
    let set = Arc::new(set);
    let before = answered.values().map(BTreeSet::len).sum();
    let progress = Progress { of: set.count(), before, ..Progress::default() };
    let mut ticker = Ticker::new(progress, price, args.quiet || args.json);
    let stop = stop_on_interrupt();
    let begun = Instant::now();
    let ended = run_cases(&bench, &set, &answered, args.concurrency, &stop, |answer| {
        folder.write(&answer)?;
        ticker.count(&answer, begun.elapsed());
        Ok(())
    });
    let ended = ended.await.with_context(|| format!("cannot write to `{}`", folder.path().display()))?;
    ticker.end(begun.elapsed());
    if ended == Ended::Stopped {
        let shown = folder.path().display();
        super::super::mutter(&format!(
            "stopped; take it up again with: countersign eval run --resume {shown}"
        ));
        return Ok(ExitCode::from(130));
    }
    let finishing = Finishing {
        baseline: args.baseline.clone(),
        gate: args.gate,
        update_baseline: args.update_baseline,
        json: args.json,
        price,
        suites: args.suites.clone(),
    };
    finish(Finish { run: &file, set: &set, facts: &bench.facts, folder: &folder }, &finishing)
}

/// The tools and the landscape of a run.
pub(super) fn stage(
    source: &Source,
    catalog: Option<&Path>,
    tools: Option<&Path>,
    quiet: bool,
) -> Result<Stage> {
    let product = product(source)?;
    let world_text = match catalog {
        Some(path) => text(path)?,
        None => DEMO_WORLD.to_owned(),
    };
    let named = |path: Option<&Path>| {
        path.map_or("the demonstration's".to_owned(), |path| format!("`{}`", path.display()))
    };
    let world = World::parse(&world_text).with_context(|| format!("{} is no catalogue", named(catalog)))?;
    let tools_text = match tools {
        Some(path) => text(path)?,
        None => serde_json::to_string_pretty(&demo_function_tools(&product)?)? + "\n",
    };
    let listed = function_tools(&tools_text)
        .with_context(|| format!("{} is no list of function tools", named(tools)))?;
    let offer = offer(&listed, &product)?;
    if !offer.ignored.is_empty() && !quiet {
        super::super::mutter(&format!("ignored in the tools: {}", offer.ignored.join(", ")));
    }
    let tools = crate::evals::named_by_product(listed, &offer);
    let manifests = offer.tools.clone();
    let catalog = Arc::new(catalog_of(&world, offer.tools)?);
    let hashes = (Digest::of(world_text.as_bytes()), Digest::of(tools_text.as_bytes()));
    Ok(Stage { world, tools, manifests, catalog, hashes })
}

/// Where and when cases are read.
pub(super) fn scene(stage: &Stage, expose_third_party: bool) -> Scene {
    Scene {
        now: stage.world.now(),
        offered: stage.catalog.tools().map(|tool| tool.name().to_owned()).collect(),
        third_party: if expose_third_party { ThirdParty::Exposed } else { ThirdParty::Hidden },
    }
}

fn text(path: &Path) -> Result<String> {
    std::fs::read_to_string(path).with_context(|| format!("cannot read `{}`", path.display()))
}

/// A run is taken up only with what it was begun with.
fn unchanged(then: &Hashes, now: &Hashes) -> Result<()> {
    for (what, same) in [
        ("cases", then.cases == now.cases),
        ("tools", then.tools == now.tools),
        ("catalogue", then.catalog == now.catalog),
        ("prompt", then.prompt == now.prompt),
    ] {
        if !same {
            return Err(crate::evals::FolderError::Changed(what).into());
        }
    }
    Ok(())
}

/// The first interrupt lets what is under way finish, the second gives it up. Both keep what is answered.
fn stop_on_interrupt() -> Stop {
    let stop = Stop::default();
    let watched = stop.clone();
    tokio::spawn(async move {
        // Where no signal can be had, a run goes to its end.
        while tokio::signal::ctrl_c().await.is_ok() {
            if watched.gently.is_cancelled() {
                watched.now.cancel();
                return;
            }
            super::super::mutter("\nfinishing what is under way; once more to give it up");
            watched.gently.cancel();
        }
    });
    stop
}

impl RunArgs {
    fn asking(&self) -> Result<Asking> {
        let Some(timeout) = parse_span(&self.timeout).filter(|span| !span.is_zero()) else {
            bail!("--timeout is `{}`; write a span such as 60s", self.timeout);
        };
        Ok(Asking {
            timeout,
            max_tokens: self.max_tokens,
            without: self.without.iter().copied().map(Feature::from).collect(),
        })
    }

    /// What is run, with everything filled in.
    fn run_file(&self, source: &Source) -> Result<RunFile> {
        let plan = self.plan()?;
        let model = named(source, self.model.as_deref());
        if self.base_url.is_some() && !is_live(&model) {
            bail!("--base-url is for a model; `{model}` needs none");
        }
        // The configuration may say less than the command line does, never more.
        let _is_a_filter: Filter = self.filter.parse().map_err(anyhow::Error::msg)?;
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
            base_url: self.base_url.clone(),
            trials: self.trials.unwrap_or(plan.terms.trials).max(1),
            temperature: self.temperature.unwrap_or(plan.terms.temperature),
            seed: self.seed.unwrap_or(plan.terms.seed),
            expose_third_party: self.expose_third_party,
            through: self
                .through
                .map(|Far::Gate| Through { policy: self.policy.clone(), careless: self.careless }),
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

    /// The folder of the run. Without one, a new one beside the others.
    fn folder(&self, run: &RunFile) -> PathBuf {
        if let Some(out) = &self.out {
            return out.clone();
        }
        let plain =
            |text: &str| text.replace(|c: char| !c.is_ascii_alphanumeric() && !"._-".contains(c), "-");
        let name = format!("{}.{}", plain(&run.name), plain(&run.model));
        let mut folder = Path::new("eval-runs").join(&name);
        for number in 2.. {
            if !folder.exists() {
                break;
            }
            folder = Path::new("eval-runs").join(format!("{name}.{number}"));
        }
        folder
    }
}

/// The longest pause between two lines of progress.
pub(super) const PACE: Duration = Duration::from_millis(200);
