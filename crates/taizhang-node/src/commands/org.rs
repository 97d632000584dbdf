//! `org add`, `org list`, `invite`; changes of organisations are in `org/`.

pub(crate) mod change;
mod history;
#[cfg(test)]
mod tests;

use serde_json::{Value as Json, json};
use taizhang_core::{
    cbor::{Reader, Writer},
    founding::{Invite, NewGrant, NewOrg},
    id::{DocId, Kind, NetworkId, OrgId, PublicKey},
    key::SecretKey,
    op::{PayloadBuilder, RowName},
    rows::{Grant, OfficeCode, Org, OrgKind, Role, RowType},
    units::Ms,
};
use zeroize::Zeroizing;

use super::{Context, shown as words};
use crate::{
    command::Reply,
    core::{Act, Core},
    error::{CommandError, ErrorKind},
    random,
};

/// Adds an organisation to this one's registry; a school names the township it lies in as parent.
pub(crate) fn add(c: &mut Context<'_>, code: &str, kind: &str, name: &str, parent: Option<&str>) -> Result<Reply, CommandError> {
    let kind = org_kind(kind)?;
    let owner = c.core.org();
    let township = match parent.map(|p| c.org(p)).transpose()? {
        Some(p) if p != owner => Some(p),
        _ => None,
    };
    township.map_or(Ok(()), |t| change::is_open(c.core, t))?;
    change::free(c, code)?;
    let row = new_org(c, owner, code, kind, name, township)?;
    let mut p = PayloadBuilder::default();
    p.row(Org::TYPE, &[], &row.to_fields());
    let mut act = Act::default();
    act.write(DocId::of(owner, Kind::Registry), p);
    let person = c.person()?;
    c.core.write(&person, act)?;
    Ok(Reply::new("org", json!({ "org": row.org.to_string(), "code": code, "name": name, "kind": kind.word() })))
}

/// The creation row of a new organisation.
pub(crate) fn new_org(
    c: &Context<'_>,
    owner: OrgId,
    code: &str,
    kind: OrgKind,
    name: &str,
    township: Option<OrgId>,
) -> Result<Org, CommandError> {
    let new = NewOrg { code: code.to_owned(), kind, name: name.to_owned(), random: random::bytes()? };
    Ok(Org { township, ..new.row(owner, c.core.now().day()) })
}

/// In the word of rows, or as an officer says it and sheets write it.
pub(crate) fn org_kind(word: &str) -> Result<OrgKind, CommandError> {
    let said = match word {
        "省" => "province",
        "市" => "city",
        "县" | "区" | "区县" => "county",
        "乡" | "镇" | "乡镇" => "township",
        "学校" => "school",
        "培训机构" => "organiser",
        other => other,
    };
    OrgKind::from_word(said).ok_or_else(|| {
        let all: Vec<&str> = OrgKind::ALL.iter().map(|k| k.word()).collect();
        let all = all.join(", ");
        CommandError::not_found(format!("没有机构类型 {word}"), format!("there is no kind {word}"))
            .hint(format!("可用: {all}"), format!("one of: {all}"))
    })
}

/// The organisations known here, those that were closed behind the others.
pub(crate) fn list(c: &Context<'_>) -> Result<Reply, CommandError> {
    let known = c.core.ledger().registry.orgs.keys().copied();
    let (open, closed): (Vec<OrgId>, Vec<OrgId>) = known.partition(|o| words::closed(c.core, *o).is_none());
    let orgs: Vec<Json> = open.into_iter().chain(closed).map(|id| shown(c.core, id)).collect();
    Ok(Reply::new("orgs", json!({ "orgs": orgs })))
}

/// An organisation as it stands now.
pub(super) fn shown(core: &Core, id: OrgId) -> Json {
    let registry = &core.ledger().registry;
    let Some(o) = registry.orgs.get(&id) else { return json!({ "org": id.to_string() }) };
    let code = |o: OrgId| registry.orgs.get(&o).map(|o| o.current().code.clone());
    let now = o.current();
    // A township that was closed is said where it is history; what lies in it lies in the one that goes on.
    let township = now.township.and_then(|t| words::open_heir(core, t));
    json!({
        "org": id.to_string(), "code": now.code, "name": now.name, "kind": now.kind.word(),
        "parent": registry.ancestors(id).first().and_then(|p| code(*p)), "township": township.and_then(code),
        "closed": now.closed_day.map(|d| d.to_string()), "succeeded_by": now.succeeded_by.and_then(code),
        "undecided": !o.rivals().is_empty(), "own": id == core.org(),
    })
}

/// Makes an invite: a grant to a one-use key carried in it.
pub(crate) fn invite(
    c: &mut Context<'_>,
    org: &str,
    role: &str,
    office: Option<&str>,
    expires_ms: u64,
    address: Option<&str>,
) -> Result<Reply, CommandError> {
    let org = c.org(org)?;
    change::is_open(c.core, org)?;
    let role = Role::from_word(role).filter(|r| *r != Role::Node).ok_or_else(|| no_role(role))?;
    let office = office.map(|o| OfficeCode::from_word(o).ok_or_else(|| no_office(o)));
    let office = office.transpose()?;
    let record =
        c.core.ledger().registry.orgs.get(&org).ok_or_else(|| CommandError::not_found("没有此机构", "no such organisation"))?;
    let registry = DocId::of(record.registry, Kind::Registry);
    // The organisation's own admin invites its staff in its own registry; the one above in the registry that created it; the one
    // under which it was moved in its own, on the row that moved it.
    let owner = c.core.org();
    let moved = c.core.ledger().registry.rows_about(org).find(|r| r.name == record.current_name() && r.row.parent == owner);
    let (document, basis) = if record.registry == owner {
        (registry, record.creation.name.here())
    } else if org == owner {
        (DocId::of(owner, Kind::Registry), record.creation.name.in_document(registry))
    } else if let Some(moved) = moved {
        (DocId::of(owner, Kind::Registry), moved.name.in_document(DocId::of(moved.registry, Kind::Registry)))
    } else {
        return Err(CommandError::new(
            ErrorKind::Refused,
            "该机构不归本机构管理",
            "this organisation does not certify that one's staff",
        ));
    };
    let key = SecretKey::from_seed(random::bytes()?);
    let grant = NewGrant { key: key.public(), role, office, org, basis, seal_key: None };
    let now = c.core.now();
    let row = Invite::grant_row(&grant, "invite", now.day(), Ms(now.0.saturating_add(expires_ms)));
    let mut p = PayloadBuilder::default();
    let index = p.row(Grant::TYPE, &[], &row.to_fields());
    let mut act = Act::default();
    act.write(document, p);
    let person = c.person()?;
    let written = c.core.write(&person, act)?;
    let entry = *written.first().ok_or_else(|| CommandError::storage("no entry written"))?;
    let (node, address) = answering_node(c, address)?;
    let file = InviteFile {
        network: c.core.network(),
        registry: document.owner,
        grant: RowName { entry, index },
        row,
        seed: Zeroizing::new(key.seed()),
        node,
        address,
    };
    let expires = file.row.expires_ms.unwrap_or_default().0;
    let (code, name) =
        c.core.ledger().registry.orgs.get(&org).map(|o| (o.current().code.clone(), o.current().name.clone())).unzip();
    Ok(Reply::new(
        "invite",
        json!({ "invite": file.text(), "org": org.to_string(), "code": code, "name": name, "role": role.word(), "expires_ms": expires }),
    ))
}

fn no_role(role: &str) -> CommandError {
    let all: Vec<&str> = Role::ALL.iter().filter(|r| **r != Role::Node).map(|r| r.word()).collect();
    let all = all.join(", ");
    CommandError::not_found(format!("没有角色 {role}"), format!("there is no role {role}"))
        .hint(format!("可用: {all}"), format!("one of: {all}"))
}

fn no_office(office: &str) -> CommandError {
    let all: Vec<&str> = OfficeCode::ALL.iter().map(|o| o.word()).collect();
    let all = all.join(", ");
    CommandError::not_found(format!("没有岗位 {office}"), format!("there is no office {office}"))
        .hint(format!("可用: {all}"), format!("one of: {all}"))
}

/// The node that answers the invite: this one, or another of the organisation named as `KEY@HOST:PORT`.
fn answering_node(c: &Context<'_>, address: Option<&str>) -> Result<(PublicKey, Option<String>), CommandError> {
    let own = c.core.folder().node_key()?.public();
    let Some((key, host)) = address.and_then(|a| a.split_once('@')) else { return Ok((own, address.map(str::to_owned))) };
    let key = PublicKey::from_hex(key).ok_or_else(|| {
        CommandError::not_found("地址应为 主机:端口 或 节点公钥@主机:端口", "an address is HOST:PORT or NODEKEY@HOST:PORT")
    })?;
    Ok((key, Some(host.to_owned())))
}

/// An invite as text: `taizhang-invite-1:` and the hex of CBOR `[network, registry, grant entry, grant index, grant fields, seed, node key, address?]`.
pub(crate) struct InviteFile {
    pub(crate) network: NetworkId,
    pub(crate) registry: OrgId,
    pub(crate) grant: RowName,
    pub(crate) row: Grant,
    seed: Zeroizing<[u8; 32]>,
    pub(crate) node: PublicKey,
    pub(crate) address: Option<String>,
}

const INVITE_PREFIX: &str = "taizhang-invite-1:";

impl InviteFile {
    pub(crate) fn text(&self) -> String {
        let mut w = Writer::default();
        w.array(8).bytes(&self.network.0).bytes(&self.registry.0).bytes(&self.grant.entry.0).uint(self.grant.index.into());
        w.bytes(&self.row.to_fields()).bytes(self.seed.as_slice()).bytes(&self.node.0);
        match &self.address {
            Some(a) => w.text(a),
            None => w.null(),
        };
        let hex: String = w.finish().iter().map(|b| format!("{b:02x}")).collect();
        format!("{INVITE_PREFIX}{hex}")
    }

    /// Reads the text of an invite.
    pub(crate) fn read(text: &str) -> Result<Self, CommandError> {
        Self::parse(text).ok_or_else(|| {
            CommandError::not_found("邀请无法识别", "the invite cannot be read")
                .hint("请完整复制邀请文本, 或使用邀请文件", "copy the whole text, or use the file")
        })
    }

    fn parse(text: &str) -> Option<Self> {
        let hex: String = text.split_whitespace().collect();
        let bytes = taizhang_core::id::from_hex(hex.strip_prefix(INVITE_PREFIX)?)?;
        let mut r = Reader::new(&bytes);
        r.array_of(8).ok()?;
        let network = NetworkId(r.array_bytes().ok()?);
        let registry = OrgId(r.array_bytes().ok()?);
        let grant = RowName { entry: taizhang_core::id::EntryId(r.array_bytes().ok()?), index: r.small().ok()? };
        let row = Grant::from_fields(r.bytes().ok()?).ok()?.row;
        let seed = Zeroizing::new(r.array_bytes().ok()?);
        let node = PublicKey(r.array_bytes().ok()?);
        let address = if r.take_null() { None } else { Some(r.text().ok()?.to_owned()) };
        r.end().ok()?;
        // The key that it carries is the one that was invited.
        let is_whole = row.one_use && SecretKey::from_seed(*seed).public() == row.key;
        is_whole.then_some(Self { network, registry, grant, row, seed, node, address })
    }

    pub(crate) fn invite(&self) -> Invite {
        let key = SecretKey::from_seed(*self.seed);
        Invite { network: self.network, registry: self.registry, grant: self.grant, row: self.row.clone(), key }
    }
}
