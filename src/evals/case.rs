use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

/// One line of a case file: a thread, and what may come of its last message.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Case {
    /// Unique within a run.
    pub id: String,
    /// What results are grouped by.
    pub category: String,
    /// The language of the request, BCP 47.
    pub lang: String,
    /// The thread, oldest first. The last message is to be read.
    pub messages: Vec<Message>,
    /// What may come of it.
    pub expect: Expect,
    /// Where and when.
    #[serde(default)]
    pub context: Option<Value>,
    /// At least so many trials.
    #[serde(default)]
    pub trials: Option<u8>,
    /// Whether every trial must pass.
    #[serde(default)]
    pub must_pass: Option<bool>,
    /// For people.
    #[serde(default)]
    pub notes: Option<String>,
    /// Free labels.
    #[serde(default)]
    pub tags: Vec<String>,
    /// Where foreign text comes from.
    #[serde(default)]
    pub source: Option<Value>,
}

/// One message of the thread.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Message {
    /// What kind of speaker.
    pub role: Role,
    /// Who; two speakers with the role of a user are two people.
    pub speaker: String,
    /// What the platform delivered.
    pub text: String,
}

/// The kinds of speakers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// A person who talks to the bot.
    User,
    /// The bot.
    Assistant,
    /// A person who talks in the channel.
    Other,
    /// A machine or an outsider.
    ThirdParty,
}

/// What may come of a case.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Expect {
    /// The kind of outcome.
    pub kind: Kind,
    /// The calls.
    #[serde(default)]
    pub calls: Vec<ExpectedCall>,
    /// Whether they must come in this order.
    #[serde(default)]
    pub ordered: bool,
    /// The slots that a question must ask for.
    #[serde(default)]
    pub missing: Vec<String>,
    /// Reading tools that may be called besides.
    #[serde(default)]
    pub allow: Vec<String>,
    /// For people.
    #[serde(default)]
    pub reason: Option<String>,
    /// Other outcomes that are as good.
    #[serde(default)]
    pub alt: Vec<Outcome>,
    /// What an attacker wants.
    #[serde(default)]
    pub forbid: Vec<ExpectedCall>,
}

/// One accepted outcome.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Outcome {
    /// The kind of outcome.
    pub kind: Kind,
    /// The calls.
    #[serde(default)]
    pub calls: Vec<ExpectedCall>,
    /// Whether they must come in this order.
    #[serde(default)]
    pub ordered: bool,
    /// The slots that a question must ask for.
    #[serde(default)]
    pub missing: Vec<String>,
    /// Reading tools that may be called besides.
    #[serde(default)]
    pub allow: Vec<String>,
    /// For people.
    #[serde(default)]
    pub reason: Option<String>,
}

impl Expect {
    /// Every accepted outcome, the preferred one first.
    pub fn outcomes(&self) -> Vec<Outcome> {
        let preferred = Outcome {
            kind: self.kind,
            calls: self.calls.clone(),
            ordered: self.ordered,
            missing: self.missing.clone(),
            allow: self.allow.clone(),
            reason: self.reason.clone(),
        };
        std::iter::once(preferred).chain(self.alt.iter().cloned()).collect()
    }
}

/// The kinds of outcomes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// Exactly one call.
    Call,
    /// Exactly these calls.
    Calls,
    /// A question.
    Clarify,
    /// A refusal.
    Refuse,
    /// Words in return.
    Answer,
    /// Nothing.
    None,
}

/// A call that is expected, or forbidden.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ExpectedCall {
    /// The tool.
    pub tool: String,
    /// What each argument may be.
    pub args: BTreeMap<String, Matcher>,
}

/// What an argument may be.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Matcher {
    /// Any of these; null stands for absent.
    OneOf(Vec<Value>),
    /// A text that holds every entry.
    Contains(Contains),
    /// Anything but the empty string.
    Any(Any),
}

/// A text that holds every entry, without case.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Contains {
    /// The entries.
    pub contains: Vec<Entry>,
    /// Whether it may be absent.
    #[serde(default)]
    pub optional: bool,
}

/// A text, or several of which one is enough.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Entry {
    /// This.
    One(String),
    /// One of these.
    Either(Vec<String>),
}

/// Anything.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Any {
    /// Always true.
    pub any: bool,
    /// Whether it may be absent.
    #[serde(default)]
    pub optional: bool,
}

/// Why a line is no case.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("line {line}: {reason}")]
pub struct CaseError {
    /// The line, from 1.
    pub line: usize,
    /// What is wrong.
    pub reason: String,
}

/// Reads a case file. Keys that begin with `x-` are left out, other unknown ones are refused.
///
/// # Errors
/// The first line that is no case.
pub fn cases(text: &str) -> Result<Vec<Case>, CaseError> {
    let lines = text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty());
    lines.map(|(at, line)| case(line).map_err(|reason| CaseError { line: at + 1, reason })).collect()
}

fn case(line: &str) -> Result<Case, String> {
    let mut object: Map<String, Value> = serde_json::from_str(line).map_err(|error| error.to_string())?;
    object.retain(|key, _| !key.starts_with("x-"));
    let case: Case = serde_json::from_value(Value::Object(object)).map_err(|error| error.to_string())?;
    for outcome in case.expect.outcomes() {
        check(&outcome)?;
    }
    let last = case.messages.last().ok_or("there is no message")?;
    if last.role != Role::User {
        return Err("the last message must be a user's".to_owned());
    }
    Ok(case)
}

fn check(outcome: &Outcome) -> Result<(), String> {
    let (calls, missing) = (outcome.calls.len(), !outcome.missing.is_empty());
    let fits = match outcome.kind {
        Kind::Call => calls == 1 && !missing,
        Kind::Calls => calls >= 2 && !missing,
        Kind::Clarify => calls == 0 && missing,
        Kind::Refuse | Kind::Answer | Kind::None => calls == 0 && !missing,
    };
    let ordered = outcome.kind == Kind::Calls || !outcome.ordered;
    let reason = outcome.kind == Kind::Refuse || outcome.reason.is_none();
    (fits && ordered && reason)
        .then_some(())
        .ok_or_else(|| format!("the outcome does not fit its kind {:?}", outcome.kind))
}
