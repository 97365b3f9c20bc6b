use std::sync::LazyLock;

use proptest::prelude::*;
use proptest::sample::select;
use proptest::string::string_regex;
use serde_json::{Map, Value, json};

use super::lexer::words;
use super::*;
use crate::catalog::{
    AdmitError, AdmitReason, Catalog, DEMO_LANDSCAPE, Param, ParamKind, SHIPPED_TOOLS, Tool,
};
use crate::domain::Origin;

static DEMO: LazyLock<Catalog> = LazyLock::new(|| Catalog::demo().unwrap());

fn split(text: &str) -> Result<Vec<String>, char> {
    words(text)
        .map(|words| words.into_iter().map(|word| word.text).collect())
        .map_err(|unclosed| unclosed.quote)
}

#[test]
fn words_are_split_as_people_type_them() {
    let table: [(&str, &[&str]); 20] = [
        ("a  b\tc\nd", &["a", "b", "c", "d"]),
        ("a\u{A0}b\u{202F}c\u{3000}d", &["a", "b", "c", "d"]),
        (r#""a b" c"#, &["a b", "c"]),
        ("'a b' c", &["a b", "c"]),
        ("“a b” c", &["a b", "c"]),
        ("„a b“ „a b” c", &["a b", "a b", "c"]),
        ("‘a b’ «a b» »a b« c", &["a b", "a b", "a b", "c"]),
        ("“a b\" c", &["a b", "c"]),
        ("it's db’s 5\"", &["it's", "db’s", "5\""]),
        ("'it's here'", &["it's here"]),
        (r#""say \"hi\" \\ \n""#, &[r#"say "hi" \ \n"#]),
        (r"a\ b \-x a\-b C:\dir", &["a b", "-x", r"a\-b", r"C:\dir"]),
        ("—last 1h", &["--last", "1h"]),
        ("–last=1h", &["--last=1h"]),
        ("2024—2025", &["2024—2025"]),
        (r#"--reason="a b" c"#, &["--reason=a b", "c"]),
        (r#"--reason=“a b” c"#, &["--reason=a b", "c"]),
        (r#"--reason=a="b c""#, &["--reason=a=\"b", "c\""]),
        (r#""" ''"#, &["", ""]),
        ("", &[]),
    ];
    for (text, expected) in table {
        assert_eq!(split(text).as_deref(), Ok(expected.map(str::to_owned).as_slice()), "{text}");
    }
    for (text, quote) in [(r#"a "b c"#, '"'), ("'tis", '\''), (r#"--x="a"b"#, '"'), ("“a", '“')] {
        assert_eq!(split(text), Err(quote), "{text}");
    }
}

trait MapAll {
    fn map(&self, f: impl Fn(&str) -> String) -> Vec<String>;
}

impl MapAll for &[&str] {
    fn map(&self, f: impl Fn(&str) -> String) -> Vec<String> {
        self.iter().map(|word| f(word)).collect()
    }
}

#[test]
fn commands_become_proposals() {
    let catalog = &*DEMO;
    let deploy = json!({"service": "order-service", "version": "v2.4.1", "environment": "production"});
    let table = [
        ("/deploy order-service v2.4.1 production", "deploy", deploy.clone()),
        (
            "  /Deploy orders V2.4.1 prod",
            "deploy",
            json!({"service": "order-service", "version": "V2.4.1", "environment": "production"}),
        ),
        ("／deploy \"Order Service\" v2.4.1 PROD", "deploy", deploy.clone()),
        ("/deploy --environment prod orders v2.4.1", "deploy", deploy.clone()),
        ("/deploy orders v2.4.1 --environment=prod", "deploy", deploy.clone()),
        (
            "/scale gw 3 stg",
            "scale",
            json!({"service": "api-gateway", "replicas": 3, "environment": "staging"}),
        ),
        ("/status orders", "status", json!({"service": "order-service"})),
        (
            "/logs orders —last 15m —filter “time out”",
            "logs",
            json!({"service": "order-service", "last": "15m", "filter": "time out"}),
        ),
        (
            "/logs orders --filter=-v --lines 5",
            "logs",
            json!({"service": "order-service", "filter": "-v", "lines": 5}),
        ),
        ("/logs orders --filter \"--x\"", "logs", json!({"service": "order-service", "filter": "--x"})),
        (
            "/migrate orders-db latest dev",
            "migrate",
            json!({"target": "order-service", "migration": "latest", "environment": "development"}),
        ),
        (
            "/lock prod --reason it's\\ broken",
            "lock",
            json!({"environment": "production", "reason": "it's broken"}),
        ),
        ("/help incident create", "help", json!({"command": "incident create"})),
        ("/whoami", "whoami", json!({})),
    ];
    for (text, tool, args) in table {
        let Parsed::Proposal(proposal) = parse(text, catalog) else {
            panic!("{text}: {:?}", parse(text, catalog))
        };
        assert_eq!(proposal.origin, Origin::Slash);
        let call = catalog.admit(&proposal).unwrap();
        assert_eq!((call.tool(), &Value::Object(call.args().clone())), (tool, &args), "{text}");
    }
}

#[test]
fn what_is_no_command_is_left_to_others() {
    for text in ["", "deploy orders", "/", "//x", "/usr/bin/env is gone", "/ deploy", "see /deploy", "/42"] {
        assert_eq!(parse(text, &DEMO), Parsed::NotSlash, "{text}");
    }
}

#[test]
fn problems_name_the_mistake_and_the_command_that_was_meant() {
    let catalog = &*DEMO;
    let commands = [
        "/deply orders v2.4.1 prod",
        "/frobnicate",
        "/deploy orders v2.4.1",
        "/deploy orders",
        "/deploy order-servise v2.4.1 prodution",
        "/deploy orders v2.4.1 mars",
        "/deploy nope v2.4.1 prod",
        "/deploy orders prod v2.4.1",
        "/deploy orders v2.4.1 prod now please",
        "/scale orders three prod",
        "/scale orders prod 3",
        "/scale orders +3 prod",
        "/scale orders -1 prod",
        "/logs orders --fliter timeout",
        "/logs orders --since 1h",
        "/logs orders --last",
        "/logs orders --last --lines 3",
        "/logs orders --last 1h --last 2h",
        "/logs orders --last yesterday",
        "/lock prod --reason \"no end",
        "/lock prod --reason ord\u{200B}ers",
    ];
    let said: Vec<String> = commands
        .iter()
        .map(|text| match parse(text, catalog) {
            Parsed::Problem(problem) => {
                let suggestion =
                    problem.suggestion.map(|command| format!("\n  -> {command}")).unwrap_or_default();
                format!("{}\n  {}{suggestion}", text.escape_debug(), problem.sentence)
            }
            other => panic!("{text}: {other:?}"),
        })
        .collect();
    insta::assert_snapshot!(said.join("\n"));
}

#[test]
fn a_problem_shows_how_the_command_is_written() {
    let Parsed::Problem(problem) = parse("/logs", &DEMO) else { panic!() };
    insta::assert_snapshot!(problem.usage, @r"
    /logs <service> [environment] [--filter <filter>] [--last <last>] [--lines <lines>]
    Example: /logs order-service production --last 15m --filter timeout
    ");
}

#[test]
fn too_long_a_command_is_a_problem() {
    let text = format!("/lock prod --reason {}", "x".repeat(MAX_COMMAND));
    let Parsed::Problem(problem) = parse(&text, &DEMO) else { panic!() };
    assert_eq!(problem.sentence, "a command has at most 4000 characters");
}

#[test]
fn the_examples_of_the_shipped_tools_work() {
    assert_eq!(check_examples(&DEMO), []);
}

#[test]
fn an_example_that_does_not_work_is_found() {
    let (file, text) = SHIPPED_TOOLS.iter().find(|(file, _)| *file == "whoami.yaml").unwrap();
    let tool = ((*file).to_owned(), text.replace("/whoami", "/whoami me"));
    let catalog = Catalog::load(("catalog.toml", DEMO_LANDSCAPE), &[tool]).unwrap();
    let problems: Vec<String> = check_examples(&catalog).iter().map(ToString::to_string).collect();
    assert_eq!(
        problems,
        ["whoami.yaml: the example `/whoami me` does not work: `/whoami` does not take `me`"]
    );
}

#[test]
fn completions_follow_the_position() {
    let catalog = &*DEMO;
    let table: [(&str, &[&str]); 12] = [
        (
            "/",
            &[
                "/deploy",
                "/help",
                "/lock",
                "/logs",
                "/migrate",
                "/pending",
                "/rollback",
                "/scale",
                "/status",
                "/unlock",
                "/whoami",
            ],
        ),
        ("/lo", &["/lock", "/logs"]),
        ("/deploy ord", &["order-service"]),
        ("/deploy gw", &["api-gateway"]),
        ("/deploy orders ", &[""]),
        ("/deploy orders v1 p", &["production"]),
        ("/deploy orders v1 prod ", &[]),
        ("/logs orders prod ", &["--filter", "--last", "--lines"]),
        ("/logs orders --l", &["--last", "--lines"]),
        ("/logs orders --last 1h --l", &["--lines"]),
        ("/lock prod --service inv", &["inventory-service"]),
        ("hello", &[]),
    ];
    for (text, expected) in table {
        let inserts: Vec<String> =
            complete(text, text.len(), catalog).into_iter().map(|item| item.insert).collect();
        assert_eq!(inserts, expected, "{text}");
    }
    assert_eq!(complete("/lo orders", 3, catalog).len(), 2);
}

/// Text that has every character which means something to the lexer.
fn nasty() -> impl Strategy<Value = String> {
    let piece = select(vec![
        "\"",
        "'",
        "“",
        "”",
        "‘",
        "’",
        "„",
        "«",
        "»",
        "\\",
        " ",
        "  ",
        "\u{A0}",
        "-",
        "--",
        "—",
        "–",
        "=",
        "--x=\"",
        "\\\"",
        "a",
        "Zoë",
        "注文",
        "👩\u{200D}💻",
        "{{ args }}",
        "`",
        "$(x)",
        ";",
        "/",
        "\\ ",
        "é",
        "1",
        "|",
    ]);
    let pieces = proptest::collection::vec(piece, 0..12).prop_map(|pieces| pieces.concat());
    prop_oneof![pieces, any::<String>()]
}

fn value(param: &Param, schema: &Value) -> BoxedStrategy<Value> {
    let number = |key: &str, default: i64| schema.get(key).and_then(Value::as_i64).unwrap_or(default);
    match (param.kind, &param.names, schema.get("pattern").and_then(Value::as_str)) {
        (ParamKind::Flag, _, _) => any::<bool>().prop_map(Value::Bool).boxed(),
        (ParamKind::Integer, _, _) => (number("minimum", -(1 << 53) + 1)..=number("maximum", (1 << 53) - 1))
            .prop_map(Value::from)
            .boxed(),
        (ParamKind::Text, Some(names), _) => {
            select(names.canonical().to_vec()).prop_map(Value::String).boxed()
        }
        (ParamKind::Text, None, Some(pattern)) => {
            let bare = pattern.trim_start_matches('^').trim_end_matches('$');
            string_regex(bare).unwrap().prop_map(Value::String).boxed()
        }
        (ParamKind::Text, None, None) => nasty().prop_map(Value::String).boxed(),
    }
}

fn arguments(tool: &Tool) -> BoxedStrategy<Map<String, Value>> {
    let mut all = Just(Map::new()).boxed();
    for param in tool.params() {
        let schema = &tool.manifest().parameters["properties"][&param.name];
        let one = match param.required {
            true => value(param, schema).prop_map(Some).boxed(),
            false => proptest::option::of(value(param, schema)).boxed(),
        };
        let name = param.name.clone();
        all = (all, one)
            .prop_map(move |(mut args, value)| {
                args.extend(value.map(|value| (name.clone(), value)));
                args
            })
            .boxed();
    }
    all
}

/// A tool that has what the shipped ones lack: defaults, booleans, free text in every position, a name of two words.
const ODD: &str = r#"
name: odd.thing
title: Odd
description: Odd
parameters:
  type: object
  additionalProperties: false
  required: [first]
  properties:
    first: {type: string}
    second: {type: integer, default: 7}
    third: {type: string, default: --x}
    fourth: {type: boolean}
    force: {type: boolean, default: true}
    careful: {type: boolean}
    note: {type: string, enum: ["a b", c, "-d"]}
slash:
  positional: [first, second, third, fourth]
  flags: {force: force, careful: careful, n: note}
  example: /odd thing x
effects: {class: read}
run: {builtin: help}
output: {}
"#;

static WITH_ODD: LazyLock<Catalog> = LazyLock::new(|| {
    let shipped = SHIPPED_TOOLS.iter().copied().chain([("odd.yaml", ODD)]);
    let tools: Vec<_> = shipped.map(|(file, text)| (file.to_owned(), text.to_owned())).collect();
    Catalog::load(("catalog.toml", DEMO_LANDSCAPE), &tools).unwrap()
});

fn proposals() -> impl Strategy<Value = Proposal> {
    let tools: Vec<&Tool> = WITH_ODD.tools().collect();
    select(tools).prop_flat_map(|tool| {
        arguments(tool).prop_map(|args| Proposal {
            tool: tool.name().to_owned(),
            args: Value::Object(args),
            origin: Origin::System,
        })
    })
}

/// What is refused for its characters or its length, and rightly so.
fn is_refused(error: &AdmitError) -> bool {
    matches!(error.reason, AdmitReason::HiddenCharacter | AdmitReason::NotAllowed)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 1_000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_rendered_call_reads_as_the_same_call(proposal in proposals()) {
        let call = match WITH_ODD.admit(&proposal) {
            Ok(call) => call,
            Err(error) => return Err(match is_refused(&error) {
                true => TestCaseError::reject("not admissible"),
                false => TestCaseError::fail(error.to_string()),
            }),
        };
        let text = WITH_ODD.render(&call);
        match parse(&text, &WITH_ODD) {
            Parsed::Proposal(proposal) => prop_assert_eq!(WITH_ODD.admit(&proposal).unwrap(), call, "{}", text),
            other => prop_assert!(false, "{}: {:?}", text, other),
        }
    }

    #[test]
    fn no_text_breaks_the_reader(text in nasty(), cursor in 0usize..40) {
        let catalog = &*DEMO;
        let command = format!("/lock {text}");
        let _ = parse(&text, catalog);
        if let Parsed::Proposal(proposal) = parse(&command, catalog) {
            prop_assert!(catalog.admit(&proposal).is_ok());
        }
        complete(&command, cursor, catalog);
    }
}
