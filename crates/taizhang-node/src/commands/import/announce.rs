//! An activity that this organisation may not announce, or that one above has announced already, is refused: hours registered under such a number would be lost or left undecided, and the teachers would learn it from their accounts.

use taizhang_core::{
    id::{DocId, OrgId},
    rows::{Activity, Level, OrgKind},
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
    let (zh, en) = (words(level), level.word());
    let kind = match level {
        Level::School | Level::University => OrgKind::School,
        Level::Township => OrgKind::Township,
        Level::County => OrgKind::County,
        Level::City => OrgKind::City,
        Level::Province | Level::Ministry => OrgKind::Province,
    };
    let (by, by_en) = (office(kind), kind.word());
    let zh = format!(
        "{zh}培训须由{by}发布, 由 {own} 发布的不计学时; 请删去此行: {by}的通知到达后, 考勤照编号登记即可; 确是本单位自办的, 请改正组织级别"
    );
    let en = format!(
        "a training of level {en} is announced by the {by_en}: announced by {own} it earns no hours. Take the row out; once the {by_en}'s notice is here attendance is registered under its number. If {own} runs it itself, correct the level"
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

fn words(level: Level) -> &'static str {
    match level {
        Level::Ministry => "国家级",
        Level::Province => "省级",
        Level::City => "市级",
        Level::County => "区县级",
        Level::Township => "乡镇级",
        Level::School => "校级",
        Level::University => "高校",
    }
}

fn office(kind: OrgKind) -> &'static str {
    match kind {
        OrgKind::Province => "省",
        OrgKind::City => "市",
        OrgKind::County => "区县",
        OrgKind::Township => "乡镇",
        OrgKind::School => "学校",
        OrgKind::Organiser => "培训机构",
    }
}
