//! When checkpoints leave the database, and what is heard when they cannot.
#![expect(clippy::string_slice, reason = "what is cut here is ASCII, and a test that panics has failed")]

use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use futures::FutureExt as _;
use futures::future::BoxFuture;

use super::{Exporting, Fresh, deed, first_bad, fresh, open, received};
use crate::audit::export::{Delivered, Outgoing, Shown, Sink, SinkError};
use crate::audit::{Checkpoint, EntryKind, PublicKey};
use crate::store::meddle::Attack;

/// A sink that does as it is told.
pub(super) struct Puppet {
    trouble: Mutex<Option<String>>,
    taken: AtomicUsize,
}

/// The handle on it; what hangs on the exporter is a clone.
#[derive(Clone)]
pub(super) struct Strings(std::sync::Arc<Puppet>);

impl Strings {
    fn new() -> Self {
        Self(std::sync::Arc::new(Puppet { trouble: Mutex::default(), taken: AtomicUsize::new(0) }))
    }

    fn fail(&self, why: Option<&str>) {
        *self.0.trouble.lock().unwrap() = why.map(str::to_owned);
    }

    fn taken(&self) -> usize {
        self.0.taken.load(Ordering::SeqCst)
    }
}

impl Sink for Strings {
    fn name(&self) -> &'static str {
        "puppet"
    }

    fn deliver<'a>(&'a self, outgoing: &'a Outgoing<'a>) -> BoxFuture<'a, Result<Delivered, SinkError>> {
        async move {
            if let Some(why) = self.0.trouble.lock().unwrap().clone() {
                return Err(SinkError::Failed(why));
            }
            self.0.taken.fetch_add(1, Ordering::SeqCst);
            Ok(Delivered { note: outgoing.checkpoint().note.clone() })
        }
        .boxed()
    }

    fn check<'a>(&'a self, _outgoing: &'a Outgoing<'a>) -> BoxFuture<'a, Result<Shown, SinkError>> {
        std::future::ready(Ok(Shown::Unreadable)).boxed()
    }

    fn held<'a>(&'a self, _keys: &'a [PublicKey]) -> BoxFuture<'a, Result<Vec<Checkpoint>, SinkError>> {
        std::future::ready(Ok(Vec::new())).boxed()
    }
}

async fn with_puppet() -> Option<(Fresh, Exporting, Strings)> {
    let fresh = fresh().await?;
    let puppet = Strings::new();
    let exporting = fresh.exporter(vec![Box::new(puppet.clone())]);
    exporting.exporter.check().await.unwrap();
    exporting.exporter.export_now().await.unwrap();
    assert_eq!(puppet.taken(), 1);
    Some((fresh, exporting, puppet))
}

#[tokio::test]
async fn what_is_new_leaves_after_a_minute_and_what_is_not_never() {
    let Some((fresh, Exporting { exporter, clock, .. }, puppet)) = with_puppet().await else { return };
    clock.advance(Duration::from_secs(3600));
    exporter.export_due().await.unwrap();
    assert_eq!(puppet.taken(), 1, "the entry that tells of an export is no reason for another");
    assert_eq!(exporter.unexported_seconds().await.unwrap(), 0);

    // The clock of the entries is that of the exporter.
    let mut entry = received(1);
    entry.at = crate::clock::Clock::now(&*clock);
    fresh.write(vec![], vec![entry]).await;
    clock.advance(Duration::from_secs(59));
    exporter.export_due().await.unwrap();
    assert_eq!((puppet.taken(), exporter.unexported_seconds().await.unwrap()), (1, 59));
    clock.advance(Duration::from_secs(1));
    exporter.export_due().await.unwrap();
    assert_eq!((puppet.taken(), exporter.unexported_seconds().await.unwrap()), (2, 0));
    // On the record it is one entry each time, and one row.
    let told = fresh.ledger.entries(&Default::default(), 1).await.unwrap().remove(0);
    assert_eq!(told.kind, EntryKind::CheckpointExported);
    assert_eq!(fresh.ledger.store().count("audit_checkpoint").await, 2);
    fresh.assert_sound(4).await;
}

#[tokio::test]
async fn a_hundred_entries_leave_at_once() {
    let Some((fresh, Exporting { exporter, .. }, puppet)) = with_puppet().await else { return };
    // One of the hundred is the entry that tells of the first export.
    let entries = (0..98).map(|_| received(1)).collect();
    fresh.write(vec![], entries).await;
    exporter.export_due().await.unwrap();
    assert_eq!(puppet.taken(), 1);
    fresh.write(vec![], vec![received(1)]).await;
    exporter.export_due().await.unwrap();
    assert_eq!(puppet.taken(), 2);
}

#[tokio::test]
async fn who_exports_at_the_same_time_exports_once() {
    let Some((fresh, Exporting { exporter, .. }, puppet)) = with_puppet().await else { return };
    fresh.write(vec![], vec![received(1)]).await;
    let all = futures::future::join_all((0..8).map(|_| exporter.export_now())).await;
    assert!(all.into_iter().all(|missing| missing.unwrap().is_empty()));
    assert!(puppet.taken() <= 3, "{} times", puppet.taken());
}

#[tokio::test]
async fn a_sink_that_fails_is_told_once_and_tried_until_it_works() {
    let Some((fresh, Exporting { exporter, clock, heard }, puppet)) = with_puppet().await else { return };
    puppet.fail(Some("puppet: it cannot be reached"));
    fresh.write(vec![], vec![received(1)]).await;
    assert_eq!(exporter.export_now().await.unwrap(), ["puppet"]);
    insta::assert_snapshot!(heard.take().join("\n"), @"A checkpoint of the record could not be exported: puppet: it cannot be reached. Until it is, a change to the last entries might not be found. It is tried again until it works.");
    assert_eq!(exporter.failing(), ["puppet"]);

    // Nobody waits again for one that failed a moment ago.
    assert_eq!(exporter.export_now().await.unwrap(), ["puppet"]);
    for _second in 0..120 {
        clock.advance(Duration::from_secs(1));
        exporter.export_due().await.unwrap();
    }
    assert_eq!(heard.take(), [""; 0]);
    assert!(exporter.unexported_seconds().await.unwrap() >= 119);

    puppet.fail(None);
    clock.advance(Duration::from_secs(60));
    exporter.export_due().await.unwrap();
    insta::assert_snapshot!(heard.take().join("\n"), @"Checkpoints of the record reach the puppet again.");
    assert_eq!((exporter.failing(), exporter.unexported_seconds().await.unwrap()), (vec![], 0));
    fresh.assert_sound(4).await;
}

#[tokio::test]
async fn one_sink_that_fails_does_not_keep_the_others_from_theirs() {
    let Some(fresh) = fresh().await else { return };
    let puppet = Strings::new();
    puppet.fail(Some("puppet: no"));
    let Exporting { exporter, .. } = fresh.exporter(vec![Box::new(puppet.clone()), fresh.file_sink()]);
    assert_eq!(exporter.export_now().await.unwrap(), ["puppet"]);
    assert_eq!(fresh.exported().len(), 1);
    let sound = fresh.sound(&fresh.exported()).await;
    assert_eq!((sound.compared, sound.since), (1, Some(1)));
}

#[tokio::test]
async fn the_file_grows_and_takes_only_what_goes_on_from_it() {
    let Some(fresh) = fresh().await else { return };
    let Exporting { exporter, heard, .. } = fresh.exporter(vec![fresh.file_sink()]);
    exporter.check().await.unwrap();
    for _ in 0..3 {
        fresh.grow(2).await;
        assert_eq!(exporter.export_now().await.unwrap(), [""; 0]);
    }
    let notes = fresh.exported();
    assert_eq!(notes.len(), 3);
    let sizes: Vec<u64> = notes.iter().map(|note| Checkpoint::parse(note).unwrap().size).collect();
    assert_eq!(sizes, [3, 6, 9]);

    // The same head again is no second checkpoint, also to a process that has not seen the first.
    fresh.exporter(vec![fresh.file_sink()]).exporter.check().await.unwrap();
    assert_eq!(fresh.exported(), notes);
    assert_eq!(heard.take(), [""; 0]);
}

#[tokio::test]
async fn after_half_a_note_the_file_goes_on() {
    let Some(fresh) = fresh().await else { return };
    let Exporting { exporter, .. } = fresh.exporter(vec![fresh.file_sink()]);
    exporter.export_now().await.unwrap();
    let whole = std::fs::read_to_string(fresh.file()).unwrap();
    for torn in ["countersign/", &whole[..whole.len() / 2], &whole[..whole.len() - 2]] {
        let so_far = std::fs::read_to_string(fresh.file()).unwrap();
        std::fs::write(fresh.file(), format!("{so_far}{torn}")).unwrap();
        let Exporting { exporter, heard, .. } = fresh.exporter(vec![fresh.file_sink()]);
        exporter.check().await.unwrap();
        fresh.grow(1).await;
        exporter.export_now().await.unwrap();
        assert_eq!(heard.take(), [""; 0]);
        let last = Checkpoint::parse(fresh.exported().last().unwrap()).unwrap();
        let head = fresh.ledger.head().await.unwrap().unwrap();
        // The entry that tells of it came after.
        assert_eq!(i64::try_from(last.size), Ok(head.size - 1));
    }
}

#[tokio::test]
async fn checkpoints_that_were_taken_out_of_the_file_are_missed() {
    let Some(fresh) = fresh().await else { return };
    let Exporting { exporter, heard, .. } = fresh.exporter(vec![fresh.file_sink()]);
    exporter.export_now().await.unwrap();
    std::fs::write(fresh.file(), "").unwrap();
    fresh.grow(1).await;
    exporter.export_now().await.unwrap();
    let said = heard.take().join("\n").replace(&fresh.file().display().to_string(), "FILE");
    insta::assert_snapshot!(said, @"A checkpoint of the record could not be exported: file FILE: it became shorter: somebody has taken checkpoints out. Until it is, a change to the last entries might not be found. It is tried again until it works.");

    // Also when nobody was looking.
    std::fs::remove_file(fresh.file()).unwrap();
    let Exporting { exporter, heard, .. } = fresh.exporter(vec![fresh.file_sink()]);
    exporter.check().await.unwrap();
    let said = heard.take().join("\n").replace(&fresh.file().display().to_string(), "FILE");
    insta::assert_snapshot!(said, @"The file FILE does not have the checkpoints any more that it was given. Somebody has taken them away, or it is another one. The newest is exported again.");
    exporter.export_now().await.unwrap();
    assert_eq!(fresh.exported().len(), 1);
}

#[tokio::test]
async fn what_others_write_into_the_file_is_passed_over() {
    let Some(fresh) = fresh().await else { return };
    let Exporting { exporter, .. } = fresh.exporter(vec![fresh.file_sink()]);
    exporter.export_now().await.unwrap();
    let stranger = crate::audit::key::Key::draw(super::Counted::from(50).as_ref()).unwrap();
    let forged =
        crate::audit::note::sign(&[stranger.signer(0).unwrap()], 1_000, tlog_tiles::tlog::EMPTY_HASH)
            .unwrap();
    let whole = std::fs::read_to_string(fresh.file()).unwrap();
    std::fs::write(fresh.file(), format!("{whole}{forged}\nhello\n")).unwrap();
    let Exporting { exporter, heard, .. } = fresh.exporter(vec![fresh.file_sink()]);
    exporter.check().await.unwrap();
    fresh.grow(1).await;
    assert_eq!(exporter.export_now().await.unwrap(), [""; 0]);
    assert_eq!((heard.take(), fresh.ledger.divergence()), (vec![], None));
}

#[tokio::test]
async fn another_history_is_not_exported_and_nothing_is_changed_any_more() {
    let Some(fresh) = fresh().await else { return };
    let Exporting { exporter, heard, .. } = fresh.exporter(vec![fresh.file_sink()]);
    fresh.grow(5).await;
    exporter.export_now().await.unwrap();
    // Somebody with the key rewrites it while the server runs.
    let key = crate::audit::key::KeyFile::in_dir(fresh.place.path()).read().unwrap().unwrap();
    let store = fresh.ledger.store();
    store.meddle(&Attack::Edit { seq: 2, from: "deployments", to: "random" }).await;
    let (mut edge, mut tree) = (crate::audit::edge::Edge::default(), Vec::new());
    for row in store.entries_from(0, 0, 100).await.unwrap() {
        let stored = edge.append(&row.body).unwrap();
        tree.extend(stored.into_iter().map(|(at, hash)| (at.try_into().unwrap(), hash.0)));
    }
    store.meddle(&Attack::Rehash { tree }).await;
    let note =
        crate::audit::note::sign(&[key.signer(0).unwrap()], edge.size(), edge.root().unwrap()).unwrap();
    let head = crate::store::Head { epoch: 0, size: edge.size().try_into().unwrap(), note };
    store.meddle(&Attack::Behead { head }).await;

    // Its own process goes on from what it finds, but what it then exports is refused.
    fresh.grow(1).await;
    exporter.export_now().await.unwrap();
    let said = heard.take().join("\n").replace(&fresh.file().display().to_string(), "FILE");
    insta::assert_snapshot!(said, @"Read-only: the first 6 entries here are not the ones that the checkpoint in file FILE was made of. A backup was restored, or somebody has changed the database. Questions are answered; nothing is changed until an operator runs `countersign audit accept-restore`.");
    assert!(fresh.ledger.divergence().is_some());
    assert_eq!(first_bad(&fresh.verify(&fresh.exported()).await), None);
    assert_eq!(fresh.exported().len(), 1);
}

#[tokio::test]
async fn after_a_restart_it_is_known_what_was_exported() {
    let Some(fresh) = fresh().await else { return };
    let Exporting { exporter, .. } = fresh.exporter(vec![fresh.file_sink()]);
    fresh.grow(3).await;
    exporter.export_now().await.unwrap();
    fresh.ledger.store().close().await;
    let ledger = open(fresh.place.path()).await.unwrap();
    let again = Fresh { ledger, ..fresh };
    let Exporting { exporter, clock, .. } = again.exporter(vec![again.file_sink()]);
    exporter.check().await.unwrap();
    clock.advance(Duration::from_secs(3600));
    exporter.export_due().await.unwrap();
    exporter.export_rest().await.unwrap();
    assert_eq!(again.exported().len(), 1);
    again.ledger.rotate_key(&deed("x")).await.unwrap();
    exporter.export_rest().await.unwrap();
    assert_eq!(again.exported().len(), 2);
}
