//! An activity that this organisation may not announce, or that one above has announced already, is refused: hours registered under such a number would be lost or left undecided, and the teachers would learn it from their accounts.

use taizhang_core::{
    id::{DocId, OrgId},
    rows::{Activity, Level},
};
use taizhang_rules::gather;

use super::known::Activities;
use crate::{commands::shown, core::Core};

/// The kind of finding, and what it would cost and what to do.
pub(super) type Why = (&'static str, (String, String));

/// Why an activity must not be written into this document.
pub(super) fn barred(core: &Core, announced: &Activities, document: &DocId, activity: &Activity) -> Option<Why> {
    let owner = document.owner;
    if !gather::announces(&core.ledger().registry, owner, activity) {
        return Some(above_its_level(&shown::org(core, owner), activity.level));
    }
    let above = |o: OrgId| core.ledger().registry.is_above(o, owner);
    let by = announced.announced_by(&activity.no, document.period).find(|o| above(*o))?;
    Some(taken(&activity.no, &shown::org(core, by)))
}

fn above_its_level(own: &str, level: Level) -> Why {
    let (of, by, by_en) = announcer(level);
    let zh = format!(
        "{of}培训须由{by}发布, 由 {own} 发布的不计学时; 请删去此行: {by}的通知到达后, 考勤照编号登记即可; 确是本单位自办的, 请改正组织级别"
    );
    let en = format!(
        "a training of level {} is announced by the {by_en}: announced by {own} it earns no hours. Take the row out; once the {by_en}'s notice is here attendance is registered under its number. If {own} runs it itself, correct the level",
        level.word()
    );
    ("announcer_not_competent", (zh, en))
}

fn taken(no: &str, by: &str) -> Why {
    let zh = format!(
        "编号 {no} 已由 {by} 发布; 再发布一次, 照此编号登记的学时会待定或不计; 请删去此行, 考勤照编号登记即可; 若是另一项活动, 请换编号"
    );
    let en = format!(
        "{by} has announced {no} already: announced again, hours registered under it would be undecided or lost. Take the row out, attendance is registered under the number as it is; if it is another activity, give it another number"
    );
    ("announced_above", (zh, en))
}

/// The level as sheets write it, and who announces trainings of it in a notice.
fn announcer(level: Level) -> (&'static str, &'static str, &'static str) {
    match level {
        Level::Ministry => ("国家级", "省", "province"),
        Level::Province => ("省级", "省", "province"),
        Level::City => ("市级", "市", "city"),
        Level::County => ("区县级", "区县", "county"),
        // A township's own ledger reaches no school.
        Level::Township => ("乡镇级", "区县", "county"),
        // Anybody announces these.
        Level::School => ("校级", "学校", "school"),
        Level::University => ("高校", "选派单位", "organisation that sends teachers there"),
    }
}
