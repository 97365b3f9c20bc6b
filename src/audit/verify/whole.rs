use std::collections::{BTreeMap, BTreeSet};

use tlog_tiles::tlog::Hash;

use super::epoch::{End, Epoch};
use super::{AcceptedRestore, Against, Check, Problem, Redacted, Sound, column, tampered};
use crate::audit::restored::{Restored, explained};
use crate::audit::{Checkpoint, Logged, Position, PublicKey, payload_words};
use crate::store::{Head, Store};

/// The record with all those whose place it took.
pub(super) struct Whole<'a> {
    store: &'a Store,
    head: Head,
    /// The records in order, each with the restore that ended it; the last has none.
    chain: Vec<(u64, Option<Restored>)>,
    pub(super) shared: Shared<'a>,
}

/// What is gathered over all records.
pub(super) struct Shared<'a> {
    pub(super) trusted: &'a [PublicKey],
    /// Those and the ones that the record names. What it names counts only once all of it has turned out sound.
    pub(super) keys: Vec<PublicKey>,
    /// Checkpoints from elsewhere that were not met yet, by epoch and size.
    pub(super) marks: BTreeMap<(u64, u64), Vec<Hash>>,
    pub(super) compared: usize,
    newest: Option<(u64, u64)>,
    /// Payloads that entries commit to and that are not there.
    pub(super) missing: BTreeSet<(Position, String)>,
    /// Payloads that entries say were taken away.
    pub(super) redacted: BTreeMap<(Position, String), Redacted>,
    /// Why it cannot be told, if nothing else turns up.
    doubt: Option<String>,
    done: u64,
    total: u64,
    progress: &'a mut (dyn FnMut(u64, u64) + Send),
}

impl<'a> Whole<'a> {
    pub(super) async fn begin(store: &'a Store, check: Check<'a>) -> Result<Self, Problem> {
        let Check { keys, against, progress } = check;
        let Some(head) = store.head().await? else {
            return Err(match store.epoch_after(-1).await? {
                None => Problem::Undecided("there is no record yet".to_owned()),
                Some(_) => Problem::Tampered(None, "the record has no signed head".to_owned()),
            });
        };
        let entries: Vec<Logged> =
            store.key_entries().await?.iter().filter_map(|row| Logged::parse(&row.body).ok()).collect();
        let named = entries.iter().filter_map(|entry| PublicKey::parse(entry.text("public_key")?));
        let mut shared = Shared {
            trusted: keys,
            keys: keys.iter().cloned().chain(named).collect(),
            marks: BTreeMap::new(),
            compared: 0,
            newest: None,
            missing: BTreeSet::new(),
            redacted: BTreeMap::new(),
            doubt: None,
            done: 0,
            total: u64::try_from(head.size).unwrap_or_default(),
            progress,
        };
        for against in against {
            shared.expect(against);
        }
        let chain = chain(&head, entries.iter().filter_map(Restored::read).collect())?;
        shared.total += chain.iter().filter_map(|(_, ended)| Some(ended.as_ref()?.found.size)).sum::<u64>();
        Ok(Self { store, head, chain, shared })
    }

    pub(super) async fn run(mut self) -> Result<Sound, Problem> {
        let mut epoch = -1;
        for (known, _) in &self.chain {
            let next = self.store.epoch_after(epoch).await?;
            if next != Some(column(*known)?) {
                let sentence = match next {
                    Some(other) if other < column(*known)? => {
                        format!("there are entries of a record {other}, of which nothing is known")
                    }
                    Some(_) | None => format!("record {known} is gone"),
                };
                return Err(Problem::Tampered(None, sentence));
            }
            epoch = column(*known)?;
        }
        if let Some(other) = self.store.epoch_after(epoch).await? {
            let sentence = format!("there are entries of a record {other}, which has not begun");
            return Err(Problem::Tampered(None, sentence));
        }
        let restores: Vec<Restored> = self.chain.iter().filter_map(|(_, ended)| ended.clone()).collect();
        let mut sound = Sound::default();
        for (epoch, ended) in std::mem::take(&mut self.chain) {
            let end = match &ended {
                Some(restored) => End::Left(restored.found.clone()),
                None => End::Head(self.head.clone()),
            };
            let (size, root) = Epoch::new(self.store, epoch, end, &mut self.shared)?.run().await?;
            sound.size += size;
            sound.root = root;
            if let Some(restored) = ended {
                sound.restores.push(AcceptedRestore {
                    epoch: restored.epoch,
                    lost: restored.exported.map_or(0, |(of, exported)| match of == epoch {
                        true => exported.saturating_sub(restored.agreed),
                        false => exported,
                    }),
                    who: restored.who,
                    at: restored.at,
                    reason: restored.reason,
                });
            }
            self.shared.pass_over(|age| age.0 <= epoch && explained(&restores, age));
            self.shared.beyond(epoch, size)?;
            let newest = self.shared.newest.filter(|newest| newest.0 == epoch);
            sound.since = newest.map(|newest| size.saturating_sub(newest.1));
        }
        self.shared.conclude(sound)
    }
}

/// The records from the first to the one of `head`, each with the restore that ended it.
fn chain(head: &Head, restores: Vec<Restored>) -> Result<Vec<(u64, Option<Restored>)>, Problem> {
    let negative = || Problem::Tampered(None, "the head names no record".to_owned());
    let mut chain = Vec::new();
    let mut epoch = u64::try_from(head.epoch).map_err(|_| negative())?;
    let mut ended = None;
    while epoch > 0 {
        let before = restores.iter().find(|restored| restored.epoch == epoch && restored.found.epoch < epoch);
        let Some(restored) = before else {
            let sentence = format!("record {epoch} does not begin with a restore that was accepted");
            return Err(tampered(Position::new(epoch, 0), sentence));
        };
        chain.push((epoch, ended.replace(restored.clone())));
        epoch = restored.found.epoch;
    }
    chain.push((0, ended));
    chain.reverse();
    Ok(chain)
}

impl Shared<'_> {
    /// Takes in a checkpoint from elsewhere.
    fn expect(&mut self, against: &Against) {
        let genuine = match Checkpoint::parse(&against.note) {
            Ok(read) if read.is_signed_by(&self.keys) => Ok(read),
            Ok(_) => Err("the head does not carry the signature of this record's key"),
            Err(reason) => Err(reason),
        };
        match genuine {
            Ok(read) => {
                self.newest = self.newest.max(Some(read.age()));
                let marks = self.marks.entry(read.age()).or_default();
                // One that is given twice, as by a file and by who keeps it elsewhere, is one.
                if !marks.contains(&read.hash) {
                    marks.push(read.hash);
                }
            }
            Err(reason) => {
                self.doubt.get_or_insert_with(|| {
                    format!("a checkpoint in {} cannot be used: {reason}", against.from)
                });
            }
        }
    }

    /// Compares the root of the first `size` entries with what checkpoints say of it. One that does not fit stays: it may be
    /// of what a restore lost, which is seen at the end of the record.
    pub(super) fn meet(&mut self, epoch: u64, size: u64, root: &Hash) {
        let Some(marks) = self.marks.get(&(epoch, size)) else { return };
        if marks.iter().all(|mark| mark == root) {
            self.compared += marks.len();
            self.marks.remove(&(epoch, size));
        }
    }

    /// Forgets the checkpoints for which there is an explanation.
    fn pass_over(&mut self, explained: impl Fn((u64, u64)) -> bool) {
        self.marks.retain(|age, _| !explained(*age));
    }

    /// Whether a checkpoint of this record, or one before it, was not met.
    fn beyond(&mut self, epoch: u64, size: u64) -> Result<(), Problem> {
        let Some((age, _)) = self.marks.range(..=(epoch, u64::MAX)).next() else { return Ok(()) };
        if *age > (epoch, size) {
            let sentence =
                format!("the record has {size} entries, but a checkpoint of {} was exported", age.1);
            return Err(tampered(Position::new(epoch, size), sentence));
        }
        let sentence = format!("the first {} entries are not the ones that were signed", age.1);
        Err(Problem::Tampered(None, sentence))
    }

    pub(super) fn step(&mut self) {
        self.done += 1;
        (self.progress)(self.done, self.total.max(self.done));
    }

    fn conclude(mut self, mut sound: Sound) -> Result<Sound, Problem> {
        if let Some(((epoch, size), _)) = self.marks.first_key_value() {
            let sentence = format!(
                "a checkpoint of {size} entries of record {epoch} was exported, and there is no such record here"
            );
            return Err(tampered(Position::new(*epoch, 0), sentence));
        }
        for (position, name) in std::mem::take(&mut self.missing) {
            let Some(redacted) = self.redacted.remove(&(position, name.clone())) else {
                let sentence = format!(
                    "the {} of entry {position} is gone, and no entry says who took it",
                    payload_words(&name)
                );
                return Err(tampered(position, sentence));
            };
            sound.redacted.push(redacted);
        }
        if let Some(doubt) = self.doubt {
            return Err(Problem::Undecided(doubt));
        }
        sound.compared = self.compared;
        Ok(sound)
    }
}
