use std::fmt;

use jsonschema::ValidationError;
use jsonschema::error::ValidationErrorKind;
use serde_json::{Map, Value, json};

use super::call::CallParts;
use super::names::{near, one_of};
use super::{Call, Catalog, Param, ParamKind, Scope, Tool, hidden_character, hint, template};
use crate::domain::{Digest, Proposal, canonical};

/// The most characters in one text argument.
pub const MAX_TEXT: usize = 2_000;
/// A list of choices longer than this is not spelled out.
const MAX_CHOICES: usize = 12;

/// Why a proposal is no call.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{sentence}")]
pub struct AdmitError {
    /// Where, as a JSON pointer into the arguments; empty for the whole.
    pub path: String,
    /// What kind of mistake.
    pub reason: AdmitReason,
    /// What is wrong, for people.
    pub sentence: String,
    /// What was probably meant, closest first.
    pub suggestions: Vec<String>,
    /// What there is to choose from, when that is a short list.
    pub choices: Vec<String>,
    /// The arguments that are missing, when that is the reason.
    pub missing: Box<[String]>,
}

/// The kinds of mistakes in a proposal.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum AdmitReason {
    /// No such tool.
    UnknownTool,
    /// The arguments are not an object.
    NotAnObject,
    /// No such argument.
    UnknownArgument,
    /// One or more arguments are missing.
    MissingArgument,
    /// A value of another type. Nothing is converted.
    WrongType,
    /// A name that the landscape or the schema does not list.
    UnknownName,
    /// A value that the schema forbids: pattern, length, range.
    NotAllowed,
    /// Characters that cannot be seen.
    HiddenCharacter,
    /// The tool file itself is at fault.
    BrokenTool,
    /// Too long a text, or a number that is not exact everywhere.
    TooLarge,
}

impl AdmitReason {
    /// The reason as a word for machines.
    pub const fn code(self) -> &'static str {
        match self {
            Self::UnknownTool => "unknown-tool",
            Self::NotAnObject => "not-an-object",
            Self::UnknownArgument => "unknown-argument",
            Self::MissingArgument => "missing-argument",
            Self::WrongType => "wrong-type",
            Self::UnknownName => "unknown-name",
            Self::NotAllowed => "not-allowed",
            Self::HiddenCharacter => "hidden-character",
            Self::BrokenTool => "broken-tool",
            Self::TooLarge => "too-large",
        }
    }
}

impl fmt::Display for AdmitReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.code())
    }
}

impl AdmitError {
    fn new(path: &str, reason: AdmitReason, sentence: String) -> Self {
        let path = if path.is_empty() { String::new() } else { format!("/{path}") };
        Self { path, reason, sentence, suggestions: Vec::new(), choices: Vec::new(), missing: Box::default() }
    }

    fn suggest(mut self, suggestions: Vec<String>, choices: &[String]) -> Self {
        if !suggestions.is_empty() {
            self.sentence = format!("{}; did you mean {}?", self.sentence, one_of(&suggestions));
        } else if !choices.is_empty() && choices.len() <= MAX_CHOICES {
            self.sentence = format!("{}; use {}", self.sentence, one_of(choices));
        }
        self.suggestions = suggestions;
        self.choices = if choices.len() <= MAX_CHOICES { choices.to_vec() } else { Vec::new() };
        self
    }
}

impl Catalog {
    /// Makes a call of a proposal: the tool exists, each argument is known, of its type and in its list, nothing is
    /// missing. Names become canonical and defaults are filled in; nothing else is changed. A null counts as left out,
    /// because models write it so.
    ///
    /// # Errors
    /// The first thing that is wrong, with what was probably meant.
    pub fn admit(&self, proposal: &Proposal) -> Result<Call, AdmitError> {
        let tool = self.tool(&proposal.tool).ok_or_else(|| self.unknown_tool(&proposal.tool))?;
        let Value::Object(given) = &proposal.args else {
            let sentence = format!("the arguments of `{}` must be an object", tool.name());
            return Err(AdmitError::new("", AdmitReason::NotAnObject, sentence));
        };
        let mut args = self.admit_part(tool, given)?;
        for param in tool.params() {
            if let (Some(default), false) = (&param.default, args.contains_key(&param.name)) {
                args.insert(param.name.clone(), default.clone());
            }
        }
        missing(tool, &args)?;
        self.seal(tool, args)
    }

    fn unknown_tool(&self, name: &str) -> AdmitError {
        let near = near(&name.to_lowercase(), self.tools.keys().map(String::as_str));
        let near: Vec<String> = near.into_iter().take(3).map(str::to_owned).collect();
        let sentence = format!("there is no command `{name}`");
        AdmitError::new("", AdmitReason::UnknownTool, sentence).suggest(near, &[])
    }

    /// Checks the arguments that are there, without asking whether some are missing.
    pub(super) fn admit_part(
        &self,
        tool: &Tool,
        given: &Map<String, Value>,
    ) -> Result<Map<String, Value>, AdmitError> {
        if let Some(name) = given.keys().find(|name| tool.param(name).is_none()) {
            return Err(unknown_argument(tool, name));
        }
        let mut args = Map::new();
        for param in tool.params() {
            if let Some(value) = given.get(&param.name).filter(|value| !value.is_null()) {
                args.insert(param.name.clone(), admit_value(param, value)?);
            }
        }
        let whole = Value::Object(args);
        let errors = tool.validator.iter_errors(&whole);
        let error = errors.into_iter().find(|e| !matches!(e.kind(), ValidationErrorKind::Required { .. }));
        if let Some(error) = error {
            return Err(not_allowed(tool, &error));
        }
        match whole {
            Value::Object(args) => Ok(args),
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Array(_) => {
                Ok(Map::new())
            }
        }
    }

    fn seal(&self, tool: &Tool, args: Map<String, Value>) -> Result<Call, AdmitError> {
        let scope = Scope::new(tool, &args, &self.landscape);
        let manifest = tool.manifest();
        let place = |source: &str| {
            template::text(source, &scope).map_err(|error| {
                AdmitError::new("", AdmitReason::BrokenTool, format!("the tool file is wrong: {error}"))
            })
        };
        let environment = Some(place(&manifest.environment)?).filter(|name| !name.is_empty());
        let acted_on = ["service", "target"].into_iter().find_map(|name| args.get(name)?.as_str());
        let target = match (manifest.target.as_str(), environment.as_deref(), acted_on) {
            ("", Some(environment), Some(service)) => format!("{environment}/{service}"),
            ("", Some(name), None) | ("", None, Some(name)) => name.to_owned(),
            ("", None, None) => tool.name().to_owned(),
            (source, _, _) => place(source)?,
        };
        let sealed = json!({ "tool": tool.name(), "schema": tool.digest(), "args": args });
        let text = canonical(&sealed)
            .map_err(|error| AdmitError::new("", AdmitReason::BrokenTool, error.to_string()))?;
        let digest = Digest::labelled("countersign/call/v1", text.as_bytes());
        let effect = manifest.effects.class;
        Ok(Call::seal(CallParts { tool: tool.name().to_owned(), args, effect, environment, target, digest }))
    }
}

fn unknown_argument(tool: &Tool, name: &str) -> AdmitError {
    let names: Vec<String> = tool.params().iter().map(|param| param.name.clone()).collect();
    let near: Vec<String> =
        near(name, names.iter().map(String::as_str)).into_iter().map(str::to_owned).collect();
    let sentence = format!("`{}` has no argument `{name}`", tool.name());
    AdmitError::new(name, AdmitReason::UnknownArgument, sentence).suggest(near, &names)
}

fn missing(tool: &Tool, args: &Map<String, Value>) -> Result<(), AdmitError> {
    let open = tool.params().iter().filter(|param| param.required && !args.contains_key(&param.name));
    let open: Vec<&Param> = open.collect();
    let Some(first) = open.first() else { return Ok(()) };
    let names: Vec<String> = open.iter().map(|param| param.name.clone()).collect();
    let quoted: Vec<String> = names.iter().map(|name| format!("`{name}`")).collect();
    let sentence = format!("`{}` also needs {}", tool.name(), quoted.join(" and "));
    let mut error = AdmitError::new(&first.name, AdmitReason::MissingArgument, sentence);
    if let (Some(listed), [_]) = (&first.names, open.as_slice()) {
        error = error.suggest(Vec::new(), listed.canonical());
    }
    error.missing = names.into();
    Err(error)
}

fn admit_value(param: &Param, value: &Value) -> Result<Value, AdmitError> {
    match (param.kind, value) {
        (ParamKind::Text, Value::String(text)) => admit_text(param, text).map(Value::String),
        (ParamKind::Integer, Value::Number(number)) if number.is_i64() || number.is_u64() => {
            match canonical(value) {
                Ok(_) => Ok(value.clone()),
                Err(error) => Err(AdmitError::new(
                    &param.name,
                    AdmitReason::TooLarge,
                    format!("`{}`: {error}", param.name),
                )),
            }
        }
        (ParamKind::Flag, Value::Bool(_)) => Ok(value.clone()),
        (ParamKind::Text | ParamKind::Integer | ParamKind::Flag, _) => {
            let sentence = format!("`{}` must be {}, not `{value}`", param.name, param.kind.noun());
            Err(AdmitError::new(&param.name, AdmitReason::WrongType, sentence))
        }
    }
}

fn admit_text(param: &Param, text: &str) -> Result<String, AdmitError> {
    let name = &param.name;
    if text.chars().count() > MAX_TEXT {
        let sentence = format!("`{name}` has more than {MAX_TEXT} characters");
        return Err(AdmitError::new(name, AdmitReason::TooLarge, sentence));
    }
    if let Some(hidden) = hidden_character(text) {
        let sentence = format!(
            "`{name}` holds a character that cannot be seen (U+{:04X}); type it again",
            u32::from(hidden)
        );
        return Err(AdmitError::new(name, AdmitReason::HiddenCharacter, sentence));
    }
    let Some(names) = &param.names else { return Ok(text.to_owned()) };
    names.resolve(text).map(str::to_owned).ok_or_else(|| {
        let noun = param.list.map_or(name.as_str(), |list| list.noun());
        let sentence = format!("there is no {noun} `{text}`");
        AdmitError::new(name, AdmitReason::UnknownName, sentence)
            .suggest(names.nearest(text), names.canonical())
    })
}

fn not_allowed(tool: &Tool, error: &ValidationError<'_>) -> AdmitError {
    let name = error.instance_path().to_string();
    let name = name.trim_start_matches('/');
    let value = error.instance();
    let sentence = match error.kind() {
        ValidationErrorKind::Minimum { limit } => format!("`{name}` must be at least {limit}, not `{value}`"),
        ValidationErrorKind::Maximum { limit } => format!("`{name}` must be at most {limit}, not `{value}`"),
        ValidationErrorKind::MinLength { limit: 1 } => format!("`{name}` must not be empty"),
        ValidationErrorKind::MinLength { limit } => format!("`{name}` must have at least {limit} characters"),
        ValidationErrorKind::MaxLength { limit } => format!("`{name}` has more than {limit} characters"),
        ValidationErrorKind::Pattern { .. } => {
            let meaning = tool.param(name).map(hint).unwrap_or_default();
            format!("`{name}` cannot be `{}`; it is {meaning}", value.as_str().unwrap_or_default())
        }
        // The other words of JSON Schema are refused when the tool is loaded, or were checked before.
        _ => format!("`{name}` is not accepted: {error}"),
    };
    AdmitError::new(name, AdmitReason::NotAllowed, sentence)
}
