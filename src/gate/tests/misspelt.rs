//! One of everything in a policy file, misspelt: refused with its line, and a suggestion where there is one.

use std::fmt::Write as _;

use super::*;

/// A file with one of everything that the shipped one leaves out.
const REST: &str = r##"
[[group]]
platform = "slack"
workspace = "T01"
id = "S01"
roles = ["team-lead"]

[[on_call]]
team = "payments"
roles = ["dba"]

[[rule]]
id = "more"
tools = ["migrate"]
effect = "write"
tags = ["payments"]
need = ["1 of dba"]
denied_by = ["viewer"]
verify = "type"
start_within_minutes = 4
remind_minutes = 10
escalate = { after_minutes = 15, to = "team-lead" }

[[limit]]
id = "busy"
tools = ["deploy"]
env = ["production"]
per = "person"
count = 5
minutes = 10

[order]
environments = ["staging", "production"]
tools = ["deploy"]
version = "release"
live = "service.version"

[break_glass]
roles = ["team-lead"]
bypass = ["approvals", "freezes"]
expires_minutes = 60
tools = ["deploy"]
env = ["production"]
tell = ["team-lead", "#incidents"]
"##;

/// What is said of that file when each of these texts in it is replaced. Lines count from the end of the shipped file.
fn said(replaced: &[(&str, &str)]) -> String {
    let shipped = DEMO_POLICY.lines().count();
    let mut said = String::new();
    for (from, to) in replaced {
        assert_eq!(REST.matches(from).count(), 1, "{from}");
        let text = format!("{DEMO_POLICY}{}", REST.replacen(from, to, 1));
        let problems = Policy::load("policy.toml", &text, &vocabulary()).expect_err(to);
        writeln!(said, "{from} -> {to}").unwrap();
        for problem in problems {
            writeln!(said, "    +{} {}", problem.line.unwrap() - shipped, problem.sentence).unwrap();
        }
    }
    said
}

#[test]
fn one_of_everything_is_right() {
    demo_and(REST);
}

#[test]
fn misspelt_names() {
    insta::assert_snapshot!(said(&[
        ("platform = \"slack\"", "platform = \"slak\""),
        ("id = \"S01\"\nroles = [\"team-lead\"]", "id = \"S01\"\nroles = [\"teamlead\"]"),
        ("team = \"payments\"", "team = \"payment\""),
        ("roles = [\"dba\"]", "roles = [\"dbe\"]"),
        ("tools = [\"migrate\"]", "tools = [\"migrat\"]"),
        ("effect = \"write\"", "effect = \"writes\""),
        ("tags = [\"payments\"]", "tags = [\"payment\"]"),
        ("need = [\"1 of dba\"]", "need = [\"1 of dab\"]"),
        ("denied_by = [\"viewer\"]", "denied_by = [\"viewers\"]"),
        ("verify = \"type\"", "verify = \"typed\""),
        ("to = \"team-lead\"", "to = \"team-led\""),
        ("to = \"team-lead\"", "to = \"#incident\""),
        ("id = \"busy\"\ntools = [\"deploy\"]", "id = \"busy\"\ntools = [\"deplyo\"]"),
        ("env = [\"production\"]\nper", "env = [\"productoin\"]\nper"),
        ("per = \"person\"", "per = \"persons\""),
        ("[\"staging\", \"production\"]", "[\"stagin\", \"production\"]"),
        (
            "[\"staging\", \"production\"]\ntools = [\"deploy\"]",
            "[\"staging\", \"production\"]\ntools = [\"deploi\"]"
        ),
        ("version = \"release\"", "version = \"relase\""),
        ("live = \"service.version\"", "live = \"service.versoin\""),
        ("[break_glass]\nroles = [\"team-lead\"]", "[break_glass]\nroles = [\"team-leed\"]"),
        ("bypass = [\"approvals\"", "bypass = [\"approval\""),
        ("tell = [\"team-lead\"", "tell = [\"taem-lead\""),
        ("\"#incidents\"]", "\"#incidnets\"]")
    ]));
}

#[test]
fn misspelt_keys() {
    insta::assert_snapshot!(said(&[
        ("workspace =", "workspase ="),
        ("[[group]]", "[[grup]]"),
        ("[[on_call]]", "[[oncall]]"),
        ("team = \"payments\"", "teem = \"payments\""),
        ("effect =", "efect ="),
        ("tags =", "tag ="),
        ("denied_by =", "denied ="),
        ("verify =", "verfy ="),
        ("start_within_minutes", "start_minutes"),
        ("remind_minutes", "remind_minute"),
        ("escalate =", "escalat ="),
        ("after_minutes =", "after ="),
        ("to = \"team", "too = \"team"),
        ("[[limit]]", "[[limits]]"),
        ("per =", "pre ="),
        ("count =", "cuont ="),
        ("\nminutes = 10", "\nminuts = 10"),
        ("[order]", "[ordre]"),
        ("version = \"release\"", "verison = \"release\""),
        ("live =", "lives ="),
        ("[break_glass]", "[breakglass]"),
        ("bypass =", "bypas ="),
        ("expires_minutes = 60", "expire_minutes = 60"),
        ("tell =", "tells =")
    ]));
}

#[test]
fn senseless_values() {
    insta::assert_snapshot!(said(&[
        ("after_minutes = 15", "after_minutes = 30"),
        ("remind_minutes = 10", "remind_minutes = 30"),
        ("start_within_minutes = 4", "start_within_minutes = 0"),
        ("need = [\"1 of dba\"]\n", ""),
        ("count = 5", "count = 0"),
        ("count = 5", "count = 2000000"),
        ("\nminutes = 10", "\nminutes = 99999"),
        ("[\"staging\", \"production\"]", "[\"staging\"]"),
        ("[\"staging\", \"production\"]", "[\"staging\", \"production\", \"staging\"]"),
        ("version = \"release\"\n", ""),
        ("expires_minutes = 60\n", ""),
        ("bypass = [\"approvals\", \"freezes\"]", "bypass = []"),
        ("tools = [\"migrate\"]", "tools = [\"*\", \"migrate\"]"),
        ("id = \"more\"", "id = \"votes\""),
        ("id = \"busy\"", "id = \"more\""),
        ("escalate = { after_minutes = 15, to = \"team-lead\" }", "escalate = 15"),
        ("[[limit]]", "[[on_call]]\nteam = \"payments\"\nroles = [\"viewer\"]\n\n[[limit]]"),
        (
            "[[limit]]",
            "[[group]]\nplatform = \"slack\"\nworkspace = \"T01\"\nid = \"S01\"\nroles = [\"dba\"]\n\n[[limit]]"
        ),
        ("id = \"S01\"\nroles = [\"team-lead\"]", "id = \"S01\"")
    ]));
}

/// Roles that groups and duty lend count when it is asked whether anybody could meet a requirement; those of a group
/// that nobody of the file can be in do not.
#[test]
fn what_could_be_lent_counts() {
    let text = DEMO_POLICY.replace("dba = [", "sre = []\ndba = [");
    let with = |more: &str| {
        let rule = "[[rule]]\nid = \"s\"\ntools = [\"unlock\"]\nneed = [\"1 of sre\"]\n";
        Policy::load("policy.toml", &format!("{text}\n{rule}{more}"), &vocabulary())
    };
    let problem = with("").unwrap_err()[0].to_string();
    insta::assert_snapshot!(problem, @"policy.toml:266: nobody could ever meet `1 of sre`: too few people have these roles");
    assert!(with("[[on_call]]\nteam = \"orders\"\nroles = [\"sre\"]\n").is_ok());
    let group = |platform: &str, workspace: &str| {
        format!("[[group]]\nplatform = \"{platform}\"\n{workspace}id = \"G\"\nroles = [\"sre\"]\n")
    };
    assert!(with(&group("console", "")).is_ok());
    assert!(with(&group("mattermost", "")).is_err());
    assert!(with(&group("console", "workspace = \"T01\"\n")).is_err());
    let slack = "[[person]]\nid = \"erin\"\nidentities = [\"slack:T01/U05\"]\n";
    assert!(with(&format!("{slack}{}", group("slack", "workspace = \"T01\"\n"))).is_ok());
    assert!(with(&format!("{slack}{}", group("slack", "workspace = \"T02\"\n"))).is_err());
    let glass =
        "[break_glass]\nroles = [\"sre\"]\nbypass = [\"order\"]\nexpires_minutes = 5\ntell = [\"dba\"]\n";
    let problems = with(glass).unwrap_err();
    insta::assert_snapshot!(problems[1].to_string(), @"policy.toml:270: nobody could ever break the glass: nobody has one of these roles");
}
