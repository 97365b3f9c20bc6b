use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::Platform;

/// One human being, by the name the policy knows them under (`alice`). One person may have many accounts.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(transparent)]
pub struct PersonId(pub String);

impl fmt::Display for PersonId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// A role of the policy (`team-lead`).
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(transparent)]
pub struct RoleName(pub String);

impl fmt::Display for RoleName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// An account on a chat platform. Who stands behind it is the policy's to say, by an explicit link; the display
/// name is for showing and never decides anything.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct ChatUser {
    /// Where the account is.
    pub platform: Platform,
    /// Team, tenant or server; empty where the platform has none.
    pub workspace: String,
    /// The platform's own id of the account.
    pub user: String,
    /// What the platform shows as the name.
    pub display: String,
}

impl ChatUser {
    /// The form in which the policy links accounts: `slack:T01/U02`, or `console:alice` without a workspace.
    pub fn identity(&self) -> String {
        if self.workspace.is_empty() {
            format!("{}:{}", self.platform, self.user)
        } else {
            format!("{}:{}/{}", self.platform, self.workspace, self.user)
        }
    }

    /// Reads what [`ChatUser::identity`] wrote; the name to show is then the platform's own id.
    pub fn of_identity(identity: &str) -> Option<Self> {
        let (platform, rest) = identity.split_once(':')?;
        let (workspace, user) = rest.rsplit_once('/').unwrap_or(("", rest));
        Some(Self {
            platform: Platform::parse(platform)?,
            workspace: workspace.to_owned(),
            user: user.to_owned(),
            display: user.to_owned(),
        })
    }
}
