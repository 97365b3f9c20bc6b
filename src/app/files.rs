use std::path::Path;

use anyhow::{Context, Result, bail};

use crate::catalog::{Catalog, DEMO_LANDSCAPE, SHIPPED_TOOLS};
use crate::config::Source;
use crate::gate::{DEMO_POLICY, Policy, ToolWord, Vocabulary};

/// The texts of the files people edit, each with the name it goes by in messages.
#[derive(Clone, Debug)]
pub struct Texts {
    /// `policy.toml`.
    pub policy: (String, String),
    /// `catalog.toml`.
    pub catalog: (String, String),
    /// The tool files.
    pub tools: Vec<(String, String)>,
}

/// Reads the files, or takes the embedded ones where none is named.
///
/// # Errors
/// A file that cannot be read.
pub fn texts(source: &Source) -> Result<Texts> {
    let files = &source.config.files;
    let folder = source.folder();
    let read = |path: &Path| -> Result<(String, String)> {
        let path = folder.join(path);
        let text =
            std::fs::read_to_string(&path).with_context(|| format!("cannot read `{}`", path.display()))?;
        Ok((path.display().to_string(), text))
    };
    let policy = match &files.policy {
        Some(path) => read(path)?,
        None => ("policy.toml".to_owned(), DEMO_POLICY.to_owned()),
    };
    let catalog = match &files.catalog {
        Some(path) => read(path)?,
        None => ("catalog.toml".to_owned(), DEMO_LANDSCAPE.to_owned()),
    };
    let tools = match &files.tools {
        Some(path) => read_tools(&folder.join(path))?,
        None => SHIPPED_TOOLS.iter().map(|(name, text)| ((*name).to_owned(), (*text).to_owned())).collect(),
    };
    Ok(Texts { policy, catalog, tools })
}

fn read_tools(folder: &Path) -> Result<Vec<(String, String)>> {
    let shown = folder.display();
    let mut tools = Vec::new();
    for entry in
        std::fs::read_dir(folder).with_context(|| format!("cannot read the folder of tools `{shown}`"))?
    {
        let path = entry?.path();
        if path.extension().is_some_and(|ending| ending == "yaml") {
            let text = std::fs::read_to_string(&path)
                .with_context(|| format!("cannot read `{}`", path.display()))?;
            tools.push((path.display().to_string(), text));
        }
    }
    if tools.is_empty() {
        bail!("there are no tool files (*.yaml) in `{shown}`");
    }
    tools.sort();
    Ok(tools)
}

/// The catalogue of these texts.
///
/// # Errors
/// Every problem with its file and line.
pub fn catalog(texts: &Texts) -> Result<Catalog> {
    let (file, text) = &texts.catalog;
    Catalog::load((file, text), &texts.tools).map_err(|problems| {
        let lines: Vec<String> = problems.iter().map(ToString::to_string).collect();
        anyhow::anyhow!("the catalogue cannot be loaded:\n{}", lines.join("\n"))
    })
}

/// The words a policy may use.
pub fn vocabulary(catalog: &Catalog) -> Vocabulary {
    let tools = catalog
        .tools()
        .map(|tool| ToolWord {
            name: tool.name().to_owned(),
            effect: tool.manifest().effects.class,
            worst: tool.worst(),
            has_direction: tool.manifest().effects.direction.is_some(),
            has_environment: !tool.manifest().environment.is_empty(),
            held: tool.manifest().hold.iter().cloned().collect(),
        })
        .collect();
    let landscape = catalog.landscape();
    Vocabulary {
        tools,
        environments: landscape.environments.keys().cloned().collect(),
        tags: catalog.tags(),
        teams: landscape.teams.keys().cloned().collect(),
    }
}

/// The policy of these texts.
///
/// # Errors
/// Every problem with its file and line.
pub fn policy(texts: &Texts, catalog: &Catalog) -> Result<Policy> {
    let (file, text) = &texts.policy;
    Policy::load(file, text, &vocabulary(catalog)).map_err(|problems| {
        let lines: Vec<String> = problems.iter().map(ToString::to_string).collect();
        anyhow::anyhow!("the policy cannot be loaded:\n{}", lines.join("\n"))
    })
}
