//! What no person asked for, what nobody wrote into the file, and what then holds.

use std::time::Duration;

use super::*;
use crate::gate::house;

const PEOPLE: &str = r#"
version = 1
[roles]
lead = []
dba = []
[[channel]]
name = "deployments"
platform = "console"
[[person]]
id = "ann"
roles = ["lead", "dba"]
[[person]]
id = "ben"
roles = ["lead", "dba"]
[[person]]
id = "cid"
roles = ["lead", "dba"]
"#;

fn policy(rules: &str) -> Policy {
    load(&format!("{PEOPLE}{rules}"))
}

#[test]
fn what_nobody_asked_for_takes_somebodys_yes() {
    let free = policy("[[rule]]\nid = \"free\"\ntools = [\"deploy\"]\n");
    let by_ann = ask("ann", "deploy", Some("development"));
    assert_eq!(by_ann.decision(&free), Decision::Allow);
    let by_nobody = by_ann.with(|scene| scene.asker = Some(house().clone()));
    let verdict = by_nobody.decide(&free);
    assert_eq!(verdict.decision, Decision::Deny);
    assert!(verdict.findings.iter().any(|finding| finding.rule == "people"), "{verdict:?}");
    let asking = policy("[[rule]]\nid = \"asking\"\ntools = [\"deploy\"]\nneed = [\"1 of lead\"]\n");
    assert!(by_nobody.decide(&asking).findings.iter().all(|finding| finding.rule != "people"));
}

#[test]
fn policy_files_take_the_strictest_requirement_and_of_two_the_one_that_leaves_less_choice() {
    for (first, second) in [("2 of dba", "2 of dba or lead"), ("2 of dba or lead", "2 of dba")] {
        let text = format!(
            "[[rule]]\nid = \"a\"\ntools = [\"deploy\"]\nneed = [\"{first}\"]\n\
             [[rule]]\nid = \"z\"\ntools = [\"scale\"]\nneed = [\"{second}\"]\n"
        );
        let grid = overview(&policy(&text)).to_string();
        let line = grid.lines().find(|line| line.starts_with("policy.accept")).unwrap();
        assert!(line.contains("2 of dba") && !line.contains("or lead"), "{line}");
    }
}

#[test]
fn without_the_tool_there_is_no_rule_about_policy_files() {
    let mut vocabulary = vocabulary();
    let text = format!("{PEOPLE}[[rule]]\nid = \"a\"\ntools = [\"deploy\"]\nneed = [\"2 of dba\"]\n");
    let implied = |vocabulary: &Vocabulary| {
        let policy = Policy::load("policy.toml", &text, vocabulary).unwrap();
        policy.rules.iter().any(|rule| rule.id == "policy-changes")
    };
    assert!(implied(&vocabulary));
    vocabulary.tools.retain(|tool| tool.name != "policy.accept");
    assert!(!implied(&vocabulary));
}

#[test]
fn a_file_that_says_nothing_of_times_gives_half_an_hour_and_five_minutes() {
    let asking = policy("[[rule]]\nid = \"asking\"\ntools = [\"deploy\"]\nneed = [\"1 of lead\"]\n");
    let verdict = ask("ann", "deploy", Some("development")).decide(&asking);
    assert_eq!(verdict.expires_after, Duration::from_secs(1_800));
    assert_eq!(verdict.start_within, Duration::from_secs(300));
}

#[test]
fn a_freeze_that_spares_nothing_names_nothing() {
    let why = |exempt: &str| {
        let frozen = policy(&format!(
            "[[rule]]\nid = \"free\"\ntools = [\"deploy\"]\n[[freeze]]\nid = \"sunday\"\ndays = [\"sun\"]\n\
             from = \"00:00\"\nto = \"00:00\"\nreason = \"rest\"\n{exempt}"
        ));
        let found = explain(&frozen, &ask("ann", "deploy", Some("development")).case());
        found.silent.into_iter().find(|silent| silent.rule == "sunday").unwrap().why
    };
    assert!(!why("").contains("but for"), "{}", why(""));
    assert!(why("exempt = [\"rollback\"]\n").ends_with(", but for rollback"));
}
