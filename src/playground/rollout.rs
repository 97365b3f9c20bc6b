//! A deployment from its first replica to its last: what `plan` says is next, until it says done or a new replica
//! never becomes healthy. It works from the state alone, so one that was cut short goes on where it was.

use std::sync::Arc;

use tokio::time::sleep;

use super::{
    clock::now,
    fleet::Sight,
    plan::{self, Step},
    probe::Health,
    refusal::Refusal,
    site::Site,
    state::{Deployment, HealthSeen, Progress, Slot, Target, Wanted},
};

/// Carries this deployment out. A disk that refuses the state leaves it running, to go on at the next start.
pub(super) async fn run(site: Arc<Site>, id: String, target: Target) {
    let mut rollout = Rollout { site: &site, id: &id, target: &target, seen: HealthSeen::default() };
    if let Err(refusal) = rollout.carry_out().await {
        tracing::error!(
            deployment = id,
            why = refusal.sentence,
            "a deployment of the playground stands still"
        );
    }
}

struct Rollout<'a> {
    site: &'a Site,
    id: &'a str,
    target: &'a Target,
    seen: HealthSeen,
}

impl Rollout<'_> {
    async fn carry_out(&mut self) -> Result<(), Refusal> {
        self.replace_unhealthy().await?;
        loop {
            let wanted = self.wanted().await?;
            match plan::next(&wanted) {
                Step::Stop(slot) => self.stop(&slot).await?,
                Step::Start => {
                    let slot = self.start().await?;
                    let health = self.check(&slot).await;
                    if !health.healthy {
                        return self.fail(&slot, &health).await;
                    }
                }
                Step::Done => return self.succeed().await,
            }
        }
    }

    /// Replicas that have the version already, as at a rollback, count when they are healthy; others start anew.
    async fn replace_unhealthy(&mut self) -> Result<(), Refusal> {
        let wanted = self.wanted().await?;
        for slot in wanted.slots.iter().filter(|slot| slot.version == wanted.version && !slot.failed) {
            if !self.check(slot).await.healthy {
                self.seen.checked -= 1;
                self.stop(slot).await?;
            }
        }
        Ok(())
    }

    async fn start(&self) -> Result<Slot, Refusal> {
        let slot = self.change(|wanted, _| wanted.add(&wanted.version.clone())).await?;
        self.site.start(self.target, &slot);
        Ok(slot)
    }

    async fn stop(&self, slot: &Slot) -> Result<(), Refusal> {
        self.change(|wanted, _| wanted.slots.retain(|kept| kept != slot)).await?;
        self.site.fleet.stop(&self.target.instance(slot.ordinal)).await;
        Ok(())
    }

    /// Asks a replica's health until it is healthy or the tries are used up.
    async fn check(&mut self, slot: &Slot) -> Health {
        let timing = &self.site.timing;
        let instance = self.target.instance(slot.ordinal);
        let mut health = Health::silent("was not asked".to_owned());
        for count in 0..timing.health_tries.max(1) {
            if count > 0 {
                sleep(timing.health_pause).await;
            }
            health = match self.site.fleet.see_started(&instance).await.map(|seen| seen.sight) {
                Some(Sight::Up { port, .. }) => self.site.probe.ask(port).await,
                Some(Sight::Down { why }) => Health::silent(why),
                Some(Sight::Starting) | None => Health::silent("not running".to_owned()),
            };
            if health.healthy {
                break;
            }
        }
        self.seen.checked += 1;
        self.seen.passed += usize::from(health.healthy);
        self.seen.last_status = health.status;
        self.seen.last_body.clone_from(&health.said);
        health
    }

    async fn succeed(&self) -> Result<(), Refusal> {
        let all = |wanted: &Wanted| match wanted.replicas {
            0 => format!("no replica is wanted; the next one will be on {}", wanted.version),
            1 => format!("the one replica is on {} and healthy", wanted.version),
            replicas => format!("all {replicas} replicas are on {} and healthy", wanted.version),
        };
        self.change(|wanted, deployment| {
            wanted.whole = true;
            deployment.end(Progress::Succeeded, all(wanted));
        })
        .await
    }

    async fn fail(&self, slot: &Slot, health: &Health) -> Result<(), Refusal> {
        let instance = self.target.instance(slot.ordinal);
        let tries = self.site.timing.health_tries.max(1);
        self.change(|wanted, deployment| {
            for kept in wanted.slots.iter_mut().filter(|kept| *kept == slot) {
                kept.failed = true;
            }
            let old = wanted.slots.iter().filter(|kept| kept.version != wanted.version).count();
            let others = match old {
                0 => "no replica of an earlier version is left".to_owned(),
                1 => format!("1 replica still runs {}", deployment.from_version),
                more => format!("{more} replicas still run {}", deployment.from_version),
            };
            let message = format!(
                "{instance} on {} did not become healthy, asked {tries} times: {}; {others}",
                wanted.version,
                health.detail()
            );
            deployment.end(Progress::Failed, message);
        })
        .await
    }

    async fn wanted(&self) -> Result<Wanted, Refusal> {
        self.site.book.read(|state| state.existing(self.target).cloned()).await
    }

    /// Changes the service and its deployment together, and brings the deployment's step up to date.
    async fn change<T>(&self, change: impl FnOnce(&mut Wanted, &mut Deployment) -> T) -> Result<T, Refusal> {
        let health = (self.seen.checked > 0).then(|| self.seen.clone());
        self.site
            .book
            .change(|state| {
                let gone = || Refusal::missing(format!("deployment `{}` is gone", self.id));
                let mut deployment = state.deployment(self.id).cloned().ok_or_else(gone)?;
                let wanted = state.wanted_mut(self.target).ok_or_else(gone)?;
                deployment.health = health;
                let made = change(wanted, &mut deployment);
                deployment.step = plan::describe(wanted);
                if deployment.state == Progress::Running {
                    deployment.message = format!("replacing one replica at a time: {}", deployment.step);
                }
                if let Some(kept) = state.deployment_mut(self.id) {
                    *kept = deployment;
                }
                Ok(made)
            })
            .await
    }
}

impl Deployment {
    fn end(&mut self, state: Progress, message: String) {
        self.state = state;
        self.message = message;
        self.finished_at = Some(now());
    }
}
