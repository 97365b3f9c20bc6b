use serde_json::{Value, json};

use super::super::*;
use super::{DEMO, call};

fn facts(value: Value) -> Facts {
    value.as_object().unwrap().clone()
}

fn service(replicas: u32) -> Value {
    json!({
        "service": "order-service", "environment": "production", "version": "v2.4.0", "previous_version": "v2.3.9",
        "versions": ["v2.3.9", "v2.4.0", "v2.4.1"], "replicas": replicas, "ready": replicas, "generation": 17,
        "deploying": false,
    })
}

fn scale(replicas: i64, environment: &str) -> Call {
    call("scale", json!({"service": "orders", "replicas": replicas, "environment": environment}))
}

#[test]
fn the_direction_follows_from_the_facts() {
    let present = facts(json!({"service": service(4)}));
    for (to, direction, short) in [
        (6, Direction::Up, None),
        (3, Direction::Down, None),
        (
            4,
            Direction::Same,
            Some(Short::Answer("order-service already has 4 replicas in production".to_owned())),
        ),
        (
            1,
            Direction::Down,
            Some(Short::Refuse("order-service needs at least 2 replicas in production".to_owned())),
        ),
        (
            21,
            Direction::Up,
            Some(Short::Refuse(
                "no more than 20 replicas of one service can run in one environment".to_owned(),
            )),
        ),
    ] {
        let found = DEMO.assess(&scale(to, "production"), &present, &[]);
        assert_eq!(
            (found.direction, found.short, found.class),
            (Some(direction), short, EffectClass::Write),
            "{to}"
        );
        assert_eq!(
            found.change,
            format!(
                "order-service 4 → {} in production",
                match to {
                    1 => "1 replica".to_owned(),
                    n => format!("{n} replicas"),
                }
            )
        );
    }
    let found = DEMO.assess(&scale(0, "staging"), &present, &[]);
    assert_eq!(
        (found.class, found.tags, found.short),
        (EffectClass::Destructive, ["to-zero".to_owned()].into(), None)
    );
}

#[test]
fn what_cannot_be_read_is_taken_for_the_worst() {
    let found = DEMO.assess(&scale(6, "production"), &Facts::new(), &["service".to_owned()]);
    assert_eq!(found.class, EffectClass::Destructive);
    assert_eq!(found.direction, Some(Direction::Down));
    assert_eq!(found.tags, [UNREADABLE.to_owned()].into());
    assert_eq!(found.short, None);
    assert_eq!(found.change, "/scale order-service 6 production");

    // Read, but of another shape than the rules expect.
    let found = DEMO.assess(&scale(6, "production"), &facts(json!({"service": {"replicas": null}})), &[]);
    assert_eq!((found.class, found.direction), (EffectClass::Destructive, Some(Direction::Down)));
    assert!(found.tags.contains(UNREADABLE));
}

#[test]
fn a_deployment_is_of_a_version_that_exists_and_does_not_run() {
    let assess = |version: &str, release: Value, deploying: bool| {
        let mut service = service(3);
        service["deploying"] = json!(deploying);
        let call = call("deploy", json!({"service": "orders", "version": version, "environment": "prod"}));
        DEMO.assess(&call, &facts(json!({"service": service, "release": release})), &[])
    };
    let found = assess("2.4.1", json!("v2.4.1"), false);
    assert_eq!((found.class, found.short), (EffectClass::Write, None));
    insta::assert_snapshot!(found.change, @r"order-service v2.4.0 → v2.4.1 in production, 3 replicas");
    let said = [
        assess("v2.4.0", json!("v2.4.0"), false),
        assess("v2.5.1", Value::Null, false),
        assess("banana", Value::Null, false),
        assess("2.4.1", json!("v2.4.1"), true),
    ];
    let said: Vec<String> = said.iter().map(|found| format!("{:?}", found.short)).collect();
    insta::assert_snapshot!(said.join("\n"), @r#"
    Some(Answer("order-service already runs v2.4.0 in production"))
    Some(Refuse("order-service has no version `v2.5.1`; the newest are v2.3.9, v2.4.0, v2.4.1; did you mean `v2.4.1`?"))
    Some(Refuse("order-service has no version `banana`; the newest are v2.3.9, v2.4.0, v2.4.1"))
    Some(Refuse("a deployment of order-service in production is running; ask again when it has ended"))
    "#);
}

#[test]
fn a_migration_is_one_that_is_pending() {
    let assess = |migration: &str, pending: Value| {
        let call =
            call("migrate", json!({"target": "orders-db", "migration": migration, "environment": "prod"}));
        let migrations = json!({"applied": [{"name": "0001_create"}], "pending": pending});
        let mut read = facts(json!({"migrations": migrations}));
        for name in ["newest", "applied", "migration", "steps"] {
            let expression = DEMO.tool("migrate").unwrap().manifest().facts[name].expr.clone().unwrap();
            let value = template::eval(&expression, &DEMO.scope(&call).facts(&read)).unwrap();
            read.insert(name.to_owned(), value);
        }
        let found = DEMO.assess(&call, &read, &[]);
        assert!(found.tags.contains("migration") && !found.tags.contains(UNREADABLE), "{found:?}");
        match found.short {
            Some(short) => format!("{migration}: {short:?}"),
            None => format!("{migration}: {}", found.change),
        }
    };
    let two = json!(["0002_index", "0003_drop"]);
    let said = [
        assess("latest", two.clone()),
        assess("0002_index", two.clone()),
        assess("3", two.clone()),
        assess("1", two.clone()),
        assess("0009_x", two),
        assess("head", json!([])),
        assess("0009_x", json!([])),
    ];
    insta::assert_snapshot!(said.join("\n"), @r#"
    latest: order-service database in production: apply 0002_index, 0003_drop; this cannot be taken back
    0002_index: order-service database in production: apply 0002_index; this cannot be taken back
    3: order-service database in production: apply 0002_index, 0003_drop; this cannot be taken back
    1: Answer("0001_create is applied already to order-service in production")
    0009_x: Refuse("order-service has no migration `0009_x` in production; pending are 0002_index, 0003_drop")
    head: Answer("no migration of order-service is pending in production")
    0009_x: Refuse("order-service has no migration `0009_x` in production; none is pending")
    "#);
}

#[test]
fn an_approval_is_bound_to_what_was_shown() {
    let before = DEMO.held(&scale(6, "production"), &facts(json!({"service": service(4)})));
    let after = DEMO.held(&scale(6, "production"), &facts(json!({"service": service(5)})));
    assert_eq!(Value::Object(before.clone()), json!({"service.replicas": 4}));
    assert_eq!(drift(&before, &before), [] as [&str; 0]);
    assert_eq!(drift(&before, &after), ["replicas: 4 → 5"]);

    let deploy = call("deploy", json!({"service": "orders", "version": "latest", "environment": "prod"}));
    let before = DEMO.held(&deploy, &facts(json!({"service": service(4), "release": "v2.4.1"})));
    let after = DEMO.held(&deploy, &Facts::new());
    assert_eq!(drift(&before, &after), ["release: v2.4.1 → none", "version: v2.4.0 → none"]);
    let pending = |list: Value| facts(json!({"pending": list}));
    assert_eq!(drift(&pending(json!([])), &pending(json!(["a", "b"]))), ["pending: none → a, b"]);
}

#[test]
fn what_is_offered_afterwards_is_a_call() {
    let offer = |call: &Call| {
        let tool = DEMO.tool(call.tool()).unwrap();
        let scope = DEMO.scope(call).facts(&facts(json!({"service": service(4), "release": "v2.4.1"})));
        DEMO.offered(tool.manifest().undo.as_ref().unwrap(), &scope).map(|undo| DEMO.render(&undo))
    };
    assert_eq!(offer(&scale(6, "prod")).as_deref(), Some("/scale order-service 4 production"));
    let rollback = call("rollback", json!({"service": "orders", "environment": "prod"}));
    assert_eq!(offer(&rollback).as_deref(), Some("/deploy order-service v2.4.0 production"));
    let lock = call("lock", json!({"environment": "prod", "reason": "sale"}));
    assert_eq!(offer(&lock).as_deref(), Some("/unlock production"));
}

#[test]
fn commands_are_written_exactly() {
    for (tool, args, text) in [
        (
            "deploy",
            json!({"service": "orders", "version": "v2.4.1", "environment": "prod"}),
            "/deploy order-service v2.4.1 production",
        ),
        (
            "logs",
            json!({"service": "orders", "last": "1h", "filter": "a \"b\" \\c"}),
            r#"/logs order-service --filter "a \"b\" \\c" --last 1h"#,
        ),
        (
            "lock",
            json!({"environment": "prod", "reason": "--force", "until": "18:00"}),
            "/lock production --reason \"--force\" --until 18:00",
        ),
        ("help", json!({"command": "incident create"}), "/help \"incident create\""),
        ("whoami", json!({}), "/whoami"),
    ] {
        assert_eq!(DEMO.render(&call(tool, args)), text);
    }
}
