//! How countersign is used, and where requests wait: a page with charts, and the same figures as JSON.

use std::sync::Arc;

use axum::extract::{Query, State};
use axum::http::header;
use axum::response::{Html, IntoResponse, Response};
use jiff::Timestamp;
use jiff::tz::TimeZone;
use jiff::{Span, ToSpan as _};
use minijinja::context;
use minijinja::value::Serde;
use serde::{Deserialize, Serialize};

use super::charts::{columns, percent, scaled};
use super::house::OpenWork;
use super::pages::frame;
use super::problem::Problem;
use super::review::reviewer;
use super::session::Visitor;
use super::state::Web;
use super::transcript::names;
use crate::audit::{Approver, CommandUse, Usage, Wait};
use crate::domain::{PersonId, human_span};

/// How long a bar is at most, in units of its drawing.
const BAR: u64 = 200;

/// The spans one can choose from, in days.
const SPANS: [u16; 4] = [1, 7, 30, 90];

/// Which figures.
#[derive(Deserialize)]
pub(super) struct Which {
    /// How many days back from the end of today.
    #[serde(default = "month")]
    days: u16,
}

const fn month() -> u16 {
    30
}

impl Which {
    /// Whole days in UTC, today included.
    fn span(&self, now: Timestamp) -> (Timestamp, Timestamp) {
        let days = i64::from(self.days.clamp(1, 366));
        let today = now
            .to_zoned_datetime(TimeZone::UTC)
            .start_of_day()
            .unwrap_or_else(|_| now.to_zoned_datetime(TimeZone::UTC));
        let from = today.checked_sub(Span::new().days(days - 1)).unwrap_or_else(|_| today.clone());
        let to = today.checked_add(1.day()).unwrap_or(today);
        (from.timestamp(), to.timestamp())
    }
}

async fn figures(web: &Web, visitor: &Visitor, which: &Which) -> Result<Usage, Problem> {
    reviewer(web, visitor)?;
    let (since, until) = which.span(web.clock.now());
    Ok(web.house.usage(since, until).await?)
}

/// The figures as JSON: those of the span, and how it is at this moment.
#[derive(Serialize)]
struct Figures<'a> {
    #[serde(flatten)]
    usage: &'a Usage,
    now: OpenWork,
}

pub(super) async fn json(
    State(web): State<Arc<Web>>,
    visitor: Visitor,
    Query(which): Query<Which>,
) -> Result<Response, Problem> {
    let usage = figures(&web, &visitor, &which).await?;
    let now = web.house.open_work().await?;
    let text = serde_json::to_string_pretty(&Figures { usage: &usage, now }).map_err(|error| {
        tracing::error!(%error, "the figures could not be written");
        Problem::broken()
    })?;
    Ok(([(header::CONTENT_TYPE, "application/json")], text).into_response())
}

/// A number of something with a bar beside it.
#[derive(Serialize)]
struct Bar {
    name: String,
    count: u64,
    width: u64,
}

fn bars(named: impl IntoIterator<Item = (String, u64)>) -> Vec<Bar> {
    let named: Vec<_> = named.into_iter().collect();
    let most = named.iter().map(|(_, count)| *count).max().unwrap_or(0);
    let bar = |(name, count): (String, u64)| Bar { name, count, width: scaled(count, most, BAR).max(1) };
    named.into_iter().map(bar).collect()
}

/// A command, in words.
#[derive(Serialize)]
struct CommandView {
    figures: CommandUse,
    bar: u64,
    plain_percent: u64,
    middle: Option<String>,
    slow: Option<String>,
}

/// A rule that makes people wait, in words; the bars share one scale.
#[derive(Serialize)]
struct WaitView {
    figures: Wait,
    middle: Option<String>,
    slow: Option<String>,
    middle_bar: u64,
    slow_bar: u64,
}

/// Somebody who votes, in words.
#[derive(Serialize)]
struct ApproverView {
    figures: Approver,
    name: String,
    middle: Option<String>,
    hasty_percent: u64,
}

pub(super) async fn page(
    State(web): State<Arc<Web>>,
    visitor: Visitor,
    Query(which): Query<Which>,
) -> Result<Html<String>, Problem> {
    let usage = figures(&web, &visitor, &which).await?;
    let mut names = names(&web);
    let mut named =
        |person: &str| names.remove(&PersonId(person.to_owned())).unwrap_or_else(|| person.to_owned());
    let people = bars(usage.people.iter().map(|one| (named(&one.person), one.asked)));
    let approvers: Vec<_> = usage.waits.by_approver.iter().map(|one| approver_view(&web, one)).collect();
    let now = web.house.open_work().await?;
    let declined: u64 = ["refused", "denied", "expired"].iter().map(|state| count(&usage, state)).sum();
    let broken: u64 = ["failed", "unknown"].iter().map(|state| count(&usage, state)).sum();
    let (frame, _unread) = frame(&web, &visitor).await?;
    let page = context! {
        here => "usage",
        days => which.days,
        spans => SPANS,
        requests => usage.requests,
        plain_percent => percent(usage.plain_language, usage.plain_language + usage.exact_commands),
        declined,
        broken,
        unknown => count(&usage, "unknown"),
        votes => usage.waits.votes,
        hasty_percent => percent(usage.waits.hasty, usage.waits.votes),
        expired => usage.waits.expired,
        columns => Serde(columns(&usage.days)),
        commands => Serde(command_views(&usage.commands)),
        askers => Serde(people),
        refusals => Serde(bars(usage.refusals.iter().map(|one| (reason(&one.name).to_owned(), one.count)))),
        results => Serde(bars(usage.results.iter().map(|one| (one.name.clone(), one.count)))),
        waits => Serde(wait_views(&usage.waits.by_rule)),
        approvers => Serde(approvers),
        now => Serde(now),
        unexported => span(now.audit_unexported_seconds.saturating_mul(1_000)),
        model => Serde(usage.model),
        dollars => dollars(usage.model.cost_micros),
        scale => BAR,
    };
    web.render("usage.html", context! { ..frame, ..page }).map(Html)
}

fn count(usage: &Usage, state: &str) -> u64 {
    usage.results.iter().find(|one| one.name == state).map_or(0, |one| one.count)
}

fn command_views(commands: &[CommandUse]) -> Vec<CommandView> {
    let most = commands.iter().map(|one| one.count).max().unwrap_or(0);
    let view = |one: &CommandUse| CommandView {
        bar: scaled(one.count, most, BAR).max(1),
        plain_percent: percent(one.plain_language, one.count),
        middle: one.p50_ms.map(span),
        slow: one.p95_ms.map(span),
        figures: one.clone(),
    };
    commands.iter().map(view).collect()
}

fn wait_views(waits: &[Wait]) -> Vec<WaitView> {
    let longest = waits.iter().filter_map(|one| one.p90_ms).max().unwrap_or(0);
    let bar = |wait: Option<u64>| wait.map_or(0, |wait| scaled(wait, longest, BAR).max(1));
    let view = |one: &Wait| WaitView {
        middle: one.p50_ms.map(span),
        slow: one.p90_ms.map(span),
        middle_bar: bar(one.p50_ms),
        slow_bar: bar(one.p90_ms),
        figures: one.clone(),
    };
    waits.iter().map(view).collect()
}

fn approver_view(web: &Web, one: &Approver) -> ApproverView {
    let name = names(web).remove(&PersonId(one.person.clone()));
    ApproverView {
        name: name.unwrap_or_else(|| one.person.clone()),
        middle: one.p50_ms.map(span),
        hasty_percent: percent(one.hasty, one.approved + one.denied),
        figures: one.clone(),
    }
}

/// A reason code as people say it. A code that is new here stays as it is.
fn reason(code: &str) -> &str {
    match code {
        "stranger" => "an unknown account",
        "unlisted-channel" => "a channel that is not listed",
        "no-role" => "a person without a role",
        "no-rule" => "no rule names it",
        "role" => "the role is missing",
        "channel" => "the wrong channel",
        "forbidden" => "a rule forbids it",
        "freeze" => "a freeze",
        "lock" => "a lock",
        "ungrounded" => "the words did not say it",
        "tainted" => "text from outside was in view",
        "reason-missing" => "no reason was given",
        "no-way" => "what was asked for is not there",
        "unread" => "a back end could not be read",
        "read-only" => "the record is read-only",
        "denied" => "an approver said no",
        "expired" => "it waited too long",
        other => other,
    }
}

fn span(millis: u64) -> String {
    human_span(std::time::Duration::from_millis(millis))
}

/// Millionths of a dollar as dollars, to the cent, or finer where it is less.
fn dollars(micros: u64) -> String {
    let (dollars, rest) = (micros / 1_000_000, micros % 1_000_000);
    if micros > 0 && micros < 10_000 {
        return format!("${dollars}.{rest:06}");
    }
    format!("${dollars}.{:02}", rest / 10_000)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_span_is_whole_days_today_included() {
        let now = "2026-11-26T03:30:00Z".parse().unwrap();
        let span = |days| {
            let (from, to) = Which { days }.span(now);
            format!("{from} {to}")
        };
        assert_eq!(span(1), "2026-11-26T00:00:00Z 2026-11-27T00:00:00Z");
        assert_eq!(span(7), "2026-11-20T00:00:00Z 2026-11-27T00:00:00Z");
        assert_eq!(span(0), span(1));
        assert_eq!(span(9_999), span(366));
    }

    #[test]
    fn small_sums_are_not_rounded_to_nothing() {
        let told: Vec<String> = [0, 1, 9_999, 10_000, 1_234_567].into_iter().map(dollars).collect();
        assert_eq!(told, ["$0.00", "$0.000001", "$0.009999", "$0.01", "$1.23"]);
    }
}
