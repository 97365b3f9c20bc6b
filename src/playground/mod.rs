//! The playground: real local processes to operate, for the first run, demonstrations and tests.
//!
//! A playground runs one set of small HTTP services per environment, each replica a child process of this same binary
//! on a loopback port, with versions, health, logs, metrics and an SQLite database with migrations of its own. It is
//! operated through an HTTP API on a loopback address, like any other back end. Nothing in it is pretended: a
//! deployment starts and stops processes, a broken version fails its health check because of what its database lacks,
//! and all of it survives a restart.
//!
//! ```text
//! api ---> site ---+--> book (state: orders, plan)     what is wanted, on disk
//!                  +--> fleet -> keeper -> replica     what runs
//!                  +--> probe                          what is seen
//!                  +--> database, logs
//! rollout works between them
//! ```

use std::{io, net::SocketAddr, path::PathBuf, sync::Arc, time::Duration};

use tokio::{net::TcpListener, sync::oneshot, task::JoinHandle, time::timeout};

mod api;
mod book;
mod clock;
mod config;
mod database;
mod fleet;
mod keeper;
mod logs;
mod orders;
mod plan;
mod probe;
mod refusal;
pub mod replica;
mod rollout;
mod schema;
mod seed;
mod site;
mod state;
mod traffic;
mod view;

pub use config::{PlaygroundConfig, Timing};
pub use schema::Migration;
pub use seed::{SeedEnvironment, SeedService, SeedVersion};
use site::Site;

/// How long open connections may take to end when the playground shuts down.
const GRACE: Duration = Duration::from_secs(1);

/// Why a playground does not start.
#[derive(Debug, thiserror::Error)]
pub enum PlaygroundError {
    /// The configuration cannot be.
    #[error("the playground's configuration is wrong: {0}")]
    Config(String),
    /// Another process has the directory.
    #[error("another playground is using `{0}`; stop it or choose another directory")]
    InUse(PathBuf),
    /// The state cannot be read or written.
    #[error("the playground's state `{path}` cannot be used")]
    State {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// A service's database cannot be made.
    #[error("a database of the playground cannot be used")]
    Database(#[from] sqlx::Error),
    /// The client for health checks cannot be built.
    #[error("the playground's health checks cannot be set up: {0}")]
    Client(String),
    /// The address cannot be had.
    #[error("the playground cannot listen on `{addr}`")]
    Listen {
        /// The address.
        addr: SocketAddr,
        /// What the system said.
        source: io::Error,
    },
}

/// A playground that runs. Dropping it kills its replicas; `shutdown` stops them in good order.
#[derive(Debug)]
pub struct Playground {
    addr: SocketAddr,
    site: Arc<Site>,
    hang_up: Option<oneshot::Sender<()>>,
    server: JoinHandle<io::Result<()>>,
}

impl Playground {
    /// Serves the API and starts the replicas. It returns when the API answers; `started` waits for the replicas.
    ///
    /// # Errors
    /// When the configuration, the directory or the address cannot be used.
    pub async fn start(config: PlaygroundConfig) -> Result<Self, PlaygroundError> {
        config.check()?;
        let unheard = |source| PlaygroundError::Listen { addr: config.listen, source };
        let listener = TcpListener::bind(config.listen).await.map_err(unheard)?;
        let addr = listener.local_addr().map_err(unheard)?;
        let site = Site::open(&config).await?;
        let router = api::router(Arc::clone(&site), api::Door { addr, token: config.token });
        let (hang_up, hung_up) = oneshot::channel::<()>();
        // A sender that is dropped ends it as well.
        let served = axum::serve(listener, router).with_graceful_shutdown(async { drop(hung_up.await) });
        let server = tokio::spawn(served.into_future());
        tracing::info!(%addr, "the playground listens");
        Ok(Self { addr, site, hang_up: Some(hang_up), server })
    }

    /// Where the API listens.
    pub fn addr(&self) -> SocketAddr {
        self.addr
    }

    /// The address for clients, without a slash at its end.
    pub fn base_url(&self) -> String {
        format!("http://{}", self.addr)
    }

    /// Waits until every replica listens, or is known not to.
    pub async fn started(&self) {
        self.site.fleet.started().await;
    }

    /// Stops the API, then stops and reaps every replica. A deployment under way goes on at the next start.
    pub async fn shutdown(mut self) {
        drop(self.hang_up.take());
        if timeout(GRACE, &mut self.server).await.is_err() {
            self.server.abort();
        }
        self.site.close().await;
    }
}

impl Drop for Playground {
    fn drop(&mut self) {
        self.server.abort();
        self.site.abandon();
    }
}
