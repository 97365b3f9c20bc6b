use std::collections::BTreeSet;
use std::fmt;

use serde::Deserialize;
use serde::de::{self, Deserializer, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Number, Value};

/// Integers beyond this are rounded by other readers of JSON (RFC 8785, section 3.2.2.3).
const SAFE_INTEGER: u64 = (1 << 53) - 1;

/// Why a value has no canonical form here.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CanonicalError {
    /// Decimals travel as strings, because their shortest form differs between writers.
    #[error("numbers must be whole, found `{0}`")]
    Float(String),
    /// See `SAFE_INTEGER`.
    #[error("the number `{0}` is too large to be exact everywhere")]
    Large(String),
    /// Keys outside ASCII sort differently in UTF-8 and UTF-16.
    #[error("keys must be ASCII, found `{0}`")]
    Key(String),
}

/// RFC 8785 canonical JSON, for values with ASCII keys and safe integers: keys sorted, no spaces.
///
/// Keys are sorted here and not by trust in `serde_json::Map`, because any dependency can switch its order for
/// the whole build.
///
/// # Errors
/// A value that has no form on which all writers of canonical JSON agree.
pub fn canonical(value: &Value) -> Result<String, CanonicalError> {
    let mut out = String::new();
    write(value, &mut out)?;
    Ok(out)
}

fn write(value: &Value, out: &mut String) -> Result<(), CanonicalError> {
    match value {
        Value::Null | Value::Bool(_) | Value::String(_) => out.push_str(&value.to_string()),
        Value::Number(number) => {
            check_number(number)?;
            out.push_str(&number.to_string());
        }
        Value::Array(items) => {
            out.push('[');
            for (index, item) in items.iter().enumerate() {
                if index > 0 {
                    out.push(',');
                }
                write(item, out)?;
            }
            out.push(']');
        }
        Value::Object(map) => write_object(map, out)?,
    }
    Ok(())
}

fn write_object(map: &Map<String, Value>, out: &mut String) -> Result<(), CanonicalError> {
    let mut pairs: Vec<_> = map.iter().collect();
    pairs.sort_by(|a, b| a.0.cmp(b.0));
    out.push('{');
    for (index, (key, value)) in pairs.into_iter().enumerate() {
        if !key.is_ascii() {
            return Err(CanonicalError::Key(key.clone()));
        }
        if index > 0 {
            out.push(',');
        }
        out.push_str(&Value::String(key.clone()).to_string());
        out.push(':');
        write(value, out)?;
    }
    out.push('}');
    Ok(())
}

fn check_number(number: &Number) -> Result<(), CanonicalError> {
    let magnitude = match (number.as_u64(), number.as_i64()) {
        (Some(unsigned), _) => unsigned,
        (None, Some(signed)) => signed.unsigned_abs(),
        (None, None) => return Err(CanonicalError::Float(number.to_string())),
    };
    if magnitude > SAFE_INTEGER { Err(CanonicalError::Large(number.to_string())) } else { Ok(()) }
}

/// Reads JSON from outside, refusing what `serde_json` lets pass in silence: an object with the same key twice.
///
/// # Errors
/// As `serde_json`, and for a repeated key.
pub fn parse_strict(text: &str) -> Result<Value, serde_json::Error> {
    serde_json::from_str::<Strict>(text).map(|strict| strict.0)
}

struct Strict(Value);

impl<'de> Deserialize<'de> for Strict {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(StrictVisitor)
    }
}

struct StrictVisitor;

impl<'de> Visitor<'de> for StrictVisitor {
    type Value = Strict;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON in which no object has the same key twice")
    }

    fn visit_bool<E>(self, value: bool) -> Result<Strict, E> {
        Ok(Strict(Value::Bool(value)))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Strict, E> {
        Ok(Strict(value.into()))
    }

    fn visit_u64<E>(self, value: u64) -> Result<Strict, E> {
        Ok(Strict(value.into()))
    }

    fn visit_f64<E>(self, value: f64) -> Result<Strict, E> {
        Ok(Strict(Number::from_f64(value).map_or(Value::Null, Value::Number)))
    }

    fn visit_str<E>(self, value: &str) -> Result<Strict, E> {
        Ok(Strict(Value::String(value.to_owned())))
    }

    fn visit_unit<E>(self) -> Result<Strict, E> {
        Ok(Strict(Value::Null))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Strict, A::Error> {
        let mut items = Vec::new();
        while let Some(Strict(item)) = seq.next_element()? {
            items.push(item);
        }
        Ok(Strict(Value::Array(items)))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut access: A) -> Result<Strict, A::Error> {
        let mut seen = BTreeSet::new();
        let mut map = Map::new();
        while let Some((key, Strict(value))) = access.next_entry::<String, Strict>()? {
            if !seen.insert(key.clone()) {
                return Err(de::Error::custom(format!("the key `{key}` appears twice")));
            }
            map.insert(key, value);
        }
        Ok(Strict(Value::Object(map)))
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn keys_are_sorted_and_spaces_gone() {
        assert_eq!(canonical(&json!({"b": [1, "x"], "a": null})).unwrap(), r#"{"a":null,"b":[1,"x"]}"#);
    }

    #[test]
    fn what_writers_disagree_on_is_refused() {
        assert!(matches!(canonical(&json!(1.5)), Err(CanonicalError::Float(_))));
        assert!(matches!(canonical(&json!(1u64 << 54)), Err(CanonicalError::Large(_))));
        assert!(matches!(canonical(&json!({"ä": 1})), Err(CanonicalError::Key(_))));
    }

    #[test]
    fn a_repeated_key_is_refused_at_any_depth() {
        assert!(
            parse_strict(r#"{"a":{"b":1,"b":2}}"#).unwrap_err().to_string().contains("`b` appears twice")
        );
        assert_eq!(parse_strict(r#"{"a":[1,{"b":2}]}"#).unwrap(), json!({"a":[1,{"b":2}]}));
    }
}
