//! `certificate withdraw NO --reason`: a row that replaces what was prepared and confirmed. Printed paper stays what it is: who has the review at hand sees the withdrawal, who has not cannot.

use std::collections::BTreeMap;

use serde_json::json;
use taizhang_core::{
    id::{DocId, Kind},
    op::RowRef,
    registry::Registry,
    rows::{Certificate, CertificateStep},
};

use super::{
    super::{Context, shown},
    Paper, Register, Rows, refused,
    register::{may_confirm, prepares},
    write,
};
use crate::{
    command::Reply,
    core::Core,
    error::{CommandError, ErrorKind},
};

/// Bytes of a reason, at most.
const REASON_BYTES: usize = 1000;

/// Withdraws a certificate: a city or province any, the county that prepared it one that nobody has confirmed.
pub(crate) fn withdraw(c: &mut Context<'_>, no: &str, reason: &str) -> Result<Reply, CommandError> {
    let reason = reason.trim();
    if reason.is_empty() || reason.len() > REASON_BYTES {
        let (zh, en) = ("撤销须写明理由, 最多 1000 字节", "a withdrawal needs a reason, of 1,000 bytes at most");
        return Err(CommandError::new(ErrorKind::Usage, zh, en).hint("用 --reason 写明", "give one with --reason"));
    }
    let (register, person) = (Register::load(c.core)?, c.person()?);
    let current = |p: &&Paper| p.row.no == no && !p.is_replaced && p.row.step != CertificateStep::Withdrawn;
    let papers: Vec<&Paper> = register.all().filter(current).collect();
    let Some(first) = papers.first() else {
        let why = (format!("没有可撤销的证书 {no}"), format!("there is no certificate {no} to withdraw here"));
        return Err(CommandError::not_found(why.0, why.1)
            .hint("用 taizhang certificate show 核对证号", "check the number with `taizhang certificate show`"));
    };
    let (registry, own) = (&c.core.ledger().registry, c.core.org());
    let school = first.review.subject.unwrap_or(first.review.owner);
    let is_confirmed = papers.iter().any(|p| p.row.step == CertificateStep::Confirmed);
    if !may_confirm(registry, own, school) && (is_confirmed || prepares(registry, school) != Some(own)) {
        let (zh, en) = if is_confirmed {
            ("已确认的证书由市撤销", "a confirmed certificate is withdrawn by the city")
        } else {
            ("本机构不能撤销这张证书", "this organisation cannot withdraw this certificate")
        };
        return Err(refused(zh, en).hint("请联系确认证书的市", "ask the city that confirmed it"));
    }
    let mut rows = Rows::new();
    add_withdrawals(c.core, &papers, reason, &mut rows);
    let (teacher, cycle) = (first.row.teacher.clone(), first.row.cycle.clone());
    let documents: Vec<String> = rows.keys().map(|d| shown::document(c.core, d)).collect();
    write(c, &person, rows)?;
    let note = (
        "已打印的证书不会改变: 有该校审核资料的节点核验时会提示已撤销, 没有的节点无法知道, 请收回原件",
        "paper stays as it was printed: a node that holds the review of this school says withdrawn, another cannot know; take the original back",
    );
    Ok(Reply::new(
        "withdrawn",
        json!({
            "no": no, "teacher": teacher, "cycle_years": cycle, "was_confirmed": is_confirmed, "documents": documents,
            "note": { "zh": note.0, "en": note.1 },
        }),
    ))
}

/// Rows that withdraw these, one for each number in this organisation's review of each school; it replaces what it may of what stands there.
pub(super) fn add_withdrawals(core: &Core, papers: &[&Paper], reason: &str, rows: &mut Rows) {
    let mut of: BTreeMap<(DocId, &str), Vec<&Paper>> = BTreeMap::new();
    for paper in papers {
        let (subject, year) = (paper.review.concerns(), paper.review.period.unwrap_or_default());
        of.entry((DocId::about(core.org(), Kind::Review, year, subject), &paper.row.no)).or_default().push(paper);
    }
    for ((review, _), papers) in of {
        let Some(first) = papers.first() else { continue };
        let replaces = papers.iter().filter_map(|p| replaced(&core.ledger().registry, p, &review)).collect();
        let row = Certificate {
            step: CertificateStep::Withdrawn,
            prepared: None,
            day: core.now().day(),
            reason: Some(reason.to_owned()),
            signature: None,
            ..first.row.clone()
        };
        rows.entry(review).or_default().push((replaces, row));
    }
}

/// As admission lets a review replace rows: its own, and those of who was created below. A row that may not be replaced (a province's, a former city's) stands; the withdrawal ends it all the same.
fn replaced(registry: &Registry, paper: &Paper, from: &DocId) -> Option<RowRef> {
    let is_below = || registry.created_under(paper.review.owner).contains(&from.owner);
    match paper.review == *from {
        true => Some(paper.name.here()),
        false => is_below().then(|| paper.name.in_document(paper.review)),
    }
}
