//! Pure: identifiers, keys, the signed entry, the organisation tree, admission and standing, row types, the derived document. No IO, clock, randomness or async.

pub mod cbor;
pub mod entries;
pub mod entry;
pub mod id;
pub mod key;
pub mod op;
pub mod rows;
pub mod units;
