//! Stopping and starting.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use countersign::app::{App, Parts};
use countersign::catalog::SHIPPED_TOOLS;
use countersign::chat::slack::Names;
use countersign::clock::SystemEntropy;
use countersign::config::{Config, Connection, Mode, SecretRef, SlackSettings, Source};
use countersign::gate::DEMO_POLICY;
use countersign::playground::{PlaygroundConfig, Timing};
use countersign::store::RequestState;
use tokio::sync::oneshot;
use tokio::time::timeout;

use super::{Lit, Office, Plan, Way};
use crate::support::slack::{APP_TOKEN, BOT_TOKEN, DEPLOYMENTS, RESPONSE_SECRET, SIGNING_SECRET, TEAM};
use crate::support::{PATIENCE, sound};

impl Office {
    /// Stops in good order and starts again on the same data.
    pub async fn restart(&mut self) {
        self.stop().await;
        self.light().await;
    }

    pub(super) async fn stop(&mut self) {
        let Lit { stop, ended, runtime, rooms, .. } = self.lit.take().unwrap();
        drop(rooms);
        stop.send(()).unwrap();
        timeout(PATIENCE, ended).await.expect("it stops").unwrap().unwrap();
        tokio::task::spawn_blocking(move || runtime.shutdown_timeout(PATIENCE)).await.unwrap();
    }

    /// Dies in the middle of whatever it does, and starts again on the same data.
    pub async fn crash(&mut self) {
        self.dies().await;
        self.light().await;
    }

    /// Dies in the middle of whatever it does.
    pub async fn dies(&mut self) {
        let Lit { rooms, runtime, .. } = self.lit.take().unwrap();
        tokio::task::spawn_blocking(move || runtime.shutdown_timeout(PATIENCE)).await.unwrap();
        drop(rooms);
    }

    pub async fn light(&mut self) {
        let source = self.source();
        let runtime =
            tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
        let parts = Parts {
            clock: self.clock.clone(),
            entropy: Arc::new(SystemEntropy),
            playground: self.playground(),
            reader: self.reader.clone(),
            directory: None,
        };
        let (built, rooms) = oneshot::channel();
        let (opened, address) = oneshot::channel();
        let (stop, stopped) = oneshot::channel::<()>();
        let ended = runtime.spawn(async move {
            let app = App::build(source, parts).await?;
            if let Some(playground) = &app.playground {
                playground.started().await;
            }
            let _nobody = built.send(Arc::clone(&app.rooms));
            let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await?;
            let until = async move {
                let _dropped = stopped.await;
            };
            app.serve(listener, until, |address| drop(opened.send(address.to_string()))).await
        });
        let rooms = match timeout(PATIENCE, rooms).await.expect("it is built") {
            Ok(rooms) => rooms,
            Err(_gone) => panic!("it is not built: {:#}", ended.await.unwrap().unwrap_err()),
        };
        let address = timeout(PATIENCE, address).await.expect("it opens").unwrap();
        self.lit = Some(Lit { rooms, address, stop, ended, runtime });
        if self.way == Way::Socket {
            self.slack.has_sockets(usize::from(self.sockets)).await;
        }
    }

    pub(super) fn source(&self) -> Source {
        let secret = |name: &str, text: &str| {
            let path = self.dir.path().join(name);
            std::fs::write(&path, text).unwrap();
            SecretRef::try_from(format!("file:{}", path.display())).unwrap()
        };
        let policy = self.dir.path().join("policy.toml");
        std::fs::write(&policy, team_policy()).unwrap();
        let mut config = Config { data_dir: Some(self.dir.path().join("data")), ..Config::default() };
        config.files.policy = Some(policy);
        config.slack = Some(SlackSettings {
            mode: if self.way == Way::Http { Mode::Http } else { Mode::Socket },
            bot_token: secret("bot_token", BOT_TOKEN),
            app_token: Some(secret("app_token", APP_TOKEN)),
            signing_secrets: vec![secret("signing_secret", SIGNING_SECRET)],
            names: Names::Each,
            command: "/ops".to_owned(),
            sockets: self.sockets,
            base_url: self.slack.api(),
        });
        if let Plan::BackEnd(base) = &self.plan {
            config.playground.enabled = false;
            let connection = Connection { base_url: base.clone(), token: None, headers: Default::default() };
            config.connections.insert("playground".to_owned(), connection);
            config.files.tools = Some(self.hurried_tools());
        }
        Source { config, file: None }
    }

    /// The shipped tools, with less patience.
    pub(super) fn hurried_tools(&self) -> PathBuf {
        let folder = self.dir.path().join("tools");
        std::fs::create_dir_all(&folder).unwrap();
        for (name, text) in SHIPPED_TOOLS {
            std::fs::write(folder.join(name), text.replace("every: 500ms", "every: 50ms")).unwrap();
        }
        folder
    }

    pub(super) fn playground(
        &self,
    ) -> Box<dyn FnOnce(PathBuf, secrecy::SecretString) -> PlaygroundConfig + Send> {
        let (services, environments) = match &self.plan {
            Plan::Playground { services, environments } => (services.clone(), environments.clone()),
            Plan::BackEnd(_) => (Vec::new(), Vec::new()),
        };
        Box::new(move |dir, token| {
            let mut config = PlaygroundConfig::demo(env!("CARGO_BIN_EXE_countersign").into(), dir, token);
            config.services.retain(|service| services.contains(&service.name.as_str()));
            config.environments.retain(|environment| environments.contains(&environment.name.as_str()));
            config.timing = Timing { health_pause: Duration::from_millis(50), ..Timing::default() };
            config
        })
    }

    /// Ends the test: the record is sound, nothing is left half done, and Slack shows all that was said, each thing once.
    pub async fn finish(mut self) {
        self.delivered().await;
        let rooms = Arc::clone(self.rooms());
        for state in [RequestState::Received, RequestState::Started] {
            assert_eq!(rooms.store.open_requests(state).await.unwrap(), [], "left {}", state.as_str());
        }
        sound(&rooms).await;
        drop(rooms);
        self.nothing_twice();
        assert_eq!(self.slack.hasty(), [""; 0], "each pause that Slack wanted was kept");
        self.finished = true;
        self.stop().await;
        assert_eq!(self.holding(RESPONSE_SECRET), [""; 0], "what speaks in our name is written nowhere");
    }

    /// The files of the data directory that hold these bytes.
    fn holding(&self, secret: &str) -> Vec<String> {
        let (mut folders, mut found) = (vec![self.dir.path().join("data")], Vec::new());
        while let Some(folder) = folders.pop() {
            for entry in std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()) {
                if entry.is_dir() {
                    folders.push(entry);
                } else if std::fs::read(&entry)
                    .is_ok_and(|bytes| bytes.windows(secret.len()).any(|part| part == secret.as_bytes()))
                {
                    found.push(entry.display().to_string());
                }
            }
        }
        found
    }

    /// Ends a test in which something is left undone on purpose.
    pub async fn abandon(mut self) {
        self.finished = true;
        self.dies().await;
    }

    /// Each message of ours stands in Slack once.
    pub fn nothing_twice(&self) {
        let mut ids = std::collections::BTreeSet::new();
        for seen in self.slack.channel(DEPLOYMENTS) {
            let id = seen.metadata["event_payload"]["message"].clone();
            assert!(id.is_null() || ids.insert(id.to_string()), "it stands there twice:\n{}", self.shown());
            let mut files = std::collections::BTreeSet::new();
            assert!(seen.files.iter().all(|name| files.insert(name)), "{:?}", seen.files);
        }
    }
}

/// The demonstration's policy, with the accounts of its people in Slack.
fn team_policy() -> String {
    let mut policy = DEMO_POLICY.to_owned();
    for person in ["alice", "bob", "carol", "dave"] {
        let account = format!("slack:{TEAM}/U0{}", person.to_uppercase());
        policy = policy.replace(
            &format!("identities = [\"console:{person}\"]"),
            &format!("identities = [\"console:{person}\", \"{account}\"]"),
        );
    }
    // Two people who are team leads by a group in Slack alone, one of them a guest there.
    for person in ["erin", "guest"] {
        policy.push_str(&format!(
            "\n[[person]]\nid = \"{person}\"\nidentities = [\"slack:{TEAM}/U0{}\"]\n",
            person.to_uppercase()
        ));
    }
    policy.push_str(&format!(
        "\n[[group]]\nplatform = \"slack\"\nworkspace = \"{TEAM}\"\nid = \"S0LEADS\"\nroles = [\"team-lead\"]\n"
    ));
    for (name, id) in [("deployments", DEPLOYMENTS), ("incidents", "D0ALICE")] {
        policy.push_str(&format!(
            "\n[[channel]]\nname = \"{name}\"\nplatform = \"slack\"\nworkspace = \"{TEAM}\"\nid = \"{id}\"\n"
        ));
    }
    policy
}
