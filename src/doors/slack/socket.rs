//! Deliveries over sockets: connections that are kept open, and replaced before Slack ends them.

use std::sync::Arc;
use std::time::Duration;

use serde_json::Value;
use tokio::sync::{Semaphore, mpsc, oneshot};
use tokio::task::JoinSet;
use tokio::time::{Instant, MissedTickBehavior, interval, sleep};
use tokio_util::sync::CancellationToken;

use super::http::sorry;
use super::{Answer, Door, is_ours};
use crate::chat::slack::door::{Kind, Package};
use crate::chat::slack::socket::{Ear, Frame, Mouth, Parting, SocketError, acknowledgement, open};

/// The pauses between two tries, the first and the longest.
const PAUSES: (Duration, Duration) = (Duration::from_millis(100), Duration::from_secs(30));

/// The pause after Slack has said that it wants no connection.
const UNWANTED: Duration = Duration::from_secs(60);

/// A connection that lived this long was good, and its end says nothing about the next one.
const SETTLED: Duration = Duration::from_secs(10);

/// How often we look whether the other side is there.
const PING: Duration = Duration::from_secs(15);

/// The most connections at once: Slack allows an app ten.
const MOST: usize = 10;

/// How a connection went on to end.
enum Ending {
    /// Deliveries came over it: the next one at once.
    Served,
    /// It was good and will end: the next one at once, unless that happens again and again.
    Parted,
    /// Slack does not want it: later.
    Unwanted(&'static str),
    /// It never was good, or broke: soon.
    Broke(SocketError),
    /// We stop.
    Stopped,
}

/// Keeps `connections` sockets open until `stop` is cancelled.
pub async fn keep(door: Arc<Door>, connections: u8, stop: CancellationToken) {
    let mut keepers = JoinSet::new();
    // All of them may be moved at the same moment; then they change over one by one.
    let places = Arc::new(Semaphore::new(MOST));
    for _ in 0..connections {
        keepers.spawn(keep_one(Arc::clone(&door), Arc::clone(&places), stop.clone()));
    }
    while keepers.join_next().await.is_some() {}
}

/// Keeps one open. When Slack announces the end of it, the next one is opened while the old one is still listened to.
async fn keep_one(door: Arc<Door>, places: Arc<Semaphore>, stop: CancellationToken) {
    let mut failures: u32 = 0;
    let mut listening = JoinSet::new();
    while !stop.is_cancelled() {
        // One that ends beside one that comes, and no third: those that were told to end must have ended.
        while listening.len() > 1 && !stop.is_cancelled() {
            let _ended = stop.run_until_cancelled(listening.join_next()).await;
        }
        let place = stop.run_until_cancelled(Arc::clone(&places).acquire_owned()).await;
        // The places are never closed, so there is none only where we stop.
        let Some(Ok(place)) = place else { break };
        let (leaving, left) = oneshot::channel();
        let opened = Instant::now();
        let ending = match stop.run_until_cancelled(open(&door.client)).await {
            None => break,
            Some(Err(error)) => Ending::Broke(error),
            Some(Ok((ear, mouth))) => {
                let listener =
                    Listener { door: Arc::clone(&door), mouth, leaving: Some(leaving), life: Life::Opened };
                let listen = listener.listen(ear, stop.clone());
                listening.spawn(async move {
                    listen.await;
                    drop(place);
                });
                // A listener that ends without a word has broken off.
                left.await.unwrap_or(Ending::Stopped)
            }
        };
        while listening.try_join_next().is_some() {}
        let pause = match &ending {
            Ending::Stopped => break,
            Ending::Served => Duration::ZERO,
            Ending::Parted if failures == 0 || opened.elapsed() > SETTLED => Duration::ZERO,
            Ending::Parted => growing(failures),
            Ending::Unwanted(why) => {
                tracing::error!("{why}");
                UNWANTED
            }
            Ending::Broke(error) => {
                tracing::warn!("no socket to Slack: {error}");
                pause_after(error, failures)
            }
        };
        let good = matches!(ending, Ending::Served) || opened.elapsed() > SETTLED;
        failures = if good { 0 } else { failures + 1 };
        if stop.run_until_cancelled(sleep(pause)).await.is_none() {
            break;
        }
    }
    while listening.join_next().await.is_some() {}
}

fn pause_after(error: &SocketError, failures: u32) -> Duration {
    match error {
        SocketError::Refused(refused) if is_ours(refused.fault()) => UNWANTED,
        SocketError::Refused(_) | SocketError::NotOpened(_) | SocketError::Broke(_) | SocketError::Silent => {
            growing(failures)
        }
    }
}

fn growing(failures: u32) -> Duration {
    PAUSES.0.saturating_mul(1 << failures.min(10)).min(PAUSES.1)
}

/// One connection.
struct Listener {
    door: Arc<Door>,
    mouth: Mouth,
    /// Tells that the next connection is wanted. Used once.
    leaving: Option<oneshot::Sender<Ending>>,
    life: Life,
}

/// What a connection has seen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Life {
    Opened,
    /// Slack has said hello.
    Greeted,
    /// Something was delivered over it.
    Served,
}

impl Listener {
    /// Listens until the other side closes, or `stop` is cancelled. What has come is taken in all the same.
    async fn listen(mut self, mut ear: Ear, stop: CancellationToken) {
        let (done, mut acknowledged) = mpsc::channel::<String>(64);
        let mut taking = JoinSet::new();
        let mut ping = interval(PING);
        ping.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let ending = loop {
            let step = tokio::select! {
                () = stop.cancelled() => break Ending::Stopped,
                Some(text) = acknowledged.recv() => self.mouth.say(text).await,
                _ = ping.tick() => self.mouth.ping().await,
                frame = ear.next() => match frame {
                    Ok(Some(frame)) => {
                        self.hear(frame, &mut taking, &done);
                        Ok(())
                    }
                    Ok(None) => break self.gone(),
                    Err(error) => Err(error),
                },
            };
            if let Err(error) = step {
                break self.broke(error);
            }
            while taking.try_join_next().is_some() {}
        };
        self.leave(ending);
        // What was taken in is acknowledged if the connection still bears it; else it comes again and is known.
        drop(done);
        while taking.join_next().await.is_some() {}
        while let Some(text) = acknowledged.recv().await {
            if self.mouth.say(text).await.is_err() {
                break;
            }
        }
        self.mouth.close().await;
    }

    fn hear(&mut self, frame: Frame, taking: &mut JoinSet<()>, done: &mpsc::Sender<String>) {
        match frame {
            Frame::Hello { connections } => {
                if self.life == Life::Opened {
                    self.life = Life::Greeted;
                }
                tracing::info!(connections, "a socket to Slack is open");
            }
            Frame::Goodbye(Parting::Refresh) => {
                let ending = self.gone();
                self.leave(ending);
            }
            Frame::Goodbye(Parting::Disabled) => {
                self.leave(Ending::Unwanted(
                    "Socket Mode is switched off in the app's settings; switch it on there",
                ));
            }
            Frame::Goodbye(Parting::TooMany) => {
                self.leave(Ending::Unwanted("the app has more sockets than the ten that Slack allows"));
            }
            Frame::Envelope { id, package, answerable } => {
                self.life = Life::Served;
                let (door, done) = (Arc::clone(&self.door), done.clone());
                taking.spawn(async move {
                    if let Some(answer) = answer(&door, &package).await {
                        let answer = answer.filter(|_answer| answerable);
                        // The connection may be gone; then it comes again and is known.
                        let _nobody = done.send(acknowledgement(&id, answer.as_ref())).await;
                    }
                });
            }
            Frame::Other => {}
        }
    }

    fn leave(&mut self, ending: Ending) {
        if let Some(leaving) = self.leaving.take() {
            // Nobody waits any more once we stop.
            let _nobody = leaving.send(ending);
        }
    }

    fn gone(&self) -> Ending {
        match self.life {
            Life::Opened => Ending::Broke(SocketError::NotOpened("it closed at once".to_owned())),
            Life::Greeted => Ending::Parted,
            Life::Served => Ending::Served,
        }
    }

    fn broke(&self, error: SocketError) -> Ending {
        if self.life == Life::Opened {
            return Ending::Broke(error);
        }
        tracing::warn!("a socket to Slack is gone, and the next one is opened: {error}");
        self.gone()
    }
}

/// What to acknowledge with; `None` when it is not to be acknowledged, so that it comes again.
async fn answer(door: &Arc<Door>, package: &Package) -> Option<Option<Value>> {
    match door.take(package).await {
        Answer::Taken | Answer::Challenge(_) => Some(None),
        Answer::With(answer) => Some(Some(answer)),
        Answer::NotTaken => match package.kind {
            // Commands do not come again.
            Kind::Command => Some(Some(sorry())),
            Kind::Event | Kind::Interactive | Kind::TlsCheck => None,
        },
    }
}
