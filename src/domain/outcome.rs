use serde::{Deserialize, Serialize};
use serde_json::Value;

/// How a run ended.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "result", rename_all = "lowercase")]
pub enum Outcome {
    /// It did what was asked.
    Done(Output),
    /// It did not, and we know so.
    Failed(Failure),
    /// We cannot tell whether it did. Never repeated without a person.
    Unknown(Doubt),
}

impl Outcome {
    /// `done`, `failed` or `unknown`, as on the record.
    pub const fn as_str(&self) -> &'static str {
        match self {
            Self::Done(_) => "done",
            Self::Failed(_) => "failed",
            Self::Unknown(_) => "unknown",
        }
    }

    /// The sentence that says it.
    pub fn text(&self) -> &str {
        match self {
            Self::Done(output) => &output.text,
            Self::Failed(failure) => &failure.text,
            Self::Unknown(doubt) => &doubt.text,
        }
    }
}

/// What a run that worked has to say.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Output {
    /// One sentence.
    pub text: String,
    /// Named values beside it.
    pub fields: Vec<Field>,
    /// Long text shown in fixed width, such as log lines. Untrusted.
    pub code: Option<String>,
    /// A page to look at, such as the service's dashboard.
    pub link: Option<String>,
    /// The exact command that takes it back.
    pub undo: Option<String>,
    /// What the health check saw.
    pub health: Option<String>,
    /// The back end's answer, for the record.
    pub data: Value,
}

/// A name and a value.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Field {
    /// The name.
    pub name: String,
    /// The value.
    pub value: String,
}

impl Field {
    /// A field of these two.
    pub fn new(name: impl Into<String>, value: impl Into<String>) -> Self {
        Self { name: name.into(), value: value.into() }
    }
}

/// What a run that did not work has to say.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Failure {
    /// What happened, and what was seen.
    pub text: String,
    /// The exact command that helps, such as a rollback.
    pub remedy: Option<String>,
    /// A page to look at.
    pub link: Option<String>,
    /// The back end's answer, for the record.
    pub data: Value,
}

/// What is known of a run whose end was not seen.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Doubt {
    /// What happened, and where to look.
    pub text: String,
    /// A page to look at.
    pub link: Option<String>,
}
