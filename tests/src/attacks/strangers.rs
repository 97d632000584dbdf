//! A network in which organisations burn and accept what is not theirs, for another program to judge.

use taizhang_core::{
    entry::SignedEntry,
    id::{EntryId, NetworkId, OrgId},
    rows::Role,
    standing::Standing,
    units::Day,
};

use super::kit::{Counties, DAY, ledger_of, registry, review};

/// What happened, and what became of it.
#[derive(Debug)]
pub struct Strangers {
    /// The network.
    pub network: NetworkId,
    /// Who may read all of it.
    pub city: OrgId,
    /// Every entry, in order.
    pub entries: Vec<SignedEntry>,
    /// What each story comes to.
    pub ends: Vec<(&'static str, EntryId, Standing)>,
}

/// Strangers who grant a role of their own and then burn or accept; accepts of whoever burnt, and of others.
///
/// # Panics
/// If somebody of the world lacks a grant.
#[must_use]
pub fn strangers() -> Strangers {
    let mut c = Counties::new();
    let (city, county, other, foreign, school) = (c.w.city, c.county, c.other, c.foreign, c.school);
    let mut ends = Vec::new();
    let honest = c.w.row("clerk", ledger_of(school));
    c.w.grant("other-admin", other, "clerk", Role::Clerk, foreign);
    c.w.burn("other-admin", other, "clerk", &[]);
    ends.push(("a stranger's burn", honest, Standing::Stands));
    let second = ledger_of(c.second);
    let grant = c.w.grant_in("second-clerk", second).expect("the second school's clerk");
    let loot = c.w.row("second-clerk", second);
    c.w.end("admin", county, grant, Day(DAY.0 - 1), &[]);
    c.w.grant("other-admin", other, "second-clerk", Role::Clerk, foreign);
    c.w.accept("other-admin", registry(other), &[loot]);
    ends.push(("a stranger's accept", loot, Standing::Ended));
    let decided = c.w.row("reviewer", review(county, school));
    c.w.burn("admin", county, "reviewer", &[]);
    c.w.accept("admin", registry(county), &[decided]);
    ends.push(("an accept of whoever burnt", decided, Standing::Stands));
    let late = c.w.row("second-reviewer", review(county, school));
    c.w.grant("city-admin", city, "second-reviewer", Role::Reviewer, county);
    c.w.burn("city-admin", city, "second-reviewer", &[]);
    c.w.accept("admin", registry(county), &[late]);
    ends.push(("an accept from below of what the city burnt", late, Standing::Burnt));
    ends.iter().for_each(|(what, id, standing)| assert_eq!(c.w.standing(*id), *standing, "{what}"));
    Strangers { network: c.w.ledger().network, city, entries: c.w.entries, ends }
}
