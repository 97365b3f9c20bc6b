use std::time::Duration;

use serde_json::{Map, Value};
use tokio::sync::mpsc;

use super::connection::{Answer, Ask, CallError};
use super::facts::{call_timeout, render_pairs};
use super::{Hands, Progress, Slip, failed, unknown};
use crate::catalog::{Call, Http, Manifest, Repeat, Scope, template};
use crate::domain::Outcome;

/// How often a request that may be repeated is sent in all.
const TRIES: u32 = 4;

impl Hands {
    /// Sends the request, then watches what came of it to its end.
    pub(super) async fn over_http(
        &self,
        manifest: &Manifest,
        request: &Http,
        call: &Call,
        slip: &Slip,
        progress: &mpsc::Sender<Progress>,
    ) -> Outcome {
        let scope = self.scope(call, slip);
        let answer = match self.send(manifest, request, &scope).await {
            Ok(answer) => answer,
            Err(error) => return self.not_sent(manifest, &scope, &error),
        };
        if request.changed.contains(&answer.status) {
            let text =
                format!("it changed in the moment before it ran, so nothing was done: {}", answer.sentence());
            return failed(text);
        }
        if !request.expect.contains(&answer.status) {
            return self.not_taken(manifest, &scope, &answer);
        }
        let scope = scope.body(answer.body.clone());
        let saved = match save(request, &scope) {
            Ok(saved) => saved,
            Err(error) => return unknown(format!("it was taken, but the answer cannot be read: {error}")),
        };
        if manifest.watch.is_none() {
            return self.settled(manifest, call, &scope.saved(saved), answer.body).await;
        }
        // Where nobody listens any more the process is stopping; the run is watched again after the restart.
        let _nobody_listens = progress.send(Progress::Taken(Value::Object(saved.clone()))).await;
        self.to_the_end(manifest, call, slip, saved, progress).await
    }

    async fn send(&self, manifest: &Manifest, request: &Http, scope: &Scope) -> Result<Answer, CallError> {
        let unmade = |error: template::TemplateError| CallError::Unmade(error.to_string());
        let path = template::path(&request.path, scope).map_err(unmade)?;
        let query = render_pairs(&request.query, scope)?;
        let headers = render_pairs(&request.headers, scope)?;
        let json =
            request.json.as_ref().map(|json| template::value(json, scope)).transpose().map_err(unmade)?;
        let ask = Ask {
            method: &request.method,
            path: &path,
            query: &query,
            headers: &headers,
            json: json.as_ref(),
            timeout: call_timeout(manifest),
        };
        self.ask_again(manifest, &ask).await
    }

    /// Repeats what may be repeated: a request that never left, a read, and one that the back end recognises as the
    /// same. Anything else may have happened and is asked once.
    async fn ask_again(&self, manifest: &Manifest, ask: &Ask<'_>) -> Result<Answer, CallError> {
        let connection = self.connection(manifest)?;
        let safe = ask.method == "GET" || matches!(manifest.repeat, Some(Repeat::Keyed | Repeat::Convergent));
        let mut tries = 1;
        loop {
            let answer = connection.ask(ask).await;
            let again = match &answer {
                Ok(answer) => {
                    answer.status == 429 || (safe && matches!(answer.status, 500 | 502 | 503 | 504))
                }
                Err(CallError::Unreached(_)) => true,
                Err(CallError::Lost(_)) => safe,
                Err(CallError::Garbled(..) | CallError::Unmade(_)) => false,
            };
            if !again || tries == TRIES {
                return answer;
            }
            tokio::time::sleep(Duration::from_millis(150 << tries)).await;
            tries += 1;
        }
    }

    fn not_sent(&self, manifest: &Manifest, scope: &Scope, error: &CallError) -> Outcome {
        match error {
            CallError::Unreached(_) => {
                self.not_begun(manifest, scope, format!("{error}, so nothing was done"), Value::Null)
            }
            CallError::Unmade(_) => failed(error.to_string()),
            CallError::Lost(_) | CallError::Garbled(..) if mutates(manifest) => {
                unknown(format!("{error}; it may have been done, please look before you ask again"))
            }
            CallError::Lost(_) | CallError::Garbled(..) => failed(error.to_string()),
        }
    }

    fn not_taken(&self, manifest: &Manifest, scope: &Scope, answer: &Answer) -> Outcome {
        if answer.status >= 500 && mutates(manifest) {
            return unknown(format!(
                "the back end broke: {}; it may have been done, please look before you ask again",
                answer.sentence()
            ));
        }
        let scope = scope.clone().body(answer.body.clone());
        let text = template::text(&manifest.output.fail, &scope);
        let text = text.unwrap_or_else(|_no_words| format!("the back end said no: {}", answer.sentence()));
        self.not_begun(manifest, &scope, text, answer.body.clone())
    }
}

fn mutates(manifest: &Manifest) -> bool {
    manifest.effects.class.mutates()
}

fn save(request: &Http, scope: &Scope) -> Result<Map<String, Value>, template::TemplateError> {
    let mut saved = Map::new();
    for (name, expression) in &request.save {
        saved.insert(name.clone(), template::eval(expression, scope)?);
    }
    Ok(saved)
}
