use super::super::*;
use super::problems;

const GOOD: &str = "\
name: restart
title: Restart
description: Restarts a service
examples:
  - {say: restart orders, args: {service: orders}}
parameters:
  type: object
  additionalProperties: false
  required: [service]
  properties:
    service: {type: string, x-catalog: services}
    count: {type: integer, minimum: 1, default: 1}
slash:
  positional: [service]
  flags: {count: count}
  example: /restart order-service
effects: {class: write}
connection: cluster
facts:
  now: {get: '/v1/{{ args.service }}'}
hold: [now.version]
run:
  http: {method: POST, path: '/v1/{{ args.service }}', expect: [200]}
repeat: once
output: {change: '{{ args.service }}'}
";

#[test]
fn a_good_file_loads() {
    assert_eq!(problems(GOOD), [] as [&str; 0]);
}

#[test]
fn every_kind_of_mistake_in_a_tool_file_is_told_with_its_line() {
    let mistakes = [
        ("title: Restart", "titel: Restart"),
        ("title: Restart", "title: Restart\ntitle: Again"),
        ("hold: [now.version]", "hold: [then.version]"),
        ("name: restart", "name: Restart Now"),
        ("type: object", "type: array"),
        ("  additionalProperties: false\n", ""),
        ("required: [service]", "required: [servce]"),
        ("type: integer, minimum", "type: number, minimum"),
        ("minimum: 1", "minimum: 1.5"),
        ("minimum: 1", "minimun: 1"),
        ("count: {type: integer", "größe: {type: integer"),
        ("x-catalog: services", "x-catalog: servers"),
        ("x-catalog: services", "pattern: '('"),
        ("default: 1", "default: 0"),
        ("positional: [service]", "positional: [service, service]"),
        ("positional: [service]", "positional: [count, service]"),
        ("positional: [service]", "positional: [service, size]"),
        ("flags: {count: count}", "flags: {count: number}"),
        ("  flags: {count: count}\n", ""),
        ("example: /restart", "example: restart"),
        ("class: write", "class: mutate"),
        ("{class: write}", "{class: write, rules: [{when: facts.now.version ==, tags: [x]}]}"),
        ("{class: write}", "{class: write, rules: [{when: facts.nwo.version == 1, tags: [x]}]}"),
        ("{class: write}", "{class: write, rules: [{when: args.servce == 'x', refuse: no}]}"),
        ("{class: write}", "{class: write, rules: [{when: now == 'x', refuse: no}]}"),
        ("change: '{{ args.service }}'", "change: '{{ args.service | shout }}'"),
        ("change: '{{ args.service }}'", "change: '{{ args.service'"),
        ("connection: cluster\n", ""),
        ("repeat: once\n", ""),
        ("method: POST", "method: SEND"),
        ("expect: [200]", "expect: []"),
        ("effects: {class: write}", "effects: {class: read}"),
        ("now: {get: '/v1/{{ args.service }}'}", "now: {missing: gone}"),
        ("args: {service: orders}", "args: {service: nothing-like-it}"),
        ("args: {service: orders}", "args: {count: 2}"),
        ("args: {service: orders}", "args: {service: orders}, ask: [size]"),
        ("repeat: once", "repeat: once\nundo: {tool: start, args: {}}"),
        ("repeat: once", "repeat: once\nundo: {tool: restart, args: {size: 1}}"),
        ("repeat: once", "repeat: once\nredact: ['(']"),
        ("repeat: once", "repeat: once\ntimeout: {call: soon}"),
    ];
    let mut said = Vec::new();
    for (from, to) in mistakes {
        assert!(GOOD.contains(from), "{from}");
        let found = problems(&GOOD.replacen(from, to, 1));
        assert!(!found.is_empty(), "{to} is accepted");
        said.push(format!("{}\n    {}", to.escape_debug(), found.join("\n    ")));
    }
    insta::assert_snapshot!(said.join("\n"));
}

#[test]
fn a_builtin_tool_has_no_connection() {
    let http = "run:\n  http: {method: POST, path: '/v1/{{ args.service }}', expect: [200]}";
    let text = GOOD.replace(http, "run: {builtin: lock}");
    assert_eq!(problems(&text), ["x.yaml:18: a builtin tool has no `connection`"]);
}

#[test]
fn two_tools_do_not_share_a_name_or_a_first_word() {
    let grouped = GOOD.replacen("name: restart", "name: restart.now", 1);
    let tools = [("a.yaml", GOOD), ("b.yaml", GOOD), ("c.yaml", &grouped)];
    let tools = tools.map(|(file, text)| (file.to_owned(), text.to_owned()));
    let problems = Catalog::load(("catalog.toml", DEMO_LANDSCAPE), &tools).unwrap_err();
    insta::assert_snapshot!(problems.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n"), @r"
    b.yaml:1: there is a tool `restart` already
    c.yaml:1: `restart.now` can not be typed beside a tool called `restart`
    ");
}

#[test]
fn every_kind_of_mistake_in_the_landscape_is_told_with_its_line() {
    let good = "[environments.production]\naliases = [\"prod\"]\n[services.shop]\naliases = [\"store\"]\nteam = \"web\"\n\
                min_replicas = { production = 1 }\ndashboard = \"https://x\"\n[services.api]\n[teams.web]\n";
    let load = |text: &str| Catalog::load(("catalog.toml", text), &[]);
    assert!(load(good).is_ok());
    let mistakes = [
        ("team = \"web\"", "tema = \"web\""),
        ("team = \"web\"", "team = \"shop\""),
        ("aliases = [\"store\"]", "aliases = [\"API\"]"),
        ("[services.api]", "[services.\"My Api\"]"),
        ("{ production = 1 }", "{ prod = 1 }"),
        ("{ production = 1 }", "{ production = -1 }"),
        ("https://x", "javascript:alert(1)"),
        ("[services.api]", "[services.api"),
        ("[services.api]", "[services.api]\ndatabases = [\"db\"]\n[services.b]\ndatabases = [\"db\"]"),
    ];
    let mut said = Vec::new();
    for (from, to) in mistakes {
        let found = load(&good.replacen(from, to, 1)).unwrap_err();
        let found: Vec<String> = found.iter().map(ToString::to_string).collect();
        said.push(format!("{}\n    {}", to.escape_debug(), found.join("\n    ")));
    }
    insta::assert_snapshot!(said.join("\n"));
}

#[test]
fn the_digest_is_of_what_is_said_and_not_of_how() {
    let load = |text: &str| {
        Catalog::load(("catalog.toml", DEMO_LANDSCAPE), &[("x.yaml".to_owned(), text.to_owned())])
            .unwrap()
            .digest()
    };
    assert_eq!(load(GOOD), load(&format!("# a remark\n{GOOD}")));
    assert_ne!(load(GOOD), load(&GOOD.replace("repeat: once", "repeat: keyed")));
}
