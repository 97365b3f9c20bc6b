use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use jiff::Timestamp;
use jiff::tz::TimeZone;

use super::freeze::Freeze;
use super::rule::Rules;
use super::{BreakGlass, Group, Membership, OnCall, Order, RateLimit};
use crate::catalog::EffectClass;
use crate::domain::{ChatUser, Digest, PersonId, Place, Platform, RoleName};

/// Who may do what, where, and who must agree: a `policy.toml` that was checked.
#[derive(Clone, Debug)]
pub struct Policy {
    pub(super) digest: Digest,
    pub(super) defaults: Defaults,
    pub(super) zone: TimeZone,
    pub(super) roles: BTreeMap<RoleName, BTreeSet<RoleName>>,
    pub(super) people: BTreeMap<PersonId, Person>,
    pub(super) accounts: BTreeMap<String, PersonId>,
    pub(super) groups: Vec<Group>,
    pub(super) on_call: Vec<OnCall>,
    pub(super) channels: Vec<Channel>,
    pub(super) rules: Rules,
    pub(super) freezes: Vec<Freeze>,
    pub(super) exempt_from_locks: BTreeSet<String>,
    pub(super) limits: Vec<RateLimit>,
    pub(super) order: Option<Order>,
    pub(super) break_glass: Option<BreakGlass>,
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
    /// The words that services and facts can put on a call.
    pub tags: BTreeSet<String>,
    /// The teams, for on-call duty.
    pub teams: BTreeSet<String>,
}

/// What a policy must know of a tool.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ToolWord {
    /// Its name.
    pub name: String,
    /// What it does when no facts are known.
    pub effect: EffectClass,
    /// The most that facts can raise it to.
    pub worst: EffectClass,
    /// Whether its calls go up or down.
    pub has_direction: bool,
    /// Whether it acts on an environment.
    pub has_environment: bool,
    /// The facts that approvals of it are bound to.
    pub held: BTreeSet<String>,
}

/// What holds where no rule says otherwise.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Defaults {
    /// How long a request waits for approval or confirmation.
    pub expires_after: Duration,
    /// How soon it must start after the last vote.
    pub start_within: Duration,
    /// How long before the end of the wait those who can still agree are reminded; `None` for never.
    pub remind_before: Option<Duration>,
    /// The most approvals that one person may give within an hour, on whatever; `None` for any number.
    pub approvals_per_hour: Option<u32>,
}

/// Somebody the policy knows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Person {
    /// Their name in the policy.
    pub id: PersonId,
    /// The roles the file gives them; groups and duty may add to these, see [`Policy::roles_of`].
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

    /// The roles a person has at this moment, with all that they include; none for somebody unknown.
    pub fn roles_of(&self, id: &PersonId, membership: &Membership, now: Timestamp) -> BTreeSet<RoleName> {
        self.holder_of(id, membership, now).map(|holder| holder.roles.into_owned()).unwrap_or_default()
    }

    /// Everybody who has a role at this moment, by name: whom an [`super::Audience`] of that role is.
    pub fn people_in(&self, role: &RoleName, membership: &Membership, now: Timestamp) -> Vec<PersonId> {
        let holders = self.holders(membership, now).filter(|holder| holder.roles.contains(role));
        holders.map(|holder| holder.id.clone()).collect()
    }

    /// The chat groups that give roles: whose members must be read from their platform.
    pub fn groups(&self) -> &[Group] {
        &self.groups
    }

    /// The teams of which whoever is on call gets roles.
    pub fn on_call(&self) -> &[OnCall] {
        &self.on_call
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

    /// What holds where no rule says otherwise.
    pub fn defaults(&self) -> Defaults {
        self.defaults
    }

    /// How often things may start.
    pub fn limits(&self) -> &[RateLimit] {
        &self.limits
    }

    /// The order of environments, if it is switched on.
    pub fn order(&self) -> Option<&Order> {
        self.order.as_ref()
    }

    /// What may be done without in an emergency, if anything.
    pub fn break_glass(&self) -> Option<&BreakGlass> {
        self.break_glass.as_ref()
    }

    /// The names it was checked against.
    pub fn vocabulary(&self) -> &Vocabulary {
        &self.vocabulary
    }

    pub(super) fn tool(&self, name: &str) -> Option<&ToolWord> {
        self.vocabulary.tools.iter().find(|tool| tool.name == name)
    }
}
