use std::collections::{BTreeMap, BTreeSet};

use super::BatchManifest;
use super::answer::{BatchAnswer, Outcome};
use crate::evals::run::{Answered, Bench};
use crate::evals::set::CaseSet;
use crate::evals::solver::{Solved, of_trial};
use crate::evals::thread::reading;
use crate::interpret::llm::{Settings, read_body};

/// What came of the answers of a batch.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Imported {
    /// How many trials have an answer now.
    pub answered: usize,
    /// How many have an error in its place.
    pub failed: usize,
    /// Requests that no line answers.
    pub missing: Vec<String>,
    /// Lines that answer no request of this batch.
    pub strangers: Vec<String>,
    /// Lines that answer a request once more. The first counts.
    pub again: Vec<String>,
}

/// Reads the answers of a batch, in any order, and gives each trial to `each`: as it would have come live, but that
/// nothing goes back to the model.
///
/// # Errors
/// What is no line of a batch's output, and what `each` ends with.
pub fn import<E>(
    manifest: &BatchManifest,
    (set, bench, settings): (&CaseSet, &Bench, &Settings),
    answers: impl Iterator<Item = BatchAnswer>,
    mut each: impl FnMut(Answered) -> Result<(), E>,
) -> Result<Imported, E> {
    let places: BTreeMap<&str, usize> = (0..set.len()).filter_map(|at| Some((set.id(at)?, at))).collect();
    let mut imported = Imported::default();
    let mut seen = BTreeSet::new();
    for BatchAnswer { custom_id, outcome } in answers {
        let found = manifest.requests.get(&custom_id);
        let Some((trial, case)) = found.and_then(|(id, trial)| {
            let case = set.case(*places.get(id.as_str())?)?;
            Some((*trial, case))
        }) else {
            imported.strangers.push(custom_id);
            continue;
        };
        if !seen.insert(custom_id.clone()) {
            imported.again.push(custom_id);
            continue;
        }
        let (reading, words) = reading(&case, &bench.scene);
        let solved = match outcome {
            Outcome::Body(body) => {
                Solved::tried(read_body(&bench.catalog, &of_trial(settings, trial), &reading, &body))
            }
            Outcome::Failed(why) => Solved::failed(why),
        };
        count(&mut imported, &solved);
        each(bench.from_file(case, trial, &words, &solved))?;
    }
    for (custom_id, (id, trial)) in &manifest.requests {
        if seen.contains(custom_id) {
            continue;
        }
        imported.missing.push(custom_id.clone());
        let Some(case) = places.get(id.as_str()).and_then(|at| set.case(*at)) else { continue };
        let (_, words) = reading(&case, &bench.scene);
        let solved = Solved::failed("the batch has no line for this trial".to_owned());
        imported.failed += 1;
        each(bench.from_file(case, *trial, &words, &solved))?;
    }
    typed_ones(manifest, (set, bench), &mut imported, each)?;
    Ok(imported)
}

/// Trials that no model was asked about: their messages are exact commands.
fn typed_ones<E>(
    manifest: &BatchManifest,
    (set, bench): (&CaseSet, &Bench),
    imported: &mut Imported,
    mut each: impl FnMut(Answered) -> Result<(), E>,
) -> Result<(), E> {
    let asked: BTreeSet<(&str, u32)> =
        manifest.requests.values().map(|(id, trial)| (id.as_str(), *trial)).collect();
    for (at, trial) in set.trials(&BTreeMap::new()) {
        if set.id(at).is_some_and(|id| asked.contains(&(id, trial))) {
            continue;
        }
        let Some(case) = set.case(at) else { continue };
        if let Some(answered) = bench.typed(case, trial) {
            imported.answered += 1;
            each(answered)?;
        }
    }
    Ok(())
}

fn count(imported: &mut Imported, solved: &Solved) {
    match &solved.outcome {
        Ok(_) => imported.answered += 1,
        Err(_) => imported.failed += 1,
    }
}
