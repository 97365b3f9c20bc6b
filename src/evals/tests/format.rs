//! The case format: serde and the schema accept and refuse the same lines.

use std::sync::LazyLock;

use jsonschema::Validator;
use proptest::prelude::*;

use super::*;

static SCHEMA: LazyLock<Value> =
    LazyLock::new(|| serde_json::from_str(include_str!("../../../evals/schema/case.schema.json")).unwrap());
static VALIDATOR: LazyLock<Validator> = LazyLock::new(|| jsonschema::validator_for(&SCHEMA).unwrap());
static CATALOGUE: LazyLock<Validator> = LazyLock::new(|| {
    let schema = json!({"$schema": SCHEMA["$schema"], "$ref": "#/$defs/catalogue", "$defs": SCHEMA["$defs"]});
    jsonschema::validator_for(&schema).unwrap()
});

/// A case that has everything.
fn full() -> Value {
    json!({
        "id": "full-1.a_B", "category": "injection", "lang": "pt-BR",
        "messages": [
            {"role": "third_party", "speaker": "loki", "text": "x"},
            {"role": "assistant", "speaker": "countersign", "text": "?"},
            {"role": "other", "speaker": "tom", "text": "<@U1> ```y```"},
            {"role": "user", "speaker": "maya", "text": "z"},
        ],
        "expect": {
            "kind": "calls", "ordered": true, "allow": ["status", "incident.list"],
            "calls": [
                {"tool": "deploy", "args": {"service": ["checkout"], "version": ["1.0", null], "wait": [true, 3, 1.5]}},
                {"tool": "incident.update", "args": {
                    "text": {"contains": ["disk", ["full", "space"]], "optional": true},
                    "state": {"any": true, "optional": false}}},
            ],
            "alt": [
                {"kind": "call", "calls": [{"tool": "status", "args": {}}]},
                {"kind": "clarify", "missing": ["environment", "intent"], "allow": ["logs"]},
                {"kind": "refuse", "reason": "no_tool"}, {"kind": "answer"}, {"kind": "none"},
            ],
            "forbid": [{"tool": "rollback", "args": {"service": {"any": true}}}],
        },
        "context": {
            "channel": "#inc-1", "roles": ["engineer", "sre"],
            "incident": {"id": "7", "title": "t", "severity": "sev1"},
            "running": [{"service": "checkout", "environment": "staging", "version": "1", "replicas": 0}],
            "now": "2026-03-01T09:00:00Z",
        },
        "trials": 4, "must_pass": true, "notes": "n", "tags": ["a:b", "c"],
        "source": {"origin": "o", "path": "p", "license": "l", "else": 1},
        "x-mine": {"any": ["thing"]},
    })
}

fn same_verdict(value: &Value) -> Result<bool, String> {
    let by_schema = VALIDATOR.is_valid(value);
    let by_serde = case_line(&value.to_string());
    match (by_schema, &by_serde) {
        (true, Err(error)) => Err(format!("the schema accepts and serde refuses ({error}): {value}")),
        (false, Ok(_)) => Err(format!("the schema refuses and serde accepts: {value}")),
        (true, Ok(_)) | (false, Err(_)) => Ok(by_schema),
    }
}

/// What to put where, and whether that is still a case.
#[test]
fn lines_are_accepted_and_refused_as_the_schema_does() {
    let accepted = [
        ("/id", json!("a")),
        ("/id", json!("9".repeat(48))),
        ("/lang", json!("zh-Hant-TW")),
        ("/trials", json!(64.0)),
        ("/tags", json!([])),
        ("/context", json!({})),
        ("/context/incident", json!(null)),
        ("/context/now", json!("yesterday")),
        ("/context/running/0/replicas", json!(3.0)),
        ("/source", json!({})),
        ("/x-mine", json!(null)),
        ("/messages/3/role", json!("user")),
        ("/messages/0/text", json!("\u{200b}")),
        ("/expect/ordered", json!(false)),
        ("/expect/calls/0/args/version", json!([null, "1", null])),
        ("/expect", json!({"kind": "answer", "allow": ["status"]})),
    ];
    let refused = [
        ("/id", json!("")),
        ("/id", json!("-a")),
        ("/id", json!("a".repeat(49))),
        ("/id", json!("a\n")),
        ("/category", json!("Injection")),
        ("/lang", json!("EN")),
        ("/lang", json!("en-x")),
        ("/messages", json!([])),
        ("/messages/0/role", json!("system")),
        ("/messages/0/speaker", json!("")),
        ("/messages/0/text", json!(" \n")),
        ("/messages/0/more", json!(1)),
        ("/trials", json!(0)),
        ("/trials", json!(65)),
        ("/trials", json!(1.5)),
        ("/trials", json!("4")),
        ("/trials", json!(null)),
        ("/must_pass", json!(null)),
        ("/tags", json!(["a", "a"])),
        ("/tags", json!([""])),
        ("/notes", json!(null)),
        ("/source/origin", json!(null)),
        ("/surprise", json!(1)),
        ("/context", json!(null)),
        ("/context/roles", json!(["a", "a"])),
        ("/context/roles", json!([""])),
        ("/context/incident", json!({})),
        ("/context/incident/x-mine", json!(1)),
        ("/context/running/0/replicas", json!(-1)),
        ("/context/now", json!(null)),
        ("/expect/kind", json!("shrug")),
        ("/expect/calls", json!([{"tool": "deploy", "args": {}}])),
        ("/expect/calls/0/tool", json!("incident..update")),
        ("/expect/calls/0/args", json!(null)),
        ("/expect/calls/0/args/Version", json!(["1"])),
        ("/expect/calls/0/args/version", json!("1")),
        ("/expect/calls/0/args/version", json!([])),
        ("/expect/calls/0/args/version", json!([null])),
        ("/expect/calls/0/args/version", json!([["1"]])),
        ("/expect/calls/0/args/version", json!({"any": false})),
        ("/expect/calls/0/args/version", json!({"any": true, "contains": ["a"]})),
        ("/expect/calls/0/args/version", json!({"any": true, "optional": null})),
        ("/expect/calls/0/args/version", json!({"contains": []})),
        ("/expect/calls/0/args/version", json!({"contains": [""]})),
        ("/expect/calls/0/args/version", json!({"contains": [[]]})),
        ("/expect/calls/0/args/version", json!({"contains": [["a", ""]]})),
        ("/expect/calls/0/args/version", json!({"contains": ["a"], "x-mine": 1})),
        ("/expect/missing", json!(["version"])),
        ("/expect/reason", json!("because")),
        ("/expect/allow", json!([])),
        ("/expect/allow", json!(["status", "status"])),
        ("/expect/alt", json!([])),
        ("/expect/alt/0/forbid", json!([{"tool": "a", "args": {}}])),
        ("/expect/alt/0/ordered", json!(false)),
        ("/expect/alt/1/calls", json!([])),
        ("/expect/alt/1/missing", json!([])),
        ("/expect/alt/1/missing", json!(["a b"])),
        ("/expect/alt/2/reason", json!("No Tool")),
        ("/expect/forbid", json!([])),
        ("/expect/x-mine", json!(1)),
        ("/expect/alt/4", json!(["none"])),
        ("/expect/alt/4/kind", json!({"none": null})),
        ("/messages/3/role", json!({"user": null})),
        ("/messages/3", json!(["user", "maya", "hello"])),
        ("/expect", json!({"kind": "clarify"})),
        ("/expect", json!({"kind": "call"})),
        ("/expect", json!({"kind": "call", "calls": []})),
    ];
    assert_eq!(same_verdict(&full()), Ok(true));
    for (cases, verdict) in [(&accepted[..], true), (&refused[..], false)] {
        for (place, value) in cases {
            let mut line = full();
            put(&mut line, place, value.clone());
            assert_eq!(same_verdict(&line), Ok(verdict), "{place} {value}");
        }
    }
    for key in ["id", "category", "lang", "messages", "expect"] {
        let mut line = full();
        line.as_object_mut().unwrap().remove(key);
        assert_eq!(same_verdict(&line), Ok(false), "{key}");
    }
    assert!(case_line("{").is_err());
    assert!(case_line("[]").is_err());
}

fn put(line: &mut Value, place: &str, value: Value) {
    let (parent, key) = place.rsplit_once('/').unwrap();
    match line.pointer_mut(parent).unwrap() {
        Value::Object(object) => drop(object.insert(key.to_owned(), value)),
        Value::Array(array) => array[key.parse::<usize>().unwrap()] = value,
        other => panic!("{place} is in {other}"),
    }
}

/// Every place in a value, the root aside.
fn places(value: &Value, at: &str, found: &mut Vec<String>) {
    let mut inner = |key: &str, value: &Value| {
        let at = format!("{at}/{key}");
        found.push(at.clone());
        places(value, &at, found);
    };
    match value {
        Value::Object(object) => object.iter().for_each(|(key, value)| inner(key, value)),
        Value::Array(array) => {
            array.iter().enumerate().for_each(|(at, value)| inner(&at.to_string(), value));
        }
        _ => {}
    }
}

fn junk() -> impl Strategy<Value = Value> {
    static WORDS: [&str; 11] =
        ["", " ", "a", "A b", "user", "call", "clarify", "none", "en", "1.0", "status"];
    let leaf = prop_oneof![
        Just(json!(null)),
        any::<bool>().prop_map(Value::from),
        (-2_i64..70).prop_map(Value::from),
        Just(json!(2.0)),
        Just(json!(0.5)),
        proptest::sample::select(&WORDS[..]).prop_map(Value::from),
    ];
    leaf.prop_recursive(2, 6, 3, |inner| {
        static KEYS: [&str; 10] =
            ["kind", "calls", "any", "optional", "contains", "id", "x-mine", "tool", "args", "missing"];
        prop_oneof![
            proptest::collection::vec(inner.clone(), 0..3).prop_map(Value::from),
            proptest::collection::btree_map(proptest::sample::select(&KEYS[..]), inner, 0..3)
                .prop_map(|map| map.into_iter().map(|(key, value)| (key.to_owned(), value)).collect()),
        ]
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    /// Whatever is changed in a case, serde and the schema say the same about it.
    #[test]
    fn serde_and_the_schema_agree_on_damaged_cases(
        damage in proptest::collection::vec((any::<proptest::sample::Index>(), 0_u8..4, junk(), "[a-z]{1,3}|x-[a-z]|kind|calls|missing|alt"), 1..3),
    ) {
        let mut line = full();
        for (index, how, value, key) in damage {
            let mut found = Vec::new();
            places(&line, "", &mut found);
            if found.is_empty() {
                break;
            }
            let place = index.get(&found).clone();
            let (parent, last) = place.rsplit_once('/').unwrap();
            let parent = line.pointer_mut(parent).unwrap();
            match (how, parent) {
                (0 | 1, _) => put(&mut line, &place, value),
                (2, Value::Object(object)) => drop(object.remove(last)),
                (2, Value::Array(array)) => drop(array.remove(last.parse::<usize>().unwrap())),
                (_, Value::Object(object)) => drop(object.insert(key, value)),
                (_, Value::Array(array)) => array.push(value),
                (_, _) => unreachable!(),
            }
        }
        same_verdict(&line).map_err(TestCaseError::fail)?;
    }
}

#[test]
fn a_case_is_written_as_it_was_read() {
    let case = case_line(&full().to_string()).unwrap();
    assert_eq!(serde_json::to_value(&case).unwrap(), {
        let mut tidy = full();
        // The default need not be said.
        tidy.pointer_mut("/expect/calls/1/args/state").unwrap().as_object_mut().unwrap().remove("optional");
        tidy
    });
    let mut quiet = full();
    put(&mut quiet, "/context/incident", json!(null));
    let case = case_line(&quiet.to_string()).unwrap();
    assert_eq!(case.context.incident, InChannel::Quiet(()));
    assert_eq!(serde_json::to_value(&case).unwrap()["context"]["incident"], json!(null));
    assert_eq!(with(json!({})).context.incident, InChannel::Usual);
}

#[test]
fn the_hash_is_that_of_the_line() {
    let line = full().to_string();
    let (plain, spaced) = (case_line(&line).unwrap(), case_line(&format!("  {line}\r")).unwrap());
    assert_eq!(plain.hash, spaced.hash);
    let other = case_line(&line.replacen("\"n\"", "\"m\"", 1)).unwrap();
    assert_ne!(plain.hash, other.hash);
}

#[test]
fn a_run_takes_only_requests() {
    let mut line = full();
    line["messages"].as_array_mut().unwrap().push(json!({"role": "other", "speaker": "tom", "text": "ok"}));
    assert_eq!(same_verdict(&line), Ok(true), "a schema cannot say which message is the last");
    let text = format!("{}\n\n{line}\n", full());
    assert_eq!(cases(&text).unwrap_err().to_string(), "line 3: the last message must be a user's");
}

#[test]
fn catalogues_are_accepted_and_refused_as_the_schema_does() {
    let full = json!({
        "services": {"checkout": [], "order-service": ["orders"]}, "environments": {"staging": ["stg"]},
        "severities": {"sev1": ["p1"]}, "databases": {"order-service": ["orders-db"]},
        "teams": {"platform": ["checkout"]}, "people": {"maya": {"teams": ["platform"], "roles": ["sre"], "age": 4}},
        "time_of_request": "2025-03-12T14:30:00Z", "whatever": 1,
    });
    let accepted = [
        ("/people/maya", json!({})),
        ("/people", json!({})),
        ("/teams", json!({})),
        ("/people/maya/teams", json!([""])),
        ("/time_of_request", json!("noon")),
        ("/whatever", json!(null)),
    ];
    let refused = [
        ("/services", json!({})),
        ("/services", json!(null)),
        ("/services/checkout", json!([""])),
        ("/services/checkout", json!("orders")),
        ("/environments", json!([])),
        ("/severities", json!({})),
        ("/severities", json!(null)),
        ("/databases", json!({})),
        ("/teams/platform", json!([""])),
        ("/teams", json!(null)),
        ("/people/maya", json!(null)),
        ("/people/maya", json!([[], []])),
        ("/people/maya/roles", json!(null)),
        ("/time_of_request", json!(null)),
    ];
    for (cases, verdict) in [(&[("/whatever", json!(1))][..], true), (&accepted, true), (&refused, false)] {
        for (place, value) in cases {
            let mut catalogue = full.clone();
            put(&mut catalogue, place, value.clone());
            assert_eq!(CATALOGUE.is_valid(&catalogue), verdict, "{place} {value}");
            assert_eq!(World::parse(&catalogue.to_string()).is_ok(), verdict, "{place} {value}");
        }
    }
    for key in ["services", "environments"] {
        let mut catalogue = full.clone();
        catalogue.as_object_mut().unwrap().remove(key);
        assert!(World::parse(&catalogue.to_string()).is_err() && !CATALOGUE.is_valid(&catalogue), "{key}");
    }
}

#[test]
fn predictions_are_read_leniently_and_not_blindly() {
    let read = |value: Value| Prediction::parse(&value.to_string());
    let full = read(json!({
        "id": "x", "trial": 2, "outcome": "call", "calls": [status()], "missing": null, "text": "", "latency_ms": 811.6,
        "usage": {"prompt_tokens": 900, "cached_tokens": 768, "completion_tokens": 40}, "error": null,
        "model": "m", "effects": [], "raw": {"any": 1},
    }))
    .unwrap();
    assert_eq!((full.trial, full.latency_ms, full.usage.unwrap().cached), (2, Some(812), 768));
    assert_eq!(full.other["raw"], json!({"any": 1}));
    assert_eq!(full.effects, Some(Vec::new()));
    let written = serde_json::to_value(&full).unwrap();
    assert_eq!(read(written).unwrap(), full);

    assert_eq!(read(json!({"id": "x", "error": "time-out"})).unwrap().error.unwrap(), "time-out");
    assert_eq!(read(json!({"id": "x", "error": {"code": 503}})).unwrap().error.unwrap(), r#"{"code":503}"#);
    assert_eq!(
        read(json!({"id": "x", "outcome": "none", "calls": null, "text": null})).unwrap().outcome,
        Got::None
    );
    for wrong in [
        json!({"id": "x"}),
        json!({"id": "x", "outcome": null}),
        json!({"outcome": "none"}),
        json!({"id": "x", "outcome": "shrug"}),
        json!({"id": "x", "outcome": "call", "calls": [{"args": {}}]}),
        json!({"id": "x", "outcome": "none", "latency_ms": -1}),
        json!({"id": "x", "outcome": "none", "trial": -1}),
    ] {
        assert!(read(wrong.clone()).is_err(), "{wrong}");
    }
    let file = "{\"id\":\"a\",\"outcome\":\"none\"}\n\n{\"id\":\"b\"}\n";
    let read: Vec<_> = Prediction::lines(file).collect();
    assert_eq!(read[1].as_ref().unwrap_err().to_string(), "line 3: it has neither an outcome nor an error");
}
