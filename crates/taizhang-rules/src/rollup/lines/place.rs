//! Lines about places, money and targets: `["quota", organisation, category, quota, done]`, `["fund", organisation, source, due, arranged, spent]` in fen, `["coverage", rule, target, due, done]`.

use taizhang_core::{
    cbor::{CborError, Reader, Writer},
    id::OrgId,
};

/// Places of one category that an organisation shall fill in the period (row 23), and distinct people trained.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct QuotaLine {
    /// Who shall fill them.
    pub org: OrgId,
    /// Category of trainees.
    pub category: String,
    /// Places.
    pub quota: u64,
    /// Distinct teachers trained.
    pub done: u64,
}

/// Money of the period from one source (row 66), in fen.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FundLine {
    /// Whose.
    pub org: OrgId,
    /// payroll, surcharge, public, special, fixed.
    pub source: String,
    /// Due: by the policy's rule of the row's base, else as the row says.
    pub due_fen: i64,
    /// Set aside.
    pub arranged_fen: i64,
    /// Spent, all five kinds.
    pub spent_fen: i64,
}

/// A coverage target of the policy.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CoverageLine {
    /// Rule id.
    pub rule: String,
    /// To be trained in the window.
    pub target: u64,
    /// Of these, up to the end of the period.
    pub due: u64,
    /// Distinct teachers trained in the window.
    pub done: u64,
}

/// A line that is not a school's.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PlaceLine {
    /// Places.
    Quota(QuotaLine),
    /// Money.
    Fund(FundLine),
    /// A target.
    Coverage(CoverageLine),
}

impl PlaceLine {
    /// What it is about.
    #[must_use]
    pub fn about(&self) -> (&'static str, Option<OrgId>, &str) {
        match self {
            Self::Quota(l) => ("quota", Some(l.org), &l.category),
            Self::Fund(l) => ("fund", Some(l.org), &l.source),
            Self::Coverage(l) => ("coverage", None, &l.rule),
        }
    }

    /// Every number by name.
    #[must_use]
    pub fn named(&self) -> Vec<(&'static str, i64)> {
        let number = |n: u64| i64::try_from(n).unwrap_or(i64::MAX);
        match self {
            Self::Quota(l) => vec![("quota", number(l.quota)), ("quota_done", number(l.done))],
            Self::Fund(l) => {
                vec![("fund_due_fen", l.due_fen), ("fund_arranged_fen", l.arranged_fen), ("fund_spent_fen", l.spent_fen)]
            }
            Self::Coverage(l) => {
                vec![("coverage_target", number(l.target)), ("coverage_due", number(l.due)), ("coverage_done", number(l.done))]
            }
        }
    }

    /// A leaf of the lines' root.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        let (word, org, name) = self.about();
        let numbers = self.named();
        let mut w = Writer::default();
        w.array(2 + u64::from(org.is_some()) + numbers.len() as u64).text(word);
        if let Some(org) = org {
            w.bytes(&org.0);
        }
        w.text(name);
        numbers.iter().for_each(|(_, n)| {
            w.int(*n);
        });
        w.finish()
    }

    pub(super) fn read(r: &mut Reader<'_>) -> Result<Self, CborError> {
        let at = r.position();
        let len = r.array()?;
        let word = r.text()?;
        let line = match (word, len) {
            ("quota", 5) => {
                let (org, category) = (OrgId(r.array_bytes()?), r.text()?.to_owned());
                Self::Quota(QuotaLine { org, category, quota: r.uint()?, done: r.uint()? })
            }
            ("fund", 6) => {
                let (org, source) = (OrgId(r.array_bytes()?), r.text()?.to_owned());
                Self::Fund(FundLine { org, source, due_fen: r.int()?, arranged_fen: r.int()?, spent_fen: r.int()? })
            }
            ("coverage", 5) => {
                let rule = r.text()?.to_owned();
                Self::Coverage(CoverageLine { rule, target: r.uint()?, due: r.uint()?, done: r.uint()? })
            }
            _ => return Err(CborError { at, what: "no such line" }),
        };
        Ok(line)
    }
}
