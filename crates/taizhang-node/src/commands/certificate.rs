//! `certificate prepare|confirm|withdraw|show`: an account that meets its cycle becomes a numbered certificate (docs/certificates.md).
//!
//! The county prepares, in its review of the school, and commits to the name without saying it. The city evaluates the account by itself and signs the statement, in its own review. The text with the name is made where the name is known: by the key that prepared it.

mod names;
mod register;
mod withdraw;

pub(crate) use self::{
    register::{Paper, Register, code_of, hours, shown_paper},
    withdraw::withdraw,
};

use std::{
    collections::{BTreeMap, BTreeSet},
    path::Path,
};

use serde_json::{Value as Json, json};
use sha2::{Digest, Sha256};
use taizhang_core::{
    id::{DocId, Kind},
    op::{PayloadBuilder, RowRef},
    rows::{Certificate, CertificateKind, CertificateStep, RowType},
    units::Day,
};
use taizhang_rules::{
    account::{Status, json::standard},
    certificate::{Claims, Statement, commitment, network_prefix, prefix},
    policy::{Body, Scope},
};

use self::{
    names::Names,
    register::{may_confirm, prepares},
    withdraw::add_withdrawals,
};
use super::{
    Context,
    accounts::{Desk, One, status_text},
    shown,
    verify_text::broken_words,
};
use crate::{
    command::Reply,
    core::Act,
    error::{CommandError, ErrorKind, Text},
    keyfile::{self, Person},
};

/// Rows of an entry; a row stays below 600 B.
const ROWS_OF_ENTRY: usize = 64;

/// What is asked for.
pub(crate) struct Asked<'a> {
    pub(crate) teacher: Option<&'a str>,
    pub(crate) name: Option<&'a str>,
    pub(crate) names: Option<&'a Path>,
    pub(crate) as_of: Option<&'a str>,
    pub(crate) replace: bool,
}

/// Rows to write, by document.
type Rows = BTreeMap<DocId, Vec<(Vec<RowRef>, Certificate)>>;

/// Why there is no certificate for a teacher.
struct Not {
    teacher: String,
    why: Text,
    missing: Vec<Json>,
}

impl Not {
    fn new(teacher: &str, zh: impl Into<String>, en: impl Into<String>) -> Self {
        Self { teacher: teacher.to_owned(), why: Text::new(zh, en), missing: Vec::new() }
    }

    fn json(&self) -> Json {
        json!({ "teacher": self.teacher, "zh": self.why.zh, "en": self.why.en, "missing": self.missing })
    }

    fn error(self) -> CommandError {
        let missing = json!({ "missing": self.missing });
        let error = CommandError::new(ErrorKind::Refused, self.why.zh, self.why.en);
        if self.missing.is_empty() { error } else { error.details(missing) }
    }
}

/// Prepares for one teacher, or for everyone of this organisation's schools.
pub(crate) fn prepare(c: &mut Context<'_>, asked: &Asked<'_>) -> Result<Reply, CommandError> {
    let (desk, register, person) = (Desk::open(c.core, asked.as_of)?, Register::load(c.core)?, c.person()?);
    let names = Names::open(c.core, &person, asked.name, asked.names)?;
    let own = c.core.org();
    let is_ours = |school| prepares(&c.core.ledger().registry, school) == Some(own);
    let numbers: Vec<&str> = match asked.teacher {
        Some(number) => vec![number],
        None => desk.facts.teachers().filter(|t| is_ours(t.school)).map(|t| t.number.as_str()).collect(),
    };
    let mut running: BTreeMap<String, u32> = BTreeMap::new();
    let (mut rows, mut prepared, mut not): (Rows, Vec<Json>, Vec<Not>) = (Rows::new(), Vec::new(), Vec::new());
    for number in numbers {
        let ready = desk.account(number).filter(|one| is_ours(one.teacher.school));
        let ready =
            ready.ok_or_else(|| Not::new(number, "不是本机构所属学校的教师", "no teacher of this organisation's schools"));
        let made = ready.and_then(|one| prepared_row(c, &desk, &register, &names, &person, asked, &mut running, &one));
        match made {
            Err(why) => not.push(why),
            Ok((review, replaces, row)) => {
                prepared.push(
                    json!({ "no": row.no, "teacher": row.teacher, "cycle_years": row.cycle, "hours": hours(&row.h100_lines) }),
                );
                // A number that nobody confirmed, in the review of the school where the teacher was before.
                let idle = |p: &&Paper| {
                    p.row.step == CertificateStep::Prepared && !register.is_confirmed(p) && is_ours(p.review.concerns())
                };
                let earlier: Vec<&Paper> = register.beside(&row, review).into_iter().filter(idle).collect();
                add_withdrawals(c.core, &earlier, &replaced_by(&row.no), &mut rows);
                rows.entry(review).or_default().push((replaces, row));
            }
        }
    }
    if asked.teacher.is_some()
        && let Some(why) = not.pop()
    {
        return Err(why.error());
    }
    write(c, &person, rows)?;
    Ok(reply(prepared, &not))
}

fn reply(done: Vec<Json>, not: &[Not]) -> Reply {
    let not: Vec<Json> = not.iter().map(Not::json).collect();
    Reply::new("certificates", json!({ "done": done.len(), "certificates": done, "left_out": not }))
}

#[allow(clippy::too_many_arguments, reason = "one row of many, from what all of them share")]
fn prepared_row(
    c: &Context<'_>,
    desk: &Desk,
    register: &Register,
    names: &Names,
    person: &Person,
    asked: &Asked<'_>,
    running: &mut BTreeMap<String, u32>,
    one: &One<'_>,
) -> Result<(DocId, Vec<RowRef>, Certificate), Not> {
    let (number, school) = (one.teacher.number.as_str(), one.teacher.school);
    met(one)?;
    let not = |zh: &str, en: &str| Not::new(number, zh, en);
    let (start, end) = one.account.span.ok_or_else(|| not("没有生效的政策", "no policy is in force"))?;
    let policy = one.policy().ok_or_else(|| not("没有生效的政策", "no policy is in force"))?;
    let (from, to) = (start.ymd().0, end.ymd().0);
    let cycle = format!("{from}-{to}");
    let year = u16::try_from(to).map_err(|_| not("周期超出范围", "the cycle is out of range"))?;
    let review = DocId::about(c.core.org(), Kind::Review, year, school);
    let earlier: Vec<&Paper> = register.of_cycle(CertificateStep::Prepared, number, &cycle).collect();
    if let (Some(first), false) = (earlier.first(), asked.replace) {
        let no = &first.row.no;
        return Err(Not::new(
            number,
            format!("已有证书 {no}; 重新准备请用 --replace"),
            format!("there is {no} already; --replace prepares anew"),
        ));
    }
    let name = names
        .of(school, number)
        .ok_or_else(|| not("姓名在本机不能读取: 用 --name 或 --names", "the name cannot be read here: give --name or --names"))?;
    let prefix_of_no = format!("{}-{to}-", shown::org(c.core, c.core.org()));
    let next = running.entry(prefix_of_no.clone()).or_insert_with(|| register.next(&prefix_of_no));
    let no = format!("{prefix_of_no}{next:05}");
    let row = Certificate {
        teacher: number.to_owned(),
        kind: CertificateKind::Completion,
        project: None,
        cycle: cycle.clone(),
        policy_id: policy.id.clone(),
        policy_sha256: policy.sha256,
        account_digest: digest(one),
        h100_lines: lines(one),
        prepared: None,
        step: CertificateStep::Prepared,
        day: desk.as_of,
        reason: None,
        commitment: Some(commitment(&salt(person, &no), &no, &name)),
        signature: None,
        no,
    };
    let claims = claims(&row, desk.as_of).ok_or_else(|| not("周期超出范围", "the cycle is out of range"))?;
    let statement = Statement {
        network: network_prefix(&c.core.network()),
        claims,
        key: person.key.public(),
        name,
        salt: [0; 16],
        signature: [0; 64],
    };
    statement.to_bytes().map_err(|why| {
        not(&format!("证书放不进一个二维码: {}", broken_words(&why)), &format!("it does not fit one QR code: {why}"))
    })?;
    *next += 1;
    // A matter of another year stands in another document, which no row may replace from here.
    let replaces = earlier.iter().filter(|p| p.review == review).map(|p| p.name.here()).collect();
    Ok((review, replaces, row))
}

/// An account that meets its cycle, with nothing undecided.
fn met(one: &One<'_>) -> Result<(), Not> {
    let number = one.teacher.number.as_str();
    if !one.account.open.is_empty() || !one.adoptions.open.is_empty() {
        return Err(Not::new(number, "账户有未定的数据", "the account rests on what is not decided"));
    }
    if one.account.rules.iter().all(|line| line.need == 0) {
        return Err(Not::new(number, "周期内没有服务月份, 无要求可达", "no service in the cycle: there is nothing to meet"));
    }
    let is_over = one.account.span.is_some_and(|(_, end)| end <= one.case.as_of);
    let asks_every_year =
        one.policy().is_some_and(|p| p.rules.iter().any(|r| matches!(r.body, Body::Min { scope: Scope::Year, .. })));
    if asks_every_year && !is_over {
        return Err(Not::new(number, "每年有要求, 周期尚未结束", "every year asks for something, and the cycle is not over"));
    }
    if one.account.status == Status::Met {
        return Ok(());
    }
    let lines = one.account.missing().map(|(line, short)| {
        json!({ "rule": line.cite.rule.as_ref(), "scope": line.scope, "unit": line.unit.word(), "need": line.need, "got": line.got, "short": short })
    });
    let status = status_text(one.account.status);
    let not = Not::new(number, format!("账户未达标 ({})", status.zh), format!("the account is not met ({})", status.en));
    Err(Not { missing: lines.collect(), ..not })
}

fn lines(one: &One<'_>) -> Vec<(String, u32)> {
    let line = |(bucket, amount): (&std::sync::Arc<str>, &taizhang_rules::account::Amount)| {
        (bucket.to_string(), u32::try_from(amount.h100).unwrap_or(u32::MAX))
    };
    one.account.cycle.iter().map(line).collect()
}

/// SHA-256 over the standard form of the account.
fn digest(one: &One<'_>) -> [u8; 32] {
    Sha256::digest(standard(&one.account).to_string().as_bytes()).into()
}

/// Known to the key that prepares, and to whoever reads the printed text: nobody can search the commitment for a name.
fn salt(person: &Person, no: &str) -> [u8; 16] {
    let hash: [u8; 32] = Sha256::new()
        .chain_update(b"taizhang certificate salt 1")
        .chain_update(person.key.seed())
        .chain_update(no)
        .finalize()
        .into();
    let mut out = [0; 16];
    out.iter_mut().zip(hash).for_each(|(to, from)| *to = from);
    out
}

/// What is certified; `day`: of the confirmation. `None`: a row whose cycle is no cycle.
pub(crate) fn claims(row: &Certificate, day: Day) -> Option<Claims> {
    let (from, to) = row.cycle.split_once('-')?;
    Some(Claims {
        no: row.no.clone(),
        teacher: row.teacher.clone(),
        policy_id: row.policy_id.clone(),
        policy: prefix(&row.policy_sha256),
        years: (from.parse().ok()?, to.parse().ok()?),
        h100_lines: row.h100_lines.clone(),
        day,
    })
}

fn write(c: &mut Context<'_>, person: &Person, rows: Rows) -> Result<(), CommandError> {
    let mut act = Act::default();
    for (document, rows) in rows {
        for part in rows.chunks(ROWS_OF_ENTRY) {
            let mut p = PayloadBuilder::default();
            for (replaces, row) in part {
                p.row(Certificate::TYPE, replaces, &row.to_fields());
            }
            act.write(document, p);
        }
    }
    if act.writes.is_empty() { Ok(()) } else { c.core.write(person, act).map(drop) }
}

/// Evaluates by itself what was prepared, and signs it.
pub(crate) fn confirm(c: &mut Context<'_>, no: Option<&str>) -> Result<Reply, CommandError> {
    let (desk, register, person) = (Desk::open(c.core, None)?, Register::load(c.core)?, c.person()?);
    let wanted: Vec<&Paper> = register
        .current(CertificateStep::Prepared)
        .filter(|p| no.map_or_else(|| !register.is_confirmed(p), |no| p.row.no == no))
        .collect();
    if let (Some(no), true) = (no, wanted.is_empty()) {
        return Err(CommandError::not_found(format!("没有待确认的证书 {no}"), format!("no certificate {no} is prepared")));
    }
    let (mut rows, mut done, mut not): (Rows, Vec<Json>, Vec<Not>) = (Rows::new(), Vec::new(), Vec::new());
    for paper in wanted {
        let made = if register.is_confirmed(paper) {
            Err(Not::new(
                &paper.row.teacher,
                format!("{} 已确认", paper.row.no),
                format!("{} is confirmed already", paper.row.no),
            ))
        } else {
            confirmed_row(c, &desk, &register, &person, paper)
        };
        match made {
            Err(why) => not.push(why),
            Ok((review, replaces, row)) => {
                let may = |p: &&Paper| may_confirm(&c.core.ledger().registry, c.core.org(), p.review.concerns());
                let (earlier, others): (Vec<&Paper>, Vec<&Paper>) = register.beside(&row, review).into_iter().partition(may);
                add_withdrawals(c.core, &earlier, &replaced_by(&row.no), &mut rows);
                done.push(json!({
                    "no": row.no, "teacher": row.teacher, "cycle_years": row.cycle, "hours": hours(&row.h100_lines),
                    "earlier_withdrawn": numbers(&earlier), "earlier_standing": numbers(&others),
                }));
                rows.entry(review).or_default().push((replaces, row));
            }
        }
    }
    if no.is_some()
        && let Some(why) = not.pop()
    {
        return Err(why.error());
    }
    write(c, &person, rows)?;
    Ok(reply(done, &not))
}

/// The reason of what makes room for another number.
fn replaced_by(no: &str) -> String {
    format!("由 {no} 取代 (replaced by {no})")
}

fn numbers(papers: &[&Paper]) -> BTreeSet<String> {
    papers.iter().map(|p| p.row.no.clone()).collect()
}

fn confirmed_row(
    c: &Context<'_>,
    desk: &Desk,
    register: &Register,
    person: &Person,
    paper: &Paper,
) -> Result<(DocId, Vec<RowRef>, Certificate), Not> {
    let number = paper.row.teacher.as_str();
    let not = |zh: &str, en: &str| Not::new(number, zh, en);
    let school = paper.review.subject.unwrap_or(paper.review.owner);
    let registry = &c.core.ledger().registry;
    if !may_confirm(registry, c.core.org(), school) {
        return Err(not("由市确认, 本机构不能确认", "a city confirms; this organisation cannot"));
    }
    if prepares(registry, school) != Some(paper.review.owner) {
        return Err(not(
            "准备证书的机构已不审核该校: 请现在的机构用 --replace 重新准备",
            "who prepared it reviews the school no more: who does now prepares anew with --replace",
        ));
    }
    if paper.is_rival {
        return Err(not("同一证号有不同内容, 待定", "the number has contradicting contents: undecided"));
    }
    let one = desk
        .account_at(number, paper.row.day)
        .ok_or_else(|| not("本机没有该教师的资料", "nothing is known here of this teacher"))?;
    if let Some(other) = register.superseding(registry, paper, one.teacher.school) {
        let (no, by) = (&paper.row.no, &other.row.no);
        return Err(Not::new(number, format!("{no} 已由 {by} 取代"), format!("{by} has taken the place of {no}")));
    }
    met(&one)?;
    let same = one.policy().is_some_and(|p| p.sha256 == paper.row.policy_sha256) && lines(&one) == paper.row.h100_lines;
    if !same {
        return Err(not(
            "本机计算的学时或政策与准备时不同: 请区县重新准备",
            "hours or policy differ from what was prepared: the county prepares anew",
        ));
    }
    let today = c.core.now().day();
    let claims = claims(&paper.row, today).ok_or_else(|| not("周期无法识别", "the cycle cannot be read"))?;
    let commitment = paper.row.commitment.ok_or_else(|| not("缺少姓名的校验值", "the commitment to the name is missing"))?;
    let review = DocId::about(c.core.org(), Kind::Review, claims.years.1, school);
    let earlier = register.of_cycle(CertificateStep::Confirmed, number, &paper.row.cycle);
    let replaces = earlier.filter(|p| p.review == review).map(|p| p.name.here()).collect();
    let row = Certificate {
        step: CertificateStep::Confirmed,
        prepared: Some(paper.name.in_document(paper.review)),
        account_digest: digest(&one),
        day: today,
        signature: Some(claims.sign(&c.core.network(), &person.key, &commitment)),
        ..paper.row.clone()
    };
    Ok((review, replaces, row))
}

/// Certificates of a number or a teacher; and, where asked for, the text of the confirmed one.
pub(crate) fn show(c: &Context<'_>, named: &str, text: bool, qr: bool, name: Option<&str>) -> Result<Reply, CommandError> {
    let register = Register::load(c.core)?;
    let of: Vec<&Paper> = register.all().filter(|p| p.row.no == named || p.row.teacher == named).collect();
    if of.is_empty() {
        let why = (format!("没有 {named} 的证书"), format!("there is no certificate of {named} here"));
        return Err(CommandError::not_found(why.0, why.1).hint("请核对证号或教师编号", "check the number"));
    }
    let list: Vec<Json> = of.iter().map(|p| shown_paper(c.core, p)).collect();
    let mut reply = Reply::new("certificate", json!({ "certificates": list }));
    if text {
        let statement = statement(c, &register, &of, name)?;
        let text = statement
            .text()
            .map_err(|why| refused(&format!("证书无法生成: {}", broken_words(&why)), &format!("it cannot be made: {why}")))?;
        if qr {
            reply.lines = code(&text)?.into_iter().chain([text.clone()]).map(Json::from).collect();
        }
        reply.data.insert("text".to_owned(), json!(text));
    }
    Ok(reply)
}

/// The confirmed certificate with the name inside; it verifies, or it is not made.
fn statement(c: &Context<'_>, register: &Register, of: &[&Paper], name: Option<&str>) -> Result<Statement, CommandError> {
    let current = |p: &&&Paper| !p.is_replaced && !p.is_rival && p.row.step == CertificateStep::Confirmed;
    let mut confirmed = of.iter().filter(current);
    let (Some(paper), None) = (confirmed.next(), confirmed.next()) else {
        return Err(refused("没有唯一一张已确认的证书", "there is not exactly one confirmed certificate")).map_err(
            |e: CommandError| {
                e.hint("用证号指明; 市确认后才能打印", "name it by its number; it can be printed once the city has confirmed it")
            },
        );
    };
    let prepared = register.current(CertificateStep::Prepared).find(|p| p.row.no == paper.row.no);
    let by = prepared.and_then(|p| c.core.ledger().place(&p.name.entry)).map(|p| p.log.key);
    let here = keyfile::list(c.core.folder())?;
    c.meant.set(by.filter(|key| here.iter().any(|k| k.public == *key)));
    let person = c.person()?;
    let school = paper.review.subject.unwrap_or(paper.review.owner);
    let names = Names::open(c.core, &person, name, None)?;
    let name = names.of(school, &paper.row.teacher).ok_or_else(|| {
        refused("姓名在本机不能读取", "the name cannot be read here").hint("用 --name 写明", "give it with --name")
    })?;
    let place = c.core.ledger().place(&paper.name.entry);
    let (Some(signature), Some(place), Some(claims)) = (paper.row.signature, place, claims(&paper.row, paper.row.day)) else {
        return Err(refused("确认的记录不完整", "the confirmation is not whole"));
    };
    let salt = salt(&person, &paper.row.no);
    let statement = Statement { network: network_prefix(&c.core.network()), claims, key: place.log.key, name, salt, signature };
    let is_prepared_here = register.all().any(|p| p.row.no == paper.row.no && p.row.commitment == Some(statement.commitment()));
    if !is_prepared_here {
        return Err(refused("姓名或密钥与准备证书时不同", "name or key are not those with which it was prepared")
            .hint("用准备证书的密钥 (--as) 和同一姓名", "use the key that prepared it (--as), and the same name"));
    }
    statement
        .verify(&c.core.network())
        .map_err(|why| refused(&format!("证书不能核验: {}", broken_words(&why)), &format!("it does not verify: {why}")))?;
    Ok(statement)
}

fn refused(zh: &str, en: &str) -> CommandError {
    CommandError::new(ErrorKind::Refused, zh, en)
}

/// The rows of the QR code, two modules a line.
fn code(text: &str) -> Result<Vec<String>, CommandError> {
    let code = qrcode::QrCode::new(text.as_bytes())
        .map_err(|why| refused("无法生成二维码", &format!("no QR code can be made: {why}")))?;
    let picture = code.render::<qrcode::render::unicode::Dense1x2>().build();
    Ok(picture.lines().map(str::to_owned).collect())
}

#[cfg(test)]
mod tests;
