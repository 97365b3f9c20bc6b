use serde_json::{Map, Value, json};

use super::{Case, Policy};
use crate::domain::{Digest, canonical};

/// What a vote is bound to: request, call, held facts, asker, place, origin, policy. Any change of these makes another
/// digest, and votes for the old one no longer count.
pub fn binding(policy: &Policy, case: &Case<'_>) -> Digest {
    let bound = json!({
        "request": case.request,
        "call": case.call.digest(),
        "held": exact(&Value::Object(case.held.clone())),
        "asker": case.asker,
        "place": [case.place.platform.as_str(), case.place.workspace, case.place.channel],
        "origin": case.origin,
        "policy": policy.digest(),
    });
    // `exact` leaves nothing that canonical JSON refuses; the plain form is there so that this is total.
    let text = canonical(&bound).unwrap_or_else(|_| bound.to_string());
    Digest::labelled("countersign/binding/v1", text.as_bytes())
}

/// Back ends report decimals and any key; both are written out so that the canonical form exists and stays one to one.
fn exact(value: &Value) -> Value {
    match value {
        Value::Null => Value::Null,
        Value::Bool(flag) => json!({ "bool": flag }),
        Value::String(text) => json!({ "text": text }),
        Value::Number(number) => json!({ "number": number.to_string() }),
        Value::Array(items) => items.iter().map(exact).collect(),
        Value::Object(map) => json!({ "map": pairs(map) }),
    }
}

fn pairs(map: &Map<String, Value>) -> Vec<Value> {
    let mut pairs: Vec<_> = map.iter().collect();
    pairs.sort_by(|a, b| a.0.cmp(b.0));
    pairs.into_iter().map(|(key, value)| json!([key, exact(value)])).collect()
}
