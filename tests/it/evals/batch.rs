//! A batch is the live run, written down: the same bytes go out, and the same answers come to the same scores.

use std::collections::BTreeSet;
use std::fs::{read_to_string, write};
use std::path::Path;

use serde_json::value::RawValue;
use serde_json::{Value, json};
use tempfile::tempdir;

use super::command_line::{Eval, lines, report};
use super::model::{Model, answer};

/// Cases in which one message is an exact command, threads, machines' text, and several trials each.
const SOME: [&str; 8] =
    ["--suite", "safety", "--filter", "id=saf-alert-*,id=saf-turns-*", "--trials", "2", "--model", "m-1"];

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_batch_is_the_live_run_byte_for_byte_and_scores_the_same() {
    let model = Model::open().await;
    let dir = tempdir().unwrap();
    let file = |name: &str| dir.path().join(name).display().to_string();
    let (batch, live, again) = (file("batch"), file("live"), file("again"));

    Eval::of(&["export", "--format", "openai-batch", "--out", &batch]).and(&SOME).ends_with(0);
    assert_eq!(model.asked().len(), 0);
    let requests = requests(Path::new(&format!("{batch}.jsonl")));
    Eval::of(&["run", "--base-url", &model.base_url, "--out", &live]).and(&SOME).ends_with(0);
    let mut written: Vec<String> = requests.iter().map(|(_, body)| body.clone()).collect();
    let mut posted = model.asked();
    // An attack and its clean twin are the same request: what machines wrote is not shown.
    written.sort();
    posted.sort();
    assert!(written.len() > 100, "{}", written.len());
    assert_eq!(written, posted);

    // The provider sends answers in any order, failures in a file of their own, and says nothing of some.
    let (out, errors) = (file("out.jsonl"), file("errors.jsonl"));
    let mut answered: Vec<(bool, String)> = requests.iter().map(|(id, body)| provider(id, body)).collect();
    answered.sort_by_key(|(_, line)| line.chars().rev().collect::<String>());
    for (failed, file) in [(false, &out), (true, &errors)] {
        let lines: Vec<_> =
            answered.iter().filter(|(is, _)| *is == failed).map(|(_, line)| line.clone()).collect();
        assert!(!lines.is_empty());
        write(file, lines.join("\n")).unwrap();
    }
    let manifest = format!("{batch}.manifest.json");
    Eval::of(&["import", &out, &errors, "--manifest", &manifest, "--out", &again]).ends_with(0);
    same(&report(&again), &report(&live));
    assert!(report(&live)["infra_errors"].as_u64().unwrap() > 2);
    assert_eq!(report(&again)["latency_ms"]["timed"], 0, "nobody waited for a batch");

    // A batch of which the provider lost the end is scored as far as it goes, and says what is missing.
    let part = file("part");
    let ended = Eval::of(&[
        "import",
        &out,
        "--manifest",
        &manifest,
        "--out",
        &part,
        "--gate",
        "--floor",
        "injection=0",
    ])
    .ends_with(2);
    assert!(ended.stderr.contains("requests that no line answers: t"), "{}", ended.stderr);

    // What the answers are about must still be there.
    let mut other: Value = serde_json::from_str(&read_to_string(&manifest).unwrap()).unwrap();
    other["run"]["hashes"]["tools"] = other["run"]["hashes"]["cases"].clone();
    write(file("other.json"), other.to_string()).unwrap();
    let refused =
        Eval::of(&["import", &out, "--manifest", &file("other.json"), "--out", &file("none")]).ends_with(3);
    assert_eq!(
        refused.stderr.trim(),
        "countersign: the tools changed since the batch was written: its answers are about something else"
    );
    assert!(!Path::new(&file("none")).exists(), "nothing was begun");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_without_batches_is_asked_one_by_one_and_only_for_what_is_missing() {
    let model = Model::open().await;
    let dir = tempdir().unwrap();
    let file = |name: &str| dir.path().join(name).display().to_string();
    let (batch, live, played) = (file("batch"), file("live"), file("played"));
    Eval::of(&["export", "--format", "openai-batch", "--out", &batch]).and(&SOME).ends_with(0);
    Eval::of(&["run", "--base-url", &model.base_url, "--out", &live]).and(&SOME).ends_with(0);
    let before = model.asked().len();

    let (from, manifest) = (format!("{batch}.jsonl"), format!("{batch}.manifest.json"));
    let play =
        ["run", "--from-batch", &from, "--model", "m-1", "--base-url", &model.base_url, "--out", &played];
    Eval::of(&play).ends_with(0);
    let requests = requests(Path::new(&from));
    assert_eq!(model.asked().len(), before + requests.len());
    assert_eq!(
        model.asked().split_off(before).into_iter().collect::<BTreeSet<_>>(),
        requests.iter().map(|(_, body)| body.clone()).collect()
    );

    // Broken off in the middle of a line: that one, and those that failed, are put again, and no other.
    let out = dir.path().join("played/out.jsonl");
    let whole = read_to_string(&out).unwrap();
    write(&out, &whole.as_bytes()[..whole.len() - 20]).unwrap();
    let failed = requests.iter().filter(|(_, body)| answer(body).0 != 200).count();
    let last_failed = usize::from(!whole.lines().last().unwrap().contains("\"status_code\":200"));
    let before = model.asked().len();
    Eval::of(&play).and(&["--manifest", &manifest]).ends_with(0);
    assert_eq!(model.asked().len() - before, failed + 1 - last_failed);
    same(&report(&played), &report(&live));
}

#[test]
fn files_are_split_and_each_request_stands_in_one_of_them() {
    let dir = tempdir().unwrap();
    let batch = dir.path().join("b").display().to_string();
    Eval::of(&["export", "--format", "openai-batch", "--out", &batch, "--max-requests", "40"])
        .and(&SOME)
        .ends_with(0);
    let manifest: Value =
        serde_json::from_str(&read_to_string(format!("{batch}.manifest.json")).unwrap()).unwrap();
    let mut seen = BTreeSet::new();
    for part in manifest["parts"].as_array().unwrap() {
        let requests = requests(Path::new(part.as_str().unwrap()));
        assert!((1..=40).contains(&requests.len()));
        for (id, _) in requests {
            assert!(id.len() <= 64 && seen.insert(id));
        }
    }
    let known: BTreeSet<String> = manifest["requests"].as_object().unwrap().keys().cloned().collect();
    assert!(seen.len() > 80);
    assert_eq!(seen, known);
}

/// The requests of a batch, each body as it is written.
fn requests(file: &Path) -> Vec<(String, String)> {
    #[derive(serde::Deserialize)]
    struct Line {
        custom_id: String,
        method: String,
        url: String,
        body: Box<RawValue>,
    }
    let read = |line: String| {
        let line: Line = serde_json::from_str(&line).unwrap();
        assert_eq!((line.method.as_str(), line.url.as_str()), ("POST", "/v1/chat/completions"));
        (line.custom_id, line.body.get().to_owned())
    };
    lines(file).map(read).collect()
}

/// The provider's line about a request; and whether it goes into the file of errors.
fn provider(id: &str, body: &str) -> (bool, String) {
    let (status, answer) = answer(body);
    let response = json!({"status_code": status, "request_id": "r", "body": answer});
    (status != 200, json!({"id": "b", "custom_id": id, "response": response, "error": null}).to_string())
}

fn same(one: &Value, other: &Value) {
    let (one, other) = (untimed(one), untimed(other));
    let results = |report: &Value| report["results"].as_array().unwrap().clone();
    for (one, other) in results(&one).iter().zip(results(&other)) {
        assert_eq!(one, &other);
    }
    for (key, value) in other.as_object().unwrap() {
        assert_eq!(one.get(key), Some(value), "{key}");
    }
}

/// A report without what differs from run to run: times, and the words about a failure of the network.
fn untimed(report: &Value) -> Value {
    fn tidy(value: &mut Value) {
        match value {
            Value::Object(map) => {
                map.remove("latency_ms");
                map.remove("date");
                if map.get("error").is_some_and(|error| !error.is_null()) {
                    map.insert("error".to_owned(), "no answer".into());
                }
                map.values_mut().for_each(tidy);
            }
            Value::Array(list) => list.iter_mut().for_each(tidy),
            _ => {}
        }
    }
    let mut report = report.clone();
    // A batch knows its server only by the one who asks it.
    report["provenance"].as_object_mut().unwrap().remove("base_url");
    tidy(&mut report);
    report
}
