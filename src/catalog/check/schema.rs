use std::sync::LazyLock;

use regex::Regex;
use serde_json::Value;

use super::{Pattern, fits};
use crate::catalog::Manifest;
use crate::catalog::names::{List, near, one_of};
use crate::catalog::problem::Report;
use crate::catalog::tool::words;
use crate::domain::canonical;

static ARGUMENT_NAME: Pattern = LazyLock::new(|| Regex::new("^[a-z][a-z0-9_]*$").ok());

/// The schema is of the kind that people can type and a model can fill in. False when nothing can be built from it.
pub(in crate::catalog) fn schema(manifest: &Manifest, report: &mut Report) -> bool {
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
