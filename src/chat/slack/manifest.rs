//! The app's manifest, made from the tools: what a team pastes to set the app up.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::door::head;
use super::text::cut;
use super::window::Callback;
use super::{Commands, home};
use crate::catalog::{Catalog, Tool, usage};

/// What the bot may do, and nothing that it does not need.
pub const SCOPES: [&str; 17] = [
    "app_mentions:read",
    "assistant:write",
    "channels:history",
    "channels:manage",
    "channels:read",
    "chat:write",
    "commands",
    "files:write",
    "groups:history",
    "groups:read",
    "groups:write",
    "im:history",
    "im:read",
    "mpim:history",
    "reactions:read",
    "usergroups:read",
    "users:read",
];

/// What Slack tells us about.
const EVENTS: [&str; 15] = [
    "app_home_opened",
    "app_mention",
    "app_uninstalled",
    "assistant_thread_started",
    "channel_id_changed",
    "message.channels",
    "message.groups",
    "message.im",
    "message.mpim",
    "reaction_added",
    "reaction_removed",
    "subteam_members_changed",
    "subteam_updated",
    "tokens_revoked",
    "user_change",
];

/// The most commands an app may have.
const MOST_COMMANDS: usize = 50;

/// Where Slack delivers to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Delivered {
    /// A socket that we open: no public address is needed.
    Socket,
    /// An address that Slack can reach, such as `https://ops.example.com/slack`.
    Http(String),
}

/// The manifest of an app that offers these tools.
pub fn manifest(catalog: &Catalog, commands: &Commands, delivered: &Delivered) -> Value {
    let url = match delivered {
        Delivered::Socket => None,
        Delivered::Http(url) => Some(url.as_str()),
    };
    let mut events = json!({ "bot_events": EVENTS });
    let mut interactivity = json!({ "is_enabled": true });
    for part in [&mut events, &mut interactivity] {
        if let (Some(part), Some(url)) = (part.as_object_mut(), url) {
            part.insert("request_url".to_owned(), url.into());
        }
    }
    let names: Vec<String> = catalog.tools().map(|tool| tool.name().to_owned()).collect();
    json!({
        "_metadata": { "major_version": 1, "minor_version": 1 },
        "display_information": {
            "name": "countersign",
            "description": "Does nothing until the right people have said yes",
            "background_color": "#1f2933",
        },
        "features": {
            "app_home": {
                "home_tab_enabled": true,
                "messages_tab_enabled": true,
                "messages_tab_read_only_enabled": false,
            },
            "bot_user": { "display_name": "countersign", "always_online": true },
            "assistant_view": {
                "assistant_description": "Ask in your own words; whoever must agree is asked.",
                "suggested_prompts": home::prompts(catalog, &names),
            },
            "shortcuts": [{
                "name": "Ask for something",
                "type": "global",
                "callback_id": Callback::Tools.as_str(),
                "description": "Choose what shall happen and fill in its form",
            }],
            "slash_commands": slash_commands(catalog, commands, url),
        },
        "oauth_config": { "scopes": { "bot": SCOPES } },
        "settings": {
            "event_subscriptions": events,
            "interactivity": interactivity,
            "org_deploy_enabled": false,
            "socket_mode_enabled": matches!(delivered, Delivered::Socket),
            "token_rotation_enabled": false,
        },
    })
}

fn slash_commands(catalog: &Catalog, commands: &Commands, url: Option<&str>) -> Vec<Value> {
    // Tools such as `incident.create` and `incident.resolve` share the command `/incident`.
    let mut by_name: BTreeMap<&str, Vec<&Tool>> = BTreeMap::new();
    for tool in catalog.tools().filter(|tool| commands.is_own(tool.name())) {
        by_name.entry(head(tool.name())).or_default().push(tool);
    }
    let common =
        entry(&commands.common, "Everything there is to ask for, by command or in your words", "help", url);
    let own = by_name.into_iter().map(|(name, tools)| {
        let titles: Vec<&str> = tools.iter().map(|tool| tool.manifest().title.as_str()).collect();
        let hints: Vec<String> = tools.iter().map(|tool| after_name(&usage(tool), name)).collect();
        entry(&format!("/{name}"), &titles.join("; "), &hints.join(" | "), url)
    });
    std::iter::once(common).chain(own).take(MOST_COMMANDS).collect()
}

fn after_name(usage: &str, name: &str) -> String {
    usage.strip_prefix(&format!("/{name}")).unwrap_or(usage).trim().to_owned()
}

fn entry(command: &str, description: &str, hint: &str, url: Option<&str>) -> Value {
    let mut entry = json!({
        "command": command,
        "description": cut(description, 2_000),
        "should_escape": false,
    });
    if let Some(entry) = entry.as_object_mut() {
        if !hint.is_empty() {
            entry.insert("usage_hint".to_owned(), cut(hint, 1_000).into());
        }
        entry.extend(url.map(|url| ("url".to_owned(), url.into())));
    }
    entry
}
