//! The tools of a set: a list of OpenAI function tools with two keys of ours. Exactly these are offered, with the
//! parameters that the file gives them; the rest of each tool is the product's.

use regex::Regex;
use serde_json::{Map, Value, json};

use super::catalogue::World;
use super::facts::{Class, Effect, Function, FunctionTool};
use super::transplant::fit;
use super::world::{DEMO_TOOLS, landscape};
use crate::catalog::{Catalog, Manifest, Problem};

/// The tools of a set, as the product runs them.
#[derive(Clone, Debug, PartialEq)]
pub struct Offer {
    /// The tools, with the set's parameters.
    pub tools: Vec<Manifest>,
    /// What of the file means nothing here and was left out.
    pub ignored: Vec<String>,
}

/// Why tools cannot be offered.
#[derive(Debug, thiserror::Error)]
pub enum OfferError {
    /// A tool file of the product cannot be read.
    #[error("{file}: this is no tool: {reason}")]
    NoTool {
        /// The file.
        file: String,
        /// What is wrong.
        reason: String,
    },
    /// The set needs tools or arguments that the product does not have.
    #[error("the tools cannot be offered: {}", .0.join("; "))]
    Unknown(Vec<String>),
    /// The tools cannot be written as text.
    #[error("the tools cannot be used: {0}")]
    Unwritable(#[from] serde_json::Error),
    /// The landscape cannot be written as text.
    #[error("the catalogue cannot be used: {0}")]
    NoLandscape(#[from] toml::ser::Error),
    /// The tools do not fit the catalogue.
    #[error("the tools do not fit the catalogue: {}", .0.iter().map(ToString::to_string).collect::<Vec<_>>().join("; "))]
    Refused(Vec<Problem>),
}

/// Looks the tools of a file up among the product's.
///
/// # Errors
/// A tool that the product does not have, a required argument that it does not know.
pub fn offer(listed: &[FunctionTool], product: &[Manifest]) -> Result<Offer, OfferError> {
    let mut offer = Offer { tools: Vec::new(), ignored: Vec::new() };
    let mut problems = Vec::new();
    for tool in listed {
        match offered(&tool.function, product, &mut offer.ignored) {
            Ok(manifest) if offer.tools.iter().all(|earlier| earlier.name != manifest.name) => {
                offer.tools.push(manifest);
            }
            Ok(manifest) => problems.push(format!("`{}` is there twice", manifest.name)),
            Err(more) => problems.extend(more),
        }
    }
    if listed.is_empty() {
        problems.push("the file names no tool".to_owned());
    }
    if problems.is_empty() { Ok(offer) } else { Err(OfferError::Unknown(problems)) }
}

fn offered(
    function: &Function,
    product: &[Manifest],
    ignored: &mut Vec<String>,
) -> Result<Manifest, Vec<String>> {
    let found = product.iter().find(|tool| tool.name == function.name);
    let found = found.or_else(|| product.iter().find(|tool| tool.name.replace('.', "_") == function.name));
    let Some(found) = found else {
        return Err(vec![format!("there is no tool `{}`", function.name)]);
    };
    let mut manifest = found.clone();
    if let Some(description) = function.description.as_ref().filter(|text| !text.trim().is_empty()) {
        manifest.description.clone_from(description);
        // The file's words stand alone: what the product says about its other tools may speak of some that are not here.
        manifest.avoid.clear();
    }
    if !function.parameters.is_null() {
        manifest.parameters = with_parameters(&manifest, &function.parameters, ignored)?;
        retype(&mut manifest);
        manifest = without_absent(found, manifest)?;
    }
    Ok(manifest)
}

/// The tools of a file by the product's names, which predictions have.
pub fn named_by_product(mut listed: Vec<FunctionTool>, offer: &Offer) -> Vec<FunctionTool> {
    for (tool, manifest) in listed.iter_mut().zip(&offer.tools) {
        tool.function.name.clone_from(&manifest.name);
    }
    listed
}

/// Every tool that a set of cases may ask for: those that ship, and those that only the evaluation has.
///
/// # Errors
/// A file that is no tool.
pub fn product_tools(shipped: &[(String, String)]) -> Result<Vec<Manifest>, OfferError> {
    let mut tools = manifests(shipped)?;
    let demo: Vec<_> =
        DEMO_TOOLS.iter().map(|(file, text)| ((*file).to_owned(), (*text).to_owned())).collect();
    let known: Vec<String> = tools.iter().map(|tool| tool.name.clone()).collect();
    tools.extend(manifests(&demo)?.into_iter().filter(|tool| !known.contains(&tool.name)));
    Ok(tools)
}

fn manifests(texts: &[(String, String)]) -> Result<Vec<Manifest>, OfferError> {
    let read = |(file, text): &(String, String)| {
        serde_saphyr::from_str(text).map_err(|error| OfferError::NoTool {
            file: file.clone(),
            reason: error.without_snippet().to_string(),
        })
    };
    texts.iter().map(read).collect()
}

/// A landscape and tools as an installation has them in files.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Texts {
    /// `catalog.toml`.
    pub landscape: String,
    /// The tool files, name and text.
    pub tools: Vec<(String, String)>,
}

/// Exactly these tools over a world, as files.
///
/// # Errors
/// When they cannot be written as text.
pub fn texts_of(world: &World, tools: Vec<Manifest>) -> Result<Texts, OfferError> {
    let landscape = landscape(world);
    let text = toml::to_string(&landscape)?;
    let texts = fit(tools, &landscape)
        .into_iter()
        .map(|tool| Ok((format!("{}.yaml", tool.name), serde_json::to_string(&tool)?)))
        .collect::<Result<Vec<_>, OfferError>>()?;
    Ok(Texts { landscape: text, tools: texts })
}

/// The catalogue of exactly these tools over a world.
///
/// # Errors
/// When the tools do not fit it.
pub fn catalog_of(world: &World, tools: Vec<Manifest>) -> Result<Catalog, OfferError> {
    let Texts { landscape, tools } = texts_of(world, tools)?;
    Catalog::load(("catalog.json", &landscape), &tools).map_err(OfferError::Refused)
}

/// The words of a schema that count here. Others only explain, or bind an argument more tightly.
const WORDS: [&str; 7] = ["description", "enum", "pattern", "minLength", "maxLength", "minimum", "maximum"];

/// The parameters of the file, with the product's lists: what a name stands for is the catalogue's to say.
fn with_parameters(tool: &Manifest, given: &Value, ignored: &mut Vec<String>) -> Result<Value, Vec<String>> {
    let ours = tool.parameters.get("properties").and_then(Value::as_object);
    let empty = Map::new();
    let theirs = given.get("properties").and_then(Value::as_object).unwrap_or(&empty);
    let names = |schema: &Value| -> Vec<String> {
        let list = schema.get("required").and_then(Value::as_array).into_iter().flatten();
        list.filter_map(Value::as_str).map(str::to_owned).collect()
    };
    let required = names(given);
    let mut problems = Vec::new();
    for name in &required {
        if ours.is_none_or(|ours| !ours.contains_key(name)) {
            problems.push(format!(
                "the product's `{}` has no argument `{name}`, which the set requires",
                tool.name
            ));
        }
    }
    let mut properties = Map::new();
    for (name, schema) in theirs {
        match property(schema, ours.and_then(|ours| ours.get(name))) {
            Some(property) => drop(properties.insert(name.clone(), property)),
            None => problems
                .push(format!("`{name}` of `{}` must be a string, an integer or a boolean", tool.name)),
        }
        let known = |word: &String| WORDS.contains(&word.as_str()) || word == "type";
        let unknown = schema.as_object().into_iter().flat_map(|schema| schema.keys());
        ignored
            .extend(unknown.filter(|word| !known(word)).map(|word| format!("{}.{name}: {word}", tool.name)));
    }
    for name in names(&tool.parameters) {
        if !theirs.contains_key(&name) {
            problems.push(format!("the product's `{}` needs `{name}`, which the set leaves out", tool.name));
        }
    }
    if !problems.is_empty() {
        return Err(problems);
    }
    Ok(json!({
        "type": "object",
        "additionalProperties": false,
        "required": required,
        "properties": properties,
    }))
}

fn property(given: &Value, ours: Option<&Value>) -> Option<Value> {
    let kind = match given.get("type")? {
        Value::String(kind) => kind.as_str(),
        // "May be null" is how some write "may be left out".
        Value::Array(kinds) => kinds.iter().filter_map(Value::as_str).find(|kind| *kind != "null")?,
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::Object(_) => return None,
    };
    if !["string", "integer", "boolean"].contains(&kind) {
        return None;
    }
    let mut property = Map::new();
    property.insert("type".to_owned(), json!(kind));
    let word = |from: &Value, word: &str| from.get(word).filter(|value| !value.is_null()).cloned();
    for name in WORDS {
        if let Some(value) = word(given, name) {
            property.insert(name.to_owned(), value);
        }
    }
    if let Some(ours) = ours {
        if !property.contains_key("description") {
            property.extend(word(ours, "description").map(|text| ("description".to_owned(), text)));
        }
        if let Some(list) = word(ours, "x-catalog").filter(|_| kind == "string") {
            property.insert("x-catalog".to_owned(), list);
            property.remove("enum");
        }
    }
    if let Some(Value::Array(values)) = property.get_mut("enum") {
        values.retain(|value| !value.is_null());
    }
    Some(Value::Object(property))
}

/// The exact command again, for arguments that are there: those that must be given first, those that are new by name.
fn retype(tool: &mut Manifest) {
    let properties =
        tool.parameters.get("properties").and_then(Value::as_object).cloned().unwrap_or_default();
    let required: Vec<&str> = tool
        .parameters
        .get("required")
        .and_then(Value::as_array)
        .into_iter()
        .flatten()
        .filter_map(Value::as_str)
        .collect();
    let slash = &mut tool.slash;
    slash.positional.retain(|name| properties.contains_key(name));
    slash.flags.retain(|_, name| properties.contains_key(name));
    let (first, then): (Vec<String>, Vec<String>) =
        slash.positional.drain(..).partition(|name| required.contains(&name.as_str()));
    slash.positional = first.into_iter().chain(then).collect();
    slash.rest &= !slash.positional.is_empty();
    for name in properties.keys() {
        if !slash.positional.contains(name) && !slash.flags.values().any(|argument| argument == name) {
            slash.flags.insert(name.clone(), name.clone());
        }
    }
}

/// The tool with nothing in its templates about arguments that the set leaves out: they are as if not given.
fn without_absent(found: &Manifest, manifest: Manifest) -> Result<Manifest, Vec<String>> {
    let properties = |tool: &Manifest| -> Vec<String> {
        let properties = tool.parameters.get("properties").and_then(Value::as_object);
        properties.into_iter().flat_map(|properties| properties.keys().cloned()).collect()
    };
    let kept = properties(&manifest);
    let gone: Vec<String> = properties(found).into_iter().filter(|name| !kept.contains(name)).collect();
    if gone.is_empty() {
        return Ok(manifest);
    }
    let broken = |error: &dyn std::fmt::Display| {
        vec![format!("`{}` cannot do without {}: {error}", found.name, gone.join(" and "))]
    };
    let pattern = format!(r"\bargs\.({})\b", gone.join("|"));
    let pattern = Regex::new(&pattern).map_err(|error| broken(&error))?;
    let mut value = serde_json::to_value(&manifest).map_err(|error| broken(&error))?;
    replace(&mut value, &pattern);
    serde_json::from_value(value).map_err(|error| broken(&error))
}

fn replace(value: &mut Value, pattern: &Regex) {
    match value {
        Value::String(text) if pattern.is_match(text) => {
            *text = pattern.replace_all(text, "none").into_owned()
        }
        Value::Array(items) => items.iter_mut().for_each(|item| replace(item, pattern)),
        Value::Object(map) => map.values_mut().for_each(|item| replace(item, pattern)),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

/// The tools of the demonstration, and the arguments that a set of cases may count on.
const DEMONSTRATION: [(&str, Option<Class>, &[&str]); 12] = [
    ("deploy", Some(Class::Infra), &["service", "version", "environment"]),
    ("rollback", Some(Class::Infra), &["service", "environment"]),
    ("scale", Some(Class::Infra), &["service", "replicas", "environment"]),
    ("migrate", Some(Class::Infra), &["target", "migration", "environment"]),
    ("status", None, &["service", "environment"]),
    ("logs", None, &["service", "last", "filter", "environment"]),
    ("incident.create", Some(Class::Comms), &["title", "severity"]),
    ("incident.update", Some(Class::Comms), &["text", "state"]),
    ("incident.resolve", Some(Class::Comms), &["text"]),
    ("ack_alert", Some(Class::Comms), &["alert"]),
    ("oncall", None, &["team"]),
    ("runbook", None, &["name"]),
];

/// The tools of the demonstration as a file of tools, from the product's.
///
/// # Errors
/// A tool of the demonstration that the product does not have.
pub fn demo_function_tools(product: &[Manifest]) -> Result<Vec<FunctionTool>, OfferError> {
    let tool = |(name, class, arguments): (&str, Option<Class>, &[&str])| {
        let tool = product.iter().find(|tool| tool.name == name);
        let tool = tool.ok_or_else(|| OfferError::Unknown(vec![format!("there is no tool `{name}`")]))?;
        let effect = if tool.effects.class.mutates() { Effect::Mutating } else { Effect::Read };
        let function = Function {
            name: name.to_owned(),
            description: Some(described(tool)),
            parameters: published(&tool.parameters, arguments),
        };
        Ok(FunctionTool { kind: "function".to_owned(), function, effect, class })
    };
    DEMONSTRATION.into_iter().map(tool).collect()
}

fn described(tool: &Manifest) -> String {
    [tool.description.trim(), tool.avoid.trim()].join("\n").trim().to_owned()
}

/// The schema without our own words. Patterns stay with the product: a set may count on free text.
fn published(parameters: &Value, arguments: &[&str]) -> Value {
    let properties = parameters.get("properties").and_then(Value::as_object);
    let kept = properties.into_iter().flatten().filter(|(name, _)| arguments.contains(&name.as_str()));
    let plain = |(word, _): &(&String, &Value)| !["x-catalog", "pattern", "default"].contains(&word.as_str());
    let kept: Map<String, Value> = kept
        .map(|(name, schema)| {
            let words = schema.as_object().into_iter().flatten().filter(plain);
            let words: Map<String, Value> =
                words.map(|(word, value)| (word.clone(), value.clone())).collect();
            (name.clone(), Value::Object(words))
        })
        .collect();
    json!({
        "type": "object",
        "additionalProperties": false,
        "required": parameters.get("required").cloned().unwrap_or_else(|| json!([])),
        "properties": kept,
    })
}
