//! What a policy file is refused for, and at which line.

use super::*;

/// The problems of the shipped file after one text in it was replaced.
fn problems(from: &str, to: &str) -> String {
    assert!(DEMO_POLICY.contains(from), "{from}");
    said(&DEMO_POLICY.replacen(from, to, 1))
}

fn problems_with(more: &str) -> String {
    said(&format!("{DEMO_POLICY}\n{more}"))
}

fn said(text: &str) -> String {
    let problems = Policy::load("policy.toml", text, &vocabulary()).expect_err("the file is wrong");
    problems.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n")
}

#[test]
fn misspelt_names_are_refused_with_their_line() {
    insta::assert_snapshot!(problems("confirm = true", "confrim = true"), @"policy.toml:91: [[rule]] has no key `confrim`; did you mean `confirm`?");
    insta::assert_snapshot!(problems("[defaults]", "[default]"), @"policy.toml:7: the file has no key `default`; did you mean `defaults`?");
}

#[test]
fn names_that_do_not_exist_are_refused() {
    insta::assert_snapshot!(problems("tools = [\"rollback\"]", "tools = [\"rolback\"]"), @"policy.toml:88: there is no tool `rolback`; did you mean `rollback`?");
    insta::assert_snapshot!(problems("env = [\"production\"]", "env = [\"prod\"]"), @"policy.toml:80: there is no environment `prod`; did you mean `production`?");
    insta::assert_snapshot!(problems("ask = \"engineer\"", "ask = \"enginer\""), @"policy.toml:75: there is no role `enginer`; did you mean `engineer`?");
    insta::assert_snapshot!(problems("channels = [\"#deployments\"", "channels = [\"#deployment\""), @"policy.toml:82: there is no channel `deployment`; did you mean `deployments`?");
    insta::assert_snapshot!(problems("when = \"scale_up\"", "when = \"scale-up\""), @"policy.toml:105: there is no `when` `scale-up`; did you mean `scale_up`?");
    insta::assert_snapshot!(problems("as = \"alice\"", "as = \"alize\""), @"policy.toml:218: there is no person or role `alize`; did you mean `alice`?");
    insta::assert_snapshot!(problems("[\"1 of team-lead\"]", "[\"1 of teamlead\"]"), @"policy.toml:83: there is no role `teamlead`; did you mean `team-lead`?");
    insta::assert_snapshot!(problems("verify = \"console\"", "verify = \"phone\""), @"policy.toml:132: there is no verify `phone`; there is chat, type and console");
    insta::assert_snapshot!(problems("platform = \"console\"", "platform = \"irc\""), @"
    policy.toml:44: there is no platform `irc`; there is console, slack, discord, teams and mattermost
    policy.toml:82: there is no channel `deployments`; there is incidents and general
    ");
    insta::assert_snapshot!(problems("time_zone = \"UTC\"", "time_zone = \"Mars\""), @"policy.toml:10: there is no time zone `Mars`; write it like `Europe/Vienna` or `UTC`");
}

#[test]
fn values_that_make_no_sense_are_refused() {
    insta::assert_snapshot!(problems("version = 1", "version = 2"), @"policy.toml: a policy begins with `version = 1`");
    insta::assert_snapshot!(problems("expires_minutes = 30", "expires_minutes = 0"), @"policy.toml:8: `expires_minutes` in [defaults] must be a whole number of minutes from 1 to 10080 (a week)");
    insta::assert_snapshot!(problems("tools = [\"deploy\"]", "tools = []"), @"policy.toml:73: `tools` in [[rule]] is empty, so it would never match");
    insta::assert_snapshot!(problems("tools = [\"deploy\"]\n", ""), @"policy.toml:71: [[rule]] needs `tools`");
    insta::assert_snapshot!(problems("confirm = true", "confirm = \"yes\""), @"policy.toml:91: `confirm` in [[rule]] must be true or false");
    insta::assert_snapshot!(problems("[\"1 of team-lead\"]", "[\"a team-lead\"]"), @"policy.toml:83: `a team-lead` is not a requirement; write it like `1 of team-lead` or `2 of dba or team-lead`");
    insta::assert_snapshot!(problems("[\"1 of team-lead\"]", "[\"99 of team-lead\"]"), @"policy.toml:83: `99 of team-lead` asks for more than 12 people");
    insta::assert_snapshot!(problems("console:alice", "alice"), @"policy.toml:24: `alice` is no account; write `console:alice` or `slack:T01/U02`");
    insta::assert_snapshot!(problems("viewer = []", "viewer = "), @"policy.toml:14: this is not TOML: string values must be quoted, expected literal string");
    insta::assert_snapshot!(
        problems_with("[[freeze]]\nid = \"f\"\nreason = \"r\"\nfrom = \"2026-02-30\"\nto = \"soon\"\n"), @"
    policy.toml:268: `2026-02-30` is no moment; write it like `2026-12-24T18:00:00+01:00`
    policy.toml:269: `soon` is no moment; write it like `2026-12-24T18:00:00+01:00`
    "
    );
    insta::assert_snapshot!(
        problems_with("[[freeze]]\nid = \"f\"\nreason = \"r\"\ndays = [\"sunday\"]\nfrom = \"25:00\"\nto = \"06:00\"\n"),
        @"policy.toml:268: there is no day `sunday`"
    );
    insta::assert_snapshot!(problems_with("[[rule]]\nid = \"w\"\ntools = [\"deploy\"]\nwhen = \"scale_up\"\n"), @"policy.toml:265: `deploy` has no direction, so this rule would never match it");
    insta::assert_snapshot!(problems_with("[[rule]]\nid = \"w\"\ntools = [\"help\"]\nenv = [\"staging\"]\n"), @"policy.toml:265: `help` acts on no environment, so this rule would never match it");
}

#[test]
fn an_account_is_a_platform_and_a_user_there() {
    for account in ["alice", "irc:alice", "console:", "console:al ice", "slack:T1/U 2"] {
        let told = problems("console:alice", account);
        let sentence = format!("`{account}` is no account; write `console:alice` or `slack:T01/U02`");
        assert!(told.contains(&sentence), "{account}: {told}");
    }
}

#[test]
fn what_is_near_in_a_long_name_is_guessed() {
    let told = problems("ask = \"engineer\"", "ask = \"taem-laed\"");
    assert!(told.contains("there is no role `taem-laed`; did you mean `team-lead`?"), "{told}");
}

#[test]
fn a_rule_that_can_never_match_says_what_its_tool_lacks() {
    let rule = |more: &str| problems_with(&format!("[[rule]]\nid = \"idle\"\n{more}"));
    let told = rule("tools = [\"deploy\"]\nenv = [\"production\"]\nwhen = \"scale_up\"");
    assert!(told.contains("`deploy` has no direction, so this rule would never match it"), "{told}");
    let told = rule("tools = [\"help\"]\nenv = [\"production\"]");
    assert!(told.contains("`help` acts on no environment, so this rule would never match it"), "{told}");
}

#[test]
fn contradictions_are_refused() {
    insta::assert_snapshot!(problems("console:bob", "console:alice"), @"policy.toml:29: the account `console:alice` is alice's already");
    insta::assert_snapshot!(problems("id = \"bob\"", "id = \"alice\""), @"
    policy.toml:27: there are two people called `alice`
    policy.toml:126: nobody could ever meet `2 of dba or team-lead`: too few people have these roles
    ");
    insta::assert_snapshot!(problems("viewer = []", "viewer = [\"engineer\"]"), @"
    policy.toml:15: role `engineer` includes itself, by way of what it lists
    policy.toml:14: role `viewer` includes itself, by way of what it lists
    ");
    insta::assert_snapshot!(problems("id = \"rollback\"", "id = \"read\""), @"policy.toml:87: there is another rule, freeze or limit called `read`");
    insta::assert_snapshot!(problems("name = \"incidents\"", "name = \"deployments\""), @"
    policy.toml:46: the channel `deployments` is listed twice
    policy.toml:82: there is no channel `incidents`; there is deployments, deployments and general
    ");
    insta::assert_snapshot!(problems("need = [\"2 of dba", "need = [\"4 of dba"), @"policy.toml:126: nobody could ever meet `4 of dba or team-lead`: too few people have these roles");
    insta::assert_snapshot!(problems("expect = \"allow\"", "expect = \"confirm\""), @"policy.toml:215: this example expects `confirm`, but the rules say `allow`");
}

#[test]
fn the_rule_for_policies_hides_no_other() {
    let taken = problems("tools = [\"policy.accept\"]\nask = \"team-lead\"", "tools = [\"unlock\"]");
    insta::assert_snapshot!(taken, @"policy.toml: a rule called `policy-changes` must be about `policy.accept`; call this one otherwise");
    let mut table: toml::Table = DEMO_POLICY.parse().unwrap();
    let rules = table["rule"].as_array_mut().unwrap();
    rules.retain(|rule| rule["id"].as_str() != Some("policy-changes"));
    let of_policies = |policy: &Policy| policy.rules.iter().find(|rule| rule.id == "policy-changes").cloned();
    let (implied, stated) = (of_policies(&load(&table.to_string())), of_policies(&demo()));
    assert!(implied.is_some());
    assert_eq!(implied, stated, "the shipped file says what would hold anyway");
}

#[test]
fn all_problems_are_told_at_once() {
    let text =
        DEMO_POLICY.replace("ask = \"engineer\"", "ask = \"enginer\"").replace("\"scale\"", "\"scael\"");
    // The role in nine rules, the tool in three, and in two examples.
    let count = Policy::load("policy.toml", &text, &vocabulary()).expect_err("wrong").len();
    assert_eq!(count, 9 + 3 + 2);
}

#[test]
fn a_requirement_asks_for_twelve_people_at_most() {
    assert!(Requirement::parse("12 of dba").is_ok());
    assert!(Requirement::parse("6 of dba and 6 of sre").is_ok());
    assert!(Requirement::parse("13 of dba").is_err());
    assert!(Requirement::parse("6 of dba and 7 of sre").is_err());
}

#[test]
fn requirements_are_read_and_written_alike() {
    for text in ["1 of team-lead", "2 of dba or team-lead", "1 of security and 1 of sre"] {
        assert_eq!(Requirement::parse(text).unwrap().to_string(), text);
    }
    let same = Requirement::parse("1 of sre and 1 of security").unwrap();
    assert_eq!(same.to_string(), "1 of security and 1 of sre");
    for bad in
        ["", "team-lead", "0 of dba", "-1 of dba", "1 of", "1 of dba or", "1 of dba and", "1 of the dba"]
    {
        assert!(Requirement::parse(bad).is_err(), "{bad}");
    }
}
