use super::{super::training::Book, kit::*, *};
use crate::{
    id::{AttachmentId, OrgId},
    lock::LockState,
    rows::{Elsewhere, Lock, Sheet, Status, TransferIn},
    tips::{self, DocumentTips},
};

/// Does the row count where it stands?
fn counts(n: &Network, row: RowName) -> bool {
    let view = n.view(n.ledger.place(&row.entry).unwrap().log.document);
    view.counts(&view.rows[&row])
}

fn is_late(n: &Network, row: RowName) -> bool {
    let view = n.view(n.ledger.place(&row.entry).unwrap().log.document);
    assert_eq!(view.rows[&row].word() == AFTER_LOCK, view.rows[&row].late);
    view.rows[&row].late
}

fn states(n: &Network) -> Vec<(RowName, LockState)> {
    Judge::new(&n.ledger).locks(n.school).iter().map(|l| (l.name, l.state)).collect()
}

fn state(n: &Network, lock: RowName) -> LockState {
    states(n).into_iter().find(|(name, _)| *name == lock).unwrap().1
}

fn hours(n: &Network) -> u64 {
    Book::build(&n.views(), &n.ledger).sums().get(&n.school).map_or(0, |s| s.hours.recorded_h100)
}

#[test]
fn what_the_lock_reaches_counts_and_what_came_later_waits_until_somebody_accepts_it() {
    let mut n = Network::new();
    let before = n.put(n.clerk, n.ledger_doc(), &registration("A1", "T1", 800));
    n.lock();
    let after = n.put(n.clerk, n.ledger_doc(), &registration("A2", "T1", 300));
    let other = n.put(n.clerk2, n.ledger_doc(), &registration("A3", "T1", 40));
    assert_eq!((counts(&n, before), counts(&n, after), counts(&n, other)), (true, false, false));
    assert_eq!(n.view(n.ledger_doc()).rows[&after].standing, Standing::Stands, "it stands all the same");
    assert_eq!(hours(&n), 800);
    n.accept(n.reviewer, n.review_doc(), &[after.entry]);
    assert_eq!((counts(&n, after), counts(&n, other)), (true, false), "another log is not accepted with it");
    n.accept(n.county_admin, n.county_registry(), &[other.entry]);
    assert_eq!(hours(&n), 1140, "the registry accepts what its keys wrote");
    let still = n.put(n.clerk, n.ledger_doc(), &registration("A4", "T1", 5));
    assert!(is_late(&n, still), "an accept reaches no further than its positions");
}

#[test]
fn an_accept_from_below_or_beside_changes_nothing() {
    let mut n = Network::new();
    let city_review = n.city_review_doc();
    n.put(n.clerk, n.ledger_doc(), &registration("A1", "T1", 800));
    let list = n.ledger.closing(n.school, 2008);
    n.lock_at(n.city_reviewer, city_review, &list, &[]);
    let late = n.put(n.clerk, n.ledger_doc(), &registration("A2", "T1", 300));
    n.accept(n.reviewer, n.review_doc(), &[late.entry]);
    n.accept(n.county_admin, n.county_registry(), &[late.entry]);
    assert!(is_late(&n, late), "the county does not open what the city closed");
    let other_school = DocId::about(n.city, Kind::Review, 2008, n.school2);
    n.accept(n.city_reviewer, other_school, &[late.entry]);
    assert!(is_late(&n, late), "a review speaks of its own subject");
    let of_another_year = DocId::about(n.city, Kind::Review, 2009, n.school);
    n.accept(n.city_reviewer, of_another_year, &[late.entry]);
    assert!(counts(&n, late));
}

#[test]
fn an_unlock_opens_the_year_and_a_further_lock_closes_it_where_it_stands_then() {
    let mut n = Network::new();
    n.put(n.clerk, n.ledger_doc(), &registration("A1", "T1", 800));
    let lock = n.lock();
    let late = n.put(n.clerk, n.ledger_doc(), &registration("A2", "T1", 300));
    assert!(is_late(&n, late));
    let unlock = n.unlock(n.reviewer, n.review_doc(), &[lock]);
    assert!(counts(&n, late));
    assert_eq!(state(&n, lock), LockState::Replaced);
    let again = n.lock();
    let later = n.put(n.clerk, n.ledger_doc(), &registration("A3", "T1", 40));
    assert_eq!((counts(&n, late), is_late(&n, later)), (true, true));
    assert_eq!(state(&n, again), LockState::Acts);
    // The unlock stays in force although it is replaced itself; an unlock by a burnt hand never was.
    n.unlock(n.reviewer2, n.review_doc(), &[again, unlock]);
    assert!(counts(&n, later));
    n.burn(n.reviewer2);
    assert!(is_late(&n, later));
}

#[test]
fn the_county_cannot_undo_the_citys_lock_but_the_city_the_countys() {
    let mut n = Network::new();
    n.put(n.clerk, n.ledger_doc(), &registration("A1", "T1", 800));
    let lock = n.lock();
    let late = n.put(n.clerk, n.ledger_doc(), &registration("A2", "T1", 300));
    // What the city closes holds the late row too: that alone opens nothing.
    let list = n.ledger.closing(n.school, 2008);
    n.lock_at(n.city_reviewer, n.city_review_doc(), &list, &[]);
    assert!(is_late(&n, late), "whoever locked must accept");
    let unlock = row(&rows::Unlock { year: 2008, reason: "补录".into() });
    n.replace_refs(n.city_reviewer, n.city_review_doc(), &unlock, &[lock.in_document(n.review_doc())]);
    assert!(counts(&n, late));
}

#[test]
fn of_two_locks_made_apart_what_either_reaches_counts() {
    let mut n = Network::new();
    let one = n.put(n.clerk, n.ledger_doc(), &registration("A1", "T1", 800));
    let two = n.put(n.clerk2, n.ledger_doc(), &registration("A2", "T1", 300));
    let at = |rows: &[RowName]| vec![DocumentTips { document: n.ledger_doc(), tips: rows.iter().map(|r| r.entry).collect() }];
    let (first, second) = (at(&[one]), at(&[two]));
    let (first, second) = (n.lock_row(&first), n.lock_row(&second));
    let first = n.put(n.reviewer, n.review_doc(), &first);
    let second = n.on_another_machine(n.reviewer2, n.review_doc(), &second);
    assert_eq!((state(&n, first), state(&n, second)), (LockState::Acts, LockState::Acts));
    assert!(counts(&n, one) && counts(&n, two), "nothing that one of them had is lost");
    let late = n.put(n.clerk2, n.ledger_doc(), &registration("A3", "T1", 5));
    assert!(is_late(&n, late));
    n.unlock(n.reviewer, n.review_doc(), &[first]);
    assert!(is_late(&n, one) && counts(&n, two), "the other still holds");
}

#[test]
fn who_knows_of_a_lock_gains_nothing_by_a_second_one() {
    let mut n = Network::new();
    n.put(n.clerk, n.ledger_doc(), &registration("A1", "T1", 800));
    let first = n.lock();
    let late = n.put(n.clerk, n.ledger_doc(), &registration("A2", "T1", 300));
    let list = n.ledger.closing(n.school, 2008);
    let named = n.lock_at(n.reviewer2, n.review_doc(), &list, &[]);
    let of_ledger: Vec<DocumentTips> = list.iter().filter(|d| d.document == n.ledger_doc()).cloned().collect();
    let behind = n.lock_at(n.reviewer, n.review_doc(), &of_ledger, &[]);
    assert_eq!((state(&n, named), state(&n, behind)), (LockState::Second, LockState::Second));
    assert!(is_late(&n, late));
    // Once the first is replaced, what knew it stands for itself.
    n.unlock(n.reviewer, n.review_doc(), &[first]);
    assert!(counts(&n, late));
    assert_eq!(state(&n, first), LockState::Replaced);
}

#[test]
fn a_later_decision_counts_only_where_it_replaces_one_in_time() {
    let mut n = Network::new();
    let (ledger, review) = (n.ledger_doc(), n.review_doc());
    let a = n.put(n.clerk, ledger, &registration("A1", "T1", 800));
    let b = n.put(n.clerk, ledger, &registration("A2", "T1", 300));
    let approved = n.put(n.reviewer, review, &decision(ledger, &[a], Verdict::Approved));
    n.lock();
    let late = n.put(n.reviewer, review, &decision(ledger, &[b], Verdict::Approved));
    assert!(is_late(&n, late), "nothing was decided on it before");
    let on_late = n.replace(n.reviewer2, review, &decision(ledger, &[b], Verdict::Rejected), &[late]);
    assert!(is_late(&n, on_late), "what it replaces is late itself");
    let back = n.replace(n.reviewer2, review, &decision(ledger, &[a], Verdict::Returned), &[approved]);
    let again = n.replace(n.reviewer, review, &decision(ledger, &[a], Verdict::Approved), &[back]);
    assert!(counts(&n, back) && counts(&n, again), "a decision in time was changed, and changed again");
    let city = n.city_review_doc();
    let above = n.replace_refs(n.city_reviewer, city, &decision(ledger, &[a], Verdict::Rejected), &[again.in_document(review)]);
    assert!(counts(&n, above), "the city changes what the county decided in time");
    let fresh = n.put(n.city_reviewer, city, &decision(ledger, &[b], Verdict::Approved));
    assert!(is_late(&n, fresh), "a city's new decision waits too");
    n.burn(n.reviewer2);
    assert!(is_late(&n, again), "the burnt hand's decision leads nowhere, so this one is a new one");
    n.accept(n.county_admin, n.county_registry(), &[again.entry]);
    assert!(counts(&n, again));
}

#[test]
fn what_the_city_locked_no_decision_of_the_county_opens() {
    let mut n = Network::new();
    let (ledger, review, city) = (n.ledger_doc(), n.review_doc(), n.city_review_doc());
    let a = n.put(n.clerk, ledger, &registration("A1", "T1", 800));
    let approved = n.put(n.reviewer, review, &decision(ledger, &[a], Verdict::Returned));
    let list = n.ledger.closing(n.school, 2008);
    n.lock_at(n.city_reviewer, city, &list, &[]);
    let anew = n.replace(n.reviewer, review, &decision(ledger, &[a], Verdict::Approved), &[approved]);
    assert!(is_late(&n, anew), "about the same row, but the city has closed the year");
    let above =
        n.replace_refs(n.city_reviewer, city, &decision(ledger, &[a], Verdict::Approved), &[approved.in_document(review)]);
    assert!(counts(&n, above), "the city closed it itself");
    n.accept(n.city_reviewer, city, &[anew.entry]);
    assert!(counts(&n, anew));
}

#[test]
fn a_later_decision_leans_only_on_one_about_the_same() {
    let mut n = Network::new();
    let (ledger, review) = (n.ledger_doc(), n.review_doc());
    let [a, b] = ["A1", "A2"].map(|no| n.put(n.clerk, ledger, &registration(no, "T1", 800)));
    let sheet_entry = n.put_all(n.clerk, ledger, &[sheet(1, None), registration("A3", "T1", 40)]);
    let [of_sheet, line] = [0, 1].map(|index| RowName { entry: sheet_entry, index });
    let on_a = n.put(n.reviewer, review, &decision(ledger, &[a], Verdict::Approved));
    let whole = Decision {
        target: DecisionTarget::Rows { document: ledger, rows: vec![(of_sheet.entry, Vec::new())] },
        verdict: Verdict::Approved,
        reason: None,
    };
    let on_sheet = n.put(n.reviewer, review, &row(&whole));
    let waiver = n.put(n.reviewer, review, &row(&rows::Waiver { teacher: "T1".into(), year: 2008, months: 3 }));
    n.lock();
    let on_b = n.replace(n.reviewer, review, &decision(ledger, &[b], Verdict::Approved), &[on_a]);
    assert!(is_late(&n, on_b), "another row");
    let on_both = n.replace(n.reviewer, review, &decision(ledger, &[a, b], Verdict::Approved), &[on_a]);
    assert!(is_late(&n, on_both), "one of two was never decided on");
    let of_line = n.replace(n.reviewer, review, &decision(ledger, &[line], Verdict::Returned), &[on_sheet]);
    assert!(counts(&n, of_line), "a line of a sheet that was decided on whole");
    let again = n.replace(n.reviewer, review, &decision(ledger, &[line], Verdict::Approved), &[of_line]);
    assert!(counts(&n, again));
    let mut waives = |teacher: &str, months| {
        let row = row(&rows::Waiver { teacher: teacher.into(), year: 2008, months });
        n.replace(n.reviewer, review, &row, &[waiver])
    };
    let (same, other) = (waives("T1", 2), waives("T2", 2));
    assert!(counts(&n, same) && is_late(&n, other));
    // What the county registers itself no lock closes: its correction takes the place of what was approved.
    let of_county = DocId::about(n.county, Kind::Ledger, 2008, n.school);
    let correction = n.put(n.county_clerk, of_county, &registration("A1", "T1", 700));
    let corrected = n.replace(n.reviewer, review, &decision(of_county, &[correction], Verdict::Approved), &[on_a]);
    assert!(counts(&n, corrected));
}

/// 512 rows that name one list of a megabyte cost one list, and say nothing more than one.
#[test]
fn an_entry_holds_one_lock() {
    let mut n = Network::new();
    let list = n.ledger.closing(n.school, 2008);
    let lock = n.lock_row(&list);
    let mut p = PayloadBuilder::default();
    (0..2).for_each(|_| _ = p.row(lock.0, &[], &lock.1));
    assert_eq!(n.verdict(n.reviewer, n.review_doc(), p.finish()).map_err(|r| r.code()), Err(2));
    let mut p = PayloadBuilder::default();
    p.row(lock.0, &[], &lock.1);
    assert_eq!(n.verdict(n.reviewer, n.review_doc(), p.finish()), Ok(()));
}

/// A lock takes 300 bytes and a list a megabyte: what a list names is kept once, however many locks of whatever years name it, and be they somebody's who may lock nothing.
#[test]
fn a_hundred_locks_of_one_list_keep_what_it_names_once() {
    let mut n = Network::new();
    let tips: Vec<EntryId> = (0..200_u8).map(|i| EntryId([i; 32])).collect();
    let list = vec![DocumentTips { document: DocId::of(n.school, Kind::Roster), tips }];
    for year in 2000..2100 {
        let lock = n.lock_row_of(year, &list);
        n.put(n.reviewer, n.review_doc(), &lock);
    }
    assert_eq!(n.ledger.kept_names(), 200);
}

/// A list keeps what is beyond the limits of branches where whoever reads that reads the lock: not in a county's ledger, which its schools read, and by no lock that never acts.
#[test]
fn a_list_keeps_a_branch_only_where_every_reader_of_it_has_the_lock() {
    let mut n = Network::new();
    let of_county = DocId::of_year(n.county, Kind::Ledger, 2008);
    let forked = |n: &mut Network, who, document| {
        let mut ids = n.fork(who, document, 5);
        ids.sort_unstable();
        (document, ids[4])
    };
    let at = [(n.clerk, n.roster_doc()), (n.clerk, n.ledger_doc()), (n.county_clerk, of_county)];
    let beyond = at.map(|(who, document)| forked(&mut n, who, document));
    let surplus = |n: &Network| beyond.map(|(_, id)| n.ledger.is_surplus_entry(&id));
    let mut list: Vec<DocumentTips> =
        beyond.iter().map(|(document, id)| DocumentTips { document: *document, tips: vec![*id] }).collect();
    list.sort_by_key(|d| d.document);
    let lock = n.lock_row_of(2009, &list);
    n.put(n.reviewer, n.review_doc(), &lock);
    assert_eq!(surplus(&n), [true, true, true], "a lock of another year than its review's");
    let settled = n.ledger.surplus_revision();
    n.lock_at(n.city_reviewer, DocId::about(n.city, Kind::Review, 2008, n.county), &list, &[]);
    assert_eq!(n.ledger.surplus_revision(), settled, "it keeps nothing, so there is nothing to settle");
    assert_eq!(surplus(&n), [true, true, true], "every school reads a county's ledger");
    n.lock_at(n.reviewer, n.review_doc(), &list, &[]);
    assert_eq!(surplus(&n), [false, false, true]);
    for seed in 0..4 {
        let other = n.in_other_order(seed);
        assert_eq!(beyond.map(|(_, id)| other.is_surplus_entry(&id)), [false, false, true], "order {seed}");
    }
}

/// A list may name a tip under another document than where it lies: that keeps it, whatever came first.
#[test]
fn what_a_list_keeps_is_told_by_where_its_tips_lie() {
    let mut n = Network::new();
    let mut ids = n.fork(n.clerk, n.ledger_doc(), 5);
    ids.sort_unstable();
    let elsewhere = DocId::of_year(n.school, Kind::Ledger, 2007);
    let list = [DocumentTips { document: elsewhere, tips: vec![ids[4]] }];
    assert!(n.ledger.is_surplus_entry(&ids[4]));
    n.lock_at(n.reviewer, n.review_doc(), &list, &[]);
    let verdict = n.ledger.is_surplus_entry(&ids[4]);
    for seed in 0..6 {
        assert_eq!(n.in_other_order(seed).is_surplus_entry(&ids[4]), verdict, "order {seed}");
    }
}

/// A list is kept once for all locks that name it, and of it what is of their subject.
#[test]
fn of_a_list_only_what_is_of_the_subject_is_kept() {
    let mut n = Network::new();
    let one = n.put(n.clerk, n.ledger_doc(), &registration("A1", "T1", 800));
    let other = DocId::of_year(n.school2, Kind::Ledger, 2008);
    n.put(n.other_clerk, other, &registration("A1", "T1", 800));
    let list = n.ledger.tips_of(|_| true);
    let locks = [n.lock_at(n.reviewer, n.review_doc(), &list, &[]), n.lock_at(n.reviewer, n.review_doc(), &list, &[])];
    assert_eq!(locks.map(|l| state(&n, l)), [LockState::Acts, LockState::Second], "the root is that of the whole list");
    let judge = Judge::new(&n.ledger);
    let kept: Vec<&[DocumentTips]> = judge.locks(n.school).iter().map(|l| l.list).collect();
    assert!(kept.iter().all(|l| l.iter().all(|d| d.document.concerns() == n.school) && l.len() < list.len()), "{kept:?}");
    assert!(std::ptr::eq(kept[0], kept[1]), "one list for both");
    assert!(counts(&n, one));
}

#[test]
fn a_later_decision_may_not_hide_behind_a_row_that_decides_nothing() {
    let mut n = Network::new();
    let (ledger, review) = (n.ledger_doc(), n.review_doc());
    let a = n.put(n.clerk, ledger, &registration("A1", "T1", 800));
    let checkpoint = n.put(n.reviewer, review, &row(&checkpoint_row(&[])));
    n.lock();
    let late = n.replace(n.reviewer, review, &decision(ledger, &[a], Verdict::Approved), &[checkpoint]);
    assert!(is_late(&n, late));
    let anchor = n.put(n.reviewer, review, &row(&checkpoint_row(&[])));
    assert!(counts(&n, anchor), "checkpoints, unlocks and accepts follow a lock by their nature");
}

fn checkpoint_row(list: &[DocumentTips]) -> rows::Checkpoint {
    rows::Checkpoint { month: 24_100, tips_root: tips::root(list), tips: tips::attachment(list).0, reason: None }
}

fn status(what: &str, value: &str, from: Day) -> Row {
    let (teacher, value) = ("T1".to_owned(), Some(value.to_owned()));
    row(&Status { teacher, what: what.into(), value, from_day: from, to_day: None, reason: None })
}

fn day(y: u32, m: u32, d: u32) -> Day {
    Day::from_ymd(y, m, d).unwrap()
}

#[test]
fn of_a_roster_only_what_speaks_of_the_locked_year_or_before_comes_too_late() {
    let mut n = Network::new();
    let roster = n.roster_doc();
    let t1 = n.put(n.clerk, roster, &teacher("T1"));
    let stage = n.put(n.clerk, roster, &status("stage", "primary", day(2001, 9, 1)));
    let next = n.put(n.clerk, roster, &status("title", "一级", day(2009, 9, 1)));
    n.lock();
    let mut late = |row: Row, replaced: &[RowName]| {
        let name = n.replace(n.clerk, roster, &row, replaced);
        is_late(&n, name)
    };
    assert!(late(status("head_teacher", "yes", day(2008, 12, 31)), &[]), "the last day of the locked year");
    assert!(!late(status("head_teacher", "yes", day(2009, 1, 1)), &[]), "the day after it");
    assert!(late(status("stage", "junior", day(2009, 9, 1)), &[stage]), "takes away a fact of the locked year");
    assert!(!late(status("title", "高级", day(2009, 9, 1)), &[next]), "takes away a fact of a later year");
    assert!(late(teacher("T1"), &[]), "other words about a teacher whom the lock names");
    assert!(late(teacher("T9"), &[t1]), "a row in its place");
    assert!(!late(teacher("T2"), &[]), "a new teacher");
    let transfer = RowRef { document: None, entry: Some(EntryId([1; 32])), index: 0 };
    let came = |d| row(&TransferIn { teacher: "T2".into(), transfer, day: d, reason: None });
    assert!(late(came(day(2008, 9, 1)), &[]));
    assert!(!late(came(day(2009, 9, 1)), &[]));
    assert!(!late((80, vec![0x80]), &[]), "rows of other types change nothing");
    let mut p = PayloadBuilder::default();
    p.register("T1.subject", &text("语文"), &[]);
    n.write(n.clerk, roster, p.finish());
    assert_eq!(n.view(roster).register("T1.subject").len(), 1, "descriptions have no year");
}

#[test]
fn a_teacher_whom_only_a_burnt_hand_named_may_be_written_anew() {
    let mut n = Network::new();
    let roster = n.roster_doc();
    n.put(n.clerk2, roster, &teacher("T1"));
    n.lock();
    let again = n.put(n.clerk, roster, &teacher("T1"));
    assert!(is_late(&n, again));
    n.burn(n.clerk2);
    assert!(!is_late(&n, again));
}

#[test]
fn what_the_county_registers_itself_is_no_late_row_of_the_school() {
    let mut n = Network::new();
    n.lock();
    let of_county = DocId::about(n.county, Kind::Ledger, 2008, n.school);
    let correction = n.put(n.county_clerk, of_county, &registration("A1", "T1", 800));
    assert!(counts(&n, correction));
    let moved = DocId::about(n.county, Kind::Transfer, 2008, n.school);
    let line = n.put(n.county_clerk, moved, &(171, vec![0x80]));
    assert!(is_late(&n, line), "a transfer of the year waits");
    let next_year = DocId::of_year(n.school, Kind::Ledger, 2009);
    let next = n.put(n.clerk, next_year, &registration("A1", "T1", 800));
    let other_school = DocId::of_year(n.school2, Kind::Ledger, 2008);
    let other = n.put(n.other_clerk, other_school, &registration("A1", "T1", 800));
    assert!(counts(&n, next) && counts(&n, other));
}

#[test]
fn register_values_of_a_late_entry_are_late_too() {
    let mut n = Network::new();
    let mut write = |value: &str, replaces: &[EntryId]| {
        let mut p = PayloadBuilder::default();
        p.register("P1.title", &text(value), replaces);
        n.write(n.clerk, n.ledger_doc(), p.finish())
    };
    let first = write("一", &[]);
    let list = n.ledger.closing(n.school, 2008);
    n.lock_at(n.reviewer, n.review_doc(), &list, &[]);
    let mut p = PayloadBuilder::default();
    p.register("P1.title", &text("二"), &[first]);
    n.write(n.clerk, n.ledger_doc(), p.finish());
    let view = n.view(n.ledger_doc());
    assert_eq!(view.register("P1.title").iter().map(|w| w.entry).collect::<Vec<_>>(), [first]);
    assert_eq!(view.without_locks().register("P1.title").len(), 1);
}

#[test]
fn a_lock_that_is_none_closes_nothing() {
    let mut n = Network::new();
    let row_of = |n: &mut Network| n.put(n.clerk, n.ledger_doc(), &registration("A1", "T1", 800));
    let late = row_of(&mut n);
    let empty = tips::attachment(&[]);
    n.attachments.insert(empty.0, empty.1);
    let garbage = AttachmentId([3; 32]);
    n.attachments.insert(garbage, vec![1, 2, 3]);
    let lock = |root, tips| Lock { year: 2008, day: Day(14_500), tips_root: root, tips, reason: None };
    let root = tips::root(&[]);
    let review = n.review_doc();
    let mut try_it = |document: DocId, who: usize, l: Lock| {
        let name = n.put(who, document, &row(&l));
        let found = state(&n, name);
        let harmless = counts(&n, late);
        // Replaced, so that the next is tried alone.
        n.unlock(who, document, &[name]);
        (found, harmless)
    };
    let next_year = DocId::about(review.owner, Kind::Review, 2009, review.subject.unwrap());
    assert_eq!(try_it(review, 4, lock([9; 32], empty.0)), (LockState::OtherRoot, true));
    assert_eq!(try_it(review, 4, lock(root, AttachmentId([5; 32]))), (LockState::NoList, true));
    assert_eq!(try_it(review, 4, lock(root, garbage)), (LockState::NoList, true));
    assert_eq!(try_it(next_year, 4, lock(root, empty.0)), (LockState::OtherYear, true));
    assert_eq!(try_it(review, 4, lock(root, empty.0)), (LockState::Acts, false), "and a good one closes");
    let by_burnt = n.put(n.reviewer2, review, &row(&lock(root, empty.0)));
    n.burn(n.reviewer2);
    assert_eq!((state(&n, by_burnt), counts(&n, late)), (LockState::NotStanding, true));
}

#[test]
fn a_lock_about_somebody_who_is_not_below_closes_nothing() {
    let mut n = Network::new();
    let about_the_city = DocId::about(n.county, Kind::Review, 2008, n.city);
    n.lock_at(n.reviewer, about_the_city, &[], &[]);
    let states: Vec<LockState> = Judge::new(&n.ledger).locks(n.city).iter().map(|l| l.state).collect();
    assert_eq!(states, [LockState::NotAbove]);
}

#[test]
fn a_list_that_is_too_long_closes_nothing() {
    let mut n = Network::new();
    let one = n.put(n.clerk, n.ledger_doc(), &registration("A1", "T1", 800));
    let item = |i: u64| DocumentTips {
        document: DocId::of_year(OrgId(i.to_be_bytes()), Kind::Ledger, 2008),
        tips: vec![EntryId([1; 32])],
    };
    let list: Vec<DocumentTips> = (0..13_000).map(item).collect();
    assert!(tips::to_bytes(&list).len() > crate::lock::LIST_BYTES_MAX);
    let lock = n.lock_at(n.reviewer, n.review_doc(), &list, &[]);
    assert_eq!((state(&n, lock), counts(&n, one)), (LockState::NoList, true));
}

#[test]
fn an_unlock_of_another_year_opens_nothing() {
    let mut n = Network::new();
    let lock = n.lock();
    let late = n.put(n.clerk, n.ledger_doc(), &registration("A1", "T1", 800));
    n.replace(n.reviewer, n.review_doc(), &row(&rows::Unlock { year: 2009, reason: "补录".into() }), &[lock]);
    assert_eq!((state(&n, lock), is_late(&n, late)), (LockState::Acts, true));
}

#[test]
fn an_accept_opens_nothing_for_keys_of_another_registry_or_by_a_burnt_hand() {
    let mut n = Network::new();
    n.lock();
    let late = n.put(n.clerk, n.ledger_doc(), &registration("A1", "T1", 800));
    n.accept(0, DocId::of(n.city, Kind::Registry), &[late.entry]);
    assert!(is_late(&n, late), "the county granted the clerk's key");
    n.accept(n.reviewer2, n.review_doc(), &[late.entry]);
    assert!(counts(&n, late));
    n.burn(n.reviewer2);
    assert!(is_late(&n, late));
}

#[test]
fn as_long_as_a_named_tip_is_not_here_nothing_is_late() {
    let mut n = Network::new();
    let one = n.put(n.clerk, n.ledger_doc(), &registration("A1", "T1", 800));
    let list = vec![DocumentTips { document: n.ledger_doc(), tips: vec![EntryId([7; 32])] }];
    n.lock_at(n.reviewer, n.review_doc(), &list, &[]);
    assert!(counts(&n, one), "the tip may lie behind it");
    let other = n.put(n.county_clerk, DocId::about(n.county, Kind::Transfer, 2008, n.school), &(171, vec![0x80]));
    assert!(is_late(&n, other), "a document that the lock does not name was empty");
}

#[test]
fn a_tip_of_another_document_reaches_nothing() {
    let mut n = Network::new();
    let one = n.put(n.clerk, n.ledger_doc(), &registration("A1", "T1", 800));
    let roster = n.put(n.clerk, n.roster_doc(), &teacher("T1"));
    let list = vec![DocumentTips { document: n.ledger_doc(), tips: vec![roster.entry] }];
    n.lock_at(n.reviewer, n.review_doc(), &list, &[]);
    assert!(is_late(&n, one));
}

#[test]
fn a_branch_that_the_lock_does_not_name_is_late_and_one_that_it_names_is_kept() {
    let mut n = Network::new();
    let ledger = n.ledger_doc();
    let mut branches = n.fork(n.clerk, ledger, 3);
    branches.sort();
    let list = vec![DocumentTips { document: ledger, tips: branches[1..].to_vec() }];
    n.lock_at(n.reviewer, n.review_doc(), &list, &[]);
    let row = |entry: EntryId| RowName { entry, index: 0 };
    assert_eq!(branches.iter().map(|b| counts(&n, row(*b))).collect::<Vec<_>>(), [false, true, true]);
    // More branches with lower ids than a lock names do not push out what it names.
    n.fork(n.clerk, ledger, 12);
    assert!(branches[1..].iter().all(|b| counts(&n, row(*b))));
}

/// Locks, rivals, unlocks, accepts, decisions, facts and burns, all in one network.
fn everything() -> Network {
    let mut n = Network::new();
    let (ledger, review, roster) = (n.ledger_doc(), n.review_doc(), n.roster_doc());
    let a = n.put(n.clerk, ledger, &registration("A1", "T1", 800));
    let b = n.put(n.clerk2, ledger, &registration("A2", "T1", 300));
    n.put(n.clerk, roster, &teacher("T1"));
    let approved = n.put(n.reviewer, review, &decision(ledger, &[a], Verdict::Approved));
    let first = n.lock();
    let list = vec![DocumentTips { document: ledger, tips: vec![b.entry] }];
    let apart = n.lock_row(&list);
    let apart = n.on_another_machine(n.reviewer2, review, &apart);
    let late = n.put(n.clerk, ledger, &registration("A3", "T1", 40));
    n.put(n.clerk, roster, &teacher("T1"));
    n.replace(n.reviewer, review, &decision(ledger, &[a], Verdict::Returned), &[approved]);
    n.put(n.reviewer, review, &decision(ledger, &[b], Verdict::Approved));
    n.accept(n.reviewer, review, &[late.entry]);
    n.put(n.clerk, ledger, &registration("A4", "T1", 5));
    let list = n.ledger.closing(n.school, 2008);
    n.lock_at(n.city_reviewer, n.city_review_doc(), &list, &[]);
    n.unlock(n.reviewer, review, &[first, apart]);
    n.lock();
    n.fork(n.clerk2, ledger, 6);
    n.burn(n.clerk2);
    n.put(n.clerk, ledger, &registration("A5", "T1", 6));
    n.put(n.clerk, roster, &teacher("T1"));
    n.put(n.reviewer, review, &decision(ledger, &[b], Verdict::Returned));
    n
}

#[test]
fn the_order_in_which_locks_and_late_rows_came_makes_no_difference() {
    let n = everything();
    let here = n.bytes_by(&n.ledger);
    let late: usize = n.views().iter().map(|v| v.late().count()).sum();
    assert!(late >= 3, "{late}");
    for seed in 0..60 {
        let other = n.in_other_order(seed);
        assert_eq!(n.bytes_by(&other), here, "seed {seed}");
        let states_there: Vec<_> = Judge::new(&other).locks(n.school).iter().map(|l| (l.name, l.state)).collect();
        assert_eq!(states_there, states(&n), "seed {seed}");
    }
}

#[test]
fn without_locks_a_view_is_what_was_recorded() {
    let n = everything();
    let view = n.view(n.ledger_doc());
    let late = view.late().count();
    let counted = |v: &DocumentView| v.rows.values().filter(|r| v.counts(r)).count();
    let before = counted(&view);
    assert_eq!(counted(&view.without_locks()), before + late);
    // Types that the match of this test never meets keep their place in the list of imports.
    assert_ne!(Elsewhere::TYPE, Sheet::TYPE);
}
