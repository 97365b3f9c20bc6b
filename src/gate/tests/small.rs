//! What the rooms above ask the gate in passing: who is named, who may end it, what may be done without asking.

use super::*;
use crate::domain::RoleName;

#[test]
fn whose_no_would_end_it_is_who_could_agree() {
    let policy = demo();
    let deniers = |scene: &Scene| deniers(&policy, &scene.case());
    assert_eq!(deniers(&ask("alice", "deploy", Some("production"))), [person("bob"), person("carol")]);
    assert_eq!(deniers(&ask("bob", "deploy", Some("production"))), [person("carol")]);
    assert_eq!(deniers(&ask("alice", "deploy", Some("staging"))), [], "nobody is asked");
}

#[test]
fn an_earlier_no_to_the_same_is_told_and_decides_nothing() {
    let policy = demo();
    let before = ask("alice", "deploy", Some("production"));
    let after = before.clone().with(|scene| {
        let at = at("2026-03-04T11:56:00Z");
        scene.standing.denied = Some(Denied { by: person("bob"), at, note: Some("not today".to_owned()) });
    });
    let verdict = after.decide(&policy);
    assert_eq!(verdict.decision, before.decision(&policy));
    let told = verdict.findings.iter().find(|finding| finding.reason == ReasonCode::DeniedBefore).unwrap();
    assert_eq!(told.sentence, "bob said no to the same 4 min ago: not today");
}

#[test]
fn a_vote_of_the_moment_in_which_waiting_ends_is_too_late() {
    let policy = demo();
    let voted = ask("alice", "deploy", Some("production")).approved_by(&policy, "bob");
    let (just, late) = (voted.now, voted.now - std::time::Duration::from_nanos(1));
    let ends = |end| {
        voted.clone().with(|scene| {
            scene.standing.expires_at = Some(end);
            scene.standing.start_by = Some(scene.now + std::time::Duration::from_secs(300));
        })
    };
    assert_eq!(ends(just + std::time::Duration::from_nanos(1)).decision(&policy), Decision::Allow);
    assert_ne!(ends(just).decision(&policy), Decision::Allow);
    assert_ne!(ends(late).decision(&policy), Decision::Allow);
}

#[test]
fn a_freeze_names_what_it_spares_and_nothing_where_it_spares_nothing() {
    let freeze = "[[freeze]]\nid = \"wed\"\nenv = [\"production\"]\ndays = [\"wed\"]\nfrom = \"00:00\"\nto = \"00:00\"\nreason = \"rest\"";
    let said = |file: &str| {
        let policy = without_examples(&format!("{file}\n{freeze}"));
        ask("alice", "deploy", Some("production")).decide(&policy).sentence().to_owned()
    };
    let spared = said(DEMO_POLICY);
    let bare = said(&DEMO_POLICY.replace("[locks]\nexempt = [\"rollback\", \"lock\", \"unlock\"]", ""));
    assert_eq!(bare, "production is frozen until 2026-03-05 00:00 UTC: rest");
    assert_eq!(spared, format!("{bare}; still allowed: lock, rollback and unlock"));
}

#[test]
fn the_policy_gives_what_its_file_lists() {
    let policy = demo_and(
        "[break_glass]\nroles = [\"team-lead\"]\nbypass = [\"approvals\"]\nexpires_minutes = 60\ntell = [\"#incidents\"]\n\
         [[group]]\nplatform = \"console\"\nid = \"G1\"\nroles = [\"dba\"]\n\
         [[on_call]]\nteam = \"payments\"\nroles = [\"team-lead\"]",
    );
    let people: Vec<_> = policy.people().map(|person| person.id.0.as_str()).collect();
    assert_eq!(people, ["alice", "bob", "carol", "dave"]);
    let groups: Vec<_> = policy.groups().iter().map(|group| group.key.id.as_str()).collect();
    assert_eq!(groups, ["G1"]);
    let teams: Vec<_> = policy.on_call().iter().map(|duty| duty.team.as_str()).collect();
    assert_eq!(teams, ["payments"]);
    assert!(policy.break_glass().is_some() && demo().break_glass().is_none());
    assert_eq!(policy.vocabulary(), &vocabulary());
}

#[test]
fn what_may_be_done_is_told_by_tool_and_place() {
    let policy = demo();
    let summary = |of: Vec<Prospect>| {
        let line =
            |one: &Prospect| format!("{} {}", one.environment.as_deref().unwrap_or("-"), one.summary());
        of.iter().map(line).collect::<Vec<_>>().join("; ")
    };
    let of = |who: &str, channel: &str, tool: &str| {
        let (id, place) = (person(who), place(channel));
        let now = at("2026-03-04T12:00:00Z");
        let asking = Asking { person: &id, place: &place, membership: Membership::none(), now };
        summary(prospects(&policy, &asking, tool))
    };
    insta::assert_snapshot!(of("alice", "deployments", "deploy"), @"development allow; production need 1 of team-lead; staging allow");
    insta::assert_snapshot!(of("alice", "general", "deploy"), @"development allow; production deny channel; staging allow");
    insta::assert_snapshot!(of("dave", "deployments", "deploy"), @"development deny role; production deny role; staging deny role");
    assert_eq!(of("mallory", "deployments", "deploy"), "");
    assert_eq!(of("alice", "deployments", "teleport"), "");
    let role =
        |role: &str| summary(prospects_of_role(&policy, &RoleName(role.to_owned()), "deployments", "deploy"));
    assert_eq!(role("engineer"), of("alice", "deployments", "deploy"));
    assert_eq!(role("viewer"), of("dave", "deployments", "deploy"));
    assert_eq!(role("king"), "");
}

#[test]
fn who_could_agree_is_said_also_where_nobody_could() {
    let people = DEMO_POLICY.replace("roles = [\"team-lead\"]\nid", "roles = [\"engineer\"]\nid");
    let people = people.replace("roles = [\"team-lead\", \"dba\"]", "roles = [\"engineer\"]");
    let group = "[[group]]\nplatform = \"console\"\nid = \"G1\"\nroles = [\"team-lead\", \"dba\"]";
    let policy = without_examples(&format!("{people}\n{group}"));
    // The group was not read.
    let verdict = ask("alice", "deploy", Some("production")).decide(&policy);
    assert!(
        verdict
            .sentence()
            .ends_with("and nobody else has the role, so an administrator must give it to somebody first")
    );
}
