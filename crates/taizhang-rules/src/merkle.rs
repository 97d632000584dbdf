//! Roots over lists, and proofs that an item stands at its place in one: RFC 9162 §2.1, by `ct-merkle` (docs/decisions/0007-merkle.md).
//!
//! A leaf is hashed as SHA-256(0x00 ‖ item), a node as SHA-256(0x01 ‖ left ‖ right), the empty list as SHA-256("").

use ct_merkle::{InclusionProof, RootHash, mem_backed_tree::MemoryBackedTree};
use sha2::Sha256;

/// Items of a list about which anything is proved, at most.
pub const LEN_MAX: u64 = 1 << 40;

/// A list with its inner hashes.
#[derive(Clone, Debug)]
pub struct Tree(MemoryBackedTree<Sha256, Vec<u8>>);

/// The hashes beside the way from an item to the root, lowest first, 32 bytes each.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Proof(pub Vec<u8>);

impl Tree {
    /// Over these items, in this order.
    #[must_use]
    pub fn of(items: impl IntoIterator<Item = Vec<u8>>) -> Self {
        let mut tree = MemoryBackedTree::new();
        items.into_iter().for_each(|i| tree.push(i));
        Self(tree)
    }

    /// Its root.
    #[must_use]
    pub fn root(&self) -> [u8; 32] {
        (*self.0.root().as_bytes()).into()
    }

    /// Proves the item at this place; `None` beyond the end.
    #[must_use]
    pub fn prove(&self, index: u64) -> Option<Proof> {
        let at = usize::try_from(index).ok().filter(|_| index < self.0.len())?;
        Some(Proof(self.0.prove_inclusion(at).as_bytes().to_vec()))
    }
}

impl Proof {
    /// Does `item` stand at `index` in the list of `len` items with this root?
    #[must_use]
    pub fn holds(&self, root: &[u8; 32], len: u64, index: u64, item: &[u8]) -> bool {
        // Near 2^64 the library's arithmetic overflows.
        if len > LEN_MAX {
            return false;
        }
        let Ok(proof) = InclusionProof::<Sha256>::try_from_bytes(self.0.clone()) else { return false };
        RootHash::<Sha256>::new((*root).into(), len).verify_inclusion(&item, index, &proof).is_ok()
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, clippy::cast_possible_truncation, reason = "tests")]
    use sha2::Digest;
    use taizhang_core::id::from_hex;

    use super::*;

    /// The inputs and roots of the reference implementation of Certificate Transparency (`merkle_tree_test.cc`).
    const ITEMS: [&str; 8] = ["", "00", "10", "2021", "3031", "40414243", "5051525354555657", "606162636465666768696a6b6c6d6e6f"];
    const ROOTS: [&str; 9] = [
        "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
        "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
        "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
        "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
        "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
        "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
        "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
        "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
        "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
    ];

    fn items(n: usize) -> Vec<Vec<u8>> {
        ITEMS.iter().take(n).map(|i| from_hex(i).unwrap()).collect()
    }

    #[test]
    fn roots_are_those_of_certificate_transparency() {
        for (n, root) in ROOTS.iter().enumerate() {
            assert_eq!(Tree::of(items(n)).root().to_vec(), from_hex(root).unwrap(), "{n} items");
        }
    }

    /// RFC 9162 §2.1.3.2, written out once more: the library and these lines must agree.
    fn root_from(proof: &[u8], len: u64, index: u64, item: &[u8]) -> Option<[u8; 32]> {
        let node = |l: &[u8], r: &[u8]| -> [u8; 32] {
            Sha256::new().chain_update([1]).chain_update(l).chain_update(r).finalize().into()
        };
        let (mut f, mut s) = (index, len.checked_sub(1)?);
        let mut r: [u8; 32] = Sha256::new().chain_update([0]).chain_update(item).finalize().into();
        for p in proof.chunks(32) {
            if s == 0 {
                return None;
            }
            if f & 1 == 1 || f == s {
                r = node(p, &r);
                while f & 1 == 0 && f != 0 {
                    (f, s) = (f >> 1, s >> 1);
                }
            } else {
                r = node(&r, p);
            }
            (f, s) = (f >> 1, s >> 1);
        }
        (s == 0).then_some(r)
    }

    #[test]
    fn every_item_is_proved_at_its_place_and_nowhere_else() {
        for n in 1..40_u8 {
            let all: Vec<Vec<u8>> = (0..n)
                .map(|i| vec![i; usize::from(i % 5)])
                .enumerate()
                .map(|(i, mut v)| {
                    v.push(i as u8);
                    v
                })
                .collect();
            let tree = Tree::of(all.clone());
            let len = u64::from(n);
            for (i, item) in (0..).zip(&all) {
                let proof = tree.prove(i).unwrap();
                assert!(proof.holds(&tree.root(), len, i, item));
                assert_eq!(root_from(&proof.0, len, i, item), Some(tree.root()));
                assert!(!proof.holds(&tree.root(), len, (i + 1) % (len + 1), item), "another place");
                assert!(!proof.holds(&tree.root(), len, i, b"another item"));
                assert!(!proof.holds(&[7; 32], len, i, item), "another root");
            }
            assert_eq!(tree.prove(len), None);
        }
    }

    #[test]
    fn malformed_proofs_hold_nothing() {
        let tree = Tree::of(items(8));
        let good = tree.prove(3).unwrap().0;
        let (mut longer, mut flipped) = (good.clone(), good.clone());
        longer.extend([0; 32]);
        flipped[40] ^= 1;
        for bad in [Vec::new(), vec![0; 31], good[..64].to_vec(), longer, flipped] {
            assert!(!Proof(bad).holds(&tree.root(), 8, 3, &items(8)[3]));
        }
        for (len, index) in [(0, 0), (3, 3), (8, 8), (8, u64::MAX), (u64::MAX, 3)] {
            assert!(!Proof(good.clone()).holds(&tree.root(), len, index, &items(8)[3]), "{len} {index}");
        }
        assert!(!Proof(Vec::new()).holds(&Tree::of([]).root(), 0, 0, b""));
    }
}
