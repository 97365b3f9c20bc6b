//! Templates and expressions of tool files: minijinja, where a name that is not there is an error.

use std::sync::LazyLock;

use minijinja::value::{Serde, ValueKind};
use minijinja::{AutoEscape, Environment, Error, ErrorKind, Output, State, UndefinedBehavior, Value};
use serde_json::{Map, Value as Json};

use super::{Scope, filters};

/// Why a template gave nothing.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("in `{template}`: {reason}")]
pub struct TemplateError {
    /// The template or expression as it is written.
    pub template: String,
    /// What went wrong.
    pub reason: String,
}

impl TemplateError {
    fn new(template: &str, reason: impl Into<String>) -> Self {
        Self { template: template.to_owned(), reason: reason.into() }
    }

    fn from_engine(template: &str, error: &Error) -> Self {
        let detail = error.detail().unwrap_or_default();
        let kind = error.kind();
        Self::new(template, if detail.is_empty() { kind.to_string() } else { format!("{kind}: {detail}") })
    }
}

static TEXT: LazyLock<Environment<'static>> = LazyLock::new(|| environment(write_text));
static PATH: LazyLock<Environment<'static>> = LazyLock::new(|| environment(write_encoded));

type Formatter = fn(&mut Output, &mut State, &Value) -> Result<(), Error>;

fn environment(formatter: Formatter) -> Environment<'static> {
    let mut environment = Environment::new();
    environment.set_undefined_behavior(UndefinedBehavior::Strict);
    environment.set_auto_escape_callback(|_| AutoEscape::None);
    environment.set_formatter(formatter);
    // Encoded values are marked as safe, so nothing but `segments` may mark one.
    environment.remove_filter("safe");
    filters::install(&mut environment);
    environment
}

/// Null writes nothing, so that an optional argument can stand in a template.
fn write_text(out: &mut Output, _: &mut State, value: &Value) -> Result<(), Error> {
    if value.is_undefined() {
        return Err(ErrorKind::UndefinedError.into());
    }
    if value.is_none() {
        return Ok(());
    }
    write!(out, "{value}").map_err(Error::from)
}

fn write_encoded(out: &mut Output, state: &mut State, value: &Value) -> Result<(), Error> {
    if value.is_safe() {
        return write_text(out, state, value);
    }
    if value.is_undefined() {
        return Err(ErrorKind::UndefinedError.into());
    }
    let scalar = matches!(value.kind(), ValueKind::Bool | ValueKind::Number | ValueKind::String);
    let text = value.to_string();
    if !scalar || text.is_empty() {
        return Err(Error::new(
            ErrorKind::InvalidOperation,
            "a part of a path must be a text that is not empty",
        ));
    }
    write!(out, "{}", filters::encode_segment(&text)).map_err(Error::from)
}

/// Renders `template`; null renders as nothing.
///
/// # Errors
/// The template does not compile, or uses a name that is not in `scope`.
pub fn text(template: &str, scope: &Scope) -> Result<String, TemplateError> {
    render(&TEXT, template, scope)
}

/// Renders a path. Every value is percent-encoded, slashes included, so no argument leaves its segment;
/// `| segments` keeps the slashes of a value that spans several.
///
/// # Errors
/// As [`text`], and when a value is empty or a segment is `.` or `..`, which readers of URLs resolve even when encoded.
pub fn path(template: &str, scope: &Scope) -> Result<String, TemplateError> {
    let path = render(&PATH, template, scope)?;
    if path.split('/').any(|segment| matches!(segment, "." | "..")) {
        return Err(TemplateError::new(template, "a part of the path would be `.` or `..`"));
    }
    Ok(path)
}

fn render(
    environment: &Environment<'static>,
    template: &str,
    scope: &Scope,
) -> Result<String, TemplateError> {
    environment
        .render_str(template, scope.engine_value())
        .map_err(|error| TemplateError::from_engine(template, &error))
}

/// A JSON value with templates in its strings. A string that is a lone `{{ expression }}` keeps the expression's type.
///
/// # Errors
/// As [`text`].
pub fn value(template: &Json, scope: &Scope) -> Result<Json, TemplateError> {
    Ok(match template {
        Json::String(string) => match lone_expression(string) {
            Some(expression) => eval(expression, scope)?,
            None => Json::String(text(string, scope)?),
        },
        Json::Array(items) => {
            Json::Array(items.iter().map(|item| value(item, scope)).collect::<Result<_, TemplateError>>()?)
        }
        Json::Object(map) => Json::Object(object(map, scope)?),
        Json::Null | Json::Bool(_) | Json::Number(_) => template.clone(),
    })
}

/// As [`value`], for the entries of an object.
///
/// # Errors
/// As [`text`].
pub fn object(map: &Map<String, Json>, scope: &Scope) -> Result<Map<String, Json>, TemplateError> {
    map.iter().map(|(key, item)| Ok((key.clone(), value(item, scope)?))).collect()
}

/// The value of an expression.
///
/// # Errors
/// As [`text`].
pub fn eval(expression: &str, scope: &Scope) -> Result<Json, TemplateError> {
    let value = evaluate(expression, scope)?;
    serde_json::to_value(&value).map_err(|error| TemplateError::new(expression, error.to_string()))
}

/// Whether an expression holds. Only `true`, and what the expression language takes for it, does.
///
/// # Errors
/// As [`text`].
pub fn condition(expression: &str, scope: &Scope) -> Result<bool, TemplateError> {
    evaluate(expression, scope).map(|value| value.is_true())
}

fn evaluate(expression: &str, scope: &Scope) -> Result<Value, TemplateError> {
    let failed = |error: Error| TemplateError::from_engine(expression, &error);
    let value =
        TEXT.compile_expression(expression).and_then(|e| e.eval(scope.engine_value())).map_err(failed)?;
    if value.is_undefined() {
        return Err(TemplateError::new(expression, "there is no such value"));
    }
    Ok(value)
}

fn lone_expression(template: &str) -> Option<&str> {
    let inner = template.trim().strip_prefix("{{")?.strip_suffix("}}")?;
    (!inner.contains("{{") && !inner.contains("}}") && !inner.contains("{%")).then_some(inner)
}

/// What a template or an expression of a tool file is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Text,
    Expression,
}

/// Compiles `source` and lists the names it uses, such as `args.service`.
pub(super) fn names_used(kind: Kind, source: &str) -> Result<Vec<String>, TemplateError> {
    let failed = |error: Error| TemplateError::from_engine(source, &error);
    let names = match (kind, lone_expression(source)) {
        (Kind::Text, None) => TEXT.template_from_str(source).map_err(failed)?.undeclared_variables(true),
        (Kind::Text, Some(expression)) => {
            TEXT.compile_expression(expression).map_err(failed)?.undeclared_variables(true)
        }
        (Kind::Expression, _) => TEXT.compile_expression(source).map_err(failed)?.undeclared_variables(true),
    };
    let mut names: Vec<String> = names.into_iter().collect();
    names.sort();
    Ok(names)
}

pub(super) fn to_engine(value: &Json) -> Value {
    Value::from(Serde(value))
}

/// Whether there is a filter of this name.
pub(super) fn is_filter(name: &str) -> bool {
    filters::is_known(&TEXT, name)
}
