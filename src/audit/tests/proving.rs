//! Proofs that stand without us, and formats that others read.
#![expect(clippy::string_slice, reason = "what is cut here is ASCII, and a test that panics has failed")]

use std::collections::HashMap;

use ct_merkle::mem_backed_tree::MemoryBackedTree;
use signed_note::{Note, StandardVerifier, VerifierList};
use tlog_tiles::tlog::{self, Hash, HashReader};

use super::{deed, fresh};
use crate::audit::{Checkpoint, Consistency, NoteScanner, Position, Proof, ProofFault, dump_entries};

#[tokio::test]
async fn the_proof_of_any_entry_holds_and_any_change_of_it_does_not() {
    let Some(fresh) = fresh().await else { return };
    fresh.grow(11).await;
    let keys = [fresh.ledger.public_key()];
    for seq in 0..12 {
        let proof = Proof::of(fresh.ledger.store(), Position::new(0, seq)).await.unwrap();
        let text = proof.to_text();
        assert_eq!(Proof::parse(&text), Ok(proof.clone()));
        assert_eq!(proof.check(&keys, &[]), Ok(()), "{seq}");
        // Changing any one character of it leaves nothing that holds.
        for (at, letter) in text.char_indices() {
            let other = if letter == 'A' { 'B' } else { 'A' };
            let changed = format!("{}{other}{}", &text[..at], &text[at + letter.len_utf8()..]);
            let holds = Proof::parse(&changed).is_ok_and(|proof| proof.check(&keys, &[]).is_ok());
            assert!(!holds, "{seq}: {letter} at {at}");
        }
    }
    let wrong = Proof { seq: 4, ..Proof::of(fresh.ledger.store(), Position::new(0, 5)).await.unwrap() };
    assert_eq!(wrong.check(&keys, &[]), Err(ProofFault::Unproven));
    let stranger = crate::audit::key::Key::draw(super::Counted::from(5).as_ref()).unwrap().public();
    let proof = Proof::of(fresh.ledger.store(), Position::new(0, 5)).await.unwrap();
    assert_eq!(proof.check(&[stranger], &[]), Err(ProofFault::Unsigned));
    let nowhere = Proof::of(fresh.ledger.store(), Position::new(0, 12)).await.unwrap_err();
    assert_eq!(nowhere.to_string(), "there is no entry 12 on the record");
}

#[tokio::test]
async fn a_proof_looks_like_this() {
    let Some(fresh) = fresh().await else { return };
    fresh.grow(4).await;
    let proof = Proof::of(fresh.ledger.store(), Position::new(0, 2)).await.unwrap().to_text();
    // The first entry names the version of the program, so the hashes are not the same for ever.
    let hash = |line: &str| line.len() == 44 && line.ends_with('=');
    let shown: Vec<_> = proof.lines().map(|line| if hash(line) { "HASH" } else { line }).collect();
    let shown = shown.join("\n");
    insta::assert_snapshot!(shown.rsplit_once(' ').unwrap().0);
}

#[tokio::test]
async fn any_two_states_are_proven_to_go_on_from_each_other() {
    let Some(fresh) = fresh().await else { return };
    let heads = fresh.grow(19).await;
    for new in 1..=20u64 {
        for old in 0..=new {
            let proof = Consistency::of(fresh.ledger.store(), 0, old, new).await.unwrap();
            assert!(proof.holds(), "{old} to {new}");
            if old > 0 {
                let head = Checkpoint::parse(&heads[usize::try_from(old).unwrap() - 1].note).unwrap();
                assert_eq!(proof.old, (old, head.root()));
            }
            let mut wrong = proof.clone();
            wrong.new.1.clone_from(&Hash([7; 32]).to_string());
            assert!(old == 0 || !wrong.holds(), "{old} to {new}");
        }
    }
    let beyond = Consistency::of(fresh.ledger.store(), 0, 3, 25).await;
    assert!(beyond.is_err());
}

#[tokio::test]
async fn what_is_written_out_is_the_leaves_and_their_checkpoint() {
    let Some(fresh) = fresh().await else { return };
    fresh.grow(700).await;
    fresh.ledger.purge(Position::new(0, 3), None, &deed("x")).await.unwrap();
    let (mut lines, mut edge) = (Vec::new(), crate::audit::edge::Edge::default());
    let newest = dump_entries(fresh.ledger.store(), |line| {
        lines.push(line.to_vec());
        Ok(())
    })
    .await
    .unwrap()
    .unwrap();
    let note = lines.pop().unwrap();
    let note = NoteScanner::all(&String::from_utf8(note).unwrap()).remove(0);
    assert_eq!(note, newest.note);
    for line in &lines {
        edge.append(line).unwrap();
    }
    assert_eq!((edge.size(), edge.root().unwrap()), (702, newest.hash));
}

#[test]
fn notes_are_found_in_files_and_in_logs() {
    let key = crate::audit::key::Key::draw(super::Counted::from(1).as_ref()).unwrap();
    let signer = [key.signer(0).unwrap()];
    let notes: Vec<String> =
        (1..4).map(|size| crate::audit::note::sign(&signer, size, Hash([9; 32])).unwrap()).collect();
    let file = notes.join("\n");
    assert_eq!(NoteScanner::all(&file), notes);
    let log: String = notes
        .iter()
        .map(|note| format!("{}\n", serde_json::json!({ "at": "x", "checkpoint": note })))
        .collect();
    assert_eq!(NoteScanner::all(&format!("starting\n{log}other\n")), notes);
    // A crash leaves any beginning of a note behind; the next one starts anew.
    for cut in 0..notes[0].len() {
        if notes[0].is_char_boundary(cut) {
            let torn = format!("{}\n\n{}", &notes[0][..cut], notes[1]);
            let found = NoteScanner::all(&torn);
            assert_eq!(found.last(), Some(&notes[1]), "cut at {cut}");
            let genuine =
                |note: &String| Checkpoint::parse(note).is_ok_and(|read| read.is_signed_by(&[key.public()]));
            let whole = usize::from(cut + 1 >= notes[0].len());
            assert_eq!(found.iter().filter(|note| genuine(note)).count(), 1 + whole, "cut at {cut}");
        }
    }
    // Pasted from a chat.
    let pasted = format!("here it is:\n{}\nthanks", notes[2]);
    assert_eq!(NoteScanner::all(&pasted), [notes[2].clone()]);
}

#[test]
fn checkpoints_of_absurd_sizes_are_refused() {
    let key = crate::audit::key::Key::draw(super::Counted::from(1).as_ref()).unwrap();
    for size in [(1 << 53) + 1, u64::MAX] {
        let note = crate::audit::note::sign(&[key.signer(0).unwrap()], size, Hash([9; 32])).unwrap();
        assert!(Checkpoint::parse(&note).is_err());
    }
}

/// The example of the Go package `golang.org/x/mod/sumdb/note`.
#[test]
fn the_notes_of_go_are_read() {
    let key = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW";
    let note = "If you think cryptography is the answer to your problem,\n\
                then you don't know what your problem is.\n\n\
                \u{2014} PeterNeumann x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=\n";
    let verifiers = VerifierList::new(vec![Box::new(StandardVerifier::new(key).unwrap())]);
    assert!(Note::from_bytes(note.as_bytes()).unwrap().verify(&verifiers).is_ok());
    let changed = note.replace("problem is", "problem was");
    assert!(Note::from_bytes(changed.as_bytes()).unwrap().verify(&verifiers).is_err());
}

/// All stored hashes of a tree.
#[derive(Default)]
struct Whole(HashMap<u64, Hash>);

impl HashReader for Whole {
    fn read_hashes(&self, indexes: &[u64]) -> Result<Vec<Hash>, tlog::Error> {
        Ok(indexes.iter().map(|index| self.0[index]).collect())
    }
}

/// Another implementation of RFC 6962 agrees on roots and proofs, in ten thousand trees.
#[test]
fn ct_merkle_agrees() {
    let mut draw = 0u64;
    let mut random = |below: u64| {
        draw += 1;
        let digest = crate::domain::Digest::of(&draw.to_be_bytes());
        u64::from_be_bytes(digest.as_bytes()[..8].try_into().unwrap()) % below
    };
    let bytes = |proof: Vec<Hash>| proof.iter().flat_map(|hash| hash.0).collect::<Vec<u8>>();
    for _tree in 0..10_000 {
        let size = 1 + random(40);
        let mut theirs = MemoryBackedTree::<sha2::Sha256, Vec<u8>>::new();
        let (mut ours, mut edge) = (Whole::default(), crate::audit::edge::Edge::default());
        let seed = random(u64::MAX);
        for leaf in 0..size {
            let leaf = (seed ^ leaf).to_be_bytes()[..usize::try_from(leaf % 9).unwrap()].to_vec();
            ours.0.extend(edge.append(&leaf).unwrap());
            theirs.push(leaf);
        }
        assert_eq!(theirs.root().as_bytes().as_slice(), edge.root().unwrap().0);
        let seq = random(size);
        let inclusion = tlog::prove_record(size, seq, &ours).unwrap();
        assert_eq!(theirs.prove_inclusion(usize::try_from(seq).unwrap()).as_bytes(), bytes(inclusion));
        let old = 1 + random(size);
        if old < size {
            let consistency = tlog::prove_tree(size, old, &ours).unwrap();
            let additions = usize::try_from(size - old).unwrap();
            assert_eq!(theirs.prove_consistency(additions).as_bytes(), bytes(consistency));
        }
    }
}
