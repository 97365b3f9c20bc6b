use super::{Fresh, fresh, row};
use crate::domain::PersonId;
use crate::gate::Glass;
use crate::store::migrate::MIGRATIONS;
use crate::store::samples::request;
use crate::store::sql::Sql;
use crate::store::{Measures, RequestFilter, RequestRow, RequestState, Way};

/// Forty requests: every fourth by bob, every tenth failed, with a word of its own each.
async fn filled(fresh: &Fresh) -> Vec<RequestRow> {
    let mut rows = Vec::new();
    for n in 1..=40u16 {
        let asker = if n % 4 == 0 { "bob" } else { "alice" };
        let one = RequestRow {
            said: format!("deploy order-service number{n} please"),
            asker: Some(PersonId(asker.to_owned())),
            state: if n % 10 == 0 { RequestState::Failed } else { RequestState::Done },
            incident: (n % 5 == 0).then(|| "INC-42".to_owned()),
            tool: Some(if n % 2 == 0 { "deploy" } else { "scale" }.to_owned()),
            ..request(n)
        };
        rows.push(one.clone());
        fresh.rows(vec![row(one)]).await;
    }
    rows
}

fn filter() -> RequestFilter {
    RequestFilter::default()
}

#[tokio::test]
async fn what_is_indexed_and_what_is_not_yet_is_found_alike() {
    let Some(fresh) = fresh().await else { return };
    let store = &fresh.store;
    let rows = filled(&fresh).await;
    let questions = [
        filter(),
        RequestFilter { asker: Some(PersonId("bob".to_owned())), ..filter() },
        RequestFilter { states: vec![RequestState::Failed], ..filter() },
        RequestFilter {
            asker: Some(PersonId("bob".to_owned())),
            states: vec![RequestState::Failed],
            ..filter()
        },
        // Both are frequent and seldom come together, so that it is counted further which is less frequent.
        RequestFilter {
            asker: Some(PersonId("bob".to_owned())),
            incident: Some("INC-42".to_owned()),
            ..filter()
        },
        // Both are frequent, and never come together.
        RequestFilter {
            asker: Some(PersonId("bob".to_owned())),
            tools: vec!["scale".to_owned()],
            ..filter()
        },
        RequestFilter { tools: vec!["scale".to_owned()], ..filter() },
        RequestFilter { tools: vec!["scale".to_owned(), "deploy".to_owned()], ..filter() },
        RequestFilter { text: Some("number7".to_owned()), ..filter() },
        RequestFilter { text: Some("ORDER number40".to_owned()), ..filter() },
        RequestFilter { text: Some("number41".to_owned()), ..filter() },
        RequestFilter { since: Some(rows[20].created_at), ..filter() },
        RequestFilter { incident: Some("inc-42 ".to_owned()), ..filter() },
        RequestFilter { incident: Some("INC-4".to_owned()), ..filter() },
        RequestFilter { until: Some(rows[20].created_at), ..filter() },
        RequestFilter { before: Some(rows[5].id.clone()), ..filter() },
    ];
    let mut before = Vec::new();
    for question in &questions {
        before.push(ids(&store.requests(question, 100).await.unwrap()));
    }
    assert_eq!(
        before.iter().map(Vec::len).collect::<Vec<_>>(),
        [40, 10, 4, 2, 2, 0, 20, 40, 1, 1, 0, 20, 8, 0, 20, 5]
    );
    while store.index_requests().await.unwrap() > 0 {}
    for (question, before) in questions.iter().zip(&before) {
        assert_eq!(ids(&store.requests(question, 100).await.unwrap()), *before, "{question:?}");
    }
}

#[tokio::test]
async fn what_was_said_no_to_is_found_by_tool_and_target_at_once() {
    let Some(fresh) = fresh().await else { return };
    let denied = |n: u16, tool: &str, target: &str, state| RequestRow {
        tool: Some(tool.to_owned()),
        target: Some(target.to_owned()),
        state,
        ..request(n)
    };
    let no = RequestState::Denied;
    let rows = [
        denied(1, "deploy", "production/a", no),
        denied(2, "deploy", "production/a", RequestState::Done),
        denied(3, "deploy", "production/b", no),
        denied(4, "scale", "production/a", no),
        denied(5, "deploy", "production/a", no),
    ];
    fresh.rows(rows.iter().cloned().map(row).collect()).await;
    let found = async |most| ids(&fresh.store.denied("deploy", "production/a", most).await.unwrap());
    assert_eq!(found(9).await, [rows[4].id.to_string(), rows[0].id.to_string()]);
    assert_eq!(found(1).await, [rows[4].id.to_string()]);
}

#[tokio::test]
async fn pages_join_without_a_gap_or_a_repeat() {
    let Some(fresh) = fresh().await else { return };
    let store = &fresh.store;
    let rows = filled(&fresh).await;
    // Half of them indexed, half not.
    assert_eq!(store.index_requests().await.unwrap(), 40);
    for one in rows.iter().skip(20) {
        fresh.rows(vec![row(RequestRow { version: one.version + 1, ..one.clone() })]).await;
    }
    let mut question = RequestFilter { text: Some("order".to_owned()), ..filter() };
    let mut seen = Vec::new();
    loop {
        let page = store.requests(&question, 7).await.unwrap();
        let Some(last) = page.last() else { break };
        question.before = Some(last.id.clone());
        seen.extend(ids(&page));
    }
    let mut all = ids(&rows);
    all.reverse();
    assert_eq!(seen, all);
}

/// Terms of the newest are of what was true once, and the oldest are not indexed yet.
#[tokio::test]
async fn pages_join_where_the_index_is_behind() {
    let Some(fresh) = fresh().await else { return };
    let store = &fresh.store;
    let noted =
        |n: u16, note: &str, version: i64| RequestRow { note: Some(note.to_owned()), version, ..request(n) };
    for n in 1..=30 {
        fresh.rows(vec![row(noted(n, "teatime", 1))]).await;
    }
    while store.index_requests().await.unwrap() > 0 {}
    for n in 27..=30 {
        fresh.rows(vec![row(noted(n, "supper", 2))]).await;
    }
    while store.index_requests().await.unwrap() > 0 {}
    for n in 1..=5 {
        fresh.rows(vec![row(noted(n, "teatime", 2))]).await;
    }
    let mut question = RequestFilter { text: Some("teatime".to_owned()), ..filter() };
    let mut seen = Vec::new();
    loop {
        let page = store.requests(&question, 10).await.unwrap();
        let Some(last) = page.last() else { break };
        question.before = Some(last.id.clone());
        seen.extend(ids(&page));
    }
    let all: Vec<RequestRow> = (1..=26).rev().map(request).collect();
    assert_eq!(seen, ids(&all));
}

#[tokio::test]
async fn what_is_no_longer_true_is_not_found() {
    let Some(fresh) = fresh().await else { return };
    let store = &fresh.store;
    let one =
        RequestRow { said: "deploy checkout".to_owned(), note: Some("teatime".to_owned()), ..request(1) };
    fresh.rows(vec![row(one.clone())]).await;
    store.index_requests().await.unwrap();
    let changed = RequestRow { note: Some("supper".to_owned()), version: one.version + 1, ..one };
    fresh.rows(vec![row(changed)]).await;
    store.index_requests().await.unwrap();
    let text = |text: &str| RequestFilter { text: Some(text.to_owned()), ..filter() };
    assert_eq!(store.requests(&text("teatime"), 10).await.unwrap().len(), 0);
    assert_eq!(store.requests(&text("supper"), 10).await.unwrap().len(), 1);
}

/// As rows are that were written before the index knew of incidents: in the emergency alone, and indexed.
#[tokio::test]
async fn an_emergency_of_old_is_found_by_its_incident() {
    let Some(fresh) = fresh().await else { return };
    let store = &fresh.store;
    let glass = Glass {
        by: PersonId("alice".to_owned()),
        reason: "it burns".to_owned(),
        incident: Some("INC-7".to_owned()),
        at: request(1).created_at,
    };
    fresh.rows(vec![row(RequestRow { glass: Some(glass), ..request(1) })]).await;
    fresh.rows(vec![row(request(2))]).await;
    while store.index_requests().await.unwrap() > 0 {}
    store.execute(Sql::new("DELETE FROM request_term WHERE term LIKE 'for %'")).await;
    let of_incident = RequestFilter { incident: Some("INC-7".to_owned()), ..filter() };
    assert_eq!(store.requests(&of_incident, 10).await.unwrap().len(), 0);
    let (_, _, text) = MIGRATIONS.into_iter().find(|(version, _, _)| *version == 11).unwrap();
    let update = text.lines().find(|line| line.starts_with("UPDATE")).unwrap().trim_end_matches(';');
    store.execute(Sql::new(update)).await;
    assert_eq!(store.index_requests().await.unwrap(), 1);
    assert_eq!(ids(&store.requests(&of_incident, 10).await.unwrap()), ids(&[request(1)]));
}

#[tokio::test]
async fn figures_are_read_in_pages_and_in_full() {
    let Some(fresh) = fresh().await else { return };
    let store = &fresh.store;
    let rows = filled(&fresh).await;
    let measured = RequestRow {
        version: rows[0].version + 1,
        measures: Measures {
            reason: Some("role".to_owned()),
            rules: vec!["one".to_owned(), "two".to_owned()],
            asked_at: Some(rows[0].created_at),
            tokens: 12,
            cost_micros: 3,
        },
        ..rows[0].clone()
    };
    fresh.rows(vec![row(measured.clone())]).await;
    let mut uses = Vec::new();
    let (from, to) = (rows[0].created_at, rows[39].created_at);
    store.each_use(from, to, |row| uses.push(row.clone())).await.unwrap();
    assert_eq!(uses.len(), 39, "the end does not count");
    assert_eq!(uses[0].rules, measured.measures.rules);
    assert_eq!((uses[0].reason.as_deref(), uses[0].tokens, uses[0].cost_micros), (Some("role"), 12, 3));
    assert_eq!(uses[0].way, Way::of(&measured));
}

fn ids(rows: &[RequestRow]) -> Vec<String> {
    rows.iter().map(|row| row.id.to_string()).collect()
}
