use super::weigh::{Scales, Weighed};
use super::{ModelTrouble, Settings, Trace, Tried, answer, request, thread};
use crate::catalog::Catalog;
use crate::domain::Interpretation;
use crate::interpret::{Reading, Usage};

/// What the body of one answer comes to, for answers that come in files: nothing goes back to the model, so what is
/// wrong is asked about at once. Tokens are those that the server counted.
pub fn read_body(catalog: &Catalog, settings: &Settings, reading: &Reading, body: &str) -> Tried {
    let by = settings.origin(reading);
    let (counted, answer) = answer::read(body);
    let usage = counted.map(|counted| Usage {
        prompt_tokens: counted.prompt,
        cached_tokens: counted.cached,
        completion_tokens: counted.completion,
        attempts: 1,
        ..Usage::default()
    });
    let sent = request::sent(catalog, reading);
    let scales = Scales { catalog, sent: &sent, by: &by, redactor: &settings.redactor };
    let mut trace = Trace::default();
    let outcome = match thread::check(reading, &settings.redactor).and(answer) {
        Ok(answer) => {
            trace.of(&answer);
            trace.invalid = scales.invalid(&answer);
            Ok(match scales.weigh(&answer) {
                Weighed::Done(interpretation) => interpretation,
                Weighed::Wrong(wrong) => Interpretation::Clarify(wrong.question),
            })
        }
        Err(trouble) => Err::<Interpretation, ModelTrouble>(trouble),
    };
    Tried { outcome, by, usage, trace }
}
