use std::cmp::Reverse;
use std::collections::BTreeSet;

use super::cell::{Cell, Demands};
use super::freeze::moment;
use super::needs::{Open, Poll, overdue};
use super::rule::Rule;
use super::words::{action, all_channels, channel_list, list, waiting_for, who_is};
use super::{Case, Decision, Finding, Grounding, Policy, ReasonCode, Verdict};
use crate::domain::{Origin, RoleName};

/// What one may always ask, so that nobody is lost: in unlisted channels too.
const OPEN_EVERYWHERE: [&str; 2] = ["help", "whoami"];

/// Who asks, as far as rules care.
pub(super) struct Asker<'a> {
    pub name: &'a str,
    pub granted: &'a BTreeSet<RoleName>,
    pub roles: &'a BTreeSet<RoleName>,
}

/// Decides: what does this still need, given its standing? Total, and free of order.
pub fn decide(policy: &Policy, case: &Case<'_>) -> Verdict {
    let cell = Cell::of(policy, case);
    let demands = Demands::of(policy, &cell);
    let Some(person) = case.asker.and_then(|id| policy.person(id)) else {
        let poll = Poll { needs: Vec::new(), denial: None };
        return conclude(policy, &demands, poll, vec![stranger()]);
    };
    let asker = Asker { name: &person.id.0, granted: &person.granted, roles: &person.roles };
    let channel = policy.channel_at(case.place).map(|channel| channel.name.as_str());
    let mut findings = bars(policy, &cell, &asker, channel, &demands.rules);
    if cell.class.mutates() {
        findings.extend(language(case));
        findings.extend(freezes(policy, case, &cell));
        findings.extend(locks(policy, case, &cell));
    }
    findings.extend(reasons(case, &cell, &demands));
    let poll = Poll::of(policy, &demands, case);
    findings.extend(votes(&cell, &demands, &poll));
    let confirmers = confirmers(case, &cell, &demands);
    let confirmed = case.standing.confirmed_by.as_ref() == Some(&person.id);
    let asked_people = !demands.needs.is_empty() || !confirmers.is_empty();
    let open =
        if poll.open() || (!confirmers.is_empty() && !confirmed) { Open::Waiting } else { Open::Agreed };
    if asked_people && overdue(case, open) {
        findings.push(too_late(open));
    }
    if !confirmed {
        findings.extend(confirmers.into_iter().map(|rule| {
            let sentence = format!("{} waits for {} to confirm it", action(&cell), asker.name);
            finding(rule, ReasonCode::Confirm, Decision::Confirm, sentence)
        }));
    }
    let content = satisfied((&cell, &asker), &demands, &poll, &findings);
    findings.extend(content);
    conclude(policy, &demands, poll, findings)
}

/// A finding in one line.
pub(super) fn finding(rule: &str, reason: ReasonCode, decision: Decision, sentence: String) -> Finding {
    Finding { rule: rule.to_owned(), reason, decision, sentence }
}

fn deny(rule: &str, reason: ReasonCode, sentence: String) -> Finding {
    finding(rule, reason, Decision::Deny, sentence)
}

fn stranger() -> Finding {
    let sentence =
        "this account is linked to nobody in the policy; ask an administrator to add it, then ask again";
    deny("people", ReasonCode::Stranger, sentence.to_owned())
}

/// What stands against it, whatever has happened to the request: who asks, where, and what the rules forbid.
pub(super) fn bars(
    policy: &Policy,
    cell: &Cell<'_>,
    asker: &Asker<'_>,
    channel: Option<&str>,
    rules: &[&Rule],
) -> Vec<Finding> {
    let mut found = Vec::new();
    if channel.is_none() && !OPEN_EVERYWHERE.contains(&cell.tool) {
        let go = all_channels(&policy.channels);
        let sentence = format!("this channel is not listed in the policy; go to {go}");
        found.push(deny("channels", ReasonCode::UnlistedChannel, sentence));
    }
    if rules.is_empty() {
        found.push(unnamed(cell, asker));
    }
    for rule in rules {
        if let Some(role) = rule.ask.as_ref().filter(|role| !asker.roles.contains(*role)) {
            let who = who_is(asker.name, asker.granted);
            let sentence = format!("{who}; {} is for the role {role}", action(cell));
            found.push(deny(&rule.id, ReasonCode::Role, sentence));
        }
        let elsewhere = |names: &&BTreeSet<String>| !channel.is_some_and(|channel| names.contains(channel));
        if let Some(names) = rule.channels.as_ref().filter(elsewhere) {
            let there = channel_list(names.iter().map(String::as_str));
            let sentence = format!("{} is not for this channel; ask in {there}", action(cell));
            found.push(deny(&rule.id, ReasonCode::Channel, sentence));
        }
        if let Some(sentence) = &rule.deny {
            found.push(deny(&rule.id, ReasonCode::Forbidden, sentence.clone()));
        }
    }
    found
}

/// No rule names it: reading is allowed to whoever has a role, changing to nobody.
fn unnamed(cell: &Cell<'_>, asker: &Asker<'_>) -> Finding {
    let what = action(cell);
    if cell.class.mutates() {
        let sentence = format!("no rule of the policy allows {what}, so the answer is no");
        deny("default", ReasonCode::NoRule, sentence)
    } else if asker.roles.is_empty() {
        let sentence = format!("{} has no role in the policy; ask an administrator for one", asker.name);
        deny("roles", ReasonCode::NoRole, sentence)
    } else {
        let sentence = format!("{what} only reads, which everybody with a role may do");
        finding("default", ReasonCode::Permitted, Decision::Allow, sentence)
    }
}

/// A change must be carried by the asker's own words, read with nothing foreign in view.
fn language(case: &Case<'_>) -> Vec<Finding> {
    let mut found = Vec::new();
    if let Grounding::Missing(arguments) = case.grounding {
        let names =
            if arguments.is_empty() { "everything it needs".to_owned() } else { list(arguments, "and") };
        let sentence = format!("your words do not say {names}; say it in full, or type the exact command");
        found.push(deny("language", ReasonCode::Ungrounded, sentence));
    }
    if matches!(case.origin, Origin::Model { tainted: true, .. }) {
        let sentence = "this was read with text from outside in view; say it again in your own words, or type the \
                        exact command";
        found.push(deny("language", ReasonCode::Tainted, sentence.to_owned()));
    }
    found
}

fn freezes(policy: &Policy, case: &Case<'_>, cell: &Cell<'_>) -> Vec<Finding> {
    let covering = policy.freezes.iter().filter(|freeze| freeze.covers(cell.tool, cell.environment));
    covering
        .filter_map(|freeze| {
            let until = moment(freeze.window.end(case.now)?, case.now, &policy.zone);
            let place = cell.environment.unwrap_or("everything");
            let except = match freeze.exempt.iter().collect::<Vec<_>>() {
                tools if tools.is_empty() => String::new(),
                tools => format!("; still allowed: {}", list(&tools, "and")),
            };
            let sentence = format!("{place} is frozen until {until}: {}{except}", freeze.reason);
            Some(deny(&freeze.id, ReasonCode::Freeze, sentence))
        })
        .collect()
}

fn locks(policy: &Policy, case: &Case<'_>, cell: &Cell<'_>) -> Vec<Finding> {
    if policy.exempt_from_locks.contains(cell.tool) {
        return Vec::new();
    }
    let holding = case.standing.locks.iter().filter(|lock| lock.holds(case.call, case.now));
    holding
        .map(|lock| {
            let what = match &lock.service {
                Some(service) => format!("{service} in {}", lock.environment),
                None => lock.environment.clone(),
            };
            let until = lock.until.map(|until| format!(" until {}", moment(until, case.now, &policy.zone)));
            let sentence =
                format!("{what} is locked by {}{}: {}", lock.by, until.unwrap_or_default(), lock.reason);
            deny("locks", ReasonCode::Lock, sentence)
        })
        .collect()
}

fn reasons(case: &Case<'_>, cell: &Cell<'_>, demands: &Demands<'_>) -> Vec<Finding> {
    if case.standing.reason.as_ref().is_some_and(|reason| !reason.trim().is_empty()) {
        return Vec::new();
    }
    let asking = demands.rules.iter().filter(|rule| rule.reason);
    asking
        .map(|rule| {
            let sentence = format!("{} needs a reason; ask again and say why", action(cell));
            deny(&rule.id, ReasonCode::ReasonMissing, sentence)
        })
        .collect()
}

fn votes(cell: &Cell<'_>, demands: &Demands<'_>, poll: &Poll<'_>) -> Vec<Finding> {
    let mut found = Vec::new();
    if let Some(vote) = poll.denial {
        let note = vote.note.as_ref().map(|note| format!(": {note}")).unwrap_or_default();
        found.push(deny("votes", ReasonCode::Denied, format!("{} said no{note}", vote.person)));
    }
    for need in poll.needs.iter().filter(|need| need.missing > 0) {
        for rule in demands.rules.iter().filter(|rule| rule.need.contains(&need.requirement)) {
            let waiting = waiting_for(need, demands.verify);
            let sentence = format!("{} needs {}: {waiting}", action(cell), need.requirement);
            found.push(finding(&rule.id, ReasonCode::Approval, Decision::NeedApproval, sentence));
        }
    }
    found
}

/// Who wants the asker to confirm: rules that say so, and for changes every reading of words that nobody else looks at.
fn confirmers<'p>(case: &Case<'_>, cell: &Cell<'_>, demands: &Demands<'p>) -> Vec<&'p str> {
    let read = match case.origin {
        Origin::Slash | Origin::System => false,
        Origin::Model { .. }
        | Origin::Offline
        | Origin::Runbook { .. }
        | Origin::Alert
        | Origin::Mcp { .. } => true,
    };
    let language = (read && cell.class.mutates() && demands.needs.is_empty()).then_some("language");
    let rules = demands.rules.iter().filter(|rule| rule.confirm).map(|rule| rule.id.as_str());
    rules.chain(language).collect()
}

fn too_late(open: Open) -> Finding {
    let sentence = match open {
        Open::Waiting => "nobody decided in time; ask again if it is still wanted",
        Open::Agreed => "it was agreed but did not start in time; ask again if it is still wanted",
    };
    deny("time", ReasonCode::Expired, sentence.to_owned())
}

/// What the rules say that have nothing left to ask for, and thanks to whom.
fn satisfied(
    (cell, asker): (&Cell<'_>, &Asker<'_>),
    demands: &Demands<'_>,
    poll: &Poll<'_>,
    found: &[Finding],
) -> Vec<Finding> {
    let content = demands.rules.iter().filter(|rule| found.iter().all(|finding| finding.rule != rule.id));
    content
        .map(|rule| {
            let needs = poll.needs.iter().filter(|need| rule.need.contains(&need.requirement));
            let agreed: Vec<_> = needs.flat_map(|need| &need.agreed).collect();
            let agreed =
                if agreed.is_empty() { String::new() } else { format!("; {} agreed", list(&agreed, "and")) };
            let confirmed = if rule.confirm { format!("; {} confirmed", asker.name) } else { String::new() };
            let who = who_is(asker.name, asker.granted);
            let sentence = format!("{who}, who may use {}{confirmed}{agreed}", action(cell));
            finding(&rule.id, ReasonCode::Permitted, Decision::Allow, sentence)
        })
        .collect()
}

fn conclude(policy: &Policy, demands: &Demands<'_>, poll: Poll<'_>, mut findings: Vec<Finding>) -> Verdict {
    findings.sort_by(|a, b| {
        (Reverse(a.decision), a.reason, &a.rule).cmp(&(Reverse(b.decision), b.reason, &b.rule))
    });
    Verdict {
        decision: findings.iter().map(|finding| finding.decision).max().unwrap_or(Decision::Deny),
        confirm: findings.iter().any(|finding| finding.reason == ReasonCode::Confirm),
        findings,
        needs: poll.needs,
        verify: demands.verify,
        expires_after: demands.expires_after,
        start_within: policy.limits.start_within,
        policy: policy.digest,
    }
}
