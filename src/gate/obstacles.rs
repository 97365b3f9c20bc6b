//! What stands between anybody and a call, whoever agrees to it: words that do not carry it, freezes, locks, limits and
//! the order of environments.

use super::cell::Cell;
use super::decide::{deny, finding};
use super::freeze::moment;
use super::limit::covering;
use super::order::out_of_order;
use super::words::list;
use super::{Bypass, Bypassed, Case, Decision, Finding, Grounding, Pane, Policy, ReasonCode};
use crate::domain::{Origin, human_span};

/// What was found, and what an emergency does without.
#[derive(Default)]
pub(super) struct Obstacles {
    pub findings: Vec<Finding>,
    pub bypassed: Vec<Bypassed>,
}

impl Obstacles {
    pub fn of(policy: &Policy, case: &Case<'_>, cell: &Cell<'_>, pane: &Pane<'_>) -> Self {
        let mut found = Self::default();
        found.findings.extend(memory(case));
        found.findings.extend(limits(policy, case, cell));
        if !cell.effect.mutates() {
            return found;
        }
        found.findings.extend(language(case));
        found.findings.extend(locks(policy, case, cell));
        found.put(freezes(policy, case, cell), Bypass::Freezes, pane);
        let order = out_of_order(policy, case).map(|sentence| deny("order", ReasonCode::Order, sentence));
        found.put(order.into_iter().collect(), Bypass::Order, pane);
        found
    }

    /// Adds findings, unless the broken glass lets them pass: then they are told and stop nothing.
    fn put(&mut self, findings: Vec<Finding>, what: Bypass, pane: &Pane<'_>) {
        if !pane.lets_pass(what) {
            self.findings.extend(findings);
            return;
        }
        for stopped in findings {
            self.pass(what, &stopped.rule, &stopped.sentence);
        }
    }

    /// Notes that an emergency does without something.
    pub fn pass(&mut self, what: Bypass, rule: &str, without: &str) {
        let sentence = format!("done without, because this is an emergency: {without}");
        self.findings.push(finding(rule, ReasonCode::Bypassed, Decision::Allow, sentence));
        self.bypassed.push(Bypassed { what, rule: rule.to_owned() });
    }
}

/// Who said no to the same a short while ago; whoever decides now should know.
fn memory(case: &Case<'_>) -> Option<Finding> {
    let denied = case.standing.denied.as_ref()?;
    let ago = std::time::Duration::try_from(case.now.duration_since(denied.at)).unwrap_or_default();
    let note = denied.note.as_ref().map(|note| format!(": {note}")).unwrap_or_default();
    let sentence = format!("{} said no to the same {} ago{note}", denied.by, human_span(ago));
    Some(finding("memory", ReasonCode::DeniedBefore, Decision::Allow, sentence))
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

fn limits(policy: &Policy, case: &Case<'_>, cell: &Cell<'_>) -> Vec<Finding> {
    covering(policy, cell)
        .filter_map(|limit| {
            let why = match case.standing.counts.get(&limit.id) {
                Some(count) if *count < limit.count => return None,
                Some(_) => "which is reached",
                None => "and how many there were is not known",
            };
            let sentence = format!("{limit}, {why}; ask again later");
            Some(deny(&limit.id, ReasonCode::Limit, sentence))
        })
        .collect()
}
