//! Floor 8: what an installation is told. Embedded defaults, then the file, then the environment; unknown keys refused.
//!
//! Secrets are never written here: a key holds a reference (`env:NAME` or `file:PATH`) and is resolved once, at start.

mod audit;
mod load;
mod model;
mod secret;
mod slack;

use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::PathBuf;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

pub use audit::{AuditSettings, PutTarget, S3Access, SinkSettings};
pub use load::{ConfigError, Source, load};
pub use model::{ModelError, ModelSettings};
pub use secret::{SecretError, SecretRef};
pub use slack::{Mode, SlackAccess, SlackError, SlackSettings};

/// `countersign.toml`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Config {
    /// Where the database and the keys are. Relative to the file's folder.
    pub data_dir: Option<PathBuf>,
    /// The database.
    pub store: StoreSettings,
    /// The web server.
    pub server: Server,
    /// The web console.
    pub console: Console,
    /// Those who look after this installation.
    pub operators: Operators,
    /// The files people edit.
    pub files: Files,
    /// The demonstration back end.
    pub playground: PlaygroundSettings,
    /// Back ends by the name that tool files use.
    pub connections: BTreeMap<String, Connection>,
    /// The language model that reads sentences; without it they are read by rules.
    pub model: Option<ModelSettings>,
    /// Figures for Prometheus.
    pub metrics: Metrics,
    /// Slack; without it nobody is listened to there.
    pub slack: Option<SlackSettings>,
    /// The record, and where its checkpoints go.
    pub audit: AuditSettings,
    /// Logs.
    pub log: Log,
}

/// Figures for Prometheus, at `/metrics` on a listener of their own. They are not protected: let only the scraper reach
/// them.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Metrics {
    /// The address to listen on, such as `127.0.0.1:9717`. Left out, there are none.
    pub listen: Option<SocketAddr>,
}

/// The database.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct StoreSettings {
    /// Where to find the address of a PostgreSQL database, `postgres://USER:PASSWORD@HOST/DATABASE`. Left out, the
    /// database is the file `countersign.db` in the data directory.
    pub url: Option<SecretRef>,
}

/// The web server.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Server {
    /// The address to listen on. In playground mode it must be a loopback address.
    pub listen: SocketAddr,
    /// Names under which people reach it, beside the address itself; other Host headers are refused.
    pub hosts: Vec<String>,
}

impl Default for Server {
    fn default() -> Self {
        Self { listen: SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), 7717), hosts: Vec::new() }
    }
}

/// The web console.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Console {
    /// The channels it shows. Which of them the bot acts in is the policy's to say.
    pub channels: Vec<Channel>,
    /// How long a sign-in lasts, such as `12h`.
    pub session: String,
    /// Groups of console accounts that the policy's `[[group]]` can name.
    pub groups: BTreeMap<String, Vec<String>>,
}

impl Default for Console {
    fn default() -> Self {
        let channel = |name: &str, topic: &str| Channel { name: name.to_owned(), topic: topic.to_owned() };
        Self {
            channels: vec![
                channel("deployments", "deploy, roll back, scale, migrate"),
                channel("incidents", "when something is wrong"),
                channel("general", "anything else"),
                channel("random", "not listed in the policy: nothing runs from here"),
            ],
            session: "12h".to_owned(),
            groups: BTreeMap::new(),
        }
    }
}

/// A channel of the console.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Channel {
    /// Its name, without `#`.
    pub name: String,
    /// What it is for.
    #[serde(default)]
    pub topic: String,
}

/// Those who look after this installation.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Operators {
    /// The channel in which they hear of policy files, emergencies and open reviews: one that the policy lists, by its
    /// name there. Left empty, they are told in the log alone, and a policy file that allows more is refused.
    pub channel: String,
}

impl Default for Operators {
    fn default() -> Self {
        Self { channel: "incidents".to_owned() }
    }
}

/// The files people edit. Each one left out is the embedded default.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Files {
    /// `policy.toml`.
    pub policy: Option<PathBuf>,
    /// `catalog.toml`.
    pub catalog: Option<PathBuf>,
    /// The folder of tool files.
    pub tools: Option<PathBuf>,
    /// The folder of prompts; a prompt that is not in it is the embedded one.
    pub prompts: Option<PathBuf>,
}

/// The demonstration back end.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct PlaygroundSettings {
    /// Whether it runs, and with it the switch of person in the console.
    pub enabled: bool,
}

impl Default for PlaygroundSettings {
    fn default() -> Self {
        Self { enabled: true }
    }
}

/// A back end: where it is and how we show who we are.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Connection {
    /// The base of every URL. Plain `http` only to this machine.
    pub base_url: String,
    /// A bearer token.
    #[serde(default)]
    pub token: Option<SecretRef>,
    /// Headers to send along.
    #[serde(default)]
    pub headers: BTreeMap<String, String>,
}

/// Logs. They never hold messages or secrets; the record has the messages.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Log {
    /// `text` or `json`.
    pub format: LogFormat,
    /// Which, as in `info` or `countersign=debug,warn`.
    pub filter: String,
}

impl Default for Log {
    fn default() -> Self {
        Self { format: LogFormat::Text, filter: "warn,countersign=info".to_owned() }
    }
}

/// The form of a log line.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum LogFormat {
    /// For people.
    Text,
    /// For collectors.
    Json,
}

impl Config {
    /// Where the database and the keys are.
    pub fn data_dir(&self) -> PathBuf {
        self.data_dir.clone().unwrap_or_else(|| PathBuf::from("countersign-data"))
    }
}
