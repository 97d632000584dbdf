//! When did an entry reach this node? Times in entries are claims; the order of arrival here is not, and once a day it is marked where that day begins.
//!
//! Kept as notes `day/` + day: they go with the index, so a rebuilt index begins anew and says so. Local knowledge for a person's decision, never for a verdict.

use std::collections::BTreeMap;

use taizhang_core::units::Day;
use taizhang_store::{Store, disk::DiskStore};

use crate::error::CommandError;

const PREFIX: &[u8] = b"day/";

/// How many entries were here when each day's first commit was made.
#[derive(Clone, Debug, Default)]
pub struct Arrivals(BTreeMap<Day, u64>);

impl Arrivals {
    pub(super) fn load(store: &DiskStore) -> Result<Self, CommandError> {
        let mut days = BTreeMap::new();
        for (key, value) in store.notes(PREFIX).map_err(CommandError::storage)? {
            let day = key.strip_prefix(PREFIX).and_then(|d| d.try_into().ok()).map(u32::from_be_bytes);
            if let (Some(day), Ok(entries)) = (day, value.try_into().map(u64::from_be_bytes)) {
                days.insert(Day(day), entries);
            }
        }
        Ok(Self(days))
    }

    /// The note to be written with a day's first commit; `entries` are here before it.
    pub(super) fn note(&self, day: Day, entries: u64) -> Option<(Vec<u8>, Option<Vec<u8>>)> {
        let note = || ([PREFIX, &day.0.to_be_bytes()].concat(), Some(entries.to_be_bytes().to_vec()));
        (!self.0.contains_key(&day)).then(note)
    }

    /// The note is durable.
    pub(super) fn mark(&mut self, day: Day, entries: u64) {
        self.0.entry(day).or_insert(entries);
    }

    /// Entries with a lower number of arrival were here before the day; `None` where this node does not know, because its marks begin later.
    #[must_use]
    pub fn before(&self, day: Day) -> Option<u64> {
        let (first, _) = self.0.first_key_value()?;
        // A clock that went back marks an earlier day later: the lowest mark from that day on is the safe one.
        (*first < day).then(|| self.0.range(day..).map(|(_, entries)| *entries).min().unwrap_or(u64::MAX))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_here_before_a_day() {
        let mut arrivals = Arrivals::default();
        assert_eq!(arrivals.before(Day(10)), None, "nothing known");
        assert!(arrivals.note(Day(10), 3).is_some());
        arrivals.mark(Day(10), 3);
        assert!(arrivals.note(Day(10), 5).is_none(), "only a day's first commit");
        arrivals.mark(Day(12), 8);
        let known = [9, 10, 11, 12, 13].map(|d| arrivals.before(Day(d)));
        assert_eq!(known, [None, None, Some(8), Some(8), Some(u64::MAX)]);
        // The clock goes back two days, and forth again.
        arrivals.mark(Day(11), 20);
        arrivals.mark(Day(13), 30);
        assert_eq!([11, 12, 13, 14].map(|d| arrivals.before(Day(d))), [Some(8), Some(8), Some(30), Some(u64::MAX)]);
    }
}
