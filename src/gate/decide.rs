use std::cmp::Reverse;
use std::collections::BTreeSet;

use super::cell::{Cell, Demands};
use super::glass::pane;
use super::house::{house, unasked};
use super::needs::{Open, Poll, overdue};
use super::obstacles::Obstacles;
use super::words::{action, all_channels, channel_list, list, waiting_for, who_is};
use super::{Bypass, Bypassed, Case, Decision, Finding, Holder, Pane, Policy, ReasonCode, Verdict};
use crate::domain::{Origin, RoleName};

/// What one may always ask, so that nobody is lost: in unlisted channels too.
pub(super) const OPEN_EVERYWHERE: [&str; 2] = ["help", "whoami"];

/// Decides: what does this still need, given its standing? Total, and free of order.
pub fn decide(policy: &Policy, case: &Case<'_>) -> Verdict {
    let cell = Cell::of(policy, case);
    let mut demands = Demands::of(policy, &cell);
    let asker = case.asker.and_then(|id| policy.holder_of(id, case.membership, case.now));
    let Some(asker) = asker else {
        return conclude(policy, demands, Poll::none(), vec![stranger()], Vec::new());
    };
    let channel = policy.channel_at(case.place).map(|channel| channel.name.as_str());
    let mut findings = bars(policy, &cell, &asker, channel, &demands);
    let pane = pane(policy, case, &cell, &asker);
    if let Pane::Held(sentence) = &pane {
        findings.push(deny("emergency", ReasonCode::NoEmergency, sentence.clone()));
    }
    let mut obstacles = Obstacles::of(policy, case, &cell, &pane);
    if pane.lets_pass(Bypass::Approvals) {
        waive(&cell, &mut demands, &mut obstacles);
    }
    findings.extend(obstacles.findings);
    findings.extend(unasked(&cell, &asker, &demands));
    findings.extend(reasons(case, &cell, &demands));
    let poll = Poll::of(policy, &demands, case);
    findings.extend(votes(&cell, &demands, &poll));
    let confirmers = confirmers(case, &cell, &demands, &pane);
    let confirmed = case.standing.confirmed_by.as_ref() == Some(asker.id);
    let asked_people = !demands.needs.is_empty() || !confirmers.is_empty();
    let open =
        if poll.open() || (!confirmers.is_empty() && !confirmed) { Open::Waiting } else { Open::Agreed };
    if asked_people && overdue(case, open) {
        findings.push(too_late(open));
    }
    if !confirmed {
        findings.extend(confirmers.into_iter().map(|rule| {
            let sentence = format!("{} waits for {} to confirm it", action(&cell), asker.id);
            finding(rule, ReasonCode::Confirm, Decision::Confirm, sentence)
        }));
    }
    let content = satisfied((&cell, &asker), &demands, &poll, &findings);
    findings.extend(content);
    conclude(policy, demands, poll, findings, obstacles.bypassed)
}

/// An emergency: nobody else is asked, and each rule that would have asked says so.
fn waive(cell: &Cell<'_>, demands: &mut Demands<'_>, obstacles: &mut Obstacles) {
    for rule in demands.rules.iter().filter(|rule| !rule.need.is_empty()) {
        let needs = list(&rule.need, "and");
        obstacles.pass(Bypass::Approvals, &rule.id, &format!("{} needs {needs}", action(cell)));
    }
    demands.needs.clear();
}

/// A finding in one line.
pub(super) fn finding(rule: &str, reason: ReasonCode, decision: Decision, sentence: String) -> Finding {
    Finding { rule: rule.to_owned(), reason, decision, sentence }
}

pub(super) fn deny(rule: &str, reason: ReasonCode, sentence: String) -> Finding {
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
    asker: &Holder<'_>,
    channel: Option<&str>,
    demands: &Demands<'_>,
) -> Vec<Finding> {
    let mut found = Vec::new();
    if channel.is_none() && !OPEN_EVERYWHERE.contains(&cell.tool) {
        let go = all_channels(&policy.channels);
        let sentence = format!("this channel is not listed in the policy; go to {go}");
        found.push(deny("channels", ReasonCode::UnlistedChannel, sentence));
    }
    if !demands.named {
        found.push(unnamed(cell, asker));
    }
    for rule in &demands.rules {
        let lacks = |role: &&RoleName| asker.id != house() && !asker.roles.contains(*role);
        if let Some(role) = rule.ask.as_ref().filter(lacks) {
            let who = who_is(&asker.id.0, &asker.granted);
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
fn unnamed(cell: &Cell<'_>, asker: &Holder<'_>) -> Finding {
    let what = action(cell);
    if cell.effect.mutates() {
        let sentence = format!("no rule of the policy allows {what}, so the answer is no");
        deny("default", ReasonCode::NoRule, sentence)
    } else if asker.roles.is_empty() {
        let sentence = format!("{} has no role in the policy; ask an administrator for one", asker.id);
        deny("roles", ReasonCode::NoRole, sentence)
    } else {
        let sentence = format!("{what} only reads, which everybody with a role may do");
        finding("default", ReasonCode::Permitted, Decision::Allow, sentence)
    }
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

/// Who wants the asker to confirm: rules that say so, for changes every reading of words that nobody else looks at, and
/// every emergency.
fn confirmers<'p>(case: &Case<'_>, cell: &Cell<'_>, demands: &Demands<'p>, pane: &Pane<'_>) -> Vec<&'p str> {
    let read = match case.origin {
        Origin::Slash | Origin::System => false,
        Origin::Model { .. }
        | Origin::Offline
        | Origin::Runbook { .. }
        | Origin::Alert
        | Origin::Mcp { .. } => true,
    };
    let language = (read && cell.effect.mutates() && demands.needs.is_empty()).then_some("language");
    let rules = demands.rules.iter().filter(|rule| rule.confirm).map(|rule| rule.id.as_str());
    let emergency = match pane {
        Pane::Broken(_) => Some("emergency"),
        Pane::Whole | Pane::Held(_) => None,
    };
    rules.chain(language).chain(emergency).collect()
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
    (cell, asker): (&Cell<'_>, &Holder<'_>),
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
            let confirmed = if rule.confirm { format!("; {} confirmed", asker.id) } else { String::new() };
            let who = who_is(&asker.id.0, &asker.granted);
            let sentence = format!("{who}, who may use {}{confirmed}{agreed}", action(cell));
            finding(&rule.id, ReasonCode::Permitted, Decision::Allow, sentence)
        })
        .collect()
}

fn conclude(
    policy: &Policy,
    demands: Demands<'_>,
    poll: Poll<'_>,
    mut findings: Vec<Finding>,
    bypassed: Vec<Bypassed>,
) -> Verdict {
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
        start_within: demands.start_within,
        remind_before: demands.remind_before,
        escalations: demands.escalations.into_iter().cloned().collect(),
        bypassed,
        policy: policy.digest,
    }
}
