//! Form 15: certificates, and trainees called excellent.

use taizhang_core::rows::{Certificate, CertificateStep};

use super::{Cell, Form, Text, Unit};
use crate::{policy::Rule, progress};

/// A certificate, once for its number, and how the reader may call its holder.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Issued {
    /// 姓名, or the number where it may not be opened.
    pub name: String,
    /// The row 110 that says where it stands.
    pub row: Certificate,
    /// 发证: the organisation.
    pub issuer: Option<String>,
}

/// The excellent of one training.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Excellent {
    /// 项目
    pub project: String,
    /// How many completed it.
    pub completed: u64,
    /// 姓名, or the number, with the recognised hours.
    pub people: Vec<(String, u32)>,
}

/// 结业/合格证书名册, 优秀学员名册. A certificate that is only prepared has no 发证 yet; one that was withdrawn says so. More excellent trainees than the rule allows are a note: who of them is struck is for people to say (D-09).
#[must_use]
pub fn form_15(issued: &[Issued], excellent: &[Excellent], rules: &[Rule]) -> Form {
    use Unit::{H100, Text as Words};
    let columns = [
        ("证号", "Certificate", Words),
        ("姓名", "Name", Words),
        ("项目", "Training", Words),
        ("学时", "Hours", H100),
        ("发证", "Issued", Words),
    ];
    let title = ("结业/合格证书名册、优秀学员名册", "Certificates and excellent trainees");
    let mut form = Form::new("form-15", title, &columns);
    for i in issued {
        let row = &i.row;
        let h100: u64 = row.h100_lines.iter().map(|(_, h100)| u64::from(*h100)).sum();
        let cells = [
            Cell::Text(row.no.clone()),
            Cell::Text(i.name.clone()),
            Cell::Text(row.project.clone().unwrap_or_else(|| row.cycle.clone())),
            Cell::number(h100),
            given(i),
        ];
        form.push(Some("证书 · Certificates"), cells);
    }
    let rule = rules.iter().find_map(|r| progress::select(&r.body, 0).filter(|_| is_excellent(r)).map(|_| r));
    for e in excellent.iter().filter(|e| !e.people.is_empty()) {
        for (name, h100) in &e.people {
            let front = [Cell::Empty, Cell::Text(name.clone()), Cell::Text(e.project.clone())];
            form.push(Some("优秀学员 · Excellent trainees"), front.into_iter().chain([Cell::number(*h100), Cell::Empty]));
        }
        note_limit(&mut form, e, rule);
    }
    form
}

fn given(i: &Issued) -> Cell {
    let (issuer, day) = (i.issuer.clone().unwrap_or_default(), i.row.day);
    match i.row.step {
        CertificateStep::Prepared => Cell::words("待确认", "To be confirmed"),
        CertificateStep::Confirmed => Cell::Text(format!("{issuer} {day}").trim().to_owned()),
        CertificateStep::Withdrawn => Cell::words(format!("{day} 已撤销"), format!("Withdrawn {day}")),
    }
}

fn is_excellent(rule: &Rule) -> bool {
    matches!(&rule.body, crate::policy::Body::Select { what, .. } if what == "excellent_trainee")
}

fn note_limit(form: &mut Form, e: &Excellent, rule: Option<&Rule>) {
    let Some((rule, most)) = rule.and_then(|r| Some((r, progress::select(&r.body, e.completed)?))) else { return };
    let (n, of, id, project) = (e.people.len(), e.completed, &rule.id, &e.project);
    if u64::try_from(n).is_ok_and(|n| n > most) {
        form.notes.push(Text::new(
            format!("《{project}》评优 {n} 人,结业 {of} 人按 {id} 至多 {most} 人"),
            format!("{project}: {n} are called excellent; of {of} who completed it {id} allows {most}"),
        ));
    }
}
