//! The command line, without a server: it runs the flow itself, on the data it is given.

use std::path::Path;
use std::process::Output;

use serde_json::Value;
use tempfile::tempdir;

use crate::support::{command, printed, tidy};

fn run(data: &Path, arguments: &[&str]) -> Output {
    command(arguments).args(["--data", data.to_str().unwrap()]).output().unwrap()
}

fn complaint(output: &Output) -> String {
    assert_eq!(output.status.code(), Some(1), "{output:?}");
    tidy(&String::from_utf8_lossy(&output.stderr))
}

#[test]
fn what_init_writes_is_a_configuration_that_works() {
    let dir = tempdir().unwrap();
    let folder = dir.path().join("ops");
    let config = folder.to_str().unwrap();
    let written = command(&["init", config]).output().unwrap();
    assert!(written.status.success(), "{written:?}");
    insta::assert_snapshot!(tidy(&printed(&written)), @"
    Wrote 23 files to DIR/ops.
    Check them with: countersign --config DIR/ops config check
    Start with:      countersign --config DIR/ops
    ");

    let checked = command(&["--config", config, "config", "check"]).output().unwrap();
    assert!(checked.status.success(), "{checked:?}");
    for schema in std::fs::read_dir(folder.join("schema")).unwrap() {
        let path = schema.unwrap().path();
        let schema: Value = serde_json::from_slice(&std::fs::read(&path).unwrap()).unwrap();
        jsonschema::validator_for(&schema).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        assert!(schema["properties"].is_object(), "{}", path.display());
    }

    // A second time it leaves alone what somebody may have edited.
    std::fs::write(folder.join("policy.toml"), "version = 1\n[rolls]\n").unwrap();
    let again = printed(&command(&["init", config]).output().unwrap());
    assert!(again.contains("Wrote 0 files") && again.contains("policy.toml"), "{again}");
    let refused = command(&["--config", config, "config", "check"]).output().unwrap();
    insta::assert_snapshot!(complaint(&refused), @"
    countersign: the policy cannot be loaded:
    DIR/ops/policy.toml:2: the file has no key `rolls`; did you mean `roles`?
    ");
}

#[test]
fn the_tools_that_init_writes_fit_the_schema_that_it_writes() {
    let dir = tempdir().unwrap();
    command(&["init", dir.path().to_str().unwrap()]).output().unwrap();
    let schema = std::fs::read(dir.path().join("schema/tool.schema.json")).unwrap();
    let validator = jsonschema::validator_for(&serde_json::from_slice(&schema).unwrap()).unwrap();
    let mut seen = 0;
    for tool in std::fs::read_dir(dir.path().join("tools")).unwrap() {
        let path = tool.unwrap().path();
        let tool: Value = serde_saphyr::from_str(&std::fs::read_to_string(&path).unwrap()).unwrap();
        let problems: Vec<_> = validator.iter_errors(&tool).map(|error| error.to_string()).collect();
        assert_eq!(problems, Vec::<String>::new(), "{}", path.display());
        seen += 1;
    }
    assert!(seen > 5);
}

#[test]
fn what_is_not_there_is_said_in_one_line() {
    let dir = tempdir().unwrap();
    insta::assert_snapshot!(complaint(&run(dir.path(), &["audit", "list"])), @"countersign: there is no record in `DIR` yet; `countersign` starts one");
    let nowhere = dir.path().join("nowhere.toml").display().to_string();
    insta::assert_snapshot!(complaint(&command(&["--config", &nowhere, "config", "check"]).output().unwrap()), @"countersign: cannot read the configuration `DIR/nowhere.toml`: No such file or directory (os error 2)");
}

/// One start of the demonstration serves all of this: each `say` on its own starts and stops it.
#[test]
fn what_is_said_is_on_the_record_and_what_is_only_tried_is_not() {
    let dir = tempdir().unwrap();
    let data = dir.path().join("data");
    let said = run(&data, &["say", "/status orders stg", "--as", "dave", "--in", "deployments"]);
    assert!(said.status.success(), "{said:?}");
    insta::assert_snapshot!(tidy(&printed(&said)), @"
    order-service in staging runs v2.4.0, 1 of 1 replica ready
      /status order-service staging
      Environment: staging
      Version: v2.4.0
      Replicas: 1 of 1 ready
      | order-service-staging-1  v2.4.0  ok
      Dashboard: https://grafana.example.com/d/staging/order-service

    (req_ID)
    ");

    let list = || printed(&run(&data, &["audit", "list", "--json"]));
    let mut record: Value = serde_json::from_str(&list()).unwrap();
    for (field, stand_in) in [("timestamp", "TIME"), ("duration_seconds", "SECONDS")] {
        let value = record[field].take();
        assert!(value.is_string() || value.is_f64(), "{field}: {value}");
        record[field] = stand_in.into();
    }
    insta::assert_snapshot!(record, @r#"{"approved_by":[],"channel":"deployments","command":"/status order-service staging","duration_seconds":"SECONDS","result":"done","timestamp":"TIME","user":"dave"}"#);

    let size = || printed(&run(&data, &["audit", "verify"]));
    let before = size();
    let tried = run(&data, &["say", "--dry-run", "/deploy order-service v2.4.1 production", "--as", "alice"]);
    assert!(tried.status.success(), "{tried:?}");
    insta::assert_snapshot!(tidy(&printed(&tried)), @"
    Would be: need-approval
      /deploy order-service v2.4.1 production
      Change: order-service v2.4.0 → v2.4.1 in production, 3 replicas
      deploy-production: need-approval (approval): `deploy` in production needs 1 of team-lead: bob or carol can agree
      Nothing was done.
    ");
    assert_eq!(size(), before, "a dry run leaves nothing behind");
    assert_eq!(list().lines().count(), 1);

    let refused = run(&data, &["say", "--json", "/deploy order-service v2.4.1 staging", "--as", "dave"]);
    assert_eq!(refused.status.code(), Some(1), "{refused:?}");
    let refused: Value = serde_json::from_str(&printed(&refused)).unwrap();
    assert_eq!(refused["state"], "refused", "{refused}");

    let request = refused["request"].as_str().unwrap();
    let shown = run(&data, &["audit", "show", request]);
    insta::assert_snapshot!(tidy(&printed(&shown)), @r#"
    dave said in #deployments: /deploy order-service v2.4.1 staging
    TIME  #9      dave wrote in #deployments
    TIME  #10     countersign read it as `/deploy order-service v2.4.1 staging`
    TIME  #11     countersign refused it: dave is a viewer; `deploy` in staging is for the role engineer
    TIME  #12     countersign ended it as refused: dave is a viewer; `deploy` in staging is for the role engineer
    TIME  #13     countersign answered: dave is a viewer; `deploy` in staging is for the role engineer
    {"timestamp":"TIME","user":"dave","command":"/deploy order-service v2.4.1 staging","approved_by":[],"result":"refused","duration_seconds":null,"channel":"deployments"}
    "#);
    insta::assert_snapshot!(complaint(&run(&data, &["audit", "show", "req_1"])), @"countersign: `req_ID` is no request id; they look like req_ID... and `countersign audit list` shows them");
}
