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
    let policy = without_examples(&format!(
        "{DEMO_POLICY}\n[[rule]]\nid = \"why\"\ntools = [\"deploy\"]\nreason = true\n"
    ));
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

#[test]
fn a_limit_stops_when_it_is_reached_or_not_known() {
    let policy = demo_and(
        r#"
        [[limit]]
        id = "busy"
        tools = ["deploy", "scale"]
        env = ["production"]
        per = "channel"
        count = 3
        minutes = 10
        [[limit]]
        id = "reads"
        tools = ["*"]
        per = "person"
        count = 100
        minutes = 60
        "#,
    );
    let with = |tool: &str, environment: &str, busy: Option<u32>| {
        ask("alice", tool, Some(environment)).with(|scene| {
            scene.standing.counts.insert("reads".to_owned(), 99);
            scene.standing.counts.extend(busy.map(|count| ("busy".to_owned(), count)));
        })
    };
    assert_eq!(with("scale", "production", Some(2)).decision(&policy), Decision::Allow);
    assert_eq!(with("scale", "staging", None).decision(&policy), Decision::Allow, "it is for production");
    assert_eq!(with("rollback", "production", None).decision(&policy), Decision::Confirm);
    let reached = with("scale", "production", Some(3)).decide(&policy);
    insta::assert_snapshot!(reached.sentence(), @"at most 3 starts of deploy and scale in production in 10 min for each channel, which is reached; ask again later");
    assert_eq!(reached.findings[0].rule, "busy");
    let unknown = with("scale", "production", None).decide(&policy);
    insta::assert_snapshot!(unknown.sentence(), @"at most 3 starts of deploy and scale in production in 10 min for each channel, and how many there were is not known; ask again later");
    let read = with("status", "production", None).with(|scene| {
        scene.standing.counts.insert("reads".to_owned(), 100);
    });
    insta::assert_snapshot!(read.decide(&policy).sentence(), @"at most 100 starts of any tool in 1 h for each person, which is reached; ask again later");
    let names = |scene: &Scene| -> Vec<String> {
        limits_of(&policy, &scene.case()).into_iter().map(|limit| limit.id.clone()).collect()
    };
    assert_eq!(names(&with("deploy", "production", None)), ["busy", "reads"]);
    assert_eq!(names(&with("deploy", "staging", None)), ["reads"]);
    assert_eq!(names(&ask("alice", "help", None)), ["reads"]);
    assert_eq!(policy.limits().len(), 2);
}

#[test]
fn what_goes_to_production_was_live_before() {
    let policy = demo_and(
        r#"
        [order]
        environments = ["development", "staging", "production"]
        tools = ["deploy"]
        version = "release"
        live = "service.version"
        "#,
    );
    let facts = |text: Value| text.as_object().cloned().unwrap();
    let deploy = |environment: &str, earlier: Option<Value>| {
        ask("alice", "deploy", Some(environment)).with(|scene| {
            scene.held = facts(json!({ "release": "v2", "service.version": "v1" }));
            scene.standing.earlier = earlier.map(facts);
        })
    };
    let before = |scene: &Scene| earlier_environment(&policy, &scene.case()).map(str::to_owned);
    assert_eq!(before(&deploy("production", None)).as_deref(), Some("staging"));
    assert_eq!(before(&deploy("staging", None)).as_deref(), Some("development"));
    assert_eq!(before(&deploy("development", None)), None);
    assert_eq!(before(&ask("alice", "rollback", Some("production"))), None);
    assert_eq!(earlier_environment(&demo(), &deploy("production", None).case()), None);

    let said = |scene: Scene| scene.decide(&policy).sentence().to_owned();
    let live = |version: Value| Some(json!({ "service.version": version, "release": "v9" }));
    assert_eq!(deploy("staging", live(json!("v2"))).decision(&policy), Decision::Allow);
    assert_eq!(deploy("development", None).decision(&policy), Decision::Allow);
    assert_eq!(ask("alice", "rollback", Some("production")).decision(&policy), Decision::Confirm);
    insta::assert_snapshot!(said(deploy("staging", live(json!("v1")))), @"v2 must be live in development first, which runs v1; deploy it there, then ask again");
    insta::assert_snapshot!(said(deploy("staging", None)), @"v2 must be live in development first, and what runs there is not known");
    insta::assert_snapshot!(said(deploy("staging", live(Value::Null))), @"v2 must be live in development first, and what runs there is not known");
    insta::assert_snapshot!(said(deploy("staging", live(json!(2)))), @"v2 must be live in development first, which runs 2; deploy it there, then ask again");
    let unknown =
        deploy("staging", live(json!("v2"))).with(|scene| scene.held = facts(json!({ "release": null })));
    insta::assert_snapshot!(said(unknown), @"it must be live in development first, and its version is not known");
    let blank = deploy("staging", live(Value::Null)).with(|scene| scene.held = Map::new());
    assert_eq!(blank.first_reason(&policy), "order");
    // It stands beside approvals, and is looked at again at the start.
    let agreed = deploy("production", live(json!("v2"))).approved_by(&policy, "bob");
    assert_eq!(agreed.decision(&policy), Decision::Allow);
    let moved = agreed.with(|scene| scene.standing.earlier = live(json!("v3")).map(facts));
    assert_eq!(moved.first_reason(&policy), "order");
}

#[test]
fn a_rule_for_every_tool_asks_for_more_and_allows_nothing() {
    let policy = demo_and(
        r#"
        [[rule]]
        id = "payments"
        tools = ["*"]
        env = ["production"]
        tags = ["payments"]
        effect = "write"
        ask = "team-lead"
        "#,
    );
    let tagged = |who: &str, tool: &str| {
        ask(who, tool, Some("production"))
            .with(|scene| scene.assessment.tags = ["payments".to_owned()].into())
    };
    assert_eq!(tagged("alice", "scale").first_reason(&policy), "role");
    assert_eq!(tagged("bob", "scale").decision(&policy), Decision::Allow);
    assert_eq!(tagged("alice", "status").decision(&policy), Decision::Allow);
    assert_eq!(ask("alice", "scale", Some("production")).decision(&policy), Decision::Allow);
    // A tool that no rule names stays denied, for whomever.
    let scale_up = "id = \"scale-up-production\"\ntools = [\"scale\"]";
    let bare =
        without_examples(&DEMO_POLICY.replace(scale_up, "id = \"scale-up-production\"\ntools = [\"*\"]"));
    assert_eq!(ask("bob", "scale", Some("production")).first_reason(&bare), "no-rule");
}

#[test]
fn who_is_told_and_when_is_on_the_verdict() {
    let policy = demo_and(
        r##"
        [[rule]]
        id = "page"
        tools = ["deploy"]
        remind_minutes = 5
        start_within_minutes = 2
        escalate = { after_minutes = 15, to = "team-lead" }
        [[rule]]
        id = "channel"
        tools = ["deploy"]
        remind_minutes = 10
        start_within_minutes = 3
        escalate = { after_minutes = 10, to = "#incidents" }
        "##,
    );
    let verdict = ask("alice", "deploy", Some("production")).decide(&policy);
    let told: Vec<_> = verdict
        .escalations
        .iter()
        .map(|escalation| (escalation.after.as_secs(), escalation.to.to_string()))
        .collect();
    assert_eq!(told, [(600, "#incidents".to_owned()), (900, "team-lead".to_owned())]);
    assert_eq!(verdict.remind_before.map(|time| time.as_secs()), Some(600));
    assert_eq!(verdict.start_within.as_secs(), 120);
    let other = ask("alice", "scale", Some("staging")).decide(&policy);
    assert_eq!(
        (
            other.escalations.len(),
            other.remind_before.map(|time| time.as_secs()),
            other.start_within.as_secs()
        ),
        (0, Some(300), 300)
    );
    let reminded = load(&DEMO_POLICY.replace("[defaults]", "[defaults]\nremind_minutes = 7"));
    let verdict = ask("alice", "scale", Some("staging")).decide(&reminded);
    assert_eq!(verdict.remind_before.map(|time| time.as_secs()), Some(420));
}
