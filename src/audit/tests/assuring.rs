//! What a story shows of its proof, and that it shows what somebody has done to it.

use super::{Fresh, deed, fresh, received};
use crate::audit::{Assurance, Checkpoint, HangingState, Logged, Position, assure, disagreement};
use crate::store::meddle::Attack;
use crate::store::samples::{person, request, request_id};
use crate::store::{RequestRow, RequestState};

/// What is shown of the story of the first request.
async fn shown(fresh: &Fresh) -> Assurance {
    let store = fresh.ledger.store();
    let rows = store.entries_of(&request_id(1)).await.unwrap();
    assure(store, &fresh.ledger.keys(), &rows).await.unwrap()
}

/// The doubts, as one text.
async fn doubts(fresh: &Fresh) -> String {
    let shown = shown(fresh).await;
    let mut doubts = Vec::new();
    for entry in &shown.entries {
        let checkpoint = entry.covered.as_ref().and_then(|covered| covered.doubt.clone());
        doubts.extend(entry.doubt.clone().into_iter().chain(checkpoint));
        for hanging in entry.hanging.iter().filter(|hanging| hanging.state != HangingState::Kept) {
            doubts.push(format!("{}: {:?}", hanging.name, hanging.state));
        }
    }
    doubts.dedup();
    doubts.join("\n")
}

/// Nine requests with an entry each; the first has two, at 1 and 10. Exported after the fifth and at the end.
async fn told() -> Option<Fresh> {
    let fresh = fresh().await?;
    let exporting = fresh.exporter(vec![fresh.file_sink()]);
    fresh.grow(5).await;
    exporting.exporter.export_now().await.unwrap();
    for number in [6, 7, 8, 1] {
        fresh.write(vec![], vec![received(number)]).await;
    }
    exporting.exporter.export_now().await.unwrap();
    Some(fresh)
}

#[tokio::test]
async fn an_entry_is_proven_and_its_first_checkpoint_outside_is_named() {
    let Some(fresh) = told().await else { return };
    let shown = shown(&fresh).await;
    assert_eq!((shown.size, shown.unchecked), (12, 0));
    let places: Vec<_> = shown.entries.iter().map(|entry| entry.position).collect();
    assert_eq!(places, [Position::new(0, 1), Position::new(0, 10)]);
    let covered: Vec<_> = shown.entries.iter().map(|entry| entry.covered.clone().unwrap()).collect();
    let exported: Vec<u64> =
        fresh.exported().iter().map(|note| Checkpoint::parse(note).unwrap().size).collect();
    assert_eq!(covered.iter().map(|one| one.size).collect::<Vec<_>>(), exported);
    assert!(covered.iter().all(|one| one.exports.len() == 1 && one.exports[0].0.starts_with("file ")));
    assert_eq!(doubts(&fresh).await, "");
    // What was written since has not left.
    fresh.write(vec![], vec![received(1)]).await;
    assert_eq!(self::shown(&fresh).await.entries[2].covered, None);
    assert_eq!(doubts(&fresh).await, "");
}

#[tokio::test]
async fn what_somebody_did_to_a_story_is_shown_beside_it() {
    let attacks = [
        (
            Attack::Edit { seq: 1, from: "deployments", to: "incidents!!" },
            "entry 1 is not the one that was signed",
        ),
        (Attack::Column { seq: 1 }, "the columns of entry 1 say something else than its body"),
        (Attack::Body { seq: 1, body: b"{}".to_vec() }, "entry 1: missing field `epoch` at line 1 column 2"),
        (Attack::Hash { position: 0 }, "entry 1 is not the one that was signed"),
        (Attack::Payload { seq: 1 }, "message: Changed"),
        (Attack::Unhang { seq: 1 }, "message: Gone"),
        (Attack::Hang { seq: 1 }, "extra: Foreign"),
        (Attack::Headless, "nothing says where record 0 ends\nthe end of the record does not hold"),
    ];
    for (attack, expected) in attacks {
        let Some(fresh) = told().await else { return };
        fresh.ledger.store().meddle(&attack).await;
        let found = doubts(&fresh).await;
        assert!(found.starts_with(expected), "{attack:?}: {found}");
    }
}

#[tokio::test]
async fn a_checkpoint_that_the_record_does_not_go_on_from_is_a_doubt() {
    let Some(fresh) = told().await else { return };
    let head = fresh.ledger.head().await.unwrap().unwrap();
    let size = i64::try_from(Checkpoint::parse(&fresh.exported()[0]).unwrap().size).unwrap();
    // A genuine note, in the place of another.
    let note = head.note.clone();
    fresh.ledger.store().meddle(&Attack::Checkpoint { size, note }).await;
    insta::assert_snapshot!(doubts(&fresh).await, @"it is noted down for another size");
    let forged = fresh.exported()[0].replace("\n6\n", "\n7\n");
    fresh.ledger.store().meddle(&Attack::Checkpoint { size, note: forged }).await;
    insta::assert_snapshot!(doubts(&fresh).await, @"the head does not carry the signature of this record's key");
}

#[tokio::test]
async fn a_purge_is_shown_with_who_and_why_and_is_part_of_the_story() {
    let Some(fresh) = told().await else { return };
    fresh.ledger.purge(Position::new(0, 1), None, &deed("a password")).await.unwrap();
    let shown = shown(&fresh).await;
    let HangingState::Purged(purged) = &shown.entries[0].hanging[0].state else { panic!("{shown:?}") };
    assert_eq!((purged.who.as_str(), purged.reason.as_str()), ("carol", "a password"));
    assert_eq!(shown.entries.len(), 3, "the purge is an entry about the request");
    let last = fresh.ledger.entries_of(&request_id(1)).await.unwrap().pop().unwrap();
    assert_eq!(crate::audit::story(&[last])[0].what, "took away the message of entry 1: a password");
    // An entry that says so and was never signed does not count.
    let seq = shown.entries[2].position.seq.try_into().unwrap();
    fresh.ledger.store().meddle(&Attack::Edit { seq, from: "a password", to: "nothing at all" }).await;
    assert!(doubts(&fresh).await.starts_with("message: Gone"), "{}", doubts(&fresh).await);
}

#[tokio::test]
async fn a_list_that_lies_is_told_from_the_record() {
    let Some(fresh) = told().await else { return };
    let entries: Vec<Logged> = fresh.ledger.entries_of(&request_id(1)).await.unwrap();
    let honest = RequestRow { command: None, ..request(1) };
    assert_eq!(disagreement(&honest, &entries), None);
    let lies = [
        RequestRow { asker: Some(person("bob")), ..honest.clone() },
        RequestRow { command: Some("/status".to_owned()), ..honest.clone() },
        RequestRow { state: RequestState::Done, ..honest.clone() },
    ];
    let told: Vec<_> = lies.iter().map(|row| disagreement(row, &entries).unwrap_or_default()).collect();
    insta::assert_snapshot!(told.join("\n"), @"
    asked by: listed as `bob`, on the record `alice`
    command: listed as `/status`, on the record ``
    result: listed as `done`, on the record `received`
    ");
    insta::assert_snapshot!(disagreement(&honest, &[]).unwrap(), @"no entry says that it was received");
}
