//! Who announces what.

use std::path::Path;

use taizhang_core::rows::ActivityKind;

use super::*;
use crate::commands::testkit::activity;

/// The county's list, imported by a school in its place, would take the hours of every one of its teachers.
#[test]
fn a_school_announces_neither_what_is_the_countys_nor_under_a_number_of_the_county() {
    let (mut net, _) = Net::below_a_city();
    let refusals = |net: &mut Net, kind: &str, path: &Path| {
        let error = refused(net, "clerk", of(kind, &[path.to_owned()], Some("001")));
        let report = error.details.clone().unwrap_or_else(|| panic!("{error:?}"))["files"][0].clone();
        assert_eq!(counts(&report)[1], 0);
        report["findings"].as_array().unwrap().iter().filter(|f| f["severity"] == "stops").cloned().collect::<Vec<_>>()
    };
    let found = refusals(&mut net, "activities", &data("activities.csv"));
    assert_eq!((found.len(), &found[0]["kind"]), (12, &"announcer_not_competent".into()));
    let said = (found[0]["zh"].as_str().unwrap(), found[0]["en"].as_str().unwrap());
    assert!(said.0.starts_with("区县级培训须由区县发布, 由 001 发布的不计学时"), "{said:?}");
    assert!(said.1.contains("announced by 001 it earns no hours"), "{said:?}");
    // Lines of an export bring it in no more than the sheet does.
    let (_, fields) = activity("X1", ActivityKind::Online, None);
    let notice = net.put("office", net.notice(), &(Activity::TYPE, fields));
    let mut line = net
        .run(
            "clerk",
            &Command::Export { kind: "activities".into(), org: None, year: None, format: Format::Jsonl, gbk: false, out: None },
        )
        .unwrap()
        .lines
        .into_iter()
        .find(|l| l["row"] == notice.to_string())
        .unwrap();
    line["document"] = "001/ledger/2025".into();
    let lines = file(&net, "lines.jsonl", &line.to_string());
    assert_eq!(refusals(&mut net, "rows", &lines)[0]["kind"], "announcer_not_competent");
    // Of the right level, and under a number that the county announced this year; another year's is free.
    let sheet = |no: &str, day: &str| {
        format!(
            "活动编号,活动名称,组织单位,组织级别,培训类别,开始日期,结束日期,计划学时\n{no},公开课,本校,校级,校本培训,{day},{day},8\n"
        )
    };
    let taken = file(&net, "taken.csv", &sheet("X1", "2025-03-01"));
    let found = refusals(&mut net, "activities", &taken);
    assert_eq!(found[0]["kind"], "announced_above");
    assert!(found[0]["zh"].as_str().unwrap().starts_with("编号 X1 已由 429801 发布"), "{}", found[0]);
    for free in [sheet("X1", "2024-03-01"), sheet("X2", "2025-03-01")] {
        let path = file(&net, "free.csv", &free);
        net.data("clerk", &Command::Import(of("activities", &[path], Some("001"))));
    }
    // The county announces its own, and not the city's.
    net.start_again_as(net.county);
    import(&mut net, "office", "activities", "activities.csv", None);
    let city = file(&net, "city.csv", &sheet("C1", "2025-03-01").replace("校级", "市级"));
    assert!(
        refused(&mut net, "office", of("activities", &[city], None)).details.unwrap().to_string().contains("市级培训须由市发布")
    );
}
