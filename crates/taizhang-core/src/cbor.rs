//! Deterministic CBOR (RFC 8949 §4.2.1) over `minicbor`: the reader refuses, where it stands, every form that the writer would not produce, so equal content has equal bytes.
//!
//! Allowed: integers, byte and text strings, arrays, maps with sorted unique keys, booleans, null. No floats, tags (the entry's own tag 18 apart), undefined or indefinite lengths.

use minicbor::{Decoder, Encoder, data::Type};

use crate::planted::{Check, is_off};

/// Nesting deeper than this is refused, so that a reader's stack is bounded.
pub const DEPTH_MAX: u8 = 12;

/// Why bytes are not the one form that is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("byte {at}: {what}")]
pub struct CborError {
    /// Offset of the item that was refused, in bytes.
    pub at: usize,
    /// What was wrong with it.
    pub what: &'static str,
}

/// Reads items one by one; refuses non-deterministic forms.
#[derive(Clone, Debug)]
pub struct Reader<'b> {
    inner: Decoder<'b>,
}

impl<'b> Reader<'b> {
    /// Reads from the start of `bytes`.
    #[must_use]
    pub fn new(bytes: &'b [u8]) -> Self {
        Self { inner: Decoder::new(bytes) }
    }

    /// Offset of the next item, in bytes.
    #[must_use]
    pub fn position(&self) -> usize {
        self.inner.position()
    }

    /// An unsigned integer.
    ///
    /// # Errors
    /// Something else, or a longer form than needed.
    pub fn uint(&mut self) -> Result<u64, CborError> {
        let at = self.position();
        let n = self.inner.u64().map_err(|_| self.error(at, "expected an unsigned integer"))?;
        self.check_head(at, n).map(|()| n)
    }

    /// A signed integer of 64 bits.
    ///
    /// # Errors
    /// Something else, out of range, or a longer form than needed.
    pub fn int(&mut self) -> Result<i64, CborError> {
        let at = self.position();
        let n = self.inner.i64().map_err(|_| self.error(at, "expected an integer"))?;
        let argument = if n < 0 { !n } else { n };
        self.check_head(at, argument.unsigned_abs()).map(|()| n)
    }

    /// An unsigned integer that fits `T`.
    ///
    /// # Errors
    /// As [`Self::uint`], or too large.
    pub fn small<T: TryFrom<u64>>(&mut self) -> Result<T, CborError> {
        let at = self.position();
        T::try_from(self.uint()?).map_err(|_| self.error(at, "number too large"))
    }

    /// A byte string.
    ///
    /// # Errors
    /// Something else, or a longer head than needed.
    pub fn bytes(&mut self) -> Result<&'b [u8], CborError> {
        let at = self.position();
        let b = self.inner.bytes().map_err(|_| self.error(at, "expected a byte string"))?;
        self.check_string(at, b.len()).map(|()| b)
    }

    /// A byte string of exactly `N` bytes.
    ///
    /// # Errors
    /// As [`Self::bytes`], or another length.
    pub fn array_bytes<const N: usize>(&mut self) -> Result<[u8; N], CborError> {
        let at = self.position();
        self.bytes()?.try_into().map_err(|_| self.error(at, "byte string of another length"))
    }

    /// A text string.
    ///
    /// # Errors
    /// Something else, not UTF-8, or a longer head than needed.
    pub fn text(&mut self) -> Result<&'b str, CborError> {
        let at = self.position();
        let t = self.inner.str().map_err(|_| self.error(at, "expected a text string"))?;
        self.check_string(at, t.len()).map(|()| t)
    }

    /// A boolean.
    ///
    /// # Errors
    /// Something else.
    pub fn bool(&mut self) -> Result<bool, CborError> {
        let at = self.position();
        self.inner.bool().map_err(|_| self.error(at, "expected true or false"))
    }

    /// The head of an array; returns its length in items.
    ///
    /// # Errors
    /// Something else, indefinite, or a longer head than needed.
    pub fn array(&mut self) -> Result<u64, CborError> {
        let at = self.position();
        let n = self.inner.array().ok().flatten().ok_or_else(|| self.error(at, "expected an array of known length"))?;
        self.check_head(at, n).map(|()| n)
    }

    /// The head of an array of exactly `n` items.
    ///
    /// # Errors
    /// As [`Self::array`], or another length.
    pub fn array_of(&mut self, n: u64) -> Result<(), CborError> {
        let at = self.position();
        if self.array()? == n { Ok(()) } else { Err(self.error(at, "array of another length")) }
    }

    /// The head of a map; returns its number of pairs.
    ///
    /// # Errors
    /// Something else, indefinite, or a longer head than needed.
    pub fn map(&mut self) -> Result<u64, CborError> {
        let at = self.position();
        let n = self.inner.map().ok().flatten().ok_or_else(|| self.error(at, "expected a map of known length"))?;
        self.check_head(at, n).map(|()| n)
    }

    /// The tag `n`.
    ///
    /// # Errors
    /// Something else, another tag, or a longer head than needed.
    pub fn tag(&mut self, n: u64) -> Result<(), CborError> {
        let at = self.position();
        match self.inner.tag() {
            Ok(t) if t.as_u64() == n => self.check_head(at, n),
            _ => Err(self.error(at, "expected another tag")),
        }
    }

    /// Takes a null if one stands here.
    pub fn take_null(&mut self) -> bool {
        matches!(self.inner.datatype(), Ok(Type::Null)) && self.inner.null().is_ok()
    }

    /// Checks and passes over one item of any allowed type; returns its bytes.
    ///
    /// # Errors
    /// The first form in it that is not allowed, or nesting deeper than [`DEPTH_MAX`].
    pub fn item(&mut self) -> Result<&'b [u8], CborError> {
        let start = self.position();
        self.pass(DEPTH_MAX)?;
        Ok(self.slice(start, self.position()))
    }

    /// Nothing may follow.
    ///
    /// # Errors
    /// Something does.
    pub fn end(&self) -> Result<(), CborError> {
        if self.position() == self.inner.input().len() { Ok(()) } else { Err(self.error(self.position(), "something follows")) }
    }

    fn pass(&mut self, depth: u8) -> Result<(), CborError> {
        let at = self.position();
        let deeper = depth.checked_sub(1).or(is_off(Check::Depth).then_some(0));
        let deeper = deeper.ok_or_else(|| self.error(at, "nested too deeply"))?;
        match self.inner.datatype().map_err(|_| self.error(at, "item cut short"))? {
            Type::U8 | Type::U16 | Type::U32 | Type::U64 => self.uint().map(drop),
            Type::I8 | Type::I16 | Type::I32 | Type::I64 => self.int().map(drop),
            Type::Bytes => self.bytes().map(drop),
            Type::String => self.text().map(drop),
            Type::Bool => self.bool().map(drop),
            Type::Null => self.inner.null().map_err(|_| self.error(at, "expected null")),
            Type::Array => (0..self.array()?).try_for_each(|_| self.pass(deeper)),
            Type::Map => self.pass_map(deeper),
            _ => Err(self.error(at, "a type that is not allowed here")),
        }
    }

    fn pass_map(&mut self, deeper: u8) -> Result<(), CborError> {
        let mut last: Option<&[u8]> = None;
        for _ in 0..self.map()? {
            let at = self.position();
            self.pass(deeper)?;
            let key = self.slice(at, self.position());
            if last.is_some_and(|l| l >= key) {
                return Err(self.error(at, "map keys not sorted or not unique"));
            }
            last = Some(key);
            self.pass(deeper)?;
        }
        Ok(())
    }

    fn slice(&self, from: usize, to: usize) -> &'b [u8] {
        self.inner.input().get(from..to).unwrap_or_default()
    }

    /// The head that was just read must have the shortest form of `argument`.
    fn check_head(&self, at: usize, argument: u64) -> Result<(), CborError> {
        let is_shortest = self.position() - at == head_len(argument) || is_off(Check::ShortestForm);
        if is_shortest { Ok(()) } else { Err(self.error(at, "longer form than needed")) }
    }

    fn check_string(&self, at: usize, len: usize) -> Result<(), CborError> {
        let is_shortest = self.position() - at == head_len(len as u64) + len || is_off(Check::ShortestForm);
        if is_shortest { Ok(()) } else { Err(self.error(at, "longer form than needed")) }
    }

    fn error(&self, at: usize, what: &'static str) -> CborError {
        CborError { at, what }
    }
}

fn head_len(argument: u64) -> usize {
    match argument {
        0..=0x17 => 1,
        0x18..=0xff => 2,
        0x100..=0xffff => 3,
        0x1_0000..=0xffff_ffff => 5,
        _ => 9,
    }
}

/// Writes deterministic CBOR into memory.
#[derive(Debug)]
pub struct Writer(Encoder<Vec<u8>>);

impl Default for Writer {
    fn default() -> Self {
        Self(Encoder::new(Vec::new()))
    }
}

macro_rules! put {
    ($(#[$doc:meta])* $name:ident, $inner:ident, $t:ty) => {
        $(#[$doc])*
        pub fn $name(&mut self, value: $t) -> &mut Self {
            self.0.$inner(value).expect("writing into memory does not fail");
            self
        }
    };
}

impl Writer {
    put!(
        /// An unsigned integer.
        uint, u64, u64
    );
    put!(
        /// A signed integer.
        int, i64, i64
    );
    put!(
        /// A byte string.
        bytes, bytes, &[u8]
    );
    put!(
        /// A text string.
        text, str, &str
    );
    put!(
        /// A boolean.
        bool, bool, bool
    );
    put!(
        /// The head of an array of so many items.
        array, array, u64
    );
    put!(
        /// The head of a map of so many pairs; the caller writes the keys sorted.
        map, map, u64
    );

    /// A null.
    pub fn null(&mut self) -> &mut Self {
        self.0.null().expect("writing into memory does not fail");
        self
    }

    /// A tag.
    pub fn tag(&mut self, n: u64) -> &mut Self {
        self.0.tag(minicbor::data::Tag::new(n)).expect("writing into memory does not fail");
        self
    }

    /// An item that already has its bytes.
    pub fn raw(&mut self, item: &[u8]) -> &mut Self {
        self.0.writer_mut().extend_from_slice(item);
        self
    }

    /// Bytes written so far.
    #[must_use]
    pub fn len(&self) -> usize {
        self.0.writer().len()
    }

    /// Has nothing been written yet?
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// What was written.
    #[must_use]
    pub fn finish(self) -> Vec<u8> {
        self.0.into_writer()
    }
}

/// Any allowed item as a tree: for exports and for rows that this version does not know.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Value {
    /// null
    Null,
    /// true, false
    Bool(bool),
    /// −2⁶³ … 2⁶⁴−1
    Int(i128),
    /// byte string
    Bytes(Vec<u8>),
    /// text string
    Text(String),
    /// array
    Array(Vec<Value>),
    /// map, in the order of its encoded keys
    Map(Vec<(Value, Value)>),
}

impl Value {
    /// Reads one item that must fill `bytes`.
    ///
    /// # Errors
    /// The first form in it that is not allowed.
    pub fn parse(bytes: &[u8]) -> Result<Self, CborError> {
        let mut check = Reader::new(bytes);
        check.item()?;
        check.end()?;
        Self::read(&mut Reader::new(bytes))
    }

    fn read(r: &mut Reader<'_>) -> Result<Self, CborError> {
        let at = r.position();
        Ok(match r.inner.datatype().map_err(|_| r.error(at, "item cut short"))? {
            Type::U8 | Type::U16 | Type::U32 | Type::U64 => Self::Int(r.uint()?.into()),
            Type::I8 | Type::I16 | Type::I32 | Type::I64 => Self::Int(r.int()?.into()),
            Type::Bytes => Self::Bytes(r.bytes()?.to_vec()),
            Type::String => Self::Text(r.text()?.to_owned()),
            Type::Bool => Self::Bool(r.bool()?),
            Type::Array => Self::Array((0..r.array()?).map(|_| Self::read(r)).collect::<Result<_, _>>()?),
            Type::Map => {
                Self::Map((0..r.map()?).map(|_| Ok((Self::read(r)?, Self::read(r)?))).collect::<Result<_, CborError>>()?)
            }
            _ => {
                r.take_null();
                Self::Null
            }
        })
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, reason = "tests")]
    use super::*;

    /// Every line is a form that stock decoders accept and this one refuses.
    #[test]
    fn only_one_form_is_read() {
        let bad: &[&[u8]] = &[
            &[0x18, 0x05],                   // 5 in two bytes
            &[0x19, 0x00, 0xff],             // 255 in three
            &[0x1b, 0, 0, 0, 0, 0, 0, 0, 1], // 1 in nine
            &[0x38, 0x05],                   // -6 in two
            &[0x58, 0x01, 0x00],             // byte string with a long head
            &[0x78, 0x01, 0x61],             // text likewise
            &[0x5f, 0x41, 0x00, 0xff],       // indefinite byte string
            &[0x7f, 0xff],                   // indefinite text
            &[0x9f, 0xff],                   // indefinite array
            &[0xbf, 0xff],                   // indefinite map
            &[0x98, 0x01, 0x00],             // array with a long head
            &[0xa2, 0x02, 0x00, 0x01, 0x00], // map keys out of order
            &[0xa2, 0x01, 0x00, 0x01, 0x00], // map key twice
            &[0xf7],                         // undefined
            &[0xf9, 0x3c, 0x00],             // a float
            &[0xc0, 0x60],                   // a tag
            &[0x61, 0xff],                   // not UTF-8
            &[0x82, 0x00],                   // cut short
            &[0xe0],                         // simple value 0
            &[0x00, 0x00],                   // something follows
            &[],
            &[0x9b, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff], // huge array
            &[0x81; 40],                                             // too deep
        ];
        for b in bad {
            assert!(Value::parse(b).is_err(), "{b:02x?}");
        }
    }

    #[test]
    fn what_is_written_is_read() {
        let mut w = Writer::default();
        w.array(8).uint(u64::MAX).int(i64::MIN).bytes(&[1, 2]).text("台账").bool(true).null().map(1).uint(1).uint(2).array(0);
        let bytes = w.finish();
        let Value::Array(v) = Value::parse(&bytes).unwrap() else { panic!("not an array") };
        assert_eq!(v[0], Value::Int(u64::MAX.into()));
        assert_eq!(v[1], Value::Int(i64::MIN.into()));
        assert_eq!(v[6], Value::Map(vec![(Value::Int(1), Value::Int(2))]));
    }
}
