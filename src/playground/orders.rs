//! The changes that a caller may ask for, decided on the state alone.

use jiff::Timestamp;
use sha2::{Digest, Sha256};

use super::{
    refusal::Refusal,
    state::{Deployment, EARLIER_KEPT, Progress, State, Target, UsedKey, Wanted},
};

/// The most replicas that a service may have.
pub(super) const MOST_REPLICAS: usize = 20;

/// What every changing call has in common.
#[derive(Debug, Clone)]
pub(super) struct Order {
    pub(super) target: Target,
    /// The generation that the caller looked at; the order is refused when it is no longer that.
    pub(super) generation: Option<u64>,
    /// The `Idempotency-Key` header.
    pub(super) key: Option<String>,
}

/// What became of an order.
#[derive(Debug)]
pub(super) enum Begun<T> {
    /// It was carried out now.
    New(T),
    /// The same order was carried out before, under the same key.
    Repeated(T),
}

impl State {
    /// Begins a deployment of `version`.
    pub(super) fn deploy(
        &mut self,
        order: &Order,
        version: &str,
        now: Timestamp,
    ) -> Result<Begun<Deployment>, Refusal> {
        let request = format!("deploy {version}, {}", order.target);
        if let Some(earlier) = self.repeated(order, &request)? {
            return self.same_deployment(&earlier);
        }
        self.begin(order, version, now, request)
    }

    /// Begins a deployment of the version before.
    pub(super) fn roll_back(&mut self, order: &Order, now: Timestamp) -> Result<Begun<Deployment>, Refusal> {
        let request = format!("roll back, {}", order.target);
        if let Some(earlier) = self.repeated(order, &request)? {
            return self.same_deployment(&earlier);
        }
        let wanted = self.existing(&order.target)?;
        let Some(version) = wanted.previous().map(str::to_owned) else {
            return Err(Refusal::conflict(format!(
                "{} has no version before `{}`",
                order.target, wanted.version
            )));
        };
        self.begin(order, &version, now, request)
    }

    /// Wants another number of replicas.
    pub(super) fn scale(&mut self, order: &Order, replicas: i64) -> Result<Begun<()>, Refusal> {
        let count = usize::try_from(replicas).ok().filter(|count| *count <= MOST_REPLICAS);
        let Some(count) = count else {
            return Err(Refusal::unprocessable(format!(
                "`{replicas}` replicas: between 0 and {MOST_REPLICAS} are possible"
            )));
        };
        let request = format!("scale to {count}, {}", order.target);
        if self.repeated(order, &request)?.is_some() {
            return Ok(Begun::Repeated(()));
        }
        self.admit(order)?;
        let wanted = self.existing_mut(&order.target)?;
        if wanted.replicas != count {
            wanted.replicas = count;
            wanted.generation += 1;
            wanted.resize();
        }
        self.remember(order, request, None);
        Ok(Begun::New(()))
    }

    /// Notes that a migration is asked for. The database itself knows what was applied under which key.
    pub(super) fn migrate(&mut self, order: &Order, migration: &str) -> Result<(), Refusal> {
        let request = format!("migrate to {migration}, {}", order.target);
        if self.repeated(order, &request)?.is_none() {
            self.remember(order, request, None);
        }
        Ok(())
    }

    fn begin(
        &mut self,
        order: &Order,
        version: &str,
        now: Timestamp,
        request: String,
    ) -> Result<Begun<Deployment>, Refusal> {
        self.admit(order)?;
        let wanted = self.existing_mut(&order.target)?;
        let from = std::mem::replace(&mut wanted.version, version.to_owned());
        if wanted.whole && from != version {
            wanted.earlier.push(from.clone());
        }
        wanted.earlier.retain(|earlier| earlier != version);
        wanted.earlier.drain(..wanted.earlier.len().saturating_sub(EARLIER_KEPT));
        wanted.whole = false;
        wanted.generation += 1;
        let deployment = Deployment {
            id: deployment_id(&order.target, wanted.generation, now),
            target: order.target.clone(),
            version: version.to_owned(),
            from_version: from,
            state: Progress::Running,
            step: format!("0/{} replicas on {version}", wanted.replicas),
            message: "starting".to_owned(),
            health: None,
            started_at: now,
            finished_at: None,
        };
        self.deployments.push(deployment.clone());
        self.remember(order, request, Some(deployment.id.clone()));
        Ok(Begun::New(deployment))
    }

    /// Whether a wanted change may be made now.
    fn admit(&self, order: &Order) -> Result<(), Refusal> {
        let generation = self.existing(&order.target)?.generation;
        if let Some(running) = self.running(&order.target) {
            return Err(Refusal::conflict(format!(
                "deployment `{}` of {} to `{}` is running; wait until it has ended",
                running.id, order.target, running.version
            )));
        }
        match order.generation {
            Some(seen) if seen != generation => Err(Refusal::stale(format!(
                "{} is at generation {generation}, no longer {seen}; look at it again",
                order.target
            ))),
            Some(_) | None => Ok(()),
        }
    }

    fn repeated(&self, order: &Order, request: &str) -> Result<Option<UsedKey>, Refusal> {
        let Some(key) = &order.key else { return Ok(None) };
        match self.keys.iter().find(|used| used.key == *key) {
            Some(used) if used.request == request => Ok(Some(used.clone())),
            Some(used) => Err(Refusal::unprocessable(format!(
                "this Idempotency-Key was used for another request ({}); send a new one",
                used.request
            ))),
            None => Ok(None),
        }
    }

    fn same_deployment(&self, used: &UsedKey) -> Result<Begun<Deployment>, Refusal> {
        let earlier = used.deployment.as_deref().and_then(|id| self.deployment(id));
        let forgotten =
            || Refusal::conflict("the deployment of this Idempotency-Key is long forgotten".to_owned());
        earlier.cloned().map(Begun::Repeated).ok_or_else(forgotten)
    }

    fn remember(&mut self, order: &Order, request: String, deployment: Option<String>) {
        if let Some(key) = order.key.clone() {
            self.keys.push(UsedKey { key, request, deployment });
        }
        self.forget_oldest();
    }

    /// What is wanted of this service, or a refusal that names what exists.
    pub(super) fn existing(&self, target: &Target) -> Result<&Wanted, Refusal> {
        self.wanted(target).ok_or_else(|| self.missing(target))
    }

    fn existing_mut(&mut self, target: &Target) -> Result<&mut Wanted, Refusal> {
        let missing = self.missing(target);
        self.wanted_mut(target).ok_or(missing)
    }

    fn missing(&self, target: &Target) -> Refusal {
        let targets = || self.services.values().map(|wanted| &wanted.target);
        let (what, asked, mut names) = if targets().any(|known| known.environment == target.environment) {
            ("service", &target.service, targets().map(|known| known.service.clone()).collect::<Vec<_>>())
        } else {
            ("environment", &target.environment, targets().map(|known| known.environment.clone()).collect())
        };
        names.sort();
        names.dedup();
        Refusal::missing(format!("there is no {what} `{asked}`; there are {}", names.join(", ")))
    }
}

impl Wanted {
    /// Brings the replicas to the wanted number. One that made its deployment fail is beside that number, except that
    /// nothing is left of a service scaled to nothing.
    fn resize(&mut self) {
        if self.replicas == 0 {
            self.slots.clear();
        }
        let serving = |wanted: &Self| wanted.slots.iter().filter(|slot| !slot.failed).count();
        while serving(self) < self.replicas {
            let version = self.serving().to_owned();
            self.add(&version);
        }
        while serving(self) > self.replicas {
            let Some(last) = self.slots.iter().rposition(|slot| !slot.failed) else { return };
            self.slots.remove(last);
        }
    }
}

fn deployment_id(target: &Target, generation: u64, now: Timestamp) -> String {
    let digest = Sha256::digest(format!("{}\n{generation}\n{now}", target.slug()));
    let short: String = digest.iter().take(6).map(|byte| format!("{byte:02x}")).collect();
    format!("dep_{short}")
}

#[cfg(test)]
mod tests;
