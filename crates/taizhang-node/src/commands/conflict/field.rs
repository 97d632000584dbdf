//! Where a descriptive field stands, and what may be written into it.

use taizhang_core::{
    cbor::Value,
    id::{DocId, Kind},
};

use super::super::Context;
use crate::error::{CommandError, ErrorKind};

const ROSTER: [&str; 3] = ["seq", "subject", "remark"];
const REGISTRY: [&str; 5] = ["address1", "address2", "address3", "address4", "contact_post"];
const PLAN: [&str; 9] =
    ["title", "content", "audience", "place", "seats", "credit_standard", "assessment_method", "budget_fen", "lecturers"];
/// Whole numbers; everything else is text.
const NUMBERS: [&str; 3] = ["seq", "seats", "budget_fen"];

/// A register of a document.
pub(super) struct Target {
    pub(super) document: DocId,
    pub(super) key: String,
}

impl Target {
    pub(super) fn value(&self, text: &str) -> Result<Value, CommandError> {
        value(&self.key, text)
    }
}

/// The kind of document in which such a field stands.
pub(crate) fn kind_of(key: &str) -> Option<Kind> {
    let (_, field) = key.rsplit_once('.')?;
    let kinds = [(&ROSTER[..], Kind::Roster), (&REGISTRY[..], Kind::Registry), (&PLAN[..], Kind::Ledger)];
    kinds.into_iter().find(|(fields, _)| fields.contains(&field)).map(|(_, kind)| kind)
}

/// The register that a person means: `TEACHER.subject` in the roster, `ORGANISATION.address1` in the registry that describes it, `PLAN.title` in this year's ledger.
pub(super) fn target(c: &Context<'_>, key: &str) -> Result<Target, CommandError> {
    let (id, field) = key.rsplit_once('.').filter(|(id, _)| is_id(id)).ok_or_else(|| unknown(key))?;
    let own = c.core.org();
    if ROSTER.contains(&field) {
        if taizhang_sheets::is_id_number(id) {
            let why = ("教师编号不能是身份证号", "a teacher's number is never an ID number");
            return Err(CommandError::new(ErrorKind::Usage, why.0, why.1).hint("请用教师编号", "use the teacher's number"));
        }
        return Ok(Target { document: DocId::of(owner(c, Kind::Roster)?, Kind::Roster), key: key.to_owned() });
    }
    if REGISTRY.contains(&field) {
        let org = c.org(id)?;
        // An organisation that certifies describes itself; others are described where they were created.
        let registries = &c.core.ledger().registry;
        let certifies = registries.kind(org).is_some_and(taizhang_core::rows::OrgKind::certifies);
        let above = registries.orgs.get(&org).map_or(own, |o| o.registry);
        let owner = if org == own && certifies { own } else { above };
        return Ok(Target { document: DocId::of(owner, Kind::Registry), key: format!("{org}.{field}") });
    }
    if PLAN.contains(&field) {
        let year = c.core.now().day().year();
        return Ok(Target { document: DocId::of_year(owner(c, Kind::Ledger)?, Kind::Ledger, year), key: key.to_owned() });
    }
    Err(unknown(key))
}

/// The organisation in whose document the acting key writes: this node's, or the one of the key's own grant.
fn owner(c: &Context<'_>, kind: Kind) -> Result<taizhang_core::id::OrgId, CommandError> {
    let key = c.acting_key()?;
    let writes = |org| match kind {
        Kind::Roster => DocId::of(org, kind),
        _ => DocId::of_year(org, kind, 1),
    };
    let ledger = c.core.ledger();
    let may = |org| taizhang_core::author::grant_for(ledger, key, &writes(org)).is_some();
    let own = c.core.org();
    let of_key = || ledger.registry.grants_of(key).map(|(_, g)| g.row.org).find(|org| may(*org));
    Ok(if may(own) { own } else { of_key().unwrap_or(own) })
}

fn is_id(id: &str) -> bool {
    (1..=40).contains(&id.len()) && id.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_')
}

fn unknown(key: &str) -> CommandError {
    let fields = [&ROSTER[..], &REGISTRY[..], &PLAN[..]].concat().join(", ");
    CommandError::not_found(format!("没有说明项 {key}"), format!("there is no descriptive field {key}")).hint(
        format!("写法: 编号.项目; 项目: {fields}; 学段, 职称等有日期的事实用名册导入"),
        format!("written NUMBER.FIELD; fields: {fields}; dated facts such as stage and title come with the roster"),
    )
}

/// What is written for this text.
pub(super) fn value(key: &str, text: &str) -> Result<Value, CommandError> {
    let field = key.rsplit_once('.').map_or(key, |(_, field)| field);
    if !NUMBERS.contains(&field) {
        return Ok(Value::Text(text.to_owned()));
    }
    let number = text.trim().parse::<i64>().map(|n| Value::Int(n.into()));
    number.map_err(|_| CommandError::new(ErrorKind::Usage, format!("{field} 应为整数"), format!("{field} is a whole number")))
}
