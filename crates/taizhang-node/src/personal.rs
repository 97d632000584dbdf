//! What may stand in no document: numbers of identity cards, telephone numbers, names of teachers. One check for every way in: whatever a person signs passes it (`Core::write`, `import rows`, `root publish`), and what is typed before there is a key ([`check_text`]: a newcomer's label, a network's name, the reason of a proposal).
//!
//! What is signed stays for ever and is read by others; names are sealed in identity documents only. Numbers are found by their form (GB 11643 with its check digit; mobile numbers), also in full width or in groups; names are those that whoever signs can open here. A name of two characters may be an ordinary word (安全, 建设): it is looked for only in what concerns its school (docs/decisions/0024).

use std::collections::BTreeSet;

use taizhang_core::{
    cbor::Value,
    id::{DocId, Kind, OrgId},
    op::{self, Op},
    rows::{self, Person as PersonRow},
};

use crate::{
    commands::shown,
    core::{Act, Core},
    error::{CommandError, ErrorKind, Text},
    keyfile::Person,
    keyring::Keyring,
};

/// Fields of rows in which people write freely: (field, Chinese).
const FREE: [(&str, &str); 31] = [
    ("title", "标题"),
    ("theme", "主题"),
    ("note", "备注"),
    ("reason", "理由"),
    ("grounds", "申诉事由"),
    ("wanted", "诉求"),
    ("facts", "事实"),
    ("finding", "结论"),
    ("opinion", "意见"),
    ("content", "内容"),
    ("audience", "对象"),
    ("outline", "大纲"),
    ("text", "文字"),
    ("appraisal", "考核意见"),
    ("problems", "问题"),
    ("place", "地点"),
    ("organiser", "主办单位"),
    ("organiser_name", "主办单位"),
    ("cause", "原因"),
    ("category", "类别"),
    ("form", "形式"),
    ("grade", "等次"),
    ("group", "小组"),
    ("subject", "学科"),
    ("assessment_method", "考核办法"),
    ("credit_standard", "学分标准"),
    ("recommendation", "建议"),
    ("questions", "问卷"),
    ("answers", "答卷"),
    ("value", "内容"),
    ("label", "岗位名称"),
];

/// Names shorter than this are parts of words.
const NAME_CHARS: usize = 2;

/// From this length on a name is looked for in the documents of every organisation.
const NAME_CHARS_ANYWHERE: usize = 3;

/// What was found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Found {
    IdNumber,
    Phone,
    Name,
}

impl Found {
    /// In Chinese and English.
    fn words(self) -> Text {
        match self {
            Self::IdNumber => Text::new("身份证号", "the number of an identity card"),
            Self::Phone => Text::new("电话号码", "a telephone number"),
            Self::Name => Text::new("教师姓名", "the name of a teacher"),
        }
    }
}

/// A text of an act, and where it stands.
struct Written {
    /// The organisation that its document concerns.
    concerns: OrgId,
    /// The field's name; of a register its key's.
    field: String,
    /// Written freely?
    is_free: bool,
    /// The number of the teacher or activity of its row.
    about: Option<String>,
    text: String,
}

/// Refuses an act that would put personal data into a document.
pub(crate) fn check(core: &Core, person: &Person, act: &Act) -> Result<(), CommandError> {
    let written = written(act);
    if let Some((w, found)) = written.iter().find_map(|w| Some((w, number(w.is_free, &w.text)?))) {
        return Err(refused(&w.field, w.about.as_deref(), found));
    }
    if written.iter().all(|w| !w.is_free) {
        return Ok(());
    }
    let names = names(core, person)?;
    let named = written.iter().filter(|w| w.is_free).find(|w| names.iter().any(|n| n.is_in(w)));
    named.map_or(Ok(()), |w| Err(refused(&w.field, w.about.as_deref(), Found::Name)))
}

/// What a text in this field of a row would bring along, as far as no key is needed to tell: numbers of identity cards and telephones.
pub(crate) fn number_in(field: &str, text: &str) -> Option<Text> {
    number(is_free(field), text).map(Found::words)
}

/// The same check of a text that is typed before there is a key or anything to sign.
pub(crate) fn check_text(field: &str, text: &str) -> Result<(), CommandError> {
    number(true, text).map_or(Ok(()), |found| Err(refused(field, None, found)))
}

fn number(is_free: bool, text: &str) -> Option<Found> {
    if has_id_number(text) {
        return Some(Found::IdNumber);
    }
    (is_free && has_phone(text)).then_some(Found::Phone)
}

fn is_free(field: &str) -> bool {
    FREE.iter().any(|(free, _)| *free == field)
}

/// A teacher's name, and the school that has it.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
struct Name {
    text: String,
    school: OrgId,
}

impl Name {
    fn is_in(&self, w: &Written) -> bool {
        let is_meant = self.school == w.concerns || self.text.chars().count() >= NAME_CHARS_ANYWHERE;
        is_meant && w.text.contains(self.text.as_str())
    }
}

/// Names that this person can open here.
fn names(core: &Core, person: &Person) -> Result<BTreeSet<Name>, CommandError> {
    let ring = Keyring::of(person);
    let mut out = BTreeSet::new();
    for view in shown::views(core, |d| d.kind == Kind::Identity)? {
        for row in view.current().into_iter().filter_map(|r| r.read::<PersonRow>()) {
            if let Some(identity) = ring.unseal(core.hub(), &view.document, &row.row) {
                out.insert(Name { text: identity.name.trim().to_owned(), school: view.document.owner });
            }
        }
    }
    out.retain(|name| name.text.chars().count() >= NAME_CHARS);
    Ok(out)
}

fn written(act: &Act) -> Vec<Written> {
    let mut out = Vec::new();
    // Identities are sealed; what stands beside the sealed bytes are numbers of teachers.
    for (document, payload) in act.writes.iter().filter(|(d, _)| d.kind != Kind::Identity) {
        for o in op::parse(payload).unwrap_or_default() {
            match o {
                Op::Row(row) => row_texts(document, row.row_type, row.fields, &mut out),
                Op::Register(r) => {
                    let (concerns, key) = (document.concerns(), r.key.to_owned());
                    out.push(Written { concerns, field: "key".to_owned(), is_free: false, about: None, text: key });
                    let field = r.key.rsplit('.').next().unwrap_or_default().to_owned();
                    if let Ok(Value::Text(text)) = Value::parse(r.value) {
                        out.push(Written { concerns: document.concerns(), field, is_free: true, about: None, text });
                    }
                }
            }
        }
    }
    out
}

fn row_texts(document: &DocId, row_type: u16, fields: &[u8], out: &mut Vec<Written>) {
    let Some(info) = rows::info(row_type) else { return };
    let Ok(Value::Array(values)) = Value::parse(fields) else { return };
    let named = |name: &str| match info.fields.iter().position(|f| *f == name).and_then(|at| values.get(at)) {
        Some(Value::Text(text)) if !has_id_number(text) => Some(text.clone()),
        _ => None,
    };
    let about = ["teacher", "no", "activity_no", "activity"].into_iter().find_map(named);
    for (field, value) in info.fields.iter().zip(&values) {
        let is_free = is_free(field);
        texts(value, &mut |text| {
            let (field, about, text) = ((*field).to_owned(), about.clone(), text.to_owned());
            out.push(Written { concerns: document.concerns(), field, is_free, about, text });
        });
    }
}

fn texts(value: &Value, found: &mut impl FnMut(&str)) {
    match value {
        Value::Text(text) => found(text),
        Value::Array(items) => items.iter().for_each(|i| texts(i, found)),
        _ => {}
    }
}

fn refused(field: &str, about: Option<&str>, found: Found) -> CommandError {
    let Text { zh, en } = found.words();
    let other = if field == "name" { "名称" } else { "编号" };
    let field_zh = FREE.iter().find(|(free, _)| *free == field).map_or(other, |(_, zh)| zh);
    let of = about.map(|n| format!(" ({n})")).unwrap_or_default();
    CommandError::new(
        ErrorKind::Refused,
        format!("「{field_zh}」里有{zh}{of}, 未写入"),
        format!("{field} holds {en}{of}; nothing was written"),
    )
    .hint(
        "台账各级都能看到, 且不能删除: 请改写教师编号; 姓名、身份证号和电话只在导入花名册时填写",
        "others read it and it can never be deleted: write the teacher's number instead; names, ID numbers and telephones belong into the roster sheet only",
    )
}

/// Digits (and the X of identity cards) that stand together, or in groups with one space or hyphen between them.
fn groups(text: &str) -> Vec<Vec<String>> {
    let mut out: Vec<Vec<String>> = Vec::new();
    let (mut group, mut run, mut gap) = (Vec::new(), String::new(), 0_u32);
    for c in text.chars().chain(['。']) {
        let c = narrow(c);
        if c.is_ascii_digit() || (matches!(c, 'x' | 'X') && !run.is_empty()) {
            run.push(c.to_ascii_uppercase());
            gap = 0;
            continue;
        }
        if !run.is_empty() {
            group.push(std::mem::take(&mut run));
        }
        gap += 1;
        if !matches!(c, ' ' | '-' | '\u{2010}'..='\u{2015}') || gap > 1 {
            if !group.is_empty() {
                out.push(std::mem::take(&mut group));
            }
            gap = 0;
        }
    }
    out
}

fn narrow(c: char) -> char {
    let wide = u32::from(c).checked_sub(0xFEE0).and_then(char::from_u32);
    match wide {
        Some(narrow) if narrow.is_ascii_graphic() => narrow,
        _ if c == '\u{3000}' => ' ',
        _ => c,
    }
}

/// Does any run, or any neighbouring runs together, have this form?
fn any(text: &str, is: impl Fn(&str) -> bool) -> bool {
    groups(text).iter().any(|group| {
        (0..group.len()).any(|from| {
            let mut joined = String::new();
            group.iter().skip(from).any(|run| {
                joined.push_str(run);
                is(&joined)
            })
        })
    })
}

fn has_id_number(text: &str) -> bool {
    any(text, |run| run.len() == 18 && taizhang_rules::calc::id_check(run).is_some_and(|id| id.valid) && has_birth(run))
}

/// Month and day of birth stand in characters 11 to 14.
fn has_birth(run: &str) -> bool {
    let part = |at: std::ops::Range<usize>| run.get(at).and_then(|p| p.parse::<u32>().ok()).unwrap_or_default();
    (1..=12).contains(&part(10..12)) && (1..=31).contains(&part(12..14))
}

/// A mobile number of eleven digits, also behind +86; a fixed one behind its area code and a hyphen.
fn has_phone(text: &str) -> bool {
    let is_mobile = |run: &str| {
        let run = run.strip_prefix("86").filter(|r| r.len() == 11).unwrap_or(run);
        run.len() == 11 && run.starts_with('1') && run.get(1..2).is_some_and(|d| ("2"..="9").contains(&d))
    };
    let is_fixed = |pair: &[String]| match pair {
        [area, number] => area.starts_with('0') && matches!(area.len(), 3 | 4) && matches!(number.len(), 7 | 8),
        _ => false,
    };
    any(text, |run| run.bytes().all(|b| b.is_ascii_digit()) && is_mobile(run))
        || groups(text).iter().any(|g| g.windows(2).any(is_fixed))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_of_people_are_found_in_every_form() {
        for text in [
            "42980419721227006X",
            "身份证42980419721227006x。",
            "４２９８０４１９７２１２２７００６Ｘ",
            "429804 19721227 006X",
            "编号429804199003172737电话",
        ] {
            assert!(has_id_number(text), "{text}");
        }
        for text in [
            "13812345678",
            "电话:138-1234-5678",
            "138 1234 5678",
            "+8613812345678",
            "１３８１２３４５６７８",
            "027-87654321",
            "12012345678",
        ] {
            assert!(has_phone(text), "{text}");
        }
    }

    #[test]
    fn numbers_of_other_things_are_left_alone() {
        for text in [
            "2010-03-01 至 2010-06-30",
            "2010年3月1日-2010年6月30日",
            "429801-2012-00042",
            "4298010800001007",
            "429804199003172738",
            "429801201213010016",
            "429801201200320015",
            "学时 160",
            "2198000001-2012-S1",
            "11010519491331002X",
            "1,234,567,890",
            "第13周 2010-2011学年",
            "",
        ] {
            assert!(!has_id_number(text) && !has_phone(text), "{text}");
        }
    }
}
