//! Branches beyond the limits, as an adversary makes them: nothing decided on is driven out, and nodes agree that hold what is not kept and that do not.

use taizhang_core::{
    entry::{Before, SignedEntry},
    id::{DocId, EntryId, Kind},
    ledger::OPEN_TIPS_MAX,
    op::RowName,
    rows::{Decision, DecisionTarget, Org, OrgKind, RowType, Verdict},
    standing::Standing::{Stands, Surplus},
};

use crate::kit::{Counties, DAY, Draft, Node, PLAN, Rng, TOGETHER, World, YEAR, ledger_of, new_org, registry, review, run};

/// The entry that comes out lowest, or highest, of so many payloads.
fn drawn(draft: &Draft, payloads: u16, highest: bool) -> SignedEntry {
    let rows = (0..payloads).map(|n| {
        let [a, b] = n.to_be_bytes();
        draft.clone().payload(|p| _ = p.row(PLAN, &[], &[0x81, 0x19, a | 0x80, b])).sign()
    });
    let by_id = |e: &SignedEntry| e.id;
    if highest { rows.max_by_key(by_id).unwrap() } else { rows.min_by_key(by_id).unwrap() }
}

/// Five entries at the beginning of the clerk's log, lowest first.
fn fork(w: &World, doc: DocId) -> Vec<SignedEntry> {
    let start = w.draft("clerk", doc);
    let mut heads: Vec<_> = (0..5_u8).map(|n| start.clone().payload(|p| _ = p.row(PLAN, &[], &[0x81, n])).sign()).collect();
    heads.sort_by_key(|e| e.id);
    heads
}

/// Whoever was sent only what is kept comes to the same.
fn agrees_without_what_is_not_kept(w: &World) {
    let kept: Vec<usize> = (0..w.entries.len()).filter(|i| w.standing(w.entries[*i].id) != Surplus).collect();
    assert!(kept.len() < w.entries.len(), "something is not kept");
    let lean = w.heard(&kept);
    let digests = |n: &Node| n.ledger.documents().map(|d| (*d, n.ledger.digest(d))).collect::<Vec<_>>();
    assert_eq!(digests(&lean), digests(&w.node));
}

#[test]
fn what_a_review_decided_on_is_not_driven_out() {
    for by_sheet in [false, true] {
        let Counties { mut w, county, school, .. } = Counties::new();
        let doc = ledger_of(school);
        let mut heads = fork(&w, doc);
        let honest = w.take(heads.pop().unwrap());
        let target = if by_sheet {
            DecisionTarget::Sheet { sheet: RowName { entry: honest, index: 0 }.in_document(doc), digest: [0; 32] }
        } else {
            DecisionTarget::Rows { document: doc, rows: vec![(honest, Vec::new())] }
        };
        let decision = Decision { target, verdict: Verdict::Approved, reason: None };
        w.write("reviewer", review(county, school), |p| _ = p.row(Decision::TYPE, &[], &decision.to_fields()));
        heads.into_iter().for_each(|e| _ = w.take(e));
        assert_eq!(w.standing(honest), Stands, "by sheet: {by_sheet}");
        w.agrees_in_every_order(6);
    }
}

/// A review about one school keeps nothing of another's: whoever reads the one need not read the other.
#[test]
fn a_review_keeps_only_what_concerns_its_subject() {
    let Counties { mut w, county, school, second, .. } = Counties::new();
    let doc = ledger_of(school);
    let heads = fork(&w, doc);
    let last = heads[4].id;
    heads.into_iter().for_each(|e| _ = w.take(e));
    let target = DecisionTarget::Rows { document: ledger_of(second), rows: vec![(last, Vec::new())] };
    let decision = Decision { target, verdict: Verdict::Approved, reason: None };
    w.write("reviewer", review(county, second), |p| _ = p.row(Decision::TYPE, &[], &decision.to_fields()));
    assert_eq!(w.standing(last), Surplus);
    w.agrees_in_every_order(6);
}

/// Every school below a county reads its ledger, and none of them the city's review of the county: what that approves there it does not keep.
#[test]
fn a_review_keeps_nothing_that_others_read_than_its_own_readers() {
    let Counties { mut w, county, base, school, .. } = Counties::new();
    let city = w.city;
    let cases = [
        ("county-clerk", ledger_of(county), "city-reviewer", review(city, county)),
        ("county-clerk", DocId::of_year(county, Kind::Notice, YEAR), "city-reviewer", review(city, county)),
        ("base-clerk", DocId::about(base, Kind::Ledger, YEAR, school), "reviewer", review(county, school)),
        ("clerk", ledger_of(school), "reviewer", DocId::about(county, Kind::Review, YEAR + 1, school)),
    ];
    for (clerk, doc, reviewer, review) in cases {
        let start = w.draft(clerk, doc);
        let mut heads: Vec<_> = (0..5_u8).map(|n| start.clone().payload(|p| _ = p.row(PLAN, &[], &[0x81, n])).sign()).collect();
        heads.sort_by_key(|e| e.id);
        let approved = w.take(heads.pop().unwrap());
        let target = DecisionTarget::Rows { document: doc, rows: vec![(approved, Vec::new())] };
        let decision = Decision { target, verdict: Verdict::Approved, reason: None };
        w.write(reviewer, review, |p| _ = p.row(Decision::TYPE, &[], &decision.to_fields()));
        heads.into_iter().for_each(|e| _ = w.take(e));
        assert_eq!(w.standing(approved), Surplus, "{doc:?}");
        let without: Vec<usize> = (0..w.entries.len()).filter(|i| w.entries[*i].header.log.document != review).collect();
        assert_eq!(w.heard(&without).ledger.digest(&doc), w.ledger().digest(&doc), "{doc:?}");
    }
    w.agrees_in_every_order(6);
}

/// The city replaces what a county decided, and branches of the county's key would drive that out.
#[test]
fn a_review_from_above_keeps_what_it_replaces_below() {
    let Counties { mut w, county, school, .. } = Counties::new();
    let (below, above) = (review(county, school), review(w.city, school));
    let before = w.row("city-reviewer", above);
    let start = w.draft("reviewer", below);
    let mut heads: Vec<_> = (0..5_u8).map(|n| start.clone().payload(|p| _ = p.row(PLAN, &[], &[0x81, n])).sign()).collect();
    heads.sort_by_key(|e| e.id);
    let decided = w.take(heads.pop().unwrap());
    let replaced = RowName { entry: decided, index: 0 }.in_document(below);
    let by_city = w.write("city-reviewer", above, |p| _ = p.row(PLAN, &[replaced], &[0x80]));
    heads.into_iter().for_each(|e| _ = w.take(e));
    // What the city decided anew does not fall out under it, whoever forked the county's review.
    assert_eq!([before, decided, by_city].map(|e| w.standing(e)), [Stands; 3]);
    w.agrees_in_every_order(6);
}

/// Branches upon a branch that is not kept take nobody's place: only the node to which the liar pushed them holds them.
#[test]
fn what_hangs_on_a_branch_that_is_not_kept_drives_nothing_out() {
    let Counties { mut w, school, .. } = Counties::new();
    let doc = ledger_of(school);
    let grant = w.grant_in("clerk", doc);
    let honest = drawn(&w.draft("clerk", doc).run(run(5_000)).start(grant, None), 3_000, true);
    let honest = w.take(honest);
    let heads = fork(&w, doc);
    let last = heads[4].id;
    heads.into_iter().for_each(|e| _ = w.take(e));
    assert_eq!(w.standing(last), Surplus);
    for n in 0..OPEN_TIPS_MAX as u64 + 10 {
        w.take(w.draft("clerk", doc).run(run(10_000 + n)).start(grant, Some(last)).sign());
    }
    assert_eq!(w.standing(honest), Stands);
    agrees_without_what_is_not_kept(&w);
    let n = w.entries.len();
    assert_eq!(w.heard(&Rng(3).shuffle(n)).picture(), w.node.picture());
}

/// Where a key's branches reached the limit once, every further fork is still counted by itself.
#[test]
fn of_a_second_fork_four_branches_are_kept_too() {
    let Counties { mut w, school, .. } = Counties::new();
    let doc = ledger_of(school);
    let start = w.draft("clerk", doc);
    let heads = fork(&w, doc);
    let first = heads[0].id;
    heads.into_iter().for_each(|e| _ = w.take(e));
    let mut next = start;
    (next.header.sequence, next.header.before) = (2, Before::Previous(first));
    let mut behind: Vec<_> = (0..6_u8).map(|n| next.clone().payload(|p| _ = p.row(PLAN, &[], &[0x81, n])).sign()).collect();
    behind.sort_by_key(|e| e.id);
    let ids: Vec<EntryId> = behind.into_iter().map(|e| w.take(e)).collect();
    let standings: Vec<_> = ids.iter().map(|id| w.standing(*id)).collect();
    assert_eq!(standings, [Stands, Stands, Stands, Stands, Surplus, Surplus]);
    w.agrees_in_every_order(6);
}

/// Forks upon forks, logs upon logs, at random: the choice is one of the set, and survives the loss of what it leaves out.
#[test]
fn nodes_agree_on_branches_with_and_without_what_is_not_kept() {
    for seed in 1..=6 {
        let Counties { mut w, school, .. } = Counties::new();
        let doc = ledger_of(school);
        let grant = w.grant_in("clerk", doc);
        let mut rng = Rng(seed);
        let mut made: Vec<(EntryId, Draft)> = Vec::new();
        for n in 0..360_u64 {
            let mut pick = |below: usize| rng.below(below);
            let from = (!made.is_empty() && pick(8) > 0).then(|| made[pick(made.len())].clone());
            // Few runs, so that logs also meet at their beginnings.
            let run_of = run(6_000 + pick(40) as u64);
            let draft = match from {
                Some((id, before)) if pick(2) == 0 => {
                    let mut next = before;
                    (next.header.sequence, next.header.before) = (next.header.sequence + 1, Before::Previous(id));
                    next
                }
                // No log leads back to itself.
                Some((_, before)) if before.header.log.run == run_of => continue,
                Some((id, _)) => w.draft("clerk", doc).run(run_of).start(grant, Some(id)),
                None => w.draft("clerk", doc).run(run_of).start(grant, None),
            };
            let [a, b] = u16::try_from(n).unwrap().to_be_bytes();
            let draft = draft.payload(|p| _ = p.row(PLAN, &[], &[0x81, 0x19, a | 0x80, b]));
            let entry = draft.clone().sign();
            if w.entries.iter().all(|e| e.id != entry.id) {
                made.push((w.take(entry), draft));
            }
        }
        agrees_without_what_is_not_kept(&w);
        let n = w.entries.len();
        for together in TOGETHER {
            for order in [(0..n).rev().collect(), rng.shuffle(n)] {
                assert_eq!(w.heard_together(&order, together).picture(), w.node.picture(), "seed {seed}, {together} together");
            }
        }
    }
}

/// A fork at every place of a chain, the higher branch first: each lower one moves the branches of its key. However many come together, they are settled once.
#[test]
fn branches_that_come_together_are_chosen_once() {
    let Counties { mut w, school, .. } = Counties::new();
    let doc = ledger_of(school);
    let mut next = w.draft("clerk", doc);
    let heads = fork(&w, doc);
    let mut lower = heads[0].id;
    heads.into_iter().for_each(|e| _ = w.take(e));
    let before = w.ledger().names_revision();
    let mut node = w.node.clone();
    for n in 2..602 {
        (next.header.sequence, next.header.before) = (n, Before::Previous(lower));
        let mut pair = [0, 1].map(|n| next.clone().payload(|p| _ = p.row(PLAN, &[], &[0x81, n])).sign());
        pair.sort_by_key(|e| std::cmp::Reverse(e.id));
        lower = pair[1].id;
        for e in pair {
            node.file(&e);
            w.entries.push(e);
        }
    }
    node.ledger.settle();
    assert_eq!(node.ledger.names_revision(), before + 1, "settled once");
    let surplus = w.entries.iter().filter(|e| node.ledger.is_surplus_entry(&e.id)).count();
    assert_eq!(surplus, 1 + 600 - (OPEN_TIPS_MAX - 4), "the four heads take part in the key's branches");
    let n = w.entries.len();
    assert_eq!(w.heard_together(&Rng(5).shuffle(n), 97).picture(), node.picture());
}

/// One entry that creates an organisation many times, where branches beyond the limits exist: what rests on it is settled once.
#[test]
fn an_organisation_created_many_times_in_one_entry_is_settled_once() {
    let Counties { mut w, county, school, .. } = Counties::new();
    fork(&w, ledger_of(school)).into_iter().for_each(|e| _ = w.take(e));
    let before = w.ledger().names_revision();
    let row = new_org("again", OrgKind::School).row(county, DAY).to_fields();
    w.write("admin", registry(county), |p| (0..100).for_each(|_| _ = p.row(Org::TYPE, &[], &row)));
    let settled = w.ledger().names_revision() - before;
    assert!(settled <= 1, "{settled} times");
}

/// A move on a branch that falls out moves nobody: before it is asked who reads what, though other documents may wait.
#[test]
fn a_move_on_a_branch_that_falls_out_is_undone_before_anybody_asks_who_stands_where() {
    let Counties { mut w, county, school, other, .. } = Counties::new();
    let city = w.city;
    w.restart("city-admin");
    let start = w.draft("city-admin", registry(city));
    let moved = Org { random: None, parent: other, ..w.ledger().registry.orgs[&school].current().clone() };
    let moved = start.clone().payload(|p| _ = p.row(Org::TYPE, &[], &moved.to_fields())).sign();
    let lower = (0..60_u8).map(|n| start.clone().payload(|p| _ = p.row(PLAN, &[], &[0x81, 0x18, n | 0x80])).sign());
    let lower: Vec<_> = lower.filter(|e| e.id < moved.id).take(4).collect();
    assert_eq!(lower.len(), 4);
    let moved = w.take(moved);
    let parent = |n: &Node| n.ledger.registry.ancestors(school)[0];
    assert_eq!(parent(&w.node), other);
    let mut node = w.node.clone();
    lower.iter().for_each(|e| node.file(e));
    node.ledger.settle_registries();
    assert_eq!(parent(&node), county);
    assert_eq!(node.standing(moved), Surplus);
    lower.into_iter().for_each(|e| _ = w.take(e));
    assert_eq!(node.picture(), w.node.picture());
    w.agrees_in_every_order(5);
}
