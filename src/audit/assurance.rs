//! What the record proves about the entries of one request, found out at the moment they are shown.
//!
//! An entry is believed when its bytes lead, by an inclusion proof, to the root that the head is signed for; a checkpoint
//! when the head goes on from it, by a consistency proof. What is missing from a story is not seen here: that takes
//! [`verify`](super::verify).

use std::collections::BTreeMap;

use jiff::Timestamp;
use tlog_tiles::tlog::{Hash, check_record, check_tree, record_hash};

use super::draft::commitment;
use super::note::Readers;
use super::proof::end_of;
use super::tree::Tree;
use super::{Checkpoint, EntryKind, LedgerError, Logged, Position, PublicKey, Redacted, flat_record};
use crate::store::{CheckpointRow, EventRow, PayloadRow, RequestRow, RequestState, Store};

/// Entries of a request that are looked at. A story that is longer is proven so far.
const MOST: usize = 500;

/// Entries that tell of purges and are looked at, newest first, to find out who took something away.
const PURGES: u32 = 1_000;

/// What the record proves about entries.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Assurance {
    /// Each entry that was looked at, oldest first.
    pub entries: Vec<Assured>,
    /// How many were not looked at, because there are very many.
    pub unchecked: usize,
    /// How many entries the present head is signed for.
    pub size: u64,
}

/// What the record proves about an entry.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Assured {
    /// Which.
    pub position: Position,
    /// Why it does not count as the entry that was signed; `None` if it does.
    pub doubt: Option<String>,
    /// The first checkpoint that covers it and has left the database.
    pub covered: Option<Covered>,
    /// What hangs on it, or hung on it.
    pub hanging: Vec<Hanging>,
}

/// A checkpoint that has left the database.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Covered {
    /// How many entries of its record it covers.
    pub size: u64,
    /// Where to, and when.
    pub exports: Vec<(String, Timestamp)>,
    /// Why the record here does not count as going on from it; `None` if it does.
    pub doubt: Option<String>,
}

/// A payload.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hanging {
    /// Its name.
    pub name: String,
    /// How it stands.
    pub state: HangingState,
}

/// How a payload stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum HangingState {
    /// It is what the entry says.
    Kept,
    /// It is something else than what the entry says.
    Changed,
    /// The entry never had such a payload.
    Foreign,
    /// It was taken away, and the record says by whom.
    Purged(Box<Redacted>),
    /// It is gone, and no entry was found that says who took it away.
    Gone,
}

/// What the record in `store` proves about these entries, for somebody who trusts `keys`: the one that signs now first,
/// then those before it. The rows are those of one request, in their order.
///
/// # Errors
/// The record cannot be read.
pub async fn assure(store: &Store, keys: &[PublicKey], rows: &[EventRow]) -> Result<Assurance, LedgerError> {
    let looked_at = rows.get(..MOST).unwrap_or(rows);
    let size = match store.head().await? {
        Some(head) => u64::try_from(head.size).unwrap_or_default(),
        None => 0,
    };
    let mut assurer = Assurer { store, keys, records: BTreeMap::new() };
    let mut entries = Vec::with_capacity(looked_at.len());
    for (row, proven) in looked_at.iter().zip(assurer.prove(looked_at).await?) {
        let (logged, doubt) = match proven {
            Ok(logged) => (Some(logged), None),
            Err(doubt) => (Logged::parse(&row.body).ok(), Some(doubt)),
        };
        entries.push(Assured {
            position: Position::of(row),
            doubt,
            covered: assurer.covered(row).await?,
            hanging: match &logged {
                Some(logged) => assurer.hanging(row, logged, looked_at).await?,
                None => Vec::new(),
            },
        });
    }
    Ok(Assurance { entries, unchecked: rows.len() - looked_at.len(), size })
}

/// What is known of one record.
struct Record {
    /// Where it ends, as it was signed; or why that does not hold.
    end: Result<Checkpoint, String>,
    /// The checkpoint that covered the entry before.
    covered: Option<Covered>,
}

struct Assurer<'a> {
    store: &'a Store,
    keys: &'a [PublicKey],
    records: BTreeMap<i64, Record>,
}

impl Assurer<'_> {
    async fn record(&mut self, epoch: i64) -> Result<&mut Record, LedgerError> {
        if !self.records.contains_key(&epoch) {
            let record = self.read_record(epoch).await?;
            self.records.insert(epoch, record);
        }
        self.records.get_mut(&epoch).ok_or_else(|| LedgerError::Broken(format!("there is no record {epoch}")))
    }

    async fn read_record(&self, epoch: i64) -> Result<Record, LedgerError> {
        let number = u64::try_from(epoch).unwrap_or_default();
        let present = self.store.head().await?.is_some_and(|head| head.epoch == epoch);
        // The present head must be signed by the key that signs now; where an earlier record was left, by any of ours.
        let trusted = if present { self.keys.get(..1).unwrap_or_default() } else { self.keys };
        let end = match end_of(self.store, number).await? {
            Some(note) => open(&note, number, trusted),
            None => Err(format!("nothing says where record {number} ends")),
        };
        Ok(Record { end, covered: None })
    }

    /// Whether each of these rows is the entry that was signed: the entry, or why not.
    async fn prove(&mut self, rows: &[EventRow]) -> Result<Vec<Result<Logged, String>>, LedgerError> {
        let mut proven = Vec::with_capacity(rows.len());
        for group in rows.chunk_by(|one, next| one.epoch == next.epoch) {
            let Some(first) = group.first() else { continue };
            let end = match &self.record(first.epoch).await?.end {
                Ok(end) => end.clone(),
                Err(why) => {
                    proven.extend(group.iter().map(|_row| Err(why.clone())));
                    continue;
                }
            };
            let seqs: Vec<u64> = group.iter().map(|row| Position::of(row).seq).collect();
            let proofs = Tree::new(self.store, end.epoch).inclusions(&seqs, end.size).await?;
            proven.extend(group.iter().zip(proofs).map(|(row, proof)| is_signed(row, proof, &end)));
        }
        Ok(proven)
    }

    /// The first checkpoint that left the database and covers an entry.
    async fn covered(&mut self, row: &EventRow) -> Result<Option<Covered>, LedgerError> {
        let seq = Position::of(row).seq;
        // The one of the entry before is the first one for this entry, too, if it covers it.
        if let Some(before) = self.record(row.epoch).await?.covered.clone()
            && before.size > seq
        {
            return Ok(Some(before));
        }
        let noted = self.store.first_checkpoint_over(row.epoch, row.seq).await?;
        let Some(first) = noted.first() else { return Ok(None) };
        let doubt = self.goes_on_from(first).await?.err();
        let covered = Covered {
            size: u64::try_from(first.head.size).unwrap_or_default(),
            exports: noted.iter().map(|row| (row.sink.clone(), row.at)).collect(),
            doubt,
        };
        self.record(row.epoch).await?.covered = Some(covered.clone());
        Ok(Some(covered))
    }

    /// Whether the record as it is signed now goes on from a checkpoint that was noted down.
    async fn goes_on_from(&mut self, noted: &CheckpointRow) -> Result<Result<(), String>, LedgerError> {
        let (store, keys) = (self.store, self.keys);
        let record = self.record(noted.head.epoch).await?;
        let Ok(end) = &record.end else { return Ok(Err("the end of the record does not hold".to_owned())) };
        let checkpoint = match open(&noted.head.note, end.epoch, keys) {
            Ok(checkpoint) if i64::try_from(checkpoint.size) == Ok(noted.head.size) => checkpoint,
            Ok(_) => return Ok(Err("it is noted down for another size".to_owned())),
            Err(why) => return Ok(Err(why)),
        };
        let other = || "the record here does not go on from it".to_owned();
        if checkpoint.size > end.size {
            return Ok(Err(other()));
        }
        let proof = match Tree::new(store, end.epoch).consistency(checkpoint.size, end.size).await {
            Ok(proof) => proof,
            Err(LedgerError::Broken(_)) => return Ok(Err(other())),
            Err(error) => return Err(error),
        };
        let checked = check_tree(&proof, end.size, end.hash, checkpoint.size, checkpoint.hash);
        Ok(checked.map_err(|_no_proof| other()))
    }

    /// How the payloads of an entry stand.
    async fn hanging(
        &mut self,
        row: &EventRow,
        logged: &Logged,
        story: &[EventRow],
    ) -> Result<Vec<Hanging>, LedgerError> {
        let there = self.store.payloads(row.epoch, row.seq, row.seq.saturating_add(1)).await?;
        let mut there: BTreeMap<String, PayloadRow> =
            there.into_iter().map(|payload| (payload.name.clone(), payload)).collect();
        let mut hanging = Vec::new();
        for committed in &logged.payloads {
            let state = match there.remove(&committed.name) {
                Some(payload) if commitment(&payload.salt, &payload.payload) == committed.sha256 => {
                    HangingState::Kept
                }
                Some(_) => HangingState::Changed,
                None => match self.purged(Position::of(row), &committed.name, story).await? {
                    Some(purged) => HangingState::Purged(Box::new(purged)),
                    None => HangingState::Gone,
                },
            };
            hanging.push(Hanging { name: committed.name.clone(), state });
        }
        hanging.extend(there.into_keys().map(|name| Hanging { name, state: HangingState::Foreign }));
        Ok(hanging)
    }

    /// The proven entry that says who took a payload away.
    async fn purged(
        &mut self,
        of: Position,
        name: &str,
        story: &[EventRow],
    ) -> Result<Option<Redacted>, LedgerError> {
        let kind = EntryKind::PayloadRedacted.as_str();
        let here: Vec<EventRow> = story.iter().filter(|row| row.kind == kind).cloned().collect();
        // The first such entries did not name the request.
        let elsewhere = self.store.purge_entries(PURGES).await?;
        for row in here.into_iter().chain(elsewhere) {
            let told = Logged::parse(&row.body).ok().and_then(|entry| Redacted::told_by(&entry));
            let Some(told) = told.filter(|told| told.position == of && told.name == name) else { continue };
            // It may have been written since the head was read.
            self.records.remove(&row.epoch);
            if self.prove(&[row]).await?.iter().all(Result::is_ok) {
                return Ok(Some(told));
            }
        }
        Ok(None)
    }
}

/// Reads a note of a record that one of these keys must have signed, or says why it does not count.
fn open(note: &str, epoch: u64, keys: &[PublicKey]) -> Result<Checkpoint, String> {
    let readers = Readers::new(epoch, keys).ok_or("there is no key to check it with")?;
    Ok(readers.open(note)?)
}

/// Whether a row is an entry of the record that `end` is signed for: the entry, or why not.
fn is_signed(row: &EventRow, proof: Option<Vec<Hash>>, end: &Checkpoint) -> Result<Logged, String> {
    let at = Position::of(row);
    let logged = Logged::of(at, row)?;
    let unproven = || format!("entry {at} is not the one that was signed");
    let proof = proof.ok_or_else(unproven)?;
    check_record(&proof, end.size, end.hash, at.seq, record_hash(&row.body))
        .map_err(|_no_proof| unproven())?;
    Ok(logged)
}

/// Where the table of requests, which is not signed and which lists are made of, says something else than the entries.
/// `None` where the two agree.
pub fn disagreement(row: &RequestRow, entries: &[Logged]) -> Option<String> {
    let Some(record) = flat_record(entries) else {
        return Some("no entry says that it was received".to_owned());
    };
    let asker = row.asker.as_ref().map_or_else(|| row.sender.identity(), |person| person.0.clone());
    let command = row.command.clone().unwrap_or_default();
    // Only what ends with an entry of its own: before, a step may be on the record already.
    let ended = match row.state {
        RequestState::Done
        | RequestState::Failed
        | RequestState::Unknown
        | RequestState::Denied
        | RequestState::Expired
        | RequestState::Withdrawn
        | RequestState::Superseded => row.state.as_str().to_owned(),
        RequestState::Received
        | RequestState::Waiting
        | RequestState::Approved
        | RequestState::Started
        | RequestState::Answered
        | RequestState::Refused => record.result.clone(),
    };
    let pairs = [
        ("asked by", asker, record.user),
        ("command", command, record.command),
        ("result", ended, record.result),
        ("channel", row.place.channel.clone(), record.channel),
    ];
    let differs = pairs.into_iter().find(|(_, listed, recorded)| listed != recorded);
    differs
        .map(|(what, listed, recorded)| format!("{what}: listed as `{listed}`, on the record `{recorded}`"))
}
