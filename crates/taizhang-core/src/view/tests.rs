#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "tests"
)]
mod anchor;
mod decision;
mod kit;
mod late;
mod matter;
mod natural;
mod positions;
mod training;

use proptest::prelude::*;

use self::kit::{Network, registration, row};
use super::{export::named_fields, *};
use crate::{
    op::PayloadBuilder,
    rows::{Burn, Decision, DecisionTarget, End, Registration, Teacher, Verdict},
    units::Day,
};

fn text(t: &str) -> Vec<u8> {
    op::scalar(&Value::Text(t.into()))
}

/// A school with rows, replacements, registers, a decision, a burnt clerk and a stranger's document.
fn busy() -> (Network, DocId) {
    let mut n = Network::new();
    let ledger = n.ledger_doc();
    let first = n.put(n.clerk, ledger, &registration("A1", "T1", 800));
    n.replace(n.clerk2, ledger, &registration("A1", "T1", 900), &[first]);
    let mut p = PayloadBuilder::default();
    p.register("P1.title", &text("一"), &[]);
    p.row(900, &[], &[0x82, 0x01, 0x61, 0x61]);
    n.write(n.clerk, ledger, p.finish());
    n.burn(n.clerk2);
    n.put(n.clerk2, n.roster_doc(), &kit::teacher("T1"));
    (n, ledger)
}

#[test]
fn a_view_holds_what_is_replaced_burnt_or_unknown_too() {
    let (n, ledger) = busy();
    let view = n.view(ledger);
    assert_eq!(view.rows.len(), 3);
    let standings: Vec<Standing> = view.rows.values().map(|r| r.standing).collect();
    assert_eq!(standings.iter().filter(|s| **s == Standing::Burnt).count(), 1);
    let current: BTreeSet<u16> = view.current().iter().map(|r| r.row_type).collect();
    assert_eq!(current, BTreeSet::from([64, 900]), "the burnt correction replaces nothing");
    let kept = view.current().into_iter().find(|r| r.row_type == 64).unwrap();
    assert_eq!(kept.read::<Registration>().unwrap().row.attended_h100, 800);
    assert!(kept.read::<Teacher>().is_none());
    let newer = view.current().into_iter().find(|r| r.row_type == 900).unwrap();
    assert_eq!(newer.fields, [0x82, 0x01, 0x61, 0x61]);
    assert!(kept.grant.is_some());
}

#[test]
fn bytes_are_canonical_and_say_everything() {
    let (mut n, ledger) = busy();
    let before = n.view(ledger).bytes();
    let Value::Array(parts) = Value::parse(&before).unwrap() else { panic!("not an array") };
    let [_, Value::Array(rows), Value::Array(registers)] = parts.as_slice() else { panic!("{parts:?}") };
    assert_eq!((rows.len(), registers.len()), (3, 1));
    // Standing is part of it: a second burn changes bytes without a new row here.
    n.burn(n.clerk);
    assert_ne!(n.view(ledger).bytes(), before);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]
    /// The order of entries, and entries that come twice, make no difference.
    #[test]
    fn the_order_of_entries_makes_no_difference(keys in proptest::collection::vec(any::<u64>(), 64), twice in 0..8usize) {
        let (n, ledger) = busy();
        let judge = Judge::new(&n.ledger);
        let mut shuffled: Vec<&SignedEntry> = n.entries.values().collect();
        shuffled.extend(n.entries.values().take(twice));
        let mut order: Vec<(u64, &SignedEntry)> = keys.iter().copied().cycle().zip(shuffled).collect();
        order.sort_by_key(|(k, _)| *k);
        let view = DocumentView::build(&n.ledger, &judge, ledger, order.into_iter().map(|(_, e)| e));
        prop_assert_eq!(view.bytes(), n.view(ledger).bytes());
        prop_assert_eq!(view, n.view(ledger));
    }
}

#[test]
fn entries_of_other_documents_and_strangers_are_left_out() {
    let (n, ledger) = busy();
    let mut other = Network::new();
    let stranger = other.put(other.clerk, other.ledger_doc(), &registration("A9", "T9", 100));
    let judge = Judge::new(&n.ledger);
    let mut entries: Vec<&SignedEntry> = n.entries.values().collect();
    let admitted_elsewhere_only = SignedEntry { id: EntryId([7; 32]), ..other.entries[&stranger.entry].clone() };
    entries.push(&admitted_elsewhere_only);
    let view = DocumentView::build(&n.ledger, &judge, ledger, entries);
    assert_eq!(view.bytes(), n.view(ledger).bytes());
    assert!(view.rows.keys().all(|r| n.ledger.place(&r.entry).unwrap().log.document == ledger));
}

#[test]
fn branches_beyond_the_limit_are_left_out() {
    let mut n = Network::new();
    let ledger = n.ledger_doc();
    let forks = n.fork(n.clerk, ledger, 6);
    let view = n.view(ledger);
    let mut lowest = forks;
    lowest.sort();
    lowest.truncate(crate::ledger::BRANCHES_MAX);
    assert_eq!(view.rows.keys().map(|r| r.entry).collect::<Vec<_>>(), lowest);
}

#[test]
fn registers_conflict_and_are_settled() {
    let mut n = Network::new();
    let doc = n.ledger_doc();
    let set = |n: &mut Network, who: usize, value: &str, replaces: &[EntryId]| {
        let mut p = PayloadBuilder::default();
        p.register("P1.title", &text(value), replaces);
        p.register("P1.seats", &op::scalar(&Value::Int(30)), &[]);
        n.write(who, doc, p.finish())
    };
    let (clerk, clerk2) = (n.clerk, n.clerk2);
    let a = set(&mut n, clerk, "春季", &[]);
    assert!(n.view(doc).conflicts().is_empty());
    let b = set(&mut n, clerk2, "秋季", &[]);
    let view = n.view(doc);
    assert_eq!(view.conflicts(), ["P1.title"], "two hands with the value 30 agree");
    assert_eq!(view.register("P1.title").len(), 2);
    assert_eq!(view.register("P1.seats").len(), 2);
    let c = set(&mut n, clerk, "冬季", &[a]);
    assert_eq!(n.view(doc).conflicts(), ["P1.title"]);
    set(&mut n, clerk2, "全年", &[b, c]);
    let view = n.view(doc);
    assert!(view.conflicts().is_empty());
    let settled = view.register("P1.title");
    assert_eq!(settled.iter().map(|w| &w.value).collect::<Vec<_>>(), [&Value::Text("全年".into())]);
    assert!(view.register("P1.none").is_empty());
    // What a burnt key settled is open again, and its own value is gone.
    n.burn(clerk2);
    let view = n.view(doc);
    assert_eq!(view.register("P1.title").iter().map(|w| w.entry).collect::<Vec<_>>(), [c]);
}

#[test]
fn an_ended_clerk_writes_in_vain() {
    let mut n = Network::new();
    let doc = n.ledger_doc();
    let before = n.put(n.clerk, doc, &registration("A1", "T1", 800));
    let grant = n.grant_of(n.clerk);
    let today = n.now.day();
    let end = End { grant: grant.here(), left_day: today, positions: None, reason: None };
    n.put(n.county_admin, n.county_registry(), &row(&end));
    n.now.0 += 3 * 86_400_000;
    let after = n.put(n.clerk, doc, &registration("A2", "T1", 800));
    let view = n.view(doc);
    assert_eq!(view.rows[&before].standing, Standing::Stands);
    assert_eq!(view.rows[&after].standing, Standing::Ended);
    assert_eq!(view.current().len(), 1);
}

/// A row of a type that belongs to another kind neither counts nor replaces; one that belongs nowhere is of a newer version and does both.
#[test]
fn misplaced_rows_count_as_nothing() {
    for (row_type, remains) in [(40u16, true), (150, true), (6, true), (200, false), (900, false), (140, false), (99, false)] {
        let mut n = Network::new();
        let doc = n.ledger_doc();
        let first = n.put(n.clerk, doc, &registration("A1", "T1", 800));
        n.replace(n.clerk, doc, &(row_type, vec![0x81, 0x01]), &[first]);
        let current: Vec<RowName> = n.view(doc).current().iter().map(|r| r.name).collect();
        assert_eq!(current.contains(&first), remains, "type {row_type}");
        assert_eq!(current.len(), 1, "type {row_type}");
        assert_eq!(n.view(doc).rows.len(), 2, "both are kept");
    }
}

#[test]
fn fields_have_names_also_those_of_a_newer_version() {
    let teacher = kit::teacher("T1");
    let named = named_fields(teacher.0, &teacher.1);
    let names: Vec<&str> = named.iter().map(|(n, _)| n.as_str()).collect();
    assert_eq!(names, ["no", "hired_day"]);
    assert_eq!(named[0].1, Value::Text("T1".into()));
    let mut longer = Writer::default();
    longer.array(8).text("T1").uint(12).null().null().null().null().uint(1).text("新");
    let named = named_fields(Teacher::TYPE, &longer.finish());
    assert_eq!(named[6], ("field_6".to_owned(), Value::Int(1)));
    assert_eq!(named[7], ("field_7".to_owned(), Value::Text("新".into())));
    for unknown in [68u16, 900] {
        assert_eq!(named_fields(unknown, &[0x81, 0x05]), [("field_0".to_owned(), Value::Int(5))]);
    }
    assert!(named_fields(64, &[0x80]).is_empty());
    for bad in [&[][..], &[0x05], &[0x82, 0x01], &[0x9f, 0xff], &[0xa0]] {
        assert_eq!(named_fields(64, bad), [("unreadable".to_owned(), Value::Bytes(bad.to_vec()))]);
    }
}
