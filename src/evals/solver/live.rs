use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use super::{Question, Solved};
use crate::catalog::Catalog;
use crate::clock::Clock;
use crate::interpret::llm::{Budget, Endpoint, Model, ModelTrouble, Sampling, Settings, Setup, Tried};

/// So many questions in a row without an answer, each asked several times, mean that the server is down.
const DOWN: u32 = 8;

/// The pause before a server that is busy or resting is asked again.
const PAUSE: Duration = Duration::from_secs(10);

/// How often it is, for one question.
const PAUSES: u32 = 6;

/// A model at its server, asked by the live path. Each trial draws with a seed of its own.
pub struct Live {
    models: Vec<Model>,
    unanswered: AtomicU32,
}

impl Live {
    /// A model for so many trials.
    pub fn new(
        settings: &Settings,
        endpoint: &Endpoint,
        trials: u32,
        catalog: &Arc<Catalog>,
        clock: &Arc<dyn Clock>,
    ) -> Self {
        let model = |trial: u32| {
            let settings = of_trial(settings, trial);
            let setup =
                Setup { settings, endpoint: endpoint.clone(), tariff: None, budget: Budget::default() };
            Model::new(setup, Arc::clone(catalog), Arc::clone(clock))
        };
        Self { models: (0..trials.max(1)).map(model).collect(), unanswered: AtomicU32::new(0) }
    }

    pub(super) async fn answer(&self, question: &Question<'_>) -> Solved {
        let at = usize::try_from(question.trial).unwrap_or(usize::MAX);
        let Some(model) = self.models.get(at).or(self.models.first()) else {
            return Solved {
                outcome: Err("there is no model for this trial".to_owned()),
                by: super::stubbed("none"),
                usage: None,
                trace: Default::default(),
            };
        };
        let mut pauses = 0;
        loop {
            let tried = model.read(question.reading).await;
            let busy = match &tried.outcome {
                Err(ModelTrouble::Resting | ModelTrouble::Refused { status: 429 | 503 | 529 }) => true,
                Ok(_) | Err(_) => false,
            };
            let down = self.count(&tried) >= DOWN;
            if !busy || down || pauses == PAUSES {
                return Solved::tried(tried);
            }
            pauses += 1;
            tokio::time::sleep(PAUSE).await;
        }
    }

    /// How many questions in a row got no answer.
    fn count(&self, tried: &Tried) -> u32 {
        match &tried.outcome {
            Err(ModelTrouble::Resting) => self.unanswered.load(Ordering::Relaxed),
            Err(
                ModelTrouble::Unreached
                | ModelTrouble::Slow { .. }
                | ModelTrouble::BrokeOff
                | ModelTrouble::Refused { .. },
            ) => self.unanswered.fetch_add(1, Ordering::Relaxed) + 1,
            Ok(_)
            | Err(
                ModelTrouble::Unreadable(_)
                | ModelTrouble::Large
                | ModelTrouble::CutOff
                | ModelTrouble::Spent { .. }
                | ModelTrouble::LongMessage { .. },
            ) => {
                self.unanswered.store(0, Ordering::Relaxed);
                0
            }
        }
    }
}

/// The settings of a trial: its seed is the first one plus its number.
pub(in crate::evals) fn of_trial(settings: &Settings, trial: u32) -> Settings {
    let sampling =
        Sampling { seed: settings.sampling.seed.saturating_add(i64::from(trial)), ..settings.sampling };
    Settings { sampling, ..settings.clone() }
}
