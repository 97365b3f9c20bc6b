//! The policy as people look at it: the grid, the explanation, the replay.

use super::*;
use crate::gate::{PastCase, Ran};

const MORE: &str = r##"
    [[rule]]
    id = "to-zero"
    tools = ["scale"]
    tags = ["to-zero"]
    need = ["2 of team-lead"]
    [[rule]]
    id = "destructive"
    tools = ["*"]
    env = ["production"]
    effect = "destructive"
    reason = true
    [[freeze]]
    id = "weekend"
    env = ["production"]
    days = ["sat", "sun"]
    from = "00:00"
    to = "00:00"
    reason = "nobody is in the office"
    [[limit]]
    id = "busy"
    tools = ["deploy", "scale"]
    per = "channel"
    count = 5
    minutes = 10
    [order]
    environments = ["staging", "production"]
    tools = ["deploy"]
    version = "release"
    live = "service.version"
    [break_glass]
    roles = ["team-lead"]
    bypass = ["approvals", "freezes"]
    expires_minutes = 60
    tell = ["#incidents"]
    [[group]]
    platform = "console"
    id = "G1"
    roles = ["dba"]
    [[on_call]]
    team = "payments"
    roles = ["team-lead"]
"##;

fn more() -> Policy {
    demo_and(MORE)
}

#[test]
fn the_policy_as_a_grid() {
    insta::assert_snapshot!(overview(&demo()));
    insta::assert_snapshot!(overview(&more()));
    let capped = load(&DEMO_POLICY.replace("[defaults]", "[defaults]\napprovals_per_hour = 9"));
    assert!(overview(&capped).to_string().contains("nobody approves more than 9 requests in an hour"));
    let nowhere = without_examples(&format!(
        "{DEMO_POLICY}\n[[rule]]\nid = \"x\"\ntools = [\"deploy\"]\nenv = [\"production\"]\nchannels = [\"general\"]\n"
    ));
    assert!(overview(&nowhere).to_string().contains("in no channel"));
}

#[test]
fn the_grid_as_data() {
    let shown = serde_json::to_value(overview(&demo())).unwrap();
    assert_eq!(shown["roles"], json!(["viewer", "engineer", "dba", "team-lead"]));
    let rows = shown["rows"].as_array().unwrap();
    let deploy =
        rows.iter().find(|row| row["tool"] == "deploy" && row["environment"] == "production").unwrap();
    assert_eq!(deploy["channels"], json!(["deployments", "incidents"]));
    assert_eq!(deploy["cells"][0]["reason"], "role");
    assert_eq!(deploy["cells"][2]["needs"], json!(["1 of team-lead"]));
}

fn explained(policy: &Policy, scene: &Scene) -> String {
    explain(policy, &scene.case()).to_string()
}

#[test]
fn every_rule_that_spoke_and_every_one_that_did_not() {
    let policy = more();
    let ready = |who: &str, tool: &str, environment: &str| {
        ask(who, tool, Some(environment)).with(|scene| {
            scene.standing.counts.insert("busy".to_owned(), 0);
            scene.held = json!({ "release": "v2" }).as_object().cloned().unwrap();
        })
    };
    let said = [
        explained(&policy, &ready("alice", "deploy", "production")),
        explained(&policy, &ready("dave", "scale", "staging")),
        explained(
            &policy,
            &ready("alice", "rollback", "production").with(|scene| scene.now = at("2026-03-07T12:00:00Z")),
        ),
        explained(
            &policy,
            &ready("bob", "scale", "production").with(|scene| scene.now = at("2026-03-07T12:00:00Z")),
        ),
        explained(
            &policy,
            &ready("mallory", "lock", "production").with(|scene| scene.place = place("random")),
        ),
        explained(&policy, &ready("alice", "status", "production")),
        explained(&demo(), &ask("alice", "help", None)),
    ];
    insta::assert_snapshot!(said.join("\n\n----\n\n"));
}

/// Why a rule, a limit or an emergency kept silent about a scene; nothing when it spoke or is not about its tool.
fn silence(policy: &Policy, scene: &Scene, rule: &str) -> Option<String> {
    let mut silent = explain(policy, &scene.case()).silent.into_iter();
    silent.find(|silent| silent.rule == rule).map(|silent| silent.why)
}

#[test]
fn an_emergency_is_named_for_the_tools_it_is_for() {
    let glass = |tools: &str| {
        demo_and(&format!(
            "[break_glass]\nroles = [\"team-lead\"]\n{tools}bypass = [\"approvals\"]\nexpires_minutes = 60\n\
             tell = [\"#incidents\"]\n"
        ))
    };
    let (deploy, scale) =
        (ask("alice", "deploy", Some("production")), ask("alice", "scale", Some("production")));
    let says = Some("team-lead may do without approvals in an emergency".to_owned());
    let for_deploy = glass("tools = [\"deploy\"]\n");
    assert_eq!(silence(&for_deploy, &deploy, "emergency"), says);
    assert_eq!(silence(&for_deploy, &scale, "emergency"), None);
    let for_all = glass("");
    assert_eq!(silence(&for_all, &deploy, "emergency"), says);
    assert_eq!(silence(&for_all, &scale, "emergency"), says);
    assert_eq!(silence(&demo(), &deploy, "emergency"), None);
}

#[test]
fn a_silent_rule_says_only_what_kept_it_silent() {
    let policy = demo_and(
        "[[rule]]\nid = \"x\"\ntools = [\"deploy\"]\nenv = [\"staging\"]\neffect = \"write\"\nexpires_minutes = 9\n",
    );
    let deploy = ask("alice", "deploy", Some("production"));
    assert_eq!(silence(&policy, &deploy, "x").as_deref(), Some("for staging"));
}

/// The explanation never says otherwise than the gate, and each rule about the tool is in it once.
#[test]
fn an_explanation_is_whole() {
    let policy = more();
    for tool in vocabulary().tools {
        for environment in ENVIRONMENTS {
            let environment = tool.has_environment.then_some(environment);
            let scene = ask("alice", &tool.name, environment);
            let found = explain(&policy, &scene.case());
            assert_eq!(found.verdict, scene.decide(&policy));
            for rule in policy.rules.iter().filter(|rule| rule.tools.contains(&tool.name)) {
                let spoke = found.verdict.findings.iter().any(|finding| finding.rule == rule.id);
                let silent = found.silent.iter().filter(|silent| silent.rule == rule.id).count();
                assert_eq!(usize::from(spoke) + silent, 1, "{} {}", tool.name, rule.id);
                assert!(found.silent.iter().all(|silent| !silent.why.is_empty()));
            }
        }
    }
}

fn past(scene: &Scene, before: Decision, ran: Ran, votes: &[(&str, Choice, Verify)]) -> PastCase {
    PastCase {
        request: scene.request.clone(),
        command: format!(
            "/{} order-service {}",
            scene.call.tool(),
            scene.call.environment().unwrap_or_default()
        ),
        call: scene.call.clone(),
        assessment: scene.assessment.clone(),
        held: scene.held.clone(),
        asker: scene.asker.clone(),
        place: scene.place.clone(),
        origin: scene.origin.clone(),
        grounding: scene.grounding.clone(),
        at: scene.now,
        confirmed_by: scene.standing.confirmed_by.clone(),
        votes: votes.iter().map(|(who, choice, verify)| (person(who), *choice, *verify)).collect(),
        before,
        ran,
    }
}

#[test]
fn past_cases_through_another_policy() {
    let yes = |who| (who, Choice::Approve, Verify::Console);
    let deploy = ask("alice", "deploy", Some("production"));
    let cases = [
        past(&deploy, Decision::NeedApproval, Ran::Yes, &[yes("bob")]),
        past(&deploy, Decision::NeedApproval, Ran::No, &[("bob", Choice::Deny, Verify::Chat)]),
        past(&ask("alice", "deploy", Some("staging")), Decision::Allow, Ran::Yes, &[]),
        past(&ask("dave", "deploy", Some("staging")), Decision::Deny, Ran::No, &[]),
        past(
            &ask("alice", "migrate", Some("production")),
            Decision::NeedApproval,
            Ran::Yes,
            &[yes("bob"), yes("carol")],
        ),
        past(
            &ask("alice", "rollback", Some("staging")).confirmed_by("alice"),
            Decision::Confirm,
            Ran::Yes,
            &[],
        ),
        past(&ask("mallory", "status", None), Decision::Deny, Ran::No, &[]),
    ];
    assert_eq!(replay(&demo(), &cases), []);
    let told = |policy: &Policy| {
        let each = replay(policy, &cases);
        each.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n")
    };
    let changed = |from: &str, to: &str| {
        assert!(DEMO_POLICY.contains(from), "{from}");
        told(&without_examples(&DEMO_POLICY.replacen(from, to, 1)))
    };
    insta::assert_snapshot!(changed("need = [\"1 of team-lead\"]", "need = [\"2 of team-lead\"]"), @"
    2026-03-04 12:00  alice  /deploy order-service production: need-approval → need-approval; it ran, and would not have
        `deploy` in production needs 2 of team-lead: bob agreed, carol can agree
    ");
    insta::assert_snapshot!(changed("need = [\"1 of team-lead\"]", ""), @"
    2026-03-04 12:00  alice  /deploy order-service production: need-approval → allow
        alice is an engineer, who may use `deploy` in production
    2026-03-04 12:00  alice  /deploy order-service production: need-approval → allow; it did not run, and could have
        alice is an engineer, who may use `deploy` in production
    ");
    insta::assert_snapshot!(changed("env = [\"development\", \"staging\"]\nask = \"engineer\"", "env = [\"development\", \"staging\"]\nask = \"viewer\"\nconfirm = true"), @"
    2026-03-04 12:00  alice  /deploy order-service staging: allow → confirm; it ran, and would not have
        `deploy` in staging waits for alice to confirm it
    2026-03-04 12:00  dave  /deploy order-service staging: deny → confirm
        `deploy` in staging waits for dave to confirm it
    ");
    insta::assert_snapshot!(changed("id = \"alice\"\nroles = [\"engineer\"]", "id = \"alice\"\nroles = [\"viewer\"]\n[[person]]\nid = \"ellen\"\nroles = [\"engineer\"]"), @"
    2026-03-04 12:00  alice  /deploy order-service production: need-approval → deny; it ran, and would not have
        alice is a viewer; `deploy` in production is for the role engineer
    2026-03-04 12:00  alice  /deploy order-service production: need-approval → deny
        alice is a viewer; `deploy` in production is for the role engineer
    2026-03-04 12:00  alice  /deploy order-service staging: allow → deny; it ran, and would not have
        alice is a viewer; `deploy` in staging is for the role engineer
    2026-03-04 12:00  alice  /migrate order-service production: need-approval → deny; it ran, and would not have
        alice is a viewer; `migrate` in production is for the role engineer
    2026-03-04 12:00  alice  /rollback order-service staging: confirm → deny; it ran, and would not have
        alice is a viewer; `rollback` in staging is for the role engineer
    ");
    // Limits and the order of environments count as kept: the record does not say.
    let more = format!(
        "{DEMO_POLICY}\n[[limit]]\nid = \"l\"\ntools = [\"*\"]\nper = \"tool\"\ncount = 1\nminutes = 9\n[order]\nenvironments = [\"staging\", \"production\"]\ntools = [\"deploy\"]\nversion = \"release\"\nlive = \"service.version\"\n"
    );
    let with_release: Vec<PastCase> = cases
        .iter()
        .cloned()
        .map(|mut case| {
            case.held.insert("release".to_owned(), json!("v2"));
            case
        })
        .collect();
    assert_eq!(replay(&load(&more), &with_release), []);
}
