use serde_json::{Value, json};

use super::super::{Scope, template};
use super::{DEMO, call};

fn scope(filter: &str) -> Scope {
    DEMO.scope(&call("logs", json!({"service": "orders", "environment": "prod"}))).body(json!({
        "text": filter, "none": null, "empty": "", "list": ["v1.0.0", "v1.1.0", "V2.0.0"], "number": 3,
        "migrations": ["0001_a", "0002_b", "0012_c", "12_d"],
    }))
}

#[test]
fn no_value_leaves_its_segment_of_a_path() {
    let path = |value: &str| template::path("/v1/{{ body.text }}/logs", &scope(value));
    for (value, expected) in [
        ("order-service", "/v1/order-service/logs"),
        ("a/b", "/v1/a%2Fb/logs"),
        ("../../admin", "/v1/..%2F..%2Fadmin/logs"),
        ("a?b=c#d&e%2F", "/v1/a%3Fb%3Dc%23d%26e%252F/logs"),
        ("a\\b\r\nHost: x", "/v1/a%5Cb%0D%0AHost%3A%20x/logs"),
        ("ü", "/v1/%C3%BC/logs"),
        ("{{ args.service }}", "/v1/%7B%7B%20args.service%20%7D%7D/logs"),
    ] {
        assert_eq!(path(value).as_deref(), Ok(expected));
    }
    for value in ["", ".", ".."] {
        assert!(path(value).is_err(), "{value:?}");
    }
    for source in ["/{{ body.none }}", "/{{ body.list }}", "/{{ body.gone }}", "/{{ body.text | safe }}"] {
        assert!(template::path(source, &scope("x")).is_err(), "{source}");
    }
}

#[test]
fn segments_keep_their_slashes_and_nothing_else() {
    let path = |value: &str| template::path("/repos/{{ body.text | segments }}/x", &scope(value));
    assert_eq!(path("acme/order service").as_deref(), Ok("/repos/acme/order%20service/x"));
    for value in ["acme/../admin", "acme//x", "/x", "", "."] {
        assert!(path(value).is_err(), "{value:?}");
    }
}

#[test]
fn query_languages_get_quoted_literals() {
    let text = |value: &str| template::text("{service={{ body.text | promql }}}", &scope(value)).unwrap();
    assert_eq!(text("x\"} or up{a=\"\\"), r#"{service="x\"} or up{a=\"\\"}"#);
    assert_eq!(text("a\nb\u{1}"), r#"{service="a\nb\u0001"}"#);
}

#[test]
fn a_lone_expression_keeps_its_type() {
    let value = |json: Value| template::value(&json, &scope("x")).unwrap();
    assert_eq!(
        value(
            json!({"n": "{{ body.number }}", "t": "{{ body.number }} of them", "z": "{{ body.none }}", "k": [1, "{{ body.list }}"]})
        ),
        json!({"n": 3, "t": "3 of them", "z": null, "k": [1, ["v1.0.0", "v1.1.0", "V2.0.0"]]})
    );
}

#[test]
fn what_is_not_there_is_an_error_and_null_is_nothing() {
    let scope = scope("x");
    assert_eq!(template::text("a{{ args.last }}b{{ body.none }}", &scope).as_deref(), Ok("ab"));
    for source in ["body.gone", "body.gone.x", "facts.x", "nothing", "request.id"] {
        assert!(template::text(&format!("{{{{ {source} }}}}"), &scope).is_err(), "{source}");
        assert!(template::eval(source, &scope).is_err(), "{source}");
        assert!(template::condition(&format!("{source} == 1"), &scope).is_err(), "{source}");
    }
    let error = template::text("{{ facts.x }}", &scope).unwrap_err().to_string();
    insta::assert_snapshot!(error, @r"in `{{ facts.x }}`: undefined value: `facts.x` is undefined");
}

#[test]
fn filters_find_what_is_meant() {
    let eval = |source: &str| template::eval(source, &scope("x")).unwrap();
    for (source, expected) in [
        ("'v1.1.0' | release(body.list)", json!("v1.1.0")),
        ("'1.1.0' | release(body.list)", json!("v1.1.0")),
        ("'v2.0.0' | release(body.list)", json!("V2.0.0")),
        ("'Latest' | release(body.list)", json!("V2.0.0")),
        ("'latest' | release([])", json!(null)),
        ("'1.1' | release(body.list)", json!(null)),
        ("'v1.1.9' | nearest(body.list)", json!("v1.1.0")),
        ("'banana' | nearest(body.list)", json!(null)),
        ("'0002_b' | migration(body.migrations)", json!("0002_b")),
        ("'2' | migration(body.migrations)", json!("0002_b")),
        ("'12' | migration(body.migrations)", json!(null)),
        ("'b' | migration(body.migrations)", json!(null)),
        ("body.migrations | up_to('0002_b')", json!(["0001_a", "0002_b"])),
        ("body.migrations | up_to(none)", json!([])),
        ("'1h30m' | seconds", json!(5400)),
        ("'soon' | seconds", json!(null)),
        ("1 | plural('replica') ~ 3 | plural('replica')", json!("1 replica3 replicas")),
        ("[{'a': '{{ b }}'}] | each('<{{ a }}>')", json!(["<{{ b }}>"])),
        ("[{'a': 1, 'b': 2}] | rows('n{{ a }}', '{{ b }}')", json!([["n1", "2"]])),
    ] {
        assert_eq!(eval(source), expected, "{source}");
    }
}

#[test]
fn the_dashboard_is_of_the_calls_environment() {
    let link = |tool: &str, args: Value| {
        template::text("{{ service.dashboard }}", &DEMO.scope(&call(tool, args))).unwrap()
    };
    assert_eq!(
        link("status", json!({"service": "gw", "environment": "stg"})),
        "https://grafana.example.com/d/staging/api-gateway"
    );
    assert_eq!(link("status", json!({"service": "gw"})), "");
    assert_eq!(
        link("migrate", json!({"target": "orders-db", "migration": "1", "environment": "dev"})),
        "https://grafana.example.com/d/development/order-service"
    );
}
