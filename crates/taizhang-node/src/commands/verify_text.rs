//! `verify TEXT`: a certificate on any node: without the teacher's ledger, by the network's id and the registry that every node holds.

use serde_json::{Value as Json, json};
use taizhang_core::{
    id::{NetworkId, OrgId},
    op::RowName,
    registry::GrantRecord,
    rows::{CertificateStep, OrgKind, Role},
    standing::{GrantState, Judge},
    units::Day,
};
use taizhang_rules::certificate::{Broken, Statement, prefix};

use super::{
    Context,
    certificate::{Paper, Register, code_of, hours, shown_paper},
    shown,
};
use crate::{
    command::{Command, Reply},
    core::Core,
    error::{CommandError, ErrorKind, Text},
};

/// What this node knows of the certificate besides its text.
struct Known {
    /// In the reviews at hand.
    papers: Vec<Json>,
    /// The confirmation with this very signature stands here.
    stands: bool,
    problems: Vec<Text>,
    /// What this node cannot know.
    note: Option<Text>,
}

/// Who signed.
struct Signer {
    /// Under which grant.
    json: Json,
    /// What speaks against it.
    problem: Option<Text>,
    /// What this node cannot know of it.
    note: Option<Text>,
}

/// Without a ledger: whether the text is whole and signed in the network named. `None`: another command.
pub fn without_node(command: &Command) -> Option<Result<Reply, CommandError>> {
    let Command::VerifyText { text, network } = command else { return None };
    Some(alone(text, network.as_deref()))
}

fn alone(text: &str, network: Option<&str>) -> Result<Reply, CommandError> {
    let statement = Statement::read_text(text).map_err(|why| broken(&why))?;
    let network = network.ok_or_else(|| {
        let begins = hex(&statement.network);
        CommandError::not_found(
            format!("本机没有台账, 不知道网络编号 (以 {begins} 开头)"),
            format!("there is no ledger here, and the network's id (it begins with {begins}) is not known"),
        )
        .hint(
            "用 --network 给出网络编号: 任一节点的 taizhang status 会显示; 或用 --data 指明台账",
            "give it with --network: `taizhang status` on any node shows it; or name a ledger with --data",
        )
    })?;
    statement.verify(&network_of(network)?).map_err(|why| broken(&why))?;
    let note = Text::new(
        "签名有效; 本机没有台账, 签名人有无确认之权、证书是否已被撤销, 请向发证的市或区县核实",
        "the signature is good; without a ledger whether its signer may confirm, and whether it was withdrawn, is for the city or county that issued it to say",
    );
    Ok(reply(&statement, json!({ "key": statement.key.to_string() }), &[], &[], Some(note)))
}

fn network_of(hex: &str) -> Result<NetworkId, CommandError> {
    let bytes = taizhang_core::id::from_hex(hex).and_then(|b| b.try_into().ok());
    bytes.map(NetworkId).ok_or_else(|| {
        CommandError::not_found(format!("{hex} 不是网络编号"), format!("{hex} is no network's id"))
            .hint("应为 64 位十六进制数", "64 hex digits")
    })
}

/// Reads and verifies; `ok` is false where the key may not confirm, or the register at hand says otherwise.
pub(crate) fn run(c: &Context<'_>, text: &str, network: Option<&str>) -> Result<Reply, CommandError> {
    if network.map(network_of).transpose()?.is_some_and(|named| named != c.core.network()) {
        return alone(text, network);
    }
    let statement = Statement::read_text(text).map_err(|why| broken(&why))?;
    statement.verify(&c.core.network()).map_err(|why| broken(&why))?;
    let known = known(c.core, &statement)?;
    let signer = signer(c.core, &statement, known.stands);
    let mut problems = known.problems;
    problems.extend(signer.problem);
    let notes: Vec<Text> = known.note.into_iter().chain(signer.note).collect();
    let joined = |part: fn(&Text) -> &str, between| notes.iter().map(part).collect::<Vec<_>>().join(between);
    let note = (!notes.is_empty()).then(|| Text::new(joined(|t| &t.zh, "。"), joined(|t| &t.en, ". ")));
    Ok(reply(&statement, signer.json, &known.papers, &problems, note))
}

fn reply(statement: &Statement, signed_by: Json, papers: &[Json], problems: &[Text], note: Option<Text>) -> Reply {
    let claims = &statement.claims;
    let problems: Vec<Json> = problems.iter().map(|p| json!({ "zh": p.zh, "en": p.en })).collect();
    Reply::new(
        "verified",
        json!({
            "ok": problems.is_empty(), "no": claims.no, "name": statement.name, "teacher": claims.teacher,
            "cycle_years": format!("{}-{}", claims.years.0, claims.years.1), "policy": claims.policy_id,
            "hours": hours(&claims.h100_lines), "day": claims.day.to_string(), "signed_by": signed_by,
            "register": papers, "problems": problems,
            "note": note.map(|n| json!({ "zh": n.zh, "en": n.en })),
        }),
    )
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|b| format!("{b:02x}")).collect()
}

/// The text itself is wrong: nothing that it says can be believed, so nothing of it is shown.
fn broken(why: &Broken) -> CommandError {
    let zh = broken_words(why);
    CommandError::new(ErrorKind::Verification, format!("证书无效: {zh}"), format!("not a valid certificate: {why}")).hint(
        "请重新扫描二维码; 仍然无效则向发证的市核实",
        "scan the code again; if it stays invalid ask the city that issued it",
    )
}

/// What is wrong with it, in Chinese.
pub(crate) fn broken_words(why: &Broken) -> String {
    match why {
        Broken::Prefix => "文本不是以 TZ1: 开头".to_owned(),
        Broken::NotBase45 => "文本不是 base45 编码".to_owned(),
        Broken::TooLong(bytes) => format!("有 {bytes} 字节, 最多 400 字节"),
        Broken::Form(_) | Broken::NotCanonical => "内容不是证书的格式".to_owned(),
        Broken::OtherNetwork => "由另一个台账网络签发".to_owned(),
        Broken::Signature => "签名不符: 姓名、证号、学时或其他内容被改动".to_owned(),
    }
}

fn known(core: &Core, s: &Statement) -> Result<Known, CommandError> {
    let register = Register::load(core)?;
    let claims = &s.claims;
    let (mut stands, mut problems) = (false, Vec::new());
    let of_number: Vec<&Paper> = register.all().filter(|p| p.row.no == claims.no).collect();
    let confirmed = of_number.iter().filter(|p| p.row.step == CertificateStep::Confirmed);
    let (ours, others): (Vec<&Paper>, Vec<&Paper>) = confirmed.copied().partition(|p| p.row.signature == Some(s.signature));
    if let Some(withdrawn) = register.withdrawal(&core.ledger().registry, &claims.no) {
        let (day, why) = (withdrawn.row.day, withdrawn.row.reason.clone().unwrap_or_default());
        problems
            .push(Text::new(format!("此证书已于 {day} 撤销: {why}"), format!("this certificate was withdrawn on {day}: {why}")));
    } else if ours.iter().any(|p| !p.is_replaced && !p.is_rival) {
        stands = true;
    } else if ours.iter().any(|p| p.is_replaced) {
        problems.push(Text::new("此证书已被新证书取代", "this certificate was replaced by another"));
    } else if let Some(other) = others.iter().find(|p| !p.is_replaced) {
        problems.push(recorded_otherwise(&differences(other, s), true));
    } else if let (false, Some(other)) = (of_number.iter().any(|p| differences(p, s).is_empty()), of_number.first()) {
        problems.push(recorded_otherwise(&differences(other, s), false));
    }
    // Who confirmed it and whether it was withdrawn stands in the review of the school, and only there.
    let is_prepared_only = of_number.iter().all(|p| p.row.step == CertificateStep::Prepared);
    let note = is_prepared_only.then(|| {
        let (zh, en) = if of_number.is_empty() {
            ("本机没有这张证书的登记", "nothing is on record here about this certificate")
        } else {
            ("本机只有准备、没有确认这张证书的登记", "here it is on record that this certificate was prepared, and not that it was confirmed")
        };
        Text::new(
            format!("{zh}: 签名有效, 但是否由有权的市确认、是否已被撤销或取代, 本机无法知道, 请向发证的市或区县核实"),
            format!(
                "{en}: the signature is good, but whether it was withdrawn or replaced this node cannot know; ask the city or county that issued it"
            ),
        )
    });
    Ok(Known { note, papers: of_number.iter().map(|p| shown_paper(core, p)).collect(), stands, problems })
}

/// In what a row and a text say something else, in Chinese and English.
fn differences(paper: &Paper, s: &Statement) -> Vec<(&'static str, &'static str)> {
    let (row, claims) = (&paper.row, &s.claims);
    let said = [
        (row.teacher == claims.teacher, ("教师编号", "teacher")),
        (row.h100_lines == claims.h100_lines, ("学时", "hours")),
        (prefix(&row.policy_sha256) == claims.policy, ("政策", "policy")),
        (row.commitment == Some(s.commitment()), ("姓名", "name")),
    ];
    said.into_iter().filter(|(same, _)| !same).map(|(_, what)| what).collect()
}

fn recorded_otherwise(differences: &[(&str, &str)], is_confirmed: bool) -> Text {
    let signature = is_confirmed.then_some(("签名", "signature"));
    let (zh, en): (Vec<&str>, Vec<&str>) = differences.iter().copied().chain(signature).unzip();
    let (zh, en) = (zh.join("、"), en.join(", "));
    Text::new(format!("登记的证书与此不同: {zh}"), format!("the certificate on record differs in: {en}"))
}

/// Organisations whose certificates have numbers like this one: those that are called by its code, or were.
fn issuers(core: &Core, s: &Statement) -> Vec<OrgId> {
    let (registry, code) = (&core.ledger().registry, code_of(&s.claims.no));
    registry.orgs.keys().copied().filter(|o| registry.was_called(*o, code)).collect()
}

/// Who signed, under which grant, and what speaks against it.
fn signer(core: &Core, s: &Statement, stands: bool) -> Signer {
    let registry = &core.ledger().registry;
    let may = |g: &GrantRecord| g.row.role == Role::Reviewer && matches!(g.org_kind, OrgKind::City | OrgKind::Province);
    let (issuers, key) = (issuers(core, s), s.key);
    // Ever: what a city signed before a county went to another stays good.
    let above = |g: &GrantRecord| issuers.iter().filter(|o| registry.was_at_or_above(g.row.org, **o, Day(0))).count();
    let mut grants: Vec<(&RowName, &GrantRecord)> = registry.grants_of(key).filter(|(_, g)| may(g)).collect();
    let nearest = grants.iter().map(|(_, g)| above(g)).max().unwrap_or_default();
    grants.retain(|(_, g)| above(g) == nearest);
    let judge = Judge::new(core.ledger());
    let open = grants.iter().find(|(name, _)| judge.grant_is_open(name));
    let Some((name, grant)) = open.or_else(|| grants.iter().find(|(n, _)| judge.grant_stands(n))).or_else(|| grants.first())
    else {
        let json = json!({ "key": key.to_string(), "grant": "no_grant" });
        let why =
            Text::new("签名的密钥在本网络没有确认证书的授权", "no grant known here lets the signing key confirm certificates");
        return Signer { json, problem: Some(why), note: None };
    };
    let signed_by = shown::org(core, grant.row.org);
    let is_elsewhere = !issuers.is_empty() && nearest == 0;
    let not_above = is_elsewhere.then(|| {
        Text::new(
            format!("签名人属于 {signed_by}, 不在证号所示机构之上, 无权确认"),
            format!("its signer is of {signed_by}, which never was above the organisation that the number names"),
        )
    });
    let note = (!is_elsewhere && nearest < issuers.len().max(1)).then(|| unsure_of_issuer(&issuers, &signed_by));
    let state = judge.grant_state(name);
    let problem = match state {
        GrantState::Open => None,
        // What a register at hand has and counts was written while the key was good.
        _ if stands => None,
        GrantState::Ended { left, .. } if s.claims.day <= left => None,
        GrantState::Ended { left, .. } => Some(Text::new(
            format!("签名的授权已于 {left} 终止, 证书日期在其后"),
            format!("the grant ended on {left}, and the certificate is of a later day"),
        )),
        GrantState::Burnt { .. } => Some(Text::new(
            "签名的密钥已作废 (被盗), 本机没有这张证书的登记",
            "the signing key was burnt, and this certificate is on no record here",
        )),
        GrantState::NotStanding => Some(Text::new("签名的授权不计入", "the grant of the signing key does not count")),
    };
    let json = json!({
        "org": signed_by, "label": grant.row.label, "role": grant.row.role.word(), "key": s.key.to_string(),
        "grant": state.word(), "row": name.to_string(),
    });
    Signer { json, problem: not_above.or(problem), note }
}

/// What this node cannot tell of the organisation that the number names.
fn unsure_of_issuer(issuers: &[OrgId], signed_by: &str) -> Text {
    if issuers.is_empty() {
        return Text::new(
            format!("本机不知道证号所示的机构, 无法核对 {signed_by} 是否在其之上"),
            format!("the organisation that the number names is not known here: whether {signed_by} is above it cannot be told"),
        );
    }
    Text::new(
        format!("证号所示的机构代码不止一个机构用过, {signed_by} 只在其中一些之上"),
        format!("more than one organisation has had the code that the number names, and {signed_by} is above some of them only"),
    )
}
