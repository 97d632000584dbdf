//! Questions to a policy.

use std::collections::BTreeMap;

use super::{Body, Policy, Rule};
use crate::case::Kind;

impl Policy {
    /// Hundredths of a class hour of a credit in this bucket; 0: hours only; `None`: no rule of this policy fills it.
    #[must_use]
    pub fn rate(&self, bucket: &str) -> Option<u32> {
        self.pick(Body::as_convert).find(|(_, c)| c.bucket == bucket).map(|(_, c)| c.h100_per_credit)
    }

    /// The rule that converts this kind.
    #[must_use]
    pub fn convert(&self, kind: Kind) -> Option<&Rule> {
        self.pick(Body::as_convert).find(|(_, c)| c.kinds.contains(&kind)).map(|(rule, _)| rule)
    }

    /// Every bucket that a rule fills, with its rate.
    #[must_use]
    pub fn buckets(&self) -> BTreeMap<&str, u32> {
        // The first rule of a bucket gives its rate; `check` refuses a second one.
        self.pick(Body::as_convert).rev().map(|(_, c)| (c.bucket, c.h100_per_credit)).collect()
    }

    /// The rules of one type, in the order of the file, with what `pick` takes from them.
    pub fn pick<'p, T>(&'p self, pick: impl Fn(&'p Body) -> Option<T>) -> impl DoubleEndedIterator<Item = (&'p Rule, T)> {
        self.rules.iter().filter_map(move |rule| pick(&rule.body).map(|what| (rule, what)))
    }
}

/// [`Body::Convert`], borrowed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Convert<'p> {
    /// Which kinds.
    pub kinds: &'p [Kind],
    /// Where they count.
    pub bucket: &'p str,
    /// Hours of a credit; 0: hours only.
    pub h100_per_credit: u32,
}

impl Body {
    /// What it converts, if it does.
    #[must_use]
    pub fn as_convert(&self) -> Option<Convert<'_>> {
        match self {
            Self::Convert { kinds, bucket, h100_per_credit, .. } => {
                Some(Convert { kinds, bucket, h100_per_credit: *h100_per_credit })
            }
            _ => None,
        }
    }
}
