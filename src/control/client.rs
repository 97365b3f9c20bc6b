use std::path::Path;
use std::time::Duration;

use serde::Serialize;

use super::{Said, Saying, socket};
use crate::audit::Order;

/// Why the running server gave no answer.
#[derive(Debug, thiserror::Error)]
pub enum ClientError {
    /// There is no server on this data.
    #[error("no server is running on this data")]
    NoServer,
    /// There is one, and it did not answer.
    #[error("the running server did not answer: {0}")]
    Broken(String),
    /// It answered no.
    #[error("{0}")]
    Refused(String),
}

/// Says something through the server that runs on a data directory.
///
/// # Errors
/// When there is none, when it does not answer, or when it says no.
pub async fn say_through(data_dir: &Path, saying: &Saying) -> Result<Said, ClientError> {
    let response = send(data_dir, "say", saying).await?;
    response.json().await.map_err(|error| ClientError::Broken(error.to_string()))
}

/// Has the server that runs on a data directory do something to the record. Returns what it says.
///
/// # Errors
/// When there is none, when it does not answer, or when it says no.
pub async fn order_through(data_dir: &Path, order: &Order) -> Result<String, ClientError> {
    let response = send(data_dir, "record", order).await?;
    response.text().await.map_err(|error| ClientError::Broken(error.to_string()))
}

async fn send(data_dir: &Path, what: &str, body: &impl Serialize) -> Result<reqwest::Response, ClientError> {
    let path = socket(data_dir);
    if !path.exists() {
        return Err(ClientError::NoServer);
    }
    let client = reqwest::Client::builder()
        .unix_socket(path)
        .timeout(Duration::from_secs(600))
        .build()
        .map_err(|error| ClientError::Broken(error.to_string()))?;
    let sent = client.post(format!("http://localhost/{what}")).json(body).send().await;
    let response = sent.map_err(|error| {
        if error.is_connect() { ClientError::NoServer } else { ClientError::Broken(error.to_string()) }
    })?;
    if response.status().is_success() {
        return Ok(response);
    }
    Err(ClientError::Refused(response.text().await.unwrap_or_default()))
}
