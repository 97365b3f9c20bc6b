use std::collections::{BTreeMap, BTreeSet};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// What there is to operate: `catalog.toml`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Landscape {
    /// The time zone of times of day that people write (`18:00`); an IANA name.
    #[serde(default = "utc")]
    pub time_zone: String,
    /// Services by canonical name.
    pub services: BTreeMap<String, Service>,
    /// Environments by canonical name.
    pub environments: BTreeMap<String, Environment>,
    /// Teams by name.
    #[serde(default)]
    pub teams: BTreeMap<String, Team>,
    /// Severities of incidents to their other names, most severe first by name.
    #[serde(default)]
    pub severities: BTreeMap<String, Vec<String>>,
}

fn utc() -> String {
    "UTC".to_owned()
}

/// A service one can operate.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Service {
    /// Other names people use.
    #[serde(default)]
    pub aliases: Vec<String>,
    /// The owning team.
    #[serde(default)]
    pub team: Option<String>,
    /// The repository, as `owner/name`.
    #[serde(default)]
    pub repository: Option<String>,
    /// Its dashboard; `{environment}` stands for the environment.
    #[serde(default)]
    pub dashboard: Option<String>,
    /// The fewest replicas, by environment.
    #[serde(default)]
    pub min_replicas: BTreeMap<String, u32>,
    /// Words for the policy's rules, such as `payments` or `tier-1`. Each call that names the service carries them.
    #[serde(default)]
    pub tags: BTreeSet<String>,
    /// Its databases: other names of it where a tool takes `x-catalog: targets`, as `migrate` does.
    #[serde(default)]
    pub databases: Vec<String>,
}

/// A place where services run.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Environment {
    /// Other names people use.
    #[serde(default)]
    pub aliases: Vec<String>,
    /// Whether people outside the company depend on it.
    #[serde(default)]
    pub protected: bool,
}

/// People who own services.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Team {
    /// Members by the policy's names.
    #[serde(default)]
    pub members: Vec<String>,
    /// Who is on call, in order.
    #[serde(default)]
    pub oncall: Vec<String>,
}
