//! What lower layers say in English, for people who read Chinese: rules of admission, the store, the system. What nobody foresaw is left out of the Chinese sentence, never put into it in English.

use std::fmt::Display;

use taizhang_core::admission::Refusal;

use crate::error::Text;

/// Parts of what is said, and what they mean; the first that fits.
const SAID: &[(&str, &str)] = &[
    // Admission.
    ("names an entry that is not here", "它引用的条目本机没有, 请先同步"),
    ("the signature is not valid", "签名无效"),
    ("does not continue its log", "与本机上一条记录不相接"),
    ("does not hold the role", "此密钥没有写这份文档的角色"),
    ("an invite's key may write only", "邀请密钥只能写入新成员的授权"),
    ("replaces a row or value it may not replace", "它要更改的内容不归它更改"),
    ("writes one register twice", "同一项写了两次"),
    ("a change must replace rows about the same organisation", "机构变更必须针对同一机构"),
    ("that this registry did not create", "该机构不是由此名册建立的"),
    ("a root statement has 1 to 16", "根声明应有 1 至 16 个不同的密钥, 签名数不多于密钥数"),
    ("a root statement replaces root statements", "根声明只能接续根声明"),
    ("a root statement replaces its predecessor", "根声明只能接续前一份, 或同时取代与它并列的各份"),
    ("not signed by enough keys of its predecessor", "前一份根声明的密钥签名不足"),
    ("root statement not readable", "根声明无法识别"),
    ("a root statement stands first", "根声明须是根名册中条目的第一行"),
    ("the first root statement begins", "第一份根声明须在其记录之首"),
    ("does not belong under this one", "这类机构不能设在此机构之下"),
    ("has no such role", "这类机构没有此角色"),
    ("lies too far from the root", "授权离根太远, 须由上级重新授权"),
    ("grant not readable", "授权无法识别"),
    ("organisation not readable", "机构资料无法识别"),
    ("does not rest on a row of its organisation", "授权没有指明其机构的依据"),
    ("is not that of its creation", "机构标识与建立时不符"),
    ("does not certify that organisation's staff", "此名册不能给该机构的人员授权"),
    ("the store could not be read", "数据无法读取"),
    ("payload:", "内容格式不对或超出限制"),
    ("registry row:", "名册内容不合规则"),
    // The store.
    ("in use by another running program", "数据目录正被另一程序使用"),
    ("cannot be used", "数据目录无法使用, 请检查磁盘和权限"),
    ("the disk is full", "磁盘已满, 请清理空间后再试"),
    ("this cannot be stored", "内容不符合存储要求"),
    ("saving failed", "保存失败, 请检查磁盘"),
    // Cases of `rules eval`.
    ("unknown field", "有不认识的字段"),
    ("is missing", "缺少此项"),
    ("is empty", "为空"),
    ("expected a list", "应为列表"),
    ("expected an object", "应为对象"),
    ("expected text", "应为文字"),
    ("expected true or false", "应为真或假 (true, false)"),
    ("expected a whole number", "应为 0 以上的整数"),
    ("is not a date", "不是日期, 应写成 2012-12-31 (1970 至 9999 年)"),
    ("is no word of this field", "此字段没有这个取值"),
    ("lies before the start", "结束日期早于开始日期"),
    ("is more than", "数值太大"),
    ("is no year", "不是年份"),
    ("is no level", "没有这个级别"),
    ("is no calculation", "没有这种计算"),
    ("is no state of a plan", "方案没有这个状态"),
    ("no policy is called", "没有这个政策"),
    ("has no rule", "政策中没有这条规则"),
    ("says nothing about this", "这条规则不涉及此事"),
    ("not both", "政策与采用只能写一种"),
    ("an ID number has", "身份证号应为 17 位数字加 1 位数字或 X"),
    // Rollups.
    ("are not the bytes that the row names", "附件与汇总所指的不符"),
    ("the root of the", "附件的校验根不符"),
    ("teachers: the row says", "教师人数不符"),
    ("the lines sum up to", "合计与各行不符"),
    ("policy: the row names", "政策与输入不符"),
    ("its document about", "年度与文档不符"),
    ("not here as far as the inputs name", "本机缺少汇总所依据的文档"),
    ("is no entry of", "所指条目不在该文档中"),
    ("rests on what the inputs do not reach", "汇总的依据不完整"),
    ("cannot be read", "无法读取"),
    ("made by rules", "由另一版本的规则算出"),
    ("are not here", "附件不在本机"),
    ("left out: entry", "漏掉了以前汇总过的条目"),
    ("entry does not count", "汇总的条目不计入"),
    ("its entry:", "汇总的条目不合规则"),
    ("only one from above counts", "抽查种子须由上级发布"),
    ("belongs to no school", "有教师行不属于任何学校"),
    ("missing:", "本机缺少所依据的文档"),
    ("is published as", "有一行公布的数与按台账重算的不同, 明细见结果"),
    ("published, but the inputs give none", "公布的一行在台账中没有依据"),
    ("not the one of teacher", "有教师行与台账不符"),
    ("the inputs give none", "有教师行在台账中没有依据"),
    ("line of", "缺少一所学校的行"),
    // The system.
    ("No such file or directory", "没有此文件"),
    ("Permission denied", "没有权限"),
    ("Is a directory", "这是文件夹"),
    ("Not a directory", "路径中有一段不是文件夹"),
    ("No space left", "磁盘已满"),
    ("Read-only file system", "磁盘只读"),
    ("Address already in use", "端口已被占用"),
    ("Address not available", "本机没有这个地址"),
    ("Broken pipe", "对方已断开"),
    ("Connection reset", "对方已断开"),
    ("Connection refused", "对方没有应答"),
    ("timed out", "等待超时"),
    ("expected value at line", "不是所要的格式"),
    ("EOF while parsing", "内容不完整"),
];

/// What it means in Chinese; `None`: nobody foresaw it.
#[must_use]
pub fn zh(said: &str) -> Option<&'static str> {
    SAID.iter().find(|(en, _)| said.contains(en)).map(|(_, zh)| *zh)
}

/// A sentence with its cause: in Chinese only what is known of it.
pub fn because(zh_head: &str, en_head: &str, why: impl Display) -> Text {
    let why = why.to_string();
    let cause = zh(&why).map_or_else(String::new, |zh| format!(": {zh}"));
    Text::new(format!("{zh_head}{cause}"), format!("{en_head}: {why}"))
}

/// What a lower layer said, in both languages.
pub fn text(why: impl Display) -> Text {
    let en = why.to_string();
    Text::new(zh(&en).unwrap_or("与规则不符"), en)
}

/// A rule of admission that said no.
#[must_use]
pub fn refusal(why: &Refusal) -> Text {
    because("规则不允许", "refused", why)
}

#[cfg(test)]
mod tests {
    use taizhang_core::{cbor::CborError, entries::ReadFailed, id::EntryId};
    use taizhang_rules::certificate::Statement;
    use taizhang_store::{CommitError, OpenError};

    use super::*;
    use crate::error::{CommandError, io_text};

    /// Words in Latin letters that a Chinese sentence may hold: codes and units.
    const CODES: [&str; 12] = ["TZ1", "base45", "JSON", "UTF-8", "UTF", "X", "true", "false", "taizhang", "UDP", "QR", "CBOR"];

    fn is_chinese(text: &str) -> bool {
        let words = text.split(|c: char| !c.is_ascii_alphanumeric()).filter(|w| w.bytes().any(|b| b.is_ascii_alphabetic()));
        !text.is_ascii() && words.into_iter().all(|w| CODES.contains(&w))
    }

    #[test]
    fn no_known_refusal_or_failure_speaks_english_in_chinese() {
        let registry = [
            "a change must replace rows about the same organisation",
            "a change of an organisation that this registry did not create",
            "a root statement has 1 to 16 different keys, and a threshold between 1 and their number",
            "a root statement replaces root statements",
            "a root statement replaces its predecessor",
            "a root statement replaces its predecessor and other successors of that one",
            "not signed by enough keys of its predecessor",
            "root statement not readable",
            "a root statement stands first in its entry, in the root's registry",
            "the first root statement begins its log",
            "an organisation of this kind does not belong under this one",
            "an organisation of this kind has no such role",
            "grant not readable",
            "organisation not readable",
            "the grant does not rest on a row of its organisation",
            "the organisation's id is not that of its creation",
            "this registry does not certify that organisation's staff",
        ];
        let cbor = CborError { at: 3, what: "too long" };
        let mut refusals = vec![
            Refusal::Missing(EntryId([7; 32])),
            Refusal::Payload(cbor),
            Refusal::Signature,
            Refusal::Continuity,
            Refusal::Role,
            Refusal::OneUse,
            Refusal::Replaces,
            Refusal::RegisterTwice,
            Refusal::Depth,
            Refusal::Read(ReadFailed("index".into())),
        ];
        refusals.extend(registry.into_iter().map(Refusal::RegistryRow));
        for why in refusals {
            let text = refusal(&why);
            assert!(is_chinese(&text.zh) && text.zh.contains(':'), "{why}: {}", text.zh);
        }
        let (at, why) = ("store/journal".to_owned(), "Input/output error (os error 5)".to_owned());
        let stored = [
            OpenError::InUse { path: at.clone() }.to_string(),
            OpenError::Unusable { path: at.clone(), why: why.clone() }.to_string(),
            CommitError::NoSpace { at: at.clone() }.to_string(),
            CommitError::Refused("too large".into()).to_string(),
            CommitError::Failed { at, why }.to_string(),
        ];
        for why in stored {
            let error = CommandError::storage(&why);
            assert!(is_chinese(&error.what.zh) && error.what.zh.contains(':'), "{why}: {}", error.what.zh);
            assert!(error.what.en.contains(&why));
        }
    }

    #[test]
    fn what_nobody_foresaw_is_left_out_of_the_chinese_sentence() {
        let text = because("无法打开网络端口", "the network port cannot be opened", "frobnication failed");
        assert_eq!(
            (text.zh.as_str(), text.en.as_str()),
            ("无法打开网络端口", "the network port cannot be opened: frobnication failed")
        );
        for kind in [
            std::io::ErrorKind::NotFound,
            std::io::ErrorKind::StorageFull,
            std::io::ErrorKind::Interrupted,
            std::io::ErrorKind::Other,
        ] {
            let text = io_text(&std::io::Error::from(kind));
            assert!(is_chinese(&text.zh), "{kind:?}: {}", text.zh);
        }
        let os = io_text(&std::io::Error::from_raw_os_error(5));
        assert!(is_chinese(&os.zh) && os.zh.contains('5'), "{}", os.zh);
    }

    #[test]
    fn a_text_that_is_no_certificate_is_named_in_chinese() {
        for text in ["x", "TZ1:a", "TZ1:", "TZ1:!!"] {
            let Err(why) = Statement::read_text(text) else { continue };
            let zh = crate::commands::verify_text::broken_words(&why);
            assert!(is_chinese(&zh), "{zh}");
        }
    }
}
