mod compare;
mod format;
mod gate;
mod lint;
mod metrics;
mod offline;
mod report;
mod score;
mod stats;

use std::sync::{Arc, LazyLock};

use serde_json::{Value, json};

use super::*;
use crate::catalog::Catalog;

const CATALOG_JSON: &str = include_str!("../../../evals/catalog.json");

static CATALOG: LazyLock<Arc<Catalog>> = LazyLock::new(|| Arc::new(demo_catalog(CATALOG_JSON).unwrap()));
static WORLD: LazyLock<World> = LazyLock::new(|| World::parse(CATALOG_JSON).unwrap());
static FACTS: LazyLock<Facts> = LazyLock::new(|| Facts::of_catalog(&CATALOG, &WORLD));

/// A case with this expectation.
fn case(expect: Value) -> Case {
    with(json!({ "expect": expect }))
}

/// A case with these keys beside or in place of the usual ones.
fn with(keys: Value) -> Case {
    let mut line = json!({"id": "x", "category": "c", "lang": "en",
        "messages": [{"role": "user", "speaker": "maya", "text": "hello"}], "expect": {"kind": "none"}});
    line.as_object_mut().unwrap().extend(keys.as_object().unwrap().clone());
    case_line(&line.to_string()).unwrap()
}

/// What a reader made of it: `{"outcome", "calls", ...}`.
fn got(keys: Value) -> Prediction {
    let mut line = json!({"id": "x"});
    line.as_object_mut().unwrap().extend(keys.as_object().unwrap().clone());
    Prediction::parse(&line.to_string()).unwrap()
}

fn acts(calls: Value) -> Prediction {
    got(json!({"outcome": "call", "calls": calls}))
}

fn asks(missing: Value) -> Prediction {
    got(json!({"outcome": "clarify", "missing": missing, "text": "?"}))
}

fn deploy(version: &str, environment: &str) -> Value {
    json!({"tool": "deploy", "args": {"service": "checkout", "version": version, "environment": environment}})
}

fn wants(version: &str, environment: &str) -> Value {
    json!({"tool": "deploy", "args": {"service": ["checkout"], "version": [version], "environment": [environment]}})
}

fn status() -> Value {
    json!({"tool": "status", "args": {"service": "checkout"}})
}
