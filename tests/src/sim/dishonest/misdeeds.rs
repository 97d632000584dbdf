//! What a cheating person signs: two entries for one place, branches at every height and months later, rivals, logs without end, and all that under keys that were burnt.

use taizhang_core::{
    author::grant_for,
    entry::{Before, Header, SignedEntry},
    id::{DocId, EntryId, Kind, LogId, OrgId, Run},
    op::{PayloadBuilder, RowName},
    registry::may_write,
    rows::{Lock, OrgKind, Role, RowType},
    units::{Day, Ms},
};

use super::super::{counts::counts, world::World};

const YEAR: u16 = 2024;
/// A row type that this version does not know.
const NEWER_ROW: u16 = 998;

counts! { Misdeeds
    schools / 200: "schools that cheat",
    relays / 150: "relays that cheat",
    hubs / 100: "hubs with a check or duty taken out",
    withheld / 300: "frames withheld",
    delayed / 50: "frames delayed for minutes or hours",
    repeated / 300: "frames said twice, again, or in another order",
    claims / 100: "false tips, roots, acknowledgements",
    junk / 100: "frames of garbage, forged entries, bombs, foreign questions",
    branches / 500: "branches signed beside others",
    many_branches / 40: "forks of more branches than are kept",
    december / 20: "branches added to a fork later",
    unlinked / 500: "logs begun without a link",
    rivals / 50: "decisions, locks, accepts and rollups of a cheating reviewer",
    burnt_on / 500: "entries by keys that were burnt or ended",
    posed / 150: "entries under another's grant, or replacing what was never there",
    odd_times / 100: "entries dated 2010 or 2099",
    proofs / 100: "forks proved to every honest reader",
    honest / 2000: "honest entries, all of which arrived and stand",
}

/// A log with several entries at one place.
#[derive(Clone, Copy)]
pub(super) struct FalseLog {
    log: LogId,
    grant: RowName,
    /// What the branches hang on; `None` at sequence 1.
    after: Option<(u64, EntryId)>,
    who: usize,
}

impl World {
    pub(crate) fn misdeed(&mut self, person: usize) {
        let Some(p) = self.people.get(person) else { return };
        let (role, org) = (p.role, p.org);
        if role == Role::Reviewer && self.dice.one_in(2) {
            return self.rival(person, org);
        }
        match self.dice.below(6) {
            0 => self.adds_a_branch(),
            1 => self.begins_many_logs(person),
            2 => self.poses(person),
            _ => self.equivocates(person),
        }
    }

    fn key_is_out(&self, person: usize) -> bool {
        let judge = taizhang_core::standing::Judge::new(&self.god.ledger);
        !self.god.ledger.registry.grants_of(self.people[person].author.public()).any(|(name, _)| judge.grant_is_open(name))
    }

    /// Where this person may write.
    fn document_of(&mut self, person: usize) -> Option<DocId> {
        let (role, org) = (self.people[person].role, self.people[person].org);
        let school = self.kind(org) == Some(OrgKind::School);
        match role {
            Role::Clerk if school && self.dice.one_in(3) => Some(DocId::of(org, Kind::Roster)),
            Role::Clerk if school => Some(DocId::of_year(org, Kind::Ledger, YEAR)),
            Role::Clerk => Some(DocId::of_year(org, Kind::Notice, YEAR)),
            Role::Reviewer => Some(DocId::about(org, Kind::Review, YEAR, self.below(org)?)),
            _ => None,
        }
    }

    fn below(&mut self, org: OrgId) -> Option<OrgId> {
        let registry = &self.god.ledger.registry;
        let below: Vec<OrgId> = self.orgs.iter().copied().filter(|o| *o != org && registry.is_at_or_above(org, *o)).collect();
        self.dice.pick(&below)
    }

    /// The grant this person writes under; one that was taken away where none is left, for a cheat goes on with it.
    fn grant(&self, person: usize, document: &DocId) -> Option<RowName> {
        let key = self.people[person].author.public();
        let held = self.god.ledger.registry.grants_of(key);
        let mut fitting = held.filter(|(_, g)| may_write(document, g.row.role, g.row.org, g.org_kind));
        grant_for(&self.god.ledger, key, document).or_else(|| fitting.next().map(|(name, _)| *name))
    }

    fn sign(&mut self, person: usize, log: LogId, sequence: u64, before: Before) -> SignedEntry {
        let mut p = PayloadBuilder::default();
        let value = self.dice.bytes::<2>();
        p.row(NEWER_ROW, &[], &[0x82, 0x18, value[0] | 0x18, 0x18, value[1] | 0x18]);
        let mut time = Ms(self.now);
        if self.dice.one_in(6) {
            time = Ms(if self.dice.one_in(2) { 1_262_304_000_000 } else { 4_070_908_800_000 });
            self.misdeeds().odd_times += 1;
        }
        let is_out = self.key_is_out(person);
        self.misdeeds().burnt_on += u64::from(is_out);
        SignedEntry::sign(Header { log, sequence, before, time }, p.finish(), &self.people[person].author.key, &self.network)
    }

    fn misdeeds(&mut self) -> &mut Misdeeds {
        &mut self.dishonest.get_or_insert_default().counts
    }

    /// Carries entries to a machine that knows the grant and may hold the document: a stick, a copied folder, a visit.
    fn carry(&mut self, entries: Vec<SignedEntry>, grant: RowName, document: &DocId) {
        let takes = |w: &Self, n: usize| {
            let r = w.machines[n].running.as_ref().filter(|r| r.writing.is_empty());
            r.is_some_and(|r| r.hub.ledger().place(&grant.entry).is_some()) && w.may_read(n, document)
        };
        let nodes: Vec<usize> = (0..self.machines.len()).filter(|n| takes(self, *n)).collect();
        if let Some(to) = self.dice.pick(&nodes) {
            self.write(to, None, entries, Vec::new());
        }
    }

    /// Several entries for one place of one log, each shown to somebody else.
    fn equivocates(&mut self, person: usize) {
        let Some(document) = self.document_of(person) else { return };
        let Some(grant) = self.grant(person, &document) else { return };
        let log = LogId { document, key: self.people[person].author.public(), run: Run(self.dice.bytes()) };
        let height = self.dice.pick(&[1, 1, 2, 17]).unwrap_or(1);
        let mut common = Vec::new();
        let mut before = Before::Start { grant: Some(grant), link: None };
        for sequence in 1..height {
            let e = self.sign(person, log, sequence, before);
            before = Before::Previous(e.id);
            common.push(e);
        }
        let branches = self.dice.between(2, 6);
        self.misdeeds().branches += branches;
        self.misdeeds().many_branches += u64::from(branches > 4);
        for _ in 0..branches {
            let mut branch = common.clone();
            let e = self.sign(person, log, height, before);
            let on = Before::Previous(e.id);
            branch.push(e);
            if self.dice.one_in(2) {
                branch.push(self.sign(person, log, height + 1, on));
            }
            self.carry(branch, grant, &document);
        }
        let after = common.last().map(|e| (e.header.sequence, e.id));
        self.dishonest.get_or_insert_default().logs.push(FalseLog { log, grant, after, who: person });
    }

    /// Months later one more branch appears.
    fn adds_a_branch(&mut self) {
        let logs = self.dishonest.as_ref().map(|d| d.logs.clone()).unwrap_or_default();
        let Some(FalseLog { log, grant, after, who }) = self.dice.pick(&logs) else { return };
        let e = match after {
            None => self.sign(who, log, 1, Before::Start { grant: Some(grant), link: None }),
            Some((sequence, id)) => self.sign(who, log, sequence + 1, Before::Previous(id)),
        };
        self.misdeeds().december += 1;
        self.carry(vec![e], grant, &log.document);
    }

    /// Logs that continue nothing: each is one more open tip in everybody's summary.
    fn begins_many_logs(&mut self, person: usize) {
        let Some(document) = self.document_of(person) else { return };
        let Some(grant) = self.grant(person, &document) else { return };
        let key = self.people[person].author.public();
        for _ in 0..self.dice.between(5, 40) {
            let log = LogId { document, key, run: Run(self.dice.bytes()) };
            let e = self.sign(person, log, 1, Before::Start { grant: Some(grant), link: None });
            self.misdeeds().unlinked += 1;
            self.carry(vec![e], grant, &document);
        }
    }

    /// What no machine may take: signed by this person under somebody else's grant, or a value put in the place of one that was never there.
    fn poses(&mut self, person: usize) {
        let others: Vec<usize> = (0..self.people.len()).filter(|p| *p != person).collect();
        let Some(other) = self.dice.pick(&others) else { return };
        let key = self.people[person].author.public();
        for _ in 0..self.dice.between(1, 4) {
            let mut p = PayloadBuilder::default();
            let as_whom = if self.dice.one_in(2) { other } else { person };
            let Some(document) = self.document_of(as_whom) else { return };
            let Some(grant) = self.grant(as_whom, &document) else { return };
            if as_whom == person {
                let Some(there) = self.god.ledger.document(&document).and_then(|d| d.entries.first().copied()) else { return };
                p.register("nobody.wrote", &[0xf5], &[there]);
            } else {
                p.row(NEWER_ROW, &[], &[0x81, 0x05]);
            }
            let log = LogId { document, key, run: Run(self.dice.bytes()) };
            let header =
                Header { log, sequence: 1, before: Before::Start { grant: Some(grant), link: None }, time: Ms(self.now) };
            let entry = SignedEntry::sign(header, p.finish(), &self.people[person].author.key, &self.network);
            self.misdeeds().posed += 1;
            self.carry(vec![entry], grant, &document);
        }
    }

    /// A reviewer decides against the others.
    fn rival(&mut self, person: usize, org: OrgId) {
        let Some(subject) = self.below(org) else { return };
        let review = DocId::about(org, Kind::Review, YEAR, subject);
        self.misdeeds().rivals += 1;
        match self.dice.below(4) {
            0 => {
                let tips = self.dice.vec(60);
                let row = Lock {
                    year: YEAR,
                    day: Day(19_900),
                    tips_root: self.dice.bytes(),
                    tips: super::super::attachment_id(&tips),
                    reason: None,
                };
                let mut p = PayloadBuilder::default();
                p.row(Lock::TYPE, &[], &row.to_fields());
                self.write_as(person, review, p, vec![tips]);
            }
            1 => self.rollup(person, org),
            2 => self.accept(person, review, &[DocId::of_year(subject, Kind::Ledger, YEAR), DocId::of(subject, Kind::Roster)]),
            _ => self.decide_anew(person, review),
        }
    }
}
