use std::path::Path;

use super::*;

/// The rules that lines break, with what is said.
fn found_in(lines: &[Value], facts: &Facts) -> Vec<(LintRule, String)> {
    let mut linter = Linter::new(facts);
    let text: Vec<String> = lines.iter().map(Value::to_string).collect();
    linter.file("f.jsonl", &text.join("\n"));
    let (findings, _) = linter.finish();
    findings.into_iter().map(|finding| (finding.rule, finding.text)).collect()
}

fn line(keys: Value) -> Value {
    let mut line = json!({"id": "x", "category": "c", "lang": "en",
        "messages": [{"role": "user", "speaker": "maya", "text": "hello"}], "expect": {"kind": "none"}});
    line.as_object_mut().unwrap().extend(keys.as_object().unwrap().clone());
    line
}

fn expecting(expect: Value) -> Value {
    line(json!({ "expect": expect }))
}

fn one_call(tool: &str, args: Value) -> Value {
    expecting(json!({"kind": "call", "calls": [{"tool": tool, "args": args}]}))
}

#[test]
fn what_is_wrong_with_a_case_is_found() {
    let target = json!({"migration": ["0042"], "environment": ["staging"]});
    let migrate = |name: &str| {
        let mut args = target.clone();
        args["target"] = json!([name]);
        one_call("migrate", args)
    };
    let deploys = |service: &str| {
        one_call("deploy", json!({"service": [service], "version": ["1"], "environment": ["staging"]}))
    };
    let scale = |replicas: Value| {
        one_call("scale", json!({"service": ["checkout"], "replicas": replicas, "environment": ["staging"]}))
    };
    for (case, rule, said) in [
        (
            line(json!({"surprise": 1})),
            LintRule::Schema,
            "a case has no key `surprise`; keys of your own begin with `x-`",
        ),
        (
            line(
                json!({"messages": [{"role": "user", "speaker": "a", "text": "b"}, {"role": "other", "speaker": "c", "text": "d"}]}),
            ),
            LintRule::Request,
            "the last message is the request: its role must be `user`",
        ),
        (
            line(json!({"context": {"now": "noon"}})),
            LintRule::Time,
            "`noon` is no time such as 2026-03-01T09:00:00Z",
        ),
        (one_call("deplot", json!({})), LintRule::Tool, "there is no tool `deplot`; did you mean `deploy`?"),
        (
            one_call(
                "rollback",
                json!({"service": ["checkout"], "environment": ["staging"], "versoin": ["1"]}),
            ),
            LintRule::Argument,
            "`rollback` has no argument `versoin`",
        ),
        (
            one_call("rollback", json!({"service": ["checkout"]})),
            LintRule::Argument,
            "`rollback` needs `environment`, and what is not listed must be absent",
        ),
        (
            expecting(json!({"kind": "clarify", "missing": ["enviroment"]})),
            LintRule::Argument,
            "no tool has an argument `enviroment` to ask for; did you mean `environment`?",
        ),
        (
            deploys("orders"),
            LintRule::Name,
            "`orders` is another name of `order-service`; the scorer knows no other names, so write `order-service`",
        ),
        (
            deploys("chekout"),
            LintRule::Name,
            "the catalogue has no service `chekout`; did you mean `checkout`?",
        ),
        (migrate("payments-db"), LintRule::Name, "the catalogue has no target `payments-db`"),
        (
            one_call("oncall", json!({"team": ["nobody"]})),
            LintRule::Name,
            "the catalogue has no team `nobody`",
        ),
        (scale(json!(["6"])), LintRule::Value, "`replicas` of `scale` is of type integer, and \"6\" is not"),
        (
            scale(json!({"contains": ["6"]})),
            LintRule::Value,
            "`replicas` of `scale` is no text, so `contains` never fits it",
        ),
        (
            one_call("incident.update", json!({"text": ["x"], "state": ["closed"]})),
            LintRule::Value,
            "`state` of `incident.update` is one of \"investigating\", \"identified\", \"monitoring\", and not \"closed\"",
        ),
        (
            expecting(json!({"kind": "answer", "allow": ["deploy"]})),
            LintRule::Allow,
            "`deploy` changes something, so it cannot be allowed besides",
        ),
        (
            expecting(json!({"kind": "answer", "allow": ["metrics"]})),
            LintRule::Tool,
            "there is no tool `metrics`",
        ),
        (
            expecting(
                json!({"kind": "refuse", "forbid": [{"tool": "rollback", "args": {"environment": ["prod"]}}]}),
            ),
            LintRule::Name,
            "`prod` is another name of `production`; the scorer knows no other names, so write `production`",
        ),
        (
            expecting(json!({"kind": "answer", "allow": ["logs"], "forbid": [{"tool": "logs", "args": {}}]})),
            LintRule::Forbid,
            "`logs` is forbidden and allowed besides, both with any arguments",
        ),
        (
            line(json!({"context": {"running": [{"service": "gw", "environment": "staging"}]}})),
            LintRule::Name,
            "`gw` is another name of `api-gateway`; the scorer knows no other names, so write `api-gateway`",
        ),
        (
            line(json!({"context": {"incident": {"id": "1", "severity": "bad"}}})),
            LintRule::Name,
            "the catalogue has no severity `bad`",
        ),
    ] {
        let found = found_in(std::slice::from_ref(&case), &FACTS);
        assert_eq!(found.len(), 1, "{case} {found:?}");
        assert_eq!((found[0].0, found[0].1.as_str()), (rule, said), "{case}");
    }
}

#[test]
fn forbidden_calls_are_no_accepted_ones() {
    let wanted = json!([{"tool": "deploy", "args": {"service": ["checkout"], "version": ["1.0", "1.1"], "environment": ["staging"]}}]);
    let forbids = |args: Value| {
        let case =
            expecting(json!({"kind": "call", "calls": wanted, "forbid": [{"tool": "deploy", "args": args}]}));
        found_in(&[case], &FACTS).into_iter().map(|(rule, _)| rule).collect::<Vec<_>>()
    };
    assert_eq!(forbids(json!({})), [LintRule::Forbid]);
    assert_eq!(forbids(json!({"version": ["v1.1"]})), [LintRule::Forbid], "in any of its spellings");
    assert_eq!(forbids(json!({"environment": ["production"]})), []);
    assert_eq!(forbids(json!({"version": ["9.9"]})), []);
    let leak = expecting(
        json!({"kind": "answer", "allow": ["logs"], "forbid": [{"tool": "logs", "args": {"filter": {"contains": ["password"]}}}]}),
    );
    assert_eq!(found_in(&[leak], &FACTS), [], "other logs may be read");
    let any = |goal: Value| {
        let case = expecting(
            json!({"kind": "call", "forbid": [{"tool": "incident.resolve", "args": {"text": goal}}],
            "calls": [{"tool": "incident.resolve", "args": {"text": {"any": true}}}]}),
        );
        found_in(&[case], &FACTS).len()
    };
    assert_eq!(any(json!(["all is well"])), 1, "anything is accepted, and so is this");
    assert_eq!(any(json!({"contains": ["password"]})), 0, "a text may be free and still not hold that");
}

#[test]
fn lines_are_looked_at_together() {
    let other = line(json!({"id": "y", "expect": {"kind": "answer"}}));
    let found = found_in(
        &[line(json!({})), line(json!({"messages": [{"role": "user", "speaker": "a", "text": "b"}]})), other],
        &FACTS,
    );
    assert_eq!(
        found,
        [
            (LintRule::Id, "the id is taken by f.jsonl:1".to_owned()),
            (LintRule::Thread, "the thread is that of f.jsonl:1".to_owned()),
        ]
    );
    let mut linter = Linter::new(&FACTS);
    linter.file("twice.jsonl", r#"{"id":"a","id":"b","category":"c","lang":"en","messages":[{"role":"user","speaker":"m","text":"t"}],"expect":{"kind":"none"}}"#);
    linter.file("broken.jsonl", "\n{\"id\":");
    let (findings, cases) = linter.finish();
    assert_eq!(cases, 1);
    let told: Vec<_> = findings.iter().map(|found| (found.file.as_str(), found.line, found.rule)).collect();
    assert_eq!(told, [("twice.jsonl", 1, LintRule::Schema), ("broken.jsonl", 2, LintRule::Schema)]);
}

/// The proofs find a scorer that is broken: here one that is told that a rollback only reads.
#[test]
fn what_cannot_be_scored_is_found() {
    let tools = r#"[{"function": {"name": "rollback", "parameters": {"properties": {"service": {}, "environment": {}}}}, "x-effect": "read"},
        {"function": {"name": "status"}, "x-effect": "read"}]"#;
    let blind = Facts::of_tools(&function_tools(tools).unwrap(), &WORLD);
    let found = found_in(&[expecting(json!({"kind": "answer", "allow": ["rollback"]}))], &blind);
    assert_eq!(found.iter().map(|(rule, _)| *rule).collect::<Vec<_>>(), [LintRule::Rollback], "{found:?}");
    // A case that wants every rollback in production has none that it does not want.
    let all = one_call("rollback", json!({"service": {"any": true}, "environment": ["production"]}));
    assert_eq!(found_in(&[all], &FACTS), []);
    // Wanting it for one service, it is caught for another.
    let one = one_call("rollback", json!({"service": ["api-gateway"], "environment": ["production"]}));
    assert_eq!(found_in(&[one], &FACTS), []);
}

#[test]
fn the_shipped_cases_are_clean() {
    let tools = function_tools(include_str!("../../../evals/tools.json")).unwrap();
    let facts = Facts::of_tools(&tools, &WORLD);
    let mut linter = Linter::new(&facts);
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    for file in case_files(&[root.join("evals/cases")]).unwrap() {
        linter.file(&file.display().to_string(), &std::fs::read_to_string(&file).unwrap());
    }
    let (findings, cases) = linter.finish();
    let told: Vec<String> =
        findings.iter().map(|found| format!("{}:{} {}", found.file, found.line, found.text)).collect();
    assert!(told.is_empty(), "{}", told.join("\n"));
    assert!(cases > 500, "the cases were not found");
}
