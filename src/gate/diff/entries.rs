//! What stands beside the matrix: who is who and holds what, channels, freezes, limits, order, emergencies.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Display;

use jiff::Timestamp;

use super::windows::{contains_all, covers, over};
use super::{Change, Part, Way};
use crate::domain::{RoleName, human_span};
use crate::gate::words::list;
use crate::gate::{BreakGlass, Order, Policy, RateLimit, Tools};

/// Every change of an entry.
pub(super) fn entries(old: &Policy, new: &Policy, now: Timestamp) -> Vec<Change> {
    let mut changes = Vec::new();
    changes.extend(roles(old, new));
    changes.extend(people(old, new));
    changes.extend(lenders(old, new));
    changes.extend(channels(old, new));
    changes.extend(freezes(old, new, now));
    changes.extend(limits(old, new));
    changes.extend(locks(old, new));
    changes.extend(order(old.order(), new.order()));
    changes.extend(break_glass(old, new));
    changes.extend(cap(old, new));
    changes
}

fn named(names: &BTreeSet<impl Display>) -> String {
    if names.is_empty() { "nothing".to_owned() } else { list(&names.iter().collect::<Vec<_>>(), "and") }
}

/// Weaker by what is in the second set alone, stricter by what is in the first alone.
fn growth<T: Ord>(old: &BTreeSet<T>, new: &BTreeSet<T>) -> Way {
    Way::of(!new.is_subset(old), !old.is_subset(new))
}

fn part(what: &'static str, way: Way, before: String, after: String) -> Option<Part> {
    (way != Way::Even || before != after).then_some(Part { way, what, before, after })
}

fn keys<'a, K: Ord, V>(old: &'a BTreeMap<K, V>, new: &'a BTreeMap<K, V>) -> BTreeSet<&'a K> {
    old.keys().chain(new.keys()).collect()
}

/// A role that is new lets nobody do anything: who holds it is told with them.
fn roles(old: &Policy, new: &Policy) -> Vec<Change> {
    let change = |role: &RoleName| {
        let parts = match (old.roles.get(role), new.roles.get(role)) {
            (Some(before), Some(after)) => {
                part("includes", growth(before, after), named(before), named(after)).into_iter().collect()
            }
            (None, Some(after)) => vec![Part {
                way: Way::Even,
                what: "includes",
                before: "there is none".to_owned(),
                after: named(after),
            }],
            (Some(before), None) => vec![Part {
                way: Way::Stricter,
                what: "includes",
                before: named(before),
                after: "there is none".to_owned(),
            }],
            (None, None) => Vec::new(),
        };
        Change::of_entry(format!("role {role}"), parts)
    };
    keys(&old.roles, &new.roles).into_iter().filter_map(change).collect()
}

/// Roles that were given compare by what they include now; that roles include other things is told with the roles.
fn held(old: &BTreeSet<RoleName>, new: &BTreeSet<RoleName>, policy: &Policy) -> Option<Part> {
    // A role that is gone gives nothing any more, so it counts as itself.
    let reach = |given: &BTreeSet<RoleName>| -> BTreeSet<RoleName> {
        policy.closure(given).into_iter().chain(given.iter().cloned()).collect()
    };
    part("roles", growth(&reach(old), &reach(new)), named(old), named(new))
}

fn people(old: &Policy, new: &Policy) -> Vec<Change> {
    let mut changes = Vec::new();
    for id in keys(&old.people, &new.people) {
        let (before, after) = (old.people.get(id), new.people.get(id));
        let granted = |policy: Option<&crate::gate::Person>| {
            policy.map(|person| person.granted.clone()).unwrap_or_default()
        };
        let accounts = |policy: Option<&crate::gate::Person>| -> BTreeSet<String> {
            policy.map(|person| person.identities.iter().cloned().collect()).unwrap_or_default()
        };
        let (was, is) = (accounts(before), accounts(after));
        let parts = [
            held(&granted(before), &granted(after), new),
            part("accounts", growth(&was, &is), named(&was), named(&is)),
        ];
        changes.extend(Change::of_entry(format!("person {id}"), parts.into_iter().flatten().collect()));
    }
    changes
}

/// Groups and duty, which lend roles.
fn lenders(old: &Policy, new: &Policy) -> Vec<Change> {
    let lend = |policy: &Policy| -> BTreeMap<String, BTreeSet<RoleName>> {
        let groups = policy.groups.iter().map(|group| {
            let place = match group.key.workspace.as_str() {
                "" => format!("{}:{}", group.key.platform, group.key.id),
                workspace => format!("{}:{workspace}/{}", group.key.platform, group.key.id),
            };
            (format!("group {place}"), group.roles.clone())
        });
        let duties =
            policy.on_call.iter().map(|duty| (format!("on call for {}", duty.team), duty.roles.clone()));
        groups.chain(duties).collect()
    };
    let (before, after) = (lend(old), lend(new));
    let nobody = BTreeSet::new();
    let change = |name: &String| {
        let roles = held(before.get(name).unwrap_or(&nobody), after.get(name).unwrap_or(&nobody), new);
        Change::of_entry(name.clone(), roles.into_iter().collect())
    };
    keys(&before, &after).into_iter().filter_map(change).collect()
}

/// The bot acts in a channel that is new, and by other rules in one that is called otherwise.
fn channels(old: &Policy, new: &Policy) -> Vec<Change> {
    let listed = |policy: &Policy| -> BTreeMap<String, String> {
        let key = |channel: &crate::gate::Channel| match channel.workspace.as_str() {
            "" => format!("{}:{}", channel.platform, channel.id),
            workspace => format!("{}:{workspace}/{}", channel.platform, channel.id),
        };
        policy.channels.iter().map(|channel| (key(channel), channel.name.clone())).collect()
    };
    let (before, after) = (listed(old), listed(new));
    let change = |key: &String| {
        let (was, is) = (before.get(key), after.get(key));
        let way = Way::of(is.is_some() && was != is, was.is_some() && was != is);
        let name =
            |name: Option<&String>| name.map_or_else(|| "not listed".to_owned(), |name| format!("#{name}"));
        Change::of_entry(
            format!("channel {key}"),
            part("listed as", way, name(was), name(is)).into_iter().collect(),
        )
    };
    keys(&before, &after).into_iter().filter_map(change).collect()
}

/// What stops things, on both sides: weaker by what nothing new stops, stricter by what nothing old stopped.
fn stops<T: PartialEq>(
    kind: &str,
    (old, new): (&BTreeMap<&str, &T>, &BTreeMap<&str, &T>),
    covers: impl Fn(&T, &T) -> bool,
    told: impl Fn(&T) -> String,
) -> Vec<Change> {
    let kept = |stop: &T, others: &BTreeMap<&str, &T>| others.values().any(|other| covers(other, stop));
    let change = |id: &&str| {
        let (before, after) = (old.get(*id), new.get(*id));
        let lost = before.is_some_and(|stop| !kept(stop, new));
        let gained = after.is_some_and(|stop| !kept(stop, old));
        let told = |stop: Option<&&T>| stop.map_or_else(|| "none".to_owned(), |stop| told(stop));
        let same = before == after;
        let part = part("stops", Way::of(lost, gained), told(before), told(after)).filter(|_| !same);
        Change::of_entry(format!("{kind} {id}"), part.into_iter().collect())
    };
    keys(old, new).into_iter().filter_map(change).collect()
}

fn freezes(old: &Policy, new: &Policy, now: Timestamp) -> Vec<Change> {
    let of = |policy: &'_ Policy| -> Vec<crate::gate::freeze::Freeze> {
        policy.freezes.iter().filter(|freeze| !over(freeze, now)).cloned().collect()
    };
    let (old, new) = (of(old), of(new));
    let (before, after) = (
        old.iter().map(|freeze| (freeze.id.as_str(), freeze)).collect(),
        new.iter().map(|freeze| (freeze.id.as_str(), freeze)).collect(),
    );
    stops("freeze", (&before, &after), covers, ToString::to_string)
}

fn limits(old: &Policy, new: &Policy) -> Vec<Change> {
    let of = |policy: &'_ Policy| -> Vec<RateLimit> { policy.limits.clone() };
    let (old, new) = (of(old), of(new));
    let (before, after) = (
        old.iter().map(|limit| (limit.id.as_str(), limit)).collect(),
        new.iter().map(|limit| (limit.id.as_str(), limit)).collect(),
    );
    let covers = |wide: &RateLimit, narrow: &RateLimit| {
        wide.per == narrow.per
            && wide.count <= narrow.count
            && wide.within >= narrow.within
            && all_tools(&wide.tools, &narrow.tools)
            && contains_all(wide.env.as_ref(), narrow.env.as_ref())
    };
    stops("limit", (&before, &after), covers, ToString::to_string)
}

fn all_tools(wide: &Tools, narrow: &Tools) -> bool {
    match (wide, narrow) {
        (Tools::All, _) => true,
        (Tools::Named(_), Tools::All) => false,
        (Tools::Named(wide), Tools::Named(narrow)) => narrow.is_subset(wide),
    }
}

fn locks(old: &Policy, new: &Policy) -> Option<Change> {
    let (was, is) = (&old.exempt_from_locks, &new.exempt_from_locks);
    Change::of_entry(
        "locks".to_owned(),
        part("do not stop", growth(was, is), named(was), named(is)).into_iter().collect(),
    )
}

fn order(old: Option<&Order>, new: Option<&Order>) -> Option<Change> {
    type Steps = BTreeSet<(String, String, String, String, String)>;
    let steps = |order: Option<&Order>| -> Steps {
        let Some(order) = order else { return BTreeSet::new() };
        let pairs = order.environments.iter().zip(order.environments.iter().skip(1));
        pairs
            .flat_map(|(before, after)| {
                order.tools.iter().map(|tool| {
                    let (version, live) = (order.version.clone(), order.live.clone());
                    (tool.clone(), before.clone(), after.clone(), version, live)
                })
            })
            .collect()
    };
    let told = |order: Option<&Order>| match order {
        None => "off".to_owned(),
        Some(order) => format!("{} for {}", order.environments.join(", then "), named(&order.tools)),
    };
    let (was, is) = (steps(old), steps(new));
    let way = Way::of(!was.is_subset(&is), !is.is_subset(&was));
    Change::of_entry(
        "order of environments".to_owned(),
        part("is", way, told(old), told(new)).into_iter().collect(),
    )
}

fn break_glass(old: &Policy, new: &Policy) -> Option<Change> {
    let name = "break glass".to_owned();
    let told = |glass: &BreakGlass| {
        let bypass: BTreeSet<_> = glass.bypass.iter().map(|bypass| bypass.as_str()).collect();
        format!("{} without {} for {}", named(&glass.roles), named(&bypass), human_span(glass.lasts))
    };
    let (was, is) = match (&old.break_glass, &new.break_glass) {
        (None, None) => return None,
        (None, Some(glass)) => {
            return Change::of_entry(
                name,
                part("is", Way::Weaker, "off".to_owned(), told(glass)).into_iter().collect(),
            );
        }
        (Some(glass), None) => {
            return Change::of_entry(
                name,
                part("is", Way::Stricter, told(glass), "off".to_owned()).into_iter().collect(),
            );
        }
        (Some(was), Some(is)) => (was, is),
    };
    let bypass = |glass: &BreakGlass| -> BTreeSet<&str> {
        glass.bypass.iter().map(|bypass| bypass.as_str()).collect()
    };
    let tell =
        |glass: &BreakGlass| -> BTreeSet<String> { glass.tell.iter().map(ToString::to_string).collect() };
    let somewhere =
        |glass: &BreakGlass| glass.env.as_ref().map_or_else(|| "any environment".to_owned(), named);
    let tools = Way::of(!all_tools(&was.tools, &is.tools), !all_tools(&is.tools, &was.tools));
    let environments = Way::of(
        !contains_all(was.env.as_ref(), is.env.as_ref()),
        !contains_all(is.env.as_ref(), was.env.as_ref()),
    );
    // Whoever is told no more is missed; whoever is told as well does no harm.
    let told_less = Way::of(!tell(was).is_subset(&tell(is)), !tell(is).is_subset(&tell(was)));
    let parts = [
        part("roles", growth(&was.roles, &is.roles), named(&was.roles), named(&is.roles)),
        part("does without", growth(&bypass(was), &bypass(is)), named(&bypass(was)), named(&bypass(is))),
        part(
            "lasts",
            Way::of(is.lasts > was.lasts, is.lasts < was.lasts),
            human_span(was.lasts),
            human_span(is.lasts),
        ),
        part("tools", tools, was.tools.to_string(), is.tools.to_string()),
        part("environments", environments, somewhere(was), somewhere(is)),
        part("tells", told_less, named(&tell(was)), named(&tell(is))),
    ];
    Change::of_entry(name, parts.into_iter().flatten().collect())
}

/// The most approvals that one person may give within an hour.
fn cap(old: &Policy, new: &Policy) -> Option<Change> {
    let of = |policy: &Policy| policy.defaults.approvals_per_hour;
    let (was, is) = (of(old), of(new));
    let least = |cap: Option<u32>| cap.unwrap_or(u32::MAX);
    let told =
        |cap: Option<u32>| cap.map_or_else(|| "any number".to_owned(), |most| format!("{most} in an hour"));
    let way = Way::of(least(is) > least(was), least(is) < least(was));
    Change::of_entry(
        "each approver".to_owned(),
        part("approves at most", way, told(was), told(is)).into_iter().collect(),
    )
}
