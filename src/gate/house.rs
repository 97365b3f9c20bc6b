use std::collections::{BTreeMap, BTreeSet};
use std::sync::LazyLock;

use super::cell::{Cell, Demands};
use super::decide::deny;
use super::rule::Rule;
use super::{Finding, Holder, Person, ReasonCode, Requirement, Tools, Verify, Vocabulary};
use crate::catalog::EffectClass;
use crate::domain::{PersonId, RoleName};

/// The tool that puts a policy file in force which allows more.
pub(super) const ACCEPT: &str = "policy.accept";

static HOUSE: LazyLock<PersonId> = LazyLock::new(|| PersonId("countersign".to_owned()));
static NO_ROLES: BTreeSet<RoleName> = BTreeSet::new();

/// Who asks for what no person asked for, such as a policy file that changed. It has no account and no role, no person
/// may be called like it, and what it asks for always takes somebody's approval.
pub fn house() -> &'static PersonId {
    &HOUSE
}

/// The house as somebody who asks.
pub(super) fn as_holder() -> Holder<'static> {
    use std::borrow::Cow::Borrowed;
    Holder { id: house(), granted: Borrowed(&NO_ROLES), roles: Borrowed(&NO_ROLES) }
}

/// What nobody asked for, somebody must agree to.
pub(super) fn unasked(cell: &Cell<'_>, asker: &Holder<'_>, demands: &Demands<'_>) -> Option<Finding> {
    let nobody_looks = asker.id == house() && cell.effect.mutates() && demands.needs.is_empty();
    nobody_looks.then(|| {
        let sentence = "no person asked for this, and no rule says who must agree to it";
        deny("people", ReasonCode::NoRule, sentence.to_owned())
    })
}

/// The rule for policy files that allow more, where the file has none of its own: as strict as the strictest there is.
pub(super) fn rule_for_policies(
    rules: &BTreeMap<String, Rule>,
    people: &BTreeMap<PersonId, Person>,
    vocabulary: &Vocabulary,
) -> Option<Rule> {
    let is_named = |rule: &Rule| rule.names_them() && rule.tools.contains(ACCEPT);
    if rules.values().any(is_named) || !vocabulary.tools.iter().any(|tool| tool.name == ACCEPT) {
        return None;
    }
    let needs = rules.values().flat_map(|rule| &rule.need);
    let strictest =
        needs.max_by_key(|need| (need.size(), need.clauses().len(), std::cmp::Reverse(choices(need))))?;
    // Of those whom it names, the role that most people hold may ask for it: the others can then agree.
    let holders = |role: &&RoleName| people.values().filter(|person| person.roles.contains(*role)).count();
    let asker = strictest.clauses().iter().flat_map(|clause| &clause.roles).max_by_key(holders)?;
    Some(Rule {
        id: "policy-changes".to_owned(),
        tools: Tools::Named([ACCEPT.to_owned()].into()),
        env: None,
        when: None,
        tags: BTreeSet::new(),
        effect: EffectClass::Read,
        ask: Some(asker.clone()),
        channels: None,
        confirm: false,
        need: vec![strictest.clone()],
        denied_by: BTreeSet::new(),
        verify: rules.values().map(|rule| rule.verify).max().unwrap_or(Verify::Chat),
        expires: None,
        start_within: None,
        remind: None,
        escalate: None,
        reason: false,
        deny: None,
    })
}

/// How many roles may fill its places: of two that take as many people, the one that leaves less choice is stricter.
fn choices(requirement: &Requirement) -> usize {
    requirement.clauses().iter().map(|clause| clause.roles.len()).sum()
}
