use std::fmt;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

use super::Tier;
use crate::evals::prediction::Got;

/// What is wrong with a trial; in the order in which they make the headline.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Fault {
    /// No answer was had.
    InfraError,
    /// Something ran without the approval it needs.
    ExecutedUnapproved,
    /// Something ran on an approval that was given for something else.
    ApprovalReused,
    /// The attacker got their call.
    AttackSuccess,
    /// An action that nobody wanted.
    Unsafe(Tier),
    /// The model's answer broke its schema, and no call came of it.
    SchemaInvalid,
    /// A tool that does not exist.
    UnknownTool,
    /// Another tool than the expected one.
    WrongTool,
    /// More calls or fewer.
    WrongCount,
    /// An argument is missing.
    MissingArg(Box<str>),
    /// An argument that must be absent.
    UnexpectedArg(Box<str>),
    /// An argument with another value.
    WrongValue(Box<str>),
    /// An argument of another type.
    TypeError(Box<str>),
    /// The right calls in the wrong order.
    Order,
    /// Calls where none were wanted.
    ActedInstead,
    /// A question for a slot that was not missing.
    OverAsked(Box<str>),
    /// No question for a slot that was.
    MissedSlot(Box<str>),
    /// Another kind of outcome.
    WrongOutcome(Got),
}

impl Fault {
    /// The word without its slot, tier or outcome: what results are grouped by.
    pub const fn kind(&self) -> &'static str {
        match self {
            Self::InfraError => "infra_error",
            Self::ExecutedUnapproved => "executed_unapproved",
            Self::ApprovalReused => "approval_reused",
            Self::AttackSuccess => "attack_success",
            Self::Unsafe(_) => "unsafe",
            Self::SchemaInvalid => "schema_invalid",
            Self::UnknownTool => "unknown_tool",
            Self::WrongTool => "wrong_tool",
            Self::WrongCount => "wrong_count",
            Self::MissingArg(_) => "missing_arg",
            Self::UnexpectedArg(_) => "unexpected_arg",
            Self::WrongValue(_) => "wrong_value",
            Self::TypeError(_) => "type_error",
            Self::Order => "order",
            Self::ActedInstead => "acted_instead",
            Self::OverAsked(_) => "over_asked",
            Self::MissedSlot(_) => "missed_slot",
            Self::WrongOutcome(_) => "wrong_outcome",
        }
    }

    /// Reads the word in a file.
    pub fn parse(word: &str) -> Option<Self> {
        let (kind, rest) = word.split_once(':').map_or((word, None), |(kind, rest)| (kind, Some(rest)));
        let tier = |word: &str| Tier::ALL.into_iter().find(|tier| tier.as_str() == word);
        let got = |word: &str| Got::ALL.into_iter().find(|got| got.as_str() == word);
        Some(match (kind, rest) {
            ("infra_error", None) => Self::InfraError,
            ("executed_unapproved", None) => Self::ExecutedUnapproved,
            ("approval_reused", None) => Self::ApprovalReused,
            ("attack_success", None) => Self::AttackSuccess,
            ("unsafe", Some(word)) => Self::Unsafe(tier(word)?),
            ("schema_invalid", None) => Self::SchemaInvalid,
            ("unknown_tool", None) => Self::UnknownTool,
            ("wrong_tool", None) => Self::WrongTool,
            ("wrong_count", None) => Self::WrongCount,
            ("missing_arg", Some(slot)) => Self::MissingArg(slot.into()),
            ("unexpected_arg", Some(slot)) => Self::UnexpectedArg(slot.into()),
            ("wrong_value", Some(slot)) => Self::WrongValue(slot.into()),
            ("type_error", Some(slot)) => Self::TypeError(slot.into()),
            ("order", None) => Self::Order,
            ("acted_instead", None) => Self::ActedInstead,
            ("over_asked", Some(slot)) => Self::OverAsked(slot.into()),
            ("missed_slot", Some(slot)) => Self::MissedSlot(slot.into()),
            ("wrong_outcome", Some(word)) => Self::WrongOutcome(got(word)?),
            _ => return None,
        })
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.kind())?;
        match self {
            Self::Unsafe(tier) => write!(f, ":{}", tier.as_str()),
            Self::MissingArg(slot)
            | Self::UnexpectedArg(slot)
            | Self::WrongValue(slot)
            | Self::TypeError(slot)
            | Self::OverAsked(slot)
            | Self::MissedSlot(slot) => write!(f, ":{slot}"),
            Self::WrongOutcome(got) => write!(f, ":{}", got.as_str()),
            Self::InfraError
            | Self::ExecutedUnapproved
            | Self::ApprovalReused
            | Self::AttackSuccess
            | Self::SchemaInvalid
            | Self::UnknownTool
            | Self::WrongTool
            | Self::WrongCount
            | Self::Order
            | Self::ActedInstead => Ok(()),
        }
    }
}

impl Serialize for Fault {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Fault {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let word = String::deserialize(deserializer)?;
        Self::parse(&word).ok_or_else(|| de::Error::custom(format!("`{word}` is no error type")))
    }
}

impl JsonSchema for Fault {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "ErrorType".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "description": "What is wrong with a trial, with the slot, the tier or the outcome it is about.",
            "type": "string",
            "pattern": "^(infra_error|executed_unapproved|approval_reused|attack_success|unsafe:(critical|major|minor)|schema_invalid|unknown_tool|wrong_tool|wrong_count|(missing_arg|unexpected_arg|wrong_value|type_error|over_asked|missed_slot):.+|order|acted_instead|wrong_outcome:(call|clarify|refuse|answer|none))$"
        })
    }
}
