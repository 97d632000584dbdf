//! A line of JSON to a typed row.

use serde_json::{Map, Value as Json};
use taizhang_core::{
    cbor::Value,
    id::Kind,
    op::{LONG_ROW_BYTES_MAX, ROW_BYTES_MAX, RowName, scalar},
    rows::{self, Elsewhere, PolicyText, RecordLine, RowInfo, RowType, Teacher, field::Field, shape::Shape},
};
use taizhang_sheets::{MAX_FILE_BYTES, is_id_number};

use super::{super::registrations::external_id, Files};
use crate::{commands::fields, error::Text, personal};

/// What a line says.
pub(super) enum What {
    /// A row, its fields in order.
    Row(&'static RowInfo, Vec<Value>),
    /// A descriptive field, its value as CBOR.
    Register { key: String, value: Vec<u8> },
}

/// A line that can be read.
pub(super) struct Line {
    /// File and line in it.
    pub(super) at: (usize, u32),
    pub(super) what: What,
    /// Its name where it was exported.
    pub(super) old: Option<RowName>,
    /// What it replaced there.
    pub(super) replaces: Vec<RowName>,
    /// Of the document that it was exported from.
    pub(super) kind: Option<Kind>,
    pub(super) year: Option<u16>,
    /// A reason that is to be sealed.
    pub(super) seal: Option<String>,
}

type Fault = (&'static str, Option<&'static str>, (String, String));

fn fault(kind: &'static str, zh: impl Into<String>, en: impl Into<String>) -> Fault {
    (kind, None, (zh.into(), en.into()))
}

/// The lines of a file; what cannot be read is in its report.
pub(super) fn file(files: &mut Files, n: usize, bytes: &[u8]) -> Vec<Line> {
    let text = std::str::from_utf8(bytes).ok().filter(|_| bytes.len() <= MAX_FILE_BYTES);
    let Some(text) = text else {
        let mut refuse = |(kind, field, why)| files.add((n, 1), kind, taizhang_sheets::Severity::Stops, field, why);
        refuse(fault(
            "not_json",
            "不是 UTF-8 的 JSON 行文件, 或文件太大; 请用 export --jsonl 生成",
            "no file of JSON lines in UTF-8, or too long; make it with export --jsonl",
        ));
        return Vec::new();
    };
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let mut out = Vec::new();
    for (row, line) in (1_u32..).zip(text.lines()).filter(|(_, l)| !l.trim().is_empty()) {
        if let Some(report) = files.report(n) {
            report.rows += 1;
        }
        match read((n, row), line) {
            Ok(Some(line)) => out.push(line),
            Ok(None) => files.note(
                (n, row),
                "not_counting",
                ("导出时不计入的行, 未导入".into(), "did not count where it was exported, and was left out".into()),
            ),
            Err((kind, field, why)) => files.refuse((n, row), kind, field, why),
        }
    }
    out
}

/// `None`: what did not count where it was exported.
fn read(at: (usize, u32), text: &str) -> Result<Option<Line>, Fault> {
    let json: Map<String, Json> = serde_json::from_str(text)
        .map_err(|_| fault("not_json", "不是一个 JSON 对象; 每行一个", "no JSON object; each line holds one"))?;
    if json.get("schema").is_some_and(|s| s != "taizhang.row/1") {
        return Err(fault(
            "not_a_row",
            "不是 taizhang.row/1 的行; registrations 请用 import registrations",
            "no line of taizhang.row/1; for registrations use `import registrations`",
        ));
    }
    let word = json.get("type").and_then(Json::as_str).unwrap_or_default();
    let empty = Map::new();
    let given = json.get("fields").and_then(Json::as_object).unwrap_or(&empty);
    let state = json.get("state").and_then(Json::as_str);
    if state == Some("not_counting") || (word == "register" && state == Some("replaced")) {
        return Ok(None);
    }
    let (given, seal) = to_seal(word, given);
    let what = if word == "register" { register(&given)? } else { row(word, &given)? };
    let names = json.get("replaces").and_then(Json::as_array).into_iter().flatten();
    let replaces = if matches!(what, What::Register { .. }) {
        Vec::new()
    } else {
        names.map(|n| name("replaces", n)).collect::<Result<_, _>>()?
    };
    let kind = json.get("document").and_then(Json::as_str).and_then(|d| d.split('/').nth(1));
    Ok(Some(Line {
        at,
        what,
        old: json.get("row").filter(|r| !r.is_null()).map(|r| name("row", r)).transpose()?,
        replaces,
        kind: kind.and_then(|word| Kind::ALL.into_iter().find(|k| k.word() == word)),
        year: json.get("year").and_then(Json::as_u64).and_then(|y| u16::try_from(y).ok()),
        seal,
    }))
}

/// A text to be sealed (an object with `seal`) in the field of a sealed reason is taken out: the text is sealed once the teacher's key is known.
fn to_seal(word: &str, given: &Map<String, Json>) -> (Map<String, Json>, Option<String>) {
    let mut given = given.clone();
    let number = rows::CATALOGUE.iter().find(|i| i.word == word).map_or(0, |i| i.number);
    let field = super::sealed::field_of(number).map(|(_, field)| field);
    let text = field.and_then(|f| given.get(f)?.get("seal")?.as_str().map(str::to_owned));
    if let (Some(field), Some(_)) = (field, &text) {
        given.insert(field.to_owned(), Json::Null);
    }
    (given, text)
}

/// The text of a field.
pub(super) fn text_at(values: &[Value], at: usize) -> Option<&str> {
    if let Some(Value::Text(text)) = values.get(at) { Some(text) } else { None }
}

fn name(field: &'static str, json: &Json) -> Result<RowName, Fault> {
    let wanted = || (format!("{field} 应写成 条目.序号"), format!("{field} should be written ENTRY.INDEX"));
    json.as_str().and_then(RowName::parse).ok_or_else(|| ("bad_name", Some(field), wanted()))
}

fn register(given: &Map<String, Json>) -> Result<What, Fault> {
    let key = given.get("key").and_then(Json::as_str).filter(|k| k.split_once('.').is_some_and(|(id, _)| is_code(id)));
    let value = match given.get("value") {
        Some(Json::String(t)) => Some(Value::Text(t.clone())),
        Some(Json::Bool(b)) => Some(Value::Bool(*b)),
        Some(Json::Number(n)) => n.as_i64().map(|n| Value::Int(n.into())),
        _ => None,
    };
    if let Some(what) = value.as_ref().and_then(|v| number_in("value", v)) {
        return Err(personal_text("value", &what));
    }
    if let Some(what) = given.get("key").and_then(Json::as_str).and_then(|k| personal::number_in("key", k)) {
        return Err(personal_text("key", &what));
    }
    match (key, value) {
        (Some(key), Some(value)) => Ok(What::Register { key: key.to_owned(), value: scalar(&value) }),
        _ => Err(fault("bad_field", "说明性字段须有 key (编号.字段) 和 value", "a register needs a key (ID.FIELD) and a value")),
    }
}

fn row(word: &str, given: &Map<String, Json>) -> Result<What, Fault> {
    let known = rows::CATALOGUE.iter().find(|i| i.word == word && !i.fields.is_empty());
    let info = known.ok_or_else(|| {
        fault(
            "unknown_type",
            format!("没有行类型 {word} (docs/rows.md)"),
            format!("there is no row type {word} that this version reads (docs/rows.md)"),
        )
    })?;
    if rows::belongs(info.number, Kind::Registry) {
        return Err(fault(
            "registry",
            "机构和授权不能这样导入; 请用 org add, invite 或 import orgs",
            "organisations and grants are not imported so; use `org add`, `invite` or `import orgs`",
        ));
    }
    if let Some(other) = given.keys().find(|k| !info.fields.contains(&k.as_str())) {
        let all = info.fields.join(", ");
        return Err(fault(
            "unknown_field",
            format!("{word} 没有字段 {other}; 有: {all}"),
            format!("{word} has no field {other}; it has: {all}"),
        ));
    }
    let shapes = rows::shapes(info.number);
    let values = info.fields.iter().zip(&shapes).map(|(name, shape)| value(info, name, shape, given.get(*name)));
    let values = values.collect::<Result<Vec<_>, _>>()?;
    let fields = fields_of(&values);
    if !is_readable(info, &values) {
        let wanted = ("数值过大, 或证据多于 8 件", "a number is too large, or there are more than 8 files of evidence");
        return Err(("bad_field", unreadable(info, &shapes, &values), (wanted.0.to_owned(), wanted.1.to_owned())));
    }
    let limit = if [PolicyText::TYPE, RecordLine::TYPE].contains(&info.number) { LONG_ROW_BYTES_MAX } else { ROW_BYTES_MAX };
    if fields.len() > limit {
        return Err(fault(
            "too_long",
            format!("本行超过 {limit} 字节; 请缩短"),
            format!("this row is longer than {limit} bytes; shorten it"),
        ));
    }
    Ok(What::Row(info, values))
}

fn is_readable(info: &RowInfo, values: &[Value]) -> bool {
    matches!(rows::check(info.number, &fields_of(values)), Some(Ok(0)))
}

/// The field without which the row could be read.
fn unreadable(info: &RowInfo, shapes: &[Shape], values: &[Value]) -> Option<&'static str> {
    let is_it = |at: usize, shape: &Shape| {
        let mut without = values.to_vec();
        if let Some(value) = without.get_mut(at) {
            *value = if shape.is_optional() { Value::Null } else { Value::Int(0) };
        }
        is_readable(info, &without)
    };
    info.fields.iter().zip(shapes).enumerate().find(|(at, (_, shape))| is_it(*at, shape)).map(|(_, (name, _))| *name)
}

fn value(info: &RowInfo, name: &'static str, shape: &Shape, given: Option<&Json>) -> Result<Value, Fault> {
    let given = given.unwrap_or(&Json::Null);
    if given.is_null() && !shape.is_optional() {
        return Err(("field_missing", Some(name), (format!("缺少字段 {name}"), format!("the field {name} is missing"))));
    }
    if (info.number, name) == (Elsewhere::TYPE, "external_id")
        && let Some(text) = given.as_str()
    {
        return Ok(Value::Bytes(external_id(text).0));
    }
    let value = fields::from_json(given, shape)
        .map_err(|(zh, en)| ("bad_field", Some(name), (format!("{name}: {zh}"), format!("{name}: {en}"))))?;
    let is_teacher = matches!(name, "teacher" | "new_teacher" | "mentor" | "replaces_teacher")
        || (info.number == Teacher::TYPE && name == "no");
    match &value {
        Value::Text(no) if is_teacher && !is_code(no) => Err((
            "teacher_number",
            Some(name),
            (
                format!("{name}: 教师编号只能有字母、数字、横线和下划线, 最多40位, 且不能是身份证号"),
                format!("{name}: a teacher's number has letters, digits, - and _ only, 40 at most, and is no ID number"),
            ),
        )),
        other => number_in(name, other).map_or(Ok(()), |what| Err(personal_text(name, &what))),
    }?;
    Ok(value)
}

/// The CBOR array of a row's fields.
pub(super) fn fields_of(values: &[Value]) -> Vec<u8> {
    rows::field::array(&values.iter().map(Field::to_cbor).collect::<Vec<_>>())
}

fn is_code(no: &str) -> bool {
    let is_word = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_');
    (1..=40).contains(&no.len()) && no.bytes().all(is_word) && !is_id_number(no)
}

/// What a text anywhere in it brings along that may stand in no ledger. Names show once the key of whoever imports is unlocked.
fn number_in(field: &str, value: &Value) -> Option<Text> {
    match value {
        Value::Text(text) => personal::number_in(field, text),
        Value::Array(items) => items.iter().find_map(|i| number_in(field, i)),
        _ => None,
    }
}

/// The text itself is not repeated.
fn personal_text(field: &'static str, what: &Text) -> Fault {
    let zh = format!("{field}: 含{}, 不进入台账, 请删去", what.zh);
    let en = format!("{field}: holds {}, which never enters a ledger; take it out", what.en);
    ("personal_text", Some(field), (zh, en))
}
