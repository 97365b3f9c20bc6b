//! What a test asks of the record.

use std::sync::Arc;

use countersign::audit::{Check, Exporter, Ledger, Verification, verify};
use countersign::clock::Clock;
use countersign::pipeline::{LogOnly, Rooms};

/// The record must be sound.
pub async fn sound(rooms: &Rooms) {
    let (keys, mut progress) = ([rooms.ledger.public_key()], |_done, _total| {});
    let check = Check { keys: &keys, against: &[], progress: &mut progress };
    let verified = verify(&rooms.store, check).await;
    assert!(matches!(verified, Verification::Sound { .. }), "{verified:?}");
}

/// An exporter that has nowhere to go.
pub fn exporter(ledger: &Ledger, clock: &Arc<dyn Clock>) -> Exporter {
    Exporter::new(ledger.clone(), Arc::clone(clock), Arc::new(LogOnly), Vec::new(), Default::default())
}
