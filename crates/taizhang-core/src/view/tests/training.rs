use super::{
    super::training::{ActivityMatter, Book, Hours, Line, LineFinding},
    kit::*,
    *,
};
use crate::{
    id::OrgId,
    rows::{Activity, ActivityKind, Level},
};

fn book(n: &Network) -> Book {
    Book::build(&n.views(), &n.ledger)
}

fn findings(line: &Line) -> Vec<LineFinding> {
    line.findings.iter().copied().collect()
}

/// Two teachers, one activity of the county and one of the school.
fn school() -> Network {
    let mut n = Network::new();
    n.put_all(n.clerk, n.roster_doc(), &[teacher("T1"), teacher("T2")]);
    n.put(n.county_clerk, n.notice_doc(), &activity("A1", ActivityKind::Concentrated));
    n.put(n.clerk, n.ledger_doc(), &activity("S1", ActivityKind::SchoolBased));
    n
}

#[test]
fn lines_and_sums_of_a_school() {
    let mut n = school();
    let doc = n.ledger_doc();
    let a = n.put(n.clerk, doc, &registration("A1", "T1", 3200));
    n.put(n.clerk, doc, &registration("S1", "T1", 100));
    n.put(n.clerk, doc, &registration("S1", "T2", 250));
    n.put(n.clerk, doc, &elsewhere(Some(b"x"), "T2", 400));
    n.put(n.reviewer, n.review_doc(), &decision(doc, &[a], Verdict::Approved));
    let book = book(&n);
    let shown: Vec<(&str, &str, u32, &str)> =
        book.of_school(n.school).map(|l| (l.record.teacher(), &*l.natural_id, l.record.h100(), l.approval.word())).collect();
    assert_eq!(
        shown,
        [
            ("T1", "g/A1/T1", 3200, "approved"),
            ("T1", "g/S1/T1", 100, "pending"),
            ("T2", "g/S1/T2", 250, "pending"),
            ("T2", "x/78", 400, "pending")
        ]
    );
    assert!(book.lines.iter().all(|l| l.findings.is_empty() && l.counts));
    assert_eq!(book.activity(&book.lines[0]).unwrap().no, "A1");
    assert_eq!(book.lines[3].activity, ActivityMatter::Itself);
    let sums = &book.sums()[&n.school];
    assert_eq!((sums.hours, sums.teachers), (Hours { recorded_h100: 3950, approved_h100: 3200 }, 2));
    let by_kind: Vec<(ActivityKind, u64)> = sums.by_kind.iter().map(|(k, h)| (k.unwrap(), h.recorded_h100)).collect();
    assert_eq!(by_kind, [(ActivityKind::Concentrated, 3200), (ActivityKind::SchoolBased, 350), (ActivityKind::Online, 400)]);
    assert_eq!(book.of_teacher("T2").count(), 2);
    assert!(book.newer.is_empty() && book.decision_findings.is_empty());
}

#[test]
fn what_is_wrong_with_a_line_is_said() {
    let mut n = school();
    let doc = n.ledger_doc();
    n.put(n.clerk, doc, &registration("A1", "T9", 100));
    n.put(n.clerk, doc, &registration("A7", "T1", 100));
    n.put(n.clerk, doc, &of_level("A2", Level::School));
    n.put(n.county_clerk, n.notice_doc(), &activity("A2", ActivityKind::Degree));
    n.put(n.clerk, doc, &registration("A2", "T1", 100));
    let mut longer = registration("A1", "T1", 100);
    longer.1 = with_more(&longer.1, 30);
    n.put(n.clerk, doc, &longer);
    let book = book(&n);
    let of = |id: &str| book.lines.iter().find(|l| l.natural_id == id).unwrap();
    assert_eq!(findings(of("g/A1/T9")), [LineFinding::UnknownTeacher]);
    assert_eq!(findings(of("g/A7/T1")), [LineFinding::ActivityMissing]);
    assert_eq!(of("g/A7/T1").kind, None);
    assert_eq!(findings(of("g/A2/T1")), [LineFinding::ActivityUndecided]);
    assert!(matches!(&of("g/A2/T1").activity, ActivityMatter::Undecided(rows) if rows.len() == 2));
    assert_eq!(findings(of("g/A1/T1")), [LineFinding::NewerFields]);
}

/// An activity online, of this level.
fn of_level(no: &str, level: Level) -> Row {
    let (_, fields) = activity(no, ActivityKind::Online);
    row(&Activity { level, ..Activity::from_fields(&fields).unwrap().row })
}

#[test]
fn what_a_school_copies_from_above_gives_way_to_the_notice() {
    let mut n = school();
    let (doc, notice) = (n.ledger_doc(), n.notice_doc());
    n.put(n.clerk, doc, &registration("A2", "T1", 100));
    let copy = n.put(n.clerk, doc, &activity("A2", ActivityKind::Degree));
    let found = |n: &Network| book(n).lines[0].activity.clone();
    assert_eq!(found(&n), ActivityMatter::Found(copy), "nobody else announces it");
    let announced = n.put(n.county_clerk, notice, &activity("A2", ActivityKind::Degree));
    assert_eq!(found(&n), ActivityMatter::Found(announced), "word for word the same");
    n.put(n.clerk, doc, &activity("A2", ActivityKind::Online));
    assert_eq!(found(&n), ActivityMatter::Found(announced), "nor does a copy with mistakes make it undecided");
    n.put(n.clerk, doc, &of_level("A2", Level::School));
    assert!(matches!(found(&n), ActivityMatter::Undecided(rows) if rows.len() == 2), "the school's own under the same number");
}

/// The fields with nulls up to `n`, and one more.
fn with_more(fields: &[u8], n: u64) -> Vec<u8> {
    let Ok(Value::Array(items)) = Value::parse(fields) else { panic!("not fields") };
    let mut w = Writer::default();
    w.array(n + 1);
    items.iter().for_each(|i| i.write(&mut w));
    (items.len() as u64..n).for_each(|_| {
        w.null();
    });
    w.uint(1);
    w.finish()
}

#[test]
fn rivals_count_only_where_exactly_one_is_approved() {
    let mut n = school();
    let (doc, review) = (n.ledger_doc(), n.review_doc());
    let a = n.put(n.clerk, doc, &registration("A1", "T1", 3200));
    let b = n.put(n.clerk2, doc, &registration("A1", "T1", 3000));
    let recorded = |n: &Network| book(n).sums()[&n.school].hours;
    assert_eq!(recorded(&n), Hours::default());
    assert!(book(&n).lines.iter().all(|l| !l.counts && findings(l) == [LineFinding::Rival]));
    let one = n.put(n.reviewer, review, &decision(doc, &[b], Verdict::Approved));
    assert_eq!(recorded(&n), Hours { recorded_h100: 3000, approved_h100: 3000 });
    let two = n.put(n.reviewer2, review, &decision(doc, &[a], Verdict::Approved));
    assert_eq!(recorded(&n), Hours::default(), "both approved: undecided");
    let settled = n.replace(n.clerk, doc, &registration("A1", "T1", 3100), &[a, b]);
    assert_eq!(recorded(&n), Hours::default(), "the approvals still disagree");
    n.replace(n.reviewer, review, &decision(doc, &[settled], Verdict::Approved), &[one, two]);
    assert_eq!(recorded(&n), Hours { recorded_h100: 3100, approved_h100: 3100 });
    assert_eq!(book(&n).lines.len(), 1);
}

#[test]
fn a_correction_does_not_displace_an_approved_hour() {
    let mut n = school();
    let (doc, review) = (n.ledger_doc(), n.review_doc());
    let shown = |n: &Network| -> Vec<(String, u32, &'static str, bool, Vec<LineFinding>)> {
        let lines = book(n).lines;
        lines.iter().map(|l| (l.record.teacher().to_owned(), l.record.h100(), l.approval.word(), l.counts, findings(l))).collect()
    };
    let a = n.put(n.clerk, doc, &registration("A1", "T1", 3200));
    let copy = n.put(n.clerk2, doc, &registration("A1", "T1", 3200));
    let approval = n.put(n.reviewer, review, &decision(doc, &[copy], Verdict::Approved));
    let b = n.replace(n.clerk, doc, &registration("A1", "T1", 3000), &[a]);
    // The second correction finds that it was another teacher.
    let c = n.replace(n.clerk, doc, &registration("A1", "T2", 3000), &[b]);
    let held = ("T1".to_owned(), 3200, "approved", true, vec![LineFinding::Corrected]);
    let waiting = |word| ("T2".to_owned(), 3000, word, false, vec![LineFinding::Correction]);
    assert_eq!(shown(&n), [held.clone(), waiting("pending")]);
    assert_eq!(book(&n).lines[0].hands.len(), 2);
    assert_eq!(book(&n).sums()[&n.school].hours, Hours { recorded_h100: 3200, approved_h100: 3200 });
    let returned = n.put(n.reviewer, review, &decision(doc, &[c], Verdict::Returned));
    assert_eq!(shown(&n), [held, waiting("returned")]);
    n.replace(n.reviewer, review, &decision(doc, &[c], Verdict::Approved), &[approval, returned]);
    assert_eq!(shown(&n), [("T2".to_owned(), 3000, "approved", true, vec![])]);
}

#[test]
fn a_returned_line_gives_way_to_its_correction_at_once() {
    let mut n = school();
    let doc = n.ledger_doc();
    let a = n.put(n.clerk, doc, &registration("A1", "T1", 3200));
    n.put(n.reviewer, n.review_doc(), &decision(doc, &[a], Verdict::Returned));
    n.replace(n.clerk, doc, &registration("A1", "T1", 3000), &[a]);
    let book = book(&n);
    assert_eq!((book.lines.len(), book.lines[0].counts, findings(&book.lines[0])), (1, true, vec![]));
}

#[test]
fn copies_of_two_machines_are_one_line_with_two_hands() {
    let mut n = school();
    for who in [n.clerk, n.clerk2] {
        n.put_all(who, n.ledger_doc(), &[registration("A1", "T1", 3200), elsewhere(None, "T1", 400)]);
    }
    let book = book(&n);
    assert_eq!(book.lines.iter().map(|l| l.hands.len()).collect::<Vec<_>>(), [2, 2]);
    assert_eq!(book.sums()[&n.school].hours.recorded_h100, 3600);
}

#[test]
fn two_registrars_are_a_finding_and_one_of_them_counts() {
    let mut n = school();
    let about = DocId::about(n.county, Kind::Ledger, 2008, n.school);
    let own = n.put(n.clerk, n.ledger_doc(), &registration("A1", "T1", 3200));
    let later = Registration { registered_day: Day(14_005), ..registration_row("A1", "T1", 2400) };
    n.put(n.county_clerk, about, &row(&later));
    let found = book(&n);
    assert!(found.lines.iter().all(|l| findings(l) == [LineFinding::OtherRegistrar]));
    assert_eq!(found.sums()[&n.school].hours.recorded_h100, 2400, "the later");
    n.put(n.reviewer, n.review_doc(), &decision(n.ledger_doc(), &[own], Verdict::Approved));
    assert_eq!(book(&n).sums()[&n.school].hours, Hours { recorded_h100: 3200, approved_h100: 3200 }, "the approved");
}

#[test]
fn another_schools_ledger_announces_nothing_here() {
    let mut n = school();
    n.put(n.other_clerk, DocId::of_year(n.school2, Kind::Ledger, 2008), &activity("X1", ActivityKind::SchoolBased));
    n.put(n.clerk, n.ledger_doc(), &registration("X1", "T1", 100));
    assert_eq!(book(&n).lines[0].activity, ActivityMatter::Missing);
    let theirs: Vec<OrgId> = book(&n).sums().into_keys().collect();
    assert_eq!(theirs, [n.school], "the second school has neither lines nor teachers");
}

#[test]
fn the_activity_of_the_lines_own_year_goes_first() {
    let mut n = school();
    let doc = n.ledger_doc();
    let notice_2007 = DocId::of_year(n.county, Kind::Notice, 2007);
    n.put(n.county_clerk, notice_2007, &activity("A1", ActivityKind::Online));
    n.put(n.county_clerk, notice_2007, &activity("B1", ActivityKind::Online));
    n.put_all(n.clerk, doc, &[registration("A1", "T1", 100), registration("B1", "T1", 100)]);
    let kinds: Vec<Option<ActivityKind>> = book(&n).lines.iter().map(|l| l.kind).collect();
    assert_eq!(kinds, [Some(ActivityKind::Concentrated), Some(ActivityKind::Online)]);
}

#[test]
fn a_named_row_leads_to_what_is_said_of_its_activity_now() {
    let mut n = school();
    let (doc, notice) = (n.ledger_doc(), n.notice_doc());
    let first = n.put(n.county_clerk, notice, &activity("A3", ActivityKind::Online));
    let named = Registration { activity: Some(first.in_document(notice)), activity_no: None, ..registration_row("", "T1", 100) };
    n.put(n.clerk, doc, &row(&named));
    let second = n.replace(n.county_clerk, notice, &activity("A3", ActivityKind::Degree), &[first]);
    // The school's own copy does not make undecided what was named by row.
    n.put(n.clerk, doc, &activity("A3", ActivityKind::SelfStudy));
    let book = book(&n);
    assert_eq!((&book.lines[0].activity, book.lines[0].kind), (&ActivityMatter::Found(second), Some(ActivityKind::Degree)));
    assert_eq!(book.activity(&book.lines[0]).map(|a: &Activity| a.kind), Some(ActivityKind::Degree));
}

#[test]
fn a_sheet_decided_on_other_bytes_is_said_on_its_lines() {
    let mut n = school();
    let doc = n.ledger_doc();
    let entry = n.put_all(n.clerk, doc, &[sheet(1, None), registration("A1", "T1", 100)]);
    n.put(n.clerk, doc, &registration("A1", "T2", 100));
    let target = DecisionTarget::Sheet { sheet: RowName { entry, index: 0 }.in_document(doc), digest: [3; 32] };
    n.put(n.reviewer, n.review_doc(), &row(&Decision { target, verdict: Verdict::Approved, reason: None }));
    let book = book(&n);
    assert_eq!(book.lines.iter().map(findings).collect::<Vec<_>>(), [vec![LineFinding::DigestMismatch], vec![]]);
    assert_eq!(book.decision_findings.len(), 1);
    assert_eq!(book.sums()[&n.school].hours, Hours { recorded_h100: 200, approved_h100: 0 });
}

#[test]
fn rows_of_a_newer_version_are_listed_and_make_no_lines() {
    let mut n = school();
    let doc = n.ledger_doc();
    let mut newer = vec![n.put(n.clerk, doc, &(64, vec![0x81, 0x01])), n.put(n.clerk, doc, &(900, vec![0x80]))];
    newer.sort();
    n.put(n.clerk, doc, &(68, vec![0x80]));
    let found = book(&n);
    assert_eq!(found.newer.iter().map(|(_, r)| *r).collect::<Vec<_>>(), newer, "a known type that is kept unread is none");
    assert!(found.lines.is_empty());
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]
    /// Neither the order of entries nor that of documents makes a difference.
    #[test]
    fn the_order_of_documents_makes_no_difference(keys in proptest::collection::vec(any::<u64>(), 32)) {
        let mut n = school();
        let doc = n.ledger_doc();
        let a = n.put(n.clerk, doc, &registration("A1", "T1", 3200));
        n.put(n.clerk2, doc, &registration("A1", "T1", 3200));
        n.put(n.clerk2, doc, &registration("S1", "T1", 3200));
        n.put(n.clerk, doc, &registration("S1", "T1", 100));
        n.put(n.reviewer, n.review_doc(), &decision(doc, &[a], Verdict::Approved));
        n.put(n.reviewer2, n.review_doc(), &decision(doc, &[a], Verdict::Returned));
        let mut views: Vec<(u64, DocumentView)> = keys.into_iter().cycle().zip(n.views()).collect();
        views.sort_by_key(|(k, _)| *k);
        let views: Vec<DocumentView> = views.into_iter().map(|(_, v)| v).collect();
        prop_assert_eq!(Book::build(&views, &n.ledger), book(&n));
    }
}
