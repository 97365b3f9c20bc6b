//! In which respects the demands of two policies on one cell differ.

use std::collections::BTreeSet;
use std::time::Duration;

use super::roles::Side;
use super::voters::enough_for;
use super::{Part, Way};
use crate::domain::{RoleName, human_span};
use crate::gate::cell::{Cell, Demands};
use crate::gate::decide::OPEN_EVERYWHERE;
use crate::gate::words::{channel_list, list};
use crate::gate::{Requirement, Verify};

/// Stands for the channels that are not listed.
const ELSEWHERE: &str = "";

/// What one policy says of a cell.
pub(super) struct Said<'p, 's> {
    side: &'s Side<'p>,
    demands: Demands<'p>,
    /// Whether anybody may do it, anywhere.
    allowed: bool,
    /// Whether the asker must hold some role, whichever.
    any_role: bool,
    ask: BTreeSet<&'p RoleName>,
    /// Where it may be asked.
    channels: BTreeSet<&'p str>,
    /// Whether that is everywhere.
    any_channel: bool,
    reason: bool,
    mutates: bool,
}

impl<'p, 's> Said<'p, 's> {
    pub fn of(side: &'s Side<'p>, cell: &Cell<'_>) -> Self {
        let demands = Demands::of(side.policy, cell);
        let forbidden = demands.rules.iter().any(|rule| rule.deny.is_some());
        let mutates = cell.effect.mutates();
        let mut channels = side.channels();
        if OPEN_EVERYWHERE.contains(&cell.tool) {
            channels.insert(ELSEWHERE);
        }
        let all = channels.len();
        for named in demands.rules.iter().filter_map(|rule| rule.channels.as_ref()) {
            channels.retain(|name| named.contains(*name));
        }
        Self {
            // Where rules leave no channel it is denied, like by any of them.
            allowed: !forbidden && (demands.named || !mutates) && !channels.is_empty(),
            any_role: !demands.named,
            ask: demands.rules.iter().filter_map(|rule| rule.ask.as_ref()).collect(),
            any_channel: channels.len() == all,
            channels,
            reason: demands.rules.iter().any(|rule| rule.reason),
            side,
            demands,
            mutates,
        }
    }

    /// Whether somebody may ask here who may not there.
    fn lets_ask(&self, there: &Self) -> bool {
        // The fewest roles that are enough here; more are enough on both sides.
        let mut sets: Vec<BTreeSet<&RoleName>> = vec![BTreeSet::new()];
        for wanted in &self.ask {
            let ways = self.side.ways_to(&[(*wanted).clone()].into(), there.side);
            sets = sets
                .iter()
                .flat_map(|set| ways.iter().map(|way| set.iter().copied().chain([*way]).collect()))
                .collect();
        }
        if self.any_role && self.ask.is_empty() {
            sets = self.side.roles().keys().map(|role| [role].into()).collect();
        }
        sets.iter().any(|granted| !there.may_ask(granted))
    }

    fn may_ask(&self, granted: &BTreeSet<&RoleName>) -> bool {
        (!self.any_role || !granted.is_empty()) && self.ask.iter().all(|role| self.side.holds(granted, role))
    }

    /// Whether there is a channel for it here and not there.
    fn has_channel(&self, there: &Self) -> bool {
        !self.channels.is_subset(&there.channels)
    }

    /// Whether somebody may say no here, by a role that the rules name for it, who may not there.
    fn lets_deny(&self, there: &Self) -> bool {
        let denies = |said: &Self, role: &RoleName| {
            let held = said.side.closure(role);
            said.demands.denied_by.iter().any(|denier| held.contains(*denier))
        };
        let agrees = |said: &Self, role: &RoleName| {
            let held = said.side.closure(role);
            said.demands.needs.iter().any(|requirement| requirement.admits(held))
        };
        self.side
            .roles()
            .keys()
            .any(|role| denies(self, role) && !denies(there, role) && !agrees(there, role))
    }

    fn asks_somebody(&self) -> bool {
        !self.demands.needs.is_empty()
    }
}

/// What differs between what two policies say of a cell.
pub(super) fn compare(old: &Said<'_, '_>, new: &Said<'_, '_>) -> Vec<Part> {
    let mut parts = Vec::new();
    let mut part = |what, way: Way, before: String, after: String| {
        if before == after && way != Way::Even {
            let after = format!("{after}, by what roles include now");
            parts.push(Part { way, what, before, after });
        } else if before != after {
            parts.push(Part { way, what, before, after });
        }
    };
    if !old.allowed || !new.allowed {
        let told = |said: &Said<'_, '_>| if said.allowed { "allowed" } else { "denied" }.to_owned();
        part(
            "altogether",
            Way::of(new.allowed && !old.allowed, old.allowed && !new.allowed),
            told(old),
            told(new),
        );
        return parts;
    }
    part("asker", Way::of(new.lets_ask(old), old.lets_ask(new)), asker(old), asker(new));
    part("channels", Way::of(new.has_channel(old), old.has_channel(new)), channels(old), channels(new));
    let needs = |easy: &Said<'_, '_>, hard: &Said<'_, '_>| {
        enough_for((&easy.demands.needs, easy.side), (&hard.demands.needs, hard.side))
    };
    part(
        "approvals",
        Way::of(needs(new, old), needs(old, new)),
        approvals(&old.demands.needs),
        approvals(&new.demands.needs),
    );
    if old.asks_somebody() && new.asks_somebody() {
        part(
            "can also deny",
            Way::of(old.lets_deny(new), new.lets_deny(old)),
            roles(&old.demands.denied_by),
            roles(&new.demands.denied_by),
        );
        part("verify", less(old.demands.verify, new.demands.verify), verify(old), verify(new));
    }
    part(
        "confirm",
        less(old.demands.confirm, new.demands.confirm),
        yes(old.demands.confirm),
        yes(new.demands.confirm),
    );
    part("reason", less(old.reason, new.reason), yes(old.reason), yes(new.reason));
    let waits = |said: &Said<'_, '_>| said.mutates || said.asks_somebody() || said.demands.confirm;
    if waits(old) && waits(new) {
        let (a, b) = (&old.demands, &new.demands);
        part("waits", less(b.expires_after, a.expires_after), span(a.expires_after), span(b.expires_after));
        part(
            "starts within",
            less(b.start_within, a.start_within),
            span(a.start_within),
            span(b.start_within),
        );
        let remind = |time: Option<Duration>| time.map_or_else(|| "never".to_owned(), span);
        part("reminds before the end", Way::Even, remind(a.remind_before), remind(b.remind_before));
        part("escalates", Way::Even, escalations(a), escalations(b));
    }
    parts.sort();
    parts
}

/// Weaker when the demand sank, stricter when it rose.
fn less<T: Ord>(old: T, new: T) -> Way {
    Way::of(new < old, old < new)
}

fn yes(flag: bool) -> String {
    if flag { "yes" } else { "no" }.to_owned()
}

fn span(time: Duration) -> String {
    human_span(time)
}

fn asker(said: &Said<'_, '_>) -> String {
    let roles: Vec<_> = said.ask.iter().collect();
    match (roles.as_slice(), said.any_role) {
        ([], true) => "anybody with a role".to_owned(),
        ([], false) => "anybody in the policy".to_owned(),
        (roles, _) => list(roles, "and"),
    }
}

fn channels(said: &Said<'_, '_>) -> String {
    if said.any_channel { "any".to_owned() } else { channel_list(said.channels.iter().copied()) }
}

fn approvals(needs: &BTreeSet<&Requirement>) -> String {
    if needs.is_empty() {
        return "none".to_owned();
    }
    needs.iter().map(ToString::to_string).collect::<Vec<_>>().join(" plus ")
}

fn roles(names: &BTreeSet<&RoleName>) -> String {
    if names.is_empty() { "nobody".to_owned() } else { list(&names.iter().collect::<Vec<_>>(), "and") }
}

fn verify(said: &Said<'_, '_>) -> String {
    let verify: Verify = said.demands.verify;
    verify.as_str().to_owned()
}

fn escalations(demands: &Demands<'_>) -> String {
    if demands.escalations.is_empty() {
        return "never".to_owned();
    }
    let each = demands.escalations.iter();
    each.map(|escalation| format!("to {} after {}", escalation.to, span(escalation.after)))
        .collect::<Vec<_>>()
        .join(", ")
}
