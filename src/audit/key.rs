use std::fmt;
use std::fs::{self, File, OpenOptions};
use std::io::Write as _;
use std::os::unix::fs::{OpenOptionsExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use ed25519_dalek::{SigningKey, VerifyingKey};
use signed_note::{StandardSigner, StandardVerifier, key_id, new_ed25519_verifier_key};

use super::LedgerError;
use crate::clock::Entropy;
use crate::store::lock_dir;

/// The type byte of Ed25519 in signed notes.
const ED25519: u8 = 1;

/// The origin of a record: the first line of its checkpoints, and the name of its key.
fn origin(instance: &str, epoch: u64) -> String {
    format!("countersign/{instance}/{epoch}")
}

/// What a reader of the record needs to check its signatures.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PublicKey {
    instance: String,
    key: VerifyingKey,
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

    /// The key of the record in `dir`.
    ///
    /// # Errors
    /// There is none, or it cannot be read.
    pub fn in_dir(dir: &Path) -> Result<Self, LedgerError> {
        let file = KeyFile::in_dir(dir);
        let key = file.read()?.ok_or_else(|| LedgerError::KeyMissing(file.place().to_owned()))?;
        Ok(key.public())
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

/// The key that signs heads. It has no `Debug`, and is in no table.
pub(super) struct Key {
    instance: String,
    signing: SigningKey,
}

impl Key {
    /// A new key and a new instance.
    pub(super) fn draw(entropy: &dyn Entropy) -> Result<Self, LedgerError> {
        let (mut instance, mut secret) = ([0; 8], [0; 32]);
        entropy.fill(&mut instance)?;
        entropy.fill(&mut secret)?;
        let instance = instance.iter().map(|byte| format!("{byte:02x}")).collect();
        Ok(Self { instance, signing: SigningKey::from_bytes(&secret) })
    }

    /// Who checks what it signs.
    pub(super) fn public(&self) -> PublicKey {
        PublicKey { instance: self.instance.clone(), key: self.signing.verifying_key() }
    }

    /// The signer of one epoch.
    pub(super) fn signer(&self, epoch: u64) -> Option<StandardSigner> {
        StandardSigner::new(&self.text(epoch)).ok()
    }

    /// The private key in the form of signed notes.
    fn text(&self, epoch: u64) -> String {
        let name = origin(&self.instance, epoch);
        let public: Vec<u8> =
            std::iter::once(ED25519).chain(self.signing.verifying_key().to_bytes()).collect();
        let private: Vec<u8> = std::iter::once(ED25519).chain(self.signing.to_bytes()).collect();
        format!("PRIVATE+KEY+{name}+{:08x}+{}", key_id(&name, &public), BASE64_STANDARD.encode(private))
    }

    fn parse(text: &str) -> Option<Self> {
        StandardSigner::new(text).ok()?;
        let (name, rest) = text.strip_prefix("PRIVATE+KEY+")?.split_once('+')?;
        let (instance, _epoch) = name.strip_prefix("countersign/")?.split_once('/')?;
        let (_id, key) = rest.split_once('+')?;
        let bytes = BASE64_STANDARD.decode(key).ok()?;
        let (_kind, secret) = bytes.split_first()?;
        Some(Self {
            instance: instance.to_owned(),
            signing: SigningKey::from_bytes(&secret.try_into().ok()?),
        })
    }
}

/// Where the key is kept. A new key first stands beside its place and moves in when the record has begun, so that a
/// crash between the two leaves neither a record without key nor a key without record.
pub(super) struct KeyFile {
    place: PathBuf,
    beside: PathBuf,
}

impl KeyFile {
    pub(super) fn in_dir(dir: &Path) -> Self {
        Self { place: dir.join("ledger.key"), beside: dir.join("ledger.key.new") }
    }

    pub(super) fn place(&self) -> &Path {
        &self.place
    }

    /// Waits until nobody else begins a record here. The lock ends with what is returned.
    pub(super) async fn lock(&self) -> Result<File, LedgerError> {
        let dir = self.place.parent().unwrap_or(Path::new("."));
        lock_dir(dir).await.map_err(|error| unusable(dir, error))
    }

    /// The key, if there is one.
    pub(super) fn read(&self) -> Result<Option<Key>, LedgerError> {
        read(&self.place)
    }

    /// The key that was drawn when the start was cut off.
    pub(super) fn read_beside(&self) -> Result<Option<Key>, LedgerError> {
        read(&self.beside)
    }

    /// Writes a new key beside its place.
    pub(super) fn write_beside(&self, key: &Key) -> Result<(), LedgerError> {
        self.try_write(key).map_err(|error| unusable(&self.beside, error))
    }

    fn try_write(&self, key: &Key) -> std::io::Result<()> {
        if self.beside.exists() {
            fs::remove_file(&self.beside)?;
        }
        let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&self.beside)?;
        writeln!(file, "{}", key.text(0))?;
        file.sync_all()
    }

    /// Moves the new key in.
    pub(super) fn settle(&self) -> Result<(), LedgerError> {
        fs::rename(&self.beside, &self.place).map_err(|error| unusable(&self.place, error))?;
        let dir = self.place.parent().map_or(Ok(()), |dir| File::open(dir)?.sync_all());
        dir.map_err(|error| unusable(&self.place, error))
    }
}

fn read(path: &Path) -> Result<Option<Key>, LedgerError> {
    let text = match fs::read_to_string(path) {
        Ok(text) => text,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(unusable(path, error)),
    };
    let mode = fs::metadata(path).map_err(|error| unusable(path, error))?.permissions().mode();
    if mode & 0o077 != 0 {
        return Err(unusable(path, "others can read it; run `chmod 600` on it"));
    }
    match Key::parse(text.trim()) {
        Some(key) => Ok(Some(key)),
        None => Err(unusable(path, "it is not a signing key of countersign; put the right file back")),
    }
}

fn unusable(path: &Path, reason: impl ToString) -> LedgerError {
    LedgerError::Key { path: path.to_owned(), reason: reason.to_string() }
}
