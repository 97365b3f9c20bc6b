use std::fmt;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::domain::RoleName;

/// Who is told: `team-lead` or `#incidents`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Audience {
    /// Everybody who holds the role at that moment.
    Role(RoleName),
    /// A listed channel, by its name without `#`.
    Channel(String),
}

/// What happens when nobody has decided for a while. It asks for attention; it lets nobody approve who could not before.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Escalation {
    /// Counted from when it began to wait.
    pub after: Duration,
    /// Who is told then.
    pub to: Audience,
}

impl fmt::Display for Audience {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Role(role) => role.fmt(f),
            Self::Channel(name) => write!(f, "#{name}"),
        }
    }
}
