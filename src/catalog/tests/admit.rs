use serde_json::{Value, json};

use super::super::*;
use super::{DEMO, admit, call};

#[test]
fn names_become_canonical_however_they_are_written() {
    for (service, environment) in [
        ("order-service", "production"),
        ("orders", "prod"),
        ("Order Service", "PROD"),
        ("ORDER_SERVICE", "prd"),
        ("ｏｒｄｅｒ－ｓｅｒｖｉｃｅ", "Ｐｒｏｄｕｃｔｉｏｎ"),
    ] {
        let call = call("rollback", json!({"service": service, "environment": environment}));
        assert_eq!(
            Value::Object(call.args().clone()),
            json!({"service": "order-service", "environment": "production"})
        );
        assert_eq!((call.environment(), call.target()), (Some("production"), "production/order-service"));
    }
}

#[test]
fn what_a_call_acts_on_follows_from_its_arguments() {
    let target = |tool: &str, args: Value| call(tool, args).target().to_owned();
    assert_eq!(target("lock", json!({"environment": "prod", "reason": "x"})), "production");
    assert_eq!(
        target("lock", json!({"environment": "prod", "service": "gw", "reason": "x"})),
        "production/api-gateway"
    );
    assert_eq!(
        target("migrate", json!({"environment": "dev", "target": "orders-db", "migration": "latest"})),
        "development/order-service"
    );
    assert_eq!(target("status", json!({"service": "gw"})), "api-gateway");
    assert_eq!(target("logs", json!({"service": "gw"})), "production/api-gateway");
    assert_eq!(target("whoami", json!({})), "whoami");
}

#[test]
fn refusals_say_what_is_wrong_and_what_was_meant() {
    let long = "x".repeat(MAX_TEXT + 1);
    let table = [
        ("deply", json!({})),
        ("frobnicate", json!({})),
        ("deploy", json!("order-service")),
        ("deploy", json!({"service": "orders", "version": "v1", "environment": "prod", "force": true})),
        ("deploy", json!({"service": "orders", "version": "v1", "enviroment": "prod"})),
        ("deploy", json!({"service": "orders"})),
        ("deploy", json!({"service": "orders", "version": null, "environment": "prod"})),
        ("deploy", json!({"service": "orders", "version": "v1"})),
        ("deploy", json!({"service": "order-servise", "version": "v1", "environment": "prod"})),
        ("deploy", json!({"service": "orders", "version": "v1", "environment": "mars"})),
        ("deploy", json!({"service": "orders", "version": "v1; rm", "environment": "prod"})),
        ("deploy", json!({"service": "orders", "version": 2, "environment": "prod"})),
        ("scale", json!({"service": "orders", "replicas": "3", "environment": "prod"})),
        ("scale", json!({"service": "orders", "replicas": 3.0, "environment": "prod"})),
        ("scale", json!({"service": "orders", "replicas": -1, "environment": "prod"})),
        ("scale", json!({"service": "orders", "replicas": 9_007_199_254_740_993_u64, "environment": "prod"})),
        ("scale", json!({"service": ["orders"], "replicas": 3, "environment": "prod"})),
        ("logs", json!({"service": "orders", "filter": "a\u{202E}b"})),
        ("logs", json!({"service": "orders", "filter": ""})),
        ("logs", json!({"service": "orders", "filter": "x".repeat(201)})),
        ("lock", json!({"environment": "prod", "reason": long})),
        ("lock", json!({"environment": "prod", "reason": "a\nb"})),
    ];
    let mut said = Vec::new();
    for (tool, args) in table {
        let error = admit(tool, args).unwrap_err();
        said.push(format!("{} {:?} {:?}: {error}", error.reason, error.path, error.missing));
    }
    insta::assert_snapshot!(said.join("\n"));
}

#[test]
fn a_null_counts_as_left_out() {
    let call = call("status", json!({"service": "orders", "environment": null}));
    assert_eq!(Value::Object(call.args().clone()), json!({"service": "order-service"}));
}

#[test]
fn the_digest_is_of_tool_and_arguments() {
    let base = call("status", json!({"service": "orders", "environment": "prod"}));
    let same = call("status", json!({"environment": "production", "service": "order service"}));
    let other = call("status", json!({"service": "orders", "environment": "staging"}));
    let tool = call("rollback", json!({"service": "orders", "environment": "prod"}));
    assert_eq!(base.digest(), same.digest());
    assert_ne!(base.digest(), other.digest());
    assert_ne!(base.digest(), tool.digest());
}

#[test]
fn the_model_gets_plain_schemas_with_the_names_that_exist() {
    let schema = DEMO.tool("migrate").unwrap().schema_for_model();
    assert_eq!(schema["properties"]["environment"]["enum"], json!(["development", "production", "staging"]));
    assert_eq!(schema["properties"]["target"]["enum"][4], "order-service");
    for tool in DEMO.tools() {
        assert!(!tool.schema_for_model().to_string().contains("x-catalog"), "{}", tool.name());
    }
}

#[test]
fn a_list_that_the_landscape_leaves_out_is_not_checked() {
    let (file, text) = SHIPPED_TOOLS.iter().find(|(file, _)| *file == "unlock.yaml").unwrap();
    let tool = text.replace("x-catalog: services", "x-catalog: teams");
    let landscape = "[environments.production]\naliases = [\"prod\"]\n[services]\n";
    let text =
        tool.replace("args: {environment: production, service: order-service}", "args: {environment: prod}");
    let catalog = Catalog::load(("catalog.toml", landscape), &[((*file).to_owned(), text)]).unwrap();
    let args = json!({"environment": "prod", "service": "anything"});
    let proposal =
        crate::domain::Proposal { tool: "unlock".to_owned(), args, origin: crate::domain::Origin::Slash };
    assert_eq!(catalog.admit(&proposal).unwrap().args()["service"], "anything");
}

#[test]
fn help_tells_how_a_command_is_written() {
    insta::assert_snapshot!(help_text(DEMO.tool("scale").unwrap()), @r#"
    /scale <service> <replicas> <environment>
    Sets how many replicas of one service run in one environment, and watches until they do.
    The number is absolute: "two more" and "double it" need the present number first (`status`). Another version is `deploy`.

      service: the service to scale; one of api-gateway, checkout, inventory-service, notification-worker, order-service, payment-service, search-indexer, user-service
      replicas: how many there shall be
      environment: where; one of development, production, staging

    Example: /scale order-service 6 production
    "#);
    let lines: Vec<String> = DEMO.tools().map(help_line).collect();
    insta::assert_snapshot!(lines.join("\n"), @"
    /audit [words] [--by <by>] [--changes] [--command <command>] [--environment <environment>] [--incident <incident>] [--last <last>] [--lines <lines>] [--result <result>]: What was done, by whom
    /deploy <service> <version> <environment>: Deploy a version of a service
    /help [command]: What you can ask for
    /lock <environment> --reason <reason> [--service <service>] [--until <until>]: Stop changes to an environment
    /logs <service> [environment] [--filter <filter>] [--last <last>] [--lines <lines>]: Read what a service writes
    /migrate <target> <migration> <environment>: Apply database migrations
    /pending: What waits for you
    /policy accept <digest>: Put a policy file in force that allows more
    /review <request> <note>: Close the review of an emergency
    /rollback <service> <environment>: Go back to the version before
    /scale <service> <replicas> <environment>: Set the number of replicas
    /status <service> [environment]: How a service is doing
    /unlock <environment> [--service <service>]: Allow changes again
    /whoami: Who you are here
    ");
}
