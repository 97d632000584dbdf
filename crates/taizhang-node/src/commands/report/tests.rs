#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, reason = "tests")]
//! The sample files of the imports, approved as they claim, under the Wuhan policy from 2008; sums by hand from attendance.csv.

use std::path::PathBuf;

use serde_json::Value as Json;
use taizhang_core::{
    id::{DocId, Kind},
    op::PayloadBuilder,
    rows::{Appeal, AppealAnswer, AppealResult, AppealStage, Fund, FundSource},
    units::Day,
};

use crate::{
    command::{Command, Format, Import, Report},
    commands::testkit::{Net, registration, row},
    error::{CommandError, ErrorKind},
};

mod offices;

fn report(form: &str) -> Report {
    Report {
        form: form.to_owned(),
        format: Format::Jsonl,
        gbk: false,
        org: None,
        year: Some(2008),
        as_of: Some("2008-12-31".to_owned()),
        teacher: None,
        activity: None,
        english: false,
        public: false,
        out: None,
    }
}

fn import(net: &mut Net, who: &str, kind: &str, name: &str, org: Option<&str>) {
    let file = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/data").join(name);
    let signin = kind == "signin";
    let (year, activity) = (signin.then_some(2008), signin.then(|| "2198000001-2008-S1".to_owned()));
    let command = Import {
        kind: kind.to_owned(),
        files: vec![file],
        org: org.map(str::to_owned),
        year,
        semester: None,
        activity,
        dry_run: false,
        skip_bad_rows: true,
    };
    net.data(who, &Command::Import(command));
}

/// A city with its school 001, everything imported and approved.
fn filled() -> Net {
    let mut net = Net::city();
    let adopt = Command::PolicyAdopt {
        policy: "wuhan-2008".into(),
        from: "2008-01-01".into(),
        overlay_of: None,
        stages: Vec::new(),
        orgs: Vec::new(),
        replace: false,
        reason: None,
    };
    net.data("officer", &adopt);
    sheets(&mut net);
    let approve = Command::ReviewDecide {
        verdict: "approve".into(),
        rows: Vec::new(),
        sheet: None,
        claimed: true,
        org: None,
        reason: None,
    };
    net.data("reviewer", &approve);
    net
}

fn sheets(net: &mut Net) {
    import(net, "clerk", "roster", "roster.csv", Some("001"));
    import(net, "office", "activities", "activities.csv", None);
    import(net, "clerk", "activities", "school-activities-gb18030.csv", Some("001"));
    import(net, "clerk", "attendance", "attendance.csv", Some("001"));
}

fn ask(net: &mut Net, who: &str, asked: Report) -> Json {
    net.data(who, &Command::Report(asked))
}

fn refused(net: &mut Net, asked: Report) -> CommandError {
    net.run("reviewer", &Command::Report(asked)).unwrap_err()
}

/// Rows as text: cells between bars, Chinese words.
fn rows(form: &Json) -> Vec<String> {
    form["rows"].as_array().unwrap().iter().map(line).collect()
}

fn line(row: &Json) -> String {
    let cell = |c: &Json| match c {
        Json::Null => String::new(),
        Json::String(text) => text.clone(),
        Json::Object(words) => words["zh"].as_str().unwrap().to_owned(),
        other => other.to_string(),
    };
    row.as_array().unwrap().iter().map(cell).collect::<Vec<_>>().join("|")
}

fn notes(form: &Json) -> Vec<&str> {
    form["notes"].as_array().unwrap().iter().map(|n| n["zh"].as_str().unwrap()).collect()
}

#[test]
fn form_09_equals_the_sums_by_hand() {
    let mut net = filled();
    let form = ask(&mut net, "reviewer", report("form-09"));
    assert_eq!(
        rows(&form),
        [
            "4298010000000003|1600|1000|2000|4000|0|8600|900|",
            // 16 of 20 h are one fifth absent.
            "4298010400000002|4800|1000|2000|2000|0|9800|1100|整个活动不计学时(WH-FORFEIT-FIFTH) 16学时",
            "4298010400000006|3200|1000|2000|3800|0|10000|1080|",
            "4298010800000005|9600|0|2000|0|0|11600|1400|整个活动不计学时(WH-FORFEIT-FIFTH) 12学时",
            // 31 h are 3.875 credits, floored.
            "4298018300000007|3100|1000|1800|4000|0|9900|1067|",
            "4298018900000004|3200|900|2000|3900|0|10000|1080|",
            "4298019400000001|3200|0|0|4000|0|7200|800|",
        ]
    );
    assert_eq!(line(&form["totals"]), "合计|28700|4900|11800|21700|0|67100|7427|");
    // The city's course of teacher …06 is announced nowhere here: its 80 h are in no figure.
    assert!(notes(&form).contains(&"另有 1 条登记的活动不明, 未计入"), "{:?}", notes(&form));
    assert_eq!((&form["form"], &form["columns"][1]["unit"]), (&Json::from("form-09"), &Json::from("h100")));
    assert_eq!(form["sections"][0], "第001小学");
    let one = ask(&mut net, "reviewer", Report { teacher: Some("4298019400000001".into()), year: None, ..report("form-09") });
    assert_eq!(rows(&one), ["4298019400000001|3200|0|0|4000|0|7200|800|"]);
}

#[test]
fn a_past_year_is_told_as_of_its_end_whatever_cycle_it_is_now() {
    let mut net = filled();
    for form in ["form-02", "form-09", "form-12", "form-14", "form-20"] {
        let at_its_end = ask(&mut net, "reviewer", report(form));
        assert_eq!(ask(&mut net, "reviewer", Report { as_of: None, ..report(form) }), at_its_end, "{form}");
        assert!(!notes(&at_its_end).iter().any(|n| n.contains("周期")), "{at_its_end}");
        // The cycle after, and the one before which there is none.
        for (day, is_outside) in [("2012-12-31", false), ("2013-01-10", true)] {
            let asked = ask(&mut net, "reviewer", Report { as_of: Some(day.into()), ..report(form) });
            let note = format!("截至 {day} 的周期不含或不全含 2008 年度, 涉及 8 人: 周期以外的学时未计入");
            assert_eq!(notes(&asked).contains(&note.as_str()), is_outside, "{form} {:?}", notes(&asked));
        }
    }
    let today = net.core.now().day();
    let coming = ask(&mut net, "reviewer", Report { year: Some(2099), as_of: None, ..report("form-01") });
    assert_eq!(coming["heading"][2]["value"], today.to_string(), "no day that is still to come");
}

#[test]
fn form_14_lists_every_gap() {
    let mut net = filled();
    let form = ask(&mut net, "reviewer", Report { year: None, ..report("form-14") });
    let lines = rows(&form);
    let of = |number: &str| lines.iter().filter(|l| l.starts_with(number)).cloned().collect::<Vec<_>>();
    // 32 h of 160 and 40 h of 200: 4 of 20 credits each.
    assert_eq!(
        of("4298019400000001"),
        [
            "4298019400000001|本周期集中培训差 16 学分(WH-MIN-CONC)|尚未截止",
            "4298019400000001|本周期非集中培训、学历教育差 16 学分(WH-MIN-NONCONC)|尚未截止",
        ]
    );
    // In service from August 2008: 53 of 60 months, 17.66 of 20 credits; 12 and 2 are reached.
    let new = of("4298010800000005");
    assert_eq!(new[0], "4298010800000005|本周期集中培训差 5.66 学分(WH-MIN-CONC)|尚未截止");
    assert_eq!(
        new[1],
        "4298010800000005|本周期非集中培训、学历教育差 15.66 学分(WH-MIN-NONCONC)|尚未截止;整个活动不计学时(WH-FORFEIT-FIFTH) 12学时"
    );
}

#[test]
fn form_02_has_every_registration_and_its_review() {
    let mut net = filled();
    let form = ask(&mut net, "reviewer", Report { org: Some("001".into()), ..report("form-02") });
    let lines = rows(&form);
    assert_eq!(lines.len(), 35);
    // By the file; of 779 h 80 wait, 28 are forfeited.
    assert_eq!(line(&form["totals"]), "合计||||||79800|77900||671||");
    let row = |part: &str| lines.iter().find(|l| l.contains(part) && l.contains("|1600|")).unwrap().clone();
    let forfeited = row("2008年春季学期校本培训");
    let (no, rest) = forfeited.split_once('|').unwrap();
    assert!(no.split_once('.').is_some_and(|(id, _)| id.len() == 12), "{no}");
    assert_eq!(rest, "2008-06-30|2008年春季学期校本培训|校级|校本|青林县太平镇明德完全小学|2000|1600|合格|0/0|clerk 岗|已审核");
    assert_eq!(lines.iter().filter(|l| l.ends_with("|待审核")).count(), 1, "the one whose activity is missing");
    assert_eq!(form["sections"], Json::Array(Vec::new()));
}

#[test]
fn form_03_has_the_accounts_own_sums() {
    let mut net = filled();
    let asked = || Report { teacher: Some("4298018300000007".into()), year: None, ..report("form-03") };
    let form = ask(&mut net, "reviewer", asked());
    let lines = rows(&form);
    assert_eq!(lines.len(), 5 + 3);
    assert!(lines.contains(&"2008|年度小计||||9900|1067||".to_owned()), "{lines:?}");
    assert!(lines.contains(&"2008|2008年暑期全员培训:教育信息技术应用|青林县教师进修学校|集中|2008-08-16 至 2008-08-19|3100|387|clerk 岗|reviewer 岗".to_owned()), "{lines:?}");
    assert_eq!(lines[6..], ["|周期累计||||9900|1067||", "|封顶剔除||||0|||"]);
    assert_eq!(refused(&mut net, Report { teacher: None, ..asked() }).kind, ErrorKind::Usage);
    assert_eq!(refused(&mut net, Report { teacher: Some("1".into()), ..asked() }).kind, ErrorKind::Usage);
}

#[test]
fn names_stand_only_where_this_person_opens_them() {
    let mut net = Net::new();
    sheets(&mut net);
    let later = Some("2010-06-30".to_owned());
    let first = |net: &mut Net, who: &str, form: &str| {
        rows(&ask(net, who, Report { year: None, as_of: later.clone(), ..report(form) }))[0].clone()
    };
    // Who imported the roster can open it; at a county of the birth date the year is shown.
    assert_eq!(first(&mut net, "clerk", "form-01"), "1|4298010900000000|韩光|男|1986|小学|信息科技|未评|大专|否|2009-08-20|");
    assert_eq!(
        first(&mut net, "office", "form-01"),
        "1|4298010900000000|4298010900000000|||小学|信息科技|未评|大专|否|2009-08-20|"
    );
    assert!(first(&mut net, "clerk", "form-09").starts_with("张海晨|"));
    // Whoever opens none is told why there are numbers.
    for (who, said) in [("office", true), ("clerk", false)] {
        let mut notes = Vec::new();
        let mut tell = |m| {
            if let crate::command::Message::Note(text) = m {
                notes.push(text.zh)
            }
        };
        super::super::execute(&mut net.core, &super::super::testkit::unlock(who), &Command::Report(report("form-01")), &mut tell)
            .unwrap();
        assert_eq!(notes.iter().any(|n| n.contains("姓名处写的是教师编号")), said, "{who}: {notes:?}");
    }
    // Not in service in 2008.
    let before = ask(&mut net, "clerk", report("form-01"));
    assert!(rows(&before).len() == 7 && rows(&before).iter().all(|l| !l.contains("韩光")));
    let whole = serde_json::to_string(&before).unwrap();
    assert!(!whole.contains("12031910983") && !whole.contains("429801197211020908"), "no phone, no ID number");
    // Without a policy there is no account to sum.
    assert_eq!(first(&mut net, "clerk", "form-09"), "张海晨|0|0|0|0|0|0||当时没有施行的办法(D-21) 86学时");
    // At a city nobody has names, whatever the keyring opens.
    let mut city = Net::city();
    sheets(&mut city);
    assert!(first(&mut city, "clerk", "form-01").starts_with("1|4298010900000000|4298010900000000|||小学|"));
}

#[test]
fn form_05_reads_marks_by_their_sheet() {
    let mut net = Net::new();
    sheets(&mut net);
    import(&mut net, "clerk", "signin", "signin.csv", Some("001"));
    let form = ask(&mut net, "office", report("form-05"));
    let columns = form["columns"].as_array().unwrap().len();
    assert!(columns > 8 && rows(&form).iter().all(|l| l.matches('|').count() + 1 == columns));
    assert_eq!(form["heading"][3]["value"], "2198000001-2008-S1");
    assert_eq!(refused(&mut net, Report { year: Some(1999), ..report("form-05") }).kind, ErrorKind::Usage);
    let none = ask(&mut net, "office", Report { activity: Some("nothing".into()), ..report("form-05") });
    assert_eq!(rows(&none), Vec::<String>::new());
}

#[test]
fn form_10_counts_what_no_review_states_yet() {
    let mut net = filled();
    let form = ask(&mut net, "reviewer", report("form-10"));
    assert_eq!(rows(&form), ["第001小学|35|34|0|0|||"]);
    assert_eq!(line(&form["totals"]), "合计|35|34|0|0|||");
}

#[test]
fn form_16_and_21_read_rows_of_ledgers_and_reviews() {
    let mut net = filled();
    let ledger = DocId::of_year(net.school, Kind::Ledger, 2008);
    let fund = Fund {
        period: 2008,
        source: FundSource::Special,
        base_fen: 0,
        due_fen: 10_000,
        arranged_fen: 8_000,
        travel_fen: 100,
        meals_fen: 0,
        materials_fen: 0,
        lodging_fen: 0,
        other_fen: 0,
        reason: None,
    };
    net.put("clerk", ledger, &row(&fund));
    let form = ask(&mut net, "reviewer", report("form-16"));
    assert_eq!((rows(&form), notes(&form)), (vec!["专项|10000|8000|100|0|0|0|7900".to_owned()], vec!["第001小学 专项 缺 20 元"]));
    let target = net.put("clerk", ledger, &registration("429801-2008-006", "4298019400000001", 1_000));
    let mut p = PayloadBuilder::default();
    let (number, fields) = registration("429801-2008-006", "4298019400000001", 900);
    p.row(number, &[target.here()], &fields);
    net.write("clerk", ledger, p);
    let appeal = Appeal {
        target: target.here(),
        teacher: Some("4298019400000001".into()),
        grounds: "少记".into(),
        wanted: "更正".into(),
        opened_day: Day::parse_iso("2008-07-01").unwrap(),
        evidence: None,
        reason: None,
    };
    let appeal = net.put("clerk", ledger, &row(&appeal)).in_document(ledger);
    let answer = |stage, result, day: &str| {
        row(&AppealAnswer { appeal, stage, result, opinion: day.into(), day: Day::parse_iso(day).unwrap(), reason: None })
    };
    let review = DocId::about(net.county, Kind::Review, 2008, net.school);
    net.put("reviewer", review, &answer(AppealStage::First, AppealResult::Upheld, "2008-07-10"));
    net.put("reviewer", review, &answer(AppealStage::Final, AppealResult::Changed, "2008-07-09"));
    let form = ask(&mut net, "reviewer", report("form-21"));
    let lines = rows(&form);
    assert_eq!(lines.len(), 2, "{lines:?}");
    let short = |name: &taizhang_core::op::RowName| taizhang_rules::report::short(name);
    assert!(lines.iter().any(|l| l.contains(&format!("|{}|clerk 岗|||", short(&target))) && l.contains("待审核")), "{lines:?}");
    assert!(
        lines
            .iter()
            .any(|l| l.ends_with(&format!("|{}|4298019400000001|少记||2008-07-09|变更(终局)|2008-07-09", short(&target)))),
        "{lines:?}"
    );
}

#[test]
fn every_form_can_be_asked_for_and_papers_say_what_they_are() {
    let mut net = filled();
    for number in 1..=21 {
        let asked = Report { teacher: (number == 3).then(|| "4298019400000001".into()), ..report(&format!("form-{number:02}")) };
        let answer = net.run("reviewer", &Command::Report(asked.clone()));
        match (number, answer) {
            (7 | 8, Err(e)) => assert_eq!((e.kind, e.kind.exit_code()), (ErrorKind::Usage, 2)),
            // Nobody signed in.
            (5, Err(e)) => assert_eq!(e.kind, ErrorKind::Usage),
            (n, Ok(reply)) => assert!(n != 7 && n != 8 && !reply.data["columns"].as_array().unwrap().is_empty()),
            (n, Err(e)) => panic!("form {n}: {e}"),
        }
        if ![5, 7, 8].contains(&number) {
            let csv = net.data("reviewer", &Command::Report(Report { format: Format::Csv, english: true, ..asked }));
            assert!(csv["text"].as_str().unwrap().starts_with('\u{feff}'), "form {number}");
        }
    }
    for named in ["form-22", "0", "", "form-xx"] {
        assert_eq!(refused(&mut net, report(named)).kind, ErrorKind::Usage, "{named}");
    }
    for asked in [
        Report { org: Some("nowhere".into()), ..report("form-09") },
        Report { as_of: Some("2008-13-01".into()), ..report("form-09") },
        Report { format: Format::Xlsx, ..report("form-09") },
        Report { gbk: true, ..report("form-09") },
    ] {
        assert_eq!(refused(&mut net, asked).kind, ErrorKind::Usage);
    }
}

#[test]
fn the_public_sees_no_teachers_and_no_small_numbers() {
    let mut net = filled();
    for number in [1, 2, 3, 5, 9, 11, 13, 14, 15, 19, 21] {
        let error = refused(&mut net, Report { public: true, ..report(&number.to_string()) });
        assert_eq!(error.kind, ErrorKind::Refused, "{number}");
    }
    // Seven with hours: 72 h; 86, 98, 100, 99, 100 h; 116 h.
    assert_eq!(rows(&ask(&mut net, "reviewer", report("form-20"))), ["7|0|1|5|1|0|0|0|7|6|0"]);
    let public = ask(&mut net, "reviewer", Report { public: true, ..report("form-20") });
    assert_eq!(rows(&public), ["7|0|<5|5|<5|0|0|0|7|6|0"]);
}

#[test]
fn files_are_written_whole() {
    let mut net = filled();
    let path = |name: &str| net.dir.path().join(name);
    let (csv, gbk, xlsx, json) = (path("a.csv"), path("b.csv"), path("c.xlsx"), path("d.json"));
    for (format, gbk, out) in
        [(Format::Csv, false, &csv), (Format::Csv, true, &gbk), (Format::Xlsx, false, &xlsx), (Format::Jsonl, false, &json)]
    {
        let reply = ask(&mut net, "reviewer", Report { format, gbk, out: Some(out.clone()), ..report("form-09") });
        assert_eq!((&reply["rows_n"], &reply["out"]), (&Json::from(7), &Json::from(out.display().to_string())));
    }
    let text = String::from_utf8(std::fs::read(&csv).unwrap()).unwrap();
    let lines: Vec<&str> = text.lines().collect();
    assert!(lines[0].starts_with("\u{feff}学时学分登记汇总表  单位:某市  年度:2008  截至:2008-12-31"), "{}", lines[0]);
    assert_eq!(
        lines[1..4],
        ["姓名,集中,非集中,网络,校本,学历,合计学时,折合学分,剔除原因", "第001小学", "4298010000000003,16,10,20,40,0,86,9,"]
    );
    assert!(
        lines.contains(&"4298018300000007,31,10,18,40,0,99,10.67,") && lines.contains(&"合计,287,49,118,217,0,671,74.27,"),
        "{text}"
    );
    assert!(std::fs::read(&gbk).unwrap().windows(4).any(|w| w == [0xD0, 0xD5, 0xC3, 0xFB]), "姓名 in GB18030");
    assert!(std::fs::read(&xlsx).unwrap().starts_with(b"PK"));
    let whole: Json = serde_json::from_slice(&std::fs::read(&json).unwrap()).unwrap();
    assert_eq!((&whole["schema"], whole["rows"].as_array().unwrap().len()), (&Json::from("taizhang.report/1"), 7));
}
