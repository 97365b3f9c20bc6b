use std::collections::BTreeMap;
use std::sync::Arc;

use anyhow::{Context, Result};
use futures::FutureExt as _;
use jiff::{SignedDuration, Timestamp};
use tokio::net::TcpListener;
use tokio::sync::{broadcast, watch};
use tokio_util::sync::CancellationToken;

use crate::audit::{
    EntryKind, Logged, Position, Step, Usage, assure, disagreement, particulars, read_only, records, story,
    usage,
};
use crate::config::{Channel, Config};
use crate::control::Voice;
use crate::domain::{Digest, Inbound, MessageId, PersonId, Place, Platform, RequestId};
use crate::gate::{Asking, Decision, Membership, prospects};
use crate::pipeline::Rooms;
use crate::slash;
use crate::store::{self, Guard, MessageRow, ReactionRow, RequestFilter, RequestRow, RequestState, Row};
use crate::web::{
    self, Accounts, Answer, ChannelView, Completion, Failures, House, MessageChanged, Mode, OpenWork,
    PersonView, Receipt, Recorded, RequestStory, Session, Settings, Site, StoryLine, StoryProof, ToolView,
    Trouble, Typed, Unread, Vocabulary, Web,
};

/// The command that shows the record: whoever may use it somewhere may review it here.
const REVIEW: &str = "audit";

/// How long wrong passwords are remembered.
const FAILURES_KEPT: SignedDuration = SignedDuration::from_hours(24);

/// The house as the console sees it: the pipeline and the store behind the console's one trait.
pub struct ConsoleHouse {
    rooms: Arc<Rooms>,
    channels: Vec<Channel>,
    changed: broadcast::Sender<MessageChanged>,
}

/// What is served beside what.
pub(super) struct Served {
    /// Where people come in.
    pub listener: TcpListener,
    /// The configuration.
    pub config: Config,
    /// Whether one may speak for a person of one's choice.
    pub voice: Voice,
    /// The doors of other platforms, which have guards of their own.
    pub beside: axum::Router,
}

impl ConsoleHouse {
    /// The console's house over these rooms.
    pub fn new(rooms: Arc<Rooms>, config: &Config) -> Arc<Self> {
        let changed = broadcast::channel(1024).0;
        Arc::new(Self { rooms, channels: config.console.channels.clone(), changed })
    }

    /// The console's router, for a server of one's own.
    ///
    /// # Errors
    /// Addresses that are none, or a broken page template.
    pub fn router(
        self: &Arc<Self>,
        sites: Vec<Site>,
        voice: Voice,
        closing: watch::Receiver<bool>,
    ) -> Result<axum::Router> {
        let mode = match voice {
            Voice::Anybody => Mode::Playground,
            Voice::Nobody => Mode::Accounts(Arc::clone(self) as Arc<dyn Accounts>),
        };
        let clock = Arc::clone(&self.rooms.clock);
        let entropy = Arc::clone(&self.rooms.entropy);
        let house = Arc::clone(self) as Arc<dyn House>;
        let web = Web::new(house, clock, entropy, Settings { mode, sites, closing })?;
        Ok(web::router(Arc::new(web)))
    }

    /// Serves the console until `stop` is cancelled.
    pub(super) async fn serve(self: Arc<Self>, served: Served, stop: CancellationToken) -> Result<()> {
        let Served { listener, config, voice, beside } = served;
        let sites = sites(&config, listener.local_addr()?)?;
        let (close, closing) = watch::channel(false);
        let router = self.router(sites, voice, closing.clone())?.merge(beside);
        let closer = async {
            stop.cancelled().await;
            // The server may have ended by itself.
            let _nobody_serves = close.send(true);
            Ok(())
        };
        let relay = async {
            self.relay(&stop).await;
            Ok(())
        };
        let metrics = self.metrics(&config, closing.clone());
        let served = async { web::serve(listener, router, closing).await.context("the console") };
        tokio::try_join!(served, metrics, closer, relay)?;
        Ok(())
    }

    /// Serves the figures for Prometheus, where they are wanted.
    async fn metrics(&self, config: &Config, closing: watch::Receiver<bool>) -> Result<()> {
        let Some(addr) = config.metrics.listen else { return Ok(()) };
        let listener = TcpListener::bind(addr).await.with_context(|| {
            format!("cannot listen on {addr} for metrics: is another program using it? Set `metrics.listen` to another")
        })?;
        let house = Self {
            rooms: Arc::clone(&self.rooms),
            channels: self.channels.clone(),
            changed: self.changed.clone(),
        };
        let router = web::metrics(Arc::new(house), Arc::clone(&self.rooms.clock));
        web::serve(listener, router, closing).await.context("the metrics")
    }

    /// Passes on to the pages what the pipeline says has changed.
    async fn relay(&self, stop: &CancellationToken) {
        let mut changed = self.rooms.changed.subscribe();
        while let Some(change) = stop.run_until_cancelled(changed.recv()).await {
            match change {
                Ok(change) if change.platform != Platform::Console => {}
                Ok(change) => {
                    let change =
                        MessageChanged { id: change.message, channel: change.channel, root: change.root };
                    // No page may be open.
                    let _nobody_looks = self.changed.send(change);
                }
                Err(broadcast::error::RecvError::Lagged(_)) => {}
                Err(broadcast::error::RecvError::Closed) => return,
            }
        }
    }

    /// The raw message that began a request, or what is left of it.
    async fn raw(&self, entries: &[Logged]) -> Result<String, Trouble> {
        let Some(received) = entries.iter().find(|entry| entry.kind == EntryKind::Received) else {
            return Ok(String::new());
        };
        let (Ok(epoch), Ok(seq)) = (i64::try_from(received.epoch), i64::try_from(received.seq)) else {
            return Ok(String::new());
        };
        let payloads = self.rooms.store.payloads(epoch, seq, seq + 1).await.map_err(unread_store)?;
        let raw = payloads.into_iter().find(|payload| payload.name == "raw");
        Ok(match raw {
            Some(raw) => String::from_utf8_lossy(&raw.payload).into_owned(),
            None => "(taken away; the record says by whom)".to_owned(),
        })
    }

    fn place(channel: &str) -> Place {
        Place {
            platform: Platform::Console,
            workspace: String::new(),
            channel: channel.to_owned(),
            thread: None,
        }
    }
}

/// The addresses the console is reached at: where it listens, and the names of the configuration.
fn sites(config: &Config, addr: std::net::SocketAddr) -> Result<Vec<Site>> {
    let mut origins = vec![format!("http://{addr}")];
    if addr.ip().is_loopback() || addr.ip().is_unspecified() {
        origins.push(format!("http://localhost:{}", addr.port()));
        origins.push(format!("http://127.0.0.1:{}", addr.port()));
    }
    origins.extend(config.server.hosts.iter().map(|host| format!("https://{host}")));
    origins.dedup();
    origins.iter().map(|origin| Site::parse(origin).map_err(anyhow::Error::from)).collect()
}

fn unread_store(error: store::StoreError) -> Trouble {
    Trouble::NotRead(Box::new(error))
}

impl House for ConsoleHouse {
    fn receive(&self, inbound: Inbound) -> Answer<'_, Receipt> {
        async move {
            let receipt = self
                .rooms
                .handle(inbound)
                .await
                .map_err(|trouble| Trouble::NotRecorded(Box::new(trouble)))?;
            Ok(Receipt { request: receipt.request, message: receipt.message })
        }
        .boxed()
    }

    fn people(&self) -> Vec<PersonView> {
        let policy = self.rooms.policy.load();
        policy
            .people()
            .map(|person| PersonView {
                id: person.id.clone(),
                name: person.id.0.clone(),
                roles: person.granted.iter().cloned().collect(),
            })
            .collect()
    }

    fn channels(&self, _person: &PersonId) -> Vec<ChannelView> {
        let view =
            |channel: &Channel| ChannelView { name: channel.name.clone(), topic: channel.topic.clone() };
        self.channels.iter().map(view).collect()
    }

    fn messages<'a>(
        &'a self,
        channel: &'a str,
        before: Option<&'a MessageId>,
        limit: usize,
    ) -> Answer<'a, Vec<MessageRow>> {
        async move {
            let limit = u32::try_from(limit).unwrap_or(u32::MAX);
            let place = Self::place(channel);
            self.rooms.store.channel_messages(&place, before, limit).await.map_err(unread_store)
        }
        .boxed()
    }

    fn threads<'a>(&'a self, roots: &'a [MessageId]) -> Answer<'a, Vec<MessageRow>> {
        async move { self.rooms.store.threads(roots).await.map_err(unread_store) }.boxed()
    }

    fn message<'a>(&'a self, id: &'a MessageId) -> Answer<'a, Option<MessageRow>> {
        async move { self.rooms.store.message(id).await.map_err(unread_store) }.boxed()
    }

    fn reactions<'a>(&'a self, messages: &'a [MessageId]) -> Answer<'a, Vec<ReactionRow>> {
        async move { self.rooms.store.reactions(messages).await.map_err(unread_store) }.boxed()
    }

    fn requests<'a>(&'a self, ids: &'a [RequestId]) -> Answer<'a, Vec<RequestRow>> {
        async move { self.rooms.store.requests_of(ids).await.map_err(unread_store) }.boxed()
    }

    fn may_review(&self, person: &PersonId) -> bool {
        let policy = self.rooms.policy.load();
        let somewhere = |channel: &Channel| {
            let place = Self::place(&channel.name);
            let asking =
                Asking { person, place: &place, membership: Membership::none(), now: self.rooms.clock.now() };
            prospects(&policy, &asking, REVIEW).iter().any(|prospect| prospect.decision == Decision::Allow)
        };
        self.channels.iter().any(somewhere)
    }

    fn find<'a>(&'a self, filter: &'a RequestFilter, limit: usize) -> Answer<'a, Vec<RequestRow>> {
        async move {
            let limit = u32::try_from(limit).unwrap_or(u32::MAX);
            self.rooms.store.requests(filter, limit).await.map_err(unread_store)
        }
        .boxed()
    }

    fn records<'a>(&'a self, filter: &'a RequestFilter, limit: usize) -> Answer<'a, Vec<Recorded>> {
        async move {
            let limit = u32::try_from(limit).unwrap_or(u32::MAX);
            let found = records(&self.rooms.store, filter, limit).await;
            found.map_err(|error| Trouble::NotRead(Box::new(error)))
        }
        .boxed()
    }

    fn vocabulary(&self) -> Vocabulary {
        let catalog = &self.rooms.catalog;
        let tools =
            catalog.tools().map(|tool| ToolView { name: tool.name().to_owned(), mutates: tool.mutates() });
        Vocabulary {
            tools: tools.collect(),
            environments: catalog.landscape().environments.keys().cloned().collect(),
        }
    }

    fn open_work(&self) -> Answer<'_, OpenWork> {
        async move {
            let head = self.rooms.store.head().await.map_err(unread_store)?;
            let counts = self.rooms.store.open_counts().await.map_err(unread_store)?;
            let exporter = &self.rooms.exporter;
            let unexported = exporter.unexported_seconds().await;
            let unexported = unexported.map_err(|error| Trouble::NotRead(Box::new(error)))?;
            let of = |state: RequestState| counts.get(&state).copied().unwrap_or_default();
            Ok(OpenWork {
                waiting: of(RequestState::Waiting),
                approved: of(RequestState::Approved),
                started: of(RequestState::Started),
                entries: head.and_then(|head| u64::try_from(head.size).ok()).unwrap_or_default(),
                audit_unexported_seconds: unexported,
                audit_failing_sinks: u64::try_from(exporter.failing().len()).unwrap_or(u64::MAX),
                read_only: self.rooms.ledger.divergence().is_some(),
            })
        }
        .boxed()
    }

    fn usage(&self, since: Timestamp, until: Timestamp) -> Answer<'_, Usage> {
        async move { usage(&self.rooms.store, since, until).await.map_err(unread_store) }.boxed()
    }

    fn story<'a>(&'a self, request: &'a RequestId) -> Answer<'a, Option<RequestStory>> {
        async move {
            let Some(row) = self.rooms.store.request(request).await.map_err(unread_store)? else {
                return Ok(None);
            };
            let rooms = &self.rooms;
            let events = rooms.store.entries_of(request).await.map_err(unread_store)?;
            let assurance = assure(&rooms.store, &rooms.ledger.keys(), &events).await;
            let assurance = assurance.map_err(|error| Trouble::NotRead(Box::new(error)))?;
            // What is no entry any more is among the doubts of the proof.
            let entries: Vec<Logged> =
                events.iter().filter_map(|event| Logged::try_from(event).ok()).collect();
            let lines = story(&entries).into_iter().zip(&entries).map(|(line, entry)| StoryLine {
                at: line.at,
                who: line.who,
                what: line.what,
                detail: particulars(entry),
                position: Position::new(entry.epoch, entry.seq),
            });
            let lines = lines.collect();
            let raw = self.raw(&entries).await?;
            let proof = StoryProof {
                assurance,
                disagreement: disagreement(&row, &entries),
                read_only: rooms.ledger.divergence().map(|divergence| read_only(&divergence)),
            };
            Ok(Some(RequestStory { raw, row, lines, proof }))
        }
        .boxed()
    }

    fn unread<'a>(&'a self, person: &'a PersonId) -> Answer<'a, BTreeMap<String, Unread>> {
        async move {
            let places: Vec<Place> = self.channels.iter().map(|channel| Self::place(&channel.name)).collect();
            let states = self.rooms.store.channel_states(person, &places).await.map_err(unread_store)?;
            let mut unread = BTreeMap::new();
            for state in states {
                let upto = self.rooms.store.read_mark(person, &state.channel).await.map_err(unread_store)?;
                let count = usize::try_from(state.unread).unwrap_or(0);
                unread.insert(state.channel, Unread { count, upto });
            }
            Ok(unread)
        }
        .boxed()
    }

    fn mark_read<'a>(
        &'a self,
        person: &'a PersonId,
        channel: &'a str,
        upto: &'a MessageId,
    ) -> Answer<'a, ()> {
        async move {
            let row = Row::Read { person: person.clone(), channel: channel.to_owned(), upto: upto.clone() };
            let step = Step { guard: Guard::Open, rows: vec![row], entries: Vec::new() };
            let written = self.rooms.ledger.write(step).await;
            // An open guard refuses nothing.
            written.map(|_written| ()).map_err(|error| Trouble::NotRecorded(Box::new(error)))
        }
        .boxed()
    }

    fn complete<'a>(&'a self, typed: Typed<'a>) -> Answer<'a, Vec<Completion>> {
        let completions = slash::complete(typed.text, typed.text.len(), &self.rooms.catalog);
        let completions = completions
            .into_iter()
            .map(|way| Completion { insert: way.insert, label: way.label, hint: way.hint })
            .collect();
        std::future::ready(Ok(completions)).boxed()
    }

    fn subscribe(&self) -> broadcast::Receiver<MessageChanged> {
        self.changed.subscribe()
    }
}

impl Accounts for ConsoleHouse {
    fn password_hash<'a>(&'a self, person: &'a PersonId) -> Answer<'a, Option<String>> {
        async move {
            // An account of somebody who has left the policy opens nothing.
            if self.rooms.policy.load().person(person).is_none() {
                return Ok(None);
            }
            self.rooms.store.account(person).await.map_err(unread_store)
        }
        .boxed()
    }

    fn open_session(&self, session: Session) -> Answer<'_, ()> {
        async move {
            let session = store::Session {
                token: session.token,
                person: session.person,
                created_at: session.opened_at,
                expires_at: session.expires_at,
            };
            self.rooms.store.put_session(&session).await.map_err(unread_store)
        }
        .boxed()
    }

    fn session<'a>(&'a self, token: &'a Digest) -> Answer<'a, Option<Session>> {
        async move {
            let now = self.rooms.clock.now();
            let session = self.rooms.store.session(token, now).await.map_err(unread_store)?;
            Ok(session.map(|session| Session {
                token: session.token,
                person: session.person,
                opened_at: session.created_at,
                expires_at: session.expires_at,
            }))
        }
        .boxed()
    }

    fn close_session<'a>(&'a self, token: &'a Digest) -> Answer<'a, ()> {
        async move { self.rooms.store.drop_session(token).await.map_err(unread_store) }.boxed()
    }

    fn failures<'a>(&'a self, key: &'a str) -> Answer<'a, Failures> {
        async move {
            let since = self.rooms.clock.now().saturating_sub(FAILURES_KEPT).unwrap_or(Timestamp::MIN);
            let (count, last) = self.rooms.store.sign_in_failures(key, since).await.map_err(unread_store)?;
            Ok(Failures { count: u32::try_from(count).unwrap_or(u32::MAX), last })
        }
        .boxed()
    }

    fn note_failure<'a>(&'a self, key: &'a str, at: Timestamp) -> Answer<'a, ()> {
        async move {
            let keep = at.saturating_sub(FAILURES_KEPT).unwrap_or(Timestamp::MIN);
            self.rooms.store.put_sign_in_failure(key, at, keep).await.map_err(unread_store)
        }
        .boxed()
    }

    fn forget_failures<'a>(&'a self, key: &'a str) -> Answer<'a, ()> {
        async move { self.rooms.store.drop_sign_in_failures(key).await.map_err(unread_store) }.boxed()
    }
}
