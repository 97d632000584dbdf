//! The words for names and values of results, in both languages; a test reads the node's sources and misses none.

use crate::lang::Lang;

/// The word for a field or a piece of long work; the name itself where there is none. A unit at its end needs no word: the value says it.
pub(crate) fn label(name: &str, lang: Lang) -> String {
    let find = |wanted: &str| LABELS.iter().find(|(n, ..)| *n == wanted).map(|(_, zh, en)| lang.pick(zh, en).to_owned());
    let without_unit = || name.rsplit_once('_').filter(|(_, unit)| UNITS.contains(unit)).and_then(|(rest, _)| find(rest));
    find(name).or_else(without_unit).or_else(|| Some(word(name, lang)?.to_owned())).unwrap_or_else(|| name.to_owned())
}

/// The word for a value of a fixed set.
pub(crate) fn word(value: &str, lang: Lang) -> Option<&'static str> {
    WORDS.iter().find(|(n, ..)| *n == value).map(|(_, zh, en)| lang.pick(zh, en))
}

/// The sentence above a result.
pub(crate) fn headline(schema: &str, lang: Lang) -> Option<&'static str> {
    HEADLINES.iter().find(|(n, ..)| *n == schema).map(|(_, zh, en)| lang.pick(zh, en))
}

/// Ends of names that are units.
pub(super) const UNITS: &[&str] = &["h100", "c100", "fen", "bp", "bytes", "ms", "n"];

const HEADLINES: &[(&str, &str, &str)] = &[
    (
        "init",
        "台账网络已建立。请把 keys 目录备份到安全的地方。",
        "The network is founded. Keep a backup of the folder `keys` in a safe place.",
    ),
    ("join", "已加入。第一次联网后生效。", "Joined. It takes effect at the first contact."),
    ("org", "已增加机构。", "The organisation was added."),
    ("orgs", "机构", "Organisations"),
    ("invite", "邀请已生成。只能使用一次, 请交给本人。", "The invite is ready. It works once: hand it to the person."),
    ("sync", "同步完成。", "Synced."),
    ("stop", "节点已停止。", "The node has stopped."),
    ("links", "已执行。", "Done."),
    ("status", "本机状态", "This machine"),
    ("record", "已登记, 保存在本机。", "Recorded; it is safe on this machine."),
    ("describe", "已填写, 保存在本机。", "Written; it is safe on this machine."),
];

const LABELS: &[(&str, &str, &str)] = &[
    ("address", "地址", "address"),
    ("admin_key", "管理员密钥", "admin's key"),
    ("code", "代码", "code"),
    ("cut", "已切断", "cut"),
    ("expires", "有效至", "valid until"),
    ("invite", "邀请", "invite"),
    ("key", "密钥", "key"),
    ("kind", "类型", "kind"),
    ("load", "读取本机记录", "reading the records"),
    ("name", "名称", "name"),
    ("network", "网络", "network"),
    ("node_key", "本机密钥", "this machine's key"),
    ("org", "机构", "organisation"),
    ("orgs", "机构", "organisations"),
    ("own", "本机构", "this one"),
    ("parent", "上级", "parent"),
    ("receipts", "收讫", "receipts"),
    ("received_entries", "收到条目", "entries received"),
    ("role", "角色", "role"),
    ("root_key", "根密钥", "root key"),
    ("sent_entries", "送达条目", "entries delivered"),
    ("stopped", "已停止", "stopped"),
    ("sync", "同步", "syncing"),
    ("township", "乡镇", "township"),
    ("udp_bytes_in", "收到字节", "bytes received"),
    ("udp_bytes_out", "发出字节", "bytes sent"),
];

const WORDS: &[(&str, &str, &str)] = &[
    ("province", "省", "province"),
    ("city", "市", "city"),
    ("county", "区县", "county"),
    ("township", "乡镇", "township"),
    ("school", "学校", "school"),
    ("organiser", "培训机构", "organiser"),
    ("ministry", "国家", "ministry"),
    ("university", "高校", "university"),
    ("clerk", "台账员", "clerk"),
    ("principal", "校长", "principal"),
    ("reviewer", "审核员", "reviewer"),
    ("admin", "管理员", "admin"),
    ("policy_officer", "政策管理员", "policy officer"),
    ("auditor", "审计员", "auditor"),
    ("node", "节点", "node"),
    ("concentrated", "集中培训", "concentrated"),
    ("nonconcentrated", "非集中培训", "not concentrated"),
    ("school_based", "校本培训", "school-based"),
    ("online", "网络培训", "online"),
    ("degree", "学历教育", "degree study"),
    ("enterprise", "下企业实践", "in an enterprise"),
    ("self_study", "自学", "self-study"),
    ("pass", "合格", "pass"),
    ("fail", "不合格", "fail"),
    ("none", "不考核", "not assessed"),
    ("retake", "补考", "retake"),
    ("approved", "通过", "approved"),
    ("returned", "退回", "returned"),
    ("rejected", "不通过", "rejected"),
    ("county_training_institution", "县培训机构", "county training institution"),
    ("city_training_centre", "市师训中心", "city training centre"),
    ("registry", "机构名册", "registry"),
    ("policy", "政策", "policy"),
    ("notice", "通知", "notices"),
    ("roster", "花名册", "roster"),
    ("identity", "身份信息", "identity"),
    ("ledger", "台账", "ledger"),
    ("review", "审核", "review"),
    ("transfer", "档案转移", "transfer"),
    ("rollup", "汇总", "rollup"),
];

#[cfg(test)]
pub(super) fn known(name: &str) -> bool {
    label(name, Lang::Zh) != name
}
