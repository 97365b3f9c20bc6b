use std::collections::BTreeSet;

use futures::future::join_all;

use super::{fresh, open, place, received};
use crate::audit::{Entry, EntryKind, LedgerError, Step, Verification};
use crate::domain::{DedupeKey, Platform};
use crate::store::samples::{at, job, moved, request};
use crate::store::{Guard, JobState, Refused, RequestState, Row, StoreError};

fn step(guard: Guard, rows: Vec<Row>, entries: Vec<Entry>) -> Step {
    Step { guard, rows, entries }
}

#[tokio::test]
async fn the_bytes_on_the_record_are_these() {
    let Some(fresh) = fresh().await else { return };
    let entry = received(1).with("zeta", 1).with("alpha", "\u{e9}\n\"");
    assert_eq!(fresh.write(vec![], vec![entry]).await.seqs, 1..2);
    let row = fresh.ledger.store().entries_from(0, 1, 9).await.unwrap().remove(0);
    insta::assert_snapshot!(String::from_utf8(row.body).unwrap());
    let note = fresh.ledger.head().await.unwrap().unwrap().note;
    let name = "countersign/cd2662154e6d76b2/0";
    assert!(
        note.starts_with(&format!("{name}\n2\n")) && note.contains(&format!("\n\n\u{2014} {name} ")),
        "{note}"
    );
    fresh.assert_sound(2).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn thirty_two_writers_leave_no_gap_and_no_double() {
    let Some(fresh) = fresh().await else { return };
    let writer = async |writer: u16| {
        let mut seqs = Vec::new();
        for n in 0..10 {
            let one = request(writer * 10 + n + 1);
            let key = Guard::FirstSeen {
                platform: Platform::Console,
                key: DedupeKey(one.id.to_string()),
                request: Some(one.id.clone()),
            };
            let rows = vec![Row::Request(Box::new(one))];
            let entries = vec![received(n), Entry::new(EntryKind::Judged, at(1))];
            let written = fresh.ledger.write(step(key, rows, entries)).await.unwrap().unwrap();
            seqs.extend(written.seqs);
        }
        seqs
    };
    let seqs: Vec<u64> = join_all((0..32).map(writer)).await.into_iter().flatten().collect();
    assert_eq!(seqs.iter().copied().collect::<BTreeSet<_>>(), (1..641).collect());
    assert_eq!(seqs.len(), 640);
    assert_eq!(fresh.ledger.store().count("request").await, 320);
    fresh.assert_sound(641).await;
}

#[tokio::test]
async fn a_refused_step_leaves_no_entry() {
    let Some(fresh) = fresh().await else { return };
    let guard = Guard::FirstSeen { platform: Platform::Slack, key: DedupeKey("e".to_owned()), request: None };
    let twice = [(), ()].map(|()| fresh.ledger.write(step(guard.clone(), vec![], vec![received(1)])));
    let answers: Vec<_> = join_all(twice).await.into_iter().map(Result::unwrap).collect();
    assert!(answers[0].is_ok());
    assert_eq!(answers[1], Err(Refused::SeenBefore(None)));
    fresh.assert_sound(2).await;
}

#[tokio::test]
async fn one_step_that_breaks_a_table_does_not_hurt_the_others() {
    let Some(fresh) = fresh().await else { return };
    let (one, two) = (request(1), request(2));
    let rows = [&one, &two].map(|request| Row::Request(Box::new(request.clone())));
    fresh.write(rows.to_vec(), vec![]).await;
    let running =
        |request| step(Guard::Open, vec![Row::Job(job(request, JobState::Running))], vec![received(1)]);
    let plain = || step(Guard::Open, vec![], vec![received(2)]);
    let steps = [plain(), running(&one), running(&two), plain()];
    let answers = join_all(steps.map(|step| fresh.ledger.write(step))).await;
    let [Ok(Ok(_)), Ok(Ok(_)), Err(LedgerError::Store(StoreError::Constraint(_))), Ok(Ok(last))] =
        &answers[..]
    else {
        panic!("{answers:?}")
    };
    assert_eq!(last.seqs, 3..4);
    fresh.assert_sound(4).await;
}

#[tokio::test]
async fn a_full_disk_writes_nothing_and_the_record_goes_on_after_it() {
    let Some(fresh) = fresh().await else { return };
    fresh.grow(3).await;
    if !fresh.ledger.store().fill_up().await {
        return;
    }
    let large = received(4).carrying("output", vec![b'x'; 200_000]);
    let error = fresh.ledger.write(step(Guard::Open, vec![], vec![large])).await.unwrap_err();
    insta::assert_snapshot!(error, @"the disk is full: nothing was written; free some space and try again");
    fresh.assert_sound(4).await;
    assert_eq!(fresh.write(vec![], vec![received(4)]).await.seqs, 4..5);
    fresh.assert_sound(5).await;
}

#[tokio::test]
async fn it_goes_on_where_it_stopped() {
    let Some(fresh) = fresh().await else { return };
    fresh.grow(5).await;
    fresh.ledger.store().close().await;
    let again = open(fresh.place.path()).await.unwrap();
    assert_eq!(again.public_key(), fresh.ledger.public_key());
    let written = again.write(step(Guard::Open, vec![], vec![received(6)])).await.unwrap().unwrap();
    assert_eq!(written.seqs, 6..7);
}

#[tokio::test]
async fn two_processes_take_turns_on_one_record() {
    let Some(fresh) = fresh().await else { return };
    let other = open(fresh.place.path()).await.unwrap();
    for n in 0..20u64 {
        let ledger = if n % 3 == 0 { &other } else { &fresh.ledger };
        let written = ledger.write(step(Guard::Open, vec![], vec![received(1)])).await.unwrap().unwrap();
        assert_eq!(written.seqs, n + 1..n + 2);
    }
    let both = (0..20).map(|n| {
        let ledger = if n % 2 == 0 { &other } else { &fresh.ledger };
        ledger.write(step(Guard::Open, vec![], vec![received(1)]))
    });
    assert!(join_all(both).await.into_iter().all(|answer| answer.unwrap().is_ok()));
    fresh.assert_sound(41).await;
}

#[tokio::test]
async fn two_first_starts_at_once_begin_one_record() {
    let Some(place) = place().await else { return };
    let (one, other) = tokio::join!(open(place.path()), open(place.path()));
    let (one, other) = (one.unwrap(), other.unwrap());
    assert_eq!(one.public_key(), other.public_key());
    assert_eq!(one.head().await.unwrap().unwrap().size, 1);
}

#[tokio::test]
async fn only_a_start_on_the_record_gives_the_seal() {
    let Some(fresh) = fresh().await else { return };
    let one = request(1);
    fresh.write(vec![Row::Request(Box::new(one.clone()))], vec![]).await;
    let guard = Guard::Start {
        id: one.id.clone(),
        version: 1,
        locks: Some(0),
        target: Some("t".to_owned()),
        policy: crate::domain::Digest::of(b"policy"),
        until: at(1),
    };
    let rows = vec![Row::Request(Box::new(moved(&one, RequestState::Started)))];
    let entries = vec![Entry::new(EntryKind::Started, at(1)).about(&one.id)];

    let without_entry = step(guard.clone(), rows.clone(), vec![]);
    assert!(matches!(fresh.ledger.started("proof", without_entry).await, Err(LedgerError::NotAStart)));
    let without_guard = step(Guard::Open, rows.clone(), entries.clone());
    assert!(matches!(fresh.ledger.started("proof", without_guard).await, Err(LedgerError::NotAStart)));
    fresh.assert_sound(1).await;

    let start = step(guard, rows, entries);
    let sealed = fresh.ledger.started("proof", start.clone()).await.unwrap().unwrap();
    assert_eq!(sealed.get(), &"proof");
    assert_eq!(sealed.into_inner(), "proof");
    let Err((refused, proof)) = fresh.ledger.started("proof", start).await.unwrap() else {
        panic!("started twice")
    };
    assert_eq!((refused, proof), (Refused::Changed, "proof"));
    fresh.assert_sound(2).await;
}

#[tokio::test]
async fn what_has_no_canonical_form_is_refused_before_it_is_written() {
    let Some(fresh) = fresh().await else { return };
    let entry = received(1).with("ratio", 0.5);
    let error = fresh.ledger.write(step(Guard::Open, vec![], vec![entry])).await.unwrap_err();
    assert!(matches!(error, LedgerError::Unfit(_)), "{error}");
    fresh.assert_sound(1).await;
}

#[tokio::test]
async fn the_record_is_checked_while_it_grows() {
    let Some(fresh) = fresh().await else { return };
    let (found, _heads) = tokio::join!(fresh.verify(&[]), fresh.grow(40));
    assert!(matches!(found, Verification::Sound(_)), "{found:?}");
}
