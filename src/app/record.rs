use std::path::PathBuf;
use std::sync::Arc;

use anyhow::{Context, Result, bail};
use arc_swap::ArcSwap;
use jiff::SignedDuration;
use tokio::sync::broadcast;

use super::{DataLock, Parts, catalog, open_store, operators, policy, texts};
use crate::audit::{
    Alarm, Cosigner, Credentials, Exporter, FileSink, Ledger, Objects, PutSettings, PutSink, S3Keys, Sink,
    StandardOutput, Witness,
};
use crate::clock::{Clock, Entropy, Mint};
use crate::config::{PutTarget, SinkSettings, Source};
use crate::domain::parse_span;
use crate::execute::client;
use crate::gate::Policy;
use crate::pipeline::{Changed, ChannelSink, LogOnly, Noticeboard};

/// The file that checkpoints go to where nothing else is said.
const CHECKPOINTS: &str = "checkpoints";

/// What an exporter is made with.
pub(super) struct Means {
    pub(super) ledger: Ledger,
    pub(super) clock: Arc<dyn Clock>,
    pub(super) entropy: Arc<dyn Entropy>,
    pub(super) policy: Arc<ArcSwap<Policy>>,
    pub(super) changed: broadcast::Sender<Changed>,
}

/// The record alone, without anything to operate: for commands that look after it while no server runs.
pub struct RecordRoom {
    /// What brings its checkpoints elsewhere, and through that the record.
    pub exporter: Exporter,
    _lock: DataLock,
}

impl RecordRoom {
    /// Opens the record of the configuration's data directory and compares it with what was exported.
    ///
    /// # Errors
    /// Data that another process has, or a record that cannot be opened.
    pub async fn open(source: &Source, parts: &Parts) -> Result<Self> {
        let lock = DataLock::take(&source.data_dir())?;
        let texts = texts(source)?;
        let policy = Arc::new(ArcSwap::from_pointee(policy(&texts, &catalog(&texts)?)?));
        let store = open_store(source).await?;
        store.claim().await?;
        let (clock, entropy) = (Arc::clone(&parts.clock), Arc::clone(&parts.entropy));
        let ledger = Ledger::open(store, &source.key_dir(), Arc::clone(&clock), Arc::clone(&entropy)).await?;
        let means = Means { ledger, clock, entropy, policy, changed: broadcast::channel(1).0 };
        let exporter = exporter(source, &means)?;
        exporter.check().await?;
        Ok(Self { exporter, _lock: lock })
    }
}

/// The files that checkpoints go to, as far as they are on this machine.
pub fn checkpoint_files(source: &Source) -> Vec<PathBuf> {
    let default = [SinkSettings::File { path: source.data_dir().join(CHECKPOINTS) }];
    let sinks = source.config.audit.sinks.as_deref().unwrap_or(&default);
    sinks
        .iter()
        .filter_map(|sink| match sink {
            SinkSettings::File { path } => Some(file(source, path)),
            SinkSettings::Stdout {}
            | SinkSettings::Channel { .. }
            | SinkSettings::Put(_)
            | SinkSettings::Witness { .. } => None,
        })
        .collect()
}

fn file(source: &Source, path: &std::path::Path) -> PathBuf {
    // The default is in the data directory already.
    if path.starts_with(source.data_dir()) { path.to_owned() } else { source.folder().join(path) }
}

/// Refuses a channel for checkpoints in which nobody would see them.
///
/// # Errors
/// Which one, and what to do.
pub fn check_channels(source: &Source, policy: &Policy) -> Result<()> {
    for sink in source.config.audit.sinks.iter().flatten() {
        let SinkSettings::Channel { channel } = sink else { continue };
        let listed = policy.channels().iter().any(|known| known.name == *channel);
        let shown = source.config.console.channels.iter().any(|known| known.name == *channel);
        if !listed && !shown {
            bail!(
                "`audit.sinks` names the channel `{channel}`, which neither the policy lists nor the console shows; add it to \
                 `console.channels`, or to the policy if it is on another platform"
            );
        }
    }
    Ok(())
}

/// What brings the checkpoints of the record to the sinks of the configuration.
pub(super) fn exporter(source: &Source, means: &Means) -> Result<Exporter> {
    let settings = &source.config.audit;
    let board = |channel: &str| Noticeboard {
        ledger: means.ledger.clone(),
        mint: Arc::new(Mint::new(Arc::clone(&means.clock), Arc::clone(&means.entropy))),
        clock: Arc::clone(&means.clock),
        changed: means.changed.clone(),
        policy: Arc::clone(&means.policy),
        channel: channel.to_owned(),
    };
    check_channels(source, &means.policy.load())?;
    let alarm: Arc<dyn Alarm> = match operators(source) {
        Some(channel) => Arc::new(board(&channel)),
        None => Arc::new(LogOnly),
    };
    let mut sinks: Vec<Box<dyn Sink>> = Vec::new();
    for path in checkpoint_files(source) {
        sinks.push(Box::new(FileSink::new(path)));
    }
    for sink in settings.sinks.iter().flatten() {
        match sink {
            SinkSettings::File { .. } => {}
            SinkSettings::Stdout {} => sinks.push(Box::new(StandardOutput)),
            SinkSettings::Channel { channel } => sinks.push(Box::new(ChannelSink::new(board(channel)))),
            SinkSettings::Put(target) => sinks.push(Box::new(put(source, target, means)?)),
            SinkSettings::Witness { url, key } => {
                let url = format!("{}/add-checkpoint", url.trim_end_matches('/'));
                let url = url.parse().with_context(|| format!("the witness `{url}`"))?;
                let cosigner = Cosigner::parse(key).context("the key of a witness")?;
                sinks.push(Box::new(Witness::new(http()?, url, cosigner)));
            }
        }
    }
    let (ledger, clock) = (means.ledger.clone(), Arc::clone(&means.clock));
    Ok(Exporter::new(ledger, clock, alarm, sinks, settings.pace()))
}

fn put(source: &Source, target: &PutTarget, means: &Means) -> Result<PutSink> {
    let headers: Result<Vec<_>> =
        target.headers.iter().map(|(name, value)| Ok((name.parse()?, value.clone()))).collect();
    let credentials = credentials(source, target);
    let settings = PutSettings {
        url: target.url.clone(),
        latest: target.latest.clone(),
        objects: if target.once { Objects::Once } else { Objects::Replaced },
        credentials: credentials.with_context(|| format!("the object store `{}`", target.url))?,
        headers: headers?,
        retain: parse_span(&target.retain).map(SignedDuration::try_from).transpose()?.unwrap_or_default(),
    };
    Ok(PutSink::new(http()?, Arc::clone(&means.clock), settings))
}

fn credentials(source: &Source, target: &PutTarget) -> Result<Credentials> {
    let folder = source.folder();
    if let Some(s3) = &target.s3 {
        let session_token = s3.session_token.as_ref().map(|token| token.resolve(&folder)).transpose()?;
        return Ok(Credentials::S3(S3Keys {
            region: s3.region.clone(),
            access_key: s3.access_key.resolve(&folder)?,
            secret_key: s3.secret_key.resolve(&folder)?,
            session_token,
        }));
    }
    let token = target.token.as_ref().map(|token| token.resolve(&folder)).transpose()?;
    Ok(token.map_or(Credentials::None, Credentials::Bearer))
}

fn http() -> Result<reqwest::Client> {
    client().context("cannot set up the client for checkpoints")
}
