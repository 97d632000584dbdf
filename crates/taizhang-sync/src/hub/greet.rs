//! The beginning of a session: who is it, what may it read, what does it want?

use taizhang_core::{
    admission::{ONE_USE_RUN, Signature},
    entries::Entries,
    entry::{Before, SignedEntry},
    id::{NetworkId, OrgId, PublicKey},
    op::Op,
    planted::{Check, is_off},
    rows::{self, Grant, Role},
    standing::Judge,
    units::Ms,
};

use super::{Fresh, Hub, Origin, hello};
use crate::{
    frame::{Kinds, VERSION},
    io::{CommitRequest, Event, SessionId},
    limits,
    planted::Planted,
    session::{Phase, Session},
};

/// A Hello.
pub(super) struct Greeting {
    pub(super) version: u64,
    pub(super) network: NetworkId,
    pub(super) org: OrgId,
    pub(super) wants: Kinds,
    pub(super) join: Option<Vec<u8>>,
}

impl Hub {
    pub(super) fn connected(&mut self, now: Ms, session: SessionId, remote: PublicKey, dialer: bool) {
        let mut s = Session::new(remote, dialer, self.config.wants, now);
        s.org = self.org_of_node(remote, None);
        let is_stranger = self.orgs_of_node(remote).is_empty();
        // Strangers who come must not hold the place of one whom we called: that may be the new machine of the office above.
        if let Some(reason) = self.is_full(is_stranger && !dialer) {
            self.effects.push_back(crate::io::Effect::Close { session, reason });
            return;
        }
        self.make_room(remote);
        self.sessions.insert(session, s);
        let frame = hello(&self.config, &self.ledger);
        self.send(session, &frame);
    }

    /// Is there no place for one more? Strangers leave enough for those that we know.
    fn is_full(&self, is_stranger: bool) -> Option<&'static str> {
        let strangers = || self.sessions.values().filter(|s| s.org.is_none() && !s.dialer).count();
        if self.sessions.len() >= limits::SESSIONS_MAX && !is_off(Check::Sessions) {
            Some("too many sessions")
        } else if is_stranger && strangers() >= limits::STRANGERS_MAX && !is_off(Check::StrangersAtOnce) {
            Some("too many nodes that are not certified")
        } else {
            None
        }
    }

    /// A node that comes again and again has lost its earlier lines, or wants all places for itself.
    fn make_room(&mut self, remote: PublicKey) {
        let of_it = || self.sessions.iter().filter(|(_, s)| s.remote == remote);
        if of_it().count() >= limits::SESSIONS_OF_NODE_MAX
            && !is_off(Check::SessionsOfNode)
            && let Some((oldest, _)) = of_it().next()
        {
            let oldest = *oldest;
            self.close(oldest, "this node has newer sessions");
        }
    }

    /// By when a session must have come further; a newcomer knows nobody's certificate yet.
    pub(super) fn deadline(&self, s: &Session) -> Option<Ms> {
        s.deadline().filter(|_| s.phase == Phase::Greeting || !self.is_newcomer())
    }

    /// Ends sessions that hold a place and say nothing, or not who they are.
    pub(super) fn close_silent(&mut self, now: Ms) {
        if is_off(Check::GreetsInTime) {
            return;
        }
        let late = self.sessions.iter().filter(|(_, s)| self.deadline(s).is_some_and(|d| d <= now));
        let late: Vec<(SessionId, Phase)> = late.map(|(id, s)| (*id, s.phase)).collect();
        for (session, phase) in late {
            let silent = phase == Phase::Greeting;
            self.close(session, if silent { "no greeting in time" } else { "not certified in time" });
        }
    }

    /// An invite in hand whose use is not in our registry yet.
    #[must_use]
    pub fn is_newcomer(&self) -> bool {
        self.config.join.as_ref().is_some_and(|j| self.ledger.place(&j.id).is_none())
    }

    pub(super) fn hello(&mut self, now: Ms, store: &dyn Entries, session: SessionId, greeting: Greeting) {
        if greeting.version != VERSION {
            return self.close(session, "another version of the protocol");
        }
        if greeting.network != self.ledger.network && !is_off(Check::HelloNetwork) {
            return self.close(session, "another network");
        }
        let Some(s) = self.sessions.get_mut(&session) else { return };
        s.wants = greeting.wants;
        s.named = Some(greeting.org);
        // A node that our registry does not know may tell us registries that do (ours may be a year old); until then it gets nothing.
        match (s.org, greeting.join) {
            (None, Some(join)) => self.join(now, store, session, &join),
            _ => self.greeted(session),
        }
    }

    /// First contact by an invite: the one entry that its one-use key may sign.
    fn join(&mut self, now: Ms, store: &dyn Entries, session: SessionId, bytes: &[u8]) {
        let Ok(entry) = SignedEntry::parse(bytes, &self.ledger.network) else {
            return self.close(session, "the invite's use is not readable");
        };
        let Some(remote) = self.sessions.get(&session).map(|s| s.remote) else { return };
        if let Err(reason) = self.may_join(now, remote, &entry) {
            return self.close(session, reason);
        }
        let mut fresh = Fresh::new(store, std::collections::BTreeMap::new());
        match self.admit(&mut fresh, entry, Signature::Check) {
            Ok(admitted) => {
                self.commit(
                    CommitRequest { entries: vec![admitted], ..CommitRequest::default() },
                    Origin::Joined { session, from: remote },
                );
            }
            Err(_) => self.close(session, "the invite is not valid here"),
        }
    }

    /// Expiry and second use are judged by the node that answers first contact, not by admission.
    fn may_join(&self, now: Ms, remote: PublicKey, entry: &SignedEntry) -> Result<(), &'static str> {
        let Before::Start { grant: Some(grant), .. } = entry.header.before else { return Err("not the use of an invite") };
        let invite = self.ledger.registry.grants.get(&grant).filter(|g| g.row.one_use).ok_or("this invite is not known here")?;
        // The use would stay here: of a registry that we may not read any more nobody gets anything from us, not even who comes with it.
        if !self.ledger.registry.may_read(self.config.org, &entry.header.log.document) {
            return Err("this invite is of another county: connect to a machine of the one that invited");
        }
        if invite.row.expires_ms.is_some_and(|e| e < now) && !self.planted(Planted::InviteExpired) {
            return Err("this invite has expired");
        }
        let judge = Judge::new(&self.ledger);
        if !judge.grant_is_open(&grant) {
            return Err("this invite was withdrawn");
        }
        // Its use would certify nobody, and could not be undone.
        if !judge.grant_holds(&grant) {
            return Err("this invite's organisation has moved: whoever has it now must invite anew");
        }
        let used = self.ledger.document(&entry.header.log.document).and_then(|d| d.logs.get(&(invite.row.key, ONE_USE_RUN)));
        if used.is_some() && !self.planted(Planted::InviteTwice) {
            return Err("this invite was used already");
        }
        let is_for_it = granted_nodes(entry).contains(&remote) || is_off(Check::InviteNode);
        if is_for_it { Ok(()) } else { Err("the invite was used for another node") }
    }

    pub(super) fn greeted(&mut self, session: SessionId) {
        let Some((remote, named)) = self.sessions.get(&session).map(|s| (s.remote, s.named)) else { return };
        let org = self.org_of_node(remote, named);
        let Some(s) = self.sessions.get_mut(&session) else { return };
        s.org = org;
        s.phase = Phase::Comparing;
        let dialer = s.dialer;
        self.take_owed(session, remote);
        self.notify(Event::Greeted { session, with: remote });
        if dialer {
            self.begin_comparison(session);
        }
    }
}

fn granted_nodes(entry: &SignedEntry) -> Vec<PublicKey> {
    let ops = taizhang_core::op::parse(&entry.payload).unwrap_or_default();
    let grants = ops.iter().filter_map(|o| match o {
        Op::Row(row) => rows::read::<Grant>(row)?.ok(),
        Op::Register(_) => None,
    });
    grants.filter(|g| g.row.role == Role::Node).map(|g| g.row.key).collect()
}
