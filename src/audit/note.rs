//! Signed notes: how a head of the record is written down, so that foreign tools read it too.

use signed_note::{Note, Signer, StandardSigner, Verifier, VerifierList};
use tlog_tiles::tlog::Hash;

use super::PublicKey;
use super::checkpoint::Checkpoint;

/// Signs a head with each of these keys. `None` only if an origin were not fit for a note, which ours always are.
pub(super) fn sign(signers: &[StandardSigner], size: u64, root: Hash) -> Option<String> {
    let origin = signers.first()?.name();
    let checkpoint = tlog_tiles::checkpoint::Checkpoint::new(origin, size, root, "").ok()?;
    let mut note = Note::new(&checkpoint.to_bytes(), &[]).ok()?;
    let signers: Vec<&dyn Signer> = signers.iter().map(|signer| signer as &dyn Signer).collect();
    note.add_sigs(&signers).ok()?;
    String::from_utf8(note.to_bytes()).ok()
}

/// Who can tell the notes of one epoch of one record from others.
pub(super) struct Readers {
    epoch: u64,
    instance: String,
    verifiers: VerifierList,
}

impl Readers {
    /// Readers that know these keys; one of them must have signed. `None` without any.
    pub(super) fn new(epoch: u64, keys: &[PublicKey]) -> Option<Self> {
        let instance = keys.first()?.instance().to_owned();
        let mut known: Vec<&PublicKey> = Vec::new();
        for key in keys.iter().filter(|key| key.instance() == instance) {
            // The same key twice would make each of its signatures ambiguous.
            if !known.contains(&key) {
                known.push(key);
            }
        }
        let verifiers: Option<Vec<Box<dyn Verifier>>> = known
            .into_iter()
            .map(|key| key.verifier(epoch).map(|verifier| Box::new(verifier) as Box<dyn Verifier>))
            .collect();
        Some(Self { epoch, instance, verifiers: VerifierList::new(verifiers?) })
    }

    /// Reads a note, or says what is wrong with it. Only the form that [`sign`] writes is read: another text of the same
    /// meaning would be a second note for the same head. Signatures of others beside ours are fine.
    pub(super) fn open(&self, text: &str) -> Result<Checkpoint, &'static str> {
        let checkpoint = Checkpoint::parse(text)?;
        if checkpoint.epoch != self.epoch || checkpoint.instance != self.instance {
            return Err("the checkpoint is of another record");
        }
        let note = Note::from_bytes(text.as_bytes()).map_err(|_malformed| "the head is no signed note")?;
        note.verify(&self.verifiers)
            .map_err(|_unverified| "the head does not carry the signature of this record's key")?;
        Ok(checkpoint)
    }
}
