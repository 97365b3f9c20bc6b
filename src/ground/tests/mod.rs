mod properties;

use std::sync::LazyLock;

use serde_json::json;

use super::*;
use crate::domain::{Origin, Proposal};

static DEMO: LazyLock<Catalog> = LazyLock::new(|| Catalog::demo().unwrap());

fn grounded(tool: &str, args: Value, turns: &[(By, &str)]) -> Grounded {
    let call = DEMO.admit(&Proposal { tool: tool.to_owned(), args, origin: Origin::Offline }).unwrap();
    let turns = turns.iter().map(|(by, text)| Said { by: *by, text: (*text).to_owned() }).collect();
    ground(&DEMO, &call, &Words { turns })
}

fn deploy(version: &str, text: &str) -> Vec<String> {
    let args = json!({"service": "checkout", "version": version, "environment": "production"});
    grounded("deploy", args, &[(By::Asker, text)]).missing
}

fn none() -> Vec<String> {
    Vec::new()
}

#[test]
fn the_askers_words_carry_names_versions_and_numbers() {
    for (version, text) in [
        ("2.4.1", "deploy checkout 2.4.1 to prod"),
        ("v2.4.1", "Deploy CHECKOUT, version 2.4.1, environment Production."),
        ("2.4.1", "could prd have v2.4.1 of checkout?"),
        ("2.4.1", "ｄｅｐｌｏｙ　ｃｈｅｃｋｏｕｔ　２.４.１　ｐｒｏｄ"),
        ("latest", "newest chekcout to prodution"),
        ("2.4.1", "deploy `checkout` 2.4.1 to `production`"),
        ("6f2c9ab", "checkout 6F2C9AB, prod"),
    ] {
        assert_eq!(deploy(version, text), none(), "{text}");
    }
    for (replicas, text) in [
        (6, "six for orders in stg"),
        (12, "a dozen order_service pods, staging"),
        (21, "Order Service staging twenty-one"),
    ] {
        let args = json!({"service": "order-service", "replicas": replicas, "environment": "staging"});
        assert_eq!(grounded("scale", args, &[(By::Asker, text)]).missing, none(), "{text}");
    }
}

#[test]
fn what_is_not_said_is_missing() {
    for (version, text, missing) in [
        ("24.1", "deploy checkout 2.4.1 to prod", vec!["version"]),
        ("2.4.1", "deploy checkout 2.4.10 to prod", vec!["version"]),
        ("2.4.1", "deploy checkout 2.4.1", vec!["environment"]),
        ("2.4.1", "deploy checkout 2.4.1 to preprod", vec!["environment"]),
        ("2.4.1", "deploy checkout 2.4.1 to pre production", vec!["environment"]),
        ("2.4.1", "deploy checkout 2.4.1 to staging", vec!["environment"]),
        ("2.4.1", "> deploy checkout 2.4.1 to production\nyes", vec!["environment", "service", "version"]),
        ("2.4.1", "as \"checkout 2.4.1 on production\" says", vec!["environment", "service", "version"]),
        ("2.4.1", "checkout to prod\n```\n2.4.1\n```", vec!["version"]),
        ("2.4.1", "checkout to prod `deploy 2.4.1`", vec!["version"]),
        ("2.4.1", "checkout to prod, as in https://x.example/2.4.1", vec!["version"]),
        ("2.4.1", "checkout prod\n14:01:22 maya: take 2.4.1", vec!["version"]),
        ("2.4.1", "checkout prod\n---------- Forwarded message\n2.4.1", vec!["version"]),
        ("2.4.1", "checkout to prod and “2.4.1", vec!["version"]),
        ("2.4.1", "checkout to prod <https://x.example/7|take 2.4.1 now>", vec!["version"]),
        ("2.4.1", "checkout to prod, [it is 2.4.1](https://x.example/7)", vec!["version"]),
        ("2.4.1", "checkout to prod\n````\n```\n2.4.1\n```\n2.4.1\n````", vec!["version"]),
    ] {
        assert_eq!(deploy(version, text), missing, "{text}");
    }
}

#[test]
fn status_answers_carry_and_newer_words_replace() {
    let status = (By::Status, "checkout in staging: version 2.4.6, 1 of 4 replicas ready.");
    let deploy = |environment, turns: &[_]| {
        let args = json!({"service": "checkout", "version": "2.4.6", "environment": environment});
        grounded("deploy", args, turns).missing
    };
    assert_eq!(deploy("production", &[status, (By::Asker, "put that version on production")]), none());
    assert_eq!(deploy("staging", &[status, (By::Asker, "put that on production")]), ["environment"]);
    let scale = |replicas, words| {
        let args = json!({"service": "checkout", "replicas": replicas, "environment": "staging"});
        grounded("scale", args, &[status, (By::Asker, words)])
    };
    for (replicas, words) in [
        (5, "one more please"),
        (8, "double it"),
        (2, "halve it"),
        (3, "take one away"),
        (4, "as many as now"),
    ] {
        assert_eq!(scale(replicas, words).missing, none(), "{words}");
    }
    assert_eq!(scale(6, "one more please").missing, ["replicas"]);
    assert_eq!(scale(4, "what about it").missing, ["replicas"]);
    let turns = [(By::Asker, "deploy checkout 2.4.6"), (By::Asker, "no, staging")];
    assert_eq!(deploy("staging", &turns), none());
}

/// All that a rollback needs is said by whoever asks how a service is doing.
#[test]
fn a_call_that_a_question_would_carry_must_itself_be_wanted() {
    let rollback = |turns: &[_]| {
        grounded("rollback", json!({"service": "checkout", "environment": "production"}), turns).missing
    };
    for text in [
        "status of checkout in production",
        "how is checkout doing in prod?",
        "checkout logs prod, last 5 minutes",
        "is checkout ok in production, or did the deploy break it?",
        "wie ist der Status von checkout in production",
        "what happened to checkout in production",
        "scale checkout to 4, production",
    ] {
        assert_eq!(rollback(&[(By::Asker, text)]), ["intent"], "{text}");
    }
    for text in [
        "roll checkout back in prod please",
        "the status is red, revert checkout in production",
        "checkout is broken in prod, please undo that release",
        "take checkout in production back to what it was",
        "rolback checkout, prod",
        "rolling back checkout in production would be good, please",
        // Without a word of English the tools' own words cannot be expected.
        "roll checkout in production zurück",
        "annule le dernier déploiement de checkout en production",
        "checkout in prod auf den vorigen Stand",
    ] {
        assert_eq!(rollback(&[(By::Asker, text)]), none(), "{text}");
    }
    let before = (By::Asker, "could you roll back checkout");
    assert_eq!(rollback(&[before, (By::Asker, "the production one")]), none());
    let unlock =
        |text| grounded("unlock", json!({"environment": "production"}), &[(By::Asker, text)]).missing;
    assert_eq!(unlock("what is the status of checkout in production"), ["intent"]);
    assert_eq!(unlock("please unlock production"), none());
    // A version or a number is no part of a question.
    assert_eq!(deploy("2.4.1", "how about checkout 2.4.1 on prod"), none());
}

#[test]
fn a_free_text_may_be_quoted_but_not_pasted() {
    let lock = |text| {
        let args = json!({"environment": "production", "reason": "warehouse migration"});
        grounded("lock", args, &[(By::Asker, text)]).missing
    };
    assert_eq!(lock("lock prod for the warehouse migration"), none());
    assert_eq!(lock("lock prod with the reason \"warehouse migration\""), none());
    assert_eq!(lock("lock prod, migration of the warehouse"), ["reason"]);
    assert_eq!(lock("lock prod\n> warehouse migration"), ["reason"]);
    assert_eq!(lock("lock prod\n```warehouse migration```"), ["reason"]);
}

#[test]
fn the_words_are_shown() {
    let text = "please deploy chekcout v2.4.1 to prod";
    let args = json!({"service": "checkout", "version": "2.4.1", "environment": "production"});
    let found = grounded("deploy", args, &[(By::Asker, text)]);
    let words = found.args.iter().map(|arg| match &arg.source {
        Source::Asker { span, .. } => text.get(span.clone()).unwrap(),
        other => panic!("{other:?}"),
    });
    assert_eq!(words.collect::<Vec<_>>(), ["prod", "chekcout", "v2.4.1"]);
}

#[test]
fn durations_are_read() {
    for (text, seconds) in [
        ("15m", 900),
        ("1h30m", 5_400),
        ("90 minutes", 5_400),
        ("two hours", 7_200),
        ("hour", 3_600),
        ("an hour and a half", 5_400),
        ("two and a half hours", 9_000),
        ("half an hour", 1_800),
        ("quarter of an hour", 900),
        ("a quarter of an hour", 900),
        ("three quarters of an hour", 2_700),
        ("45 seconds", 45),
        ("an hour and ten minutes", 4_200),
        ("a day", 86_400),
        ("half a day", 43_200),
    ] {
        let tokens = tokenize(text);
        assert_eq!(
            duration_at(&tokens, 0),
            Some(Quantity { value: seconds, tokens: tokens.len() }),
            "{text}"
        );
    }
    assert_eq!(duration_at(&tokenize("three replicas"), 0), None);
    assert_eq!(write_duration(5_400), "90m");
}

#[test]
fn slips_have_one_near_reading() {
    let names = crate::catalog::Names::of(crate::catalog::List::Services, DEMO.landscape());
    let found = |text: &str| {
        mentions(&tokenize(text), &names, ordinary).into_iter().map(|found| found.name).collect::<Vec<_>>()
    };
    assert_eq!(
        found("ordes gatway chekcout order servce"),
        ["order-service", "api-gateway", "checkout", "order-service"]
    );
    assert_eq!(found("order a pizza, check out the index of the user"), none());
    assert_eq!(
        found("inventory's, two gateways; dev/users"),
        ["inventory-service", "api-gateway", "user-service"]
    );
}
