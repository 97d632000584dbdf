//! What rests on a branch that is not kept: logs begun under a grant there, and what names them. Whoever holds only some of the documents counts the same branches.

use taizhang_core::{
    entry::{Before, SignedEntry},
    founding::Invite,
    id::{DocId, EntryId, Kind, OrgId},
    op::{RowName, RowRef},
    rows::{Accept, Grant, Role, RowType},
    standing::Standing::{self, Ended, Stands, Surplus},
};

use crate::kit::{Counties, Node, PLAN, Rng, World, here, ledger_of, registry, review, run};

/// The digests of these documents.
fn digests<'d>(n: &Node, of: impl IntoIterator<Item = &'d DocId>) -> Vec<(DocId, [u8; 32])> {
    of.into_iter().map(|d| (*d, n.ledger.digest(d))).collect()
}

/// Whoever does not hold these documents, or was sent only what is kept, counts the same in what it holds.
fn agrees_without(w: &World, documents: &[DocId]) {
    let is_kept = |i: &usize| w.standing(w.entries[*i].id) != Surplus;
    let is_there = |i: &usize| !documents.contains(&w.entries[*i].header.log.document);
    let all = 0..w.entries.len();
    let lean: Vec<usize> = all.clone().filter(is_kept).collect();
    for held in [all.clone().filter(is_there).collect(), lean, all.filter(|i| is_kept(i) && is_there(i)).collect::<Vec<_>>()] {
        let node = w.heard(&held);
        let common: Vec<&DocId> = node.ledger.documents().collect();
        assert_eq!(digests(&node, common.iter().copied()), digests(&w.node, common.iter().copied()));
    }
}

/// An invite used by five people; the last by name is not kept.
fn used_five_times(w: &mut World, county: OrgId, school: OrgId) -> Vec<(EntryId, String)> {
    let invite = w.invite("admin", county, "code", Role::Clerk, school);
    let uses = (0..5).map(|n| format!("guest {n}")).map(|who| (w.use_of(&invite, &who), who));
    let mut uses: Vec<_> = uses.collect::<Vec<_>>().into_iter().map(|(e, who)| (w.take(e), who)).collect();
    uses.sort();
    uses
}

fn standings(w: &World, ids: &[EntryId]) -> Vec<Standing> {
    ids.iter().map(|id| w.standing(*id)).collect()
}

/// The log of somebody under a grant that may count as nothing.
fn begin(w: &mut World, who: &str, document: DocId, grant: EntryId) -> EntryId {
    let grant = RowName { entry: grant, index: 0 };
    let e = w.draft(who, document).start(Some(grant), None).sign();
    w.take(e)
}

#[test]
fn a_ledger_keeps_no_use_of_an_invite_that_other_readers_of_the_registry_leave_out() {
    let Counties { mut w, county, school, .. } = Counties::new();
    let ledger = ledger_of(school);
    let uses = used_five_times(&mut w, county, school);
    let (beyond, who) = uses[4].clone();
    assert_eq!(w.standing(beyond), Surplus);
    let loot = begin(&mut w, &who, ledger, beyond);
    let more = w.row(&who, ledger);
    assert_eq!(standings(&w, &[beyond, loot, more]), [Surplus; 3]);
    agrees_without(&w, &[ledger]);
    w.agrees_in_every_order(6);
    // Who names what is not kept goes with it; what she writes after that does not name it.
    let named = w.correct("principal", ledger, loot);
    let next = w.row("principal", ledger);
    assert_eq!(standings(&w, &[named, next]), [Surplus, Stands]);
    agrees_without(&w, &[ledger]);
    w.agrees_in_every_order(4);
    // The county says which use was the true one.
    w.accept("admin", registry(county), &[beyond]);
    assert_eq!(standings(&w, &[beyond, loot, more, named, next]), [Stands; 5]);
    assert_eq!(w.standing(uses[0].0), Ended);
    agrees_without(&w, &[ledger]);
    w.agrees_in_every_order(6);
}

#[test]
fn what_came_before_its_grant_fell_out_falls_out_with_it_in_every_order() {
    let Counties { mut w, county, school, .. } = Counties::new();
    let ledger = ledger_of(school);
    let invite = w.invite("admin", county, "code", Role::Clerk, school);
    let mut uses: Vec<(SignedEntry, String)> =
        (0..5).map(|n| format!("guest {n}")).map(|who| (w.use_of(&invite, &who), who)).collect();
    uses.sort_by_key(|(e, _)| e.id);
    let (last, who) = uses.pop().unwrap();
    let last = w.take(last);
    let wrote = begin(&mut w, &who, ledger, last);
    let honest = w.row("clerk", ledger);
    let named = w.correct("clerk", ledger, wrote);
    assert_eq!(standings(&w, &[last, wrote, named]), [Stands; 3]);
    uses.into_iter().for_each(|(e, _)| _ = w.take(e));
    assert_eq!(standings(&w, &[last, wrote, named, honest]), [Surplus, Surplus, Surplus, Stands]);
    assert!(w.ledger().open_tips(&ledger).contains(&honest), "below what is surplus the last that counts is open again");
    agrees_without(&w, &[ledger]);
    w.agrees_in_every_order(6);
    // Whoever was sent nothing of it takes another use for the true one.
    w.burn("admin", county, &who, &[last]);
    assert_eq!(w.standing(last), Stands, "a position in the same registry keeps it");
    assert_eq!(w.standing(named), Stands);
    agrees_without(&w, &[ledger]);
    w.agrees_in_every_order(6);
}

/// A county's registry names what lies in another county's school: whoever reads the roster there does not hold that registry.
#[test]
fn a_registry_keeps_only_what_lies_below_it() {
    let Counties { mut w, county, school, other, .. } = Counties::new();
    let city = w.city;
    let roster = DocId::of(school, Kind::Roster);
    let start = w.draft("clerk", roster);
    let mut heads: Vec<_> = (0..7_u8).map(|n| start.clone().payload(|p| _ = p.row(PLAN, &[], &[0x81, n])).sign()).collect();
    heads.sort_by_key(|e| e.id);
    let [.., fifth, sixth, seventh] = heads.iter().map(|e| e.id).collect::<Vec<_>>()[..] else { panic!("seven") };
    heads.into_iter().for_each(|e| _ = w.take(e));
    w.burn("other-admin", other, "foreign-clerk", &[seventh]);
    assert_eq!(w.standing(seventh), Surplus);
    agrees_without(&w, &[registry(other)]);
    w.accept("admin", registry(county), &[fifth]);
    w.accept("city-admin", registry(city), &[sixth]);
    assert_eq!(standings(&w, &[fifth, sixth, seventh]), [Stands, Stands, Surplus]);
    agrees_without(&w, &[registry(other)]);
    w.agrees_in_every_order(3);
}

/// A county's registry rests on the city's and keeps nothing in it; the city's keeps what it names in the county's.
#[test]
fn registries_keep_downwards_and_fall_out_downwards() {
    let Counties { mut w, county, school, other, .. } = Counties::new();
    let city = w.city;
    w.restart("city-admin");
    let start = w.draft("city-admin", registry(city));
    let mut heads: Vec<_> = (0..5)
        .map(|n| {
            let row = w.grant_row(&format!("new {n}"), Role::Admin, county).to_fields();
            (start.clone().payload(|p| _ = p.row(Grant::TYPE, &[], &row)).sign(), format!("new {n}"))
        })
        .collect();
    heads.sort_by_key(|(e, _)| e.id);
    let (beyond, who) = (heads[4].0.id, heads[4].1.clone());
    heads.into_iter().for_each(|(e, _)| _ = w.take(e));
    let row = w.grant_row("hired", Role::Clerk, school).to_fields();
    let under = Some(RowName { entry: beyond, index: 0 });
    let e = w.draft(&who, registry(county)).start(under, None).payload(|p| _ = p.row(Grant::TYPE, &[], &row)).sign();
    let hired = w.take(e);
    let wrote = begin(&mut w, "hired", ledger_of(school), hired);
    assert_eq!(standings(&w, &[beyond, hired, wrote]), [Surplus; 3]);
    agrees_without(&w, &[registry(county), ledger_of(school)]);
    agrees_without(&w, &[ledger_of(school)]);
    w.agrees_in_every_order(6);
    w.accept("admin", registry(county), &[hired]);
    assert_eq!(standings(&w, &[beyond, hired, wrote]), [Surplus; 3], "what it rests on lies above");
    w.accept("city-admin", registry(city), &[beyond]);
    assert_eq!(standings(&w, &[beyond, hired, wrote]), [Stands; 3]);
    agrees_without(&w, &[registry(county), ledger_of(school), registry(other)]);
    w.agrees_in_every_order(4);
}

/// What rests on surplus entries takes nobody's place among the branches of its key: whoever was never sent it chooses the same.
#[test]
fn a_log_under_a_surplus_grant_drives_no_other_branch_out() {
    let Counties { mut w, county, school, .. } = Counties::new();
    let ledger = ledger_of(school);
    let uses = used_five_times(&mut w, county, school);
    let (beyond, who) = uses[4].clone();
    let granted = w.grant("admin", county, &who, Role::Clerk, school);
    let draft = |w: &World, grant: RowName, n: u8| {
        w.draft(&who, ledger).run(run(7)).start(Some(grant), None).payload(|p| _ = p.row(PLAN, &[], &[0x81, n])).sign()
    };
    let good: Vec<EntryId> = (0..4).map(|n| draft(&w, granted, n)).collect::<Vec<_>>().into_iter().map(|e| w.take(e)).collect();
    let under = RowName { entry: beyond, index: 0 };
    let low: Vec<_> = (0..60).map(|n| draft(&w, under, n)).filter(|e| good.iter().any(|g| e.id < *g)).take(6).collect();
    let low: Vec<EntryId> = low.into_iter().map(|e| w.take(e)).collect();
    assert_eq!(standings(&w, &good), [Stands; 4]);
    assert_eq!(standings(&w, &low), [Surplus; 6]);
    agrees_without(&w, &[ledger]);
    w.agrees_in_every_order(7);
    // Once the grant is kept they all take part, and the lowest four stay.
    w.accept("admin", registry(county), &[beyond]);
    let mut all = [good, low].concat();
    all.sort_unstable();
    assert_eq!(standings(&w, &all), [[Stands; 4].as_slice(), &[Surplus; 6]].concat());
    agrees_without(&w, &[ledger]);
    w.agrees_in_every_order(7);
}

/// What happens at random in one county whose invites were copied.
struct Play {
    w: World,
    rng: Rng,
    county: OrgId,
    school: OrgId,
    invites: Vec<Invite>,
    grants: Vec<(String, RowName)>,
}

impl Play {
    fn pick<T: Clone>(&mut self, of: &[T]) -> T {
        of[self.rng.below(of.len())].clone()
    }

    fn written(&mut self, in_document: DocId) -> Option<EntryId> {
        let there: Vec<EntryId> = self.w.entries.iter().filter(|e| e.header.log.document == in_document).map(|e| e.id).collect();
        (!there.is_empty()).then(|| self.pick(&there))
    }

    fn act(&mut self, n: u64) {
        let (county, school) = (self.county, self.school);
        let (ledger, here_is) = (ledger_of(school), registry(county));
        match self.rng.below(10) {
            0 if self.invites.len() < 3 => {
                let role = if self.rng.below(2) == 0 { Role::Clerk } else { Role::Admin };
                let org = if role == Role::Admin { county } else { school };
                let invite = self.w.invite("admin", county, &format!("code {n}"), role, org);
                self.invites.push(invite);
            }
            1..=3 if !self.invites.is_empty() => {
                let at = self.rng.below(self.invites.len());
                let who = format!("guest {n}");
                let used = self.w.join(&self.invites[at], &who);
                let role = self.invites[at].row.role;
                self.grants.push((format!("{who} {role:?}"), RowName { entry: used, index: 0 }));
            }
            4 | 5 if !self.grants.is_empty() => {
                let grants = self.grants.clone();
                let (who, grant) = self.pick(&grants);
                let is_admin = who.ends_with("Admin");
                let who = who.rsplit_once(' ').unwrap().0.to_owned();
                let (document, row) = if is_admin { (here_is, Some(format!("hired {n}"))) } else { (ledger, None) };
                let replaced = self.written(ledger).filter(|_| !is_admin).map(here);
                let replaces: Vec<RowRef> = replaced.into_iter().collect();
                let fields = row.as_ref().map(|hired| self.w.grant_row(hired, Role::Clerk, school).to_fields());
                let (row_type, fields) = fields.map_or((PLAN, vec![0x80]), |f| (Grant::TYPE, f));
                let draft = self.w.draft(&who, document).run(run(5_000 + self.rng.below(3) as u64)).start(Some(grant), None);
                let e = draft.payload(|p| _ = p.row(row_type, &replaces, &fields)).sign();
                if self.w.entries.iter().all(|known| known.id != e.id) {
                    let id = self.w.take(e);
                    self.grants.extend(row.map(|hired| (format!("{hired} Clerk"), RowName { entry: id, index: 0 })));
                }
            }
            6 => {
                if let Some(id) = self.written(ledger) {
                    self.w.correct("principal", ledger, id);
                }
            }
            7 => {
                if let Some(id) = self.written(ledger) {
                    self.w.accept("reviewer", review(county, school), &[id]);
                }
            }
            8 if self.rng.below(3) == 0 => {
                if let Some(id) = self.written(here_is) {
                    let row = Accept { positions: vec![self.w.position(id)], reason: "真".into() }.to_fields();
                    self.w.write("second-admin", here_is, |p| _ = p.row(Accept::TYPE, &[], &row));
                }
            }
            _ => {
                let Some(from) = self.written(ledger) else { return };
                let place = *self.w.ledger().place(&from).unwrap();
                let Some(author) = self.author_of(place.log.key) else { return };
                let mut e = self.w.draft(&author, ledger).run(place.log.run);
                (e.header.sequence, e.header.before) = (place.sequence + 1, Before::Previous(from));
                let low = u8::try_from(n % 24).unwrap();
                let e = e.payload(|p| _ = p.row(PLAN, &[], &[0x81, low])).sign();
                if self.w.entries.iter().all(|known| known.id != e.id) {
                    self.w.take(e);
                }
            }
        }
    }

    fn author_of(&self, key: taizhang_core::id::PublicKey) -> Option<String> {
        let named = self.grants.iter().map(|(who, _)| who.rsplit_once(' ').unwrap().0);
        named.chain(["principal"]).find(|who| crate::kit::key(who) == key).map(str::to_owned)
    }
}

#[test]
fn nodes_agree_at_random_whatever_documents_they_hold() {
    let mut surplus = 0;
    for seed in 1..=12 {
        let Counties { w, county, school, .. } = Counties::new();
        let mut play = Play { w, rng: Rng(seed * 77 + 5), county, school, invites: Vec::new(), grants: Vec::new() };
        (0..110).for_each(|n| play.act(n));
        let Play { w, mut rng, .. } = play;
        surplus += w.entries.iter().filter(|e| w.standing(e.id) == Surplus && e.header.log.document == ledger_of(school)).count();
        agrees_without(&w, &[ledger_of(school)]);
        let n = w.entries.len();
        for (order, together) in [(0..n).rev().collect(), rng.shuffle(n), rng.shuffle(n)].iter().zip([1, 9, usize::MAX]) {
            assert_eq!(w.heard_together(order, together).picture(), w.node.picture(), "seed {seed}, {together} together");
        }
    }
    assert!(surplus > 40, "the ledger's part: {surplus}");
}
