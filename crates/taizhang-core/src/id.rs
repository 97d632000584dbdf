//! Identifiers: organisation, network, author, run, document, entry, row.

use std::fmt;

use sha2::{Digest, Sha256};

macro_rules! bytes_id {
    ($(#[$doc:meta])* $name:ident, $len:literal) => {
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(pub [u8; $len]);

        impl $name {
            /// Length in bytes.
            pub const LEN: usize = $len;

            /// Takes exactly `LEN` bytes.
            #[must_use]
            pub fn from_slice(bytes: &[u8]) -> Option<Self> {
                bytes.try_into().ok().map(Self)
            }

            /// Reads lower- or upper-case hex of exactly `LEN` bytes.
            #[must_use]
            pub fn from_hex(text: &str) -> Option<Self> {
                Self::from_slice(&from_hex(text)?)
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.iter().try_for_each(|b| write!(f, "{b:02x}"))
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, concat!(stringify!($name), "({})"), self)
            }
        }
    };
}

bytes_id!(
    /// An organisation: the first 8 bytes of SHA-256(parent id ‖ 8 random bytes of its creation row). Final, never an area code.
    OrgId, 8
);
bytes_id!(
    /// SHA-256 of the first root statement's row.
    NetworkId, 32
);
bytes_id!(
    /// The Ed25519 public key of a person on one machine, or of a node.
    PublicKey, 32
);
bytes_id!(
    /// 8 random bytes drawn at the first write after a start of the program.
    Run, 8
);
bytes_id!(
    /// SHA-256 of an entry's `Sig_structure` (RFC 9052 §4.4).
    EntryId, 32
);
bytes_id!(
    /// SHA-256 of an attachment's bytes.
    AttachmentId, 32
);

/// Reads hex of any even length.
#[must_use]
pub fn from_hex(text: &str) -> Option<Vec<u8>> {
    // Digits only: the standard library would take a sign before one.
    if !text.len().is_multiple_of(2) || !text.bytes().all(|b| b.is_ascii_hexdigit()) {
        return None;
    }
    text.as_bytes().chunks(2).map(|pair| std::str::from_utf8(pair).ok().and_then(|p| u8::from_str_radix(p, 16).ok())).collect()
}

impl OrgId {
    /// The id of an organisation created under `parent` with the 8 random bytes of its creation row.
    #[must_use]
    pub fn derive(parent: OrgId, random: [u8; 8]) -> Self {
        let hash = Sha256::new().chain_update(parent.0).chain_update(random).finalize();
        Self(first(&hash))
    }

    /// The nameless organisation above the first one.
    #[must_use]
    pub fn root(network: NetworkId) -> Self {
        Self(first(&network.0))
    }
}

fn first<const N: usize>(bytes: &[u8]) -> [u8; N] {
    let mut out = [0; N];
    out.iter_mut().zip(bytes).for_each(|(o, b)| *o = *b);
    out
}

/// What a document holds, who writes and who reads it. Code, and never changes: new rights are a new kind.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(u8)]
pub enum Kind {
    /// Child organisations, grants and their ends.
    Registry = 1,
    /// Policy files and adoptions.
    Policy = 2,
    /// Activities, sessions, calendar, quotas of a centre; per year.
    Notice = 3,
    /// Teachers by number and dated status rows; no names.
    Roster = 4,
    /// Names, ID numbers, phones, sealed per teacher.
    Identity = 5,
    /// Plans, attendance, registrations, funds; per year, with or without a subject.
    Ledger = 6,
    /// Decisions, locks, recognitions, bans about a subject; per year.
    Review = 7,
    /// A moved teacher's lines; per year and subject.
    Transfer = 8,
    /// Rollup rows; per year.
    Rollup = 9,
}

impl Kind {
    /// Every kind this version knows, in the order in which they replicate.
    pub const ALL: [Kind; 9] = [
        Kind::Registry,
        Kind::Policy,
        Kind::Notice,
        Kind::Roster,
        Kind::Review,
        Kind::Rollup,
        Kind::Transfer,
        Kind::Identity,
        Kind::Ledger,
    ];

    /// The kind with this number on disk and wire.
    #[must_use]
    pub fn from_u8(n: u8) -> Option<Self> {
        Self::ALL.into_iter().find(|k| *k as u8 == n)
    }

    /// The word used in commands and outputs.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Registry => "registry",
            Self::Policy => "policy",
            Self::Notice => "notice",
            Self::Roster => "roster",
            Self::Identity => "identity",
            Self::Ledger => "ledger",
            Self::Review => "review",
            Self::Transfer => "transfer",
            Self::Rollup => "rollup",
        }
    }

    /// Does a document of this kind belong to a calendar year?
    #[must_use]
    pub fn has_period(self) -> bool {
        !matches!(self, Self::Registry | Self::Policy | Self::Roster | Self::Identity)
    }

    /// May (`Some(false)`), must (`Some(true)`) or must not (`None`) a document of this kind name a subject?
    #[must_use]
    pub fn subject(self) -> Option<bool> {
        match self {
            Self::Ledger => Some(false),
            Self::Review | Self::Transfer => Some(true),
            _ => None,
        }
    }
}

/// A document: (owner, kind, period?, subject?). 19 bytes on disk and wire: owner 8, kind 1, period 2 (big endian, 0 = none), subject 8 (zeros = none).
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct DocId {
    /// Whose document it is.
    pub owner: OrgId,
    /// What it holds.
    pub kind: Kind,
    /// Calendar year of the activity's end as entered (D-05).
    pub period: Option<u16>,
    /// The organisation it is about, where that is not the owner.
    pub subject: Option<OrgId>,
}

impl DocId {
    /// Length of the byte form.
    pub const LEN: usize = 19;

    /// A document without period and subject.
    #[must_use]
    pub fn of(owner: OrgId, kind: Kind) -> Self {
        Self { owner, kind, period: None, subject: None }
    }

    /// A document of a year, without subject.
    #[must_use]
    pub fn of_year(owner: OrgId, kind: Kind, year: u16) -> Self {
        Self { owner, kind, period: Some(year), subject: None }
    }

    /// A document of a year about `subject`.
    #[must_use]
    pub fn about(owner: OrgId, kind: Kind, year: u16, subject: OrgId) -> Self {
        Self { owner, kind, period: Some(year), subject: Some(subject) }
    }

    /// The organisation the document concerns: its subject, else its owner.
    #[must_use]
    pub fn concerns(&self) -> OrgId {
        self.subject.unwrap_or(self.owner)
    }

    /// The byte form.
    #[must_use]
    pub fn to_bytes(self) -> [u8; Self::LEN] {
        let mut out = [0; Self::LEN];
        let period = self.period.unwrap_or(0).to_be_bytes();
        let subject = self.subject.map_or([0; 8], |s| s.0);
        let parts = self
            .owner
            .0
            .iter()
            .chain([self.kind as u8].iter())
            .chain(period.iter())
            .chain(subject.iter())
            .copied()
            .collect::<Vec<_>>();
        out.iter_mut().zip(parts).for_each(|(o, b)| *o = b);
        out
    }

    /// Reads the byte form; `None` for an unknown kind, or a period or subject the kind does not have.
    #[must_use]
    pub fn from_bytes(bytes: &[u8]) -> Option<Self> {
        let (owner, rest) = bytes.split_at_checked(8)?;
        let (kind, rest) = rest.split_first()?;
        let (period, subject) = rest.split_at_checked(2)?;
        let period = u16::from_be_bytes(period.try_into().ok()?);
        let subject = OrgId::from_slice(subject)?;
        let id = Self {
            owner: OrgId::from_slice(owner)?,
            kind: Kind::from_u8(*kind)?,
            period: (period != 0).then_some(period),
            subject: (subject.0 != [0; 8]).then_some(subject),
        };
        id.is_well_formed().then_some(id)
    }

    /// Does the kind allow this period and subject? A subject equal to the owner would be a second name of one document.
    #[must_use]
    pub fn is_well_formed(&self) -> bool {
        let subject_fits = match (self.kind.subject(), self.subject) {
            (None, s) => s.is_none(),
            (Some(true), s) => s.is_some(),
            (Some(false), s) => s != Some(self.owner),
        };
        self.kind.has_period() == self.period.is_some() && self.period != Some(0) && subject_fits
    }
}

impl fmt::Display for DocId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.owner, self.kind.word())?;
        self.period.map_or(Ok(()), |p| write!(f, "/{p}"))?;
        self.subject.map_or(Ok(()), |s| write!(f, "/{s}"))
    }
}

impl fmt::Debug for DocId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "DocId({self})")
    }
}

/// One author's chain of entries in one document since one start of the program.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct LogId {
    /// The document written to.
    pub document: DocId,
    /// Who writes.
    pub key: PublicKey,
    /// Since which start of the program.
    pub run: Run,
}

/// A place in a log; covers everything that `previous` and `link` reach from it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Position {
    /// The run of the log.
    pub run: Run,
    /// The sequence number of the entry, from 1.
    pub height: u64,
    /// The entry there (two entries may claim one place: a fork).
    pub id: EntryId,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hex_is_digits_and_nothing_else() {
        assert_eq!(from_hex("0aFf"), Some(vec![10, 255]));
        assert_eq!(["+f", "0", " 1", "-1", "１"].map(from_hex), [const { None }; 5]);
    }
}
