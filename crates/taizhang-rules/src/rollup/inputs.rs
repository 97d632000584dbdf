//! The documents that a rollup was read from, each at its open tips: the same list that locks and checkpoints name ([`tips`]).
//!
//! A document that did not change since the last rollup is the same leaf in both lists: the open tips of a document are so few that a list of their own, named by its address, would be longer.

use taizhang_core::{
    cbor::CborError,
    id::{DocId, Kind, OrgId},
    ledger::Ledger,
    tips,
    units::Day,
};

pub use taizhang_core::tips::DocumentTips as Input;

use crate::merkle::Tree;

/// All of them, sorted by document.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Inputs(pub Vec<Input>);

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
        Self(ledger.tips_of(takes_part))
    }

    /// Does a rollup of `owner` over these years rest on this document?
    ///
    /// Notices, reviews and transfers of earlier years do too: a ban reaches over the border of a cycle.
    #[must_use]
    pub fn belongs(ledger: &Ledger, owner: OrgId, years: Years, document: &DocId) -> bool {
        let registry = &ledger.registry;
        let up_to = document.period.is_none_or(|p| p <= years.last);
        let since = document.period.is_none_or(|p| p >= years.first);
        // As the document is read: whoever had a school in its year or later. Whose lines count it is another question.
        let below = || registry.oversees(owner, document.concerns(), Day::first_of(document.period.unwrap_or(years.first)));
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
        tips::to_bytes(&self.0)
    }

    /// Reads the attachment.
    ///
    /// # Errors
    /// Another form, another version, not sorted, or a digest that is not that of its tips.
    pub fn parse(bytes: &[u8]) -> Result<Self, CborError> {
        tips::parse(bytes).map(Self)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, reason = "tests")]
    use taizhang_core::id::EntryId;

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
}
