use super::words::{came, dollars, expected, interval, line_of, over_common, points, seconds, worst_first};
use super::{CaseResult, Report};
use crate::evals::baseline::Comparison;
use crate::evals::gate::Verdict;
use crate::evals::metrics::Metrics;
use crate::evals::text::{chance, cut, percent};

/// How many failures are told.
const FAILURES: usize = 25;
/// The most characters in a cell of a table.
const IN_CELL: usize = 200;
/// How many ids are named in a row.
const NAMED: usize = 20;

/// The report as Markdown, for a comment on a pull request. What models and attackers wrote stands in code spans, where
/// it is no markup and calls nobody.
pub fn markdown(report: &Report) -> String {
    let mut parts = vec![title(report), figures(report)];
    parts.extend(changes(report));
    parts.push(categories(report));
    parts.extend(failures(report));
    parts.push(provenance(report));
    parts.join("\n\n") + "\n"
}

fn title(report: &Report) -> String {
    let provenance = &report.provenance;
    let suite = provenance.suite.as_deref().map(|suite| format!(" of {}", code(suite))).unwrap_or_default();
    let model = provenance.model.as_deref().map(|model| format!(" with {}", code(model))).unwrap_or_default();
    let (word, reasons) = match &report.gate {
        None => ("scored", &[][..]),
        Some(gate) => {
            let word = match gate.verdict {
                Verdict::Passed => "✅ passed",
                Verdict::Failed => "❌ failed",
                Verdict::Inconclusive => "⚠️ inconclusive",
            };
            (word, gate.reasons.as_slice())
        }
    };
    let reasons: String = reasons.iter().map(|reason| format!("\n- {}", text(reason))).collect();
    format!("### Evaluation{suite}{model}: {word}\n{reasons}").trim_end().to_owned()
}

fn figures(report: &Report) -> String {
    let now = &report.metrics;
    let before = report.vs_baseline.as_ref().and_then(Comparison::figures);
    let tiers = |metrics: &Metrics| {
        let tiers = metrics.unsafe_by_tier;
        format!(
            "{} ({} critical, {} major, {} minor)",
            tiers.total(),
            tiers.critical,
            tiers.major,
            tiers.minor
        )
    };
    let mut rows = Vec::new();
    let mut share = |name: &str, figure: fn(&Metrics) -> Option<f64>, note: String| {
        let Some(value) = figure(now) else { return };
        let was = before.and_then(figure);
        let change = points(Some(value), was).unwrap_or_default();
        rows.push(format!("| {name} | {}{note} | {} | {change} |", percent(Some(value)), percent(was)));
    };
    share("**macro pass**", |metrics| metrics.macro_pass, String::new());
    share("pass", |metrics| metrics.pass, format!(" ({}; {} trials)", interval(now.pass_ci95), now.trials));
    share("attack success", |metrics| metrics.targeted_asr, String::new());
    share("pass under attack", |metrics| metrics.utility_under_attack, String::new());
    share("pass of clean twins", |metrics| metrics.benign_utility, String::new());
    share("over-refusal", |metrics| metrics.over_refusal_rate, String::new());
    share("over-asking", |metrics| metrics.over_clarify_rate, String::new());
    if now.pass_hat_k.len() > 1 {
        let name = format!("{} passes in a row", now.pass_hat_k.len());
        share(&name, |metrics| metrics.pass_hat_k.last().copied(), String::new());
    }
    let was = before.map_or_else(|| "–".to_owned(), tiers);
    rows.insert(1, format!("| **unsafe actions** | {} | {was} | |", tiers(now)));
    if now.latency_ms.timed > 0 {
        let was = before.and_then(|before| before.latency_ms.p95);
        rows.push(format!("| p95 latency | {} | {} | |", seconds(now.latency_ms.p95), seconds(was)));
    }
    if let Some(cost) = now.cost_usd {
        let was =
            before.and_then(|before| before.cost_usd).map_or("–".to_owned(), |cost| dollars(cost.run));
        rows.push(format!("| cost | {} | {was} | |", dollars(cost.run)));
    }
    if now.infra_errors > 0 {
        rows.push(format!("| without an answer | {} of {} trials | | |", now.infra_errors, now.trials));
    }
    format!("| | now | baseline | points |\n|---|---|---|---|\n{}", rows.join("\n"))
}

fn changes(report: &Report) -> Option<String> {
    let comparison = report.vs_baseline.as_ref()?;
    let mut lines = vec![format!(
        "Against the baseline: {} worse, {} better of {} common cases ({}), {} left out{}.",
        comparison.worse.len(),
        comparison.better.len(),
        comparison.common,
        chance(comparison.mcnemar_p),
        comparison.left_out,
        over_common(comparison)
    )];
    for (what, ids) in [
        ("Unsafe now", &comparison.newly_unsafe),
        ("Worse", &comparison.worse),
        ("Better", &comparison.better),
    ] {
        if ids.is_empty() {
            continue;
        }
        let named: Vec<String> = ids.iter().take(NAMED).map(|id| code(id)).collect();
        let more = ids.len().saturating_sub(NAMED);
        let more = if more > 0 { format!(" and {more} more") } else { String::new() };
        lines.push(format!("- {what}: {}{more}", named.join(" ")));
    }
    Some(lines.join("\n"))
}

fn categories(report: &Report) -> String {
    let before = |name: &String| report.vs_baseline.as_ref()?.by_category()?.get(name)?.pass;
    let rows = worst_first(&report.by_category).into_iter().map(|(name, metrics)| {
        let change = points(metrics.pass, before(name)).unwrap_or_default();
        let (pass, interval) = (percent(metrics.pass), interval(metrics.pass_ci95));
        let unsafe_actions = metrics.unsafe_by_tier.total();
        format!("| {} | {pass} | {interval} | {change} | {unsafe_actions} | {} |", code(name), metrics.trials)
    });
    let rows = rows.collect::<Vec<_>>().join("\n");
    format!(
        "<details><summary>{} categories, the worst first</summary>\n\n| category | pass | 95 % | points | unsafe | trials |\n|---|---|---|---|---|---|\n{rows}\n\n</details>",
        report.by_category.len()
    )
}

fn failures(report: &Report) -> Option<String> {
    let failed: Vec<&CaseResult> =
        report.results.iter().filter(|result| result.first_failure().is_some()).collect();
    if failed.is_empty() {
        return None;
    }
    let rows: Vec<String> = failed.iter().take(FAILURES).filter_map(|result| failure(result)).collect();
    let more = failed.len().saturating_sub(FAILURES);
    let more = if more > 0 { format!("\n\nAnd {more} more, in the report.") } else { String::new() };
    Some(format!(
        "<details><summary>{} cases failed</summary>\n\n| case | what is wrong | expected | got |\n|---|---|---|---|\n{}{more}\n\n</details>",
        failed.len(),
        rows.join("\n")
    ))
}

fn failure(result: &CaseResult) -> Option<String> {
    let trial = result.first_failure()?;
    let errors: Vec<String> = trial.errors.iter().map(|error| code(&error.to_string())).collect();
    let wanted = expected(&result.expected.read()?.preferred);
    let got = came(&trial.got.read()?);
    Some(format!("| {} | {} | {} | {} |", code(&result.id), errors.join(" "), code(&wanted), code(&got)))
}

fn provenance(report: &Report) -> String {
    let told = report.provenance.told();
    let told = told.iter().map(|(name, told)| format!("{name} {}", code(told)));
    format!("<sub>{}</sub>", told.collect::<Vec<_>>().join(" · "))
}

/// Text in a code span of a table: without what would end either.
fn code(text: &str) -> String {
    let tame: String = cut(&line_of(text), IN_CELL)
        .chars()
        .map(|character| match character {
            '`' => 'ˋ',
            '|' => '¦',
            other => other,
        })
        .collect();
    if tame.is_empty() { String::new() } else { format!("`{tame}`") }
}

/// Text of ours, which may hold a name.
fn text(text: &str) -> String {
    let markup = |character: char| "\\`*_{}[]<>#|@!~&".contains(character);
    line_of(text)
        .chars()
        .flat_map(|character| markup(character).then_some('\\').into_iter().chain([character]))
        .collect()
}
