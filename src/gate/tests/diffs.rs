//! What a diff tells, change by change.

use super::*;

pub(super) fn told(old: &Policy, new: &Policy) -> String {
    diff(old, new, at("2026-03-04T12:00:00Z")).to_string()
}

/// What comes of replacing one text in the shipped file.
fn replaced(from: &str, to: &str) -> String {
    assert!(DEMO_POLICY.contains(from), "{from}");
    told(&without_examples(DEMO_POLICY), &without_examples(&DEMO_POLICY.replacen(from, to, 1)))
}

/// What comes of adding to the shipped file, and of taking the same away.
fn added(more: &str) -> (String, String) {
    let (old, new) = (without_examples(DEMO_POLICY), without_examples(&format!("{DEMO_POLICY}\n{more}")));
    (told(&old, &new), told(&new, &old))
}

#[test]
fn nothing_changes_by_itself() {
    assert_eq!(told(&demo(), &demo()), "nothing changes");
    assert!(!diff(&demo(), &demo(), at("2026-03-04T12:00:00Z")).weakens());
    assert_eq!(told(&demo(), &demo_and("# a remark")), "nothing changes");
}

#[test]
fn one_weaker_cell_makes_the_whole_weaker_and_stricter_ones_do_not() {
    let now = at("2026-03-04T12:00:00Z");
    let stricter =
        without_examples(&DEMO_POLICY.replacen("start_within_minutes = 5", "start_within_minutes = 4", 1));
    let shipped = without_examples(DEMO_POLICY);
    assert!(diff(&stricter, &shipped, now).weakens());
    assert!(!diff(&shipped, &stricter, now).weakens());
}

#[test]
fn rules_that_ask_for_less_or_more() {
    let changes = [
        ("need = [\"1 of team-lead\"]\n\n# For emergencies", "\n# For emergencies"),
        ("need = [\"1 of team-lead\"]", "need = [\"1 of engineer\"]"),
        ("need = [\"2 of dba or team-lead\"]", "need = [\"1 of dba\", \"1 of team-lead\"]"),
        ("need = [\"2 of dba or team-lead\"]", "need = [\"1 of dba and 1 of team-lead\"]"),
        ("need = [\"2 of dba or team-lead\"]", "need = [\"2 of team-lead\"]"),
        ("channels = [\"#deployments\", \"#incidents\"]", "channels = [\"#deployments\"]"),
        ("channels = [\"#deployments\", \"#incidents\"]\n", ""),
        ("channels = [\"#deployments\", \"#incidents\"]", "channels = [\"#deployments\", \"#general\"]"),
        ("confirm = true", "confirm = false"),
        ("verify = \"console\"", "verify = \"type\""),
        ("verify = \"console\"", "verify = \"console\"\nreason = true\nexpires_minutes = 10"),
        ("env = [\"development\", \"staging\"]", "env = [\"development\"]"),
        ("id = \"lock\"\ntools = [\"lock\", \"unlock\"]", "id = \"lock\"\ntools = [\"unlock\"]"),
        (
            "env = [\"development\", \"staging\"]\nask = \"engineer\"",
            "env = [\"development\", \"staging\"]\nask = \"viewer\"",
        ),
        (
            "env = [\"development\", \"staging\"]\nask = \"engineer\"",
            "env = [\"development\", \"staging\"]\nask = \"dba\"",
        ),
        ("start_within_minutes = 5", "start_within_minutes = 6"),
        (
            "verify = \"console\"",
            "verify = \"console\"\nremind_minutes = 5\nescalate = { after_minutes = 9, to = \"dba\" }",
        ),
        ("tools = [\"status\", \"logs\"]\nask = \"viewer\"", "tools = [\"status\", \"logs\"]"),
        (
            "tools = [\"status\", \"logs\"]\nask = \"viewer\"",
            "tools = [\"status\", \"logs\"]\ndeny = \"closed\"",
        ),
        ("tools = [\"status\", \"logs\"]\nask = \"viewer\"", "tools = [\"logs\"]\nask = \"viewer\""),
    ];
    let said: Vec<String> =
        changes.iter().map(|(from, to)| format!("## {from}\n-> {to}\n{}\n", replaced(from, to))).collect();
    insta::assert_snapshot!(said.join("\n"));
}

#[test]
fn entries_that_ask_for_less_or_more() {
    let changes = [
        ("viewer = []", "viewer = []\nintern = [\"team-lead\"]"),
        ("dba = [\"engineer\"]", "dba = [\"engineer\", \"team-lead\"]"),
        ("team-lead = [\"engineer\"]", "team-lead = [\"viewer\"]"),
        ("roles = [\"viewer\"]", "roles = [\"team-lead\"]"),
        ("roles = [\"team-lead\", \"dba\"]", "roles = [\"team-lead\"]"),
        ("roles = [\"team-lead\", \"dba\"]", "roles = [\"team-lead\", \"dba\", \"engineer\"]"),
        ("[\"console:dave\"]", "[\"console:dave\", \"slack:T01/U04\"]"),
        ("[\"console:dave\"]", "[\"console:david\"]"),
        ("name = \"general\"", "name = \"lobby\""),
        (
            "name = \"general\"\nplatform = \"console\"",
            "name = \"general\"\nplatform = \"slack\"\nworkspace = \"T01\"\nid = \"C1\"",
        ),
        ("exempt = [\"rollback\", \"lock\", \"unlock\"]", "exempt = [\"rollback\", \"unlock\", \"scale\"]"),
        ("[defaults]", "[defaults]\napprovals_per_hour = 5"),
    ];
    let mut said: Vec<String> =
        changes.iter().map(|(from, to)| format!("## {from}\n-> {to}\n{}\n", replaced(from, to))).collect();
    let more = [
        "[[person]]\nid = \"erin\"\nroles = [\"dba\"]\nidentities = [\"console:erin\"]",
        "[[group]]\nplatform = \"console\"\nid = \"G1\"\nroles = [\"dba\"]",
        "[[on_call]]\nteam = \"orders\"\nroles = [\"team-lead\"]",
        "[[channel]]\nname = \"ops\"\nplatform = \"console\"",
        "[[limit]]\nid = \"busy\"\ntools = [\"deploy\"]\nper = \"tool\"\ncount = 3\nminutes = 10",
        "[order]\nenvironments = [\"staging\", \"production\"]\ntools = [\"deploy\"]\nversion = \"release\"\nlive = \"service.version\"",
        "[break_glass]\nroles = [\"team-lead\"]\nbypass = [\"freezes\"]\nexpires_minutes = 30\ntell = [\"#incidents\"]",
        "[[freeze]]\nid = \"weekend\"\nenv = [\"production\"]\ndays = [\"sat\", \"sun\"]\nfrom = \"00:00\"\nto = \"00:00\"\nreason = \"r\"",
        "[[freeze]]\nid = \"past\"\nfrom = 2026-01-01T00:00:00Z\nto = 2026-03-04T12:00:00Z\nreason = \"r\"",
    ];
    said.extend(more.iter().map(|more| {
        let (there, back) = added(more);
        format!("## + {more}\n{there}\n## and back\n{back}\n")
    }));
    insta::assert_snapshot!(said.join("\n"));
}

/// Pairs of entries of one kind: what covers the other is no loss.
#[test]
fn what_stops_more_is_stricter() {
    let way = |old: &str, new: &str| {
        let policy = |more: &str| without_examples(&format!("{DEMO_POLICY}\n{more}"));
        let found = diff(&policy(old), &policy(new), at("2026-03-04T12:00:00Z"));
        let ways: Vec<_> = found.changes.iter().map(|change| change.way.as_str()).collect();
        ways.join(" ")
    };
    let both = |base: &str, from: &str, to: &str| {
        assert!(base.contains(from), "{from}");
        let other = base.replacen(from, to, 1);
        format!("{} / {}", way(base, &other), way(&other, base))
    };
    let weekly = "[[freeze]]\nid = \"f\"\nenv = [\"production\"]\ndays = [\"fri\", \"sat\"]\nfrom = \"18:00\"\nto = \"23:00\"\nexempt = [\"scale\"]\nreason = \"r\"";
    let once =
        "[[freeze]]\nid = \"f\"\nfrom = 2026-12-24T00:00:00Z\nto = 2026-12-27T00:00:00Z\nreason = \"r\"";
    let cases = [
        (weekly, "\"fri\", ", "", "weaker / stricter"),
        (weekly, "\"18:00\"", "\"17:00\"", "stricter / weaker"),
        (weekly, "\"23:00\"", "\"06:00\"", "stricter / weaker"),
        (weekly, "\"23:00\"", "\"22:00\"", "weaker / stricter"),
        (weekly, "\"18:00\"\nto = \"23:00\"", "\"17:00\"\nto = \"22:00\"", "other / other"),
        (weekly, "env = [\"production\"]\n", "", "stricter / weaker"),
        (weekly, "[\"scale\"]", "[\"scale\", \"deploy\"]", "weaker / stricter"),
        (weekly, "reason = \"r\"", "tz = \"Europe/Vienna\"\nreason = \"r\"", "other / other"),
        (weekly, "reason = \"r\"", "reason = \"s\"", " / "),
        (weekly, "id = \"f\"", "id = \"g\"", "even even / even even"),
        (once, "-24T", "-23T", "stricter / weaker"),
        (once, "-27T", "-26T", "weaker / stricter"),
    ];
    for (base, from, to, expected) in cases {
        assert_eq!(both(base, from, to), expected, "{from} {to}");
    }
    assert_eq!(way(weekly, once), "other");
    let limit = "[[limit]]\nid = \"l\"\ntools = [\"deploy\", \"scale\"]\nenv = [\"production\"]\nper = \"person\"\ncount = 3\nminutes = 10";
    let cases = [
        ("count = 3", "count = 4", "weaker / stricter"),
        ("minutes = 10", "minutes = 11", "stricter / weaker"),
        ("\"deploy\", \"scale\"", "\"deploy\"", "weaker / stricter"),
        ("\"deploy\", \"scale\"", "*", "stricter / weaker"),
        ("env = [\"production\"]\n", "", "stricter / weaker"),
        ("per = \"person\"", "per = \"channel\"", "other / other"),
        ("id = \"l\"", "id = \"m\"", "even even / even even"),
    ];
    for (from, to, expected) in cases {
        assert_eq!(both(limit, from, &to.replace('*', "\"*\"")), expected, "{from} {to}");
    }
    let order = "[order]\nenvironments = [\"development\", \"staging\", \"production\"]\ntools = [\"deploy\"]\nversion = \"release\"\nlive = \"service.version\"";
    let cases = [
        ("\"development\", ", "", "weaker / stricter"),
        ("\"staging\", ", "", "other / other"),
        ("\"release\"", "\"service.version\"", "other / other"),
    ];
    for (from, to, expected) in cases {
        assert_eq!(both(order, from, to), expected, "{from} {to}");
    }
    let glass = "[break_glass]\nroles = [\"team-lead\"]\nbypass = [\"freezes\"]\nexpires_minutes = 30\ntools = [\"deploy\"]\nenv = [\"production\"]\ntell = [\"#incidents\"]";
    let cases = [
        ("roles = [\"team-lead\"]", "roles = [\"team-lead\", \"dba\"]", "weaker / stricter"),
        ("\"freezes\"", "\"freezes\", \"order\"", "weaker / stricter"),
        ("= 30", "= 60", "weaker / stricter"),
        ("[\"deploy\"]", "[\"deploy\", \"scale\"]", "weaker / stricter"),
        ("tools = [\"deploy\"]\n", "", "weaker / stricter"),
        ("env = [\"production\"]\n", "", "weaker / stricter"),
        ("[\"#incidents\"]", "[\"#incidents\", \"dba\"]", "stricter / weaker"),
        ("[\"freezes\"]\nexpires_minutes = 30", "[\"order\"]\nexpires_minutes = 30", "other / other"),
    ];
    for (from, to, expected) in cases {
        assert_eq!(both(glass, from, to), expected, "{from} {to}");
    }
}

/// Requirements compared by whom they let through, not by how they are written.
#[test]
fn requirements_compare_by_who_is_enough() {
    let policy = |needs: &str| {
        let text = "version = 1\n[roles]\na = []\nb = []\nlead = [\"a\", \"b\"]\nsome = []\n[[channel]]\nname = \"c\"\nplatform = \"console\"\n";
        let people: String = (0..9)
            .map(|index| {
                format!(
                    "[[person]]\nid = \"p{index}\"\nroles = [\"lead\"]\nidentities = [\"console:p{index}\"]\n"
                )
            })
            .collect();
        load(&format!("{text}{people}[[rule]]\nid = \"r\"\ntools = [\"lock\"]\n{needs}\n"))
    };
    let way = |old: &str, new: &str| {
        let need = |needs: &str| match needs {
            "" => String::new(),
            needs => format!("need = {needs}"),
        };
        let found = diff(&policy(&need(old)), &policy(&need(new)), at("2026-03-04T12:00:00Z"));
        let of_lock = found.changes.iter().find(|change| change.of.to_string() == "lock");
        let of_lock = of_lock
            .or_else(|| found.changes.iter().find(|change| change.of.to_string().starts_with("lock in")));
        of_lock.map_or("same", |change| change.way.as_str()).to_owned()
    };
    let cases = [
        (r#"["1 of a"]"#, r#"["1 of a", "1 of a"]"#, "same", "same"),
        (r#"["1 of a"]"#, r#"["1 of a or lead"]"#, "even", "even"),
        (r#"["1 of a"]"#, r#"["1 of lead"]"#, "stricter", "weaker"),
        (r#"["1 of a"]"#, r#"["1 of b"]"#, "other", "other"),
        (r#"["1 of a"]"#, r#"["1 of a or b"]"#, "weaker", "stricter"),
        (r#"["2 of a"]"#, r#"["1 of a"]"#, "weaker", "stricter"),
        (r#"["2 of a or b"]"#, r#"["1 of a and 1 of b"]"#, "stricter", "weaker"),
        (r#"["1 of a", "1 of b"]"#, r#"["1 of a and 1 of b"]"#, "stricter", "weaker"),
        (r#"["1 of a", "1 of b"]"#, r#"["1 of lead"]"#, "stricter", "weaker"),
        (r#"["2 of a or b"]"#, r#"["1 of a", "1 of b"]"#, "other", "other"),
        (r#"["1 of a and 1 of b"]"#, r#"["2 of a", "1 of b"]"#, "stricter", "weaker"),
        (r#"["1 of a and 1 of b"]"#, r#"["2 of a and 1 of b"]"#, "stricter", "weaker"),
        (r#"["2 of a", "2 of b"]"#, r#"["2 of a and 2 of b"]"#, "stricter", "weaker"),
        (r#"["3 of a or b"]"#, r#"["2 of a", "2 of b"]"#, "other", "other"),
        (r#"["1 of a or some"]"#, r#"["1 of a"]"#, "stricter", "weaker"),
        ("", r#"["1 of a"]"#, "stricter", "weaker"),
    ];
    for (one, two, there, back) in cases {
        assert_eq!((way(one, two).as_str(), way(two, one).as_str()), (there, back), "{one} {two}");
    }
}
