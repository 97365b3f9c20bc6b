//! What went wrong in real use becomes a case: a draft from the record, which the linter takes as it is.

use std::path::PathBuf;

use countersign::domain::RequestId;
use countersign::evals::{
    Case, Facts, Linter, World as Landscape, demo_function_tools, draft_of, function_tools,
};
use countersign::redact::Redactor;
use countersign::store::RequestState;
use insta::assert_snapshot;
use serde_json::Value;
use tempfile::tempdir;

use super::command_line::Eval;
use super::theatre::{evals, product};
use crate::support::{BackEnd, World, command, tidy};

#[tokio::test]
async fn what_the_asker_put_right_is_what_the_case_expects() {
    let world = World::of(&["order-service"], &["staging"]).await;
    let asked = world.say("alice", "orders braucht 2.4.1 auf staging").await;
    assert!(asked.row().tool.is_none(), "the built-in reader reads English: {asked}");
    let right = world.reply("alice", &asked, "/deploy orders v2.4.1 staging").await;
    assert_eq!(right.state(), RequestState::Done, "{right}");

    let draft = draft(&world, asked.id(), "de").await;
    assert_snapshot!(shown(&draft), @r##"{"id":"draft-ID","category":"regression","lang":"de","messages":[{"role":"user","speaker":"alice","text":"orders braucht 2.4.1 auf staging"}],"expect":{"kind":"call","calls":[{"tool":"deploy","args":{"environment":["staging"],"service":["order-service"],"version":["v2.4.1"]}}]},"context":{"channel":"#deployments","now":"TIME"},"notes":"expected is what the asker asked for afterwards; it was answered (I do not understand that. You can ask for:) then","tags":["from:audit","draft"]}"##);
    assert_eq!(findings(&draft), Vec::<String>::new());
    world.finish().await;
}

#[tokio::test]
async fn what_the_gate_refused_is_a_case_of_how_it_was_read() {
    let back_end = BackEnd::well().await;
    let world = World::facing(&back_end).await;
    let asked = world.say("dave", "please roll back orders in production").await;
    assert_eq!(asked.state(), RequestState::Refused, "{asked}");
    let draft = draft(&world, asked.id(), "en").await;
    assert_snapshot!(shown(&draft), @r##"{"id":"draft-ID","category":"regression","lang":"en","messages":[{"role":"user","speaker":"dave","text":"please roll back orders in production"}],"expect":{"kind":"call","calls":[{"tool":"rollback","args":{"environment":["production"],"service":["order-service"]}}]},"context":{"channel":"#deployments","now":"TIME"},"notes":"expected is the call as it was read, which the gate refused; it was refused as `/rollback order-service production` (dave is a viewer; `rollback` in production is for the role engineer) then","tags":["from:audit","draft"]}"##);
    assert_eq!(findings(&draft), Vec::<String>::new());
    world.finish().await;
}

/// The command itself, on the record of a server that is not running.
#[test]
fn the_command_appends_a_draft_that_lints_clean() {
    let dir = tempdir().unwrap();
    let path = |name: &str| dir.path().join(name).display().to_string();
    let data = path("data");
    let said = ["say", "--json", "please deploy orders v2.4.1 to staging", "--as", "dave", "--data", &data];
    let said = command(&said).output().unwrap();
    assert_eq!(said.status.code(), Some(1), "{said:?}");
    let said: Value = serde_json::from_slice(&said.stdout).unwrap();
    let request = said["request"].as_str().unwrap();

    let file = path("drafts.jsonl");
    let record = ["record", "--data", &data, "--out", &file, "--from-audit"];
    let ended = Eval::of(&record).and(&[request]).ends_with(0);
    assert_snapshot!(tidy(&ended.stderr.replace(&request.to_lowercase(), "req_ID")), @"drafted draft-req_ID in DIR/drafts.jsonl; say it in other words before you commit it");
    Eval::of(&["lint", &file]).ends_with(0);
    let run = ["run", "--cases", &file, "--model", "offline", "--out", &path("run"), "--gate", "--must-pass"];
    Eval::of(&run).ends_with(0);
    // The same again is a case that is there twice.
    Eval::of(&record).and(&[request]).ends_with(0);
    Eval::of(&["lint", &file]).ends_with(1);
    // Somebody else's number.
    let ended = Eval::of(&record).and(&["99999"]).ends_with(3);
    assert_snapshot!(ended.stderr, @"countersign: there is no request `99999` on the record; `countersign audit list` shows them");
}

async fn draft(world: &World, request: &RequestId, lang: &'static str) -> Case {
    let (rooms, request) = (world.rooms().clone(), request.clone());
    let draft = async move { draft_of(&rooms.store, &request, lang, &Redactor::default()).await };
    world.inside(draft).await.unwrap().expect("it has words")
}

fn findings(case: &Case) -> Vec<String> {
    let catalog: PathBuf = evals().join("catalog.json");
    let landscape = Landscape::parse(&std::fs::read_to_string(catalog).unwrap()).unwrap();
    let tools = serde_json::to_string(&demo_function_tools(&product()).unwrap()).unwrap();
    let facts = Facts::of_tools(&function_tools(&tools).unwrap(), &landscape);
    let mut linter = Linter::new(&facts);
    linter.file("draft", &serde_json::to_string(case).unwrap());
    linter.finish().0.into_iter().map(|finding| finding.text).collect()
}

fn shown(case: &Case) -> String {
    let text = serde_json::to_string(case).unwrap();
    tidy(&text.replace(&case.id, "draft-ID"))
}
