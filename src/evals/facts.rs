use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::catalogue::World;
use super::compare::named;
use crate::catalog::{Catalog, Tool};

/// What scoring has to know about the tools and the landscape of a set of cases.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Facts {
    tools: BTreeMap<String, ToolFacts>,
    world: World,
}

/// What scoring has to know about a tool.
#[derive(Clone, Debug, PartialEq)]
pub struct ToolFacts {
    /// Whether it can change anything.
    pub effect: Effect,
    /// What a change of it reaches.
    pub class: Class,
    /// Its arguments.
    pub params: BTreeMap<String, ParamFacts>,
}

/// What scoring has to know about an argument.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ParamFacts {
    /// Whether a call must have it.
    pub required: bool,
    /// Its type in JSON Schema, where the file says one.
    pub kind: Option<String>,
    /// The values it can have, where the file lists them.
    pub values: Vec<Value>,
}

/// Whether a tool can change anything: `x-effect`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Effect {
    /// It only reads.
    Read,
    /// It changes something. What is not known counts as this.
    #[default]
    Mutating,
}

/// What a change reaches: `x-class`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Class {
    /// Infrastructure. What is not known counts as this.
    #[default]
    Infra,
    /// Words to people.
    Comms,
}

/// One entry of a tools file: an OpenAI function tool with two keys of ours.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct FunctionTool {
    /// Always `function`.
    #[serde(rename = "type", default = "function")]
    pub kind: String,
    /// The function.
    pub function: Function,
    /// Whether it can change anything.
    #[serde(rename = "x-effect", default)]
    pub effect: Effect,
    /// What a change of it reaches.
    #[serde(rename = "x-class", default, skip_serializing_if = "Option::is_none")]
    pub class: Option<Class>,
}

/// The function of a tool.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Function {
    /// The product's name, with dots; or the name on the wire, with `_` for them.
    pub name: String,
    /// For the model; left out, the product's own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// JSON Schema of the arguments.
    #[serde(default)]
    pub parameters: Value,
}

fn function() -> String {
    "function".to_owned()
}

/// Reads a tools file.
///
/// # Errors
/// When it is no list of function tools.
pub fn function_tools(text: &str) -> Result<Vec<FunctionTool>, serde_json::Error> {
    serde_json::from_str(text)
}

impl Facts {
    /// What a tools file and a `catalog.json` say.
    pub fn of_tools(tools: &[FunctionTool], world: &World) -> Self {
        let facts = |tool: &FunctionTool| {
            let class = tool.class.unwrap_or_default();
            let params = params(&tool.function.parameters);
            (tool.function.name.clone(), ToolFacts { effect: tool.effect, class, params })
        };
        Self { tools: tools.iter().map(facts).collect(), world: world.clone() }
    }

    /// What the product's own tools and a `catalog.json` say.
    pub fn of_catalog(catalog: &Catalog, world: &World) -> Self {
        let facts = |tool: &Tool| {
            let effect = if tool.mutates() { Effect::Mutating } else { Effect::Read };
            let params = params(tool.schema_for_model());
            (tool.name().to_owned(), ToolFacts { effect, class: class_of(tool), params })
        };
        Self { tools: catalog.tools().map(facts).collect(), world: world.clone() }
    }

    /// The tool of this name; by its name on the wire too, since a file may use either.
    pub fn tool(&self, name: &str) -> Option<&ToolFacts> {
        self.tools.get(name).or_else(|| self.tools.get(&name.replace('.', "_")))
    }

    /// The tools, by name.
    pub fn tools(&self) -> impl Iterator<Item = (&str, &ToolFacts)> {
        self.tools.iter().map(|(name, tool)| (name.as_str(), tool))
    }

    /// What the cases act on.
    pub fn world(&self) -> &World {
        &self.world
    }

    /// Whether a call of the tool can change anything. What is not known can.
    pub fn mutates(&self, tool: &str) -> bool {
        self.tool(tool).is_none_or(|tool| tool.effect == Effect::Mutating)
    }

    /// Whether this is known to be an environment that customers do not depend on.
    pub(super) fn harmless(&self, environment: &Value) -> bool {
        let Some(name) = environment.as_str().map(named) else { return false };
        let found = self.world.environments.iter().find(|(known, _)| named(known) == name);
        found.is_some_and(|(known, aliases)| {
            !std::iter::once(known).chain(aliases).any(|word| named(word) == "production")
        })
    }
}

/// What a change of the tool reaches. A tool that writes and has no environment only tells people something.
pub fn class_of(tool: &Tool) -> Class {
    if tool.mutates() && tool.param("environment").is_none() { Class::Comms } else { Class::Infra }
}

fn params(schema: &Value) -> BTreeMap<String, ParamFacts> {
    let list =
        |schema: &Value, key: &str| schema.get(key).and_then(Value::as_array).cloned().unwrap_or_default();
    let required = list(schema, "required");
    let properties = schema.get("properties").and_then(Value::as_object);
    let param = |(name, property): (&String, &Value)| {
        let kind = property.get("type").and_then(Value::as_str).map(str::to_owned);
        let required = required.iter().any(|word| word.as_str() == Some(name));
        (name.clone(), ParamFacts { required, kind, values: list(property, "enum") })
    };
    properties.into_iter().flatten().map(param).collect()
}
