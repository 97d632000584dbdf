//! What is wrong with a rollup: for scripts in words that stay, for people in their language, with hours where the line holds hundredths.

use taizhang_core::id::EntryId;
use taizhang_rules::rollup::check::{Difference, LineName};

use super::super::shown;
use crate::{core::Core, error::Text, said};

/// Something that is not as the rollup says.
#[derive(Clone, Debug)]
pub(crate) struct Problem {
    /// For scripts.
    pub(crate) said: String,
    /// For people.
    pub(crate) text: Text,
}

impl From<String> for Problem {
    fn from(said: String) -> Self {
        Self { text: said::text(&said), said }
    }
}

impl Problem {
    /// Of what a rollup that this one replaces had counted.
    pub(super) fn left_out(tip: EntryId, document: &str, earlier: EntryId) -> Self {
        let said = format!("left out: entry {tip} of {document}, which rollup {earlier} had counted");
        Self { text: Text::new(format!("漏掉了 {document} 的条目 {tip}, 汇总 {earlier} 曾计入"), &said), said }
    }
}

/// What a line says and what the inputs give.
pub(super) fn of(core: &Core, difference: &Difference) -> Problem {
    match difference {
        Difference::Line { line, published } => {
            let line = line_of(core, line);
            let (zh, en) = if *published {
                ("已公布, 但依据中没有", "published, but the inputs give none")
            } else {
                ("缺少此行", "missing")
            };
            let said = format!("{}: {en}", line.en);
            Problem { text: Text::new(format!("{}: {zh}", line.zh), &said), said }
        }
        Difference::Number { line, name, published, recomputed } => {
            let line = line_of(core, line);
            let said = format!("{}: {name} is published as {published}, the inputs give {recomputed}", line.en);
            let (published, recomputed) = (figure(name, *published), figure(name, *recomputed));
            let zh = format!("{}: {}公布为 {}, 按依据应为 {}", line.zh, name_zh(name), published.zh, recomputed.zh);
            let en = format!("{}: {name} is published as {}, the inputs give {}", line.en, published.en, recomputed.en);
            Problem { text: Text::new(zh, en), said }
        }
        Difference::Teacher { index, line: Some(line) } => {
            let (number, school, standing) = (&line.number, shown::org(core, line.school), line.standing.describe());
            let en = format!("teacher line {index}: not the one of teacher {number} of {school} as the inputs give it");
            let text = Text::new(format!("教师行 {index}: 与依据中 {school} 的教师 {number} 不符"), &en);
            Problem { text, said: format!("{en}: {standing}") }
        }
        Difference::Teacher { index, line: None } => {
            let said = format!("teacher line {index}: the inputs give none");
            Problem { text: Text::new(format!("教师行 {index}: 依据中没有"), &said), said }
        }
    }
}

fn line_of(core: &Core, line: &LineName) -> Text {
    match line {
        LineName::School(school) => {
            let code = shown::org(core, *school);
            Text::new(format!("{code} 一行"), format!("line of {code}"))
        }
        LineName::Place(what, org, name) => {
            let of = org.map(|o| shown::org(core, o));
            let (zh, en) = of.map_or_else(Default::default, |o| (format!("{o} "), format!(" of {o}")));
            Text::new(format!("{zh}{name} 一行 ({})", name_zh(what)), format!("line {what} {name}{en}"))
        }
    }
}

/// A figure of a line with its unit.
fn figure(name: &str, n: i64) -> Text {
    let base = name.split('.').next().unwrap_or(name);
    let with = |zh: &str, en: &str| {
        let sign = if n < 0 { "-" } else { "" };
        let decimal = match (n.unsigned_abs() / 100, n.unsigned_abs() % 100) {
            (whole, 0) => format!("{sign}{whole}"),
            (whole, rest) if rest % 10 == 0 => format!("{sign}{whole}.{}", rest / 10),
            (whole, rest) => format!("{sign}{whole}.{rest:02}"),
        };
        Text::new(format!("{decimal} {zh}"), format!("{decimal} {en}"))
    };
    match base.rsplit('_').next() {
        Some("h100") => with("学时", "h"),
        Some("fen") => with("元", "yuan"),
        _ => n.to_string().into(),
    }
}

/// What a figure counts; the part behind a dot is whose it is.
fn name_zh(name: &str) -> String {
    let (base, of) = name.split_once('.').map_or((name, String::new()), |(base, of)| (base, format!(" ({of}) ")));
    let zh = match base {
        "roster" => "花名册人数",
        "teachers" => "教师人数",
        "enrolled" => "在册教师",
        "trained" => "参训人数",
        "open" => "未决",
        "newer" => "新版本写入",
        "plans" => "方案",
        "plans_in_time" => "按时报送方案",
        "audits_done" => "已审核",
        "returned" => "退回",
        "findings" => "发现",
        "records" => "登记",
        "approved" => "已通过",
        "recorded_h100" => "登记学时",
        "approved_h100" => "认定学时",
        "recognised_h100" => "认定学时(按办法)",
        "met" | "category_met" => "达标",
        "not_met" => "未达标",
        "on_track" => "进度正常",
        "behind" => "进度落后",
        "completed" => "已结业",
        "not_completed" => "未结业",
        "recorded" => "仅登记",
        "quota" => "名额",
        "quota_done" => "已完成名额",
        "fund" => "经费",
        "fund_due_fen" => "应安排经费",
        "fund_arranged_fen" => "已安排经费",
        "fund_spent_fen" => "已支出",
        "coverage" => "覆盖",
        "coverage_target" => "应覆盖人数",
        "coverage_due" => "到期应覆盖",
        "coverage_done" => "已覆盖人数",
        other => other,
    };
    format!("{zh}{of}")
}
