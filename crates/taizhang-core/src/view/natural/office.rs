//! Natural ids of what schools, counties and cities write besides hours: plans, money, reviews, transfers.

use super::{id, named, part};
use crate::{
    op::RowRef,
    rows::{
        Adopt, AnnualReview, AppealAnswer, Ban, BanFlag, Calendar, Certificate, Course, Dispose, EnrolDecision, Enrolment,
        EraseConfirm, Fund, Included, Inspection, Instructor, Membership, Mentoring, Merge, NoShow, Plan, PlanDecision,
        PolicyText, Quota, Recognition, RecordLine, RowType, SampleSeed, Selected, SpotCheck, Taught, TransferAck, TransferIn,
        TransferOut, Waiver,
    },
    view::ViewRow,
};

/// Of policies and notices.
pub(super) fn announced(row: &ViewRow) -> Option<String> {
    match row.row_type {
        PolicyText::TYPE => id::<PolicyText>(row, |r| format!("policy/{}/{}", part(&r.id), part(&r.version))),
        Adopt::TYPE => id::<Adopt>(row, |r| format!("adopt/{}/{}", part(&r.id), r.effective_day)),
        Calendar::TYPE => id::<Calendar>(row, |r| format!("cal/{}/{}", r.school_year, r.semester)),
        Quota::TYPE => id::<Quota>(row, |r| {
            let of: Vec<String> =
                [&r.activity, &r.programme].into_iter().map(|o| o.as_deref().map(part).unwrap_or_default()).collect();
            format!("q/{}/{}/{}/{}", r.year, part(&r.category), r.to_org, of.join("/"))
        }),
        Course::TYPE => id::<Course>(row, |r| format!("course/{}", part(&r.no))),
        Instructor::TYPE => id::<Instructor>(row, |r| format!("ins/{}", part(&r.no))),
        BanFlag::TYPE => id::<BanFlag>(row, |r| format!("ban/{}/{}", part(&r.teacher), r.decided_day)),
        SampleSeed::TYPE => id::<SampleSeed>(row, |r| format!("seed/{}", r.rollup)),
        _ => None,
    }
}

/// Of ledgers, rosters and transfers.
pub(super) fn kept(row: &ViewRow) -> Option<String> {
    match row.row_type {
        TransferIn::TYPE => id::<TransferIn>(row, |r| format!("in/{}/{}", part(&r.teacher), r.day)),
        Plan::TYPE => id::<Plan>(row, |r| format!("pl/{}/{}", part(&r.no), r.version)),
        Enrolment::TYPE => id::<Enrolment>(row, |r| format!("en/{}/{}", part(&r.activity), part(&r.teacher))),
        Fund::TYPE => id::<Fund>(row, |r| format!("f/{}/{}", r.period, r.source.word())),
        NoShow::TYPE => id::<NoShow>(row, |r| format!("ns/{}/{}", part(&r.activity), part(&r.teacher))),
        Mentoring::TYPE => id::<Mentoring>(row, |r| format!("me/{}/{}", part(&r.new_teacher), r.from_day)),
        Membership::TYPE => {
            id::<Membership>(row, |r| format!("gr/{}/{}/{}/{}", part(&r.group), part(&r.teacher), part(&r.role), r.from_day))
        }
        Taught::TYPE => id::<Taught>(row, |r| format!("ta/{}/{}", part(&r.activity), part(&r.teacher))),
        TransferOut::TYPE => id::<TransferOut>(row, |r| format!("to/{}/{}", part(&r.teacher), r.day)),
        RecordLine::TYPE => id::<RecordLine>(row, |r| format!("rl/{}", named(row, &r.source))),
        _ => None,
    }
}

/// Of reviews: a decision is about the row that it names.
pub(super) fn decided(row: &ViewRow) -> Option<String> {
    let about = |word: &str, r: &RowRef| format!("{word}/{}", named(row, r));
    match row.row_type {
        PlanDecision::TYPE => id::<PlanDecision>(row, |r| about("pd", &r.plan)),
        AnnualReview::TYPE => id::<AnnualReview>(row, |r| format!("ar/{}", r.year)),
        Recognition::TYPE => id::<Recognition>(row, |r| format!("{}/{}", about("rec", &r.target), part(&r.teacher))),
        Waiver::TYPE => id::<Waiver>(row, |r| format!("wv/{}/{}", part(&r.teacher), r.year)),
        Ban::TYPE => id::<Ban>(row, |r| format!("bn/{}/{}", part(&r.teacher), r.decided_day)),
        SpotCheck::TYPE => id::<SpotCheck>(row, |r| format!("{}/{}", about("sp", &r.sample), r.n)),
        AppealAnswer::TYPE => id::<AppealAnswer>(row, |r| format!("{}/{}", about("aa", &r.appeal), r.stage.word())),
        // A confirmation stands beside what it confirms.
        Certificate::TYPE => id::<Certificate>(row, |r| format!("cert/{}/{}", part(&r.no), r.step.word())),
        Inspection::TYPE => id::<Inspection>(row, |r| format!("isp/{}/{}", r.year, r.semester)),
        Merge::TYPE => id::<Merge>(row, |r| about("mg", &r.keep)),
        EnrolDecision::TYPE => id::<EnrolDecision>(row, |r| about("ed", &r.enrolment)),
        TransferAck::TYPE => id::<TransferAck>(row, |r| about("tk", &r.transfer)),
        Included::TYPE => id::<Included>(row, |r| format!("inc/{}", r.rollup)),
        Selected::TYPE => id::<Selected>(row, |r| format!("sel/{}/{}", r.what.word(), part(&r.who))),
        EraseConfirm::TYPE => id::<EraseConfirm>(row, |r| about("ec", &r.erase)),
        Dispose::TYPE => id::<Dispose>(row, |r| format!("dispose/{}", hex_document(&r))),
        _ => None,
    }
}

fn hex_document(r: &Dispose) -> String {
    super::hex(&r.document.to_bytes())
}
