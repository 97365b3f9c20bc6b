use std::collections::BTreeMap;

use serde_json::Value;
use tlog_tiles::tlog::{Hash, stored_hash_count};

use super::whole::Shared;
use super::{Problem, Redacted, column, tampered};
use crate::audit::draft::commitment;
use crate::audit::edge::Edge;
use crate::audit::note::Readers;
use crate::audit::{Checkpoint, EntryKind, Logged, Position, PublicKey};
use crate::store::{EventRow, Head, PayloadRow, Store};

/// Entries that are looked at at once, which bounds the memory.
const PAGE: u32 = 1000;

/// Where a record ends.
pub(super) enum End {
    /// At the head, which may move on meanwhile.
    Head(Head),
    /// Where it was left for another.
    Left(Checkpoint),
}

/// One record.
pub(super) struct Epoch<'a, 'b> {
    store: &'a Store,
    epoch: u64,
    column: i64,
    readers: Readers,
    end: End,
    edge: Edge,
    /// The key that the record was told of last.
    introduced: Option<PublicKey>,
    /// Roots that are signed in this database for sizes not reached yet.
    signed: BTreeMap<u64, Vec<Checkpoint>>,
    /// Checkpoints noted down for which no entry was seen yet.
    noted: BTreeMap<(u64, String), (Hash, i64)>,
    shared: &'b mut Shared<'a>,
}

impl<'a, 'b> Epoch<'a, 'b> {
    pub(super) fn new(
        store: &'a Store,
        epoch: u64,
        end: End,
        shared: &'b mut Shared<'a>,
    ) -> Result<Self, Problem> {
        let readers = Readers::new(epoch, &shared.keys)
            .ok_or_else(|| Problem::Undecided("there is no key to check the record with".to_owned()))?;
        Ok(Self {
            store,
            epoch,
            column: column(epoch)?,
            readers,
            end,
            edge: Edge::default(),
            introduced: None,
            signed: BTreeMap::new(),
            noted: BTreeMap::new(),
            shared,
        })
    }

    /// Pages through the record until its end, and on when it has grown meanwhile. Returns its size and its root.
    pub(super) async fn run(mut self) -> Result<(u64, String), Problem> {
        self.check_root()?;
        loop {
            let size = self.signed_size()?;
            while self.edge.size() < size {
                self.page(size).await?;
            }
            let surplus = self.surplus().await?;
            let End::Head(head) = &self.end else {
                return surplus.map_or_else(|| self.conclude(), Err);
            };
            match self.store.head().await? {
                Some(now) if now == *head => return surplus.map_or_else(|| self.conclude(), Err),
                Some(now) if now.epoch == head.epoch => self.end = End::Head(now),
                Some(_) => {
                    return Err(Problem::Undecided("another record began meanwhile; try again".to_owned()));
                }
                None => {
                    let sentence = "the signed head went away while it was checked".to_owned();
                    return Err(Problem::Tampered(None, sentence));
                }
            }
        }
    }

    /// The size that the end is signed for.
    fn signed_size(&mut self) -> Result<u64, Problem> {
        let no = |reason: &str| Problem::Tampered(None, reason.to_owned());
        let signed = match &self.end {
            End::Head(head) => {
                // The head alone must carry the signature of a key that the reader trusts beforehand.
                let trusted = Readers::new(self.epoch, self.shared.trusted).ok_or_else(|| {
                    Problem::Undecided("there is no key to check the record with".to_owned())
                })?;
                let signed = trusted.open(&head.note).map_err(no)?;
                if i64::try_from(signed.size) != Ok(head.size) {
                    return Err(no("the head names another size than the note that is signed"));
                }
                signed
            }
            End::Left(found) => self.readers.open(&found.note).map_err(no)?,
        };
        if signed.size < self.edge.size() {
            return Err(no("the record became shorter while it was checked"));
        }
        let size = signed.size;
        self.signed.entry(size).or_default().push(signed);
        Ok(size)
    }

    async fn page(&mut self, size: u64) -> Result<(), Problem> {
        let first = self.edge.size();
        let wanted = u32::try_from(size - first).map_or(PAGE, |left| left.min(PAGE));
        let from = column(first)?;
        let rows = self.store.entries_from(self.column, from, wanted).await?;
        let end = first + u64::from(wanted);
        self.expect_noted(first, end).await?;
        let payloads = self.store.payloads(self.column, from, column(end)?).await?;
        let (tree_from, tree_end) = (column(stored_hash_count(first))?, column(stored_hash_count(end))?);
        let tree = self.store.tree_between(self.column, tree_from, tree_end).await?;
        let (mut tree, mut payloads) = (tree.into_iter(), payloads.into_iter().peekable());
        for (seq, row) in (first..end).zip(rows.iter().map(Some).chain(std::iter::repeat(None))) {
            let at = self.at(seq);
            let row = row.ok_or_else(|| tampered(at, format!("entry {at} is missing")))?;
            let logged = Logged::of(at, row).map_err(|reason| tampered(at, reason))?;
            self.check_tree(at, row, &mut tree)?;
            let hanging = std::iter::from_fn(|| payloads.next_if(|payload| payload.seq <= row.seq)).collect();
            self.check_payloads(at, &logged, hanging)?;
            self.take(at, &logged)?;
            self.check_root()?;
            self.shared.step();
        }
        Ok(())
    }

    fn at(&self, seq: u64) -> Position {
        Position::new(self.epoch, seq)
    }

    /// Reads the checkpoints noted down for sizes from `first + 1` to `end`.
    async fn expect_noted(&mut self, first: u64, end: u64) -> Result<(), Problem> {
        for row in self.store.checkpoints_between(self.column, column(first)?, column(end)?).await? {
            let signed = self.readers.open(&row.head.note).map_err(|reason| {
                Problem::Tampered(None, format!("a checkpoint noted down does not hold: {reason}"))
            })?;
            if i64::try_from(signed.size) != Ok(row.head.size) {
                let sentence = "a checkpoint is noted down for another size".to_owned();
                return Err(Problem::Tampered(None, sentence));
            }
            self.noted.insert((signed.size, row.sink), (signed.hash, row.at.as_millisecond()));
            self.signed.entry(signed.size).or_default().push(signed);
        }
        Ok(())
    }

    fn check_tree(
        &mut self,
        at: Position,
        row: &EventRow,
        tree: &mut impl Iterator<Item = (i64, Vec<u8>)>,
    ) -> Result<(), Problem> {
        let computed = self.edge.append(&row.body).map_err(|error| Problem::Undecided(error.to_string()))?;
        for (position, hash) in computed {
            let fits =
                tree.next().is_some_and(|(at, stored)| Ok(at) == i64::try_from(position) && stored == hash.0);
            if !fits {
                return Err(tampered(
                    at,
                    format!("entry {at} does not have the hash that was stored for it"),
                ));
            }
        }
        Ok(())
    }

    fn check_payloads(
        &mut self,
        at: Position,
        logged: &Logged,
        hanging: Vec<PayloadRow>,
    ) -> Result<(), Problem> {
        let mut hanging: BTreeMap<String, PayloadRow> =
            hanging.into_iter().map(|payload| (payload.name.clone(), payload)).collect();
        for committed in &logged.payloads {
            match hanging.remove(&committed.name) {
                Some(payload) if commitment(&payload.salt, &payload.payload) == committed.sha256 => {}
                Some(_) => {
                    return Err(tampered(at, format!("the {} of entry {at} was changed", committed.name)));
                }
                None => {
                    self.shared.missing.insert((at, committed.name.clone()));
                }
            }
        }
        match hanging.keys().next() {
            Some(name) => Err(tampered(at, format!("entry {at} never carried the {name} that hangs on it"))),
            None => Ok(()),
        }
    }

    /// What an entry says of the record itself.
    fn take(&mut self, at: Position, logged: &Logged) -> Result<(), Problem> {
        match logged.kind {
            EntryKind::PayloadRedacted => {
                if let Some(redacted) = Redacted::told_by(logged) {
                    self.shared.redacted.insert((redacted.position, redacted.name.clone()), redacted);
                }
            }
            EntryKind::CheckpointExported => {
                let size = logged.body.get("size").and_then(Value::as_u64).unwrap_or_default();
                let sinks = logged.body.get("sinks").and_then(Value::as_array);
                for sink in sinks.into_iter().flatten().filter_map(Value::as_str) {
                    let Some((root, noted_at)) = self.noted.remove(&(size, sink.to_owned())) else {
                        let sentence = format!("the checkpoint that entry {at} tells of is gone");
                        return Err(tampered(at, sentence));
                    };
                    let same = logged.text("root") == Some(&root.to_string());
                    if !same || noted_at != logged.at.as_millisecond() {
                        let sentence = format!("the checkpoint that entry {at} tells of is another");
                        return Err(tampered(at, sentence));
                    }
                }
            }
            EntryKind::Opened | EntryKind::KeyRotated | EntryKind::RestoreAccepted => {
                self.introduced = logged.text("public_key").and_then(PublicKey::parse);
            }
            EntryKind::PolicyRefused
            | EntryKind::PolicyWaiting
            | EntryKind::Received
            | EntryKind::Interpreted
            | EntryKind::Judged
            | EntryKind::Voted
            | EntryKind::Started
            | EntryKind::Recovered
            | EntryKind::Finished
            | EntryKind::Ended
            | EntryKind::Replied
            | EntryKind::PolicyLoaded => {}
        }
        Ok(())
    }

    /// Compares the root with what checkpoints say of the present size.
    fn check_root(&mut self) -> Result<(), Problem> {
        let size = self.edge.size();
        let signed = self.signed.remove(&size);
        if signed.is_none() && !self.shared.marks.contains_key(&(self.epoch, size)) {
            return Ok(());
        }
        let root = self.edge.root().map_err(|error| Problem::Undecided(error.to_string()))?;
        if signed.into_iter().flatten().any(|signed| signed.hash != root) {
            let sentence = format!("the first {size} entries are not the ones that were signed");
            return Err(Problem::Tampered(None, sentence));
        }
        self.shared.meet(self.epoch, size, &root);
        Ok(())
    }

    /// Entries, hashes, payloads or checkpoints after the signed end.
    async fn surplus(&self) -> Result<Option<Problem>, Problem> {
        let size = self.edge.size();
        let hashes = column(stored_hash_count(size))?;
        let end = column(size)?;
        let more = !self.store.entries_from(self.column, end, 1).await?.is_empty()
            || !self.store.tree_between(self.column, hashes, i64::MAX).await?.is_empty()
            || !self.store.payloads(self.column, end, i64::MAX).await?.is_empty();
        if more {
            let sentence = format!("the record goes on after the {size} entries that are signed");
            return Ok(Some(tampered(self.at(size), sentence)));
        }
        let later = self.store.checkpoints_between(self.column, end, i64::MAX).await?;
        Ok(later.first().map(|row| {
            let noted = row.head.size;
            let sentence = format!("the record has {size} entries, but a checkpoint of {noted} was exported");
            tampered(self.at(size), sentence)
        }))
    }

    /// The head is signed by the key that the record names last, and the reader trusts that one.
    fn check_signer(&self, head: &Head) -> Result<(), Problem> {
        let signer = self.introduced.as_ref().filter(|key| self.shared.trusted.contains(key));
        let signs = |key: &PublicKey| {
            Checkpoint::parse(&head.note).is_ok_and(|head| head.is_signed_by(std::slice::from_ref(key)))
        };
        if signer.is_some_and(signs) {
            return Ok(());
        }
        let sentence = "the key that the record names last is not the one that it is checked with: it is a copy from \
                        before the key was changed, or an old key was given";
        Err(Problem::Tampered(None, sentence.to_owned()))
    }

    fn conclude(&self) -> Result<(u64, String), Problem> {
        if let Some((size, sink)) = self.noted.keys().next() {
            let sentence =
                format!("a checkpoint of {size} for the {sink} is noted down, and no entry tells of it");
            return Err(Problem::Tampered(None, sentence));
        }
        if let End::Head(head) = &self.end {
            self.check_signer(head)?;
        }
        let root = self.edge.root().map_err(|error| Problem::Undecided(error.to_string()))?;
        Ok((self.edge.size(), root.to_string()))
    }
}
