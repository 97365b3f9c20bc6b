//! Every template of the tools that ship, over answers of the form that their back end gives.

use serde_json::{Map, Value, json};

use super::super::*;
use super::{DEMO, call};

fn instance(number: u32) -> Value {
    json!({"id": format!("order-service-production-{number}"), "pid": 1, "port": 2, "version": "v2.4.0", "healthy": true,
           "detail": "ok", "since": "2025-03-12T14:00:00Z", "requests": 1, "errors": 0})
}

fn service() -> Value {
    json!({"service": "order-service", "environment": "production", "version": "v2.4.0", "previous_version": "v2.3.9",
           "versions": ["v2.3.9", "v2.4.0", "v2.4.1"], "replicas": 2, "ready": 2, "generation": 17, "deploying": false,
           "url": null, "instances": [instance(1), instance(2)]})
}

fn deployment() -> Value {
    json!({"id": "dep_1", "service": "order-service", "environment": "production", "version": "v2.4.1",
           "from_version": "v2.4.0", "state": "failed", "step": "1/2 replicas on v2.4.1",
           "message": "the health check answered 500", "health": null, "started_at": "x", "finished_at": null})
}

/// Reads the facts of a tool as its executor would, from one answer for all paths.
fn read(tool: &Tool, call: &Call, answer: &Value) -> Facts {
    let mut facts = Facts::new();
    let mut ordered: Vec<_> = tool.manifest().facts.iter().collect();
    ordered.sort_by_key(|(_, fact)| fact.order);
    for (name, fact) in ordered {
        let scope = DEMO.scope(call).facts(&facts).body(answer.clone());
        if let Some(get) = &fact.get {
            template::path(get, &scope).unwrap();
        }
        if let Some(missing) = &fact.missing {
            template::text(missing, &scope).unwrap();
        }
        let value = fact.expr.as_ref().map_or(answer.clone(), |expr| template::eval(expr, &scope).unwrap());
        facts.insert(name.clone(), value);
    }
    facts
}

/// What the tool says and sends for this call, with `run` answering `body` and the watched path `watched`.
fn story(call: &Call, facts: &Value, body: &Value, watched: Option<&Value>) -> String {
    let tool = DEMO.tool(call.tool()).unwrap();
    let manifest = tool.manifest();
    let facts = read(tool, call, facts);
    let assessed = DEMO.assess(call, &facts, &[]);
    assert!(!assessed.tags.contains(UNREADABLE), "{assessed:?}");
    let mut lines = vec![DEMO.render(call), format!("change  {}", assessed.change)];
    let scope = DEMO.scope(call).facts(&facts).direction(assessed.direction).request("req_1", "key_1");
    let Run::Http(http) = &manifest.run else { return lines.join("\n") };
    lines.push(format!("run     {} {}", http.method, template::path(&http.path, &scope).unwrap()));
    for (name, value) in http.query.iter().chain(&http.headers) {
        lines.push(format!("        {name}: {}", template::text(value, &scope).unwrap()));
    }
    lines.extend(http.json.iter().map(|json| format!("        {}", template::value(json, &scope).unwrap())));
    let scope = scope.body(body.clone());
    let saved =
        http.save.iter().map(|(name, source)| (name.clone(), template::eval(source, &scope).unwrap()));
    let saved: Map<_, _> = saved.collect();
    let scope = scope.saved(saved);
    if let (Some(watch), Some(watched)) = (&manifest.watch, watched) {
        let scope = scope.clone().body(watched.clone());
        let held = |source: &str| template::condition(source, &scope).unwrap();
        let (get, say) =
            (template::path(&watch.get, &scope).unwrap(), template::text(&watch.say, &scope).unwrap());
        lines.push(format!(
            "watch   {get}: {say} (done {}, success {})",
            held(&watch.done),
            held(&watch.success)
        ));
    }
    if let Some(health) = &manifest.health {
        let scope = scope.clone().body(service());
        template::path(&health.get, &scope).unwrap();
        lines.push(format!(
            "health  {} {}",
            template::condition(&health.pass, &scope).unwrap(),
            template::text(&health.say, &scope).unwrap()
        ));
    }
    let scope = watched.map_or(scope.clone(), |watched| scope.watch(watched.clone()));
    let output = &manifest.output;
    for (name, source) in [("ok", &output.ok), ("fail", &output.fail), ("link", &output.link)] {
        lines.push(format!("{name:<8}{}", template::text(source, &scope).unwrap()));
    }
    for (name, source) in [("fields", &output.fields), ("code", &output.code)] {
        lines.extend(
            source.iter().map(|source| format!("{name:<8}{}", template::eval(source, &scope).unwrap())),
        );
    }
    for (name, offer) in [("undo", &manifest.undo), ("remedy", &manifest.remedy)] {
        lines.extend(
            offer
                .iter()
                .map(|offer| format!("{name:<8}{}", DEMO.render(&DEMO.offered(offer, &scope).unwrap()))),
        );
    }
    lines.join("\n")
}

#[test]
fn the_tools_that_ship_say_and_send_this() {
    let orders = |more: Value| {
        let mut args = json!({"service": "orders", "environment": "prod"});
        args.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        args
    };
    let migrations = json!({"applied": [{"name": "0001_create", "applied_at": "x"}], "pending": ["0002_index", "0003_drop"]});
    let log = json!({"lines": [{"time": "2025-03-12T14:03:22Z", "instance": "order-service-production-1", "level": "error",
                                "text": "{{ timeout }}"}], "matched": 12, "truncated": true});
    let all = json!({"services": [
        {"service": "order-service", "environment": "staging", "version": "v2.4.1", "replicas": 1, "ready": 0},
        {"service": "checkout", "environment": "staging", "version": "v1.0.0", "replicas": 1, "ready": 1}]});
    let refused = json!({"error": "the database is locked"});
    let stories = [
        story(
            &call("deploy", orders(json!({"version": "latest"}))),
            &service(),
            &deployment(),
            Some(&deployment()),
        ),
        story(
            &call("deploy", orders(json!({"version": "latest"}))),
            &service(),
            &json!({"id": "dep_1", "error": "busy"}),
            None,
        ),
        story(&call("rollback", orders(json!({}))), &service(), &deployment(), Some(&deployment())),
        story(&call("scale", orders(json!({"replicas": 3}))), &service(), &service(), Some(&service())),
        story(&call("status", orders(json!({}))), &Value::Null, &service(), None),
        story(&call("status", json!({"service": "orders"})), &Value::Null, &all, None),
        story(
            &call("logs", orders(json!({"filter": "time out", "last": "15m", "lines": 5}))),
            &Value::Null,
            &log,
            None,
        ),
        story(
            &call("logs", json!({"service": "orders"})),
            &Value::Null,
            &json!({"lines": [], "matched": 0, "truncated": false}),
            None,
        ),
        story(
            &call("migrate", json!({"target": "orders-db", "migration": "latest", "environment": "prod"})),
            &migrations,
            &json!({"applied": ["0002_index", "0003_drop"], "duration_ms": 12}),
            None,
        ),
        story(
            &call("lock", orders(json!({"reason": "the sale", "until": "18:00"}))),
            &Value::Null,
            &Value::Null,
            None,
        ),
        story(
            &call("lock", json!({"environment": "prod", "reason": "the sale"})),
            &Value::Null,
            &Value::Null,
            None,
        ),
        story(&call("unlock", orders(json!({}))), &Value::Null, &Value::Null, None),
    ];
    insta::assert_snapshot!(stories.join("\n\n"));
    let migrate = DEMO.tool("migrate").unwrap().manifest();
    let scope =
        DEMO.scope(&call("migrate", json!({"target": "orders", "migration": "x", "environment": "dev"})));
    let scope = scope.facts(json!({"migration": "0002_index"}).as_object().unwrap()).body(refused);
    insta::assert_snapshot!(template::text(&migrate.output.fail, &scope).unwrap(), @r"0002_index was not applied to order-service in development: the database is locked");
}
