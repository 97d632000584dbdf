//! What a row of each kind of sheet says, in types.

mod read;

use taizhang_core::units::{Day, Ms};

use crate::header::Session;
pub use crate::value::date::Date;
pub use crate::value::words::{Assessment, ClaimedState, Level, Mark, OrgType, Sex, Stage, TrainingKind};

/// The lines of one sheet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Lines {
    /// 机构代码表.
    Orgs(Vec<OrgLine>),
    /// 教师花名册.
    Roster(Vec<RosterLine>),
    /// 培训计划一览表.
    Activities(Vec<ActivityLine>),
    /// 考勤及学时登记表.
    Attendance(Vec<AttendanceLine>),
    /// 签到表.
    SignIn(SignInLines),
    /// 校外培训登记.
    Registrations(Vec<RegistrationLine>),
    /// 调动登记表.
    Transfers(Vec<TransferLine>),
    /// 减免登记表.
    Leaves(Vec<LeaveLine>),
    /// 更正登记表.
    Corrections(Vec<CorrectionLine>),
}

/// A line that may be compared with the other lines of its sheet.
pub(crate) trait Line: Clone + Ord {
    /// The row in the file.
    fn row(&self) -> u32;
    /// What copies of the line share.
    fn key(&self) -> String;
    /// May no other line of this key say something else?
    fn is_unique(&self) -> bool;
    /// The line without what may differ between copies: row and serial number.
    fn bare(&self) -> Self;
}

macro_rules! line {
    ($(#[$doc:meta])* $name:ident [$key:expr, unique: $unique:expr] $([$seq:ident])? { $($(#[$fdoc:meta])* $field:ident: $type:ty,)* }) => {
        $(#[$doc])*
        #[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
        pub struct $name {
            /// The row in the file, 1-based.
            pub row: u32,
            $($(#[$fdoc])* pub $field: $type,)*
        }

        impl Line for $name {
            fn row(&self) -> u32 {
                self.row
            }

            fn key(&self) -> String {
                let key: fn(&Self) -> String = $key;
                key(self)
            }

            fn is_unique(&self) -> bool {
                let unique: fn(&Self) -> bool = $unique;
                unique(self)
            }

            fn bare(&self) -> Self {
                Self { row: 0, $($seq: None,)? ..self.clone() }
            }
        }
    };
}

line! {
    /// An organisation.
    OrgLine [|l| l.code.clone(), unique: |_| true] {
        /// 机构代码.
        code: String,
        /// 机构类型.
        org_type: OrgType,
        /// 机构名称.
        name: String,
        /// 上级代码; `None` at the top.
        parent: Option<String>,
    }
}
line! {
    /// A teacher.
    RosterLine [|l| l.teacher.clone(), unique: |_| true] [seq] {
        /// 序号, as text.
        seq: Option<String>,
        /// 教师编号.
        teacher: String,
        /// 姓名.
        name: String,
        /// 性别.
        sex: Option<Sex>,
        /// 身份证号, its check digit right.
        id_number: Option<String>,
        /// 出生日期; may lie before 1970.
        birth: Option<Date>,
        /// 民族.
        ethnic: Option<String>,
        /// 参加工作时间.
        hired: Day,
        /// 任教学段.
        stage: Stage,
        /// 任教学科.
        subject: Option<String>,
        /// 职称.
        title: Option<String>,
        /// 学历.
        degree: Option<String>,
        /// 是否班主任.
        head_teacher: Option<bool>,
        /// 是否首次任教; in few offices' sheets, and then nobody said.
        first_job: Option<bool>,
        /// 岗位类别.
        post: Option<String>,
        /// 联系电话.
        phone: Option<String>,
        /// 备注.
        remark: Option<String>,
    }
}
line! {
    /// A planned training.
    ActivityLine [|l| l.activity.clone(), unique: |_| true] {
        /// 活动编号.
        activity: String,
        /// 活动名称.
        title: String,
        /// 组织单位.
        organiser: Option<String>,
        /// 组织级别.
        level: Level,
        /// 培训类别.
        kind: TrainingKind,
        /// 开始日期.
        start: Day,
        /// 结束日期.
        end: Day,
        /// 计划学时, hundredths.
        planned_h100: u32,
        /// 方案报送日期.
        submitted: Option<Day>,
        /// 审核状态 as the sheet claims it.
        claimed_state: Option<ClaimedState>,
        /// 审核日期 as the sheet claims it.
        claimed_decided: Option<Day>,
        /// 是否注册.
        registered: Option<bool>,
        /// 标签.
        tags: Vec<String>,
    }
}
line! {
    /// A teacher's attendance of one training.
    AttendanceLine [|l| format!("{}/{}", l.activity, l.teacher), unique: |_| true] [seq] {
        /// 序号, as text.
        seq: Option<String>,
        /// 活动编号.
        activity: String,
        /// 活动名称.
        title: Option<String>,
        /// 教师编号.
        teacher: String,
        /// 姓名.
        name: Option<String>,
        /// 应到学时, hundredths.
        planned_h100: u32,
        /// 实到学时, hundredths.
        attended_h100: u32,
        /// 迟到次数.
        late: Option<u32>,
        /// 早退次数.
        early: Option<u32>,
        /// 请假天数, hundredths of a day.
        leave_days_h100: Option<u32>,
        /// 考核结果.
        assessment: Option<Assessment>,
        /// 登记日期.
        registered: Option<Day>,
        /// 备注.
        remark: Option<String>,
    }
}
line! {
    /// A teacher's marks, one a session.
    SignInLine [|l| l.teacher.clone(), unique: |_| true] [seq] {
        /// 序号, as text.
        seq: Option<String>,
        /// 教师编号.
        teacher: String,
        /// 姓名.
        name: Option<String>,
        /// As many as the sheet has sessions, in their order.
        marks: Vec<Mark>,
    }
}
line! {
    /// A training done elsewhere.
    RegistrationLine [|l| l.external_id.clone().unwrap_or_else(|| format!("/{}/{}", l.teacher, l.start)), unique: |l| l.external_id.is_some()] {
        /// 登记编号 of the place it comes from.
        external_id: Option<String>,
        /// 教师编号.
        teacher: String,
        /// 培训名称.
        title: String,
        /// 培训类别.
        kind: TrainingKind,
        /// The source's finer word, where `kind` alone would not give it back: workshop, observation, visit.
        form: Option<Form>,
        /// 组织级别.
        level: Option<Level>,
        /// 学时, hundredths.
        h100: u32,
        /// 开始日期.
        start: Day,
        /// 结束日期.
        end: Day,
        /// 组织单位.
        organiser: String,
        /// 登记人.
        recorded_by: Option<String>,
        /// 登记时间.
        recorded_at: Option<Ms>,
    }
}
line! {
    /// A teacher moves.
    TransferLine [|l| l.teacher.clone(), unique: |_| false] {
        /// 教师编号.
        teacher: String,
        /// 姓名.
        name: Option<String>,
        /// 调出学校代码.
        from_code: String,
        /// 调出学校.
        from_name: Option<String>,
        /// 调入学校 (a code).
        to_code: String,
        /// 调动日期.
        day: Day,
        /// 档案.
        note: Option<String>,
    }
}
line! {
    /// Months of leave that lower the need of hours.
    LeaveLine [|l| l.teacher.clone(), unique: |_| false] {
        /// 教师编号.
        teacher: String,
        /// 姓名.
        name: Option<String>,
        /// 年度.
        year: u16,
        /// 月数, 1 to 12.
        months: u8,
        /// 原因: about health, never outside the county.
        reason: Option<String>,
        /// 批准单位.
        approved_by: Option<String>,
    }
}
line! {
    /// A correction of hours.
    CorrectionLine [|l| l.target.clone(), unique: |_| false] {
        /// 原登记编号.
        target: String,
        /// 教师编号.
        teacher: String,
        /// 活动编号.
        activity: String,
        /// 原学时, hundredths.
        old_h100: u32,
        /// 更正学时, hundredths.
        new_h100: u32,
        /// 更正日期.
        day: Day,
        /// 原因.
        reason: String,
    }
}

/// Sessions and marks of a sign-in sheet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SignInLines {
    /// In the order of the columns.
    pub sessions: Vec<Session>,
    /// A line a teacher.
    pub lines: Vec<SignInLine>,
}

/// How a training elsewhere was held, where the five kinds are too coarse.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Form {
    /// `workshop`: concentrated.
    Workshop,
    /// `observation`: non-concentrated.
    Observation,
    /// `visit`: non-concentrated.
    Visit,
}

impl Lines {
    /// How many.
    #[must_use]
    pub fn len(&self) -> usize {
        match self {
            Self::Orgs(l) => l.len(),
            Self::Roster(l) => l.len(),
            Self::Activities(l) => l.len(),
            Self::Attendance(l) => l.len(),
            Self::SignIn(s) => s.lines.len(),
            Self::Registrations(l) => l.len(),
            Self::Transfers(l) => l.len(),
            Self::Leaves(l) => l.len(),
            Self::Corrections(l) => l.len(),
        }
    }

    /// Is there none?
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    pub(crate) fn clear(&mut self) {
        match self {
            Self::Orgs(l) => l.clear(),
            Self::Roster(l) => l.clear(),
            Self::Activities(l) => l.clear(),
            Self::Attendance(l) => l.clear(),
            Self::SignIn(s) => s.lines.clear(),
            Self::Registrations(l) => l.clear(),
            Self::Transfers(l) => l.clear(),
            Self::Leaves(l) => l.clear(),
            Self::Corrections(l) => l.clear(),
        }
    }
}
