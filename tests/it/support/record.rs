//! What a test asks of the record.

use std::sync::Arc;

use countersign::audit::{Check, Exporter, HangingState, Ledger, Verification, assure, disagreement, verify};
use countersign::clock::Clock;
use countersign::pipeline::{LogOnly, Rooms};
use countersign::store::RequestFilter;

/// The record must be sound, and the story of each request must show it: all of it proven, and the list agrees with it.
pub async fn sound(rooms: &Rooms) {
    let (keys, mut progress) = ([rooms.ledger.public_key()], |_done, _total| {});
    let check = Check { keys: &keys, against: &[], progress: &mut progress };
    let verified = verify(&rooms.store, check).await;
    assert!(matches!(verified, Verification::Sound { .. }), "{verified:?}");
    for row in rooms.store.requests(&RequestFilter::default(), 1_000).await.unwrap() {
        let events = rooms.store.entries_of(&row.id).await.unwrap();
        let shown = assure(&rooms.store, &keys, &events).await.unwrap();
        for entry in &shown.entries {
            assert_eq!(
                (&entry.doubt, entry.covered.as_ref().and_then(|one| one.doubt.clone())),
                (&None, None)
            );
            let kept = |state: &HangingState| matches!(state, HangingState::Kept | HangingState::Purged(_));
            assert!(entry.hanging.iter().all(|hanging| kept(&hanging.state)), "{entry:?}");
        }
        let entries = rooms.ledger.entries_of(&row.id).await.unwrap();
        assert_eq!(disagreement(&row, &entries), None, "{row:?}");
    }
}

/// An exporter that has nowhere to go.
pub fn exporter(ledger: &Ledger, clock: &Arc<dyn Clock>) -> Exporter {
    Exporter::new(ledger.clone(), Arc::clone(clock), Arc::new(LogOnly), Vec::new(), Default::default())
}
