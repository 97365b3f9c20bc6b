//! A back end that does nothing but write down what it was told to do. It is spoken to by the real executor, and has
//! everything that is asked of it, so that no attack fails for want of a service.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use axum::Router;
use axum::body::to_bytes;
use axum::extract::{Request, State};
use axum::http::{Method, StatusCode};
use axum::response::{IntoResponse, Response};
use serde_json::{Map, Value, json};
use tokio::net::TcpListener;
use tokio_util::task::AbortOnDropHandle;

use super::tools::{EFFECT, EXPECT};
use crate::evals::case::Running;
use crate::evals::prediction::ProposedCall;

/// The most that is read of one request, in bytes.
const MOST_BYTES: usize = 1 << 20;

/// The recording back end. Stops when it is dropped.
pub struct Recorder {
    shared: Arc<Mutex<Shared>>,
    address: SocketAddr,
    _server: AbortOnDropHandle<()>,
}

/// What there is, and what was done.
#[derive(Default)]
struct Shared {
    done: Vec<Done>,
    /// What runs where: service and environment to version and replicas.
    running: BTreeMap<(String, String), Runs>,
    /// Versions and migrations that there are beside the usual ones.
    named: Vec<String>,
    /// Replica counts that are asked for, and so not the present ones.
    asked: Vec<u64>,
}

/// Something that was carried out.
#[derive(Clone, Debug, PartialEq)]
pub struct Done {
    /// The call.
    pub call: ProposedCall,
    /// The request that it was carried out for.
    pub request: String,
    /// How many replicas there were of what it is about, before.
    pub replicas: u64,
}

#[derive(Clone)]
struct Runs {
    version: String,
    replicas: u64,
}

impl Recorder {
    /// A recorder on a port of its own.
    ///
    /// # Errors
    /// When no port can be had.
    pub async fn start() -> std::io::Result<Self> {
        let listener = TcpListener::bind(SocketAddr::from(([127, 0, 0, 1], 0))).await?;
        let address = listener.local_addr()?;
        let shared = Arc::new(Mutex::new(Shared::default()));
        let router = Router::new().fallback(answer).with_state(Arc::clone(&shared));
        let server = tokio::spawn(async move {
            // It ends with the run; until then there is nothing that could end it.
            let _ended = axum::serve(listener, router).await;
        });
        Ok(Self { shared, address, _server: AbortOnDropHandle::new(server) })
    }

    /// Where it is.
    pub fn base_url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Makes a world anew in which everything that these calls name exists, and forgets what was done.
    pub fn stage(&self, running: &[Running], calls: &[ProposedCall]) {
        let mut shared = lock(&self.shared);
        *shared = Shared::default();
        for runs in running {
            let place = (runs.service.clone(), runs.environment.clone());
            let now = Runs {
                version: runs.version.clone().unwrap_or_else(|| CURRENT.to_owned()),
                replicas: runs.replicas.unwrap_or(REPLICAS),
            };
            shared.running.insert(place, now);
        }
        calls.iter().for_each(|call| shared.want(call));
    }

    /// Makes what a call names exist beside the rest.
    pub fn have(&self, call: &ProposedCall) {
        lock(&self.shared).want(call);
    }

    /// What was done since the world was made, in order.
    pub fn effects(&self) -> Vec<ProposedCall> {
        lock(&self.shared).done.iter().map(|done| done.call.clone()).collect()
    }

    /// The same, with the request of each.
    pub fn done(&self) -> Vec<Done> {
        lock(&self.shared).done.clone()
    }
}

/// What runs where nothing is said.
const CURRENT: &str = "0.0.1";
const REPLICAS: u64 = 2;

fn lock(shared: &Mutex<Shared>) -> MutexGuard<'_, Shared> {
    shared.lock().unwrap_or_else(PoisonError::into_inner)
}

async fn answer(State(shared): State<Arc<Mutex<Shared>>>, request: Request) -> Response {
    let (parts, body) = request.into_parts();
    let Ok(body) = to_bytes(body, MOST_BYTES).await else {
        return StatusCode::PAYLOAD_TOO_LARGE.into_response();
    };
    let header = |name: &str| parts.headers.get(name).and_then(|value| value.to_str().ok());
    let mut shared = lock(&shared);
    let body: Value = serde_json::from_slice(&body).unwrap_or(Value::Null);
    let (service, environment) = place(parts.uri.path());
    if let Some((call, request)) = header(EFFECT).and_then(effect) {
        let replicas = shared.runs(&service, &environment).replicas;
        shared.done.push(Done { call, request, replicas });
        shared.change(&service, &environment, &body);
    } else if parts.method != Method::GET {
        // A change that does not say what it is would go unseen.
        return StatusCode::BAD_REQUEST.into_response();
    }
    let status = header(EXPECT).and_then(|status| status.parse().ok()).unwrap_or(200);
    let status = StatusCode::from_u16(status).unwrap_or(StatusCode::OK);
    (status, axum::Json(shared.said(&service, &environment))).into_response()
}

/// The call that an HTTP request says it carries out, and for which request of ours.
fn effect(header: &str) -> Option<(ProposedCall, String)> {
    let text: Value = serde_json::from_str(&percent_decode(header)?).ok()?;
    let request = text.get("request")?.as_str()?.to_owned();
    let mut call: ProposedCall = serde_json::from_value(text).ok()?;
    call.args.retain(|_, value| !value.is_null());
    Some((call, request))
}

fn percent_decode(text: &str) -> Option<String> {
    let form = format!("x={}", text.replace('+', "%2B"));
    url::form_urlencoded::parse(form.as_bytes()).next().map(|(_, value)| value.into_owned())
}

/// The service and the environment that a path is about.
fn place(path: &str) -> (String, String) {
    let parts: Vec<String> = path.split('/').filter_map(percent_decode).collect();
    let after = |word: &str| {
        let at = parts.iter().position(|part| part == word)?;
        parts.get(at + 1).cloned()
    };
    (after("services").unwrap_or_default(), after("environments").unwrap_or_default())
}

impl Shared {
    fn want(&mut self, call: &ProposedCall) {
        for (name, value) in &call.args {
            match value {
                Value::String(text) if name == "version" || name == "migration" => {
                    self.named.push(text.clone())
                }
                Value::Number(number) => self.asked.extend(number.as_u64()),
                Value::Null | Value::Bool(_) | Value::String(_) | Value::Array(_) | Value::Object(_) => {}
            }
        }
    }

    fn runs(&self, service: &str, environment: &str) -> Runs {
        let known = self.running.get(&(service.to_owned(), environment.to_owned()));
        known.cloned().unwrap_or_else(|| {
            // Another number than any that is asked for, so that there is something to do.
            let replicas = (REPLICAS..).find(|count| !self.asked.contains(count)).unwrap_or(REPLICAS);
            Runs { version: CURRENT.to_owned(), replicas }
        })
    }

    fn change(&mut self, service: &str, environment: &str, body: &Value) {
        let mut runs = self.runs(service, environment);
        if let Some(replicas) = body.get("replicas").and_then(Value::as_u64) {
            runs.replicas = replicas;
        }
        if let Some(version) = body.get("version").and_then(Value::as_str) {
            version.clone_into(&mut runs.version);
        }
        self.running.insert((service.to_owned(), environment.to_owned()), runs);
    }

    /// One answer to every question: what runs there, that it went well, and what else tools look for.
    fn said(&self, service: &str, environment: &str) -> Value {
        let Runs { version, replicas } = self.runs(service, environment);
        let mut versions = vec!["0.0.0".to_owned(), version.clone()];
        versions.extend(self.named.iter().filter(|name| **name != version && !is_word(name)).cloned());
        versions.push("9999.0.0".to_owned());
        let mut pending: Vec<String> = self.named.iter().filter(|name| !is_word(name)).cloned().collect();
        pending.push("9999_newest".to_owned());
        let mut said: Map<String, Value> = Map::new();
        for (key, value) in [
            ("id", json!("rec_1")),
            ("state", json!("succeeded")),
            ("step", json!("recorded")),
            ("message", json!("recorded")),
            ("service", json!(service)),
            ("environment", json!(environment)),
            ("version", json!(version)),
            ("previous_version", json!("0.0.0")),
            ("versions", json!(versions)),
            ("replicas", json!(replicas)),
            ("ready", json!(replicas)),
            ("generation", json!(1)),
            ("deploying", json!(false)),
            ("applied", json!([])),
            ("pending", json!(pending)),
            ("duration_ms", json!(1)),
            ("services", json!([])),
            ("lines", json!([])),
            ("title", json!("recorded")),
            ("text", json!("recorded")),
            ("person", json!("nobody")),
            ("url", Value::Null),
            ("health", Value::Null),
            ("instances", json!([])),
        ] {
            said.insert(key.to_owned(), value);
        }
        Value::Object(said)
    }
}

/// Words that stand for whatever is newest.
fn is_word(name: &str) -> bool {
    matches!(name.to_lowercase().as_str(), "latest" | "head" | "pending")
}
