use std::collections::BTreeMap;
use std::time::Duration;

use quick_junit::{
    FlakyOrRerun, NonSuccessKind, Property, SerializeError, TestCase, TestCaseStatus, TestRerun, TestSuite,
};

use super::words::{came, expected};
use super::{CaseResult, Report, TrialResult};
use crate::evals::score::Fault;

/// The report as JUnit XML, for build servers: a category is a suite, a case a test. A case that passes in some trials
/// fails as flaky.
///
/// # Errors
/// When the XML cannot be written.
pub fn junit(report: &Report) -> Result<String, SerializeError> {
    let mut suites: BTreeMap<&str, TestSuite> = BTreeMap::new();
    for result in &report.results {
        let suite = suites.entry(&result.category).or_insert_with(|| TestSuite::new(&*result.category));
        suite.add_test_case(test(result));
    }
    let mut file = quick_junit::Report::new("countersign eval");
    for mut suite in suites.into_values() {
        suite.add_properties(properties(report));
        file.add_test_suite(suite);
    }
    file.to_string()
}

fn properties(report: &Report) -> Vec<Property> {
    report.provenance.told().into_iter().map(|(name, told)| Property::new(name, told)).collect()
}

fn test(result: &CaseResult) -> TestCase {
    let failed: Vec<&TrialResult> = result.trials.iter().filter(|trial| !trial.pass).collect();
    let mut test = TestCase::new(&*result.id, status(result, &failed));
    test.set_classname(&*result.category);
    let times = result.trials.iter().filter_map(|trial| trial.latency_ms);
    test.set_time(Duration::from_millis(times.sum()));
    test
}

fn status(result: &CaseResult, failed: &[&TrialResult]) -> TestCaseStatus {
    if result.trials.is_empty() {
        let mut status = TestCaseStatus::skipped();
        status.set_message("not answered");
        return status;
    }
    let Some((first, others)) = failed.split_first() else { return TestCaseStatus::success() };
    let mut status = TestCaseStatus::non_success(kind(first));
    status.set_type(headline(first));
    status.set_message(format!("{} of {} trials failed", failed.len(), result.trials.len()));
    status.set_description(story(result, first));
    status.add_reruns(others.iter().map(|trial| {
        let mut rerun = TestRerun::new(kind(trial));
        rerun.set_type(headline(trial));
        rerun.set_message(format!("trial {}", trial.trial));
        rerun.set_description(story(result, trial));
        rerun
    }));
    let flaky = failed.len() < result.trials.len();
    if flaky && others.is_empty() {
        // The elements that say so are those of further trials; with one failure there are none yet.
        let mut rerun = TestRerun::new(kind(first));
        rerun.set_type(headline(first));
        rerun.set_message(format!("trial {}", first.trial));
        status.add_rerun(rerun);
    }
    status.set_rerun_kind(if flaky { FlakyOrRerun::Flaky } else { FlakyOrRerun::Rerun });
    status
}

/// No answer is an error, a wrong one a failure.
fn kind(trial: &TrialResult) -> NonSuccessKind {
    if trial.is_infra_error() { NonSuccessKind::Error } else { NonSuccessKind::Failure }
}

fn headline(trial: &TrialResult) -> String {
    trial.headline().map(Fault::to_string).unwrap_or_default()
}

fn story(result: &CaseResult, trial: &TrialResult) -> String {
    let expected = result.expected.read().map(|expect| expected(&expect.preferred)).unwrap_or_default();
    let got = trial.got.read().map(|got| came(&got)).unwrap_or_default();
    let errors: Vec<String> = trial.errors.iter().map(ToString::to_string).collect();
    format!("errors: {}\nexpected: {expected}\ngot: {got}", errors.join(" "))
}
