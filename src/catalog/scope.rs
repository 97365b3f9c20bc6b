use serde_json::{Map, Value, json};

use super::{Call, Direction, Facts, Landscape, Tool, template};

/// What the templates of one call see.
///
/// `args` has every property of the schema, null where it was not given. `service` is the landscape's entry of
/// `args.service` or `args.target`, with its `name`, and with `{environment}` filled in in its dashboard (null when the
/// call names none). `saved` starts empty; `body`, `watch` and `direction` start as null; `facts` and `request` are
/// empty until given, so that using one too early is an error.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Scope(Map<String, Value>);

impl Scope {
    pub(super) fn new(tool: &Tool, args: &Map<String, Value>, landscape: &Landscape) -> Self {
        let all = tool
            .params()
            .iter()
            .map(|param| (param.name.clone(), args.get(&param.name).cloned().unwrap_or(Value::Null)));
        let mut scope = Map::new();
        scope.insert("args".to_owned(), Value::Object(all.collect()));
        scope.insert("service".to_owned(), service(args, landscape));
        for (name, empty) in [("facts", json!({})), ("saved", json!({})), ("request", json!({}))] {
            scope.insert(name.to_owned(), empty);
        }
        for name in ["body", "watch", "direction"] {
            scope.insert(name.to_owned(), Value::Null);
        }
        Self(scope)
    }

    pub(super) fn of_call(tool: &Tool, call: &Call, landscape: &Landscape) -> Self {
        let mut scope = Self::new(tool, call.args(), landscape);
        scope.fill_dashboard(call.environment());
        scope
    }

    fn fill_dashboard(&mut self, environment: Option<&str>) {
        let Some(Value::Object(service)) = self.0.get_mut("service") else { return };
        let Some(Value::String(dashboard)) = service.get("dashboard") else { return };
        let filled = match environment {
            Some(environment) => Value::String(dashboard.replace("{environment}", environment)),
            None if dashboard.contains("{environment}") => Value::Null,
            None => return,
        };
        service.insert("dashboard".to_owned(), filled);
    }

    fn with(mut self, name: &str, value: Value) -> Self {
        self.0.insert(name.to_owned(), value);
        self
    }

    /// With facts that were read.
    #[must_use]
    pub fn facts(self, facts: &Facts) -> Self {
        self.with("facts", Value::Object(facts.clone()))
    }

    /// With the direction that the facts gave.
    #[must_use]
    pub fn direction(self, direction: Option<Direction>) -> Self {
        self.with("direction", json!(direction))
    }

    /// With the request's id and the key that makes a repeat safe.
    #[must_use]
    pub fn request(self, id: &str, key: &str) -> Self {
        self.with("request", json!({ "id": id, "key": key }))
    }

    /// With the answer of a back end.
    #[must_use]
    pub fn body(self, body: Value) -> Self {
        self.with("body", body)
    }

    /// With what `run.http.save` kept.
    #[must_use]
    pub fn saved(self, saved: Map<String, Value>) -> Self {
        self.with("saved", Value::Object(saved))
    }

    /// With the last answer of the watched path.
    #[must_use]
    pub fn watch(self, body: Value) -> Self {
        self.with("watch", body)
    }

    pub(super) fn engine_value(&self) -> minijinja::Value {
        minijinja::Value::from_pairs(
            self.0.iter().map(|(name, value)| (name.clone(), template::to_engine(value))),
        )
    }
}

fn service(args: &Map<String, Value>, landscape: &Landscape) -> Value {
    let named = ["service", "target"].into_iter().find_map(|argument| args.get(argument)?.as_str());
    let Some((name, entry)) = named.and_then(|name| landscape.services.get_key_value(name)) else {
        return Value::Null;
    };
    let mut value = json!(entry);
    if let Value::Object(map) = &mut value {
        map.insert("name".to_owned(), json!(name));
    }
    value
}
