//! The county in which entries are forged: its people, an invite, a few honest entries.

use taizhang_core::{
    entry::SignedEntry,
    founding::Invite,
    id::{DocId, EntryId},
    op::RowName,
    rows::{Grant, Role, RowType},
    units::Ms,
};

use super::{
    Outcome,
    kit::{Counties, DAY, Draft, World, ledger_of, payload, registry, review, run},
};

/// A city with two counties, and what honest people wrote.
pub(super) struct Scene {
    pub(super) c: Counties,
    /// clerk's, in the school's ledger: a row, then the registers "a.b" and "c.d".
    pub(super) row: EntryId,
    pub(super) register: EntryId,
    /// second-clerk's, in the other school's ledger.
    pub(super) elsewhere: EntryId,
    /// Reviews of the school by the city, of the second school by the county.
    pub(super) city_review: EntryId,
    pub(super) second_review: EntryId,
    /// For a clerk of the school.
    pub(super) invite: Invite,
}

impl Scene {
    pub(super) fn new() -> Self {
        let mut c = Counties::new();
        let city = c.w.city;
        let w = &mut c.w;
        let row = w.row("clerk", ledger_of(c.school));
        let register = w.write("clerk", ledger_of(c.school), |p| {
            p.register("a.b", &[1], &[]);
            p.register("c.d", &[1], &[]);
        });
        let elsewhere = w.row("second-clerk", ledger_of(c.second));
        let city_review = w.row("city-reviewer", review(city, c.school));
        let second_review = w.row("reviewer", review(c.county, c.second));
        let invite = w.invite("admin", c.county, "code", Role::Clerk, c.school);
        Self { c, row, register, elsewhere, city_review, second_review, invite }
    }

    pub(super) fn w(&self) -> &World {
        &self.c.w
    }

    pub(super) fn draft(&self, who: &str, document: DocId) -> Draft {
        self.w().draft(who, document)
    }

    /// The next entry of the clerk's log in the school's ledger.
    pub(super) fn clerk(&self) -> Draft {
        self.draft("clerk", ledger_of(self.c.school))
    }

    /// The grant under which the clerk writes.
    pub(super) fn begun(&self) -> Option<RowName> {
        self.w().grant_in("clerk", ledger_of(self.c.school))
    }

    /// A fresh log of the clerk.
    pub(super) fn fresh(&self) -> Draft {
        self.clerk().run(run(77)).start(self.begun(), None)
    }

    /// Somebody writes one row of a registry.
    pub(super) fn registry_row<T: RowType>(&self, who: &str, at: taizhang_core::id::OrgId, row: &T) -> SignedEntry {
        self.draft(who, registry(at)).payload(|p| _ = p.row(T::TYPE, &[], &row.to_fields())).sign()
    }

    /// What the invite's key writes, bent by the attacker.
    pub(super) fn use_of(&self, bend: impl FnOnce(&mut Vec<Grant>)) -> Draft {
        let honest = self.w().use_of(&self.invite, "guest");
        let ops = taizhang_core::op::parse(&honest.payload).unwrap();
        let read = |o: &taizhang_core::op::Op<'_>| match o {
            taizhang_core::op::Op::Row(row) => Grant::from_fields(row.fields).unwrap().row,
            taizhang_core::op::Op::Register(_) => panic!("an invite writes rows"),
        };
        let mut grants: Vec<Grant> = ops.iter().map(read).collect();
        bend(&mut grants);
        let payload = payload(|p| grants.iter().for_each(|g| _ = p.row(Grant::TYPE, &[], &g.to_fields())));
        Draft { header: honest.header, payload, signer: "code".into(), network: self.w().ledger().network }
    }

    /// Offers an entry to a node that holds all of this.
    pub(super) fn offer(&self, e: &SignedEntry) -> Outcome {
        match self.w().node.verdict(e) {
            Ok(()) => Outcome::GotThrough,
            Err(refusal) => Outcome::Refused(refusal.code()),
        }
    }
}

/// The morning of the world's first day, and days after it.
pub(super) fn day(n: u32) -> Ms {
    Ms::start_of(taizhang_core::units::Day(DAY.0 + n))
}
