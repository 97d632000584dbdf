//! A sheet as rows of raw cells, whatever the file's format was, and the limits that every format obeys.

use std::collections::BTreeMap;

use crate::error::ReadError;

/// Largest file, in bytes.
pub const MAX_FILE_BYTES: usize = 32 << 20;
/// Last row number with content that is read.
pub const MAX_ROWS: u32 = 200_000;
/// Widest row, in cells.
pub const MAX_COLUMNS: usize = 256;
/// Longest cell, in bytes of UTF-8.
pub const MAX_CELL_BYTES: usize = 4 << 10;
/// Cells in one sheet; bounds the memory of a sheet that is both wide and long.
pub const MAX_CELLS: usize = 4_000_000;

/// Findings about one file; a sheet with more is not the form it is taken for.
pub const MAX_FINDINGS: usize = 500_000;

/// A cell as the file has it.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Raw {
    Empty,
    Text(String),
    /// A number cell of a workbook, or a JSON number.
    Number(f64),
    /// A workbook's date cell; year, month, day.
    Date(u32, u32, u32),
    Bool(bool),
    /// A formula that failed, as Excel shows it.
    Error(String),
}

impl Raw {
    /// What a person sees in the cell.
    pub(crate) fn shown(&self) -> String {
        match self {
            Self::Empty => String::new(),
            Self::Text(t) | Self::Error(t) => t.clone(),
            Self::Number(n) => shown_number(*n),
            Self::Date(y, m, d) => format!("{y:04}-{m:02}-{d:02}"),
            Self::Bool(b) => (if *b { "TRUE" } else { "FALSE" }).into(),
        }
    }

    pub(crate) fn is_blank(&self) -> bool {
        match self {
            Self::Empty => true,
            Self::Text(t) => t.chars().all(crate::mend::is_space),
            _ => false,
        }
    }
}

/// A whole number without a decimal point, others as short as they can be.
pub(crate) fn shown_number(n: f64) -> String {
    format!("{n}")
}

/// A row; cells beyond the end of `cells` are empty.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct GridRow {
    /// 1-based, as a person sees it in Excel.
    pub(crate) number: u32,
    pub(crate) cells: Vec<Raw>,
}

impl GridRow {
    pub(crate) fn cell(&self, column: usize) -> &Raw {
        self.cells.get(column).unwrap_or(&Raw::Empty)
    }

    pub(crate) fn is_blank(&self) -> bool {
        self.cells.iter().all(Raw::is_blank)
    }
}

/// A sheet; row numbers rise, numbers left out are blank rows.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Grid {
    pub(crate) rows: BTreeMap<u32, GridRow>,
    /// The last row the file has, blank or not, where the format tells.
    pub(crate) last_row: u32,
    /// Counts cells, for the limit.
    pub(crate) cells: usize,
    /// Text is taken as it stands (only NFC): the file was written by a program.
    pub(crate) exact: bool,
    /// The workbook counts days from 1904.
    pub(crate) epoch_1904: bool,
}

impl Grid {
    /// Puts a cell at a 1-based row and 0-based column; cells arrive in the order of the file.
    pub(crate) fn put(&mut self, row: u32, column: usize, cell: Raw) -> Result<(), ReadError> {
        if row > MAX_ROWS {
            return Err(ReadError::TooManyRows);
        }
        if column >= MAX_COLUMNS {
            return Err(ReadError::TooManyColumns { row });
        }
        if let Raw::Text(t) | Raw::Error(t) = &cell
            && t.len() > MAX_CELL_BYTES
        {
            return Err(ReadError::CellTooLong { row, column: column.saturating_add(1) });
        }
        let line = self.rows.entry(row).or_insert_with(|| GridRow { number: row, cells: Vec::new() });
        let before = line.cells.len();
        if before <= column {
            line.cells.resize(column + 1, Raw::Empty);
        }
        self.cells = self.cells.saturating_add(line.cells.len() - before);
        if let Some(place) = line.cells.get_mut(column) {
            *place = cell;
        }
        if self.cells > MAX_CELLS { Err(ReadError::TooManyCells) } else { Ok(()) }
    }

    /// Is there anything in it?
    pub(crate) fn is_empty(&self) -> bool {
        self.rows.values().all(GridRow::is_blank)
    }
}
