use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use jiff::tz::TimeZone;

use super::freeze::Freeze;
use super::rule::Rule;
use crate::domain::{ChatUser, Digest, PersonId, Place, Platform, RoleName};

/// Who may do what, where, and who must agree: a `policy.toml` that was checked.
#[derive(Clone, Debug)]
pub struct Policy {
    pub(super) digest: Digest,
    pub(super) limits: Limits,
    pub(super) zone: TimeZone,
    pub(super) roles: BTreeMap<RoleName, BTreeSet<RoleName>>,
    pub(super) people: BTreeMap<PersonId, Person>,
    pub(super) accounts: BTreeMap<String, PersonId>,
    pub(super) channels: Vec<Channel>,
    pub(super) rules: Vec<Rule>,
    pub(super) freezes: Vec<Freeze>,
    pub(super) exempt_from_locks: BTreeSet<String>,
    pub(super) vocabulary: Vocabulary,
}

/// One thing that is wrong with a policy file.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{file}{}: {sentence}", .line.map(|line| format!(":{line}")).unwrap_or_default())]
pub struct PolicyProblem {
    /// The file, as the caller named it.
    pub file: String,
    /// The line, counted from 1, where there is one.
    pub line: Option<usize>,
    /// What is wrong, and what to do.
    pub sentence: String,
}

/// The names a policy may use; they come from the catalogue.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Vocabulary {
    /// The tools.
    pub tools: Vec<ToolWord>,
    /// The environments, in the order people think of them.
    pub environments: Vec<String>,
}

/// What a policy must know of a tool.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ToolWord {
    /// Its name.
    pub name: String,
    /// Whether it changes anything.
    pub mutates: bool,
    /// Whether its calls go up or down.
    pub has_direction: bool,
    /// Whether it acts on an environment.
    pub has_environment: bool,
}

/// How long things may wait.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// For approval or confirmation, where no rule says less.
    pub expires_after: Duration,
    /// From the last vote to the start.
    pub start_within: Duration,
}

/// Somebody the policy knows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Person {
    /// Their name in the policy.
    pub id: PersonId,
    /// The roles the file gives them.
    pub granted: BTreeSet<RoleName>,
    /// Those, and all that they include.
    pub roles: BTreeSet<RoleName>,
    /// Their accounts, as [`ChatUser::identity`] writes them.
    pub identities: Vec<String>,
}

/// A channel in which the bot acts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Channel {
    /// Its name, without `#`; several platforms may have a channel of the same name.
    pub name: String,
    /// Its platform.
    pub platform: Platform,
    /// Team, tenant or server; empty where the platform has none.
    pub workspace: String,
    /// The platform's id of it; in the console the name.
    pub id: String,
}

impl Policy {
    /// The digest of the file. Approvals are bound to it.
    pub fn digest(&self) -> Digest {
        self.digest
    }

    /// Who stands behind an account, by an explicit link and nothing else.
    pub fn person_of(&self, account: &ChatUser) -> Option<&PersonId> {
        self.accounts.get(&account.identity())
    }

    /// Everybody, by name.
    pub fn people(&self) -> impl Iterator<Item = &Person> {
        self.people.values()
    }

    /// One of them.
    pub fn person(&self, id: &PersonId) -> Option<&Person> {
        self.people.get(id)
    }

    /// The roles a person has, with all that they include; none for somebody unknown.
    pub fn roles_of(&self, id: &PersonId) -> BTreeSet<RoleName> {
        self.person(id).map(|person| person.roles.clone()).unwrap_or_default()
    }

    /// The channels in which the bot acts.
    pub fn channels(&self) -> &[Channel] {
        &self.channels
    }

    /// The listed channel that a place is, if it is one.
    pub fn channel_at(&self, place: &Place) -> Option<&Channel> {
        self.channels.iter().find(|channel| {
            channel.platform == place.platform
                && channel.workspace == place.workspace
                && channel.id == place.channel
        })
    }

    /// How long things may wait.
    pub fn limits(&self) -> Limits {
        self.limits
    }

    pub(super) fn tool(&self, name: &str) -> Option<&ToolWord> {
        self.vocabulary.tools.iter().find(|tool| tool.name == name)
    }
}
