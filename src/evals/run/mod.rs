//! Runs cases: each trial is answered once, several at a time, and what came of it is written down at once.

mod bench;
mod folder;
mod progress;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use futures::StreamExt as _;
use futures::stream;
use tokio_util::sync::CancellationToken;
use tokio_util::task::AbortOnDropHandle;

pub use bench::{Answered, Bench};
pub use folder::{FolderError, Hashes, RunFile, RunFolder, Through};
pub use progress::Progress;

use super::set::CaseSet;

/// How a run is stopped before its end.
#[derive(Clone, Debug, Default)]
pub struct Stop {
    /// No further question is put; those that are under way are waited for.
    pub gently: CancellationToken,
    /// Those that are under way are given up.
    pub now: CancellationToken,
}

/// How a run ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ended {
    /// Every trial has a line.
    Whole,
    /// It was stopped; it can be taken up again.
    Stopped,
}

/// Answers every trial that is not answered yet.
///
/// # Errors
/// When a line cannot be written. What was written before stays.
pub async fn run(
    bench: &Arc<Bench>,
    set: &Arc<CaseSet>,
    answered: &BTreeMap<String, BTreeSet<u32>>,
    concurrency: usize,
    stop: &Stop,
    mut each: impl FnMut(Answered) -> std::io::Result<()>,
) -> std::io::Result<Ended> {
    let open = set.trials(answered).take_while(|_| !stop.gently.is_cancelled());
    let asked = open.map(|(at, trial)| {
        let (bench, set) = (Arc::clone(bench), Arc::clone(set));
        AbortOnDropHandle::new(tokio::spawn(async move {
            match set.case(at) {
                Some(case) => Some(bench.answer(case, trial).await),
                None => None,
            }
        }))
    });
    let mut answers = stream::iter(asked).buffer_unordered(concurrency.max(1));
    loop {
        let next = tokio::select! {
            next = answers.next() => next,
            () = stop.now.cancelled() => return Ok(Ended::Stopped),
        };
        match next {
            None => break,
            // Not a case any more, or a task that was ended: it has no line, and is asked again another time.
            Some(Ok(None) | Err(_)) => {}
            Some(Ok(Some(answer))) => each(answer)?,
        }
    }
    Ok(if stop.gently.is_cancelled() { Ended::Stopped } else { Ended::Whole })
}
