//! Why nothing was synced, in both languages: what the transport and the other node say, and which of it is a refusal.

use crate::error::{CommandError, ErrorKind, Text};

/// Beginnings or parts of what is said in English, what it means in Chinese, and whether a rule said no.
const REASONS: &[(&str, &str, bool)] = &[
    ("this invite was used already", "这个邀请已被使用", true),
    ("this invite has expired", "邀请已过期", true),
    ("this invite was withdrawn", "这个邀请已被撤回", true),
    ("this invite's organisation has moved", "邀请发出后单位已划转, 请由现在的上级重新邀请", true),
    ("this invite is of another county", "这个邀请是别的县发出的, 请连接发出邀请的单位的节点", true),
    ("this invite is not known here", "对方不认识这个邀请", true),
    ("the invite is not valid here", "这个邀请在对方无效", true),
    ("the invite was used for another node", "这个邀请已用于另一台电脑", true),
    ("another network", "对方属于另一个台账网络", true),
    ("is not certified", "对方不认可本机的密钥 (未获授权, 或已被停用、作废)", true),
    ("no longer certified", "本机的密钥已被停用或作废", true),
    ("not the use of an invite", "这个邀请无法使用", true),
    ("does not know this node's key", "此节点未被认可", true),
    (STRANGER, "应答的节点不在本机的名册中, 没有向它发送任何内容", true),
    (ELSEWHERE, "应答的是另一机构的节点, 不是本机所记的那一个", true),
    ("was expected here", "对方不是所要联系的机构", false),
    ("links are cut", "联网已被切断", false),
    ("no answer from", "对方没有应答; 请检查对方是否开机、地址是否正确、防火墙是否允许 UDP", false),
    ("answered with key", "应答的不是所指的节点; 请核对地址", false),
    ("takes no more connections", "对方连接已满, 请稍后再试", false),
    ("speaks another protocol", "对方不是台账节点, 或两边程序版本相差太大", false),
    ("no address one can connect to", "地址无法使用; 请检查主机和端口", false),
    ("no such host", "找不到此主机", false),
    ("failed to lookup address", "找不到此主机", false),
    ("invalid socket address", "地址应为 HOST:PORT", false),
    ("invalid port", "端口不对", false),
    ("timeout", "等待超时", false),
    ("is shutting down", "对方正在停止, 请稍后再试", false),
    ("let go of the connection", "对方已断开连接", false),
    ("has restarted", "对方已重新启动, 请再试", false),
    ("nothing arrived for too long", "长时间没有收到数据, 线路可能已断", false),
    ("waited for a first frame", "对方没有等到本机的数据", false),
    ("could not be read", "数据无法识别; 两边程序版本可能不同", false),
    ("connection is gone", "连接已断开", false),
    ("too many sessions", "对方连接已满, 请稍后再试", false),
    ("too many attachments", "对方同时收到的附件太多, 请稍后再试", false),
    ("too many frames", "对方正忙, 请稍后再试", false),
    ("has newer sessions", "本机已另外连接对方", false),
    ("too slow to read", "线路太慢, 对方已断开", false),
    ("network unreachable", "网络不通", false),
    ("UDP socket", "无法打开网络端口", false),
];

/// What is said of a node that answered and that our registry does not know.
const STRANGER: &str = "which this node does not know";
/// What is said of a node of another organisation than the one that is remembered.
const ELSEWHERE: &str = "the key of another organisation";

/// The same of whoever wrote a bundle.
const CARRIED: &[(&str, &str)] = &[
    ("not certified", "写出它的节点未获授权"),
    ("no longer certified", "写出它的节点已被停用或作废"),
    ("another network", "属于另一个台账网络"),
    ("another version", "由另一版本的程序生成"),
    ("receipt", "回执不对"),
    ("without its end", "内容不全"),
    ("storage failed", "本机保存失败"),
];

fn known(why: &str) -> Option<&'static (&'static str, &'static str, bool)> {
    let why = why.to_ascii_lowercase();
    REASONS.iter().find(|(en, ..)| why.contains(&en.to_ascii_lowercase()))
}

/// The reason in both languages; what nobody foresaw is called a broken line in Chinese.
#[must_use]
pub fn text(why: &str) -> Text {
    Text::new(known(why).map_or("连接未成功", |(_, zh, _)| zh), why)
}

/// Why a bundle was not read to its end: the hub says the same of a node that is connected.
#[must_use]
pub fn carried(why: &str) -> Text {
    let zh = CARRIED.iter().find(|(en, _)| why.contains(en)).map(|(_, zh)| *zh);
    Text::new(zh.unwrap_or("内容不合规则"), why)
}

/// Nothing was synced for this reason.
pub(super) fn error(why: &str) -> CommandError {
    let said = text(why);
    if !known(why).is_some_and(|(.., refused)| *refused) {
        let (zh, en) = (format!("没有同步成功: {}", said.zh), format!("nothing was synced: {why}"));
        return CommandError::new(ErrorKind::NotReachable, zh, en).hint(
            "已录入的内容都保存在本机, 连上网后再试",
            "everything recorded is safe on this machine; try again when a path opens",
        );
    }
    if why.contains(STRANGER) || why.contains(ELSEWHERE) {
        return CommandError::new(ErrorKind::Refused, said.zh, said.en).hint(
            "请核对地址 (taizhang neighbour list), 并向对方核实是否换过电脑; 地址已归另一单位的, 用 taizhang neighbour remove 去掉后再用 neighbour add 记下",
            "check the address (`taizhang neighbour list`), and ask the office itself whether it has a new machine; where another office has the address now, take it out with `taizhang neighbour remove` and keep it anew with `neighbour add`",
        );
    }
    CommandError::new(ErrorKind::Refused, said.zh, said.en).hint(
        "请上级管理员另发一份邀请, 在新目录中加入 (--data)",
        "ask the admin above for another invite, and join with it in a new folder (--data)",
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_an_invite_failed_for_is_a_refusal_and_a_broken_line_is_not() {
        for (why, zh, exit) in [
            ("this invite was used already", "这个邀请已被使用", 1),
            ("this invite has expired", "邀请已过期", 1),
            (
                "the handshake with 1.2.3.4:5 failed: the other node does not know this node's key; ask its administrator",
                "此节点未被认可",
                1,
            ),
            ("this node's key is not certified in our registry", "对方不认可本机的密钥", 1),
            ("the connection is gone: links are cut", "没有同步成功: 联网已被切断", 5),
            ("no answer from 1.2.3.4:5 within 5000 ms; is it on?", "没有同步成功: 对方没有应答", 5),
            ("the connection is gone", "没有同步成功: 连接已断开", 5),
            ("timeout", "没有同步成功: 等待超时", 5),
            ("something new", "没有同步成功: 连接未成功", 5),
            (
                "1.2.3.4:5 answered with key ab, which this node does not know; nothing was told to it",
                "应答的节点不在本机的名册中",
                1,
            ),
            ("1.2.3.4:5 answered with the key of another organisation than the one remembered: 429801", "应答的是另一机构", 1),
            ("takes no more connections of nodes that it does not know", "没有同步成功: 对方连接已满", 5),
            ("", "没有同步成功: 连接未成功", 5),
        ] {
            let error = error(why);
            assert!(error.what.zh.starts_with(zh), "{error:?}");
            assert_eq!(error.kind.exit_code(), exit, "{error:?}");
            assert!(!error.what.zh.bytes().any(|b| b.is_ascii_lowercase()), "{error:?}");
            assert!(error.what.en.ends_with(why));
        }
    }
}
