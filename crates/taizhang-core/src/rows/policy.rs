//! Rows of the policy document: texts of rules, and from when they hold (D-21).

use super::{field::Bytes, rows};
use crate::{id::OrgId, units::Day};

rows! {
    /// The text of a policy, whole: whoever has the row can read the rules without a network.
    10 PolicyText {
        /// Id that the text gives itself: wuhan-2008.
        id: String,
        /// Which edition of it.
        version: String,
        /// SHA-256 of `toml`.
        sha256: [u8; 32],
        /// The text in TOML, at most 32 KiB.
        toml: Bytes,
        /// Why.
        reason: Option<String>,
    }
    /// A policy holds from a day on.
    11 Adopt {
        /// Id of the policy.
        id: String,
        /// Its edition.
        version: String,
        /// SHA-256 of its text.
        sha256: [u8; 32],
        /// First day on which it holds.
        effective_day: Day,
        /// 学段 that it holds for; none named: those of the text.
        stages: Vec<String>,
        /// Organisations that it holds for, with all below them; `None`: the owner of the document.
        orgs: Option<Vec<OrgId>>,
        /// Id of the policy that this one is used on top of.
        overlay_of: Option<String>,
        /// Why.
        reason: Option<String>,
    }
}
