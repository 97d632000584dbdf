//! What a person may type: checked before anything is signed, because what is signed stays.

use taizhang_core::units::Day;

use crate::{
    command::{Command, OrgChange, Record},
    error::CommandError,
    personal,
};

/// Years with training records, at most.
const YEARS: std::ops::RangeInclusive<u16> = 1990..=2100;
/// Hundredths of an hour of one training: 10,000 hours.
const H100_MAX: u32 = 1_000_000;

/// Bytes of an organisation's name: as a row it has room many times over.
const NAME_BYTES_MAX: usize = 200;
/// Bytes of what a key or a post is called.
pub(super) const LABEL_BYTES_MAX: usize = 60;

/// Refuses what no office means.
///
/// # Errors
/// Which value cannot be meant, and what it should look like.
pub fn check(command: &Command, today: Day) -> Result<(), CommandError> {
    match command {
        Command::Init { code, name, .. } | Command::OrgAdd { code, name, .. } => org(code, name),
        Command::Org(OrgChange::Rename { name, .. }) => org("0", name),
        Command::Org(OrgChange::Recode { code, .. }) => org(code, "x"),
        Command::Invite { address: Some(address), .. } => invite_address(address),
        Command::Sync { address: Some(address), .. } => host_port(address),
        Command::Record(record) => training(record, today),
        Command::RollupPublish { period, .. } => year(*period, today),
        Command::ReviewLock { year: locked, .. } | Command::ReviewUnlock { year: locked, .. } => year(*locked, today),
        _ => Ok(()),
    }
}

/// An organisation's code and name.
pub(super) fn org(code: &str, name: &str) -> Result<(), CommandError> {
    let is_code = (1..=40).contains(&code.len()) && code.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_' || b == b'-');
    if !is_code {
        return Err(CommandError::not_found(format!("机构代码 {code:?} 不对"), format!("{code:?} is no organisation's code"))
            .hint(
                "只能有字母、数字、横线和下划线, 1 至 40 位, 例如 429801",
                "letters, digits, - and _ only, 1 to 40 of them, such as 429801",
            ));
    }
    if name.trim().is_empty() || name.chars().any(char::is_control) {
        return Err(CommandError::not_found("机构名称不能为空", "the name must not be empty")
            .hint("用 --name 写明, 例如 --name 青林县", "give it with --name"));
    }
    if name.len() > NAME_BYTES_MAX {
        return Err(CommandError::not_found(
            format!("机构名称太长: 最多 {NAME_BYTES_MAX} 字节"),
            format!("the name is too long: {NAME_BYTES_MAX} bytes at most"),
        )
        .hint("请写简称", "give a shorter one"));
    }
    personal::check_text("name", name)
}

fn year(period: u16, today: Day) -> Result<(), CommandError> {
    if YEARS.contains(&period) && period <= today.year().saturating_add(1) {
        return Ok(());
    }
    Err(CommandError::not_found(format!("年度 {period} 不对"), format!("there is no year {period} to state"))
        .hint(format!("例如 {}", today.year()), format!("such as {}", today.year())))
}

fn training(record: &Record, today: Day) -> Result<(), CommandError> {
    if !(1..=H100_MAX).contains(&record.h100) {
        let n = record.h100;
        return Err(CommandError::not_found(format!("--h100 {n} 不对"), format!("--h100 {n} cannot be meant")).hint(
            "单位是百分之一学时: 1.5 学时写 150; 须大于 0, 不超过 10000 学时",
            "hundredths of a class hour: 150 is 1.5 hours; above 0, and 10,000 hours at most",
        ));
    }
    // What is no date is for the command itself to say.
    let days = [record.start.as_deref(), Some(record.end.as_str())].into_iter().flatten().filter_map(Day::parse_iso);
    for day in days {
        if !YEARS.contains(&day.year()) || day > Day(today.0.saturating_add(366)) {
            return Err(CommandError::not_found(format!("日期 {day} 不对"), format!("{day} cannot be meant"))
                .hint("应在 1990 年以后, 且不晚于一年之内", "not before 1990, and not more than a year ahead"));
        }
    }
    Ok(())
}

/// `HOST:PORT`, or `NODEKEY@HOST:PORT`.
fn invite_address(text: &str) -> Result<(), CommandError> {
    match text.split_once('@') {
        Some((key, host)) if taizhang_core::id::PublicKey::from_hex(key).is_some() && is_host_port(host) => Ok(()),
        None if is_host_port(text) => Ok(()),
        _ => Err(bad_address(text, "HOST:PORT 或 节点公钥@HOST:PORT", "HOST:PORT or NODEKEY@HOST:PORT")),
    }
}

/// Bytes of an address, at most: it is part of a note's key.
const ADDRESS_BYTES_MAX: usize = 240;

/// `HOST:PORT`, as it is dialled.
pub(super) fn host_port(text: &str) -> Result<(), CommandError> {
    if is_host_port(text) { Ok(()) } else { Err(bad_address(text, "HOST:PORT", "HOST:PORT")) }
}

fn is_host_port(text: &str) -> bool {
    let Some((host, port)) = text.rsplit_once(':') else { return false };
    let is_v6 = host.strip_prefix('[').and_then(|h| h.strip_suffix(']')).is_some_and(|h| h.parse::<std::net::Ipv6Addr>().is_ok());
    let is_name = !host.is_empty() && host.bytes().all(|b| b.is_ascii_graphic() && !b":/@[]".contains(&b));
    text.len() <= ADDRESS_BYTES_MAX
        && (is_v6 || is_name)
        && port.bytes().all(|b| b.is_ascii_digit())
        && port.parse::<u16>().is_ok_and(|p| p > 0)
}

fn bad_address(text: &str, zh: &str, en: &str) -> CommandError {
    CommandError::not_found(format!("地址 {text} 不对, 应为 {zh}"), format!("{text} is no address: {en}"))
        .hint("例如 city.example:7433", "such as city.example:7433")
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::*;

    fn today() -> Day {
        Day::parse_iso("2026-11-22").unwrap()
    }

    fn record(h100: u32, start: Option<&str>, end: &str) -> Command {
        Command::Record(Record {
            teacher: "T1".into(),
            activity: None,
            title: Some("培训".into()),
            organiser: None,
            kind: None,
            h100,
            start: start.map(str::to_owned),
            end: end.into(),
            assessment: None,
            note: None,
            again: false,
        })
    }

    #[test]
    fn values_that_nobody_means_are_refused_with_a_hint() {
        let org = |code: &str, name: &str| Command::OrgAdd {
            code: code.into(),
            kind: "school".into(),
            name: name.into(),
            parent: None,
        };
        let init = |code: &str, name: &str| Command::Init {
            code: code.into(),
            kind: "city".into(),
            name: name.into(),
            root_keys: 1,
            root_threshold: 1,
        };
        let invite = |address: &str| Command::Invite {
            org: "1".into(),
            role: "clerk".into(),
            office: None,
            expires_ms: 1,
            address: Some(address.into()),
        };
        let sync = |address: &str| Command::Sync { address: Some(address.into()), timeout_ms: 1 };
        let publish = |period| Command::RollupPublish { period, as_of: None };
        let long = "9".repeat(41);
        let (long_name, phone) = ("校".repeat(67), "青林县 13812345678");
        let key = "ab".repeat(32);
        let good = [
            org("42980_1-A", "甲"),
            init("1", "b"),
            invite("a.example:7433"),
            invite("[::1]:1"),
            invite(&format!("{key}@h:1")),
            sync("127.0.0.1:7433"),
            record(1, None, "2027-11-22"),
            record(1_000_000, Some("1990-01-01"), "1990-01-02"),
            publish(1990),
            publish(2027),
        ];
        for command in good {
            assert_eq!(check(&command, today()), Ok(()), "{command:?}");
        }
        let bad = [
            org("", "甲"),
            org("a b", "甲"),
            org("县", "甲"),
            org("a/../b", "甲"),
            org(&long, "甲"),
            org("1", ""),
            org("1", "  "),
            org("1", "a\nb"),
            org("1", &long_name),
            init("", "甲"),
            init("1", ""),
            invite(""),
            invite("host"),
            invite("host:"),
            invite("host:0"),
            invite("host:65536"),
            invite(":7433"),
            invite("http://host:1"),
            invite("::1:7433"),
            invite("key@host:1"),
            sync("127.0.0.1"),
            sync("host:+1"),
            record(0, None, "2026-01-01"),
            record(1_000_001, None, "2026-01-01"),
            record(u32::MAX, None, "2026-01-01"),
            record(1, None, "2027-11-24"),
            record(1, None, "1989-12-31"),
            record(1, Some("1980-01-01"), "2026-01-01"),
            publish(0),
            publish(1989),
            publish(2028),
            publish(u16::MAX),
        ];
        for command in bad {
            let error = check(&command, today()).unwrap_err();
            assert_eq!(error.kind.exit_code(), 2, "{command:?}");
            assert!(error.hint.is_some(), "{command:?}");
        }
        let error = check(&org("1", phone), today()).unwrap_err();
        assert!(error.what.en.contains("telephone number") && error.hint.is_some(), "{error:?}");
    }
}
