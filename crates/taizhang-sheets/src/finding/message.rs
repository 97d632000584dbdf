//! The words of findings: what happened, what to do.

use super::{Finding, FindingKind as K, Lang, Severity};

impl Finding {
    /// Where, what happened, what to do. Holds `stood` and `became`: for the local user's screen.
    #[must_use]
    pub fn message(&self, lang: Lang) -> String {
        let (zh, en) = words(self.kind);
        match lang {
            Lang::Zh => format!("{}{zh}{}{}", self.place_zh(), self.change("原文", "改为"), outcome(self.severity).0),
            Lang::En => format!("{}{en}{}{}", self.place_en(), self.change("was", "now"), outcome(self.severity).1),
        }
    }

    fn place_zh(&self) -> String {
        let rows = if self.last_row > self.row { format!("第{}–{}行", self.row, self.last_row) } else { format!("第{}行", self.row) };
        self.column.as_ref().map_or_else(|| format!("{rows}:"), |c| format!("{rows}“{c}”:"))
    }

    fn place_en(&self) -> String {
        let rows = if self.last_row > self.row { format!("Rows {}-{}", self.row, self.last_row) } else { format!("Row {}", self.row) };
        self.column.as_ref().map_or_else(|| format!("{rows}: "), |c| format!("{rows}, {c}: "))
    }

    fn change(&self, was: &str, now: &str) -> String {
        match (&self.became, self.stood.is_empty()) {
            (Some(became), _) => format!(" [{was} {:?}, {now} {became:?}]", self.stood),
            (None, false) => format!(" [{was} {:?}]", self.stood),
            (None, true) => String::new(),
        }
    }
}

fn outcome(severity: Severity) -> (&'static str, &'static str) {
    match severity {
        Severity::Note => ("", ""),
        Severity::Mended => (" 已自动改正。", " Mended."),
        Severity::Dropped => (" 本行未导入。", " The row was left out."),
        Severity::Refused => (" 此格留空。", " The cell stays empty."),
        Severity::RowRefused => (" 本行未导入,请改正后补录。", " The row was refused; correct it and import it later."),
        Severity::Stops => (" 整个文件未导入,请改正后重试。", " Nothing was imported; correct it and try again."),
    }
}

fn words(kind: K) -> (&'static str, &'static str) {
    mended(kind).or_else(|| refused(kind)).unwrap_or_else(|| about_rows(kind))
}

fn mended(kind: K) -> Option<(&'static str, &'static str)> {
    Some(match kind {
        K::Spaces => ("有多余空格。", "needless spaces."),
        K::FullWidth => ("有全角数字或符号。", "full-width digits or signs."),
        K::Composed => ("文字编码不是标准形式。", "text not in normal form."),
        K::Apostrophe => ("数字前有单引号。", "an apostrophe before the number."),
        K::FloatForm => ("整数后带有“.0”。", "a whole number with .0 behind it."),
        K::CodeAsNumber => ("编号存成了数字;请把此列设为文本,以免丢失位数。", "codes stored as numbers; format the column as text, or digits may be lost."),
        K::DateForm => ("日期写法不同。", "a date in another form."),
        K::DateSerial => ("日期成了Excel序号。", "a date as Excel's day number."),
        K::DateShortYear => ("年份只有两位,请核对世纪。", "a year of two digits; check the century."),
        K::NumberForm => ("数字写法不同。", "a number in another form."),
        K::WordForm => ("写法不同。", "another word for the same."),
        K::IdLowerX => ("身份证号末位应为大写X。", "the last character of an ID number is a capital X."),
        K::IdOfFifteen => ("15位身份证号已换算为18位,请核对。", "an ID number of 15 digits was brought to 18; check it."),
        K::HeaderForm => ("列名有多余空白。", "white space in the column's name."),
        _ => return None,
    })
}

fn refused(kind: K) -> Option<(&'static str, &'static str)> {
    Some(match kind {
        K::Missing => ("必填项为空,请补上。", "must not be empty; fill it in."),
        K::NotADate => ("看不懂的日期,请写成2023-05-01。", "not a date; write it as 2023-05-01."),
        K::NotHours => ("看不懂的学时,请写成数字,如8或1.5(最多两位小数)。", "not a number of class hours; write 8 or 1.5 (two decimals at most)."),
        K::ClockHours => ("写的是小时,不是学时;请换算成学时(45分钟)后填写。", "clock hours, not class hours; convert to class hours of 45 minutes."),
        K::NotANumber => ("应为整数。", "must be a whole number."),
        K::UnknownWord => ("不认识的填法,请改用表样中的词。", "not a word known here; use the words of the form."),
        K::NotACode => ("编号只能有字母、数字、横线和下划线,最多40位。", "a code has letters, digits, - and _ only, 40 at most."),
        K::DigitsLost => (
            "Excel已丢失部分数字(科学计数或超过15位);请把此列设为文本,重新填写。",
            "Excel lost digits (powers of ten, or beyond 15 digits); format the column as text and enter it again.",
        ),
        K::IdWrong => ("身份证号不正确(位数、出生日期或校验码),请核对证件。", "a wrong ID number (length, birth date or check digit); look at the card."),
        K::IdEndsInZeros => (
            "身份证号以000结尾,多为Excel丢失末三位;请核对证件后手工填写。",
            "an ID number ending in 000, mostly digits that Excel lost; look at the card and enter it by hand.",
        ),
        K::TeacherNumberIsIdNumber => ("教师编号填的是身份证号;请改用教师编号。", "the teacher number is an ID number; use the teacher number."),
        K::FormulaError => ("公式出错;请改成值。", "the formula failed; enter the value."),
        K::NotATime => ("看不懂的时间,请写成2023-05-01T08:00:00+08:00。", "not a time; write it as 2023-05-01T08:00:00+08:00."),
        K::EndBeforeStart => ("结束日期早于开始日期,请核对。", "the end lies before the start; check both."),
        K::Rivals => ("与所列的行编号相同而内容不同;请只留正确的一行。", "the same key as the rows named, but other content; keep the right row only."),
        _ => return None,
    })
}

fn about_rows(kind: K) -> (&'static str, &'static str) {
    match kind {
        K::DuplicateRow => ("与所列的行重复。", "the same as the row named."),
        K::TotalRow => ("合计行。", "a row of totals."),
        K::BlankRow => ("空行。", "blank."),
        K::RepeatedHeader => ("重复的表头。", "the header again."),
        K::FooterRow => ("表尾的签字或说明。", "signatures or remarks under the table."),
        K::TitleRow => ("表头上方的标题或填表信息,未导入。", "a title or form line above the header; not imported."),
        K::UnknownColumn => ("不认识的列,未导入。", "a column not known here; not imported."),
        K::OtherSheet => ("工作簿中的其他工作表,未读取。", "another sheet of the workbook; not read."),
        K::MoreThanPlanned => ("实到学时多于应到学时,请核对。", "attended more than planned; check."),
        K::DiffersFromId => ("与身份证号不一致,请核对。", "differs from the ID number; check."),
        _ => ("时区不是+08:00,已按同一时刻换算。", "the offset is not +08:00; the instant was kept."),
    }
}
