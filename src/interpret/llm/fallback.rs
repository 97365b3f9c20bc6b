use std::sync::Arc;

use super::Model;
use crate::interpret::{Interpreter, Read, Reading, Thinking};

/// A model, and who reads when it does not: also what somebody says who is nobody in the policy.
pub struct WithFallback {
    model: Model,
    otherwise: Arc<dyn Interpreter>,
}

impl WithFallback {
    /// The model first, then `otherwise`.
    pub fn new(model: Model, otherwise: Arc<dyn Interpreter>) -> Self {
        Self { model, otherwise }
    }
}

impl Interpreter for WithFallback {
    fn name(&self) -> &'static str {
        "model"
    }

    fn read(&self, reading: Reading) -> Thinking<'_> {
        Box::pin(async move {
            // A stranger may do nothing: their words cost nothing, and no model sees them.
            if reading.asker.is_none() {
                return self.otherwise.read(reading).await;
            }
            let tried = self.model.read(&reading).await;
            let trouble = match tried.outcome {
                Ok(interpretation) => {
                    return Read { interpretation, by: tried.by, usage: tried.usage, note: None };
                }
                Err(trouble) => trouble,
            };
            let read = self.otherwise.read(reading).await;
            let note = Some(format!("{trouble}; read without it"));
            // What the model took is on the record although nothing came of it.
            Read { note, usage: tried.usage, ..read }
        })
    }
}
