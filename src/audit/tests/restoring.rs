//! A database that was put back to an earlier state changes nothing until somebody accepts that, on the record.

use super::{Exporting, Fresh, deed, fresh, open, received};
use crate::audit::{Divergence, Entry, EntryKind, LedgerError, Position, Proof, Step, Verification};
use crate::store::cells::Cell;
use crate::store::samples::{at, moved, request};
use crate::store::{Guard, RequestState, Row};

/// All values of the record's tables: a backup that goes back into either database.
async fn backup(fresh: &Fresh) -> Vec<Cell> {
    fresh.ledger.store().cells().await
}

/// Puts a backup back, as somebody would with the server stopped, and starts again.
async fn restore(fresh: Fresh, backup: &[Cell]) -> Fresh {
    fresh.ledger.store().put_back(backup).await;
    fresh.ledger.store().close().await;
    let ledger = open(fresh.place.path()).await.unwrap();
    Fresh { ledger, ..fresh }
}

/// Ten entries, a backup, ten more, and what was exported after each.
async fn restored() -> Option<(Fresh, Exporting)> {
    let fresh = fresh().await?;
    let exporting = fresh.exporter(vec![fresh.file_sink()]);
    fresh.grow(10).await;
    exporting.exporter.export_now().await.unwrap();
    let backup = backup(&fresh).await;
    fresh.grow(10).await;
    exporting.exporter.export_now().await.unwrap();
    let fresh = restore(fresh, &backup).await;
    let exporting = fresh.exporter(vec![fresh.file_sink()]);
    exporting.exporter.check().await.unwrap();
    Some((fresh, exporting))
}

/// The start of something, which changes something if it has a target.
fn start(target: Option<&str>) -> (Vec<Row>, Step) {
    let one = request(1);
    let guard = Guard::Start {
        id: one.id.clone(),
        version: 1,
        locks: None,
        target: target.map(str::to_owned),
        policy: crate::domain::Digest::of(b"policy"),
        until: at(4_000_000_000),
    };
    let entries = vec![Entry::new(EntryKind::Started, at(1)).about(&one.id)];
    let rows = vec![Row::Request(Box::new(moved(&one, RequestState::Started)))];
    (vec![Row::Request(Box::new(one))], Step { guard, rows, entries })
}

#[tokio::test]
async fn a_restored_backup_changes_nothing_until_that_is_accepted() {
    let Some((fresh, Exporting { exporter, heard, .. })) = restored().await else { return };
    let said = heard.take().join("\n").replace(&fresh.file().display().to_string(), "FILE");
    insta::assert_snapshot!(said, @"Read-only: the record here has 12 entries, but file FILE has a checkpoint of 22. A backup was restored, or somebody has changed the database. Questions are answered; nothing is changed until an operator runs `countersign audit accept-restore`.");

    // What changes something does not start; what only reads does, and is on the record.
    let (rows, step) = start(Some("order-service/production"));
    fresh.write(rows, vec![]).await;
    let refused = fresh.ledger.started("proof", step).await.unwrap_err();
    assert!(matches!(refused, LedgerError::ReadOnly(_)), "{refused}");
    let (_, step) = start(None);
    assert!(fresh.ledger.started("proof", step).await.unwrap().is_ok());

    // Nothing of it is exported, so nobody is shown two histories.
    exporter.export_due().await.unwrap();
    assert_eq!(exporter.export_now().await.unwrap(), [""; 0]);
    assert_eq!(fresh.exported().len(), 2);
    let Verification::Tampered { first_bad, sentence } = fresh.verify(&fresh.exported()).await else {
        panic!("not found")
    };
    assert_eq!(first_bad, Some(Position::new(0, 13)));
    insta::assert_snapshot!(sentence, @"the record has 13 entries, but a checkpoint of 22 was exported");

    assert_eq!(exporter.accept_restore(&deed("the disk died")).await.unwrap(), 1);
    assert_eq!(fresh.ledger.divergence(), None);
    let head = fresh.ledger.head().await.unwrap().unwrap();
    assert_eq!((head.epoch, head.size), (1, 2), "it begins anew, and was exported at once");
    let sound = fresh.sound(&fresh.exported()).await;
    assert_eq!((sound.size, sound.compared, sound.since), (15, 2, Some(1)));
    let [restore] = &sound.restores[..] else { panic!("{sound:?}") };
    assert_eq!((restore.epoch, restore.lost), (1, 11));
    assert_eq!(
        (restore.who.as_str(), restore.at, restore.reason.as_str()),
        ("carol", at(9), "the disk died")
    );

    let again = exporter.accept_restore(&deed("again")).await.unwrap_err();
    insta::assert_snapshot!(again, @"the record is whole: there is no restored backup to accept");

    // It goes on, also after a restart, and earlier records stay provable.
    fresh.write(vec![], vec![received(1)]).await;
    exporter.export_now().await.unwrap();
    fresh.ledger.store().close().await;
    let ledger = open(fresh.place.path()).await.unwrap();
    let fresh = Fresh { ledger, ..fresh };
    let Exporting { exporter, heard, .. } = fresh.exporter(vec![fresh.file_sink()]);
    exporter.check().await.unwrap();
    assert_eq!((heard.take(), fresh.ledger.divergence()), (vec![], None));
    for position in [Position::new(0, 12), Position::new(1, 0), Position::new(1, 2)] {
        let proof = Proof::of(fresh.ledger.store(), position).await.unwrap();
        assert_eq!(proof.check(&[fresh.ledger.public_key()], &[]), Ok(()), "{position}");
    }
    assert_eq!(fresh.sound(&fresh.exported()).await.size, 17);
}

#[tokio::test]
async fn what_was_accepted_explains_no_other_loss() {
    let Some((fresh, Exporting { exporter, .. })) = restored().await else { return };
    exporter.accept_restore(&deed("the disk died")).await.unwrap();
    fresh.sound(&fresh.exported()).await;
    // A checkpoint of the first record that nobody knew of when it was accepted.
    let key = crate::audit::key::KeyFile::in_dir(fresh.place.path()).read().unwrap().unwrap();
    let later =
        crate::audit::note::sign(&[key.signer(0).unwrap()], 30, tlog_tiles::tlog::EMPTY_HASH).unwrap();
    let Verification::Tampered { first_bad, .. } = fresh.verify(std::slice::from_ref(&later)).await else {
        panic!("not found")
    };
    assert_eq!(first_bad, Some(Position::new(0, 12)));
    // A sink that comes back with it makes the record read-only again.
    std::fs::write(fresh.file(), later).unwrap();
    let Exporting { exporter, .. } = fresh.exporter(vec![fresh.file_sink()]);
    exporter.check().await.unwrap();
    assert!(matches!(fresh.ledger.divergence().as_deref(), Some(Divergence::Behind { newest: (0, 30), .. })));
    assert_eq!(exporter.accept_restore(&deed("found another file")).await.unwrap(), 2);
    assert_eq!(fresh.sound(&fresh.exported()).await.restores.len(), 2);
}

#[tokio::test]
async fn a_backup_of_an_earlier_record_is_behind_too() {
    let Some((fresh, Exporting { exporter, .. })) = restored().await else { return };
    let early = backup(&fresh).await;
    exporter.accept_restore(&deed("the disk died")).await.unwrap();
    let fresh = restore(fresh, &early).await;
    let Exporting { exporter, .. } = fresh.exporter(vec![fresh.file_sink()]);
    exporter.check().await.unwrap();
    insta::assert_snapshot!(fresh.ledger.divergence().unwrap().to_string().replace(&fresh.file().display().to_string(), "FILE"), @"the record here is number 0, but file FILE has a checkpoint of number 1");
    // The number that was used is not used again.
    assert_eq!(exporter.accept_restore(&deed("and again")).await.unwrap(), 2);
    let sound = fresh.sound(&fresh.exported()).await;
    assert_eq!(sound.restores.iter().map(|restore| restore.epoch).collect::<Vec<_>>(), [2]);
}

#[tokio::test]
async fn a_history_that_went_another_way_is_no_beginning() {
    let Some((fresh, Exporting { exporter, .. })) = restored().await else { return };
    // Somebody ran the restored copy without its sinks, until it was longer than what it was restored from.
    fresh.grow(30).await;
    let Exporting { exporter: other, .. } = fresh.exporter(vec![fresh.file_sink()]);
    fresh.ledger.set_divergence(None);
    other.check().await.unwrap();
    assert!(matches!(fresh.ledger.divergence().as_deref(), Some(Divergence::Fork { newest: (0, 22), .. })));
    exporter.accept_restore(&deed("two servers ran")).await.unwrap();
    let sound = fresh.sound(&fresh.exported()).await;
    assert_eq!((sound.size, sound.restores[0].lost), (44, 11));
}

#[tokio::test]
async fn a_backup_from_before_the_key_was_changed_is_known_by_that_alone() {
    let Some(fresh) = fresh().await else { return };
    fresh.grow(5).await;
    let backup = backup(&fresh).await;
    fresh.ledger.rotate_key(&deed("as planned")).await.unwrap();
    let fresh = restore(fresh, &backup).await;
    assert_eq!(fresh.ledger.divergence().as_deref(), Some(&Divergence::KeyUnknown));
    let Exporting { exporter, heard, .. } = fresh.exporter(vec![]);
    exporter.check().await.unwrap();
    insta::assert_snapshot!(heard.take().join("\n"), @"Read-only: the record here is from before the signing key was changed. A backup was restored, or somebody has changed the database. Questions are answered; nothing is changed until an operator runs `countersign audit accept-restore`.");
    fresh.grow(1).await;
    assert!(matches!(fresh.verify(&[]).await, Verification::Tampered { .. }));
    exporter.accept_restore(&deed("the disk died")).await.unwrap();
    assert_eq!(fresh.sound(&[]).await.size, 8);
}

#[tokio::test]
async fn an_entry_of_an_earlier_record_can_still_be_purged() {
    let Some((fresh, Exporting { exporter, .. })) = restored().await else { return };
    exporter.accept_restore(&deed("the disk died")).await.unwrap();
    let purged = fresh.ledger.purge(Position::new(0, 3), None, &deed("a password")).await.unwrap();
    assert_eq!(purged.written.seqs.end - purged.written.seqs.start, 1);
    let sound = fresh.sound(&fresh.exported()).await;
    assert_eq!(sound.redacted.len(), 1);
    assert_eq!(sound.redacted[0].position, Position::new(0, 3));
}

#[tokio::test]
async fn a_record_that_is_gone_or_was_never_begun_is_found() {
    let Some((fresh, Exporting { exporter, .. })) = restored().await else { return };
    exporter.accept_restore(&deed("the disk died")).await.unwrap();
    let store = fresh.ledger.store();
    store.unguard().await;
    let cells = store.cells().await;
    let moved: Vec<_> =
        cells.iter().filter(|cell| cell.table == "audit_event" && cell.column == "epoch").collect();
    for (cell, to) in [(moved[0], 7), (moved[moved.len() - 1], 5)] {
        let changed = store.put_cell(cell, &crate::store::cells::Value::Integer(to)).await.unwrap();
        assert!(matches!(fresh.verify(&[]).await, Verification::Tampered { .. }));
        store.put_cell(&changed, &cell.value).await.unwrap();
    }
    fresh.sound(&fresh.exported()).await;
}
