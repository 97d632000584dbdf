//! `erase`: a person is forgotten. The school asks for it (row 51), the county confirms it (row 119), and from then on no node keeps the teacher's keys; the numbered records stay.

use std::collections::BTreeSet;

use serde_json::{Value as Json, json};
use taizhang_core::{
    id::{DocId, Kind, OrgId},
    names::{self, KeyId},
    op::{PayloadBuilder, RowName},
    rows::{Erase, EraseConfirm, OrgKind, Person as PersonRow, RowType},
    standing::Judge,
};

use super::{Context, import::plan::is_about_a_person, shown};
use crate::{
    command::Reply,
    core::{Act, Core},
    error::{CommandError, ErrorKind},
};

/// A standing row 51.
struct Asked {
    name: RowName,
    document: DocId,
    row: Erase,
    is_done: bool,
}

/// Every standing row 51 that is here, with whether the county has confirmed it.
fn asked(core: &Core) -> Result<Vec<Asked>, CommandError> {
    let erased = names::erased(core.ledger(), &Judge::new(core.ledger()));
    let mut out = Vec::new();
    for view in shown::views(core, |d| d.kind == Kind::Identity)? {
        for row in view.rows.values().filter(|r| r.stands()) {
            if let Some(erase) = row.read::<Erase>().map(|p| p.row) {
                let is_done = erased.contains(&(view.document, erase.key_id));
                out.push(Asked { name: row.name, document: view.document, row: erase, is_done });
            }
        }
    }
    Ok(out)
}

/// The school asks that a teacher be forgotten: every key under which the number is sealed.
pub(crate) fn ask(c: &mut Context<'_>, teacher: &str, reason: &str) -> Result<Reply, CommandError> {
    let own = c.core.org();
    if c.core.ledger().registry.kind(own) != Some(OrgKind::School) {
        return Err(refused("销毁身份信息由学校提出", "a school asks that a person be forgotten")
            .hint("请在学校的电脑上办理; 区县用 erase confirm", "do it on the school's machine; a county uses `erase confirm`"));
    }
    if reason.trim().is_empty() || is_about_a_person(reason, None) {
        return Err(refused(
            "理由不能为空, 也不能含证件号或电话: 它会留在台账里",
            "the reason must not be empty, nor hold an ID number or a phone: it stays in the ledger",
        )
        .hint("例如: 保存期满", "for example: retention is over"));
    }
    let document = DocId::of(own, Kind::Identity);
    let view = c.core.view(&document)?;
    let persons = view.rows.values().filter_map(|r| r.read::<PersonRow>()).map(|p| p.row);
    let keys: BTreeSet<KeyId> = persons.filter(|p| p.teacher == teacher).map(|p| p.key_id).collect();
    if keys.is_empty() {
        let (zh, en) = (format!("没有教师 {teacher} 的身份信息"), format!("nothing is sealed about teacher {teacher} here"));
        return Err(CommandError::not_found(zh, en).hint("请核对教师编号", "check the number"));
    }
    let earlier = asked(c.core)?;
    let is_asked = |key: &KeyId| earlier.iter().any(|a| a.document == document && a.row.key_id == *key);
    let new: Vec<KeyId> = keys.into_iter().filter(|k| !is_asked(k)).collect();
    if new.is_empty() {
        let (zh, en) =
            (format!("已提出销毁 {teacher} 的身份信息"), format!("it was asked for already that {teacher} be forgotten"));
        return Err(refused(&zh, &en).hint("等待区县用 erase confirm 确认", "the county confirms it with `erase confirm`"));
    }
    let mut p = PayloadBuilder::default();
    for key_id in &new {
        let row = Erase { teacher: teacher.to_owned(), key_id: *key_id, reason: reason.trim().to_owned() };
        p.row(Erase::TYPE, &[], &row.to_fields());
    }
    let mut act = Act::default();
    act.write(document, p);
    let person = c.person()?;
    let entries = c.core.write(&person, act)?;
    let entries: Vec<String> = entries.iter().map(ToString::to_string).collect();
    Ok(Reply::new("erase", json!({ "teacher": teacher, "state": "waiting", "teacher_keys": new.len(), "entries": entries })))
}

/// The county confirms what the schools asked for about a teacher. The keys go at once here, and on every other node as soon as it hears of it.
pub(crate) fn confirm(c: &mut Context<'_>, teacher: &str) -> Result<Reply, CommandError> {
    let (own, year) = (c.core.org(), c.core.now().day().year());
    let is_ours = |school: OrgId| c.core.ledger().registry.county_of(school) == Some(own);
    let waiting: Vec<Asked> =
        asked(c.core)?.into_iter().filter(|a| a.row.teacher == teacher && !a.is_done && is_ours(a.document.owner)).collect();
    if waiting.is_empty() {
        let zh = format!("没有待确认的销毁: {teacher}");
        let en = format!("nothing waits to be confirmed about {teacher}");
        return Err(CommandError::not_found(zh, en)
            .hint("taizhang erase list 列出学校提出的销毁", "`taizhang erase list` lists what schools asked for"));
    }
    let schools: BTreeSet<OrgId> = waiting.iter().map(|a| a.document.owner).collect();
    let mut act = Act::default();
    for school in &schools {
        let mut p = PayloadBuilder::default();
        for a in waiting.iter().filter(|a| a.document.owner == *school) {
            let row = EraseConfirm { erase: a.name.in_document(a.document), reason: None };
            p.row(EraseConfirm::TYPE, &[], &row.to_fields());
        }
        act.write(DocId::about(own, Kind::Review, year, *school), p);
    }
    let person = c.person()?;
    let entries = c.core.write(&person, act)?;
    let still = still_named(c.core, teacher)?;
    if !still.is_empty() {
        let (n, list) = (still.len(), "taizhang erase list");
        c.note(
            format!("还有 {n} 所学校的身份信息载有此教师, 尚未销毁: 由该校用 erase 提出, 区县再确认 ({list})"),
            format!("{n} schools still name this teacher: each asks with `erase`, then the county confirms (`{list}`)"),
        );
    }
    let state = if still.is_empty() { "erased" } else { "partly" };
    let entries: Vec<String> = entries.iter().map(ToString::to_string).collect();
    let schools: Vec<String> = schools.into_iter().map(|s| shown::org(c.core, s)).collect();
    let reply = json!({ "teacher": teacher, "state": state, "teacher_keys": waiting.len(), "schools": schools, "still_named": still, "entries": entries });
    Ok(Reply::new("erase", reply))
}

/// The schools whose identity documents here still name the teacher under a key that is not erased: one that transferred has several.
fn still_named(core: &Core, teacher: &str) -> Result<BTreeSet<String>, CommandError> {
    let erased = names::erased(core.ledger(), &Judge::new(core.ledger()));
    let mut out = BTreeSet::new();
    for view in shown::views(core, |d| d.kind == Kind::Identity)? {
        let mut persons = view.rows.values().filter_map(|r| r.read::<PersonRow>()).map(|p| p.row);
        if persons.any(|p| p.teacher == teacher && !erased.contains(&(view.document, p.key_id))) {
            out.insert(shown::org(core, view.document.owner));
        }
    }
    Ok(out)
}

/// What schools asked for, and what became of it.
pub(crate) fn list(c: &Context<'_>) -> Result<Reply, CommandError> {
    let line = |a: &Asked| -> Json {
        json!({
            "teacher": a.row.teacher, "school": shown::org(c.core, a.document.owner), "reason": a.row.reason,
            "state": if a.is_done { "erased" } else { "waiting" }, "by": shown::row_hand(c.core, a.name),
        })
    };
    let lines: Vec<Json> = asked(c.core)?.iter().map(line).collect();
    Ok(Reply::new("erasures", json!({ "erasures": lines })))
}

fn refused(zh: &str, en: &str) -> CommandError {
    CommandError::new(ErrorKind::Refused, zh, en)
}

#[cfg(test)]
mod tests;
