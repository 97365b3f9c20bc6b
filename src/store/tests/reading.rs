use super::super::samples::{at, lock, moved, person, request, vote};
use super::{fresh, row};
use crate::domain::{Digest, RequestId};
use crate::store::{
    Closed, RequestFilter, RequestRow, RequestState, ReviewRow, Row, Session, TimerKind, TimerRow, VoteRow,
};

fn ids(rows: &[RequestRow]) -> Vec<RequestId> {
    rows.iter().map(|row| row.id.clone()).collect()
}

#[tokio::test]
async fn requests_are_found_by_what_is_asked_for_and_paged_newest_first() {
    let Some(fresh) = fresh().await else { return };
    let mut other = request(3);
    other.asker = Some(person("bob"));
    other.said = "100% of `a_b` Größe".to_owned();
    other.tool = Some("scale".to_owned());
    fresh.rows(vec![row(request(1)), row(request(2)), row(other.clone()), row(request(4))]).await;
    let find = async |filter: RequestFilter, limit| ids(&fresh.store.requests(&filter, limit).await.unwrap());
    let any = RequestFilter::default;

    let [one, two, three, four] = [1, 2, 3, 4].map(|n| request(n).id);
    let first = find(any(), 2).await;
    assert_eq!(first, [four.clone(), three.clone()]);
    assert_eq!(find(RequestFilter { before: first.last().cloned(), ..any() }, 9).await, [two.clone(), one]);
    let of_bob = RequestFilter { asker: Some(person("bob")), tools: vec!["scale".to_owned()], ..any() };
    assert_eq!(find(of_bob, 9).await, std::slice::from_ref(&three));
    for (text, found) in [
        ("100% of `a_", 1),
        ("0% of", 0),
        ("2.4.1", 4),
        ("a%b", 0),
        ("aXb", 0),
        ("GRÖSSE", 0),
        ("GRÖßE", 1),
        ("V2.4.1", 4),
    ] {
        let by_text = RequestFilter { text: Some(text.to_owned()), ..any() };
        assert_eq!(find(by_text, 9).await.len(), found, "{text}");
    }
    let since = RequestFilter { since: Some(at(2)), until: Some(at(4)), ..any() };
    assert_eq!(find(since, 9).await, [three, two]);
    let nowhere = RequestFilter { channel: Some("random".to_owned()), ..any() };
    assert!(find(nowhere, 9).await.is_empty());
    let states = RequestFilter { states: vec![RequestState::Done, RequestState::Failed], ..any() };
    assert!(find(states, 9).await.is_empty());
}

#[tokio::test]
async fn what_waits_too_long_falls_due() {
    let Some(fresh) = fresh().await else { return };
    let waiting = RequestRow { state: RequestState::Waiting, expires_at: Some(at(100)), ..request(1) };
    let approved = RequestRow { state: RequestState::Approved, start_by: Some(at(200)), ..request(2) };
    let done = RequestRow { state: RequestState::Done, expires_at: Some(at(1)), ..request(3) };
    fresh.rows([&waiting, &approved, &done].map(|request| row(request.clone())).to_vec()).await;
    let store = &fresh.store;
    assert_eq!(ids(&store.waiting(at(99)).await.unwrap()), std::slice::from_ref(&waiting.id));
    assert!(store.waiting(at(100)).await.unwrap().is_empty());
    assert!(store.due(at(99)).await.unwrap().is_empty());
    assert_eq!(ids(&store.due(at(100)).await.unwrap()), std::slice::from_ref(&waiting.id));
    assert_eq!(ids(&store.due(at(200)).await.unwrap()), [waiting.id, approved.id.clone()]);
    assert_eq!(ids(&store.approved().await.unwrap()), [approved.id]);
}

#[tokio::test]
async fn a_person_has_one_vote_and_may_take_it_back() {
    let Some(fresh) = fresh().await else { return };
    let one = request(1);
    let denied =
        VoteRow { choice: "deny".to_owned(), note: Some("not today".to_owned()), ..vote(&one, "bob") };
    fresh.rows(vec![row(one.clone()), Row::Vote(vote(&one, "bob")), Row::Vote(vote(&one, "carol"))]).await;
    fresh.rows(vec![Row::Vote(denied.clone())]).await;
    assert_eq!(fresh.store.votes(&one.id).await.unwrap(), [denied, vote(&one, "carol")]);
    fresh.rows(vec![Row::VoteGone { request: one.id.clone(), person: person("bob") }]).await;
    assert_eq!(fresh.store.votes(&one.id).await.unwrap(), [vote(&one, "carol")]);
}

#[tokio::test]
async fn locks_hold_until_taken_down_or_over_and_each_change_counts() {
    let Some(fresh) = fresh().await else { return };
    let one = request(1);
    let all = lock(&one, None, None);
    let service = lock(&one, Some("order-service"), Some(at(50)));
    assert_eq!(fresh.store.locks(at(0)).await.unwrap(), (vec![], 0));
    fresh.rows(vec![row(one.clone()), Row::Lock(all.clone()), Row::Lock(service.clone())]).await;
    assert_eq!(fresh.store.locks(at(49)).await.unwrap(), (vec![all.clone(), service], 2));
    assert_eq!(fresh.store.locks(at(50)).await.unwrap(), (vec![all], 2));
    fresh.rows(vec![Row::Unlock { environment: "production".to_owned(), service: None }]).await;
    assert_eq!(fresh.store.locks(at(50)).await.unwrap(), (vec![], 3));
    assert_eq!(fresh.store.locks(at(49)).await.unwrap().0.len(), 1);
}

#[tokio::test]
async fn a_request_keeps_all_it_was_given() {
    let Some(fresh) = fresh().await else { return };
    let mut one = request(1);
    one.args.insert("replicas".to_owned(), 3.into());
    one.binding = Some(Digest::of(b"call"));
    one.started_at = Some(at(77));
    fresh.rows(vec![row(one.clone())]).await;
    assert_eq!(fresh.store.request(&one.id).await.unwrap(), Some(one.clone()));
    let next = moved(&one, RequestState::Done);
    fresh.rows(vec![row(next.clone())]).await;
    assert_eq!(fresh.store.request(&one.id).await.unwrap(), Some(next));
}

#[tokio::test]
async fn text_that_no_database_likes_is_kept_and_compared_by_its_bytes() {
    let Some(fresh) = fresh().await else { return };
    let odd = "nul \0, quote ', question ?, dollar $1, percent %, \\ and \u{1f680}";
    let one = RequestRow { said: odd.to_owned(), tool: Some(odd.to_owned()), ..request(1) };
    fresh.rows(vec![row(one.clone())]).await;
    assert_eq!(fresh.store.request(&one.id).await.unwrap(), Some(one.clone()));
    let of_tool = RequestFilter { tools: vec![odd.to_owned()], ..RequestFilter::default() };
    assert_eq!(ids(&fresh.store.requests(&of_tool, 9).await.unwrap()), std::slice::from_ref(&one.id));
    for (n, name) in ["a", "B", "\u{e4}", "Z", "_"].into_iter().enumerate() {
        fresh.rows(vec![Row::Vote(VoteRow { at: at(0), ..vote(&one, name) })]).await;
        assert_eq!(fresh.store.votes(&one.id).await.unwrap().len(), n + 1);
    }
    let names = fresh.store.votes(&one.id).await.unwrap().into_iter().map(|vote| vote.person.0);
    assert_eq!(names.collect::<Vec<_>>(), ["B", "Z", "_", "a", "\u{e4}"]);
}

#[tokio::test]
async fn sessions_end_and_a_new_password_ends_them_all() {
    let Some(fresh) = fresh().await else { return };
    let store = &fresh.store;
    let alice = person("alice");
    let session =
        Session { token: Digest::of(b"token"), person: alice.clone(), created_at: at(0), expires_at: at(10) };
    store.put_account(&alice, "$argon2id$1").await.unwrap();
    assert_eq!(store.account(&alice).await.unwrap().as_deref(), Some("$argon2id$1"));
    assert_eq!(store.account(&person("bob")).await.unwrap(), None);
    store.put_session(&session).await.unwrap();
    assert_eq!(store.session(&session.token, at(9)).await.unwrap(), Some(session.clone()));
    assert_eq!(store.session(&session.token, at(10)).await.unwrap(), None);
    store.put_account(&alice, "$argon2id$2").await.unwrap();
    assert_eq!(store.session(&session.token, at(1)).await.unwrap(), None);
    store.put_session(&session).await.unwrap();
    store.drop_session(&session.token).await.unwrap();
    assert_eq!(store.session(&session.token, at(1)).await.unwrap(), None);
}

#[tokio::test]
async fn wrong_passwords_are_counted_for_a_while() {
    let Some(fresh) = fresh().await else { return };
    let store = &fresh.store;
    for (name, moment) in [("alice", 1), ("alice", 5), ("bob", 5)] {
        store.put_sign_in_failure(name, at(moment), at(0)).await.unwrap();
    }
    assert_eq!(store.sign_in_failures("alice", at(0)).await.unwrap().0, 2);
    assert_eq!(store.sign_in_failures("alice", at(2)).await.unwrap().0, 1);
    store.put_sign_in_failure("bob", at(9), at(6)).await.unwrap();
    assert_eq!(store.sign_in_failures("alice", at(0)).await.unwrap().0, 0);
}

#[tokio::test]
async fn timers_fall_due_once_each_and_a_new_one_takes_the_place_of_the_old() {
    let Some(fresh) = fresh().await else { return };
    let one = request(1);
    let timer = |kind, due| TimerRow { request: one.id.clone(), kind, due_at: at(due) };
    let set = |kind, due| Row::Timer(timer(kind, due));
    fresh.rows(vec![set(TimerKind::Reminder, 50), set(TimerKind::Escalation, 10)]).await;
    fresh.rows(vec![set(TimerKind::Reminder, 20)]).await;
    assert_eq!(fresh.store.due_timers(at(9)).await.unwrap(), []);
    let due = [timer(TimerKind::Escalation, 10), timer(TimerKind::Reminder, 20)];
    assert_eq!(fresh.store.due_timers(at(20)).await.unwrap(), due);
    fresh.rows(vec![Row::TimerGone { request: one.id.clone(), kind: TimerKind::Escalation }]).await;
    assert_eq!(fresh.store.due_timers(at(90)).await.unwrap(), due[1..]);
}

#[tokio::test]
async fn a_review_is_open_until_somebody_closes_it() {
    let Some(fresh) = fresh().await else { return };
    let one = request(1);
    let open = ReviewRow { request: one.id.clone(), opened_at: at(1), closed: None };
    fresh.rows(vec![row(one.clone()), Row::Review(open.clone())]).await;
    assert_eq!(fresh.store.open_reviews().await.unwrap(), std::slice::from_ref(&open));
    let closed = Closed { at: at(2), by: person("carol"), note: Some("as it had to be".to_owned()) };
    let closed = ReviewRow { closed: Some(closed), ..open };
    fresh.rows(vec![Row::Review(closed.clone())]).await;
    assert_eq!(fresh.store.open_reviews().await.unwrap(), []);
    assert_eq!(fresh.store.review(&one.id).await.unwrap(), Some(closed));
}
