//! What somebody with full write access to the database can do, and what finds it out.

use tlog_tiles::tlog::stored_hash_count;

use super::{Counted, Fresh, fresh};
use crate::audit::edge::Edge;
use crate::audit::key::{Key, KeyFile};
use crate::audit::{Verification, note};
use crate::clock::{Entropy, NoEntropy};
use crate::store::Head;
use crate::store::meddle::Attack;
use crate::store::samples::at;

fn first_bad(found: &Verification) -> Option<u64> {
    let Verification::Tampered { first_bad, .. } = found else { panic!("not found: {found:?}") };
    *first_bad
}

/// After these attacks on a record of 31, this is the first bad entry that is found.
async fn assert_found(attacks: &[Attack], seq: u64) {
    let Some(fresh) = fresh().await else { return };
    fresh.grow(30).await;
    fresh.assert_sound(31).await;
    assert_eq!(first_bad(&meddled(&fresh, attacks, &[]).await), Some(seq), "{attacks:?}");
}

async fn meddled(fresh: &Fresh, attacks: &[Attack], exported: &[String]) -> Verification {
    for attack in attacks {
        fresh.ledger.store().meddle(attack).await;
    }
    fresh.verify(exported).await
}

/// Where the tree of `size` entries ends.
fn tree_end(size: u64) -> i64 {
    stored_hash_count(size).try_into().unwrap()
}

#[tokio::test]
async fn an_edited_body_is_found() {
    assert_found(&[Attack::Edit { seq: 7, from: "deployments", to: "random" }], 7).await;
}

#[tokio::test]
async fn a_deleted_entry_is_found() {
    assert_found(&[Attack::Delete { seq: 7 }], 7).await;
}

#[tokio::test]
async fn swapped_entries_are_found() {
    assert_found(&[Attack::Swap { one: 7, other: 9 }], 7).await;
}

#[tokio::test]
async fn a_tail_cut_off_is_found_with_and_without_its_tree() {
    assert_found(&[Attack::Truncate { size: 20 }], 20).await;
    let both = [Attack::Truncate { size: 20 }, Attack::Prune { position: tree_end(20) }];
    assert_found(&both, 20).await;
}

#[tokio::test]
async fn an_older_genuine_head_passes_until_a_newer_one_was_exported() {
    let Some(fresh) = fresh().await else { return };
    let heads = fresh.grow(30).await;
    let cut = [
        Attack::Truncate { size: 21 },
        Attack::Prune { position: tree_end(21) },
        Attack::Behead { head: heads[20].clone() },
    ];
    // Payloads that hang on nothing would give it away; a careful attacker takes those too.
    for seq in 21..=30 {
        fresh.ledger.store().meddle(&Attack::Unhang { seq }).await;
    }
    let found = meddled(&fresh, &cut, &[]).await;
    assert!(matches!(found, Verification::Sound { size: 21, .. }), "{found:?}");
    assert_eq!(first_bad(&fresh.verify(&[heads[29].note.clone()]).await), Some(21));
    let still = fresh.verify(&[heads[10].note.clone()]).await;
    assert!(matches!(still, Verification::Sound { size: 21, .. }), "{still:?}");
}

#[tokio::test]
async fn a_changed_hash_is_found_wherever_it_is() {
    for (position, seq) in [(0, 0), (2, 1), (tree_end(8) - 1, 7), (tree_end(31) - 1, 30)] {
        assert_found(&[Attack::Hash { position }], seq).await;
    }
}

/// Draws the same instance as the ledger under test, but another secret.
struct Forger;

impl Entropy for Forger {
    fn fill(&self, bytes: &mut [u8]) -> Result<(), NoEntropy> {
        if bytes.len() == 8 { Counted::from(1).fill(bytes) } else { Counted::from(99).fill(bytes) }
    }
}

/// A head over what is in the database now, signed with `key`, and the tree that goes with it.
async fn rebuilt(fresh: &Fresh, key: &Key) -> [Attack; 2] {
    let mut edge = Edge::default();
    let mut tree = Vec::new();
    for row in fresh.ledger.store().entries_from(0, 0, 1000).await.unwrap() {
        let stored = edge.append(&row.body).unwrap();
        tree.extend(stored.into_iter().map(|(at, hash)| (at.try_into().unwrap(), hash.0)));
    }
    let note = note::sign(&key.signer(0).unwrap(), edge.size(), edge.root().unwrap()).unwrap();
    let head = Head { epoch: 0, size: edge.size().try_into().unwrap(), note };
    [Attack::Rehash { tree }, Attack::Behead { head }]
}

#[tokio::test]
async fn a_rewritten_record_is_found_by_its_head_and_with_a_stolen_key_by_what_was_exported() {
    let Some(fresh) = fresh().await else { return };
    let heads = fresh.grow(30).await;
    let edit = Attack::Edit { seq: 7, from: "deployments", to: "random" };
    fresh.ledger.store().meddle(&edit).await;
    let [rehash, forged] = rebuilt(&fresh, &Key::draw(&Forger).unwrap()).await;
    let found = meddled(&fresh, std::slice::from_ref(&rehash), &[]).await;
    assert_eq!(first_bad(&found), None, "the old head");
    assert_eq!(first_bad(&meddled(&fresh, &[forged], &[]).await), None, "another key");

    let stolen = KeyFile::in_dir(fresh.place.path()).read().unwrap().unwrap();
    let resigned = rebuilt(&fresh, &stolen).await;
    let found = meddled(&fresh, &resigned, &[heads[5].note.clone()]).await;
    assert!(
        matches!(found, Verification::Sound { size: 31, .. }),
        "changed after what was exported: {found:?}"
    );
    first_bad(&fresh.verify(&[heads[20].note.clone()]).await);
}

#[tokio::test]
async fn a_head_of_another_size_or_none_is_found() {
    let Some(fresh) = fresh().await else { return };
    let heads = fresh.grow(5).await;
    let lying = Head { size: 5, ..heads[5].clone() };
    assert_eq!(first_bad(&meddled(&fresh, &[Attack::Behead { head: lying }], &[]).await), None);
    let spaced = Head { note: format!("{}\n", heads[5].note), ..heads[5].clone() };
    assert_eq!(first_bad(&meddled(&fresh, &[Attack::Behead { head: spaced }], &[]).await), None);
    assert_eq!(first_bad(&meddled(&fresh, &[Attack::Headless], &[]).await), None);
}

#[tokio::test]
async fn entries_after_the_signed_end_are_found() {
    let Some(fresh) = fresh().await else { return };
    let heads = fresh.grow(5).await;
    let found = meddled(&fresh, &[Attack::Behead { head: heads[4].clone() }], &[]).await;
    assert_eq!(first_bad(&found), Some(5));
}

#[tokio::test]
async fn columns_that_disagree_with_the_body_are_found() {
    assert_found(&[Attack::Column { seq: 3 }], 3).await;
}

#[tokio::test]
async fn payloads_that_are_changed_gone_or_new_are_found() {
    for attack in [Attack::Payload { seq: 4 }, Attack::Unhang { seq: 4 }, Attack::Hang { seq: 4 }] {
        assert_found(std::slice::from_ref(&attack), 4).await;
    }
}

#[tokio::test]
async fn checkpoints_noted_down_must_hold() {
    let Some(fresh) = fresh().await else { return };
    let heads = fresh.grow(5).await;
    fresh.ledger.store().put_checkpoint(&heads[3], "file", at(1)).await.unwrap();
    assert_eq!(fresh.ledger.store().newest_checkpoint("file").await.unwrap(), Some(heads[3].clone()));
    fresh.assert_sound(6).await;
    let other = Attack::Checkpoint { note: heads[2].note.clone() };
    assert_eq!(first_bad(&meddled(&fresh, &[other], &[]).await), None);
}

#[tokio::test]
async fn nothing_more_is_written_to_a_record_that_does_not_match_its_head() {
    let Some(fresh) = fresh().await else { return };
    fresh.grow(5).await;
    fresh.ledger.store().meddle(&Attack::Hash { position: tree_end(6) - 1 }).await;
    fresh.ledger.store().close().await;
    let Err(error) = super::open(fresh.place.path()).await else { panic!("opened") };
    insta::assert_snapshot!(error, @"the record does not match its signed head (the tree has another root than the one that was signed): nothing is written to it; run `countersign audit verify`");
}

#[tokio::test]
async fn a_page_more_than_the_checker_holds_is_checked_too() {
    let Some(fresh) = fresh().await else { return };
    let entries = (0..2500).map(|_| super::received(1)).collect();
    fresh.write(vec![], entries).await;
    fresh.assert_sound(2501).await;
    let found = meddled(&fresh, &[Attack::Edit { seq: 2345, from: "deployments", to: "random" }], &[]).await;
    assert_eq!(first_bad(&found), Some(2345));
}
