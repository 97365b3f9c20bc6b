//! How a diff compares one cell of two policies, and which cells there are.

use super::diffs::told;
use super::*;

/// What comes of one addition to the shipped file in the place of another.
fn instead(before: &str, after: &str) -> String {
    let with = |more: &str| without_examples(&format!("{DEMO_POLICY}\n{more}"));
    told(&with(before), &with(after))
}

#[test]
fn what_else_rules_ask_for_is_compared_where_it_is_asked_for() {
    let x = "[[rule]]\nid = \"x\"\n";
    let production = "tools = [\"deploy\"]\nenv = [\"production\"]\n";
    let staging = "tools = [\"deploy\"]\nenv = [\"staging\"]\n";
    let tagged = |tag: &str, id: &str, channels: &str| {
        format!(
            "[[rule]]\nid = \"{id}\"\ntools = [\"deploy\"]\nenv = [\"staging\"]\ntags = [\"{tag}\"]\nchannels = [{channels}]\n"
        )
    };
    let other = tagged("payments", "p", "\"#incidents\"");
    let changes = [
        (
            "a role can say no no more",
            format!("{x}{production}need = [\"1 of team-lead\"]\ndenied_by = [\"dba\"]"),
            format!("{x}{production}need = [\"1 of team-lead\"]"),
        ),
        (
            "a role that could say no must agree now, and so can still",
            format!("{x}{production}need = [\"1 of team-lead\"]\ndenied_by = [\"dba\"]"),
            format!("{x}{production}need = [\"1 of team-lead\", \"1 of dba\"]"),
        ),
        (
            "nobody is asked any more, so how does not matter",
            format!("{x}{staging}need = [\"1 of team-lead\"]\nverify = \"console\""),
            String::new(),
        ),
        (
            "what only reads waits where somebody is asked",
            format!("{x}tools = [\"logs\"]\nneed = [\"1 of team-lead\"]"),
            format!("{x}tools = [\"logs\"]\nneed = [\"1 of team-lead\"]\nexpires_minutes = 10"),
        ),
        (
            "what did not wait before did not wait for any time",
            String::new(),
            format!("{x}tools = [\"logs\"]\nneed = [\"1 of team-lead\"]\nexpires_minutes = 10"),
        ),
        (
            "two tags at once leave other channels than each alone",
            format!("{other}{}", tagged("checks-not-green", "c", "\"#deployments\"")),
            format!("{other}{}", tagged("checks-not-green", "c", "\"#deployments\", \"#incidents\"")),
        ),
        (
            "what could not be read never goes up",
            String::new(),
            format!("{x}tools = [\"scale\"]\ntags = [\"unreadable\"]\nreason = true"),
        ),
    ];
    let said: Vec<String> =
        changes.iter().map(|(what, from, to)| format!("## {what}\n{}\n", instead(from, to))).collect();
    insta::assert_snapshot!(said.join("\n"));
}

/// A tool that has a direction or an environment now did not have it when the policy in force was read.
#[test]
fn a_tool_is_what_either_policy_says_it_is() {
    let before = |change: fn(&mut ToolWord)| {
        let mut words = vocabulary();
        words.tools.iter_mut().filter(|word| word.name == "scale").for_each(change);
        let bare = "version = 1\n[roles]\nlead = []\n[[person]]\nid = \"ann\"\nroles = [\"lead\"]\nidentities = [\"console:ann\"]\n\
                    [[channel]]\nname = \"ops\"\nplatform = \"console\"\n[[rule]]\nid = \"any\"\ntools = [\"scale\"]\n";
        let read = |text: &str, words: &Vocabulary| Policy::load("policy.toml", text, words).unwrap();
        let then = read(bare, &words);
        let now = |more: &str| {
            read(
                &format!("{bare}[[rule]]\nid = \"x\"\ntools = [\"scale\"]\nreason = true\n{more}"),
                &vocabulary(),
            )
        };
        [told(&then, &now("when = \"scale_down\"")), told(&then, &now("env = [\"production\"]"))]
    };
    let [down, production] = before(|_as_it_is| {});
    assert_eq!(before(|word| word.has_direction = false), [down.clone(), production.clone()]);
    assert_eq!(before(|word| word.has_environment = false), [down.clone(), production.clone()]);
    assert!(down.contains("reason") && production.contains("reason"), "{down} {production}");
}

/// So many people by so many roles are not tried one by one.
#[test]
fn what_is_too_much_to_try_counts_as_weaker_and_what_stays_the_same_does_not() {
    let colours: Vec<String> = (0..12).map(|n| format!("colour{n:02}")).collect();
    let crowd = |count: u32, more: &str| {
        let roles: String = colours.iter().map(|colour| format!("\n{colour} = []")).collect();
        let person =
            |n| format!("[[person]]\nid = \"p{n}\"\nroles = {colours:?}\nidentities = [\"console:p{n}\"]\n");
        let people: String = (0..12).map(person).collect();
        let rule = "[[rule]]\nid = \"x\"\ntools = [\"deploy\"]\nenv = [\"staging\"]\n";
        let need = format!("need = [\"{count} of {}\"]", colours.join(" or "));
        let shipped = DEMO_POLICY.replace("viewer = []", &format!("viewer = []{roles}"));
        without_examples(&format!("{shipped}\n{people}{rule}{need}\n{more}"))
    };
    let of_two = told(&crowd(2, ""), &crowd(1, ""));
    assert!(of_two.starts_with("weaker   deploy in staging\n"), "{of_two}");
    insta::assert_snapshot!(told(&crowd(12, ""), &crowd(12, "reason = true")), @"
    stricter deploy in staging
               reason: no → yes
    ");
    // It is stricter in truth; all that is found out is that it is not the same.
    let of_many = told(&crowd(11, ""), &crowd(12, ""));
    assert!(of_many.starts_with("other    deploy in staging\n"), "{of_many}");
}
