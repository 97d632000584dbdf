//! Forms 10, 11, 17 and 21: what reviewers, samplers and inspectors found.

use taizhang_core::{
    rows::{Inspection, Verdict},
    units::Day,
};

use super::{Cell, Form, Unit, words};

/// The review of a school's year.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SchoolYear {
    /// 学校
    pub school: String,
    /// 应审
    pub due: u64,
    /// 通过
    pub passed: u64,
    /// 退回
    pub returned: u64,
    /// 更正
    pub corrected: u64,
    /// 摘要值: of the review, or of the lock; hex.
    pub digest: Option<String>,
    /// 审查人: the post.
    pub reviewer: Option<String>,
    /// When.
    pub day: Option<Day>,
}

/// 年度审查表
#[must_use]
pub fn form_10(schools: &[SchoolYear]) -> Form {
    use Unit::{Count, Day as Date, Text as Words};
    let columns = [
        ("学校", "School", Words),
        ("应审", "Due", Count),
        ("通过", "Passed", Count),
        ("退回", "Returned", Count),
        ("更正", "Corrected", Count),
        ("摘要值", "Digest", Words),
        ("审查人", "Reviewed by", Words),
        ("日期", "Day", Date),
    ];
    let mut form = Form::new("form-10", ("年度审查表", "Annual review"), &columns);
    for s in schools {
        let numbers = [s.due, s.passed, s.returned, s.corrected].map(Cell::number);
        let behind = [Cell::text(s.digest.as_deref()), Cell::text(s.reviewer.as_deref()), Cell::day(s.day)];
        form.push(None, std::iter::once(Cell::Text(s.school.clone())).chain(numbers).chain(behind));
    }
    form.total(&[1, 2, 3, 4]);
    form
}

/// One sampled registration.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sampled {
    /// 样本号
    pub n: u32,
    /// 学校
    pub school: String,
    /// 登记号
    pub registration: String,
    /// 证据: the beginnings of the papers' addresses.
    pub evidence: Vec<String>,
    /// What was found.
    pub finding: String,
    /// What follows.
    pub verdict: Verdict,
}

/// 抽查记录
#[must_use]
pub fn form_11(samples: &[Sampled]) -> Form {
    use Unit::{Count, Text as Words};
    let columns = [
        ("样本号", "Sample", Count),
        ("学校", "School", Words),
        ("登记号", "Registration no.", Words),
        ("证据", "Evidence", Words),
        ("结论", "Conclusion", Words),
    ];
    let mut form = Form::new("form-11", ("抽查记录", "Spot check"), &columns);
    for s in samples {
        let cells = [
            Cell::number(s.n),
            Cell::Text(s.school.clone()),
            Cell::Text(s.registration.clone()),
            Cell::text(Some(s.evidence.join(" "))),
            with_words(words::review(s.verdict.word()), &s.finding),
        ];
        form.push(None, cells);
    }
    form
}

/// `退回: 缺签到表`
fn with_words(cell: Cell, said: &str) -> Cell {
    match cell {
        Cell::Words(w) if !said.is_empty() => Cell::words(format!("{}:{said}", w.zh), format!("{}: {said}", w.en)),
        other => other,
    }
}

/// 学期专项检查表: each inspection with the school it was of, where there are several.
#[must_use]
pub fn form_17(inspections: &[(Option<String>, Inspection)]) -> Form {
    use Unit::{Count, Text as Words};
    let columns = [
        ("计划", "Plan", Count),
        ("过程资料", "Papers", Count),
        ("成果", "Results", Count),
        ("经费", "Money", Count),
        ("得分", "Score", Count),
        ("等次", "Grade", Words),
        ("问题", "Problems", Words),
    ];
    let mut form = Form::new("form-17", ("学期专项检查表", "Inspection of a semester"), &columns);
    for (section, i) in inspections {
        let scores = [i.plan, i.process, i.results, i.funds].map(Cell::number);
        let behind = [Cell::number(i.total), Cell::text(i.grade.as_deref()), Cell::text(i.problems.as_deref())];
        form.push(section.as_deref(), scores.into_iter().chain(behind));
        let parts = [i.plan, i.process, i.results, i.funds].map(u16::from).iter().sum::<u16>();
        if parts != i.total {
            let total = i.total;
            let (zh, en) = section.as_ref().map_or(("本校", "this school"), |s| (s, s));
            form.note(
                format!("{zh}:得分 {total} 不等于四项之和 {parts}"),
                format!("{en}: the score {total} is not the sum {parts} of its parts"),
            );
        }
    }
    form
}

/// A correction or an appeal, with what became of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Dispute {
    /// 编号: the correction or appeal.
    pub no: String,
    /// 原条目: what it is about.
    pub original: Vec<String>,
    /// 申请人: the teacher, or the post.
    pub applicant: Option<String>,
    /// 事由
    pub grounds: Option<String>,
    /// 证据: the beginnings of the papers' addresses.
    pub evidence: Vec<String>,
    /// 意见
    pub opinion: Option<String>,
    /// 结果
    pub result: Outcome,
    /// Of the answer, else of the application.
    pub day: Day,
}

/// What became of a correction or an appeal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// Nobody has answered.
    Open,
    /// The word of a review.
    Review(&'static str),
    /// An appeal changed nothing; final?
    Upheld(bool),
    /// An appeal changed something; final?
    Changed(bool),
}

impl Outcome {
    fn cell(self) -> Cell {
        let (zh, en) = match self {
            Self::Open => ("未答复", "Open"),
            Self::Review(word) => return words::review(word),
            Self::Upheld(false) => ("维持", "Upheld"),
            Self::Upheld(true) => ("维持(终局)", "Upheld (final)"),
            Self::Changed(false) => ("变更", "Changed"),
            Self::Changed(true) => ("变更(终局)", "Changed (final)"),
        };
        Cell::words(zh, en)
    }
}

/// 更正/申诉处理单
#[must_use]
pub fn form_21(disputes: &[Dispute]) -> Form {
    use Unit::{Day as Date, Text as Words};
    let columns = [
        ("编号", "No.", Words),
        ("原条目", "About", Words),
        ("申请人", "Applicant", Words),
        ("事由", "Grounds", Words),
        ("证据", "Evidence", Words),
        ("意见", "Opinion", Words),
        ("结果", "Result", Words),
        ("日期", "Day", Date),
    ];
    let mut form = Form::new("form-21", ("更正/申诉处理单", "Corrections and appeals"), &columns);
    for d in disputes {
        let cells = [
            Cell::Text(d.no.clone()),
            Cell::text(Some(d.original.join(" "))),
            Cell::text(d.applicant.as_deref()),
            Cell::text(d.grounds.as_deref()),
            Cell::text(Some(d.evidence.join(" "))),
            Cell::text(d.opinion.as_deref()),
            d.result.cell(),
            Cell::Day(d.day),
        ];
        form.push(None, cells);
    }
    form
}
