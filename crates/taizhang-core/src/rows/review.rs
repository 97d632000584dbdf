//! Rows of reviews besides decisions on hours: plans, recognitions, waivers, bans, spot checks, appeals, certificates, inspections.

use super::{
    field::{Bytes, code},
    rows,
    training::{ActivityKind, Evidence, Level, Verdict},
};
use crate::{
    id::{AttachmentId, DocId, EntryId},
    op::RowRef,
    units::Day,
};

code! {
    /// A decision on a plan.
    PlanVerdict {
        /// 批准
        Approved = 1 "approved",
        /// 退回
        Returned = 2 "returned",
        /// 不批准
        Refused = 3 "refused",
    }
}

code! {
    /// Who answers an appeal.
    AppealStage {
        /// The level that had decided.
        First = 1 "first",
        /// The next level up: for good.
        Final = 2 "final",
    }
}

code! {
    /// What became of an appeal.
    AppealResult {
        /// 维持
        Upheld = 1 "upheld",
        /// 变更
        Changed = 2 "changed",
    }
}

code! {
    /// Which certificate.
    CertificateKind {
        /// 结业
        Completion = 1 "completion",
        /// 合格
        Qualified = 2 "qualified",
        /// 优秀学员
        Excellent = 3 "excellent",
    }
}

code! {
    /// How far a certificate has come.
    CertificateStep {
        /// The county has prepared it.
        Prepared = 1 "prepared",
        /// The city has confirmed it.
        Confirmed = 2 "confirmed",
        /// It was withdrawn: by the city, or by the county before the confirmation.
        Withdrawn = 3 "withdrawn",
    }
}

code! {
    /// What someone was selected as.
    Selection {
        /// 先进学校
        AdvancedSchool = 1 "advanced_school",
        /// 优秀学员
        ExcellentTrainee = 2 "excellent_trainee",
    }
}

rows! {
    /// A decision on a plan.
    100 PlanDecision {
        /// The plan (row 60), or an activity (row 20) whose plan came with it.
        plan: RowRef,
        /// What was decided.
        decision: PlanVerdict,
        /// On which day.
        decided_day: Day,
        /// It holds although the activity had begun (D-06): then `reason` says why.
        retroactive: bool,
        /// Why.
        reason: Option<String>,
        /// 备案
        filed_day: Option<Day>,
    }
    /// The yearly review of a school (form 10).
    104 AnnualReview {
        /// Policy year.
        year: u16,
        /// 应审
        due: u32,
        /// 通过
        passed: u32,
        /// 退回
        returned: u32,
        /// 更正
        corrected: u32,
        /// 摘要值
        digest: [u8; 32],
        /// Day.
        day: Day,
        /// Why.
        reason: Option<String>,
    }
    /// The county recognises a training held elsewhere (D-10), or refuses to.
    105 Recognition {
        /// The row of the training: 20, 64, 65 or 171.
        target: RowRef,
        /// 教师编号
        teacher: String,
        /// How it counts, where the row says otherwise.
        kind: Option<ActivityKind>,
        /// Hours that count, where the row says otherwise.
        h100: Option<u32>,
        /// What was decided.
        verdict: Verdict,
        /// Why.
        reason: Option<String>,
    }
    /// Months of a year that do not count for a teacher (D-08). Why is nobody's business here.
    106 Waiver {
        /// 教师编号
        teacher: String,
        /// Policy year.
        year: u16,
        /// How many months, at most 12.
        months: u8,
    }
    /// The bureau bans a teacher from trainings (workflow 17). What happened is sealed under the teacher's key.
    107 Ban {
        /// 教师编号
        teacher: String,
        /// no_show, serious_breach: the policy's word.
        trigger: String,
        /// First day of the ban.
        decided_day: Day,
        /// For how many years.
        years: u8,
        /// From trainings of which levels.
        levels: Vec<Level>,
        /// The teacher was heard on.
        heard_day: Option<Day>,
        /// Sealed reason.
        sealed_reason: Option<Bytes>,
        /// Evidence.
        evidence: Option<Evidence>,
    }
    /// What the city found about a sampled registration (form 11).
    108 SpotCheck {
        /// The seed's row (27).
        sample: RowRef,
        /// Number in the sample, from 1.
        n: u32,
        /// The registration.
        registration: RowRef,
        /// What was found.
        finding: String,
        /// What was decided.
        verdict: Verdict,
        /// Evidence.
        evidence: Option<Evidence>,
        /// Why.
        reason: Option<String>,
    }
    /// The answer to an appeal (form 21).
    109 AppealAnswer {
        /// Row 69.
        appeal: RowRef,
        /// Who answers.
        stage: AppealStage,
        /// 结果
        result: AppealResult,
        /// 意见
        opinion: String,
        /// Day.
        day: Day,
        /// Why.
        reason: Option<String>,
    }
    /// A certificate: prepared by the county, confirmed by the city in a row that names the prepared one; a withdrawal replaces them.
    110 Certificate {
        /// 证号
        no: String,
        /// 教师编号
        teacher: String,
        /// Which.
        kind: CertificateKind,
        /// Programme, where it is of one.
        project: Option<String>,
        /// The cycle, in words: 2008-2012.
        cycle: String,
        /// Policy.
        policy_id: String,
        /// SHA-256 of the policy's text.
        policy_sha256: [u8; 32],
        /// SHA-256 of the account that it rests on.
        account_digest: [u8; 32],
        /// Hours by bucket, as printed.
        h100_lines: Vec<(String, u32)>,
        /// The prepared row, in the confirmation.
        prepared: Option<RowRef>,
        /// How far it has come.
        step: CertificateStep,
        /// Day.
        day: Day,
        /// Why.
        reason: Option<String>,
        /// Salted commitment to the name (docs/certificates.md).
        commitment: Option<[u8; 32]>,
        /// Ed25519 signature of the statement, in the confirmation.
        signature: Option<[u8; 64]>,
    }
    /// The special inspection of a school's own training (form 17). Scores from 0 to 100.
    111 Inspection {
        /// Calendar year.
        year: u16,
        /// 1: spring, 2: autumn.
        semester: u8,
        /// 计划
        plan: u8,
        /// 过程资料
        process: u8,
        /// 成果
        results: u8,
        /// 经费
        funds: u8,
        /// 得分
        total: u16,
        /// 等次
        grade: Option<String>,
        /// 问题
        problems: Option<String>,
        /// Day.
        day: Day,
        /// Why.
        reason: Option<String>,
    }
    /// Several rows are about one training: one counts, the others do not (D-24).
    112 Merge {
        /// Counts.
        keep: RowRef,
        /// Do not.
        drop: Vec<RowRef>,
        /// Why.
        reason: Option<String>,
    }
    /// A decision on an enrolment.
    113 EnrolDecision {
        /// Row 61.
        enrolment: RowRef,
        /// Has a place.
        accepted: bool,
        /// Place in the order in which places are given, from 1.
        order: u32,
        /// Why.
        reason: Option<String>,
    }
    /// A rollup counts this subject as it stood at these tips.
    115 Included {
        /// Entry of the rollup.
        rollup: EntryId,
        /// The attachment with the open tips.
        tips: AttachmentId,
        /// Why.
        reason: Option<String>,
    }
    /// An advanced school or an excellent trainee (form 15).
    116 Selected {
        /// As what.
        what: Selection,
        /// Number of the school or teacher.
        who: String,
        /// Place, from 1.
        rank: Option<u32>,
        /// Why.
        reason: Option<String>,
    }
    /// A document may be deleted: its time is over.
    118 Dispose {
        /// Which.
        document: DocId,
        /// The attachment with its open tips.
        tips: AttachmentId,
        /// Why.
        reason: String,
    }
    /// The county confirms that a teacher's key is to be destroyed: from now on no node keeps it.
    119 EraseConfirm {
        /// Row 51, with its document.
        erase: RowRef,
        /// Why.
        reason: Option<String>,
    }
}
