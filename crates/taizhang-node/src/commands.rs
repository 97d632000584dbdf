//! What happens on each command: file = command. All are synchronous over [`Core`]; only the driver waits for the network.

pub(crate) mod accounts;
pub(crate) mod acting;
pub(crate) mod audit;
pub(crate) mod bundle;
pub(crate) mod certificate;
pub(crate) mod check;
pub(crate) mod conflict;
pub(crate) mod delivered;
pub(crate) mod doctor;
pub(crate) mod erase;
pub(crate) mod export;
pub(crate) mod fields;
pub mod found;
pub(crate) mod import;
pub(crate) mod invites;
pub(crate) mod key;
pub(crate) mod key_file;
pub(crate) mod neighbour;
pub(crate) mod org;
pub mod policy;
pub(crate) mod record;
pub(crate) mod report;
pub(crate) mod review;
pub(crate) mod rollup;
pub(crate) mod root;
pub(crate) mod roster;
pub mod rules;
pub mod sane;
pub(crate) mod shown;
pub(crate) mod status;
pub(crate) mod teacher;
#[cfg(test)]
pub(crate) mod testkit;
pub mod verify_text;

use std::cell::{Cell, RefCell};

use taizhang_core::id::{OrgId, PublicKey};

use self::acting::Need;
use crate::{
    command::{Command, Message, Reply, Unlock},
    core::Core,
    error::{CommandError, ErrorKind, Text},
    keyfile::{self, Person},
    keyring,
};

/// What a command has besides its own fields.
pub(crate) struct Context<'a> {
    pub(crate) core: &'a mut Core,
    pub(crate) unlock: &'a Unlock,
    pub(crate) tell: &'a mut dyn FnMut(Message),
    /// What is asked of the key that acts.
    need: Cell<Option<Need>>,
    /// The key that the matter itself asks for, if it is here.
    meant: Cell<Option<PublicKey>>,
    /// Who was unlocked for this command.
    unlocked: RefCell<Option<Person>>,
}

impl Context<'_> {
    /// Unlocks the key that acts.
    pub(crate) fn person(&self) -> Result<Person, CommandError> {
        if let Some(person) = self.unlocked.borrow().as_ref() {
            return Ok(person.again());
        }
        let public = self.acting_key()?;
        let passphrase = self.unlock.passphrase.as_deref().ok_or_else(|| {
            CommandError::new(ErrorKind::Key, "需要口令", "a passphrase is needed")
                .hint("用 --passphrase-file 给出口令文件", "give a file with --passphrase-file")
        })?;
        let person = keyfile::unlock(self.core.folder(), public, passphrase)?;
        self.unlocked.replace(Some(person.again()));
        Ok(person)
    }

    pub(crate) fn note(&mut self, zh: impl Into<String>, en: impl Into<String>) {
        (self.tell)(Message::Note(Text::new(zh, en)));
    }

    /// The key that acts: the one named, else the only one here that can do the job.
    pub(crate) fn acting_key(&self) -> Result<PublicKey, CommandError> {
        match &self.unlock.key {
            Some(wanted) => keyfile::find(self.core.folder(), wanted),
            None => self.meant.get().map_or_else(|| acting::choose(self.core, self.need.get()), Ok),
        }
    }

    pub(crate) fn progress(&mut self, what: &str, done: u64, total: u64) {
        (self.tell)(Message::Progress { what: what.to_owned(), done, total });
    }

    /// The organisation with this code or id.
    pub(crate) fn org(&self, named: &str) -> Result<OrgId, CommandError> {
        let registry = &self.core.ledger().registry;
        let by_id = OrgId::from_hex(named).filter(|o| registry.orgs.contains_key(o));
        by_id.or_else(|| registry.by_code(named)).ok_or_else(|| {
            if self.core.is_before_first_sync() {
                return crate::core::before_first_sync();
            }
            CommandError::not_found(
                format!("没有代码为 {named} 的机构, 或不止一个"),
                format!("there is no organisation {named}, or more than one"),
            )
            .hint("taizhang org list 列出机构", "`taizhang org list` lists them")
        })
    }

    /// The organisation named, else this node's.
    pub(crate) fn org_or_own(&self, named: Option<&str>) -> Result<OrgId, CommandError> {
        named.map_or_else(|| Ok(self.core.org()), |n| self.org(n))
    }
}

/// Runs a command that needs no network.
///
/// # Errors
/// As each command says.
pub fn execute(
    core: &mut Core,
    unlock: &Unlock,
    command: &Command,
    tell: &mut dyn FnMut(Message),
) -> Result<Reply, CommandError> {
    sane::check(command, core.now().day())?;
    let mut c = Context {
        core,
        unlock,
        tell,
        need: Cell::new(acting::needs(command)),
        meant: Cell::new(None),
        unlocked: RefCell::default(),
    };
    let reply = perform(&mut c, command);
    if let Some(person) = c.unlocked.take() {
        if let Err(error) = keyring::share(c.core, &person) {
            tracing::warn!(%error, "teachers' keys were not wrapped to newcomers");
        }
        if reply.is_ok() {
            invites::remind(&mut c, person.key.public(), command);
        }
    }
    reply
}

fn perform(c: &mut Context<'_>, command: &Command) -> Result<Reply, CommandError> {
    match command {
        Command::OrgAdd { code, kind, name, parent } => org::add(c, code, kind, name, parent.as_deref()),
        Command::OrgList => org::list(c),
        Command::Org(change) => org::change::run(c, change),
        Command::Root(step) => root::run(c, step),
        Command::KeyFile(what) => key_file::run(c, what),
        Command::Invite { org, role, office, expires_ms, address } => {
            org::invite(c, org, role, office.as_deref(), *expires_ms, address.as_deref())
        }
        Command::Invites { org } => invites::list(c, org.as_deref()),
        Command::Key(asked) => key::run(c, asked),
        Command::Import(import) => import::run(c, import),
        Command::Export { kind, org, year, format, gbk, out } => {
            export::run(c, kind, org.as_deref(), *year, *format, *gbk, out.as_deref())
        }
        Command::Report(asked) => report::run(c, asked),
        Command::Record(record) => record::run(c, record),
        Command::RosterCorrect(correction) => roster::correct(c, correction),
        Command::Describe { key, value } => conflict::describe(c, key, value),
        Command::Status => status::run(c),
        Command::Teacher { number } => teacher::run(c, number),
        Command::TeacherExplain { number, as_of } => teacher::explain(c, number, as_of.as_deref()),
        Command::CertificatePrepare { teacher, name, names, as_of, replace } => {
            let (teacher, name, names, as_of) = (teacher.as_deref(), name.as_deref(), names.as_deref(), as_of.as_deref());
            certificate::prepare(c, &certificate::Asked { teacher, name, names, as_of, replace: *replace })
        }
        Command::CertificateConfirm { no } => certificate::confirm(c, no.as_deref()),
        Command::CertificateWithdraw { no, reason } => certificate::withdraw(c, no, reason),
        Command::CertificateShow { named, text, qr, name } => certificate::show(c, named, *text || *qr, *qr, name.as_deref()),
        Command::VerifyText { text, network } => verify_text::run(c, text, network.as_deref()),
        Command::PolicyList => policy::list(c),
        Command::PolicyShow { policy } => policy::show(&policy::Shelf::load(c.core)?, policy),
        Command::PolicyCheck { policy } => policy::check(&policy::Shelf::load(c.core)?, policy),
        Command::PolicyAdopt { policy, from, overlay_of, stages, orgs, replace, reason } => {
            let (overlay_of, reason, replace) = (overlay_of.as_deref(), reason.as_deref(), *replace);
            policy::adopt(c, &policy::Wanted { policy, from, overlay_of, stages, orgs, replace, reason })
        }
        Command::PolicyDiff { old, new, as_of } => policy::diff(c, old, new, as_of.as_deref()),
        Command::ConflictList => conflict::list(c),
        Command::ConflictSettle { key, choose, value } => conflict::settle(c, key, *choose, value.as_deref()),
        Command::ReviewList { org } => review::list(c, org.as_deref()),
        Command::ReviewDecide { verdict, rows, sheet, claimed, org, reason } => {
            review::decide(c, verdict, rows, sheet.as_deref(), (*claimed, org.as_deref()), reason.as_deref())
        }
        Command::ReviewLock { org, all, year, even_pending, reason } => {
            let (org, reason) = (org.as_deref(), reason.as_deref());
            review::lock::lock(c, &review::lock::Asked { org, all: *all, year: *year, even_pending: *even_pending, reason })
        }
        Command::ReviewUnlock { org, year, reason } => review::lock::unlock(c, org, *year, reason),
        Command::ReviewLate { org } => review::late::list(c, org.as_deref()),
        Command::ReviewAccept { entries, reason } => review::late::accept(c, entries, reason),
        Command::ReviewCheckpoint { month } => review::lock::checkpoint(c, month.as_deref()),
        Command::PlanList { org, all } => review::plans::list(c, org.as_deref(), *all),
        Command::PlanDecide { verdict, plans, day, retroactive, reason } => {
            let (day, reason) = (day.as_deref(), reason.as_deref());
            review::plans::decide(c, &review::plans::Said { verdict, plans, day, retroactive: *retroactive, reason })
        }
        Command::RollupPublish { period, as_of } => rollup::publish(c, *period, as_of.as_deref()),
        Command::RollupSample { id, k } => rollup::sample(c, id, *k),
        Command::RollupList { org } => rollup::list(c, org.as_deref()),
        Command::RollupShow { id } => rollup::show(c, id),
        Command::RollupVerify { id, deep, sample, seed } => rollup::verify(c, id, *deep, *sample, seed.as_deref()),
        Command::Erase { teacher, reason } => erase::ask(c, teacher, reason),
        Command::EraseConfirm { teacher } => erase::confirm(c, teacher),
        Command::EraseList => erase::list(c),
        Command::Neighbour(what) => neighbour::run(c, what),
        Command::Bundle(what) => bundle::run(c, what),
        Command::AuditVerify => audit::verify(c),
        Command::AuditExport { out, jsonl, org } => audit::export(c, out, *jsonl, org.as_deref()),
        Command::AuditHistory { record, activity } => audit::history(c, record, activity.as_deref()),
        Command::Doctor => doctor::run(c),
        Command::Check { rebuild, accept_loss } => check::run(c, *rebuild, *accept_loss),
        Command::Join { invite, label } => found::join_running(c.core, c.unlock, invite.reveal(), label.as_deref()),
        Command::Init { .. } | Command::Sync { .. } | Command::Links { .. } | Command::Stop => {
            Err(CommandError::new(ErrorKind::Usage, "此命令不能在这里执行", "this command cannot run here"))
        }
    }
}
