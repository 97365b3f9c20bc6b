use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;

use super::failure::{Failure, failures};
use crate::evals::baseline::Comparison;
use crate::evals::case::{Case, Kind};
use crate::evals::facts::Facts;
use crate::evals::metrics::Metrics;
use crate::evals::prediction::Got;
use crate::evals::report::words::{
    dollars, grouped, interval, line_of, over_common, points, seconds, worst_first,
};
use crate::evals::report::{Level, Report};
use crate::evals::text::{chance, percent};

/// One of the figures.
type Figure = fn(&Metrics) -> Option<f64>;

/// Everything that the template shows.
#[derive(Serialize)]
pub(super) struct Page {
    suite: Option<String>,
    model: Option<String>,
    date: Option<String>,
    verdict: Option<&'static str>,
    reasons: Vec<String>,
    executed: bool,
    tiles: Vec<Tile>,
    work: Vec<Tile>,
    bars: Vec<Bars>,
    matrix: Vec<Row>,
    outcomes: Vec<&'static str>,
    changes: Option<Changes>,
    failures: Vec<Failure>,
    failed: usize,
    choices: Vec<Choice>,
    flaky: Vec<String>,
    not_answered: Vec<String>,
    provenance: Vec<(String, String)>,
}

#[derive(Serialize)]
struct Tile {
    name: &'static str,
    figure: String,
    note: String,
    change: Option<Change>,
    /// `good`, `bad` or nothing.
    mood: &'static str,
}

#[derive(Serialize)]
struct Change {
    text: String,
    mood: &'static str,
}

#[derive(Serialize)]
struct Bars {
    title: &'static str,
    /// The filter that a click on a row sets.
    key: &'static str,
    open: bool,
    rows: Vec<Bar>,
}

/// Lengths are percent of the whole.
#[derive(Serialize)]
struct Bar {
    name: String,
    pass: f64,
    low: f64,
    high: f64,
    before: Option<f64>,
    figure: String,
    interval: String,
    count: String,
    change: Option<Change>,
    unsafe_actions: usize,
}

#[derive(Serialize)]
struct Row {
    kind: &'static str,
    cells: Vec<Cell>,
}

#[derive(Serialize)]
struct Cell {
    trials: usize,
    passed: usize,
    /// How much of its row it is, from 0 to 9.
    heat: usize,
    mood: &'static str,
}

#[derive(Serialize)]
struct Changes {
    common: usize,
    left_out: usize,
    over_common: String,
    p: String,
    void: bool,
    lists: Vec<(&'static str, Vec<String>)>,
}

#[derive(Serialize)]
struct Choice {
    key: &'static str,
    title: &'static str,
    values: BTreeSet<String>,
}

impl Page {
    pub(super) fn of(report: &Report, case: &dyn Fn(&str) -> Option<Case>, facts: &Facts) -> Self {
        let provenance = &report.provenance;
        let (failures, failed) = failures(report, case, facts);
        let gate = report.gate.as_ref();
        Self {
            suite: provenance.suite.as_deref().map(line_of),
            model: provenance.model.as_deref().map(line_of),
            date: provenance.date.as_deref().map(line_of),
            verdict: gate.map(|gate| gate.verdict.as_str()),
            reasons: gate
                .map(|gate| gate.reasons.iter().map(|reason| line_of(reason)).collect())
                .unwrap_or_default(),
            executed: report.level == Level::Executed,
            tiles: tiles(report),
            work: work(report),
            bars: bars(report),
            matrix: matrix(report),
            outcomes: Got::ALL.iter().map(|got| got.as_str()).chain(["no answer"]).collect(),
            changes: changes(report),
            choices: choices(&failures),
            failures,
            failed,
            flaky: report.flaky.clone(),
            not_answered: report.not_answered.clone(),
            provenance: sources(report),
        }
    }
}

/// A change, and whether it is one for the better.
fn change(now: Option<f64>, before: Option<f64>, more_is_better: bool) -> Option<Change> {
    let text = points(now, before)?;
    let mood = match (text.starts_with('+'), text.starts_with('−')) {
        (true, _) => mood(more_is_better),
        (_, true) => mood(!more_is_better),
        (false, false) => "",
    };
    Some(Change { text, mood })
}

fn mood(good: bool) -> &'static str {
    if good { "good" } else { "bad" }
}

fn tiles(report: &Report) -> Vec<Tile> {
    let now = &report.metrics;
    let before = report.vs_baseline.as_ref().and_then(Comparison::figures);
    let share = |name, figure: Figure, better, note| Tile {
        name,
        figure: percent(figure(now)),
        note,
        change: change(figure(now), before.and_then(figure), better),
        mood: "",
    };
    let tiers = now.unsafe_by_tier;
    let mut tiles = vec![
        share(
            "macro pass",
            |metrics| metrics.macro_pass,
            true,
            format!("mean of {} categories", report.by_category.len()),
        ),
        share("pass", |metrics| metrics.pass, true, {
            format!("{} of {} trials; 95 % {}", now.passed, now.trials, interval(now.pass_ci95))
        }),
        Tile {
            name: "unsafe actions",
            figure: tiers.total().to_string(),
            note: format!(
                "{} critical, {} major, {} minor; {} of trials{}",
                tiers.critical,
                tiers.major,
                tiers.minor,
                percent(now.unsafe_action_rate),
                before
                    .map(|before| format!(", was {}", percent(before.unsafe_action_rate)))
                    .unwrap_or_default()
            ),
            change: None,
            mood: mood(tiers.total() == 0),
        },
    ];
    if let Some(rate) = now.targeted_asr {
        let what = if report.level == Level::Executed { "carried out" } else { "proposed" };
        let note = format!("{what}; {} of valid answers", percent(now.targeted_asr_valid));
        tiles.push(Tile {
            mood: mood(rate == 0.0),
            ..share("attack success", |metrics| metrics.targeted_asr, false, note)
        });
        let note = format!("clean twins {}", percent(now.benign_utility));
        tiles.push(share("pass under attack", |metrics| metrics.utility_under_attack, true, note));
    }
    let asked = format!("over-asking {}", percent(now.over_clarify_rate));
    tiles.push(share("over-refusal", |metrics| metrics.over_refusal_rate, false, asked));
    if now.pass_hat_k.len() > 1 {
        let note = format!("{} tries in a row; {} flaky cases", now.pass_hat_k.len(), report.flaky.len());
        tiles.push(share("pass^k", |metrics| metrics.pass_hat_k.last().copied(), true, note));
    }
    let latency = now.latency_ms;
    tiles.push(Tile {
        name: "p95 latency",
        figure: seconds(latency.p95),
        note: if latency.timed > 0 {
            format!("p50 {}", seconds(latency.p50))
        } else {
            "not timed".to_owned()
        },
        change: None,
        mood: "",
    });
    let tokens = now.tokens.map(|tokens| {
        let [sent, cached, back] = [tokens.prompt, tokens.cached, tokens.completion].map(grouped);
        format!("{sent} tokens sent, {cached} cached, {back} back")
    });
    let per_thousand = now.cost_usd.and_then(|cost| cost.per_1000_messages);
    let rate = per_thousand.map(|rate| format!("{} for 1,000 messages; ", dollars(rate))).unwrap_or_default();
    tiles.push(Tile {
        name: "cost",
        figure: now.cost_usd.map_or_else(|| "–".to_owned(), |cost| dollars(cost.run)),
        note: format!("{rate}{}", tokens.unwrap_or_else(|| "no tokens reported".to_owned())),
        change: None,
        mood: "",
    });
    let lost = now.infra_errors + report.missing_trials;
    if lost > 0 || !report.not_answered.is_empty() {
        tiles.push(Tile {
            name: "without an answer",
            figure: lost.to_string(),
            note: format!("trials; {} cases have none at all", report.not_answered.len()),
            change: None,
            mood: "bad",
        });
    }
    tiles
}

/// What the model proposed beside what came to the gate.
fn work(report: &Report) -> Vec<Tile> {
    let Some(proposed) = &report.proposed else { return Vec::new() };
    let shares: [(&'static str, Figure, bool); 3] = [
        ("pass", |metrics| metrics.pass, true),
        ("unsafe action rate", |metrics| metrics.unsafe_action_rate, false),
        ("attack success", |metrics| metrics.targeted_asr, false),
    ];
    let tile = |(name, figure, better): (_, Figure, _)| Tile {
        name,
        figure: percent(figure(proposed)),
        note: format!("after admission and grounding {}", percent(figure(&report.metrics))),
        change: change(figure(&report.metrics), figure(proposed), better),
        mood: "",
    };
    shares.into_iter().map(tile).collect()
}

fn bars(report: &Report) -> Vec<Bars> {
    let before = report.vs_baseline.as_ref().and_then(Comparison::by_category);
    let rows = |groups: &BTreeMap<String, Metrics>, before: Option<&BTreeMap<String, Metrics>>| {
        let bar = |(name, metrics): (&String, &Metrics)| {
            let was = before.and_then(|before| before.get(name)).and_then(|before| before.pass);
            let [low, high] = metrics.pass_ci95.unwrap_or_default();
            Bar {
                name: line_of(name),
                pass: metrics.pass.unwrap_or_default() * 100.0,
                low: low * 100.0,
                high: high * 100.0,
                before: was.map(|was| was * 100.0),
                figure: percent(metrics.pass),
                interval: interval(metrics.pass_ci95),
                count: format!("{} of {}", metrics.passed, metrics.trials),
                change: change(metrics.pass, was, true),
                unsafe_actions: metrics.unsafe_by_tier.total(),
            }
        };
        worst_first(groups).into_iter().map(bar).collect()
    };
    let bars = [
        Bars { title: "By category", key: "category", open: true, rows: rows(&report.by_category, before) },
        Bars { title: "By language", key: "lang", open: false, rows: rows(&report.by_lang, None) },
        Bars { title: "By expected tool", key: "tool", open: false, rows: rows(&report.by_tool, None) },
        Bars { title: "By tag", key: "", open: false, rows: rows(&report.by_tag, None) },
    ];
    bars.into_iter().filter(|bars| !bars.rows.is_empty()).collect()
}

/// The expected kinds by what came of them; the last column is no answer.
fn matrix(report: &Report) -> Vec<Row> {
    let mut counts: BTreeMap<Kind, Vec<(usize, usize)>> = BTreeMap::new();
    for result in &report.results {
        for trial in &result.trials {
            let row = counts.entry(result.kind).or_insert_with(|| vec![(0, 0); Got::ALL.len() + 1]);
            let at = Got::ALL.iter().position(|got| Some(*got) == trial.outcome).unwrap_or(Got::ALL.len());
            if let Some((trials, passed)) = row.get_mut(at) {
                *trials += 1;
                *passed += usize::from(trial.pass);
            }
        }
    }
    let row = |(kind, cells): (Kind, Vec<(usize, usize)>)| {
        let all: usize = cells.iter().map(|(trials, _)| trials).sum();
        let cell = |(trials, passed): (usize, usize)| Cell {
            trials,
            passed,
            heat: (trials * 9).div_ceil(all.max(1)).min(9),
            mood: match (trials, passed) {
                (0, _) => "none",
                (trials, passed) if passed * 2 >= trials => "good",
                (_, _) => "bad",
            },
        };
        Row { kind: kind.as_str(), cells: cells.into_iter().map(cell).collect() }
    };
    counts.into_iter().map(row).collect()
}

fn changes(report: &Report) -> Option<Changes> {
    let comparison = report.vs_baseline.as_ref()?;
    let lists = [
        ("Unsafe now and not before", &comparison.newly_unsafe),
        ("Worse", &comparison.worse),
        ("Better", &comparison.better),
    ];
    Some(Changes {
        common: comparison.common,
        left_out: comparison.left_out,
        over_common: over_common(comparison),
        p: chance(comparison.mcnemar_p),
        void: comparison.other_scorer,
        lists: lists.into_iter().map(|(title, ids)| (title, ids.clone())).collect(),
    })
}

fn choices(failures: &[Failure]) -> Vec<Choice> {
    let choice = |key, title, of: fn(&Failure) -> Vec<String>| Choice {
        key,
        title,
        values: failures.iter().flat_map(of).collect(),
    };
    vec![
        choice("category", "Category", |failure| vec![failure.category.clone()]),
        choice("lang", "Language", |failure| vec![failure.lang.clone()]),
        choice("tool", "Tool", |failure| failure.tools.clone()),
        choice("error", "Error", |failure| failure.kinds.iter().map(|kind| (*kind).to_owned()).collect()),
    ]
}

fn sources(report: &Report) -> Vec<(String, String)> {
    let told = report.provenance.told().into_iter();
    told.map(|(name, told)| (name.replace('_', " "), told)).collect()
}
