use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::AtomicU64;

use anyhow::{Context, Result};

use super::{App, Parts};
use crate::catalog::Manifest;
use crate::clock::{StandingClock, SystemEntropy};
use crate::config::{Config, Connection, Source};
use crate::evals::{CONNECTION, Cast, Humans, Recorder, Rehearsal, Told, World, texts_of};
use crate::playground::PlaygroundConfig;

/// What is rehearsed.
pub struct Play<'a> {
    /// What there is to operate.
    pub world: &'a World,
    /// The tools, as they are rehearsed.
    pub tools: &'a [Manifest],
    /// The policy, with the people in it.
    pub policy: &'a str,
    /// Those people.
    pub cast: &'a Cast,
    /// How they behave.
    pub humans: Humans,
}

/// The whole house, built as for an installation, in a folder of its own: with a back end that only writes down, a clock
/// that stands, and a reader that is told what to read.
///
/// # Errors
/// As [`App::build`], and a folder that cannot be written.
pub async fn rehearsal(play: &Play<'_>) -> Result<Rehearsal> {
    let shared = Path::new("/dev/shm");
    let place = if shared.is_dir() { tempfile::tempdir_in(shared) } else { tempfile::tempdir() };
    let folder = place.context("no temporary folder")?;
    let recorder = Recorder::start().await.context("the recording back end")?;
    let source = source(folder.path(), play, &recorder)?;
    let told = Arc::new(Told::default());
    let clock = Arc::new(StandingClock::at(play.world.now()));
    let parts = Parts {
        clock: clock.clone(),
        entropy: Arc::new(SystemEntropy),
        playground: Box::new(|dir, token| PlaygroundConfig::demo(Default::default(), dir, token)),
        reader: Some(told.clone()),
        directory: None,
    };
    let app = App::build(source, parts).await?;
    Ok(Rehearsal {
        rooms: Arc::clone(&app.rooms),
        told,
        recorder,
        clock,
        cast: play.cast.clone(),
        humans: play.humans,
        keep: Box::new((app, folder)),
        deliveries: AtomicU64::new(0),
    })
}

fn source(folder: &Path, play: &Play<'_>, recorder: &Recorder) -> Result<Source> {
    let texts = texts_of(play.world, play.tools.to_vec())?;
    let tools = folder.join("tools");
    std::fs::create_dir(&tools)?;
    for (name, text) in &texts.tools {
        std::fs::write(tools.join(name), text)?;
    }
    let (policy, catalog) = (folder.join("policy.toml"), folder.join("catalog.toml"));
    std::fs::write(&policy, play.policy)?;
    std::fs::write(&catalog, &texts.landscape)?;
    let mut config = Config { data_dir: Some(folder.join("data")), ..Config::default() };
    config.playground.enabled = false;
    let connection = Connection { base_url: recorder.base_url(), token: None, headers: Default::default() };
    config.connections.insert(CONNECTION.to_owned(), connection);
    config.files.policy = Some(policy);
    config.files.catalog = Some(catalog);
    config.files.tools = Some(tools);
    Ok(Source { config, file: None })
}
