use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, Result, bail};
use secrecy::SecretString;

use crate::catalog::Catalog;
use crate::clock::{Clock, SystemClock};
use crate::config::{ModelSettings, SecretRef, Source};
use crate::domain::Digest;
use crate::evals::{CaseSet, Goals, Live, Replay, RunFile, Solver, Stub};
use crate::interpret::llm::{Access, Endpoint, Prompt, Sampling, Settings};
use crate::interpret::offline::Offline;
use crate::redact::Redactor;

/// The variables in which a key may be, in order, where the configuration names none for this server.
const KEYS: [&str; 2] = ["COUNTERSIGN_EVAL_API_KEY", "OPENAI_API_KEY"];

/// The name of who answers, from the command line or the configuration.
pub(super) fn named(source: &Source, model: Option<&str>) -> String {
    let configured = source.config.model.as_ref().map(|settings| settings.model.as_str());
    model.or(configured).unwrap_or("offline").to_owned()
}

/// Whether this is asked at a server.
pub(super) fn is_live(model: &str) -> bool {
    model != "offline" && !model.starts_with("stub:")
}

/// Who answers.
pub(super) fn solver(
    source: &Source,
    run: &RunFile,
    patience: Duration,
    catalog: &Arc<Catalog>,
    set: &CaseSet,
) -> Result<Solver> {
    if run.model == "offline" {
        return Ok(Solver::Offline(Box::new(Offline::new(Arc::clone(catalog)))));
    }
    if let Some(name) = run.model.strip_prefix("stub:") {
        return stub(name, set);
    }
    let settings = settings(source, run)?;
    let endpoint = endpoint(source, run, patience)?;
    let clock: Arc<dyn Clock> = Arc::new(SystemClock);
    Ok(Solver::Live(Box::new(Live::new(&settings, &endpoint, set.most_trials(), catalog, &clock))))
}

fn stub(name: &str, set: &CaseSet) -> Result<Solver> {
    if let Some(file) = name.strip_prefix("replay=") {
        let text = std::fs::read_to_string(file).with_context(|| format!("cannot read `{file}`"))?;
        return Ok(Solver::Replay(Replay::read(&text).with_context(|| format!("`{file}`"))?));
    }
    let stub: Stub = name.parse().map_err(anyhow::Error::msg)?;
    Ok(Solver::Stub(stub.knowing(Goals(set.goals().to_vec()))))
}

/// The configured model's settings, when it is the one that is asked for.
fn configured<'a>(source: &'a Source, run: &RunFile) -> Option<&'a ModelSettings> {
    let settings = source.config.model.as_ref()?;
    run.base_url.as_ref().is_none_or(|url| *url == settings.base_url).then_some(settings)
}

/// What goes into every request: what the live path would send.
pub(super) fn settings(source: &Source, run: &RunFile) -> Result<Settings> {
    let configured = configured(source, run);
    let prompt = prompt(source)?;
    let without = configured.iter().flat_map(|settings| settings.without.iter().copied());
    let most = configured.map_or(1_000, |settings| settings.max_tokens);
    Ok(Settings {
        model: run.model.clone(),
        max_tokens: run.max_tokens.unwrap_or(most),
        sampling: Sampling { temperature: run.temperature, seed: run.seed },
        without: without.chain(run.without.iter().copied()).collect(),
        prompt,
        redactor: key(source, run)?
            .iter()
            .fold(Redactor::default(), |redactor, key| redactor.and_secret(key)),
    })
}

/// The instructions that the model begins with.
pub(super) fn prompt(source: &Source) -> Result<Prompt> {
    match &source.config.files.prompts {
        Some(folder) => {
            let folder = source.folder().join(folder);
            Prompt::in_folder(&folder).with_context(|| format!("the prompts in `{}`", folder.display()))
        }
        None => Ok(Prompt::shipped()),
    }
}

/// Where the model is. Unlike a person in a chat, the harness waits for a server that is busy.
pub(super) fn endpoint(source: &Source, run: &RunFile, patience: Duration) -> Result<Endpoint> {
    let configured = configured(source, run).map(|settings| settings.base_url.as_str());
    let Some(base_url) = run.base_url.as_deref().or(configured) else {
        bail!("where is the model `{}`? Say --base-url URL, or configure a [model]", run.model);
    };
    let access = Access {
        key: key(source, run)?,
        timeout: patience,
        retries: 4,
        longest_pause: Duration::from_secs(60),
        overall: patience.saturating_mul(3) + Duration::from_secs(120),
    };
    Endpoint::new(base_url, access).with_context(|| format!("the model's address `{base_url}`"))
}

/// The key: the configuration's for the configured server, else one from the environment. Never from the command line,
/// where everybody on the machine can read it.
fn key(source: &Source, run: &RunFile) -> Result<Option<SecretString>> {
    if let Some(reference) = configured(source, run).and_then(|settings| settings.api_key.as_ref()) {
        return Ok(Some(reference.resolve(&source.folder()).context("the model has no key")?));
    }
    for name in KEYS {
        let reference = SecretRef::try_from(format!("env:{name}")).map_err(anyhow::Error::msg)?;
        // Not set is fine: a local server needs none.
        if let Ok(key) = reference.resolve(Path::new(".")) {
            return Ok(Some(key));
        }
    }
    Ok(None)
}

/// What a model's answers depend on, beside the cases, tools and catalogue.
pub(super) fn prompt_digest(source: &Source) -> Result<Digest> {
    Ok(prompt(source)?.digest())
}
