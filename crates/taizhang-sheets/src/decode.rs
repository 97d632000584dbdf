//! Bytes to text: byte order mark, else valid UTF-8, else GB18030.

use encoding_rs::{GB18030, UTF_16BE, UTF_16LE};

use crate::error::ReadError;

/// How a text file was encoded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Encoding {
    /// UTF-8 without a byte order mark.
    Utf8,
    /// UTF-8 with one.
    Utf8Bom,
    /// "Unicode text" of Excel.
    Utf16,
    /// GB18030, and with it GBK and GB 2312.
    Gb18030,
    /// A workbook or JSON: not asked.
    NotText,
}

/// The text without its byte order mark.
pub(crate) fn text(bytes: &[u8]) -> Result<(String, Encoding), ReadError> {
    let whole = |(text, failed): (Option<std::borrow::Cow<'_, str>>, bool), encoding| match text {
        Some(text) if !failed && !text.contains('\0') => Ok((text.into_owned(), encoding)),
        _ => Err(ReadError::NotText),
    };
    let utf16 = |decoder: &'static encoding_rs::Encoding, rest| {
        let (text, failed) = decoder.decode_without_bom_handling(rest);
        whole((Some(text), failed), Encoding::Utf16)
    };
    match bytes {
        [0xEF, 0xBB, 0xBF, rest @ ..] => whole((std::str::from_utf8(rest).ok().map(Into::into), false), Encoding::Utf8Bom),
        [0xFF, 0xFE, rest @ ..] => utf16(UTF_16LE, rest),
        [0xFE, 0xFF, rest @ ..] => utf16(UTF_16BE, rest),
        _ => match std::str::from_utf8(bytes) {
            Ok(text) => whole((Some(text.into()), false), Encoding::Utf8),
            Err(_) => {
                let (text, failed) = GB18030.decode_without_bom_handling(bytes);
                whole((Some(text), failed), Encoding::Gb18030)
            }
        },
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::*;

    #[test]
    fn encodings() {
        // 䶮 and 𫖯 are 4 bytes in GB18030; the bytes were written by another implementation (Python).
        let gb: &[u8] = b"\xd0\xd5\xc3\xfb,\x82\x35\x87\x38\x99\x30\xd8\x35";
        for (bytes, became, encoding) in [
            ("姓名,䶮".as_bytes(), "姓名,䶮", Encoding::Utf8),
            ("\u{feff}姓名".as_bytes(), "姓名", Encoding::Utf8Bom),
            (b"\xff\xfe\xd3\x59\x0d\x54".as_slice(), "姓名", Encoding::Utf16),
            (b"\xfe\xff\x59\xd3\x54\x0d".as_slice(), "姓名", Encoding::Utf16),
            (b"\xd0\xd5\xc3\xfb".as_slice(), "姓名", Encoding::Gb18030),
        ] {
            assert_eq!(text(bytes).unwrap(), (became.to_owned(), encoding));
        }
        assert_eq!(text(gb).map(|(t, e)| (t.starts_with("姓名,"), e)), Ok((true, Encoding::Gb18030)));
    }

    #[test]
    fn no_text() {
        for bytes in [b"\xff\x80\x80".as_slice(), b"\xef\xbb\xbf\xd0\xd5", b"\xff\xfe\x00\xd8\x41\x00", b"a\0b", b"\xd0\xd5\xff"]
        {
            assert_eq!(text(bytes), Err(ReadError::NotText), "{bytes:?}");
        }
    }
}
