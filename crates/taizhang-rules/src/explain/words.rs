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
