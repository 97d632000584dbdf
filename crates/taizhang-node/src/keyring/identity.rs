//! What is sealed about a person.

use taizhang_core::cbor::{CborError, Reader, Writer};
use zeroize::Zeroizing;

/// What a roster says about a person, and what no other document may hold.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Identity {
    /// 姓名
    pub name: String,
    /// 性别: 男, 女
    pub sex: Option<String>,
    /// 民族
    pub ethnic: Option<String>,
    /// 身份证号
    pub id_number: Option<String>,
    /// 出生日期, `YYYY-MM-DD`; may lie before 1970.
    pub birth: Option<String>,
    /// 联系电话
    pub phone: Option<String>,
}

impl Identity {
    /// CBOR `[name, sex, ethnic, id number, birth, phone]`, null where nothing is known.
    pub(super) fn to_cbor(&self) -> Zeroizing<Vec<u8>> {
        let mut w = Writer::default();
        w.array(6).text(&self.name);
        for field in [&self.sex, &self.ethnic, &self.id_number, &self.birth, &self.phone] {
            match field {
                Some(text) => w.text(text),
                None => w.null(),
            };
        }
        Zeroizing::new(w.finish())
    }

    pub(super) fn from_cbor(bytes: &[u8]) -> Result<Self, CborError> {
        let mut r = Reader::new(bytes);
        r.array_of(6)?;
        let name = r.text()?.to_owned();
        let mut next = || if r.take_null() { Ok(None) } else { r.text().map(|t| Some(t.to_owned())) };
        Ok(Self { name, sex: next()?, ethnic: next()?, id_number: next()?, birth: next()?, phone: next()? })
    }
}
