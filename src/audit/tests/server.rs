//! The record on a server that other processes write to, and that goes away.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use futures::future::join_all;

use super::super::tests_on_postgres::{Fresh, fresh, open, place, received};
use crate::audit::{Entry, EntryKind, Ledger, LedgerError, Step};
use crate::domain::{DedupeKey, Digest, Platform};
use crate::store::samples::{at, job, moved, request};
use crate::store::wire::Fault;
use crate::store::{Guard, JobRow, JobState, Refused, RequestRow, RequestState, Row, StoreError};

/// What is written once, however often it is tried.
fn once(n: u16) -> Step {
    let one = request(n);
    let guard = Guard::FirstSeen {
        platform: Platform::Console,
        key: DedupeKey(n.to_string()),
        request: Some(one.id.clone()),
    };
    Step { guard, rows: vec![Row::Request(Box::new(one))], entries: vec![received(n)] }
}

/// Somebody pressed the button.
fn start(row: &RequestRow) -> Step {
    let job = JobRow { target: row.id.to_string(), ..job(row, JobState::Running) };
    let guard = Guard::Start {
        id: row.id.clone(),
        version: row.version,
        locks: Some(0),
        target: Some(job.target.clone()),
        policy: Digest::of(b"policy"),
        until: at(4_000_000_000),
    };
    let rows = vec![Row::Request(Box::new(moved(row, RequestState::Started))), Row::Job(job)];
    Step { guard, rows, entries: vec![Entry::new(EntryKind::Started, at(2)).about(&row.id)] }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_two_presses_at_two_servers_one_starts_it_a_thousand_times() {
    let Some(fresh) = fresh().await else { return };
    let servers = [fresh.ledger.clone(), open(fresh.place.path()).await.unwrap()];
    let requests: Vec<_> = (1..=1000).map(request).collect();
    fresh.write(requests.iter().map(|row| Row::Request(Box::new(row.clone()))).collect(), vec![]).await;
    let mut wins = [0, 0];
    for row in &requests {
        let presses = servers.clone().map(|server| {
            let step = start(row);
            tokio::spawn(async move { server.started((), step).await.unwrap() })
        });
        let answers: Vec<_> = join_all(presses).await.into_iter().map(Result::unwrap).collect();
        let started: Vec<_> = answers.iter().enumerate().filter(|(_, answer)| answer.is_ok()).collect();
        let [(winner, _)] = started[..] else { panic!("{} started it", started.len()) };
        assert!(matches!(&answers[1 - winner], Err((Refused::Changed, ()))));
        wins[winner] += 1;
    }
    assert!(wins.iter().all(|wins| *wins > 0), "it was no race: {wins:?}");
    assert_eq!(fresh.ledger.store().running_jobs().await.unwrap().len(), 1000);
    fresh.assert_sound(1001).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn servers_that_write_at_once_leave_no_gap() {
    let Some(fresh) = fresh().await else { return };
    let mut servers = vec![fresh.ledger.clone()];
    for _more in 0..3 {
        servers.push(open(fresh.place.path()).await.unwrap());
    }
    let writers = (0..16u16).map(|writer| {
        let server = servers[usize::from(writer) % servers.len()].clone();
        tokio::spawn(async move {
            for n in 0..10 {
                server.write(once(writer * 10 + n + 1)).await.unwrap().unwrap();
            }
        })
    });
    for writer in join_all(writers).await {
        writer.unwrap();
    }
    fresh.assert_sound(161).await;
}

/// Writes a step until it is known to be written.
async fn persist(ledger: &Ledger, n: u16) {
    loop {
        match ledger.write(once(n)).await {
            Ok(Ok(_)) | Ok(Err(Refused::SeenBefore(_))) => return,
            Ok(Err(refused)) => panic!("{refused:?}"),
            Err(LedgerError::Store(StoreError::Away(_) | StoreError::Locked | StoreError::Other(_))) => {}
            Err(error) => panic!("{error}"),
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whatever_is_killed_in_the_middle_everything_is_on_the_record_once() {
    let Some(fresh) = fresh().await else { return };
    let done = Arc::new(AtomicBool::new(false));
    let writers: Vec<_> = (0..8u16)
        .map(|writer| {
            let ledger = fresh.ledger.clone();
            tokio::spawn(async move {
                for n in 0..60 {
                    persist(&ledger, writer * 60 + n + 1).await;
                }
            })
        })
        .collect();
    let over = Arc::clone(&done);
    let waiting = tokio::spawn(async move {
        for writer in join_all(writers).await {
            writer.unwrap();
        }
        over.store(true, Ordering::SeqCst);
    });
    let mut killed = 0;
    while !done.load(Ordering::SeqCst) {
        killed += fresh.place.schema().end_connections().await;
    }
    waiting.await.unwrap();
    assert!(killed > 5, "{killed} were killed");
    assert_eq!(fresh.ledger.store().count("request").await, 480);
    fresh.assert_sound(481).await;
}

#[tokio::test]
async fn a_commit_whose_answer_is_lost_is_found_out_about() {
    let Some(place) = place().await else { return };
    let wire = place.through_a_wire().await;
    let fresh = Fresh::at(place).await;
    fresh.ledger.write(once(1)).await.unwrap().unwrap();

    wire.will(Fault::LosesAnswer);
    assert_eq!(fresh.ledger.write(once(2)).await.unwrap().unwrap().seqs, 2..3);
    wire.will(Fault::LosesCommit);
    let error = fresh.ledger.write(once(3)).await.unwrap_err();
    assert!(matches!(error, LedgerError::Store(StoreError::Away(_))), "{error}");
    assert_eq!(fresh.ledger.store().request(&request(3).id).await.unwrap(), None);

    // A start whose answer is lost runs all the same, once.
    wire.will(Fault::LosesAnswer);
    assert!(fresh.ledger.started((), start(&request(1))).await.unwrap().is_ok());
    wire.will(Fault::LosesCommit);
    assert!(fresh.ledger.started((), start(&request(2))).await.is_err());
    assert!(fresh.ledger.started((), start(&request(1))).await.unwrap().is_err());
    fresh.assert_sound(4).await;
}

#[tokio::test]
async fn while_the_database_is_away_nobody_is_told_that_it_was_written() {
    let Some(place) = place().await else { return };
    let wire = place.through_a_wire().await;
    let fresh = Fresh::at(place).await;
    wire.cut(true);
    let error = fresh.ledger.write(once(1)).await.unwrap_err();
    assert!(matches!(error, LedgerError::Store(StoreError::Away(_))), "{error}");
    wire.cut(false);
    assert_eq!(fresh.ledger.write(once(1)).await.unwrap().unwrap().seqs, 1..2);
    fresh.assert_sound(2).await;
}
