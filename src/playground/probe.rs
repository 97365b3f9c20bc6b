//! Asking replicas for their health.

use std::{sync::Arc, time::Duration};

use rustls::{ClientConfig, RootCertStore, crypto::ring};
use serde::Deserialize;

use super::PlaygroundError;

/// How long a replica has to answer.
const PATIENCE: Duration = Duration::from_millis(500);
/// The most characters of an answer that are kept.
const LONGEST: usize = 300;

/// What a replica answered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Health {
    pub(super) healthy: bool,
    /// The HTTP status; none when there was no answer.
    pub(super) status: Option<u16>,
    /// Nobody listens at its port.
    pub(super) refused: bool,
    /// `ok`, what is wrong, or why there was no answer.
    pub(super) said: String,
    /// Requests that it has served since it started.
    pub(super) requests: u64,
    /// Those that it answered with a status of 500 or above.
    pub(super) errors: u64,
}

impl Health {
    /// There was no answer.
    pub(super) fn silent(why: String) -> Self {
        Self { healthy: false, status: None, refused: false, said: why, requests: 0, errors: 0 }
    }

    /// What was seen, for people.
    pub(super) fn detail(&self) -> String {
        match self.status {
            Some(_) if self.healthy => "ok".to_owned(),
            Some(status) => format!("answered {status}: {}", self.said),
            None => self.said.clone(),
        }
    }
}

#[derive(Deserialize)]
struct Answer {
    status: String,
    detail: Option<String>,
    #[serde(default)]
    requests: u64,
    #[serde(default)]
    errors: u64,
}

/// A client for the replicas' health.
#[derive(Debug, Clone)]
pub(super) struct Probe(reqwest::Client);

impl Probe {
    /// A client that keeps no connections: replicas come and go, and an idle one costs them memory.
    pub(super) fn new() -> Result<Self, PlaygroundError> {
        // Replicas speak plain HTTP. The client wants to know its TLS all the same, and this way it is not a
        // provider chosen for the whole process; without roots it trusts nobody.
        let tls = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
            .with_safe_default_protocol_versions()
            .map_err(|error| PlaygroundError::Client(error.to_string()))?
            .with_root_certificates(RootCertStore::empty())
            .with_no_client_auth();
        reqwest::Client::builder()
            .tls_backend_preconfigured(tls)
            .timeout(PATIENCE)
            .pool_max_idle_per_host(0)
            .no_proxy()
            .build()
            .map(Self)
            .map_err(|error| PlaygroundError::Client(error.to_string()))
    }

    /// Asks once.
    pub(super) async fn ask(&self, port: u16) -> Health {
        match self.try_ask(port).await {
            Ok(health) => health,
            Err(error) if error.is_timeout() => {
                Health::silent(format!("no answer within {} ms", PATIENCE.as_millis()))
            }
            Err(error) if error.is_connect() => {
                Health { refused: true, ..Health::silent("refuses connections".to_owned()) }
            }
            Err(error) => Health::silent(format!("no answer that can be read: {error}")),
        }
    }

    async fn try_ask(&self, port: u16) -> Result<Health, reqwest::Error> {
        let response = self.0.get(format!("http://127.0.0.1:{port}/health")).send().await?;
        let status = response.status();
        let body = response.text().await?;
        let answer: Option<Answer> = serde_json::from_str(&body).ok();
        let (requests, errors) = answer.as_ref().map_or((0, 0), |answer| (answer.requests, answer.errors));
        let said = answer.map_or(body, |answer| answer.detail.unwrap_or(answer.status));
        Ok(Health {
            healthy: status.as_u16() == 200,
            status: Some(status.as_u16()),
            refused: false,
            said: said.chars().take(LONGEST).collect(),
            requests,
            errors,
        })
    }
}
