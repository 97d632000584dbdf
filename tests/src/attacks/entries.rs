//! Forged, re-wrapped, replayed, moved, oversized entries, and logs that do not go on.

use taizhang_core::{
    cbor::{Reader, Writer},
    entry::{Before, Header, SignedEntry},
    founding::root_statement,
    id::{DocId, Kind, NetworkId, PublicKey},
    op::RowRef,
    planted::{Check, Planted},
    rows::{Grant, Role, RootStatement, RowType},
};

use super::{
    Attack, Outcome,
    Removal::Off,
    Theme,
    kit::{FIELDS, PLAN, YEAR, here, key, ledger_of, payload, registry, run},
    scene::{Scene, day},
};

const HERE: Theme = Theme::Entries;

pub(super) const TABLE: &[Attack] = &[
    HERE.attack(
        "forged_signature",
        "用自己的密钥冒充台账员签名",
        "signs an entry in a clerk's name with another key",
        Outcome::Refused(3),
        Off(Check::Signature),
        |_| {
            let s = Scene::new();
            let mut d = s.clerk();
            d.signer = "thief".into();
            s.offer(&d.sign())
        },
    ),
    HERE.attack(
        "payload_changed",
        "转发时改动条目内容",
        "a relay changes what an entry says",
        Outcome::Refused(3),
        Off(Check::Signature),
        |_| changed(|_, payload| *payload.last_mut().unwrap() ^= 1),
    ),
    HERE.attack(
        "time_changed",
        "转发时改动条目时间",
        "a relay dates an entry back",
        Outcome::Refused(3),
        Off(Check::Signature),
        |_| changed(|header, _| header.time = day(0)),
    ),
    HERE.attack(
        "moved_to_another_document",
        "把条目搬到另一年度的台账",
        "a relay moves an entry into the ledger of another year",
        Outcome::Refused(3),
        Off(Check::Signature),
        |_| {
            let s = Scene::new();
            let e = s.fresh().sign();
            let mut header = e.header;
            header.log.document = DocId { period: Some(YEAR + 1), ..header.log.document };
            s.offer(&SignedEntry::from_parts(header, e.payload, e.signature, &s.w().ledger().network))
        },
    ),
    HERE.attack(
        "another_network",
        "把为另一网络签的条目拿来重放",
        "replays an entry that was signed for another network",
        Outcome::Refused(3),
        Off(Check::NetworkSigned),
        |_| {
            let s = Scene::new();
            let mut d = s.clerk();
            d.network = NetworkId([7; 32]);
            let e = d.sign();
            s.offer(&SignedEntry::from_parts(e.header, e.payload, e.signature, &s.w().ledger().network))
        },
    ),
    HERE.attack(
        "second_form_header",
        "在签名之外的头部里夹带内容, 造出同一条目的第二种字节",
        "re-wraps an entry: something in the header outside the signature",
        Outcome::Malformed,
        Off(Check::UnprotectedEmpty),
        |_| {
            rewrapped(|w, protected, e| {
                w.tag(18).array(4).bytes(protected).map(1).bytes(&e.payload).bytes(&e.signature);
            })
        },
    ),
    HERE.attack(
        "second_form_length",
        "用较长的长度写法造出同一条目的第二种字节",
        "re-wraps an entry: a longer form of a length",
        Outcome::Malformed,
        Off(Check::ShortestForm),
        |_| {
            rewrapped(|w, protected, e| {
                let long = [&[0x59, 0, e.payload.len() as u8], e.payload.as_slice()].concat();
                w.tag(18).array(4).bytes(protected).map(0).raw(&long).bytes(&e.signature);
            })
        },
    ),
    HERE.attack(
        "second_id",
        "改动算法标签, 让同一签名有第二个编号, 伪造分叉",
        "names another algorithm so that one signature has two ids: a forged fork",
        Outcome::Malformed,
        Off(Check::Algorithm),
        |_| {
            rewrapped(|w, protected, e| {
                // {1: -8, … with -7 in its place.
                let mut other = protected.to_vec();
                other[2] = 0x26;
                w.tag(18).array(4).bytes(&other).map(0).bytes(&e.payload).bytes(&e.signature);
            })
        },
    ),
    HERE.attack(
        "key_of_small_order",
        "交来一把人人可代签的弱密钥, 事后抵赖",
        "hands in a key of small order, for which anybody can sign, to deny everything later",
        Outcome::Refused(3),
        Off(Check::StrictSignature),
        |_| {
            let mut s = Scene::new();
            let mut weak = [0; 32];
            weak[0] = 1;
            let grant = Grant { key: PublicKey(weak), ..s.w().grant_row("weak", Role::Clerk, s.c.school) };
            let e = s.registry_row("admin", s.c.county, &grant);
            let given = taizhang_core::op::RowName { entry: s.c.w.take(e), index: 0 };
            let mut header = s.fresh().start(Some(given), None).header;
            header.log.key = PublicKey(weak);
            let signature = [weak, [0; 32]].concat().try_into().unwrap();
            let payload = payload(|p| _ = p.row(PLAN, &[], &FIELDS));
            s.offer(&SignedEntry::from_parts(header, payload, signature, &s.w().ledger().network))
        },
    ),
    HERE.attack(
        "entry_too_long",
        "超过 64 KiB 的条目",
        "an entry of more than 64 KiB",
        Outcome::Refused(2),
        Off(Check::EntryLength),
        |_| written(|p| (0..30).for_each(|_| _ = p.row(PLAN, &[], &text(3000)))),
    ),
    HERE.attack(
        "too_many_operations",
        "一条里塞 513 项操作",
        "an entry of 513 operations",
        Outcome::Refused(2),
        Off(Check::OperationCount),
        |_| written(|p| (0..513).for_each(|_| _ = p.row(PLAN, &[], &FIELDS))),
    ),
    HERE.attack(
        "row_too_long",
        "一行超过索引能存的长度",
        "a row longer than an index may hold",
        Outcome::Refused(2),
        Off(Check::RowLength),
        |_| written(|p| _ = p.row(PLAN, &[], &text(4000))),
    ),
    HERE.attack(
        "nested_deeply",
        "嵌套 200 层的内容, 企图耗尽栈",
        "content nested 200 deep, to exhaust the stack",
        Outcome::Refused(2),
        Off(Check::Depth),
        |_| written(|p| _ = p.row(PLAN, &[], &[vec![0x81; 200], vec![0x80]].concat())),
    ),
    HERE.attack(
        "replaces_too_many",
        "一项操作替换 65 行",
        "one operation that replaces 65 rows",
        Outcome::Refused(2),
        Off(Check::ReplacesCount),
        |_| {
            let mut s = Scene::new();
            let many = s.c.w.write("clerk", ledger_of(s.c.school), |p| (0..65).for_each(|_| _ = p.row(PLAN, &[], &FIELDS)));
            let refs: Vec<RowRef> = (0..65).map(|index| RowRef { index, ..here(many) }).collect();
            s.offer(&s.clerk().payload(|p| _ = p.row(PLAN, &refs, &FIELDS)).sign())
        },
    ),
    HERE.attack(
        "replaces_out_of_order",
        "同一内容的第二种写法: 替换名单不按次序",
        "a second form of one content: what is replaced out of order",
        Outcome::Refused(2),
        Off(Check::ReplacesOrder),
        |_| {
            let mut s = Scene::new();
            let two = s.c.w.write("clerk", ledger_of(s.c.school), |p| (0..2).for_each(|_| _ = p.row(PLAN, &[], &FIELDS)));
            let mut w = Writer::default();
            w.array(2).uint(1).array(1).array(4).uint(0).uint(PLAN.into()).array(2);
            [1, 0].into_iter().for_each(|index| RowRef { index, ..here(two) }.write(&mut w));
            w.raw(&FIELDS);
            let mut d = s.clerk();
            d.payload = w.finish();
            s.offer(&d.sign())
        },
    ),
    HERE.attack(
        "register_too_long",
        "登记项的值超长",
        "a register's value of 2,000 bytes",
        Outcome::Refused(2),
        Off(Check::RegisterValue),
        |_| written(|p| _ = p.register("a.b", &text(2000)[1..], &[])),
    ),
    HERE.attack(
        "register_twice",
        "一条里两次写同一登记项, 使文档无法载入",
        "writes one register twice in an entry, so that the document cannot be derived",
        Outcome::Refused(8),
        Off(Check::RegisterOnce),
        |_| written(|p| (0..2).for_each(|n| _ = p.register("a.b", &[n], &[]))),
    ),
    HERE.attack(
        "register_of_another_key",
        "替换从未写过该登记项的条目, 使文档无法载入",
        "replaces an entry that never wrote the register, so that the document cannot be loaded",
        Outcome::Refused(7),
        Off(Check::Bug(Planted::RegisterReplacesUnchecked)),
        |_| {
            let s = Scene::new();
            s.offer(&s.clerk().payload(|p| _ = p.register("x.y", &[1], &[s.register])).sign())
        },
    ),
    HERE.attack(
        "gap_in_a_log",
        "跳过一个序号, 藏起一条",
        "leaves out a sequence to hide an entry",
        Outcome::Refused(4),
        Off(Check::Continuity),
        |_| {
            let s = Scene::new();
            let mut d = s.clerk();
            d.header.sequence += 1;
            s.offer(&d.sign())
        },
    ),
    HERE.attack(
        "goes_on_with_anothers_log",
        "接着别人的日志往下写",
        "goes on with another's log",
        Outcome::Refused(4),
        Off(Check::Continuity),
        |_| {
            let s = Scene::new();
            let mut d = s.clerk();
            d.header.log.key = key("principal");
            d.signer = "principal".into();
            s.offer(&d.sign())
        },
    ),
    HERE.attack(
        "goes_on_from_another_document",
        "以另一文档的条目为前一条",
        "goes on from an entry of another document",
        Outcome::Refused(4),
        Off(Check::Continuity),
        |_| {
            let s = Scene::new();
            let mut d = s.clerk();
            d.header.log.document = DocId { period: Some(YEAR + 1), ..d.header.log.document };
            s.offer(&d.sign())
        },
    ),
    HERE.attack(
        "links_to_anothers_log",
        "把自己的新日志接在别人的日志后面, 让别人的条目受自己的位置覆盖",
        "links a new log to another's, so that positions in his log cover hers",
        Outcome::Refused(4),
        Off(Check::Link),
        |_| {
            let s = Scene::new();
            let principal = s.w().grant_in("principal", ledger_of(s.c.school));
            s.offer(&s.draft("principal", ledger_of(s.c.school)).run(run(77)).start(principal, Some(s.row)).sign())
        },
    ),
    HERE.attack(
        "founds_the_network_anew",
        "自立根声明, 冒充网络的根",
        "writes a root statement of his own keys",
        Outcome::Refused(5),
        Off(Check::RootStatement),
        |_| {
            let s = Scene::new();
            let statement = root_statement(vec![key("thief")], 1).0.to_fields();
            let d = s.draft("thief", registry(s.w().root)).start(None, None);
            s.offer(&d.payload(|p| _ = p.row(RootStatement::TYPE, &[], &statement)).sign())
        },
    ),
    HERE.attack(
        "writes_under_the_root",
        "以根声明为授权, 在根登记册里写",
        "writes in the root's registry under the root statement, without a root key",
        Outcome::Refused(5),
        Off(Check::RootKeys),
        |_| {
            let s = Scene::new();
            let root = s.w().grant_in("root", registry(s.w().root));
            s.offer(&s.draft("thief", DocId::of(s.w().root, Kind::Registry)).start(root, None).sign())
        },
    ),
];

/// A genuine entry, changed after it was signed.
fn changed(change: fn(&mut Header, &mut Vec<u8>)) -> Outcome {
    let s = Scene::new();
    let e = s.clerk().sign();
    let (mut header, mut payload) = (e.header, e.payload);
    assert!(matches!(header.before, Before::Previous(_)));
    change(&mut header, &mut payload);
    s.offer(&SignedEntry::from_parts(header, payload, e.signature, &s.w().ledger().network))
}

/// A genuine entry in other bytes: through, if they are taken for an entry and it may enter.
fn rewrapped(wrap: fn(&mut Writer, &[u8], &SignedEntry)) -> Outcome {
    let s = Scene::new();
    let e = s.clerk().sign();
    let bytes = e.to_bytes();
    let mut r = Reader::new(&bytes);
    r.tag(18).and_then(|()| r.array_of(4)).unwrap();
    let mut w = Writer::default();
    wrap(&mut w, r.bytes().unwrap(), &e);
    let other = w.finish();
    assert_ne!(other, bytes);
    SignedEntry::parse(&other, &s.w().ledger().network).map_or(Outcome::Malformed, |e| s.offer(&e))
}

/// What a certified clerk signs himself.
fn written(build: impl FnOnce(&mut taizhang_core::op::PayloadBuilder)) -> Outcome {
    let s = Scene::new();
    s.offer(&s.clerk().payload(build).sign())
}

/// `[text of so many letters]`.
fn text(n: usize) -> Vec<u8> {
    let mut w = Writer::default();
    w.array(1).text(&"x".repeat(n));
    w.finish()
}
