//! What a row is about: the id by which views group rows. Not a key that someone could occupy.

mod office;

use std::collections::BTreeMap;

use sha2::{Digest, Sha256};

use super::ViewRow;
use crate::{
    op::{RowName, RowRef},
    planted::{Check, is_off},
    rows::{
        Activity, Appeal, Attestation, Checkpoint, Decision, Elsewhere, End, Erase, Grant, Import, Leave, Lock, Marks, Material,
        Org, Person, Published, Registration, Rollup, RootStatement, RowType, Session, Sheet, Status, Teacher, Unlock,
        field::Field,
    },
};

/// Rows by name, to follow references.
pub(super) type RowIndex<'v> = BTreeMap<RowName, &'v ViewRow>;

/// How a row is grouped.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Natural {
    /// With rows of the same type and id; different contents are rivals.
    Id(String),
    /// With rows of equal content only: never rivals, but the same file read twice is one matter.
    OwnContent,
    /// Alone: types that this version does not read, and acts that do not compete.
    OwnName,
}

/// The natural id of a row, as the table of row types gives it.
pub(super) fn of(row: &ViewRow, rows: &RowIndex<'_>) -> Natural {
    match row.row_type {
        Registration::TYPE => with::<Registration>(row, |r| registration(row, r, rows)),
        Elsewhere::TYPE => with::<Elsewhere>(row, |r| match &r.external_id {
            Some(id) => Natural::Id(format!("x/{}", hex(&id.0))),
            None => Natural::OwnContent,
        }),
        Sheet::TYPE => with::<Sheet>(row, |r| sheet(r).map_or(Natural::OwnContent, Natural::Id)),
        Marks::TYPE => with::<Marks>(row, |r| Natural::Id(marks(row, r, rows))),
        Published::TYPE | Material::TYPE | Appeal::TYPE | Attestation::TYPE => Natural::OwnContent,
        _ => {
            let known =
                simple(row).or_else(|| office::announced(row)).or_else(|| office::kept(row)).or_else(|| office::decided(row));
            known.map_or(Natural::OwnName, Natural::Id)
        }
    }
}

fn with<T: RowType>(row: &ViewRow, id: impl Fn(&T) -> Natural) -> Natural {
    row.read::<T>().map_or(Natural::OwnName, |p| id(&p.row))
}

fn id<T: RowType>(row: &ViewRow, id: impl Fn(T) -> String) -> Option<String> {
    row.read::<T>().map(|p| id(p.row))
}

/// Types whose fields alone give the id.
fn simple(row: &ViewRow) -> Option<String> {
    match row.row_type {
        Org::TYPE => id::<Org>(row, |r| format!("org/{}", r.org)),
        // A key may hold several roles in one organisation, and each may stand.
        Grant::TYPE => id::<Grant>(row, |r| format!("grant/{}/{}/{}", r.key, r.org, r.role.word())),
        End::TYPE => id::<End>(row, |r| format!("end/{}", r.grant.resolve(row.name.entry))),
        RootStatement::TYPE => id::<RootStatement>(row, |r| format!("root/{}", r.number)),
        Activity::TYPE => id::<Activity>(row, |r| activity(&r.no)),
        Session::TYPE => id::<Session>(row, |r| format!("s/{}/{}", part(&r.activity), r.n)),
        Teacher::TYPE => id::<Teacher>(row, |r| format!("t/{}", part(&r.no))),
        Status::TYPE => id::<Status>(row, |r| format!("st/{}/{}/{}", part(&r.teacher), part(&r.what), r.from_day)),
        Person::TYPE => id::<Person>(row, |r| format!("p/{}/{}", part(&r.teacher), hex(&r.key_id))),
        Erase::TYPE => id::<Erase>(row, |r| format!("e/{}/{}", part(&r.teacher), hex(&r.key_id))),
        Leave::TYPE => id::<Leave>(row, |r| format!("lv/{}/{}", part(&r.teacher), r.from_day)),
        Import::TYPE => id::<Import>(row, |r| format!("im/{}", hex(r.file_sha256.get(..8).unwrap_or_default()))),
        Decision::TYPE => id::<Decision>(row, |r| {
            let target = Sha256::digest(r.target.to_cbor());
            format!("d/{}", hex(target.get(..8).unwrap_or_default()))
        }),
        Lock::TYPE => id::<Lock>(row, |r| format!("lock/{}", r.year)),
        Unlock::TYPE => id::<Unlock>(row, |r| format!("lock/{}", r.year)),
        Checkpoint::TYPE => id::<Checkpoint>(row, |r| format!("cp/{}", r.month)),
        Rollup::TYPE => id::<Rollup>(row, |r| format!("rollup/{}", r.period)),
        _ => None,
    }
}

/// The id of the activity with this number.
pub(super) fn activity(no: &str) -> String {
    format!("a/{}", part(no))
}

/// The id of the registration of a teacher in the activity with this number.
pub(super) fn registration_id(activity_no: &str, teacher: &str) -> String {
    format!("g/{}/{}", part(activity_no), part(teacher))
}

/// A row that names its activity by reference and one that names it by number are about the same.
fn registration(row: &ViewRow, r: &Registration, rows: &RowIndex<'_>) -> Natural {
    let named = r.activity.map(|a| a.resolve(row.name.entry));
    let number = activity_no(row, r, rows).map(|no| part(&no));
    match number.or(named.map(|n| format!("@{n}"))) {
        Some(what) => Natural::Id(format!("g/{what}/{}", part(&r.teacher))),
        None => Natural::OwnContent,
    }
}

/// The number of the activity that a registration names, by reference where the row is here, else by number.
pub(super) fn activity_no(row: &ViewRow, r: &Registration, rows: &RowIndex<'_>) -> Option<String> {
    let referred = r.activity.and_then(|a| target(row, &a, rows)).and_then(|t| t.read::<Activity>());
    referred.map(|p| p.row.no).or_else(|| r.activity_no.clone())
}

fn sheet(r: &Sheet) -> Option<String> {
    let sessions: Vec<String> = r.sessions.iter().flatten().map(u32::to_string).collect();
    match (&r.activity, r.source_file) {
        (Some(no), _) => Some(format!("sh/{}/{}", part(no), sessions.join(","))),
        (None, Some(file)) => Some(format!("sh/~{}", hex(file.get(..8).unwrap_or_default()))),
        (None, None) => None,
    }
}

fn marks(row: &ViewRow, r: &Marks, rows: &RowIndex<'_>) -> String {
    let of_sheet = r.sheet.map(|s| {
        let there = target(row, &s, rows).and_then(|t| t.read::<Sheet>());
        there.and_then(|p| sheet(&p.row)).unwrap_or_else(|| format!("@{}", s.resolve(row.name.entry)))
    });
    format!("m/{}/{}/{}", part(&r.activity), part(&r.teacher), of_sheet.unwrap_or_default())
}

fn target<'v>(row: &ViewRow, r: &RowRef, rows: &RowIndex<'v>) -> Option<&'v ViewRow> {
    rows.get(&r.resolve(row.name.entry)).copied()
}

/// Ids come from outside: a slash in one must not make two matters look like one.
fn part(text: &str) -> String {
    if is_off(Check::IdParts) {
        return text.to_owned();
    }
    text.replace('%', "%25").replace('/', "%2F").replace('@', "%40").replace('~', "%7E")
}

/// A row in another document is named by its entry too: what it is about may not be here.
fn named(row: &ViewRow, r: &RowRef) -> String {
    format!("@{}", r.resolve(row.name.entry))
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|b| format!("{b:02x}")).collect()
}
