//! Proofs over the stored tree: that an entry is in it, and that an earlier one is its beginning.

use std::cell::RefCell;
use std::collections::{BTreeSet, HashMap};

use tlog_tiles::tlog::{self, Error, Hash, HashReader};

use super::LedgerError;
use super::writer::position;
use crate::store::Store;

/// The stored tree of one record.
pub(super) struct Tree<'a> {
    store: &'a Store,
    epoch: u64,
}

impl<'a> Tree<'a> {
    pub(super) const fn new(store: &'a Store, epoch: u64) -> Self {
        Self { store, epoch }
    }

    /// The root of the first `size` entries.
    pub(super) async fn root(&self, size: u64) -> Result<Hash, LedgerError> {
        self.compute(|hashes| tlog::tree_hash(size, hashes)).await
    }

    /// The hashes that lead from entry `seq` to the root of the first `size` entries.
    pub(super) async fn inclusion(&self, seq: u64, size: u64) -> Result<Vec<Hash>, LedgerError> {
        self.compute(|hashes| tlog::prove_record(size, seq, hashes)).await
    }

    /// The same for several entries, read at once; `None` where the stored tree has not got what it takes.
    pub(super) async fn inclusions(
        &self,
        seqs: &[u64],
        size: u64,
    ) -> Result<Vec<Option<Vec<Hash>>>, LedgerError> {
        let asked = Hashes::default();
        for seq in seqs {
            // What is missing is noted, which is all that this is for.
            let _missing = tlog::prove_record(size, *seq, &asked);
        }
        let hashes = self.fetch(asked).await?;
        Ok(seqs.iter().map(|seq| tlog::prove_record(size, *seq, &hashes).ok()).collect())
    }

    /// The hashes that show that the first `old` entries are the beginning of the first `new` ones.
    pub(super) async fn consistency(&self, old: u64, new: u64) -> Result<Vec<Hash>, LedgerError> {
        if old == 0 {
            return Ok(Vec::new());
        }
        self.compute(|hashes| tlog::prove_tree(new, old, hashes)).await
    }

    /// Runs a computation twice: once to see which hashes it reads, and once with them.
    async fn compute<T>(&self, run: impl Fn(&Hashes) -> Result<T, Error>) -> Result<T, LedgerError> {
        let asked = Hashes::default();
        if let Ok(done) = run(&asked) {
            return Ok(done);
        }
        let hashes = self.fetch(asked).await?;
        run(&hashes).map_err(|error| LedgerError::Broken(format!("the tree is not complete: {error}")))
    }

    /// The hashes that were asked for.
    async fn fetch(&self, asked: Hashes) -> Result<Hashes, LedgerError> {
        let wanted: BTreeSet<u64> = asked.wanted.into_inner().into_iter().collect();
        let positions: Vec<i64> = wanted.into_iter().map(position).collect::<Result<_, _>>()?;
        let mut there = HashMap::with_capacity(positions.len());
        for (at, hash) in self.store.hashes_at(position(self.epoch)?, &positions).await? {
            let hash: Option<[u8; 32]> = hash.try_into().ok();
            there.extend(u64::try_from(at).ok().zip(hash.map(Hash)));
        }
        Ok(Hashes { there, wanted: RefCell::default() })
    }
}

/// The hashes that are at hand; asks for others are noted.
#[derive(Default)]
struct Hashes {
    there: HashMap<u64, Hash>,
    wanted: RefCell<Vec<u64>>,
}

impl HashReader for Hashes {
    fn read_hashes(&self, indexes: &[u64]) -> Result<Vec<Hash>, Error> {
        let found: Option<Vec<Hash>> = indexes.iter().map(|index| self.there.get(index).copied()).collect();
        found.ok_or_else(|| {
            self.wanted.borrow_mut().extend(indexes);
            Error::IndexesNotInTree
        })
    }
}
