//! Checks the record from its bodies alone and trusts nothing that is stored beside them.

use std::collections::{BTreeMap, BTreeSet};

use signed_note::StandardVerifier;
use tlog_tiles::tlog::{Hash, stored_hash_count};

use super::draft::commitment;
use super::edge::Edge;
use super::{EntryKind, Logged, PublicKey, note};
use crate::store::{EventRow, Head, PayloadRow, Store, StoreError};

/// Entries that are looked at at once, which bounds the memory.
const PAGE: u32 = 1000;

/// What came of checking the record.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verification {
    /// Everything fits.
    Sound {
        /// How many entries.
        size: u64,
        /// The root of the tree, in base64 as in the checkpoint.
        root: String,
        /// How many payloads were redacted, each with an entry that says so.
        redacted: usize,
    },
    /// Something was changed.
    Tampered {
        /// The first entry that does not fit, if it can be told.
        first_bad: Option<u64>,
        /// What does not fit.
        sentence: String,
    },
    /// It cannot be told.
    Undecided {
        /// Why not.
        sentence: String,
    },
}

/// Checks the record in `store` with the key it should be signed with, and against checkpoints that were exported from it.
///
/// Dense places; bodies that name their place; columns that say what the body says; every stored hash, none missing, none
/// too many; the root of each checkpoint; the signature of the head; the commitment of each payload that is there, and an
/// entry for each that is not.
pub async fn verify(store: &Store, key: &PublicKey, exported: &[String]) -> Verification {
    match Check::begin(store, key, exported).await {
        Ok(check) => match check.run().await {
            Ok(sound) => sound,
            Err(problem) => problem.into(),
        },
        Err(problem) => problem.into(),
    }
}

enum Problem {
    Tampered(Option<u64>, String),
    Undecided(String),
}

impl From<StoreError> for Problem {
    fn from(error: StoreError) -> Self {
        Self::Undecided(error.to_string())
    }
}

impl From<Problem> for Verification {
    fn from(problem: Problem) -> Self {
        match problem {
            Problem::Tampered(first_bad, sentence) => Self::Tampered { first_bad, sentence },
            Problem::Undecided(sentence) => Self::Undecided { sentence },
        }
    }
}

fn tampered(seq: u64, sentence: impl Into<String>) -> Problem {
    Problem::Tampered(Some(seq), sentence.into())
}

struct Check<'a> {
    store: &'a Store,
    verifier: StandardVerifier,
    head: Head,
    edge: Edge,
    /// Roots that checkpoints commit to, by size.
    expected: BTreeMap<u64, Vec<Hash>>,
    /// Payloads that entries commit to and that are not there.
    missing: BTreeSet<(u64, String)>,
    /// Payloads that entries say were taken away.
    redacted: BTreeSet<(u64, String)>,
}

impl<'a> Check<'a> {
    async fn begin(store: &'a Store, key: &PublicKey, exported: &[String]) -> Result<Self, Problem> {
        let Some(head) = store.head().await? else {
            return Err(match store.entries_from(0, 0, 1).await?.is_empty() {
                true => Problem::Undecided("there is no record yet".to_owned()),
                false => Problem::Tampered(None, "the record has no signed head".to_owned()),
            });
        };
        let verifier = u64::try_from(head.epoch).ok().and_then(|epoch| key.verifier(epoch));
        let verifier =
            verifier.ok_or_else(|| Problem::Undecided("the key does not fit the record".to_owned()))?;
        let mut check = Self {
            store,
            verifier,
            head,
            edge: Edge::default(),
            expected: BTreeMap::new(),
            missing: BTreeSet::new(),
            redacted: BTreeSet::new(),
        };
        for note in exported {
            let signed = note::open(&check.verifier, note).map_err(|reason| {
                Problem::Undecided(format!("an exported checkpoint cannot be used: {reason}"))
            })?;
            check.expected.entry(signed.size).or_default().push(signed.root);
        }
        Ok(check)
    }

    /// Pages through the record until its head, and on when it has grown meanwhile.
    async fn run(mut self) -> Result<Verification, Problem> {
        self.check_root()?;
        loop {
            let size = self.signed_size()?;
            while self.edge.size() < size {
                self.page(size).await?;
            }
            let surplus = self.surplus().await?;
            let head = self.store.head().await?;
            if head.as_ref() == Some(&self.head) {
                return surplus.map_or_else(|| self.conclude(), Err);
            }
            let Some(head) = head else {
                return Err(Problem::Tampered(
                    None,
                    "the signed head went away while it was checked".to_owned(),
                ));
            };
            self.head = head;
        }
    }

    /// The size that the head is signed for.
    fn signed_size(&mut self) -> Result<u64, Problem> {
        let no = |reason: &str| Problem::Tampered(None, reason.to_owned());
        let signed = note::open(&self.verifier, &self.head.note).map_err(no)?;
        if i64::try_from(signed.size) != Ok(self.head.size) {
            return Err(no("the head names another size than the note that is signed"));
        }
        if signed.size < self.edge.size() {
            return Err(no("the record became shorter while it was checked"));
        }
        self.expected.entry(signed.size).or_default().push(signed.root);
        Ok(signed.size)
    }

    async fn page(&mut self, size: u64) -> Result<(), Problem> {
        let first = self.edge.size();
        let wanted = u32::try_from(size - first).map_or(PAGE, |left| left.min(PAGE));
        let (from, epoch) = (column(first)?, self.head.epoch);
        let rows = self.store.entries_from(epoch, from, wanted).await?;
        let end = first + u64::from(wanted);
        self.expect_checkpoints(first, end).await?;
        let payloads = self.store.payloads(epoch, from, column(end)?).await?;
        let (tree_from, tree_end) = (column(stored_hash_count(first))?, column(stored_hash_count(end))?);
        let tree = self.store.tree_between(epoch, tree_from, tree_end).await?;
        let (mut tree, mut payloads) = (tree.into_iter(), payloads.into_iter().peekable());
        for (seq, row) in (first..end).zip(rows.iter().map(Some).chain(std::iter::repeat(None))) {
            let row = row.ok_or_else(|| tampered(seq, format!("entry {seq} is missing")))?;
            let logged = read(seq, row)?;
            self.check_tree(seq, row, &mut tree)?;
            let hanging = std::iter::from_fn(|| payloads.next_if(|payload| payload.seq <= row.seq)).collect();
            self.check_payloads(&logged, hanging)?;
            self.check_root()?;
        }
        Ok(())
    }

    /// Reads the checkpoints noted down for sizes from `first + 1` to `end`.
    async fn expect_checkpoints(&mut self, first: u64, end: u64) -> Result<(), Problem> {
        for head in self.store.checkpoints_between(self.head.epoch, column(first)?, column(end)?).await? {
            let signed = note::open(&self.verifier, &head.note).map_err(|reason| {
                Problem::Tampered(None, format!("a checkpoint noted down does not hold: {reason}"))
            })?;
            if i64::try_from(signed.size) != Ok(head.size) {
                return Err(Problem::Tampered(
                    None,
                    "a checkpoint is noted down for another size".to_owned(),
                ));
            }
            self.expected.entry(signed.size).or_default().push(signed.root);
        }
        Ok(())
    }

    fn check_tree(
        &mut self,
        seq: u64,
        row: &EventRow,
        tree: &mut impl Iterator<Item = (i64, Vec<u8>)>,
    ) -> Result<(), Problem> {
        let computed = self.edge.append(&row.body).map_err(|error| Problem::Undecided(error.to_string()))?;
        for (position, hash) in computed {
            let fits =
                tree.next().is_some_and(|(at, stored)| Ok(at) == i64::try_from(position) && stored == hash.0);
            if !fits {
                return Err(tampered(
                    seq,
                    format!("entry {seq} does not have the hash that was stored for it"),
                ));
            }
        }
        Ok(())
    }

    fn check_payloads(&mut self, logged: &Logged, hanging: Vec<PayloadRow>) -> Result<(), Problem> {
        let seq = logged.seq;
        if logged.kind == EntryKind::PayloadRedacted {
            let of = logged.body.get("seq").and_then(serde_json::Value::as_u64);
            self.redacted.extend(of.zip(logged.text("name").map(str::to_owned)));
        }
        let mut hanging: BTreeMap<String, PayloadRow> =
            hanging.into_iter().map(|payload| (payload.name.clone(), payload)).collect();
        for committed in &logged.payloads {
            match hanging.remove(&committed.name) {
                Some(payload) if commitment(&payload.salt, &payload.payload) == committed.sha256 => {}
                Some(_) => {
                    return Err(tampered(seq, format!("the {} of entry {seq} was changed", committed.name)));
                }
                None => {
                    self.missing.insert((seq, committed.name.clone()));
                }
            }
        }
        match hanging.keys().next() {
            Some(name) => {
                Err(tampered(seq, format!("entry {seq} never carried the {name} that hangs on it")))
            }
            None => Ok(()),
        }
    }

    /// Compares the root with what checkpoints say of the present size.
    fn check_root(&mut self) -> Result<(), Problem> {
        let size = self.edge.size();
        let Some(expected) = self.expected.remove(&size) else { return Ok(()) };
        let root = self.edge.root().map_err(|error| Problem::Undecided(error.to_string()))?;
        if expected.iter().all(|expected| *expected == root) {
            Ok(())
        } else {
            Err(Problem::Tampered(
                None,
                format!("the first {size} entries are not the ones that were signed"),
            ))
        }
    }

    /// Entries, hashes or payloads after the signed end.
    async fn surplus(&self) -> Result<Option<Problem>, Problem> {
        let (epoch, size) = (self.head.epoch, self.edge.size());
        let hashes = column(stored_hash_count(size))?;
        let more = !self.store.entries_from(epoch, column(size)?, 1).await?.is_empty()
            || !self.store.tree_between(epoch, hashes, i64::MAX).await?.is_empty()
            || !self.store.payloads(epoch, column(size)?, i64::MAX).await?.is_empty();
        Ok(more
            .then(|| tampered(size, format!("the record goes on after the {size} entries that are signed"))))
    }

    fn conclude(&self) -> Result<Verification, Problem> {
        let size = self.edge.size();
        if let Some((exported, _)) = self.expected.last_key_value() {
            let sentence =
                format!("the record has {size} entries, but a checkpoint of {exported} was exported");
            return Err(tampered(size, sentence));
        }
        if let Some((seq, name)) = self.missing.difference(&self.redacted).next() {
            return Err(tampered(
                *seq,
                format!("the {name} of entry {seq} is gone, and no entry says who took it"),
            ));
        }
        let root = self.edge.root().map_err(|error| Problem::Undecided(error.to_string()))?;
        Ok(Verification::Sound { size, root: root.to_string(), redacted: self.missing.len() })
    }
}

/// The entry of a row that stands where it should and says what its columns say.
fn read(seq: u64, row: &EventRow) -> Result<Logged, Problem> {
    if i64::try_from(seq) != Ok(row.seq) {
        return Err(tampered(seq, format!("entry {seq} is missing")));
    }
    let logged =
        Logged::parse(&row.body).map_err(|reason| tampered(seq, format!("entry {seq}: {reason}")))?;
    let place = format!("{{\"epoch\":{},\"seq\":{seq},", row.epoch);
    if !row.body.starts_with(place.as_bytes()) {
        return Err(tampered(seq, format!("entry {seq} belongs in another place")));
    }
    if !logged.agrees_with(row) {
        return Err(tampered(seq, format!("the columns of entry {seq} say something else than its body")));
    }
    Ok(logged)
}

fn column(number: u64) -> Result<i64, Problem> {
    i64::try_from(number).map_err(|_| Problem::Undecided("the record is too long to be counted".to_owned()))
}
