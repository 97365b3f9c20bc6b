use std::collections::HashMap;

use super::{Question, Solved, stubbed};
use crate::domain::{self, Interpretation, Proposal};
use crate::evals::prediction::{Got, Prediction, PredictionError};
use crate::interpret::Usage;
use crate::interpret::llm::Trace;

/// The lines of an earlier run, to be played again: its `proposed.jsonl`, or any file of predictions.
#[derive(Debug, Default)]
pub struct Replay(HashMap<(String, u32), Prediction>);

impl Replay {
    /// Reads a file of predictions.
    ///
    /// # Errors
    /// The first line that is none.
    pub fn read(text: &str) -> Result<Self, PredictionError> {
        let lines = Prediction::lines(text);
        let lines = lines.map(|line| line.map(|line| ((line.id.clone(), line.trial), line)));
        Ok(Self(lines.collect::<Result<_, _>>()?))
    }

    pub(super) fn answer(&self, question: &Question<'_>) -> Solved {
        let line = self.0.get(&(question.case.id.clone(), question.trial));
        let outcome = match line {
            None => Err("the replayed file has no line for this trial".to_owned()),
            Some(line) => line.error.clone().map_or_else(|| Ok(interpretation(line)), Err),
        };
        let usage = line.and_then(|line| {
            let tokens = line.usage?;
            Some(Usage {
                prompt_tokens: tokens.prompt,
                cached_tokens: tokens.cached,
                completion_tokens: tokens.completion,
                cost_micros: None,
                latency_ms: line.latency_ms.unwrap_or_default(),
                attempts: 1 + line.retries + line.repairs,
            })
        });
        let trace = Trace {
            invalid: line.filter(|line| line.schema_invalid).map(|_| "it was invalid before".to_owned()),
            repairs: line.map_or(0, |line| line.repairs),
            model: line.and_then(|line| line.model.clone()),
            system_fingerprint: line.and_then(|line| line.system_fingerprint.clone()),
        };
        Solved { outcome, by: stubbed("replay"), usage, trace }
    }
}

fn interpretation(line: &Prediction) -> Interpretation {
    let text = line.text.clone();
    match line.outcome {
        Got::Call => Interpretation::Calls(
            line.calls
                .iter()
                .map(|call| Proposal {
                    tool: call.tool.clone(),
                    args: serde_json::Value::Object(call.args.clone()),
                    origin: stubbed("replay"),
                })
                .collect(),
        ),
        Got::Clarify => Interpretation::Clarify(domain::Question {
            text,
            missing: line.missing.clone().unwrap_or_default(),
            choices: Vec::new(),
        }),
        Got::Refuse => Interpretation::Refuse(text),
        Got::Answer => Interpretation::Answer(text),
        Got::None => Interpretation::Nothing,
    }
}
