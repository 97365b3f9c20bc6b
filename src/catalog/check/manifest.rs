use std::sync::LazyLock;

use regex::Regex;
use serde_json::Value;

use super::{Pattern, fits};
use crate::catalog::problem::Report;
use crate::catalog::tool::{mutates, words};
use crate::catalog::{Http, Manifest, Run};
use crate::domain::parse_span;

static TOOL_NAME: Pattern = LazyLock::new(|| Regex::new("^[a-z][a-z0-9_-]*([.][a-z][a-z0-9_-]*)?$").ok());

/// What a manifest must say of itself.
pub(in crate::catalog) fn manifest(manifest: &Manifest, report: &mut Report) {
    if !fits(&TOOL_NAME, &manifest.name) {
        report.near(
            "name:",
            format!(
                "the tool name `{}` must be lower case, such as `deploy` or `incident.create`",
                manifest.name
            ),
        );
    }
    slash(manifest, report);
    match &manifest.run {
        Run::Builtin(_) if manifest.connection.is_some() => {
            report.near("connection:", "a builtin tool has no `connection`");
        }
        Run::Builtin(_) => {}
        Run::Http(http) => self::http(manifest, http, report),
    }
    if mutates(manifest) && manifest.repeat.is_none() {
        report.near("run:", "a tool that writes must say what makes a repeat safe: `repeat: keyed`, `lookup`, `convergent` or `once`");
    }
    for (name, fact) in &manifest.facts {
        if fact.get.is_none() && fact.expr.is_none() {
            report.near(&format!("{name}:"), format!("the fact `{name}` needs `get` or `expr`"));
        }
    }
    for path in &manifest.hold {
        let root = path.split('.').next().unwrap_or_default();
        if !manifest.facts.contains_key(root) {
            report.near(path, format!("`hold` names `{path}`, but there is no fact `{root}`"));
        }
    }
    for pattern in &manifest.redact {
        if let Err(error) = Regex::new(pattern) {
            let reason = error.to_string();
            report.near(
                pattern,
                format!("the pattern under `redact` is wrong: {}", reason.lines().last().unwrap_or_default()),
            );
        }
    }
    let watched = manifest.watch.iter().map(|watch| watch.every.as_str());
    for span in watched.chain([manifest.timeout.call.as_str(), manifest.timeout.total.as_str()]) {
        if span.strip_suffix("ms").is_none_or(|millis| millis.parse::<u32>().is_err())
            && parse_span(span).is_none()
        {
            report.near(span, format!("`{span}` is no span of time, such as `500ms`, `10s` or `5m`"));
        }
    }
}

fn http(manifest: &Manifest, http: &Http, report: &mut Report) {
    if manifest.connection.is_none() {
        report.near("run:", "a tool that runs over http needs a `connection`");
    }
    if !["GET", "POST", "PUT", "PATCH", "DELETE"].contains(&http.method.as_str()) {
        report
            .near("method:", format!("the method `{}` must be GET, POST, PUT, PATCH or DELETE", http.method));
    }
    if http.method != "GET" && !mutates(manifest) {
        report.near("class:", format!("a tool that only reads cannot use {}", http.method));
    }
    if http.expect.is_empty() {
        report.near("run:", "`expect` must list the statuses that mean it was taken");
    }
}

/// Each argument can be typed, and every name in the command is an argument.
fn slash(manifest: &Manifest, report: &mut Report) {
    let known = |name: &str| manifest.parameters.get("properties").is_some_and(|all| all.get(name).is_some());
    let required = words(&manifest.parameters, "required");
    let positional = &manifest.slash.positional;
    let mut optional = None;
    for (index, name) in positional.iter().enumerate() {
        if !known(name) {
            report.near("positional:", format!("`positional` names `{name}`, which is no argument"));
        } else if positional.iter().take(index).any(|before| before == name) {
            report.near("positional:", format!("`positional` names `{name}` twice"));
        }
        if !required.contains(&name.as_str()) {
            optional = Some(name);
        } else if let Some(optional) = optional {
            report.near(
                "positional:",
                format!("`{name}` must come before `{optional}`, which may be left out"),
            );
        }
    }
    for (flag, name) in &manifest.slash.flags {
        if !known(name) {
            report.near(
                &format!("{flag}:"),
                format!("the flag `--{flag}` stands for `{name}`, which is no argument"),
            );
        }
        if positional.contains(flag) && flag != name {
            report.near(&format!("{flag}:"), format!("the flag `--{flag}` has the name of another argument"));
        }
    }
    let properties = manifest.parameters.get("properties").and_then(Value::as_object);
    for name in properties.into_iter().flat_map(|all| all.keys()) {
        if !positional.contains(name) && !manifest.slash.flags.values().any(|argument| argument == name) {
            report.near(
                &format!("{name}:"),
                format!("`{name}` can not be typed: name it under `positional` or `flags`"),
            );
        }
    }
    if manifest.slash.rest && positional.is_empty() {
        report.near("rest:", "`rest` is about the last positional argument, but there is none");
    }
    if !manifest.slash.example.starts_with('/') {
        report.near("example:", "the example of `slash` must be a command such as `/status order-service`");
    }
}
