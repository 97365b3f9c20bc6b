use tlog_tiles::tlog::{
    Error, HASH_SIZE, Hash, HashReader, stored_hash_index, stored_hashes, sub_tree_index, tree_hash,
};

/// The right edge of the tree: the roots of its complete subtrees, largest first. All that is needed to go on.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Edge {
    size: u64,
    nodes: Vec<(u64, Hash)>,
}

impl Edge {
    /// Where the edge of a tree of `size` entries is stored.
    pub(super) fn positions(size: u64) -> Vec<u64> {
        sub_tree_index(0, size, Vec::new())
    }

    /// The edge of a tree of `size` entries from its stored hashes, in the order of [`Edge::positions`].
    pub(super) fn of(size: u64, hashes: impl IntoIterator<Item = [u8; HASH_SIZE]>) -> Self {
        let nodes = Self::positions(size).into_iter().zip(hashes.into_iter().map(Hash)).collect();
        Self { size, nodes }
    }

    /// How many entries the tree has.
    pub(super) const fn size(&self) -> u64 {
        self.size
    }

    /// Adds an entry. Returns the hashes to store with their positions: the leaf's, and of each subtree it completes.
    pub(super) fn append(&mut self, body: &[u8]) -> Result<Vec<(u64, Hash)>, Error> {
        let hashes = stored_hashes(self.size, body, self)?;
        let first = stored_hash_index(0, self.size);
        let stored: Vec<_> = (first..).zip(hashes).collect();
        // Each hash after the leaf's swallowed one subtree of the edge.
        self.nodes.truncate((self.nodes.len() + 1).saturating_sub(stored.len()));
        self.nodes.extend(stored.last());
        self.size += 1;
        Ok(stored)
    }

    /// The root of the tree.
    pub(super) fn root(&self) -> Result<Hash, Error> {
        tree_hash(self.size, self)
    }
}

impl HashReader for Edge {
    fn read_hashes(&self, indexes: &[u64]) -> Result<Vec<Hash>, Error> {
        let find = |index: &u64| self.nodes.iter().find(|(at, _)| at == index).map(|(_, hash)| *hash);
        indexes.iter().map(|index| find(index).ok_or(Error::IndexesNotInTree)).collect()
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use super::*;

    /// All stored hashes, kept: the slow way to the same.
    struct Whole(HashMap<u64, Hash>);

    impl HashReader for Whole {
        fn read_hashes(&self, indexes: &[u64]) -> Result<Vec<Hash>, Error> {
            Ok(indexes.iter().map(|index| self.0[index]).collect())
        }
    }

    #[test]
    fn the_edge_alone_gives_the_same_hashes_and_roots_as_the_whole_tree() {
        let mut whole = Whole(HashMap::new());
        let mut edge = Edge::default();
        for n in 0..600u64 {
            let body = n.to_string();
            let expected = stored_hashes(n, body.as_bytes(), &whole).unwrap();
            let stored = edge.append(body.as_bytes()).unwrap();
            assert_eq!(stored.iter().map(|(_, hash)| *hash).collect::<Vec<_>>(), expected);
            whole.0.extend(stored);
            assert_eq!(edge.root().unwrap(), tree_hash(n + 1, &whole).unwrap());
            let read = whole.read_hashes(&Edge::positions(n + 1)).unwrap();
            assert_eq!(Edge::of(n + 1, read.into_iter().map(|hash| hash.0)), edge);
        }
    }

    #[test]
    fn the_root_of_nothing_is_the_one_of_rfc_6962() {
        assert_eq!(Edge::default().root().unwrap(), tlog_tiles::tlog::EMPTY_HASH);
    }
}
