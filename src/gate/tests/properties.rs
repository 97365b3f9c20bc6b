//! What must hold whatever the file and the votes are.

use std::collections::BTreeSet;

use proptest::prelude::*;
use proptest::sample::{select, subsequence};
use toml::{Table, Value as Toml};

use super::*;
use crate::domain::RoleName;

const ROLES: [&str; 4] = ["viewer", "engineer", "team-lead", "dba"];
const CHANNELS: [&str; 3] = ["deployments", "general", "elsewhere"];

fn document() -> Table {
    DEMO_POLICY.parse().unwrap()
}

/// The shipped file with other rules, and without the examples that speak of the shipped ones.
fn with_rules(rules: Vec<Toml>) -> Policy {
    let mut table = document();
    table.remove("example");
    table.insert("rule".to_owned(), Toml::Array(rules));
    load(&table.to_string())
}

fn shipped_rules() -> Vec<Toml> {
    document()["rule"].as_array().unwrap().clone()
}

/// All that a fresh request comes to, cell by cell, for roles and channels.
fn landscape(policy: &Policy) -> Vec<(String, Prospect)> {
    let mut cells = Vec::new();
    for role in ROLES {
        for channel in CHANNELS {
            for tool in vocabulary().tools {
                for prospect in prospects_of_role(policy, &RoleName(role.to_owned()), channel, &tool.name) {
                    let cell = format!(
                        "{role} {channel} {} {:?} {:?}",
                        tool.name, prospect.environment, prospect.direction
                    );
                    cells.push((cell, prospect));
                }
            }
        }
    }
    cells
}

/// Whether the second is at least as strict as the first.
fn no_looser(before: &Prospect, after: &Prospect) -> bool {
    let needs = |prospect: &Prospect| prospect.needs.iter().cloned().collect::<BTreeSet<_>>();
    after.decision == Decision::Deny
        || (after.decision >= before.decision
            && needs(before).is_subset(&needs(after))
            && after.confirm >= before.confirm
            && after.verify >= before.verify)
}

fn rule() -> impl Strategy<Value = Toml> {
    let tools: Vec<_> = vocabulary().tools.into_iter().filter(|tool| tool.has_environment).collect();
    let names: Vec<_> = tools.into_iter().map(|tool| tool.name).collect();
    (
        subsequence(names, 1..4),
        proptest::option::of(subsequence(ENVIRONMENTS.to_vec(), 1..=3)),
        proptest::option::of(select(ROLES.to_vec())),
        proptest::option::of(subsequence(vec!["#deployments", "#general"], 1..=2)),
        any::<bool>(),
        proptest::option::of(select(vec!["1 of team-lead", "1 of dba", "2 of dba or team-lead"])),
        select(vec!["chat", "console"]),
        proptest::bool::weighted(0.1),
    )
        .prop_map(|(tools, env, ask, channels, confirm, need, verify, forbidden)| {
            let list = |names: Vec<&str>| Toml::from(names.into_iter().map(Toml::from).collect::<Vec<_>>());
            let mut rule = Table::new();
            rule.insert("id".to_owned(), "new".into());
            rule.insert("tools".to_owned(), Toml::from(tools));
            rule.extend(env.map(|env| ("env".to_owned(), list(env))));
            rule.extend(ask.map(|ask| ("ask".to_owned(), ask.into())));
            rule.extend(channels.map(|channels| ("channels".to_owned(), list(channels))));
            rule.insert("confirm".to_owned(), confirm.into());
            // Viewers and engineers may ask for anything here, so that each requirement can be met.
            rule.extend(need.map(|need| ("need".to_owned(), list(vec![need]))));
            rule.insert("verify".to_owned(), verify.into());
            rule.extend(forbidden.then(|| ("deny".to_owned(), "no".into())));
            Toml::Table(rule)
        })
        .prop_filter("somebody can ask and others agree", |rule| {
            let mut table = document();
            table.remove("example");
            table.insert("rule".to_owned(), Toml::Array(vec![rule.clone()]));
            Policy::load("p", &table.to_string(), &vocabulary()).is_ok()
        })
}

proptest! {
    #![proptest_config(cases(64))]

    #[test]
    fn order_and_duplicates_mean_nothing(
        order in Just(shipped_rules()).prop_shuffle(),
        copies in subsequence(shipped_rules(), 0..5),
    ) {
        let copies = copies.into_iter().map(|mut copy| {
            let table = copy.as_table_mut().unwrap();
            let id = format!("copy of {}", table["id"].as_str().unwrap());
            table.insert("id".to_owned(), id.into());
            copy
        });
        let shuffled = with_rules(order.into_iter().chain(copies).collect());
        let shipped = with_rules(shipped_rules());
        prop_assert_eq!(landscape(&shuffled), landscape(&shipped));
        prop_assert_eq!(diff(&shipped, &shuffled, at("2026-03-04T12:00:00Z")).changes, []);
    }

    #[test]
    fn a_new_rule_loosens_no_named_cell(new in rule()) {
        let before = landscape(&with_rules(shipped_rules()));
        let after = landscape(&with_rules(shipped_rules().into_iter().chain([new]).collect()));
        for ((cell, old), (_, new)) in before.iter().zip(&after) {
            prop_assert!(old.reason == ReasonCode::NoRule || no_looser(old, new), "{cell}: {old:?} {new:?}");
        }
    }
}

#[test]
fn losing_a_shipped_rule_opens_nothing() {
    let whole = landscape(&with_rules(shipped_rules()));
    for lost in 0..shipped_rules().len() {
        let mut rules = shipped_rules();
        let rule = rules.remove(lost);
        for ((cell, before), (_, after)) in whole.iter().zip(&landscape(&with_rules(rules.clone()))) {
            assert!(no_looser(before, after), "without {rule}: {cell}: {before:?} {after:?}");
        }
        let told = diff(&with_rules(shipped_rules()), &with_rules(rules), at("2026-03-04T12:00:00Z"));
        // What policies take holds without its rule as well.
        let implied = rule["id"].as_str() == Some("policy-changes");
        assert!(!told.weakens() && told.changes.is_empty() == implied, "without {rule}: {told}");
    }
}

/// A policy with many people and one requirement.
fn crowd(people: &[Vec<&str>], need: &str) -> Option<Policy> {
    let mut text =
        "version = 1\nroles = { sre = [], security = [], dba = [\"sre\"], asker = [] }\n".to_owned();
    text.push_str("channel = [{ name = \"deployments\", platform = \"console\" }]\n");
    for (index, roles) in people.iter().enumerate() {
        let roles = if roles.is_empty() { String::new() } else { format!("roles = {roles:?}\n") };
        text.push_str(&format!(
            "[[person]]\nid = \"p{index}\"\n{roles}identities = [\"console:p{index}\"]\n"
        ));
    }
    text.push_str(&format!("[[rule]]\nid = \"r\"\ntools = [\"deploy\"]\nneed = [\"{need}\"]\n"));
    Policy::load("p", &text, &vocabulary()).ok()
}

/// By brute force: can these people, each once, fill these slots?
fn can_fill(slots: &[Vec<&str>], people: &[Vec<&str>]) -> bool {
    let Some((slot, rest)) = slots.split_first() else { return true };
    (0..people.len()).any(|index| {
        let mut others = people.to_vec();
        let person = others.remove(index);
        let holds = |role: &&str| person.contains(role) || (*role == "sre" && person.contains(&"dba"));
        slot.iter().any(holds) && can_fill(rest, &others)
    })
}

/// A requirement as text, and as slots for the oracle.
fn requirement() -> impl Strategy<Value = (String, Vec<Vec<&'static str>>)> {
    let clause = (1..3_usize, subsequence(vec!["sre", "security", "dba"], 1..3));
    proptest::collection::vec(clause, 1..3).prop_map(|clauses| {
        let texts: Vec<_> =
            clauses.iter().map(|(count, roles)| format!("{count} of {}", roles.join(" or "))).collect();
        let slots = clauses.into_iter().flat_map(|(count, roles)| vec![roles; count]).collect();
        (texts.join(" and "), slots)
    })
}

#[derive(Clone, Debug)]
struct Ballot {
    person: usize,
    choice: Choice,
    outdated: bool,
    twice: bool,
}

fn ballot() -> impl Strategy<Value = Ballot> {
    let choice = prop_oneof![12 => Just(Choice::Approve), 1 => Just(Choice::Deny)];
    (0..7_usize, choice, proptest::bool::weighted(0.1), any::<bool>())
        .prop_map(|(person, choice, outdated, twice)| Ballot { person, choice, outdated, twice })
}

proptest! {
    #![proptest_config(cases(512))]

    /// Against an oracle that tries every seating: N approvals are N people with the roles, the asker and the others
    /// who caused it never among them, and a no of anybody who could have said yes ends it.
    #[test]
    fn votes_count_once_each_and_never_the_askers(
        people in proptest::collection::vec(subsequence(vec!["sre", "security", "dba"], 0..3), 7),
        (text, slots) in requirement(),
        ballots in proptest::collection::vec(ballot(), 0..10),
        accomplice in proptest::option::of(0..7_usize),
    ) {
        let Some(policy) = crowd(&people, &text) else { return Ok(()) };
        let mut scene = ask("p0", "deploy", Some("production"));
        scene.standing.cause.extend(accomplice.map(|index| person(&format!("p{index}"))));
        for ballot in &ballots {
            let who = format!("p{}", ballot.person);
            for _ in 0..=usize::from(ballot.twice) {
                scene = scene.vote(&policy, &who, ballot.choice, Verify::Chat);
            }
            if ballot.outdated {
                scene.standing.votes.iter_mut().filter(|vote| vote.person.0 == who)
                    .for_each(|vote| vote.binding = policy.digest());
            }
        }
        let bound = binding(&policy, &scene.case());
        let eligible = |index: &usize| *index != 0 && Some(*index) != accomplice;
        let voters = |choice: Choice| -> BTreeSet<usize> {
            (0..7).filter(eligible).filter(|index| {
                let who = person(&format!("p{index}"));
                scene.standing.votes.iter()
                    .any(|vote| vote.person == who && vote.choice == choice && vote.binding == bound)
            }).collect()
        };
        let vetoed = voters(Choice::Deny).iter().any(|index| {
            slots.iter().any(|slot| can_fill(std::slice::from_ref(slot), &[people[*index].clone()]))
        });
        let agreed: Vec<_> = voters(Choice::Approve).into_iter().map(|index| people[index].clone()).collect();
        let expected = match (vetoed, can_fill(&slots, &agreed)) {
            (true, _) => Decision::Deny,
            (false, true) => Decision::Allow,
            (false, false) => Decision::NeedApproval,
        };
        let verdict = scene.decide(&policy);
        prop_assert_eq!(scene.decision(&policy), expected);
        for need in &verdict.needs {
            let distinct: BTreeSet<_> = need.agreed.iter().collect();
            prop_assert_eq!(distinct.len(), need.agreed.len());
            prop_assert!(!need.agreed.contains(&person("p0")) && !need.may.contains(&person("p0")));
            // Whoever is named as able to help does.
            for helper in &need.may {
                let helped = scene.clone().vote(&policy, &helper.0, Choice::Approve, Verify::Chat);
                prop_assert_eq!(helped.decide(&policy).needs[0].missing, need.missing - 1);
            }
        }
    }

    /// Votes that pass the scales lead to the decision; nobody gets a second one past them.
    #[test]
    fn weighed_votes_decide(
        people in proptest::collection::vec(subsequence(vec!["sre", "security", "dba"], 0..3), 7),
        (text, slots) in requirement(),
        order in Just((0..7_usize).chain(0..7).collect::<Vec<_>>()).prop_shuffle(),
    ) {
        let Some(policy) = crowd(&people, &text) else { return Ok(()) };
        let mut scene = ask("p0", "deploy", Some("production"));
        let mut agreed: Vec<usize> = Vec::new();
        for index in order {
            let who = format!("p{index}");
            if scene.weigh(&policy, &who, Choice::Approve, Verify::Chat).is_ok() {
                prop_assert!(index != 0 && !agreed.contains(&index));
                agreed.push(index);
                scene = scene.vote(&policy, &who, Choice::Approve, Verify::Chat);
            }
        }
        let roles: Vec<_> = agreed.iter().map(|index| people[*index].clone()).collect();
        prop_assert_eq!(scene.decision(&policy) == Decision::Allow, can_fill(&slots, &roles));
        prop_assert_eq!(can_fill(&slots, &roles), can_fill(&slots, &people[1..]));
    }
}
