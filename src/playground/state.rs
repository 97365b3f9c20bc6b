//! What the playground wants and remembers: pure data, changed by `orders` and `plan`, kept on disk by `book`.

use std::{collections::BTreeMap, fmt};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::config::PlaygroundConfig;

/// A service in an environment.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub(super) struct Target {
    pub(super) service: String,
    pub(super) environment: String,
}

impl Target {
    /// The name that instance ids, files and the state use; unique because the configuration was checked.
    pub(super) fn slug(&self) -> String {
        format!("{}-{}", self.service, self.environment)
    }

    /// The id of the replica with this number.
    pub(super) fn instance(&self, ordinal: usize) -> String {
        format!("{}-{ordinal}", self.slug())
    }
}

impl fmt::Display for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "`{}` in `{}`", self.service, self.environment)
    }
}

/// All that survives a restart.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub(super) struct State {
    /// By slug.
    pub(super) services: BTreeMap<String, Wanted>,
    /// Oldest first.
    pub(super) deployments: Vec<Deployment>,
    /// Oldest first.
    pub(super) keys: Vec<UsedKey>,
}

/// What is wanted of one service in one environment.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Wanted {
    pub(super) target: Target,
    pub(super) version: String,
    /// Whether `version` ever ran on every replica. While it did not, the version before keeps serving.
    pub(super) whole: bool,
    /// Versions that were whole before `version`, oldest first.
    pub(super) earlier: Vec<String>,
    pub(super) replicas: usize,
    /// Grows by one with every deployment, rollback and scaling.
    pub(super) generation: u64,
    /// The replicas that there are.
    pub(super) slots: Vec<Slot>,
}

/// One replica that is kept running.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Slot {
    pub(super) ordinal: usize,
    pub(super) version: String,
    /// It never became healthy and made its deployment fail. It is kept to be looked at, beside the wanted number.
    pub(super) failed: bool,
}

impl Wanted {
    /// The version that a rollback goes to.
    pub(super) fn previous(&self) -> Option<&str> {
        self.earlier.last().map(String::as_str)
    }

    /// The version that further replicas get: not one that just failed.
    pub(super) fn serving(&self) -> &str {
        let wanted = self.version.as_str();
        if self.whole { wanted } else { self.previous().unwrap_or(wanted) }
    }

    /// Adds a replica under the lowest free number.
    pub(super) fn add(&mut self, version: &str) -> Slot {
        let taken = |ordinal: &usize| self.slots.iter().any(|slot| slot.ordinal == *ordinal);
        let ordinal = (1..).find(|ordinal| !taken(ordinal)).unwrap_or(usize::MAX);
        let slot = Slot { ordinal, version: version.to_owned(), failed: false };
        self.slots.push(slot.clone());
        self.slots.sort_by_key(|slot| slot.ordinal);
        slot
    }
}

/// How far a deployment is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Progress {
    Running,
    Succeeded,
    Failed,
}

/// A deployment or rollback, as it is kept and as the API shows it.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Deployment {
    pub(super) id: String,
    #[serde(flatten)]
    pub(super) target: Target,
    pub(super) version: String,
    /// The version that was wanted before.
    pub(super) from_version: String,
    pub(super) state: Progress,
    /// Such as `2/3 replicas on v2.4.1`.
    pub(super) step: String,
    /// What was seen, for people.
    pub(super) message: String,
    pub(super) health: Option<HealthSeen>,
    pub(super) started_at: Timestamp,
    pub(super) finished_at: Option<Timestamp>,
}

/// What asking the new replicas' health showed.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct HealthSeen {
    /// Replicas of the new version that were asked.
    pub(super) checked: usize,
    /// Those that were healthy.
    pub(super) passed: usize,
    /// The HTTP status of the last answer; none when there was no answer.
    pub(super) last_status: Option<u16>,
    /// What the last answer said, or why there was none.
    pub(super) last_body: String,
}

/// An idempotency key that was used.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct UsedKey {
    pub(super) key: String,
    /// The request it was used for, in words; the same key for another request is refused.
    pub(super) request: String,
    /// The deployment it began, if any.
    pub(super) deployment: Option<String>,
}

/// Deployments that are remembered; older ones are forgotten.
const DEPLOYMENTS_KEPT: usize = 500;
/// Idempotency keys that are remembered.
const KEYS_KEPT: usize = 2_000;
/// Earlier versions of a service that are remembered.
pub(super) const EARLIER_KEPT: usize = 10;

impl State {
    /// Adds what the configuration has and the state has not; drops services that the configuration no longer has.
    pub(super) fn settle(&mut self, config: &PlaygroundConfig) {
        let mut services = BTreeMap::new();
        for service in &config.services {
            for environment in &config.environments {
                let target = Target { service: service.name.clone(), environment: environment.name.clone() };
                let slug = target.slug();
                let wanted = self.services.remove(&slug).unwrap_or_else(|| {
                    let mut wanted = Wanted {
                        target,
                        version: service.runs.clone(),
                        whole: true,
                        earlier: service.ran_before.iter().cloned().collect(),
                        replicas: environment.replicas_of(&service.name),
                        generation: 1,
                        slots: Vec::new(),
                    };
                    for _ in 0..wanted.replicas {
                        wanted.add(&service.runs);
                    }
                    wanted
                });
                services.insert(slug, wanted);
            }
        }
        self.services = services;
    }

    /// What is wanted of this service.
    pub(super) fn wanted(&self, target: &Target) -> Option<&Wanted> {
        self.services.get(&target.slug())
    }

    /// As `wanted`, to change it.
    pub(super) fn wanted_mut(&mut self, target: &Target) -> Option<&mut Wanted> {
        self.services.get_mut(&target.slug())
    }

    /// The deployment of this id.
    pub(super) fn deployment(&self, id: &str) -> Option<&Deployment> {
        self.deployments.iter().find(|deployment| deployment.id == id)
    }

    /// As `deployment`, to change it.
    pub(super) fn deployment_mut(&mut self, id: &str) -> Option<&mut Deployment> {
        self.deployments.iter_mut().find(|deployment| deployment.id == id)
    }

    /// The deployment of this service that is running.
    pub(super) fn running(&self, target: &Target) -> Option<&Deployment> {
        self.deployments
            .iter()
            .find(|deployment| deployment.state == Progress::Running && deployment.target == *target)
    }

    /// Forgets the oldest of what would otherwise grow for ever. A running deployment is never forgotten.
    pub(super) fn forget_oldest(&mut self) {
        let over = self.deployments.len().saturating_sub(DEPLOYMENTS_KEPT);
        let mut place = 0;
        self.deployments.retain(|deployment| {
            place += 1;
            place > over || deployment.state == Progress::Running
        });
        self.keys.drain(..self.keys.len().saturating_sub(KEYS_KEPT));
    }
}
