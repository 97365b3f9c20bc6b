//! Floor 7: the clock's door. Once a second it lets the pipeline do what has fallen due and look whether the policy file
//! has changed; once a minute it has the directory read again; and beside that it sees to it that the record's checkpoints
//! leave the database.

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
    // A sink or a directory that does not answer must not hold up what has fallen due.
    tokio::join!(tick(&rooms, &stop), read(&rooms, &stop), export(&rooms, &stop));
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

async fn export(rooms: &Rooms, stop: &CancellationToken) {
    let mut beat = every(Duration::from_secs(1));
    let mut size = rooms.ledger.size();
    loop {
        // Once a second, and in between when there is a whole batch of entries more.
        let full = *size.borrow_and_update() + rooms.exporter.pace().entries;
        let due = async {
            tokio::select! {
                _now = beat.tick() => {}
                _grown = size.wait_for(|size| *size >= full) => {}
            }
        };
        if stop.run_until_cancelled(due).await.is_none() {
            return;
        }
        if let Err(trouble) = rooms.export_due().await {
            tracing::error!("the record was not exported: {trouble}");
        }
    }
}

fn every(span: Duration) -> Interval {
    let mut beat = interval(span);
    beat.set_missed_tick_behavior(MissedTickBehavior::Delay);
    beat
}
