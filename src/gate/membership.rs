use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::house::{as_holder, house};
use super::{Person, Policy};
use crate::domain::{ChatUser, PersonId, Platform, RoleName};

/// A chat group, by the ids its platform gives. Names are never compared.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct GroupKey {
    /// Its platform.
    pub platform: Platform,
    /// Team, tenant or server; empty where the platform has none.
    pub workspace: String,
    /// The platform's id of it.
    pub id: String,
}

/// A chat group whose members hold roles: `[[group]]`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Group {
    /// Which.
    pub key: GroupKey,
    /// The roles that its members hold.
    pub roles: BTreeSet<RoleName>,
}

/// A team of which whoever is on call holds roles: `[[on_call]]`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OnCall {
    /// The team, by its name in the catalogue.
    pub team: String,
    /// The roles that whoever is on call for it holds.
    pub roles: BTreeSet<RoleName>,
}

/// Who is in which chat group and who is on call, as it was last read from outside, each with the moment up to which
/// that is taken for true. What was never read, could not be read or has gone stale is not so: nobody holds a role by
/// it. Which roles it gives is the policy's to say, at each decision anew.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Membership {
    groups: BTreeMap<GroupKey, BTreeMap<String, Timestamp>>,
    on_call: BTreeMap<String, BTreeMap<PersonId, Timestamp>>,
}

static NOTHING_READ: Membership = Membership { groups: BTreeMap::new(), on_call: BTreeMap::new() };

impl Membership {
    /// Nothing was read: all roles are those of the file.
    pub fn none() -> &'static Self {
        &NOTHING_READ
    }

    /// Takes a fresh reading of a group in the place of the one before; it counts before `until`.
    pub fn set_group<'a>(
        &mut self,
        group: GroupKey,
        members: impl IntoIterator<Item = &'a ChatUser>,
        until: Timestamp,
    ) {
        let members = members.into_iter().map(|account| (account.identity(), until)).collect();
        self.groups.insert(group, members);
    }

    /// Takes a fresh reading of a team's duty in the place of the one before; each person with the moment before which
    /// it counts: the end of the shift, or of trust in the reading, whichever comes first.
    pub fn set_on_call(&mut self, team: &str, people: impl IntoIterator<Item = (PersonId, Timestamp)>) {
        self.on_call.insert(team.to_owned(), people.into_iter().collect());
    }

    fn in_group(&self, group: &GroupKey, identity: &str, now: Timestamp) -> bool {
        let until = self.groups.get(group).and_then(|members| members.get(identity));
        until.is_some_and(|until| now < *until)
    }

    fn is_on_call(&self, team: &str, person: &PersonId, now: Timestamp) -> bool {
        let until = self.on_call.get(team).and_then(|people| people.get(person));
        until.is_some_and(|until| now < *until)
    }
}

/// Somebody, with the roles they hold at one moment.
#[derive(Clone, Debug)]
pub(super) struct Holder<'p> {
    pub id: &'p PersonId,
    /// The roles that file, groups and duty give them.
    pub granted: Cow<'p, BTreeSet<RoleName>>,
    /// Those, and all that they include.
    pub roles: Cow<'p, BTreeSet<RoleName>>,
}

impl Policy {
    /// Everybody, by name, with the roles of this moment.
    pub(super) fn holders<'p>(
        &'p self,
        membership: &Membership,
        now: Timestamp,
    ) -> impl Iterator<Item = Holder<'p>> {
        self.people.values().map(move |person| self.holder(person, membership, now))
    }

    /// The same for one person; `None` for somebody unknown.
    pub(super) fn holder_of<'p>(
        &'p self,
        id: &PersonId,
        membership: &Membership,
        now: Timestamp,
    ) -> Option<Holder<'p>> {
        if id == house() {
            return Some(as_holder());
        }
        self.person(id).map(|person| self.holder(person, membership, now))
    }

    fn holder<'p>(&'p self, person: &'p Person, membership: &Membership, now: Timestamp) -> Holder<'p> {
        let groups = self.groups.iter().filter(|group| {
            person.identities.iter().any(|identity| membership.in_group(&group.key, identity, now))
        });
        let duties = self.on_call.iter().filter(|duty| membership.is_on_call(&duty.team, &person.id, now));
        let lent: BTreeSet<&RoleName> =
            groups.flat_map(|group| &group.roles).chain(duties.flat_map(|duty| &duty.roles)).collect();
        if lent.is_empty() {
            let (granted, roles) = (Cow::Borrowed(&person.granted), Cow::Borrowed(&person.roles));
            return Holder { id: &person.id, granted, roles };
        }
        let granted: BTreeSet<_> = person.granted.iter().chain(lent).cloned().collect();
        let roles = self.closure(&granted);
        Holder { id: &person.id, granted: Cow::Owned(granted), roles: Cow::Owned(roles) }
    }

    /// Roles with all that they include.
    pub(super) fn closure(&self, granted: &BTreeSet<RoleName>) -> BTreeSet<RoleName> {
        granted.iter().filter_map(|role| self.roles.get(role)).flatten().cloned().collect()
    }
}
