//! The replicas as processes: the list of those that are kept running, and what is seen of each.

use std::{
    collections::BTreeMap,
    path::PathBuf,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use futures::future::join_all;
use tokio::{
    sync::{mpsc, watch},
    task::JoinHandle,
    time::timeout,
};

use super::{
    config::Timing,
    keeper::{Keeper, Signal},
    logs::Log,
    state::Target,
};

/// Everything that a replica is told when it is started.
#[derive(Debug, Clone)]
pub(super) struct ReplicaSpec {
    pub(super) target: Target,
    pub(super) instance: String,
    pub(super) version: String,
    pub(super) database: PathBuf,
    pub(super) requires: Option<String>,
    pub(super) log: Arc<Log>,
}

/// How long it takes at most to see that a process has died.
const REAPED_WITHIN: Duration = Duration::from_millis(200);

/// How replicas are started.
#[derive(Debug, Clone)]
pub(super) struct Launch {
    pub(super) program: PathBuf,
    pub(super) args: Vec<String>,
    pub(super) timing: Timing,
}

/// What is seen of a process.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Sight {
    /// It has not said its port yet.
    Starting,
    /// It listens.
    Up { pid: u32, port: u16 },
    /// It is not running, and why.
    Down { why: String },
}

/// A sight and since when.
#[derive(Debug, Clone)]
pub(super) struct Seen {
    pub(super) sight: Sight,
    pub(super) since: jiff::Timestamp,
}

#[derive(Debug)]
struct Member {
    signals: mpsc::Sender<Signal>,
    seen: watch::Receiver<Seen>,
    keeper: JoinHandle<()>,
}

/// The replicas that are kept running.
#[derive(Debug)]
pub(super) struct Fleet {
    launch: Launch,
    /// By instance id; none once the fleet is closed.
    members: Mutex<Option<BTreeMap<String, Member>>>,
}

impl Fleet {
    /// An empty fleet.
    pub(super) fn new(launch: Launch) -> Self {
        Self { launch, members: Mutex::new(Some(BTreeMap::new())) }
    }

    /// Keeps a replica running from now on. Does nothing when it is kept already, or when the fleet is closed.
    pub(super) fn start(&self, spec: ReplicaSpec) {
        let mut held = self.held();
        let Some(members) = held.as_mut().filter(|members| !members.contains_key(&spec.instance)) else {
            return;
        };
        let instance = spec.instance.clone();
        let (signals, received) = mpsc::channel(4);
        let (shown, seen) = watch::channel(Seen { sight: Sight::Starting, since: super::clock::now() });
        let keeper = tokio::spawn(Keeper::new(self.launch.clone(), spec, shown, received).run());
        members.insert(instance, Member { signals, seen, keeper });
    }

    /// Stops a replica and reaps it.
    pub(super) async fn stop(&self, instance: &str) {
        let member = self.held().as_mut().and_then(|members| members.remove(instance));
        if let Some(member) = member {
            member.stop().await;
        }
    }

    /// Stops and reaps every replica; none is started afterwards.
    pub(super) async fn close(&self) {
        let members = self.held().take().unwrap_or_default();
        join_all(members.into_values().map(Member::stop)).await;
    }

    /// Ends the tasks without waiting for the processes, which then die with their tasks.
    pub(super) fn abandon(&self) {
        for member in self.held().take().unwrap_or_default().into_values() {
            member.keeper.abort();
        }
    }

    /// Kills a replica's process with SIGKILL and waits until it is dead. Says whether there was one to kill.
    pub(super) async fn kill(&self, instance: &str) -> bool {
        let sent = self.held().as_ref().and_then(|members| members.get(instance)).and_then(|member| {
            let Sight::Up { pid, .. } = member.seen.borrow().sight else { return None };
            member.signals.try_send(Signal::Kill).ok().map(|()| pid)
        });
        let Some(pid) = sent else { return false };
        self.see_dead(instance, pid).await.is_some()
    }

    /// What is seen of a replica once this process of it is dead; none when it goes on living.
    pub(super) async fn see_dead(&self, instance: &str, pid: u32) -> Option<Seen> {
        let mut seen = self.held().as_ref()?.get(instance)?.seen.clone();
        let dead = seen.wait_for(|seen| !matches!(seen.sight, Sight::Up { pid: alive, .. } if alive == pid));
        let dead = timeout(REAPED_WITHIN, dead).await.ok()?.ok()?;
        Some(dead.clone())
    }

    /// What is seen of a replica now; none when it is not kept.
    pub(super) fn see(&self, instance: &str) -> Option<Seen> {
        self.held().as_ref()?.get(instance).map(|member| member.seen.borrow().clone())
    }

    /// What is seen of a replica once it is no longer starting.
    pub(super) async fn see_started(&self, instance: &str) -> Option<Seen> {
        let mut seen = self.held().as_ref()?.get(instance)?.seen.clone();
        let settled = seen.wait_for(|seen| seen.sight != Sight::Starting).await.ok()?;
        Some(settled.clone())
    }

    /// Waits until no replica is starting.
    pub(super) async fn started(&self) {
        let instances: Vec<String> =
            self.held().iter().flatten().map(|(instance, _)| instance.clone()).collect();
        join_all(instances.iter().map(|instance| self.see_started(instance))).await;
    }

    fn held(&self) -> MutexGuard<'_, Option<BTreeMap<String, Member>>> {
        self.members.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Member {
    async fn stop(self) {
        // A full channel holds kills only, which end the process as well; dropping the sender then ends its keeper.
        let Self { signals, seen: _, keeper } = self;
        drop(signals);
        if let Err(error) = keeper.await {
            tracing::error!(%error, "a keeper of the playground ended badly");
        }
    }
}
