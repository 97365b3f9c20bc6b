use super::*;
use crate::domain::PersonId;
use crate::store::{RequestState, UseRow, VoteUse, Way};

fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

fn row(tool: &str, state: RequestState, way: Way) -> UseRow {
    UseRow {
        state,
        asker: Some(PersonId("alice".to_owned())),
        tool: Some(tool.to_owned()),
        way,
        reason: None,
        rules: Vec::new(),
        created_at: at("2026-11-25T10:00:00Z"),
        asked_at: None,
        started_at: None,
        finished_at: None,
        tokens: 0,
        cost_micros: 0,
    }
}

fn fold(rows: &[UseRow], votes: &[VoteUse]) -> Usage {
    let mut fold = Fold::new(at("2026-11-24T00:00:00Z"), at("2026-11-27T00:00:00Z"));
    rows.iter().for_each(|row| fold.request(row));
    votes.iter().for_each(|vote| fold.vote(vote));
    fold.finish()
}

#[test]
fn a_team_day_in_figures() {
    let deploy = |state, from: &str, to: &str| UseRow {
        started_at: Some(at(from)),
        finished_at: Some(at(to)),
        asked_at: Some(at("2026-11-25T10:00:00Z")),
        rules: vec!["deploy-production".to_owned()],
        ..row("deploy", state, Way::Language)
    };
    let rows = [
        deploy(RequestState::Done, "2026-11-25T10:01:00Z", "2026-11-25T10:01:30Z"),
        deploy(RequestState::Done, "2026-11-25T10:03:00Z", "2026-11-25T10:04:00Z"),
        deploy(RequestState::Failed, "2026-11-25T10:10:00Z", "2026-11-25T10:12:00Z"),
        UseRow {
            asked_at: Some(at("2026-11-25T10:00:00Z")),
            rules: vec!["deploy-production".to_owned()],
            ..row("deploy", RequestState::Expired, Way::Exact)
        },
        UseRow {
            reason: Some("role".to_owned()),
            asker: None,
            ..row("scale", RequestState::Refused, Way::Exact)
        },
        UseRow {
            tool: None,
            tokens: 3_700,
            cost_micros: 900,
            ..row("", RequestState::Answered, Way::Language)
        },
        UseRow { created_at: at("2026-11-26T23:59:59Z"), ..row("status", RequestState::Done, Way::Exact) },
    ];
    let vote = |seconds: u8, approves| VoteUse {
        person: PersonId("bob".to_owned()),
        approves,
        at: at(&format!("2026-11-25T10:00:{seconds:02}Z")),
        asked_at: Some(at("2026-11-25T10:00:00Z")),
    };
    insta::assert_json_snapshot!(fold(&rows, &[vote(2, true), vote(3, true), vote(59, false)]));
}

#[test]
fn nothing_at_all_is_a_row_of_days_and_zeros() {
    let usage = fold(&[], &[]);
    assert_eq!(usage.requests, 0);
    let days: Vec<&str> = usage.days.iter().map(|day| day.date.as_str()).collect();
    assert_eq!(days, ["2026-11-24", "2026-11-25", "2026-11-26"]);
    assert_eq!(usage.waits, Waits::default());
}

#[test]
fn a_clock_that_steps_back_does_not_make_negative_times() {
    let rows = [UseRow {
        started_at: Some(at("2026-11-25T10:00:05Z")),
        finished_at: Some(at("2026-11-25T10:00:04Z")),
        ..row("deploy", RequestState::Done, Way::Exact)
    }];
    assert_eq!(fold(&rows, &[]).commands.first().map(|one| one.p50_ms), Some(Some(0)));
}
