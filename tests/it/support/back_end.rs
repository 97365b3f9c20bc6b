use std::collections::HashMap;
use std::pin::pin;
use std::sync::{Arc, Mutex};

use axum::Router;
use axum::body::Body;
use axum::extract::State;
use axum::http::{Request, Response};
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio::sync::Notify;
use tokio::time::timeout;

use super::PATIENCE;

/// What a back end answers.
#[derive(Clone, Debug)]
pub enum Answer {
    /// This status with this body.
    Json(u16, Value),
    /// 200 and something that is not JSON.
    Garbage,
    /// Nothing, ever.
    Hang,
    /// 200 with this body, once somebody gives leave.
    Held(Arc<Notify>, Value),
}

/// A back end that does as it is told. At first it is one whose order-service in production runs v2.4.0 on three
/// replicas, takes a deployment of v2.4.1 and has done it at once, and takes the one migration that is pending.
pub struct BackEnd {
    shared: Arc<Shared>,
    base: String,
    server: tokio::task::JoinHandle<std::io::Result<()>>,
}

#[derive(Default)]
struct Shared {
    answers: Mutex<HashMap<String, Answer>>,
    asked: Mutex<Vec<String>>,
    moved: Notify,
}

/// The questions it is asked.
impl BackEnd {
    pub const SERVICE: &str = "GET /v1/environments/production/services/order-service";
    pub const DEPLOY: &str = "POST /v1/environments/production/services/order-service/deployments";
    pub const DEPLOYMENT: &str = "GET /v1/deployments/dep_1";
    pub const MIGRATIONS: &str = "GET /v1/environments/production/services/order-service/migrations";
    pub const MIGRATE: &str = "POST /v1/environments/production/services/order-service/migrations";
    pub const SCALE: &str = "PUT /v1/environments/production/services/order-service/scale";
}

impl BackEnd {
    pub async fn well() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let base = format!("http://{}", listener.local_addr().unwrap());
        let shared = Arc::new(Shared::default());
        let router = Router::new().fallback(answer).with_state(Arc::clone(&shared));
        let back_end =
            Self { shared, base, server: tokio::spawn(axum::serve(listener, router).into_future()) };
        back_end.answers(Self::SERVICE, Answer::Json(200, service(3, "v2.4.0")));
        back_end.answers(Self::DEPLOY, Answer::Json(202, json!({ "id": "dep_1", "state": "running" })));
        back_end.answers(Self::DEPLOYMENT, deployment("succeeded", "3/3 replicas on v2.4.1"));
        let pending = json!({ "applied": [], "pending": ["0001_create_orders"] });
        back_end.answers(Self::MIGRATIONS, Answer::Json(200, pending));
        let applied = json!({ "applied": ["0001_create_orders"], "duration_ms": 4 });
        back_end.answers(Self::MIGRATE, Answer::Json(200, applied));
        back_end
    }

    pub fn base(&self) -> String {
        self.base.clone()
    }

    pub fn answers(&self, question: &str, answer: Answer) {
        self.shared.answers.lock().unwrap().insert(question.to_owned(), answer);
    }

    /// How the deployment goes.
    pub fn deployment(&self, state: &str, step: &str) {
        self.answers(Self::DEPLOYMENT, deployment(state, step));
    }

    /// How often this was asked.
    pub fn asked(&self, question: &str) -> usize {
        self.shared.asked.lock().unwrap().iter().filter(|asked| *asked == question).count()
    }

    /// Waits until this was asked so often.
    pub async fn is_asked(&self, question: &str, times: usize) {
        let asked = async {
            loop {
                let mut moved = pin!(self.shared.moved.notified());
                moved.as_mut().enable();
                if self.asked(question) >= times {
                    return;
                }
                moved.await;
            }
        };
        timeout(PATIENCE, asked).await.unwrap_or_else(|_| panic!("`{question}` was not asked {times} times"));
    }

    /// Where nothing listens.
    pub async fn nowhere() -> String {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        format!("http://{}", listener.local_addr().unwrap())
    }
}

impl Drop for BackEnd {
    fn drop(&mut self) {
        self.server.abort();
    }
}

pub fn service(replicas: u32, version: &str) -> Value {
    json!({
        "service": "order-service", "environment": "production", "version": version,
        "previous_version": "v2.3.1", "versions": ["v2.3.1", "v2.4.0", "v2.4.1"],
        "replicas": replicas, "ready": replicas, "generation": 7, "deploying": false, "url": null, "instances": [],
    })
}

fn deployment(state: &str, step: &str) -> Answer {
    Answer::Json(200, json!({ "id": "dep_1", "state": state, "step": step, "message": step, "health": null }))
}

async fn answer(State(shared): State<Arc<Shared>>, request: Request<Body>) -> Response<Body> {
    let question = format!("{} {}", request.method(), request.uri().path());
    let answer = shared.answers.lock().unwrap().get(&question).cloned();
    shared.asked.lock().unwrap().push(question.clone());
    shared.moved.notify_waiters();
    let (status, body) = match answer {
        Some(Answer::Json(status, body)) => (status, body.to_string()),
        Some(Answer::Garbage) => (200, "<html>it works</html>".to_owned()),
        Some(Answer::Hang) => std::future::pending().await,
        Some(Answer::Held(leave, body)) => {
            leave.notified().await;
            (200, body.to_string())
        }
        None => (404, json!({ "error": format!("`{question}` is not here") }).to_string()),
    };
    Response::builder().status(status).body(Body::from(body)).unwrap()
}
