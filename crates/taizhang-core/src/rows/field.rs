//! How single fields of rows are written and read.

use crate::{
    cbor::{CborError, Reader, Value, Writer},
    id::{AttachmentId, DocId, EntryId, OrgId, PublicKey, Run},
    op::{RowName, RowRef},
    units::{Day, Ms},
};

use super::shape::Shape;

/// One field of a row.
pub trait Field: Sized {
    /// Appends the CBOR form.
    fn write(&self, w: &mut Writer);

    /// Reads the CBOR form.
    ///
    /// # Errors
    /// Another form.
    fn read(r: &mut Reader<'_>) -> Result<Self, CborError>;

    /// Its form.
    fn shape() -> Shape;

    /// The value of a field that the row does not have; `None` where it must have it.
    #[must_use]
    fn absent() -> Option<Self> {
        None
    }

    /// The CBOR form alone.
    #[must_use]
    fn to_cbor(&self) -> Vec<u8> {
        let mut w = Writer::default();
        self.write(&mut w);
        w.finish()
    }
}

/// The array of fields, trailing nulls dropped.
#[must_use]
pub fn array(fields: &[Vec<u8>]) -> Vec<u8> {
    const NULL: [u8; 1] = [0xf6];
    let kept = fields.iter().rposition(|f| f.as_slice() != NULL).map_or(0, |last| last + 1);
    let mut w = Writer::default();
    w.array(kept as u64);
    fields.iter().take(kept).for_each(|f| {
        w.raw(f);
    });
    w.finish()
}

/// Reads the fields of a row one by one.
#[derive(Debug)]
pub struct FieldReader<'b> {
    r: Reader<'b>,
    left: u64,
}

impl<'b> FieldReader<'b> {
    /// Starts at the head of the array.
    ///
    /// # Errors
    /// Not an array.
    pub fn new(fields: &'b [u8]) -> Result<Self, CborError> {
        let mut r = Reader::new(fields);
        let left = r.array()?;
        Ok(Self { r, left })
    }

    /// The next field.
    ///
    /// # Errors
    /// Another form, or missing where it must stand.
    pub fn take<T: Field>(&mut self) -> Result<T, CborError> {
        let missing = CborError { at: self.r.position(), what: "field missing" };
        match self.left.checked_sub(1) {
            Some(left) => {
                self.left = left;
                T::read(&mut self.r)
            }
            None => T::absent().ok_or(missing),
        }
    }

    /// Fields not read.
    #[must_use]
    pub fn remaining(&self) -> u64 {
        self.left
    }
}

impl<T: Field> Field for Option<T> {
    fn shape() -> Shape {
        Shape::Maybe(Box::new(T::shape()))
    }
    fn write(&self, w: &mut Writer) {
        match self {
            Some(v) => v.write(w),
            None => {
                w.null();
            }
        }
    }
    fn read(r: &mut Reader<'_>) -> Result<Self, CborError> {
        if r.take_null() { Ok(None) } else { T::read(r).map(Some) }
    }
    fn absent() -> Option<Self> {
        Some(None)
    }
}

impl<T: Field> Field for Vec<T> {
    fn shape() -> Shape {
        Shape::List(Box::new(T::shape()))
    }
    fn write(&self, w: &mut Writer) {
        w.array(self.len() as u64);
        self.iter().for_each(|v| v.write(w));
    }
    fn read(r: &mut Reader<'_>) -> Result<Self, CborError> {
        (0..r.array()?).map(|_| T::read(r)).collect()
    }
}

/// A byte string of any length.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Default)]
pub struct Bytes(pub Vec<u8>);

impl Field for Bytes {
    fn shape() -> Shape {
        Shape::Bytes(None)
    }
    fn write(&self, w: &mut Writer) {
        w.bytes(&self.0);
    }
    fn read(r: &mut Reader<'_>) -> Result<Self, CborError> {
        Ok(Self(r.bytes()?.to_vec()))
    }
}

impl Field for String {
    fn shape() -> Shape {
        Shape::Text
    }
    fn write(&self, w: &mut Writer) {
        w.text(self);
    }
    fn read(r: &mut Reader<'_>) -> Result<Self, CborError> {
        r.text().map(str::to_owned)
    }
}

impl Field for bool {
    fn shape() -> Shape {
        Shape::Bool
    }
    fn write(&self, w: &mut Writer) {
        w.bool(*self);
    }
    fn read(r: &mut Reader<'_>) -> Result<Self, CborError> {
        r.bool()
    }
}

impl Field for i64 {
    fn shape() -> Shape {
        Shape::Int
    }
    fn write(&self, w: &mut Writer) {
        w.int(*self);
    }
    fn read(r: &mut Reader<'_>) -> Result<Self, CborError> {
        r.int()
    }
}

macro_rules! unsigned {
    ($($t:ty),*) => {$(
        impl Field for $t {
            fn shape() -> Shape {
                Shape::Uint
            }
            fn write(&self, w: &mut Writer) {
                w.uint((*self).into());
            }
            fn read(r: &mut Reader<'_>) -> Result<Self, CborError> {
                r.small()
            }
        }
    )*};
}
unsigned!(u8, u16, u32, u64);

impl Field for Day {
    fn shape() -> Shape {
        Shape::Day
    }
    fn write(&self, w: &mut Writer) {
        w.uint(self.0.into());
    }
    fn read(r: &mut Reader<'_>) -> Result<Self, CborError> {
        r.small().map(Self)
    }
}

impl Field for Ms {
    fn shape() -> Shape {
        Shape::Ms
    }
    fn write(&self, w: &mut Writer) {
        w.uint(self.0);
    }
    fn read(r: &mut Reader<'_>) -> Result<Self, CborError> {
        r.uint().map(Self)
    }
}

macro_rules! fixed_bytes {
    ($($t:ty),*) => {$(
        impl Field for $t {
            fn shape() -> Shape {
                Shape::Bytes(Some(<$t>::LEN))
            }
            fn write(&self, w: &mut Writer) {
                w.bytes(&self.0);
            }
            fn read(r: &mut Reader<'_>) -> Result<Self, CborError> {
                r.array_bytes().map(Self)
            }
        }
    )*};
}
fixed_bytes!(OrgId, PublicKey, Run, EntryId, AttachmentId);

impl<const N: usize> Field for [u8; N] {
    fn shape() -> Shape {
        Shape::Bytes(Some(N))
    }
    fn write(&self, w: &mut Writer) {
        w.bytes(self);
    }
    fn read(r: &mut Reader<'_>) -> Result<Self, CborError> {
        r.array_bytes()
    }
}

impl Field for RowRef {
    fn shape() -> Shape {
        Shape::Row
    }
    fn write(&self, w: &mut Writer) {
        RowRef::write(self, w);
    }
    fn read(r: &mut Reader<'_>) -> Result<Self, CborError> {
        RowRef::read(r)
    }
}

impl Field for RowName {
    fn shape() -> Shape {
        Shape::Tuple(vec![Shape::Bytes(Some(32)), Shape::Uint])
    }
    fn write(&self, w: &mut Writer) {
        w.array(2).bytes(&self.entry.0).uint(self.index.into());
    }
    fn read(r: &mut Reader<'_>) -> Result<Self, CborError> {
        r.array_of(2)?;
        Ok(Self { entry: EntryId(r.array_bytes()?), index: r.small()? })
    }
}

impl Field for DocId {
    fn shape() -> Shape {
        Shape::Document
    }
    fn write(&self, w: &mut Writer) {
        w.bytes(&self.to_bytes());
    }
    fn read(r: &mut Reader<'_>) -> Result<Self, CborError> {
        let at = r.position();
        DocId::from_bytes(r.bytes()?).ok_or(CborError { at, what: "not a document id" })
    }
}

impl<A: Field, B: Field> Field for (A, B) {
    fn shape() -> Shape {
        Shape::Tuple(vec![A::shape(), B::shape()])
    }
    fn write(&self, w: &mut Writer) {
        w.array(2);
        self.0.write(w);
        self.1.write(w);
    }
    fn read(r: &mut Reader<'_>) -> Result<Self, CborError> {
        r.array_of(2)?;
        Ok((A::read(r)?, B::read(r)?))
    }
}

/// Any item, kept as it is.
impl Field for Value {
    fn shape() -> Shape {
        Shape::Any
    }
    fn write(&self, w: &mut Writer) {
        match self {
            Self::Array(items) => {
                w.array(items.len() as u64);
                items.iter().for_each(|i| i.write(w));
            }
            Self::Map(pairs) => {
                w.map(pairs.len() as u64);
                pairs.iter().for_each(|(k, v)| {
                    k.write(w);
                    v.write(w);
                });
            }
            scalar => {
                w.raw(&crate::op::scalar(scalar));
            }
        }
    }
    fn read(r: &mut Reader<'_>) -> Result<Self, CborError> {
        Value::parse(r.item()?)
    }
}

/// Declares a code: a number on disk, a word in commands and exports. Numbers are only appended.
macro_rules! code {
    ($(#[$doc:meta])* $name:ident { $($(#[$vdoc:meta])* $variant:ident = $n:literal $word:literal),* $(,)? }) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum $name { $($(#[$vdoc])* $variant),* }

        impl $name {
            /// Every code this version knows.
            pub const ALL: &'static [$name] = &[$(Self::$variant),*];

            /// The number on disk.
            #[must_use]
            pub fn number(self) -> u64 {
                match self { $(Self::$variant => $n),* }
            }

            /// The word used in commands and exports.
            #[must_use]
            pub fn word(self) -> &'static str {
                match self { $(Self::$variant => $word),* }
            }

            /// The code with this word.
            #[must_use]
            pub fn from_word(word: &str) -> Option<Self> {
                Self::ALL.iter().copied().find(|c| c.word() == word)
            }

            /// The code with this number.
            #[must_use]
            pub fn from_number(n: u64) -> Option<Self> {
                Self::ALL.iter().copied().find(|c| c.number() == n)
            }
        }

        impl $crate::rows::field::Field for $name {
            fn shape() -> $crate::rows::shape::Shape {
                $crate::rows::shape::Shape::Code(&[$(($n, $word)),*])
            }
            fn write(&self, w: &mut $crate::cbor::Writer) {
                w.uint(self.number());
            }
            fn read(r: &mut $crate::cbor::Reader<'_>) -> Result<Self, $crate::cbor::CborError> {
                let at = r.position();
                let n = r.uint()?;
                Self::from_number(n).ok_or($crate::cbor::CborError { at, what: "a code of a newer version" })
            }
        }
    };
}
pub(crate) use code;
