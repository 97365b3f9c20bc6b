//! Floor 7: the clock's door. Once a second it lets the pipeline do what has fallen due and look whether the policy file
//! has changed; once a minute it has the directory read again.

use std::sync::Arc;
use std::time::Duration;

use tokio::time::{Interval, MissedTickBehavior, interval};
use tokio_util::sync::CancellationToken;

use crate::pipeline::Rooms;
use crate::store::{Store, StoreError};

/// Transactions of the search index in one beat: what comes on top waits for the next, so that nothing else does.
const INDEXED: usize = 8;

/// Works until `stop` is cancelled.
pub async fn work(rooms: Arc<Rooms>, stop: CancellationToken) {
    tokio::join!(tick(&rooms, &stop), read(&rooms, &stop));
}

async fn tick(rooms: &Arc<Rooms>, stop: &CancellationToken) {
    let mut beat = every(Duration::from_secs(1));
    while stop.run_until_cancelled(beat.tick()).await.is_some() {
        if let Err(trouble) = rooms.tick().await {
            tracing::error!("what fell due was not done: {trouble}");
        }
        if let Err(trouble) = index(&rooms.store).await {
            tracing::error!("the search index lags behind: {trouble}");
        }
        if let Err(trouble) = rooms.look_at_policy().await {
            tracing::error!("the policy file was not looked at: {trouble}");
        }
    }
}

/// Brings what requests are found by up to date. Until then a search looks through the new ones by itself.
async fn index(store: &Store) -> Result<(), StoreError> {
    for _ in 0..INDEXED {
        if store.index_requests().await? == 0 {
            break;
        }
    }
    Ok(())
}

async fn read(rooms: &Arc<Rooms>, stop: &CancellationToken) {
    let mut beat = every(Duration::from_secs(60));
    while stop.run_until_cancelled(beat.tick()).await.is_some() {
        if let Err(trouble) = rooms.read_roster().await {
            tracing::error!("who is in which group was not taken up: {trouble}");
        }
    }
}

fn every(span: Duration) -> Interval {
    let mut beat = interval(span);
    beat.set_missed_tick_behavior(MissedTickBehavior::Delay);
    beat
}
