//! An index in memory: for the modelled disk, and for the rest of the day when sled cannot be had.

use std::collections::BTreeMap;

use super::{Batch, Index, IndexFault, Pairs, Tree};

/// Five maps.
#[derive(Clone, Default)]
pub(crate) struct MapIndex {
    entries: BTreeMap<Vec<u8>, Vec<u8>>,
    arrivals: BTreeMap<Vec<u8>, Vec<u8>>,
    notes: BTreeMap<Vec<u8>, Vec<u8>>,
    snapshots: BTreeMap<Vec<u8>, Vec<u8>>,
    meta: BTreeMap<Vec<u8>, Vec<u8>>,
}

impl MapIndex {
    fn tree(&self, tree: Tree) -> &BTreeMap<Vec<u8>, Vec<u8>> {
        match tree {
            Tree::Entries => &self.entries,
            Tree::Arrivals => &self.arrivals,
            Tree::Notes => &self.notes,
            Tree::Snapshots => &self.snapshots,
            Tree::Meta => &self.meta,
        }
    }

    fn tree_mut(&mut self, tree: Tree) -> &mut BTreeMap<Vec<u8>, Vec<u8>> {
        match tree {
            Tree::Entries => &mut self.entries,
            Tree::Arrivals => &mut self.arrivals,
            Tree::Notes => &mut self.notes,
            Tree::Snapshots => &mut self.snapshots,
            Tree::Meta => &mut self.meta,
        }
    }
}

impl Index for MapIndex {
    fn get(&self, tree: Tree, key: &[u8]) -> Result<Option<Vec<u8>>, IndexFault> {
        Ok(self.tree(tree).get(key).cloned())
    }

    fn range(&self, tree: Tree, from: &[u8], limit: usize) -> Result<Pairs, IndexFault> {
        let pairs = self.tree(tree).range(from.to_vec()..).take(limit);
        Ok(pairs.map(|(k, v)| (k.clone(), v.clone())).collect())
    }

    fn apply(&mut self, batch: &Batch) -> Result<(), IndexFault> {
        for (tree, key, value) in batch {
            match value {
                Some(value) => self.tree_mut(*tree).insert(key.clone(), value.clone()),
                None => self.tree_mut(*tree).remove(key),
            };
        }
        Ok(())
    }

    fn durable(&mut self) -> Result<(), IndexFault> {
        Ok(())
    }

    fn bytes(&self) -> u64 {
        let trees = [&self.entries, &self.arrivals, &self.notes, &self.snapshots, &self.meta];
        let pairs = trees.iter().flat_map(|t| t.iter());
        pairs.map(|(k, v)| (k.len() + v.len()) as u64).sum()
    }
}
