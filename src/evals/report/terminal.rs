use super::words::{came, dollars, expected, interval, over_common, points, seconds, worst_first};
use super::{CaseResult, Report};
use crate::evals::baseline::Comparison;
use crate::evals::metrics::Metrics;
use crate::evals::text::{chance, cut, percent};

/// How many categories are listed.
const CATEGORIES: usize = 5;
/// The most characters of what was expected, and of what came.
const WIDTH: usize = 240;
/// How many failures are told.
const FAILURES: usize = 20;

/// The report for a terminal: the headline, the worst categories, the failures that are new, and what the gate decided.
pub fn terminal(report: &Report) -> String {
    let mut lines = headline(report);
    lines.push(String::new());
    lines.extend(categories(report));
    let failures = failures(report);
    if !failures.is_empty() {
        lines.push(String::new());
        lines.extend(failures);
    }
    if let Some(gate) = &report.gate {
        lines.push(String::new());
        let why =
            if gate.reasons.is_empty() { String::new() } else { format!(": {}", gate.reasons.join("; ")) };
        // A gate without a baseline sees no regression, and nobody should think that it did.
        let alone = if report.vs_baseline.is_none() { " (no baseline to compare with)" } else { "" };
        lines.push(format!("gate {}{alone}{why}", gate.verdict.as_str()));
    }
    lines.join("\n")
}

fn headline(report: &Report) -> Vec<String> {
    let now = &report.metrics;
    let before = report.vs_baseline.as_ref().and_then(Comparison::figures);
    let change = |figure: fn(&Metrics) -> Option<f64>| {
        points(figure(now), before.and_then(figure)).map(|points| format!("  {points}")).unwrap_or_default()
    };
    let tiers = now.unsafe_by_tier;
    let mut lines = vec![
        row("macro pass", &format!("{}{}", percent(now.macro_pass), change(|metrics| metrics.macro_pass))),
        row(
            "pass",
            &format!(
                "{}{}  ({} of {} trials, {} cases, 95 % interval {})",
                percent(now.pass),
                change(|metrics| metrics.pass),
                now.passed,
                now.trials,
                now.cases,
                interval(now.pass_ci95)
            ),
        ),
        row(
            "unsafe actions",
            &format!(
                "{}  ({} critical, {} major, {} minor)",
                tiers.total(),
                tiers.critical,
                tiers.major,
                tiers.minor
            ),
        ),
    ];
    if now.targeted_asr.is_some() {
        let valid = percent(now.targeted_asr_valid);
        lines.push(row(
            "attack success",
            &format!("{}  ({valid} of valid answers)", percent(now.targeted_asr)),
        ));
    }
    lines.push(row(
        "over-refused",
        &format!("{}, over-asked {}", percent(now.over_refusal_rate), percent(now.over_clarify_rate)),
    ));
    if let (Some(k), Some(hat)) = (Some(now.pass_hat_k.len()).filter(|k| *k > 1), now.pass_hat_k.last()) {
        let flaky = report.flaky.len();
        lines.push(row(&format!("{k} in a row"), &format!("{}  ({flaky} flaky cases)", percent(Some(*hat)))));
    }
    if now.infra_errors + report.missing_trials > 0 || !report.not_answered.is_empty() {
        lines.push(row(
            "no answer",
            &format!(
                "{} of {} trials, {} more are missing, {} cases without any",
                now.infra_errors,
                now.trials,
                report.missing_trials,
                report.not_answered.len()
            ),
        ));
    }
    if now.latency_ms.timed > 0 {
        let latency = now.latency_ms;
        lines.push(row("latency", &format!("p50 {}, p95 {}", seconds(latency.p50), seconds(latency.p95))));
    }
    if let Some(tokens) = now.tokens {
        let cost = now.cost_usd.map_or_else(|| "no price known".to_owned(), |cost| dollars(cost.run));
        lines.push(row(
            "tokens",
            &format!("{} sent ({} cached), {} back; {cost}", tokens.prompt, tokens.cached, tokens.completion),
        ));
    }
    if let Some(comparison) = &report.vs_baseline {
        lines.push(row(
            "since baseline",
            &format!(
                "{} worse, {} better of {} common cases ({}), {} left out{}",
                comparison.worse.len(),
                comparison.better.len(),
                comparison.common,
                chance(comparison.mcnemar_p),
                comparison.left_out,
                over_common(comparison)
            ),
        ));
    }
    lines
}

fn row(name: &str, figure: &str) -> String {
    format!("{name:<16} {figure}")
}

fn categories(report: &Report) -> Vec<String> {
    let before = |name: &String| report.vs_baseline.as_ref()?.by_category()?.get(name)?.pass;
    let worst = worst_first(&report.by_category);
    let more = worst.len().saturating_sub(CATEGORIES);
    let title = if more > 0 { format!("worst categories ({more} more)") } else { "categories".to_owned() };
    let rows = worst.into_iter().take(CATEGORIES).map(|(name, metrics)| {
        let change =
            points(metrics.pass, before(name)).map(|points| format!("  {points}")).unwrap_or_default();
        let (passed, trials) = (metrics.passed, metrics.trials);
        let of = format!("{passed} of {trials} ({})", interval(metrics.pass_ci95));
        format!("  {name:<24} {:>7}  {of}{change}", percent(metrics.pass))
    });
    std::iter::once(title).chain(rows).collect()
}

/// Failures that the baseline does not have; without one, all.
fn failures(report: &Report) -> Vec<String> {
    let comparison = report.vs_baseline.as_ref().filter(|comparison| !comparison.other_scorer);
    let new = comparison.map(Comparison::new_failures);
    let new = |result: &&CaseResult| {
        result.first_failure().is_some() && new.as_ref().is_none_or(|new| new.contains(&*result.id))
    };
    let failed: Vec<&CaseResult> = report.results.iter().filter(new).collect();
    if failed.is_empty() {
        return Vec::new();
    }
    let kind = if comparison.is_some() { "new failures" } else { "failures" };
    let mut lines = vec![format!("{kind}: {}", failed.len())];
    lines.extend(failed.iter().take(FAILURES).flat_map(|result| failure(result)));
    if failed.len() > FAILURES {
        lines.push(format!("  and {} more, in the report", failed.len() - FAILURES));
    }
    lines
}

fn failure(result: &CaseResult) -> Vec<String> {
    let Some(trial) = result.first_failure() else { return Vec::new() };
    let errors: Vec<String> =
        trial.errors.iter().map(|error| super::words::line(&error.to_string())).collect();
    let of = match result.trials.len() {
        1 => String::new(),
        of => format!(" ({} of {of} trials failed)", of - result.passed()),
    };
    let expect = result.expected.read();
    let alt = expect.as_ref().map_or(0, |expect| expect.alt.len());
    let also = if alt > 0 { format!(", or {alt} other") } else { String::new() };
    let wanted = expect.map(|expect| expected(&expect.preferred)).unwrap_or_default();
    let got = trial.got.read().map(|got| came(&got)).unwrap_or_default();
    vec![
        format!("  {}  {}{of}", result.id, errors.join(" ")),
        format!("    expected  {}{also}", cut(&wanted, WIDTH)),
        format!("    got       {}", cut(&got, WIDTH)),
    ]
}
