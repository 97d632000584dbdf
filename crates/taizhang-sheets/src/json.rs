//! The JSON form of registrations: a list of flat objects, to a grid whose header is the fields' names.

use std::collections::BTreeMap;
use std::fmt;

use serde::de::{Deserialize, Deserializer, Error, MapAccess, SeqAccess, Visitor};

use crate::error::ReadError;
use crate::grid::{Grid, MAX_ROWS, Raw};

/// Reads it; row 1 is the header, so record *n* would be row *n* + 1: rows are shifted so that a finding names the record.
pub(crate) fn grid(bytes: &[u8]) -> Result<Grid, ReadError> {
    let mut reader = serde_json::Deserializer::from_slice(bytes);
    let sink = Sink::deserialize(&mut reader).and_then(|s| reader.end().map(|()| s));
    let sink = sink.map_err(|e| ReadError::BadJson { line: e.line(), column: e.column() })?;
    let mut grid = Grid { exact: true, ..Grid::default() };
    for (name, place) in &sink.fields {
        grid.put(HEADER_ROW, *place, Raw::Text(name.clone()))?;
    }
    for (record, cells) in (1..).zip(sink.records) {
        for (place, cell) in cells.into_iter().filter(|(_, c)| *c != Raw::Empty) {
            grid.put(record, place, cell)?;
        }
    }
    Ok(grid)
}

/// Before the first record.
const HEADER_ROW: u32 = 0;

#[derive(Default)]
struct Sink {
    fields: BTreeMap<String, usize>,
    records: Vec<Vec<(usize, Raw)>>,
}

impl<'de> Deserialize<'de> for Sink {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_seq(SinkVisitor)
    }
}

struct SinkVisitor;

impl<'de> Visitor<'de> for SinkVisitor {
    type Value = Sink;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a list of objects")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut records: A) -> Result<Sink, A::Error> {
        let mut sink = Sink::default();
        while let Some(Record(cells)) = records.next_element()? {
            if sink.records.len() >= usize::try_from(MAX_ROWS).unwrap_or(usize::MAX) {
                return Err(A::Error::custom("too many records"));
            }
            let mut row = Vec::with_capacity(cells.len());
            for (name, cell) in cells {
                let next = sink.fields.len();
                row.push((*sink.fields.entry(name).or_insert(next), cell));
            }
            if sink.fields.len() > crate::grid::MAX_COLUMNS {
                return Err(A::Error::custom("too many fields"));
            }
            sink.records.push(row);
        }
        Ok(sink)
    }
}

/// One flat object; a field twice is an error, not the last one.
struct Record(BTreeMap<String, Raw>);

impl<'de> Deserialize<'de> for Record {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(RecordVisitor)
    }
}

struct RecordVisitor;

impl<'de> Visitor<'de> for RecordVisitor {
    type Value = Record;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a flat object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut fields: A) -> Result<Record, A::Error> {
        let mut record = BTreeMap::new();
        while let Some((name, Scalar(cell))) = fields.next_entry::<String, Scalar>()? {
            if record.len() >= crate::grid::MAX_COLUMNS || record.insert(name, cell).is_some() {
                return Err(A::Error::custom("a field twice, or too many"));
            }
        }
        Ok(Record(record))
    }
}

struct Scalar(Raw);

impl<'de> Deserialize<'de> for Scalar {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(ScalarVisitor)
    }
}

struct ScalarVisitor;

impl Visitor<'_> for ScalarVisitor {
    type Value = Scalar;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("text, a number, true, false or null")
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Scalar, E> {
        Ok(Scalar(if text.is_empty() { Raw::Empty } else { Raw::Text(text.to_owned()) }))
    }

    fn visit_f64<E: Error>(self, n: f64) -> Result<Scalar, E> {
        Ok(Scalar(Raw::Number(n)))
    }

    fn visit_u64<E: Error>(self, n: u64) -> Result<Scalar, E> {
        Ok(Scalar(n.to_string().parse().map_or(Raw::Empty, Raw::Number)))
    }

    fn visit_i64<E: Error>(self, n: i64) -> Result<Scalar, E> {
        Ok(Scalar(n.to_string().parse().map_or(Raw::Empty, Raw::Number)))
    }

    fn visit_bool<E: Error>(self, b: bool) -> Result<Scalar, E> {
        Ok(Scalar(Raw::Bool(b)))
    }

    fn visit_unit<E: Error>(self) -> Result<Scalar, E> {
        Ok(Scalar(Raw::Empty))
    }
}
