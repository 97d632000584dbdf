//! What the rules look at: one teacher with the activities, registrations and decisions that concern them. Made from the ledger (`gather`) or from JSON (`json`).

pub mod json;

use taizhang_core::units::Day;

use crate::word::words;

words! {
    /// How hours are earned (类别, DOMAIN §2.2).
    Kind {
        /// 集中培训
        Concentrated "concentrated",
        /// 非集中培训
        Nonconcentrated "nonconcentrated",
        /// 校本培训
        SchoolBased "school_based",
        /// 网络培训
        Online "online",
        /// 学历教育
        Degree "degree",
        /// 下企业实践
        Enterprise "enterprise",
        /// 自学
        SelfStudy "self_study",
        /// 校外学习: a training that nobody announced here.
        External "external",
    }
}

words! {
    /// Who organises (级别).
    Level {
        /// 国家级
        Ministry "ministry",
        /// 省级
        Province "province",
        /// 市级
        City "city",
        /// 区县级
        County "county",
        /// 乡镇级
        Township "township",
        /// 校级
        School "school",
        /// 高校
        University "university",
    }
}

words! {
    /// Who registers hours (DOMAIN §2.3).
    Registrar {
        /// 学校
        School "school",
        /// 承办单位
        Organiser "organiser",
        /// 县培训机构
        CountyTrainingInstitution "county_training_institution",
        /// 市师训中心
        CityTrainingCentre "city_training_centre",
        /// 省继续教育中心
        ProvinceTrainingCentre "province_training_centre",
    }
}

words! {
    /// Levels of the administration, lowest first: what one may announce, decide or audit, those above it may too (DOMAIN §2.3).
    Seat {
        /// 学校
        School "school",
        /// 乡镇中心校
        Township "township",
        /// 区县
        County "county",
        /// 市
        City "city",
        /// 省
        Province "province",
    }
}

impl Seat {
    /// Who announces activities of a level. A university's are reported by whoever sends teachers there.
    #[must_use]
    pub const fn announces(level: Level) -> Option<Self> {
        match level {
            Level::School => Some(Self::School),
            Level::Township => Some(Self::Township),
            Level::County => Some(Self::County),
            Level::City => Some(Self::City),
            Level::Province | Level::Ministry => Some(Self::Province),
            Level::University => None,
        }
    }

    /// Of an office as policies name it; `None`: an office outside of this order (人社部门, 督导…).
    #[must_use]
    pub fn of_office(office: &str, level: Level) -> Option<Self> {
        match office {
            "school" => Some(Self::School),
            "education_bureau_same_level" => Self::announces(level),
            _ => {
                let begins = |seat: &&Self| office.strip_prefix(seat.word()).is_some_and(|rest| rest.starts_with('_'));
                Self::ALL.iter().find(begins).copied()
            }
        }
    }
}

words! {
    /// 学段
    Stage {
        /// 幼儿园
        Kindergarten "kindergarten",
        /// 小学
        Primary "primary",
        /// 初中
        Junior "junior",
        /// 高中
        Senior "senior",
        /// 特殊教育
        Special "special",
        /// 职业教育
        Vocational "vocational",
        /// 成人教育
        Adult "adult",
    }
}

words! {
    /// 学历, lowest first.
    DegreeLevel {
        /// 中专
        Secondary "secondary",
        /// 专科
        Associate "associate",
        /// 本科
        Bachelor "bachelor",
        /// 硕士
        Master "master",
        /// 博士
        Doctor "doctor",
    }
}

words! {
    /// 考核
    Assessment {
        /// 合格
        Pass "pass",
        /// 不合格
        Fail "fail",
        /// 未考核
        None "none",
        /// 补考
        Retake "retake",
    }
}

words! {
    /// How far the review of a registration has come.
    Audit {
        /// 已审核
        Approved "approved",
        /// 待审核
        Pending "pending",
        /// 不通过
        Rejected "rejected",
        /// 退回
        Returned "returned",
        /// Decisions disagree: hours wait, and the account is open.
        Undecided "undecided",
    }
}

/// What became of an activity's plan.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Plan {
    /// Nobody approved one; handed in or not.
    NotApproved,
    /// Approved.
    Approved {
        /// On this day.
        decided: Day,
        /// The approver signed that it holds although the activity had begun (D-06).
        retroactive: bool,
        /// By an office of this level; `None`: the case says nothing, which counts as the competent one.
        by: Option<Seat>,
    },
    /// Decisions disagree.
    Undecided,
}

/// One activity.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Activity {
    /// Its number; of a training elsewhere a name of its own.
    pub id: String,
    /// Title in words, for sentences; may be empty.
    pub title: String,
    /// How hours are earned; `None`: a kind that this version does not know.
    pub kind: Option<Kind>,
    /// Who organises.
    pub level: Level,
    /// First day.
    pub start: Day,
    /// Last day; its year is the activity's (D-05).
    pub end: Day,
    /// Planned hours.
    pub planned_h100: u32,
    /// What became of its plan.
    pub plan: Plan,
    /// When the plan was handed in, where known: lateness is a finding and never voids.
    pub submitted: Option<Day>,
    /// Announced by an office of this level; `None`: the case says nothing, which counts as a competent one.
    pub announced_by: Option<Seat>,
    /// Held outside the city (D-10).
    pub outside_city: bool,
    /// Recognised by the county (D-10).
    pub recognised: bool,
    /// Registered with the administration (003 Wuhan 三(六)).
    pub registered: bool,
    /// Programme it is part of.
    pub programme: Option<String>,
    /// Same content, same id.
    pub content_id: Option<String>,
    /// Tags of the rules.
    pub tags: Vec<String>,
}

/// Hours of the teacher in one activity, as one registrar wrote them.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Registration {
    /// Its name; unique in a case.
    pub id: String,
    /// [`Activity::id`].
    pub activity: String,
    /// Who registers.
    pub by: Registrar,
    /// When it was registered.
    pub at: Day,
    /// 实到学时
    pub attended_h100: u32,
    /// 考核; `None`: the case says nothing, which counts as passed.
    pub assessment: Option<Assessment>,
    /// How far its review has come.
    pub audit: Audit,
    /// Approved by an office of this level; `None`: the case says nothing, which counts as the competent one.
    pub audited_by: Option<Seat>,
    /// The registration it corrects.
    pub supersedes: Option<String>,
    /// 请假, in half-days.
    pub leave_halfdays: u32,
    /// Every online course finished?
    pub online_complete: Option<bool>,
    /// Level of the degree.
    pub degree_level: Option<DegreeLevel>,
    /// A substitute was allowed (004 二(三)).
    pub substitute_allowed: bool,
    /// Days, for rules in days.
    pub days: u32,
}

/// A dated role: head_teacher, trainer, voc_professional…
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Role {
    /// Which.
    pub role: String,
    /// Since.
    pub from: Day,
    /// Until, that day included.
    pub to: Option<Day>,
}

/// The teacher.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Teacher {
    /// 教师编号
    pub id: String,
    /// 学段
    pub stage: Stage,
    /// Start of service.
    pub hired: Day,
    /// Last day of service.
    pub left: Option<Day>,
    /// First post: the first 12 months are probation (D-08). `None`: nobody said; then probation is open unless it is met (D-15).
    pub first_job: Option<bool>,
    /// Holds the qualified degree already.
    pub has_qualified_degree: bool,
    /// Dated roles.
    pub roles: Vec<Role>,
}

/// The county closed a year (workflow 11).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Lock {
    /// Policy year.
    pub year: u16,
    /// From this day on only county or city correct.
    pub at: Day,
}

/// Months of a year that do not count (D-08).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Waiver {
    /// Policy year.
    pub year: u16,
    /// How many.
    pub months: u32,
}

/// The bureau banned the teacher (workflow 17).
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Ban {
    /// Its first day.
    pub decided: Day,
    /// no_show, serious_breach.
    pub trigger: String,
    /// From this day on it holds no more.
    pub lifted: Option<Day>,
}

/// Something that is not known yet: figures that rest on it are open.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct OpenInput {
    /// A word: rivals, undecided, newer_version, activity_missing…
    pub what: String,
    /// What it is about: an activity, a row.
    pub about: String,
}

/// Everything that concerns one teacher.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Case {
    /// Figures are as of this day.
    pub as_of: Day,
    /// The teacher.
    pub teacher: Teacher,
    /// By id, each once.
    pub activities: Vec<std::sync::Arc<Activity>>,
    /// In any order.
    pub registrations: Vec<Registration>,
    /// At most one a year counts: the earliest.
    pub locks: Vec<Lock>,
    /// In any order.
    pub waivers: Vec<Waiver>,
    /// In any order.
    pub bans: Vec<Ban>,
    /// What makes the account open.
    pub open: Vec<OpenInput>,
}
