use std::os::unix::fs::PermissionsExt as _;

use super::{fresh, open, place};
use crate::audit::{LedgerError, PublicKey};

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
    assert_eq!(PublicKey::parse(&key.to_string()).as_ref(), Some(key));
    assert_eq!(PublicKey::parse(&key.verifier_key(3)).as_ref(), Some(key));
    let other = key.to_string().replace('/', "-");
    for text in ["", "countersign/a/0", other.as_str()] {
        assert_eq!(PublicKey::parse(text), None, "{text}");
    }
}
