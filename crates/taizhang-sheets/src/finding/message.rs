//! The words of findings: what happened, what to do.

use super::{Finding, FindingKind as K, Lang, Severity};

impl Finding {
    /// Where, what happened, what to do. Holds what is [`Finding::shown`]: for the local user's screen.
    #[must_use]
    pub fn message(&self, lang: Lang) -> String {
        match lang {
            Lang::Zh => {
                format!("{}{}{}{}", self.place_zh(), zh(self.kind), self.change("原文", "改为"), outcome(self.severity).0)
            }
            Lang::En => format!("{}{}{}{}", self.place_en(), en(self.kind), self.change("was", "now"), outcome(self.severity).1),
        }
    }

    fn place_zh(&self) -> String {
        let rows = if self.last_row > self.row {
            format!("第{}–{}行", self.row, self.last_row)
        } else {
            format!("第{}行", self.row)
        };
        self.column.as_ref().map_or_else(|| format!("{rows}:"), |c| format!("{rows}“{c}”:"))
    }

    fn place_en(&self) -> String {
        let rows =
            if self.last_row > self.row { format!("Rows {}-{}", self.row, self.last_row) } else { format!("Row {}", self.row) };
        self.column.as_ref().map_or_else(|| format!("{rows}: "), |c| format!("{rows}, {c}: "))
    }

    fn change(&self, was: &str, now: &str) -> String {
        let (stood, became) = self.shown();
        match (became, stood.is_empty()) {
            (Some(became), _) => format!(" [{was} {stood:?}, {now} {became:?}]"),
            (None, false) => format!(" [{was} {stood:?}]"),
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

fn zh(kind: K) -> &'static str {
    match kind {
        K::Spaces => "有多余空格。",
        K::FullWidth => "有全角数字或符号。",
        K::Composed => "文字编码不是标准形式。",
        K::Apostrophe => "数字前有单引号。",
        K::FloatForm => "整数后带有“.0”。",
        K::CodeAsNumber => "编号存成了数字;请把此列设为文本,以免丢失位数。",
        K::DateForm => "日期写法不同。",
        K::DateSerial => "日期成了Excel序号。",
        K::DateShortYear => "年份只有两位,请核对世纪。",
        K::MonthOnly => "只有年月,没有日;参加工作时间按当月1日,出生日期按身份证号。",
        K::NumberForm => "数字写法不同。",
        K::WordForm => "写法不同。",
        K::IdLowerX => "身份证号末位应为大写X。",
        K::IdOfFifteen => "15位身份证号已换算为18位,请核对。",
        K::HeaderForm => "列名有多余空白。",
        K::Missing => "必填项为空,请补上。",
        K::NotADate => "看不懂的日期,请写成2023-05-01。",
        K::NotHours => "看不懂的学时,请写成数字,如8或1.5(最多两位小数)。",
        K::ClockHours => "写的是小时,不是学时;请换算成学时(45分钟)后填写。",
        K::NotANumber => "应为整数。",
        K::UnknownWord => "不认识的填法,请改用表样中的词。",
        K::NotACode => "编号只能有字母、数字、横线和下划线,最多40位。",
        K::DigitsLost => "Excel丢失了数字(科学计数或超过15位);请把此列设为文本后重填。",
        K::IdWrong => "身份证号不正确(位数、出生日期或校验码),请核对证件。",
        K::IdEndsInZeros => "身份证号以000结尾,多为Excel丢失末三位;请核对证件后手工填写。",
        K::TeacherNumberIsIdNumber => "教师编号填的是身份证号;请改用教师编号。",
        K::FormulaError => "公式出错;请改成值。",
        K::NotATime => "看不懂的时间,请写成2023-05-01T08:00:00+08:00。",
        K::EndBeforeStart => "结束日期早于开始日期,请核对。",
        K::Rivals => "与所列的行编号相同而内容不同;请只留正确的一行。",
        K::DuplicateRow => "与所列的行重复。",
        K::TotalRow => "合计行。",
        K::BlankRow => "空行。",
        K::RepeatedHeader => "重复的表头。",
        K::FooterRow => "表尾的签字或说明。",
        K::TitleRow => "表头上方的标题或填表信息,未导入。",
        K::UnknownColumn => "不认识的列,未导入。",
        K::OtherSheet => "工作簿中的其他工作表,未读取。",
        K::MoreThanPlanned => "实到学时多于应到学时,请核对。",
        K::DiffersFromId => "与身份证号不一致,请核对。",
        K::OtherOffset => "时区不是+08:00,已按同一时刻换算。",
    }
}

fn en(kind: K) -> &'static str {
    match kind {
        K::Spaces => "needless spaces.",
        K::FullWidth => "full-width digits or signs.",
        K::Composed => "text not in normal form.",
        K::Apostrophe => "an apostrophe before the number.",
        K::FloatForm => "a whole number with .0 behind it.",
        K::CodeAsNumber => "codes stored as numbers; format the column as text, or digits may be lost.",
        K::DateForm => "a date in another form.",
        K::DateSerial => "a date as Excel's day number.",
        K::DateShortYear => "a year of two digits; check the century.",
        K::MonthOnly => "no day of the month; of hiring the first is taken, of birth the ID number's.",
        K::NumberForm => "a number in another form.",
        K::WordForm => "another word for the same.",
        K::IdLowerX => "the last character of an ID number is a capital X.",
        K::IdOfFifteen => "an ID number of 15 digits was brought to 18; check it.",
        K::HeaderForm => "white space in the column's name.",
        K::Missing => "must not be empty; fill it in.",
        K::NotADate => "not a date; write it as 2023-05-01.",
        K::NotHours => "not a number of class hours; write 8 or 1.5.",
        K::ClockHours => "clock hours, not class hours; convert to class hours of 45 minutes.",
        K::NotANumber => "must be a whole number.",
        K::UnknownWord => "not a word known here; use the words of the form.",
        K::NotACode => "a code has letters, digits, - and _ only, 40 at most.",
        K::DigitsLost => "Excel lost digits; format the column as text and enter them again.",
        K::IdWrong => "a wrong ID number (length, birth date or check digit); look at the card.",
        K::IdEndsInZeros => "an ID number ending in 000, as Excel leaves it; look at the card and enter it by hand.",
        K::TeacherNumberIsIdNumber => "the teacher number is an ID number; use the teacher number.",
        K::FormulaError => "the formula failed; enter the value.",
        K::NotATime => "not a time; write it as 2023-05-01T08:00:00+08:00.",
        K::EndBeforeStart => "the end lies before the start; check both.",
        K::Rivals => "the same key as the rows named, but other content; keep the right row only.",
        K::DuplicateRow => "the same as the row named.",
        K::TotalRow => "a row of totals.",
        K::BlankRow => "blank.",
        K::RepeatedHeader => "the header again.",
        K::FooterRow => "signatures or remarks under the table.",
        K::TitleRow => "a title or form line above the header; not imported.",
        K::UnknownColumn => "a column not known here; not imported.",
        K::OtherSheet => "another sheet of the workbook; not read.",
        K::MoreThanPlanned => "attended more than planned; check.",
        K::DiffersFromId => "differs from the ID number; check.",
        K::OtherOffset => "the offset is not +08:00; the instant was kept.",
    }
}
