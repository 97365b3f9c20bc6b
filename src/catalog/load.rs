use std::collections::BTreeMap;
use std::sync::LazyLock;

use regex::Regex;
use serde::de::DeserializeOwned;

use super::names::{near, one_of};
use super::problem::Report;
use super::{Catalog, Landscape, Manifest, Problem, Tool, check};
use crate::domain::Digest;

/// Reads, builds and checks everything, and tells of all that is wrong at once.
pub(super) fn load(landscape: (&str, &str), tools: &[(String, String)]) -> Result<Catalog, Vec<Problem>> {
    let mut problems = Vec::new();
    let (file, text) = landscape;
    let landscape = read_landscape(&mut Report::new(file, text, &mut problems), text);
    let landscape = landscape.unwrap_or_default();
    let mut sources = BTreeMap::new();
    let mut catalog = Catalog { landscape, tools: BTreeMap::new(), digest: Digest::of(b"") };
    for (file, text) in tools {
        let mut report = Report::new(file, text, &mut problems);
        let Some(tool) = read_tool(&mut report, text, &catalog.landscape) else { continue };
        if catalog.tools.contains_key(tool.name()) {
            report.near("name:", format!("there is a tool `{}` already", tool.name()));
            continue;
        }
        sources.insert(tool.name().to_owned(), (file, text));
        catalog.tools.insert(tool.name().to_owned(), tool);
    }
    for (name, (file, text)) in sources {
        let mut report = Report::new(file, text, &mut problems);
        if let Some(tool) = catalog.tools.get(&name) {
            check::against_the_others(&catalog, tool, &mut report);
        }
    }
    if !problems.is_empty() {
        problems.sort();
        problems.dedup();
        return Err(problems);
    }
    catalog.digest = digest(&catalog);
    Ok(catalog)
}

fn digest(catalog: &Catalog) -> Digest {
    let mut bytes = serde_json::to_vec(&catalog.landscape).unwrap_or_default();
    for tool in catalog.tools.values() {
        bytes.extend_from_slice(tool.digest().as_bytes());
    }
    Digest::labelled("countersign/catalog/v1", &bytes)
}

fn read_landscape(report: &mut Report, text: &str) -> Option<Landscape> {
    match toml::from_str::<Landscape>(text) {
        Ok(landscape) => {
            check::landscape(&landscape, report);
            Some(landscape)
        }
        Err(error) => {
            let line = error
                .span()
                .and_then(|span| text.get(..span.start))
                .map(|head| head.matches('\n').count() + 1);
            report.at(line, explain(error.message()));
            None
        }
    }
}

fn read_tool(report: &mut Report, text: &str, landscape: &Landscape) -> Option<Tool> {
    let manifest: Manifest = read_yaml(report, text)?;
    let sound = check::schema(&manifest, report);
    check::templates(&manifest, report);
    check::manifest(&manifest, report);
    if !sound {
        return None;
    }
    match Tool::build(manifest, landscape) {
        Ok(tool) => Some(tool),
        Err(reason) => {
            report.near("parameters:", reason);
            None
        }
    }
}

fn read_yaml<T: DeserializeOwned>(report: &mut Report, text: &str) -> Option<T> {
    let error = match serde_saphyr::from_str(text) {
        Ok(value) => return Some(value),
        Err(error) => error,
    };
    let line =
        error.location().and_then(|location| usize::try_from(location.line()).ok()).filter(|line| *line > 0);
    report.at(line, explain(&error.without_snippet().to_string()));
    None
}

static UNKNOWN: LazyLock<Option<Regex>> =
    LazyLock::new(|| Regex::new("unknown (field|variant) `([^`]*)`,? expected (?:one of )?(.*)").ok());
static TWICE: LazyLock<Option<Regex>> = LazyLock::new(|| Regex::new("duplicate mapping key: ([^,]*)").ok());

/// A parser's message in plain words, with "did you mean" where it is about a word that does not exist.
fn explain(message: &str) -> String {
    let first = message.lines().next().unwrap_or(message);
    let groups =
        |pattern: &'static LazyLock<Option<Regex>>| pattern.as_ref().and_then(|found| found.captures(first));
    let group = |found: &regex::Captures, index: usize| {
        found.get(index).map_or("", |found| found.as_str()).to_owned()
    };
    if let Some(found) = groups(&TWICE) {
        return format!("the key `{}` is there twice", group(&found, 1));
    }
    let Some(found) = groups(&UNKNOWN) else { return first.to_owned() };
    let (unknown, list) = (group(&found, 2), group(&found, 3));
    let list = list.split(" at line ").next().unwrap_or_default();
    let known: Vec<&str> = list.split([',', ' ']).map(|word| word.trim_matches('`')).collect();
    let known: Vec<&str> = known.into_iter().filter(|word| !word.is_empty() && *word != "or").collect();
    let sentence = match group(&found, 1).as_str() {
        "field" => format!("there is no key `{unknown}` here"),
        _ => format!("`{unknown}` is not possible here"),
    };
    match near(&unknown, known.iter().copied()).first() {
        Some(best) => format!("{sentence}; did you mean `{best}`?"),
        None => format!("{sentence}; use {}", one_of(&known)),
    }
}
