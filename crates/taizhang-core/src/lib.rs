//! Pure: identifiers, keys, the signed entry, the organisation tree, admission and standing, row types, the derived document. No IO, clock, randomness or async.

pub mod admission;
pub mod author;
pub mod cbor;
pub mod document;
pub mod entries;
pub mod entry;
pub mod founding;
pub mod id;
pub mod key;
pub mod ledger;
pub mod lock;
pub mod names;
pub mod nodes;
pub mod op;
pub mod planted;
pub mod receipt;
pub mod registry;
pub mod root;
pub mod rows;
pub mod standing;
pub mod tips;
pub mod units;
pub mod view;
