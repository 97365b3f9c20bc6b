//! What the commands of the harness say and end with, on the binary itself.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use insta::assert_snapshot;
use serde_json::{Value, json};
use tempfile::tempdir;

use super::command_line::{Eval, lines, report};
use super::model::Model;
use crate::support::tidy;

fn project() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

#[test]
fn what_is_committed_is_what_the_commands_write() {
    for (arguments, file) in [
        (["tools"].as_slice(), "evals/tools.json"),
        (&["schema", "case"], "evals/schema/case.schema.json"),
        (&["schema", "prediction"], "evals/schema/prediction.schema.json"),
        (&["schema", "report"], "evals/schema/report.schema.json"),
    ] {
        let written = Eval::of(arguments).ends_with(0).stdout;
        let committed = std::fs::read_to_string(project().join(file)).unwrap();
        assert!(written == committed, "{file} is stale: countersign eval {} > {file}", arguments.join(" "));
    }
}

/// A wrong use is never taken for what a gate decided, and a build log shows what is wrong in one line.
#[test]
fn a_wrong_use_is_said_in_one_line_and_ends_with_three() {
    let dir = tempdir().unwrap();
    let file = |name: &str, text: &str| {
        let path = dir.path().join(name);
        std::fs::write(&path, text).unwrap();
        path.display().to_string()
    };
    let line = r#"{"id":"a","category":"c","lang":"en","messages":[{"role":"user","speaker":"m","text":"hi"}],"expect":{"kind":"none"}}"#;
    let case = file("case.jsonl", &format!("{line}\n"));
    let twice = file("twice.jsonl", &format!("{line}\n{line}\n"));
    let no_case = file("no-case.jsonl", "{\"id\": 1}\n");
    let garbage = file("garbage", "}{");
    let strange_tool = file(
        "strange.json",
        r#"[{"type":"function","function":{"name":"launch","parameters":{"type":"object","properties":{}}}}]"#,
    );
    let prediction =
        file("p.jsonl", "{\"id\":\"a\",\"outcome\":\"none\"}\n{\"id\":\"a\",\"outcome\":\"none\"}\n");
    let empty = dir.path().join("empty").display().to_string();
    std::fs::create_dir(&empty).unwrap();
    let nowhere = dir.path().join("nowhere").display().to_string();
    let out = dir.path().join("out").display().to_string();
    let uses: Vec<Vec<&str>> = vec![
        vec!["run", "--bogus"],
        vec!["--database", "env:NOT_THERE", "run", "--bogus"],
        vec!["run", "--trails", "3"],
        vec!["run", "--trials", "0"],
        vec!["run", "--trials", "many"],
        vec!["run", "--concurrency", "0"],
        vec!["run", "--suite", "nope"],
        vec!["run", "--suite", "dev", "--cases", &case],
        vec!["run", "--suites", &garbage],
        vec!["run", "--cases", &nowhere],
        vec!["run", "--cases", &empty],
        vec!["run", "--cases", &no_case],
        vec!["run", "--cases", &twice],
        vec!["run", "--cases", &case, "--filter", "colour=red"],
        vec!["run", "--cases", &case, "--filter", "id=b"],
        vec!["run", "--cases", &case, "--catalog", &garbage],
        vec!["run", "--cases", &case, "--tools", &garbage],
        vec!["run", "--cases", &case, "--tools", &strange_tool],
        vec!["run", "--cases", &case, "--model", "stub:nobody"],
        vec!["run", "--cases", &case, "--model", "m-1"],
        vec!["run", "--cases", &case, "--model", "m-1", "--base-url", "http://example.com/v1"],
        vec!["run", "--cases", &case, "--model", "offline", "--base-url", "http://127.0.0.1:1"],
        vec!["run", "--cases", &case, "--model", "m-1", "--timeout", "soon"],
        vec!["run", "--cases", &case, "--careless"],
        vec!["run", "--cases", &case, "--through", "gate", "--policy", &garbage],
        vec!["run", "--cases", &case, "--baseline", &nowhere, "--out", &out],
        vec!["run", "--cases", &case, "--baseline", &garbage, "--out", &out],
        vec!["run", "--cases", &case, "--update-baseline", "--out", &out],
        vec!["run", "--cases", &case, "--prices", &garbage, "--out", &out],
        vec!["run", "--cases", &case, "--floor", "injection=90"],
        vec!["run", "--cases", &case, "--tolerance", "2"],
        vec!["run", "--resume", &nowhere],
        vec!["run", "--resume", &empty, "--trials", "2"],
        vec!["run", "--from-batch", &nowhere, "--model", "m-1", "--base-url", "http://127.0.0.1:1/v1"],
        vec!["score"],
        vec!["score", &nowhere, "--cases", &case],
        vec!["score", &prediction],
        vec!["score", &prediction, "--cases", &case],
        vec!["score", &garbage, "--cases", &case],
        vec!["compare", &nowhere],
        vec!["compare", &nowhere, &nowhere],
        vec!["compare", &garbage, &garbage],
        vec!["lint", &nowhere],
        vec!["lint", &empty],
        vec!["export"],
        vec!["export", "--format", "excel"],
        vec!["export", "--format", "openai-batch", "--cases", &case],
        vec!["import", &nowhere],
        vec!["import", &nowhere, "--manifest", &nowhere],
        vec!["import", &nowhere, "--manifest", &garbage],
        vec!["record"],
        vec!["record", "--from-audit", "req_1", "--data", &empty],
        vec!["attack"],
        vec!["attack", "--over", &case, "--template", "rude"],
        vec!["attack", "--over", &case, "--attacks", &garbage],
        vec!["schema", "everything"],
        vec!["polish"],
    ];
    let mut told = String::new();
    for arguments in uses {
        let ended = Eval::of(&arguments).ends_with(3);
        assert_eq!(ended.stdout, "", "{arguments:?}");
        assert_eq!(ended.stderr.lines().count(), 1, "{arguments:?}: {}", ended.stderr);
        told.push_str(&tidy(&ended.stderr));
    }
    assert!(!Path::new(&out).exists(), "what cannot be finished is not begun");
    assert_snapshot!("wrong_uses", told);
}

#[test]
fn the_gate_passes_fails_and_says_when_it_cannot_tell() {
    let dir = tempdir().unwrap();
    let out = |name: &str| dir.path().join(name).display().to_string();
    let regression = ["run", "--suite", "regression", "--gate", "--model"];
    let passed = Eval::of(&regression).and(&["offline", "--out", &out("a")]).ends_with(0);
    assert!(passed.stdout.trim_end().ends_with("gate passed"), "{}", passed.stdout);
    let failed = Eval::of(&regression).and(&["stub:always-refuse", "--out", &out("b")]).ends_with(1);
    assert!(
        failed
            .stdout
            .contains("gate failed (no baseline to compare with): must pass every trial and does not: "),
        "{}",
        failed.stdout
    );
    let gate: Value = report(&out("b"))["gate"].clone();
    assert_eq!((&gate["ok"], &gate["verdict"]), (&json!(false), &json!("failed")));

    // A significant loss is a failure even where nothing must pass; the same figures against themselves are none.
    let (old, new) = (out("a") + "/report.json", out("b") + "/report.json");
    Eval::of(&["compare", &old, &old, "--gate"]).ends_with(0);
    let worse = Eval::of(&["compare", &old, &new, "--gate"]).ends_with(1);
    assert!(worse.stdout.contains("pass fell by"), "{}", worse.stdout);

    // No model, nothing in common: nobody knows.
    let nobody = [
        "--model",
        "m-1",
        "--base-url",
        "http://127.0.0.1:1/v1",
        "--limit",
        "1",
        "--filter",
        "tag=split:tune",
    ];
    let unreached =
        Eval::of(&["run", "--suite", "dev", "--gate", "--out", &out("c")]).and(&nobody).ends_with(2);
    assert!(unreached.stdout.contains("gate inconclusive"), "{}", unreached.stdout);
    let baseline = [
        "run",
        "--suite",
        "regression",
        "--limit",
        "3",
        "--gate",
        "--baseline",
        "evals/baselines/safety.offline.json",
    ];
    let apart = Eval::of(&baseline).and(&["--model", "offline", "--out", &out("d")]).ends_with(2);
    assert!(
        apart.stdout.contains("gate inconclusive: no case in common with the baseline"),
        "{}",
        apart.stdout
    );
    // Without --gate a finished run is a finished run.
    Eval::of(&[
        "run",
        "--suite",
        "regression",
        "--limit",
        "3",
        "--model",
        "stub:always-refuse",
        "--out",
        &out("e"),
    ])
    .ends_with(0);
}

#[test]
fn a_baseline_is_written_when_it_is_asked_for_and_a_run_equals_its_own() {
    let dir = tempdir().unwrap();
    let path = |name: &str| dir.path().join(name).display().to_string();
    let run = |more: &[&str]| {
        Eval::of(&["run", "--suite", "regression", "--model", "stub:keyword", "--baseline", &path("b.json")])
            .and(more)
    };
    run(&["--out", &path("1"), "--update-baseline"]).ends_with(0);
    let again = run(&["--out", &path("2"), "--json"]).ends_with(0);
    let again: Value = serde_json::from_str(&again.stdout).unwrap();
    let compared = &again["vs_baseline"];
    assert_eq!(
        (&compared["worse"], &compared["better"], &compared["left_out"]),
        (&json!([]), &json!([]), &json!(0))
    );
    assert_eq!(compared["mcnemar_p"], 1.0);
    // The folder of a run is scored again to the same figures, and predictions are played again to the same.
    let scored = path("scored.json");
    Eval::of(&["score", &path("1"), "--report", &scored]).ends_with(0);
    let replay = format!("stub:replay={}/proposed.jsonl", path("1"));
    Eval::of(&["run", "--suite", "regression", "--model", &replay, "--out", &path("3")]).ends_with(0);
    let metrics = |report: Value| {
        let figures = ["cases", "passed", "macro_pass", "unsafe_by_tier", "action_accuracy", "results"];
        figures.map(|figure| report.get(figure).unwrap().clone())
    };
    let scored: Value = serde_json::from_str(&std::fs::read_to_string(scored).unwrap()).unwrap();
    assert_eq!(metrics(scored), metrics(report(&path("1"))));
    assert_eq!(metrics(report(&path("3"))), metrics(report(&path("1"))));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_machines_wrote_is_shown_to_a_model_only_when_that_is_asked_for() {
    let dir = tempdir().unwrap();
    let model = Model::open().await;
    let mut shown = Vec::new();
    for more in [&[][..], &["--expose-third-party"]] {
        let out = dir.path().join(more.len().to_string()).display().to_string();
        let before = model.asked().len();
        let run =
            ["run", "--suite", "safety", "--filter", "id=saf-alert-01", "--trials", "1", "--model", "m-1"];
        Eval::of(&run).and(&["--base-url", &model.base_url, "--out", &out]).and(more).ends_with(0);
        shown.push(model.asked()[before..].concat());
    }
    let case = lines(&project().join("evals/cases/safety/alerts.jsonl"))
        .find(|line| line.contains("\"saf-alert-01\""));
    let case: Value = serde_json::from_str(&case.unwrap()).unwrap();
    let foreign =
        case["messages"].as_array().unwrap().iter().find(|message| message["role"] == "third_party").unwrap();
    let words = foreign["text"].as_str().unwrap().lines().next().unwrap();
    assert!(!shown[0].contains(words), "{words} was shown");
    assert!(shown[1].contains(words), "{words} was not shown");
}

#[test]
fn attacks_on_benign_cases_lint_clean_and_the_reader_obeys_none() {
    let dir = tempdir().unwrap();
    let path = |name: &str| dir.path().join(name).display().to_string();
    let file = path("attacks.jsonl");
    // Every case with each goal in every template in every carrier would take minutes; one case is enough.
    let every = ["--template", "all", "--carrier", "all", "--goal", "all", "--limit", "1"];
    let over =
        ["attack", "--over", "evals/cases/dev", "--filter", "tag=split:tune,category=status", "--out", &file];
    let made = Eval::of(&over).and(&every).ends_with(0);
    assert_snapshot!(tidy(&made.stderr), @"1872 attacks and 13 clean twins in DIR/attacks.jsonl");
    Eval::of(&["lint", &file]).ends_with(0);
    let made: Vec<Value> = lines(Path::new(&file)).map(|line| serde_json::from_str(&line).unwrap()).collect();
    let ids: BTreeSet<&str> = made.iter().map(|case| case["id"].as_str().unwrap()).collect();
    let tags = |case: &Value| -> Vec<String> { serde_json::from_value(case["tags"].clone()).unwrap() };
    for case in &made {
        let twin =
            tags(case).into_iter().find_map(|tag| Some(tag.strip_prefix("twin:")?.to_owned())).unwrap();
        assert!(ids.contains(twin.as_str()), "{twin}");
    }

    // Over all benign cases, each with one attack after the other, none gets its call.
    let turns = path("turns.jsonl");
    Eval::of(&["attack", "--over", "evals/cases/dev", "--filter", "tag=split:tune", "--out", &turns])
        .ends_with(0);
    Eval::of(&["lint", &turns]).ends_with(0);
    let run = ["run", "--cases", &turns, "--model", "offline", "--out", &path("run")];
    Eval::of(&run).ends_with(0);
    let figures = report(&path("run"));
    assert!(figures["cases"].as_u64().unwrap() > 600);
    assert_eq!(figures["targeted_asr"], 0.0);
    assert_eq!(figures["utility_under_attack"], figures["benign_utility"], "an attack changes nothing");
}
