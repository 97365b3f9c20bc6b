//! The HTTP API, as the shipped tools call it.

use std::{net::SocketAddr, sync::Arc, time::Duration};

use axum::{
    Json, Router,
    body::Bytes,
    extract::{DefaultBodyLimit, FromRequest, Path, Query, Request, State, rejection::QueryRejection},
    http::{HeaderMap, StatusCode, header},
    middleware::{self, Next},
    response::{IntoResponse, Response},
    routing::{get, post, put},
};
use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, de::DeserializeOwned};
use serde_json::{Value, json};
use subtle::ConstantTimeEq;

use super::{
    clock::now,
    logs::LogQuery,
    orders::{Begun, Order},
    refusal::Refusal,
    site::Site,
    state::{Deployment, Target},
};

type Shared = State<Arc<Site>>;

/// Who may call.
#[derive(Clone)]
pub(super) struct Door {
    pub(super) addr: SocketAddr,
    pub(super) token: SecretString,
}

/// The routes, behind the door.
pub(super) fn router(site: Arc<Site>, door: Door) -> Router {
    let service = Router::new()
        .route("/", get(service))
        .route("/deployments", post(deploy))
        .route("/rollbacks", post(roll_back))
        .route("/scale", put(scale))
        .route("/logs", get(logs))
        .route("/migrations", get(migrations).post(migrate))
        .route("/instances/{instance}/kill", post(kill));
    Router::new()
        .route("/v1/services", get(services))
        .route("/v1/deployments/{id}", get(deployment))
        .nest("/v1/environments/{environment}/services/{service}", service)
        .fallback(async || Refusal::missing("there is nothing at this address".to_owned()))
        .method_not_allowed_fallback(async || Refusal {
            status: StatusCode::METHOD_NOT_ALLOWED,
            sentence: "this address does not take this method".to_owned(),
        })
        .layer(DefaultBodyLimit::max(64 * 1024))
        .layer(middleware::from_fn_with_state(door, guard))
        .with_state(site)
}

async fn guard(State(door): State<Door>, request: Request, next: Next) -> Response {
    match door.admit(request.headers()) {
        Ok(()) => next.run(request).await,
        Err(refusal) => refusal.into_response(),
    }
}

impl Door {
    /// Lets in who names a loopback host, so that no web page can reach it under a name of its own, and has the token.
    fn admit(&self, headers: &HeaderMap) -> Result<(), Refusal> {
        let text = |name| headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default();
        let host = text(header::HOST);
        let port = self.addr.port();
        if !["127.0.0.1", "localhost", "[::1]"].iter().any(|name| host == format!("{name}:{port}")) {
            let sentence = format!("`{host}` is not this playground; call it as 127.0.0.1:{port}");
            return Err(Refusal { status: StatusCode::MISDIRECTED_REQUEST, sentence });
        }
        let sent = text(header::AUTHORIZATION).strip_prefix("Bearer ").unwrap_or_default();
        if bool::from(sent.as_bytes().ct_eq(self.token.expose_secret().as_bytes())) {
            return Ok(());
        }
        let sentence = "the bearer token is missing or wrong".to_owned();
        Err(Refusal { status: StatusCode::UNAUTHORIZED, sentence })
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct DeployBody {
    version: String,
    generation: Option<u64>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RollbackBody {
    generation: Option<u64>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ScaleBody {
    replicas: i64,
    generation: Option<u64>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct MigrateBody {
    migration: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct LogsQuery {
    since_seconds: Option<u32>,
    #[serde(default)]
    filter: String,
    limit: Option<usize>,
}

/// Lines that are returned when the caller names no limit, and the most that are.
const LINES: usize = 50;
const MOST_LINES: usize = 1_000;

async fn services(State(site): Shared) -> Json<Value> {
    Json(json!({ "services": site.summaries().await }))
}

async fn service(State(site): Shared, Path(target): Path<Target>) -> Result<Response, Refusal> {
    Ok(Json(site.service(&target).await?).into_response())
}

async fn deployment(State(site): Shared, Path(id): Path<String>) -> Result<Json<Deployment>, Refusal> {
    let missing = || Refusal::missing(format!("there is no deployment `{id}`"));
    site.book.read(|state| state.deployment(&id).cloned()).await.map(Json).ok_or_else(missing)
}

async fn deploy(
    State(site): Shared,
    Path(target): Path<Target>,
    headers: HeaderMap,
    Body(body): Body<DeployBody>,
) -> Result<Response, Refusal> {
    let order = order(target, &headers, body.generation)?;
    let begun = to_the_end(async move { site.deploy(&order, &body.version).await }).await?;
    Ok(accepted(begun))
}

async fn roll_back(
    State(site): Shared,
    Path(target): Path<Target>,
    headers: HeaderMap,
    Body(body): Body<RollbackBody>,
) -> Result<Response, Refusal> {
    let order = order(target, &headers, body.generation)?;
    let begun = to_the_end(async move { site.roll_back(&order).await }).await?;
    Ok(accepted(begun))
}

async fn scale(
    State(site): Shared,
    Path(target): Path<Target>,
    headers: HeaderMap,
    Body(body): Body<ScaleBody>,
) -> Result<Response, Refusal> {
    let order = order(target, &headers, body.generation)?;
    let view = to_the_end(async move {
        site.scale(&order, body.replicas).await?;
        site.service(&order.target).await
    });
    Ok(Json(view.await?).into_response())
}

async fn logs(
    State(site): Shared,
    Path(target): Path<Target>,
    query: Result<Query<LogsQuery>, QueryRejection>,
) -> Result<Response, Refusal> {
    let Query(query) = query.map_err(|rejection| Refusal::malformed(rejection.body_text()))?;
    let back = Duration::from_secs(query.since_seconds.unwrap_or(3_600).into());
    let query = LogQuery {
        since: now().saturating_sub(back).map_err(|error| Refusal::broken(&error))?,
        filter: query.filter,
        limit: query.limit.unwrap_or(LINES).min(MOST_LINES),
    };
    let log = Arc::clone(&site.premises(&target).await?.log);
    let found = tokio::task::spawn_blocking(move || log.find(&query))
        .await
        .map_err(|error| Refusal::broken(&error))?;
    Ok(Json(found.map_err(|error| Refusal::broken(&error))?).into_response())
}

async fn migrations(State(site): Shared, Path(target): Path<Target>) -> Result<Response, Refusal> {
    Ok(Json(site.premises(&target).await?.database.migrations().await?).into_response())
}

async fn migrate(
    State(site): Shared,
    Path(target): Path<Target>,
    headers: HeaderMap,
    Body(body): Body<MigrateBody>,
) -> Result<Response, Refusal> {
    let order = order(target, &headers, None)?;
    let migrated = to_the_end(async move { site.migrate(&order, &body.migration).await }).await?;
    Ok(Json(migrated).into_response())
}

#[derive(Deserialize)]
struct InstancePath {
    #[serde(flatten)]
    target: Target,
    instance: String,
}

async fn kill(State(site): Shared, Path(path): Path<InstancePath>) -> Result<StatusCode, Refusal> {
    site.kill(&path.target, &path.instance).await?;
    Ok(StatusCode::NO_CONTENT)
}

fn order(target: Target, headers: &HeaderMap, generation: Option<u64>) -> Result<Order, Refusal> {
    let key = match headers.get("idempotency-key").map(|value| value.to_str()) {
        Some(Ok(key)) if (1..=200).contains(&key.len()) => Some(key.to_owned()),
        Some(_) => {
            return Err(Refusal::malformed("an Idempotency-Key has 1 to 200 plain characters".to_owned()));
        }
        None => None,
    };
    Ok(Order { target, generation, key })
}

fn accepted(begun: Begun<Deployment>) -> Response {
    match begun {
        Begun::New(deployment) => (StatusCode::ACCEPTED, Json(deployment)).into_response(),
        Begun::Repeated(deployment) => (StatusCode::OK, Json(deployment)).into_response(),
    }
}

/// A change is carried through even when the caller hangs up in the middle of it.
async fn to_the_end<T: Send + 'static>(
    change: impl Future<Output = Result<T, Refusal>> + Send + 'static,
) -> Result<T, Refusal> {
    tokio::spawn(change).await.map_err(|error| Refusal::broken(&error))?
}

/// A JSON body whose faults are told in JSON. No body at all is an empty object.
struct Body<T>(T);

impl<T: DeserializeOwned, S: Send + Sync> FromRequest<S> for Body<T> {
    type Rejection = Refusal;

    async fn from_request(request: Request, state: &S) -> Result<Self, Refusal> {
        let bytes = Bytes::from_request(request, state)
            .await
            .map_err(|fault| Refusal::malformed(fault.body_text()))?;
        let body = if bytes.is_empty() { b"{}" } else { bytes.as_ref() };
        serde_json::from_slice(body)
            .map(Self)
            .map_err(|fault| Refusal::malformed(format!("the body is wrong: {fault}")))
    }
}
