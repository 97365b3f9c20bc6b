//! The figures for Prometheus, on a listener of their own.
//!
//! Everything here is a gauge: the figures of the last 24 hours as the usage page shows them, and what is open now.
//! Nobody's name is in it. Text format 0.0.4, see
//! <https://prometheus.io/docs/instrumenting/exposition_formats/>.

use std::fmt::Write as _;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use jiff::{SignedDuration, Timestamp};
use tokio::sync::Mutex;

use super::house::{House, OpenWork};
use crate::audit::Usage;
use crate::clock::Clock;

/// The span of the figures.
const SPAN: SignedDuration = SignedDuration::from_hours(24);

/// How long an answer is good for: several scrapers cost as much as one.
const FRESH: Duration = Duration::from_secs(10);

struct Metrics {
    house: Arc<dyn House>,
    clock: Arc<dyn Clock>,
    last: Mutex<Option<(Timestamp, String)>>,
}

/// `GET /metrics`, and nothing else.
pub fn metrics(house: Arc<dyn House>, clock: Arc<dyn Clock>) -> Router {
    let metrics = Arc::new(Metrics { house, clock, last: Mutex::default() });
    Router::new().route("/metrics", get(scrape)).with_state(metrics)
}

async fn scrape(State(metrics): State<Arc<Metrics>>) -> Response {
    match metrics.text().await {
        Ok(text) => {
            ([(header::CONTENT_TYPE, "text/plain; version=0.0.4; charset=utf-8")], text).into_response()
        }
        Err(trouble) => {
            tracing::error!("the metrics could not be made: {trouble}");
            (StatusCode::SERVICE_UNAVAILABLE, "the figures cannot be read; the log says why\n")
                .into_response()
        }
    }
}

impl Metrics {
    async fn text(&self) -> Result<String, super::house::Trouble> {
        let now = self.clock.now();
        let mut last = self.last.lock().await;
        if let Some((at, text)) = last.as_ref()
            && now.duration_since(*at).unsigned_abs() < FRESH
        {
            return Ok(text.clone());
        }
        let since = now.saturating_sub(SPAN).unwrap_or(Timestamp::MIN);
        let usage = self.house.usage(since, now).await?;
        let text = exposition(&usage, &self.house.open_work().await?);
        *last = Some((now, text.clone()));
        Ok(text)
    }
}

/// The figures in the text format.
fn exposition(usage: &Usage, open: &OpenWork) -> String {
    let mut page = Page::default();
    page.family("open_requests", "Requests that are not over, by where they stand");
    for (state, count) in [("waiting", open.waiting), ("approved", open.approved), ("started", open.started)]
    {
        page.count("open_requests", &[("state", state)], count);
    }
    page.family("record_entries", "Entries on the record in its present epoch");
    page.count("record_entries", &[], open.entries);
    page.family(
        "audit_unexported_seconds",
        "How long the oldest entry has waited that some place for checkpoints does not have",
    );
    page.count("audit_unexported_seconds", &[], open.audit_unexported_seconds);
    page.family("audit_failing_sinks", "Places for checkpoints that fail at present");
    page.count("audit_failing_sinks", &[], open.audit_failing_sinks);
    page.family(
        "read_only",
        "1 while nothing is changed, because the record is not the one that was exported",
    );
    page.count("read_only", &[], u64::from(open.read_only));

    page.family("requests", "Requests of the last 24 hours, by how they stand");
    for one in &usage.results {
        page.count("requests", &[("result", &one.name)], one.count);
    }
    page.family("requests_by_way", "Requests of the last 24 hours, by how they were put");
    page.count("requests_by_way", &[("way", "language")], usage.plain_language);
    page.count("requests_by_way", &[("way", "exact")], usage.exact_commands);
    page.family("commands", "Commands of the last 24 hours, by how they ended");
    for one in &usage.commands {
        let ended = [
            ("done", one.done),
            ("failed", one.failed),
            ("unknown", one.unknown),
            ("declined", one.declined),
        ];
        for (result, count) in ended {
            page.count("commands", &[("command", &one.tool), ("result", result)], count);
        }
    }
    page.family("run_seconds", "How long runs of the last 24 hours took");
    for one in &usage.commands {
        page.seconds("run_seconds", &[("command", &one.tool), ("percentile", "50")], one.p50_ms);
        page.seconds("run_seconds", &[("command", &one.tool), ("percentile", "95")], one.p95_ms);
    }
    page.family("refusals", "Requests of the last 24 hours that the gate refused, by reason");
    for one in &usage.refusals {
        page.count("refusals", &[("reason", &one.name)], one.count);
    }
    page.family("wait_seconds", "From the first card to the start, by the rule that asked for people");
    for one in &usage.waits.by_rule {
        page.seconds("wait_seconds", &[("rule", &one.rule), ("percentile", "50")], one.p50_ms);
        page.seconds("wait_seconds", &[("rule", &one.rule), ("percentile", "90")], one.p90_ms);
    }
    page.family("votes", "Votes of the last 24 hours");
    page.count("votes", &[], usage.waits.votes);
    page.family("hasty_votes", "Votes of the last 24 hours given within three seconds");
    page.count("hasty_votes", &[], usage.waits.hasty);
    page.family("model_reads", "Requests of the last 24 hours that the language model read");
    page.count("model_reads", &[], usage.model.read);
    page.family("model_tokens", "Tokens in and out of the language model in the last 24 hours");
    page.count("model_tokens", &[], usage.model.tokens);
    page.family("model_cost_dollars", "What the language model cost in the last 24 hours, in US dollars");
    let cost = usage.model.cost_micros;
    page.sample("model_cost_dollars", &[], &format!("{}.{:06}", cost / 1_000_000, cost % 1_000_000));
    page.0
}

/// A page in the making. What is written here has no way to fail.
#[derive(Default)]
struct Page(String);

impl Page {
    fn family(&mut self, name: &str, help: &str) {
        let _infallible =
            writeln!(self.0, "# HELP countersign_{name} {help}\n# TYPE countersign_{name} gauge");
    }

    fn sample(&mut self, name: &str, labels: &[(&str, &str)], value: &str) {
        let labels: Vec<String> =
            labels.iter().map(|(name, text)| format!("{name}=\"{}\"", escaped(text))).collect();
        let labels = if labels.is_empty() { String::new() } else { format!("{{{}}}", labels.join(",")) };
        let _infallible = writeln!(self.0, "countersign_{name}{labels} {value}");
    }

    fn count(&mut self, name: &str, labels: &[(&str, &str)], count: u64) {
        self.sample(name, labels, &count.to_string());
    }

    /// Nothing where there is no figure.
    fn seconds(&mut self, name: &str, labels: &[(&str, &str)], millis: Option<u64>) {
        if let Some(millis) = millis {
            self.sample(name, labels, &format!("{}.{:03}", millis / 1_000, millis % 1_000));
        }
    }
}

/// A label's value as the format wants it.
fn escaped(text: &str) -> String {
    text.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n")
}

#[cfg(test)]
mod tests {
    use super::super::fake::{Fake, noon};
    use super::*;

    #[tokio::test]
    async fn the_figures_of_a_day() {
        let fake = Fake::default();
        let usage = fake.usage(noon(), noon()).await.unwrap();
        let open = OpenWork {
            waiting: 2,
            started: 1,
            entries: 4_711,
            audit_unexported_seconds: 12,
            audit_failing_sinks: 1,
            ..OpenWork::default()
        };
        insta::assert_snapshot!(exposition(&usage, &open));
    }

    #[test]
    fn a_name_cannot_break_out_of_its_label() {
        let mut page = Page::default();
        page.count("commands", &[("command", "a\"} 1\nb\\")], 1);
        assert_eq!(page.0, "countersign_commands{command=\"a\\\"} 1\\nb\\\\\"} 1\n");
    }
}
