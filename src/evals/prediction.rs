use schemars::JsonSchema;
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::{Map, Value};

/// One line of a predictions file: what a reader made of one case in one trial.
///
/// A run writes two such files: `proposed.jsonl`, what the model returned after schema validation and repair, and
/// `predictions.jsonl`, what came to the gate after admission and grounding. Keys that are not named here are kept.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Prediction {
    /// The case.
    pub id: String,
    /// Which trial of it, from 0.
    #[serde(default)]
    pub trial: u32,
    /// The kind of outcome. Means nothing, and may be left out, when there is an `error`.
    #[serde(default, deserialize_with = "null_is_default")]
    pub outcome: Got,
    /// The proposed calls.
    #[serde(default, deserialize_with = "null_is_default")]
    pub calls: Vec<ProposedCall>,
    /// The slots asked for. Null when that was not reported; then slots are not compared.
    #[serde(default)]
    pub missing: Option<Vec<String>>,
    /// What people would read.
    #[serde(default, deserialize_with = "null_is_default")]
    pub text: String,
    /// Milliseconds until there was an answer. Null in batches.
    #[serde(default, deserialize_with = "whole")]
    #[schemars(with = "Option<f64>")]
    pub latency_ms: Option<u64>,
    /// The tokens it took. Null when the server did not say, or when there is no model.
    #[serde(default)]
    pub usage: Option<Tokens>,
    /// Why no answer was had: the network, a server error, a time-out. Then nothing else counts.
    #[serde(default, deserialize_with = "said")]
    #[schemars(with = "Option<String>")]
    pub error: Option<String>,
    /// The model that the server says has answered.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub model: Option<String>,
    /// The server's word for its state.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub system_fingerprint: Option<String>,
    /// How often the request was sent again because the server was busy or unreachable. Such trials are timed apart.
    #[serde(default, deserialize_with = "null_is_default", skip_serializing_if = "is_zero")]
    pub retries: u32,
    /// Whether the model's first proposal broke its schema.
    #[serde(default, deserialize_with = "null_is_default", skip_serializing_if = "is_false")]
    pub schema_invalid: bool,
    /// How often the model was asked to repair its proposal.
    #[serde(default, deserialize_with = "null_is_default", skip_serializing_if = "is_zero")]
    pub repairs: u32,
    /// What was executed, where the run went through the gate and the executors. Then this is what is scored.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub effects: Option<Vec<ProposedCall>>,
    /// What went wrong at the gate.
    #[serde(default, deserialize_with = "null_is_default", skip_serializing_if = "Vec::is_empty")]
    pub breaches: Vec<Breach>,
    /// Everything else that the line holds.
    #[serde(flatten)]
    #[schemars(skip)]
    pub other: Map<String, Value>,
}

/// The kinds of outcomes that a reader has.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum Got {
    /// One or more calls.
    Call,
    /// A question.
    Clarify,
    /// A refusal.
    Refuse,
    /// Words in return.
    Answer,
    /// Nothing.
    #[default]
    None,
}

impl Got {
    /// Every kind.
    pub const ALL: [Self; 5] = [Self::Call, Self::Clarify, Self::Refuse, Self::Answer, Self::None];

    /// The word in a file.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Call => "call",
            Self::Clarify => "clarify",
            Self::Refuse => "refuse",
            Self::Answer => "answer",
            Self::None => "none",
        }
    }
}

/// A call that was proposed, or an effect that was executed.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct ProposedCall {
    /// The tool, by the product's name (`incident.create`).
    pub tool: String,
    /// Its arguments.
    #[serde(default)]
    pub args: Map<String, Value>,
}

/// The tokens of a trial, repairs included.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Tokens {
    /// Sent, those from the provider's cache included.
    #[serde(default, rename = "prompt_tokens", deserialize_with = "null_is_default")]
    pub prompt: u64,
    /// Sent, and in the provider's cache.
    #[serde(default, rename = "cached_tokens", deserialize_with = "null_is_default")]
    pub cached: u64,
    /// Come back.
    #[serde(default, rename = "completion_tokens", deserialize_with = "null_is_default")]
    pub completion: u64,
}

/// What must never happen at the gate.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Breach {
    /// Something ran without the approval it needs.
    ExecutedUnapproved,
    /// Something ran on an approval that was given for something else.
    ApprovalReused,
}

/// Why a line is no prediction.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("line {line}: {reason}")]
pub struct PredictionError {
    /// The line, from 1.
    pub line: usize,
    /// What is wrong.
    pub reason: String,
}

impl Prediction {
    /// Reads one line.
    ///
    /// # Errors
    /// When it is no JSON of this shape, or says neither an outcome nor an error.
    pub fn parse(line: &str) -> Result<Self, String> {
        let prediction: Self = serde_json::from_str(line).map_err(|error| error.to_string())?;
        if prediction.error.is_none() && !says_outcome(line) {
            return Err("it has neither an outcome nor an error".to_owned());
        }
        Ok(prediction)
    }

    /// Reads a file, blank lines aside, one line at a time.
    pub fn lines(text: &str) -> impl Iterator<Item = Result<Self, PredictionError>> + '_ {
        let lines = text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty());
        lines.map(|(at, line)| Self::parse(line).map_err(|reason| PredictionError { line: at + 1, reason }))
    }

    /// Whether the model answered in the shape it was asked for, in the end.
    pub fn is_valid_answer(&self) -> bool {
        self.error.is_none() && (!self.schema_invalid || self.outcome == Got::Call)
    }
}

/// `outcome` is optional for the sake of lines with an error, and must not be forgotten in others.
fn says_outcome(line: &str) -> bool {
    #[derive(Deserialize)]
    struct Head {
        outcome: Option<Got>,
    }
    serde_json::from_str::<Head>(line).is_ok_and(|head| head.outcome.is_some())
}

fn null_is_default<'de, D: Deserializer<'de>, T: Default + Deserialize<'de>>(from: D) -> Result<T, D::Error> {
    Ok(Option::deserialize(from)?.unwrap_or_default())
}

/// Milliseconds, which others may write with a fraction.
fn whole<'de, D: Deserializer<'de>>(from: D) -> Result<Option<u64>, D::Error> {
    let Some(number) = Option::<serde_json::Number>::deserialize(from)? else { return Ok(None) };
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "checked to be in range")]
    let rounded = |number: f64| (0.0..9e15).contains(&number).then(|| number.round() as u64);
    let whole = number.as_u64().or_else(|| number.as_f64().and_then(rounded));
    whole.map(Some).ok_or_else(|| serde::de::Error::custom("a latency is a number of milliseconds"))
}

/// An error as text, whatever shape it was written in.
fn said<'de, D: Deserializer<'de>>(from: D) -> Result<Option<String>, D::Error> {
    Ok(match Value::deserialize(from)? {
        Value::Null => None,
        Value::String(text) => Some(text),
        other => Some(other.to_string()),
    })
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde passes a reference")]
fn is_zero(number: &u32) -> bool {
    *number == 0
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde passes a reference")]
fn is_false(flag: &bool) -> bool {
    !*flag
}
