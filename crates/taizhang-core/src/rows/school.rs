//! Rows of ledgers besides hours: plans, enrolments, money, material, appeals, confirmations, mentors, groups, duty taught.

use super::{field::code, rows, training::Evidence};
use crate::{id::OrgId, op::RowRef, units::Day};

code! {
    /// What a plan covers.
    PlanScope {
        /// 班次
        Class = 1 "class",
        /// 学期
        Semester = 2 "semester",
        /// 学年
        SchoolYear = 3 "school_year",
        /// 项目
        Programme = 4 "programme",
    }
}

code! {
    /// Where money for training comes from (DOMAIN §2.5).
    FundSource {
        /// 工资总额 (2 %)
        Payroll = 1 "payroll",
        /// 教育费附加 (5 %)
        Surcharge = 2 "surcharge",
        /// 公用经费 (5 %)
        Public = 3 "public",
        /// 专项
        Special = 4 "special",
        /// A fixed sum.
        Fixed = 5 "fixed",
    }
}

code! {
    /// Papers in the archive of an activity (form 8).
    MaterialKind {
        /// 方案
        Scheme = 1 "scheme",
        /// 通知
        Notice = 2 "notice",
        /// 名单
        List = 3 "list",
        /// 考勤
        Attendance = 4 "attendance",
        /// 考核
        Assessment = 5 "assessment",
        /// 总结
        Summary = 6 "summary",
        /// 反馈
        Feedback = 7 "feedback",
        /// 成果
        Result = 8 "result",
    }
}

code! {
    /// How a teacher confirmed a record.
    AttestedBy {
        /// On paper.
        Paper = 1 "paper",
        /// With an own key.
        Key = 2 "key",
    }
}

rows! {
    /// A plan that waits for a decision (row 100); a change is a new version that replaces the old one.
    60 Plan {
        /// Its number.
        no: String,
        /// From 1.
        version: u32,
        /// What it covers.
        scope: PlanScope,
        /// Of which time, in words: 2024, 2024-1.
        period: String,
        /// Numbers of the activities in it.
        activities: Vec<String>,
        /// For whom.
        audience: Option<String>,
        /// Places.
        seats: Option<u32>,
        /// Courses and hours.
        content: Option<String>,
        /// 学分标准
        credit_standard: Option<String>,
        /// 考核办法
        assessment_method: Option<String>,
        /// Who teaches.
        lecturers: Option<Vec<String>>,
        /// Budget.
        budget_fen: Option<i64>,
        /// Who decides.
        submit_to: OrgId,
        /// With whom it is filed (备案).
        file_with: Option<OrgId>,
        /// Handed in on.
        submitted_day: Day,
        /// Evidence.
        evidence: Option<Evidence>,
        /// Why.
        reason: Option<String>,
    }
    /// A teacher is put down for an activity (报名回执).
    61 Enrolment {
        /// Number of the activity.
        activity: String,
        /// 教师编号
        teacher: String,
        /// Category of trainees.
        category: Option<String>,
        /// 学科
        subject: Option<String>,
        /// The teacher whose place it is.
        replaces_teacher: Option<String>,
        /// 备注 (国培…)
        note: Option<String>,
        /// Why.
        reason: Option<String>,
    }
    /// Money for training from one source (form 16). What remains is `arranged_fen` less the five kinds of spending.
    66 Fund {
        /// Calendar year.
        period: u16,
        /// Where it comes from.
        source: FundSource,
        /// What the share is taken of.
        base_fen: i64,
        /// 应安排
        due_fen: i64,
        /// 已安排
        arranged_fen: i64,
        /// 差旅
        travel_fen: i64,
        /// 伙食
        meals_fen: i64,
        /// 资料
        materials_fen: i64,
        /// 住宿
        lodging_fen: i64,
        /// 其他
        other_fen: i64,
        /// Why.
        reason: Option<String>,
    }
    /// A paper in the archive of an activity or plan.
    67 Material {
        /// The activity's or plan's row.
        about: RowRef,
        /// Which paper.
        what: MaterialKind,
        /// The paper.
        evidence: Option<Evidence>,
        /// 备注
        note: Option<String>,
        /// Why.
        reason: Option<String>,
    }
    /// A teacher or school disagrees with what is recorded or decided (申诉).
    69 Appeal {
        /// The row in question.
        target: RowRef,
        /// 教师编号; none: the school's own appeal.
        teacher: Option<String>,
        /// 事由
        grounds: String,
        /// What it asks for.
        wanted: String,
        /// Opened on.
        opened_day: Day,
        /// Evidence.
        evidence: Option<Evidence>,
        /// Why.
        reason: Option<String>,
    }
    /// A teacher has confirmed a record.
    71 Attestation {
        /// The row confirmed.
        target: RowRef,
        /// 教师编号
        teacher: String,
        /// How.
        how: AttestedBy,
        /// The paper.
        evidence: Option<Evidence>,
        /// Why.
        reason: Option<String>,
    }
    /// A trainee did not come (无故不参加): the organiser's report.
    72 NoShow {
        /// Number of the activity.
        activity: String,
        /// 教师编号
        teacher: String,
        /// What happened.
        facts: String,
        /// Evidence.
        evidence: Option<Evidence>,
        /// Why.
        reason: Option<String>,
    }
    /// A new teacher's mentor (师徒结对).
    77 Mentoring {
        /// 教师编号 of the new teacher.
        new_teacher: String,
        /// 教师编号 of the mentor.
        mentor: String,
        /// Since.
        from_day: Day,
        /// Until.
        to_day: Option<Day>,
        /// Appraisal at the end of the year.
        appraisal: Option<String>,
        /// Why.
        reason: Option<String>,
    }
    /// A teacher belongs to a studio or backbone group.
    78 Membership {
        /// Name of the group.
        group: String,
        /// 教师编号
        teacher: String,
        /// As what.
        role: String,
        /// Since.
        from_day: Day,
        /// Until.
        to_day: Option<Day>,
        /// Why.
        reason: Option<String>,
    }
    /// A teacher taught in an activity: duty hours of trainers.
    79 Taught {
        /// Number of the activity.
        activity: String,
        /// 教师编号 of the lecturer.
        teacher: String,
        /// Hours taught.
        h100: u32,
        /// Why.
        reason: Option<String>,
    }
}
