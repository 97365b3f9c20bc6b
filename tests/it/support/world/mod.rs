//! The app on a directory of its own.

mod deeds;
mod life;
mod sight;

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::atomic::AtomicU32;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use countersign::app::App;
use countersign::chat::Directory;
use countersign::clock::StandingClock;
use countersign::config::SinkSettings;
use countersign::interpret::Interpreter;
use countersign::pipeline::Rooms;
use secrecy::SecretString;
use tempfile::TempDir;
use tokio::runtime::Runtime;
use tokio::time::timeout;

use super::{BackEnd, Database, PATIENCE};

/// What there is to operate in a world.
pub enum Plan {
    /// A playground with these services in these environments: real processes.
    Playground { services: Vec<&'static str>, environments: Vec<&'static str> },
    /// A back end that does as the test tells it.
    BackEnd { base: String },
}

/// The real app on a directory of its own, with a clock that stands. Nothing else is replaced.
///
/// Each thing that somebody does happens a second after the one before. A test ends with [`World::finish`], which looks
/// whether what must always hold does.
pub struct World {
    pub clock: Arc<StandingClock>,
    pub database: Database,
    dir: TempDir,
    plan: Plan,
    token: Arc<Mutex<SecretString>>,
    deliveries: AtomicU32,
    lit: Option<Lit>,
    reader: Option<Arc<dyn Interpreter>>,
    policy: Option<String>,
    groups: BTreeMap<String, Vec<String>>,
    directory: Option<Arc<dyn Directory>>,
    sinks: Option<Vec<SinkSettings>>,
    finished: bool,
}

/// The app and what its tasks run on. Whoever throws the runtime away has killed the app.
struct Lit {
    app: App,
    runtime: Runtime,
}

impl World {
    /// A world to operate these services in these environments.
    pub async fn of(services: &[&'static str], environments: &[&'static str]) -> Self {
        let (services, environments) = (services.to_vec(), environments.to_vec());
        Self::new(Plan::Playground { services, environments }).await
    }

    /// A world with this back end.
    pub async fn facing(back_end: &BackEnd) -> Self {
        Self::facing_address(back_end.base()).await
    }

    /// A world with a back end at this address, or none.
    pub async fn facing_address(base: String) -> Self {
        Self::new(Plan::BackEnd { base }).await
    }

    /// A world in which somebody else reads the sentences.
    pub async fn read_by(reader: Arc<dyn Interpreter>, back_end: &BackEnd) -> Self {
        let mut world = Self::dark(Plan::BackEnd { base: back_end.base() }, Database::usual().await);
        world.reader = Some(reader);
        world.light().await;
        world
    }

    /// A world with this back end on this database.
    pub async fn on(database: Database, back_end: &BackEnd) -> Self {
        let mut world = Self::dark(Plan::BackEnd { base: back_end.base() }, database);
        world.light().await;
        world
    }

    /// A world with a policy file of its own.
    pub async fn under(policy: impl Into<String>, back_end: &BackEnd) -> Self {
        Self::with_groups(policy, back_end, &[]).await
    }

    /// The same, with groups of console accounts.
    pub async fn with_groups(
        policy: impl Into<String>,
        back_end: &BackEnd,
        groups: &[(&str, &[&str])],
    ) -> Self {
        let mut world = Self::dark(Plan::BackEnd { base: back_end.base() }, Database::usual().await);
        let members = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect();
        world.groups = groups.iter().map(|(group, names)| ((*group).to_owned(), members(names))).collect();
        world.set_policy(policy);
        world.light().await;
        world
    }

    /// The same, where somebody else knows who is in which group and on call.
    pub async fn with_directory(
        policy: impl Into<String>,
        back_end: &BackEnd,
        directory: Arc<dyn Directory>,
    ) -> Self {
        let mut world = Self::dark(Plan::BackEnd { base: back_end.base() }, Database::usual().await);
        world.directory = Some(directory);
        world.set_policy(policy);
        world.light().await;
        world
    }

    async fn new(plan: Plan) -> Self {
        let mut world = Self::dark(plan, Database::usual().await);
        world.light().await;
        world
    }

    fn dark(plan: Plan, database: Database) -> Self {
        // The second test to come here finds a provider installed, which is as good.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let noon = "2030-01-15T12:00:00Z".parse().unwrap();
        Self {
            clock: Arc::new(StandingClock::at(noon)),
            database,
            dir: tempfile::tempdir().unwrap(),
            plan,
            token: Arc::default(),
            deliveries: AtomicU32::new(0),
            lit: None,
            reader: None,
            sinks: None,
            policy: None,
            groups: BTreeMap::new(),
            directory: None,
            finished: false,
        }
    }

    /// Somebody saves the policy file; nothing has looked at it yet.
    pub fn set_policy(&mut self, text: impl Into<String>) {
        let text = text.into();
        std::fs::write(self.policy_path(), &text).unwrap();
        self.policy = Some(text);
    }

    /// Somebody saves the policy file, and the worker looks at it.
    pub async fn save_policy(&mut self, text: impl Into<String>) {
        self.set_policy(text);
        self.clock.advance(Duration::from_secs(1));
        let rooms = Arc::clone(self.rooms());
        self.inside(async move { rooms.look_at_policy().await }).await.unwrap();
        self.settle().await;
    }

    fn policy_path(&self) -> PathBuf {
        self.dir.path().join("policy.toml")
    }

    pub fn data_dir(&self) -> PathBuf {
        self.dir.path().join("data")
    }

    pub fn rooms(&self) -> &Arc<Rooms> {
        &self.lit().app.rooms
    }

    fn lit(&self) -> &Lit {
        self.lit.as_ref().expect("the app is running")
    }

    /// Runs something where the app runs, so that what it starts ends with the app.
    pub async fn inside<T: Send + 'static>(&self, work: impl Future<Output = T> + Send + 'static) -> T {
        timeout(PATIENCE, self.lit().runtime.spawn(work)).await.expect("it ends in time").unwrap()
    }
}

impl Drop for World {
    fn drop(&mut self) {
        if let Some(Lit { runtime, .. }) = self.lit.take() {
            runtime.shutdown_background();
        }
        assert!(self.finished || std::thread::panicking(), "the test ends without World::finish");
    }
}
