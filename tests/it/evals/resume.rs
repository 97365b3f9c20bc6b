//! A run that is broken off goes on where it stopped: nothing is asked twice, and it comes to what it would have come to.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::process::{Child, Command, Stdio};

use insta::assert_snapshot;
use serde_json::Value;
use tempfile::tempdir;

use super::command_line::{Eval, lines, report};
use super::model::{Model, answer};
use crate::support::tidy;

const SOME: [&str; 8] =
    ["--suite", "dev", "--filter", "category=deploy,tag=split:tune", "--trials", "3", "--model", "m-1"];

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn ctrl_c_lets_what_is_under_way_finish_and_resuming_asks_for_the_rest_only() {
    let dir = tempdir().unwrap();
    let (whole, broken) = (folder(&dir, "whole"), folder(&dir, "broken"));
    let model = Model::open().await;
    Eval::of(&["run", "--base-url", &model.base_url, "--out", &whole]).and(&SOME).ends_with(0);
    let all = model.asked().len();
    assert!(all > 50, "{all}");

    let model = Model::that_answers(20).await;
    let run = begin(
        &Eval::of(&["run", "--base-url", &model.base_url, "--out", &broken, "--concurrency", "4"]).and(&SOME),
    );
    // Twenty are answered, and four wait for an answer.
    model.is_asked(24).await;
    interrupt(&run);
    model.go_on();
    let output = run.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(130), "{output:?}");
    let said = String::from_utf8(output.stderr).unwrap();
    let told = said.lines().filter(|line| !line.contains("% pass")).collect::<Vec<_>>().join("\n");
    assert_snapshot!(tidy(&told), @"

    finishing what is under way; once more to give it up
    stopped; take it up again with: countersign eval run --resume DIR/broken
    ");
    let so_far = model.asked().len();
    assert!((24..all).contains(&so_far), "{so_far}");
    assert_eq!(trials(&broken, "predictions.jsonl").len(), so_far, "what was under way was kept");
    assert!(!Path::new(&broken).join("report.json").exists());

    Eval::of(&["run", "--resume", &broken]).ends_with(0);
    let asked = model.asked();
    assert_eq!(asked.iter().collect::<BTreeSet<_>>().len(), all);
    let (before, after) = asked.split_at(so_far);
    for body in after {
        assert!(!before.contains(body) || answer(body).0 != 200, "what was answered was asked again: {body}");
    }
    same(&broken, &whole);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_run_that_was_killed_in_the_middle_of_a_line_goes_on() {
    let dir = tempdir().unwrap();
    let (whole, broken) = (folder(&dir, "whole"), folder(&dir, "broken"));
    let model = Model::open().await;
    Eval::of(&["run", "--base-url", &model.base_url, "--out", &whole]).and(&SOME).ends_with(0);
    let all = model.asked().len();

    let model = Model::that_answers(20).await;
    let mut run = begin(
        &Eval::of(&["run", "--base-url", &model.base_url, "--out", &broken, "--concurrency", "4"]).and(&SOME),
    );
    model.is_asked(24).await;
    run.kill().unwrap();
    run.wait().unwrap();
    let file = Path::new(&broken).join("predictions.jsonl");
    let text = std::fs::read(&file).unwrap();
    std::fs::write(&file, &text[..text.len() - 15]).unwrap();
    let before = model.asked().len();
    let kept = lines(&file).filter(|line| serde_json::from_str::<Value>(line).is_ok());
    let kept = kept.filter(|line| line.contains("\"error\":null") || !line.contains("\"error\":\"")).count();
    model.go_on();

    Eval::of(&["run", "--resume", &broken]).ends_with(0);
    assert_eq!(model.asked().len() - before, all - kept);
    same(&broken, &whole);

    // Taken up once more it asks for what had no answer, and for nothing else.
    let before = model.asked().len();
    let unanswered = report(&whole)["infra_errors"].as_u64().unwrap();
    Eval::of(&["run", "--resume", &broken]).ends_with(0);
    assert_eq!(model.asked().len() - before, usize::try_from(unanswered).unwrap());
    same(&broken, &whole);
}

#[test]
fn a_run_is_not_taken_up_with_other_cases_and_no_two_runs_share_a_folder() {
    let dir = tempdir().unwrap();
    let (out, cases) = (folder(&dir, "out"), dir.path().join("cases.jsonl"));
    let case = |text: &str| {
        format!(
            r#"{{"id":"a","category":"c","lang":"en","messages":[{{"role":"user","speaker":"maya","text":"{text}"}}],"expect":{{"kind":"none"}}}}"#
        )
    };
    std::fs::write(&cases, case("hello")).unwrap();
    let run = Eval::of(&["run", "--model", "offline", "--out", &out, "--cases", cases.to_str().unwrap()]);
    run.ends_with(0);
    assert_snapshot!(tidy(&run.ends_with(3).stderr), @"countersign: `DIR/out` holds a run already; take it up with --resume, or name another folder");
    Eval::of(&["run", "--resume", &out]).ends_with(0);
    std::fs::write(&cases, case("hello there")).unwrap();
    assert_snapshot!(Eval::of(&["run", "--resume", &out]).ends_with(3).stderr, @"countersign: the cases changed since the run in this folder began; begin another one");
}

fn folder(dir: &tempfile::TempDir, name: &str) -> String {
    dir.path().join(name).display().to_string()
}

fn begin(eval: &Eval) -> Child {
    eval.command().stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap()
}

fn interrupt(child: &Child) {
    assert!(Command::new("kill").args(["-INT", &child.id().to_string()]).status().unwrap().success());
}

/// Each trial's line, without how long it took.
fn trials(folder: &str, file: &str) -> BTreeMap<(String, u64), Value> {
    let mut found = BTreeMap::new();
    for line in lines(&Path::new(folder).join(file)) {
        let mut line: Value = serde_json::from_str(&line).unwrap();
        line["latency_ms"].take();
        let key = (line["id"].as_str().unwrap().to_owned(), line["trial"].as_u64().unwrap());
        assert!(found.insert(key, line).is_none(), "a trial has two lines");
    }
    found
}

/// Without how long anything took.
fn untimed(mut value: Value) -> Value {
    match &mut value {
        Value::Object(map) => {
            map.remove("latency_ms");
            map.values_mut().for_each(|inner| *inner = untimed(inner.take()));
        }
        Value::Array(list) => list.iter_mut().for_each(|inner| *inner = untimed(inner.take())),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
    value
}

/// Two runs came to the same: every line and every figure but times.
fn same(one: &str, other: &str) {
    for file in ["predictions.jsonl", "proposed.jsonl"] {
        assert_eq!(trials(one, file), trials(other, file), "{file}");
    }
    let figures = |folder: &str| {
        let mut report = report(folder);
        report["provenance"]["date"].take();
        let same =
            ["provenance", "cases", "pass", "by_category", "infra_errors", "flaky", "tokens", "proposed"];
        same.map(|figure| untimed(report.get(figure).unwrap().clone()))
    };
    assert_eq!(figures(one), figures(other));
}
