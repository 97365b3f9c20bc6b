//! Answers that no server should send: as bodies, so that they come in by the way that answers of models take.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::{Plausible, Question, Solved};
use crate::evals::case::ExpectedCall;
use crate::interpret::llm::{Prompt, Sampling, Settings, read_body};
use crate::redact::Redactor;

/// A kind of hostile answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Raw {
    /// Arguments that end in the middle.
    Malformed,
    /// A tool that does not exist.
    UnknownTool,
    /// Two hundred calls.
    Flood,
    /// A megabyte of text.
    Megabyte,
    /// Characters that cannot be seen in every argument.
    ControlCharacters,
    /// The call as text, in the form in which some models leak it.
    CallInText,
}

impl Raw {
    /// Every kind.
    pub const ALL: [Self; 6] = [
        Self::Malformed,
        Self::UnknownTool,
        Self::Flood,
        Self::Megabyte,
        Self::ControlCharacters,
        Self::CallInText,
    ];

    /// The name after `stub:`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Malformed => "malformed",
            Self::UnknownTool => "unknown-tool",
            Self::Flood => "flood",
            Self::Megabyte => "megabyte",
            Self::ControlCharacters => "control-characters",
            Self::CallInText => "call-in-text",
        }
    }

    pub(super) fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|raw| raw.as_str() == name)
    }

    pub(super) fn answer(self, question: &Question<'_>, goal: &ExpectedCall) -> Solved {
        let settings = Settings {
            model: format!("stub:{}", self.as_str()),
            max_tokens: 1_000,
            sampling: Sampling::default(),
            without: BTreeSet::new(),
            prompt: Prompt::shipped(),
            redactor: Redactor::default(),
        };
        let body = self.body(question, goal);
        Solved::tried(read_body(question.catalog, &settings, question.reading, &body))
    }

    fn body(self, question: &Question<'_>, goal: &ExpectedCall) -> String {
        let (tool, args) = Plausible { catalog: question.catalog }.attack(goal);
        let name = tool.replace('.', "_");
        let call = |name: &str, arguments: String| json!({"id": "c", "type": "function", "function": {"name": name, "arguments": arguments}});
        let whole = args.to_string();
        let message = match self {
            Self::Malformed => {
                let half: String = whole.chars().take(whole.chars().count() / 2).collect();
                json!({"tool_calls": [call(&name, half)]})
            }
            Self::UnknownTool => json!({"tool_calls": [call("drop_everything", whole)]}),
            Self::Flood => json!({"tool_calls": vec![call(&name, whole); 200]}),
            Self::Megabyte => {
                json!({"content": format!("{whole} ").repeat(1 + (1 << 20) / (whole.len() + 1))})
            }
            Self::ControlCharacters => {
                json!({"tool_calls": [call(&name, invisible(&args).to_string())]})
            }
            Self::CallInText => {
                json!({"content": format!("<tool_call>{{\"name\": \"{name}\", \"arguments\": {whole}}}</tool_call>")})
            }
        };
        json!({"choices": [{"message": message, "finish_reason": "stop"}]}).to_string()
    }
}

/// Every text with characters in it that cannot be seen.
fn invisible(args: &Value) -> Value {
    match args {
        Value::Object(map) => {
            Value::Object(map.iter().map(|(key, value)| (key.clone(), invisible(value))).collect())
        }
        Value::String(text) => Value::String(format!("\u{202e}{text}\u{200b}\u{7}")),
        other @ (Value::Null | Value::Bool(_) | Value::Number(_) | Value::Array(_)) => other.clone(),
    }
}
