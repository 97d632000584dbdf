//! Locks passed by decisions that lean on others, chains without end, moves to where nobody knows.

use sha2::Digest;
use taizhang_core::{
    id::{AttachmentId, DocId, EntryId, Kind, OrgId},
    ledger::GRANT_DEPTH_MAX,
    op::{PayloadBuilder, RowName},
    planted::Check,
    rows::{Lock, Role, Rollup, RowType, Verdict},
    standing::{Judge, Standing},
    tips,
    units::Day,
    view::DocumentView,
};

use super::{
    Attack, Outcome,
    Removal::Off,
    Theme,
    county::{Net, Who, activity, day, decision, registration, row},
    kit::{Counties, DAY, ledger_of, registry, review},
    scene::Scene,
    standing::finding,
};

const LATE: Outcome = Outcome::Finding("after_lock");

pub(super) const TABLE: &[Attack] = &[
    Theme::Grants.attack(
        "chain_of_grants",
        "一人授予一人, 五万级长链, 想耗尽每个节点的栈",
        "a chain of 50,000 grants, one key granted by the next, to exhaust every node's stack",
        Outcome::Refused(11),
        Off(Check::GrantDepth),
        |_| {
            let mut s = Scene::new();
            let (mut last, county) = ("admin".to_owned(), s.c.county);
            for n in 3..=GRANT_DEPTH_MAX {
                let next = format!("admin {n}");
                s.c.w.grant(&last, county, &next, Role::Admin, county);
                last = next;
            }
            s.offer(&s.registry_row(&last, county, &s.w().grant_row("one more", Role::Admin, county)))
        },
    ),
    Theme::Standing.attack(
        "invite_used_five_times",
        "抄下邀请用五次, 再以多余的那次写台账, 想让各节点对登记册永远说不到一处",
        "uses a copied invite five times and writes under the use beyond those kept, so that registries never agree",
        Outcome::Finding("surplus"),
        Off(Check::KeptByKnown),
        |_| {
            let mut c = Counties::new();
            let (county, school) = (c.county, c.school);
            let invite = c.w.invite("admin", county, "code", Role::Clerk, school);
            let uses = (0..5).map(|n| format!("guest {n}")).map(|who| (c.w.use_of(&invite, &who), who));
            let (_, (beyond, who)) = uses.collect::<Vec<_>>().into_iter().map(|(e, who)| (e.id, (c.w.take(e), who))).max().unwrap();
            let loot = c.w.draft(&who, ledger_of(school)).start(Some(RowName { entry: beyond, index: 0 }), None).sign();
            let loot = c.w.take(loot);
            // Another school holds the registry, and no ledger of this one.
            let is_there = |i: &usize| c.w.entries[*i].header.log.document != ledger_of(school);
            let there = c.w.heard(&(0..c.w.entries.len()).filter(is_there).collect::<Vec<_>>());
            let registry = registry(county);
            let agrees = there.ledger.digest(&registry) == c.w.ledger().digest(&registry);
            if agrees { finding(&c.w, loot) } else { Outcome::GotThrough }
        },
    ),
    Theme::Tree.attack(
        "moves_a_school_to_a_parent_unknown",
        "市把学校移交给另一市的县, 骗过不知道那个县的节点",
        "a city moves a school below another city, before nodes that do not know the new parent",
        Outcome::NoEffect,
        Off(Check::OrgParentKnown),
        |_| {
            let mut s = Scene::new();
            let (school, city) = (s.c.school, s.w().city);
            s.c.w.place("city-admin", city, (school, OrgId([9; 8])), DAY, &[]);
            let parent = s.w().ledger().registry.ancestors(school)[0];
            if parent == s.c.county { Outcome::NoEffect } else { Outcome::GotThrough }
        },
    ),
    Theme::Tree.attack(
        "former_county_grants_on",
        "学校移交以后, 原县仍在自己的登记册里给自己人授权, 新县吊销了也照写",
        "grants on in a school that has moved away, past the burn of the county that has it now",
        Outcome::Finding("burnt"),
        Off(Check::BurnTakenOver),
        |_| Mole::new().burnt(),
    ),
    Theme::Tree.attack(
        "writes_on_after_the_move",
        "学校移交以后, 离任的台账员仗着授权是原县给的, 在新县终止授权以后照写",
        "a clerk who left goes on writing under the former county's grant, past the end written by the county that has the school now",
        Outcome::Finding("ended"),
        Off(Check::EndTakenOver),
        |_| {
            let mut c = Counties::new();
            let (city, other, school, ledger) = (c.w.city, c.other, c.school, ledger_of(c.school));
            c.w.place("city-admin", city, (school, other), DAY, &[]);
            let honest = c.w.row("clerk", ledger);
            let grant = c.w.grant_in("clerk", ledger).unwrap();
            c.w.end("other-admin", other, grant, Day(DAY.0 + 10), &[]);
            c.w.it_is(Day(DAY.0 + 20));
            let late = c.w.row("clerk", ledger);
            assert_eq!(c.w.standing(honest), Standing::Stands, "an honest entry is lost");
            finding(&c.w, late)
        },
    ),
    Theme::Tree.attack(
        "former_county_undoes_a_burn",
        "学校移交以后, 原县采信新县吊销的条目",
        "accepts what the county burnt that has the school now",
        Outcome::Finding("burnt"),
        Off(Check::AcceptBurner),
        |_| {
            let mut m = Mole::new();
            let (county, school) = (m.c.county, m.c.school);
            m.c.w.accept("reviewer", review(county, school), &[m.loot]);
            m.burnt()
        },
    ),
    Theme::Tree.attack(
        "former_county_burns_everything",
        "学校移交以后, 原县吊销学校各人的密钥, 一条不留, 想让历年记录都不算",
        "burns the keys of a school that has moved away and keeps nothing, so that all its years count as nothing",
        Outcome::NoEffect,
        Off(Check::LiftTakenOver),
        |_| {
            let mut c = Counties::new();
            let (city, county, other, school) = (c.w.city, c.county, c.other, c.school);
            let honest = c.w.row("clerk", ledger_of(school));
            c.w.place("city-admin", city, (school, other), DAY, &[]);
            c.w.burn("admin", county, "clerk", &[]);
            assert_eq!(c.w.standing(honest), Standing::Burnt, "until somebody looks at it");
            c.w.accept("other-admin", registry(other), &[honest]);
            if c.w.standing(honest) == Standing::Stands { Outcome::NoEffect } else { Outcome::GotThrough }
        },
    ),
    Theme::Tree.attack(
        "former_county_reads_names",
        "学校移交以后, 原县给自己人授予台账员, 等别人把姓名密钥交给他",
        "grants a clerk's role in a school that has moved away, and waits for the names to be shared with it",
        Outcome::NoEffect,
        Off(Check::GrantVouched),
        |_| {
            let mut m = Mole::new();
            let (county, school) = (m.c.county, m.c.school);
            let late = m.c.w.grant("admin", county, "late mole", Role::Clerk, school);
            let holds = Judge::new(m.c.w.ledger()).grant_holds(&late);
            if holds { Outcome::GotThrough } else { Outcome::NoEffect }
        },
    ),
    Theme::Counting.attack(
        "passes_the_citys_lock",
        "市里锁定以后, 县里以“替换”自己此前的决定改批",
        "decides after the city's lock, in the place of an earlier decision of the county",
        LATE,
        Off(Check::LeanBelow),
        |_| {
            let mut n = county();
            let a = n.put(Who::Clerk, n.hours(), &registration("A1", "T1", 4000));
            let before = n.put(Who::CountyReviewer, n.review(), &decision(n.hours(), &[a], Verdict::Rejected));
            let list = n.ledger.closing(n.school, 2010);
            let (tips, bytes) = tips::attachment(&list);
            n.keep(tips, bytes);
            let lock = Lock { year: 2010, day: day("2011-01-20"), tips_root: tips::root(&list), tips, reason: None };
            n.put(Who::CityReviewer, n.city_review(n.school), &row(&lock));
            let d = n.replace(Who::CountyReviewer, n.review(), &decision(n.hours(), &[a], Verdict::Approved), &[before]);
            lateness(&n, n.review(), d)
        },
    ),
    Theme::Counting.attack(
        "leans_on_another_matter",
        "锁定以后批准从未审过的登记, 假托替换另一事项的决定",
        "approves after the lock what nobody had decided on, in the place of a decision about something else",
        LATE,
        Off(Check::LeanMatter),
        |_| {
            let mut n = county();
            let a = n.put(Who::Clerk, n.hours(), &registration("A1", "T1", 4000));
            let b = n.put(Who::Clerk, n.hours(), &registration("A2", "T1", 4000));
            let before = n.put(Who::CountyReviewer, n.review(), &decision(n.hours(), &[a], Verdict::Approved));
            n.lock();
            let d = n.replace(Who::CountyReviewer, n.review(), &decision(n.hours(), &[b], Verdict::Approved), &[before]);
            lateness(&n, n.review(), d)
        },
    ),
    Theme::Counting.attack(
        "second_rollup_in_an_entry",
        "在同一条目里把假汇总放在真汇总后面, 核验与审计都只看前一份",
        "puts a false rollup behind a true one in one entry, where verification and audit look at the first",
        Outcome::Refused(2),
        Off(Check::OneRollup),
        |_| {
            let s = Scene::new();
            let two = |p: &mut PayloadBuilder| [1, 12_345].iter().for_each(|n| _ = p.row(Rollup::TYPE, &[], &rollup(*n)));
            s.offer(&s.draft("reviewer", DocId::of_year(s.c.county, Kind::Rollup, 2024)).payload(two).sign())
        },
    ),
    Theme::Limits.attack(
        "one_entry_of_many_locks",
        "一条里写 512 次锁定, 都指向同一份 1 MiB 的名单, 想撑大每个节点",
        "an entry of 512 locks that all name one list of a megabyte, to make every node grow",
        Outcome::Refused(2),
        Off(Check::OneLock),
        |_| {
            let s = Scene::new();
            let tips = AttachmentId(sha2::Sha256::digest([7]).into());
            let fields = Lock { year: 2024, day: DAY, tips_root: [0; 32], tips, reason: None }.to_fields();
            let many = |p: &mut PayloadBuilder| (0..512).for_each(|_| _ = p.row(Lock::TYPE, &[], &fields));
            s.offer(&s.draft("reviewer", review(s.c.county, s.c.school)).payload(many).sign())
        },
    ),
];

fn rollup(teachers: u32) -> Vec<u8> {
    let row = Rollup {
        period: 2024,
        as_of: DAY,
        policy_id: None,
        policy_sha256: None,
        rules_version: 1,
        inputs_root: [0; 32],
        inputs: AttachmentId([0; 32]),
        lines_root: [0; 32],
        lines: AttachmentId([0; 32]),
        teachers,
        teachers_root: None,
        totals: Vec::new(),
        reason: None,
    };
    row.to_fields()
}

/// The school has moved to the other county; the former one's man wrote there, and the other county burnt his key.
struct Mole {
    c: Counties,
    loot: EntryId,
}

impl Mole {
    fn new() -> Self {
        let mut c = Counties::new();
        let (city, county, other, school) = (c.w.city, c.county, c.other, c.school);
        c.w.place("city-admin", city, (school, other), DAY, &[]);
        c.w.grant("admin", county, "mole", Role::Clerk, school);
        let loot = c.w.row("mole", ledger_of(school));
        c.w.burn("other-admin", other, "mole", &[]);
        Self { c, loot }
    }

    fn burnt(&self) -> Outcome {
        finding(&self.c.w, self.loot)
    }
}

fn county() -> Net {
    let mut n = Net::new();
    n.put(Who::CountyClerk, n.notice(), &activity("A1"));
    n
}

/// Is a row late?
fn lateness(n: &Net, document: DocId, row: RowName) -> Outcome {
    let view = DocumentView::build(&n.ledger, &Judge::new(&n.ledger), document, n.written.iter());
    if view.rows[&row].late { LATE } else { Outcome::GotThrough }
}
