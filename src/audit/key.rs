use std::fs::{self, File, OpenOptions};
use std::io::Write as _;
use std::os::unix::fs::{OpenOptionsExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use ed25519_dalek::SigningKey;
use signed_note::{StandardSigner, key_id};

use super::public::Keys;
use super::{LedgerError, PublicKey};
use crate::clock::Entropy;
use crate::store::lock_dir;

/// The type byte of Ed25519 in signed notes.
pub(super) const ED25519: u8 = 1;

/// The origin of a record: the first line of its checkpoints, and the name of its key.
pub(super) fn origin(instance: &str, epoch: u64) -> String {
    format!("countersign/{instance}/{epoch}")
}

/// The key that signs heads. It has no `Debug`, and is in no table.
#[derive(Clone)]
pub(super) struct Key {
    instance: String,
    signing: SigningKey,
    /// Those that signed before it, newest first. They sign nothing any more.
    previous: Vec<PublicKey>,
}

impl Key {
    /// A new key and a new instance.
    pub(super) fn draw(entropy: &dyn Entropy) -> Result<Self, LedgerError> {
        let (mut instance, mut secret) = ([0; 8], [0; 32]);
        entropy.fill(&mut instance)?;
        entropy.fill(&mut secret)?;
        let instance = instance.iter().map(|byte| format!("{byte:02x}")).collect();
        Ok(Self { instance, signing: SigningKey::from_bytes(&secret), previous: Vec::new() })
    }

    /// A new key of the same instance, to take the place of this one.
    pub(super) fn successor(&self, entropy: &dyn Entropy) -> Result<Self, LedgerError> {
        let mut secret = [0; 32];
        entropy.fill(&mut secret)?;
        let signing = SigningKey::from_bytes(&secret);
        Ok(Self { instance: self.instance.clone(), signing, previous: self.known() })
    }

    /// Who checks what it signs.
    pub(super) fn public(&self) -> PublicKey {
        PublicKey { instance: self.instance.clone(), key: self.signing.verifying_key() }
    }

    /// Who checks what it and those before it signed.
    pub(super) fn keys(&self) -> Keys {
        Keys { present: self.public(), all: Arc::new(self.known()) }
    }

    /// Its public key and those of the keys before it, newest first.
    pub(super) fn known(&self) -> Vec<PublicKey> {
        std::iter::once(self.public()).chain(self.previous.iter().cloned()).collect()
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

    /// Reads the file: the private key, then a line for the public key of each one before it.
    fn parse(text: &str) -> Option<Self> {
        let mut lines = text.lines();
        let private = lines.next()?;
        StandardSigner::new(private).ok()?;
        let (name, rest) = private.strip_prefix("PRIVATE+KEY+")?.split_once('+')?;
        let (instance, _epoch) = name.strip_prefix("countersign/")?.split_once('/')?;
        let (_id, key) = rest.split_once('+')?;
        let bytes = BASE64_STANDARD.decode(key).ok()?;
        let (_kind, secret) = bytes.split_first()?;
        let previous = lines.map(PublicKey::parse).collect::<Option<Vec<_>>>()?;
        Some(Self {
            instance: instance.to_owned(),
            signing: SigningKey::from_bytes(&secret.try_into().ok()?),
            previous,
        })
    }
}

/// Where the key is kept. A new key first stands beside its place and moves in when the record knows of it, so that a
/// crash between the two leaves neither a record without key nor a key without record.
#[derive(Clone, Debug)]
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

    /// The key that was drawn when a start or a change of keys was cut off.
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
        for previous in &key.previous {
            writeln!(file, "{previous}")?;
        }
        file.sync_all()
    }

    /// Moves the new key in. The one that was there is gone with that.
    pub(super) fn settle(&self) -> Result<(), LedgerError> {
        fs::rename(&self.beside, &self.place).map_err(|error| unusable(&self.place, error))?;
        let dir = self.place.parent().map_or(Ok(()), |dir| File::open(dir)?.sync_all());
        dir.map_err(|error| unusable(&self.place, error))
    }

    /// Throws the new key away: nothing was signed with it.
    pub(super) fn discard(&self) -> Result<(), LedgerError> {
        match fs::remove_file(&self.beside) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => Err(unusable(&self.beside, error)),
            Ok(()) | Err(_) => Ok(()),
        }
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
