use std::process::ExitCode;

use anyhow::{Result, bail};

use super::print;
use crate::app::{catalog, check_channels, policy, texts};
use crate::catalog::Catalog;
use crate::config::Source;
use crate::interpret::llm::Prompt;
use crate::redact::Redactor;

/// Checks the configuration and all it names, and prints what is in effect.
pub(super) fn config(source: &Source) -> Result<ExitCode> {
    let texts = texts(source)?;
    let catalog = catalog(&texts)?;
    let policy = policy(&texts, &catalog)?;
    for (name, connection) in &source.config.connections {
        if let Some(token) = &connection.token {
            token
                .resolve(&source.folder())
                .map_err(|error| anyhow::anyhow!("the connection `{name}`: {error}"))?;
        }
    }
    let without = unconnected(source, &catalog);
    if !without.is_empty() {
        bail!("{}", without.join("\n"));
    }
    if let Some(model) = &source.config.model {
        model.setup(&source.folder(), Prompt::shipped(), Redactor::default())?;
    }
    if let Some(slack) = &source.config.slack {
        slack.access(&source.folder())?;
    }
    check_channels(source, &policy)?;
    let file = source
        .file
        .as_ref()
        .map_or_else(|| "the embedded defaults".to_owned(), |file| file.display().to_string());
    print(&format!("# From {file}; data in {}", source.data_dir().display()))?;
    // Secrets stand in the configuration by reference only, so there is nothing to mask.
    print(toml::to_string_pretty(&source.config)?.trim_end())?;
    let (tools, people) = (catalog.tools().count(), policy.people().count());
    print(&format!("# All is well: {tools} tools, {people} people, policy {}", policy.digest().short()))?;
    Ok(ExitCode::SUCCESS)
}

/// The tools that name a connection which is not there.
fn unconnected(source: &Source, catalog: &Catalog) -> Vec<String> {
    let there = |name: &str| {
        source.config.connections.contains_key(name)
            || (source.config.playground.enabled && name == "playground")
    };
    catalog
        .tools()
        .filter_map(|tool| Some((tool.name(), tool.manifest().connection.as_deref()?)))
        .filter(|(_, connection)| !there(connection))
        .map(|(tool, connection)| {
            format!("the tool `{tool}` uses the connection `{connection}`, which is not there; add [connections.{connection}]")
        })
        .collect()
}
