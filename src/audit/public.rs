use std::fmt;
use std::path::Path;
use std::sync::Arc;

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use ed25519_dalek::VerifyingKey;
use signed_note::{StandardVerifier, new_ed25519_verifier_key};

use super::LedgerError;
use super::key::{ED25519, KeyFile, origin};

/// What a reader of the record needs to check its signatures.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PublicKey {
    pub(super) instance: String,
    pub(super) key: VerifyingKey,
}

impl PublicKey {
    /// Reads a verifier key, `countersign/<instance>/<epoch>+<id>+<base64>`, of whichever epoch.
    pub fn parse(text: &str) -> Option<Self> {
        let text = text.trim();
        StandardVerifier::new(text).ok()?;
        let (name, rest) = text.split_once('+')?;
        let (instance, epoch) = name.strip_prefix("countersign/")?.split_once('/')?;
        epoch.parse::<u64>().ok()?;
        let (_id, key) = rest.split_once('+')?;
        let (ED25519, key) =
            BASE64_STANDARD.decode(key).ok()?.split_first().map(|(kind, key)| (*kind, key.to_vec()))?
        else {
            return None;
        };
        let key = VerifyingKey::from_bytes(&key.try_into().ok()?).ok()?;
        Some(Self { instance: instance.to_owned(), key })
    }

    /// The keys of the record whose signing key is in `dir`: the present one first, then those it took the place of.
    ///
    /// # Errors
    /// There is none, or it cannot be read.
    pub fn in_dir(dir: &Path) -> Result<Vec<Self>, LedgerError> {
        let file = KeyFile::in_dir(dir);
        let key = file.read()?.ok_or_else(|| LedgerError::KeyMissing(file.place().to_owned()))?;
        Ok(key.known())
    }

    /// Which installation.
    pub fn instance(&self) -> &str {
        &self.instance
    }

    /// The verifier key of one epoch, as other readers of signed notes take it.
    pub fn verifier_key(&self, epoch: u64) -> String {
        new_ed25519_verifier_key(&origin(&self.instance, epoch), &self.key)
    }

    pub(super) fn verifier(&self, epoch: u64) -> Option<StandardVerifier> {
        StandardVerifier::new(&self.verifier_key(epoch)).ok()
    }
}

impl fmt::Display for PublicKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.verifier_key(0))
    }
}

/// The keys of a record.
#[derive(Clone, Debug)]
pub(super) struct Keys {
    /// The one that signs now.
    pub(super) present: PublicKey,
    /// That one and those before it, newest first.
    pub(super) all: Arc<Vec<PublicKey>>,
}
