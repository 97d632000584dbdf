//! Which key acts where the command does not name one: the only key on this machine that can do the job.

use taizhang_core::{
    author::grant_for,
    id::{DocId, Kind, OrgId, PublicKey},
    ledger::Ledger,
    names,
    registry::may_write,
    standing::Judge,
};

use super::conflict;
use crate::{command::Command, core::Core, error::CommandError, keyfile};

/// What the key that acts must be able to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Need {
    /// Write documents of this kind.
    Write(Kind),
    /// Write this document.
    WriteInto(DocId),
    /// Open names that are sealed here.
    Names,
}

impl Need {
    fn may(self, core: &Core, key: PublicKey, own: bool) -> bool {
        let ledger = core.ledger();
        match self {
            Self::Write(kind) => has_grant(ledger, key, |org, may| (!own || org == core.org()) && may(kind)),
            Self::WriteInto(document) => grant_for(ledger, key, &document).is_some(),
            Self::Names => opens_names(ledger, key),
        }
    }

    /// Nobody here can.
    fn error(self, core: &Core) -> Option<CommandError> {
        match self {
            Self::Write(kind) => Some(core.may_not_write(&DocId::of(core.org(), kind))),
            Self::WriteInto(document) => Some(core.may_not_write(&document)),
            // Whoever asks sees numbers instead.
            Self::Names => None,
        }
    }
}

/// What a command asks of the key that acts; `None`: nothing, or it depends on what is named.
pub(crate) fn needs(command: &Command) -> Option<Need> {
    match command {
        Command::Report(_) | Command::AuditVerify => return Some(Need::Names),
        Command::Export { kind, .. } if kind == "persons" => return Some(Need::Names),
        _ => {}
    }
    writes(command).map(Need::Write)
}

/// The kind of document that a command writes.
fn writes(command: &Command) -> Option<Kind> {
    match command {
        Command::OrgAdd { .. } | Command::Invite { .. } | Command::Org(_) | Command::Key(_) => Some(Kind::Registry),
        Command::PolicyAdopt { .. } => Some(Kind::Policy),
        Command::Record(_) => Some(Kind::Ledger),
        Command::RosterCorrect(_) => Some(Kind::Roster),
        Command::Erase { .. } => Some(Kind::Identity),
        Command::ReviewDecide { .. } | Command::PlanDecide { .. } | Command::EraseConfirm { .. } => Some(Kind::Review),
        Command::ReviewLock { .. } | Command::ReviewUnlock { .. } => Some(Kind::Review),
        Command::ReviewAccept { .. } | Command::ReviewCheckpoint { .. } => Some(Kind::Review),
        Command::CertificatePrepare { .. } | Command::CertificateConfirm { .. } => Some(Kind::Review),
        Command::CertificateWithdraw { .. } | Command::CertificateShow { .. } => Some(Kind::Review),
        Command::Describe { key, .. } => conflict::kind_of(key),
        Command::RollupPublish { .. } | Command::RollupSample { .. } => Some(Kind::Rollup),
        Command::Import(import) => match import.kind.as_str() {
            "orgs" => Some(Kind::Registry),
            "activities" => Some(Kind::Notice),
            "roster" => Some(Kind::Roster),
            "attendance" | "signin" | "registrations" | "leaves" | "corrections" => Some(Kind::Ledger),
            _ => None,
        },
        _ => None,
    }
}

/// The key that can do it, of those with a standing grant; the founder's root key has none and never acts by itself.
///
/// # Errors
/// This machine has no key, or several that fit.
pub(crate) fn choose(core: &Core, need: Option<Need>) -> Result<PublicKey, CommandError> {
    let keys = keyfile::list(core.folder())?;
    let ledger = core.ledger();
    let only = |fits: &dyn Fn(PublicKey) -> bool| keys.iter().filter(|k| fits(k.public)).collect::<Vec<_>>();
    let holds = |key| has_grant(ledger, key, |_, _| true);
    let of_own = |key| has_grant(ledger, key, |org, _| org == core.org());
    let able = |key| need.is_none_or(|need| need.may(core, key, true));
    let able_below = |key| need.is_none_or(|need| need.may(core, key, false));
    // The most fitting first: a key of this organisation that may write this, one that may elsewhere, any with a grant, any at all.
    let steps: [&dyn Fn(PublicKey) -> bool; 5] =
        [&|k| of_own(k) && able(k), &|k| holds(k) && able_below(k), &of_own, &holds, &|_| true];
    let fitting = steps.iter().map(|fits| only(fits)).find(|found| !found.is_empty()).unwrap_or_default();
    match fitting.as_slice() {
        [one] => Ok(one.public),
        [] => Err(keyfile::no_key("")),
        // To name one of several that all cannot do it would help nobody.
        several => Err(need
            .filter(|_| !several.iter().any(|k| able_below(k.public)))
            .and_then(|n| n.error(core))
            .unwrap_or_else(|| keyfile::several(several))),
    }
}

/// Has this machine a key that can do this?
pub(crate) fn somebody(core: &Core, need: Need) -> Result<bool, CommandError> {
    Ok(keyfile::list(core.folder())?.iter().any(|k| need.may(core, k.public, false)))
}

/// May this key open names of a school whose identities are here?
fn opens_names(ledger: &Ledger, key: PublicKey) -> bool {
    let judge = Judge::new(ledger);
    let sealed: Vec<[u8; 32]> = ledger.registry.grants_of(key).filter_map(|(_, g)| g.row.seal_key).collect();
    let mut identities = ledger.documents().filter(|d| d.kind == Kind::Identity);
    identities.any(|d| names::readers(ledger, &judge, d).iter().any(|to| sealed.contains(to)))
}

/// May this key write documents of a kind, of whichever organisation?
pub(crate) fn may_write_some(ledger: &Ledger, key: PublicKey, kind: Kind) -> bool {
    has_grant(ledger, key, |_, grant| grant(kind))
}

/// Does a standing grant of this key fit: its organisation, and which kinds of that organisation's documents it may write?
fn has_grant(ledger: &Ledger, key: PublicKey, fits: impl Fn(OrgId, &dyn Fn(Kind) -> bool) -> bool) -> bool {
    let judge = Judge::new(ledger);
    let mut grants = ledger.registry.grants_of(key).filter(|(name, g)| !g.row.one_use && judge.grant_is_open(name));
    grants.any(|(_, g)| fits(g.row.org, &|kind| may_write(&DocId::of(g.row.org, kind), g.row.role, g.row.org, g.org_kind)))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use taizhang_core::{
        cbor::Value,
        op::{self, PayloadBuilder},
    };

    use super::super::testkit::{Net, PASSPHRASE};
    use crate::{
        command::{Command, Unlock},
        commands::{execute, found},
        core::Core,
        error::ErrorKind,
        folder::Folder,
    };

    fn nobody() -> Unlock {
        Unlock { key: None, passphrase: Some(PASSPHRASE.to_owned()) }
    }

    fn add(code: &str) -> Command {
        Command::OrgAdd { code: code.into(), kind: "county".into(), name: "某县".into(), parent: None }
    }

    #[test]
    fn after_init_the_admin_acts_and_not_the_root_key() {
        let dir = tempfile::tempdir().unwrap();
        let folder = Folder::at(dir.path().join("city"));
        found::init(&folder, &nobody(), "429800", "某市", "city").unwrap();
        let mut core = Core::open(folder, &mut |_, _, _| {}).unwrap();
        execute(&mut core, &nobody(), &add("429801"), &mut |_| {}).unwrap();
    }

    /// What was asked to choose from; nothing where a key was chosen.
    fn choice(net: &mut Net, command: &Command) -> Option<String> {
        let error = execute(&mut net.core, &nobody(), command, &mut |_| {}).err().filter(|e| e.kind == ErrorKind::Key)?;
        assert!(error.what.zh.starts_with("本机有多个密钥: "), "{error:?}");
        Some(error.what.zh.trim_start_matches("本机有多个密钥: ").to_owned())
    }

    #[test]
    fn the_key_is_chosen_by_what_the_command_needs() {
        let mut net = Net::new();
        net.fill();
        for (who, value) in [("clerk", "语文"), ("clerk2", "数学")] {
            let mut p = PayloadBuilder::default();
            p.register("T1.subject", &op::scalar(&Value::Text(value.into())), &[]);
            net.write(who, net.roster(), p);
        }
        let prepare = Command::CertificatePrepare { teacher: None, name: None, names: None, as_of: None, replace: false };
        let settle = Command::ConflictSettle { key: "T1.subject".into(), choose: Some(1), value: None };
        let describe = |value: &str| Command::Describe { key: "T1.subject".into(), value: value.into() };
        let commands = [
            (prepare.clone(), vec!["reviewer", "reviewer2"]),
            (Command::CertificateConfirm { no: None }, vec!["reviewer", "reviewer2"]),
            (settle.clone(), vec!["clerk", "clerk2"]),
            (describe("英语"), vec!["clerk", "clerk2", "clerk3"]),
        ];
        for (command, able) in &commands {
            let mut named: Vec<String> = choice(&mut net, command).unwrap().split(", ").map(str::to_owned).collect();
            named.sort();
            assert_eq!(&named, able, "{command:?}");
        }
        ["reviewer2", "clerk2", "clerk3"].into_iter().for_each(|who| net.leave(who));
        for (command, _) in &commands {
            assert_eq!(choice(&mut net, command), None, "{command:?}");
        }
        // Nobody here may: to name one of several would help nobody.
        ["reviewer", "clerk"].into_iter().for_each(|who| net.leave(who));
        for command in [prepare, describe("德语")] {
            let error = execute(&mut net.core, &nobody(), &command, &mut |_| {}).unwrap_err();
            assert!(error.kind == ErrorKind::Refused && error.what.en.contains("may not write"), "{error:?}");
        }
    }

    #[test]
    fn names_are_opened_by_a_key_that_opens_names() {
        let mut net = Net::new();
        let persons = Command::Export {
            kind: "persons".into(),
            org: None,
            year: None,
            format: crate::command::Format::Jsonl,
            gbk: false,
            out: None,
        };
        let report = Command::Report(crate::command::Report {
            form: "form-09".into(),
            format: crate::command::Format::Jsonl,
            gbk: false,
            org: None,
            year: None,
            as_of: None,
            teacher: None,
            activity: None,
            english: false,
            public: false,
            out: None,
        });
        // There are no names yet: nobody need be asked for a key.
        execute(&mut net.core, &nobody(), &report, &mut |_| {}).unwrap();
        let sheet = net.dir.path().join("roster.csv");
        std::fs::write(&sheet, "教师编号,姓名,性别,入职日期,任教学段,任教学科\nT1,王小明,男,2012-09-01,小学,语文\n").unwrap();
        let import = crate::command::Import {
            kind: "roster".into(),
            files: vec![sheet],
            org: Some("001".into()),
            year: None,
            semester: None,
            activity: None,
            dry_run: false,
            skip_bad_rows: false,
        };
        net.run("clerk", &Command::Import(import)).unwrap();
        let named = choice(&mut net, &persons).unwrap();
        assert!(matches!(named.as_str(), "reviewer2, reviewer" | "reviewer, reviewer2"), "{named}");
        assert_eq!(choice(&mut net, &report), Some(named));
        net.leave("reviewer2");
        assert_eq!((choice(&mut net, &persons), choice(&mut net, &report)), (None, None));
    }

    #[test]
    fn the_only_key_that_can_do_the_job_and_a_question_where_two_can() {
        let mut net = Net::new();
        net.fill();
        let claimed = Command::RollupPublish { period: 2025, as_of: None };
        let error = execute(&mut net.core, &nobody(), &claimed, &mut |_| {}).unwrap_err();
        assert_eq!(error.kind, ErrorKind::Key);
        assert!(error.what.zh.starts_with("本机有多个密钥: ") && error.what.zh.contains("reviewer2"), "{error:?}");
        assert!(!error.what.zh.contains("admin"), "{error:?}");
        // Of many keys one is the admin's.
        let school = Command::OrgAdd { code: "003".into(), kind: "school".into(), name: "第三小学".into(), parent: None };
        execute(&mut net.core, &nobody(), &school, &mut |_| {}).unwrap();
        let school = Command::OrgAdd { code: "004".into(), kind: "school".into(), name: "第四小学".into(), parent: None };
        let named = Unlock { key: Some("nemo".into()), passphrase: nobody().passphrase.clone() };
        let error = execute(&mut net.core, &named, &school, &mut |_| {}).unwrap_err();
        assert_eq!(error.what.zh, "本机没有可用的密钥 nemo");
    }
}
