use std::time::Duration;

use serde_json::{Map, Value};
use tokio::sync::mpsc;

use super::{Hands, Progress, Slip, unknown};
use crate::catalog::{Call, Manifest, Scope, Watch, template};
use crate::domain::{Outcome, parse_span};

/// How many reads in a row may fail before the watch gives up.
const FAILED_READS: u32 = 20;

impl Hands {
    /// Watches a run that the back end has taken until it ends, then looks whether it is well.
    pub(super) async fn to_the_end(
        &self,
        manifest: &Manifest,
        call: &Call,
        slip: &Slip,
        saved: Map<String, Value>,
        progress: &mpsc::Sender<Progress>,
    ) -> Outcome {
        let scope = self.scope(call, slip).saved(saved);
        let Some(watch) = &manifest.watch else {
            return self.settled(manifest, call, &scope, Value::Null).await;
        };
        let body = match self.ended(manifest, watch, &scope, progress).await {
            Ok(body) => body,
            Err(outcome) => return outcome,
        };
        let scope = scope.watch(body.clone());
        if template::condition(&watch.success, &scope.clone().body(body.clone())).unwrap_or(false) {
            return self.settled(manifest, call, &scope, body).await;
        }
        let said = template::text(&manifest.output.fail, &scope);
        self.gone_wrong(manifest, &scope, said.unwrap_or_else(|error| error.to_string()), body)
    }

    async fn ended(
        &self,
        manifest: &Manifest,
        watch: &Watch,
        scope: &Scope,
        progress: &mpsc::Sender<Progress>,
    ) -> Result<Value, Outcome> {
        let every = every(watch);
        let (mut failed, mut last) = (0, String::new());
        loop {
            match self.get(manifest, &watch.get, &Default::default(), scope).await {
                Ok(answer) if (200..300).contains(&answer.status) => {
                    failed = 0;
                    let seen = scope.clone().body(answer.body.clone());
                    if template::condition(&watch.done, &seen).unwrap_or(false) {
                        return Ok(answer.body);
                    }
                    let said = self.redactor.text(&template::text(&watch.say, &seen).unwrap_or_default());
                    if !said.is_empty() && said != last {
                        // Where nobody listens any more, watching on is still right: the end is what matters.
                        let _nobody_listens = progress.send(Progress::Say(said.clone())).await;
                        last = said;
                    }
                }
                Ok(answer) if failed >= FAILED_READS => return Err(lost_sight(&answer.sentence())),
                Err(error) if failed >= FAILED_READS => return Err(lost_sight(&error.to_string())),
                Ok(_) | Err(_) => failed += 1,
            }
            tokio::time::sleep(every).await;
        }
    }

    /// A run that ended well: says so, after a look whether what it changed is well too.
    pub(super) async fn settled(
        &self,
        manifest: &Manifest,
        call: &Call,
        scope: &Scope,
        data: Value,
    ) -> Outcome {
        let Some(health) = &manifest.health else { return self.output(manifest, scope, data) };
        let mut seen = None;
        for _try in 0..10 {
            let Ok(answer) = self.get(manifest, &health.get, &Default::default(), scope).await else {
                continue;
            };
            let looked = scope.clone().body(answer.body);
            let well = template::condition(&health.pass, &looked).unwrap_or(false);
            seen = Some((well, template::text(&health.say, &looked).unwrap_or_default(), looked));
            if well {
                break;
            }
            tokio::time::sleep(Duration::from_millis(300)).await;
        }
        match seen {
            Some((true, said, looked)) => match self.output(manifest, &looked, data) {
                Outcome::Done(output) => {
                    Outcome::Done(crate::domain::Output { health: Some(said), ..output })
                }
                other @ (Outcome::Failed(_) | Outcome::Unknown(_)) => other,
            },
            Some((false, said, looked)) => {
                self.gone_wrong(manifest, &looked, format!("it ran, but it is not well: {said}"), data)
            }
            None => unknown(format!("{} ran, but its health could not be read", call.target())),
        }
    }
}

fn lost_sight(why: &str) -> Outcome {
    unknown(format!("it was taken, but how it went can no longer be seen: {why}"))
}

/// The pause between two reads: at least 50 ms, a second when it is not said right.
fn every(watch: &Watch) -> Duration {
    let millis =
        watch.every.strip_suffix("ms").and_then(|number| number.parse().ok()).map(Duration::from_millis);
    millis
        .or_else(|| parse_span(&watch.every))
        .unwrap_or(Duration::from_secs(1))
        .max(Duration::from_millis(50))
}
