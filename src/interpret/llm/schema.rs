use serde_json::{Map, Value, json};

/// A list of names longer than this is left to the catalogue in the system message: servers limit enumerations, and
/// every tool would repeat it.
const MOST_NAMES: usize = 60;

/// Words of JSON Schema that strict function calling does not know. The catalogue still checks them.
const UNKNOWN_TO_STRICT: [&str; 3] = ["default", "minLength", "maxLength"];

/// The schema as strict function calling wants it: every property is required, and one that may be left out may be
/// null, which counts as left out.
pub(super) fn strict(schema: &Value) -> Value {
    let mut schema = plain(schema);
    let required: Vec<String> = strings(schema.get("required"));
    let Some(properties) = schema.get_mut("properties").and_then(Value::as_object_mut) else { return schema };
    for (name, property) in properties.iter_mut() {
        let Some(property) = property.as_object_mut() else { continue };
        for word in UNKNOWN_TO_STRICT {
            property.remove(word);
        }
        if !required.contains(name) {
            nullable(property);
        }
    }
    let names: Vec<String> = properties.keys().cloned().collect();
    if let Some(schema) = schema.as_object_mut() {
        schema.insert("required".to_owned(), json!(names));
    }
    schema
}

/// The schema for servers that know no strict mode: as it is, without the longest lists.
pub(super) fn plain(schema: &Value) -> Value {
    let mut schema = schema.clone();
    let properties = schema.get_mut("properties").and_then(Value::as_object_mut);
    for property in properties.into_iter().flat_map(Map::values_mut).filter_map(Value::as_object_mut) {
        let long =
            property.get("enum").and_then(Value::as_array).is_some_and(|names| names.len() > MOST_NAMES);
        if long {
            property.remove("enum");
        }
    }
    schema
}

fn nullable(property: &mut Map<String, Value>) {
    if let Some(kind) = property.get("type").cloned() {
        property.insert("type".to_owned(), json!([kind, "null"]));
    }
    if let Some(names) = property.get_mut("enum").and_then(Value::as_array_mut) {
        names.push(Value::Null);
    }
}

fn strings(list: Option<&Value>) -> Vec<String> {
    let items = list.and_then(Value::as_array).into_iter().flatten();
    items.filter_map(Value::as_str).map(str::to_owned).collect()
}
