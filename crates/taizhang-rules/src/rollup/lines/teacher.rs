//! The line of one teacher, of which only a salted hash is published.

use std::collections::BTreeSet;

use sha2::{Digest, Sha256};
use taizhang_core::{cbor::Writer, id::OrgId, op::RowName};

use super::tally::Tally;
use crate::account::{Account, LineStatus, Status};

/// One teacher, at the school where the teacher serves.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TeacherLine {
    /// The school.
    pub school: OrgId,
    /// 教师编号
    pub number: String,
    /// The teacher's records of the period, wherever they lie.
    pub tally: Tally,
    /// What the rules make of the cycle.
    pub standing: Standing,
    /// SHA-256 of the names of all rows about the teacher.
    pub salt: [u8; 32],
}

/// What of an account goes into a line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Standing {
    /// Where it stands, from what is known.
    pub status: Status,
    /// Something is not known: figures and status are open.
    pub open: bool,
    /// Recognised in the cycle: bucket, h100, c100.
    pub buckets: Vec<(String, u64, Option<u64>)>,
    /// Requirements, in the order of the policy: rule, scope, need, got, status.
    pub rules: Vec<(String, String, u64, u64, LineStatus)>,
}

impl Standing {
    /// Of a teacher about whom no roster says anything: nothing can be evaluated.
    #[must_use]
    pub const fn unknown() -> Self {
        Self { status: Status::Recorded, open: true, buckets: Vec::new(), rules: Vec::new() }
    }

    /// Of an account.
    #[must_use]
    pub fn of(account: &Account) -> Self {
        let rules = account.rules.iter();
        Self {
            status: account.status,
            open: !account.open.is_empty(),
            buckets: account.cycle.iter().map(|(b, a)| (b.to_string(), a.h100, a.c100)).collect(),
            rules: rules.map(|l| (l.cite.rule.to_string(), l.scope.clone(), l.need, l.got, l.status)).collect(),
        }
    }

    /// For people: `met, concentrated 160.00 h, WH-MIN-TOTAL cycle 4000/4000`.
    #[must_use]
    pub fn describe(&self) -> String {
        let buckets = self.buckets.iter().map(|(b, h100, _)| format!("{b} {}.{:02} h", h100 / 100, h100 % 100));
        let rules = self.rules.iter().map(|(rule, scope, need, got, _)| format!("{rule} {scope} {got}/{need}"));
        let open = self.open.then(|| "open".to_owned());
        let parts: Vec<String> = std::iter::once(self.status.word().to_owned()).chain(open).chain(buckets).chain(rules).collect();
        parts.join(", ")
    }
}

impl TeacherLine {
    /// What the salt is put before.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut w = Writer::default();
        let s = &self.standing;
        w.array(7).bytes(&self.school.0).text(&self.number);
        self.tally.write(&mut w);
        w.text(s.status.word()).bool(s.open).array(s.buckets.len() as u64);
        for (bucket, h100, c100) in &s.buckets {
            w.array(3).text(bucket).uint(*h100);
            match c100 {
                Some(c100) => w.uint(*c100),
                None => w.null(),
            };
        }
        w.array(s.rules.len() as u64);
        for (rule, scope, need, got, status) in &s.rules {
            w.array(5).text(rule).text(scope).uint(*need).uint(*got).text(status.word());
        }
        w.finish()
    }

    /// What is published of it; a leaf of the teachers' root.
    #[must_use]
    pub fn commitment(&self) -> [u8; 32] {
        Sha256::new().chain_update(self.salt).chain_update(self.to_bytes()).finalize().into()
    }
}

/// SHA-256 over entry id and index (2 bytes, big endian) of the rows, sorted: who does not hold these rows cannot try numbers.
#[must_use]
pub fn salt(names: &BTreeSet<RowName>) -> [u8; 32] {
    let start = Sha256::new();
    let all = names.iter().fold(start, |hash, n| hash.chain_update(n.entry.0).chain_update(n.index.to_be_bytes()));
    all.finalize().into()
}
