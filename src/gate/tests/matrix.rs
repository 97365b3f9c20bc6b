//! What rules match, and what the matrix promises from asking to running.

use super::*;
use crate::domain::ChatUser;

fn foreseen(policy: &Policy, who: &str, channel: &str, tool: &str) -> Vec<Prospect> {
    let asking = Asking {
        person: &person(who),
        place: &place(channel),
        membership: Membership::none(),
        now: at("2026-03-04T12:00:00Z"),
    };
    prospects(policy, &asking, tool)
}

/// The prospects and the decision are one truth: for every person, channel and cell.
#[test]
fn prospects_say_what_a_fresh_request_gets() {
    let policy = demo();
    for who in ["alice", "bob", "carol", "dave"] {
        for channel in ["deployments", "general", "elsewhere"] {
            for tool in vocabulary().tools {
                for prospect in foreseen(&policy, who, channel, &tool.name) {
                    let scene = ask(who, &tool.name, prospect.environment.as_deref()).with(|scene| {
                        scene.place = place(channel);
                        scene.assessment.direction = prospect.direction;
                    });
                    let verdict = scene.decide(&policy);
                    let needs: Vec<_> = verdict.needs.iter().map(|need| need.requirement.clone()).collect();
                    let found = (verdict.decision, verdict.findings[0].reason, needs, verdict.verify);
                    let foreseen = (prospect.decision, prospect.reason, prospect.needs, prospect.verify);
                    assert_eq!(found, foreseen, "{who} {channel} {}", tool.name);
                }
            }
        }
    }
}

#[test]
fn each_action_of_the_first_run_from_asking_to_running() {
    let policy = demo();
    for environment in ["development", "staging"] {
        assert_eq!(ask("alice", "deploy", Some(environment)).decision(&policy), Decision::Allow);
        assert_eq!(ask("alice", "migrate", Some(environment)).decision(&policy), Decision::Confirm);
    }
    for environment in ENVIRONMENTS {
        let rollback = ask("alice", "rollback", Some(environment));
        assert_eq!(rollback.decision(&policy), Decision::Confirm);
        assert_eq!(rollback.confirmed_by("alice").decision(&policy), Decision::Allow);
        assert_eq!(ask("dave", "rollback", Some(environment)).decision(&policy), Decision::Deny);
        assert_eq!(ask("alice", "lock", Some(environment)).decision(&policy), Decision::Allow);
    }
    let deploy = ask("alice", "deploy", Some("production"));
    assert_eq!(deploy.decision(&policy), Decision::NeedApproval);
    assert_eq!(deploy.approved_by(&policy, "bob").decision(&policy), Decision::Allow);
    let scale = ask("alice", "scale", Some("production"));
    assert_eq!(scale.decision(&policy), Decision::Allow);
    let down = scale.with(|scene| scene.assessment.direction = Some(Direction::Down));
    assert_eq!(down.decision(&policy), Decision::NeedApproval);
    assert_eq!(down.approved_by(&policy, "carol").decision(&policy), Decision::Allow);
    let migrate = ask("alice", "migrate", Some("production"));
    let once = migrate.approved_by(&policy, "bob");
    assert_eq!(once.decision(&policy), Decision::NeedApproval);
    assert_eq!(once.approved_by(&policy, "carol").decision(&policy), Decision::Allow);
}

#[test]
fn whatever_is_not_surely_up_is_down() {
    let policy = demo();
    for direction in [None, Some(Direction::Down), Some(Direction::Same)] {
        let scene =
            ask("alice", "scale", Some("production")).with(|scene| scene.assessment.direction = direction);
        assert_eq!(scene.decision(&policy), Decision::NeedApproval, "{direction:?}");
    }
    let unreadable = ask("alice", "scale", Some("production"))
        .with(|scene| scene.assessment.tags.extend(["unreadable".to_owned()]));
    assert_eq!(unreadable.decision(&policy), Decision::NeedApproval);
}

#[test]
fn facts_can_make_a_change_of_a_read() {
    let policy = demo();
    let scene = ask("alice", "status", Some("production"));
    let raised = scene.with(|scene| scene.assessment.class = EffectClass::Destructive);
    let locked = raised.with(|scene| scene.standing.locks.push(lock(None)));
    assert_eq!(locked.first_reason(&policy), "lock");
    // They never make a read of a change.
    let lowered = ask("alice", "scale", Some("production")).with(|scene| {
        scene.assessment.class = EffectClass::Read;
        scene.standing.locks.push(lock(None));
    });
    assert_eq!(lowered.first_reason(&policy), "lock");
}

#[test]
fn a_channel_is_one_of_its_workspace() {
    let scene = ask("alice", "status", None).with(|scene| scene.place.workspace = "T1".to_owned());
    assert_eq!(scene.first_reason(&demo()), "unlisted-channel");
    let elsewhere = ask("alice", "status", None).with(|scene| scene.place.platform = Platform::Slack);
    assert_eq!(elsewhere.first_reason(&demo()), "unlisted-channel");
    let lost = elsewhere.with(|scene| scene.call = ask("alice", "help", None).call);
    assert_eq!(lost.decision(&demo()), Decision::Allow);
}

pub(super) fn lock(service: Option<&str>) -> Lock {
    Lock {
        environment: "production".to_owned(),
        service: service.map(str::to_owned),
        reason: "audit".to_owned(),
        by: person("bob"),
        since: at("2026-03-04T11:00:00Z"),
        until: Some(at("2026-03-04T18:00:00Z")),
    }
}

#[test]
fn rules_can_speak_of_tags_and_classes() {
    let policy = demo_and(
        r#"
        [[rule]]
        id = "red"
        tools = ["deploy"]
        tags = ["checks-not-green"]
        need = ["1 of team-lead"]
        [[rule]]
        id = "destructive"
        tools = ["scale"]
        effect = "destructive"
        deny = "nothing destructive here"
        "#,
    );
    let deploy = ask("alice", "deploy", Some("staging"));
    assert_eq!(deploy.decision(&policy), Decision::Allow);
    let red = deploy.with(|scene| scene.assessment.tags.extend(["checks-not-green".to_owned()]));
    assert_eq!(red.decision(&policy), Decision::NeedApproval);
    let scale = ask("alice", "scale", Some("staging"));
    assert_eq!(scale.decision(&policy), Decision::Allow);
    let zero = scale.with(|scene| scene.assessment.class = EffectClass::Destructive);
    assert_eq!(zero.first_reason(&policy), "forbidden");
}

#[test]
fn accounts_are_linked_and_never_guessed() {
    let policy = demo();
    let account = |platform, workspace: &str, user: &str| ChatUser {
        platform,
        workspace: workspace.to_owned(),
        user: user.to_owned(),
        display: "alice".to_owned(),
    };
    assert_eq!(policy.person_of(&account(Platform::Console, "", "alice")), Some(&person("alice")));
    assert_eq!(policy.person_of(&account(Platform::Console, "T1", "alice")), None);
    assert_eq!(policy.person_of(&account(Platform::Slack, "", "alice")), None);
    assert_eq!(policy.person_of(&account(Platform::Console, "", "Alice")), None);
    let carols = policy.roles_of(&person("carol"), Membership::none(), at("2026-03-04T12:00:00Z"));
    let roles: Vec<_> = carols.into_iter().map(|role| role.0).collect();
    assert_eq!(roles, ["dba", "engineer", "team-lead", "viewer"]);
}
