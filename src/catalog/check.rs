use std::collections::BTreeMap;
use std::sync::LazyLock;

use regex::Regex;
use serde_json::Value;

use super::names::{List, fold, near, one_of};
use super::problem::Report;
use super::tool::{mutates, words};
use super::{Catalog, Http, Landscape, Manifest, Run, Tool};
use crate::domain::{canonical, parse_span};

/// Names that people type and that stand in paths: lower case words with dashes.
static NAME: LazyLock<Option<Regex>> = LazyLock::new(|| Regex::new("^[a-z0-9]+(-[a-z0-9]+)*$").ok());
static TOOL_NAME: LazyLock<Option<Regex>> =
    LazyLock::new(|| Regex::new("^[a-z][a-z0-9_-]*([.][a-z][a-z0-9_-]*)?$").ok());
static ARGUMENT_NAME: LazyLock<Option<Regex>> = LazyLock::new(|| Regex::new("^[a-z][a-z0-9_]*$").ok());

fn fits(pattern: &LazyLock<Option<Regex>>, text: &str) -> bool {
    pattern.as_ref().is_some_and(|pattern| pattern.is_match(text))
}

/// Names well formed, no name for two things, references to things that are there.
pub(super) fn landscape(landscape: &Landscape, report: &mut Report) {
    let services = landscape.services.iter().map(|(name, service)| (name, service.aliases.as_slice()));
    distinct("service", services, report);
    let environments = landscape.environments.iter().map(|(name, entry)| (name, entry.aliases.as_slice()));
    distinct("environment", environments, report);
    distinct(
        "severity",
        landscape.severities.iter().map(|(name, aliases)| (name, aliases.as_slice())),
        report,
    );
    distinct("team", landscape.teams.keys().map(|name| (name, [].as_slice())), report);
    let targets = landscape.services.iter().map(|(name, service)| (name, service.databases.as_slice()));
    distinct("database", targets, report);
    for (name, service) in &landscape.services {
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
                environment,
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

fn distinct<'a>(noun: &str, entries: impl Iterator<Item = (&'a String, &'a [String])>, report: &mut Report) {
    let mut owner: BTreeMap<String, &str> = BTreeMap::new();
    for (name, aliases) in entries {
        if !fits(&NAME, name) {
            report.near(name, format!("the {noun} name `{name}` must be lower-case words joined by `-`"));
        }
        for spelling in std::iter::once(name).chain(aliases) {
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

/// The schema is of the kind that people can type and a model can fill in. False when nothing can be built from it.
pub(super) fn schema(manifest: &Manifest, report: &mut Report) -> bool {
    let before = report.count();
    let schema = &manifest.parameters;
    if schema.get("type").and_then(Value::as_str) != Some("object") {
        report.near("parameters:", "`parameters` must have `type: object`");
    }
    if schema.get("additionalProperties") != Some(&Value::Bool(false)) {
        report.near("parameters:", "`parameters` must have `additionalProperties: false`");
    }
    keys(
        schema,
        &["$schema", "type", "description", "additionalProperties", "required", "properties"],
        report,
    );
    if let Err(error) = canonical(schema) {
        report.near("parameters:", format!("`parameters`: {error}"));
    }
    let properties = schema.get("properties").and_then(Value::as_object);
    for (name, property) in properties.into_iter().flatten() {
        self::property(name, property, report);
    }
    for name in words(schema, "required") {
        if !properties.is_some_and(|properties| properties.contains_key(name)) {
            report.near("required:", format!("`required` names `{name}`, which is no property"));
        }
    }
    report.count() == before
}

fn keys(schema: &Value, allowed: &[&str], report: &mut Report) {
    for key in schema.as_object().into_iter().flat_map(|map| map.keys()) {
        if !allowed.contains(&key.as_str()) {
            let hint =
                near(key, allowed.iter().copied()).first().map(|best| format!("; did you mean `{best}`?"));
            report.near(
                &format!("{key}:"),
                format!("the schema word `{key}` is not supported{}", hint.unwrap_or_default()),
            );
        }
    }
}

fn property(name: &str, property: &Value, report: &mut Report) {
    const WORDS: [&str; 10] = [
        "type",
        "description",
        "default",
        "enum",
        "pattern",
        "minLength",
        "maxLength",
        "minimum",
        "maximum",
        "x-catalog",
    ];
    let line = format!("{name}:");
    if !fits(&ARGUMENT_NAME, name) {
        report.near(
            &line,
            format!("the argument name `{name}` must be lower-case ASCII letters, digits and `_`"),
        );
    }
    keys(property, &WORDS, report);
    let kind = property.get("type").and_then(Value::as_str).unwrap_or_default();
    if !["string", "integer", "boolean"].contains(&kind) {
        report.near(&line, format!("the type of `{name}` must be `string`, `integer` or `boolean`"));
    }
    let Some(word) = property.get("x-catalog") else { return };
    let word = word.as_str().unwrap_or_default();
    if List::parse(word).is_none() {
        let known = List::ALL.map(List::as_str);
        report.near(
            &format!("x-catalog: {word}"),
            format!("`x-catalog: {word}` is unknown; possible are {}", one_of(&known)),
        );
    }
    if kind != "string" || property.get("enum").is_some() {
        report.near(&line, format!("`{name}` has `x-catalog`, so it must be a `string` without `enum`"));
    }
}

/// What a manifest must say of itself.
pub(super) fn manifest(manifest: &Manifest, report: &mut Report) {
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
