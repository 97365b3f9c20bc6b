use std::os::unix::fs::PermissionsExt as _;

use super::{deed, first_bad, fresh, open, place, received};
use crate::audit::key::KeyFile;
use crate::audit::{Checkpoint, LedgerError, PublicKey, Verification};

#[tokio::test]
async fn the_key_is_for_its_owner_alone() {
    let Some(fresh) = fresh().await else { return };
    let path = fresh.place.path().join("ledger.key");
    let mode = |path| std::fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(&path), 0o600);
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o640)).unwrap();
    let Err(error) = open(fresh.place.path()).await else { panic!("opened") };
    assert!(error.to_string().ends_with("others can read it; run `chmod 600` on it"), "{error}");
}

#[tokio::test]
async fn a_record_without_its_key_is_not_continued() {
    let Some(fresh) = fresh().await else { return };
    let path = fresh.place.path().join("ledger.key");
    std::fs::rename(&path, path.with_extension("away")).unwrap();
    assert!(
        matches!(open(fresh.place.path()).await, Err(LedgerError::KeyMissing(missing)) if missing == path)
    );
    let Some(elsewhere) = super::fresh().await else { return };
    std::fs::copy(elsewhere.place.path().join("ledger.key"), &path).unwrap();
    // Both drew the same bytes in this test, so the same key: it fits.
    assert!(open(fresh.place.path()).await.is_ok());
    std::fs::write(&path, "something else").unwrap();
    assert!(matches!(open(fresh.place.path()).await, Err(LedgerError::Key { .. })));
}

#[tokio::test]
async fn a_key_without_its_record_begins_no_second_one() {
    let Some(fresh) = fresh().await else { return };
    let Some(empty) = place().await else { return };
    std::fs::copy(fresh.place.path().join("ledger.key"), empty.path().join("ledger.key")).unwrap();
    assert!(matches!(open(empty.path()).await, Err(LedgerError::RecordMissing(_))));
}

#[tokio::test]
async fn a_start_that_was_cut_off_before_the_key_moved_in_is_taken_up() {
    let Some(fresh) = fresh().await else { return };
    let path = fresh.place.path().join("ledger.key");
    std::fs::rename(&path, fresh.place.path().join("ledger.key.new")).unwrap();
    let again = open(fresh.place.path()).await.unwrap();
    assert_eq!(again.public_key(), fresh.ledger.public_key());
    assert!(path.exists());
}

#[tokio::test]
async fn the_public_key_reads_back() {
    let Some(fresh) = fresh().await else { return };
    let key = fresh.ledger.public_key();
    assert_eq!(PublicKey::parse(&key.to_string()).as_ref(), Some(&key));
    assert_eq!(PublicKey::parse(&key.verifier_key(3)).as_ref(), Some(&key));
    let other = key.to_string().replace('/', "-");
    for text in ["", "countersign/a/0", other.as_str()] {
        assert_eq!(PublicKey::parse(text), None, "{text}");
    }
}

#[tokio::test]
async fn a_key_is_followed_by_another_and_all_of_the_record_stays_checkable() {
    let Some(fresh) = fresh().await else { return };
    let exporting = fresh.exporter(vec![fresh.file_sink()]);
    fresh.grow(3).await;
    exporting.exporter.export_now().await.unwrap();
    let old = fresh.ledger.public_key();

    let new = fresh.ledger.rotate_key(&deed("a laptop was lost")).await.unwrap();
    assert_eq!(fresh.ledger.public_key(), new);
    assert_ne!(new, old);
    let both = Checkpoint::parse(&fresh.ledger.head().await.unwrap().unwrap().note).unwrap();
    assert!(both.is_signed_by(std::slice::from_ref(&old)) && both.is_signed_by(std::slice::from_ref(&new)));
    exporting.exporter.export_now().await.unwrap();
    fresh.grow(3).await;
    exporting.exporter.export_now().await.unwrap();
    let last = Checkpoint::parse(&fresh.ledger.head().await.unwrap().unwrap().note).unwrap();
    assert!(!last.is_signed_by(std::slice::from_ref(&old)) && last.is_signed_by(std::slice::from_ref(&new)));

    // The three checkpoints were signed by the old key, by both, and by the new one.
    let sound = fresh.sound(&fresh.exported()).await;
    assert_eq!((sound.compared, sound.since), (3, Some(1)));
    let outdated = fresh.verify_with(&[old], &[]).await;
    assert_eq!(first_bad(&outdated), None, "an old key does not vouch for what came after it");

    // It is the key from now on, and the old private one is nowhere.
    let file = std::fs::read_to_string(fresh.place.path().join("ledger.key")).unwrap();
    assert_eq!(file.matches("PRIVATE").count(), 1);
    fresh.ledger.store().close().await;
    let again = open(fresh.place.path()).await.unwrap();
    assert_eq!((again.public_key(), again.divergence()), (new, None));
}

#[tokio::test]
async fn a_change_of_keys_that_was_cut_off_is_taken_up_or_undone() {
    let Some(fresh) = fresh().await else { return };
    fresh.grow(2).await;
    let file = KeyFile::in_dir(fresh.place.path());
    let old = file.read().unwrap().unwrap();
    // Before the record knew of it.
    let next = old.successor(super::Counted::from(77).as_ref()).unwrap();
    file.write_beside(&next).unwrap();
    let again = open(fresh.place.path()).await.unwrap();
    assert_eq!(again.public_key(), old.public());
    assert!(file.read_beside().unwrap().is_none());

    // After that: the record knows of it, and the old file is still in its place.
    let before = std::fs::read(file.place()).unwrap();
    let new = fresh.ledger.rotate_key(&deed("as planned")).await.unwrap();
    std::fs::rename(file.place(), fresh.place.path().join("ledger.key.new")).unwrap();
    std::fs::write(file.place(), before).unwrap();
    std::fs::set_permissions(file.place(), std::fs::Permissions::from_mode(0o600)).unwrap();
    let again = open(fresh.place.path()).await.unwrap();
    assert_eq!(again.public_key(), new);
    fresh.assert_sound(4).await;
}

#[tokio::test]
async fn other_processes_follow_when_the_key_changes() {
    let Some(fresh) = fresh().await else { return };
    let other = open(fresh.place.path()).await.unwrap();
    let write = async |ledger: &crate::audit::Ledger| {
        let step =
            crate::audit::Step { guard: crate::store::Guard::Open, rows: vec![], entries: vec![received(1)] };
        ledger.write(step).await.unwrap().unwrap();
    };
    write(&other).await;
    let new = fresh.ledger.rotate_key(&deed("as planned")).await.unwrap();
    write(&other).await;
    assert_eq!(other.public_key(), new);
    write(&fresh.ledger).await;
    write(&other).await;
    let found = fresh.verify(&[]).await;
    assert!(matches!(&found, Verification::Sound(sound) if sound.size == 6), "{found:?}");
}
