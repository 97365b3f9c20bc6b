use std::fmt;

use serde::{Deserialize, Serialize};

use super::MessageId;

/// A way in and out.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Platform {
    /// The embedded web console, and the command line that speaks through it.
    Console,
    /// Slack.
    Slack,
    /// Discord.
    Discord,
    /// Microsoft Teams.
    Teams,
    /// Mattermost.
    Mattermost,
}

impl Platform {
    /// The name used in identities, tables and metrics.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Console => "console",
            Self::Slack => "slack",
            Self::Discord => "discord",
            Self::Teams => "teams",
            Self::Mattermost => "mattermost",
        }
    }

    /// The name that people know it by.
    pub const fn title(self) -> &'static str {
        match self {
            Self::Console => "the console",
            Self::Slack => "Slack",
            Self::Discord => "Discord",
            Self::Teams => "Microsoft Teams",
            Self::Mattermost => "Mattermost",
        }
    }

    /// Reads what [`Platform::as_str`] wrote.
    pub fn parse(text: &str) -> Option<Self> {
        [Self::Console, Self::Slack, Self::Discord, Self::Teams, Self::Mattermost]
            .into_iter()
            .find(|platform| platform.as_str() == text)
    }
}

impl fmt::Display for Platform {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// Where something is said: platform, workspace, channel, and the thread if it is in one.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Place {
    /// The platform.
    pub platform: Platform,
    /// Team, tenant or server; empty where the platform has none.
    pub workspace: String,
    /// The channel's id on its platform; in the console its name without `#`.
    pub channel: String,
    /// The message that opened the thread, in our own transcript.
    pub thread: Option<MessageId>,
}
