use std::time::Duration;

use futures::future::join_all;
use serde_json::Value;

use super::connection::{Ask, CallError};
use super::house::NO_CANDIDATE;
use super::{Connection, Hands};
use crate::catalog::{Builtin, Call, Fact, Facts, Manifest, Run, Scope, template};
use crate::domain::parse_span;

/// What was read before deciding.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct FactReading {
    /// The facts; one that could not be read is null.
    pub facts: Facts,
    /// The facts that could not be read. They make a call count as the strictest kind.
    pub unreadable: Vec<String>,
    /// Set when there are any: why the first of them could not be read.
    pub unread: Option<String>,
    /// Set when the back end says that the thing itself is not there: a sentence.
    pub missing: Option<String>,
}

enum Read {
    Value(Value),
    Missing(String),
    Unreadable(String),
}

impl Hands {
    /// Reads the facts that the call's tool names. Changes nothing: only GETs and expressions.
    pub async fn facts(&self, call: &Call) -> FactReading {
        let mut reading = FactReading::default();
        let Some(manifest) = self.catalog.tool(call.tool()).map(|tool| tool.manifest()) else {
            return reading;
        };
        if manifest.run == Run::Builtin(Builtin::Policy) && self.candidate_of(call).is_none() {
            reading.missing = Some(NO_CANDIDATE.to_owned());
            return reading;
        }
        let mut orders: Vec<u8> = manifest.facts.values().map(|fact| fact.order).collect();
        orders.sort_unstable();
        orders.dedup();
        for order in orders {
            let scope = self.catalog.scope(call).facts(&reading.facts);
            let batch = manifest.facts.iter().filter(|(_, fact)| fact.order == order);
            let reads =
                batch.map(|(name, fact)| async { (name.clone(), self.fact(manifest, fact, &scope).await) });
            for (name, read) in join_all(reads).await {
                let value = match read {
                    Read::Value(value) => value,
                    Read::Missing(sentence) => {
                        reading.missing.get_or_insert(sentence);
                        Value::Null
                    }
                    Read::Unreadable(why) => {
                        tracing::warn!(tool = %manifest.name, fact = %name, "a fact could not be read: {why}");
                        reading.unread.get_or_insert(why);
                        reading.unreadable.push(name.clone());
                        Value::Null
                    }
                };
                reading.facts.insert(name, value);
            }
            if reading.missing.is_some() {
                break;
            }
        }
        reading
    }

    async fn fact(&self, manifest: &Manifest, fact: &Fact, scope: &Scope) -> Read {
        let mut scope = scope.clone();
        let mut value = Value::Null;
        if let Some(get) = &fact.get {
            match self.get(manifest, get, &fact.query, &scope).await {
                Ok(answer) if (200..300).contains(&answer.status) => value = answer.body,
                Ok(answer) if answer.status == 404 => {
                    let said = fact.missing.as_ref().map(|sentence| template::text(sentence, &scope));
                    return Read::Missing(said.and_then(Result::ok).unwrap_or_else(|| answer.sentence()));
                }
                Ok(answer) => return Read::Unreadable(answer.sentence()),
                Err(error) => return Read::Unreadable(error.to_string()),
            }
            scope = scope.body(value.clone());
        }
        match &fact.expr {
            None => Read::Value(value),
            Some(expression) => match template::eval(expression, &scope) {
                Ok(value) => Read::Value(value),
                Err(error) => Read::Unreadable(error.to_string()),
            },
        }
    }

    pub(super) async fn get(
        &self,
        manifest: &Manifest,
        path: &str,
        query: &std::collections::BTreeMap<String, String>,
        scope: &Scope,
    ) -> Result<super::connection::Answer, CallError> {
        let connection = self.connection(manifest)?;
        let path = template::path(path, scope).map_err(|error| CallError::Unmade(error.to_string()))?;
        let query = render_pairs(query, scope)?;
        connection.ask(&Ask { query: &query, ..Ask::get(&path, call_timeout(manifest)) }).await
    }

    pub(super) fn connection(&self, manifest: &Manifest) -> Result<&Connection, CallError> {
        let name = manifest.connection.as_deref().unwrap_or_default();
        self.connections.get(name).ok_or_else(|| {
            CallError::Unmade(format!(
                "the connection `{name}` is not configured; add [connections.{name}] to countersign.toml"
            ))
        })
    }
}

pub(super) fn call_timeout(manifest: &Manifest) -> Duration {
    parse_span(&manifest.timeout.call).unwrap_or(Duration::from_secs(10))
}

/// Names with rendered values; one that renders to nothing is left out.
pub(super) fn render_pairs(
    pairs: &std::collections::BTreeMap<String, String>,
    scope: &Scope,
) -> Result<Vec<(String, String)>, CallError> {
    let mut rendered = Vec::new();
    for (name, value) in pairs {
        let value = template::text(value, scope).map_err(|error| CallError::Unmade(error.to_string()))?;
        if !value.is_empty() {
            rendered.push((name.clone(), value));
        }
    }
    Ok(rendered)
}
