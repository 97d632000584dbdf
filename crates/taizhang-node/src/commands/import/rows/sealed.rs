//! Reasons of leaves and bans are sealed under the teacher's key wherever they stand: a text is sealed here, and bytes that no key of the teacher sealed are refused.

use taizhang_core::{
    cbor::Value,
    id::{DocId, Kind},
    names::KeyId,
    rows::{Ban, Leave, Person, RowType},
};

use super::{
    Files,
    read::{Line, What, text_at},
};
use crate::{commands::Context, error::CommandError, keyring::Keyring};

/// The field of a type that holds a sealed reason, by its place.
pub(super) fn field_of(row_type: u16) -> Option<(usize, &'static str)> {
    let (fields, name) = match row_type {
        Leave::TYPE => (Leave::FIELDS, "sealed_kind"),
        Ban::TYPE => (Ban::FIELDS, "sealed_reason"),
        _ => return None,
    };
    fields.iter().position(|f| *f == name).map(|at| (at, name))
}

/// Seals what is to be sealed, and leaves out what is not sealed as it should be.
pub(super) fn seal(c: &Context<'_>, files: &mut Files, placed: Vec<(DocId, Line)>) -> Result<Vec<(DocId, Line)>, CommandError> {
    let mut out = Vec::new();
    for (document, mut line) in placed {
        let at = line.at;
        match sealed(c, document, &mut line)? {
            Ok(()) => out.push((document, line)),
            Err((field, why)) => files.refuse(at, "not_sealed", Some(field), why),
        }
    }
    Ok(out)
}

type Why = (&'static str, (String, String));

fn sealed(c: &Context<'_>, document: DocId, line: &mut Line) -> Result<Result<(), Why>, CommandError> {
    let What::Row(info, values) = &mut line.what else { return Ok(Ok(())) };
    let Some((at, field)) = field_of(info.number) else { return Ok(Ok(())) };
    if let Some(plain) = info.fields.iter().position(|f| *f == "reason")
        && text_at(values, plain).is_some()
    {
        let why = ("请假和处分的原因不能写成明文; 请写入密封的字段", "a reason of leave or ban does not stand in the clear");
        return Ok(Err(("reason", (why.0.into(), why.1.into()))));
    }
    let teacher = text_at(values, 0).unwrap_or_default().to_owned();
    let identity = DocId::of(document.concerns(), Kind::Identity);
    let keys = keys_of(c, &identity, &teacher)?;
    if let Some(text) = line.seal.take() {
        let ring = Keyring::of(&c.person()?);
        let Some(bytes) = ring.seal_reason(c.core.hub(), &identity, &keys, (info.word, &teacher), &text)? else {
            let (zh, en) =
                ("本机打不开该教师的身份信息, 不能密封原因", "no key of this teacher opens here, so the reason cannot be sealed");
            return Ok(Err((field, (zh.into(), en.into()))));
        };
        if let Some(value) = values.get_mut(at) {
            *value = Value::Bytes(bytes);
        }
        return Ok(Ok(()));
    }
    match values.get(at) {
        Some(Value::Bytes(bytes)) if !keys.iter().any(|k| bytes.starts_with(k)) => {
            let (zh, en) = (
                "不是用该教师的密钥密封的; 明文请写成 {\"seal\": …}",
                "not sealed under a key of this teacher; write a text as {\"seal\": …}",
            );
            Ok(Err((field, (zh.into(), en.into()))))
        }
        _ => Ok(Ok(())),
    }
}

/// The keys under which a teacher's rows are sealed.
fn keys_of(c: &Context<'_>, identity: &DocId, teacher: &str) -> Result<Vec<KeyId>, CommandError> {
    let view = c.core.view(identity)?;
    let persons = view.current().into_iter().filter_map(|r| r.read::<Person>()).map(|p| p.row);
    Ok(persons.filter(|p| p.teacher == teacher).map(|p| p.key_id).collect())
}
