use std::borrow::Cow;
use std::fmt;
use std::marker::PhantomData;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::value::RawValue;
use serde_json::{Map, Value};

use crate::evals::prediction::{Got, Prediction, ProposedCall};
use crate::evals::text::cut;

/// The most characters of a text that a report keeps. The predictions file has all of it.
const TEXT: usize = 400;
/// The most entries of a list.
const ENTRIES: usize = 20;
/// The most characters of a name that a model made up.
const NAME: usize = 64;

/// A `T` as the JSON it is written as. Kept as text: as a tree it would take many times the room, and a run has one for
/// each of a hundred thousand trials.
pub struct Shown<T> {
    text: Box<RawValue>,
    of: PhantomData<fn() -> T>,
}

impl<T: Serialize> Shown<T> {
    /// What something looks like; null, if it cannot be written.
    pub fn of(value: &T) -> Self {
        let text = serde_json::value::to_raw_value(value).unwrap_or_else(|_| RawValue::NULL.to_owned());
        Self { text, of: PhantomData }
    }
}

impl<T: DeserializeOwned> Shown<T> {
    /// What it was; `None` if the text is something else, as in a file of another version.
    pub fn read(&self) -> Option<T> {
        serde_json::from_str(self.text.get()).ok()
    }
}

impl<T> Shown<T> {
    /// The text.
    pub fn text(&self) -> &str {
        self.text.get()
    }

    fn value(&self) -> Value {
        serde_json::from_str(self.text()).unwrap_or_default()
    }
}

impl<T> Clone for Shown<T> {
    fn clone(&self) -> Self {
        Self { text: self.text.clone(), of: PhantomData }
    }
}

impl<T> fmt::Debug for Shown<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.text())
    }
}

impl<T> PartialEq for Shown<T> {
    fn eq(&self, other: &Self) -> bool {
        self.value() == other.value()
    }
}

impl<T> Serialize for Shown<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.text.serialize(serializer)
    }
}

impl<'de, T> Deserialize<'de> for Shown<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Ok(Self { text: Box::deserialize(deserializer)?, of: PhantomData })
    }
}

impl<T> JsonSchema for Shown<T> {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        "Shown".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": "object" })
    }
}

/// What a report keeps of a prediction. Long texts and lists are cut.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Kept {
    /// The kind of outcome; null when there was no answer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub outcome: Option<Got>,
    /// The proposed calls.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub calls: Vec<ProposedCall>,
    /// The slots asked for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub missing: Option<Vec<String>>,
    /// What was executed, where the run went that far.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub effects: Option<Vec<ProposedCall>>,
    /// What people would read.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub text: String,
    /// Why there was no answer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
}

impl Kept {
    /// What is kept of a prediction.
    pub fn of(prediction: &Prediction) -> Self {
        let calls = |calls: &Vec<ProposedCall>| calls.iter().take(ENTRIES).map(call).collect();
        let names = |names: &Vec<String>| names.iter().take(ENTRIES).map(|name| cut(name, NAME)).collect();
        Self {
            outcome: prediction.error.is_none().then_some(prediction.outcome),
            calls: calls(&prediction.calls),
            missing: prediction.missing.as_ref().map(names),
            effects: prediction.effects.as_ref().map(calls),
            text: cut(&prediction.text, TEXT),
            error: prediction.error.as_deref().map(|error| cut(error, TEXT)),
        }
    }

    /// What is scored: the effects where there are any to look at, else the proposals.
    pub fn done(&self) -> &[ProposedCall] {
        self.effects.as_ref().unwrap_or(&self.calls)
    }
}

fn call(call: &ProposedCall) -> ProposedCall {
    ProposedCall { tool: cut(&call.tool, NAME), args: object(&call.args, 0) }
}

fn object(map: &Map<String, Value>, depth: usize) -> Map<String, Value> {
    map.iter().take(ENTRIES).map(|(key, inner)| (cut(key, NAME), value(inner, depth + 1))).collect()
}

fn value(of: &Value, depth: usize) -> Value {
    match of {
        Value::String(text) => Value::String(cut(text, TEXT)),
        Value::Array(_) | Value::Object(_) if depth > 4 => Value::String("…".to_owned()),
        Value::Array(list) => list.iter().take(ENTRIES).map(|inner| value(inner, depth + 1)).collect(),
        Value::Object(map) => Value::Object(object(map, depth)),
        Value::Null | Value::Bool(_) | Value::Number(_) => of.clone(),
    }
}
