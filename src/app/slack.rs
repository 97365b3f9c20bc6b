use std::sync::Arc;

use anyhow::Result;
use tokio::sync::broadcast::error::RecvError;
use tokio_util::sync::CancellationToken;

use crate::chat::slack::client::Client;
use crate::chat::slack::{Outbox, People, Reach, ResponseUrls, SigningSecrets};
use crate::config::{Mode, SlackSettings, Source};
use crate::domain::Platform;
use crate::doors::slack::{self, Door, Guarded};
use crate::pipeline::Rooms;

/// The way to Slack, before anything goes over it.
pub(super) struct Line {
    client: Arc<Client>,
    /// Who is in which group there.
    pub people: Arc<People>,
    secrets: SigningSecrets,
    settings: SlackSettings,
}

impl Line {
    /// The way to Slack as the configuration has it; `None` where it has none.
    pub fn new(source: &Source) -> Result<Option<Self>> {
        let Some(settings) = source.config.slack.clone() else { return Ok(None) };
        let access = settings.access(&source.folder())?;
        let client = Arc::new(access.client);
        let people = People::new(Arc::clone(&client));
        Ok(Some(Self { client, people, secrets: access.secrets, settings }))
    }
}

/// Slack's doors and its outbox.
pub(super) struct Slack {
    door: Arc<Door>,
    outbox: Arc<Outbox>,
    rooms: Arc<Rooms>,
    secrets: SigningSecrets,
    mode: Mode,
    sockets: u8,
}

impl Slack {
    /// Slack at one end of this line, and these rooms at the other.
    pub fn new(line: Line, rooms: &Arc<Rooms>) -> Self {
        let Line { client, people, secrets, settings } = line;
        let answers = Arc::new(ResponseUrls::default());
        let outbox = Outbox::new(Reach {
            store: rooms.store.clone(),
            ledger: rooms.ledger.clone(),
            client: Arc::clone(&client),
            policy: Arc::clone(&rooms.policy),
            commands: settings.commands(),
            answers: Arc::clone(&answers),
            clock: Arc::clone(&rooms.clock),
        });
        Self {
            door: Door::new(Arc::clone(rooms), client, people, settings.commands(), answers),
            outbox,
            rooms: Arc::clone(rooms),
            secrets,
            mode: settings.mode,
            sockets: settings.sockets,
        }
    }

    /// The routes that Slack delivers to; none where it delivers over sockets.
    pub fn router(&self) -> axum::Router {
        match self.mode {
            Mode::Socket => axum::Router::new(),
            Mode::Http => {
                slack::router(Guarded { door: Arc::clone(&self.door), secrets: self.secrets.clone() })
            }
        }
    }

    /// Listens and delivers until `stop` is cancelled.
    pub async fn run(self, stop: CancellationToken) {
        let sockets = async {
            match self.mode {
                Mode::Socket => slack::keep(Arc::clone(&self.door), self.sockets, stop.clone()).await,
                Mode::Http => {}
            }
        };
        tokio::join!(
            sockets,
            self.door.introduce(stop.clone()),
            Arc::clone(&self.outbox).run(stop.clone()),
            self.relay(&stop),
        );
    }

    /// Passes on to the outbox that something is due.
    async fn relay(&self, stop: &CancellationToken) {
        let mut changed = self.rooms.changed.subscribe();
        while let Some(change) = stop.run_until_cancelled(changed.recv()).await {
            match change {
                Ok(change) if change.platform != Platform::Slack => {}
                Ok(_) | Err(RecvError::Lagged(_)) => self.outbox.nudge(),
                Err(RecvError::Closed) => return,
            }
        }
    }
}
