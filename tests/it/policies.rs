//! The commands that look at the policy: as a grid, rule by rule, against another file, over the record.

use std::path::{Path, PathBuf};
use std::process::Output;

use countersign::gate::DEMO_POLICY;
use serde_json::Value;
use tempfile::tempdir;

use crate::support::{command, printed, tidy, with};

fn complaint(output: &Output) -> String {
    tidy(&String::from_utf8_lossy(&output.stderr))
}

fn file(dir: &Path, name: &str, text: &str) -> PathBuf {
    let path = dir.join(name);
    std::fs::write(&path, text).unwrap();
    path
}

#[test]
fn the_policy_is_shown_as_a_grid_and_as_data() {
    let shown = command(&["policy", "show"]).output().unwrap();
    assert!(shown.status.success(), "{shown:?}");
    insta::assert_snapshot!(printed(&shown));
    let data = printed(&command(&["policy", "show", "--json"]).output().unwrap());
    let data: Value = serde_json::from_str(&data).unwrap();
    assert_eq!(data["roles"][0], "viewer");
}

#[test]
fn a_command_is_explained_rule_by_rule() {
    let explain = |arguments: &[&str]| {
        let output = command(&["policy", "explain"]).args(arguments).output().unwrap();
        if output.status.success() { printed(&output) } else { complaint(&output) }
    };
    insta::assert_snapshot!(explain(&["/deploy orders v2.4.1 prod", "--as", "alice", "--in", "deployments"]), @"
    alice is an engineer and asks for `deploy` in production in #deployments: need-approval

    spoke
      deploy-production  need-approval  `deploy` in production needs 1 of team-lead: bob or carol can agree

    kept silent
      deploy-elsewhere   for development and staging
    ");
    insta::assert_snapshot!(explain(&["scale orders 9", "--env", "production", "--as", "dave", "--in", "#general", "--tag", "to-zero"]), @"
    dave is a viewer and asks for `scale` up in production in #general: deny

    spoke
      scale-up-production    deny           dave is a viewer; `scale` up in production is for the role engineer

    kept silent
      scale-down-production  for what goes down
      scale-elsewhere        for development and staging

    dave is a viewer and asks for `scale` down in production in #general: deny

    spoke
      scale-down-production  deny           dave is a viewer; `scale` down in production is for the role engineer
      scale-down-production  need-approval  `scale` down in production needs 1 of team-lead: bob or carol can agree

    kept silent
      scale-elsewhere        for development and staging
      scale-up-production    for what goes up
    ");
    insta::assert_snapshot!(explain(&["/deploy orders v2 prod", "--as", "mallory", "--in", "deployments"]), @"countersign: the policy knows nobody called `mallory`; it knows alice, bob, carol, dave");
    insta::assert_snapshot!(explain(&["/deploy orders", "--as", "alice", "--in", "deployments"]), @"
    countersign: `/deploy` also needs `version` and `environment`
    /deploy <service> <version> <environment>
    Example: /deploy order-service v2.4.1 production
    ");
    insta::assert_snapshot!(explain(&["/status orders", "--as", "alice", "--in", "random", "--tag", "red"]), @"countersign: no service and no tool has a tag `red`; there is migration, to-zero, unreadable");
    let data = explain(&["/status orders staging", "--as", "alice", "--in", "random", "--json"]);
    let data: Value = serde_json::from_str(&data).unwrap();
    assert_eq!(data[0]["verdict"]["decision"], "deny");
}

#[test]
fn two_files_are_compared_and_the_code_says_how() {
    // Without its examples, which would not hold in what is compared.
    let demo = DEMO_POLICY.split("[[example]]").next().unwrap();
    let dir = tempdir().unwrap();
    let old = file(dir.path(), "old.toml", demo);
    let diff = |text: &str| {
        let new = file(dir.path(), "new.toml", text);
        let output = command(&["policy", "diff"]).args([&old, &new]).output().unwrap();
        (output.status.code(), if output.stdout.is_empty() { complaint(&output) } else { printed(&output) })
    };
    assert_eq!(diff(demo), (Some(0), "nothing changes\n".to_owned()));

    let open = with(demo, "roles = [\"viewer\"]", "roles = [\"engineer\"]");
    let (code, told) = diff(&open);
    assert_eq!(code, Some(1));
    insta::assert_snapshot!(told, @"
    weaker   person dave
               roles: viewer → engineer
    ");

    let strict = with(demo, "roles = [\"team-lead\", \"dba\"]", "roles = [\"team-lead\"]");
    let (code, told) = diff(&strict);
    assert_eq!(code, Some(0));
    insta::assert_snapshot!(told, @"
    stricter person carol
               roles: dba and team-lead → team-lead
    ");

    let (code, told) = diff(&with(demo, "[defaults]", "[default]"));
    assert_eq!(code, Some(3));
    insta::assert_snapshot!(told, @"
    countersign: the policy cannot be loaded:
    DIR/new.toml:7: the file has no key `default`; did you mean `defaults`?
    ");
    let nowhere = dir.path().join("nowhere.toml");
    let output = command(&["policy", "diff"]).args([&nowhere, &old]).output().unwrap();
    assert_eq!(output.status.code(), Some(3));
    insta::assert_snapshot!(complaint(&output), @"countersign: cannot read `DIR/nowhere.toml`: No such file or directory (os error 2)");

    let new = file(dir.path(), "new.toml", &open);
    let output = command(&["policy", "diff", "--json"]).args([&old, &new]).output().unwrap();
    let data: Value = serde_json::from_str(&printed(&output)).unwrap();
    assert_eq!(data["changes"][0]["way"], "weaker");
    assert_eq!(data["changes"][0]["of"]["entry"], "person dave");
}

#[test]
fn the_record_is_run_through_another_policy() {
    let dir = tempdir().unwrap();
    let data = dir.path().join("data");
    let run =
        |arguments: &[&str]| command(arguments).args(["--data", data.to_str().unwrap()]).output().unwrap();
    let nothing = run(&["policy", "replay"]);
    assert_eq!(nothing.status.code(), Some(1));
    insta::assert_snapshot!(complaint(&nothing), @"countersign: there is no record in `DIR/data` yet; `countersign` starts one");

    let said = run(&["say", "/status orders stg", "--as", "dave", "--in", "deployments"]);
    assert!(said.status.success(), "{said:?}");
    insta::assert_snapshot!(printed(&run(&["policy", "replay"])), @"0 of 1 requests would have gone otherwise");
    let closed = with(DEMO_POLICY, "ask = \"viewer\"", "ask = \"engineer\"");
    let closed = closed.split("[[example]]").next().unwrap();
    let closed = file(dir.path(), "closed.toml", closed);
    let replayed = run(&["policy", "replay", closed.to_str().unwrap(), "--days", "1"]);
    assert!(replayed.status.success(), "{replayed:?}");
    let told = tidy(&printed(&replayed));
    let (head, rest) = told.split_once('\n').unwrap();
    let rest = rest.split_once("  dave").unwrap().1;
    insta::assert_snapshot!(format!("{head}\nTIME  dave{rest}"), @"
    1 of 1 requests would have gone otherwise
    TIME  dave  /status order-service staging: allow → deny; it ran, and would not have
        dave is a viewer; `status` in staging is for the role engineer
    ");
    let data = run(&["policy", "replay", closed.to_str().unwrap(), "--json"]);
    let data: Value = serde_json::from_str(&printed(&data)).unwrap();
    assert_eq!((&data[0]["before"], &data[0]["after"]), (&"allow".into(), &"deny".into()));
}
