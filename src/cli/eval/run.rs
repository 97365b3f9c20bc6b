use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;

use anyhow::{Context, Result, bail};
use clap::{Args, ValueEnum};
use tokio::time::Instant;

use super::args::{ModelArgs, SetArgs, cases_of};
use super::batch::PlayBatch;
use super::end::baseline;
use super::finish::{Finish, Finishing, finish, price_of, run_rules, usual_baseline};
use super::model::solver;
use super::progress::Ticker;
use super::score::JudgeArgs;
use super::stage::Stage;
use super::through::stages;
use crate::config::Source;
use crate::evals::{
    Bench, Ended, FolderError, Progress, RunFile, RunFolder, Stop, Through, run as run_cases,
};

#[derive(Debug, Args)]
pub(in crate::cli) struct RunArgs {
    #[command(flatten)]
    set: SetArgs,
    #[command(flatten)]
    model: ModelArgs,
    /// How many cases are under way at once.
    #[arg(long, default_value_t = 8, value_parser = clap::value_parser!(u16).range(1..=1024))]
    concurrency: u16,
    #[command(flatten)]
    kept: KeepArgs,
    /// Take up the run in this folder: what is answered is not asked again.
    #[arg(
        long,
        value_name = "DIR",
        conflicts_with_all = [
            "suite", "cases", "filter", "limit", "catalog", "tools", "trials", "expose_third_party",
            "model", "base_url", "temperature", "seed", "max_tokens", "without",
            "through", "policy", "careless", "out",
        ]
    )]
    resume: Option<PathBuf>,
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
    /// Put the requests of a batch file to a server that knows no batches, and write its answers in the form of a
    /// batch's. With --manifest they are read at once.
    #[arg(long, value_name = "FILE", conflicts_with_all = ["resume", "suite", "cases", "filter", "limit", "trials", "through"])]
    from_batch: Option<PathBuf>,
    /// The manifest of that batch.
    #[arg(long, value_name = "FILE", requires = "from_batch")]
    manifest: Option<PathBuf>,
}

/// What is kept of a run, and what it is held against.
#[derive(Debug, Args)]
pub(in crate::cli) struct KeepArgs {
    /// The folder of the run: predictions, reports, and what is needed to take it up again.
    #[arg(long, value_name = "DIR")]
    pub(super) out: Option<PathBuf>,
    /// The run to compare with. Left out: the suite's committed baseline, where there is one.
    #[arg(long, value_name = "FILE")]
    baseline: Option<PathBuf>,
    #[command(flatten)]
    judged: JudgeArgs,
    /// Write the baseline anew from this run.
    #[arg(long)]
    update_baseline: bool,
    /// What models charge, USD per million tokens.
    #[arg(long, value_name = "FILE")]
    prices: Option<PathBuf>,
    /// Print the report as JSON.
    #[arg(long)]
    pub(super) json: bool,
    /// Say nothing on the way.
    #[arg(long)]
    pub(super) quiet: bool,
}

/// How far a run goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Far {
    /// Through the gate and the executors.
    Gate,
}

pub(super) async fn run(source: &Source, args: RunArgs) -> Result<ExitCode> {
    let patience = args.model.patience()?;
    if let Some(batch) = &args.from_batch {
        let run = args.set.run_file(source, &args.model)?;
        let play = PlayBatch { run: &run, batch, manifest: args.manifest.as_deref(), kept: &args.kept };
        return play.put(source, patience, usize::from(args.concurrency)).await;
    }
    let mut file = match &args.resume {
        Some(folder) => RunFolder::run_of(folder)?,
        None => args.set.run_file(source, &args.model)?,
    };
    if args.resume.is_none() {
        file.through =
            args.through.map(|Far::Gate| Through { policy: args.policy.clone(), careless: args.careless });
    }
    // Whatever would spoil the end is found before anything is asked.
    let finishing = args.kept.finishing(&args.set.suites, &file)?;
    let stage = Stage::of_run(source, &file)?;
    let set = cases_of(&file)?;
    let concurrency = usize::from(args.concurrency).min(set.count());
    let hashes = stage.hashes(source, &set)?;
    if let (Some(_), Some(what)) = (&args.resume, file.hashes.changed(&hashes)) {
        return Err(FolderError::Changed(what).into());
    }
    file.hashes = hashes;
    let bench = Arc::new(Bench {
        solver: solver(source, &file, patience, &stage.catalog, &set)?,
        scene: stage.scene(file.expose_third_party),
        facts: stage.facts(),
        catalog: Arc::clone(&stage.catalog),
        stages: match &file.through {
            Some(through) => Some(stages(source, &stage, &set, through, concurrency).await?),
            None => None,
        },
    });
    let (mut folder, answered) = match &args.resume {
        Some(folder) => RunFolder::resume(folder)?,
        None => (RunFolder::begin(&args.kept.folder(&file), &file)?, BTreeMap::new()),
    };
    let set = Arc::new(set);
    let before = answered.values().map(BTreeSet::len).sum();
    let progress = Progress { of: set.count(), before, ..Progress::default() };
    let mut ticker = Ticker::new(progress, finishing.price, args.kept.quiet || args.kept.json);
    let stop = stop_on_interrupt();
    let begun = Instant::now();
    let ended = run_cases(&bench, &set, &answered, concurrency, &stop, |answer| {
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
    finish(Finish { run: &file, set: &set, facts: &bench.facts, folder: &folder }, finishing)
}

/// The first interrupt lets what is under way finish, the second gives it up. Both keep what is answered.
pub(super) fn stop_on_interrupt() -> Stop {
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

impl KeepArgs {
    /// The folder of the run. Without one, a new one beside the others.
    pub(super) fn folder(&self, run: &RunFile) -> PathBuf {
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

    /// What becomes of the run.
    pub(super) fn finishing(&self, suites: &Path, run: &RunFile) -> Result<Finishing> {
        let usual = usual_baseline(run, suites);
        let (old, new) = if self.update_baseline {
            let Some(file) = self.baseline.clone().or(usual) else {
                bail!("say with --baseline FILE which file to write");
            };
            (None, Some(file))
        } else {
            (self.baseline.clone().or_else(|| usual.filter(|path| path.is_file())), None)
        };
        Ok(Finishing {
            baseline: old.as_deref().map(baseline).transpose()?,
            new_baseline: new,
            gate: self.judged.gate,
            rules: self.judged.rules(run_rules(run)),
            json: self.json,
            quiet: self.quiet,
            price: price_of(self.prices.as_deref(), suites, &run.model)?,
            suites: suites.to_owned(),
        })
    }
}
