//! Floor 9: logs. Readable alone and queryable; never messages, never secrets.

use anyhow::{Context, Result};
use tracing_subscriber::EnvFilter;

use crate::config::{Log, LogFormat};

/// Sends log lines to standard error, as the configuration wants them. Standard output is for what was asked for.
///
/// # Errors
/// A filter that is none.
pub fn init(log: &Log) -> Result<()> {
    let filter = EnvFilter::try_new(&log.filter).with_context(|| {
        format!("`log.filter` is `{}`; write one such as `info` or `countersign=debug,warn`", log.filter)
    })?;
    let subscriber = tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr);
    match log.format {
        LogFormat::Text => subscriber.with_target(false).try_init(),
        LogFormat::Json => subscriber.json().try_init(),
    }
    .map_err(|error| anyhow::anyhow!("the log cannot be set up: {error}"))
}
