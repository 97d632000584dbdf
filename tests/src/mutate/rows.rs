//! Sample rows of every type that this version reads, and of some that it keeps unread.

use taizhang_core::{
    cbor::Value,
    founding::Newcomer,
    id::{AttachmentId, DocId, EntryId, Kind, PublicKey},
    ledger::Ledger,
    op::RowName,
    rows::{self, CATALOGUE, Positions, RowType, field::Field, shape::Shape},
};

use super::network::{DAY, YEAR};

const N: Value = Value::Null;

fn t(text: &str) -> Value {
    Value::Text(text.to_owned())
}

fn i(n: impl Into<i128>) -> Value {
    Value::Int(n.into())
}

fn b(bytes: &[u8]) -> Value {
    Value::Bytes(bytes.to_vec())
}

fn field(value: &impl Field) -> Value {
    Value::parse(&value.to_cbor()).expect("what is written is read")
}

/// The fields, after checking that this version reads them.
fn fields<T: RowType>(values: &[Value]) -> Vec<u8> {
    let bytes = rows::field::array(&values.iter().map(Field::to_cbor).collect::<Vec<_>>());
    let read = T::from_fields(&bytes);
    assert!(read.is_ok(), "a sample of row type {} cannot be read: {:?}", T::TYPE, read.err());
    bytes
}

fn day() -> Value {
    i(DAY.0)
}

/// What a newcomer brings.
pub(crate) fn newcomer(person: PublicKey, node: PublicKey) -> Newcomer<'static> {
    Newcomer { person, seal_key: Some([5; 32]), node, label: "新人" }
}

/// Names everything up to an entry.
pub(super) fn position(ledger: &Ledger, id: EntryId) -> Positions {
    let p = ledger.place(&id).expect("admitted");
    Positions { document: p.log.document, run: p.log.run, height: p.sequence, id }
}

pub(super) fn end(grant: RowName) -> Vec<u8> {
    fields::<rows::End>(&[field(&grant.here()), day(), Value::Array(vec![]), t("离职")])
}

pub(super) fn burn(key: PublicKey, position: &Positions) -> Vec<u8> {
    fields::<rows::Burn>(&[field(&key), Value::Array(vec![field(position)]), t("被盗")])
}

pub(super) fn accept(position: &Positions) -> Vec<u8> {
    fields::<rows::Accept>(&[Value::Array(vec![field(position)]), t("属实")])
}

/// A teacher of the roster.
#[must_use]
pub fn teacher(no: u32) -> Vec<u8> {
    fields::<rows::Teacher>(&[t(&format!("T{no:04}")), day(), Value::Bool(true), N, N, N])
}

fn activity(no: &str) -> Vec<u8> {
    let mut v = vec![N; 32];
    for (at, value) in [(0, t(no)), (1, i(6)), (2, i(3)), (4, t("校本研修")), (8, day()), (9, day()), (10, i(400))] {
        v[at] = value;
    }
    v[31] = Value::Array(vec![Value::Array(vec![b(&[3; 32]), i(1000), t("image/png")])]);
    fields::<rows::Activity>(&v)
}

fn registration(no: u32) -> Vec<u8> {
    let head = [N, t("A1"), t(&format!("T{no:04}")), i(1), i(250), i(400), i(1), N, i(50), N, i(1)];
    let tail = [N, N, N, N, Value::Bool(false), day(), N, N, N, t("备注")];
    fields::<rows::Registration>(&[head.as_slice(), tail.as_slice()].concat())
}

/// Rows that belong into a document of this kind: every type that this version reads, and types that no version reads.
pub(super) fn of_kind(kind: Kind, targets: &[EntryId], ledger: DocId, attachment: AttachmentId) -> Vec<(u16, Vec<u8>)> {
    let mut out = written(kind, targets, ledger, attachment);
    let is_new = |number: u16| rows::belongs(number, kind) && kind != Kind::Registry && out.iter().all(|(n, _)| *n != number);
    let numbers: Vec<u16> = CATALOGUE.iter().filter(|i| !i.fields.is_empty() && is_new(i.number)).map(|i| i.number).collect();
    out.extend(numbers.into_iter().map(|n| (n, sampled(n, ledger, attachment))));
    out
}

/// A row of any type, by the forms of its fields.
fn sampled(number: u16, ledger: DocId, attachment: AttachmentId) -> Vec<u8> {
    let values: Vec<Value> = rows::shapes(number).iter().map(|s| of_shape(s, ledger, attachment)).collect();
    let bytes = rows::field::array(&values.iter().map(Field::to_cbor).collect::<Vec<_>>());
    assert_eq!(rows::check(number, &bytes), Some(Ok(0)), "a sample of row type {number} cannot be read");
    bytes
}

fn of_shape(shape: &Shape, ledger: DocId, attachment: AttachmentId) -> Value {
    let of = |s: &Shape| of_shape(s, ledger, attachment);
    match shape {
        Shape::Bool => Value::Bool(true),
        Shape::Uint | Shape::Int => i(2),
        Shape::Text | Shape::Any => t("T0001"),
        Shape::Bytes(Some(32)) => b(&attachment.0),
        Shape::Bytes(len) => b(&vec![7; len.unwrap_or(60)]),
        Shape::Day => day(),
        Shape::Ms => i(1_700_000_000_000_i64),
        Shape::Code(words) => i(words.first().map_or(1, |(n, _)| *n)),
        Shape::Document => field(&ledger),
        Shape::Row => field(&taizhang_core::op::RowRef::own(0)),
        Shape::Maybe(inner) => of(inner),
        Shape::List(inner) => Value::Array(vec![of(inner)]),
        Shape::Tuple(parts) => Value::Array(parts.iter().map(of).collect()),
        Shape::Tagged(ways) => Value::Array(std::iter::once(i(0)).chain(ways.iter().take(1).flatten().map(of)).collect()),
    }
}

fn written(kind: Kind, targets: &[EntryId], ledger: DocId, attachment: AttachmentId) -> Vec<(u16, Vec<u8>)> {
    let unread = |n| (n, Value::Array(vec![t("x"), i(1), Value::Map(vec![(i(1), i(2)), (t("k"), b(&[1]))])]).to_cbor());
    match kind {
        Kind::Registry => vec![],
        Kind::Policy => vec![(10, policy_text()), unread(19)],
        Kind::Notice => vec![(20, activity("A1")), (20, activity("A2")), (21, session()), unread(39)],
        Kind::Roster => vec![(40, teacher(1)), (40, teacher(2)), (41, status()), (80, import()), unread(49)],
        Kind::Identity => vec![(50, person()), unread(51)],
        Kind::Ledger => {
            let of_sheet = [(62, sheet()), (64, registration(1)), (64, registration(2)), (63, marks())];
            let others = [(20, activity("S1")), (65, elsewhere()), (70, leave()), (80, import()), unread(68)];
            of_sheet.into_iter().chain(others).collect()
        }
        Kind::Review => review(targets, ledger, attachment),
        Kind::Transfer => vec![unread(179), (171, record_line(ledger))],
        Kind::Rollup => vec![(150, rollup(attachment)), unread(151)],
    }
}

fn review(targets: &[EntryId], ledger: DocId, attachment: AttachmentId) -> Vec<(u16, Vec<u8>)> {
    let first = targets.first().copied().unwrap_or(EntryId([4; 32]));
    let rows =
        Value::Array(vec![i(0), field(&ledger), Value::Array(vec![Value::Array(vec![b(&first.0), Value::Array(vec![i(1)])])])]);
    let sheet = RowName { entry: first, index: 0 }.in_document(ledger);
    let whole = Value::Array(vec![i(1), field(&sheet), b(&[6; 32])]);
    let tips = [b(&[7; 32]), b(&attachment.0), t("月度")];
    vec![
        (101, fields::<rows::Decision>(&[rows, i(1), t("通过")])),
        (101, fields::<rows::Decision>(&[whole, i(2), N])),
        (102, fields::<rows::Lock>(&[[i(YEAR), day()].as_slice(), tips.as_slice()].concat())),
        (103, fields::<rows::Unlock>(&[i(YEAR), t("重开")])),
        (117, fields::<rows::Checkpoint>(&[[i(24_290)].as_slice(), tips.as_slice()].concat())),
        (139, Value::Array(vec![i(1)]).to_cbor()),
    ]
}

fn policy_text() -> Vec<u8> {
    fields::<rows::PolicyText>(&[t("wuhan-2008"), t("1"), b(&[2; 32]), b("政策".repeat(900).as_bytes()), N])
}

fn record_line(ledger: DocId) -> Vec<u8> {
    let source = RowName { entry: EntryId([4; 32]), index: 3 };
    fields::<rows::RecordLine>(&[field(&source.in_document(ledger)), b(&source.entry.0), b(&[6; 3_500]), N])
}

fn session() -> Vec<u8> {
    let head = [t("A1"), i(1), i(3), day(), i(2), i(4), t("主题"), N, N, N];
    fields::<rows::Session>(&[head.as_slice(), &[i(200), N, i(-5), N, N]].concat())
}

fn status() -> Vec<u8> {
    fields::<rows::Status>(&[t("T0001"), t("title"), t("一级教师"), day(), N, N])
}

fn import() -> Vec<u8> {
    fields::<rows::Import>(&[t("roster"), b(&[1; 32]), i(40_000), i(50), i(48), i(3), i(2), N, N])
}

fn person() -> Vec<u8> {
    fields::<rows::Person>(&[t("T0001"), b(&[8; 8]), b(&[9; 60]), b(&[2; 32]), N])
}

fn sheet() -> Vec<u8> {
    fields::<rows::Sheet>(&[t("A1"), Value::Array(vec![i(1), i(2)]), i(2), day(), day(), b(&[3; 32]), N])
}

fn marks() -> Vec<u8> {
    fields::<rows::Marks>(&[t("A1"), t("T0001"), b(&[1, 2, 5]), i(1), field(&taizhang_core::op::RowRef::own(0)), N])
}

fn elsewhere() -> Vec<u8> {
    let head = [b(b"ext-1"), t("T0002"), t("国培"), t("大学"), i(1), i(4), N, day(), day(), i(1600)];
    fields::<rows::Elsewhere>(&[head.as_slice(), &[i(1), Value::Bool(false), N, N, i(1_700_000_000_000_i64), N, N, N]].concat())
}

fn leave() -> Vec<u8> {
    fields::<rows::Leave>(&[t("T0001"), day(), N, b(&[1; 40]), N, N])
}

fn rollup(attachment: AttachmentId) -> Vec<u8> {
    let (root, id) = (b(&[4; 32]), b(&attachment.0));
    let totals = Value::Array(vec![Value::Array(vec![t("h100"), i(800)]), Value::Array(vec![t("fen"), i(-1)])]);
    let head = [i(YEAR), day(), t("p"), b(&[5; 32]), i(3), root.clone(), id.clone(), root, id, i(2), N, totals];
    fields::<rows::Rollup>(&head)
}
