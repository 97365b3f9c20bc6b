use std::collections::BTreeSet;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// How much a call can do, from harmless to hard to undo.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum EffectClass {
    /// Changes nothing.
    Read,
    /// Changes something.
    Write,
    /// Takes something away, or cannot be undone.
    Destructive,
}

impl EffectClass {
    /// Whether it changes anything.
    pub fn mutates(self) -> bool {
        self > Self::Read
    }
}

/// Which way a call moves a quantity.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Direction {
    /// To more.
    Up,
    /// To less. Also what an unreadable present value counts as, because it is the stricter reading.
    Down,
    /// To what it is.
    Same,
}

/// What a call amounts to, now that the facts are known.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Assessment {
    /// The class, raised by facts where they ask for it.
    pub class: EffectClass,
    /// The direction, for tools that have one.
    pub direction: Option<Direction>,
    /// Words for the policy, such as `checks-not-green`.
    pub tags: BTreeSet<String>,
    /// Set when there is nothing to decide.
    pub short: Option<Short>,
    /// What will change, for the card: `order-service: v2.4.0 → v2.4.1, 3 replicas`.
    pub change: String,
}

/// An end before the gate.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", content = "text", rename_all = "lowercase")]
pub enum Short {
    /// It makes no sense or is out of bounds: a sentence why.
    Refuse(String),
    /// It is so already: a sentence that says so.
    Answer(String),
}
