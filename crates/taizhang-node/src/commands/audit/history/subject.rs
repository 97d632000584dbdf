//! Which rows a history is about: all that say something about one thing, and what they replaced or were replaced by.

use std::collections::{BTreeMap, BTreeSet};

use taizhang_core::{
    op::RowName,
    rows::{Activity, Elsewhere, Registration, Teacher},
    view::{
        DocumentView, ViewRow,
        matter::{Matters, registration_id},
    },
};

use crate::{
    commands::shown,
    core::Core,
    error::{CommandError, ErrorKind},
};

/// What a history is about.
pub(super) struct Subject {
    /// What the rows are about, or the row's name.
    pub(super) id: String,
    pub(super) rows: BTreeSet<RowName>,
    /// 教师编号
    pub(super) teacher: Option<String>,
    /// Number of the activity.
    pub(super) activity: Option<String>,
}

impl Subject {
    /// `TEACHER ACTIVITY`; else what it is about, a number of a teacher or activity, or a row's name or its beginning.
    pub(super) fn find(
        core: &Core,
        views: &[DocumentView],
        matters: &Matters<'_>,
        record: &str,
        activity: Option<&str>,
    ) -> Result<Self, CommandError> {
        let mut about: BTreeMap<String, BTreeSet<RowName>> = BTreeMap::new();
        for row in views.iter().flat_map(|v| v.rows.values()) {
            if let Some(id) = matters.subject(row) {
                about.entry(id).or_default().insert(row.name);
            }
        }
        let ids = match activity {
            Some(activity) => vec![registration_id(activity, record)],
            // `registration:g/A/T` is how conflicts are named.
            None => vec![
                record.to_owned(),
                record.split_once(':').map_or_else(String::new, |(_, id)| id.to_owned()),
                format!("t/{record}"),
                format!("a/{record}"),
            ],
        };
        let known = ids.into_iter().find_map(|id| about.get(&id).map(|rows| (id, rows.clone())));
        let (id, rows) = match (known, activity) {
            (Some(known), _) => known,
            (None, Some(activity)) => {
                let why = (
                    format!("没有教师 {record} 在活动 {activity} 的登记"),
                    format!("there is no registration of teacher {record} in activity {activity} here"),
                );
                return Err(CommandError::not_found(why.0, why.1));
            }
            (None, None) => {
                let row = named_row(core, views, record)?;
                let id = matters.row(row).and_then(|r| matters.subject(r));
                let rows = id.as_ref().and_then(|id| about.get(id).cloned()).unwrap_or_default();
                (id.unwrap_or_else(|| row.to_string()), rows.into_iter().chain([row]).collect())
            }
        };
        let rows = with_replaced(views, rows.into_iter().chain(facts(&about, &id)).collect());
        let found = || rows.iter().filter_map(|n| matters.row(*n));
        let (teacher, activity) = (found().find_map(teacher), found().find_map(|r| activity_no(matters, r)));
        Ok(Self { id, teacher, activity, rows })
    }
}

impl Subject {
    /// Is a descriptive field of this key one of the teacher or activity that this is about?
    pub(super) fn is_described_by(&self, key: &str) -> bool {
        let number = self.id.strip_prefix("t/").or_else(|| self.id.strip_prefix("a/"));
        number.is_some_and(|number| key.rsplit_once('.').is_some_and(|(of, _)| of == number))
    }
}

/// A teacher's dated facts belong to what the roster says of the teacher.
fn facts(about: &BTreeMap<String, BTreeSet<RowName>>, id: &str) -> Vec<RowName> {
    let Some(number) = id.strip_prefix("t/") else { return Vec::new() };
    let prefix = format!("st/{number}/");
    let from = about.range(prefix.clone()..).take_while(|(id, _)| id.starts_with(&prefix));
    from.flat_map(|(_, rows)| rows).copied().collect()
}

/// `HEX` or `HEX.INDEX`, six digits at least; without an index the entry must hold one row only.
fn named_row(core: &Core, views: &[DocumentView], named: &str) -> Result<RowName, CommandError> {
    let (hex, index) = named.split_once('.').map_or((named, None), |(hex, index)| (hex, Some(index)));
    let none = || {
        CommandError::not_found(format!("没有记录 {named}"), format!("there is no record {named} here")).hint(
            "可用: 行编号 (前六位以上)、教师编号 活动编号、或 conflict list 所示的名称",
            "name a row (six digits or more), a teacher and an activity, or what `conflict list` shows",
        )
    };
    let entry = shown::find_entry(core, hex, |_| true)
        .map_err(|e| if e.kind == ErrorKind::Usage && e.hint.is_none() { none() } else { e })?;
    let rows: Vec<RowName> = views.iter().flat_map(|v| v.rows_of(entry)).map(|r| r.name).collect();
    let index: Option<u16> = index.map(|i| i.parse().map_err(|_| none())).transpose()?;
    match (index, rows.as_slice()) {
        (None, [one]) => Ok(*one),
        (Some(index), _) => rows.into_iter().find(|r| r.index == index).ok_or_else(none),
        (None, []) => Err(none()),
        (None, several) => {
            let n = several.len();
            let why = (format!("条目 {entry} 有 {n} 行"), format!("entry {entry} holds {n} rows"));
            Err(CommandError::not_found(why.0, why.1)
                .hint(format!("请写明 {hex}.0 至 {hex}.{}", n - 1), format!("name one: {hex}.0 to {hex}.{}", n - 1)))
        }
    }
}

/// All that these rows replaced or were replaced by, through others too.
fn with_replaced(views: &[DocumentView], mut rows: BTreeSet<RowName>) -> BTreeSet<RowName> {
    loop {
        let before = rows.len();
        for row in views.iter().flat_map(|v| v.rows.values()) {
            let replaced: Vec<RowName> = row.replaces.iter().map(|r| r.resolve(row.name.entry)).collect();
            if rows.contains(&row.name) {
                rows.extend(replaced);
            } else if replaced.iter().any(|r| rows.contains(r)) {
                rows.insert(row.name);
            }
        }
        if rows.len() == before {
            return rows;
        }
    }
}

fn teacher(row: &ViewRow) -> Option<String> {
    let registered = row.read::<Registration>().map(|p| p.row.teacher);
    registered.or_else(|| row.read::<Elsewhere>().map(|p| p.row.teacher)).or_else(|| row.read::<Teacher>().map(|p| p.row.no))
}

fn activity_no(matters: &Matters<'_>, row: &ViewRow) -> Option<String> {
    let number = |r: &ViewRow| r.read::<Activity>().map(|p| p.row.no);
    let registration = row.read::<Registration>().map(|p| p.row);
    let referred = registration.as_ref().and_then(|r| matters.row(r.activity?.resolve(row.name.entry))).and_then(number);
    number(row).or(referred).or_else(|| registration?.activity_no)
}
