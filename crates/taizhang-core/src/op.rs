//! Operations: what people write. An entry's payload is `[version, [operation…]]` in deterministic CBOR.

use crate::{
    cbor::{CborError, Reader, Value, Writer},
    id::{DocId, EntryId},
    planted::{Check, is_off},
};

/// The payload version this program writes and reads.
pub const PAYLOAD_VERSION: u64 = 1;
/// Operations in one entry, at most.
pub const OPERATIONS_MAX: usize = 512;
/// Rows or entries that one operation replaces, at most.
pub const REPLACES_MAX: usize = 64;
/// Bytes of one row's fields, at most; policy texts may have [`LONG_ROW_BYTES_MAX`].
pub const ROW_BYTES_MAX: usize = 3 * 1024;
/// Bytes of a policy text's row or a moved record's line, at most.
pub const LONG_ROW_BYTES_MAX: usize = 40 * 1024;
/// Bytes of a register's key, at most.
pub const KEY_BYTES_MAX: usize = 200;
/// Bytes of a register's value, at most.
pub const VALUE_BYTES_MAX: usize = 1024;

/// Names a row: document (`None`: the same), entry (`None`: the same), index of the operation in its entry. `[document|null, entry|null, index]`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RowRef {
    /// `None`: the document of the entry that names.
    pub document: Option<DocId>,
    /// `None`: the entry that names.
    pub entry: Option<EntryId>,
    /// Which operation of the entry, from 0.
    pub index: u16,
}

/// A row's own name; nobody can choose or occupy another's.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RowName {
    /// The entry that wrote it.
    pub entry: EntryId,
    /// Which operation of the entry, from 0.
    pub index: u16,
}

impl std::fmt::Display for RowName {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}.{}", self.entry, self.index)
    }
}

impl RowName {
    /// Reads `HEX.INDEX`.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let (entry, index) = text.split_once('.')?;
        Some(Self { entry: EntryId::from_hex(entry)?, index: index.parse().ok()? })
    }

    /// A reference to this row from the same document.
    #[must_use]
    pub fn here(self) -> RowRef {
        RowRef { document: None, entry: Some(self.entry), index: self.index }
    }

    /// A reference to this row from another document.
    #[must_use]
    pub fn in_document(self, document: DocId) -> RowRef {
        RowRef { document: Some(document), entry: Some(self.entry), index: self.index }
    }
}

impl RowRef {
    /// An operation of the same entry.
    #[must_use]
    pub fn own(index: u16) -> Self {
        Self { document: None, entry: None, index }
    }

    /// The full name, seen from entry `from`.
    #[must_use]
    pub fn resolve(&self, from: EntryId) -> RowName {
        RowName { entry: self.entry.unwrap_or(from), index: self.index }
    }

    /// Writes the CBOR form.
    pub fn write(&self, w: &mut Writer) {
        w.array(3);
        match self.document {
            Some(d) => w.bytes(&d.to_bytes()),
            None => w.null(),
        };
        match self.entry {
            Some(e) => w.bytes(&e.0),
            None => w.null(),
        };
        w.uint(self.index.into());
    }

    /// Reads the CBOR form.
    ///
    /// # Errors
    /// Not that form.
    pub fn read(r: &mut Reader<'_>) -> Result<Self, CborError> {
        r.array_of(3)?;
        let at = r.position();
        let document = if r.take_null() {
            None
        } else {
            Some(DocId::from_bytes(r.bytes()?).ok_or(CborError { at, what: "not a document id" })?)
        };
        let entry = if r.take_null() { None } else { Some(EntryId(r.array_bytes()?)) };
        Ok(Self { document, entry, index: r.small()? })
    }
}

/// One operation, borrowing its bytes from the payload.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Op<'b> {
    /// `[0, type, replaces, [field…]]`: a write-once row.
    Row(RowOp<'b>),
    /// `[1, key, value, replaces]`: a descriptive field or draft.
    Register(RegisterOp<'b>),
}

/// A write-once row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RowOp<'b> {
    /// Its type (`rows`).
    pub row_type: u16,
    /// The rows it corrects or decides anew; sorted, unique.
    pub replaces: Vec<RowRef>,
    /// The bytes of the CBOR array of its fields.
    pub fields: &'b [u8],
}

/// A descriptive field or draft.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RegisterOp<'b> {
    /// `id.field`.
    pub key: &'b str,
    /// A scalar as CBOR bytes.
    pub value: &'b [u8],
    /// Entries of the same document that wrote this key; sorted, unique.
    pub replaces: Vec<EntryId>,
}

/// Reads a payload. Only the frame is read: what a row's fields mean is the business of `rows`.
///
/// # Errors
/// Not deterministic CBOR, an unknown version or operation, or over a limit.
pub fn parse(payload: &[u8]) -> Result<Vec<Op<'_>>, CborError> {
    let mut r = Reader::new(payload);
    r.array_of(2)?;
    if r.uint()? != PAYLOAD_VERSION {
        return Err(CborError { at: 1, what: "unknown payload version" });
    }
    let at = r.position();
    let n = usize::try_from(r.array()?).unwrap_or(usize::MAX);
    if n == 0 || (n > OPERATIONS_MAX && !is_off(Check::OperationCount)) {
        return Err(CborError { at, what: "no operations, or too many" });
    }
    let ops = (0..n).map(|_| read_op(&mut r)).collect::<Result<Vec<_>, _>>()?;
    r.end()?;
    Ok(ops)
}

fn read_op<'b>(r: &mut Reader<'b>) -> Result<Op<'b>, CborError> {
    let at = r.position();
    r.array_of(4)?;
    match r.uint()? {
        0 => read_row(r).map(Op::Row),
        1 => read_register(r).map(Op::Register),
        _ => Err(CborError { at, what: "unknown operation" }),
    }
}

fn read_row<'b>(r: &mut Reader<'b>) -> Result<RowOp<'b>, CborError> {
    let row_type = r.small()?;
    let replaces = read_sorted(r, RowRef::read)?;
    let at = r.position();
    let fields = r.item()?;
    Reader::new(fields).array()?;
    let limit = if matches!(row_type, 10 | 171) { LONG_ROW_BYTES_MAX } else { ROW_BYTES_MAX };
    if fields.len() > limit && !is_off(Check::RowLength) {
        return Err(CborError { at, what: "row too long" });
    }
    Ok(RowOp { row_type, replaces, fields })
}

fn read_register<'b>(r: &mut Reader<'b>) -> Result<RegisterOp<'b>, CborError> {
    let at = r.position();
    let key = r.text()?;
    if key.is_empty() || key.len() > KEY_BYTES_MAX {
        return Err(CborError { at, what: "register key empty or too long" });
    }
    let at = r.position();
    let value = r.item()?;
    let scalar = value.first().is_some_and(|b| !matches!(b >> 5, 4..=6));
    if (!scalar || value.len() > VALUE_BYTES_MAX) && !is_off(Check::RegisterValue) {
        return Err(CborError { at, what: "register value not a scalar, or too long" });
    }
    let replaces = read_sorted(r, |r| Ok(EntryId(r.array_bytes()?)))?;
    Ok(RegisterOp { key, value, replaces })
}

fn read_sorted<T: Ord>(r: &mut Reader<'_>, read: impl Fn(&mut Reader<'_>) -> Result<T, CborError>) -> Result<Vec<T>, CborError> {
    let at = r.position();
    let n = usize::try_from(r.array()?).unwrap_or(usize::MAX);
    if n > REPLACES_MAX && !is_off(Check::ReplacesCount) {
        return Err(CborError { at, what: "replaces too many" });
    }
    let list = (0..n).map(|_| read(r)).collect::<Result<Vec<T>, _>>()?;
    if list.windows(2).any(|w| matches!(w, [a, b] if a >= b)) && !is_off(Check::ReplacesOrder) {
        return Err(CborError { at, what: "replaces not sorted or not unique" });
    }
    Ok(list)
}

/// Builds a payload operation by operation.
#[derive(Debug, Default)]
pub struct PayloadBuilder {
    ops: Vec<Vec<u8>>,
    bytes: usize,
}

impl PayloadBuilder {
    /// Adds a row; returns its index in the entry. `fields` is the CBOR array of its fields.
    pub fn row(&mut self, row_type: u16, replaces: &[RowRef], fields: &[u8]) -> u16 {
        let mut w = Writer::default();
        let mut sorted = replaces.to_vec();
        sorted.sort();
        sorted.dedup();
        w.array(4).uint(0).uint(row_type.into()).array(sorted.len() as u64);
        sorted.iter().for_each(|r| r.write(&mut w));
        w.raw(fields);
        self.push(w.finish())
    }

    /// Adds a register write; returns its index in the entry. `value` is a CBOR scalar.
    pub fn register(&mut self, key: &str, value: &[u8], replaces: &[EntryId]) -> u16 {
        let mut sorted = replaces.to_vec();
        sorted.sort();
        sorted.dedup();
        let mut w = Writer::default();
        w.array(4).uint(1).text(key).raw(value).array(sorted.len() as u64);
        sorted.iter().for_each(|e| {
            w.bytes(&e.0);
        });
        self.push(w.finish())
    }

    fn push(&mut self, op: Vec<u8>) -> u16 {
        let index = u16::try_from(self.ops.len()).unwrap_or(u16::MAX);
        self.bytes += op.len();
        self.ops.push(op);
        index
    }

    /// Operations so far.
    #[must_use]
    pub fn len(&self) -> usize {
        self.ops.len()
    }

    /// No operation yet?
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.ops.is_empty()
    }

    /// Bytes of the operations so far.
    #[must_use]
    pub fn bytes(&self) -> usize {
        self.bytes
    }

    /// The payload.
    #[must_use]
    pub fn finish(self) -> Vec<u8> {
        let mut w = Writer::default();
        w.array(2).uint(PAYLOAD_VERSION).array(self.ops.len() as u64);
        self.ops.iter().for_each(|op| {
            w.raw(op);
        });
        w.finish()
    }
}

/// A register's value as CBOR bytes.
#[must_use]
pub fn scalar(value: &Value) -> Vec<u8> {
    let mut w = Writer::default();
    match value {
        Value::Bool(b) => w.bool(*b),
        Value::Int(n) => match (u64::try_from(*n), i64::try_from(*n)) {
            (Ok(u), _) => w.uint(u),
            (_, Ok(i)) => w.int(i),
            _ => w.null(),
        },
        Value::Bytes(b) => w.bytes(b),
        Value::Text(t) => w.text(t),
        Value::Null | Value::Array(_) | Value::Map(_) => w.null(),
    };
    w.finish()
}
