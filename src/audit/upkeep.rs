//! What is done to the record itself, always on the record: keys, payloads, exports, restored backups.

use jiff::Timestamp;
use serde_json::{Value, json};

use super::ledger::introduced;
use super::writer::{Also, Ready, Seal, position};
use super::{
    Actor, Checkpoint, Entry, EntryKind, Ledger, LedgerError, Logged, Position, PublicKey, Step, Written,
};
use crate::domain::{Block, RequestId};
use crate::store::{CheckpointRow, Guard, Head, MessageBody, Refused, RequestRow, Row};

/// What stands where words were taken away.
const PURGED: &str = "[purged]";

/// Who does something to the record, why and when.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Deed {
    /// Who.
    pub by: Actor,
    /// Why.
    pub reason: String,
    /// When.
    pub at: Timestamp,
}

impl Deed {
    fn entry(&self, kind: EntryKind) -> Entry {
        let by = self.by.person.as_ref().map_or(self.by.identity.as_str(), |person| person.0.as_str());
        Entry::new(kind, self.at)
            .by(self.by.clone(), "audit")
            .with("by", by)
            .with("reason", self.reason.as_str())
    }
}

/// A checkpoint that left the database, and where to.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Exported {
    pub(super) checkpoint: Checkpoint,
    pub(super) sink: String,
}

/// What repeats a payload.
struct Copies {
    guard: Guard,
    /// The rows, without it.
    rows: Vec<Row>,
    /// The request as it was, whose words are in the index.
    forget: Option<Box<RequestRow>>,
}

impl Copies {
    const fn none() -> Self {
        Self { guard: Guard::Open, rows: Vec::new(), forget: None }
    }
}

impl Ledger {
    /// Takes a payload away for good and says so on the record, which stays verifiable. What the transcript and the request
    /// repeat of it goes too; what stands in the entries themselves stays. Without a name, the one that the entry carries.
    ///
    /// # Errors
    /// Also when there is no such payload, or its request is not over.
    pub async fn purge(
        &self,
        target: Position,
        name: Option<String>,
        deed: &Deed,
    ) -> Result<Purged, LedgerError> {
        let Position { epoch, seq } = target;
        let (record, first) = (position(epoch)?, position(seq)?);
        let row = self.store().entries_from(record, first, 1).await?.into_iter().find(|row| row.seq == first);
        let logged = Logged::try_from(&row.ok_or(LedgerError::NoEntry(target))?)?;
        let name = match name {
            Some(name) => name,
            None => self.only_payload(target).await?,
        };
        let entry = deed
            .entry(EntryKind::PayloadRedacted)
            .with("epoch", epoch)
            .with("seq", seq)
            .with("name", name.as_str());
        // Part of the story of the request that lost something.
        let entry = Entry { request: logged.request.clone(), ..entry };
        // A request that somebody else moves on meanwhile is looked at again.
        loop {
            let Copies { guard, rows, forget } = match &logged.request {
                Some(request) => self.copies(target, &logged, &name, request).await?,
                None => Copies::none(),
            };
            let step = Step { guard, rows, entries: vec![entry.clone()] };
            let also = Also::Redact { epoch, seq, name: name.clone(), forget };
            let ready = Ready { also, ..self.ready(step)? };
            match self.submit(ready, Seal::Own).await? {
                Ok(written) => return Ok(Purged { name, written }),
                Err(Refused::Changed) => {}
                Err(_) => return Err(LedgerError::Moved),
            }
        }
    }

    async fn only_payload(&self, target: Position) -> Result<String, LedgerError> {
        let (epoch, seq) = (position(target.epoch)?, position(target.seq)?);
        let there = self.store().payloads(epoch, seq, seq + 1).await?;
        match there.as_slice() {
            [] => Err(LedgerError::NothingCarried(target)),
            [only] => Ok(only.name.clone()),
            several => {
                let names: Vec<_> = several.iter().map(|payload| format!("`{}`", payload.name)).collect();
                Err(LedgerError::WhichPayload { position: target, names: names.join(", ") })
            }
        }
    }

    /// The rows that repeat a payload, without it.
    async fn copies(
        &self,
        target: Position,
        logged: &Logged,
        name: &str,
        request: &RequestId,
    ) -> Result<Copies, LedgerError> {
        let Some(row) = self.store().request(request).await? else { return Ok(Copies::none()) };
        let spoken = logged.kind == EntryKind::Received && name == "raw";
        let shown = logged.kind == EntryKind::Finished && name == "output";
        if !spoken && !shown {
            return Ok(Copies::none());
        }
        if !row.state.is_final() {
            return Err(LedgerError::StillOpen(target));
        }
        let guard = Guard::Request { id: row.id.clone(), version: row.version };
        let message = if spoken { Some(row.message.clone()) } else { row.card.clone() };
        let forget = Some(Box::new(row.clone()));
        let mut next = RequestRow { version: row.version + 1, ..row };
        if spoken {
            PURGED.clone_into(&mut next.said);
            for word in next.words.iter_mut().flatten() {
                word.said = word.said.as_ref().map(|_said| PURGED.to_owned());
            }
        }
        let mut rows = vec![Row::Request(Box::new(next))];
        let message = match message {
            Some(id) => self.store().message(&id).await?,
            None => None,
        };
        if let Some(mut message) = message {
            match &mut message.body {
                MessageBody::Text { text } => PURGED.clone_into(text),
                MessageBody::Reply { reply } => {
                    reply.blocks = vec![Block::Text { text: PURGED.to_owned() }];
                }
            }
            message.version += 1;
            message.delivered += 1;
            rows.push(Row::Message(Box::new(message)));
        }
        Ok(Copies { guard, rows, forget })
    }

    /// Signs with a new key from here on. The head that says so is signed by both, so that whoever trusts the old key
    /// learns of the new one; the old private key is gone.
    ///
    /// # Errors
    /// Nothing was changed.
    pub async fn rotate_key(&self, deed: &Deed) -> Result<PublicKey, LedgerError> {
        let held = self.file.lock().await?;
        let missing = || LedgerError::KeyMissing(self.file.place().to_owned());
        let key = self.file.read()?.ok_or_else(missing)?;
        let next = key.successor(self.entropy.as_ref())?;
        let public = next.public();
        self.file.write_beside(&next)?;
        let epoch = self.head().await?.map_or(0, |head| head.epoch);
        let epoch = u64::try_from(epoch).unwrap_or_default();
        let entry = deed
            .entry(EntryKind::KeyRotated)
            .with("public_key", public.verifier_key(epoch))
            .with("previous", key.public().verifier_key(epoch));
        let step = Step { guard: Guard::Open, rows: Vec::new(), entries: vec![entry] };
        let written = self.submit(self.ready(step)?, Seal::Both(Box::new(next))).await;
        // Whatever the database said: the record tells whether it knows of the new key.
        if introduced(self.store()).await? == Some(public.clone()) {
            self.file.settle()?;
        } else {
            self.file.discard()?;
        }
        drop(held);
        written?.map_err(|_refused| LedgerError::Moved)?;
        Ok(public)
    }

    /// Notes down, in rows and in one entry, that a checkpoint left the database.
    pub(super) async fn exported(&self, exported: &[Exported], at: Timestamp) -> Result<(), LedgerError> {
        let Some(first) = exported.first() else { return Ok(()) };
        let mut rows = Vec::with_capacity(exported.len());
        for export in exported {
            let head = Head {
                epoch: position(export.checkpoint.epoch)?,
                size: position(export.checkpoint.size)?,
                note: export.checkpoint.note.clone(),
            };
            rows.push(CheckpointRow { head, sink: export.sink.clone(), at });
        }
        let sinks: Vec<&str> = exported.iter().map(|export| export.sink.as_str()).collect();
        let entry = Entry::new(EntryKind::CheckpointExported, at)
            .by(Actor::system(), "audit")
            .with("epoch", first.checkpoint.epoch)
            .with("size", first.checkpoint.size)
            .with("root", first.checkpoint.root())
            .with("sinks", sinks.iter().map(|sink| Value::from(*sink)).collect::<Value>());
        let step = Step { guard: Guard::Open, rows: Vec::new(), entries: vec![entry] };
        let ready = Ready { also: Also::Exported(rows), ..self.ready(step)? };
        self.submit(ready, Seal::Own).await?.map_err(|_refused| LedgerError::Moved)?;
        Ok(())
    }

    /// Begins a new record, because the one in the database is an older copy or another history. Its first entry commits
    /// to what was found and to the newest checkpoint that is known.
    pub(super) async fn begin_anew(&self, restore: &Restore, deed: &Deed) -> Result<u64, LedgerError> {
        let found = self.head().await?.ok_or(LedgerError::NothingToAccept)?;
        let checkpoint = Checkpoint::parse(&found.note).map_err(|why| LedgerError::Broken(why.to_owned()))?;
        let epoch = checkpoint.epoch.max(restore.newest.map_or(0, |(epoch, _)| epoch)) + 1;
        let public = self.public_key();
        let entry = deed
            .entry(EntryKind::RestoreAccepted)
            .with("instance", public.instance())
            .with("public_key", public.verifier_key(epoch))
            .with("found", described(&checkpoint))
            .with("agreed", restore.agreed)
            .with("why", restore.why.as_str());
        let entry = match (&restore.checkpoint, restore.newest) {
            (Some(exported), _) => entry.with("exported", described(exported)),
            (None, Some((epoch, size))) => entry.with("exported", json!({ "epoch": epoch, "size": size })),
            (None, None) => entry,
        };
        let step = Step { guard: Guard::Open, rows: Vec::new(), entries: vec![entry] };
        let seal = Seal::Anew { found, epoch: position(epoch)? };
        self.submit(self.ready(step)?, seal).await?.map_err(|_refused| LedgerError::Moved)?;
        Ok(epoch)
    }
}

/// What is known when a restored backup is accepted.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Restore {
    /// Why it has to be accepted.
    pub(super) why: String,
    /// The newest checkpoint of any sink: epoch and size.
    pub(super) newest: Option<(u64, u64)>,
    /// That checkpoint, where a sink shows it.
    pub(super) checkpoint: Option<Checkpoint>,
    /// Up to here the record found and what was exported agree.
    pub(super) agreed: u64,
}

/// What was purged.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Purged {
    /// The payload.
    pub name: String,
    /// The entry that says so.
    pub written: Written,
}

fn described(checkpoint: &Checkpoint) -> Value {
    json!({
        "epoch": checkpoint.epoch,
        "size": checkpoint.size,
        "root": checkpoint.root(),
        "note": checkpoint.note,
    })
}
