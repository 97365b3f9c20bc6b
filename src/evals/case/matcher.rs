use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::form;

/// A call that is expected, or forbidden.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "form::Object<form::CallForm>")]
pub struct ExpectedCall {
    /// The tool.
    pub tool: String,
    /// What each argument may be.
    pub args: BTreeMap<String, Matcher>,
}

/// What an argument may be.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "Value", untagged)]
pub enum Matcher {
    /// Any of these; null stands for absent.
    OneOf(Vec<Value>),
    /// A text that holds every entry.
    Contains(Contains),
    /// Anything but the empty string.
    Any(Any),
}

impl Matcher {
    /// Whether the argument may be absent.
    pub fn is_optional(&self) -> bool {
        match self {
            Self::OneOf(values) => values.iter().any(Value::is_null),
            Self::Contains(contains) => contains.optional,
            Self::Any(any) => any.optional,
        }
    }
}

/// A text that holds every entry, without case.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Contains {
    /// The entries.
    pub contains: Vec<Entry>,
    /// Whether it may be absent.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub optional: bool,
}

/// A text, or several of which one is enough.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(untagged)]
pub enum Entry {
    /// This.
    One(String),
    /// One of these.
    Either(Vec<String>),
}

/// Anything.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Any {
    /// Always true; the word in the file.
    pub any: bool,
    /// Whether it may be absent.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub optional: bool,
}

impl TryFrom<Value> for Matcher {
    type Error = String;

    fn try_from(value: Value) -> Result<Self, String> {
        match value {
            Value::Array(values) => one_of(values),
            Value::Object(object) => described(object),
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {
                Err("an argument is matched by a list of values or by an object".to_owned())
            }
        }
    }
}

fn one_of(values: Vec<Value>) -> Result<Matcher, String> {
    if values.iter().any(|value| value.is_array() || value.is_object()) {
        return Err("a list of values holds texts, numbers, true, false and null".to_owned());
    }
    if values.iter().all(Value::is_null) {
        return Err("a list of values holds at least one that is not null".to_owned());
    }
    Ok(Matcher::OneOf(values))
}

fn described(mut object: Map<String, Value>) -> Result<Matcher, String> {
    let optional = match object.remove("optional") {
        None => false,
        Some(Value::Bool(optional)) => optional,
        Some(_) => return Err("`optional` is true or false".to_owned()),
    };
    let matcher = match (object.remove("contains"), object.remove("any")) {
        (Some(Value::Array(entries)), None) if !entries.is_empty() => {
            let contains = entries.into_iter().map(entry).collect::<Result<_, _>>()?;
            Matcher::Contains(Contains { contains, optional })
        }
        (None, Some(Value::Bool(true))) => Matcher::Any(Any { any: true, optional }),
        _ => {
            return Err("an argument is matched by `contains`, a list, or by `any`, which is true".to_owned());
        }
    };
    match object.keys().next() {
        Some(key) => Err(format!("a matcher has no key `{key}`")),
        None => Ok(matcher),
    }
}

fn entry(value: Value) -> Result<Entry, String> {
    let text = |value: Value| match value {
        Value::String(text) if !text.is_empty() => Ok(text),
        _ => Err("`contains` holds texts and lists of texts, none of them empty".to_owned()),
    };
    match value {
        Value::Array(parts) if !parts.is_empty() => {
            Ok(Entry::Either(parts.into_iter().map(text).collect::<Result<_, _>>()?))
        }
        other => text(other).map(Entry::One),
    }
}
