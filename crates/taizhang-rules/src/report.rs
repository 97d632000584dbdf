//! The forms of offices (docs/reports.md) as plain tables: what they are filled from goes in typed, a [`Form`] comes out. No form reads a clock or a store.
//!
//! Numbers are integers in the unit of their column, written as decimals only when they are shown. Names never come from here: who fills a form puts in what its reader may see.

pub mod certificates;
pub mod hours;
pub mod ledger;
pub mod money;
pub mod person;
pub mod plans;
pub mod quota;
pub mod reviews;
pub mod roster;
pub mod statistics;
pub mod transfer;
pub mod words;

use taizhang_core::units::Day;

pub use crate::explain::Text;
use crate::word::words;

words! {
    /// What the numbers of a column are.
    Unit {
        /// No numbers: words.
        Text "text",
        /// Whole things or people.
        Count "n",
        /// Hundredths of a class hour.
        H100 "h100",
        /// Hundredths of a credit.
        C100 "c100",
        /// Hundredths of a yuan.
        Fen "fen",
        /// Ten-thousandths.
        Bp "bp",
        /// Days.
        Day "day",
    }
}

/// A column of a form.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Column {
    /// Its head.
    pub head: Text,
    /// What its numbers are.
    pub unit: Unit,
}

/// A cell of a form.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Cell {
    /// What people wrote.
    Text(String),
    /// Words of ours.
    Words(Text),
    /// A number in the unit of its column.
    Number(i64),
    /// A date.
    Day(Day),
    /// A number that is not told, since it is about fewer than five people.
    Hidden,
    /// Nothing, or not known.
    Empty,
}

/// A line of a form.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Row {
    /// What it is about, where the form covers several schools or parts.
    pub section: Option<String>,
    /// One a column.
    pub cells: Vec<Cell>,
}

/// A filled form.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Form {
    /// `form-09`.
    pub id: &'static str,
    /// Its title.
    pub title: Text,
    /// Above the table: whose it is, of which year.
    pub heading: Vec<(Text, Cell)>,
    /// In the order of the form.
    pub columns: Vec<Column>,
    /// The lines.
    pub rows: Vec<Row>,
    /// 合计, where the form has it.
    pub totals: Option<Vec<Cell>>,
    /// Below the table: what its reader must know.
    pub notes: Vec<Text>,
}

impl Form {
    fn new(id: &'static str, title: (&str, &str), columns: &[(&str, &str, Unit)]) -> Self {
        let column = |(zh, en, unit): &(&str, &str, Unit)| Column { head: Text::new(*zh, *en), unit: *unit };
        let title = Text::new(title.0, title.1);
        let columns = columns.iter().map(column).collect();
        Self { id, title, heading: Vec::new(), columns, rows: Vec::new(), totals: None, notes: Vec::new() }
    }

    fn push(&mut self, section: Option<&str>, cells: impl IntoIterator<Item = Cell>) {
        self.rows.push(Row { section: section.map(str::to_owned), cells: cells.into_iter().collect() });
    }

    /// Sums these columns, from 0, into 合计; the first cell says so. Of a column with an untold number the sum is untold too.
    fn total(&mut self, summed: &[usize]) {
        let mut cells: Vec<Cell> = (0..self.columns.len()).map(|n| self.sum(n, summed.contains(&n))).collect();
        if let Some(first) = cells.first_mut() {
            *first = Cell::words("合计", "Total");
        }
        self.totals = Some(cells);
    }

    fn sum(&self, column: usize, wanted: bool) -> Cell {
        if !wanted {
            return Cell::Empty;
        }
        let cells = || self.rows.iter().filter_map(|row| row.cells.get(column));
        if cells().any(|c| *c == Cell::Hidden) {
            return Cell::Hidden;
        }
        let numbers = cells().filter_map(|c| if let Cell::Number(n) = c { Some(*n) } else { None });
        Cell::Number(numbers.fold(0, i64::saturating_add))
    }

    fn note(&mut self, zh: impl Into<String>, en: impl Into<String>) {
        self.notes.push(Text::new(zh, en));
    }
}

impl Text {
    /// A text in both languages.
    pub fn new(zh: impl Into<String>, en: impl Into<String>) -> Self {
        Self { zh: zh.into(), en: en.into() }
    }

    /// In one of them.
    #[must_use]
    pub fn pick(&self, english: bool) -> &str {
        if english { &self.en } else { &self.zh }
    }
}

impl Cell {
    /// Words in both languages.
    pub(crate) fn words(zh: impl Into<String>, en: impl Into<String>) -> Self {
        Self::Words(Text::new(zh, en))
    }

    /// A number; beyond what a cell holds it stands at the limit.
    pub(crate) fn number(n: impl TryInto<i64>) -> Self {
        Self::Number(n.try_into().unwrap_or(i64::MAX))
    }

    /// Something that may be missing.
    pub(crate) fn text(text: Option<impl Into<String>>) -> Self {
        text.map(Into::into).filter(|t: &String| !t.is_empty()).map_or(Self::Empty, Self::Text)
    }

    /// A number that may be missing.
    pub(crate) fn maybe(n: Option<impl TryInto<i64>>) -> Self {
        n.map_or(Self::Empty, Self::number)
    }

    /// A date that may be missing.
    pub(crate) fn day(day: Option<Day>) -> Self {
        day.map_or(Self::Empty, Self::Day)
    }

    /// As people read it. Hours, credits and money have at most two decimals.
    #[must_use]
    pub fn shown(&self, unit: Unit, english: bool) -> String {
        match self {
            Self::Text(text) => text.clone(),
            Self::Words(words) => words.pick(english).to_owned(),
            Self::Number(n) => match unit {
                Unit::H100 | Unit::C100 | Unit::Fen => hundredths(*n),
                Unit::Bp => format!("{}%", hundredths(*n)),
                Unit::Text | Unit::Count | Unit::Day => n.to_string(),
            },
            Self::Day(day) => day.to_string(),
            Self::Hidden => "<5".to_owned(),
            Self::Empty => String::new(),
        }
    }
}

/// `-1250` → `-12.5`.
#[must_use]
pub fn hundredths(n: i64) -> String {
    let sign = if n < 0 { "-" } else { "" };
    format!("{sign}{}", crate::explain::number::amount(n.unsigned_abs()))
}

/// Who reads a form (DOMAIN §5).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Audience {
    /// The teachers' own school: everything.
    School,
    /// Their county: names, year of birth, sex.
    County,
    /// Townships, the city: teacher numbers.
    City,
    /// The province, everyone: nothing about single teachers, no number below five.
    Public,
}

/// The forms that are lists of papers, not tables that rows could fill.
pub const PAPERS: [u8; 2] = [7, 8];

/// The number of a form: `form-09`, `9` or `09`; `None`: there are 21.
#[must_use]
pub fn number(named: &str) -> Option<u8> {
    let digits = named.strip_prefix("form-").unwrap_or(named);
    let is_short = (1..=2).contains(&digits.len()) && digits.bytes().all(|b| b.is_ascii_digit());
    digits.parse().ok().filter(|n| is_short && (1..=21).contains(n))
}

/// Does the form have lines about single teachers? Such forms do not leave the county and the city.
#[must_use]
pub fn is_personal(number: u8) -> bool {
    matches!(number, 1..=3 | 5 | 9 | 11 | 13..=15 | 19 | 21)
}

/// `120****5678`; a number too short to hide anything is left out whole.
#[must_use]
pub fn masked_phone(phone: &str) -> Option<String> {
    let chars: Vec<char> = phone.chars().filter(|c| !c.is_whitespace()).collect();
    let hidden = chars.len().checked_sub(7).filter(|n| *n >= 4)?;
    let (first, last) = (chars.iter().take(3), chars.iter().skip(3 + hidden));
    Some(first.chain(std::iter::repeat_n(&'*', hidden)).chain(last).collect())
}

/// The beginning of a row's name: enough to name it among the few thousand of an office.
#[must_use]
pub fn short(name: &taizhang_core::op::RowName) -> String {
    let id: String = name.entry.to_string().chars().take(12).collect();
    format!("{id}.{}", name.index)
}

/// Is it a count of one to four people, which the public is not told?
fn is_small(n: u64) -> bool {
    (1..5).contains(&n)
}

/// Hides counts of one to four people; if only one of the parts of a whole is hidden, the smallest other too, or it could be computed.
fn hide_small(parts: &mut [Cell]) {
    let is_hidden = |c: &Cell| matches!(c, Cell::Number(n) if u64::try_from(*n).is_ok_and(is_small));
    parts.iter_mut().filter(|c| is_hidden(c)).for_each(|c| *c = Cell::Hidden);
    if parts.iter().filter(|c| **c == Cell::Hidden).count() != 1 {
        return;
    }
    let others = parts.iter_mut().filter(|c| matches!(c, Cell::Number(n) if *n > 0));
    let smallest = others.min_by_key(|c| if let Cell::Number(n) = c { *n } else { i64::MAX });
    if let Some(cell) = smallest {
        *cell = Cell::Hidden;
    }
}

#[cfg(test)]
mod tests;
