use std::sync::LazyLock;

use regex::Regex;
use serde_json::{Map, Value};

use crate::catalog::names::near;
use crate::catalog::problem::Report;
use crate::catalog::template::{self, Kind};
use crate::catalog::{Manifest, Run, Undo};

/// What templates may use; `range` and `dict` are functions of the language.
const ROOTS: [&str; 10] =
    ["args", "facts", "saved", "request", "service", "body", "watch", "direction", "range", "dict"];

const REQUEST: [&str; 2] = ["id", "key"];

static FILTER: LazyLock<Option<Regex>> = LazyLock::new(|| Regex::new(r"\|\s*([a-z_]+)").ok());

/// Every template and expression compiles, and uses names, arguments, facts and filters that exist.
pub(in crate::catalog) fn templates(manifest: &Manifest, report: &mut Report) {
    let mut sources = Vec::new();
    collect(manifest, &mut sources);
    let known = Known::of(manifest);
    for (kind, source) in sources {
        match template::names_used(kind, source) {
            Ok(names) => {
                names.iter().filter_map(|name| known.problem(name)).for_each(|told| report.near(source, told))
            }
            Err(error) => report.near(source, error.to_string()),
        }
        for found in FILTER.iter().flat_map(|pattern| pattern.captures_iter(source)) {
            let filter = found.get(1).map_or("", |name| name.as_str());
            if !template::is_filter(filter) {
                report.near(source, format!("there is no filter `{filter}`"));
            }
        }
    }
}

/// The names that templates of one tool may use.
struct Known<'a> {
    arguments: Vec<&'a str>,
    facts: Vec<&'a str>,
    saved: Vec<&'a str>,
}

impl<'a> Known<'a> {
    fn of(manifest: &'a Manifest) -> Self {
        let properties = manifest.parameters.get("properties").and_then(Value::as_object);
        Self {
            arguments: properties.into_iter().flat_map(|map| map.keys()).map(String::as_str).collect(),
            facts: manifest.facts.keys().map(String::as_str).collect(),
            saved: saved(manifest),
        }
    }

    /// What is wrong with a name such as `args.service`.
    fn problem(&self, name: &str) -> Option<String> {
        let mut parts = name.split('.');
        let (root, leaf) = (parts.next().unwrap_or_default(), parts.next());
        let (known, word) = match (root, leaf) {
            ("args", Some(leaf)) => (self.arguments.as_slice(), leaf),
            ("facts", Some(leaf)) => (self.facts.as_slice(), leaf),
            ("saved", Some(leaf)) => (self.saved.as_slice(), leaf),
            ("request", Some(leaf)) => (REQUEST.as_slice(), leaf),
            (root, _) => (ROOTS.as_slice(), root),
        };
        if known.contains(&word) {
            return None;
        }
        let hint = near(word, known.iter().copied()).first().map(|best| format!("; did you mean `{best}`?"));
        Some(format!("there is no `{name}`{}", hint.unwrap_or_default()))
    }
}

fn saved(manifest: &Manifest) -> Vec<&str> {
    match &manifest.run {
        Run::Http(http) => http.save.keys().map(String::as_str).collect(),
        Run::Builtin(_) => Vec::new(),
    }
}

type Sources<'a> = Vec<(Kind, &'a str)>;

fn collect<'a>(manifest: &'a Manifest, out: &mut Sources<'a>) {
    let texts = [&manifest.environment, &manifest.target];
    out.extend(texts.map(|text| (Kind::Text, text.as_str())));
    out.extend(manifest.effects.direction.iter().map(|text| (Kind::Expression, text.as_str())));
    for rule in &manifest.effects.rules {
        out.push((Kind::Expression, &rule.when));
        out.extend(rule.refuse.iter().chain(&rule.answer).map(|text| (Kind::Text, text.as_str())));
    }
    for fact in manifest.facts.values() {
        out.extend(
            fact.get
                .iter()
                .chain(fact.query.values())
                .chain(&fact.missing)
                .map(|text| (Kind::Text, text.as_str())),
        );
        out.extend(fact.expr.iter().map(|text| (Kind::Expression, text.as_str())));
    }
    if let Run::Http(http) = &manifest.run {
        out.push((Kind::Text, &http.path));
        out.extend(http.query.values().chain(http.headers.values()).map(|text| (Kind::Text, text.as_str())));
        http.json.iter().for_each(|json| collect_json(json, out));
        out.extend(http.save.values().map(|text| (Kind::Expression, text.as_str())));
    }
    if let Some(watch) = &manifest.watch {
        out.extend([(Kind::Text, watch.get.as_str()), (Kind::Text, &watch.say)]);
        out.extend([(Kind::Expression, watch.done.as_str()), (Kind::Expression, &watch.success)]);
    }
    if let Some(health) = &manifest.health {
        out.extend([
            (Kind::Text, health.get.as_str()),
            (Kind::Text, &health.say),
            (Kind::Expression, &health.pass),
        ]);
    }
    manifest.undo.iter().chain(&manifest.remedy).for_each(|offered| collect_offer(offered, out));
    let output = &manifest.output;
    out.extend(
        [&output.change, &output.ok, &output.fail, &output.link].map(|text| (Kind::Text, text.as_str())),
    );
    out.extend(output.fields.iter().chain(&output.code).map(|text| (Kind::Expression, text.as_str())));
}

fn collect_offer<'a>(offered: &'a Undo, out: &mut Sources<'a>) {
    collect_object(&offered.args, out);
    out.extend(offered.when.iter().map(|text| (Kind::Expression, text.as_str())));
}

fn collect_object<'a>(map: &'a Map<String, Value>, out: &mut Sources<'a>) {
    map.values().for_each(|value| collect_json(value, out));
}

fn collect_json<'a>(value: &'a Value, out: &mut Sources<'a>) {
    match value {
        Value::String(text) => out.push((Kind::Text, text)),
        Value::Array(items) => items.iter().for_each(|item| collect_json(item, out)),
        Value::Object(map) => collect_object(map, out),
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}
