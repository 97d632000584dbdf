//! The documents that a rollup was read from, each at its open tips: attachment `[1, [[document, digest, [tip…]]…]]`, sorted.
//!
//! A document that did not change since the last rollup is the same leaf in both lists: the open tips of a document are so few that a list of their own, named by its address, would be longer.

use sha2::{Digest, Sha256};
use taizhang_core::{
    cbor::{CborError, Reader, Writer},
    id::{DocId, EntryId, Kind, OrgId},
    ledger::Ledger,
};

use crate::merkle::Tree;

const VERSION: u64 = 1;

/// One document at its open tips.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Input {
    /// The document.
    pub document: DocId,
    /// Its open tips, sorted: all they reach was read, and nothing else.
    pub tips: Vec<EntryId>,
}

/// All of them, sorted by document.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Inputs(pub Vec<Input>);

impl Input {
    /// SHA-256 over the document's id and these tips, as [`Ledger::digest`] has it.
    #[must_use]
    pub fn digest(&self) -> [u8; 32] {
        let start = Sha256::new().chain_update(self.document.to_bytes());
        self.tips.iter().fold(start, |hash, tip| hash.chain_update(tip.0)).finalize().into()
    }

    /// `[document, digest, [tip…]]`, a leaf of the inputs' root.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut w = Writer::default();
        w.array(3).bytes(&self.document.to_bytes()).bytes(&self.digest()).array(self.tips.len() as u64);
        self.tips.iter().for_each(|t| {
            w.bytes(&t.0);
        });
        w.finish()
    }

    fn read(r: &mut Reader<'_>) -> Result<Self, CborError> {
        r.array_of(3)?;
        let at = r.position();
        let document = DocId::from_bytes(r.bytes()?).ok_or(CborError { at, what: "not a document id" })?;
        let digest: [u8; 32] = r.array_bytes()?;
        let tips = (0..r.array()?).map(|_| r.array_bytes().map(EntryId)).collect::<Result<Vec<_>, _>>()?;
        let input = Self { document, tips };
        if !is_sorted(&input.tips) || input.tips.is_empty() {
            return Err(CborError { at, what: "tips not sorted, not unique or none" });
        }
        if input.digest() == digest { Ok(input) } else { Err(CborError { at, what: "the digest is not that of the tips" }) }
    }
}

/// The calendar years whose documents take part: those of the cycle that the accounts are kept over, and the rollup's own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Years {
    /// First.
    pub first: u16,
    /// Last.
    pub last: u16,
}

impl Inputs {
    /// What a rollup of `owner` is read from: every registry here (grants, ends and burns decide what counts), the policies and notices that
    /// hold here, and rosters, ledgers, reviews and transfers of the organisations below.
    #[must_use]
    pub fn of(ledger: &Ledger, owner: OrgId, years: Years) -> Self {
        Self::at(ledger, |d| Self::belongs(ledger, owner, years, d))
    }

    /// Registries and policies alone: what says which years take part.
    #[must_use]
    pub fn of_policies(ledger: &Ledger, owner: OrgId) -> Self {
        let says = |d: &DocId| d.kind == Kind::Registry || (d.kind == Kind::Policy && ledger.registry.may_read(owner, d));
        Self::at(ledger, says)
    }

    /// Documents here, at their open tips.
    fn at(ledger: &Ledger, takes_part: impl Fn(&DocId) -> bool) -> Self {
        let input = |d: &DocId| Input { document: *d, tips: ledger.open_tips(d) };
        Self(ledger.documents().filter(|d| takes_part(d)).map(input).collect())
    }

    /// Does a rollup of `owner` over these years rest on this document?
    ///
    /// Notices, reviews and transfers of earlier years do too: a ban reaches over the border of a cycle.
    #[must_use]
    pub fn belongs(ledger: &Ledger, owner: OrgId, years: Years, document: &DocId) -> bool {
        let registry = &ledger.registry;
        let up_to = document.period.is_none_or(|p| p <= years.last);
        let since = document.period.is_none_or(|p| p >= years.first);
        let below = || registry.is_at_or_above(owner, document.concerns());
        match document.kind {
            Kind::Registry => true,
            Kind::Policy | Kind::Notice => up_to && registry.may_read(owner, document),
            Kind::Roster | Kind::Review | Kind::Transfer => up_to && below(),
            Kind::Ledger => up_to && since && below(),
            Kind::Identity | Kind::Rollup => false,
        }
    }

    /// The years of the ledgers named; `None`: there are none.
    #[must_use]
    pub fn years(&self) -> Option<Years> {
        let years = || self.0.iter().filter(|i| i.document.kind == Kind::Ledger).filter_map(|i| i.document.period);
        Some(Years { first: years().min()?, last: years().max()? })
    }

    /// Those that the lines of one school come from, before references are followed: what holds for all, what concerns the school, and the other
    /// ledgers of those who registered there (their activities may be announced in them); the same of the other schools that the line names.
    #[must_use]
    pub fn of_school(&self, school: OrgId, also: &[OrgId]) -> Self {
        let mut all: Vec<Input> = also.iter().chain([&school]).flat_map(|s| self.of_one_school(*s)).collect();
        all.sort();
        all.dedup();
        Self(all)
    }

    fn of_one_school(&self, school: OrgId) -> Vec<Input> {
        let concerning = self.0.iter().filter(|i| i.document.concerns() == school);
        let registrars: Vec<OrgId> = concerning.filter(|i| i.document.kind == Kind::Ledger).map(|i| i.document.owner).collect();
        let takes_part = |d: &DocId| match d.kind {
            Kind::Registry | Kind::Policy | Kind::Notice => true,
            Kind::Ledger => d.concerns() == school || registrars.contains(&d.owner),
            _ => d.concerns() == school,
        };
        self.0.iter().filter(|i| takes_part(&i.document)).cloned().collect()
    }

    /// The input of one document.
    #[must_use]
    pub fn get(&self, document: &DocId) -> Option<&Input> {
        self.0.binary_search_by_key(document, |i| i.document).ok().and_then(|at| self.0.get(at))
    }

    /// RFC 9162 root over the inputs.
    #[must_use]
    pub fn root(&self) -> [u8; 32] {
        Tree::of(self.0.iter().map(Input::to_bytes)).root()
    }

    /// The attachment.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut w = Writer::default();
        w.array(2).uint(VERSION).array(self.0.len() as u64);
        self.0.iter().for_each(|i| {
            w.raw(&i.to_bytes());
        });
        w.finish()
    }

    /// Reads the attachment.
    ///
    /// # Errors
    /// Another form, another version, not sorted, or a digest that is not that of its tips.
    pub fn parse(bytes: &[u8]) -> Result<Self, CborError> {
        let mut r = Reader::new(bytes);
        r.array_of(2)?;
        let at = r.position();
        if r.uint()? != VERSION {
            return Err(CborError { at, what: "inputs of another version" });
        }
        let inputs = (0..r.array()?).map(|_| Input::read(&mut r)).collect::<Result<Vec<_>, _>>()?;
        r.end()?;
        let documents: Vec<DocId> = inputs.iter().map(|i| i.document).collect();
        if is_sorted(&documents) { Ok(Self(inputs)) } else { Err(CborError { at, what: "inputs not sorted or not unique" }) }
    }
}

fn is_sorted<T: Ord>(list: &[T]) -> bool {
    list.windows(2).all(|w| matches!(w, [a, b] if a < b))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, reason = "tests")]
    use super::*;

    fn input(owner: u8, tips: &[u8]) -> Input {
        let tips = tips.iter().map(|t| EntryId([*t; 32])).collect();
        Input { document: DocId::of_year(OrgId([owner; 8]), Kind::Ledger, 2008), tips }
    }

    #[test]
    fn what_is_written_is_read() {
        let inputs = Inputs(vec![input(1, &[1]), input(2, &[3, 4])]);
        assert_eq!(Inputs::parse(&inputs.to_bytes()).unwrap(), inputs);
        assert_eq!(Inputs::parse(&Inputs::default().to_bytes()).unwrap(), Inputs::default());
        assert_eq!(inputs.get(&inputs.0[1].document), Some(&inputs.0[1]));
        assert_eq!(inputs.get(&DocId::of(OrgId([1; 8]), Kind::Roster)), None);
    }

    #[test]
    fn other_forms_are_refused() {
        let good = Inputs(vec![input(1, &[1]), input(2, &[3, 4])]).to_bytes();
        for n in 0..good.len() {
            assert!(Inputs::parse(&good[..n]).is_err(), "cut at {n}");
        }
        let at_digest = good.len() - 70;
        for bad in [
            Inputs(vec![input(2, &[1]), input(1, &[1])]).to_bytes(),
            Inputs(vec![input(1, &[1]), input(1, &[2])]).to_bytes(),
            Inputs(vec![input(1, &[2, 1])]).to_bytes(),
            Inputs(vec![input(1, &[1, 1])]).to_bytes(),
            Inputs(vec![input(1, &[])]).to_bytes(),
            [good.as_slice(), &[0]].concat(),
            good.iter().enumerate().map(|(i, b)| if i == at_digest { b ^ 1 } else { *b }).collect(),
            good.iter().enumerate().map(|(i, b)| if i == 1 { 2 } else { *b }).collect(),
        ] {
            assert!(Inputs::parse(&bad).is_err(), "{bad:02x?}");
        }
    }
}
