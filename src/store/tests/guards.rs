use super::super::samples::{at, job, lock, moved, policy, request, vote};
use super::{fresh, row};
use crate::domain::{DedupeKey, Digest, Platform};
use crate::store::{Guard, JobState, Refused, RequestRow, RequestState, Row};

fn first_seen(key: &str, request: &RequestRow) -> Guard {
    Guard::FirstSeen {
        platform: Platform::Slack,
        key: DedupeKey(key.to_owned()),
        request: Some(request.id.clone()),
    }
}

fn at_version(request: &RequestRow) -> Guard {
    Guard::Request { id: request.id.clone(), version: request.version }
}

fn start(request: &RequestRow, locks: i64) -> Guard {
    Guard::Start {
        id: request.id.clone(),
        version: request.version,
        locks: Some(locks),
        target: Some("order-service/production".to_owned()),
        policy: Digest::of(b"policy"),
        until: at(1),
    }
}

#[tokio::test]
async fn a_delivery_counts_once_and_a_second_one_is_told_its_request() {
    let Some(fresh) = fresh().await else { return };
    let (one, other) = (request(1), request(2));
    assert_eq!(fresh.put(first_seen("e1", &one), vec![row(one.clone())]).await, Ok(()));
    let seen = Err(Refused::SeenBefore(Some(one.id.clone())));
    assert_eq!(fresh.put(first_seen("e1", &other), vec![row(other.clone())]).await, seen);
    assert_eq!(fresh.store.request(&other.id).await.unwrap(), None);
    let elsewhere =
        Guard::FirstSeen { platform: Platform::Discord, key: DedupeKey("e1".to_owned()), request: None };
    assert_eq!(fresh.put(elsewhere.clone(), vec![]).await, Ok(()));
    assert_eq!(fresh.put(elsewhere, vec![]).await, Err(Refused::SeenBefore(None)));
}

#[tokio::test]
async fn of_two_deliveries_in_one_transaction_the_first_counts() {
    let Some(fresh) = fresh().await else { return };
    let (one, other) = (request(1), request(2));
    let steps = vec![
        (first_seen("e1", &one), vec![row(one.clone())]),
        (first_seen("e1", &other), vec![row(other.clone())]),
    ];
    let answers = fresh.try_put(steps).await.unwrap();
    assert_eq!(answers, [Ok(()), Err(Refused::SeenBefore(Some(one.id)))]);
    assert_eq!(fresh.store.count("request").await, 1);
}

#[tokio::test]
async fn a_write_counts_only_on_the_version_that_was_read() {
    let Some(fresh) = fresh().await else { return };
    let one = request(1);
    let absent = Guard::Request { id: one.id.clone(), version: 0 };
    assert_eq!(fresh.put(absent.clone(), vec![row(one.clone())]).await, Ok(()));
    assert_eq!(fresh.put(absent, vec![row(one.clone())]).await, Err(Refused::Changed));
    let waiting = moved(&one, RequestState::Waiting);
    assert_eq!(fresh.put(at_version(&one), vec![row(waiting.clone())]).await, Ok(()));
    let late = moved(&one, RequestState::Withdrawn);
    assert_eq!(fresh.put(at_version(&one), vec![row(late.clone())]).await, Err(Refused::Changed));
    // Without a guard the row itself still has to follow the present one.
    assert_eq!(fresh.put(Guard::Open, vec![row(late)]).await, Err(Refused::Changed));
    assert_eq!(fresh.store.request(&one.id).await.unwrap(), Some(waiting));
}

#[tokio::test]
async fn steps_of_one_transaction_see_each_other() {
    let Some(fresh) = fresh().await else { return };
    let one = request(1);
    let waiting = moved(&one, RequestState::Waiting);
    let approved = moved(&waiting, RequestState::Approved);
    let answers = fresh
        .try_put(vec![
            (Guard::Open, vec![row(one.clone())]),
            (at_version(&one), vec![row(waiting.clone()), Row::Vote(vote(&one, "bob"))]),
            (at_version(&one), vec![row(moved(&one, RequestState::Withdrawn))]),
            (at_version(&waiting), vec![row(approved.clone())]),
        ])
        .await
        .unwrap();
    assert_eq!(answers, [Ok(()), Ok(()), Err(Refused::Changed), Ok(())]);
    assert_eq!(fresh.store.request(&one.id).await.unwrap(), Some(approved));
}

#[tokio::test]
async fn one_runs_on_a_target_at_a_time() {
    let Some(fresh) = fresh().await else { return };
    let (one, two) = (request(1), request(2));
    fresh.rows(vec![row(one.clone()), row(two.clone())]).await;
    let running = moved(&one, RequestState::Started);
    let rows = vec![row(running.clone()), Row::Job(job(&one, JobState::Running))];
    assert_eq!(fresh.put(start(&one, 0), rows).await, Ok(()));
    let second = vec![row(moved(&two, RequestState::Started)), Row::Job(job(&two, JobState::Running))];
    assert_eq!(fresh.put(start(&two, 0), second.clone()).await, Err(Refused::Busy(one.id.clone())));
    // The end of the first and the start of the second may share a transaction.
    let done = vec![row(moved(&running, RequestState::Done)), Row::Job(job(&one, JobState::Ended))];
    let answers = fresh.try_put(vec![(at_version(&running), done), (start(&two, 0), second)]).await.unwrap();
    assert_eq!(answers, [Ok(()), Ok(())]);
    assert_eq!(fresh.store.running_jobs().await.unwrap(), [job(&two, JobState::Running)]);
    assert_eq!(fresh.store.job(&one.id).await.unwrap(), Some(job(&one, JobState::Ended)));
}

#[tokio::test]
async fn a_lock_put_up_meanwhile_stops_a_start() {
    let Some(fresh) = fresh().await else { return };
    let (one, two) = (request(1), request(2));
    fresh.rows(vec![row(one.clone()), row(two.clone())]).await;
    let started = vec![row(moved(&one, RequestState::Started))];
    let answers = fresh
        .try_put(vec![
            (Guard::Open, vec![Row::Lock(lock(&two, None, None))]),
            (start(&one, 0), started.clone()),
        ])
        .await
        .unwrap();
    assert_eq!(answers, [Ok(()), Err(Refused::LocksChanged)]);
    assert_eq!(fresh.put(start(&one, 0), started.clone()).await, Err(Refused::LocksChanged));
    assert_eq!(fresh.put(start(&one, 1), started).await, Ok(()));
}

#[tokio::test]
async fn a_second_run_without_a_guard_is_refused_by_the_table() {
    let Some(fresh) = fresh().await else { return };
    let (one, two) = (request(1), request(2));
    fresh.rows(vec![row(one.clone()), row(two.clone()), Row::Job(job(&one, JobState::Running))]).await;
    let error =
        fresh.try_put(vec![(Guard::Open, vec![Row::Job(job(&two, JobState::Watching))])]).await.unwrap_err();
    assert!(matches!(error, crate::store::StoreError::Constraint(_)), "{error}");
}

#[tokio::test]
async fn more_rows_than_fit_a_statement_are_all_written() {
    let Some(fresh) = fresh().await else { return };
    let steps = (1..=100)
        .map(|n| (first_seen(&n.to_string(), &request(n)), vec![row(request(n))]))
        .collect::<Vec<_>>();
    assert!(fresh.try_put(steps.clone()).await.unwrap().iter().all(Result::is_ok));
    assert_eq!(fresh.store.count("request").await, 100);
    assert!(fresh.try_put(steps).await.unwrap().iter().all(Result::is_err));
}

#[tokio::test]
async fn a_policy_accepted_meanwhile_stops_a_start() {
    let Some(fresh) = fresh().await else { return };
    let (one, two) = (request(1), request(2));
    fresh.rows(vec![row(one.clone()), row(two.clone())]).await;
    let started = vec![row(moved(&one, RequestState::Started))];
    let accepted = |name: &str| Row::Policy(policy(name));
    let answers = fresh
        .try_put(vec![(Guard::Policy(None), vec![accepted("another")]), (start(&one, 0), started.clone())])
        .await
        .unwrap();
    assert_eq!(answers, [Ok(()), Err(Refused::PolicyChanged)]);
    assert_eq!(fresh.put(start(&one, 0), started.clone()).await, Err(Refused::PolicyChanged));
    // Of two that accept at once, the one that read the older policy looks again.
    assert_eq!(fresh.put(Guard::Policy(None), vec![accepted("policy")]).await, Err(Refused::PolicyChanged));
    let from = Guard::Policy(Some(Digest::of(b"another")));
    assert_eq!(fresh.put(from, vec![accepted("policy")]).await, Ok(()));
    assert_eq!(fresh.store.policy_in_force().await.unwrap(), Some(policy("policy")));
    assert_eq!(fresh.put(start(&one, 0), started).await, Ok(()));
}

#[tokio::test]
async fn a_start_that_comes_too_late_is_refused() {
    let Some(fresh) = fresh().await else { return };
    let one = request(1);
    fresh.rows(vec![row(one.clone())]).await;
    let mut late = start(&one, 0);
    let Guard::Start { until, .. } = &mut late else { panic!("a start") };
    *until = at(0);
    let started = vec![row(moved(&one, RequestState::Started))];
    assert_eq!(fresh.put(late, started.clone()).await, Err(Refused::Late));
    assert_eq!(fresh.put(start(&one, 0), started).await, Ok(()));
}
