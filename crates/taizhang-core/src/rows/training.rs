//! Rows of training: activities, teachers, registrations, decisions, rollups (DOMAIN §3-§4).

use super::{
    field::{Bytes, Field, code},
    rows,
    shape::Shape,
};
use crate::{
    cbor::{CborError, Reader, Writer},
    id::{AttachmentId, DocId, EntryId},
    op::RowRef,
    units::{Day, Ms},
};

code! {
    /// Who organises (级别).
    Level {
        /// 国家级
        Ministry = 1 "ministry",
        /// 省级
        Province = 2 "province",
        /// 市级
        City = 3 "city",
        /// 区县级
        County = 4 "county",
        /// 乡镇级
        Township = 5 "township",
        /// 校级
        School = 6 "school",
        /// 高校
        University = 7 "university",
    }
}

code! {
    /// How hours are earned (类别, DOMAIN §2.2).
    ActivityKind {
        /// 集中培训
        Concentrated = 1 "concentrated",
        /// 非集中培训
        Nonconcentrated = 2 "nonconcentrated",
        /// 校本培训
        SchoolBased = 3 "school_based",
        /// 网络培训
        Online = 4 "online",
        /// 学历教育
        Degree = 5 "degree",
        /// 下企业实践
        Enterprise = 6 "enterprise",
        /// 自学
        SelfStudy = 7 "self_study",
    }
}

code! {
    /// 考核
    Assessment {
        /// 合格
        Pass = 1 "pass",
        /// 不合格
        Fail = 2 "fail",
        /// Not assessed.
        None = 3 "none",
        /// 补考
        Retake = 4 "retake",
    }
}

code! {
    /// Who registers the hours (DOMAIN §2.3).
    RegisteredBy {
        /// 学校
        School = 1 "school",
        /// 承办单位
        Organiser = 2 "organiser",
        /// 县培训机构
        CountyTrainingInstitution = 3 "county_training_institution",
        /// 市师训中心
        CityTrainingCentre = 4 "city_training_centre",
    }
}

code! {
    /// A decision on registrations.
    Verdict {
        /// 通过
        Approved = 1 "approved",
        /// 退回
        Returned = 2 "returned",
        /// 不通过
        Rejected = 3 "rejected",
    }
}

/// Evidence files: `[sha256, bytes, media type]`, at most 8.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Evidence(pub Vec<(AttachmentId, (u64, String))>);

impl Field for Evidence {
    fn shape() -> Shape {
        Shape::List(Box::new(Shape::Tuple(vec![AttachmentId::shape(), Shape::Uint, Shape::Text])))
    }
    fn write(&self, w: &mut Writer) {
        w.array(self.0.len() as u64);
        for (id, (bytes, media)) in &self.0 {
            w.array(3).bytes(&id.0).uint(*bytes).text(media);
        }
    }
    fn read(r: &mut Reader<'_>) -> Result<Self, CborError> {
        let at = r.position();
        let n = r.array()?;
        if n > 8 {
            return Err(CborError { at, what: "more than 8 evidence files" });
        }
        (0..n)
            .map(|_| {
                r.array_of(3)?;
                Ok((AttachmentId(r.array_bytes()?), (r.uint()?, r.text()?.to_owned())))
            })
            .collect::<Result<_, _>>()
            .map(Self)
    }
}

/// What a decision is about: rows by name, or a whole sheet by its digest.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum DecisionTarget {
    /// `[0, document, [[entry, [index…]]…]]`; an empty index list means every registration of the entry.
    Rows {
        /// The document of the rows.
        document: DocId,
        /// Entries and the rows in them.
        rows: Vec<(EntryId, Vec<u16>)>,
    },
    /// `[1, sheet row, digest]`: every row of the entry that holds the sheet, as digested.
    Sheet {
        /// The sheet's row.
        sheet: RowRef,
        /// SHA-256 of the entry's payload.
        digest: [u8; 32],
    },
}

impl Field for DecisionTarget {
    fn shape() -> Shape {
        Shape::Tagged(vec![vec![Shape::Document, <Vec<(EntryId, Vec<u16>)>>::shape()], vec![Shape::Row, Shape::Bytes(Some(32))]])
    }
    fn write(&self, w: &mut Writer) {
        match self {
            Self::Rows { document, rows } => {
                w.array(3).uint(0).bytes(&document.to_bytes());
                rows.write(w);
            }
            Self::Sheet { sheet, digest } => {
                w.array(3).uint(1);
                sheet.write(w);
                w.bytes(digest);
            }
        }
    }
    fn read(r: &mut Reader<'_>) -> Result<Self, CborError> {
        let at = r.position();
        r.array_of(3)?;
        match r.uint()? {
            0 => Ok(Self::Rows { document: Field::read(r)?, rows: Field::read(r)? }),
            1 => Ok(Self::Sheet { sheet: Field::read(r)?, digest: r.array_bytes()? }),
            _ => Err(CborError { at, what: "a decision target of a newer version" }),
        }
    }
}

rows! {
    /// A training that takes place (培训活动).
    20 Activity {
        /// Its number, as its organiser gave it.
        no: String,
        /// Who organises.
        level: Level,
        /// How hours are earned.
        kind: ActivityKind,
        /// Form in words.
        form: Option<String>,
        /// Its title, exactly.
        title: String,
        /// Theme.
        theme: Option<String>,
        /// Code of the organiser.
        organiser_code: Option<String>,
        /// Name of the organiser.
        organiser_name: Option<String>,
        /// First day.
        start_day: Day,
        /// Last day; its year is the document's period (D-05).
        end_day: Day,
        /// Planned hours.
        planned_h100: u32,
        /// Where.
        place: Option<String>,
        /// For whom.
        audience: Option<String>,
        /// 学段
        stages: Option<Vec<String>>,
        /// Quota category.
        category: Option<String>,
        /// Places.
        seats: Option<u32>,
        /// Who teaches.
        lecturers: Option<Vec<String>>,
        /// 学分标准
        credit_standard: Option<String>,
        /// 考核办法
        assessment_method: Option<String>,
        /// Tags of the rules: preservice, head_teacher_training…
        tags: Option<Vec<String>>,
        /// Programme it is part of.
        programme: Option<String>,
        /// Same content, same id.
        content_id: Option<String>,
        /// Registered with the administration (三(六)).
        registered: Option<bool>,
        /// Number of that registration.
        registered_no: Option<String>,
        /// Held outside the city (D-10).
        outside_city: Option<bool>,
        /// Held abroad.
        abroad: Option<bool>,
        /// Budget.
        budget_fen: Option<i64>,
        /// Plan row.
        plan: Option<RowRef>,
        /// Day the plan was handed in, as the sheet claims.
        claimed_submitted_day: Option<Day>,
        /// 审核状态 as the sheet claims: approved, pending.
        claimed_state: Option<String>,
        /// Day of that approval, as the sheet claims.
        claimed_decided_day: Option<Day>,
        /// Evidence.
        evidence: Option<Evidence>,
        /// Why.
        reason: Option<String>,
    }
    /// One session of an activity.
    21 Session {
        /// Number of the activity.
        activity: String,
        /// From 1.
        n: u32,
        /// Week of the semester.
        week: Option<u8>,
        /// Day.
        day: Option<Day>,
        /// 1 = Monday.
        weekday: Option<u8>,
        /// Lesson of the day.
        period: Option<u8>,
        /// Theme.
        theme: Option<String>,
        /// Form.
        form: Option<String>,
        /// Who teaches.
        lecturer: Option<String>,
        /// For whom.
        audience: Option<String>,
        /// Hours.
        h100: u32,
        /// 考核
        assessment: Option<String>,
        /// Cost.
        cost_fen: Option<i64>,
        /// Same content, same id.
        content_id: Option<String>,
        /// Why.
        reason: Option<String>,
    }
    /// A teacher by number; no name.
    40 Teacher {
        /// 教师编号
        no: String,
        /// 参加工作时间
        hired_day: Day,
        /// First post of a new teacher?
        first_job: Option<bool>,
        /// Holds the qualified degree already?
        qualified_degree: Option<bool>,
        /// Where the teacher came from.
        came_from: Option<RowRef>,
        /// Why.
        reason: Option<String>,
    }
    /// A dated fact about a teacher: stage, title, degree, post, head_teacher, left…
    41 Status {
        /// 教师编号
        teacher: String,
        /// Which fact.
        what: String,
        /// Its value.
        value: Option<String>,
        /// Since.
        from_day: Day,
        /// Until.
        to_day: Option<Day>,
        /// Why.
        reason: Option<String>,
    }
    /// Who a teacher is, sealed under the teacher's own key.
    50 Person {
        /// 教师编号
        teacher: String,
        /// Which key sealed it.
        key_id: [u8; 8],
        /// Nonce and ciphertext.
        sealed: Bytes,
        /// HMAC of the ID number with a county secret, to match without reading.
        id_match: Option<[u8; 32]>,
        /// Why.
        reason: Option<String>,
    }
    /// A teacher's key is to be destroyed: the person is forgotten, the numbered rows stay. Acts once the county confirms it (row 119).
    51 Erase {
        /// 教师编号
        teacher: String,
        /// Which key.
        key_id: [u8; 8],
        /// Why; no name in it.
        reason: String,
    }
    /// A sign-in or registration sheet, closed and signed once.
    62 Sheet {
        /// Number of the activity; none where rows name several.
        activity: Option<String>,
        /// Sessions.
        sessions: Option<Vec<u32>>,
        /// Rows in it.
        rows: u32,
        /// Opened.
        opened_day: Option<Day>,
        /// Closed.
        closed_day: Option<Day>,
        /// SHA-256 of the file it came from.
        source_file: Option<[u8; 32]>,
        /// Why.
        reason: Option<String>,
    }
    /// One teacher's marks in the sessions of a sheet.
    63 Marks {
        /// Number of the activity.
        activity: String,
        /// 教师编号
        teacher: String,
        /// One byte a session: 0 none, 1 present, 2 late, 3 early, 4 leave, 5 absent, 6 exempt.
        marks: Bytes,
        /// Leave in half-days.
        leave_halfdays: Option<u32>,
        /// Sheet.
        sheet: Option<RowRef>,
        /// Why.
        reason: Option<String>,
    }
    /// Hours of one teacher in one activity (登记).
    64 Registration {
        /// The activity's row; none while it is missing.
        activity: Option<RowRef>,
        /// Number of the activity as the sheet names it; none where `activity` names it.
        activity_no: Option<String>,
        /// 教师编号
        teacher: String,
        /// Who registers.
        by: RegisteredBy,
        /// 实到学时
        attended_h100: u32,
        /// 应到学时 as the sheet says.
        planned_h100: Option<u32>,
        /// 迟到
        late: Option<u16>,
        /// 早退
        early: Option<u16>,
        /// 请假, hundredths of a day as the sheet says.
        leave_d100: Option<u32>,
        /// Days, for rules in days.
        days: Option<u16>,
        /// 考核
        assessment: Option<Assessment>,
        /// Grade.
        grade: Option<String>,
        /// Every online course finished?
        online_complete: Option<bool>,
        /// Level of the degree.
        degree_level: Option<String>,
        /// A substitute was allowed.
        substitute_allowed: Option<bool>,
        /// 优秀
        excellent: Option<bool>,
        /// 登记日期
        registered_day: Day,
        /// Sheet.
        sheet: Option<RowRef>,
        /// Status as the source says.
        source_status: Option<String>,
        /// Evidence.
        evidence: Option<Evidence>,
        /// 备注
        note: Option<String>,
        /// Why.
        reason: Option<String>,
    }
    /// A training done elsewhere, with its own title and organiser.
    65 Elsewhere {
        /// Id given by the source, at most 32 bytes.
        external_id: Option<Bytes>,
        /// 教师编号
        teacher: String,
        /// Title, exactly.
        title: String,
        /// Organiser, exactly.
        organiser: Option<String>,
        /// Level.
        level: Option<Level>,
        /// How hours are earned.
        kind: ActivityKind,
        /// Form, in the source's word where it has a finer one than the kind.
        form: Option<String>,
        /// First day.
        start_day: Day,
        /// Last day.
        end_day: Day,
        /// Hours.
        h100: u32,
        /// 考核
        assessment: Option<Assessment>,
        /// Abroad.
        abroad: Option<bool>,
        /// Level of the degree.
        degree_level: Option<String>,
        /// Who recorded it at the source.
        claimed_by: Option<String>,
        /// When it was recorded at the source.
        claimed_at_ms: Option<Ms>,
        /// Evidence.
        evidence: Option<Evidence>,
        /// 备注
        note: Option<String>,
        /// Why.
        reason: Option<String>,
    }
    /// A teacher's leave; its kind is sealed (privacy).
    70 Leave {
        /// 教师编号
        teacher: String,
        /// First day.
        from_day: Day,
        /// Last day.
        to_day: Option<Day>,
        /// Sealed kind.
        sealed_kind: Option<Bytes>,
        /// Evidence.
        evidence: Option<Evidence>,
        /// Why.
        reason: Option<String>,
    }
    /// What one import brought.
    80 Import {
        /// roster, activities, attendance, signin, registrations.
        kind: String,
        /// SHA-256 of the file.
        file_sha256: [u8; 32],
        /// Its size.
        bytes: u64,
        /// Data rows read.
        rows: u32,
        /// Rows imported.
        imported: u32,
        /// Cells mended.
        mended: u32,
        /// Cells or rows refused.
        refused: u32,
        /// SHA-256 of the report.
        report_sha256: Option<[u8; 32]>,
        /// Why.
        reason: Option<String>,
    }
    /// A decision on registrations.
    101 Decision {
        /// What it is about.
        target: DecisionTarget,
        /// What was decided.
        verdict: Verdict,
        /// Why.
        reason: Option<String>,
    }
    /// Closes a policy year of a subject at open tips.
    102 Lock {
        /// Policy year.
        year: u16,
        /// Day.
        day: Day,
        /// SHA-256 over the digests of the list.
        tips_root: [u8; 32],
        /// The attachment with the list.
        tips: AttachmentId,
        /// Why.
        reason: Option<String>,
    }
    /// Opens a locked year again.
    103 Unlock {
        /// Policy year.
        year: u16,
        /// Why.
        reason: String,
    }
    /// A monthly anchor: the open tips that another organisation has seen.
    117 Checkpoint {
        /// Year × 12 + month − 1.
        month: u32,
        /// SHA-256 over the digests of the list.
        tips_root: [u8; 32],
        /// The attachment with the list.
        tips: AttachmentId,
        /// Why.
        reason: Option<String>,
    }
    /// A signed statement over named inputs.
    150 Rollup {
        /// Calendar year.
        period: u16,
        /// As of.
        as_of: Day,
        /// Policy; none before one is adopted.
        policy_id: Option<String>,
        /// SHA-256 of the policy's text.
        policy_sha256: Option<[u8; 32]>,
        /// Version of the rules that made the lines.
        rules_version: u32,
        /// RFC 9162 root over the inputs.
        inputs_root: [u8; 32],
        /// The attachment with the inputs.
        inputs: AttachmentId,
        /// RFC 9162 root over the lines.
        lines_root: [u8; 32],
        /// The attachment with the lines.
        lines: AttachmentId,
        /// Teachers counted.
        teachers: u32,
        /// RFC 9162 root over the salted teacher lines.
        teachers_root: Option<[u8; 32]>,
        /// Sums over the lines: name, value.
        totals: Vec<(String, i64)>,
        /// Why.
        reason: Option<String>,
    }
}
