//! What is refused when files are loaded, so that nothing has to be refused for them later.

mod landscape;
mod manifest;
mod schema;
mod templates;

use std::sync::LazyLock;

use regex::Regex;

use super::problem::Report;
use super::{Catalog, Tool};

pub(super) use landscape::landscape;
pub(super) use manifest::manifest;
pub(super) use schema::schema;
pub(super) use templates::templates;

type Pattern = LazyLock<Option<Regex>>;

fn fits(pattern: &Pattern, text: &str) -> bool {
    pattern.as_ref().is_some_and(|pattern| pattern.is_match(text))
}

/// What only shows when every tool is there.
pub(super) fn against_the_others(catalog: &Catalog, tool: &Tool, report: &mut Report) {
    let manifest = tool.manifest();
    if let Some((group, _)) = manifest.name.split_once('.')
        && catalog.tools.contains_key(group)
    {
        report.near("name:", format!("`{}` can not be typed beside a tool called `{group}`", manifest.name));
    }
    for param in tool.params() {
        let Some(default) = &param.default else { continue };
        let given = [(param.name.clone(), default.clone())].into_iter().collect();
        if let Err(error) = catalog.admit_part(tool, &given) {
            report.near("default:", format!("the default of `{}` is not accepted: {error}", param.name));
        }
    }
    for example in &manifest.examples {
        if let Err(error) = catalog.admit_part(tool, &example.args) {
            report.near(&example.say, format!("the example is not accepted: {error}"));
        }
        for name in example.ask.iter().filter(|name| tool.param(name).is_none()) {
            report.near(&example.say, format!("the example asks for `{name}`, which is no argument"));
        }
        let open = tool.params().iter().find(|param| {
            param.required && !example.args.contains_key(&param.name) && !example.ask.contains(&param.name)
        });
        if let Some(param) = open {
            report.near(
                &example.say,
                format!("the example leaves `{}` open: put it under `args` or `ask`", param.name),
            );
        }
    }
    for offered in manifest.undo.iter().chain(&manifest.remedy) {
        let Some(other) = catalog.tool(&offered.tool) else {
            report.near(
                &format!("tool: {}", offered.tool),
                format!("there is no tool `{}` to offer", offered.tool),
            );
            continue;
        };
        for name in offered.args.keys().filter(|name| other.param(name).is_none()) {
            report.near(&format!("{name}:"), format!("`{}` has no argument `{name}`", offered.tool));
        }
    }
}
