use signed_note::{Note, Signer, StandardSigner, StandardVerifier, VerifierList};
use tlog_tiles::checkpoint::Checkpoint;
use tlog_tiles::tlog::Hash;

/// A head that somebody with the key has signed.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct SignedHead {
    pub(super) size: u64,
    pub(super) root: Hash,
}

/// Signs a head. `None` only if the origin were not fit for a note, which ours always is.
pub(super) fn sign(signer: &StandardSigner, size: u64, root: Hash) -> Option<String> {
    let checkpoint = Checkpoint::new(signer.name(), size, root, "").ok()?;
    let mut note = Note::new(&checkpoint.to_bytes(), &[]).ok()?;
    note.add_sigs(&[signer]).ok()?;
    String::from_utf8(note.to_bytes()).ok()
}

/// Reads a note, or says what is wrong with it. Only the form that [`sign`] writes is read: another text of the same
/// meaning would be a second note for the same head. Signatures of others beside ours are fine.
pub(super) fn open(verifier: &StandardVerifier, text: &str) -> Result<SignedHead, &'static str> {
    let origin = signed_note::Verifier::name(verifier);
    let note = Note::from_bytes(text.as_bytes()).map_err(|_malformed| "the head is no signed note")?;
    if note.to_bytes() != text.as_bytes() {
        return Err("the head is not written in its one form");
    }
    let checkpoint =
        Checkpoint::from_bytes(note.text()).map_err(|_malformed| "the signed note is no checkpoint")?;
    if checkpoint.to_bytes() != note.text() || !checkpoint.extension().is_empty() {
        return Err("the checkpoint is not written in its one form");
    }
    if checkpoint.origin() != origin {
        return Err("the checkpoint is of another record");
    }
    note.verify(&VerifierList::new(vec![Box::new(verifier.clone())]))
        .map_err(|_unverified| "the head does not carry the signature of this record's key")?;
    Ok(SignedHead { size: checkpoint.size(), root: *checkpoint.hash() })
}
