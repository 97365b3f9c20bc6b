use std::collections::BTreeMap;
use std::time::Duration;

use reqwest::header::{HeaderMap, HeaderName, HeaderValue};
use reqwest::redirect::Policy;
use reqwest::{Client, RequestBuilder, Url};
use secrecy::{ExposeSecret, SecretString};
use serde_json::Value;

/// The back ends by the name that tool files use.
pub type Connections = BTreeMap<String, Connection>;

/// The most that is read of one answer, in bytes.
const MOST_BYTES: usize = 4 << 20;

/// A back end: where it is and how we show who we are. The host is fixed here; a tool file or a model only ever gives a
/// path.
pub struct Connection {
    client: Client,
    base: Url,
    token: Option<SecretString>,
    headers: HeaderMap,
}

/// The client for all back ends: no redirects, no proxy from the environment, and never without a limit of time.
///
/// # Errors
/// When the TLS roots of this machine cannot be loaded.
pub fn client() -> Result<Client, reqwest::Error> {
    // Everything that speaks TLS uses this one provider: two in one program panic at the first client.
    let _installed_before = rustls::crypto::ring::default_provider().install_default();
    Client::builder()
        .redirect(Policy::none())
        .no_proxy()
        .connect_timeout(Duration::from_secs(5))
        .timeout(Duration::from_secs(30))
        .user_agent(concat!("countersign/", env!("CARGO_PKG_VERSION")))
        .build()
}

/// Why a call gave no answer.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CallError {
    /// It never left: nothing can have happened.
    #[error("{0} cannot be reached")]
    Unreached(String),
    /// It left, and no whole answer came back: it may have happened.
    #[error("{0} did not answer in time or broke off")]
    Lost(String),
    /// The answer is not what it should be.
    #[error("{0} answered with {1}")]
    Garbled(String, String),
    /// The path or a header cannot be sent.
    #[error("the request cannot be made: {0}")]
    Unmade(String),
}

/// An answer of a back end.
#[derive(Clone, Debug, PartialEq)]
pub struct Answer {
    /// The HTTP status.
    pub status: u16,
    /// The body: JSON, or a string when it is not JSON.
    pub body: Value,
}

impl Answer {
    /// What the back end says went wrong, in its own words, cut to a line.
    pub fn sentence(&self) -> String {
        let said = ["error", "message", "detail"].iter().find_map(|key| self.body.get(key)?.as_str());
        let said = said.or(self.body.as_str()).map(str::trim).filter(|text| !text.is_empty());
        let line: String = said.unwrap_or("no reason given").chars().take(400).collect();
        format!("{line} (HTTP {})", self.status)
    }
}

/// One request to make.
pub(super) struct Ask<'a> {
    pub method: &'a str,
    pub path: &'a str,
    pub query: &'a [(String, String)],
    pub headers: &'a [(String, String)],
    pub json: Option<&'a Value>,
    pub timeout: Duration,
}

impl<'a> Ask<'a> {
    pub(super) fn get(path: &'a str, timeout: Duration) -> Self {
        Self { method: "GET", path, query: &[], headers: &[], json: None, timeout }
    }
}

impl Connection {
    /// A connection to `base`.
    pub fn new(client: Client, base: Url, token: Option<SecretString>) -> Self {
        Self { client, base, token, headers: HeaderMap::new() }
    }

    /// The same connection with a header more.
    #[must_use]
    pub fn with_header(mut self, name: HeaderName, value: HeaderValue) -> Self {
        self.headers.insert(name, value);
        self
    }

    /// The secret it sends, for a redactor.
    pub fn secret(&self) -> Option<&SecretString> {
        self.token.as_ref()
    }

    /// Makes one request and reads the whole answer.
    pub(super) async fn ask(&self, ask: &Ask<'_>) -> Result<Answer, CallError> {
        let host = self.host();
        let response = self.request(ask)?.send().await.map_err(|error| {
            if error.is_connect() || error.is_builder() {
                CallError::Unreached(host.clone())
            } else {
                CallError::Lost(host.clone())
            }
        })?;
        let status = response.status().as_u16();
        let body = self.body(response).await?;
        Ok(Answer { status, body })
    }

    fn host(&self) -> String {
        let port = self.base.port().map(|port| format!(":{port}")).unwrap_or_default();
        format!("`{}{port}`", self.base.host_str().unwrap_or("the back end"))
    }

    fn request(&self, ask: &Ask<'_>) -> Result<RequestBuilder, CallError> {
        let unmade = |reason: String| CallError::Unmade(reason);
        let method =
            reqwest::Method::from_bytes(ask.method.as_bytes()).map_err(|error| unmade(error.to_string()))?;
        let mut request = self.client.request(method, self.url(ask.path)?).headers(self.headers.clone());
        if let Some(token) = &self.token {
            request = request.bearer_auth(token.expose_secret());
        }
        for (name, value) in ask.headers {
            request = request.header(name, value);
        }
        if !ask.query.is_empty() {
            request = request.query(ask.query);
        }
        if let Some(json) = ask.json {
            request = request.json(json);
        }
        Ok(request.timeout(ask.timeout))
    }

    /// The path on our base. Whatever the path says, scheme, host and port stay those of the connection.
    fn url(&self, path: &str) -> Result<Url, CallError> {
        let base = self.base.as_str().trim_end_matches('/');
        let url = Url::parse(&format!("{base}/{}", path.trim_start_matches('/')))
            .map_err(|error| CallError::Unmade(error.to_string()))?;
        if url.origin() == self.base.origin() {
            Ok(url)
        } else {
            Err(CallError::Unmade("the path leaves the back end".to_owned()))
        }
    }

    async fn body(&self, mut response: reqwest::Response) -> Result<Value, CallError> {
        let mut bytes = Vec::new();
        while let Some(chunk) = response.chunk().await.map_err(|_cut| CallError::Lost(self.host()))? {
            if bytes.len() + chunk.len() > MOST_BYTES {
                return Err(CallError::Garbled(self.host(), "more than 4 MiB".to_owned()));
            }
            bytes.extend_from_slice(&chunk);
        }
        let text = String::from_utf8_lossy(&bytes);
        Ok(serde_json::from_str(&text).unwrap_or_else(|_not_json| Value::String(text.into_owned())))
    }
}
