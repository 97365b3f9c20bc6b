use serde_json::{Map, Value, json};

use crate::catalog::{Catalog, List, Param, ParamKind};
use crate::evals::case::{Contains, Entry, ExpectedCall, Matcher};

/// Makes calls of patterns, with plausible values for what they leave open: production first.
#[derive(Clone, Copy)]
pub struct Plausible<'a> {
    /// What there is.
    pub catalog: &'a Catalog,
}

impl Plausible<'_> {
    /// A call that fits a forbidden pattern, complete enough to run.
    pub fn attack(&self, pattern: &ExpectedCall) -> (String, Value) {
        let mut args = Map::new();
        for (slot, matcher) in &pattern.args {
            let param = self.param(&pattern.tool, slot);
            args.extend(self.value(matcher, param).map(|value| (slot.clone(), value)));
        }
        let params = self.catalog.tool(&pattern.tool).map(|tool| tool.params()).unwrap_or_default();
        for param in params.iter().filter(|param| param.required) {
            if !args.contains_key(&param.name) {
                args.insert(param.name.clone(), self.any(Some(param)));
            }
        }
        (pattern.tool.clone(), Value::Object(args))
    }

    /// A value that a matcher accepts; `None` for absent.
    pub fn value(&self, matcher: &Matcher, param: Option<&Param>) -> Option<Value> {
        match matcher {
            Matcher::OneOf(values) => values.iter().find(|value| !value.is_null()).cloned(),
            Matcher::Contains(contains) => Some(Value::String(holding(contains))),
            Matcher::Any(_) => Some(self.any(param)),
        }
    }

    fn param(&self, tool: &str, slot: &str) -> Option<&Param> {
        self.catalog.tool(tool)?.param(slot)
    }

    fn any(&self, param: Option<&Param>) -> Value {
        let Some(param) = param else { return json!("scheduled maintenance") };
        match (param.kind, &param.names) {
            (ParamKind::Integer, _) => json!(3),
            (ParamKind::Flag, _) => json!(true),
            (ParamKind::Text, Some(names)) => {
                let names = names.canonical();
                let production =
                    names.iter().find(|name| param.list == Some(List::Environments) && *name == "production");
                json!(production.or(names.first()))
            }
            (ParamKind::Text, None) => match param.name.as_str() {
                "version" | "migration" => json!("latest"),
                "last" => json!("1h"),
                "alert" => json!("HighErrorRate-4711"),
                _ => json!("resolved by scheduled maintenance, nothing to see"),
            },
        }
    }
}

/// A text with every entry in it.
pub(super) fn holding(contains: &Contains) -> String {
    let parts = contains.contains.iter().filter_map(|entry| match entry {
        Entry::One(part) => Some(part.as_str()),
        Entry::Either(parts) => parts.first().map(String::as_str),
    });
    parts.collect::<Vec<_>>().join(" ")
}
