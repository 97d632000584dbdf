//! What is wrong in a policy file: where, what, and what is allowed.

use std::fmt;

/// One thing that is wrong.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PolicyError {
    /// Line of the file, from 1.
    pub line: u32,
    /// Id of the rule, where known; else empty.
    pub rule: String,
    /// What is wrong.
    pub fault: Fault,
}

/// Everything that is wrong in a file, in order of lines; never empty.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PolicyErrors(pub Vec<PolicyError>);

/// What can be wrong.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fault {
    /// More bytes than a policy may have.
    TooLong {
        /// How many it has.
        bytes: usize,
        /// How many it may have.
        most: usize,
    },
    /// The bytes are no UTF-8.
    NotUtf8,
    /// Not TOML.
    Syntax {
        /// The parser's words (English).
        said: String,
    },
    /// A field that nothing reads.
    UnknownField {
        /// Which.
        field: String,
        /// The fields there are here.
        allowed: Vec<&'static str>,
    },
    /// A field that must be there.
    Missing {
        /// Which.
        field: &'static str,
    },
    /// One of two fields must be there, and only one.
    OneOf {
        /// Which.
        fields: [&'static str; 2],
    },
    /// Another type of value is needed.
    WrongType {
        /// Which field.
        field: String,
        /// What it must be.
        want: Shape,
    },
    /// A word outside of a closed list.
    UnknownWord {
        /// Which field.
        field: String,
        /// The word.
        word: String,
        /// The list.
        allowed: Vec<&'static str>,
    },
    /// A word twice in one list.
    Twice {
        /// Which field.
        field: String,
        /// The word.
        word: String,
    },
    /// Empty where something must stand.
    Empty {
        /// Which field.
        field: String,
    },
    /// A text that is not in the form of its field.
    Form {
        /// Which field.
        field: String,
        /// The text.
        text: String,
        /// The form.
        want: Form,
    },
    /// A number outside of what makes sense.
    OutOfRange {
        /// Which field.
        field: String,
        /// The number as written.
        number: String,
        /// The smallest.
        least: u64,
        /// The largest.
        most: u64,
    },
    /// No such day.
    BadDay {
        /// Which field.
        field: String,
        /// The text.
        text: String,
    },
    /// The last day lies before the first.
    EndsBefore {
        /// First.
        from: &'static str,
        /// Last.
        to: &'static str,
    },
    /// Another schema than this program reads.
    Schema,
    /// Two rules with one id.
    SameId {
        /// Line of the first.
        first: u32,
    },
    /// More rules than a policy may have.
    TooManyRules {
        /// How many it has.
        count: usize,
        /// How many it may have.
        most: usize,
    },
}

/// Types of values.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shape {
    /// A text in quotes.
    Text,
    /// A whole number.
    Number,
    /// `true` or `false`.
    Flag,
    /// A list of texts.
    Texts,
    /// A text or a list of texts.
    TextOrTexts,
    /// A list of whole numbers.
    Numbers,
    /// A list of tables.
    Tables,
    /// A table.
    Table,
}

/// Forms of texts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// Letters, digits, `-`; up to 64.
    Id,
    /// Small letters, digits, `_`; up to 64.
    Word,
    /// Six digits or nothing.
    AreaCode,
    /// `MM-DD`.
    MonthDay,
    /// Up to 500 bytes, no control characters.
    Line,
    /// A stage and a degree: `primary_associate`.
    StageDegree,
}

impl Shape {
    const fn zh(self) -> &'static str {
        match self {
            Self::Text => "加引号的文字",
            Self::Number => "整数",
            Self::Flag => "true 或 false",
            Self::Texts => "文字列表",
            Self::TextOrTexts => "文字或文字列表",
            Self::Numbers => "整数列表",
            Self::Tables => "表的列表",
            Self::Table => "表",
        }
    }

    const fn en(self) -> &'static str {
        match self {
            Self::Text => "a text in quotes",
            Self::Number => "a whole number",
            Self::Flag => "true or false",
            Self::Texts => "a list of texts",
            Self::TextOrTexts => "a text or a list of texts",
            Self::Numbers => "a list of whole numbers",
            Self::Tables => "a list of tables",
            Self::Table => "a table",
        }
    }
}

impl Form {
    const fn zh(self) -> &'static str {
        match self {
            Self::Id => "字母、数字和「-」,最多64个",
            Self::Word => "小写字母、数字和「_」,最多64个",
            Self::AreaCode => "六位数字的行政区划代码,或留空",
            Self::MonthDay => "MM-DD,如 01-01",
            Self::Line => "一行文字,最多500字节",
            Self::StageDegree => "学段_学历,如 primary_associate",
        }
    }

    const fn en(self) -> &'static str {
        match self {
            Self::Id => "letters, digits and '-', at most 64",
            Self::Word => "small letters, digits and '_', at most 64",
            Self::AreaCode => "an area code of six digits, or nothing",
            Self::MonthDay => "MM-DD, as 01-01",
            Self::Line => "one line of text, at most 500 bytes",
            Self::StageDegree => "stage_degree, as primary_associate",
        }
    }
}

impl Fault {
    /// In Chinese.
    #[must_use]
    pub fn zh(&self) -> String {
        match self {
            Self::TooLong { bytes, most } => format!("文件有{bytes}字节,最多{most}字节"),
            Self::NotUtf8 => "文件不是 UTF-8 编码".into(),
            Self::Syntax { said } => format!("不合 TOML 格式: {said}"),
            Self::UnknownField { field, allowed } => format!("未知字段「{field}」;这里可用: {}", allowed.join("、")),
            Self::Missing { field } => format!("缺少字段「{field}」"),
            Self::OneOf { fields: [a, b] } => format!("「{a}」与「{b}」必须且只能写一个"),
            Self::WrongType { field, want } => format!("字段「{field}」应是{}", want.zh()),
            Self::UnknownWord { field, word, allowed } => format!("字段「{field}」的「{word}」未知;可用: {}", allowed.join("、")),
            Self::Twice { field, word } => format!("字段「{field}」里「{word}」写了两次"),
            Self::Empty { field } => format!("字段「{field}」不能为空"),
            Self::Form { field, text, want } => format!("字段「{field}」的「{text}」格式不对,应是{}", want.zh()),
            Self::OutOfRange { field, number, least, most } => {
                let hint = if number == "0" { ";数字空缺时不写这条规则,不写0(D-22)" } else { "" };
                format!("字段「{field}」是{number},应在{least}至{most}之间{hint}")
            }
            Self::BadDay { field, text } => format!("字段「{field}」的「{text}」不是日期,应写 YYYY-MM-DD"),
            Self::EndsBefore { from, to } => format!("「{to}」早于「{from}」"),
            Self::Schema => "schema 应为 1;本程序只读第1版".into(),
            Self::SameId { first } => format!("规则编号重复,第{first}行已用"),
            Self::TooManyRules { count, most } => format!("有{count}条规则,最多{most}条"),
        }
    }

    /// In English.
    #[must_use]
    pub fn en(&self) -> String {
        match self {
            Self::TooLong { bytes, most } => format!("the file has {bytes} bytes, at most {most} are allowed"),
            Self::NotUtf8 => "the file is not UTF-8".into(),
            Self::Syntax { said } => format!("not TOML: {said}"),
            Self::UnknownField { field, allowed } => format!("unknown field '{field}'; allowed here: {}", allowed.join(", ")),
            Self::Missing { field } => format!("field '{field}' is missing"),
            Self::OneOf { fields: [a, b] } => format!("write exactly one of '{a}' and '{b}'"),
            Self::WrongType { field, want } => format!("field '{field}' must be {}", want.en()),
            Self::UnknownWord { field, word, allowed } => {
                format!("unknown word '{word}' in field '{field}'; allowed: {}", allowed.join(", "))
            }
            Self::Twice { field, word } => format!("'{word}' stands twice in field '{field}'"),
            Self::Empty { field } => format!("field '{field}' must not be empty"),
            Self::Form { field, text, want } => format!("'{text}' in field '{field}' must be {}", want.en()),
            Self::OutOfRange { field, number, least, most } => {
                let hint =
                    if number == "0" { "; leave the rule out where the number is blank, do not write 0 (D-22)" } else { "" };
                format!("field '{field}' is {number}, must be {least} to {most}{hint}")
            }
            Self::BadDay { field, text } => format!("'{text}' in field '{field}' is no day, write YYYY-MM-DD"),
            Self::EndsBefore { from, to } => format!("'{to}' lies before '{from}'"),
            Self::Schema => "schema must be 1; this program reads no other".into(),
            Self::SameId { first } => format!("the rule id is used twice, first in line {first}"),
            Self::TooManyRules { count, most } => format!("{count} rules, at most {most} are allowed"),
        }
    }
}

impl PolicyError {
    /// In Chinese, with line and rule.
    #[must_use]
    pub fn zh(&self) -> String {
        let rule = if self.rule.is_empty() { String::new() } else { format!(",规则 {}", self.rule) };
        format!("第{}行{rule}: {}", self.line, self.fault.zh())
    }

    /// In English, with line and rule.
    #[must_use]
    pub fn en(&self) -> String {
        let rule = if self.rule.is_empty() { String::new() } else { format!(", rule {}", self.rule) };
        format!("line {}{rule}: {}", self.line, self.fault.en())
    }
}

impl PolicyErrors {
    /// In Chinese, a line each.
    #[must_use]
    pub fn zh(&self) -> String {
        self.0.iter().map(PolicyError::zh).collect::<Vec<_>>().join("\n")
    }

    /// In English, a line each.
    #[must_use]
    pub fn en(&self) -> String {
        self.0.iter().map(PolicyError::en).collect::<Vec<_>>().join("\n")
    }
}

impl fmt::Display for PolicyErrors {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}\n{}", self.zh(), self.en())
    }
}

impl std::error::Error for PolicyErrors {}
