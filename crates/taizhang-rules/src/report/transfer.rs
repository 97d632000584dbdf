//! Form 19: a teacher's record goes to another school.

use taizhang_core::rows::{RowType, TransferAck, TransferIn, TransferOut};

use super::{Cell, Form, Text, Unit, hundredths, words};

/// A transfer with who has signed for it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Transfer {
    /// 教师: 姓名, or the number where it may not be opened.
    pub teacher: String,
    /// 调出
    pub from: String,
    /// 调入
    pub to: String,
    /// Row 170.
    pub out: TransferOut,
    /// Who signed row 170.
    pub out_signer: Option<String>,
    /// Row 42 and who signed it.
    pub taken: Option<(TransferIn, Option<String>)>,
    /// Row 114 and who signed it.
    pub acknowledged: Option<(TransferAck, Option<String>)>,
}

/// 档案转移单
#[must_use]
pub fn form_19(transfers: &[Transfer]) -> Form {
    use Unit::{Count, Text as Words};
    let columns = [
        ("教师", "Teacher", Words),
        ("调出", "From", Words),
        ("调入", "To", Words),
        ("周期", "Cycle", Words),
        ("各类学时", "Hours by kind", Words),
        ("条目数", "Lines", Count),
        ("摘要", "Digest", Words),
        ("三方签收", "Signed by", Words),
    ];
    let mut form = Form::new("form-19", ("档案转移单", "Transfer of a record"), &columns);
    for t in transfers {
        let cells = [
            Cell::Text(t.teacher.clone()),
            Cell::Text(t.from.clone()),
            Cell::Text(t.to.clone()),
            Cell::Text(t.out.cycle.clone()),
            by_kind(&t.out),
            Cell::number(t.out.entries),
            Cell::Text(t.out.digest.iter().take(8).map(|b| format!("{b:02x}")).collect()),
            signers(t),
        ];
        form.push(None, cells);
        if t.acknowledged.as_ref().is_some_and(|(ack, _)| !ack.digest_agrees) {
            let who = &t.teacher;
            form.note(format!("{who}:收到的条目与摘要不符"), format!("{who}: the lines received do not give the digest"));
        }
    }
    form
}

fn by_kind(out: &TransferOut) -> Cell {
    let one = |(kind, h100): &(_, u32)| {
        let kind: &taizhang_core::rows::ActivityKind = kind;
        let Cell::Words(word) = words::kind(kind.word()) else { return (String::new(), String::new()) };
        let hours = hundredths((*h100).into());
        (format!("{} {hours}", word.zh), format!("{} {hours}", word.en))
    };
    let (zh, en): (Vec<String>, Vec<String>) = out.h100_by_kind.iter().map(one).unzip();
    if zh.is_empty() { Cell::Empty } else { Cell::Words(Text::new(zh.join(";"), en.join("; "))) }
}

/// The three who sign: the old county, the new school, the new county.
fn signers(t: &Transfer) -> Cell {
    let signed = |has: bool, who: Option<&Option<String>>| match (has, who.and_then(Option::as_deref)) {
        (true, Some(who)) => (who.to_owned(), who.to_owned()),
        (true, None) => ("已签".to_owned(), "signed".to_owned()),
        (false, _) => ("未签".to_owned(), "not signed".to_owned()),
    };
    let out = signed(true, Some(&t.out_signer));
    let taken = signed(t.taken.is_some(), t.taken.as_ref().map(|(_, who)| who));
    let acknowledged = signed(t.acknowledged.is_some(), t.acknowledged.as_ref().map(|(_, who)| who));
    Cell::words(
        format!("调出 {};调入 {};县 {}", out.0, taken.0, acknowledged.0),
        format!("out {}; in {}; county {}", out.1, taken.1, acknowledged.1),
    )
}

/// The row types that the form is filled from.
pub const TYPES: [u16; 3] = [TransferOut::TYPE, TransferIn::TYPE, TransferAck::TYPE];
