//! Floor 7: the clock's door. Once a second it lets the pipeline do what has fallen due, and beside that it sees to it
//! that the record's checkpoints leave the database.

use std::sync::Arc;
use std::time::Duration;

use tokio::time::{MissedTickBehavior, interval};
use tokio_util::sync::CancellationToken;

use crate::pipeline::Rooms;

/// Works until `stop` is cancelled.
pub async fn work(rooms: Arc<Rooms>, stop: CancellationToken) {
    // A sink that does not answer must not hold up what has fallen due.
    tokio::join!(tick(&rooms, &stop), export(&rooms, &stop));
}

async fn tick(rooms: &Arc<Rooms>, stop: &CancellationToken) {
    let mut beat = interval(Duration::from_secs(1));
    beat.set_missed_tick_behavior(MissedTickBehavior::Delay);
    while stop.run_until_cancelled(beat.tick()).await.is_some() {
        if let Err(trouble) = rooms.tick().await {
            tracing::error!("what fell due was not done: {trouble}");
        }
    }
}

async fn export(rooms: &Rooms, stop: &CancellationToken) {
    let mut beat = interval(Duration::from_secs(1));
    beat.set_missed_tick_behavior(MissedTickBehavior::Delay);
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
