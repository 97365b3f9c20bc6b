use std::collections::BTreeMap;
use std::sync::LazyLock;

use regex::Regex;

use super::{Pattern, fits};
use crate::catalog::names::fold;
use crate::catalog::problem::Report;
use crate::catalog::{Landscape, UNREADABLE};

/// Names that people type and that stand in paths: lower-case words with dashes.
static NAME: Pattern = LazyLock::new(|| Regex::new("^[a-z0-9]+(-[a-z0-9]+)*$").ok());

/// Names well formed, no name for two things, references to things that are there.
pub(in crate::catalog) fn landscape(landscape: &Landscape, report: &mut Report) {
    let services = landscape.services.iter();
    distinct(
        "service",
        services.map(|(name, entry)| (name, [&*entry.aliases, &*entry.databases].concat())),
        report,
    );
    let environments = landscape.environments.iter();
    distinct("environment", environments.map(|(name, entry)| (name, entry.aliases.clone())), report);
    distinct("severity", landscape.severities.iter().map(|(name, aliases)| (name, aliases.clone())), report);
    distinct("team", landscape.teams.keys().map(|name| (name, Vec::new())), report);
    for (name, service) in &landscape.services {
        for tag in service.tags.iter().filter(|tag| !fits(&NAME, tag)) {
            report.near(
                &format!("\"{tag}\""),
                format!("the tag `{tag}` of `{name}` must be lower-case words joined by `-`"),
            );
        }
        if service.tags.contains(UNREADABLE) {
            report.near(
                &format!("\"{UNREADABLE}\""),
                format!("the tag `{UNREADABLE}` of `{name}` is kept for calls whose facts could not be read"),
            );
        }
        if let Some(team) = &service.team
            && !landscape.teams.contains_key(team)
        {
            report.near(
                &format!("\"{team}\""),
                format!("the team `{team}` of `{name}` is not listed under `teams`"),
            );
        }
        for environment in
            service.min_replicas.keys().filter(|name| !landscape.environments.contains_key(*name))
        {
            report.near(
                &format!("{environment} ="),
                format!("`min_replicas` of `{name}` names `{environment}`, which is no environment"),
            );
        }
        if let Some(dashboard) = &service.dashboard
            && !(dashboard.starts_with("https://") || dashboard.starts_with("http://"))
        {
            report.near(dashboard, format!("the dashboard of `{name}` must be an http or https address"));
        }
    }
}

fn distinct<'a>(noun: &str, entries: impl Iterator<Item = (&'a String, Vec<String>)>, report: &mut Report) {
    let mut owner: BTreeMap<String, &str> = BTreeMap::new();
    for (name, aliases) in entries {
        if !fits(&NAME, name) {
            report.near(name, format!("the {noun} name `{name}` must be lower-case words joined by `-`"));
        }
        for spelling in std::iter::once(name).chain(&aliases) {
            let before = owner.insert(fold(spelling), name);
            if let Some(before) = before.filter(|before| before != name) {
                report.near(
                    &format!("\"{spelling}\""),
                    format!("`{spelling}` names both the {noun} `{before}` and `{name}`"),
                );
            }
        }
    }
}
