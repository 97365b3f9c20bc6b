use std::time::Duration;

use async_openai::types::chat::CreateChatCompletionRequest;
use reqwest::header::RETRY_AFTER;
use reqwest::redirect::Policy;
use reqwest::{Client, Response, StatusCode, Url};
use secrecy::{ExposeSecret as _, SecretString};
use serde_json::Value;

use super::answer::{self, Answer};
use super::purse::about_tokens;
use super::trouble::ModelTrouble;
use crate::domain::{parse_strict, travels_safely};
use crate::interpret::Usage;

/// The most that is read of one answer, in bytes.
const MOST_BYTES: usize = 1 << 20;
/// A person in a chat does not wait for a server that wants a longer pause than this.
const CHAT_PAUSE: Duration = Duration::from_secs(5);
/// The pause before the first repetition, where the server wants none; doubled each time.
const PAUSE: Duration = Duration::from_millis(200);

/// Where the model is, and how it is asked.
#[derive(Clone, Debug)]
pub struct Endpoint {
    client: Client,
    url: Url,
    access: Access,
}

/// Why there is no endpoint.
#[derive(Debug, thiserror::Error)]
pub enum EndpointError {
    /// The address is none.
    #[error("no address: {0}")]
    NoAddress(String),
    /// Keys and messages would go over the network in the clear.
    #[error("it sends key and messages over `{0}` to another machine; use https")]
    InTheClear(String),
    /// The TLS roots of this machine cannot be loaded.
    #[error("cannot set up the client for the model: {0}")]
    NoClient(#[from] reqwest::Error),
}

/// How an endpoint is asked.
#[derive(Clone, Debug)]
pub struct Access {
    /// Sent as a bearer token. Local servers need none.
    pub key: Option<SecretString>,
    /// How long one answer may take.
    pub timeout: Duration,
    /// How often a request is repeated that failed in passing.
    pub retries: u32,
    /// A server that wants a longer pause than this is not waited for.
    pub longest_pause: Duration,
    /// The most that all requests of one reading may take.
    pub overall: Duration,
}

impl Access {
    /// For a person who waits in a chat: no longer than twice what one answer may take.
    pub fn of_a_chat(key: Option<SecretString>, timeout: Duration, retries: u32) -> Self {
        Self { key, timeout, retries, longest_pause: CHAT_PAUSE, overall: timeout.saturating_mul(2) }
    }
}

/// Reads the base address of an OpenAI-compatible server, such as `https://api.example.com/v1`.
///
/// # Errors
/// What is no address, or plain HTTP to another machine.
pub fn address(base_url: &str) -> Result<Url, EndpointError> {
    let url = Url::parse(base_url).map_err(|error| EndpointError::NoAddress(error.to_string()))?;
    if !url.has_host() {
        return Err(EndpointError::NoAddress("it names no machine".to_owned()));
    }
    if travels_safely(&url) { Ok(url) } else { Err(EndpointError::InTheClear(url.scheme().to_owned())) }
}

impl Endpoint {
    /// An endpoint at a base address.
    ///
    /// # Errors
    /// As [`address`], and when TLS cannot be set up.
    pub fn new(base_url: &str, access: Access) -> Result<Self, EndpointError> {
        let mut url = address(base_url)?;
        url.path_segments_mut()
            .map_err(|()| EndpointError::NoAddress("it has no path".to_owned()))?
            .pop_if_empty()
            .extend(["chat", "completions"]);
        // Everything that speaks TLS uses this one provider.
        let _installed_before = rustls::crypto::ring::default_provider().install_default();
        let client = Client::builder()
            .redirect(Policy::none())
            .no_proxy()
            .connect_timeout(Duration::from_secs(5))
            .user_agent(concat!("countersign/", env!("CARGO_PKG_VERSION")))
            .build()?;
        Ok(Self { client, url, access })
    }

    /// The most that all requests of one reading may take.
    pub(super) fn patience(&self) -> Duration {
        self.access.overall
    }

    /// Asks, and asks again what failed in passing. Counts as it goes, so that a reading which is given up is counted.
    pub(super) async fn ask(
        &self,
        request: &CreateChatCompletionRequest,
        usage: &mut Usage,
    ) -> Result<Answer, ModelTrouble> {
        let body = serde_json::to_string(request).map_err(|_error| ModelTrouble::Unreadable("no request"))?;
        let mut tried = 0;
        loop {
            usage.attempts += 1;
            let (trouble, wanted) = match self.once(&body).await {
                Ok(text) => {
                    let (counted, answer) = answer::read(&text);
                    usage.prompt_tokens +=
                        counted.map_or_else(|| about_tokens(body.len()), |count| count.prompt);
                    usage.cached_tokens += counted.map_or(0, |count| count.cached);
                    usage.completion_tokens +=
                        counted.map_or_else(|| about_tokens(text.len()), |count| count.completion);
                    return answer;
                }
                Err(failure) => failure,
            };
            match pause(tried, wanted, self.access.longest_pause) {
                Some(pause) if trouble.passes() && tried < self.access.retries => {
                    tokio::time::sleep(pause).await
                }
                _ => return Err(trouble),
            }
            tried += 1;
        }
    }

    /// Puts a body that was written elsewhere, and again what failed in passing. The answer is given as it came.
    ///
    /// # Errors
    /// When there is none.
    pub async fn relay(&self, body: &str) -> Result<String, ModelTrouble> {
        let mut tried = 0;
        loop {
            let (trouble, wanted) = match self.once(body).await {
                Ok(text) => return Ok(text),
                Err(failure) => failure,
            };
            match pause(tried, wanted, self.access.longest_pause) {
                Some(pause) if trouble.passes() && tried < self.access.retries => {
                    tokio::time::sleep(pause).await;
                }
                _ => return Err(trouble),
            }
            tried += 1;
        }
    }

    /// The body of one answer; or what went wrong, with the pause that the server wants.
    async fn once(&self, body: &str) -> Result<String, (ModelTrouble, Option<Duration>)> {
        let mut request = self
            .client
            .post(self.url.clone())
            .header(reqwest::header::CONTENT_TYPE, "application/json")
            .timeout(self.access.timeout)
            .body(body.to_owned());
        if let Some(key) = &self.access.key {
            request = request.bearer_auth(key.expose_secret());
        }
        let response = request.send().await.map_err(|error| (self.unanswered(&error), None))?;
        let status = response.status();
        if status.is_success() {
            return self.body(response).await.map_err(|trouble| (trouble, None));
        }
        let wanted = response.headers().get(RETRY_AFTER).map(|value| {
            let seconds = value.to_str().ok().and_then(|text| text.trim().parse().ok());
            // A date is as good as never.
            seconds.map_or(Duration::MAX, Duration::from_secs)
        });
        self.log_refusal(status, response).await;
        Err((ModelTrouble::Refused { status: status.as_u16() }, wanted))
    }

    async fn body(&self, mut response: Response) -> Result<String, ModelTrouble> {
        let mut bytes = Vec::new();
        while let Some(chunk) = response.chunk().await.map_err(|error| self.unanswered(&error))? {
            if bytes.len() + chunk.len() > MOST_BYTES {
                return Err(ModelTrouble::Large);
            }
            bytes.extend_from_slice(&chunk);
        }
        String::from_utf8(bytes).map_err(|_error| ModelTrouble::Unreadable("it is not UTF-8"))
    }

    fn unanswered(&self, error: &reqwest::Error) -> ModelTrouble {
        if error.is_connect() {
            ModelTrouble::Unreached
        } else if error.is_timeout() {
            ModelTrouble::Slow { within: self.access.timeout }
        } else {
            ModelTrouble::BrokeOff
        }
    }

    /// Of a server's refusal only its short codes are logged: its sentences may repeat the key or the message.
    async fn log_refusal(&self, status: StatusCode, response: Response) {
        let body = self.body(response).await.unwrap_or_default();
        let body = parse_strict(&body).unwrap_or(Value::Null);
        let code = |name: &str| {
            let code = body.pointer(&format!("/error/{name}")).and_then(Value::as_str).unwrap_or_default();
            let plain = |character: char| character.is_ascii_alphanumeric() || "._-[]".contains(character);
            code.chars().take(60).filter(|character| plain(*character)).collect::<String>()
        };
        let (status, kind, code, param) = (status.as_u16(), code("type"), code("code"), code("param"));
        tracing::warn!(status, kind, code, param, "the model's server refused a request");
    }
}

/// How long to wait before a request is repeated. `None` when that is too long.
fn pause(tried: u32, wanted: Option<Duration>, longest: Duration) -> Option<Duration> {
    let pause = wanted.unwrap_or_else(|| PAUSE.saturating_mul(1 << tried.min(10)));
    (pause <= longest).then_some(pause)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pause_is_bounded() {
        let chat = |tried, wanted: Option<u64>| pause(tried, wanted.map(Duration::from_secs), CHAT_PAUSE);
        assert_eq!(chat(0, None), Some(Duration::from_millis(200)));
        assert_eq!(chat(2, None), Some(Duration::from_millis(800)));
        assert_eq!(chat(0, Some(5)), Some(Duration::from_secs(5)));
        assert_eq!(chat(0, Some(6)), None);
        assert_eq!(chat(60, None), None);
    }

    #[test]
    fn keys_and_messages_never_go_over_the_network_in_the_clear() {
        for fine in
            ["https://api.example.com/v1", "http://127.0.0.1:8080/v1", "http://[::1]/", "http://localhost:1"]
        {
            assert!(address(fine).is_ok(), "{fine}");
        }
        for wrong in [
            "http://api.example.com/v1",
            "http://127.0.0.1.example.com",
            "ftp://localhost",
            "api/v1",
            "data:x",
        ] {
            assert!(address(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn the_path_is_kept_and_the_key_never_shown() {
        let key = Some(SecretString::from("sk-very-secret-key"));
        let access = Access::of_a_chat(key, Duration::from_secs(20), 2);
        for (base, url) in [
            ("https://a.example/v1", "https://a.example/v1/chat/completions"),
            ("https://a.example/v1/", "https://a.example/v1/chat/completions"),
            ("https://a.example/x?api-version=2", "https://a.example/x/chat/completions?api-version=2"),
        ] {
            let endpoint = Endpoint::new(base, access.clone()).unwrap();
            assert_eq!(endpoint.url.as_str(), url);
            assert!(!format!("{endpoint:?} {access:?}").contains("very-secret"));
        }
    }
}
