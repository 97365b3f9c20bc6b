use std::fmt;

use serde::Serialize;

use super::cell::Cell;
use super::rule::Rule;
use super::words::{action, list, who_is};
use super::{Case, Policy, Tools, Verdict, decide, limits_of};
use crate::catalog::{Direction, EffectClass};

/// Why a case comes to what it comes to: every rule that spoke, and every one that might have and did not.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Explanation {
    /// What was asked, by whom, where.
    pub asked: String,
    /// What it comes to, with all that spoke.
    pub verdict: Verdict,
    /// What is about the same tool and kept silent.
    pub silent: Vec<Silent>,
}

/// Something of the policy that kept silent.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Silent {
    /// The rule, freeze or limit.
    pub rule: String,
    /// Why it did, or when it speaks.
    pub why: String,
}

/// Explains what comes of a case.
pub fn explain(policy: &Policy, case: &Case<'_>) -> Explanation {
    let cell = Cell::of(policy, case);
    let who = match case.asker.and_then(|id| policy.holder_of(id, case.membership, case.now)) {
        Some(asker) => format!("{} and", who_is(&asker.id.0, &asker.granted)),
        None => "a stranger".to_owned(),
    };
    let place = match policy.channel_at(case.place) {
        Some(channel) => format!("#{}", channel.name),
        None => format!("{}, which is not listed", case.place.channel),
    };
    let verdict = decide(policy, case);
    let mut silent: Vec<Silent> = policy
        .rules
        .about(cell.tool)
        .filter(|rule| !rule.matches(&cell))
        .map(|rule| Silent { rule: rule.id.clone(), why: passed_over(rule, &cell) })
        .collect();
    silent.extend(others(policy, case, &cell));
    let spoke = |id: &str| verdict.findings.iter().any(|finding| finding.rule == id);
    silent.retain(|silent| !spoke(&silent.rule));
    Explanation { asked: format!("{who} asks for {} in {place}", action(&cell)), verdict, silent }
}

/// Why a rule about the tool does not speak about the cell.
fn passed_over(rule: &Rule, cell: &Cell<'_>) -> String {
    let mut why = Vec::new();
    if let Some(env) = &rule.env
        && !cell.environment.is_some_and(|environment| env.contains(environment))
    {
        why.push(format!("for {}", list(&env.iter().collect::<Vec<_>>(), "and")));
    }
    if rule.when.is_some() && rule.when != cell.direction {
        why.push(match rule.when {
            Some(Direction::Up) => "for what goes up".to_owned(),
            Some(Direction::Down | Direction::Same) | None => "for what goes down".to_owned(),
        });
    }
    if !rule.tags.is_empty() && rule.tags.is_disjoint(cell.tags) {
        why.push(format!("with {}", list(&rule.tags.iter().collect::<Vec<_>>(), "or")));
    }
    if rule.effect > cell.effect {
        why.push(match rule.effect {
            EffectClass::Destructive => "for what is destructive".to_owned(),
            EffectClass::Read | EffectClass::Write => "for what changes something".to_owned(),
        });
    }
    why.join(", ")
}

/// Freezes that are not on, limits that are not reached, what an emergency would do without.
fn others(policy: &Policy, case: &Case<'_>, cell: &Cell<'_>) -> Vec<Silent> {
    let mut silent = Vec::new();
    if cell.effect.mutates() {
        for freeze in &policy.freezes {
            let why = match freeze.exempt.contains(cell.tool) {
                true => format!("{} is exempt from it", cell.tool),
                false => format!("it stops {freeze}"),
            };
            silent.push(Silent { rule: freeze.id.clone(), why });
        }
    }
    for limit in limits_of(policy, case) {
        silent.push(Silent { rule: limit.id.clone(), why: limit.to_string() });
    }
    if let Some(order) = &policy.order
        && order.tools.contains(cell.tool)
    {
        silent.push(Silent { rule: "order".to_owned(), why: order.environments.join(", then ") });
    }
    if let Some(glass) = &policy.break_glass
        && (glass.tools == Tools::All || glass.tools.contains(cell.tool))
    {
        let bypass: Vec<_> = glass.bypass.iter().map(|bypass| bypass.as_str()).collect();
        let roles: Vec<_> = glass.roles.iter().collect();
        let why = format!("{} may do without {} in an emergency", list(&roles, "or"), list(&bypass, "and"));
        silent.push(Silent { rule: "emergency".to_owned(), why });
    }
    silent
}

impl fmt::Display for Explanation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.asked, self.verdict.decision.as_str())?;
        let findings = &self.verdict.findings;
        let width = findings.iter().map(|finding| finding.rule.as_str());
        let width = width
            .chain(self.silent.iter().map(|silent| silent.rule.as_str()))
            .map(str::len)
            .max()
            .unwrap_or(0);
        write!(f, "\n\nspoke")?;
        for finding in findings {
            write!(
                f,
                "\n  {:<width$}  {:<13}  {}",
                finding.rule,
                finding.decision.as_str(),
                finding.sentence
            )?;
        }
        if !self.silent.is_empty() {
            write!(f, "\n\nkept silent")?;
        }
        for silent in &self.silent {
            write!(f, "\n  {:<width$}  {}", silent.rule, silent.why)?;
        }
        Ok(())
    }
}
