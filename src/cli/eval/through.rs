use std::path::Path;

use anyhow::{Context, Result, anyhow};

use super::stage::Stage;
use super::tools::product;
use crate::app::{Play, rehearsal, texts};
use crate::config::Source;
use crate::evals::{CaseSet, Cast, Humans, Stages, Through, rehearsed};

/// The houses of a run that goes through the gate: as many as cases are under way at once.
pub(super) async fn stages(
    source: &Source,
    stage: &Stage,
    set: &CaseSet,
    through: &Through,
    concurrency: usize,
) -> Result<Stages> {
    let policy = policy(source, through.policy.as_deref())?;
    let tools = rehearsed(&stage.manifests, &product(source)?);
    let (policy, cast) = Cast::join(&policy, set.channels(), &tools).map_err(|error| {
        let file = through.policy.as_deref().map(|path| format!("`{}`", path.display()));
        anyhow!(
            "{} is no policy: {}",
            file.unwrap_or_else(|| "the configured one".to_owned()),
            error.message()
        )
    })?;
    let humans = if through.careless { Humans::Careless } else { Humans::Careful };
    let play = Play { world: &stage.world, tools: &tools, policy: &policy, cast: &cast, humans };
    let mut houses = Vec::new();
    for _house in 0..concurrency.max(1) {
        houses.push(rehearsal(&play).await.context("the house to rehearse in")?);
    }
    Ok(Stages::new(houses))
}

fn policy(source: &Source, file: Option<&Path>) -> Result<String> {
    match file {
        Some(path) => {
            std::fs::read_to_string(path).with_context(|| format!("cannot read `{}`", path.display()))
        }
        None => Ok(texts(source)?.policy.1),
    }
}
