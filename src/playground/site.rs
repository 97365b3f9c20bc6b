//! Everything that a running playground consists of, and the calls on it that change something.

use std::{
    collections::BTreeMap,
    path::Path,
    sync::{Arc, Mutex, PoisonError},
};

use futures::future::try_join_all;
use tokio::task::JoinSet;

use super::{
    PlaygroundError,
    book::Book,
    clock::now,
    config::{PlaygroundConfig, Timing},
    database::{Database, Migrated},
    fleet::{Fleet, Launch, ReplicaSpec},
    logs::Log,
    orders::{Begun, Order},
    probe::Probe,
    refusal::Refusal,
    rollout,
    seed::{SeedService, SeedVersion},
    state::{Deployment, Slot, State, Target},
};

/// One playground.
#[derive(Debug)]
pub(super) struct Site {
    pub(super) book: Book,
    pub(super) fleet: Fleet,
    pub(super) probe: Probe,
    pub(super) timing: Timing,
    /// By slug.
    premises: BTreeMap<String, Premises>,
    /// The deployments under way; none once the site is closed.
    rollouts: Mutex<Option<JoinSet<()>>>,
}

/// What belongs to one service in one environment and does not change.
#[derive(Debug)]
pub(super) struct Premises {
    pub(super) versions: Vec<SeedVersion>,
    pub(super) database: Database,
    pub(super) log: Arc<Log>,
}

impl Premises {
    fn new(dir: &Path, target: &Target, service: &SeedService) -> Self {
        Self {
            versions: service.versions.clone(),
            database: Database::new(dir, target, service),
            log: Arc::new(Log::new(dir, target)),
        }
    }
}

impl Site {
    /// Opens the state, makes the databases that are missing, and starts the replicas that the state has. Deployments
    /// that were running when the playground was stopped go on.
    pub(super) async fn open(config: &PlaygroundConfig) -> Result<Arc<Self>, PlaygroundError> {
        let book = Book::open(config)?;
        let mut premises = BTreeMap::new();
        for service in &config.services {
            for environment in &config.environments {
                let target = Target { service: service.name.clone(), environment: environment.name.clone() };
                premises.insert(target.slug(), Premises::new(&config.dir, &target, service));
            }
        }
        try_join_all(premises.values().map(|place| place.database.seed())).await?;
        let launch = Launch {
            program: config.program.clone(),
            args: config.program_args.clone(),
            timing: config.timing.clone(),
        };
        let site = Arc::new(Self {
            book,
            fleet: Fleet::new(launch),
            probe: Probe::new()?,
            timing: config.timing.clone(),
            premises,
            rollouts: Mutex::new(Some(JoinSet::new())),
        });
        site.resume().await;
        Ok(site)
    }

    async fn resume(self: &Arc<Self>) {
        let state = self.book.read(State::clone).await;
        for wanted in state.services.values() {
            for slot in &wanted.slots {
                self.start(&wanted.target, slot);
            }
        }
        for deployment in &state.deployments {
            if state.running(&deployment.target).is_some_and(|running| running.id == deployment.id) {
                self.roll_out(deployment);
            }
        }
    }

    /// Ends the deployments, to go on at the next start, and stops every replica.
    pub(super) async fn close(&self) {
        let rollouts = self.rollouts.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(mut rollouts) = rollouts {
            rollouts.shutdown().await;
        }
        self.fleet.close().await;
        self.book.close().await;
    }

    /// The same without waiting.
    pub(super) fn abandon(&self) {
        drop(self.rollouts.lock().unwrap_or_else(PoisonError::into_inner).take());
        self.fleet.abandon();
    }

    /// What belongs to this service, or a refusal that names what exists.
    pub(super) async fn premises(&self, target: &Target) -> Result<&Premises, Refusal> {
        self.book.read(|state| state.existing(target).map(drop)).await?;
        let gone = || Refusal::missing(format!("there is no {target}"));
        self.premises.get(&target.slug()).ok_or_else(gone)
    }

    /// Begins a deployment of one of the service's versions.
    pub(super) async fn deploy(
        self: &Arc<Self>,
        order: &Order,
        version: &str,
    ) -> Result<Begun<Deployment>, Refusal> {
        let versions = &self.premises(&order.target).await?.versions;
        if !versions.iter().any(|known| known.name == version) {
            let names: Vec<&str> = versions.iter().map(|known| known.name.as_str()).collect();
            return Err(Refusal::unprocessable(format!(
                "`{}` has no version `{version}`; there are {}",
                order.target.service,
                names.join(", ")
            )));
        }
        let begun = self.book.change(|state| state.deploy(order, version, now())).await?;
        Ok(self.set_going(begun))
    }

    /// Begins a deployment of the version before.
    pub(super) async fn roll_back(self: &Arc<Self>, order: &Order) -> Result<Begun<Deployment>, Refusal> {
        let begun = self.book.change(|state| state.roll_back(order, now())).await?;
        Ok(self.set_going(begun))
    }

    fn set_going(self: &Arc<Self>, begun: Begun<Deployment>) -> Begun<Deployment> {
        if let Begun::New(deployment) = &begun {
            self.roll_out(deployment);
        }
        begun
    }

    fn roll_out(self: &Arc<Self>, deployment: &Deployment) {
        let mut held = self.rollouts.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(rollouts) = held.as_mut() else { return };
        while rollouts.try_join_next().is_some() {}
        rollouts.spawn(rollout::run(Arc::clone(self), deployment.id.clone(), deployment.target.clone()));
    }

    /// Wants another number of replicas, and starts or stops the difference.
    pub(super) async fn scale(&self, order: &Order, replicas: i64) -> Result<(), Refusal> {
        let (before, after) = self
            .book
            .change(|state| {
                let before = state.existing(&order.target)?.slots.clone();
                state.scale(order, replicas)?;
                Ok((before, state.existing(&order.target)?.slots.clone()))
            })
            .await?;
        for slot in after.iter().filter(|slot| !before.contains(slot)) {
            self.start(&order.target, slot);
        }
        for slot in before.iter().filter(|slot| !after.contains(slot)) {
            self.fleet.stop(&order.target.instance(slot.ordinal)).await;
        }
        Ok(())
    }

    /// Applies pending migrations.
    pub(super) async fn migrate(&self, order: &Order, migration: &str) -> Result<Migrated, Refusal> {
        let database = &self.premises(&order.target).await?.database;
        self.book.change(|state| state.migrate(order, migration)).await?;
        database.migrate(migration, order.key.as_deref()).await
    }

    /// Keeps this replica running from now on.
    pub(super) fn start(&self, target: &Target, slot: &Slot) {
        let Some(premises) = self.premises.get(&target.slug()) else { return };
        let version = premises.versions.iter().find(|known| known.name == slot.version);
        self.fleet.start(ReplicaSpec {
            target: target.clone(),
            instance: target.instance(slot.ordinal),
            version: slot.version.clone(),
            database: premises.database.path().to_owned(),
            requires: version.and_then(|version| version.requires.clone()),
            log: Arc::clone(&premises.log),
        });
    }
}
