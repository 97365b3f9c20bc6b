//! Floor 7: the clock's door. Once a second it lets the pipeline do what has fallen due.

use std::sync::Arc;
use std::time::Duration;

use tokio::time::{MissedTickBehavior, interval};
use tokio_util::sync::CancellationToken;

use crate::pipeline::Rooms;
use crate::store::{Store, StoreError};

/// Transactions of the search index in one beat: what comes on top waits for the next, so that nothing else does.
const INDEXED: usize = 8;

/// Works until `stop` is cancelled.
pub async fn work(rooms: Arc<Rooms>, stop: CancellationToken) {
    let mut beat = interval(Duration::from_secs(1));
    beat.set_missed_tick_behavior(MissedTickBehavior::Delay);
    while stop.run_until_cancelled(beat.tick()).await.is_some() {
        if let Err(trouble) = rooms.tick().await {
            tracing::error!("what fell due was not done: {trouble}");
        }
        if let Err(trouble) = index(&rooms.store).await {
            tracing::error!("the search index lags behind: {trouble}");
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
