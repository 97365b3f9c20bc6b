//! Emergencies: who may call one, what it does without, and what it never does without.

use super::matrix::lock;
use super::*;

const GLASS: &str = r##"
    [[person]]
    id = "ivy"
    roles = ["engineer", "commander"]
    identities = ["console:ivy"]
    [break_glass]
    roles = ["commander"]
    bypass = ["approvals", "freezes", "order"]
    expires_minutes = 60
    env = ["production"]
    tell = ["team-lead", "#incidents"]
    [order]
    environments = ["staging", "production"]
    tools = ["deploy"]
    version = "release"
    live = "service.version"
    [[freeze]]
    id = "always"
    env = ["production"]
    from = 2026-01-01T00:00:00Z
    to = 2027-01-01T00:00:00Z
    reason = "r"
"##;

fn with_glass(change: impl FnOnce(String) -> String) -> Policy {
    let text = DEMO_POLICY.replace("viewer = []", "viewer = []\ncommander = []");
    without_examples(&change(format!("{text}\n{GLASS}")))
}

fn policy() -> Policy {
    with_glass(|text| text)
}

fn broken(who: &str, tool: &str, environment: &str) -> Scene {
    ask(who, tool, Some(environment)).with(|scene| {
        scene.standing.glass = Some(Glass {
            by: person(who),
            reason: "checkout is down".to_owned(),
            incident: Some("INC-7".to_owned()),
            at: scene.now,
        });
    })
}

#[test]
fn an_emergency_does_without_what_the_file_lists_and_says_so() {
    let policy = policy();
    let without = ask("ivy", "deploy", Some("production"));
    assert_eq!(without.decision(&policy), Decision::Deny);
    let scene = broken("ivy", "deploy", "production");
    let said: Vec<String> = scene
        .decide(&policy)
        .findings
        .iter()
        .map(|finding| format!("[{} {}] {}", finding.rule, finding.reason.as_str(), finding.sentence))
        .collect();
    insta::assert_snapshot!(said.join("\n"), @"
    [emergency confirm] `deploy` in production waits for ivy to confirm it
    [always bypassed] done without, because this is an emergency: production is frozen until 2027-01-01 00:00 UTC: r; still allowed: lock, rollback and unlock
    [deploy-production bypassed] done without, because this is an emergency: `deploy` in production needs 1 of team-lead
    [order bypassed] done without, because this is an emergency: it must be live in staging first, and its version is not known
    ");
    assert_eq!(scene.decision(&policy), Decision::Confirm);
    let confirmed = scene.confirmed_by("ivy");
    let cleared = clear(&policy, &confirmed.case()).unwrap();
    let emergency = cleared.emergency().unwrap();
    assert_eq!(emergency.glass, confirmed.standing.glass.clone().unwrap());
    let bypassed: Vec<_> =
        emergency.bypassed.iter().map(|bypassed| (bypassed.what.as_str(), bypassed.rule.as_str())).collect();
    assert_eq!(bypassed, [("freezes", "always"), ("order", "order"), ("approvals", "deploy-production")]);
    assert_eq!(cleared.approved_by(), []);
    assert_eq!(confirmed.decide(&policy).bypassed, emergency.bypassed);
    // Nobody is asked, so nobody's vote is wanted.
    let refusal = confirmed.weigh(&policy, "bob", Choice::Approve, Verify::Console).unwrap_err();
    assert_eq!(refusal.reason, VoteReason::NotAsked);
    // What is no emergency carries none.
    let free = ask("ivy", "deploy", Some("staging"));
    let free = free.with(|scene| {
        scene.held = json!({ "release": "v2" }).as_object().cloned().unwrap();
    });
    assert_eq!(clear(&policy, &free.case()).unwrap().emergency(), None);
}

#[test]
fn it_takes_role_reason_incident_and_time() {
    let policy = policy();
    let held = |scene: &Scene| {
        let verdict = scene.decide(&policy);
        assert_eq!(verdict.decision, Decision::Deny);
        assert!(verdict.bypassed.is_empty());
        let finding = verdict.findings.iter().find(|finding| finding.reason == ReasonCode::NoEmergency);
        finding.map(|finding| finding.sentence.clone()).unwrap()
    };
    let change = |change: fn(&mut Scene, &mut Glass)| {
        broken("ivy", "deploy", "production").with(|scene| {
            let mut glass = scene.standing.glass.clone().unwrap();
            change(scene, &mut glass);
            scene.standing.glass = Some(glass);
        })
    };
    insta::assert_snapshot!(held(&broken("bob", "deploy", "production")), @"this does not count as an emergency: bob is a team-lead; it takes commander");
    insta::assert_snapshot!(held(&change(|_, glass| glass.by = person("bob"))), @"this does not count as an emergency: only the asker can say so");
    insta::assert_snapshot!(held(&change(|_, glass| glass.reason = " ".to_owned())), @"this does not count as an emergency: it needs a reason");
    insta::assert_snapshot!(held(&change(|_, glass| glass.incident = None)), @"this does not count as an emergency: no incident is open; open one first");
    held(&change(|_, glass| glass.incident = Some(String::new())));
    insta::assert_snapshot!(held(&change(|scene, _| scene.now = at("2026-03-04T13:00:00Z"))), @"this does not count as an emergency: the time for it is over; say it again if it still is one");
    held(&change(|scene, _| scene.now = at("2026-03-04T11:59:59Z")));
    held(&change(|_, glass| glass.at = Timestamp::MAX));
    let last = change(|scene, _| scene.now = at("2026-03-04T12:59:59Z"));
    assert_eq!(last.decision(&policy), Decision::Confirm);
    insta::assert_snapshot!(held(&broken("ivy", "deploy", "staging")), @"this does not count as an emergency: [break_glass] of the policy does not cover it");
    let other_tool = with_glass(|text| text.replace("tell =", "tools = [\"scale\"]\n    tell ="));
    assert_eq!(broken("ivy", "deploy", "production").first_reason(&other_tool), "freeze");
    let verdict = broken("bob", "deploy", "production").decide(&demo());
    insta::assert_snapshot!(verdict.sentence(), @"this does not count as an emergency: the policy has no [break_glass]");
}

/// Only what is listed: for each of the three, the other two stand in the way as ever.
#[test]
fn each_thing_is_done_without_by_itself() {
    let obstacles = [("approvals", "approval"), ("freezes", "freeze"), ("order", "order")];
    for (listed, _) in obstacles {
        let policy = with_glass(|text| {
            text.replace("[\"approvals\", \"freezes\", \"order\"]", &format!("[\"{listed}\"]"))
        });
        let verdict = broken("ivy", "deploy", "production").decide(&policy);
        for (name, reason) in obstacles {
            let stands = verdict.findings.iter().any(|finding| finding.reason.as_str() == reason);
            assert_eq!(stands, name != listed, "{listed} {name}");
        }
        assert_eq!(verdict.bypassed.len(), 1);
    }
}

#[test]
fn it_never_does_without_anything_else() {
    let strict = with_glass(|text| {
        format!(
            "{text}
    [[rule]]
    id = \"why\"
    tools = [\"deploy\"]
    env = [\"production\"]
    reason = true
    [[limit]]
    id = \"few\"
    tools = [\"deploy\"]
    per = \"person\"
    count = 1
    minutes = 60
    "
        )
    });
    let ready = broken("ivy", "deploy", "production").confirmed_by("ivy").with(|scene| {
        scene.standing.counts.insert("few".to_owned(), 0);
        scene.standing.reason = Some("checkout is down".to_owned());
    });
    assert_eq!(ready.decision(&strict), Decision::Allow);
    type Stop = (&'static str, fn(&mut Scene));
    let stops: [Stop; 8] = [
        ("reason-missing", |scene| scene.standing.reason = None),
        ("limit", |scene| {
            scene.standing.counts.insert("few".to_owned(), 1);
        }),
        ("lock", |scene| scene.standing.locks.push(lock(None))),
        ("channel", |scene| scene.place = place("general")),
        ("unlisted-channel", |scene| scene.place = place("elsewhere")),
        ("ungrounded", |scene| scene.grounding = Grounding::Missing(vec!["version".to_owned()])),
        ("stranger", |scene| scene.asker = None),
        ("confirm", |scene| scene.standing.confirmed_by = None),
    ];
    for (reason, stop) in stops {
        assert_eq!(ready.clone().with(stop).first_reason(&strict), reason);
    }
    let forbidden = with_glass(|text| {
        format!(
            "{text}\n[[rule]]\nid = \"never\"\ntools = [\"deploy\"]\nenv = [\"production\"]\ndeny = \"no\"\n"
        )
    });
    assert_eq!(broken("ivy", "deploy", "production").first_reason(&forbidden), "forbidden");
    // The role for emergencies is no role for the call.
    let outsider =
        with_glass(|text| text.replace("roles = [\"engineer\", \"commander\"]", "roles = [\"commander\"]"));
    assert_eq!(broken("ivy", "deploy", "production").first_reason(&outsider), "role");
}
