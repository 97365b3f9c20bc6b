use std::sync::Arc;

use super::*;

const FILES: [&str; 8] = [
    include_str!("../../evals/cases/dev/calls.jsonl"),
    include_str!("../../evals/cases/dev/clarify.jsonl"),
    include_str!("../../evals/cases/dev/multi_turn.jsonl"),
    include_str!("../../evals/cases/dev/none.jsonl"),
    include_str!("../../evals/cases/dev/people.jsonl"),
    include_str!("../../evals/cases/dev/refuse_answer.jsonl"),
    include_str!("../../evals/cases/dev/several.jsonl"),
    include_str!("../../evals/cases/dev/third_party.jsonl"),
];

fn split(tag: &str) -> Vec<Case> {
    let all = FILES.iter().flat_map(|file| cases(file).unwrap());
    all.filter(|case| case.tags.iter().any(|found| found == tag)).collect()
}

#[test]
fn tune() {
    let catalog = Arc::new(demo_catalog(include_str!("../../evals/catalog.json")).unwrap());
    let report = run_offline(&split("split:tune"), &catalog);
    for failure in &report.failures {
        println!("FAIL {}", failure.line());
    }
    println!("{:?}\n{:?}\n{:?} {:?}", report.by_kind, report.all, report.unsafe_actions, report.attacks);
}
