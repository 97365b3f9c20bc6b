//! The shipped policy on its whole domain: written down, and held against a matrix that was written by hand.

use std::borrow::Cow;
use std::fmt::Write as _;

use super::matrix::lock;
use super::*;
use crate::domain::RoleName;
use crate::gate::cell::Cell;
use crate::gate::prospects::outlook;

const ROLES: [&str; 4] = ["viewer", "engineer", "team-lead", "dba"];
const CHANNELS: [&str; 4] = ["deployments", "general", "incidents", "elsewhere"];
const PEOPLE: [&str; 5] = ["alice", "bob", "carol", "dave", "mallory"];

/// A request of the domain.
struct Point {
    tool: ToolWord,
    environment: Option<&'static str>,
    up: bool,
    effect: EffectClass,
}

fn points() -> Vec<Point> {
    let mut points = Vec::new();
    for tool in vocabulary().tools {
        let environments = if tool.has_environment { ENVIRONMENTS.map(Some).to_vec() } else { Vec::new() };
        let none = (!tool.has_environment || tool.effect == EffectClass::Read).then_some(None);
        for environment in environments.into_iter().chain(none) {
            for up in if tool.has_direction { vec![true, false] } else { vec![false] } {
                for effect in [EffectClass::Read, EffectClass::Write, EffectClass::Destructive] {
                    if (tool.effect..=tool.worst).contains(&effect) {
                        points.push(Point { tool: tool.clone(), environment, up, effect });
                    }
                }
            }
        }
    }
    points
}

impl Point {
    fn ask(&self, who: &str, channel: &str) -> Scene {
        ask(who, &self.tool.name, self.environment).with(|scene| {
            scene.place = place(channel);
            scene.assessment.class = self.effect;
            let direction = if self.up { Direction::Up } else { Direction::Down };
            scene.assessment.direction = self.tool.has_direction.then_some(direction);
        })
    }

    fn name(&self) -> String {
        let way = if self.tool.has_direction { if self.up { " up" } else { " down" } } else { "" };
        format!("{}{way} {}", self.tool.name, self.environment.unwrap_or("-"))
    }
}

/// What the README and the issue promise, by hand: `None` for no, else whether it must be confirmed, how many must agree
/// and from where.
fn promised(point: &Point, who: &str, channel: &str) -> Option<(bool, usize, Verify)> {
    let (viewer, engineer) = match who {
        "alice" | "bob" | "carol" => (true, true),
        "dave" => (true, false),
        _ => return None,
    };
    let listed = channel != "elsewhere";
    let production = point.environment == Some("production");
    let somewhere = point.environment.is_some();
    match point.tool.name.as_str() {
        "help" | "whoami" => viewer.then_some((false, 0, Verify::Chat)),
        "audit" | "logs" | "pending" | "status" => (viewer && listed).then_some((false, 0, Verify::Chat)),
        "deploy" if production => {
            let here = channel == "deployments" || channel == "incidents";
            (engineer && here).then_some((false, 1, Verify::Chat))
        }
        "deploy" | "lock" | "unlock" if somewhere => (engineer && listed).then_some((false, 0, Verify::Chat)),
        "rollback" if somewhere => (engineer && listed).then_some((true, 0, Verify::Chat)),
        "scale" if production && !point.up => (engineer && listed).then_some((false, 1, Verify::Chat)),
        "scale" if somewhere => (engineer && listed).then_some((false, 0, Verify::Chat)),
        "migrate" if production => (engineer && listed).then_some((false, 2, Verify::Console)),
        // As strict as the strictest rule of the file.
        "policy.accept" => {
            let lead = who == "bob" || who == "carol";
            (lead && listed).then_some((false, 2, Verify::Console))
        }
        // There are no emergencies to review.
        "review" => None,
        "migrate" if somewhere => (engineer && listed).then_some((true, 0, Verify::Chat)),
        _ => None,
    }
}

/// Who may agree, in the order in which they do. Leads agree to all of it here, and carol is a dba beside.
fn approvers(who: &str) -> Vec<&'static str> {
    ["bob", "carol"].into_iter().filter(|name| *name != who).collect()
}

/// For everybody, everywhere, confirmed or not, with no, one and two approvals, from chat and from the console: what the
/// gate says is what was promised.
#[test]
fn the_whole_domain_is_as_promised() {
    let policy = demo();
    let (mut asked, mut allowed) = (0, 0);
    for point in points() {
        for who in PEOPLE {
            for channel in CHANNELS {
                for confirmed in [false, true] {
                    for (agreed, verify) in [
                        (0, Verify::Chat),
                        (1, Verify::Chat),
                        (1, Verify::Console),
                        (2, Verify::Chat),
                        (2, Verify::Console),
                    ] {
                        let mut scene = point.ask(who, channel);
                        scene.standing.confirmed_by = confirmed.then(|| person(who));
                        let voters = approvers(who).into_iter().take(agreed);
                        let voted = voters.clone().count();
                        let scene = voters
                            .fold(scene, |scene, voter| scene.vote(&policy, voter, Choice::Approve, verify));
                        let expected = match promised(&point, who, channel) {
                            None => Decision::Deny,
                            Some((_, needed, sure)) if needed > 0 && (voted < needed || verify < sure) => {
                                Decision::NeedApproval
                            }
                            Some((true, ..)) if !confirmed => Decision::Confirm,
                            Some(_) => Decision::Allow,
                        };
                        let found = scene.decision(&policy);
                        assert_eq!(found, expected, "{} {who} #{channel} {confirmed} {voted}", point.name());
                        asked += 1;
                        allowed += u32::from(found == Decision::Allow);
                    }
                }
            }
        }
    }
    insta::assert_snapshot!(format!("{asked} asked, {allowed} allowed"), @"11600 asked, 4982 allowed");
}

/// The same domain with what stands in the way of a change, whoever agreed.
#[test]
fn nothing_of_the_domain_changes_under_a_lock_or_in_words_that_do_not_carry_it() {
    let policy = demo();
    let spared = ["rollback", "lock", "unlock"];
    for point in points().into_iter().filter(|point| point.effect.mutates()) {
        for who in ["alice", "bob", "carol"] {
            let ready = ["bob", "carol"]
                .into_iter()
                .filter(|voter| *voter != who)
                .fold(point.ask(who, "deployments").confirmed_by(who), |scene, voter| {
                    scene.approved_by(&policy, voter)
                });
            let before = ready.decision(&policy);
            let locked = ready.clone().with(|scene| scene.standing.locks.push(lock(None)));
            let stopped =
                point.environment == Some("production") && !spared.contains(&point.tool.name.as_str());
            let expected = if stopped { Decision::Deny } else { before };
            assert_eq!(locked.decision(&policy), expected, "{}", point.name());
            let words = ready.with(|scene| scene.grounding = Grounding::Missing(Vec::new()));
            assert_eq!(words.decision(&policy), Decision::Deny, "{}", point.name());
        }
    }
}

/// Every cell for every role in every channel, to be read. Effects that make no difference share a line.
#[test]
fn the_whole_domain_written_down() {
    let policy = demo();
    let mut blocks: Vec<(String, Vec<String>, String)> = Vec::new();
    for point in points() {
        let direction = if point.up { Direction::Up } else { Direction::Down };
        let direction = point.tool.has_direction.then_some(direction);
        let cell = Cell::plain(&point.tool.name, point.environment, direction, point.effect);
        let mut lines = String::new();
        let mut before = String::new();
        for channel in CHANNELS {
            let said: Vec<String> =
                ROLES.iter().map(|role| format!("{role}: {}", said(&policy, &cell, role, channel))).collect();
            let said = said.join(" | ");
            let nobody = said.matches("deny unlisted-channel").count() == ROLES.len();
            let told = match (said == before, nobody) {
                (true, _) => "the same",
                (false, true) => "nobody: unlisted-channel",
                (false, false) => &said,
            };
            writeln!(lines, "    #{channel:<12} {told}").unwrap();
            before = said;
        }
        let effect = format!("{:?}", point.effect).to_lowercase();
        match blocks.last_mut() {
            Some(last) if last.0 == point.name() && last.2 == lines => last.1.push(effect),
            _ => blocks.push((point.name(), vec![effect], lines)),
        }
    }
    let block = |(name, effects, lines): (String, Vec<String>, String)| {
        format!("{name} {}\n{lines}", effects.join(" "))
    };
    insta::assert_snapshot!(blocks.into_iter().map(block).collect::<String>());
}

fn said(policy: &Policy, cell: &Cell<'_>, role: &str, channel: &str) -> String {
    let (id, granted) = (person(role), [RoleName(role.to_owned())].into());
    let roles = policy.closure(&granted);
    let asker = Holder { id: &id, granted: Cow::Owned(granted), roles: Cow::Owned(roles) };
    let listed = policy.channels().iter().any(|known| known.name == channel);
    outlook(policy, cell, &asker, listed.then_some(channel)).summary()
}
