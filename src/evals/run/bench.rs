use std::sync::Arc;

use crate::catalog::Catalog;
use crate::domain::Origin;
use crate::evals::case::Case;
use crate::evals::facts::Facts;
use crate::evals::prediction::Prediction;
use crate::evals::score::{Score, score};
use crate::evals::solver::{Question, Solved, Solver, Timed};
use crate::evals::thread::{Scene, reading};
use crate::evals::through::{Played, Stages, keys};
use crate::evals::understand::{Typed, pass_on, propose, typed};
use crate::ground::Words;

/// Everything that is the same for all cases of a run.
pub struct Bench {
    /// What can be asked for: exactly the tools of the set.
    pub catalog: Arc<Catalog>,
    /// What scores have to know.
    pub facts: Facts,
    /// Where and when.
    pub scene: Scene,
    /// Who answers.
    pub solver: Solver,
    /// The houses in which it is seen what an answer comes to; `None` when a run ends before the gate.
    pub stages: Option<Stages>,
}

/// What came of one trial.
#[derive(Clone, Debug, PartialEq)]
pub struct Answered {
    /// The case.
    pub case: Case,
    /// What the reader proposed.
    pub proposed: Prediction,
    /// What came to the gate.
    pub prediction: Prediction,
    /// The score of that.
    pub score: Score,
}

impl Bench {
    /// Takes a case the way that a message takes, up to the gate.
    pub async fn answer(&self, case: Case, trial: u32) -> Answered {
        let (reading, words) = reading(&case, &self.scene);
        let catalog = &self.catalog;
        let solved = match typed(&reading.text, catalog) {
            Typed::Command(interpretation) => Solved::of(interpretation, Origin::Slash),
            Typed::Sentence => {
                let question = Question { case: &case, reading: &reading, words: &words, trial, catalog };
                self.solver.solve(&question).await
            }
        };
        let mut answered = self.up_to_the_gate(case, trial, &words, &solved, Timed::Live);
        if self.stages.is_some() {
            let prediction = std::mem::take(&mut answered.prediction);
            answered.prediction = self.past_the_gate(&answered.case, &solved, prediction).await;
            answered.score = score(&answered.case, &answered.prediction, &self.facts);
        }
        answered
    }

    /// What an answer comes to that was had some other time. Nobody waited for it.
    pub fn from_file(&self, case: Case, trial: u32, words: &Words, solved: &Solved) -> Answered {
        self.up_to_the_gate(case, trial, words, solved, Timed::Not)
    }

    /// What a message comes to that is an exact command; `None` for a sentence.
    pub fn typed(&self, case: Case, trial: u32) -> Option<Answered> {
        let (reading, words) = reading(&case, &self.scene);
        match typed(&reading.text, &self.catalog) {
            Typed::Sentence => None,
            Typed::Command(interpretation) => {
                let solved = Solved::of(interpretation, Origin::Slash);
                Some(self.from_file(case, trial, &words, &solved))
            }
        }
    }

    fn up_to_the_gate(
        &self,
        case: Case,
        trial: u32,
        words: &Words,
        solved: &Solved,
        timed: Timed,
    ) -> Answered {
        let catalog = &self.catalog;
        let line = solved.line(&case, trial, timed);
        let (proposed, prediction) = match &solved.outcome {
            Ok(interpretation) => (
                propose(line.clone(), interpretation, catalog),
                pass_on(line, interpretation, words, catalog),
            ),
            Err(_) => (line.clone(), line),
        };
        let score = score(&case, &prediction, &self.facts);
        Answered { case, proposed, prediction, score }
    }

    /// The same line with what was executed, where a run goes that far. A house that breaks is no answer.
    async fn past_the_gate(&self, case: &Case, solved: &Solved, line: Prediction) -> Prediction {
        let (Some(stages), Ok(interpretation)) = (&self.stages, &solved.outcome) else { return line };
        match stages.play(case, (interpretation.clone(), solved.by.clone())).await {
            Ok(Played { effects, breaches, stand }) => {
                let mut line = Prediction { effects: Some(effects), breaches, ..line };
                line.other.extend(keys(&stand));
                line
            }
            Err(trouble) => Prediction { error: Some(trouble.to_string()), ..line },
        }
    }
}
