use jsonschema::Validator;
use serde_json::{Map, Value, json};

use super::names::{List, Names};
use super::{EffectClass, Landscape, Manifest};
use crate::domain::Digest;

/// A tool that was loaded: its manifest and what follows from it.
#[derive(Debug)]
pub struct Tool {
    manifest: Manifest,
    params: Vec<Param>,
    schema_for_model: Value,
    digest: Digest,
    pub(super) validator: Validator,
}

/// One argument of a tool.
#[derive(Clone, Debug, PartialEq)]
pub struct Param {
    /// The name.
    pub name: String,
    /// The type.
    pub kind: ParamKind,
    /// Whether a call must have it.
    pub required: bool,
    /// What it is when it was not given.
    pub default: Option<Value>,
    /// A few words about it.
    pub description: String,
    /// The list of the landscape it names an entry of.
    pub list: Option<List>,
    /// The names it accepts, from the landscape or the schema's `enum`. `None` when any text is.
    pub names: Option<Names>,
}

/// The types that an argument can have; those that can be written in an exact command.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ParamKind {
    /// Text.
    Text,
    /// A whole number.
    Integer,
    /// Yes or no.
    Flag,
}

impl ParamKind {
    /// The word in a JSON Schema.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Text => "string",
            Self::Integer => "integer",
            Self::Flag => "boolean",
        }
    }

    /// For sentences.
    pub const fn noun(self) -> &'static str {
        match self {
            Self::Text => "a text",
            Self::Integer => "a whole number",
            Self::Flag => "`true` or `false`",
        }
    }

    fn parse(word: &str) -> Option<Self> {
        [Self::Text, Self::Integer, Self::Flag].into_iter().find(|kind| kind.as_str() == word)
    }
}

impl Tool {
    /// Derives everything from a manifest whose schema passed `check::schema`.
    pub(super) fn build(manifest: Manifest, landscape: &Landscape) -> Result<Self, String> {
        let validator = jsonschema::draft202012::options()
            .build(&manifest.parameters)
            .map_err(|error| format!("the schema of `parameters` is wrong: {error}"))?;
        let params = params(&manifest, landscape);
        let schema_for_model = schema_for_model(&manifest.parameters, &params);
        let text = serde_json::to_string(&manifest).map_err(|error| error.to_string())?;
        let digest = Digest::labelled("countersign/tool/v1", text.as_bytes());
        Ok(Self { manifest, params, schema_for_model, digest, validator })
    }

    /// The name.
    pub fn name(&self) -> &str {
        &self.manifest.name
    }

    /// The file it came from.
    pub fn manifest(&self) -> &Manifest {
        &self.manifest
    }

    /// The arguments: positional ones in their order, then the others by name.
    pub fn params(&self) -> &[Param] {
        &self.params
    }

    /// The argument of this name.
    pub fn param(&self, name: &str) -> Option<&Param> {
        self.params.iter().find(|param| param.name == name)
    }

    /// Whether a call of it can change anything.
    pub fn mutates(&self) -> bool {
        mutates(&self.manifest)
    }

    /// The most that facts can make of a call. One that cannot be read makes it the worst there is.
    pub fn worst(&self) -> EffectClass {
        let effects = &self.manifest.effects;
        let certain =
            self.manifest.facts.is_empty() && effects.rules.is_empty() && effects.direction.is_none();
        if certain { effects.class } else { EffectClass::Destructive }
    }

    /// The schema as plain JSON Schema, with the names of the landscape as `enum` and none of our own words.
    pub fn schema_for_model(&self) -> &Value {
        &self.schema_for_model
    }

    /// The digest of the whole manifest.
    pub fn digest(&self) -> Digest {
        self.digest
    }
}

/// Whether a call of the tool can change anything, whatever the facts.
pub(super) fn mutates(manifest: &Manifest) -> bool {
    let raised = manifest.effects.rules.iter().filter_map(|rule| rule.class);
    raised.chain([manifest.effects.class]).any(EffectClass::mutates)
}

fn params(manifest: &Manifest, landscape: &Landscape) -> Vec<Param> {
    let empty = Map::new();
    let properties = manifest.parameters.get("properties").and_then(Value::as_object).unwrap_or(&empty);
    let required = words(&manifest.parameters, "required");
    let others = properties.keys().filter(|name| !manifest.slash.positional.contains(name));
    let ordered = manifest.slash.positional.iter().chain(others);
    ordered
        .filter_map(|name| param(name, properties.get(name)?, required.contains(&name.as_str()), landscape))
        .collect()
}

fn param(name: &str, schema: &Value, required: bool, landscape: &Landscape) -> Option<Param> {
    let word = |key: &str| schema.get(key).and_then(Value::as_str);
    let list = word("x-catalog").and_then(List::parse);
    let fixed = words(schema, "enum");
    let names = match list {
        Some(list) => Some(Names::of(list, landscape)).filter(|names| !names.is_empty()),
        None => (!fixed.is_empty()).then(|| Names::of_words(fixed)),
    };
    Some(Param {
        name: name.to_owned(),
        kind: ParamKind::parse(word("type")?)?,
        required,
        default: schema.get("default").cloned(),
        description: word("description").unwrap_or_default().to_owned(),
        list,
        names,
    })
}

/// The strings of a list in a schema.
pub(super) fn words<'a>(schema: &'a Value, key: &str) -> Vec<&'a str> {
    schema.get(key).and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str).collect()
}

fn schema_for_model(parameters: &Value, params: &[Param]) -> Value {
    let mut schema = parameters.clone();
    let Some(properties) = schema.get_mut("properties").and_then(Value::as_object_mut) else { return schema };
    for param in params {
        let Some(property) = properties.get_mut(&param.name).and_then(Value::as_object_mut) else { continue };
        property.remove("x-catalog");
        if let Some(names) = &param.names {
            property.insert("enum".to_owned(), json!(names.canonical()));
        }
    }
    schema
}
