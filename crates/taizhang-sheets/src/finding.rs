//! What the reader mended, refused, dropped or merely saw; one finding names file, row, column, what stood there and what became of it.

mod message;

/// The language of a message. Chinese is what offices read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Lang {
    /// 中文.
    Zh,
    /// English.
    En,
}

/// What a finding means for the data.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Severity {
    /// Nothing was changed or left out; somebody may want to know.
    Note,
    /// The value was written differently and is right now.
    Mended,
    /// A row that carries no data of its own was left out.
    Dropped,
    /// The cell could not be read and stays empty; the row was taken.
    Refused,
    /// The row could not be read and was left out (`Options::skip_bad_rows`).
    RowRefused,
    /// The row could not be read: nothing of the file was taken.
    Stops,
}

/// What the reader met.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum FindingKind {
    /// Spaces around or inside.
    Spaces,
    /// Full-width digits, X, dot or dash.
    FullWidth,
    /// Not in Unicode normal form C.
    Composed,
    /// An apostrophe before a number.
    Apostrophe,
    /// `.0` behind a whole number.
    FloatForm,
    /// A number stored as a number, in a column of codes; one finding a column.
    CodeAsNumber,
    /// A date in another form.
    DateForm,
    /// A date as Excel's day number.
    DateSerial,
    /// A date with a year of two digits.
    DateShortYear,
    /// A date without its day: of hiring, the first of the month; of birth, the ID number's.
    MonthOnly,
    /// Hours or a number with a unit, in Chinese digits, with needless decimals.
    NumberForm,
    /// Another word for the same.
    WordForm,
    /// Lower-case x at the end of an ID number.
    IdLowerX,
    /// An ID number of 15 digits, brought to 18.
    IdOfFifteen,
    /// White space in a column's name.
    HeaderForm,

    /// A cell that must be filled is empty.
    Missing,
    /// Not a date.
    NotADate,
    /// Not a number of hours, or too large, or finer than hundredths.
    NotHours,
    /// Clock hours (小时) where class hours (学时) are meant.
    ClockHours,
    /// Not a whole number, or too large.
    NotANumber,
    /// None of the words known in this column.
    UnknownWord,
    /// Not `[0-9A-Za-z_-]{1,40}`.
    NotACode,
    /// Excel turned the number into powers of ten or zeros; the digits are lost.
    DigitsLost,
    /// A wrong check digit, length or birth date in an ID number.
    IdWrong,
    /// An ID number ending in 000, as Excel leaves it.
    IdEndsInZeros,
    /// A teacher number that is an ID number.
    TeacherNumberIsIdNumber,
    /// The formula of the cell failed.
    FormulaError,
    /// A time of recording that is not ISO 8601 with an offset.
    NotATime,
    /// The end lies before the start.
    EndBeforeStart,
    /// Rows with the same key that say different things; none is taken.
    Rivals,

    /// The same row again.
    DuplicateRow,
    /// Totals under the table.
    TotalRow,
    /// Nothing in it; one finding for a block of them.
    BlankRow,
    /// The header again.
    RepeatedHeader,
    /// Signatures or remarks under the table.
    FooterRow,

    /// A title or form line above the header.
    TitleRow,
    /// A column that this kind of sheet doesn't know; not imported.
    UnknownColumn,
    /// A further sheet of the workbook; not imported.
    OtherSheet,
    /// Attended more than planned.
    MoreThanPlanned,
    /// Birth date or sex differ from the ID number's.
    DiffersFromId,
    /// The offset of a time is not +08:00; the instant is kept.
    OtherOffset,
}

/// One finding. `stood` and `became` are for the screen of the local user, by way of [`Finding::shown`]: leave them out elsewhere, at least where `personal`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// 1-based, as a person sees it in Excel; of JSON, the record.
    pub row: u32,
    /// The last row it speaks of; mostly `row`.
    pub last_row: u32,
    /// Our name of the column; `None` if it is about the row.
    pub column: Option<String>,
    /// What was met.
    pub kind: FindingKind,
    /// What stood there.
    pub stood: String,
    /// What it was mended to.
    pub became: Option<String>,
    /// What it means for the data.
    pub severity: Severity,
    /// `stood` or `became` may hold a name, an ID number, a phone or the like.
    pub personal: bool,
}

impl Finding {
    /// What stood there and what became of it, as it is put on a screen: [`masked`] where it is personal.
    #[must_use]
    pub fn shown(&self) -> (String, Option<String>) {
        let show = |text: &String| if self.personal { masked(text) } else { text.clone() };
        (show(&self.stood), self.became.as_ref().map(show))
    }

    pub(crate) fn row(row: u32, kind: FindingKind, severity: Severity, stood: impl Into<String>, personal: bool) -> Self {
        Self { row, last_row: row, column: None, kind, stood: stood.into(), became: None, severity, personal }
    }

    pub(crate) fn cell(row: u32, column: &str, kind: FindingKind, severity: Severity, stood: impl Into<String>) -> Self {
        let mut finding = Self::row(row, kind, severity, stood, false);
        finding.column = Some(column.to_owned());
        finding.personal = looks_personal(&finding.stood);
        finding
    }

    pub(crate) fn becoming(mut self, became: impl Into<String>) -> Self {
        self.became = Some(became.into());
        self
    }

    pub(crate) fn personal(mut self, personal: bool) -> Self {
        self.personal |= personal;
        self
    }
}

/// Digits of a number that is masked, at least: a phone has 11, a card 15 or 18.
const MASKED_DIGITS_MIN: usize = 11;
/// Characters of it that are shown.
const SHOWN_CHARS: usize = 6;

/// A text without the numbers of cards and phones in it: of each the first six characters and how many there were. Row and column say where to look, and what
/// is printed ends up in more places than the file.
#[must_use]
pub fn masked(text: &str) -> String {
    let (mut out, mut number) = (String::new(), String::new());
    for c in text.chars() {
        let joins = c.is_whitespace() || matches!(c, '-' | '－' | 'x' | 'X' | 'ｘ' | 'Ｘ');
        if c.is_numeric() || (joins && !number.is_empty()) {
            number.push(c);
        } else {
            out.push_str(&masked_number(&number));
            number.clear();
            out.push(c);
        }
    }
    out + &masked_number(&number)
}

fn masked_number(number: &str) -> String {
    let digits = number.chars().filter(|c| c.is_numeric()).count();
    if digits < MASKED_DIGITS_MIN {
        return number.to_owned();
    }
    let (shown, all) = (number.chars().take(SHOWN_CHARS).collect::<String>(), number.trim_end().chars().count());
    format!("{shown}…({all})")
}

/// An ID number or a mobile phone that strayed into another column.
fn looks_personal(text: &str) -> bool {
    let code = crate::mend::code(text).0;
    let phone = code.len() == 11 && code.starts_with('1') && code.bytes().all(|b| b.is_ascii_digit());
    phone || crate::value::idcard::passes(&code)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_a_card_or_phone_six_characters_are_shown_and_of_the_rest_how_many() {
        for (text, shown) in [
            ("429801198503152342", "429801…(18)"),
            ("42980119850315234x", "429801…(18)"),
            ("４２９８０１１９８５０３１５２３４２", "４２９８０１…(18)"),
            ("'429801 19850315 2342", "'429801…(20)"),
            ("42980119850315234", "429801…(17)"),
            ("电话 12000000123, 转 8", "电话 120000…(11), 转 8"),
            ("1985-03-15", "1985-03-15"),
            ("欧阳春晓", "欧阳春晓"),
            ("4.29804E+17", "4.29804E+17"),
            ("", ""),
        ] {
            assert_eq!(masked(text), shown);
        }
        let finding = |personal| Finding::row(3, FindingKind::IdLowerX, Severity::Mended, "42980119850315234x", personal);
        let mended = |personal| finding(personal).becoming("42980119850315234X");
        assert_eq!(mended(true).shown(), ("429801…(18)".to_owned(), Some("429801…(18)".to_owned())));
        assert!(!mended(true).message(Lang::Zh).contains("1985") && !mended(true).message(Lang::En).contains("1985"));
        assert!(mended(false).message(Lang::En).contains("42980119850315234X"));
    }
}
