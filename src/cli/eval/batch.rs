use std::collections::BTreeSet;
use std::fs::{File, OpenOptions};
use std::io::{BufRead as _, BufReader, BufWriter, Write as _};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Duration;

use anyhow::{Context, Result, bail};
use clap::{Args, ValueEnum};
use futures::StreamExt as _;
use serde_json::{Value, json};

use super::super::mutter;
use super::args::{ModelArgs, SetArgs, cases_of};
use super::finish::{Finish, finish};
use super::model::{endpoint, is_live, settings};
use super::run::{KeepArgs, stop_on_interrupt};
use super::stage::Stage;
use crate::config::Source;
use crate::evals::{
    BatchAnswer, BatchError, BatchManifest, BatchOutcome, Bench, Exported, Limits, RunFile, RunFolder,
    Solver, Stub, bfcl, import, inspect, promptfoo, write_batch,
};
use crate::interpret::llm::{Endpoint, ModelTrouble};

#[derive(Debug, Args)]
pub(in crate::cli) struct ExportArgs {
    /// The format.
    #[arg(long, value_enum)]
    format: Format,
    #[command(flatten)]
    set: SetArgs,
    #[command(flatten)]
    model: ModelArgs,
    /// Where to: the files' names begin like this.
    #[arg(long, value_name = "STEM", default_value = "batch")]
    out: PathBuf,
    /// The most requests in one file of a batch.
    #[arg(long, default_value_t = Limits::default().requests)]
    max_requests: usize,
    /// The most bytes in one file of a batch.
    #[arg(long, default_value_t = Limits::default().bytes)]
    max_bytes: usize,
}

/// The formats of other harnesses and of providers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Format {
    /// A provider's batch: one request a line, to be answered within a day.
    OpenaiBatch,
    /// The Berkeley Function Calling Leaderboard.
    Bfcl,
    /// promptfoo.
    Promptfoo,
    /// inspect_ai.
    Inspect,
}

#[derive(Debug, Args)]
pub(in crate::cli) struct ImportArgs {
    /// The answers, and the file of failed requests where there is one.
    #[arg(required = true, num_args = 1..)]
    answers: Vec<PathBuf>,
    /// The manifest that was written with the batch.
    #[arg(long, value_name = "FILE")]
    manifest: PathBuf,
    #[command(flatten)]
    kept: KeepArgs,
}

/// Writes cases in another format.
pub(super) fn export(source: &Source, args: &ExportArgs) -> Result<ExitCode> {
    let mut run = args.set.run_file(source, &args.model)?;
    let stage = Stage::of_run(source, &run)?;
    let set = cases_of(&run)?;
    run.hashes = stage.hashes(source, &set)?;
    let exported = match args.format {
        Format::OpenaiBatch => {
            if !is_live(&run.model) {
                bail!("a batch is for a model: say --model NAME");
            }
            let limits = Limits { requests: args.max_requests, bytes: args.max_bytes };
            let (settings, scene) = (settings(source, &run)?, stage.scene(run.expose_third_party));
            let written = write_batch(&set, &run, (&stage.catalog, &settings, &scene), &args.out, limits)?;
            let parts: Vec<String> = written.parts.iter().map(|part| part.display().to_string()).collect();
            mutter(&format!(
                "{} requests in {}; the manifest is {}",
                written.requests,
                parts.join(", "),
                written.manifest.display()
            ));
            if written.typed > 0 {
                mutter(&format!("{} trials are exact commands, which no model reads", written.typed));
            }
            return Ok(ExitCode::SUCCESS);
        }
        Format::Bfcl => bfcl(set.cases(), &stage.tools),
        Format::Promptfoo => promptfoo(set.cases(), &stage.tools),
        Format::Inspect => inspect(set.cases()),
    };
    write_exported(&exported, &args.out)
}

fn write_exported(exported: &Exported, stem: &Path) -> Result<ExitCode> {
    let name = stem.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    for (ending, text) in &exported.files {
        let file = stem.with_file_name(format!("{name}.{ending}"));
        std::fs::write(&file, text).with_context(|| format!("cannot write `{}`", file.display()))?;
        mutter(&format!("wrote {}", file.display()));
    }
    for (what, cases) in &exported.lost {
        mutter(&format!("lost in {cases} cases: {what}"));
    }
    Ok(ExitCode::SUCCESS)
}

/// Reads the answers of a batch and scores them like a run.
pub(super) fn import_answers(source: &Source, args: &ImportArgs) -> Result<ExitCode> {
    take_in(source, &args.manifest, &args.answers, &args.kept)
}

fn take_in(source: &Source, manifest: &Path, answers: &[PathBuf], kept: &KeepArgs) -> Result<ExitCode> {
    let suites = Path::new("evals/suites.yaml");
    let manifest = BatchManifest::read(manifest).context("the manifest")?;
    let run = &manifest.run;
    let stage = Stage::of_run(source, run)?;
    let set = cases_of(run)?;
    if let Some(what) = run.hashes.changed(&stage.hashes(source, &set)?) {
        return Err(BatchError::Changed(what).into());
    }
    // Whatever would spoil the end is found before anything is written.
    answers.iter().flat_map(|file| lines(file)).try_for_each(|line| line.map(drop))?;
    let finishing = kept.finishing(suites, run)?;
    let bench = Bench {
        facts: stage.facts(),
        scene: stage.scene(run.expose_third_party),
        catalog: stage.catalog.clone(),
        // Nobody is asked: what has no line has no answer.
        solver: Solver::Stub(Stub::Silent),
        stages: None,
    };
    let mut folder = RunFolder::begin(&kept.folder(run), run)?;
    let mut problem = None;
    let lines = answers.iter().flat_map(|file| lines(file)).map_while(|line| match line {
        Ok(answer) => Some(answer),
        Err(error) => {
            problem = Some(error);
            None
        }
    });
    let imported = import(&manifest, (&set, &bench, &settings(source, run)?), lines, |answered| {
        folder.write(&answered).with_context(|| format!("cannot write to `{}`", folder.path().display()))
    })?;
    if let Some(problem) = problem {
        return Err(problem);
    }
    mutter(&format!("{} trials with an answer, {} without", imported.answered, imported.failed));
    for (what, ids) in [
        ("requests that no line answers", &imported.missing),
        ("lines that answer no request of this batch", &imported.strangers),
        ("lines that answer a request once more", &imported.again),
    ] {
        if !ids.is_empty() {
            let some: Vec<&str> = ids.iter().take(5).map(String::as_str).collect();
            mutter(&format!(
                "{} {what}: {}{}",
                ids.len(),
                some.join(", "),
                if ids.len() > 5 { " …" } else { "" }
            ));
        }
    }
    finish(Finish { run, set: &set, facts: &bench.facts, folder: &folder }, finishing)
}

/// The lines of a file of answers, one at a time.
fn lines(file: &Path) -> Box<dyn Iterator<Item = Result<BatchAnswer>> + '_> {
    let opened = match File::open(file).with_context(|| format!("cannot read `{}`", file.display())) {
        Ok(opened) => opened,
        Err(error) => return Box::new(std::iter::once(Err(error))),
    };
    let lines = BufReader::new(opened).lines().enumerate();
    Box::new(lines.filter_map(move |(at, line)| {
        let line = match line {
            Ok(line) if line.trim().is_empty() => return None,
            Ok(line) => line,
            Err(error) => return Some(Err(error.into())),
        };
        let named = |reason| anyhow::anyhow!("{}:{}: {reason}", file.display(), at + 1);
        Some(BatchAnswer::read(&line).map_err(named))
    }))
}

/// A batch that is put to a server which knows no batches.
pub(super) struct PlayBatch<'a> {
    pub run: &'a RunFile,
    pub batch: &'a Path,
    pub manifest: Option<&'a Path>,
    pub kept: &'a KeepArgs,
}

impl PlayBatch<'_> {
    /// Puts each request and writes its answer down in the form of a batch's. What is answered already in the folder is
    /// not asked again.
    pub(super) async fn put(
        &self,
        source: &Source,
        patience: Duration,
        concurrency: usize,
    ) -> Result<ExitCode> {
        let endpoint = endpoint(source, self.run, patience)?;
        let batch = self.batch;
        let opened = File::open(batch).with_context(|| format!("cannot read `{}`", batch.display()))?;
        let folder = self.kept.out.clone().unwrap_or_else(|| PathBuf::from("eval-runs/batch"));
        std::fs::create_dir_all(&folder).with_context(|| format!("cannot make `{}`", folder.display()))?;
        let out = folder.join("out.jsonl");
        let failed = || format!("cannot write `{}`", out.display());
        let answered = keep_answers(&out).with_context(failed)?;
        let mut writer = OpenOptions::new().create(true).append(true).open(&out).with_context(failed)?;
        let stop = stop_on_interrupt();
        let requests = BufReader::new(opened).lines().enumerate().map(|(at, line)| {
            let line = line.with_context(|| format!("cannot read `{}`", batch.display()))?;
            read_request(&line).with_context(|| format!("{}:{}: this is no request", batch.display(), at + 1))
        });
        let open = requests.filter(|request| match request {
            Ok(Some((id, _))) => !answered.contains(id),
            Ok(None) => false,
            Err(_) => true,
        });
        let open = open.take_while(|_| !stop.gently.is_cancelled());
        let asked = open.map(|request| put(&endpoint, request));
        let mut answers = futures::stream::iter(asked).buffer_unordered(concurrency.max(1));
        let mut count = 0usize;
        loop {
            let next = tokio::select! {
                next = answers.next() => next,
                () = stop.now.cancelled() => None,
            };
            let Some(line) = next else { break };
            writeln!(writer, "{}", line?).with_context(failed)?;
            count += 1;
        }
        mutter(&format!("{count} answers in {}", out.display()));
        if stop.gently.is_cancelled() {
            mutter("stopped; the same command goes on where it stopped");
            return Ok(ExitCode::from(130));
        }
        let Some(manifest) = self.manifest else { return Ok(ExitCode::SUCCESS) };
        take_in(source, manifest, &[out], self.kept)
    }
}

/// The requests that a file has an answer for. Lines about failed ones are dropped from it, as is one that was cut off in
/// the middle: those are put again.
fn keep_answers(out: &Path) -> Result<BTreeSet<String>> {
    if !out.is_file() {
        return Ok(BTreeSet::new());
    }
    let mut answered = BTreeSet::new();
    let beside = out.with_extension("jsonl.new");
    let mut kept = BufWriter::new(File::create(&beside)?);
    for line in BufReader::new(File::open(out)?).split(b'\n') {
        let line = line?;
        let Some(text) = std::str::from_utf8(&line).ok() else { continue };
        let Ok(answer) = BatchAnswer::read(text) else { continue };
        if matches!(answer.outcome, BatchOutcome::Body(_)) && answered.insert(answer.custom_id) {
            writeln!(kept, "{text}")?;
        }
    }
    kept.flush()?;
    std::fs::rename(&beside, out)?;
    Ok(answered)
}

/// The id and the body of a request, the body as it is written.
fn read_request(line: &str) -> Result<Option<(String, String)>> {
    #[derive(serde::Deserialize)]
    struct Line<'a> {
        custom_id: String,
        #[serde(borrow)]
        body: &'a serde_json::value::RawValue,
    }
    if line.trim().is_empty() {
        return Ok(None);
    }
    let line: Line<'_> = serde_json::from_str(line)?;
    Ok(Some((line.custom_id, line.body.get().to_owned())))
}

async fn put(endpoint: &Endpoint, request: Result<Option<(String, String)>>) -> Result<Value> {
    let Some((custom_id, body)) = request? else { return Ok(Value::Null) };
    let answer = endpoint.relay(&body).await;
    let (response, error) = match answer {
        Ok(text) => {
            let body: Value = serde_json::from_str(&text).unwrap_or(Value::String(text));
            (json!({"status_code": 200, "request_id": null, "body": body}), Value::Null)
        }
        Err(ModelTrouble::Refused { status }) => {
            (json!({"status_code": status, "request_id": null, "body": null}), Value::Null)
        }
        Err(trouble) => (Value::Null, json!({"code": "no_answer", "message": trouble.to_string()})),
    };
    Ok(json!({"id": null, "custom_id": custom_id, "response": response, "error": error}))
}
