//! What proves to somebody who has neither our database nor our word that an entry is on the record.

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use tlog_tiles::tlog::{Hash, check_record, check_tree, record_hash};

use super::restored::acceptances;
use super::tree::Tree;
use super::writer::position;
use super::{Checkpoint, Cosigner, LedgerError, Logged, Position, PublicKey};
use crate::store::Store;

/// The first line of the C2SP format.
const FORMAT: &str = "c2sp.org/tlog-proof@v1";

/// An entry, a checkpoint that covers it, and the hashes between the two.
#[derive(Clone, Debug, PartialEq)]
pub struct Proof {
    /// The bytes of the leaf.
    pub entry: Vec<u8>,
    /// Its place.
    pub seq: u64,
    /// The checkpoint.
    pub checkpoint: Checkpoint,
    pub(super) hashes: Vec<Hash>,
}

/// Why a proof proves nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ProofFault {
    /// The checkpoint is not signed with the key.
    #[error("its checkpoint is not signed with this key")]
    Unsigned,
    /// A witness has not signed.
    #[error("its checkpoint is not signed by the witness")]
    Unwitnessed,
    /// The hashes do not lead from the entry to the checkpoint.
    #[error("the entry is not one of those that its checkpoint was made of")]
    Unproven,
    /// The entry is of another place.
    #[error("the entry names another place than its proof")]
    Misplaced,
}

impl Proof {
    /// The proof of an entry. Its checkpoint is the newest that a witness has signed, else the head.
    ///
    /// # Errors
    /// There is no such entry, or the record cannot be read.
    pub async fn of(store: &Store, at: Position) -> Result<Self, LedgerError> {
        let (epoch, first) = (position(at.epoch)?, position(at.seq)?);
        let row = store.entries_from(epoch, first, 1).await?.into_iter().find(|row| row.seq == first);
        let entry = row.ok_or(LedgerError::NoEntry(at))?.body;
        let note = match store.newest_of_sinks(epoch, first, "witness ").await? {
            Some(witnessed) => witnessed.head.note,
            None => end_of(store, at.epoch).await?.ok_or(LedgerError::NoEntry(at))?,
        };
        let checkpoint = Checkpoint::parse(&note).map_err(|why| LedgerError::Broken(why.to_owned()))?;
        let hashes = Tree::new(store, at.epoch).inclusion(at.seq, checkpoint.size).await?;
        Ok(Self { entry, seq: at.seq, checkpoint, hashes })
    }

    /// The checkpoint of all of a record, if there is such a record.
    ///
    /// # Errors
    /// The record cannot be read.
    pub async fn end(store: &Store, epoch: u64) -> Result<Option<Checkpoint>, LedgerError> {
        let note = end_of(store, epoch).await?;
        let end =
            note.map(|note| Checkpoint::parse(&note).map_err(|why| LedgerError::Broken(why.to_owned())));
        end.transpose()
    }

    /// Writes it in the C2SP format `tlog-proof`. The `extra` line is the entry itself.
    pub fn to_text(&self) -> String {
        let mut text =
            format!("{FORMAT}\nextra {}\nindex {}\n", BASE64_STANDARD.encode(&self.entry), self.seq);
        for hash in &self.hashes {
            text.push_str(&format!("{hash}\n"));
        }
        text + "\n" + &self.checkpoint.note
    }

    /// Reads what [`Proof::to_text`] wrote, or says what is wrong with it.
    ///
    /// # Errors
    /// A text that is no such proof.
    pub fn parse(text: &str) -> Result<Self, &'static str> {
        let (head, note) = text.split_once("\n\n").ok_or("it has no checkpoint")?;
        let mut lines = head.lines();
        if lines.next() != Some(FORMAT) {
            return Err("it is no proof in the format c2sp.org/tlog-proof");
        }
        let extra = lines.next().and_then(|line| line.strip_prefix("extra ")).ok_or("it has no entry")?;
        let entry = BASE64_STANDARD.decode(extra).map_err(|_not_base64| "its entry cannot be read")?;
        let index = lines.next().and_then(|line| line.strip_prefix("index ")).ok_or("it has no index")?;
        let seq: u64 = index.parse().map_err(|_no_number| "its index is no number")?;
        let hashes = lines.map(Hash::parse_hash).collect::<Result<Vec<_>, _>>();
        let hashes = hashes.map_err(|_no_hash| "one of its hashes cannot be read")?;
        if seq.to_string() != index || hashes.len() > 63 {
            return Err("it is not written in its one form");
        }
        Ok(Self { entry, seq, checkpoint: Checkpoint::parse(note)?, hashes })
    }

    /// Whether it holds, for somebody who trusts these keys and demands the signature of each of these witnesses.
    ///
    /// # Errors
    /// Why it does not.
    pub fn check(&self, keys: &[PublicKey], witnesses: &[Cosigner]) -> Result<(), ProofFault> {
        let checkpoint = &self.checkpoint;
        if !keys.iter().any(|key| checkpoint.is_signed_by(std::slice::from_ref(key))) {
            return Err(ProofFault::Unsigned);
        }
        if !witnesses.iter().all(|witness| witness.has_signed(&checkpoint.note)) {
            return Err(ProofFault::Unwitnessed);
        }
        let leaf = record_hash(&self.entry);
        check_record(&self.hashes, checkpoint.size, checkpoint.hash, self.seq, leaf)
            .map_err(|_no_proof| ProofFault::Unproven)?;
        let place = format!("{{\"epoch\":{},\"seq\":{},", checkpoint.epoch, self.seq);
        if self.entry.starts_with(place.as_bytes()) { Ok(()) } else { Err(ProofFault::Misplaced) }
    }

    /// The entry, read.
    ///
    /// # Errors
    /// Bytes that are no entry.
    pub fn logged(&self) -> Result<Logged, String> {
        Logged::parse(&self.entry)
    }
}

/// What proves that an earlier checkpoint is the beginning of a later one.
#[derive(Clone, Debug, PartialEq)]
pub struct Consistency {
    /// The earlier size and its root.
    pub old: (u64, String),
    /// The later size and its root.
    pub new: (u64, String),
    /// The hashes between, in base64, as RFC 6962 has them.
    pub hashes: Vec<String>,
}

impl Consistency {
    /// The proof for the first `old` and the first `new` entries of a record.
    ///
    /// # Errors
    /// The record is not that long, or cannot be read.
    pub async fn of(store: &Store, epoch: u64, old: u64, new: u64) -> Result<Self, LedgerError> {
        let tree = Tree::new(store, epoch);
        let (first, second) = (tree.root(old).await?, tree.root(new).await?);
        let hashes = tree.consistency(old, new).await?;
        Ok(Self {
            old: (old, first.to_string()),
            new: (new, second.to_string()),
            hashes: hashes.iter().map(Hash::to_string).collect(),
        })
    }

    /// Whether the hashes prove it.
    pub fn holds(&self) -> bool {
        let hash = |text: &String| Hash::parse_hash(text).ok();
        let hashes: Option<Vec<Hash>> = self.hashes.iter().map(hash).collect();
        let ((old, first), (new, second)) = (&self.old, &self.new);
        match (hashes, hash(first), hash(second)) {
            (Some(_), Some(_), Some(_)) if *old == 0 => true,
            (Some(hashes), Some(first), Some(second)) => {
                check_tree(&hashes, *new, second, *old, first).is_ok()
            }
            (Some(_) | None, Some(_) | None, Some(_) | None) => false,
        }
    }
}

/// The note over all of a record: the head, or what was found when another took its place.
pub(super) async fn end_of(store: &Store, epoch: u64) -> Result<Option<String>, LedgerError> {
    let head = store.head().await?;
    if let Some(head) = head.filter(|head| u64::try_from(head.epoch) == Ok(epoch)) {
        return Ok(Some(head.note));
    }
    let later = acceptances(store).await?.into_iter().find(|restored| restored.found.epoch == epoch);
    Ok(later.map(|restored| restored.found.note))
}
