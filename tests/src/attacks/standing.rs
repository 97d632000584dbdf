//! Keys ended, burnt, granted anew; accepts; forks: before, at and after the positions.

use taizhang_core::{
    entry::{Before, SignedEntry},
    id::{DocId, EntryId},
    ledger::OPEN_TIPS_MAX,
    planted::{Check, Planted},
    rows::{Decision, DecisionTarget, Role, RowType, Verdict},
    standing::Standing,
    units::Day,
};

use super::{
    Attack, Outcome,
    Removal::Off,
    Theme,
    kit::{Counties, DAY, PLAN, World, ledger_of, registry, review, run},
    scene::day,
};

const HERE: Theme = Theme::Standing;

const BURNT: Outcome = Outcome::Finding("burnt");
const ENDED: Outcome = Outcome::Finding("ended");

pub(super) const TABLE: &[Attack] = &[
    HERE.attack(
        "writes_with_a_burnt_key",
        "密钥被盗吊销后继续写",
        "a thief goes on writing after the burn",
        BURNT,
        Off(Check::Bug(Planted::BurnIgnored)),
        |_| {
            let mut t = Thief::new();
            let after = t.c.w.row("clerk", t.ledger);
            t.seen(after)
        },
    ),
    HERE.attack(
        "dates_back_behind_the_burn",
        "吊销后补写一条, 时间和序号都在吊销位置之前",
        "a thief writes at a place and a time before the positions of the burn: a fork",
        BURNT,
        Off(Check::PositionIds),
        |_| {
            let mut t = Thief::new();
            let mut d = t.c.w.draft("clerk", t.ledger).at(day(0));
            (d.header.sequence, d.header.before) = (2, Before::Previous(t.honest[0]));
            let forged = t.c.w.take(d.sign());
            t.seen(forged)
        },
    ),
    HERE.attack(
        "granted_anew_after_the_burn",
        "哄管理员给被吊销的密钥重新授权",
        "has the burnt key granted anew",
        BURNT,
        Off(Check::BurnForEver),
        |_| {
            let mut t = Thief::new();
            let (county, school) = (t.c.county, t.c.school);
            t.c.w.grant("admin", county, "clerk", Role::Clerk, school);
            let after = t.c.w.row("clerk", t.ledger);
            t.seen(after)
        },
    ),
    HERE.attack(
        "second_burn_covers_more",
        "同伙再写一次范围更宽的吊销, 想放过赃物",
        "an accomplice burns the key again with positions that cover the loot",
        BURNT,
        Off(Check::BurnsTogether),
        |_| {
            let mut t = Thief::new();
            let after = t.c.w.row("clerk", t.ledger);
            let county = t.c.county;
            t.c.w.burn("second-admin", county, "clerk", &[after]);
            t.seen(after)
        },
    ),
    HERE.attack(
        "another_county_burns",
        "别县管理员吊销本县台账员的密钥",
        "an admin of another county burns a clerk's key",
        Outcome::NoEffect,
        Off(Check::BurnOwnRegistry),
        |_| {
            let mut c = Counties::new();
            let honest = c.w.row("clerk", ledger_of(c.school));
            let other = c.other;
            c.w.burn("other-admin", other, "clerk", &[]);
            untouched(&c.w, honest)
        },
    ),
    HERE.attack(
        "another_county_grants_and_burns",
        "别县管理员先给本县台账员授一个本县的岗位, 再吊销其密钥",
        "an admin of another county grants a clerk a role there, and then burns her key",
        Outcome::NoEffect,
        Off(Check::StrangersGranted),
        |_| {
            let mut c = Counties::new();
            let honest = c.w.row("clerk", ledger_of(c.school));
            let (other, foreign) = (c.other, c.foreign);
            c.w.grant("other-admin", other, "clerk", Role::Clerk, foreign);
            c.w.burn("other-admin", other, "clerk", &[]);
            untouched(&c.w, honest)
        },
    ),
    HERE.attack(
        "junior_burns_senior",
        "由第二管理员任命的人反过来吊销第二管理员",
        "an admin burns the one who appointed him",
        Outcome::NoEffect,
        Off(Check::BurnDepth),
        |_| {
            let mut c = Counties::new();
            let county = c.county;
            let honest = c.w.grant("second-admin", county, "junior", Role::Admin, county).entry;
            c.w.burn("junior", county, "second-admin", &[]);
            untouched(&c.w, honest)
        },
    ),
    HERE.attack(
        "burns_the_colleague_first",
        "被盗的管理员密钥抢先吊销同事, 让同事的吊销作废",
        "a stolen admin's key burns the colleague first, so that her burn shall not count",
        BURNT,
        Off(Check::BurnMutual),
        |_| {
            let mut c = Counties::new();
            let (county, school) = (c.county, c.school);
            c.w.burn("second-admin", county, "third-admin", &[]);
            c.w.burn("third-admin", county, "second-admin", &[]);
            let loot = c.w.grant("second-admin", county, "friend", Role::Clerk, school).entry;
            finding(&c.w, loot)
        },
    ),
    HERE.attack(
        "burnt_reviewer_accepts",
        "被吊销的审核员“采信”被吊销台账员的条目",
        "a burnt reviewer accepts what a burnt clerk wrote",
        BURNT,
        Off(Check::AcceptStands),
        |_| {
            let mut t = Thief::new();
            let (county, school) = (t.c.county, t.c.school);
            let loot = t.c.w.row("clerk", t.ledger);
            t.c.w.burn("admin", county, "reviewer", &[]);
            t.c.w.accept("reviewer", review(county, school), &[loot]);
            t.seen(loot)
        },
    ),
    HERE.attack(
        "accepts_for_another_school",
        "在一校的审核里采信另一校的条目",
        "accepts, in the review of one school, entries of another",
        BURNT,
        Off(Check::AcceptScope),
        |_| {
            let mut t = Thief::new();
            let (county, second) = (t.c.county, t.c.second);
            let loot = t.c.w.row("clerk", t.ledger);
            t.c.w.accept("reviewer", review(county, second), &[loot]);
            t.seen(loot)
        },
    ),
    HERE.attack(
        "another_county_accepts",
        "别县管理员在自己的登记册里采信",
        "an admin of another county accepts in his registry",
        ENDED,
        Off(Check::AcceptScope),
        |_| {
            let mut c = Counties::new();
            let (ledger, county, other) = (ledger_of(c.school), c.county, c.other);
            let grant = c.w.grant_in("clerk", ledger).unwrap();
            let loot = c.w.row("clerk", ledger);
            c.w.end("admin", county, grant, Day(DAY.0 - 1), &[]);
            c.w.accept("other-admin", registry(other), &[loot]);
            finding(&c.w, loot)
        },
    ),
    HERE.attack(
        "another_county_grants_and_accepts",
        "别县管理员先给离任的台账员授一个本县的岗位, 再采信其离任后的条目",
        "an admin of another county grants a clerk who left a role there, and then accepts what she goes on to write",
        ENDED,
        Off(Check::StrangersGranted),
        |_| {
            let mut c = Counties::new();
            let (ledger, county, other, foreign) = (ledger_of(c.school), c.county, c.other, c.foreign);
            let grant = c.w.grant_in("clerk", ledger).unwrap();
            let loot = c.w.row("clerk", ledger);
            c.w.end("admin", county, grant, Day(DAY.0 - 1), &[]);
            c.w.grant("other-admin", other, "clerk", Role::Clerk, foreign);
            c.w.accept("other-admin", registry(other), &[loot]);
            finding(&c.w, loot)
        },
    ),
    HERE.attack(
        "writes_after_leaving",
        "离任后继续写",
        "a clerk goes on writing after she left",
        ENDED,
        Off(Check::EndActs),
        |_| ended("clerk", |c| ledger_of(c.school), 20),
    ),
    HERE.attack(
        "reviewer_dates_back",
        "审核员离任后倒签日期",
        "a reviewer who left dates a decision back to before",
        ENDED,
        Off(Check::EndPositions),
        |_| ended("reviewer", |c| review(c.county, c.school), 1),
    ),
    HERE.attack(
        "another_county_ends",
        "别县管理员终止本县台账员的授权",
        "an admin of another county ends a clerk's grant",
        Outcome::NoEffect,
        Off(Check::EndOwnRegistry),
        |_| {
            let mut c = Counties::new();
            let ledger = ledger_of(c.school);
            let grant = c.w.grant_in("clerk", ledger).unwrap();
            let other = c.other;
            c.w.end("other-admin", other, grant, DAY, &[]);
            c.w.it_is(Day(DAY.0 + 30));
            let honest = c.w.row("clerk", ledger);
            untouched(&c.w, honest)
        },
    ),
    HERE.attack(
        "invite_used_twice",
        "抄下邀请, 等本人入网并被采信后再用一次",
        "copies an invite and uses it after the newcomer's use was accepted",
        ENDED,
        Off(Check::InviteUsedUp),
        |_| {
            let mut c = Counties::new();
            let (county, school) = (c.county, c.school);
            let invite = c.w.invite("admin", county, "code", Role::Clerk, school);
            let first = c.w.join(&invite, "newcomer");
            c.w.accept("admin", registry(county), &[first]);
            let second = c.w.join(&invite, "thief");
            assert_eq!(c.w.standing(first), Standing::Stands);
            finding(&c.w, second)
        },
    ),
    HERE.attack(
        "fork_of_five",
        "在一处写出五个分支, 想撑大每个节点",
        "writes five branches at one place to make every node grow",
        Outcome::Finding("surplus"),
        Off(Check::Bug(Planted::BranchLimitIgnored)),
        |_| {
            let branches = forked(5);
            let found: Vec<Standing> = branches.1.iter().map(|id| branches.0.w.standing(*id)).collect();
            assert!(found.iter().filter(|s| **s == Standing::Stands).count() >= 4, "four are kept");
            if found.contains(&Standing::Surplus) { Outcome::Finding("surplus") } else { Outcome::GotThrough }
        },
    ),
    HERE.attack(
        "open_tips_without_end",
        "一个密钥在一份文档里开 300 条互不相接的日志, 撑大摘要和锁定",
        "begins 300 unlinked logs in one document, so that summaries, receipts and locks grow",
        Outcome::Finding("surplus"),
        Off(Check::OpenTips),
        |_| {
            let mut c = Counties::new();
            let ledger = ledger_of(c.school);
            let honest = c.w.row("principal", ledger);
            let grant = c.w.grant_in("clerk", ledger);
            let begin = |n| c.w.draft("clerk", ledger).run(run(n)).start(grant, None).sign();
            let logs: Vec<_> = (1..=300).map(begin).collect();
            let ids: Vec<EntryId> = logs.into_iter().map(|e| c.w.take(e)).collect();
            assert_eq!(c.w.standing(honest), Standing::Stands, "an honest entry is lost");
            let tips = c.w.ledger().open_tips(&ledger).len();
            let surplus = ids.iter().filter(|id| c.w.standing(**id) == Standing::Surplus).count();
            assert_eq!(tips + surplus, 301, "each log is one or the other");
            if tips <= OPEN_TIPS_MAX + 1 { Outcome::Finding("surplus") } else { Outcome::GotThrough }
        },
    ),
    HERE.attack(
        "fork_to_hide_an_entry",
        "分叉出另一条, 想让先前交出的一条消失",
        "forks a log so that an entry already handed over disappears",
        Outcome::Finding("fork"),
        Off(Check::EveryBranch),
        |_| {
            let (c, branches) = forked(2);
            let hidden = branches.iter().any(|id| c.w.standing(*id) != Standing::Stands);
            assert_eq!(c.w.ledger().forks().count(), 1, "the proof is kept");
            if hidden { Outcome::GotThrough } else { Outcome::Finding("fork") }
        },
    ),
    HERE.attack(
        "branches_to_drive_out_what_was_approved",
        "在台账员日志的开头再造四条编号更小的分支, 想把已审核通过的记录挤出去",
        "puts four branches with lower ids beside an approved entry, to drive it out",
        Outcome::NoEffect,
        Off(Check::DecidedKept),
        |_| {
            let mut c = Counties::new();
            let ledger = ledger_of(c.school);
            let mut heads = heads(&c, ledger, 5);
            let approved = heads.pop().map(|e| c.w.take(e)).unwrap();
            let target = DecisionTarget::Rows { document: ledger, rows: vec![(approved, Vec::new())] };
            let decision = Decision { target, verdict: Verdict::Approved, reason: None };
            c.w.write("reviewer", review(c.county, c.school), |p| _ = p.row(Decision::TYPE, &[], &decision.to_fields()));
            heads.into_iter().for_each(|e| _ = c.w.take(e));
            if c.w.standing(approved) == Standing::Stands { Outcome::NoEffect } else { Outcome::GotThrough }
        },
    ),
    HERE.attack(
        "clock_ten_years_off",
        "时钟慢十年或快十年, 想改变谁的记录算数",
        "writes with a clock ten years slow or fast, to change what counts",
        Outcome::NoEffect,
        Off(Check::ClockUnread),
        |_| {
            let mut c = Counties::new();
            let ledger = ledger_of(c.school);
            // Something that makes standing be judged at all.
            let other = c.other;
            c.w.burn("other-admin", other, "foreign-clerk", &[]);
            let mut ids = vec![c.w.row("clerk", ledger)];
            for days in [0, 2 * 3650] {
                c.w.it_is(Day(DAY.0 - 3650 + days));
                ids.push(c.w.row("clerk", ledger));
                ids.push(c.w.row("principal", ledger));
            }
            c.w.agrees_in_every_order(4);
            if ids.iter().all(|id| c.w.standing(*id) == Standing::Stands) { Outcome::NoEffect } else { Outcome::GotThrough }
        },
    ),
];

/// The clerk's key was stolen after three honest entries; the county burnt it up to there.
struct Thief {
    c: Counties,
    ledger: DocId,
    honest: Vec<EntryId>,
}

impl Thief {
    fn new() -> Self {
        let mut c = Counties::new();
        let (ledger, county) = (ledger_of(c.school), c.county);
        let honest: Vec<EntryId> = (0..3).map(|_| c.w.row("clerk", ledger)).collect();
        c.w.burn("admin", county, "clerk", &honest[2..]);
        Self { c, ledger, honest }
    }

    /// What the thief wrote, after a look at what the clerk wrote.
    fn seen(&self, loot: EntryId) -> Outcome {
        for id in &self.honest {
            assert_eq!(self.c.w.standing(*id), Standing::Stands, "an honest entry is lost");
        }
        finding(&self.c.w, loot)
    }
}

/// What it counts as.
pub(super) fn finding(w: &World, loot: EntryId) -> Outcome {
    match w.standing(loot) {
        Standing::Stands => Outcome::GotThrough,
        other => Outcome::Finding(other.word()),
    }
}

/// The attack was to make an honest entry count as nothing.
fn untouched(w: &World, honest: EntryId) -> Outcome {
    if w.standing(honest) == Standing::Stands { Outcome::NoEffect } else { Outcome::GotThrough }
}

/// Somebody's grant ended on the tenth day with what was written until then; then comes an entry of this day.
fn ended(who: &str, document: fn(&Counties) -> DocId, on: u32) -> Outcome {
    let mut c = Counties::new();
    let document = document(&c);
    let honest = c.w.row(who, document);
    let (grant, county) = (c.w.grant_in(who, document).unwrap(), c.county);
    c.w.end("admin", county, grant, Day(DAY.0 + 10), &[honest]);
    c.w.it_is(Day(DAY.0 + on));
    let late = c.w.row(who, document);
    assert_eq!(c.w.standing(honest), Standing::Stands, "an honest entry is lost");
    finding(&c.w, late)
}

/// So many entries of the clerk at one place, lowest first; not handed over.
fn heads(c: &Counties, ledger: DocId, branches: u8) -> Vec<SignedEntry> {
    let place = c.w.draft("clerk", ledger);
    let field = |n| [0x81, 0x61, b'a' + n];
    let mut heads: Vec<SignedEntry> =
        (0..branches).map(|n| place.clone().payload(|p| _ = p.row(PLAN, &[], &field(n))).sign()).collect();
    heads.sort_by_key(|e| e.id);
    heads
}

/// So many entries of the clerk at one place, and one honest entry of somebody else.
fn forked(branches: u8) -> (Counties, Vec<EntryId>) {
    let mut c = Counties::new();
    let ledger = ledger_of(c.school);
    let honest = c.w.row("principal", ledger);
    c.w.row("clerk", ledger);
    let ids = heads(&c, ledger, branches).into_iter().map(|e| c.w.take(e)).collect();
    assert_eq!(c.w.standing(honest), Standing::Stands, "an honest entry is lost");
    (c, ids)
}
