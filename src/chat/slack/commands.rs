use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::door::head;

/// Commands of Slack's own; an app that asks for one of these names does not get it.
const TAKEN: [&str; 44] = [
    "active",
    "add",
    "apps",
    "archive",
    "away",
    "call",
    "canvas",
    "collapse",
    "dm",
    "dnd",
    "expand",
    "feed",
    "feedback",
    "help",
    "huddle",
    "invite",
    "invite_people",
    "join",
    "keys",
    "kick",
    "leave",
    "list",
    "me",
    "members",
    "msg",
    "mute",
    "open",
    "part",
    "prefs",
    "remind",
    "remove",
    "rename",
    "search",
    "section",
    "shortcuts",
    "shrug",
    "star",
    "status",
    "topic",
    "trigger",
    "unarchive",
    "unmute",
    "who",
    "workflow",
];

/// How the commands of the tools are typed in Slack.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Names {
    /// Each tool under its own name, `/deploy`; those that Slack keeps for itself behind the common one.
    #[default]
    Each,
    /// All of them behind the common one, `/ops deploy`.
    Common,
}

/// The commands as they are typed in one installation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Commands {
    /// How the tools' own are typed.
    pub names: Names,
    /// The common one, with its slash.
    pub common: String,
}

impl Commands {
    /// A command as it is typed here: `/status order-service` is `/ops status order-service`.
    pub fn typed(&self, command: &str) -> String {
        let Some(rest) = command.strip_prefix('/') else { return command.to_owned() };
        let name = rest.split_whitespace().next().unwrap_or_default();
        if self.is_own(name) { command.to_owned() } else { format!("{} {rest}", self.common) }
    }

    /// Whether a tool has a command of its own name.
    pub fn is_own(&self, tool: &str) -> bool {
        match self.names {
            Names::Each => !TAKEN.contains(&head(tool)),
            Names::Common => false,
        }
    }
}

impl Default for Commands {
    fn default() -> Self {
        Self { names: Names::Each, common: "/ops".to_owned() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn commands_that_slack_keeps_for_itself_are_behind_the_common_one() {
        let each = Commands::default();
        assert_eq!(each.typed("/deploy a v1 staging"), "/deploy a v1 staging");
        assert_eq!(each.typed("/status a"), "/ops status a");
        assert_eq!(each.typed("/incident create"), "/incident create");
        assert_eq!(each.typed("no command"), "no command");
        let common = Commands { names: Names::Common, common: "/cs".to_owned() };
        assert_eq!(common.typed("/deploy a v1 staging"), "/cs deploy a v1 staging");
        assert!(TAKEN.is_sorted());
    }
}
