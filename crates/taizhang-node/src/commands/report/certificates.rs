//! Form 15, from the register of certificates.

use std::collections::BTreeMap;

use taizhang_core::rows::CertificateStep;
use taizhang_rules::report::{
    Form,
    certificates::{self, Issued},
};

use super::{
    super::certificate::{Paper, Register},
    desk::Desk,
    people::excellent,
};
use crate::error::CommandError;

pub(super) fn form_15(desk: &Desk<'_>) -> Result<Form, CommandError> {
    let (issued, unsettled) = issued(desk)?;
    let excellent = excellent(desk);
    let mut form = certificates::form_15(&issued, &excellent, &desk.rules(desk.as_of));
    Desk::note_unsettled(&mut form, unsettled);
    Ok(form)
}

/// The certificates of this scope, year and teacher, each number once; and how many numbers are written in different ways.
fn issued(desk: &Desk<'_>) -> Result<(Vec<Issued>, usize), CommandError> {
    let register = Register::load(desk.core)?;
    let mut by_number: BTreeMap<&str, Vec<&Paper>> = BTreeMap::new();
    for paper in register.all().filter(|p| desk.is_here(&p.review) && desk.is_of_year(&p.review)) {
        by_number.entry(&paper.row.no).or_default().push(paper);
    }
    let standing = by_number.values().filter_map(|papers| standing(desk, &register, papers));
    let of_teacher = standing.filter(|p| desk.teacher.is_none_or(|n| n == p.row.teacher));
    let (rivals, settled): (Vec<&Paper>, Vec<&Paper>) =
        of_teacher.partition(|p| p.is_rival && p.row.step != CertificateStep::Withdrawn);
    let one =
        |p: &Paper| Issued { name: desk.name(&p.row.teacher), issuer: Some(desk.org_name(p.review.owner)), row: p.row.clone() };
    Ok((settled.into_iter().map(one).collect(), rivals.len()))
}

/// Where a number stands: its withdrawal if that counts, else its confirmation, else its preparation. Nothing where all of it was replaced.
fn standing<'p>(desk: &Desk<'_>, register: &'p Register, papers: &[&'p Paper]) -> Option<&'p Paper> {
    let current = |step: CertificateStep| {
        let of_step = papers.iter().copied().filter(move |p| !p.is_replaced && p.row.step == step);
        of_step.min_by_key(|p| (p.row.day, p.name))
    };
    let withdrawn = current(CertificateStep::Withdrawn);
    let counts = withdrawn.and_then(|p| register.withdrawal(&desk.core.ledger().registry, &p.row.no));
    counts.or_else(|| current(CertificateStep::Confirmed)).or_else(|| current(CertificateStep::Prepared))
}
