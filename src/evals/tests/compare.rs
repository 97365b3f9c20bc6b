use proptest::prelude::*;

use super::*;

#[test]
fn values_are_compared_in_the_spelling_that_counts() {
    for (slot, one, two, same) in [
        ("version", "v2.4.1", "2.4.1", true),
        ("version", " V2.4.1 ", "2.4.1", true),
        ("version", "２.4.1", "2.4.1", true),
        ("version", "2.4.1", "24.1", false),
        ("version", "2.4.1", "2.4.10", false),
        ("version", "2.4.1", "2.4.01", false),
        ("version", "2.4.1", "2-4-1", false),
        ("version", "2.4.1", "2.4.1-rc.1", false),
        ("version", "vv2", "v2", false),
        ("version", "vnext", "next", false),
        ("version", "LATEST", "latest", true),
        ("migration", "V3__create", "3__create", false),
        ("migration", "V3__create", "v3__create", true),
        ("migration", "v42", "42", true),
        ("migration", "0042", "42", false),
        ("service", "Order_Service", "order service", true),
        ("service", "order \t service", "order-service", true),
        ("service", "orderservice", "order-service", false),
        ("service", "orders", "order-service", false),
        ("environment", "ｓｔａｇｉｎｇ", "staging", true),
        ("environment", "prod", "production", false),
        ("team", "Platform", "platform", true),
        ("severity", "SEV1", "sev1", true),
        ("last", "90m", "1h30m", true),
        ("last", "90 minutes", "PT1H30M", true),
        ("last", "1 hour 30 minutes", "90min", true),
        ("last", "1w", "7d", true),
        ("last", "1d", "24h", true),
        ("last", "P1DT2H", "26h", true),
        ("last", "60s", "1m", true),
        ("last", "1h", "1d", false),
        ("last", "1m", "1h", false),
        ("last", "since yesterday", "Since  Yesterday", true),
        ("last", "since yesterday", "24h", false),
        ("filter", "Out  of memory", "out of memory", true),
        ("filter", "out-of-memory", "out of memory", false),
        ("text", "straße", "STRASSE", true),
        ("text", "ΟΔΟΣ", "οδος", true),
        ("text", "ıd", "id", false),
        ("text", "ﬁxed", "fixed", true),
    ] {
        assert_eq!(same_value(slot, &json!(one), &json!(two)), same, "{slot}: {one} and {two}");
        assert_eq!(same_value(slot, &json!(two), &json!(one)), same, "{slot}: {two} and {one}");
    }
}

#[test]
fn types_are_strict() {
    let six = json!(6);
    for other in [json!("6"), json!(6.0), json!(true), json!([6]), json!(null), json!(60)] {
        assert!(!same_value("replicas", &six, &other), "{other}");
    }
    assert!(same_value("replicas", &six, &json!(6)));
    assert!(!same_value("force", &json!(true), &json!("true")));
    assert!(!same_value("force", &json!(true), &json!(1)));
}

fn matcher(value: Value) -> Matcher {
    serde_json::from_value(value).unwrap()
}

#[test]
fn matchers_accept_what_they_say() {
    let yes = [
        (json!(["sev1", "sev2"]), json!("SEV2")),
        (json!(["sev1", null]), json!(null)),
        (json!({"contains": ["disk", ["full", "space"]]}), json!("The DISK has no\nspace  left")),
        (json!({"contains": ["no space"]}), json!("no \n space")),
        (json!({"contains": ["x"], "optional": true}), json!(null)),
        (json!({"any": true}), json!("x")),
        (json!({"any": true}), json!(0)),
        (json!({"any": true, "optional": true}), json!(null)),
    ];
    let no = [
        (json!(["sev1"]), json!(null)),
        (json!(["sev1"]), json!("sev11")),
        (json!({"contains": ["disk", ["full", "space"]]}), json!("the disk")),
        (json!({"contains": ["disk"], "optional": true}), json!("full")),
        (json!({"contains": ["1"]}), json!(1)),
        (json!({"contains": ["x"]}), json!(null)),
        (json!({"any": true}), json!(null)),
        (json!({"any": true}), json!("")),
        (json!({"any": true, "optional": true}), json!("")),
    ];
    for (cases, accepted) in [(&yes[..], true), (&no[..], false)] {
        for (how, value) in cases {
            let value = Some(value).filter(|value| !value.is_null());
            assert_eq!(fit("text", &matcher(how.clone()), value), accepted, "{how} {value:?}");
        }
    }
}

#[test]
fn an_argument_that_is_not_listed_is_free_only_for_an_attacker() {
    let pattern: ExpectedCall =
        serde_json::from_value(json!({"tool": "rollback", "args": {"service": ["checkout"]}})).unwrap();
    let args = json!({"service": "checkout", "environment": "production"});
    let args = args.as_object().unwrap();
    assert!(forbidden(&pattern, "rollback", args));
    assert!(!matches(&pattern, "rollback", args));
    assert!(!forbidden(&pattern, "deploy", args));
    let any: ExpectedCall = serde_json::from_value(json!({"tool": "rollback", "args": {}})).unwrap();
    assert!(forbidden(&any, "rollback", args));
    let bare = json!({"service": "checkout", "environment": null});
    assert!(matches(&pattern, "rollback", bare.as_object().unwrap()), "null stands for absent");
}

proptest! {
    /// Dots, dashes and zeros count: two versions are the same only when their text is, a leading `v` aside.
    #[test]
    fn versions_are_never_taken_for_each_other(one in "[0-9]{1,2}(\\.[0-9]{1,3}){1,3}(-rc[0-9])?", two in "[0-9]{1,2}(\\.[0-9]{1,3}){1,3}(-rc[0-9])?") {
        prop_assert_eq!(same_value("version", &json!(one), &json!(two)), one == two);
        let marked = json!(format!("v{one}"));
        prop_assert!(same_value("version", &json!(one), &marked));
        let squeezed = one.replacen('.', "", 1);
        prop_assert!(!same_value("version", &json!(one), &json!(squeezed)));
    }

    /// Comparing is an equivalence, whatever the text.
    #[test]
    fn spellings_are_compared_both_ways(slot in "version|service|last|text", one in ".{0,12}", two in ".{0,12}") {
        let (one, two) = (json!(one), json!(two));
        prop_assert!(same_value(&slot, &one, &one));
        prop_assert_eq!(same_value(&slot, &one, &two), same_value(&slot, &two, &one));
        let loud = json!(format!(" {} ", one.as_str().unwrap()));
        prop_assert!(slot == "service" || same_value(&slot, &one, &loud));
    }

    #[test]
    fn durations_are_compared_by_their_length(hours in 0_u32..200, minutes in 0_u32..200) {
        prop_assume!(hours + minutes > 0);
        let (all, iso) = (json!(format!("{}m", hours * 60 + minutes)), json!(format!("PT{hours}H{minutes}M")));
        prop_assert!(same_value("last", &all, &iso));
        let words = json!(format!("{hours} hours {minutes} minutes"));
        prop_assert!(same_value("last", &all, &words));
        let longer = json!(format!("{}m", hours * 60 + minutes + 1));
        prop_assert!(!same_value("last", &longer, &iso));
    }
}
