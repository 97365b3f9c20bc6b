//! Floor 9: builds the house. The only room that knows every concrete type.

mod directory;
mod files;
mod house;
mod lock;
mod readers;
mod record;
mod rehearsal;
mod slack;

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::{Context, Result, bail};
use arc_swap::ArcSwap;
use secrecy::{ExposeSecret as _, SecretString};
use tokio::net::TcpListener;
use tokio::sync::broadcast;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::audit::Ledger;
use crate::chat::Directory;
use crate::clock::{self, Clock, Entropy, Mint, SystemClock, SystemEntropy};
use crate::config::Source;
use crate::control::{self, Voice};
use crate::execute::{Candidates, Connection, Connections, Hands, Reach, client};
use crate::interpret::Interpreter;
use crate::pipeline::{PolicyFile, Rooms, Roster, open_policy};
use crate::playground::{Playground, PlaygroundConfig};
use crate::redact::Redactor;
use crate::store::Store;
use crate::worker;

use directory::Installed;
pub use files::{Texts, catalog, policy, texts, vocabulary};
pub use house::ConsoleHouse;
use house::Served;
pub use lock::DataLock;
use readers::reader;
use record::{Means, exporter};
pub use record::{RecordRoom, check_channels, checkpoint_files};
pub use rehearsal::{Play, rehearsal};
use slack::{Line, Slack};

/// What is brought from outside instead of being taken from the machine: tests bring their own.
pub struct Parts {
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// Randomness.
    pub entropy: Arc<dyn Entropy>,
    /// What there is to operate in playground mode, made for a folder and a token.
    pub playground: Box<dyn FnOnce(PathBuf, SecretString) -> PlaygroundConfig + Send>,
    /// Who reads sentences; `None` for what the configuration says.
    pub reader: Option<Arc<dyn Interpreter>>,
    /// Who knows who is in which group and on call; `None` for what the configuration and the catalogue say.
    pub directory: Option<Arc<dyn Directory>>,
}

impl Parts {
    /// The machine's own.
    ///
    /// # Errors
    /// When the path of this program cannot be found out.
    pub fn of_this_machine() -> Result<Self> {
        let program = std::env::current_exe().context("cannot find out where this program is")?;
        Ok(Self {
            clock: Arc::new(SystemClock),
            entropy: Arc::new(SystemEntropy),
            playground: Box::new(|dir, token| PlaygroundConfig::demo(program, dir, token)),
            reader: None,
            directory: None,
        })
    }
}

/// Takes the configuration's address, before anything is started that would have to be stopped again.
///
/// # Errors
/// An address that cannot be had. The message says what to do instead.
pub async fn listen(source: &Source) -> Result<TcpListener> {
    let listen = source.config.server.listen;
    TcpListener::bind(listen).await.with_context(|| {
        format!(
            "cannot listen on {listen}: is another program using it? Stop that one, or set `server.listen` (or \
             --listen) to another address"
        )
    })
}

/// The house, built and lit, with its doors still shut.
pub struct App {
    /// The rooms.
    pub rooms: Arc<Rooms>,
    /// What it operates, in playground mode.
    pub playground: Option<Playground>,
    slack: Option<Line>,
    source: Source,
    stop: CancellationToken,
    _lock: DataLock,
}

impl App {
    /// Builds everything on the configuration's data directory, and takes up what a stop in the middle left behind.
    ///
    /// # Errors
    /// A directory that cannot be written, data that another process has, files that are not right.
    pub async fn build(source: Source, parts: Parts) -> Result<Self> {
        let data_dir = source.data_dir();
        let lock = DataLock::take(&data_dir)?;
        let texts = texts(&source)?;
        let catalog = Arc::new(catalog(&texts)?);
        let store = open_store(&source).await?;
        store.claim().await?;
        let ledger = Ledger::open(
            store.clone(),
            &source.key_dir(),
            Arc::clone(&parts.clock),
            Arc::clone(&parts.entropy),
        )
        .await?;
        let (name, text) = &texts.policy;
        let policy = open_policy(&ledger, (name, text), &vocabulary(&catalog), parts.clock.now()).await?;
        let policy = Arc::new(ArcSwap::from_pointee(policy));
        let policy_path = source.config.files.policy.as_ref().map(|path| source.folder().join(path));
        let candidates = Candidates::default();
        let groups = source.config.console.groups.clone();
        let slack = Line::new(&source)?;
        let people = slack.as_ref().map(|line| Arc::clone(&line.people));
        let installed = || {
            Arc::new(Installed { groups, catalog: Arc::clone(&catalog), slack: people }) as Arc<dyn Directory>
        };
        let roster = Roster::new(parts.directory.unwrap_or_else(installed));
        let (connections, playground) = connect(&source, parts.playground, parts.entropy.as_ref()).await?;
        let redactor = redactor(&source, &connections)?;
        let reach = Reach {
            redactor: redactor.clone(),
            catalog: Arc::clone(&catalog),
            policy: Arc::clone(&policy),
            store: store.clone(),
            connections: Arc::new(connections),
            candidates: Arc::clone(&candidates),
            membership: roster.membership(),
            clock: Arc::clone(&parts.clock),
        };
        let interpreter = match parts.reader {
            Some(reader) => reader,
            None => reader(&source, &catalog, &parts.clock, &redactor)?,
        };
        let changed = broadcast::channel(1024).0;
        let (clock, entropy) = (Arc::clone(&parts.clock), Arc::clone(&parts.entropy));
        let means = Means {
            ledger: ledger.clone(),
            clock,
            entropy,
            policy: Arc::clone(&policy),
            changed: changed.clone(),
        };
        let exporter = exporter(&source, &means)?;
        exporter.check().await?;
        let rooms = Arc::new(Rooms {
            hands: Hands::new(reach),
            catalog,
            policy,
            policy_file: PolicyFile::new(policy_name(name), policy_path),
            candidates,
            roster,
            operators_channel: operators(&source),
            store,
            ledger,
            exporter,
            interpreter,
            mint: Mint::new(Arc::clone(&parts.clock), Arc::clone(&parts.entropy)),
            clock: parts.clock,
            entropy: parts.entropy,
            changed,
            tasks: TaskTracker::new(),
        });
        // Before anything goes on: a file that differs from the policy in force is not in force by being there.
        rooms.consider_policy(text).await?;
        rooms.read_roster().await?;
        rooms.recover().await?;
        Ok(Self { rooms, playground, slack, source, stop: CancellationToken::new(), _lock: lock })
    }

    /// Whether one may speak for a person of one's choice here.
    pub fn voice(&self) -> Voice {
        if self.playground.is_some() { Voice::Anybody } else { Voice::Nobody }
    }

    /// Opens the doors and works until `until` resolves, then stops everything that was started.
    ///
    /// # Errors
    /// A door that breaks.
    pub async fn serve(
        mut self,
        listener: TcpListener,
        until: impl Future<Output = ()>,
        opened: impl FnOnce(SocketAddr),
    ) -> Result<()> {
        let addr = listener.local_addr()?;
        let slack = self.slack.take().map(|line| Slack::new(line, &self.rooms));
        let beside = slack.as_ref().map(Slack::router).unwrap_or_default();
        let house = ConsoleHouse::new(Arc::clone(&self.rooms), &self.source.config);
        let config = self.source.config.clone();
        let console =
            house.serve(Served { listener, config, voice: self.voice(), beside }, self.stop.clone());
        let chats = async {
            if let Some(slack) = slack {
                slack.run(self.stop.clone()).await;
            }
            Ok(())
        };
        let door = control::open(&self.source.data_dir()).context("the control socket")?;
        let desk = control::serve(Arc::clone(&self.rooms), self.voice(), door, self.stop.clone());
        let worker = worker::work(Arc::clone(&self.rooms), self.stop.clone());
        opened(addr);
        let stop = self.stop.clone();
        let waiting = async move {
            until.await;
            stop.cancel();
            Ok(())
        };
        let doors = async { tokio::try_join!(console, async { desk.await.context("the control socket") }) };
        let served = tokio::try_join!(
            doors,
            async {
                worker.await;
                Ok(())
            },
            chats,
            waiting
        );
        self.stop().await;
        served.map(|_all_stopped| ())
    }

    /// Waits for the work under way, then stops what was started.
    pub async fn stop(self) {
        self.stop.cancel();
        self.rooms.tasks.close();
        // A long run is not waited for: the back end goes on with it, and it is watched again after the start.
        let patience = std::time::Duration::from_secs(5);
        if tokio::time::timeout(patience, self.rooms.tasks.wait()).await.is_err() {
            tracing::warn!("work was still under way; it is taken up again at the next start");
        }
        if let Err(error) = self.rooms.exporter.export_rest().await {
            tracing::error!("the last entries were not exported: {error}");
        }
        if let Some(playground) = self.playground {
            playground.shutdown().await;
        }
    }
}

/// Opens the database of the configuration: the server that it names, or the file in the data directory.
///
/// # Errors
/// A server that cannot be reached, a directory that cannot be written, a database that is not ours.
pub async fn open_store(source: &Source) -> Result<Store> {
    Ok(match database_url(source)? {
        Some(url) => Store::connect(url.expose_secret()).await?,
        None => Store::open(&source.data_dir()).await?,
    })
}

fn database_url(source: &Source) -> Result<Option<SecretString>> {
    let url = source.config.store.url.as_ref();
    url.map(|url| url.resolve(&source.folder())).transpose().context("the database has no address")
}

/// What the policy file is called in chat: where it is on this machine is nobody's business there.
fn policy_name(path: &str) -> String {
    let name = Path::new(path).file_name().and_then(|name| name.to_str());
    name.unwrap_or(path).to_owned()
}

/// The channel of the operators, by the name that the policy gives it.
fn operators(source: &Source) -> Option<String> {
    let name = source.config.operators.channel.trim_start_matches('#');
    (!name.is_empty()).then(|| name.to_owned())
}

/// What takes out the secrets of this installation.
fn redactor(source: &Source, connections: &Connections) -> Result<Redactor> {
    let mut redactor = Redactor::knowing(connections.values().filter_map(Connection::secret));
    if let Some(url) = database_url(source)? {
        if let Some(password) = password(&url) {
            redactor = redactor.and_secret(&password);
        }
        redactor = redactor.and_secret(&url);
    }
    if let Some(slack) = &source.config.slack {
        let access = slack.access(&source.folder())?;
        redactor = access.known.iter().fold(redactor, Redactor::and_secret);
    }
    let Some(key) = source.config.model.as_ref().and_then(|model| model.api_key.as_ref()) else {
        return Ok(redactor);
    };
    let key = key.resolve(&source.folder()).context("the model has no key")?;
    Ok(redactor.and_secret(&key))
}

/// The password in the address of a database, as it is and not as an address writes it.
fn password(url: &SecretString) -> Option<SecretString> {
    let url = reqwest::Url::parse(url.expose_secret()).ok()?;
    let encoded = url.password()?.replace('+', "%2B");
    url::form_urlencoded::parse(encoded.as_bytes()).next().map(|(password, _)| password.into_owned().into())
}

/// The back ends of the configuration, and the playground if it is wanted.
async fn connect(
    source: &Source,
    playground: impl FnOnce(PathBuf, SecretString) -> PlaygroundConfig,
    entropy: &dyn Entropy,
) -> Result<(Connections, Option<Playground>)> {
    let client = client().context("cannot set up the client for back ends")?;
    let mut connections: Connections = BTreeMap::new();
    for (name, settings) in &source.config.connections {
        let token = settings
            .token
            .as_ref()
            .map(|token| token.resolve(&source.folder()))
            .transpose()
            .with_context(|| format!("the connection `{name}` has no token"))?;
        let base = settings.base_url.parse().with_context(|| format!("the connection `{name}`"))?;
        let mut connection = Connection::new(client.clone(), base, token);
        for (header, value) in &settings.headers {
            connection = connection.with_header(header.parse()?, value.parse()?);
        }
        connections.insert(name.clone(), connection);
    }
    if !source.config.playground.enabled {
        return Ok((connections, None));
    }
    if connections.contains_key("playground") {
        bail!(
            "the connection `playground` is the playground's own; name yours otherwise, or switch the playground off"
        );
    }
    let token: SecretString = clock::token(entropy)?.into();
    let dir = source.data_dir().join("playground");
    let playground = Playground::start(playground(dir, token.clone())).await?;
    let base = playground.base_url().parse().context("the playground's address")?;
    connections.insert("playground".to_owned(), Connection::new(client, base, Some(token)));
    Ok((connections, Some(playground)))
}

/// The folder of a data directory that must be private.
pub(crate) fn private_dir(path: &Path) -> std::io::Result<()> {
    std::fs::create_dir_all(path)?;
    #[cfg(unix)]
    std::fs::set_permissions(path, std::os::unix::fs::PermissionsExt::from_mode(0o700))?;
    Ok(())
}
