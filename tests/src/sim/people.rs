//! What people do on a day: record, correct, decide, certify, burn.

use taizhang_core::{
    author::{Author, grant_for},
    entries::Entries,
    entry::{Before, Header, SignedEntry},
    id::{AttachmentId, DocId, EntryId, Kind, LogId, OrgId},
    op::{self, Op, PayloadBuilder, RowName, RowRef, scalar},
    rows::{Accept, Burn, Checkpoint, End, Org, Positions, RegisteredBy, Registration, Role, Rollup, RowType, Sheet},
    units::Day,
};

use super::world::{Happens, World};

const YEAR: u16 = 2024;
/// A row type that this version does not know.
const NEWER_ROW: u16 = 999;

/// Somebody with a key on one machine.
pub(crate) struct Person {
    pub(crate) author: Author,
    pub(crate) node: usize,
    pub(crate) org: OrgId,
    pub(crate) role: Role,
    /// Left, or the key was stolen: writes no more (a thief may).
    pub(crate) is_out: bool,
    pub(crate) works_left: u64,
}

impl World {
    /// Signs and hands in one entry of a person, if some grant lets that person write there now. Returns its id.
    pub(crate) fn write_as(
        &mut self,
        person: usize,
        document: DocId,
        payload: PayloadBuilder,
        attachments: Vec<Vec<u8>>,
    ) -> Option<EntryId> {
        let p = self.people.get(person)?;
        let node = p.node;
        let m = self.machines.get(node)?;
        let r = m.running.as_ref().filter(|r| r.writing.is_empty())?;
        let ledger = r.hub.ledger();
        let key = p.author.public();
        let root = ledger.registry.root.as_ref().map(|(name, _)| *name);
        let is_root = document.owner == OrgId::root(self.network);
        let grant = if is_root { root } else { grant_for(ledger, key, &document) }?;
        let entry = p.author.write(ledger, document, Some(grant), payload.finish(), m.clock(self.now));
        let id = entry.id;
        self.write(node, Some(person), vec![entry], attachments);
        Some(id)
    }

    pub(crate) fn works(&mut self, person: usize) {
        let Some(p) = self.people.get_mut(person) else { return };
        p.works_left = p.works_left.saturating_sub(1);
        let (again, is_out, node, role, org) = (p.works_left > 0, p.is_out, p.node, p.role, p.org);
        if again {
            let next = self.now + self.dice.between(10_000, 7_200_000);
            self.at(next, Happens::Works { person });
        }
        let is_busy = self.machine(node).running.as_ref().is_none_or(|r| !r.writing.is_empty());
        if is_out || is_busy || (self.cheats(person) && self.is_cheat(node)) {
            return;
        }
        match role {
            Role::Clerk if self.is_school(org) => self.clerk_works(person, org),
            Role::Clerk => self.notice(person, org),
            Role::Reviewer => self.reviewer_works(person, org),
            Role::Admin => self.admin_works(person, org),
            Role::PolicyOfficer => self.policy(person, org),
            Role::Principal | Role::Auditor | Role::Node => {}
        }
    }

    fn is_school(&self, org: OrgId) -> bool {
        self.god.ledger.registry.kind(org) == Some(taizhang_core::rows::OrgKind::School)
    }

    fn clerk_works(&mut self, person: usize, org: OrgId) {
        let ledger = DocId::of_year(org, Kind::Ledger, YEAR);
        match self.dice.below(9) {
            0 => self.rows_in(person, DocId::of(org, Kind::Roster), 40),
            1 => self.rows_in(person, DocId::of(org, Kind::Identity), 50),
            2 | 3 => self.register(person, ledger),
            4 => self.correct(person, ledger),
            5 => self.register(person, DocId::of(org, Kind::Roster)),
            6 => self.hours_elsewhere(person, org),
            _ => self.sheet(person, ledger),
        }
    }

    /// Rows of a type that admission does not read.
    fn rows_in(&mut self, person: usize, document: DocId, row_type: u16) {
        let mut p = PayloadBuilder::default();
        for _ in 0..self.dice.between(1, 6) {
            let mut w = taizhang_core::cbor::Writer::default();
            w.array(2).uint(self.dice.below(1_000_000)).bytes(&self.dice.bytes::<12>());
            p.row(if self.dice.one_in(10) { NEWER_ROW } else { row_type }, &[], &w.finish());
        }
        self.write_as(person, document, p, Vec::new());
    }

    /// A school registers hours of another school's teachers: a ledger with a subject.
    fn hours_elsewhere(&mut self, person: usize, org: OrgId) {
        let schools: Vec<OrgId> = self.orgs.iter().copied().filter(|o| *o != org && self.is_school(*o)).collect();
        let Some(subject) = self.dice.pick(&schools) else { return };
        self.rows_in(person, DocId::about(org, Kind::Ledger, YEAR, subject), 64);
    }

    fn sheet(&mut self, person: usize, document: DocId) {
        let mut p = PayloadBuilder::default();
        let n = if self.dice.one_in(3) { 40 } else { self.dice.between(1, 8) };
        let rows = u32::try_from(n).unwrap_or(0);
        let sheet = Sheet {
            activity: Some("A1".into()),
            sessions: None,
            rows,
            opened_day: None,
            closed_day: None,
            source_file: None,
            reason: None,
        };
        let at = p.row(Sheet::TYPE, &[], &sheet.to_fields());
        for i in 0..n {
            let row = Registration {
                activity: None,
                activity_no: Some("A1".into()),
                teacher: format!("T{:06}", self.dice.below(300) * 100 + i),
                by: RegisteredBy::School,
                attended_h100: u32::try_from(self.dice.below(4000)).unwrap_or(0),
                planned_h100: Some(4000),
                late: None,
                early: None,
                leave_d100: None,
                days: None,
                assessment: None,
                grade: None,
                online_complete: None,
                degree_level: None,
                substitute_allowed: None,
                excellent: None,
                registered_day: Day(19_800),
                sheet: Some(RowRef::own(at)),
                source_status: None,
                evidence: None,
                note: None,
                reason: None,
            };
            p.row(Registration::TYPE, &[], &row.to_fields());
        }
        self.write_as(person, document, p, Vec::new());
    }

    /// A descriptive field: replaces what is seen of it here, or only a part, or (rarely) nothing.
    fn register(&mut self, person: usize, document: DocId) {
        let key = format!("field.{}", self.dice.below(2));
        let mut seen = self.values(self.people[person].node, document, &key);
        if self.dice.one_in(2) {
            seen.pop();
        }
        self.counts.conflicts += u64::from(seen.len() > 1);
        seen.truncate(64);
        let value = scalar(&taizhang_core::cbor::Value::Int(i128::from(self.dice.below(1000))));
        let mut p = PayloadBuilder::default();
        p.register(&key, &value, &seen);
        self.write_as(person, document, p, Vec::new());
    }

    /// Entries whose value of a register nothing here replaces.
    fn values(&self, node: usize, document: DocId, key: &str) -> Vec<EntryId> {
        let (mut written, mut replaced) = (Vec::new(), Vec::new());
        for e in self.entries_here(node, document) {
            for o in op::parse(&e.payload).unwrap_or_default() {
                if let Op::Register(r) = o
                    && r.key == key
                {
                    written.push(e.id);
                    replaced.extend(r.replaces);
                }
            }
        }
        written.retain(|id| !replaced.contains(id));
        written
    }

    pub(crate) fn entries_here(&self, node: usize, document: DocId) -> Vec<SignedEntry> {
        let Some(r) = self.machines.get(node).and_then(|m| m.running.as_ref()) else { return Vec::new() };
        let Some(doc) = r.hub.ledger().document(&document) else { return Vec::new() };
        let bytes = doc.entries.iter().filter_map(|id| r.store.entry(id).ok().flatten());
        bytes.filter_map(|b| SignedEntry::parse(&b, &self.network).ok()).collect()
    }

    /// A row instead of an earlier one of the same document.
    fn correct(&mut self, person: usize, document: DocId) {
        let entries = self.entries_here(self.people[person].node, document);
        let rows: Vec<RowName> = entries.iter().flat_map(taizhang_core::ledger::row_ops).map(|(name, _)| name).collect();
        let Some(name) = self.dice.pick(&rows) else { return };
        let mut p = PayloadBuilder::default();
        let mut w = taizhang_core::cbor::Writer::default();
        w.array(1).uint(self.dice.below(1000));
        p.row(NEWER_ROW, &[name.here()], &w.finish());
        self.write_as(person, document, p, Vec::new());
    }

    fn notice(&mut self, person: usize, org: OrgId) {
        let document = DocId::of_year(org, Kind::Notice, YEAR);
        if self.dice.one_in(2) { self.rows_in(person, document, 22) } else { self.register(person, document) }
    }

    fn policy(&mut self, person: usize, org: OrgId) {
        let mut p = PayloadBuilder::default();
        let mut w = taizhang_core::cbor::Writer::default();
        let n = if self.dice.one_in(4) { self.dice.between(10_000, 39_000) } else { self.dice.between(1, 2000) };
        w.array(1).bytes(&self.dice.vec(usize::try_from(n).unwrap_or(0)));
        p.row(10, &[], &w.finish());
        self.write_as(person, DocId::of(org, Kind::Policy), p, Vec::new());
    }

    fn reviewer_works(&mut self, person: usize, org: OrgId) {
        let below: Vec<OrgId> =
            self.orgs.iter().copied().filter(|o| *o != org && self.god.ledger.registry.is_at_or_above(org, *o)).collect();
        let Some(subject) = self.dice.pick(&below) else { return self.notice(person, org) };
        let review = DocId::about(org, Kind::Review, YEAR, subject);
        // Most of what cheats do is timed by what the others write: their worlds keep to what they were made of.
        let kinds = if self.dishonest.is_some() { 7 } else { 11 };
        match self.dice.below(kinds) {
            0 | 1 => self.checkpoint(person, review),
            2 => self.rollup(person, org),
            3 => self.correct(person, review),
            4 => self.accept(person, review, &[DocId::of_year(subject, Kind::Ledger, YEAR), DocId::of(subject, Kind::Roster)]),
            5 => self.decide_anew(person, review),
            7 | 8 => _ = self.lock(person, review),
            // Who has nothing to open closes.
            9 | 10 => _ = self.unlock(person, review).or_else(|| self.lock(person, review)),
            _ => self.rows_in(person, review, 101),
        }
    }

    /// A decision that replaces one in the review of an organisation below.
    pub(crate) fn decide_anew(&mut self, person: usize, review: DocId) {
        let node = self.people[person].node;
        let Some(ledger) = self.ledger_of(node) else { return };
        let other = |d: &&DocId| d.kind == Kind::Review && d.subject == review.subject && d.owner != review.owner;
        let others: Vec<DocId> = ledger.documents().filter(other).copied().collect();
        let below = |d: &DocId| ledger.registry.ancestors(d.owner).contains(&review.owner);
        let Some(there) = others.into_iter().find(|d| below(d)) else { return self.rows_in(person, review, 101) };
        let entries = self.entries_here(node, there);
        let rows: Vec<RowName> = entries.iter().flat_map(taizhang_core::ledger::row_ops).map(|(name, _)| name).collect();
        let Some(name) = self.dice.pick(&rows) else { return };
        let mut p = PayloadBuilder::default();
        p.row(101, &[name.in_document(there)], &[0x81, 0x01]);
        self.write_as(person, review, p, Vec::new());
    }

    fn attachment(&mut self) -> (AttachmentId, Vec<u8>) {
        let n = match self.dice.below(12) {
            0 => 0,
            1 => self.dice.between(48 * 1024 - 1, 48 * 1024 + 1),
            2 => self.dice.between(60_000, 200_000),
            3 => 7,
            _ => self.dice.between(1, 3_000),
        };
        self.counts.attachments += 1;
        self.counts.large_attachments += u64::from(n > 48 * 1024);
        let n = usize::try_from(n).unwrap_or(0);
        // A few contents are the same again and again.
        let bytes = if n == 7 { vec![7; 7] } else { self.dice.vec(n) };
        (super::attachment_id(&bytes), bytes)
    }

    fn checkpoint(&mut self, person: usize, review: DocId) {
        let (tips, bytes) = self.attachment();
        let row = Checkpoint { month: 24_290, tips_root: [1; 32], tips, reason: None };
        let mut p = PayloadBuilder::default();
        p.row(Checkpoint::TYPE, &[], &row.to_fields());
        self.write_as(person, review, p, vec![bytes]);
    }

    pub(crate) fn rollup(&mut self, person: usize, org: OrgId) {
        let ((inputs, a), (lines, b)) = (self.attachment(), self.attachment());
        let row = Rollup {
            period: YEAR,
            as_of: Day(19_900),
            policy_id: None,
            policy_sha256: None,
            rules_version: 1,
            inputs_root: [2; 32],
            inputs,
            lines_root: [3; 32],
            lines,
            teachers: 0,
            teachers_root: None,
            totals: Vec::new(),
            reason: None,
        };
        let mut p = PayloadBuilder::default();
        p.row(Rollup::TYPE, &[], &row.to_fields());
        self.write_as(person, DocId::of_year(org, Kind::Rollup, YEAR), p, vec![a, b]);
    }

    /// Lets some of what waits stand.
    pub(crate) fn accept(&mut self, person: usize, written_in: DocId, documents: &[DocId]) {
        let Some(ledger) = self.ledger_of(self.people[person].node) else { return };
        let ids = documents.iter().flat_map(|d| ledger.open_tips(d).into_iter().take(3)).collect::<Vec<_>>();
        let positions: Vec<Positions> = ids.iter().filter_map(|id| position(ledger, *id)).collect();
        let row = Accept { positions, reason: "真实".into() };
        let mut p = PayloadBuilder::default();
        p.row(Accept::TYPE, &[], &row.to_fields());
        if self.write_as(person, written_in, p, Vec::new()).is_some() {
            self.counts.accepts += 1;
        }
    }

    fn admin_works(&mut self, person: usize, org: OrgId) {
        let node = self.people[person].node;
        let is_city = self.god.ledger.registry.kind(org) == Some(taizhang_core::rows::OrgKind::City);
        match self.dice.below(10) {
            // Among cheats every school stays where it is, so that its county can be asked for what it wrote.
            6 | 7 if is_city && self.dishonest.is_none() => self.moves_a_school(person, org),
            0 if self.hires_at_a_moved_school(person, org) => {}
            0 | 1 => self.appoint(person, Role::Clerk, node),
            2 => self.appoint(person, Role::Reviewer, node),
            3 => self.end(person, org),
            4 => self.burn(person, org),
            5 => self.accept_in_registry(person, org),
            6 => self.describe(person, org),
            7 => self.rows_in(person, DocId::of(org, Kind::Registry), NEWER_ROW),
            8 => self.use_invite_twice(person, org),
            _ => self.use_expired_invite(person, org),
        }
    }

    /// Somebody granted in this registry, the admin excepted.
    fn colleague(&mut self, person: usize, org: OrgId) -> Option<usize> {
        let registry = &self.ledger_of(self.people[person].node)?.registry;
        let known = |p: &Person| registry.grants_of(p.author.public()).any(|(_, g)| g.registry == org);
        // Among cheats only cheats are burnt or ended, so that every honest entry must stand.
        let meant = |p: usize| self.dishonest.is_none() || self.cheats(p);
        let others: Vec<usize> =
            (0..self.people.len()).filter(|p| *p != person && known(&self.people[*p]) && meant(*p)).collect();
        self.dice.pick(&others)
    }

    fn end(&mut self, person: usize, org: OrgId) {
        let Some(whose) = self.colleague(person, org) else { return };
        let Some(ledger) = self.ledger_of(self.people[person].node) else { return };
        let key = self.people[whose].author.public();
        let Some((name, _)) = ledger.registry.grants_of(key).find(|(_, g)| g.registry == org) else { return };
        let positions = positions_of(ledger, key);
        let row =
            End { grant: name.here(), left_day: self.today(self.people[person].node), positions: Some(positions), reason: None };
        let mut p = PayloadBuilder::default();
        p.row(End::TYPE, &[], &row.to_fields());
        if self.write_as(person, DocId::of(org, Kind::Registry), p, Vec::new()).is_some() {
            self.counts.ends += 1;
            if self.dice.one_in(2) {
                self.people[whose].is_out = true;
            }
        }
    }

    fn burn(&mut self, person: usize, org: OrgId) {
        let Some(whose) = self.colleague(person, org) else { return };
        let Some(ledger) = self.ledger_of(self.people[person].node) else { return };
        let key = self.people[whose].author.public();
        let mut positions = positions_of(ledger, key);
        if self.dice.one_in(3) {
            positions.clear();
        }
        positions.truncate(30);
        let row = Burn { key, positions, cause: "被盗".into(), reason: None };
        let mut p = PayloadBuilder::default();
        p.row(Burn::TYPE, &[], &row.to_fields());
        if self.write_as(person, DocId::of(org, Kind::Registry), p, Vec::new()).is_some() {
            self.counts.burns += 1;
            if self.dice.one_in(2) {
                self.people[whose].is_out = true;
            }
        }
    }

    fn accept_in_registry(&mut self, person: usize, org: OrgId) {
        let Some(ledger) = self.ledger_of(self.people[person].node) else { return };
        let documents: Vec<DocId> = ledger.documents().copied().collect();
        let Some(document) = self.dice.pick(&documents) else { return };
        self.accept(person, DocId::of(org, Kind::Registry), &[document, DocId::of(org, Kind::Registry)]);
    }

    /// Describes an organisation anew.
    fn describe(&mut self, person: usize, org: OrgId) {
        let Some(ledger) = self.ledger_of(self.people[person].node) else { return };
        let Some((_, o)) = ledger.registry.orgs.iter().find(|(_, o)| o.registry == org) else { return };
        let row = Org { random: None, name: "新名称".into(), ..o.creation.row.clone() };
        let replaces: Vec<RowRef> = o.rows().map(|r| r.name.here()).take(8).collect();
        let mut p = PayloadBuilder::default();
        p.row(Org::TYPE, &replaces, &row.to_fields());
        self.write_as(person, DocId::of(org, Kind::Registry), p, Vec::new());
    }

    fn use_invite_twice(&mut self, person: usize, org: OrgId) {
        if self.machines.len() > 32 {
            return;
        }
        let Some(invite) = self.invite_again(person, org, Role::Clerk, u64::MAX >> 8) else { return };
        self.counts.invites_twice += 1;
        let node = self.people[person].node;
        let first = self.machines.len();
        self.newcomer(&invite, org, Role::Clerk, node);
        let other = if self.dice.one_in(2) { 0 } else { node };
        self.newcomer(&invite, org, Role::Clerk, other);
        self.add_link(first, 0);
    }

    fn use_expired_invite(&mut self, person: usize, org: OrgId) {
        let node = self.people[person].node;
        if self.machines.len() > 32 {
            return;
        }
        let before = self.machines[node].clock(self.now).0.saturating_sub(1000);
        let Some(invite) = self.invite_again(person, org, Role::Clerk, before) else { return };
        self.counts.invites_expired += 1;
        self.newcomer(&invite, org, Role::Clerk, node);
    }

    /// Whoever has the key of somebody writes at another machine, under a run of its own.
    pub(crate) fn theft(&mut self) {
        let people: Vec<usize> = (0..self.people.len()).collect();
        let nodes: Vec<usize> = (0..self.machines.len()).collect();
        let (Some(whose), Some(node)) = (self.dice.pick(&people), self.dice.pick(&nodes)) else { return };
        let Some(r) = self.machines[node].running.as_ref().filter(|r| r.writing.is_empty()) else { return };
        let ledger = r.hub.ledger();
        let key = self.people[whose].author.public();
        let fitting = |d: &&DocId| {
            ledger.registry.grants_of(key).any(|(_, g)| taizhang_core::registry::may_write(d, g.row.role, g.row.org, g.org_kind))
                && ledger.registry.may_read(self.machines[node].org, d)
        };
        let documents: Vec<DocId> = ledger.documents().filter(fitting).copied().collect();
        let Some(document) = self.dice.pick(&documents) else { return };
        let m = &self.machines[node];
        let ledger = m.running.as_ref().map(|r| r.hub.ledger());
        let Some(ledger) = ledger else { return };
        let may = |g: &taizhang_core::registry::GrantRecord| {
            taizhang_core::registry::may_write(&document, g.row.role, g.row.org, g.org_kind) && !g.row.one_use
        };
        let Some(grant) = ledger.registry.grants_of(key).find(|(_, g)| may(g)).map(|(n, _)| *n) else { return };
        let (time, run) = (m.clock(self.now), taizhang_core::id::Run(self.dice.bytes()));
        let mut p = PayloadBuilder::default();
        p.row(NEWER_ROW, &[], &[0x81, 0x02]);
        let log = LogId { document, key, run };
        let header = Header { log, sequence: 1, before: Before::Start { grant: Some(grant), link: None }, time };
        let entry = SignedEntry::sign(header, p.finish(), &self.people[whose].author.key, &self.network);
        self.counts.thefts += 1;
        self.write(node, None, vec![entry], Vec::new());
    }

    /// A liar signs several entries for one place of one log and shows each to another machine.
    pub(crate) fn lie(&mut self) {
        let people: Vec<usize> = (0..self.people.len()).collect();
        let Some(who) = self.dice.pick(&people) else { return };
        let (org, node) = (self.people[who].org, self.people[who].node);
        let document = DocId::of_year(org, Kind::Ledger, YEAR);
        let Some(r) = self.machines[node].running.as_ref() else { return };
        let key = self.people[who].author.public();
        let Some(grant) = grant_for(r.hub.ledger(), key, &document) else { return };
        let n = self.dice.between(2, 8);
        self.counts.five_branches += u64::from(n > 4);
        let run = taizhang_core::id::Run(self.dice.bytes());
        let log = LogId { document, key, run };
        let sign = |w: &Self, sequence, before, value: u8| {
            let mut p = PayloadBuilder::default();
            p.row(NEWER_ROW, &[], &[0x82, value, u8::try_from(sequence).unwrap_or(0)]);
            let header = Header { log, sequence, before, time: w.machines[node].clock(w.now) };
            SignedEntry::sign(header, p.finish(), &w.people[who].author.key, &w.network)
        };
        let common = sign(self, 1, Before::Start { grant: Some(grant), link: None }, 0);
        for value in 0..u8::try_from(n).unwrap_or(8) {
            let a = sign(self, 2, Before::Previous(common.id), value);
            let b = sign(self, 3, Before::Previous(a.id), value);
            let may = |w: &Self, n: usize| {
                w.machines[n]
                    .running
                    .as_ref()
                    .is_some_and(|r| r.writing.is_empty() && r.hub.ledger().place(&grant.entry).is_some())
                    && w.may_read(n, &document)
            };
            let nodes: Vec<usize> = (0..self.machines.len()).filter(|n| may(self, *n)).collect();
            let Some(to) = self.dice.pick(&nodes) else { return };
            let mut branch = vec![common.clone(), a];
            if self.dice.one_in(2) {
                branch.push(b);
            }
            self.write(to, None, branch, Vec::new());
        }
    }
}

fn position(ledger: &taizhang_core::ledger::Ledger, id: EntryId) -> Option<Positions> {
    let p = ledger.place(&id)?;
    Some(Positions { document: p.log.document, run: p.log.run, height: p.sequence, id })
}

/// What a key has written so far, as positions.
fn positions_of(ledger: &taizhang_core::ledger::Ledger, key: taizhang_core::id::PublicKey) -> Vec<Positions> {
    let tips = ledger.documents().flat_map(|d| ledger.open_tips(d));
    tips.filter_map(|id| position(ledger, id).filter(|_| ledger.place(&id).is_some_and(|p| p.log.key == key))).take(30).collect()
}
