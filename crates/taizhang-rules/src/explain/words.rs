//! The words of sentences.

use crate::{
    account::{Reason, Status},
    policy::Unit,
};

/// Why hours count or not: (Chinese, English).
pub(crate) const fn reason_words(reason: Reason) -> (&'static str, &'static str) {
    match reason {
        Reason::Ok => ("计入", "counted"),
        Reason::Capped => ("超过封顶,剔除", "over the cap"),
        Reason::NoPolicy => ("当时没有施行的办法", "no policy was in force"),
        Reason::KindNotCounted => ("办法不计这类培训", "the policy counts no training of this kind"),
        Reason::OutsideCycle => ("不在本周期内", "outside the cycle"),
        Reason::BeforeAppointment => ("早于任职", "before the appointment"),
        Reason::AfterLeaving => ("晚于离职", "after leaving"),
        Reason::SameContent => ("相同内容只计一次", "the same content counts once"),
        Reason::AnnouncerNotCompetent => ("由低于其级别的单位发布", "announced by an office below its level"),
        Reason::PlanDeciderNotCompetent => {
            ("计划由无权审定的单位批准", "the plan was approved by an office that is not competent")
        }
        Reason::PlanNotApproved => ("计划未经批准", "no approved plan"),
        Reason::PlanApprovedLate => ("计划批准晚于开始,又未追认", "the plan was approved after the start and not retroactively"),
        Reason::NeedsRecognition => ("市外培训,县里尚未认定", "earned outside the city, not recognised by the county"),
        Reason::OnlineNotRegistered => {
            ("网络培训未登记,或不是区县以上组织", "network training not registered, or organised below the county")
        }
        Reason::NoQualifiedDegree => ("尚未取得合格学历", "no qualified degree yet"),
        Reason::SubstituteNotAllowed => ("未获准以自学或网络代替", "a substitute was not allowed"),
        Reason::NotEligible => ("不符合计入条件", "not eligible"),
        Reason::DegreeLevelTooLow => ("学历层次不够", "the level of the degree is too low"),
        Reason::Banned => ("取消资格期间", "the teacher was banned"),
        Reason::ForfeitAbsence => ("整个活动不计学时", "the whole activity is forfeited"),
        Reason::ForfeitLeave => ("整个活动不计学时", "the whole activity is forfeited"),
        Reason::ForfeitOnline => {
            ("网络课程未学完,整个活动不计学时", "an online course was not finished, the whole activity is forfeited")
        }
        Reason::AssessmentFailed => ("考核不合格", "the assessment was failed"),
        Reason::NotAssessed => ("未经考核", "not assessed"),
        Reason::PendingAudit => ("等待审核", "not audited yet"),
        Reason::AuditorNotCompetent => {
            ("已由下级单位审核,等待有权单位审核", "approved by a lower office, waits for the competent one")
        }
        Reason::AuditRejected => ("审核未通过", "the audit refused it"),
        Reason::ProgrammeNotCompleted => ("项目的其他部分未获认可", "another part of the programme is not recognised"),
        Reason::OverPlan => ("超过计划学时", "more than planned"),
        Reason::OverDayLimit => ("超过每日学时上限", "more than the days have"),
    }
}

/// Where an account stands.
pub(crate) const fn status_words(status: Status) -> (&'static str, &'static str) {
    match status {
        Status::Met => ("已完成全部要求", "every requirement is reached"),
        Status::NotMet => ("未完成", "not reached"),
        Status::OnTrack => ("进行中,进度正常", "open and on track"),
        Status::Behind => ("进行中,进度落后", "open and behind"),
        Status::Completed => ("项目已结业", "the programme is completed"),
        Status::NotCompleted => ("项目未结业", "the programme is not completed"),
        Status::Recorded => ("已登记,没有学时要求", "recorded; nothing is asked for"),
    }
}

/// Units.
pub(crate) const fn unit_words(unit: Unit) -> (&'static str, &'static str) {
    match unit {
        Unit::H100 => ("学时", "h"),
        Unit::C100 => ("学分", "credits"),
        Unit::Days => ("天", "days"),
    }
}

/// Buckets; a name of a policy's own is shown as it is.
pub(crate) fn bucket_words(bucket: &str) -> (String, String) {
    let (zh, en) = match bucket {
        "concentrated" => ("集中培训", "concentrated training"),
        "nonconcentrated" => ("非集中培训", "non-concentrated training"),
        "nondegree" => ("非学历培训", "training without a degree"),
        "degree" => ("学历教育", "degree studies"),
        "school_based" => ("校本培训", "school-based training"),
        "online" => ("网络培训", "online training"),
        "practice" => ("企业实践", "practice in an enterprise"),
        other => (other, other),
    };
    (zh.to_owned(), en.to_owned())
}

/// Whom a requirement binds.
pub(crate) fn who_words(who: &str) -> (String, String) {
    let (zh, en) = match who {
        "all" => return (String::new(), "everyone".to_owned()),
        "new_teacher" => ("新任教师", "new teachers"),
        "head_teacher" => ("班主任", "head teachers"),
        "trainer" => ("培训者", "trainers"),
        "voc_professional" => ("职业学校专业课教师", "vocational teachers"),
        other => (other, other),
    };
    (format!("{zh}的"), en.to_owned())
}

/// Over which time.
pub(crate) fn scope_words(scope: &str, any_window: bool) -> (String, String) {
    match scope {
        "cycle" => ("本周期".to_owned(), "this cycle".to_owned()),
        "probation" => ("试用期".to_owned(), "probation".to_owned()),
        years if any_window => (format!("任一时段中最接近的 {years} 年"), format!("the nearest window, {years}")),
        year => (format!("{year} 年度"), format!("year {year}")),
    }
}

/// Where a rule comes from, as a reader knows it: our own conventions by their number in docs/rules.md, and of a regulation the article, without the name of the file that it was typed from.
pub(crate) fn source_words(source: &str) -> (String, String) {
    let (zh, en) = match source {
        "no convert rule of the policy names this kind" => ("办法没有折算这类培训的规则", source),
        "003 Wuhan 二(一): each level announces its own" => ("武汉市办法二(一):各级培训由各级发布", source),
        "all parts of a programme or none" => ("一个项目的各部分须全部完成", source),
        _ => {
            let named = without_files(source);
            let zh = named.strip_prefix("decision ").map_or_else(|| named.clone(), |number| format!("规则说明 {number}"));
            return (zh, named);
        }
    };
    (zh.to_owned(), en.to_owned())
}

/// Without `003_a05d4d0e1e8231a6.txt,`: the file that a regulation was typed from.
fn without_files(source: &str) -> String {
    let (mut out, mut rest) = (String::new(), source);
    while let Some((before, after)) = rest.split_once(".txt") {
        let stem = before.trim_end_matches(|c: char| c.is_ascii_hexdigit() || c == '_');
        let is_file = before.strip_prefix(stem).is_some_and(|name| name.contains('_'));
        out.push_str(if is_file { stem } else { before });
        if !is_file {
            out.push_str(".txt");
        }
        rest = if is_file { after.trim_start_matches([',', ';', ':']).trim_start() } else { after };
    }
    out.push_str(rest);
    out
}

#[cfg(test)]
mod tests {
    use super::source_words;

    #[test]
    fn a_source_is_named_as_its_readers_know_it() {
        for (source, zh, en) in [
            ("003_a05d4d0e1e8231a6.txt, 三(二); 序言", "三(二); 序言", "三(二); 序言"),
            ("第四条; 003_a05d4d0e1e8231a6.txt: 三", "第四条; 三", "第四条; 三"),
            ("003_a05d4d0e1e8231a6.txt", "", ""),
            ("notes.txt, 三", "notes.txt, 三", "notes.txt, 三"),
            ("decision D-21", "规则说明 D-21", "decision D-21"),
            ("decision D-01 (003_a05d4d0e1e8231a6.txt, 第六条)", "规则说明 D-01 (第六条)", "decision D-01 (第六条)"),
            ("all parts of a programme or none", "一个项目的各部分须全部完成", "all parts of a programme or none"),
        ] {
            assert_eq!(source_words(source), (zh.to_owned(), en.to_owned()));
        }
    }
}
