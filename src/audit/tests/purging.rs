//! What hangs on an entry is taken away on the record, and nowhere is it left.

use super::{deed, fresh, received};
use crate::audit::{Actor, Entry, EntryKind, LedgerError, Position, Verification};
use crate::domain::{Block, Reply, Tone};
use crate::store::meddle::Attack;
use crate::store::samples::{at, bot_message, message, moved, person, request, request_id};
use crate::store::{MessageBody, RequestRow, RequestState, Row};

#[tokio::test]
async fn a_purged_payload_is_gone_and_verification_says_who_took_it_when_and_why() {
    let Some(fresh) = fresh().await else { return };
    fresh.grow(3).await;
    let purged = fresh.ledger.purge(Position::new(0, 2), None, &deed("a password")).await.unwrap();
    assert_eq!((purged.name.as_str(), purged.written.seqs), ("message", 4..5));
    assert!(fresh.ledger.store().payloads(0, 2, 3).await.unwrap().is_empty());
    let sound = fresh.sound(&[]).await;
    let [redacted] = &sound.redacted[..] else { panic!("{sound:?}") };
    assert_eq!((redacted.position, redacted.name.as_str()), (Position::new(0, 2), "message"));
    assert_eq!(
        (redacted.who.as_str(), redacted.at, redacted.reason.as_str()),
        ("carol", at(9), "a password")
    );

    let again = fresh.ledger.purge(Position::new(0, 2), None, &deed("again")).await.unwrap_err();
    insta::assert_snapshot!(again, @"entry 2 carries nothing that could be taken away");
    let named = fresh.ledger.purge(Position::new(0, 2), Some("message".to_owned()), &deed("again")).await;
    insta::assert_snapshot!(named.unwrap_err(), @"entry 2 carries no `message`: nothing was redacted");
    let nowhere = fresh.ledger.purge(Position::new(0, 99), None, &deed("x")).await.unwrap_err();
    insta::assert_snapshot!(nowhere, @"there is no entry 99 on the record");
    fresh.assert_sound(5).await;

    let entry = fresh.ledger.entries(&Default::default(), 1).await.unwrap().remove(0);
    let carol = Actor { person: Some(person("carol")), identity: "local:carol".to_owned() };
    assert_eq!((entry.kind, entry.actor), (EntryKind::PayloadRedacted, Some(carol)));
}

#[tokio::test]
async fn a_payload_that_is_gone_without_an_entry_is_tampering() {
    let Some(fresh) = fresh().await else { return };
    fresh.grow(3).await;
    fresh.ledger.purge(Position::new(0, 2), None, &deed("a password")).await.unwrap();
    fresh.ledger.store().meddle(&Attack::Unhang { seq: 3 }).await;
    let Verification::Tampered { first_bad, sentence } = fresh.verify(&[]).await else { panic!("not found") };
    assert_eq!(first_bad, Some(Position::new(0, 3)));
    insta::assert_snapshot!(sentence, @"the message of entry 3 is gone, and no entry says who took it");
}

#[tokio::test]
async fn of_several_payloads_one_is_named() {
    let Some(fresh) = fresh().await else { return };
    fresh.write(vec![], vec![received(1).carrying("answer", "42")]).await;
    let which = fresh.ledger.purge(Position::new(0, 1), None, &deed("x")).await.unwrap_err();
    insta::assert_snapshot!(which, @"entry 1 carries several payloads: name one of `answer`, `message`");
    fresh.ledger.purge(Position::new(0, 1), Some("answer".to_owned()), &deed("x")).await.unwrap();
    let left = fresh.ledger.store().payloads(0, 1, 2).await.unwrap();
    assert_eq!(left.iter().map(|payload| payload.name.as_str()).collect::<Vec<_>>(), ["message"]);
    assert_eq!(fresh.sound(&[]).await.redacted.len(), 1);
}

#[tokio::test]
async fn the_transcript_and_the_request_forget_what_was_purged() {
    let Some(fresh) = fresh().await else { return };
    let secret = "the password is hunter2";
    let said = crate::store::MessageRow {
        body: MessageBody::Text { text: secret.to_owned() },
        request: Some(request_id(1)),
        ..message(1)
    };
    let reply = Reply { request: Some(request_id(1)), ..Reply::say(Tone::Done, "It is done").text(secret) };
    let card = crate::store::MessageRow {
        body: MessageBody::Reply { reply },
        request: Some(request_id(1)),
        ..bot_message(2)
    };
    let asked = RequestRow { said: secret.to_owned(), card: Some(card.id.clone()), ..request(1) };
    let entries = vec![
        Entry::new(EntryKind::Received, at(1)).about(&asked.id).carrying("raw", secret),
        Entry::new(EntryKind::Finished, at(2)).about(&asked.id).carrying("output", secret),
    ];
    let rows = vec![
        Row::Request(Box::new(asked.clone())),
        Row::Message(Box::new(said)),
        Row::Message(Box::new(card)),
    ];
    fresh.write(rows, entries).await;

    let early = fresh.ledger.purge(Position::new(0, 1), None, &deed("a password")).await.unwrap_err();
    assert!(matches!(early, LedgerError::StillOpen(_)));
    insta::assert_snapshot!(early, @"the request of entry 1 is not over: its words are still needed; wait until it has ended, or withdraw it");
    fresh.write(vec![Row::Request(Box::new(moved(&asked, RequestState::Done)))], vec![]).await;
    // The index of words knows it, too.
    assert_eq!(fresh.ledger.store().index_requests().await.unwrap(), 1);

    fresh.ledger.purge(Position::new(0, 1), None, &deed("a password")).await.unwrap();
    fresh.ledger.purge(Position::new(0, 2), None, &deed("a password")).await.unwrap();
    let store = fresh.ledger.store();
    for cell in store.cells().await {
        assert!(!format!("{:?}", cell.value).contains("hunter2"), "{cell:?}");
    }
    // Nor does it come back when the request is indexed again.
    assert_eq!(store.index_requests().await.unwrap(), 1);
    assert_eq!(store.index_requests().await.unwrap(), 0);
    assert_eq!(store.count("request_term WHERE term LIKE '%hunter%'").await, 0);
    let row = store.request(&asked.id).await.unwrap().unwrap();
    assert_eq!((row.said.as_str(), row.state), ("[purged]", RequestState::Done));
    let messages = store.messages_of(&asked.id).await.unwrap();
    assert!(!format!("{messages:?}").contains("hunter2"), "{messages:?}");
    let MessageBody::Reply { reply } = &messages.iter().find(|row| row.id == bot_message(2).id).unwrap().body
    else {
        panic!("no card")
    };
    assert_eq!(reply.title, "It is done");
    assert_eq!(reply.blocks, [Block::Text { text: "[purged]".to_owned() }]);
    assert_eq!(fresh.sound(&[]).await.redacted.len(), 2);
}
