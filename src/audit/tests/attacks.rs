//! What somebody with full write access to the database can do, and what finds it out.
//!
//! Each attack is made on a record that was exported twice, and is looked for twice: with what the database itself holds,
//! and with the checkpoints that left it. What was changed after the last export by somebody with the key is found by
//! neither; the last two rows hold that, so that nobody claims more.
#![expect(clippy::string_slice, reason = "what is cut here is ASCII, and a test that panics has failed")]

use tlog_tiles::tlog::stored_hash_count;

use super::{Counted, Fresh, first_bad, fresh};
use crate::audit::edge::Edge;
use crate::audit::key::{Key, KeyFile};
use crate::audit::{Verification, note};
use crate::clock::{Entropy, NoEntropy};
use crate::store::meddle::Attack;
use crate::store::{EventRow, Head};

/// Entries written, apart from those that tell of exports.
const ENTRIES: u16 = 120;
/// After so many of them comes the first export, and the second.
const EXPORTS: [u16; 2] = [60, 110];

/// The record under attack.
struct Scene {
    fresh: Fresh,
    /// Each head there ever was, by its size.
    heads: Vec<Head>,
    exported: Vec<String>,
    size: i64,
}

impl Scene {
    async fn set(fresh: Fresh) -> Self {
        fresh.ledger.store().hurry().await;
        let exporting = fresh.exporter(vec![fresh.file_sink()]);
        let mut heads = Vec::new();
        for number in 1..=ENTRIES {
            heads.push(fresh.ledger.head().await.unwrap().unwrap());
            fresh.write(vec![], vec![super::received(number)]).await;
            if EXPORTS.contains(&number) {
                heads.push(fresh.ledger.head().await.unwrap().unwrap());
                exporting.exporter.export_now().await.unwrap();
            }
        }
        heads.push(fresh.ledger.head().await.unwrap().unwrap());
        let size = heads.last().unwrap().size;
        let exported = fresh.exported();
        assert_eq!(exported.len(), 2);
        Self { fresh, heads, exported, size }
    }

    async fn attack(&self, attacks: impl IntoIterator<Item = Attack>) {
        for attack in attacks {
            self.fresh.ledger.store().meddle(&attack).await;
        }
    }

    /// Cuts the record back to `size` with the genuine head of then, and all that could give it away.
    async fn cut(&self, size: i64) {
        let head = self.heads.iter().find(|head| head.size == size).unwrap().clone();
        self.attack([
            Attack::Truncate { size },
            Attack::Prune { position: tree_end(size) },
            Attack::Forget { size },
            Attack::Behead { head },
        ])
        .await;
    }

    /// Edits an entry, and makes the tree fit again.
    async fn rewrite(&self, seq: i64) {
        self.attack([Attack::Edit { seq, from: "deployments", to: "random" }]).await;
        let (tree, _edge) = self.rebuilt().await;
        self.attack([Attack::Rehash { tree }]).await;
    }

    /// The tree of what is there now.
    async fn rebuilt(&self) -> (Vec<(i64, [u8; 32])>, Edge) {
        let (mut edge, mut tree) = (Edge::default(), Vec::new());
        for row in self.fresh.ledger.store().entries_from(0, 0, 100_000).await.unwrap() {
            tree.extend(stored(&mut edge, &row.body));
        }
        (tree, edge)
    }

    /// Makes all that the record says of its own exports fit what is there now, and signs it.
    async fn sign_all(&self, key: &Key) {
        let signer = [key.signer(0).unwrap()];
        let (mut edge, mut tree, mut sizes) = (Edge::default(), Vec::new(), Vec::new());
        for row in self.fresh.ledger.store().entries_from(0, 0, 100_000).await.unwrap() {
            let mut body = row.body;
            if row.kind == "checkpoint.exported" {
                // It stands right after what was exported.
                let size = edge.size();
                let root = edge.root().unwrap();
                let mut told: serde_json::Value = serde_json::from_slice(&body).unwrap();
                told["body"]["root"] = root.to_string().into();
                let place = format!("{{\"epoch\":0,\"seq\":{},", row.seq);
                told.as_object_mut().unwrap().retain(|key, _| key != "epoch" && key != "seq");
                body = (place + &crate::domain::canonical(&told).unwrap()[1..]).into_bytes();
                let note = note::sign(&signer, size, root).unwrap();
                sizes.push(Attack::Checkpoint { size: size.try_into().unwrap(), note });
                sizes.push(Attack::Body { seq: row.seq, body: body.clone() });
            }
            tree.extend(stored(&mut edge, &body));
        }
        self.attack(sizes.into_iter().chain([Attack::Rehash { tree }])).await;
        self.sign(key).await;
    }

    /// Signs what is there now.
    async fn sign(&self, key: &Key) {
        let (_tree, edge) = self.rebuilt().await;
        let signer = [key.signer(0).unwrap()];
        let note = note::sign(&signer, edge.size(), edge.root().unwrap()).unwrap();
        let size = edge.size().try_into().unwrap();
        self.attack([Attack::Behead { head: Head { epoch: 0, size, note } }]).await;
    }

    fn stolen_key(&self) -> Key {
        KeyFile::in_dir(self.fresh.place.path()).read().unwrap().unwrap()
    }
}

/// Where the tree of `size` entries ends.
fn tree_end(size: i64) -> i64 {
    stored_hash_count(size.try_into().unwrap()).try_into().unwrap()
}

fn stored(edge: &mut Edge, body: &[u8]) -> Vec<(i64, [u8; 32])> {
    let stored = edge.append(body).unwrap();
    stored.into_iter().map(|(at, hash)| (at.try_into().unwrap(), hash.0)).collect()
}

/// Draws the same instance as the ledger under test, but another secret.
struct Forger;

impl Entropy for Forger {
    fn fill(&self, bytes: &mut [u8]) -> Result<(), NoEntropy> {
        if bytes.len() == 8 { Counted::from(1).fill(bytes) } else { Counted::from(99).fill(bytes) }
    }
}

/// What a look comes to.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Look {
    /// It is found, first at this entry.
    At(u64),
    /// It is found, and no entry can be told.
    Found,
    /// It is not found.
    Passes,
}

fn look(found: &Verification) -> Look {
    match found {
        Verification::Sound(_) => Look::Passes,
        Verification::Tampered { .. } => first_bad(found).map_or(Look::Found, Look::At),
        Verification::Undecided { sentence } => panic!("{sentence}"),
    }
}

/// Makes one attack on a record of its own and looks for it in both ways.
async fn assert_attack(name: &str, here: Look, elsewhere: Look, attack: impl AsyncFnOnce(&Scene)) {
    let Some(fresh) = fresh().await else { return };
    let scene = Scene::set(fresh).await;
    let untouched = scene.fresh.sound(&scene.exported).await;
    assert_eq!(i64::try_from(untouched.size), Ok(scene.size));
    attack(&scene).await;
    assert_eq!(look(&scene.fresh.verify(&[]).await), here, "{name}, with what the database holds");
    let found = scene.fresh.verify(&scene.exported).await;
    assert_eq!(look(&found), elsewhere, "{name}, with what left the database: {found:?}");
}

#[tokio::test]
async fn attack_1_edit_a_body() {
    assert_attack("edit", Look::At(37), Look::At(37), async |scene| {
        scene.attack([Attack::Edit { seq: 37, from: "deployments", to: "random" }]).await;
    })
    .await;
}

#[tokio::test]
async fn attack_2_delete_a_row() {
    assert_attack("delete", Look::At(37), Look::At(37), async |scene| {
        scene.attack([Attack::Delete { seq: 37 }]).await;
    })
    .await;
}

#[tokio::test]
async fn attack_3_swap_two_rows() {
    assert_attack("swap", Look::At(37), Look::At(37), async |scene| {
        scene.attack([Attack::Swap { one: 37, other: 39 }]).await;
    })
    .await;
}

#[tokio::test]
async fn attack_4_truncate_the_rows_alone() {
    assert_attack("truncate", Look::At(80), Look::At(80), async |scene| {
        scene.attack([Attack::Truncate { size: 80 }]).await;
    })
    .await;
    // With the tree, but with a head that was signed for more.
    assert_attack("truncate with the tree", Look::At(80), Look::At(80), async |scene| {
        scene.attack([Attack::Truncate { size: 80 }, Attack::Prune { position: tree_end(80) }]).await;
    })
    .await;
}

#[tokio::test]
async fn attack_5_truncate_consistently() {
    assert_attack("truncate consistently", Look::Passes, Look::At(80), async |scene| {
        scene.cut(80).await;
    })
    .await;
}

/// What an attacker who is less careful leaves behind gives it away without any checkpoint.
#[tokio::test]
async fn attack_5_truncate_almost_consistently() {
    for careless in ["payloads", "checkpoints"] {
        assert_attack(careless, Look::At(80), Look::At(80), async |scene| {
            let head = scene.heads.iter().find(|head| head.size == 80).unwrap().clone();
            let position = tree_end(80);
            let cut = [Attack::Truncate { size: 80 }, Attack::Prune { position }, Attack::Behead { head }];
            scene.attack(cut).await;
            if careless == "checkpoints" {
                scene.attack((80..=scene.size).map(|seq| Attack::Unhang { seq })).await;
            }
        })
        .await;
    }
}

#[tokio::test]
async fn attack_6_restore_an_older_copy() {
    // To the record a restored copy is what a perfect cut leaves; `restoring` does it with files.
    assert_attack("restore", Look::Passes, Look::At(100), async |scene| scene.cut(100).await).await;
}

#[tokio::test]
async fn attack_7_rehash_without_the_key() {
    assert_attack("rehash", Look::Found, Look::Found, async |scene| scene.rewrite(37).await).await;
}

#[tokio::test]
async fn attack_8_sign_again_with_the_stolen_key() {
    assert_attack("stolen key", Look::Passes, Look::Found, async |scene| {
        scene.attack([Attack::Edit { seq: 37, from: "deployments", to: "random" }]).await;
        scene.sign_all(&scene.stolen_key()).await;
    })
    .await;
    assert_attack("stolen key, but the notes are left", Look::Found, Look::Found, async |scene| {
        scene.rewrite(37).await;
        scene.sign(&scene.stolen_key()).await;
    })
    .await;
}

#[tokio::test]
async fn attack_9_forge_an_entry_at_the_tail() {
    let tail = u64::from(ENTRIES) + 3;
    assert_attack("forged tail", Look::At(tail), Look::At(tail), async |scene| {
        let (_, mut edge) = scene.rebuilt().await;
        let last = scene.fresh.ledger.store().entries_from(0, scene.size - 1, 1).await.unwrap().remove(0);
        let seq = scene.size;
        let text = String::from_utf8(last.body).unwrap();
        let body = text.replace(&format!("\"seq\":{},", seq - 1), &format!("\"seq\":{seq},")).into_bytes();
        let tree = stored(&mut edge, &body);
        scene.attack([Attack::Append { row: EventRow { seq, body, ..last }, tree }]).await;
    })
    .await;
}

#[tokio::test]
async fn attack_10_delete_the_head_and_the_checkpoints() {
    assert_attack("headless", Look::Found, Look::Found, async |scene| {
        scene.attack([Attack::Headless, Attack::Checkless]).await;
    })
    .await;
    // The entry that tells of the first export stands right after the entries that were exported.
    let told = u64::from(EXPORTS[0]) + 1;
    assert_attack("checkpoints", Look::At(told), Look::At(told), async |scene| {
        scene.attack([Attack::Checkless]).await;
    })
    .await;
}

#[tokio::test]
async fn attack_11_sign_with_another_key() {
    assert_attack("another key", Look::Found, Look::Found, async |scene| {
        scene.sign(&Key::draw(&Forger).unwrap()).await;
    })
    .await;
    assert_attack("a checkpoint by another key", Look::Found, Look::Found, async |scene| {
        let forged = Key::draw(&Forger).unwrap().signer(0).unwrap();
        let (_, edge) = scene.rebuilt().await;
        let note = note::sign(&[forged], 61, edge.root().unwrap()).unwrap();
        scene.attack([Attack::Checkpoint { size: 61, note }]).await;
    })
    .await;
}

#[tokio::test]
async fn attack_12_change_a_stored_hash() {
    let end = i64::from(ENTRIES) + 3;
    for (position, seq) in [(0, 0), (2, 1), (tree_end(8) - 1, 7), (tree_end(end) - 1, 122)] {
        assert_attack("hash", Look::At(seq), Look::At(seq), async |scene| {
            scene.attack([Attack::Hash { position }]).await;
        })
        .await;
    }
}

#[tokio::test]
async fn attack_13_splice_two_records() {
    let Some(other) = fresh().await else { return };
    // The other one is of the same instance, but says something else from some place on.
    other.ledger.store().hurry().await;
    for number in 1..=ENTRIES + 2 {
        other.write(vec![], vec![super::received(number).with("other", true)]).await;
    }
    let rows = other.ledger.store().entries_from(0, 70, 1000).await.unwrap();
    let head = other.ledger.head().await.unwrap().unwrap();
    for (with_tree, with_head, here) in [
        (false, false, Look::At(70)),
        (true, false, Look::Found),
        // The two share their key in this test, which is more than an attacker has.
        (true, true, Look::Found),
    ] {
        assert_attack("splice", here, here, async |scene| {
            scene.attack([Attack::Truncate { size: 70 }, Attack::Forget { size: 70 }]).await;
            for row in rows.iter().take(usize::try_from(scene.size - 70).unwrap()) {
                scene.attack([Attack::Append { row: row.clone(), tree: vec![] }]).await;
            }
            if with_tree {
                let (tree, _) = scene.rebuilt().await;
                scene.attack([Attack::Rehash { tree }]).await;
            }
            if with_head {
                scene.attack([Attack::Behead { head: head.clone() }]).await;
            }
            for seq in 70..=scene.size {
                scene.attack([Attack::Unhang { seq }]).await;
            }
        })
        .await;
    }
}

#[tokio::test]
async fn limit_1_what_was_cut_off_after_the_last_export_passes() {
    assert_attack("L1", Look::Passes, Look::Passes, async |scene| scene.cut(scene.size - 3).await).await;
}

#[tokio::test]
async fn limit_2_what_the_stolen_key_rewrites_after_the_last_export_passes() {
    assert_attack("L2", Look::Passes, Look::Passes, async |scene| {
        scene.rewrite(scene.size - 2).await;
        scene.sign(&scene.stolen_key()).await;
    })
    .await;
}

#[tokio::test]
async fn a_head_of_another_size_or_form_is_found() {
    let Some(fresh) = fresh().await else { return };
    let heads = fresh.grow(5).await;
    let lying = Head { size: 5, ..heads[5].clone() };
    let spaced = Head { note: format!("{}\n", heads[5].note), ..heads[5].clone() };
    for head in [lying, spaced] {
        fresh.ledger.store().meddle(&Attack::Behead { head }).await;
        assert_eq!(first_bad(&fresh.verify(&[]).await), None);
    }
}

#[tokio::test]
async fn columns_and_payloads_that_disagree_with_the_body_are_found() {
    for attack in [
        Attack::Column { seq: 4 },
        Attack::Payload { seq: 4 },
        Attack::Unhang { seq: 4 },
        Attack::Hang { seq: 4 },
    ] {
        let Some(fresh) = fresh().await else { return };
        fresh.grow(5).await;
        fresh.ledger.store().meddle(&attack).await;
        assert_eq!(first_bad(&fresh.verify(&[]).await), Some(4), "{attack:?}");
    }
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
    let edit = Attack::Edit { seq: 2345, from: "deployments", to: "random" };
    fresh.ledger.store().meddle(&edit).await;
    assert_eq!(first_bad(&fresh.verify(&[]).await), Some(2345));
}

#[tokio::test]
async fn checkpoints_of_others_decide_nothing() {
    let Some(fresh) = fresh().await else { return };
    let heads = fresh.grow(5).await;
    let forged = Key::draw(&Forger).unwrap().signer(0).unwrap();
    let root = crate::audit::Checkpoint::parse(&heads[3].note).unwrap().hash;
    let note = note::sign(&[forged], 4, root).unwrap();
    for junk in [note, "no checkpoint".to_owned()] {
        let found = fresh.verify(&[heads[3].note.clone(), junk]).await;
        assert!(matches!(&found, Verification::Undecided { .. }), "{found:?}");
    }
    // But what is found all the same is found.
    fresh.ledger.store().meddle(&Attack::Delete { seq: 2 }).await;
    assert_eq!(first_bad(&fresh.verify(&["no checkpoint".to_owned()]).await), Some(2));
}
