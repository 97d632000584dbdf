//! Mends of text that every column shares. Never NFKC: it would change titles.

use unicode_normalization::{IsNormalized, UnicodeNormalization, is_nfc_quick};

use crate::finding::FindingKind;

/// White space of any width, and what looks like nothing at all (zero-width, byte order mark).
pub(crate) fn is_space(c: char) -> bool {
    c.is_whitespace() || matches!(c, '\u{200B}'..='\u{200F}' | '\u{2060}' | '\u{FEFF}')
}

/// Normal form C; most text is in it already.
pub(crate) fn nfc(text: &str) -> String {
    match is_nfc_quick(text.chars()) {
        IsNormalized::Yes => text.to_owned(),
        _ => text.nfc().collect(),
    }
}

/// A full-width digit as the ASCII digit, any other character as it is.
fn narrow_digit(c: char) -> char {
    match c {
        '\u{FF10}'..='\u{FF19}' => char::from_u32(u32::from(c) - 0xFEE0).unwrap_or(c),
        _ => c,
    }
}

/// As [`narrow_digit`], also X, dot and dashes: for codes, numbers and dates, never for prose.
pub(crate) fn narrow(c: char) -> char {
    match c {
        '\u{FF38}' => 'X',
        '\u{FF58}' => 'x',
        '\u{FF0E}' => '.',
        '\u{FF0D}' | '\u{2010}'..='\u{2015}' | '\u{2212}' => '-',
        _ => narrow_digit(c),
    }
}

/// Free text: NFC, no space around it, ASCII digits. `exact` text is only brought to NFC.
pub(crate) fn text(stood: &str, exact: bool) -> (String, FindingKind) {
    let composed = nfc(stood);
    if exact {
        return (composed, FindingKind::Composed);
    }
    let trimmed = composed.trim_matches(is_space);
    let narrowed: String = trimmed.chars().map(narrow_digit).collect();
    let kind = if narrowed != trimmed {
        FindingKind::FullWidth
    } else if trimmed.len() != composed.len() {
        FindingKind::Spaces
    } else {
        FindingKind::Composed
    };
    (narrowed, kind)
}

/// A person's name: as free text, and without the spaces that pad two Han characters to the width of three.
pub(crate) fn name(stood: &str, exact: bool) -> (String, FindingKind) {
    let (text, kind) = text(stood, exact);
    if exact {
        return (text, kind);
    }
    let mut out = String::with_capacity(text.len());
    let mut rest = text.chars().peekable();
    while let Some(c) = rest.next() {
        if !is_space(c) {
            out.push(c);
            continue;
        }
        while rest.next_if(|c| is_space(*c)).is_some() {}
        let between_han = out.chars().next_back().is_some_and(is_han) && rest.peek().copied().is_some_and(is_han);
        if !between_han {
            out.push(' ');
        }
    }
    let kind = if out == text { kind } else { FindingKind::Spaces };
    (out, kind)
}

fn is_han(c: char) -> bool {
    matches!(c, '\u{3007}' | '\u{3400}'..='\u{9FFF}' | '\u{F900}'..='\u{FAFF}' | '\u{20000}'..='\u{3FFFF}')
}

/// A code or number: narrow, without any space, without the apostrophe that tells Excel "this is text", without the `.0` of a float.
pub(crate) fn code(stood: &str) -> (String, FindingKind) {
    let composed = nfc(stood);
    let narrowed: String = composed.chars().map(narrow).collect();
    let spaceless: String = narrowed.chars().filter(|c| !is_space(*c)).collect();
    let bare = spaceless.trim_start_matches(['\'', '’', '‘', '`']);
    let whole = bare.strip_suffix(".0").filter(|b| !b.is_empty() && b.bytes().all(|c| c.is_ascii_digit())).unwrap_or(bare);
    let kind = if narrowed != composed {
        FindingKind::FullWidth
    } else if spaceless.len() != narrowed.len() {
        FindingKind::Spaces
    } else if bare.len() != spaceless.len() {
        FindingKind::Apostrophe
    } else {
        FindingKind::FloatForm
    };
    (whole.to_owned(), kind)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn free_text_keeps_what_a_title_needs() {
        for (stood, became, kind) in [
            ("云岭县科学实验（第一期）", "云岭县科学实验（第一期）", FindingKind::Composed),
            (" \t２０１０年\u{3000}培训：Ａ班\u{a0}", "2010年\u{3000}培训：Ａ班", FindingKind::FullWidth),
            ("汉族  ", "汉族", FindingKind::Spaces),
            ("e\u{301}", "é", FindingKind::Composed),
            ("\u{feff}", "", FindingKind::Spaces),
        ] {
            assert_eq!(text(stood, false), (became.into(), kind), "{stood:?}");
        }
        assert_eq!(text(" ２期 ", true).0, " ２期 ");
    }

    #[test]
    fn names_lose_padding_only() {
        for (stood, became) in [
            ("张 伟", "张伟"),
            ("张\u{3000}伟", "张伟"),
            (" 欧阳 娜 ", "欧阳娜"),
            ("John  Smith", "John Smith"),
            ("阿卜杜·热合曼", "阿卜杜·热合曼"),
            ("王\u{2CB4E} 䶮", "王\u{2CB4E}䶮"),
        ] {
            assert_eq!(name(stood, false).0, became, "{stood:?}");
        }
    }

    #[test]
    fn codes_are_narrow_and_bare() {
        for (stood, became, kind) in [
            ("４２９８０４X", "429804X", FindingKind::FullWidth),
            ("'4298", "4298", FindingKind::Apostrophe),
            (" 4298 01\u{a0}", "429801", FindingKind::Spaces),
            ("4298.0", "4298", FindingKind::FloatForm),
            (".0", ".0", FindingKind::FloatForm),
            ("2198－2008—S1", "2198-2008-S1", FindingKind::FullWidth),
        ] {
            assert_eq!(code(stood), (became.into(), kind), "{stood:?}");
        }
    }
}
