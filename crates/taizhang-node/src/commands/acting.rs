//! Which key acts where the command does not name one: the only key on this machine that can do the job.

use taizhang_core::{
    id::{DocId, Kind, OrgId, PublicKey},
    ledger::Ledger,
    registry::may_write,
    standing::Judge,
};

use crate::{command::Command, core::Core, error::CommandError, keyfile};

/// The kind of document that a command writes; `None`: nothing, or it depends on what is named.
pub(crate) fn writes(command: &Command) -> Option<Kind> {
    match command {
        Command::OrgAdd { .. } | Command::Invite { .. } | Command::Org(_) | Command::Key(_) => Some(Kind::Registry),
        Command::PolicyAdopt { .. } => Some(Kind::Policy),
        Command::Record(_) => Some(Kind::Ledger),
        Command::Erase { .. } => Some(Kind::Identity),
        Command::ReviewDecide { .. } | Command::PlanDecide { .. } | Command::EraseConfirm { .. } => Some(Kind::Review),
        Command::ReviewLock { .. } | Command::ReviewUnlock { .. } => Some(Kind::Review),
        Command::ReviewAccept { .. } | Command::ReviewCheckpoint { .. } => Some(Kind::Review),
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
pub(crate) fn choose(core: &Core, kind: Option<Kind>) -> Result<PublicKey, CommandError> {
    let keys = keyfile::list(core.folder())?;
    let ledger = core.ledger();
    let only = |fits: &dyn Fn(PublicKey) -> bool| keys.iter().filter(|k| fits(k.public)).collect::<Vec<_>>();
    let holds = |key| has_grant(ledger, key, |_, _| true);
    let of_own = |key| has_grant(ledger, key, |org, _| org == core.org());
    let able = |key| kind.is_none_or(|kind| has_grant(ledger, key, |org, grant| org == core.org() && grant(kind)));
    let able_below = |key| kind.is_none_or(|kind| has_grant(ledger, key, |_, grant| grant(kind)));
    // The most fitting first: a key of this organisation that may write this, one that may elsewhere, any with a grant, any at all.
    let steps: [&dyn Fn(PublicKey) -> bool; 5] =
        [&|k| of_own(k) && able(k), &|k| holds(k) && able_below(k), &of_own, &holds, &|_| true];
    let fitting = steps.iter().map(|fits| only(fits)).find(|found| !found.is_empty()).unwrap_or_default();
    match fitting.as_slice() {
        [one] => Ok(one.public),
        [] => Err(keyfile::no_key("")),
        several => Err(keyfile::several(several)),
    }
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
