//! `init` and `join`: a data folder's beginning. They run before there is a core.

#[cfg(test)]
mod tests;
pub(crate) mod unfinished;

use serde_json::json;
use taizhang_core::{
    admission::{ONE_USE_RUN, Signature},
    author::Author,
    entry::SignedEntry,
    founding::{self, NewOrg, Newcomer},
    id::{DocId, Kind, PublicKey, Run},
    ledger::Ledger,
    op,
    root::ROOT_KEYS_MAX,
    rows::OrgKind,
    standing::Judge,
};
use taizhang_store::memory::MemoryStore;

use super::{neighbour, org::InviteFile, sane};
use crate::{
    command::{Reply, Unlock},
    core::{Core, now},
    error::{CommandError, ErrorKind},
    folder::{Folder, Neighbour, Settings},
    keyfile::{self, Person},
    personal, random, said,
};

/// Founds a network with one root key.
///
/// # Errors
/// As [`init_with`].
pub fn init(folder: &Folder, unlock: &Unlock, code: &str, name: &str, kind: &str) -> Result<Reply, CommandError> {
    init_with(folder, unlock, (code, name, kind), (1, 1))
}

/// Founds a network: root statement with n keys of which m name a successor, first organisation, first admin, this node.
///
/// # Errors
/// The folder is in use already, or cannot be written.
pub fn init_with(
    folder: &Folder,
    unlock: &Unlock,
    (code, name, kind): (&str, &str, &str),
    (n, m): (u8, u8),
) -> Result<Reply, CommandError> {
    let kind = OrgKind::from_word(kind).filter(|k| k.certifies()).ok_or_else(|| {
        CommandError::not_found(format!("机构类型 {kind} 不能建网"), format!("a network cannot be founded by a {kind}"))
            .hint("用 city, county 或 province", "use city, county or province")
    })?;
    if !(1..=ROOT_KEYS_MAX).contains(&usize::from(n)) || !(1..=n).contains(&m) {
        return Err(CommandError::not_found(
            format!("{n} 个根密钥、{m} 个签名不可行"),
            format!("{m} of {n} root keys cannot be"),
        )
        .hint("1 至 16 个根密钥, 签名数不超过密钥数", "1 to 16 root keys, and a threshold of at most their number"));
    }
    sane::org(code, name)?;
    unfinished::clear(folder)?;
    if folder.file("store").exists() && !folder.is_set_up() {
        let at = folder.path().display();
        return Err(CommandError::new(
            ErrorKind::Refused,
            format!("{at} 中有台账数据, 但缺 node.json"),
            format!("{at} holds a ledger's data, but its node.json is missing"),
        )
        .hint("请恢复该文件的备份, 或用 --data 换一个目录", "restore it from a backup, or choose another folder with --data"));
    }
    let passphrase = prepare(folder, unlock)?;
    let label = |i: u8| if n == 1 { "root".to_owned() } else { format!("root-{i}") };
    let roots = (1..=n).map(|i| Person::new(&label(i))).collect::<Result<Vec<_>, _>>()?;
    let root = roots.first().ok_or_else(|| CommandError::storage("no root key"))?;
    let statement = founding::root_statement(roots.iter().map(|r| r.key.public()).collect(), m);
    let admin = Person::new("admin")?;
    let node = folder.node_key()?;
    let org = NewOrg { code: code.to_owned(), kind, name: name.to_owned(), random: random::bytes()? };
    let author = Author { key: root.key.clone(), run: Run(random::bytes()?) };
    let people = ((admin.key.public(), Some(admin.seal_public())), node.public(), "admin");
    let (network, entry) = founding::found_by(&author, statement, &org, people, now());
    let row = org.row(taizhang_core::id::OrgId::root(network), now().day());
    let admitted = Ledger::new(network).admit(&MemoryStore::default(), entry.clone(), Signature::Checked);
    admitted.map_err(|why| CommandError::of(ErrorKind::Refused, said::refusal(&why)))?;
    let people: Vec<&Person> = roots.iter().chain([&admin]).collect();
    let settings = Settings::new(network, row.org, Vec::new());
    unfinished::begin(folder, &people)?;
    set_up(folder, &people, passphrase, || {
        let mut core = Core::open_as(folder.clone(), settings.clone(), &mut |_, _, _| {})?;
        core.store_entries(vec![entry], Vec::new())?;
        folder.save_settings(&settings)
    })
    .inspect_err(|_| drop(std::fs::remove_dir_all(folder.file("store"))))?;
    unfinished::is_done(folder);
    Ok(Reply::new(
        "init",
        json!({
            "network": network.to_string(), "org": row.org.to_string(), "code": code, "name": name,
            "admin_key": admin.key.public().to_string(), "root_key": root.key.public().to_string(),
            "root_keys": n, "root_threshold": m, "node_key": node.public().to_string(),
        }),
    ))
}

/// Joins by an invite: makes this machine's keys and the one entry that the invite's key may sign. The network learns of it at first contact.
///
/// # Errors
/// The invite cannot be read or has expired, or the folder is in use already.
pub fn join(folder: &Folder, unlock: &Unlock, invite: &str, label: Option<&str>) -> Result<Reply, CommandError> {
    let file = InviteFile::read(invite)?;
    still_open(&file)?;
    if folder.is_set_up() {
        return join_here(folder, unlock, &file, label);
    }
    let label = label.map_or_else(|| file.row.role.word().to_owned(), str::to_owned);
    may_be_called(&label)?;
    unfinished::clear(folder)?;
    let passphrase = prepare(folder, unlock)?;
    let person = Person::new(&label)?;
    let node = folder.node_key()?;
    let newcomer =
        Newcomer { person: person.key.public(), seal_key: Some(person.seal_public()), node: node.public(), label: &label };
    let entry: SignedEntry = file.invite().use_it(&newcomer, now());
    // Nobody here can admit it yet; its form is what can be told.
    op::parse(&entry.payload).map_err(CommandError::storage)?;
    let neighbours =
        file.address.iter().map(|address| Neighbour { address: address.clone(), key: Some(file.node.to_string()) }).collect();
    unfinished::begin(folder, &[&person])?;
    set_up(folder, &[&person], passphrase, || {
        folder.write("invite.cbor", &entry.to_bytes())?;
        folder.save_settings(&Settings::new(file.network, file.row.org, neighbours))
    })
    .inspect_err(|_| folder.remove("invite.cbor"))?;
    unfinished::is_done(folder);
    Ok(joined(&file, person.key.public(), node.public(), false))
}

/// Keeps these keys, does the rest, whose last step makes it count, and takes the keys back if that fails.
fn set_up(
    folder: &Folder,
    people: &[&Person],
    passphrase: &str,
    rest: impl FnOnce() -> Result<(), CommandError>,
) -> Result<(), CommandError> {
    let kept = people.iter().try_for_each(|p| keyfile::keep(folder, p, passphrase));
    kept.and_then(|()| rest()).inspect_err(|_| people.iter().for_each(|p| keyfile::discard(folder, p)))
}

/// A label is read by everybody for ever: the name of a post, and short.
fn may_be_called(label: &str) -> Result<(), CommandError> {
    let bytes = sane::LABEL_BYTES_MAX;
    if label.trim().is_empty() || label.len() > bytes || label.chars().any(char::is_control) {
        return Err(CommandError::not_found(
            format!("--label 不能为空, 也不能超过 {bytes} 字节"),
            format!("--label must not be empty, nor longer than {bytes} bytes"),
        )
        .hint("写岗位, 不写姓名, 例如 --label clerk2", "name the post and no person, such as --label clerk2"));
    }
    personal::check_text("label", label)
}

fn still_open(file: &InviteFile) -> Result<(), CommandError> {
    if file.row.expires_ms.is_some_and(|e| e < now()) {
        return Err(another(CommandError::new(ErrorKind::Refused, "邀请已过期", "the invite has expired")));
    }
    Ok(())
}

fn another(error: CommandError) -> CommandError {
    error.hint("请管理员再发一份", "ask the admin for another")
}

/// An invite's text as this program writes it: without blanks, in small letters.
///
/// # Errors
/// It cannot be read.
pub fn normal_invite(text: &str) -> Result<String, CommandError> {
    InviteFile::read(text).map(|file| file.text())
}

/// A further person or role on a machine that is a node of the same organisation already: nothing has to be asked of another node. Only with a
/// label, so that nobody joins a folder in use by mistake.
fn join_here(folder: &Folder, unlock: &Unlock, file: &InviteFile, label: Option<&str>) -> Result<Reply, CommandError> {
    let label = label_here(folder, file, label)?;
    join_into(&mut Core::open(folder.clone(), &mut |_, _, _| {})?, unlock, file, label)
}

/// What the newcomer's key is called here, if this folder takes him.
fn label_here<'l>(folder: &Folder, file: &InviteFile, label: Option<&'l str>) -> Result<&'l str, CommandError> {
    let settings = folder.settings()?;
    if settings.network()? != file.network || settings.org()? != file.row.org {
        let at = folder.path().display();
        return Err(CommandError::new(
            ErrorKind::Refused,
            format!("{at} 中已有另一机构的台账"),
            format!("the ledger in {at} belongs to another organisation"),
        )
        .hint("请用 --data 换一个目录", "choose another folder with --data"));
    }
    let Some(label) = label else {
        let role = file.row.role.word();
        return Err(in_use(folder).hint(
            format!("新电脑请用 --data 换一个目录; 要在本机为同一机构再加一人, 请加 --label, 例如 --label {role}2"),
            format!("choose another folder with --data; for one more person of the same organisation here add --label, such as --label {role}2"),
        ));
    };
    may_be_called(label)?;
    if keyfile::list(folder)?.iter().any(|k| k.label == label) {
        let (zh, en) = (format!("本机已有名为 {label} 的密钥"), format!("this machine has a key called {label} already"));
        return Err(
            CommandError::new(ErrorKind::Refused, zh, en).hint("请用 --label 另取名称", "choose another name with --label")
        );
    }
    Ok(label)
}

/// The same on the node that runs: it has the folder open.
pub(super) fn join_running(core: &mut Core, unlock: &Unlock, invite: &str, label: Option<&str>) -> Result<Reply, CommandError> {
    let file = InviteFile::read(invite)?;
    let label = label_here(core.folder(), &file, label)?;
    join_into(core, unlock, &file, label)
}

fn join_into(core: &mut Core, unlock: &Unlock, file: &InviteFile, label: &str) -> Result<Reply, CommandError> {
    let folder = core.folder().clone();
    let invite = file.invite();
    // What the node that answers a first contact asks, before any key is made: one that is refused leaves nothing behind.
    still_open(file)?;
    if core.ledger().registry.grants.get(&invite.grant).is_none_or(|g| !g.row.one_use) {
        return Err(CommandError::new(
            ErrorKind::Refused,
            "本机还不知道这个邀请",
            "this machine does not know of this invite yet",
        )
        .hint("请先运行 taizhang sync --once, 再执行一次", "run `taizhang sync --once` first, then try again"));
    }
    let judge = Judge::new(core.ledger());
    if !judge.grant_is_open(&invite.grant) {
        return Err(another(CommandError::new(ErrorKind::Refused, "这个邀请已被撤回", "this invite was withdrawn")));
    }
    if !judge.grant_holds(&invite.grant) {
        let (zh, en) = ("邀请发出后单位已划转", "this invite's organisation has moved since");
        return Err(CommandError::new(ErrorKind::Refused, zh, en)
            .hint("请由现在的上级重新邀请", "ask the admin of the county that has it now for another"));
    }
    drop(judge);
    let registry = core.ledger().document(&DocId::of(file.registry, Kind::Registry));
    if registry.is_some_and(|d| d.logs.contains_key(&(invite.key.public(), ONE_USE_RUN))) {
        return Err(another(CommandError::new(ErrorKind::Refused, "这个邀请已被使用", "this invite was used already")));
    }
    let (person, passphrase) = (Person::new(label)?, passphrase_of(unlock)?);
    let node = folder.node_key()?.public();
    let newcomer = Newcomer { person: person.key.public(), seal_key: Some(person.seal_public()), node, label };
    let used = vec![invite.use_it(&newcomer, now())];
    set_up(&folder, &[&person], passphrase, || core.store_entries(used, Vec::new()))?;
    // After a move the invite of the new county says where that is. What joined stays joined.
    if let Some(address) = file.address.as_deref().filter(|_| file.node != node)
        && let Err(error) = neighbour::add(core, address, Some(file.node))
    {
        tracing::warn!(%error, "the invite's address is not kept");
    }
    Ok(joined(file, person.key.public(), node, true))
}

fn joined(file: &InviteFile, person: PublicKey, node: PublicKey, in_effect: bool) -> Reply {
    Reply::new(
        "join",
        json!({
            "network": file.network.to_string(), "org": file.row.org.to_string(), "role": file.row.role.word(),
            "key": person.to_string(), "node_key": node.to_string(), "address": file.address, "in_effect": in_effect,
        }),
    )
}

fn prepare<'u>(folder: &Folder, unlock: &'u Unlock) -> Result<&'u str, CommandError> {
    if folder.is_set_up() {
        return Err(in_use(folder).hint("请用 --data 换一个目录", "choose another folder with --data"));
    }
    let passphrase = passphrase_of(unlock)?;
    folder.create()?;
    Ok(passphrase)
}

fn in_use(folder: &Folder) -> CommandError {
    let at = folder.path().display();
    CommandError::new(ErrorKind::Refused, format!("{at} 中已有台账"), format!("there is a ledger in {at} already"))
}

/// A passphrase for a new key.
pub(super) fn passphrase_of(unlock: &Unlock) -> Result<&str, CommandError> {
    let passphrase = unlock.passphrase.as_deref().filter(|p| !p.is_empty()).ok_or_else(|| {
        CommandError::new(ErrorKind::Key, "需要口令来保护密钥", "a passphrase is needed to protect the keys")
            .hint("用 --passphrase-file 给出口令文件", "give a file with --passphrase-file")
    })?;
    keyfile::check_new(passphrase)?;
    Ok(passphrase)
}
