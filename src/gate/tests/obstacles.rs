//! What stands between a person and a change, whoever votes.

use super::matrix::lock;
use super::*;

#[test]
fn changes_read_from_words_are_confirmed_unless_others_look_at_them() {
    let policy = demo();
    for origin in [
        Origin::Model { model: "m".to_owned(), prompt: policy.digest(), tainted: false },
        Origin::Offline,
        Origin::Runbook { name: "r".to_owned() },
        Origin::Alert,
        Origin::Mcp { client: "c".to_owned() },
    ] {
        let read = |tool, environment| {
            ask("alice", tool, Some(environment)).with(|scene| {
                scene.origin = origin.clone();
                scene.grounding = Grounding::Carried;
            })
        };
        assert_eq!(read("deploy", "staging").decision(&policy), Decision::Confirm);
        assert_eq!(read("deploy", "staging").confirmed_by("alice").decision(&policy), Decision::Allow);
        assert_eq!(read("status", "staging").decision(&policy), Decision::Allow);
        assert!(!read("deploy", "production").decide(&policy).confirm);
    }
    assert_eq!(
        ask("alice", "deploy", Some("staging")).with(|scene| scene.origin = Origin::System).decision(&policy),
        Decision::Allow
    );
}

#[test]
fn what_the_words_do_not_carry_is_not_done() {
    let policy = demo();
    let missing = Grounding::Missing(vec!["version".to_owned()]);
    let tainted = Origin::Model { model: "m".to_owned(), prompt: policy.digest(), tainted: true };
    for who in ["alice", "bob"] {
        let deploy = ask(who, "deploy", Some("staging")).confirmed_by(who);
        assert_eq!(
            deploy.clone().with(|scene| scene.grounding = missing.clone()).first_reason(&policy),
            "ungrounded"
        );
        assert_eq!(deploy.with(|scene| scene.origin = tainted.clone()).first_reason(&policy), "tainted");
        let status = ask(who, "status", Some("staging")).with(|scene| {
            scene.grounding = missing.clone();
            scene.origin = tainted.clone();
        });
        assert_eq!(status.decision(&policy), Decision::Allow);
    }
}

#[test]
fn a_lock_stops_changes_and_nothing_else() {
    let policy = demo();
    let under = |tool, environment, lock: Lock| {
        let scene = ask("bob", tool, Some(environment)).with(|scene| scene.standing.locks.push(lock));
        scene.decide(&policy).findings.iter().any(|finding| finding.reason == ReasonCode::Lock)
    };
    for tool in ["deploy", "scale", "migrate"] {
        assert!(under(tool, "production", lock(None)));
        assert!(under(tool, "production", lock(Some("order-service"))));
        assert!(!under(tool, "production", lock(Some("payment-service"))));
        assert!(!under(tool, "production", lock(Some("order"))));
        assert!(!under(tool, "staging", lock(None)));
        let over = Lock { until: Some(at("2026-03-04T12:00:00Z")), ..lock(None) };
        assert!(!under(tool, "production", over));
        assert!(under(tool, "production", Lock { until: None, ..lock(None) }));
    }
    let database = ask("bob", "migrate", Some("production")).with(|scene| {
        let target = "production/orders-db";
        scene.call = Call::for_tests("migrate", Map::new(), EffectClass::Write, Some("production"), target);
        scene.standing.locks.push(lock(Some("orders-db")));
    });
    assert_eq!(database.first_reason(&policy), "lock");
    let named = ask("bob", "deploy", Some("production")).with(|scene| {
        let args = [("service".to_owned(), json!("order-service"))].into_iter().collect();
        scene.call =
            Call::for_tests("deploy", args, EffectClass::Write, Some("production"), "order-service-prod");
        scene.standing.locks.push(lock(Some("order-service")));
    });
    assert_eq!(named.first_reason(&policy), "lock");
    for tool in ["rollback", "unlock", "lock", "status", "logs"] {
        assert!(!under(tool, "production", lock(None)), "{tool}");
    }
}

#[test]
fn a_reason_can_be_demanded() {
    let policy = demo_and("[[rule]]\nid = \"why\"\ntools = [\"deploy\"]\nreason = true\n");
    let because = |reason: Option<&str>| {
        ask("alice", "deploy", Some("staging"))
            .with(|scene| scene.standing.reason = reason.map(str::to_owned))
    };
    assert_eq!(because(None).first_reason(&policy), "reason-missing");
    assert_eq!(because(Some(" ")).first_reason(&policy), "reason-missing");
    assert_eq!(because(Some("fixes the checkout")).decision(&policy), Decision::Allow);
}

#[test]
fn the_shortest_wait_and_the_strictest_check_win() {
    let policy = demo_and(
        r#"
        [[rule]]
        id = "hasty"
        tools = ["migrate"]
        expires_minutes = 10
        [[rule]]
        id = "slow"
        tools = ["migrate"]
        expires_minutes = 60
        verify = "chat"
        "#,
    );
    let verdict = ask("alice", "migrate", Some("production")).decide(&policy);
    assert_eq!((verdict.expires_after.as_secs(), verdict.start_within.as_secs()), (600, 300));
    assert_eq!(verdict.verify, Verify::Console);
    assert_eq!(ask("alice", "scale", Some("production")).decide(&policy).expires_after.as_secs(), 1_800);
}
