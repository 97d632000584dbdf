//! What an audit or the doctor finds: how grave, about what, and who is responsible.

use serde_json::{Value as Json, json};
use taizhang_core::{
    entry::{Before, SignedEntry},
    id::{DocId, EntryId, Kind, OrgId, PublicKey},
    ledger::Ledger,
    op::RowName,
    registry::GrantRecord,
};

use crate::{commands::shown, core::Core, error::Text};

/// How grave a finding is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Severity {
    /// Something is not what it claims to be, or is lost.
    Error,
    /// It counts for nothing or is settled, but somebody did what should be looked at.
    Warning,
    /// Good to know.
    Note,
}

impl Severity {
    fn word(self) -> &'static str {
        match self {
            Self::Error => "error",
            Self::Warning => "warning",
            Self::Note => "note",
        }
    }
}

/// A sort of finding.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Code {
    /// Its name in the JSON; never reused for another meaning.
    pub(crate) word: &'static str,
    pub(crate) severity: Severity,
    zh: &'static str,
    en: &'static str,
}

impl Code {
    /// The same where nobody has to do anything about it.
    pub(crate) const fn noted(self) -> Self {
        Self { severity: Severity::Note, ..self }
    }
}

macro_rules! codes {
    ($($name:ident $severity:ident $word:literal $zh:literal $en:literal;)*) => {
        $(pub(crate) const $name: Code = Code { word: $word, severity: Severity::$severity, zh: $zh, en: $en };)*
        /// Every sort of finding.
        #[cfg(test)]
        pub(crate) const ALL: &[Code] = &[$($name),*];
    };
}

codes! {
    ROOT_CONTESTED Error "root_contested" "根声明有互相矛盾的继任, 都不起作用: 根密钥可能落入他人之手" "successors of the root statement contradict each other and none counts: somebody may hold root keys who should not";
    FORM Error "form" "条目的字节无法识别" "the bytes of an entry cannot be read";
    BYTES Error "bytes" "条目的字节与其编号不符" "the bytes of an entry are not those that its id names";
    SIGNATURE Error "signature" "签名无效" "the signature is not valid";
    ADMISSION Error "admission" "按规则不应接收的条目" "an entry that the rules do not admit";
    MISSING Error "missing" "它引用的条目不在本机" "it names an entry that is not here";
    IN_USE Error "in_use" "使用中的条目与磁盘上的不同" "the entries in use differ from those on disk";
    ATTACHMENT Error "attachment" "所引用的附件缺失或已损坏" "an attachment that it names is missing or damaged";
    RECEIPT Error "receipt" "收讫的签名无效或无法识别" "a receipt whose signature is not valid, or that cannot be read";
    RECEIPT_UNKNOWN Error "receipt_unknown" "对方已收到的条目本机没有: 本机丢失过数据" "another node has received entries that are not here: this machine lost data";
    ROLLUP Error "rollup" "汇总与其依据不符" "a rollup is not what its inputs say";
    LOCK Error "lock" "锁定的清单缺失或与所写不符, 不起作用" "the list of a lock is missing or not what the row says: it closes nothing";
    POLICY_TEXT Error "policy_text" "政策全文与所写摘要不符" "the text of a policy is not the one that the row names";
    RECEIPT_STRANGER Warning "receipt_stranger" "收讫的签署者当时不是经认可的节点" "receipts by a key that no registry certifies as a node, or that were signed after it was ended or burnt";
    FORK Warning "fork" "同一位置写了两次: 磁盘回退, 或有人造假 (两条都保留, 可导出为证)" "written twice at one place: a disk set back, or a liar (both are kept and exported as proof)";
    INVITE_TWICE Warning "invite_twice" "一份邀请用了两次" "an invite was used twice";
    BURNT Warning "burnt" "密钥作废后仍有条目, 不计入" "entries of a burnt key, beyond what was kept: they do not count";
    ENDED Warning "ended" "授权终止后仍有条目, 不计入" "entries written after the grant had ended: they do not count";
    NO_GRANT Warning "no_grant" "其授权本身不计入" "entries whose grant does not count itself";
    GRANT_CLOSED Warning "grant_closed" "机构已撤销, 其授权仍然有效" "a grant of an organisation that was closed is still in force";
    GRANT_FORMER Warning "grant_former" "由已不在其上的机构给出、划转时未予保留的授权仍然有效" "a grant by an organisation that is no longer above, which no move kept, is still in force";
    SURPLUS Warning "surplus" "分叉过多, 多余的分支不计入" "branches of a fork beyond those kept: they do not count";
    CLOCK_BEHIND Warning "clock_behind" "所称时间早于它所依据的条目一天以上" "it claims a time more than a day before something that it names";
    CLOCK_AHEAD Warning "clock_ahead" "所称时间晚于他人收到或汇总它的时间一天以上" "it claims a time more than a day after others had received or summed it";
    OWN_DECISION Warning "own_decision" "自己登记、自己审核" "decided by the same hand that wrote it";
    LOCK_IDLE Warning "lock_idle" "由无权者、在别的年度或重复所作的锁定, 不起作用" "a lock by somebody not above, in the review of another year, or the second of one organisation: it closes nothing";
    POLICY_RIVAL Warning "policy_rival" "同一天采用了互相矛盾的政策" "two policies were adopted for one day";
    POLICY_MISSING Note "policy_missing" "已采用的政策全文不在本机" "the text of an adopted policy is not here";
    SEALED Warning "sealed" "其密钥打不开所封的身份信息: 写入者并未如实封存" "what is sealed about a person does not open with the key that it names: whoever wrote it did not seal it";
    REFUSED_HERE Warning "refused_here" "本机拒收了一些条目" "entries were refused here";
    REFUSED_THERE Warning "refused_there" "对方拒收了本机送出的一些条目" "another node refused entries that were sent from here";
    DAMAGE Error "damage" "本机数据有损坏: 请先备份, 再同步取回" "this machine's data is damaged: back it up, then sync to fetch what is missing";
    CLOCK Warning "clock" "本机时钟与他人相差一小时以上" "this machine's clock and another's differ by more than an hour";
    KEY_CLOSED Warning "key_closed" "本机密钥的授权已终止或作废: 不再用的, 先 key export 存出一份, 再 key remove 移走" "the grants of a key on this machine have ended or are burnt: one that is of no more use is copied out with `key export`, and removed with `key remove`";
    KEY_ENDS Warning "key_ends" "本机密钥的授权即将到期" "the grant of a key on this machine ends soon";
    DISK Warning "disk" "磁盘空间不足" "little space is left on the disk";
    NOT_REACHED Warning "not_reached" "一周以上没有联系上" "not reached for more than a week";
    NEIGHBOUR_STRANGER Warning "neighbour_stranger" "在所记地址应答的节点不在本机的名册中, 没有向它发送任何内容: 请向该机构核实是否换过电脑" "a node answered at a neighbour's address that the registry here does not know, and nothing was told to it: ask that office whether it has a new machine";
    NOT_SYNCED Warning "not_synced" "还没有同步过" "no sync has happened yet";
    WITHHELD Warning "withheld" "一周以前写的条目对方仍未收讫" "entries written more than a week ago are not confirmed by those who should have them";
    ON_ITS_WAY Note "on_its_way" "有条目对方尚未收讫" "entries that are not confirmed yet";
    INVITE_OPEN Note "invite_open" "有未使用的邀请" "an invite that was not used yet";
    AHEAD Warning "ahead" "对方有本机密钥签署而本机没有的条目: 本机被还原过, 或密钥被他人使用" "another node held entries of this machine's key that were not here: this machine was set back, or somebody else has the key";
}

/// Who is responsible: a key, and the grant under which it acted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Responsible {
    key: Option<PublicKey>,
    grant: Option<RowName>,
}

impl Responsible {
    /// The author of an entry, by the grant under which the log began.
    fn author(ledger: &Ledger, entry: &EntryId) -> Self {
        let place = ledger.place(entry);
        Self { key: place.map(|p| p.log.key), grant: place.and_then(|p| p.grant) }
    }

    /// Whoever this key belongs to, by the first grant it was given.
    pub(crate) fn key(ledger: &Ledger, key: PublicKey) -> Self {
        Self { key: Some(key), grant: ledger.registry.grants_of(key).next().map(|(name, _)| *name) }
    }

    /// The author of an entry that was not admitted, as far as its header tells.
    fn claimed(ledger: &Ledger, entry: &SignedEntry) -> Self {
        let key = entry.header.log.key;
        let named = if let Before::Start { grant, .. } = entry.header.before { grant } else { None };
        let own = named.filter(|g| ledger.registry.grants.get(g).is_some_and(|g| g.row.key == key));
        Self { grant: own.or(Self::key(ledger, key).grant), key: Some(key) }
    }
}

/// One finding.
#[derive(Clone, Debug)]
pub(crate) struct Finding {
    pub(crate) code: Code,
    pub(crate) entry: Option<EntryId>,
    pub(crate) document: Option<DocId>,
    pub(crate) responsible: Responsible,
    /// Figures and ids, and what they are.
    pub(crate) detail: Text,
}

impl Finding {
    /// About nothing but itself.
    pub(crate) fn new(code: Code, detail: impl Into<Text>) -> Self {
        Self { code, entry: None, document: None, responsible: Responsible::default(), detail: detail.into() }
    }

    /// About an admitted entry: its author is responsible.
    pub(crate) fn of_entry(code: Code, ledger: &Ledger, entry: EntryId, detail: impl Into<Text>) -> Self {
        let document = ledger.place(&entry).map(|p| p.log.document);
        Self { code, entry: Some(entry), document, responsible: Responsible::author(ledger, &entry), detail: detail.into() }
    }

    /// About an entry that was not admitted.
    pub(crate) fn of_refused(code: Code, ledger: &Ledger, entry: &SignedEntry, detail: impl Into<Text>) -> Self {
        let (id, document) = (Some(entry.id), Some(entry.header.log.document));
        Self { code, entry: id, document, responsible: Responsible::claimed(ledger, entry), detail: detail.into() }
    }

    /// About a document, or a node's or person's key.
    pub(crate) fn of_key(code: Code, ledger: &Ledger, key: PublicKey, document: Option<DocId>, detail: impl Into<Text>) -> Self {
        Self { code, entry: None, document, responsible: Responsible::key(ledger, key), detail: detail.into() }
    }

    /// About a grant: whoever holds it is responsible.
    pub(crate) fn of_grant(code: Code, grant: RowName, g: &GrantRecord, detail: impl Into<Text>) -> Self {
        let document = Some(DocId::of(g.registry, Kind::Registry));
        let responsible = Responsible { key: Some(g.row.key), grant: Some(grant) };
        Self { code, entry: Some(grant.entry), document, responsible, detail: detail.into() }
    }

    /// `document` for people, `document_id` for programs; `author` is the key, `label` the post; `detail_zh` is null where the detail is figures and ids only.
    pub(crate) fn json(&self, core: &Core, ledger: &Ledger) -> Json {
        let grant = self.responsible.grant.and_then(|g| ledger.registry.grants.get(&g));
        let zh = Some(&self.detail.zh).filter(|zh| **zh != self.detail.en);
        json!({
            "severity": self.code.severity.word(), "what": self.code.word, "zh": self.code.zh, "en": self.code.en,
            "org": grant.map(|g| org(ledger, g.row.org)), "label": grant.map(|g| g.row.label.clone()),
            "role": grant.map(|g| g.row.role.word()), "author": self.responsible.key.map(|k| k.to_string()),
            "document": self.document.map(|d| shown::document(core, &d)), "document_id": self.document.map(|d| d.to_string()),
            "entry": self.entry.map(|e| e.to_string()), "detail": self.detail.en, "detail_zh": zh,
        })
    }

    /// What it is, about what, and by whom, in one line.
    pub(crate) fn sentence(&self, ledger: &Ledger) -> Text {
        let grant = self.responsible.grant.and_then(|g| ledger.registry.grants.get(&g));
        let entry = self.entry.map(|e| format!(" {}", short(&e.to_string()))).unwrap_or_default();
        let who = match (grant, self.responsible.key) {
            (Some(g), _) => format!(" ({} {})", org(ledger, g.row.org), g.row.label),
            (None, Some(key)) => format!(" ({})", short(&key.to_string())),
            (None, None) => String::new(),
        };
        let detail = |text: &str| if text.is_empty() { String::new() } else { format!(": {text}") };
        Text::new(
            format!("{}{entry}{who}{}", self.code.zh, detail(&self.detail.zh)),
            format!("{}{entry}{who}{}", self.code.en, detail(&self.detail.en)),
        )
    }
}

/// The code of an organisation, as the audited entries give it.
pub(crate) fn org(ledger: &Ledger, org: OrgId) -> String {
    ledger.registry.orgs.get(&org).map_or_else(|| org.to_string(), |o| o.current().code.clone())
}

/// A node: the code of its organisation and the beginning of its key.
pub(crate) fn node(ledger: &Ledger, key: PublicKey) -> String {
    let of = ledger.registry.grants_of(key).next().map(|(_, g)| format!("{} ", org(ledger, g.row.org))).unwrap_or_default();
    format!("{of}{}", short(&key.to_string()))
}

fn short(hex: &str) -> String {
    hex.chars().take(16).collect()
}
