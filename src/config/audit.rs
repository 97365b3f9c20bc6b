use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::Duration;

use reqwest::header::{HeaderName, HeaderValue};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::load::is_confidential;
use super::{ConfigError, SecretRef};
use crate::audit::{Cosigner, Pace, PublicKey};
use crate::domain::parse_span;

/// The record, and where its checkpoints go.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct AuditSettings {
    /// The folder with the signing key. Left out: the data directory.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub key_dir: Option<PathBuf>,
    /// Checkpoints are exported at least so often when there is something new, at most `1d`.
    pub every: String,
    /// And at least after so many entries.
    pub every_entries: u64,
    /// Verifier keys that are trusted beside the one of the signing key, for checking a record whose key is elsewhere.
    pub verifier_keys: Vec<String>,
    /// Where checkpoints go. Left out: to the file `checkpoints` in the data directory.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sinks: Option<Vec<SinkSettings>>,
}

impl Default for AuditSettings {
    fn default() -> Self {
        Self {
            key_dir: None,
            every: "60s".to_owned(),
            every_entries: 100,
            verifier_keys: Vec::new(),
            sinks: None,
        }
    }
}

/// A place for checkpoints.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, tag = "kind", rename_all = "lowercase")]
pub enum SinkSettings {
    /// A file that only ever grows, best on a volume that the database is not on.
    File {
        /// The file.
        path: PathBuf,
    },
    /// A JSON line on standard output, for whatever collects the logs.
    Stdout {},
    /// A post in a channel.
    Channel {
        /// The channel, by its name in the policy, or one that only the console shows.
        channel: String,
    },
    /// An object store, by HTTP PUT.
    Put(Box<PutTarget>),
    /// A witness that speaks the C2SP protocol.
    Witness {
        /// The address under which its `add-checkpoint` is. Plain `http` only to this machine.
        url: String,
        /// Its verifier key, of the kind for cosignatures.
        key: String,
    },
}

/// How an object store is written to.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct PutTarget {
    /// Where each checkpoint goes; `{instance}`, `{epoch}` and `{size}` stand for its own. Plain `http` only to this
    /// machine.
    pub url: String,
    /// An object that is replaced each time and read at the start: the newest checkpoint.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub latest: Option<String>,
    /// Whether each object is written once (`If-None-Match: *`).
    #[serde(default = "yes")]
    pub once: bool,
    /// A bearer token.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub token: Option<SecretRef>,
    /// Keys to sign requests with, as stores of the S3 kind want it; in place of a token.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub s3: Option<S3Access>,
    /// How long objects are to be locked: what `{retain_until}` in a header stands for.
    #[serde(default = "a_year")]
    pub retain: String,
    /// Headers to send along, such as `x-amz-object-lock-retain-until-date = "{retain_until}"`.
    #[serde(default)]
    pub headers: BTreeMap<String, String>,
}

/// Access to an S3-compatible object store: requests are signed (AWS Signature Version 4).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct S3Access {
    /// The region of the bucket, such as `eu-central-1`. Stores of others have a word of their own for it.
    pub region: String,
    /// Where the id of the access key is.
    pub access_key: SecretRef,
    /// Where the secret access key is.
    pub secret_key: SecretRef,
    /// Where the session token is, for keys that hold for a while only.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub session_token: Option<SecretRef>,
}

const fn yes() -> bool {
    true
}

fn a_year() -> String {
    "365d".to_owned()
}

impl AuditSettings {
    /// Refuses what cannot be used.
    ///
    /// # Errors
    /// The first key that is not right, and what to write instead.
    pub fn check(&self) -> Result<(), ConfigError> {
        if self.every().is_none() {
            return wrong(format!(
                "`audit.every` is `{}`; write a span up to `1d`, such as `60s`",
                self.every
            ));
        }
        if self.every_entries == 0 {
            return wrong("`audit.every_entries` is 0; write 1 or more".to_owned());
        }
        if let Some(key) = self.verifier_keys.iter().find(|key| PublicKey::parse(key).is_none()) {
            return wrong(format!(
                "`audit.verifier_keys` has `{key}`, which is no verifier key; `countersign audit key` prints them"
            ));
        }
        self.sinks.iter().flatten().try_for_each(SinkSettings::check)
    }

    /// How far exports may lag behind.
    pub fn pace(&self) -> Pace {
        Pace { entries: self.every_entries, every: self.every().unwrap_or(Duration::from_secs(60)) }
    }

    /// The verifier keys that are named.
    pub fn trusted(&self) -> Vec<PublicKey> {
        self.verifier_keys.iter().filter_map(|key| PublicKey::parse(key)).collect()
    }

    /// The same without standard output, for commands that print something else there.
    #[must_use]
    pub fn quiet(mut self) -> Self {
        if let Some(sinks) = &mut self.sinks {
            sinks.retain(|sink| *sink != SinkSettings::Stdout {});
        }
        self
    }

    fn every(&self) -> Option<Duration> {
        parse_span(&self.every).filter(|span| *span <= Duration::from_secs(86_400))
    }
}

impl SinkSettings {
    fn check(&self) -> Result<(), ConfigError> {
        match self {
            Self::File { .. } | Self::Stdout {} | Self::Channel { .. } => Ok(()),
            Self::Put(target) => target.check(),
            Self::Witness { url, key } => {
                address("audit.sinks.url", url)?;
                match Cosigner::parse(key) {
                    Some(_) => Ok(()),
                    None => wrong(format!(
                        "`audit.sinks.key` is `{key}`, which is no verifier key of a witness: a name, an id and an Ed25519 \
                         key of type 0x04, with `+` between"
                    )),
                }
            }
        }
    }
}

impl PutTarget {
    fn check(&self) -> Result<(), ConfigError> {
        address("audit.sinks.url", &self.url)?;
        self.latest.iter().try_for_each(|url| address("audit.sinks.latest", url))?;
        if self.once && !(self.url.contains("{epoch}") && self.url.contains("{size}")) {
            return wrong(format!(
                "`audit.sinks.url` is `{}`, where only one checkpoint could be written: put `{{epoch}}` and `{{size}}` into \
                 it, or set `once = false`",
                self.url
            ));
        }
        if self.token.is_some() && self.s3.is_some() {
            return wrong(
                "`audit.sinks` has both `token` and `s3`; an object store knows us by one of them".to_owned(),
            );
        }
        if parse_span(&self.retain).is_none() {
            return wrong(format!("`audit.sinks.retain` is `{}`; write a span such as `365d`", self.retain));
        }
        for (name, value) in &self.headers {
            let usable = name.parse::<HeaderName>().is_ok() && HeaderValue::from_str(value).is_ok();
            if !usable {
                return wrong(format!(
                    "`audit.sinks.headers` has `{name}`, which cannot be sent as a header"
                ));
            }
        }
        Ok(())
    }
}

fn address(key: &str, text: &str) -> Result<(), ConfigError> {
    // What stands for parts of a checkpoint is no valid part of every address.
    let plain = text.replace(['{', '}'], "");
    let url = reqwest::Url::parse(&plain)
        .map_err(|error| ConfigError::Unsafe(format!("`{key}` is `{text}`, which is no address: {error}")))?;
    if is_confidential(&url) {
        return Ok(());
    }
    wrong(format!("`{key}` sends checkpoints over `{}` to another machine; use https", url.scheme()))
}

fn wrong(what: String) -> Result<(), ConfigError> {
    Err(ConfigError::Unsafe(what))
}
