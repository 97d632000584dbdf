//! Fields of rows as JSON and back, by their forms: days as dates, times at +08:00, codes as words, bytes as hex, a reference as `[document, entry, index]`.

use serde_json::{Value as Json, json};
use taizhang_core::{
    cbor::Value,
    id::{DocId, EntryId, from_hex},
    op::RowRef,
    rows::{field::Field, shape::Shape},
    units::{Day, Ms},
};

use super::shown;

/// A value as exports show it. What does not have the form, such as a code of a newer version, is shown as it is.
pub(crate) fn to_json(value: &Value, shape: &Shape) -> Json {
    let plain = || shown::value(value);
    match (shape, value) {
        (_, Value::Null) => Json::Null,
        (Shape::Maybe(inner), _) => to_json(value, inner),
        (Shape::Day, Value::Int(n)) => u32::try_from(*n).map_or_else(|_| plain(), |n| json!(Day(n).to_string())),
        (Shape::Ms, Value::Int(n)) => u64::try_from(*n).map_or_else(|_| plain(), |n| json!(iso(Ms(n)))),
        (Shape::Code(words), Value::Int(n)) => {
            words.iter().find(|(number, _)| i128::from(*number) == *n).map_or_else(plain, |(_, word)| json!(word))
        }
        (Shape::List(inner), Value::Array(items)) => items.iter().map(|i| to_json(i, inner)).collect(),
        (Shape::Tuple(parts), Value::Array(items)) if parts.len() == items.len() => {
            items.iter().zip(parts).map(|(i, p)| to_json(i, p)).collect()
        }
        _ => plain(),
    }
}

/// Why a field cannot be read: what it should be, in Chinese and English.
pub(crate) type Wanted = (String, String);

/// A value of this form; the inverse of [`to_json`].
pub(crate) fn from_json(json: &Json, shape: &Shape) -> Result<Value, Wanted> {
    let wanted = |zh: &str, en: &str| (zh.to_owned(), en.to_owned());
    let text = || json.as_str();
    match shape {
        Shape::Maybe(_) if json.is_null() => Ok(Value::Null),
        Shape::Maybe(inner) => from_json(json, inner),
        Shape::Bool => json.as_bool().map(Value::Bool).ok_or_else(|| wanted("应为 true 或 false", "should be true or false")),
        Shape::Uint => json
            .as_u64()
            .map(|n| Value::Int(n.into()))
            .ok_or_else(|| wanted("应为不小于 0 的整数", "should be a whole number from 0")),
        Shape::Int => json.as_i64().map(|n| Value::Int(n.into())).ok_or_else(|| wanted("应为整数", "should be a whole number")),
        Shape::Text | Shape::Any => text().map(|t| Value::Text(t.to_owned())).ok_or_else(|| wanted("应为文字", "should be text")),
        Shape::Bytes(len) => bytes(json, *len).map(Value::Bytes).ok_or_else(|| match len {
            Some(n) => (format!("应为 {} 位十六进制数", 2 * n), format!("should be {} hex digits", 2 * n)),
            None => wanted("应为十六进制数", "should be hex digits"),
        }),
        Shape::Day => {
            let day = text().and_then(Day::parse_iso);
            day.map(|d| Value::Int(d.0.into()))
                .ok_or_else(|| wanted("日期应写成 2023-05-01", "should be a date such as 2023-05-01"))
        }
        Shape::Ms => text()
            .and_then(from_iso)
            .map(|ms| Value::Int(ms.0.into()))
            .ok_or_else(|| wanted("时间应写成 2023-05-01T08:00:00+08:00", "should be a time such as 2023-05-01T08:00:00+08:00")),
        Shape::Code(words) => {
            let found = words.iter().find(|(_, word)| text() == Some(word));
            found.map(|(n, _)| Value::Int((*n).into())).ok_or_else(|| {
                let all = words.iter().map(|(_, word)| *word).collect::<Vec<_>>().join(", ");
                (format!("应为其中之一: {all}"), format!("should be one of: {all}"))
            })
        }
        Shape::Document => document(json)
            .map(|d| Value::Bytes(d.to_bytes().to_vec()))
            .ok_or_else(|| wanted("应为文档编号", "should be a document's id in hex")),
        Shape::Row => row_ref(json)
            .and_then(|r| Value::parse(&r.to_cbor()).ok())
            .ok_or_else(|| wanted("应为 [文档, 条目, 序号]", "should be [document, entry, index]")),
        Shape::List(inner) => json
            .as_array()
            .ok_or_else(|| wanted("应为列表", "should be a list"))?
            .iter()
            .map(|i| from_json(i, inner))
            .collect::<Result<_, _>>()
            .map(Value::Array),
        Shape::Tuple(parts) => tuple(json.as_array().map(Vec::as_slice), parts).map(Value::Array),
        Shape::Tagged(ways) => {
            let items = json.as_array().map(Vec::as_slice);
            let tag = items.and_then(|i| i.first()).and_then(Json::as_u64);
            let way = tag
                .and_then(|t| ways.get(usize::try_from(t).ok()?))
                .ok_or_else(|| wanted("首项不认识", "its first item is not known"))?;
            let mut out = vec![Value::Int(tag.unwrap_or_default().into())];
            out.extend(tuple(items.and_then(|i| i.get(1..)), way)?);
            Ok(Value::Array(out))
        }
    }
}

fn tuple(items: Option<&[Json]>, parts: &[Shape]) -> Result<Vec<Value>, Wanted> {
    match items.filter(|i| i.len() == parts.len()) {
        Some(items) => items.iter().zip(parts).map(|(i, p)| from_json(i, p)).collect(),
        None => Err((format!("应为 {} 项的列表", parts.len()), format!("should be a list of {}", parts.len()))),
    }
}

fn bytes(json: &Json, len: Option<usize>) -> Option<Vec<u8>> {
    let text = json.as_str()?;
    let bytes = if text.is_empty() { Vec::new() } else { from_hex(text)? };
    len.is_none_or(|n| n == bytes.len()).then_some(bytes)
}

fn document(json: &Json) -> Option<DocId> {
    DocId::from_bytes(&from_hex(json.as_str()?)?)
}

fn row_ref(json: &Json) -> Option<RowRef> {
    let [of, entry, index] = json.as_array()?.as_slice() else { return None };
    let document = if of.is_null() { None } else { Some(document(of)?) };
    let entry = if entry.is_null() { None } else { Some(EntryId::from_hex(entry.as_str()?)?) };
    Some(RowRef { document, entry, index: u16::try_from(index.as_u64()?).ok()? })
}

/// The same value with every reference in it changed.
pub(crate) fn map_refs(value: Value, shape: &Shape, change: &mut dyn FnMut(RowRef) -> RowRef) -> Value {
    match (shape, value) {
        (Shape::Maybe(inner), value) => map_refs(value, inner, change),
        (Shape::Row, value) => {
            let read = Value::to_cbor(&value);
            let changed = RowRef::read(&mut taizhang_core::cbor::Reader::new(&read)).map(|r| change(r).to_cbor());
            changed.ok().and_then(|bytes| Value::parse(&bytes).ok()).unwrap_or(value)
        }
        (Shape::List(inner), Value::Array(items)) => {
            Value::Array(items.into_iter().map(|i| map_refs(i, inner, change)).collect())
        }
        (Shape::Tuple(parts), Value::Array(items)) => {
            Value::Array(items.into_iter().zip(parts).map(|(i, p)| map_refs(i, p, change)).collect())
        }
        (Shape::Tagged(ways), Value::Array(items)) => {
            let tag = match items.first() {
                Some(Value::Int(n)) => usize::try_from(*n).ok(),
                _ => None,
            };
            let way = tag.and_then(|t| ways.get(t)).map(Vec::as_slice).unwrap_or_default();
            let shapes = std::iter::once(&Shape::Uint).chain(way);
            Value::Array(items.into_iter().zip(shapes).map(|(i, p)| map_refs(i, p, change)).collect())
        }
        (_, value) => value,
    }
}

/// A time at +08:00.
pub(crate) fn iso(ms: Ms) -> String {
    let of_day = ms.0.saturating_add(8 * 3_600_000) % 86_400_000;
    let (h, m, s, milli) = (of_day / 3_600_000, of_day / 60_000 % 60, of_day / 1000 % 60, of_day % 1000);
    let fraction = if milli == 0 { String::new() } else { format!(".{milli:03}") };
    format!("{}T{h:02}:{m:02}:{s:02}{fraction}+08:00", ms.day())
}

/// The inverse of [`iso`]; nothing else.
fn from_iso(text: &str) -> Option<Ms> {
    let (day, time) = text.split_once('T')?;
    let (clock, milli) = match time.strip_suffix("+08:00")?.split_once('.') {
        Some((clock, milli)) if milli.len() == 3 => (clock, milli.parse::<u64>().ok()?),
        Some(_) => return None,
        None => (time.strip_suffix("+08:00")?, 0),
    };
    let parts: Vec<u64> = clock.split(':').map(str::parse).collect::<Result<_, _>>().ok()?;
    let [h, m, s] = parts.as_slice() else { return None };
    let ms = Ms(Ms::start_of(Day::parse_iso(day)?).0 + ((h * 60 + m) * 60 + s) * 1000 + milli);
    (iso(ms) == text).then_some(ms)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, reason = "tests")]
    use taizhang_core::rows;

    use super::*;

    #[test]
    fn times_go_there_and_back() {
        for ms in [57_600_000, 1_700_000_000_000, 1_700_000_000_123, 57_600_000 + 86_399_999] {
            assert_eq!(from_iso(&iso(Ms(ms))).map(|m| m.0), Some(ms), "{ms}");
        }
        for bad in [
            "",
            "2023-05-01",
            "2023-05-01T08:00:00Z",
            "2023-05-01T24:00:00+08:00",
            "2023-05-01T08:00:00.5+08:00",
            "2023-05-01T8:00:00+08:00",
            "2023-02-30T08:00:00+08:00",
        ] {
            assert_eq!(from_iso(bad), None, "{bad}");
        }
    }

    #[test]
    fn what_no_field_takes() {
        let codes = rows::PlanVerdict::shape();
        let list = Shape::List(Box::new(Shape::Uint));
        let pair = Shape::Tuple(vec![Shape::Text, Shape::Uint]);
        let target = rows::DecisionTarget::shape();
        for (shape, bad) in [
            (Shape::Bool, json!("true")),
            (Shape::Uint, json!(-1)),
            (Shape::Uint, json!(1.5)),
            (Shape::Uint, json!("1")),
            (Shape::Int, json!(1.5)),
            (Shape::Text, json!(1)),
            (Shape::Bytes(Some(2)), json!("abc")),
            (Shape::Bytes(Some(2)), json!("ab")),
            (Shape::Bytes(None), json!("zz")),
            (Shape::Day, json!("2023-02-30")),
            (Shape::Day, json!(19_800)),
            (Shape::Ms, json!("2023-05-01")),
            (codes, json!("maybe")),
            (rows::PlanVerdict::shape(), json!(1)),
            (Shape::Document, json!("00")),
            (Shape::Row, json!([null, null])),
            (Shape::Row, json!([null, "00", 1])),
            (Shape::Row, json!([null, null, 70_000])),
            (list, json!([1, -1])),
            (pair.clone(), json!(["a"])),
            (pair, json!("a")),
            (target.clone(), json!([2, null, null])),
            (target, json!([0])),
            (Shape::Text, Json::Null),
        ] {
            let (zh, en) = from_json(&bad, &shape).expect_err("it has another form");
            assert!(!zh.is_ascii() && en.is_ascii(), "{shape:?} {bad}: {zh} {en}");
        }
    }
}
