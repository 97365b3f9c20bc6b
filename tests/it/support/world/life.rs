//! Stopping and starting.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use countersign::app::{App, Parts};
use countersign::audit::EntryKind;
use countersign::catalog::SHIPPED_TOOLS;
use countersign::clock::SystemEntropy;
use countersign::config::{Config, Connection, SinkSettings, Source};
use countersign::domain::RequestId;
use countersign::pipeline::Rooms;
use countersign::playground::{PlaygroundConfig, Timing};
use countersign::store::{EventFilter, RequestState};
use secrecy::SecretString;
use tokio::runtime::Runtime;

use super::{Lit, Plan, World};
use crate::support::{PATIENCE, tidy};

impl World {
    /// Stops for good and tries to start again: what it says when it does not. The world ends with that.
    pub async fn does_not_start(mut self) -> String {
        let Lit { app, runtime } = self.lit.take().unwrap();
        runtime.spawn(app.stop()).await.unwrap();
        end(runtime).await;
        self.finished = true;
        let source = self.source();
        let parts = self.parts();
        let refused = App::build(source, parts).await.err().expect("it does not start");
        tidy(&format!("{refused:#}"))
    }

    /// Stops in good order and starts again on the same data.
    pub async fn restart(&mut self) {
        let Lit { app, runtime } = self.lit.take().unwrap();
        runtime.spawn(app.stop()).await.unwrap();
        end(runtime).await;
        self.light().await;
    }

    /// From the next start on, checkpoints go there too.
    pub fn export_to(&mut self, sink: SinkSettings) {
        let file = SinkSettings::File { path: self.data_dir().join("checkpoints") };
        self.sinks = Some(vec![file, sink]);
    }

    /// Stops in good order, puts a copy of the database in the place of the one that is there, and starts again.
    pub async fn restore(&mut self, backup: &Path) {
        let Lit { app, runtime } = self.lit.take().unwrap();
        runtime.spawn(app.stop()).await.unwrap();
        end(runtime).await;
        let database = self.data_dir().join("countersign.db");
        for beside in ["-wal", "-shm"] {
            let _ = std::fs::remove_file(format!("{}{beside}", database.display()));
        }
        // A file of its own: whoever still has the old one open must not write into this one.
        std::fs::remove_file(&database).unwrap();
        std::fs::copy(backup, database).unwrap();
        self.light().await;
    }

    /// Copies the database while the server runs, as a backup does.
    pub async fn back_up(&self) -> PathBuf {
        let backup = self.dir.path().join("backup.db");
        self.sql(&format!("VACUUM INTO '{}'", backup.display())).await;
        backup
    }

    /// Dies in the middle of whatever it does, and starts again on the same data.
    pub async fn crash(&mut self) {
        let Lit { app, runtime } = self.lit.take().unwrap();
        end(runtime).await;
        drop(app);
        self.light().await;
    }

    pub(super) async fn light(&mut self) {
        let source = self.source();
        let runtime =
            tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
        let parts = self.parts();
        let built = runtime.spawn(async move {
            let app = App::build(source, parts).await?;
            if let Some(playground) = &app.playground {
                playground.started().await;
            }
            anyhow::Ok(app)
        });
        let app = built.await.unwrap().unwrap();
        self.lit = Some(Lit { app, runtime });
    }

    pub(super) fn parts(&self) -> Parts {
        Parts {
            clock: self.clock.clone(),
            entropy: Arc::new(SystemEntropy),
            playground: self.playground_plan(),
            reader: self.reader.clone(),
            directory: self.directory.clone(),
        }
    }

    /// What the app is told.
    pub fn source(&self) -> Source {
        let store = self.database.settings(self.dir.path());
        let mut config = Config { data_dir: Some(self.data_dir()), store, ..Config::default() };
        if let Plan::BackEnd { base } = &self.plan {
            config.playground.enabled = false;
            let connection = Connection { base_url: base.clone(), token: None, headers: Default::default() };
            config.connections.insert("playground".to_owned(), connection);
            config.files.tools = Some(self.hurried_tools());
        }
        config.files.policy = self.policy.is_some().then(|| self.policy_path());
        config.console.groups.clone_from(&self.groups);
        config.audit.sinks.clone_from(&self.sinks);
        Source { config, file: None }
    }

    /// The shipped tools, with less patience.
    pub(super) fn hurried_tools(&self) -> PathBuf {
        let folder = self.dir.path().join("tools");
        std::fs::create_dir_all(&folder).unwrap();
        for (name, text) in SHIPPED_TOOLS {
            let text = text.replace("every: 500ms", "every: 50ms").replace("call: 10s", "call: 1s");
            std::fs::write(folder.join(name), text).unwrap();
        }
        folder
    }

    pub(super) fn playground_plan(
        &self,
    ) -> Box<dyn FnOnce(PathBuf, SecretString) -> PlaygroundConfig + Send> {
        let (services, environments) = match &self.plan {
            Plan::Playground { services, environments } => (services.clone(), environments.clone()),
            Plan::BackEnd { .. } => (Vec::new(), Vec::new()),
        };
        let kept = Arc::clone(&self.token);
        Box::new(move |dir, token| {
            kept.lock().unwrap().clone_from(&token);
            let mut config = PlaygroundConfig::demo(env!("CARGO_BIN_EXE_countersign").into(), dir, token);
            config.services.retain(|service| services.contains(&service.name.as_str()));
            config.environments.retain(|environment| environments.contains(&environment.name.as_str()));
            config.timing = Timing { health_pause: Duration::from_millis(50), ..Timing::default() };
            config
        })
    }

    /// Ends the test: the record is sound, each start has its end, and nothing is left half done.
    pub async fn finish(mut self) {
        self.settle().await;
        let rooms = Arc::clone(self.rooms());
        for state in [RequestState::Received, RequestState::Started] {
            assert_eq!(rooms.store.open_requests(state).await.unwrap(), [], "left {}", state.as_str());
        }
        assert_eq!(rooms.store.running_jobs().await.unwrap(), []);
        let started = requests(&rooms, EntryKind::Started).await;
        assert_eq!(started, requests(&rooms, EntryKind::Finished).await, "each start has one end");
        self.verified().await;
        drop(rooms);
        self.finished = true;
        let Lit { app, runtime } = self.lit.take().unwrap();
        runtime.spawn(app.stop()).await.unwrap();
        end(runtime).await;
    }
}

async fn end(runtime: Runtime) {
    tokio::task::spawn_blocking(move || runtime.shutdown_timeout(PATIENCE)).await.unwrap();
}

async fn requests(rooms: &Rooms, kind: EntryKind) -> Vec<RequestId> {
    let filter = EventFilter { kinds: vec![kind.as_str()], ..EventFilter::default() };
    let entries = rooms.ledger.entries(&filter, 10_000).await.unwrap();
    let mut requests: Vec<_> = entries.into_iter().filter_map(|entry| entry.request).collect();
    requests.sort();
    requests
}
