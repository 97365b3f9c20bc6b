//! A team that lives in Slack.

mod deeds;
mod life;
mod sight;

use std::sync::Arc;

use countersign::clock::{Clock as _, StandingClock};
use countersign::interpret::Interpreter;
use countersign::pipeline::Rooms;
use jiff::Timestamp;
use tempfile::TempDir;
use tokio::runtime::Runtime;
use tokio::sync::oneshot;

use super::BackEnd;
use super::slack::FakeSlack;

/// How deliveries come in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Way {
    Http,
    Socket,
}

/// When the socket is cut, each time something is delivered over it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cut {
    Never,
    /// There is none when it is to be delivered.
    BeforeEach,
    /// The delivery is out, and whether it arrived is nobody's to know.
    BeforeTheAcknowledgement,
    AfterEach,
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
    pub cut: Cut,
    /// How many sockets are kept open from the next start on.
    pub sockets: u8,
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
            cut: Cut::Never,
            sockets: 1,
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
}

impl Drop for Office {
    fn drop(&mut self) {
        if let Some(Lit { runtime, .. }) = self.lit.take() {
            runtime.shutdown_background();
        }
        assert!(self.finished || std::thread::panicking(), "the test ends without Office::finish");
    }
}
