//! Finds the header row and what its columns mean.

use std::collections::BTreeMap;

use unicode_normalization::UnicodeNormalization;

use crate::columns::{Column, Need};
use crate::error::ReadError;
use crate::finding::{Finding, FindingKind, Severity};
use crate::grid::{Grid, GridRow, Raw};
use crate::mend;
use crate::value::code;

/// The header stands within this many rows that have content.
const SEARCHED_ROWS: usize = 50;

/// One session of a sign-in sheet, from its column's name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Session {
    /// The column's name, without white space.
    pub header: String,
    /// 第N周.
    pub week: u8,
    /// 1 = Monday … 7 = Sunday.
    pub weekday: u8,
}

/// A header row that was understood.
#[derive(Debug)]
pub(crate) struct Header {
    pub(crate) row: u32,
    places: BTreeMap<&'static str, usize>,
    keys: Vec<usize>,
    pub(crate) sessions: Vec<(usize, Session)>,
    /// Normal names by place, to know the header again further down.
    names: Vec<String>,
}

/// A column's name as it is compared: NFKC, no white space, lower case.
pub(crate) fn plain(name: &str) -> String {
    name.nfkc().filter(|c| !mend::is_space(*c)).flat_map(char::to_lowercase).collect()
}

/// The name without `*` before it, `:` or a remark in brackets behind it.
fn bare(name: &str) -> &str {
    let name = name.trim_start_matches('*').trim_end_matches([':', '*']);
    name.split_once('(').map_or(name, |(before, _)| before)
}

/// `第3周周二`, `第3周星期二` (compared form).
fn session_of(name: &str) -> Option<(u8, u8)> {
    let (week, day) = name.strip_prefix('第')?.split_once('周')?;
    let day = day.strip_prefix('周').or_else(|| day.strip_prefix("星期"))?;
    let weekday = ["一", "二", "三", "四", "五", "六", "日"].iter().position(|d| *d == day || (day == "天" && *d == "日"))?;
    let week = week.parse::<u8>().ok().filter(|w| (1..=53).contains(w))?;
    Some((week, u8::try_from(weekday).ok()?.checked_add(1)?))
}

impl Header {
    /// The row of the first rows that knows the most columns.
    pub(crate) fn find(grid: &Grid, columns: &'static [&'static Column], with_sessions: bool) -> Result<Self, ReadError> {
        let needed = |c: &&&'static Column| c.need != Need::Optional;
        let no_header = || ReadError::NoHeader { looked_for: columns.iter().filter(needed).map(|c| c.name).collect() };
        let rows = grid.rows.values().filter(|r| !r.is_blank()).take(SEARCHED_ROWS);
        let names = Names::of(columns);
        let known = |r: &GridRow| r.cells.iter().filter(|c| names.meaning(c).is_some()).count();
        let mut best: Option<(usize, &GridRow)> = None;
        for row in rows {
            let count = known(row);
            if best.is_none_or(|(most, _)| count > most) {
                best = Some((count, row));
            }
        }
        let (count, row) = best.ok_or_else(no_header)?;
        if count < 2 {
            return Err(no_header());
        }
        let header = Self::of(row, &names, with_sessions)?;
        let missing: Vec<_> = columns.iter().filter(needed).map(|c| c.name).filter(|n| !header.places.contains_key(n)).collect();
        if !missing.is_empty() {
            return Err(ReadError::MissingColumns { header_row: header.row, missing });
        }
        if with_sessions && header.sessions.is_empty() {
            return Err(ReadError::MissingColumns { header_row: header.row, missing: vec!["第1周周二 …"] });
        }
        Ok(header)
    }

    fn of(row: &GridRow, known: &Names, with_sessions: bool) -> Result<Self, ReadError> {
        let names = row.cells.iter().map(|c| plain(&c.shown())).collect();
        let mut header = Self { row: row.number, places: BTreeMap::new(), keys: Vec::new(), sessions: Vec::new(), names };
        for (place, name) in header.names.iter().enumerate() {
            if let Some(column) = row.cells.get(place).and_then(|c| known.meaning(c)) {
                if header.places.insert(column.name, place).is_some() {
                    return Err(ReadError::ColumnTwice { header_row: row.number, column: column.name });
                }
                if column.key {
                    header.keys.push(place);
                }
            } else if with_sessions && let Some((week, weekday)) = session_of(name) {
                header.sessions.push((place, Session { header: name.clone(), week, weekday }));
            }
        }
        Ok(header)
    }

    /// Where a column stands.
    pub(crate) fn place(&self, column: &Column) -> Option<usize> {
        self.places.get(column.name).copied()
    }

    /// Has this row any key of its own?
    pub(crate) fn has_key(&self, row: &GridRow) -> bool {
        self.keys.iter().any(|place| matches!(code::parse(row.cell(*place)), Ok(Some(_))))
    }

    /// Is this row the header once more?
    pub(crate) fn is_again(&self, row: &GridRow) -> bool {
        let mut same = 0;
        for (place, cell) in row.cells.iter().enumerate().filter(|(_, c)| !c.is_blank()) {
            if self.names.get(place) != Some(&plain(&cell.shown())) {
                return false;
            }
            same += 1;
        }
        same >= 2
    }

    /// What is to be said about the header row itself.
    pub(crate) fn findings(&self, row: &GridRow, out: &mut Vec<Finding>) {
        for (place, cell) in row.cells.iter().enumerate().filter(|(_, c)| !c.is_blank()) {
            let shown = cell.shown();
            let ours = self.places.iter().find(|(_, p)| **p == place).map(|(name, _)| *name);
            let session = self.sessions.iter().find(|(p, _)| *p == place).map(|(_, s)| s.header.as_str());
            let Some(name) = ours.or(session) else {
                out.push(Finding::cell(self.row, shown.trim(), FindingKind::UnknownColumn, Severity::Note, shown.clone()));
                continue;
            };
            let spaceless: String = shown.chars().filter(|c| !mend::is_space(*c)).collect();
            if spaceless != shown {
                out.push(Finding::cell(self.row, name, FindingKind::HeaderForm, Severity::Mended, shown).becoming(spaceless));
            }
        }
    }
}

/// The names of a sheet's columns in the form in which they are compared.
struct Names(BTreeMap<String, &'static Column>);

impl Names {
    fn of(columns: &'static [&'static Column]) -> Self {
        let pairs = columns.iter().flat_map(|c| c.also.iter().chain([&c.name]).map(|n| (plain(n), *c)));
        Self(pairs.collect())
    }

    /// The column that a header cell means.
    fn meaning(&self, cell: &Raw) -> Option<&'static Column> {
        let Raw::Text(text) = cell else { return None };
        let name = plain(text);
        self.0.get(&name).or_else(|| self.0.get(bare(&name))).copied()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sessions() {
        for (name, found) in [
            ("第1周周二", Some((1, 2))),
            ("第18周周四", Some((18, 4))),
            ("第3周星期天", Some((3, 7))),
            ("第0周周二", None),
            ("第54周周二", None),
            ("第1周", None),
            ("第x周周二", None),
            ("周二", None),
        ] {
            assert_eq!(session_of(name), found, "{name}");
        }
    }

    #[test]
    fn names_of_columns() {
        for (stood, ours) in [
            ("教师编号", "教师编号"),
            (" 姓\u{3000}名\n", "姓名"),
            ("*身份证号码：", "身份证号"),
            ("出生日期(年月日)", "出生日期"),
            ("ＮＯ", "序号"),
        ] {
            assert_eq!(
                Names::of(crate::columns::roster::ALL).meaning(&Raw::Text(stood.into())).map(|c| c.name),
                Some(ours),
                "{stood:?}"
            );
        }
        for stood in ["", " ", "教师编号一览表", "(备注)"] {
            assert_eq!(Names::of(crate::columns::roster::ALL).meaning(&Raw::Text(stood.into())), None, "{stood:?}");
        }
    }
}
