use std::sync::Arc;

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use futures::FutureExt as _;
use futures::future::BoxFuture;
use jiff::{SignedDuration, Timestamp};
use reqwest::header::{CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue, IF_NONE_MATCH};
use reqwest::{Client, Method, Response, StatusCode, Url};
use secrecy::{ExposeSecret as _, SecretString};

use super::s3::{S3Keys, Sent};
use super::sink::{Delivered, Outgoing, Shown, Sink, SinkError};
use crate::audit::{Checkpoint, NoteScanner, PublicKey};
use crate::clock::Clock;
use crate::domain::Digest;

const CHECKSUM: HeaderName = HeaderName::from_static("x-amz-checksum-sha256");

/// The most that is read of an object, in bytes.
const MOST: usize = 1 << 20;

/// How an object store is written to.
#[derive(Clone)]
pub struct PutSettings {
    /// Where each checkpoint goes; `{instance}`, `{epoch}` and `{size}` stand for its own.
    pub url: String,
    /// An object that is replaced each time and read at the start: the newest checkpoint.
    pub latest: Option<String>,
    /// Whether an object that is there already may be replaced.
    pub objects: Objects,
    /// How the store knows us.
    pub credentials: Credentials,
    /// Headers to send along; `{retain_until}` stands for the moment until which the object is to be locked.
    pub headers: Vec<(HeaderName, String)>,
    /// How long objects are locked.
    pub retain: SignedDuration,
}

/// How an object store knows us.
#[derive(Clone)]
pub enum Credentials {
    /// It does not, or by the headers or the address.
    None,
    /// By a bearer token.
    Bearer(SecretString),
    /// By signatures of the S3 kind.
    S3(S3Keys),
}

/// Whether an object may be written again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Objects {
    /// Each is written once (`If-None-Match: *`).
    Once,
    /// A later checkpoint takes the place of an earlier one.
    Replaced,
}

/// An object store, by HTTP PUT.
pub struct PutSink {
    name: String,
    client: Client,
    clock: Arc<dyn Clock>,
    settings: PutSettings,
}

impl PutSink {
    /// A sink that sends with this client. The clock is for signatures, which hold for some minutes.
    pub fn new(client: Client, clock: Arc<dyn Clock>, settings: PutSettings) -> Self {
        // What comes after the question mark may be a secret.
        let place = settings.url.split('?').next().unwrap_or_default();
        Self { name: format!("object store {place}"), client, clock, settings }
    }

    fn failed(&self, reason: impl std::fmt::Display) -> SinkError {
        SinkError::Failed(format!("{}: {reason}", self.name))
    }

    fn url(&self, template: &str, checkpoint: &Checkpoint) -> Result<Url, SinkError> {
        let url = template
            .replace("{instance}", &checkpoint.instance)
            .replace("{epoch}", &checkpoint.epoch.to_string())
            .replace("{size}", &checkpoint.size.to_string());
        Url::parse(&url).map_err(|error| self.failed(error))
    }

    fn headers(&self, at: Timestamp) -> Result<HeaderMap, SinkError> {
        let until = at.saturating_add(self.settings.retain).map_err(|error| self.failed(error))?;
        let until = until.strftime("%Y-%m-%dT%H:%M:%SZ").to_string();
        let mut headers = HeaderMap::new();
        for (name, value) in &self.settings.headers {
            let value = HeaderValue::from_str(&value.replace("{retain_until}", &until));
            headers.insert(name, value.map_err(|error| self.failed(error))?);
        }
        Ok(headers)
    }

    /// Sends a request, with what tells the store who we are.
    async fn send(&self, sent: Sent<'_>, mut headers: HeaderMap) -> Result<Response, SinkError> {
        let mut request = self.client.request(sent.method.clone(), sent.url.clone());
        match &self.settings.credentials {
            Credentials::None => {}
            Credentials::Bearer(token) => request = request.bearer_auth(token.expose_secret()),
            Credentials::S3(keys) => {
                let signed = keys.sign(&sent, &mut headers);
                signed
                    .ok_or_else(|| self.failed("its keys or its region have letters that cannot be sent"))?;
            }
        }
        let request = request.headers(headers).body(sent.body.to_vec());
        request.send().await.map_err(|error| self.lost(&error))
    }

    async fn put(&self, url: Url, outgoing: &Outgoing<'_>, objects: Objects) -> Result<(), SinkError> {
        let note = outgoing.checkpoint().note.as_bytes();
        let mut headers = self.headers(outgoing.at)?;
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("text/plain; charset=utf-8"));
        // Stores of the S3 kind lock only objects that were sent with one.
        let checksum = BASE64_STANDARD.encode(Digest::of(note).as_bytes());
        headers.insert(CHECKSUM, checksum.parse().map_err(|error| self.failed(error))?);
        if objects == Objects::Once {
            headers.insert(IF_NONE_MATCH, HeaderValue::from_static("*"));
        }
        let sent = Sent { method: &Method::PUT, url: &url, body: note, at: self.clock.now() };
        let answer = self.send(sent, headers).await?;
        match answer.status() {
            status if status.is_success() => Ok(()),
            // It is there already: ours, if we were cut off after the last time.
            StatusCode::PRECONDITION_FAILED | StatusCode::CONFLICT if objects == Objects::Once => {
                self.compare(&url, outgoing).await
            }
            status => Err(self.failed(format!("it answered {status}"))),
        }
    }

    async fn compare(&self, url: &Url, outgoing: &Outgoing<'_>) -> Result<(), SinkError> {
        let there = self.get(url).await?.unwrap_or_default();
        let checkpoint = NoteScanner::all(&there).iter().find_map(|note| Checkpoint::parse(note).ok());
        match checkpoint {
            Some(there) if there.age() == outgoing.checkpoint().age() => {
                outgoing.continues(&there, &self.name).await
            }
            Some(_) | None => Err(self.failed("there is something else where the checkpoint belongs")),
        }
    }

    async fn get(&self, url: &Url) -> Result<Option<String>, SinkError> {
        let sent = Sent { method: &Method::GET, url, body: b"", at: self.clock.now() };
        let mut answer = self.send(sent, HeaderMap::new()).await?;
        match answer.status() {
            StatusCode::NOT_FOUND => return Ok(None),
            status if status.is_success() => {}
            status => return Err(self.failed(format!("it answered {status}"))),
        }
        let mut bytes = Vec::new();
        while let Some(chunk) = answer.chunk().await.map_err(|error| self.lost(&error))? {
            if bytes.len() + chunk.len() > MOST {
                return Err(self.failed("the object is too large to be a checkpoint"));
            }
            bytes.extend_from_slice(&chunk);
        }
        Ok(Some(String::from_utf8_lossy(&bytes).into_owned()))
    }

    /// What the client says, without the address, which people know, and which may carry a secret.
    fn lost(&self, error: &reqwest::Error) -> SinkError {
        let what = if error.is_timeout() {
            "it did not answer in time"
        } else if error.is_connect() {
            "it cannot be reached"
        } else {
            "the answer broke off"
        };
        self.failed(what)
    }
}

impl Sink for PutSink {
    fn name(&self) -> &str {
        &self.name
    }

    fn deliver<'a>(&'a self, outgoing: &'a Outgoing<'a>) -> BoxFuture<'a, Result<Delivered, SinkError>> {
        async move {
            let checkpoint = outgoing.checkpoint();
            let url = self.url(&self.settings.url, checkpoint)?;
            self.put(url, outgoing, self.settings.objects).await?;
            if let Some(latest) = &self.settings.latest {
                self.put(self.url(latest, checkpoint)?, outgoing, Objects::Replaced).await?;
            }
            Ok(Delivered { note: checkpoint.note.clone() })
        }
        .boxed()
    }

    fn check<'a>(&'a self, outgoing: &'a Outgoing<'a>) -> BoxFuture<'a, Result<Shown, SinkError>> {
        async move {
            if self.settings.latest.is_none() {
                return Ok(Shown::Unreadable);
            }
            let held = self.held(outgoing.keys()).await?;
            for checkpoint in &held {
                outgoing.continues(checkpoint, &self.name).await?;
            }
            Ok(Shown::of(held.last()))
        }
        .boxed()
    }

    fn held<'a>(&'a self, keys: &'a [PublicKey]) -> BoxFuture<'a, Result<Vec<Checkpoint>, SinkError>> {
        async move {
            let Some(latest) = &self.settings.latest else { return Ok(Vec::new()) };
            let instance = keys.first().map_or("", PublicKey::instance);
            let url = Url::parse(&latest.replace("{instance}", instance));
            let url = url.map_err(|error| self.failed(error))?;
            let text = self.get(&url).await?.unwrap_or_default();
            let notes = NoteScanner::all(&text).into_iter();
            Ok(notes
                .filter_map(|note| Checkpoint::parse(&note).ok())
                .filter(|checkpoint| checkpoint.is_signed_by(keys))
                .collect())
        }
        .boxed()
    }
}
