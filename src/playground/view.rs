//! What the API shows of a service: what is wanted, and what each replica answers right now.

use std::iter::zip;

use futures::future::join_all;
use jiff::Timestamp;
use serde::Serialize;

use super::{
    clock::now,
    fleet::{Seen, Sight},
    probe::Health,
    refusal::Refusal,
    site::Site,
    state::{Slot, State, Target, Wanted},
};

/// One line of the list of services.
#[derive(Debug, Serialize)]
pub(super) struct Summary {
    #[serde(flatten)]
    target: Target,
    version: String,
    replicas: usize,
    ready: usize,
}

/// A service in an environment.
#[derive(Debug, Serialize)]
pub(super) struct ServiceView {
    #[serde(flatten)]
    target: Target,
    version: String,
    previous_version: Option<String>,
    /// Oldest first.
    versions: Vec<String>,
    /// The wanted number.
    replicas: usize,
    /// Those that answer with health just now.
    ready: usize,
    generation: u64,
    deploying: bool,
    /// The first ready replica.
    url: Option<String>,
    instances: Vec<InstanceView>,
}

/// One replica.
#[derive(Debug, Serialize)]
struct InstanceView {
    id: String,
    pid: Option<u32>,
    port: Option<u16>,
    version: String,
    healthy: bool,
    detail: String,
    since: Timestamp,
    requests: u64,
    errors: u64,
}

impl Site {
    /// Every service, sorted by name and environment.
    pub(super) async fn summaries(&self) -> Vec<Summary> {
        let mut services: Vec<Wanted> =
            self.book.read(|state| state.services.values().cloned().collect()).await;
        services.sort_by(|left, right| left.target.cmp(&right.target));
        let looks = join_all(services.iter().map(|wanted| self.look_at_all(wanted))).await;
        let summary = |(wanted, instances): (Wanted, Vec<InstanceView>)| Summary {
            target: wanted.target,
            version: wanted.version,
            replicas: wanted.replicas,
            ready: ready(&instances),
        };
        zip(services, looks).map(summary).collect()
    }

    /// One service.
    pub(super) async fn service(&self, target: &Target) -> Result<ServiceView, Refusal> {
        let versions = &self.premises(target).await?.versions;
        let look = |state: &State| Ok((state.existing(target)?.clone(), state.running(target).is_some()));
        let (wanted, deploying) = self.book.read(look).await?;
        let instances = self.look_at_all(&wanted).await;
        let first = instances.iter().find(|instance| instance.healthy);
        Ok(ServiceView {
            target: target.clone(),
            previous_version: wanted.previous().map(str::to_owned),
            version: wanted.version,
            versions: versions.iter().map(|version| version.name.clone()).collect(),
            replicas: wanted.replicas,
            ready: ready(&instances),
            generation: wanted.generation,
            deploying,
            url: first.and_then(|instance| instance.port).map(|port| format!("http://127.0.0.1:{port}/")),
            instances,
        })
    }

    /// Kills a replica's process.
    pub(super) async fn kill(&self, target: &Target, instance: &str) -> Result<(), Refusal> {
        let wanted = self.book.read(|state| state.existing(target).cloned()).await?;
        let ids: Vec<String> = wanted.slots.iter().map(|slot| target.instance(slot.ordinal)).collect();
        if !ids.iter().any(|id| id == instance) {
            return Err(Refusal::missing(format!(
                "{target} has no instance `{instance}`; it has {}",
                ids.join(", ")
            )));
        }
        let idle = || Refusal::conflict(format!("`{instance}` is not running"));
        self.fleet.kill(instance).await.then_some(()).ok_or_else(idle)
    }

    async fn look_at_all(&self, wanted: &Wanted) -> Vec<InstanceView> {
        join_all(wanted.slots.iter().map(|slot| self.look_at(&wanted.target, slot))).await
    }

    async fn look_at(&self, target: &Target, slot: &Slot) -> InstanceView {
        let id = target.instance(slot.ordinal);
        let gone = || Seen { sight: Sight::Down { why: "not running".to_owned() }, since: now() };
        let mut seen = self.fleet.see(&id).unwrap_or_else(gone);
        let mut health = None;
        if let Sight::Up { pid, port } = seen.sight {
            let answer = self.probe.ask(port).await;
            // A process that refuses connections has most likely just died, and how says more.
            let dead = if answer.refused { self.fleet.see_dead(&id, pid).await } else { None };
            match dead {
                Some(dead) => seen = dead,
                None => health = Some(answer),
            }
        }
        let (pid, port, health) = match (seen.sight, health) {
            (Sight::Up { pid, port }, Some(health)) => (Some(pid), Some(port), health),
            (Sight::Up { .. } | Sight::Starting, _) => (None, None, Health::silent("starting".to_owned())),
            (Sight::Down { why }, _) => (None, None, Health::silent(why)),
        };
        InstanceView {
            id,
            pid,
            port,
            version: slot.version.clone(),
            healthy: health.healthy,
            detail: health.detail(),
            since: seen.since,
            requests: health.requests,
            errors: health.errors,
        }
    }
}

fn ready(instances: &[InstanceView]) -> usize {
    instances.iter().filter(|instance| instance.healthy).count()
}
