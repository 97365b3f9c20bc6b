//! `diff` against brute force: for random policies and random changes of them, every cell is tried with every kind of
//! asker, channel, confirmation, reason, and with every set of votes up to the largest number that is ever asked for.
//! What runs by the new policy and did not by the old is a weakened cell, and nothing else is.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use proptest::prelude::*;
use proptest::sample::{select, subsequence};

use super::*;
use crate::gate::cell::{Cell, Demands};

const TAGS: [&str; 2] = ["migration", "payments"];
const CHANNELS: [&str; 2] = ["deployments", "general"];
const TOOLS: [&str; 2] = ["logs", "scale"];

/// Who asks: people of every kind of roles. Nobody of them votes.
const ASKERS: [&str; 6] = ["", "viewer", "engineer", "lead", "dba", "lead dba"];

/// Who votes: so many of each kind as a requirement ever asks for.
const VOTERS: [&str; 4] = ["engineer", "lead", "dba", "lead dba"];
const MOST: usize = 2;

/// A rule by its lines.
type Lines = Vec<String>;

fn rule() -> impl Strategy<Value = Lines> {
    let list =
        |names: Vec<&str>| names.iter().map(|name| format!("\"{name}\"")).collect::<Vec<_>>().join(", ");
    let needs = vec!["1 of lead", "1 of dba", "2 of dba or lead", "1 of dba and 1 of lead", "2 of engineer"];
    let matching = (
        prop_oneof![4 => subsequence(TOOLS.to_vec(), 1..=2), 1 => Just(vec!["*"])],
        proptest::option::of(subsequence(vec!["staging", "production"], 1..=2)),
        proptest::option::of(select(vec!["up", "down"])),
        proptest::option::weighted(0.3, select(TAGS.to_vec())),
        proptest::option::weighted(0.2, select(vec!["write", "destructive"])),
    );
    let asking = (
        proptest::option::of(select(vec!["viewer", "engineer", "lead", "dba"])),
        proptest::option::weighted(0.3, subsequence(CHANNELS.to_vec(), 1..=2)),
        proptest::collection::vec(select(needs), 0..=2),
        proptest::option::weighted(0.3, select(vec!["type", "console"])),
        proptest::option::weighted(0.2, select(vec!["expires_minutes = 9", "start_within_minutes = 2"])),
        proptest::option::weighted(0.3, select(vec!["confirm = true", "reason = true", "deny = \"no\""])),
        proptest::option::weighted(0.3, select(vec!["viewer", "dba"])),
    );
    (matching, asking).prop_map(
        move |((tools, env, when, tag, effect), (ask, channels, need, verify, time, more, no))| {
            // A direction is said of what has one.
            let when = when.filter(|_| tools == ["scale"]);
            let mut lines = vec![format!("tools = [{}]", list(tools))];
            lines.extend(env.map(|env| format!("env = [{}]", list(env))));
            lines.extend(when.map(|way| format!("when = \"scale_{way}\"")));
            lines.extend(tag.map(|tag| format!("tags = [\"{tag}\"]")));
            lines.extend(effect.map(|effect| format!("effect = \"{effect}\"")));
            lines.extend(ask.map(|role| format!("ask = \"{role}\"")));
            lines.extend(channels.map(|channels| format!("channels = [{}]", list(channels))));
            lines.extend(no.filter(|_| !need.is_empty()).map(|role| format!("denied_by = [\"{role}\"]")));
            lines.extend((!need.is_empty()).then(|| format!("need = [{}]", list(need))));
            lines.extend(verify.map(|verify| format!("verify = \"{verify}\"")));
            lines.extend(time.map(str::to_owned));
            lines.extend(more.map(str::to_owned));
            lines
        },
    )
}

fn policy(rules: &[Lines]) -> Policy {
    let mut text = "version = 1\n[roles]\nviewer = []\nengineer = [\"viewer\"]\nlead = [\"engineer\"]\ndba = [\"engineer\"]\n".to_owned();
    for channel in CHANNELS {
        writeln!(text, "[[channel]]\nname = \"{channel}\"\nplatform = \"console\"").unwrap();
    }
    let mut person = |id: &str, roles: &str| {
        let roles: Vec<_> = roles.split_whitespace().collect();
        let roles = if roles.is_empty() { String::new() } else { format!("roles = {roles:?}\n") };
        writeln!(text, "[[person]]\nid = \"{id}\"\n{roles}").unwrap();
    };
    for roles in ASKERS {
        person(&format!("a {roles}"), roles);
    }
    for roles in VOTERS {
        (0..MOST).for_each(|index| person(&format!("v{index} {roles}"), roles));
    }
    for (index, lines) in rules.iter().enumerate() {
        writeln!(text, "[[rule]]\nid = \"r{index}\"\n{}", lines.join("\n")).unwrap();
    }
    load(&text)
}

/// Sets of voters: none, and every kind with every kind.
fn voter_sets() -> Vec<Vec<String>> {
    let mut sets = vec![Vec::new()];
    for (index, roles) in VOTERS.iter().enumerate() {
        sets.push(vec![format!("v0 {roles}")]);
        sets.extend(VOTERS.iter().skip(index).map(|other| {
            let second = if other == roles { 1 } else { 0 };
            vec![format!("v0 {roles}"), format!("v{second} {other}")]
        }));
    }
    sets
}

/// Whether something of this cell runs by the new policy and not by the old, or waits longer.
fn weaker(old: &Policy, new: &Policy, cell: &Scene) -> bool {
    let mut both_ask_others = BTreeMap::new();
    for asker in ASKERS {
        for channel in CHANNELS {
            for (confirmed, reason) in [(false, false), (false, true), (true, false), (true, true)] {
                let mut scene = cell.clone();
                scene.asker = Some(person(&format!("a {asker}")));
                scene.place = place(channel);
                scene.standing.confirmed_by = scene.asker.clone().filter(|_| confirmed);
                scene.standing.reason = reason.then(|| "because".to_owned());
                let (before, after) = (scene.decide(old), scene.decide(new));
                if longer(&scene, &before, &after) {
                    return true;
                }
                match (before.decision, after.decision) {
                    (Decision::Allow, _) | (_, Decision::Deny | Decision::Confirm) => {}
                    (_, Decision::Allow) => return true,
                    // Who agrees is nobody who asks, so trying it once is trying it for all.
                    (Decision::NeedApproval, Decision::NeedApproval) => {
                        both_ask_others.insert((confirmed, reason), scene);
                    }
                    (Decision::Deny | Decision::Confirm, Decision::NeedApproval) => {
                        let enough = |voters| agreed(&scene, new, voters, Verify::Console).decision(new);
                        if voter_sets().iter().any(|voters| enough(voters) == Decision::Allow) {
                            return true;
                        }
                    }
                }
            }
        }
    }
    both_ask_others.values().any(|scene| fewer_votes(old, new, scene))
}

fn longer(scene: &Scene, before: &Verdict, after: &Verdict) -> bool {
    let waits = |verdict: &Verdict| {
        verdict.decision != Decision::Deny
            && (scene.assessment.class.mutates() || !verdict.needs.is_empty() || verdict.confirm)
    };
    let longer = after.expires_after > before.expires_after || after.start_within > before.start_within;
    waits(before) && waits(after) && longer
}

fn agreed(scene: &Scene, policy: &Policy, voters: &[String], verify: Verify) -> Scene {
    voters.iter().fold(scene.clone(), |scene, who| scene.vote(policy, who, Choice::Approve, verify))
}

/// Whether there are votes by which it runs by the new policy and not by the old.
fn fewer_votes(old: &Policy, new: &Policy, scene: &Scene) -> bool {
    voter_sets().iter().any(|voters| {
        Verify::ALL.into_iter().any(|verify| {
            let runs = |policy| agreed(scene, policy, voters, verify).decision(policy) == Decision::Allow;
            runs(new) && (!runs(old) || vetoed(old, new, &|policy| agreed(scene, policy, voters, verify)))
        })
    })
}

/// Whether the no of somebody whom the rules name for it ended it before, and does nothing now.
fn vetoed(old: &Policy, new: &Policy, agreed: &dyn Fn(&Policy) -> Scene) -> bool {
    if old.rules.iter().all(|rule| rule.denied_by.is_empty()) {
        return false;
    }
    VOTERS.iter().chain(&["viewer"]).any(|roles| {
        // The asker's kind of viewer may say no to what others ask.
        let who = if *roles == "viewer" { "a viewer".to_owned() } else { format!("v1 {roles}") };
        let named = |policy: &Policy, scene: &Scene| {
            let cell = Cell::of(policy, &scene.case());
            let demands = Demands::of(policy, &cell);
            let held = policy.roles_of(&person(&who), Membership::none(), scene.now);
            demands.denied_by.iter().any(|role| held.contains(*role))
        };
        let scene = agreed(old);
        let asks = scene.asker != Some(person(&who));
        let denies = |policy: &Policy| {
            let denied = agreed(policy).vote(policy, &who, Choice::Deny, Verify::Console);
            denied.decide(policy).decision == Decision::Deny
        };
        asks && named(old, &scene) && denies(old) && !denies(new)
    })
}

/// The rules that speak about a cell.
fn speak(policy: &Policy, scene: &Scene) -> Vec<String> {
    let case = scene.case();
    let cell = Cell::of(policy, &case);
    policy.rules.iter().filter(|rule| rule.matches(&cell)).map(|rule| rule.id.clone()).collect()
}

/// Every cell of the domain, with its key.
fn cells() -> Vec<(String, Scene)> {
    let mut found = Vec::new();
    for tool in TOOLS {
        for environment in [None, Some("staging"), Some("production")] {
            for class in [EffectClass::Read, EffectClass::Write, EffectClass::Destructive] {
                for direction in [Some(Direction::Up), Some(Direction::Down)] {
                    for tags in [vec![], vec![TAGS[0]], vec![TAGS[1]], TAGS.to_vec()] {
                        if tool == "logs" && direction == Some(Direction::Up) {
                            continue;
                        }
                        if tool == "scale" && class == EffectClass::Read {
                            continue;
                        }
                        let direction = direction.filter(|_| tool == "scale");
                        let scene = ask("a ", tool, environment).with(|scene| {
                            scene.assessment.class = class;
                            scene.assessment.direction = direction;
                            scene.assessment.tags = tags.iter().map(|tag| (*tag).to_owned()).collect();
                        });
                        found.push((key(tool, environment, direction, class, &tags), scene));
                    }
                }
            }
        }
    }
    found
}

fn key(
    tool: &str,
    environment: Option<&str>,
    direction: Option<Direction>,
    effect: EffectClass,
    tags: &[&str],
) -> String {
    format!("{tool} {environment:?} {direction:?} {effect:?} {tags:?}")
}

/// The cells that a diff lists as weaker, one by one. Tools for which there is nothing to compare are left out.
fn listed(found: &PolicyDiff) -> BTreeSet<String> {
    let mut keys = BTreeSet::new();
    for change in found.changes.iter().filter(|change| change.way.weakens()) {
        let Subject::Cells(cells) = &change.of else { panic!("{change:?}") };
        for cell in cells.iter().filter(|cell| TOOLS.contains(&cell.tool.as_str())) {
            let all = [EffectClass::Read, EffectClass::Write, EffectClass::Destructive].into();
            let effects: BTreeSet<EffectClass> =
                if cell.effects.is_empty() { all } else { cell.effects.clone() };
            let tags: Vec<_> = cell.tags.iter().map(String::as_str).collect();
            for effect in effects {
                keys.insert(key(&cell.tool, cell.environment.as_deref(), cell.direction, effect, &tags));
            }
        }
    }
    keys
}

/// A diff names a cell with the fewest tags that show it: one that is weaker with more tags is covered by one with less.
fn covered(key: &str, listed: &BTreeSet<String>) -> bool {
    let Some((cell, tags)) = key.split_once(" [") else { return false };
    let has = |tag: &str| tags.contains(tag);
    let subsets = [vec![], vec![TAGS[0]], vec![TAGS[1]], TAGS.to_vec()];
    subsets
        .iter()
        .filter(|subset| subset.iter().all(|tag| has(tag)))
        .any(|subset| listed.contains(&format!("{cell} {subset:?}")))
}

proptest! {
    #![proptest_config(cases(12))]

    #[test]
    fn diff_lists_every_weakened_cell_and_no_other(
        rules in proptest::collection::vec(rule(), 1..6),
        other in proptest::collection::vec(rule(), 1..3),
        lost in any::<proptest::sample::Index>(),
        way in 0..3_u8,
    ) {
        let mut changed = rules.clone();
        let lost = lost.index(rules.len());
        match way {
            0 => drop(changed.remove(lost)),
            1 => changed.extend(other),
            _ => drop(changed.splice(lost..=lost, other)),
        }
        let (old, new) = (policy(&rules), policy(&changed));
        let listed = listed(&diff(&old, &new, at("2026-03-04T12:00:00Z")));
        // Cells about which the same rules speak are tried once.
        let mut tried: BTreeMap<_, bool> = BTreeMap::new();
        for (key, scene) in cells() {
            let alike = (speak(&old, &scene), speak(&new, &scene), scene.assessment.class.mutates());
            let truth = *tried.entry(alike).or_insert_with(|| weaker(&old, &new, &scene));
            if truth {
                prop_assert!(covered(&key, &listed), "not listed: {key}\n{listed:#?}");
            }
            if listed.contains(&key) {
                prop_assert!(truth, "listed and not weaker: {key}");
            }
        }
    }
}
