use std::path::Path;
use std::time::Duration;

use super::{Said, Saying, socket};

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
    let path = socket(data_dir);
    if !path.exists() {
        return Err(ClientError::NoServer);
    }
    let client = reqwest::Client::builder()
        .unix_socket(path)
        .timeout(Duration::from_secs(600))
        .build()
        .map_err(|error| ClientError::Broken(error.to_string()))?;
    let sent = client.post("http://localhost/say").json(saying).send().await;
    let response = sent.map_err(|error| {
        if error.is_connect() { ClientError::NoServer } else { ClientError::Broken(error.to_string()) }
    })?;
    if response.status().is_success() {
        return response.json().await.map_err(|error| ClientError::Broken(error.to_string()));
    }
    Err(ClientError::Refused(response.text().await.unwrap_or_default()))
}
