use serde_json::json;

use super::{Fresh, fresh, received};
use crate::audit::{Actor, Entry, EntryKind, Logged, flat_record, story};
use crate::store::samples::{at, person, request_id};

fn by(name: &str) -> Actor {
    Actor { person: Some(person(name)), identity: format!("console:{name}") }
}

fn entry(kind: EntryKind, millis: i64) -> Entry {
    Entry::new(kind, at(millis)).about(&request_id(1))
}

fn voted(name: &str, choice: &str, millis: i64) -> Entry {
    entry(EntryKind::Voted, millis).by(by(name), "console").with("choice", choice)
}

fn judged() -> Vec<Entry> {
    let command = "/deploy order-service v2.4.1 production";
    vec![
        received(1).with("what", "text"),
        entry(EntryKind::Interpreted, 2).with("command", command),
        entry(EntryKind::Judged, 3)
            .with("command", command)
            .with("decision", "need-approval")
            .with("reason", "production needs 1 of team-lead"),
    ]
}

async fn logged(fresh: &Fresh, entries: Vec<Entry>) -> Vec<Logged> {
    fresh.write(vec![], entries).await;
    fresh.ledger.entries_of(&request_id(1)).await.unwrap()
}

fn shown(entries: &[Logged]) -> String {
    let lines = story(entries).into_iter().map(|line| format!("{} {} {}", line.at, line.who, line.what));
    let record = serde_json::to_string_pretty(&flat_record(entries)).unwrap();
    lines.chain(std::iter::once(record)).collect::<Vec<_>>().join("\n")
}

#[tokio::test]
async fn an_approved_deployment_reads_as_a_story() {
    let Some(fresh) = fresh().await else { return };
    let mut entries = judged();
    entries.push(voted("bob", "approve", 40));
    entries.push(voted("dave", "approve", 50));
    entries.push(voted("dave", "retract", 60).with("note", "wrong window"));
    let started = entry(EntryKind::Started, 1_000).with("command", "/deploy order-service v2.4.1 production");
    entries.push(started.with("approved_by", json!(["bob"])));
    entries.push(entry(EntryKind::Finished, 13_300).with("result", "done").with("text", "v2.4.1 is healthy"));
    entries.push(entry(EntryKind::Replied, 13_310).with("title", "Deployed"));
    insta::assert_snapshot!(shown(&logged(&fresh, entries).await));
}

#[tokio::test]
async fn a_denied_request_says_so_and_took_no_time() {
    let Some(fresh) = fresh().await else { return };
    let mut entries = judged();
    entries.push(voted("bob", "approve", 40));
    entries.push(voted("bob", "deny", 50).with("note", "not on a Friday"));
    entries.push(entry(EntryKind::Ended, 51).with("state", "denied").with("reason", "bob said no"));
    insta::assert_snapshot!(shown(&logged(&fresh, entries).await));
}

#[tokio::test]
async fn where_it_stands_is_the_last_word() {
    let Some(fresh) = fresh().await else { return };
    let result = |entries: &[Logged]| flat_record(entries).unwrap().result;
    let waiting = logged(&fresh, judged()).await;
    assert_eq!(result(&waiting), "waiting");
    assert_eq!(result(&waiting[..2]), "received");
    assert_eq!(flat_record(&waiting[1..]), None);
    let refused = logged(&fresh, vec![entry(EntryKind::Judged, 9).with("decision", "deny")]).await;
    assert_eq!(result(&refused), "refused");
}
