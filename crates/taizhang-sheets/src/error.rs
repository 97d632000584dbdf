//! Why a file could not be read at all. What is wrong with single rows and cells is a [`crate::Finding`].

use crate::finding::Lang;
use crate::grid::{MAX_CELL_BYTES, MAX_CELLS, MAX_COLUMNS, MAX_FILE_BYTES, MAX_FINDINGS, MAX_ROWS};

/// Why a file gave no sheet. Names columns of ours, never a cell of the file, so it may go into a log.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{}", self.message(Lang::En))]
pub enum ReadError {
    /// The file has no content.
    Empty,
    /// Larger than [`MAX_FILE_BYTES`].
    FileTooLarge,
    /// Content below row [`MAX_ROWS`].
    TooManyRows,
    /// Content beyond column [`MAX_COLUMNS`].
    TooManyColumns {
        /// Where.
        row: u32,
    },
    /// More than [`MAX_CELLS`] cells.
    TooManyCells,
    /// More than [`MAX_FINDINGS`] things to report.
    TooManyFindings,
    /// A cell longer than [`MAX_CELL_BYTES`].
    CellTooLong {
        /// Where.
        row: u32,
        /// 1-based.
        column: usize,
    },
    /// The workbook unpacks to more than it may (a zip bomb, or a workbook full of pictures).
    UnpacksTooLarge,
    /// Neither UTF-8 nor GB18030.
    NotText,
    /// A quotation mark opened and never closed.
    OpenQuote {
        /// The row in which it opens.
        row: u32,
    },
    /// An .xls of Excel 97-2003.
    OldXls,
    /// A workbook with a password.
    Encrypted,
    /// A damaged workbook; the text says what the reader of workbooks met.
    BadWorkbook(String),
    /// Not the JSON list of flat objects that is expected; line and column of the file.
    BadJson {
        /// 1-based.
        line: usize,
        /// 1-based.
        column: usize,
    },
    /// No row looks like the header.
    NoHeader {
        /// The columns that the header must have.
        looked_for: Vec<&'static str>,
    },
    /// The header lacks columns.
    MissingColumns {
        /// Where the header stands.
        header_row: u32,
        /// Our names of the columns.
        missing: Vec<&'static str>,
    },
    /// Two columns of one meaning.
    ColumnTwice {
        /// Where the header stands.
        header_row: u32,
        /// Our name of the column.
        column: &'static str,
    },
}

impl ReadError {
    /// What happened and what to do.
    #[must_use]
    pub fn message(&self, lang: Lang) -> String {
        match lang {
            Lang::Zh => self.zh(),
            Lang::En => self.en(),
        }
    }

    fn zh(&self) -> String {
        match self {
            Self::Empty => "文件是空的。请检查是否选对了文件。".into(),
            Self::FileTooLarge => format!("文件超过{} MiB。请按学校或年度拆开。", MAX_FILE_BYTES >> 20),
            Self::TooManyRows => format!("第{MAX_ROWS}行以后还有内容。请拆成几个文件。"),
            Self::TooManyColumns { row } => format!("第{row}行超过{MAX_COLUMNS}列。请删去多余的列。"),
            Self::TooManyCells => format!("单元格超过{MAX_CELLS}个。请拆成几个文件。"),
            Self::TooManyFindings => format!("问题超过{MAX_FINDINGS}处。请检查表的种类,或拆成几个文件。"),
            Self::CellTooLong { row, column } => {
                format!("第{row}行第{column}列超过{MAX_CELL_BYTES}字节。请缩短,并检查引号是否成对。")
            }
            Self::UnpacksTooLarge => "工作簿解压后过大。请把表格复制到新工作簿(不带图片)再保存。".into(),
            Self::NotText => "不是表格:既不是UTF-8也不是GB18030文字。请另存为xlsx或CSV。".into(),
            Self::OpenQuote { row } => format!("第{row}行的引号没有配对。请用Excel打开后另存为xlsx。"),
            Self::OldXls => "这是旧版.xls文件。请用Excel或WPS打开,另存为.xlsx。".into(),
            Self::Encrypted => "工作簿设有密码。请去掉密码后再保存。".into(),
            Self::BadWorkbook(why) => format!("工作簿已损坏({why})。请用Excel或WPS打开,另存为.xlsx。"),
            Self::BadJson { line, column } => {
                format!("JSON第{line}行第{column}列不对:应为一列对象,字段只有文字、数字、真假。")
            }
            Self::NoHeader { looked_for } => {
                format!("找不到表头。表头应有这些列:{}。请检查是否选对了表的种类。", looked_for.join("、"))
            }
            Self::MissingColumns { header_row, missing } => {
                format!("表头(第{header_row}行)缺少列:{}。请补上后再导入。", missing.join("、"))
            }
            Self::ColumnTwice { header_row, column } => {
                format!("表头(第{header_row}行)有两列都是“{column}”。请删去或改名其中一列。")
            }
        }
    }

    fn en(&self) -> String {
        match self {
            Self::Empty => "The file is empty. Check that it is the right file.".into(),
            Self::FileTooLarge => {
                format!("The file is larger than {} MiB. Split it by school or year.", MAX_FILE_BYTES >> 20)
            }
            Self::TooManyRows => format!("There is content below row {MAX_ROWS}. Split the file."),
            Self::TooManyColumns { row } => {
                format!("Row {row} has more than {MAX_COLUMNS} columns. Delete those not needed.")
            }
            Self::TooManyCells => format!("More than {MAX_CELLS} cells. Split the file."),
            Self::TooManyFindings => {
                format!("More than {MAX_FINDINGS} things to report. Check the kind of sheet, or split the file.")
            }
            Self::CellTooLong { row, column } => format!(
                "Row {row}, column {column} is longer than {MAX_CELL_BYTES} bytes. Shorten it, and check that quotation marks come in pairs."
            ),
            Self::UnpacksTooLarge => {
                "The workbook unpacks to too much. Copy the table into a new workbook without pictures.".into()
            }
            Self::NotText => "Not a table: the text is neither UTF-8 nor GB18030. Save as xlsx or CSV.".into(),
            Self::OpenQuote { row } => {
                format!("A quotation mark in row {row} is never closed. Open the file in Excel and save it as xlsx.")
            }
            Self::OldXls => "This is an old .xls file. Open it in Excel or WPS and save it as .xlsx.".into(),
            Self::Encrypted => "The workbook has a password. Remove it and save again.".into(),
            Self::BadWorkbook(why) => {
                format!("The workbook is damaged ({why}). Open it in Excel or WPS and save it as .xlsx.")
            }
            Self::BadJson { line, column } => format!(
                "JSON line {line}, column {column}: expected a list of objects whose fields are text, numbers or booleans."
            ),
            Self::NoHeader { looked_for } => format!(
                "No header row found. It must have the columns {}. Check that the kind of sheet is the right one.",
                looked_for.join(", ")
            ),
            Self::MissingColumns { header_row, missing } => {
                format!("The header (row {header_row}) lacks the columns {}. Add them and import again.", missing.join(", "))
            }
            Self::ColumnTwice { header_row, column } => {
                format!("The header (row {header_row}) has two columns meaning {column}. Delete or rename one.")
            }
        }
    }
}
