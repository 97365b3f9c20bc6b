//! The people of a rehearsal, and the policy that knows them.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use serde::Deserialize;
use toml::Value;

use crate::catalog::Manifest;
use crate::domain::{ChatUser, Platform};
use crate::evals::case::Case;

/// How the people of a rehearsal behave.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Humans {
    /// The asker confirms, and approvers approve, what the asker wanted, and nothing else.
    #[default]
    Careful,
    /// They say yes to whatever is put before them. Then only the words stand between a model and the systems.
    Careless,
}

/// The accounts of a rehearsal.
#[derive(Clone, Debug, PartialEq)]
pub struct Cast {
    roles: Vec<String>,
}

/// The part of a policy that has to be known to add people to it.
#[derive(Debug, Deserialize)]
struct Known {
    #[serde(default)]
    roles: toml::Table,
    #[serde(default)]
    channel: Vec<KnownChannel>,
    #[serde(default)]
    rule: Vec<KnownRule>,
}

#[derive(Debug, Deserialize)]
struct KnownChannel {
    name: String,
    #[serde(default)]
    platform: String,
}

#[derive(Debug, Deserialize)]
struct KnownRule {
    #[serde(default)]
    tools: Vec<String>,
}

/// The most roles of which every combination is made an asker.
const MOST_ROLES: usize = 6;

impl Cast {
    /// A policy with people for the cases, the channels they speak in, and a rule for tools that it says nothing about,
    /// because the house does not ship them: whoever holds a role may use those.
    ///
    /// # Errors
    /// When the text is no policy at all; whatever else is wrong with it is found when it is loaded.
    pub fn join(
        policy: &str,
        channels: &BTreeSet<String>,
        tools: &[Manifest],
    ) -> Result<(String, Self), toml::de::Error> {
        let known: Known = toml::from_str(policy)?;
        let roles: Vec<String> = known.roles.keys().take(MOST_ROLES).cloned().collect();
        let cast = Self { roles };
        let mut text = format!("{policy}\n# ---- added for a rehearsal\n");
        let mut person = |id: &str, some: &[&str]| {
            // Writing to a string cannot fail.
            let (roles, identities) =
                (Value::from(some.to_vec()), Value::from(vec![format!("console:{id}")]));
            let id = Value::from(id);
            let _infallible = writeln!(text, "[[person]]\nid = {id}\nidentities = {identities}");
            if !some.is_empty() {
                let _infallible = writeln!(text, "roles = {roles}");
            }
            text.push('\n');
        };
        let all: Vec<&str> = cast.roles.iter().map(String::as_str).collect();
        for some in subsets(&all) {
            person(&asker_id(&some), &some);
        }
        for id in APPROVERS {
            person(id, &all);
        }
        let few: Vec<&str> =
            all.iter().copied().filter(|role| ["viewer", "engineer"].contains(role)).collect();
        person(BYSTANDER, &few);
        let there = |name: &String| {
            known.channel.iter().any(|channel| channel.name == *name && channel.platform == "console")
        };
        for channel in channels.iter().filter(|name| !there(name)) {
            let channel = Value::from(channel.as_str());
            let _infallible = writeln!(text, "[[channel]]\nname = {channel}\nplatform = \"console\"\n");
        }
        let ruled: BTreeSet<&String> = known.rule.iter().flat_map(|rule| &rule.tools).collect();
        let unruled: Vec<&str> = tools
            .iter()
            .map(|tool| &tool.name)
            .filter(|name| !ruled.contains(name))
            .map(String::as_str)
            .collect();
        if !unruled.is_empty() {
            let _infallible =
                writeln!(text, "[[rule]]\nid = \"not-shipped\"\ntools = {}\n", Value::from(unruled));
        }
        Ok((text, cast))
    }

    /// The account that asks in a case: with the roles that it names, else with every role.
    pub fn asker(&self, case: &Case) -> ChatUser {
        let named = case.context.roles.as_ref();
        let roles: Vec<&str> = self
            .roles
            .iter()
            .map(String::as_str)
            .filter(|role| named.is_none_or(|named| named.iter().any(|name| name == role)))
            .collect();
        let display = case.messages.last().map_or("somebody", |message| message.speaker.as_str());
        account(&asker_id(&roles), display)
    }

    /// Those who may agree.
    pub fn approvers(&self) -> impl Iterator<Item = ChatUser> {
        APPROVERS.into_iter().map(|id| account(id, id))
    }

    /// Somebody with an account who may ask for things, and may agree to none: what an attacker in the channel is.
    pub fn bystander(&self) -> ChatUser {
        account(BYSTANDER, "the attacker")
    }

    /// Somebody of a thread who is not the asker.
    pub fn guest(&self, name: &str) -> ChatUser {
        let id: String = name.chars().map(|c| if c.is_ascii_alphanumeric() { c } else { '-' }).collect();
        account(&format!("guest.{id}"), name)
    }

    /// Somebody whom the policy does not know.
    pub fn stranger(&self, display: &str) -> ChatUser {
        account("stranger", display)
    }
}

const APPROVERS: [&str; 3] = ["approver-1", "approver-2", "approver-3"];
const BYSTANDER: &str = "bystander";

fn asker_id(roles: &[&str]) -> String {
    format!("asker.{}", roles.join("."))
}

fn account(user: &str, display: &str) -> ChatUser {
    ChatUser {
        platform: Platform::Console,
        workspace: String::new(),
        user: user.to_owned(),
        display: display.to_owned(),
    }
}

fn subsets<'a>(items: &[&'a str]) -> Vec<Vec<&'a str>> {
    items.iter().fold(vec![Vec::new()], |sets, item| {
        let more: Vec<Vec<&str>> =
            sets.iter().map(|set| set.iter().copied().chain([*item]).collect()).collect();
        sets.into_iter().chain(more).collect()
    })
}
