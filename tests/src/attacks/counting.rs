//! What counts: decisions and their rivals, squatted ids, plans, policies, rollups, certificates.

use sha2::{Digest, Sha256};
use taizhang_core::{
    id::{AttachmentId, DocId, Kind, NetworkId},
    key::SecretKey,
    op::RowName,
    planted::{Check, Planted},
    rows::{
        Adopt, Decision, DecisionTarget, Lock, PlanVerdict, PolicyText, Registration, Rollup, RowType, Sheet, Teacher, Verdict,
        field::Bytes,
    },
    standing::Judge,
    tips,
    units::Day,
    view::{DocumentView, decision::Decisions, matter::Matters},
};
use taizhang_rules::{
    RULES_VERSION,
    case::{Audit, Stage},
    certificate::{Claims, Statement, commitment, network_prefix},
    policy::library,
    rollup::{Inputs, Lines, check},
};

use super::{
    Attack, Outcome,
    Removal::Off,
    Theme,
    county::{Net, Row, Who, activity, day, decision, plan_decision, registration, row, status, teacher},
};

const HERE: Theme = Theme::Counting;

pub(super) const TABLE: &[Attack] = &[
    HERE.attack(
        "row_in_the_wrong_document",
        "把教师登记行写进台账, 绕过花名册",
        "writes a teacher into the ledger, past the roster",
        Outcome::NoEffect,
        Off(Check::RowBelongs),
        |_| {
            let mut n = Net::new();
            n.put(Who::Clerk, n.hours(), &teacher("T9", "2000-09-01"));
            let views = views(&n);
            let matters = Matters::build(&views);
            if matters.of_type(n.hours(), Teacher::TYPE).count() == 0 { Outcome::NoEffect } else { Outcome::GotThrough }
        },
    ),
    HERE.attack(
        "decides_about_another_county",
        "别县审核员批准本县学校的学时",
        "a reviewer of another county approves a school's hours",
        Outcome::Finding("not_above"),
        Off(Check::DecisionAbove),
        |_| {
            let mut n = Net::new();
            let claimed = n.put(Who::Clerk, n.hours(), &registration("A1", "T1", 4000));
            let review = DocId::about(n.other_county, Kind::Review, 2010, n.school);
            n.put(Who::OtherReviewer, review, &decision(n.hours(), &[claimed], Verdict::Approved));
            decided(&n, claimed, "pending")
        },
    ),
    HERE.attack(
        "approves_what_the_city_rejected",
        "市里已驳回, 县里另写一份批准",
        "a county approves beside the city's rejection, without replacing it",
        Outcome::Finding("undecided"),
        Off(Check::RivalDecisions),
        |_| {
            let mut n = Net::new();
            let claimed = n.put(Who::Clerk, n.hours(), &registration("A1", "T1", 4000));
            n.put(Who::CityReviewer, n.city_review(n.school), &decision(n.hours(), &[claimed], Verdict::Rejected));
            n.put(Who::CountyReviewer, n.review(), &decision(n.hours(), &[claimed], Verdict::Approved));
            match word(&n, claimed) {
                "undecided" => Outcome::Finding("undecided"),
                _ => Outcome::GotThrough,
            }
        },
    ),
    HERE.attack(
        "squats_a_natural_id",
        "对同一教师同一活动另写一份更高的学时",
        "writes another registration of the same teacher and activity, with more hours",
        Outcome::Finding("rivals"),
        Off(Check::RivalContents),
        |_| {
            let mut n = Net::new();
            let first = n.put(Who::Clerk, n.hours(), &registration("A1", "T1", 800));
            n.put(Who::Clerk, n.hours(), &registration("A1", "T1", 4000));
            if is_settled(&n, first) { Outcome::GotThrough } else { Outcome::Finding("rivals") }
        },
    ),
    HERE.attack(
        "slash_in_an_id",
        "在编号里放斜杠, 使自己的行与别人的登记同号",
        "puts a slash into a number, so that the row becomes a rival of another registration",
        Outcome::NoEffect,
        Off(Check::IdParts),
        |_| {
            let mut n = Net::new();
            let honest = n.put(Who::Clerk, n.hours(), &registration("2010/7", "T1", 800));
            n.put(Who::Clerk, n.hours(), &registration("2010", "7/T1", 4000));
            if is_settled(&n, honest) { Outcome::NoEffect } else { Outcome::GotThrough }
        },
    ),
    HERE.attack(
        "another_sheet_than_shown",
        "让审核员签下的批准指向另一份内容",
        "has a reviewer sign for a sheet of another content than the one shown",
        Outcome::Finding("digest_mismatch"),
        Off(Check::SheetDigest),
        |_| {
            let mut n = Net::new();
            let sheet = Sheet {
                activity: None,
                sessions: None,
                rows: 1,
                opened_day: None,
                closed_day: None,
                source_file: Some([7; 32]),
                reason: None,
            };
            let sheet = n.put_all(Who::Clerk, n.hours(), &[row(&sheet), registration("A1", "T1", 4000)]);
            let target = DecisionTarget::Sheet { sheet: sheet.in_document(n.hours()), digest: [9; 32] };
            n.put(Who::CountyReviewer, n.review(), &row(&Decision { target, verdict: Verdict::Approved, reason: None }));
            decided(&n, RowName { index: 1, ..sheet }, "pending")
        },
    ),
    HERE.attack(
        "clerk_decides_a_plan",
        "县里的经办人自己批准计划",
        "a county's clerk approves a plan in the notice",
        Outcome::NoEffect,
        Off(Check::PlanReviewer),
        |_| {
            let mut n = Net::new();
            let plan = n.put(Who::CountyClerk, n.notice(), &activity("A1"));
            n.put(Who::CountyClerk, n.notice(), &plan_decision(plan.here(), PlanVerdict::Approved, "2010-07-01", false));
            let author = n.written.last().unwrap().header.log.key;
            if n.ledger.registry.is_reviewer(author, n.county) { Outcome::GotThrough } else { Outcome::NoEffect }
        },
    ),
    HERE.attack(
        "writes_after_the_lock",
        "年度锁定后补写一条, 日期写在锁定之前",
        "writes a registration after the year was locked, dated before the lock",
        Outcome::Finding("after_lock"),
        Off(Check::Bug(Planted::LockIgnored)),
        |_| {
            let mut n = with_activity();
            n.lock();
            n.put(Who::Clerk, n.hours(), &registration("A1", "T1", 4000));
            if claimed(&n) == 0 { Outcome::Finding("after_lock") } else { Outcome::GotThrough }
        },
    ),
    HERE.attack(
        "decides_after_the_lock",
        "年度锁定后才批准",
        "approves after the year was locked",
        Outcome::Finding("after_lock"),
        Off(Check::Bug(Planted::LockIgnored)),
        |_| {
            let mut n = with_activity();
            let row = n.put(Who::Clerk, n.hours(), &registration("A1", "T1", 4000));
            n.lock();
            n.put(Who::CountyReviewer, n.review(), &decision(n.hours(), &[row], Verdict::Approved));
            let case = n.facts().case("T1", day("2011-12-31")).unwrap();
            let is_approved = case.registrations.iter().any(|r| r.audit == Audit::Approved);
            if is_approved { Outcome::GotThrough } else { Outcome::Finding("after_lock") }
        },
    ),
    HERE.attack(
        "another_county_locks",
        "别县以空名单锁定本县学校的年度",
        "another county locks a school's year before anything was written",
        Outcome::NoEffect,
        Off(Check::LockAbove),
        |_| {
            let mut n = with_activity();
            let list = n.ledger.closing(n.school, 2010);
            let tips = AttachmentId(Sha256::digest(tips::to_bytes(&list)).into());
            let lock = Lock { year: 2010, day: day("2011-01-20"), tips_root: tips::root(&list), tips, reason: None };
            n.keep(tips, tips::to_bytes(&list));
            n.put(Who::OtherReviewer, DocId::about(n.other_county, Kind::Review, 2010, n.school), &row(&lock));
            n.put(Who::Clerk, n.hours(), &registration("A1", "T1", 4000));
            if claimed(&n) == 1 { Outcome::NoEffect } else { Outcome::GotThrough }
        },
    ),
    HERE.attack(
        "rival_adoption",
        "同一天另采用一个更宽松的政策",
        "adopts a laxer policy from the same day",
        Outcome::Finding("adoption_undecided"),
        Off(Check::RivalAdoptions),
        |_| {
            let mut n = Net::new();
            for id in ["wuhan-2008", "shandong-2015"] {
                let toml = library::by_id(id).unwrap();
                n.put(Who::CityOfficer, n.policy(), &row(&text_of(id, toml, toml)));
                n.put(Who::CityOfficer, n.policy(), &row(&adopt(id, toml)));
            }
            adopted(&n, "adoption_undecided")
        },
    ),
    HERE.attack(
        "policy_text_exchanged",
        "采用的政策不变, 换掉它的正文",
        "exchanges the text of an adopted policy",
        Outcome::Finding("policy_text_differs"),
        Off(Check::PolicyText),
        |_| {
            let mut n = Net::new();
            let (named, given) = (library::by_id("wuhan-2008").unwrap(), library::by_id("shandong-2015").unwrap());
            n.put(Who::CityOfficer, n.policy(), &row(&text_of("wuhan-2008", named, given)));
            n.put(Who::CityOfficer, n.policy(), &row(&adopt("wuhan-2008", named)));
            adopted(&n, "policy_text_differs")
        },
    ),
    HERE.attack(
        "rollup_of_other_lines",
        "汇总附件不是所签的那一份",
        "puts other lines beside a signed rollup",
        Outcome::Finding("rollup"),
        Off(Check::RollupAttachments),
        |_| rollup(|r| r.lines = AttachmentId([9; 32])),
    ),
    HERE.attack(
        "rollup_with_a_false_root",
        "汇总所签的输入根与名单不符",
        "signs a root that is not that of the inputs",
        Outcome::Finding("rollup"),
        Off(Check::RollupRoots),
        |_| rollup(|r| r.inputs_root = [9; 32]),
    ),
    HERE.attack(
        "rollup_with_false_totals",
        "汇总总数大于各行之和",
        "signs totals that are not the sums of the lines",
        Outcome::Finding("rollup"),
        Off(Check::RollupSums),
        |_| rollup(|r| r.totals[0].1 += 40),
    ),
    HERE.attack(
        "certificate_with_another_name",
        "把证书上的姓名换成自己的",
        "puts another name into a certificate",
        Outcome::Finding("certificate"),
        Off(Check::CertificateSigned),
        |_| certificate(|s| s.name = "李四".into()),
    ),
    HERE.attack(
        "certificate_with_more_hours",
        "改高证书上的学时",
        "puts more hours into a certificate",
        Outcome::Finding("certificate"),
        Off(Check::CertificateSigned),
        |_| certificate(|s| s.claims.h100_lines[0].1 += 16_000),
    ),
    HERE.attack(
        "certificate_of_another_network",
        "把演示网络签的证书改头换面拿来用",
        "relabels a certificate that another network signed",
        Outcome::Finding("certificate"),
        Off(Check::CertificateSigned),
        |_| {
            certificate(|s| {
                let key = SecretKey::from_seed([9; 32]);
                s.signature = s.claims.sign(&NetworkId([8; 32]), &key, &s.commitment());
            })
        },
    ),
    HERE.attack(
        "commitment_used_again",
        "把一张证书的姓名承诺用到另一张证书上",
        "uses one certificate's commitment to a name for another number",
        Outcome::NoEffect,
        Off(Check::CertificateNumber),
        |_| {
            let of = |no| commitment(&[5; 16], no, "王芳");
            if of("429801-2012-00042") == of("429801-2012-00043") { Outcome::GotThrough } else { Outcome::NoEffect }
        },
    ),
];

/// A teacher and an activity.
fn with_activity() -> Net {
    let mut n = Net::new();
    n.put(Who::Clerk, n.roster(), &teacher("T1", "2000-09-01"));
    n.put(Who::Clerk, n.roster(), &status("T1", "stage", "primary", "2000-09-01"));
    n.put(Who::CountyClerk, n.notice(), &activity("A1"));
    n
}

/// Registrations that the engine is given.
fn claimed(n: &Net) -> usize {
    n.facts().case("T1", day("2011-12-31")).unwrap().registrations.len()
}

fn views(n: &Net) -> Vec<DocumentView> {
    let judge = Judge::new(&n.ledger);
    n.ledger.documents().map(|d| DocumentView::build(&n.ledger, &judge, *d, n.written.iter())).collect()
}

fn word(n: &Net, row: RowName) -> &'static str {
    let views = views(n);
    Decisions::build(&views, &Matters::build(&views), &n.ledger).approval(&[row]).word()
}

/// The row is as before, and the decision is shown with its problem.
fn decided(n: &Net, row: RowName, before: &str) -> Outcome {
    let views = views(n);
    let decisions = Decisions::build(&views, &Matters::build(&views), &n.ledger);
    match decisions.findings.first() {
        Some(found) if decisions.approval(&[row]).word() == before => Outcome::Finding(found.problem.word()),
        _ => Outcome::GotThrough,
    }
}

/// Does the matter of a registration have one content?
fn is_settled(n: &Net, row: RowName) -> bool {
    let views = views(n);
    let matters = Matters::build(&views);
    let id = matters.natural_id(row).unwrap();
    matters.get(n.hours(), Registration::TYPE, id).unwrap().settled().is_some()
}

fn text_of(id: &str, named: &[u8], given: &[u8]) -> PolicyText {
    let sha256 = Sha256::digest(named).into();
    PolicyText { id: id.into(), version: "1".into(), sha256, toml: Bytes(given.to_vec()), reason: None }
}

fn adopt(id: &str, toml: &[u8]) -> Adopt {
    let sha256 = Sha256::digest(toml).into();
    let (id, version, effective_day) = (id.into(), "1".into(), day("2008-01-01"));
    Adopt { id, version, sha256, effective_day, stages: vec!["primary".into()], orgs: None, overlay_of: None, reason: None }
}

fn adopted(n: &Net, word: &'static str) -> Outcome {
    let adoptions = n.facts().adoptions(n.school, Stage::Primary);
    let is_open = adoptions.open.iter().any(|o| o.what == word);
    if is_open && adoptions.adopted.is_empty() { Outcome::Finding(word) } else { Outcome::GotThrough }
}

/// A rollup of nothing, bent.
fn rollup(bend: fn(&mut Rollup)) -> Outcome {
    let (inputs, lines) = (Inputs::default(), Lines::default());
    let of = |bytes: Vec<u8>| AttachmentId(Sha256::digest(bytes).into());
    let mut row = Rollup {
        period: 2010,
        as_of: Day(14_974),
        policy_id: None,
        policy_sha256: None,
        rules_version: RULES_VERSION,
        inputs_root: inputs.root(),
        inputs: of(inputs.to_bytes()),
        lines_root: lines.root(),
        lines: of(lines.to_bytes()),
        teachers: 0,
        teachers_root: Some(lines.teachers_tree().root()),
        totals: lines.totals(),
        reason: None,
    };
    let problems = |row: &Rollup| check::agreement(row, &inputs.to_bytes(), &lines.to_bytes()).1.len();
    assert_eq!(problems(&row), 0, "an honest one agrees with itself");
    bend(&mut row);
    if problems(&row) > 0 { Outcome::Finding("rollup") } else { Outcome::GotThrough }
}

/// A certificate of this network, bent.
fn certificate(bend: fn(&mut Statement)) -> Outcome {
    let network = NetworkId([7; 32]);
    let claims = Claims {
        no: "429801-2012-00042".into(),
        teacher: "4298010800012003".into(),
        policy_id: "wuhan-2008".into(),
        policy: [3; 8],
        years: (2008, 2012),
        h100_lines: vec![("concentrated".into(), 16_000)],
        day: Day(15_700),
    };
    let (key, salt) = (SecretKey::from_seed([9; 32]), [5; 16]);
    let signature = claims.sign(&network, &key, &commitment(&salt, &claims.no, "王芳"));
    let (network_8, name) = (network_prefix(&network), "王芳".to_owned());
    let mut statement = Statement { network: network_8, claims, key: key.public(), name, salt, signature };
    assert!(statement.verify(&network).is_ok(), "an honest one is good");
    bend(&mut statement);
    let read = Statement::read_text(&statement.text().unwrap()).unwrap();
    if read.verify(&network).is_err() { Outcome::Finding("certificate") } else { Outcome::GotThrough }
}

/// Rows here are of the county kit's form.
const _: fn(&Registration) -> Row = row::<Registration>;
