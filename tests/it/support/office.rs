use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use countersign::app::{App, Parts};
use countersign::catalog::SHIPPED_TOOLS;
use countersign::chat::slack::Names;
use countersign::clock::{Clock as _, StandingClock, SystemEntropy};
use countersign::config::{Config, Connection, Mode, SecretRef, SlackSettings, Source};
use countersign::domain::Platform;
use countersign::gate::DEMO_POLICY;
use countersign::interpret::Interpreter;
use countersign::pipeline::Rooms;
use countersign::playground::{PlaygroundConfig, Timing};
use countersign::store::{RequestFilter, RequestRow, RequestState};
use jiff::Timestamp;
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::runtime::Runtime;
use tokio::sync::oneshot;
use tokio::time::timeout;

use super::slack::{APP_TOKEN, BOT, BOT_TOKEN, Deliver, FakeSlack, SIGNING_SECRET, Seen, signed};
use super::slack::{DEPLOYMENTS, TEAM};
use super::{BackEnd, PATIENCE, sound, tidy};

/// How deliveries come in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Way {
    Http,
    Socket,
}

/// What there is to operate.
enum Plan {
    Playground { services: Vec<&'static str>, environments: Vec<&'static str> },
    BackEnd(String),
}

/// A team that lives in Slack: the real app with its doors open, a Slack of our own, and a clock that stands.
pub struct Office {
    pub slack: FakeSlack,
    pub clock: Arc<StandingClock>,
    way: Way,
    dir: TempDir,
    plan: Plan,
    reader: Option<Arc<dyn Interpreter>>,
    lit: Option<Lit>,
    finished: bool,
}

struct Lit {
    rooms: Arc<Rooms>,
    address: String,
    stop: oneshot::Sender<()>,
    ended: tokio::task::JoinHandle<anyhow::Result<()>>,
    runtime: Runtime,
}

impl Office {
    pub async fn of(way: Way, services: &[&'static str], environments: &[&'static str]) -> Self {
        let (services, environments) = (services.to_vec(), environments.to_vec());
        Self::open(way, Plan::Playground { services, environments }, None).await
    }

    pub async fn facing(way: Way, back_end: &BackEnd) -> Self {
        Self::open(way, Plan::BackEnd(back_end.base()), None).await
    }

    /// The same, with the clock where it is outside, for those who bring a clock of their own.
    pub async fn open_now(way: Way, back_end: &BackEnd) -> Self {
        let now = countersign::clock::SystemClock.now();
        Self::open_at(way, Plan::BackEnd(back_end.base()), None, now).await
    }

    pub async fn read_by(way: Way, back_end: &BackEnd, reader: Arc<dyn Interpreter>) -> Self {
        Self::open(way, Plan::BackEnd(back_end.base()), Some(reader)).await
    }

    async fn open(way: Way, plan: Plan, reader: Option<Arc<dyn Interpreter>>) -> Self {
        let noon = "2030-01-15T12:00:00Z".parse().unwrap();
        Self::open_at(way, plan, reader, noon).await
    }

    async fn open_at(way: Way, plan: Plan, reader: Option<Arc<dyn Interpreter>>, now: Timestamp) -> Self {
        // The second test to come here finds a provider installed, which is as good.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let mut office = Self {
            slack: FakeSlack::open().await,
            clock: Arc::new(StandingClock::at(now)),
            way,
            dir: tempfile::tempdir().unwrap(),
            plan,
            reader,
            lit: None,
            finished: false,
        };
        office.light().await;
        office
    }

    pub fn rooms(&self) -> &Arc<Rooms> {
        &self.lit().rooms
    }

    fn lit(&self) -> &Lit {
        self.lit.as_ref().expect("the app is running")
    }

    /// The address at which the app listens.
    pub fn address(&self) -> &str {
        &self.lit().address
    }

    // ---- what people do

    /// Somebody mentions the bot in #deployments; it comes twice, as a mention and as a message.
    pub async fn says(&self, user: &str, text: &str) -> String {
        self.says_in(DEPLOYMENTS, user, &format!("<@{BOT}> {text}"), None).await
    }

    /// Somebody writes in a thread without mentioning anybody.
    pub async fn replies(&self, user: &str, thread: &str, text: &str) -> String {
        self.says_in(DEPLOYMENTS, user, text, Some(thread)).await
    }

    pub async fn says_in(&self, channel: &str, user: &str, text: &str, thread: Option<&str>) -> String {
        let ts = self.slack.write(channel, user, text, thread);
        let kind = if channel.starts_with('D') { "im" } else { "channel" };
        let mut event = json!({
            "type": "message", "user": user, "team": TEAM, "text": text, "ts": ts, "event_ts": ts, "channel": channel,
            "channel_type": kind,
        });
        if let Some(thread) = thread {
            event["thread_ts"] = thread.into();
        }
        self.deliver(&Deliver::event(event.clone(), self.number())).await;
        if text.contains(BOT) && kind == "channel" {
            event["type"] = "app_mention".into();
            self.deliver(&Deliver::event(event, self.number())).await;
        }
        ts
    }

    pub async fn commands(&self, user: &str, command: &str, text: &str) -> Value {
        let trigger = self.slack.trigger();
        self.deliver(&Deliver::command(user, DEPLOYMENTS, command, text, &trigger)).await
    }

    /// Somebody presses a button on a card.
    pub async fn presses(&self, user: &str, card: &Seen, action: &str) -> Value {
        self.deliver(&self.press_of(user, card, action)).await
    }

    pub fn press_of(&self, user: &str, card: &Seen, action: &str) -> Deliver {
        let button = card.button(action).unwrap_or_else(|| panic!("no button {action} on {card:#?}"));
        let (trigger, at) = (self.slack.trigger(), self.number());
        Deliver::press(user, DEPLOYMENTS, &card.ts, &button, &trigger, at)
    }

    /// Somebody denies with a reason: the button, the window, and sending it off.
    pub async fn denies(&self, user: &str, card: &Seen, reason: &str) -> Value {
        self.presses(user, card, "deny.ask").await;
        let view = self.slack.window().await;
        let values = json!({ "beside": { "value": { "type": "plain_text_input", "value": reason } } });
        self.sends(user, &view, values).await
    }

    /// Somebody sends a window off.
    pub async fn sends(&self, user: &str, view: &Value, values: Value) -> Value {
        self.deliver(&Deliver::submission(user, view, values, self.number())).await
    }

    pub async fn reacts(&self, user: &str, ts: &str, name: &str) -> Value {
        self.deliver(&self.reaction(user, ts, name, "reaction_added")).await
    }

    pub async fn unreacts(&self, user: &str, ts: &str, name: &str) -> Value {
        self.deliver(&self.reaction(user, ts, name, "reaction_removed")).await
    }

    pub fn reaction(&self, user: &str, ts: &str, name: &str, kind: &str) -> Deliver {
        let number = self.number();
        let event = json!({
            "type": kind, "user": user, "reaction": name, "item_user": BOT, "event_ts": format!("{number}.1"),
            "item": { "type": "message", "channel": DEPLOYMENTS, "ts": ts },
        });
        Deliver::event(event, number)
    }

    pub fn number(&self) -> u64 {
        self.slack.trigger().trim_start_matches("trigger.").parse().unwrap()
    }

    /// Delivers the way this office has it, a second after what came before.
    pub async fn deliver(&self, delivery: &Deliver) -> Value {
        self.clock.advance(Duration::from_secs(1));
        self.deliver_again(delivery).await
    }

    /// Delivers once more what was delivered before.
    pub async fn deliver_again(&self, delivery: &Deliver) -> Value {
        match self.way {
            Way::Http => {
                let (status, answer) = self.post(&delivery.body()).await;
                assert_eq!(status, 200, "{answer}");
                answer
            }
            Way::Socket => self.slack.over_socket(delivery.kind, delivery.payload.clone()).await,
        }
    }

    /// A signed delivery over HTTP, and what comes back.
    pub async fn post(&self, body: &str) -> (u16, Value) {
        let headers = signed(SIGNING_SECRET, self.clock.now().as_second(), body);
        self.post_with(&headers, body).await
    }

    pub async fn post_with(&self, headers: &[(&'static str, String)], body: &str) -> (u16, Value) {
        let client = reqwest::Client::builder().no_proxy().build().unwrap();
        let mut request = client.post(format!("http://{}/slack", self.address())).body(body.to_owned());
        for (name, value) in headers {
            request = request.header(*name, value);
        }
        let response = request.send().await.unwrap();
        let status = response.status().as_u16();
        let text = response.text().await.unwrap();
        (status, serde_json::from_str(&text).unwrap_or(Value::String(text)))
    }

    /// Time passes.
    pub async fn waits(&self, minutes: u64) {
        self.clock.advance(Duration::from_secs(60 * minutes));
        self.rooms().tick().await.unwrap();
    }

    // ---- what people see

    /// All of #deployments as people see it.
    pub fn shown(&self) -> String {
        let messages = self.slack.channel(DEPLOYMENTS);
        let mut lines = Vec::new();
        for seen in &messages {
            let who = if seen.user == BOT { "countersign" } else { &seen.user };
            let place = match &seen.thread {
                Some(thread) => {
                    let opener = messages.iter().position(|one| one.ts == *thread).unwrap();
                    format!("{who}, in the thread of {}", opener + 1)
                }
                None => who.to_owned(),
            };
            let files = seen.files.iter().map(|_name| " (a file)").collect::<String>();
            lines.push(format!("{}. {place}:{files}\n{}", lines.len() + 1, tidy(&seen.text)));
        }
        lines.join("\n")
    }

    /// The newest request, as it stands.
    pub async fn newest(&self) -> RequestRow {
        let filter = RequestFilter { platform: Some(Platform::Slack), ..RequestFilter::default() };
        self.rooms().store.requests(&filter, 1).await.unwrap().remove(0)
    }

    /// How many requests there are.
    pub async fn requests(&self) -> usize {
        let filter = RequestFilter { platform: Some(Platform::Slack), ..RequestFilter::default() };
        self.rooms().store.requests(&filter, 100).await.unwrap().len()
    }

    /// Waits until everything that was said stands in Slack as it is now.
    pub async fn delivered(&self) {
        let store = self.rooms().store.clone();
        super::until("everything is delivered", async || {
            self.rooms().tasks.is_empty() && store.undelivered(Platform::Slack, 10).await.unwrap().is_empty()
        })
        .await;
    }

    // ---- stopping and starting

    /// Stops in good order and starts again on the same data.
    pub async fn restart(&mut self) {
        self.stop().await;
        self.light().await;
    }

    async fn stop(&mut self) {
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
            self.slack.has_sockets(1).await;
        }
    }

    fn source(&self) -> Source {
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
            sockets: 1,
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
    fn hurried_tools(&self) -> PathBuf {
        let folder = self.dir.path().join("tools");
        std::fs::create_dir_all(&folder).unwrap();
        for (name, text) in SHIPPED_TOOLS {
            std::fs::write(folder.join(name), text.replace("every: 500ms", "every: 50ms")).unwrap();
        }
        folder
    }

    fn playground(&self) -> Box<dyn FnOnce(PathBuf, secrecy::SecretString) -> PlaygroundConfig + Send> {
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
        self.finished = true;
        self.stop().await;
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

impl Drop for Office {
    fn drop(&mut self) {
        if let Some(Lit { runtime, .. }) = self.lit.take() {
            runtime.shutdown_background();
        }
        assert!(self.finished || std::thread::panicking(), "the test ends without Office::finish");
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
