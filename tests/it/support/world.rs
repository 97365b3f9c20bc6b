use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use countersign::app::{App, Parts};
use countersign::audit::{Against, Check, EntryKind, NoteScanner, Sound, Verification, verify};
use countersign::catalog::SHIPPED_TOOLS;
use countersign::chat::Directory;
use countersign::clock::{Clock as _, StandingClock, SystemEntropy};
use countersign::config::{Config, Connection, SinkSettings, Source};
use countersign::domain::{
    Action, Body, ChatUser, Click, DedupeKey, Inbound, MessageId, Place, Platform, RawMessage, Reaction,
    Reply, RequestId,
};
use countersign::interpret::Interpreter;
use countersign::pipeline::{Rooms, Trouble};
use countersign::playground::{PlaygroundConfig, Timing};
use countersign::store::{Author, EventFilter, MessageBody, MessageRow, RequestState};
use secrecy::{ExposeSecret as _, SecretString};
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::runtime::Runtime;
use tokio::time::timeout;

use super::{BackEnd, Database, PATIENCE, Said, tidy};

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

    /// What the bot wrote in a channel, each message as text, those in threads too.
    pub async fn told(&self, channel: &str) -> Vec<String> {
        let place = self.inbound(channel, "nobody", Body::Text(String::new())).place;
        let store = &self.rooms().store;
        let roots = store.channel_messages(&place, None, 1_000).await.unwrap();
        let mut told = Vec::new();
        for root in roots {
            let thread = store.thread(&root.id).await.unwrap();
            let all = std::iter::once(root.clone()).chain(thread.into_iter().filter(|row| row.id != root.id));
            told.extend(
                all.filter(|message| message.author == Author::Bot).map(|row| tidy(&reply(row).to_text())),
            );
        }
        told
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

    // ---- what people do

    /// Somebody writes in #deployments.
    pub async fn say(&self, person: &str, text: &str) -> Said {
        self.say_in("deployments", person, text).await
    }

    pub async fn say_in(&self, channel: &str, person: &str, text: &str) -> Said {
        let inbound = self.inbound(channel, person, Body::Text(text.to_owned()));
        self.deliver(inbound).await.unwrap()
    }

    /// Somebody writes in the thread of an earlier message.
    pub async fn reply(&self, person: &str, said: &Said, text: &str) -> Said {
        let mut inbound = self.inbound("deployments", person, Body::Text(text.to_owned()));
        inbound.place.thread.clone_from(&said.row().place.thread);
        self.deliver(inbound).await.unwrap()
    }

    /// Somebody presses a button on the card of a request, as the card is now.
    pub async fn press(&self, person: &str, said: &Said, action: Action) -> Said {
        self.deliver(self.click(person, &self.card(said.id()).await, action, None)).await.unwrap()
    }

    pub async fn press_with(&self, person: &str, said: &Said, action: Action, note: &str) -> Said {
        let card = self.card(said.id()).await;
        self.deliver(self.click(person, &card, action, Some(note))).await.unwrap()
    }

    /// Somebody sets a reaction on the card of a request.
    pub async fn react(&self, person: &str, said: &Said, emoji: &str) -> Said {
        let action = match emoji {
            "✅" => Some(Action::Approve),
            "❌" => Some(Action::Deny),
            _ => None,
        };
        self.set_reaction(person, said, emoji, action).await
    }

    /// Somebody takes their ✅ away again.
    pub async fn unreact(&self, person: &str, said: &Said) -> Said {
        self.set_reaction(person, said, "✅", Some(Action::Retract)).await
    }

    async fn set_reaction(&self, person: &str, said: &Said, emoji: &str, action: Option<Action>) -> Said {
        let message = self.card_row(said.id()).await.id;
        let reaction = Reaction { message, emoji: emoji.to_owned(), action };
        self.deliver(self.inbound("deployments", person, Body::Reaction(reaction))).await.unwrap()
    }

    /// The event of a press, for those who deliver it themselves.
    pub fn click(&self, person: &str, card: &Reply, action: Action, note: Option<&str>) -> Inbound {
        let click = Click {
            request: card.request.clone().unwrap(),
            nonce: card.nonce.clone(),
            action,
            note: note.map(str::to_owned),
            typed: note.map(str::to_owned),
        };
        self.inbound("deployments", person, Body::Click(click))
    }

    pub fn inbound(&self, channel: &str, person: &str, body: Body) -> Inbound {
        let (platform, workspace) = (Platform::Console, String::new());
        let number = self.deliveries.fetch_add(1, Ordering::Relaxed);
        Inbound {
            id: DedupeKey(format!("test:{number}")),
            at: self.clock.now(),
            place: Place {
                platform,
                workspace: workspace.clone(),
                channel: channel.to_owned(),
                thread: None,
            },
            sender: ChatUser { platform, workspace, user: person.to_owned(), display: person.to_owned() },
            remote: None,
            raw: RawMessage(format!("{body:?}").into_bytes()),
            body,
        }
    }

    /// Delivers an event and waits until its request has ended or waits for somebody.
    pub async fn deliver(&self, mut inbound: Inbound) -> Result<Said, Trouble> {
        self.clock.advance(Duration::from_secs(1));
        let since = self.clock.now();
        inbound.at = since;
        let rooms = Arc::clone(self.rooms());
        let (receipt, row) = self.inside(async move { rooms.handle_to_rest(inbound).await }).await?;
        let replies = match &row {
            Some(row) => {
                self.replies(&row.id, |message| message.edited_at.unwrap_or(message.at) >= since).await
            }
            None => Vec::new(),
        };
        Ok(Said { row, replies, again: receipt.again })
    }

    /// Delivers an event and waits for nothing but that it is written down.
    pub async fn hand_in(&self, mut inbound: Inbound) -> RequestId {
        self.clock.advance(Duration::from_secs(1));
        inbound.at = self.clock.now();
        let rooms = Arc::clone(self.rooms());
        self.inside(async move { rooms.handle(inbound).await }).await.unwrap().request.unwrap()
    }

    /// Waits until a request has ended or waits for somebody.
    pub async fn rest(&self, request: &RequestId) -> Said {
        let (rooms, id) = (Arc::clone(self.rooms()), request.clone());
        let row = self.inside(async move { rooms.rest(&id).await }).await.unwrap();
        Said { row, replies: self.replies(request, |_| true).await, again: false }
    }

    /// Time passes, and what has fallen due is done.
    pub async fn tick(&self, minutes: u64) {
        self.clock.advance(Duration::from_secs(60 * minutes));
        let rooms = Arc::clone(self.rooms());
        self.inside(async move { rooms.tick().await }).await.unwrap();
        self.settle().await;
        let rooms = Arc::clone(self.rooms());
        self.inside(async move { rooms.export_due().await }).await.unwrap();
    }

    /// The directory is read, as the worker does once a minute.
    pub async fn read_roster(&self) {
        let rooms = Arc::clone(self.rooms());
        self.inside(async move { rooms.read_roster().await }).await.unwrap();
    }

    /// Waits until nothing is under way.
    pub async fn settle(&self) {
        let tasks = self.rooms().tasks.clone();
        tasks.close();
        timeout(PATIENCE, tasks.wait()).await.expect("the work ends");
        tasks.reopen();
    }

    // ---- what people see

    /// A request as it stands, with all that was said about it.
    pub async fn look(&self, said: &Said) -> Said {
        let row = self.rooms().store.request(said.id()).await.unwrap();
        Said { row, replies: self.replies(said.id(), |_| true).await, again: false }
    }

    pub async fn card(&self, request: &RequestId) -> Reply {
        reply(self.card_row(request).await)
    }

    pub async fn card_row(&self, request: &RequestId) -> MessageRow {
        let store = &self.rooms().store;
        let card: MessageId = store.request(request).await.unwrap().unwrap().card.expect("it has a card");
        store.message(&card).await.unwrap().unwrap()
    }

    /// Waits until the card of a request says this.
    pub async fn card_says(&self, request: &RequestId, words: &str) {
        let mut changed = self.rooms().changed.subscribe();
        let seen = async {
            loop {
                let row = self.rooms().store.request(request).await.unwrap().unwrap();
                if row.card.is_some() && self.card(request).await.to_text().contains(words) {
                    return;
                }
                changed.recv().await.unwrap();
            }
        };
        timeout(PATIENCE, seen).await.unwrap_or_else(|_| panic!("the card does not say `{words}`"));
    }

    /// What the bot said about a request: its card first, then the rest as it was written.
    async fn replies(&self, request: &RequestId, which: impl Fn(&MessageRow) -> bool) -> Vec<Reply> {
        let store = &self.rooms().store;
        let card = store.request(request).await.unwrap().and_then(|row| row.card);
        let mut messages = store.messages_of(request).await.unwrap();
        messages.retain(|message| message.author == Author::Bot && which(message));
        messages.sort_by_key(|message| (Some(&message.id) != card.as_ref(), message.id.clone()));
        messages.into_iter().map(reply).collect()
    }

    /// The kinds of the entries about a request, in order.
    pub async fn entries(&self, request: &RequestId) -> Vec<&'static str> {
        let entries = self.rooms().ledger.entries_of(request).await.unwrap();
        entries.iter().map(|entry| entry.kind.as_str()).collect()
    }

    /// The checkpoints that left the database, oldest first.
    pub fn exported(&self) -> Vec<String> {
        let file = self.data_dir().join("checkpoints");
        NoteScanner::all(&std::fs::read_to_string(file).unwrap_or_default())
    }

    /// The record, recomputed and compared with what left the database. It is sound.
    pub async fn verified(&self) -> Sound {
        let rooms = self.rooms();
        let against = |note| Against { note, from: "the file".to_owned() };
        let against: Vec<_> = self.exported().into_iter().map(against).collect();
        let keys = [rooms.ledger.public_key()];
        let check = Check { keys: &keys, against: &against, progress: &mut |_done, _total| {} };
        match verify(&rooms.store, check).await {
            Verification::Sound(sound) => sound,
            found => panic!("{found:?}"),
        }
    }

    // ---- what there is to operate

    /// Asks the playground directly, past countersign.
    pub async fn playground(&self, path: &str) -> Value {
        self.ask_playground(reqwest::Method::GET, path, Value::Null).await
    }

    /// Somebody sets the number of replicas past countersign.
    pub async fn scale_behind_its_back(&self, service: &str, environment: &str, replicas: u32) {
        let path = format!("environments/{environment}/services/{service}/scale");
        let put = self.ask_playground(reqwest::Method::PUT, &path, json!({ "replicas": replicas })).await;
        assert_eq!(put["replicas"], replicas, "{put}");
    }

    async fn ask_playground(&self, method: reqwest::Method, path: &str, body: Value) -> Value {
        let base = self.lit().app.playground.as_ref().unwrap().base_url();
        let token = self.token.lock().unwrap().expose_secret().to_owned();
        let client = reqwest::Client::builder().no_proxy().build().unwrap();
        let request = client.request(method, format!("{base}/v1/{path}")).bearer_auth(token);
        let request = if body.is_null() { request } else { request.json(&body) };
        request.send().await.unwrap().json().await.unwrap()
    }

    /// Writes into the database past countersign.
    pub async fn sql(&self, statement: &str) {
        self.database.run(&self.data_dir(), statement).await;
    }

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

    // ---- stopping and starting

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

    async fn light(&mut self) {
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

    fn parts(&self) -> Parts {
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
    fn hurried_tools(&self) -> PathBuf {
        let folder = self.dir.path().join("tools");
        std::fs::create_dir_all(&folder).unwrap();
        for (name, text) in SHIPPED_TOOLS {
            let text = text.replace("every: 500ms", "every: 50ms").replace("call: 10s", "call: 1s");
            std::fs::write(folder.join(name), text).unwrap();
        }
        folder
    }

    fn playground_plan(&self) -> Box<dyn FnOnce(PathBuf, SecretString) -> PlaygroundConfig + Send> {
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

impl Drop for World {
    fn drop(&mut self) {
        if let Some(Lit { runtime, .. }) = self.lit.take() {
            runtime.shutdown_background();
        }
        assert!(self.finished || std::thread::panicking(), "the test ends without World::finish");
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

fn reply(message: MessageRow) -> Reply {
    match message.body {
        MessageBody::Reply { reply } => reply,
        MessageBody::Text { text } => panic!("`{text}` is not of the bot"),
    }
}
