use std::collections::{BTreeMap, BTreeSet};
use std::sync::LazyLock;

use regex::Regex;
use serde::de::DeserializeOwned;

use super::names::{near, one_of};
use super::problem::Report;
use super::{Catalog, Landscape, Manifest, Problem, Tool, check, check_templates};
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
    check_templates::all(&manifest, report);
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
    LazyLock::new(|| Regex::new("unknown (?:field|variant) `([^`]*)`").ok());
static QUOTED: LazyLock<Option<Regex>> = LazyLock::new(|| Regex::new("`([^`]*)`").ok());

/// A parser's message, with "did you mean" where it is about a key that does not exist.
fn explain(message: &str) -> String {
    let first = message.lines().next().unwrap_or(message);
    let unknown = UNKNOWN.as_ref().and_then(|pattern| pattern.captures(first)).and_then(|found| found.get(1));
    let Some(unknown) = unknown.map(|found| found.as_str()) else { return first.to_owned() };
    let known: BTreeSet<&str> = QUOTED
        .iter()
        .flat_map(|pattern| pattern.captures_iter(first))
        .filter_map(|found| found.get(1).map(|word| word.as_str()))
        .filter(|word| *word != unknown)
        .collect();
    let known: Vec<&str> = known.into_iter().collect();
    match near(unknown, known.iter().copied()).first() {
        Some(best) => format!("there is no key `{unknown}` here; did you mean `{best}`?"),
        None if known.is_empty() => format!("there is no key `{unknown}` here"),
        None => format!("there is no key `{unknown}` here; possible are {}", one_of(&known)),
    }
}
