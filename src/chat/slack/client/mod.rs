//! The Web API: a few calls over one HTTP client. Errors are sorted by what to do about them, and the rates that Slack
//! publishes are kept before it has to say so.

mod calls;
mod channels;
mod error;
mod files;
mod methods;
mod pace;
mod people;
mod respond;
mod stream;

use std::time::Duration;

use reqwest::header::{HeaderMap, RETRY_AFTER};
use reqwest::redirect::Policy;
use reqwest::{RequestBuilder, Response, StatusCode, Url};
use secrecy::{ExposeSecret as _, SecretString};
use serde_json::Value;
use tokio::time::Instant;

pub use calls::{Identity, Mark, Post, Posted};
pub use channels::Channel;
pub use error::{Fault, SlackError};
pub use files::File;
pub use methods::METHODS;
pub use people::Account;
pub use stream::{Status, Task};

use crate::domain::{is_loopback, travels_safely};
use methods::{Again, Body, Method};
use pace::{Pace, Rates};

/// Where Slack is.
pub const BASE_URL: &str = "https://slack.com/api/";

/// The most that is read of one answer, in bytes.
const MOST_BYTES: usize = 8 << 20;

/// The longest pause after which a call is made again by itself.
const PATIENCE: Duration = Duration::from_secs(60);

/// How often a call is made again that Slack wanted a pause before.
const TRIES: u32 = 5;

/// How often one is that nobody knows the outcome of.
const TRIES_IN_DOUBT: u32 = 2;

/// The pause before a call is made again that nobody knows the outcome of.
const MOMENT: Duration = Duration::from_millis(500);

/// How long it is waited before a window opens. What opens it is good for three seconds after the press.
const WINDOW_OPENS: Duration = Duration::from_secs(2);

/// Speaks to Slack as the app.
pub struct Client {
    http: reqwest::Client,
    base: Url,
    bot: SecretString,
    app: Option<SecretString>,
    pace: Pace,
}

/// Why there is no client.
#[derive(Debug, thiserror::Error)]
pub enum ClientError {
    /// The address is none.
    #[error("`{0}` is no address of an API, such as {BASE_URL}")]
    NoAddress(String),
    /// The token would go over the network in the clear.
    #[error("`{0}` would send the token to another machine in the clear; use https")]
    InTheClear(String),
    /// The TLS roots of this machine cannot be loaded.
    #[error("cannot set up the client for Slack: {0}")]
    NoClient(#[from] reqwest::Error),
}

impl Client {
    /// A client for the API at `base_url`, with the bot's token, and the app's where a socket is wanted.
    ///
    /// # Errors
    /// See [`ClientError`].
    pub fn new(base_url: &str, bot: SecretString, app: Option<SecretString>) -> Result<Self, ClientError> {
        let base = format!("{}/", base_url.trim_end_matches('/'));
        let base = Url::parse(&base).map_err(|_error| ClientError::NoAddress(base_url.to_owned()))?;
        if !travels_safely(&base) {
            return Err(ClientError::InTheClear(base_url.to_owned()));
        }
        // Everything that speaks TLS uses this one provider.
        let _installed_before = rustls::crypto::ring::default_provider().install_default();
        let http = reqwest::Client::builder()
            .redirect(Policy::none())
            .no_proxy()
            .connect_timeout(Duration::from_secs(5))
            .timeout(Duration::from_secs(20))
            .user_agent(concat!("countersign/", env!("CARGO_PKG_VERSION")))
            .build()?;
        let rates = if is_loopback(&base) { Rates::None } else { Rates::Published };
        Ok(Self { http, base, bot, app, pace: Pace::new(rates) })
    }

    /// The HTTP client, for what is no call of the API: sockets and files.
    pub(super) const fn http(&self) -> &reqwest::Client {
        &self.http
    }

    /// Calls as the bot, and again when Slack wanted a pause first, or when nobody knows what came of it and a second time
    /// is harmless.
    async fn patiently(&self, method: Method, args: &Value) -> Result<Value, SlackError> {
        self.within(PATIENCE, method, args).await
    }

    /// The same, where the wait is worth no more than this.
    async fn within(&self, longest: Duration, method: Method, args: &Value) -> Result<Value, SlackError> {
        Ok(self.with_headers(longest, method, args).await?.1)
    }

    /// The same, with the headers of the answer.
    async fn with_headers(
        &self,
        longest: Duration,
        method: Method,
        args: &Value,
    ) -> Result<(HeaderMap, Value), SlackError> {
        let (mut waited, mut doubted) = (0, 0);
        loop {
            let error = match self.answer(method, args, &self.bot).await {
                Ok(answer) => return Ok(answer),
                Err(error) => error,
            };
            let (pause, tried, most) = match (&error, method.again) {
                (SlackError::Limited { after, .. }, _) => (*after, &mut waited, TRIES),
                (SlackError::Unreached, _) => (MOMENT, &mut doubted, TRIES_IN_DOUBT),
                (_, Again::Harmless) if error.fault() == Fault::Doubtful => {
                    (MOMENT, &mut doubted, TRIES_IN_DOUBT)
                }
                (_, Again::Harmless | Again::Seen) => return Err(error),
            };
            if *tried >= most || pause > longest {
                return Err(error);
            }
            *tried += 1;
            tokio::time::sleep(pause).await;
        }
    }

    /// Calls as the bot, once.
    async fn once(&self, method: Method, args: &Value) -> Result<Value, SlackError> {
        Ok(self.answer(method, args, &self.bot).await?.1)
    }

    /// Calls once, with the headers of the answer.
    async fn answer(
        &self,
        method: Method,
        args: &Value,
        token: &SecretString,
    ) -> Result<(HeaderMap, Value), SlackError> {
        let channel = args.get("channel").and_then(Value::as_str).unwrap_or_default();
        tokio::time::sleep(self.pace.take(method, channel, Instant::now())).await;
        let request = self.request(method, args)?.bearer_auth(token.expose_secret());
        let response = request.send().await.map_err(|error| lost(method.name, &error))?;
        let (status, headers) = (response.status(), response.headers().clone());
        if status == StatusCode::TOO_MANY_REQUESTS {
            return Err(self.held(method, channel, &headers));
        }
        let garbled = SlackError::Status { method: method.name, status: status.as_u16() };
        let bytes = whole(method.name, response).await?;
        let answer: Value = serde_json::from_slice(&bytes).map_err(|_not_json| garbled.clone())?;
        match answer.get("ok").and_then(Value::as_bool) {
            Some(true) if status.is_success() => Ok((headers, answer)),
            Some(false) if answer.get("error").and_then(Value::as_str) == Some("ratelimited") => {
                Err(self.held(method, channel, &headers))
            }
            Some(false) => Err(refused(method.name, &answer)),
            Some(true) | None => Err(garbled),
        }
    }

    /// Slack wants a pause, and gets it from everybody who calls this.
    fn held(&self, method: Method, channel: &str, headers: &HeaderMap) -> SlackError {
        let after = wanted_pause(headers);
        self.pace.hold(method, channel, after, Instant::now());
        SlackError::Limited { method: method.name, after }
    }

    fn request(&self, method: Method, args: &Value) -> Result<RequestBuilder, SlackError> {
        let url = self.base.join(method.name).map_err(|error| SlackError::Address(error.to_string()))?;
        let request = self.http.post(url);
        Ok(match method.body {
            Body::Json => request
                .header(reqwest::header::CONTENT_TYPE, "application/json; charset=utf-8")
                .body(args.to_string()),
            Body::Form => request
                .header(reqwest::header::CONTENT_TYPE, "application/x-www-form-urlencoded")
                .body(form(args)),
        })
    }
}

fn form(args: &Value) -> String {
    let mut form = url::form_urlencoded::Serializer::new(String::new());
    for (name, value) in args.as_object().into_iter().flatten() {
        match value {
            Value::String(text) => form.append_pair(name, text),
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::Array(_) | Value::Object(_) => {
                form.append_pair(name, &value.to_string())
            }
        };
    }
    form.finish()
}

fn lost(method: &'static str, error: &reqwest::Error) -> SlackError {
    if error.is_connect() || error.is_builder() { SlackError::Unreached } else { SlackError::Lost(method) }
}

async fn whole(method: &'static str, mut response: Response) -> Result<Vec<u8>, SlackError> {
    let mut bytes = Vec::new();
    while let Some(chunk) = response.chunk().await.map_err(|_cut| SlackError::Lost(method))? {
        if bytes.len() + chunk.len() > MOST_BYTES {
            return Err(SlackError::Lost(method));
        }
        bytes.extend_from_slice(&chunk);
    }
    Ok(bytes)
}

/// The pause of `Retry-After`, in seconds; a minute where it says nothing that can be read.
fn wanted_pause(headers: &HeaderMap) -> Duration {
    let seconds = headers.get(RETRY_AFTER).and_then(|value| value.to_str().ok()?.trim().parse().ok());
    Duration::from_secs(seconds.unwrap_or(60))
}

fn refused(method: &'static str, answer: &Value) -> SlackError {
    let word = |text: &str| text.chars().take(200).collect::<String>();
    let code = word(answer.get("error").and_then(Value::as_str).unwrap_or("unknown_error"));
    let needed = answer.get("needed").and_then(Value::as_str).map(|scope| format!("needs {}", word(scope)));
    let messages = answer.pointer("/response_metadata/messages").and_then(Value::as_array);
    let said = messages.and_then(|messages| messages.first()?.as_str()).map(word);
    SlackError::Refused { method, code, detail: needed.or(said) }
}
