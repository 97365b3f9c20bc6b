use std::sync::Arc;

use anyhow::Result;
use tokio::sync::broadcast::error::RecvError;
use tokio_util::sync::CancellationToken;

use crate::chat::slack::{Outbox, Reach, SigningSecrets};
use crate::config::{Mode, Source};
use crate::domain::Platform;
use crate::doors::slack::{self, Door, Guarded};
use crate::pipeline::Rooms;

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
    /// Slack as the configuration has it; `None` where it has none.
    pub fn new(source: &Source, rooms: &Arc<Rooms>) -> Result<Option<Self>> {
        let Some(settings) = &source.config.slack else { return Ok(None) };
        let access = settings.access(&source.folder())?;
        let client = Arc::new(access.client);
        let outbox = Outbox::new(Reach {
            store: rooms.store.clone(),
            ledger: rooms.ledger.clone(),
            client: Arc::clone(&client),
            commands: settings.commands(),
        });
        Ok(Some(Self {
            door: Door::new(Arc::clone(rooms), client, settings.commands()),
            outbox,
            rooms: Arc::clone(rooms),
            secrets: access.secrets,
            mode: settings.mode,
            sockets: settings.sockets,
        }))
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
