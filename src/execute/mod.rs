//! Floor 5: the hands. Reads facts, runs what was cleared, watches it to its end, looks whether it is well.
//!
//! INVARIANT: [`Hands::run`] takes a `Recorded<Cleared>` by value: there is no way to run what the gate has not cleared
//! or what is not on the record, and no way to run one clearance twice.

mod builtin;
mod candidate;
mod connection;
mod facts;
mod house;
mod http;
mod record;
mod watch;

use std::sync::Arc;
use std::time::Duration;

use arc_swap::ArcSwap;
use serde_json::{Map, Value};
use tokio::sync::mpsc;

use crate::audit::Recorded;
use crate::catalog::{Call, Catalog, Facts, Manifest, OnTotal, Run, Scope, Undo, template};
use crate::clock::Clock;
use crate::domain::{Doubt, Failure, Field, Outcome, Output, RequestId, parse_span};
use crate::gate::{Cleared, Membership, Policy};
use crate::redact::Redactor;
use crate::store::{Row, Store};

pub use candidate::{Candidate, Candidates};
pub use connection::{Connection, Connections, client};
pub use facts::FactReading;

/// What a run needs beside the clearance.
#[derive(Clone, Debug)]
pub struct Slip {
    /// The request.
    pub request: RequestId,
    /// The idempotency key that the back end gets.
    pub key: String,
    /// The facts as they were read last, just before the start.
    pub facts: Facts,
    /// The channel it was asked in.
    pub channel: String,
}

/// What happens while a run goes on.
#[derive(Clone, Debug, PartialEq)]
pub enum Progress {
    /// The back end took it. What is kept of its answer suffices to watch it again.
    Taken(Value),
    /// A line to show.
    Say(String),
}

/// How a run ended, and the rows that must be written together with that.
#[derive(Clone, Debug, PartialEq)]
pub struct Carried {
    /// How it ended.
    pub outcome: Outcome,
    /// What belongs with it.
    pub rows: Vec<Row>,
}

impl Carried {
    fn plain(outcome: Outcome) -> Self {
        Self { outcome, rows: Vec::new() }
    }
}

/// The hands of the house.
#[derive(Clone)]
pub struct Hands {
    catalog: Arc<Catalog>,
    policy: Arc<ArcSwap<Policy>>,
    store: Store,
    connections: Arc<Connections>,
    candidates: Candidates,
    membership: Arc<ArcSwap<Membership>>,
    clock: Arc<dyn Clock>,
    redactor: Redactor,
}

/// What [`Hands`] reaches for.
pub struct Reach {
    /// The tools.
    pub catalog: Arc<Catalog>,
    /// The policy in force, for the answers of `whoami` and `help`.
    pub policy: Arc<ArcSwap<Policy>>,
    /// What is remembered, for `pending` and locks.
    pub store: Store,
    /// The back ends.
    pub connections: Arc<Connections>,
    /// The policy file that waits, for accepting it.
    pub candidates: Candidates,
    /// Who is in which group and on call, as last read.
    pub membership: Arc<ArcSwap<Membership>>,
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// What takes secrets out of the answers of back ends.
    pub redactor: Redactor,
}

impl Hands {
    /// Hands that reach for these.
    pub fn new(reach: Reach) -> Self {
        let Reach { catalog, policy, store, connections, candidates, membership, clock, redactor } = reach;
        Self { catalog, policy, store, connections, candidates, membership, clock, redactor }
    }

    /// Runs what was cleared and recorded. Never fails: what goes wrong is an outcome.
    pub async fn run(
        &self,
        job: Recorded<Cleared>,
        slip: &Slip,
        progress: mpsc::Sender<Progress>,
    ) -> Carried {
        let cleared = job.into_inner();
        let Some(tool) = self.catalog.tool(cleared.call().tool()) else {
            return Carried::plain(failed(format!("there is no tool `{}` any more", cleared.call().tool())));
        };
        let manifest = tool.manifest();
        match &manifest.run {
            Run::Builtin(builtin) => self.builtin(*builtin, &cleared, slip).await,
            Run::Http(request) => {
                let run = self.over_http(manifest, request, cleared.call(), slip, &progress);
                Carried::plain(self.clean(manifest, within(manifest, run).await))
            }
        }
    }

    /// Takes up the watch of a run that the back end had taken before a restart. Changes nothing.
    pub async fn resume(
        &self,
        call: &Call,
        slip: &Slip,
        saved: Map<String, Value>,
        progress: mpsc::Sender<Progress>,
    ) -> Outcome {
        let Some(manifest) = self.catalog.tool(call.tool()).map(|tool| tool.manifest()) else {
            return failed(format!("there is no tool `{}` any more", call.tool()));
        };
        let outcome = within(manifest, self.to_the_end(manifest, call, slip, saved, &progress)).await;
        self.clean(manifest, outcome)
    }

    /// An outcome without secrets: what a back end says goes to chat and onto the record.
    fn clean(&self, manifest: &Manifest, outcome: Outcome) -> Outcome {
        let redactor = self.redactor.and(&manifest.redact);
        match outcome {
            Outcome::Done(output) => Outcome::Done(Output {
                text: redactor.text(&output.text),
                fields: output
                    .fields
                    .iter()
                    .map(|field| Field::new(&field.name, redactor.text(&field.value)))
                    .collect(),
                code: output.code.as_deref().map(|code| redactor.text(code)),
                health: output.health.as_deref().map(|health| redactor.text(health)),
                data: redactor.value(&output.data),
                ..output
            }),
            Outcome::Failed(failure) => Outcome::Failed(Failure {
                text: redactor.text(&failure.text),
                data: redactor.value(&failure.data),
                ..failure
            }),
            Outcome::Unknown(doubt) => Outcome::Unknown(Doubt { text: redactor.text(&doubt.text), ..doubt }),
        }
    }

    /// A scope with everything that is known of a call.
    fn scope(&self, call: &Call, slip: &Slip) -> Scope {
        self.catalog.scope(call).facts(&slip.facts).request(slip.request.as_str(), &slip.key)
    }

    /// Says what a run that worked has to say.
    fn output(&self, manifest: &Manifest, scope: &Scope, data: Value) -> Outcome {
        let texts = &manifest.output;
        let said = template::text(&texts.ok, scope);
        let fields = texts.fields.as_ref().map(|fields| template::eval(fields, scope));
        let code = texts.code.as_ref().map(|code| template::eval(code, scope));
        let output = Output {
            text: said.unwrap_or_else(|error| format!("It is done, but how to say it went wrong: {error}")),
            fields: fields.and_then(Result::ok).map(|rows| field_rows(&rows)).unwrap_or_default(),
            code: code.and_then(Result::ok).and_then(|text| text.as_str().map(str::to_owned)),
            link: template::text(&texts.link, scope).ok().filter(|link| !link.is_empty()),
            undo: manifest.undo.as_ref().and_then(|undo| self.offer(undo, scope)),
            health: None,
            data,
        };
        Outcome::Done(output)
    }

    /// Says what a run that was never taken has to say. There is nothing to put right.
    fn not_begun(&self, manifest: &Manifest, scope: &Scope, text: String, data: Value) -> Outcome {
        Outcome::Failed(self.failure(manifest, scope, text, data))
    }

    /// Says what a run that did not work has to say, and what puts it right.
    fn gone_wrong(&self, manifest: &Manifest, scope: &Scope, text: String, data: Value) -> Outcome {
        let remedy = manifest.remedy.as_ref().and_then(|remedy| self.offer(remedy, scope));
        Outcome::Failed(Failure { remedy, ..self.failure(manifest, scope, text, data) })
    }

    fn failure(&self, manifest: &Manifest, scope: &Scope, text: String, data: Value) -> Failure {
        let link = template::text(&manifest.output.link, scope).ok().filter(|link| !link.is_empty());
        Failure { text, link, data, remedy: None }
    }

    /// The exact command of a call that a tool offers afterwards; `None` when it does not apply.
    fn offer(&self, undo: &Undo, scope: &Scope) -> Option<String> {
        Some(self.catalog.render(&self.catalog.offered(undo, scope)?))
    }
}

/// Ends a run whose time is up. What that means is the tool's to say.
async fn within(manifest: &Manifest, run: impl Future<Output = Outcome>) -> Outcome {
    let total = parse_span(&manifest.timeout.total).unwrap_or(Duration::from_secs(300));
    match tokio::time::timeout(total, run).await {
        Ok(outcome) => outcome,
        Err(_elapsed) => {
            let text = format!("it did not end within {}", manifest.timeout.total);
            match manifest.timeout.on_total {
                OnTotal::Failed => failed(text),
                OnTotal::Unknown => unknown(format!("{text}; it may still be under way")),
            }
        }
    }
}

fn failed(text: impl Into<String>) -> Outcome {
    Outcome::Failed(Failure { text: text.into(), ..Failure::default() })
}

fn unknown(text: impl Into<String>) -> Outcome {
    Outcome::Unknown(Doubt { text: text.into(), link: None })
}

/// `[["Version", "v2.4.1"], ...]` as fields.
fn field_rows(rows: &Value) -> Vec<Field> {
    let plain = |value: &Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    rows.as_array()
        .into_iter()
        .flatten()
        .filter_map(|row| Some(Field::new(plain(row.get(0)?), plain(row.get(1)?))))
        .collect()
}
