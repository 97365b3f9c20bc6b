use std::path::Path;
use std::process::ExitCode;

use anyhow::{Context, Result};
use schemars::schema_for;

use super::print;
use crate::catalog::{DEMO_LANDSCAPE, Landscape, Manifest, SHIPPED_TOOLS};
use crate::config::Config;
use crate::gate::{DEMO_POLICY, policy_schema};
use crate::interpret::llm::INTERPRETER_PROMPT;

/// The configuration that `init` writes: the defaults, with the files named.
const CONFIG: &str = include_str!("init/countersign.toml");

/// What each prompt is for.
const PROMPTS: &str = include_str!("init/prompts.md");

/// Writes the files for editing, and the JSON Schemas with which editors complete them.
pub(super) fn init(dir: &Path) -> Result<ExitCode> {
    let mut files: Vec<(String, String)> = vec![
        ("countersign.toml".to_owned(), CONFIG.to_owned()),
        ("policy.toml".to_owned(), with_schema("policy", DEMO_POLICY)),
        ("catalog.toml".to_owned(), with_schema("catalog", DEMO_LANDSCAPE)),
        ("prompts/README.md".to_owned(), PROMPTS.to_owned()),
        ("prompts/interpreter.md".to_owned(), INTERPRETER_PROMPT.to_owned()),
        ("schema/countersign.schema.json".to_owned(), pretty(&schema_for!(Config))?),
        ("schema/policy.schema.json".to_owned(), pretty(&policy_schema())?),
        ("schema/catalog.schema.json".to_owned(), pretty(&schema_for!(Landscape))?),
        ("schema/tool.schema.json".to_owned(), pretty(&schema_for!(Manifest))?),
    ];
    for (name, text) in SHIPPED_TOOLS {
        let head = "# yaml-language-server: $schema=../schema/tool.schema.json\n";
        files.push((format!("tools/{name}"), format!("{head}{text}")));
    }
    let (mut written, mut kept) = (0, Vec::new());
    for (name, text) in files {
        let path = dir.join(&name);
        if path.exists() {
            kept.push(name);
            continue;
        }
        let folder = path.parent().unwrap_or(dir);
        std::fs::create_dir_all(folder)
            .with_context(|| format!("cannot make the folder `{}`", folder.display()))?;
        std::fs::write(&path, text).with_context(|| format!("cannot write `{}`", path.display()))?;
        written += 1;
    }
    print(&format!("Wrote {written} files to {}.", dir.display()))?;
    if !kept.is_empty() {
        print(&format!("Left alone, because they were there: {}.", kept.join(", ")))?;
    }
    let shown = dir.display();
    print(&format!(
        "Check them with: countersign --config {shown} config check\nStart with:      countersign --config {shown}"
    ))?;
    Ok(ExitCode::SUCCESS)
}

/// The text with the line by which editors find its schema.
fn with_schema(name: &str, text: &str) -> String {
    format!("#:schema schema/{name}.schema.json\n{text}")
}

fn pretty(schema: &schemars::Schema) -> Result<String> {
    Ok(serde_json::to_string_pretty(schema)? + "\n")
}
