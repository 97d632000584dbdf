//! Fields by name, for commands and exports: also those that this version does not read.

use crate::{cbor::Value, rows};

/// The fields of a row with their names, in order. A field that this version does not know, or any field of such a type, is called `field_N` (N from 0).
#[must_use]
pub fn named_fields(row_type: u16, fields: &[u8]) -> Vec<(String, Value)> {
    let names = rows::info(row_type).map_or(&[][..], |i| i.fields);
    let name = |n: usize| names.get(n).map_or_else(|| format!("field_{n}"), |known| (*known).to_owned());
    match Value::parse(fields) {
        Ok(Value::Array(items)) => items.into_iter().enumerate().map(|(n, value)| (name(n), value)).collect(),
        // Admission lets no such row in; what a caller has from elsewhere is still shown whole.
        _ => vec![("unreadable".to_owned(), Value::Bytes(fields.to_vec()))],
    }
}
