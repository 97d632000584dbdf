//! What counts: the days of theft, leaving, forks and rivalry that design §10 names.

use taizhang_core::{
    admission::{ONE_USE_RUN, Refusal, Signature},
    author::grant_for,
    entry::Before,
    id::{DocId, EntryId, Kind, OrgId},
    ledger::{GRANT_DEPTH_MAX, OPEN_TIPS_MAX},
    op::{PayloadBuilder, RowName},
    rows::{Burn, End, Grant, OrgKind, Role, RowType},
    standing::{GrantState, Judge, Standing},
    units::{Day, Ms},
};

use crate::kit::{Counties, DAY, FIELDS, Node, PLAN, Rng, World, key, ledger_of, registry, review, run};

fn standings(w: &World, ids: &[EntryId]) -> Vec<Standing> {
    ids.iter().map(|id| w.standing(*id)).collect()
}

use Standing::{Burnt, Ended, NoGrant, Stands, Surplus};

#[test]
fn two_admins_of_one_depth_burn_each_other() {
    let Counties { mut w, county, school, .. } = Counties::new();
    let g = w.grant("second-admin", county, "late-clerk", Role::Clerk, school);
    let wrote = w.row("late-clerk", ledger_of(school));
    let a = w.burn("second-admin", county, "third-admin", &[]);
    let b = w.burn("third-admin", county, "second-admin", &[g.entry]);
    assert_eq!(standings(&w, &[a, b, g.entry, wrote]), [Burnt, Burnt, Stands, Stands], "the position covers the grant");
    for who in ["second-admin", "third-admin"] {
        assert_eq!(grant_for(w.ledger(), key(who), &registry(county)), None, "{who} may not go on writing");
    }
    w.agrees_in_every_order(4);
}

#[test]
fn a_grant_by_an_admin_burnt_concurrently() {
    let Counties { mut w, county, school, .. } = Counties::new();
    let last = w.entries.iter().rev().find(|e| e.header.log.document == registry(county)).unwrap().id;
    let g = w.grant("second-admin", county, "hired", Role::Clerk, school);
    let wrote = w.row("hired", ledger_of(school));
    assert_eq!(w.standing(wrote), Stands);
    let burn = w.burn("admin", county, "second-admin", &[last]);
    assert_eq!(standings(&w, &[burn, g.entry, wrote]), [Stands, Burnt, NoGrant]);
    assert_eq!(grant_for(w.ledger(), key("hired"), &ledger_of(school)), None);
    w.agrees_in_every_order(3);
    let again = w.grant("third-admin", county, "hired", Role::Clerk, school);
    assert_eq!(standings(&w, &[again.entry, wrote]), [Stands, Stands], "some standing grant");
    w.agrees_in_every_order(4);
}

#[test]
fn seen_before_and_after_its_burn_with_an_honest_dependant() {
    let Counties { mut w, county, school, .. } = Counties::new();
    let doc = ledger_of(school);
    let honest = w.row("clerk", doc);
    let forged = w.correct("clerk", doc, honest);
    let dependant = w.correct("principal", doc, forged);
    let burn = w.burn("admin", county, "clerk", &[honest]);
    assert_eq!(standings(&w, &[honest, forged, dependant, burn]), [Stands, Burnt, Stands, Stands]);
    w.agrees_in_every_order(4);
}

#[test]
fn a_forged_sibling_at_sequence_1_in_december() {
    let Counties { mut w, county, school, .. } = Counties::new();
    let doc = ledger_of(school);
    let january = w.draft("clerk", doc);
    let first = w.take(january.clone().sign());
    let tip = w.row("clerk", doc);
    let forged =
        w.take(january.at(Ms(w.entries.last().unwrap().header.time.0 + 1)).payload(|p| _ = p.row(PLAN, &[], &[0x80])).sign());
    assert_eq!(w.ledger().forks().count(), 1);
    assert_eq!(standings(&w, &[first, tip, forged]), [Stands; 3], "rows of every branch are rows");
    w.burn("admin", county, "clerk", &[tip]);
    assert_eq!(standings(&w, &[first, tip, forged]), [Stands, Stands, Burnt]);
    w.agrees_in_every_order(4);
}

/// Five branches, each two entries long, at sequence 2 of one log: four stay, whole, and the same four everywhere.
#[test]
fn five_branches_of_a_fork() {
    let Counties { mut w, school, .. } = Counties::new();
    let doc = ledger_of(school);
    let first = w.row("clerk", doc);
    let start = w.draft("clerk", doc);
    let mut branches = Vec::new();
    for n in 0..5_u8 {
        let head = start.clone().payload(|p| _ = p.row(PLAN, &[], &[0x81, n])).sign();
        let mut next = start.clone();
        next.header.sequence = 3;
        next.header.before = Before::Previous(head.id);
        branches.push((w.take(head), w.take(next.sign())));
    }
    branches.sort_unstable();
    for (n, (head, tip)) in branches.iter().enumerate() {
        let expected = if n < 4 { Stands } else { Surplus };
        assert_eq!(standings(&w, &[*head, *tip]), [expected; 2], "branch {n} whole or not at all");
    }
    let mut tips: Vec<EntryId> = branches.iter().take(4).map(|(_, tip)| *tip).collect();
    tips.sort_unstable();
    let mut mine = w.ledger().open_tips(&doc);
    mine.retain(|t| w.ledger().place(t).unwrap().log.key == key("clerk"));
    assert_eq!(mine, tips);
    assert_eq!(w.standing(first), Stands);
    w.agrees_in_every_order(10);
}

/// One fork within a branch of another has its own four branches.
#[test]
fn a_node_that_never_saw_the_fifth_branch_has_the_same_digest() {
    let Counties { mut w, school, .. } = Counties::new();
    let doc = ledger_of(school);
    let start = w.draft("clerk", doc);
    let mut heads: Vec<_> = (0..5_u8).map(|n| start.clone().payload(|p| _ = p.row(PLAN, &[], &[0x81, n])).sign()).collect();
    heads.sort_by_key(|e| e.id);
    let mut four = w.node.clone();
    heads.iter().take(4).for_each(|e| four.take(e, Signature::Check).unwrap());
    heads.into_iter().for_each(|e| _ = w.take(e));
    assert_eq!(four.ledger.digest(&doc), w.ledger().digest(&doc));
}

/// What somebody else's entry names stays, or those who never saw the branch could not admit that entry.
#[test]
fn a_surplus_branch_that_another_names_is_kept() {
    let Counties { mut w, county, school, .. } = Counties::new();
    let doc = ledger_of(school);
    let start = w.draft("clerk", doc);
    let mut heads: Vec<_> = (0..6_u8).map(|n| start.clone().payload(|p| _ = p.row(PLAN, &[], &[0x81, n])).sign()).collect();
    heads.sort_by_key(|e| std::cmp::Reverse(e.id));
    let named = heads[0].id;
    heads.into_iter().for_each(|e| _ = w.take(e));
    assert_eq!(w.standing(named), Surplus);
    w.correct("principal", doc, named);
    assert_eq!(w.standing(named), Stands);
    assert!(w.ledger().open_tips(&doc).contains(&named));
    w.agrees_in_every_order(7);
    let second = w.ledger().at(&start.header.log, 1)[4];
    assert_eq!(w.standing(second), Surplus);
    w.burn("admin", county, "clerk", &[second]);
    assert_eq!(standings(&w, &[named, second]), [Burnt, Stands], "the burn says which branch is the honest one");
    w.agrees_in_every_order(8);
}

/// An entry that names a branch keeps what it names, and not what comes after: whether that came before or after.
#[test]
fn what_follows_a_named_branch_is_surplus_in_every_order() {
    let Counties { mut w, school, .. } = Counties::new();
    let doc = ledger_of(school);
    let start = w.draft("clerk", doc);
    let mut heads: Vec<_> = (0..5_u8).map(|n| start.clone().payload(|p| _ = p.row(PLAN, &[], &[0x81, n])).sign()).collect();
    heads.sort_by_key(|e| e.id);
    let named = heads[4].id;
    heads.into_iter().for_each(|e| _ = w.take(e));
    w.correct("principal", doc, named);
    let mut next = start;
    (next.header.sequence, next.header.before) = (2, Before::Previous(named));
    let next = w.take(next.sign());
    assert_eq!(standings(&w, &[named, next]), [Stands, Surplus]);
    w.agrees_in_every_order(7);
}

/// Unlinked logs, and branches along one log: a key has so many open tips in a document and no more, the same ones on every node.
#[test]
fn a_key_has_at_most_256_open_tips_in_a_document() {
    let Counties { mut w, school, second, .. } = Counties::new();
    let doc = ledger_of(school);
    let grant = w.grant_in("clerk", doc);
    let honest = w.row("principal", doc);
    let elsewhere = w.row("second-clerk", ledger_of(second));
    let first = w.row("clerk", doc);
    for n in 0..200 {
        let begun = w.take(w.draft("clerk", doc).run(run(10_000 + n)).start(grant, None).sign());
        if n % 2 == 0 {
            // Two logs that link to one: as a machine that is set back each morning.
            let link = if n % 4 == 0 { begun } else { first };
            for again in [20_000 + n, 30_000 + n] {
                w.take(w.draft("clerk", doc).run(run(again)).start(grant, Some(link)).sign());
            }
        }
    }
    let of = |w: &World, who| {
        let is_theirs = |t: &EntryId| w.ledger().place(t).unwrap().log.key == key(who);
        w.ledger().open_tips(&doc).iter().filter(|t| is_theirs(t)).count()
    };
    assert!((100..=OPEN_TIPS_MAX).contains(&of(&w, "clerk")), "{}", of(&w, "clerk"));
    assert_eq!(of(&w, "principal"), 1);
    assert_eq!(standings(&w, &[honest, elsewhere]), [Stands; 2]);
    let n = w.entries.len();
    let mut rng = Rng(7);
    let backwards: Vec<usize> = (0..n).rev().collect();
    for order in [backwards, rng.shuffle(n), rng.shuffle(n)] {
        assert_eq!(w.heard(&order).picture(), w.node.picture());
    }
    // What somebody names is kept beside them.
    let lost = w.entries.iter().map(|e| e.id).find(|id| w.standing(*id) == Surplus).unwrap();
    w.correct("principal", doc, lost);
    assert_eq!(w.standing(lost), Stands);
    assert_eq!(w.heard(&rng.shuffle(n + 1)).picture(), w.node.picture());
}

/// A grant that stands on a surplus branch gives nothing, whether or not anything was ever burnt (the short way and the long way agree).
#[test]
fn the_short_way_and_the_long_way_agree() {
    let Counties { mut w, county, school, other, .. } = Counties::new();
    w.restart("admin");
    let start = w.draft("admin", registry(county));
    let mut heads: Vec<_> = (0..5_u32)
        .map(|n| {
            let row = w.grant_row(&format!("hired {n}"), Role::Clerk, school).to_fields();
            (start.clone().payload(|p| _ = p.row(Grant::TYPE, &[], &row)).sign(), format!("hired {n}"))
        })
        .collect();
    heads.sort_by_key(|(e, _)| e.id);
    let (last, hired) = (heads[4].0.id, heads[4].1.clone());
    heads.into_iter().for_each(|(e, _)| _ = w.take(e));
    assert_eq!(w.standing(last), Surplus);
    assert_eq!(grant_for(w.ledger(), key(&hired), &ledger_of(school)), None);
    w.burn("other-admin", other, "foreign-clerk", &[]);
    assert_eq!(w.standing(last), Surplus, "an unrelated burn changes nothing");
    let wrote = w.take({
        let d = w.draft(&hired, ledger_of(school));
        d.start(Some(RowName { entry: last, index: 0 }), None).sign()
    });
    assert_eq!(standings(&w, &[last, wrote]), [Surplus; 2], "what is written under the grant goes with it");
    w.agrees_in_every_order(7);
}

#[test]
fn two_burnt_reviewers_accept_each_other() {
    let Counties { mut w, county, school, .. } = Counties::new();
    let doc = review(county, school);
    let (a, b) = (w.row("reviewer", doc), w.row("second-reviewer", doc));
    w.burn("admin", county, "reviewer", &[]);
    w.burn("admin", county, "second-reviewer", &[]);
    let (x, y) = (w.accept("reviewer", doc, &[b]), w.accept("second-reviewer", doc, &[a]));
    assert_eq!(standings(&w, &[a, b, x, y]), [Burnt; 4]);
    w.agrees_in_every_order(6);
    let mut w = Counties::new().w;
    let (a, b) = (w.burn("second-admin", county, "third-admin", &[]), w.burn("third-admin", county, "second-admin", &[]));
    let (x, y) = (w.accept("second-admin", registry(county), &[b]), w.accept("third-admin", registry(county), &[a]));
    assert_eq!(standings(&w, &[a, b, x, y]), [Burnt; 4]);
    w.agrees_in_every_order(4);
    let z = w.accept("admin", registry(county), &[x]);
    assert_eq!(standings(&w, &[a, b, x, y, z]), [Stands, Stands, Stands, Burnt, Stands], "someone above settles it");
    w.agrees_in_every_order(5);
}

#[test]
fn an_invite_used_twice() {
    let Counties { mut w, county, school, .. } = Counties::new();
    let invite = w.invite("admin", county, "code", Role::Clerk, school);
    let first = w.join(&invite, "newcomer");
    let doc = ledger_of(school);
    let honest = w.row("newcomer", doc);
    let mut second = w.use_of(&invite, "thief");
    let other_run = {
        let mut d = w.draft("code", registry(county)).start(Some(invite.grant), None).run(run(7));
        d.payload.clone_from(&second.payload);
        d.sign()
    };
    assert_eq!(w.node.verdict(&other_run), Err(Refusal::Role), "another run");
    second.header.time = Ms(1);
    let second = w.take(w.use_of(&invite, "thief"));
    let stolen = w.row("thief", doc);
    assert_eq!(w.ledger().forks().count(), 1);
    assert_eq!(standings(&w, &[first, second, honest, stolen]), [Stands; 4], "both are shown until somebody settles it");
    w.agrees_in_every_order(5);
    w.accept("admin", registry(county), &[first]);
    assert_eq!(standings(&w, &[first, honest]), [Stands; 2]);
    assert_eq!(standings(&w, &[second, stolen]), [Ended, NoGrant], "a second use changes nothing");
    w.agrees_in_every_order(6);
    let third = w.take(w.use_of(&invite, "late thief"));
    assert_eq!(standings(&w, &[first, third]), [Stands, Ended]);
    w.agrees_in_every_order(7);
}

/// A newcomer by invite stands as near to the root as one who was granted directly, and deals with the same staff.
#[test]
fn an_admin_who_joined_by_invite_ends_and_accepts_like_the_others() {
    let Counties { mut w, county, school, .. } = Counties::new();
    let invite = w.invite("admin", county, "code", Role::Admin, county);
    w.join(&invite, "invited-admin");
    let invite = w.invite("admin", county, "code 2", Role::Reviewer, county);
    w.join(&invite, "invited-reviewer");
    let doc = ledger_of(school);
    let wrote = w.row("clerk", doc);
    w.burn("invited-admin", county, "clerk", &[]);
    assert_eq!(w.standing(wrote), Burnt);
    w.accept("invited-reviewer", review(county, school), &[wrote]);
    assert_eq!(w.standing(wrote), Stands);
    w.agrees_in_every_order(4);
}

/// Reviewers are asked by place in the tree, not by how many hands their grant went through.
#[test]
fn a_reviewer_further_from_the_root_accepts_a_clerk_nearer_to_it() {
    let Counties { mut w, county, .. } = Counties::new();
    let city = w.city;
    let school = w.org("city-admin", city, OrgKind::School, "city school");
    w.grant("city-admin", city, "city-clerk", Role::Clerk, school);
    w.grant("city-admin", city, "city-admin 2", Role::Admin, city);
    w.grant("city-admin 2", city, "city-reviewer 2", Role::Reviewer, city);
    let wrote = w.row("city-clerk", ledger_of(school));
    w.burn("city-admin", city, "city-clerk", &[]);
    assert_eq!(w.standing(wrote), Burnt);
    w.accept("city-reviewer 2", review(city, school), &[wrote]);
    assert_eq!(w.standing(wrote), Stands);
    let _ = county;
    w.agrees_in_every_order(3);
}

#[test]
fn a_county_claiming_anothers_school_gets_nothing() {
    let Counties { mut w, county, other, foreign, .. } = Counties::new();
    let theirs = w.basis(foreign);
    let row = Grant { key: key("spy"), basis: theirs, ..w.grant_row("spy", Role::Clerk, foreign) }.to_fields();
    let claim = w.draft("admin", registry(county)).payload(|p| _ = p.row(Grant::TYPE, &[], &row)).sign();
    assert!(matches!(w.node.verdict(&claim), Err(Refusal::RegistryRow(_))));
    let wrote = w.row("foreign-clerk", ledger_of(foreign));
    w.burn("other-admin", other, "foreign-clerk", &[]);
    let doc = review(county, foreign);
    w.accept("reviewer", doc, &[wrote]);
    assert_eq!(w.standing(wrote), Burnt, "an accept by who is not above the school");
    w.accept("other-reviewer", review(other, foreign), &[wrote]);
    assert_eq!(w.standing(wrote), Stands);
    w.agrees_in_every_order(4);
}

#[test]
fn an_accept_in_a_review_covers_only_the_subjects_own_documents() {
    let Counties { mut w, county, school, second, base, .. } = Counties::new();
    let city = w.city;
    let mine = DocId::about(base, Kind::Ledger, crate::kit::YEAR, school);
    let documents = [
        ("clerk", ledger_of(school), Stands),
        ("clerk", DocId::of(school, Kind::Roster), Stands),
        ("clerk", DocId::of(school, Kind::Identity), Stands),
        ("second-clerk", ledger_of(second), Burnt),
        ("second-reviewer", review(county, school), Burnt),
        // The city burnt this one: the county's accept does not undo that.
        ("base-clerk", mine, Burnt),
        ("base-clerk", ledger_of(base), Burnt),
    ];
    let wrote: Vec<EntryId> = documents.iter().map(|(who, doc, _)| w.row(who, *doc)).collect();
    for (at, by, who) in [
        (county, "admin", "clerk"),
        (county, "admin", "second-clerk"),
        (county, "admin", "second-reviewer"),
        (city, "city-admin", "base-clerk"),
    ] {
        w.burn(by, at, who, &[]);
    }
    assert_eq!(standings(&w, &wrote), [Burnt; 7]);
    w.accept("reviewer", review(county, school), &wrote);
    assert_eq!(standings(&w, &wrote), documents.map(|(_, _, s)| s));
    w.agrees_in_every_order(6);
}

/// An end is lifted by whoever may accept; a burn by those who burnt, and by those above them.
#[test]
fn an_accept_lifts_the_burns_of_its_own_organisation_and_of_those_below() {
    let Counties { mut w, county, school, .. } = Counties::new();
    let city = w.city;
    let wrote = w.row("clerk", ledger_of(school));
    w.grant("city-admin", city, "clerk", Role::Auditor, city);
    w.burn("admin", county, "clerk", &[]);
    w.burn("city-admin", city, "clerk", &[]);
    w.accept("reviewer", review(county, school), &[wrote]);
    w.accept("admin", registry(county), &[wrote]);
    assert_eq!(w.standing(wrote), Burnt, "the city's burn still holds");
    w.accept("city-reviewer", review(city, school), &[wrote]);
    assert_eq!(w.standing(wrote), Stands);
    w.agrees_in_every_order(5);
}

#[test]
fn an_accept_in_a_registry_covers_keys_granted_there() {
    let Counties { mut w, county, other, school, foreign, .. } = Counties::new();
    let (mine, theirs) = (w.row("clerk", ledger_of(school)), w.row("foreign-clerk", ledger_of(foreign)));
    w.burn("admin", county, "clerk", &[]);
    w.burn("other-admin", other, "foreign-clerk", &[]);
    w.accept("admin", registry(county), &[mine, theirs]);
    assert_eq!(standings(&w, &[mine, theirs]), [Stands, Burnt]);
    w.agrees_in_every_order(5);
}

#[test]
fn a_clerk_leaves_and_what_is_dated_later_waits() {
    let Counties { mut w, county, school, .. } = Counties::new();
    let doc = ledger_of(school);
    let grant = w.grant_in("clerk", doc).unwrap();
    let before = w.row("clerk", doc);
    w.it_is(Day(DAY.0 + 9));
    let last_day = w.row("clerk", doc);
    w.it_is(Day(DAY.0 + 10));
    let late = w.row("clerk", doc);
    let ids = [before, last_day, late];
    assert_eq!(standings(&w, &ids), [Stands; 3]);
    w.end("admin", county, grant, Day(DAY.0 + 9), &[]);
    assert_eq!(standings(&w, &ids), [Stands, Stands, Ended]);
    assert_eq!(grant_for(w.ledger(), key("clerk"), &doc), None);
    w.agrees_in_every_order(4);
    w.accept("reviewer", review(county, school), &[late]);
    assert_eq!(standings(&w, &ids), [Stands; 3], "the county lets it stand");
    w.agrees_in_every_order(5);
}

/// Time is a claim: of the clerk's three clocks only the end of a clerk's grant reads any.
#[test]
fn clocks_at_2010_and_2099() {
    let Counties { mut w, county, school, .. } = Counties::new();
    let doc = ledger_of(school);
    let grant = w.grant_in("clerk", doc).unwrap();
    let mut ids = Vec::new();
    for year in [2010, 2099, 9999] {
        w.it_is(Day::from_ymd(year, 1, 1).unwrap());
        ids.push(w.row("clerk", doc));
    }
    let far = w.draft("clerk", doc).at(Ms(u64::MAX)).sign();
    ids.push(w.take(far));
    assert_eq!(standings(&w, &ids), [Stands; 4]);
    w.end("admin", county, grant, DAY, &[]);
    assert_eq!(standings(&w, &ids), [Stands, Ended, Ended, Ended]);
    w.agrees_in_every_order(5);
    w.burn("admin", county, "clerk", &[]);
    assert_eq!(standings(&w, &ids), [Burnt; 4], "a burn reads no clock");
}

#[test]
fn a_reviewer_leaves_and_what_lies_past_the_positions_waits() {
    let Counties { mut w, county, school, second, .. } = Counties::new();
    let (doc, other) = (review(county, school), review(county, second));
    let grant = w.grant_in("reviewer", doc).unwrap();
    let covered = w.row("reviewer", doc);
    w.restart("reviewer");
    let tip = w.row("reviewer", doc);
    let past = w.row("reviewer", doc);
    let elsewhere = w.row("reviewer", other);
    let ids = [covered, tip, past, elsewhere];
    w.end("admin", county, grant, Day(DAY.0 + 100), &[tip]);
    assert_eq!(standings(&w, &ids), [Stands, Stands, Ended, Ended], "through links, in the named document only");
    w.agrees_in_every_order(5);
    w.accept("admin", registry(county), &[past]);
    assert_eq!(standings(&w, &ids), [Stands, Stands, Stands, Ended]);
    w.agrees_in_every_order(6);
}

/// A reviewer of sixty schools has more open tips than one row holds.
#[test]
fn end_rows_of_one_grant_in_one_entry_are_one_end() {
    let Counties { mut w, county, school, second, .. } = Counties::new();
    let (doc, other) = (review(county, school), review(county, second));
    let grant = w.grant_in("reviewer", doc).unwrap();
    let (a, b) = (w.row("reviewer", doc), w.row("reviewer", other));
    let rows = [w.end_row(grant, DAY, &[a]).to_fields(), w.end_row(grant, DAY, &[b]).to_fields()];
    w.write("admin", registry(county), |p| rows.iter().for_each(|r| _ = p.row(End::TYPE, &[], r)));
    let past = w.row("reviewer", doc);
    assert_eq!(standings(&w, &[a, b, past]), [Stands, Stands, Ended]);
    w.agrees_in_every_order(4);
    w.end("second-admin", county, grant, DAY, &[a]);
    assert_eq!(standings(&w, &[a, b, past]), [Stands, Ended, Ended], "of several ends only what all cover stands");
    w.agrees_in_every_order(5);
}

#[test]
fn a_grant_says_how_it_stands_and_by_which_entry() {
    let Counties { mut w, county, school, .. } = Counties::new();
    let doc = ledger_of(school);
    let [clerk, principal] = ["clerk", "principal"].map(|who| w.grant_in(who, doc).unwrap());
    let hired = w.grant("second-admin", county, "hired", Role::Clerk, school);
    let state = |w: &World, name: &RowName| Judge::new(w.ledger()).grant_state(name);
    assert_eq!([clerk, principal, hired].map(|n| state(&w, &n)), [GrantState::Open; 3]);
    w.end("admin", county, clerk, Day(DAY.0 + 9), &[]);
    let by = w.end("second-admin", county, clerk, Day(DAY.0 + 3), &[]);
    assert_eq!(state(&w, &clerk), GrantState::Ended { left: Day(DAY.0 + 3), by });
    let by = w.burn("admin", county, "principal", &[]);
    assert_eq!(state(&w, &principal), GrantState::Burnt { by });
    w.burn("admin", county, "second-admin", &[]);
    assert_eq!(state(&w, &hired), GrantState::NotStanding);
    assert_eq!(state(&w, &clerk), GrantState::Ended { left: Day(DAY.0 + 9), by: w.entries[w.entries.len() - 4].id });
    w.agrees_in_every_order(5);
}

/// The founder's key has no grant; it writes in the root's registry, where it deals with the first admin.
#[test]
fn a_root_key_writes_in_the_roots_registry_and_nowhere_else() {
    let Counties { mut w, county, school, .. } = Counties::new();
    let (root, city) = (w.root, w.city);
    let statement = w.ledger().registry.root.as_ref().unwrap().0;
    assert_eq!(grant_for(w.ledger(), key("root"), &registry(root)), Some(statement));
    for document in [registry(city), registry(county), ledger_of(school)] {
        assert_eq!(grant_for(w.ledger(), key("root"), &document), None);
    }
    assert_eq!(grant_for(w.ledger(), key("city-admin"), &registry(root)), None);
    let first = w.grant_in("city-admin", registry(city)).unwrap();
    w.end("root", root, first, DAY, &[]);
    assert_eq!(grant_for(w.ledger(), key("city-admin"), &registry(city)), None);
}

#[test]
fn an_end_by_another_registry_or_of_another_grant_ends_nothing() {
    let Counties { mut w, county, other, school, .. } = Counties::new();
    let doc = ledger_of(school);
    w.it_is(Day(DAY.0 + 5));
    let wrote = w.row("clerk", doc);
    let grant = w.grant_in("clerk", doc).unwrap();
    w.end("other-admin", other, grant, DAY, &[]);
    let another = w.grant_in("principal", doc).unwrap();
    w.end("admin", county, another, DAY, &[]);
    assert_eq!(w.standing(wrote), Stands);
    assert!(grant_for(w.ledger(), key("clerk"), &doc).is_some());
    w.agrees_in_every_order(3);
}

#[test]
fn of_several_burns_only_what_all_cover_stands() {
    let Counties { mut w, county, school, .. } = Counties::new();
    let doc = ledger_of(school);
    let (a, b) = (w.row("clerk", doc), w.row("clerk", doc));
    w.restart("clerk");
    let c = w.draft("clerk", doc).start(w.grant_in("clerk", doc), None).sign();
    let c = w.take(c);
    let rows = [w.burn_row("clerk", &[b]).to_fields(), w.burn_row("clerk", &[c]).to_fields()];
    w.write("admin", registry(county), |p| rows.iter().for_each(|r| _ = p.row(Burn::TYPE, &[], r)));
    assert_eq!(standings(&w, &[a, b, c]), [Stands; 3], "rows of one entry are one burn");
    w.agrees_in_every_order(4);
    w.burn("second-admin", county, "clerk", &[a]);
    assert_eq!(standings(&w, &[a, b, c]), [Stands, Burnt, Burnt]);
    w.agrees_in_every_order(5);
    w.burn("second-admin", county, "clerk", &[]);
    assert_eq!(standings(&w, &[a, b, c]), [Burnt; 3]);
    w.agrees_in_every_order(6);
}

#[test]
fn a_burnt_key_stays_burnt_under_any_grant_of_those_above_and_no_other_county_is_bound() {
    let Counties { mut w, county, other, school, second, foreign, .. } = Counties::new();
    let doc = ledger_of(school);
    let before = w.row("clerk", doc);
    w.burn("admin", county, "clerk", &[before]);
    w.grant("admin", county, "clerk", Role::Clerk, school);
    w.grant("admin", county, "clerk", Role::Clerk, second);
    w.grant("other-admin", other, "clerk", Role::Clerk, foreign);
    let after: Vec<EntryId> = [school, second, foreign].map(|o| w.row("clerk", ledger_of(o))).into();
    assert_eq!(w.standing(before), Stands);
    assert_eq!(standings(&w, &after), [Burnt, Burnt, Stands]);
    for org in [school, second] {
        assert_eq!(grant_for(w.ledger(), key("clerk"), &ledger_of(org)), None, "it may not go on writing");
    }
    w.agrees_in_every_order(7);
    w.burn("other-admin", other, "clerk", &[]);
    assert_eq!(standings(&w, &after), [Burnt; 3]);
    assert_eq!(w.standing(before), Stands, "a burn here takes nothing from what was kept there");
    w.agrees_in_every_order(8);
}

#[test]
fn a_registry_has_no_say_over_what_a_key_writes_elsewhere_whatever_it_granted_that_key() {
    let Counties { mut w, county, other, school, foreign, .. } = Counties::new();
    let doc = ledger_of(school);
    let grant = w.grant_in("clerk", doc).unwrap();
    let honest = w.row("clerk", doc);
    w.grant("other-admin", other, "clerk", Role::Clerk, foreign);
    w.burn("other-admin", other, "clerk", &[]);
    assert_eq!(w.standing(honest), Stands);
    assert!(grant_for(w.ledger(), key("clerk"), &doc).is_some(), "it goes on writing");
    w.agrees_in_every_order(3);
    w.end("admin", county, grant, Day(DAY.0 - 1), &[]);
    let late = w.row("clerk", doc);
    w.accept("other-admin", registry(other), &[late]);
    assert_eq!(w.standing(late), Ended);
    w.accept("admin", registry(county), &[late]);
    assert_eq!(w.standing(late), Stands);
    w.agrees_in_every_order(6);
}

#[test]
fn a_burn_by_a_deeper_key_has_no_effect() {
    let Counties { mut w, county, school, .. } = Counties::new();
    w.grant("second-admin", county, "deeper", Role::Admin, county);
    let g = w.grant("second-admin", county, "hired", Role::Clerk, school);
    let wrote = w.row("hired", ledger_of(school));
    let burn = w.burn("deeper", county, "second-admin", &[]);
    // Nor when it first grants the key something of its own.
    w.grant("deeper", county, "second-admin", Role::Clerk, school);
    let again = w.burn("deeper", county, "second-admin", &[]);
    assert_eq!(standings(&w, &[g.entry, wrote, burn, again]), [Stands; 4]);
    assert!(grant_for(w.ledger(), key("second-admin"), &registry(county)).is_some(), "nor does it stop the key's writing");
    w.agrees_in_every_order(6);
}

#[test]
fn a_burn_of_a_key_granted_in_another_registry_has_no_effect() {
    let Counties { mut w, county, other, school, .. } = Counties::new();
    let wrote = w.row("clerk", ledger_of(school));
    w.burn("other-admin", other, "clerk", &[]);
    let city = w.city;
    w.burn("city-admin", city, "clerk", &[]);
    assert_eq!(w.standing(wrote), Stands);
    assert!(grant_for(w.ledger(), key("clerk"), &ledger_of(school)).is_some());
    w.grant("admin", county, "unrelated", Role::Clerk, school);
    w.agrees_in_every_order(4);
}

/// A burn whose writer was burnt by someone nearer to the root acts no more.
#[test]
fn a_burn_by_a_burnt_admin() {
    let Counties { mut w, county, school, .. } = Counties::new();
    let wrote = w.row("clerk", ledger_of(school));
    let burn = w.burn("second-admin", county, "clerk", &[]);
    assert_eq!(w.standing(wrote), Burnt);
    let above = w.burn("admin", county, "second-admin", &[]);
    assert_eq!(standings(&w, &[wrote, burn, above]), [Stands, Burnt, Stands]);
    let all = w.city;
    w.burn("city-admin", all, "admin", &[]);
    assert_eq!(standings(&w, &[wrote, burn, above]), [NoGrant, NoGrant, Burnt], "nothing below a burnt admin stands");
    w.agrees_in_every_order(4);
}

/// Somebody with two grants: what was begun under the one stands under the other, until that one ends as well.
#[test]
fn two_grants_of_different_depth_both_end() {
    let Counties { mut w, county, school, .. } = Counties::new();
    let doc = ledger_of(school);
    let near = w.grant("admin", county, "twice", Role::Clerk, school);
    w.it_is(Day(DAY.0 + 5));
    let wrote = w.row("twice", doc);
    w.grant("second-admin", county, "deep-admin", Role::Admin, county);
    let deep = w.grant("deep-admin", county, "twice", Role::Clerk, school);
    w.end("admin", county, near, DAY, &[]);
    assert_eq!(w.standing(wrote), Stands);
    w.end("deep-admin", county, deep, DAY, &[]);
    assert_eq!(w.standing(wrote), Ended);
    w.agrees_in_every_order(5);
}

#[test]
fn chains_of_sixteen_admins_with_circles_of_burns_and_accepts_come_to_an_end() {
    let Counties { mut w, county, .. } = Counties::new();
    let name = |n: usize| if n == 0 { "admin".to_owned() } else { format!("admin {n}") };
    for n in 1..16 {
        w.grant(&name(n - 1), county, &name(n), Role::Admin, county);
    }
    let mut last: Vec<EntryId> = (0..16).map(|n| w.row(&name(n), registry(county))).collect();
    for n in 0..16 {
        let other = (n + 5) % 16;
        last[n] = w.burn(&name(n), county, &name(other), &[last[other]]);
        w.accept(&name(n), registry(county), &[last[(n + 11) % 16]]);
    }
    for n in 0..16 {
        w.accept(&name(n), registry(county), &last);
    }
    let judge = Judge::new(w.ledger());
    assert!(w.entries.iter().any(|e| judge.standing(&e.id) != Stands));
    w.agrees_in_every_order(60);
}

/// As deep as grants may lie: each admin granted by the one before, and an end at the top that all of them must be asked about.
#[test]
fn a_chain_of_grants_ends_at_64_and_is_judged_to_its_end() {
    let Counties { mut w, county, school, .. } = Counties::new();
    let name = |n: u32| if n == 2 { "admin".to_owned() } else { format!("admin {n}") };
    for n in 3..=GRANT_DEPTH_MAX {
        let g = w.grant(&name(n - 1), county, &name(n), Role::Admin, county);
        assert_eq!(w.ledger().registry.grants[&g].depth, n);
    }
    let last = name(GRANT_DEPTH_MAX);
    let row = w.grant_row("one more", Role::Clerk, school).to_fields();
    let beyond = w.draft(&last, registry(county)).payload(|p| _ = p.row(Grant::TYPE, &[], &row)).sign();
    assert_eq!(w.node.verdict(&beyond), Err(Refusal::Depth));
    // By an invite the newcomer stands no further than the invite, but the invite is a grant.
    let mut invite = w.grant_row("code", Role::Clerk, school);
    invite.one_use = true;
    let invite = w.draft(&last, registry(county)).payload(|p| _ = p.row(Grant::TYPE, &[], &invite.to_fields())).sign();
    assert_eq!(w.node.verdict(&invite), Err(Refusal::Depth));
    let told = w.row(&last, registry(county));
    w.burn("admin", county, "nobody", &[]);
    assert_eq!(w.standing(told), Stands);
    w.burn("admin", county, "admin 3", &[]);
    assert_eq!(w.standing(told), NoGrant);
}

/// A network's root row may stand in two entries (two of its keys, or one twice): logs begun under either are admitted everywhere.
#[test]
fn the_root_statement_twice() {
    let mut w = World::found();
    let first = w.entries[0].clone();
    let mut header = first.header;
    header.log.run = run(99);
    let twin =
        taizhang_core::entry::SignedEntry::sign(header, first.payload.clone(), &crate::kit::secret("root"), &first_network(&w));
    w.take(twin.clone());
    let root = w.root;
    for (n, grant) in [first.id, twin.id].into_iter().enumerate() {
        let d = w.draft("root", registry(root)).start(Some(RowName { entry: grant, index: 0 }), None);
        let e = d.run(run(200 + n as u64)).payload(|p: &mut PayloadBuilder| _ = p.row(PLAN, &[], &FIELDS)).sign();
        let id = w.take(e);
        assert_eq!(w.standing(id), Stands);
    }
    let city = w.city;
    w.grant("city-admin", city, "reviewer", Role::Reviewer, city);
    w.burn("city-admin", city, "reviewer", &[]);
    assert!(w.entries.iter().all(|e| w.standing(e.id) == Stands));
    w.agrees_in_every_order(6);
}

fn first_network(w: &World) -> taizhang_core::id::NetworkId {
    w.ledger().network
}

/// One creation written twice is one organisation; a grant rests on either row.
#[test]
fn an_organisation_created_twice_is_one() {
    let Counties { mut w, county, .. } = Counties::new();
    let row = crate::kit::new_org("new", OrgKind::School).row(county, DAY);
    let kinds = [OrgKind::School, OrgKind::Organiser];
    let mut bases = Vec::new();
    for (who, kind) in ["third-admin", "second-admin"].into_iter().zip(kinds) {
        let fields = taizhang_core::rows::Org { kind, ..row.clone() }.to_fields();
        let entry = w.write(who, registry(county), |p| _ = p.row(taizhang_core::rows::Org::TYPE, &[], &fields));
        bases.push(RowName { entry, index: 0 });
    }
    for (n, basis) in bases.iter().enumerate() {
        let grant = Grant { basis: basis.here(), ..w.grant_row(&format!("clerk {n}"), Role::Clerk, row.org) }.to_fields();
        w.write("admin", registry(county), |p| _ = p.row(Grant::TYPE, &[], &grant));
        let wrote = w.row(&format!("clerk {n}"), ledger_of(row.org));
        assert_eq!(w.standing(wrote), Stands);
    }
    w.agrees_in_every_order(6);
}

#[test]
fn an_unknown_entry_does_not_stand() {
    let Counties { mut w, county, .. } = Counties::new();
    let empty = Node::new(w.ledger().network);
    assert_eq!(w.standing(EntryId([1; 32])), NoGrant);
    assert_eq!(empty.standing(w.entries[0].id), NoGrant);
    w.burn("admin", county, "clerk", &[]);
    assert_eq!(w.standing(EntryId([1; 32])), NoGrant);
    assert_eq!(w.ledger().registry.ancestors(OrgId([1; 8])), []);
    assert_eq!(ONE_USE_RUN, run(0));
}
