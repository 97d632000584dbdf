//! `verify TEXT`: a certificate on any node: without the teacher's ledger, by the network's id and the registry that every node holds.

use serde_json::{Value as Json, json};
use taizhang_core::{
    id::NetworkId,
    op::RowName,
    registry::GrantRecord,
    rows::{CertificateStep, OrgKind, Role},
    standing::{GrantState, Judge},
};
use taizhang_rules::certificate::{Broken, Statement, prefix};

use super::{
    Context,
    certificate::{Paper, Register, hours, shown_paper},
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
    let (signed_by, of_grant) = signer(c.core, &statement, known.stands)?;
    let mut problems = known.problems;
    problems.extend(of_grant);
    Ok(reply(&statement, signed_by, &known.papers, &problems, known.note))
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
        let same = |is: bool, zh: &str, en: &str| if is { None } else { Some((zh.to_owned(), en.to_owned())) };
        let differs = [
            same(other.row.teacher == claims.teacher, "教师编号", "teacher"),
            same(other.row.h100_lines == claims.h100_lines, "学时", "hours"),
            same(prefix(&other.row.policy_sha256) == claims.policy, "政策", "policy"),
            same(other.row.commitment == Some(s.commitment()), "姓名", "name"),
            same(false, "签名", "signature"),
        ];
        let (zh, en): (Vec<String>, Vec<String>) = differs.into_iter().flatten().unzip();
        let (zh, en) = (zh.join("、"), en.join(", "));
        problems.push(Text::new(format!("登记的证书与此不同: {zh}"), format!("the certificate on record differs in: {en}")));
    }
    // Whether it was withdrawn stands in the review of the school, and only there.
    let note = of_number.is_empty().then(|| {
        Text::new(
            "本机没有这张证书的登记: 签名有效, 但是否已被撤销或取代, 本机无法知道, 请向发证的市或区县核实",
            "nothing is on record here about this certificate: the signature is good, but whether it was withdrawn or replaced this node cannot know; ask the city or county that issued it",
        )
    });
    Ok(Known { note, papers: of_number.iter().map(|p| shown_paper(core, p)).collect(), stands, problems })
}

/// Who signed, under which grant, and what speaks against it.
fn signer(core: &Core, s: &Statement, stands: bool) -> Result<(Json, Option<Text>), CommandError> {
    let may = |g: &GrantRecord| g.row.role == Role::Reviewer && matches!(g.org_kind, OrgKind::City | OrgKind::Province);
    let grants: Vec<(&RowName, &GrantRecord)> = core.ledger().registry.grants_of(s.key).filter(|(_, g)| may(g)).collect();
    let judge = Judge::new(core.ledger());
    let open = grants.iter().find(|(name, _)| judge.grant_is_open(name));
    let Some((name, grant)) = open.or_else(|| grants.iter().find(|(n, _)| judge.grant_stands(n))).or_else(|| grants.first())
    else {
        let json = json!({ "key": s.key.to_string(), "grant": "no_grant" });
        let why =
            Text::new("签名的密钥在本网络没有确认证书的授权", "no grant known here lets the signing key confirm certificates");
        return Ok((json, Some(why)));
    };
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
        "org": shown::org(core, grant.row.org), "label": grant.row.label, "role": grant.row.role.word(), "key": s.key.to_string(),
        "grant": state.word(), "row": name.to_string(),
    });
    Ok((json, problem))
}
