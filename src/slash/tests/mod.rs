mod roundtrip;

use std::sync::LazyLock;

use serde_json::{Value, json};

use super::lexer::words;
use super::*;
use crate::catalog::{Catalog, DEMO_LANDSCAPE, SHIPPED_TOOLS};
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
        assert_eq!(split(text).unwrap(), expected, "{text}");
    }
    for (text, quote) in [(r#"a "b c"#, '"'), ("'tis", '\''), (r#"--x="a"b"#, '"'), ("“a", '“')] {
        assert_eq!(split(text), Err(quote), "{text}");
    }
}

#[test]
fn what_is_said_beside_a_command_is_parted_from_it() {
    let aside = |text: &str| aside(text, &DEMO).unwrap();
    let table = [
        ("/lock staging --incident INC-42", "/lock staging", Some("INC-42"), None, Urgency::Usual),
        (
            "/status orders --incident=\"the big one\"",
            "/status orders",
            Some("the big one"),
            None,
            Urgency::Usual,
        ),
        ("/status orders reason \"why not\"", "/status orders", None, Some("why not"), Urgency::Usual),
        ("/status orders incident \"x\"", "/status orders incident \"x\"", None, None, Urgency::Usual),
        ("/break-glass /status orders incident \"x\"", "/status orders", Some("x"), None, Urgency::Emergency),
        // It is what to look for, not what the question is part of.
        ("/audit --incident INC-42", "/audit --incident INC-42", None, None, Urgency::Usual),
        ("what is --incident INC-42?", "what is --incident INC-42?", None, None, Urgency::Usual),
    ];
    for (text, command, incident, reason, urgency) in table {
        let expected = Aside {
            command: command.to_owned(),
            reason: reason.map(str::to_owned),
            incident: incident.map(str::to_owned),
            urgency,
        };
        assert_eq!(aside(text), expected, "{text}");
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
                "/audit",
                "/deploy",
                "/help",
                "/lock",
                "/logs",
                "/migrate",
                "/pending",
                "/policy accept",
                "/review",
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
