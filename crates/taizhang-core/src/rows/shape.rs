//! The forms that fields take: what turns a row into words and figures for people, and back, without knowing its type.

/// The form of a field.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Shape {
    /// true or false.
    Bool,
    /// A number that is never negative.
    Uint,
    /// A number.
    Int,
    /// Text.
    Text,
    /// A byte string, of this length if it has one.
    Bytes(Option<usize>),
    /// Days since 1970-01-01.
    Day,
    /// Milliseconds since 1970-01-01T00:00Z.
    Ms,
    /// A code: its numbers with their words.
    Code(&'static [(u64, &'static str)]),
    /// A document's id.
    Document,
    /// A row's reference: document, entry, index.
    Row,
    /// That or nothing.
    Maybe(Box<Shape>),
    /// Any number of them.
    List(Box<Shape>),
    /// One of each, in this order.
    Tuple(Vec<Shape>),
    /// One of these tuples; the first element, from 0, says which.
    Tagged(Vec<Vec<Shape>>),
    /// Any item.
    Any,
}

impl Shape {
    /// May the field be null?
    #[must_use]
    pub fn is_optional(&self) -> bool {
        matches!(self, Self::Maybe(_))
    }

    /// The form of a value that is there.
    #[must_use]
    pub fn present(&self) -> &Self {
        match self {
            Self::Maybe(inner) => inner,
            other => other,
        }
    }
}

/// A value of this form.
#[cfg(test)]
pub(crate) fn sample(shape: &Shape) -> crate::cbor::Value {
    use crate::cbor::Value;
    let tuple = |of: &[Shape]| of.iter().map(sample).collect::<Vec<_>>();
    match shape {
        Shape::Bool => Value::Bool(true),
        Shape::Uint => Value::Int(7),
        Shape::Int => Value::Int(-7),
        Shape::Text | Shape::Any => Value::Text("甲1".into()),
        Shape::Bytes(len) => Value::Bytes(vec![9; len.unwrap_or(5)]),
        Shape::Day => Value::Int(19_904),
        Shape::Ms => Value::Int(1_700_000_000_000),
        Shape::Code(words) => Value::Int(words.first().map_or(0, |(n, _)| *n).into()),
        Shape::Document => Value::Bytes(sample_document().to_bytes().to_vec()),
        Shape::Row => Value::Array(vec![sample(&Shape::Document), Value::Bytes(vec![4; 32]), Value::Int(3)]),
        Shape::Maybe(inner) => sample(inner),
        Shape::List(inner) => Value::Array(vec![sample(inner), sample(inner)]),
        Shape::Tuple(of) => Value::Array(tuple(of)),
        Shape::Tagged(of) => {
            Value::Array(std::iter::once(Value::Int(0)).chain(of.first().map(|of| tuple(of)).into_iter().flatten()).collect())
        }
    }
}

#[cfg(test)]
fn sample_document() -> crate::id::DocId {
    crate::id::DocId::of_year(crate::id::OrgId([5; 8]), crate::id::Kind::Ledger, 2024)
}
