//! The signature of a witness: that at some moment it saw this checkpoint go on from all it saw before.

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use ed25519_dalek::{Signature, Verifier as _, VerifyingKey};
use signed_note::{Note, Verifier, VerifierList, key_id};

/// The type byte of Ed25519 cosignatures in signed notes.
const COSIGNATURE_V1: u8 = 4;

/// A witness as we know it: its name and its key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cosigner {
    name: String,
    id: u32,
    key: VerifyingKey,
}

impl Cosigner {
    /// Reads the verifier key of a witness: `<name>+<id>+<base64>`, of the kind for cosignatures (0x04).
    pub fn parse(text: &str) -> Option<Self> {
        let (name, rest) = text.trim().split_once('+')?;
        let (id, key) = rest.split_once('+')?;
        let material = BASE64_STANDARD.decode(key).ok()?;
        let (COSIGNATURE_V1, key) = material.split_first().map(|(kind, key)| (*kind, key))? else {
            return None;
        };
        let id = u32::from_str_radix(id, 16).ok().filter(|id| *id == key_id(name, &material))?;
        let key = VerifyingKey::from_bytes(key.try_into().ok()?).ok()?;
        signed_note::is_key_name_valid(name).then(|| Self { name: name.to_owned(), id, key })
    }

    /// What it is called.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Whether it has signed this note.
    pub fn has_signed(&self, note: &str) -> bool {
        let known = VerifierList::new(vec![Box::new(self.clone())]);
        Note::from_bytes(note.as_bytes()).is_ok_and(|note| note.verify(&known).is_ok())
    }

    /// The note with the signatures of this witness among `lines`. `None` if there are none, or a wrong one.
    pub(super) fn add_to(&self, note: &str, lines: &str) -> Option<String> {
        let both = Note::from_bytes(format!("{note}{lines}").as_bytes()).ok()?;
        let known = VerifierList::new(vec![Box::new(self.clone())]);
        let (signatures, _others) = both.verify(&known).ok()?;
        let mut signed = note.to_owned();
        for signature in signatures {
            signed.push_str(&String::from_utf8(signature.to_bytes()).ok()?);
        }
        Some(signed)
    }
}

impl Verifier for Cosigner {
    fn name(&self) -> &str {
        &self.name
    }

    fn key_id(&self) -> u32 {
        self.id
    }

    /// A cosignature is the time, then a signature over that and the note.
    fn verify(&self, text: &[u8], signature: &[u8]) -> bool {
        let Some((time, signature)) = signature.split_first_chunk::<8>() else { return false };
        let Ok(signature) = Signature::from_slice(signature) else { return false };
        let mut signed = format!("cosignature/v1\ntime {}\n", u64::from_be_bytes(*time)).into_bytes();
        signed.extend_from_slice(text);
        self.key.verify(&signed, &signature).is_ok()
    }
}
