//! CSV to a grid. Not the `csv` crate's reader: it skips blank lines, so row numbers would not be Excel's, and it takes the rest of the file into one cell when a quotation mark is left open.

use crate::error::ReadError;
use crate::formula::armed_before;
use crate::grid::{Grid, MAX_CELL_BYTES, Raw};

/// Splits text at commas (or tabs, where the first line with either has tabs only); RFC 4180 quotes, any line ending.
pub(crate) fn grid(text: &str) -> Result<Grid, ReadError> {
    let mut split = Splitter { grid: Grid::default(), row: 1, column: 0, cell: String::new() };
    let delimiter = delimiter(text);
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        match c {
            '"' if split.cell.is_empty() => split.quoted(&mut chars)?,
            '\r' => {
                chars.next_if_eq(&'\n');
                split.end_row()?;
            }
            '\n' => split.end_row()?,
            c if c == delimiter => split.end_cell()?,
            c => split.push(c)?,
        }
    }
    if split.column > 0 || !split.cell.is_empty() {
        split.end_row()?;
    }
    split.grid.last_row = split.row.saturating_sub(1);
    Ok(split.grid)
}

fn delimiter(text: &str) -> char {
    let line = text.lines().find(|l| l.contains([',', '\t']));
    if line.is_some_and(|l| !l.contains(',')) { '\t' } else { ',' }
}

struct Splitter {
    grid: Grid,
    row: u32,
    column: usize,
    cell: String,
}

impl Splitter {
    /// What stands between quotation marks; a doubled one is one.
    fn quoted(&mut self, chars: &mut std::iter::Peekable<std::str::Chars<'_>>) -> Result<(), ReadError> {
        while let Some(c) = chars.next() {
            if c == '"' && chars.next_if_eq(&'"').is_none() {
                return Ok(());
            }
            self.push(c)?;
        }
        Err(ReadError::OpenQuote { row: self.row })
    }

    fn push(&mut self, c: char) -> Result<(), ReadError> {
        self.cell.push(c);
        if self.cell.len() > MAX_CELL_BYTES {
            return Err(ReadError::CellTooLong { row: self.row, column: self.column.saturating_add(1) });
        }
        Ok(())
    }

    /// Empty cells are not stored: a row of commas costs nothing.
    fn end_cell(&mut self) -> Result<(), ReadError> {
        let cell = std::mem::take(&mut self.cell);
        if !cell.is_empty() {
            self.grid.put(self.row, self.column, Raw::Text(armed_before(&cell).to_owned()))?;
        }
        self.column = self.column.saturating_add(1);
        Ok(())
    }

    fn end_row(&mut self) -> Result<(), ReadError> {
        self.end_cell()?;
        self.column = 0;
        self.row = self.row.saturating_add(1);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, reason = "tests")]
    use super::*;
    use proptest::prelude::*;

    fn rows(text: &str) -> Vec<(u32, Vec<String>)> {
        grid(text).unwrap().rows.values().map(|r| (r.number, r.cells.iter().map(Raw::shown).collect())).collect()
    }

    fn row(number: u32, cells: &[&str]) -> (u32, Vec<String>) {
        (number, cells.iter().map(|c| (*c).to_owned()).collect())
    }

    #[test]
    fn splits_as_excel_does() {
        for (text, expected) in [
            ("a,b\nc,d\n", vec![row(1, &["a", "b"]), row(2, &["c", "d"])]),
            ("a,b\r\n\r\nc\r", vec![row(1, &["a", "b"]), row(3, &["c"])]),
            ("\"a\nb\",c\nd", vec![row(1, &["a\nb", "c"]), row(2, &["d"])]),
            ("\"a\"\"b\",\"\",c", vec![row(1, &["a\"b", "", "c"])]),
            ("a\"b,c", vec![row(1, &["a\"b", "c"])]),
            ("\"a\"b,c", vec![row(1, &["ab", "c"])]),
            ("a\tb\nc,d", vec![row(1, &["a", "b"]), row(2, &["c,d"])]),
            ("a,b\tc", vec![row(1, &["a", "b\tc"])]),
            (",,\n,x,", vec![row(2, &["", "x"])]),
            ("", vec![]),
        ] {
            assert_eq!(rows(text), expected, "{text:?}");
        }
    }

    #[test]
    fn refuses_what_would_be_misread() {
        assert_eq!(grid("a,b\n\"c,d\ne,f\n"), Err(ReadError::OpenQuote { row: 2 }));
        assert_eq!(grid(&"x".repeat(MAX_CELL_BYTES + 1)), Err(ReadError::CellTooLong { row: 1, column: 1 }));
        assert_eq!(grid(&format!("{}x", ",".repeat(256))), Err(ReadError::TooManyColumns { row: 1 }));
        assert_eq!(grid(&format!("{}x", "\n".repeat(200_000))), Err(ReadError::TooManyRows));
        assert!(grid(&format!("{}x{}", "\n".repeat(199_999), "\n".repeat(300_000))).is_ok());
        let wide = format!("{}x\n", "x,".repeat(255));
        assert_eq!(grid(&wide.repeat(15_626)), Err(ReadError::TooManyCells));
    }

    proptest! {
        /// On every well-formed file it agrees with the csv crate.
        #[test]
        fn agrees_with_the_csv_crate(table in prop::collection::vec(prop::collection::vec("[a-c\", \r\n张]{1,6}", 1..5), 1..6)) {
            let mut writer = csv::WriterBuilder::new().flexible(true).from_writer(Vec::new());
            // A comma in the first line, or tabs would be looked for.
            writer.write_record(["x", "y"]).unwrap();
            for r in &table {
                writer.write_record(r).unwrap();
            }
            let text = String::from_utf8(writer.into_inner().unwrap()).unwrap();
            let read: Vec<Vec<String>> = rows(&text).into_iter().skip(1).map(|(_, cells)| cells).collect();
            prop_assert_eq!(read, table);
        }
    }
}
