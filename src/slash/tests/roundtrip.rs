use std::sync::LazyLock;

use proptest::prelude::*;
use proptest::sample::select;
use proptest::string::string_regex;
use serde_json::{Map, Value};

use super::super::*;
use super::DEMO;
use crate::catalog::{
    AdmitError, AdmitReason, Catalog, DEMO_LANDSCAPE, Param, ParamKind, SHIPPED_TOOLS, Tool,
};
use crate::domain::Origin;

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
    #![proptest_config(ProptestConfig { cases: 1_000, max_global_rejects: 20_000, failure_persistence: None, ..ProptestConfig::default() })]

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
        let catalog = &DEMO;
        let command = format!("/lock {text}");
        let _ = parse(&text, catalog);
        if let Parsed::Proposal(proposal) = parse(&command, catalog) {
            prop_assert!(catalog.admit(&proposal).is_ok());
        }
        complete(&command, cursor, catalog);
    }
}
