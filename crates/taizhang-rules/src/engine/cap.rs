//! Step 7: year caps, then cycle caps, in the order of end days, then ids; what is over is lost and never carried over (D-18).

use std::collections::BTreeMap;

use super::{Compiled, Item, compile::BucketId};
use crate::{account::Reason, case::Level};

/// Clamps recognised hours.
///
/// The caps are those of the policy in force at the activity's end; against them stands everything counted in the bucket in that year or cycle,
/// whichever policy converted it (D-21).
pub(super) fn clamp(items: &mut [Item<'_, '_>], compiled: &Compiled<'_, '_>) {
    if compiled.tables.sets.iter().all(|set| set.caps.is_empty()) {
        return;
    }
    let mut order: Vec<usize> = (0..items.len()).collect();
    // Items stand in the order of ids, and this sort keeps it among equal days.
    order.sort_by_key(|at| items.get(*at).map(|item| item.activity.end));
    // By bucket, and year or (None) cycle.
    let mut used: BTreeMap<(BucketId, Option<u16>), u64> = BTreeMap::new();
    for at in order {
        let Some(item) = items.get_mut(at).filter(|item| item.h100 > 0) else { continue };
        let Some(set) = item.set else { continue };
        let (bucket, year) = (item.bucket(), item.year);
        let school = item.activity.level == Level::School;
        for cap in set.caps.iter().filter(|cap| cap.bucket == bucket && (school || !cap.school_only)) {
            let scope = cap.yearly.then_some(year);
            let left = cap.limit_h100.saturating_sub(used.get(&(bucket, scope)).copied().unwrap_or(0));
            let lost = item.keep(u32::try_from(left).unwrap_or(u32::MAX), Reason::Capped, &cap.cite);
            if lost > 0 {
                item.excess_h100 += lost;
                item.reason = Reason::Capped;
                item.cite.get_or_insert_with(|| cap.cite.clone());
            }
        }
        for scope in [Some(year), None] {
            *used.entry((bucket, scope)).or_default() += u64::from(item.h100);
        }
    }
}
