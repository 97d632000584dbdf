//! Who answers where a neighbour is dialled. An office's machine may have been replaced: then another key answers than the one that is remembered, and our registry,
//! perhaps a year old, does not know it. It may say who it is (docs/protocol.md §6); until then nothing is told to it.

use std::collections::BTreeSet;

use taizhang_core::{
    id::{Kind, OrgId, PublicKey},
    ledger::Ledger,
    nodes,
    rows::Role,
    standing::Judge,
};
use taizhang_net::Connection;
use taizhang_sync::{Event, Input, SessionId};

use super::{Driver, NodeEvent, dial::NeighbourId};
use crate::{commands::shown, core::Core};

/// Who answered.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Answer {
    /// Somebody with whom we go on.
    Known,
    /// Another node of the organisation whose node was remembered, or one of an organisation that is above us now (schools move, counties merge and keep the address): from now on this one is.
    Replaced,
    /// The node of another organisation than the remembered one.
    Elsewhere,
    /// A key that our registry does not certify.
    Stranger,
}

/// Who answered with this key, where that one is remembered. A newcomer knows nobody yet: it holds to the key of its invite.
pub(super) fn who(core: &Core, remembered: Option<PublicKey>, found: PublicKey) -> Answer {
    if core.hub().is_newcomer() {
        return Answer::Known;
    }
    who_answers(core.ledger(), core.org(), remembered, found)
}

fn who_answers(ledger: &Ledger, own: OrgId, remembered: Option<PublicKey>, found: PublicKey) -> Answer {
    let certified = nodes::orgs_of(ledger, &Judge::new(ledger), found);
    if certified.is_empty() {
        return Answer::Stranger;
    }
    let Some(remembered) = remembered.filter(|k| *k != found) else { return Answer::Known };
    let meant = ever_served(ledger, remembered);
    let is_above = || certified.iter().any(|o| ledger.registry.is_above(*o, own));
    if meant.is_empty() {
        // A key that no registry ever named says nothing of whom it meant.
        Answer::Known
    } else if !meant.is_disjoint(&certified) || is_above() {
        Answer::Replaced
    } else {
        Answer::Elsewhere
    }
}

/// The organisations that a node ever worked for, also one that is withdrawn.
fn ever_served(ledger: &Ledger, node: PublicKey) -> BTreeSet<OrgId> {
    let grants = ledger.registry.grants_of(node).filter(|(_, g)| g.row.role == Role::Node && !g.row.one_use);
    grants.map(|(_, g)| g.row.org).collect()
}

impl Driver {
    /// A connection stands.
    pub(super) fn connected(
        &mut self,
        connection: Connection,
        neighbour: Option<NeighbourId>,
        on_event: &mut dyn FnMut(NodeEvent),
    ) {
        let found = connection.handle.remote();
        if let Some(gone) = neighbour.filter(|n| self.dialer.is_once(*n) && !self.syncs.iter().any(|s| s.waits_for(*n))) {
            // Removed from the neighbours while it was dialled.
            connection.handle.close(0, NO_NEIGHBOUR);
            return self.dialer.closed(gone, self.core.now());
        }
        let answer = neighbour.map(|n| (n, who(&self.core, self.dialer.key(n), found)));
        if let Some((neighbour, Answer::Elsewhere)) = answer {
            connection.handle.close(0, ANOTHER_EXPECTED);
            let why = self.elsewhere(neighbour, found);
            return self.dial_failed(neighbour, why, on_event);
        }
        let is_stranger = matches!(answer, Some((_, Answer::Stranger)));
        if let Some((neighbour, Answer::Stranger)) = answer {
            self.core.note_answer(&self.dialer.address(neighbour), Some(found));
        }
        if let Some((session, remote)) = self.links.add(connection, neighbour, is_stranger) {
            self.core.step(Input::Connected { session, remote, dialer: neighbour.is_some() });
        }
    }

    /// After each event: strangers that our registry certifies by now are none, and of whom everything was heard the key is remembered.
    pub(super) fn follow_answers(&mut self, event: &Event) {
        match event {
            Event::Stored { documents, .. } if documents.iter().any(|d| d.kind == Kind::Registry) => self.meet_strangers(),
            Event::InSync { session, with, .. } => self.remember(*session, *with),
            Event::Ended { session, .. } => {
                if let Some(why) = self.stranger(*session) {
                    self.syncs.iter_mut().for_each(|s| s.closed(*session, &why));
                }
            }
            _ => {}
        }
    }

    fn meet_strangers(&mut self) {
        for (session, neighbour, found) in self.links.strangers() {
            match who(&self.core, self.dialer.key(neighbour), found) {
                Answer::Stranger => {}
                Answer::Known | Answer::Replaced => self.links.met(session),
                Answer::Elsewhere => {
                    let why = self.elsewhere(neighbour, found);
                    self.syncs.iter_mut().for_each(|s| s.closed(session, &why));
                    self.links.met(session);
                    self.links.close(session, ANOTHER_EXPECTED);
                    self.core.step(Input::Closed { session });
                }
            }
        }
    }

    fn remember(&mut self, session: SessionId, found: PublicKey) {
        let Some(neighbour) = self.links.neighbour_of(session) else { return };
        let address = self.dialer.address(neighbour);
        self.core.note_answer(&address, None);
        if who(&self.core, self.dialer.key(neighbour), found) != Answer::Replaced {
            return;
        }
        let renewed = self.core.change_settings(|s| {
            s.neighbours.iter_mut().filter(|n| n.address == address).for_each(|n| n.key = Some(found.to_string()));
        });
        match renewed {
            Ok(()) => self.dialer.set_key(neighbour, found),
            Err(error) => tracing::warn!(%error, "the new key of a neighbour is not remembered"),
        }
    }

    /// Of a session with a node that our registry does not know: what to tell people.
    pub(super) fn stranger(&self, session: SessionId) -> Option<String> {
        let (_, neighbour, found) = self.links.strangers().into_iter().find(|(s, ..)| *s == session)?;
        let address = self.dialer.address(neighbour);
        Some(format!("{address} answered with key {found}, which this node does not know; nothing was told to it"))
    }

    fn elsewhere(&self, neighbour: NeighbourId, found: PublicKey) -> String {
        let org = shown::of_node(&self.core, found).unwrap_or_default();
        format!("{} answered with the key of another organisation than the one remembered: {org}", self.dialer.address(neighbour))
    }
}

/// What a node hears that was a neighbour.
pub(super) const NO_NEIGHBOUR: &str = "no neighbour any more";

/// What the node of another organisation hears.
const ANOTHER_EXPECTED: &str = "the node of another organisation was expected here";

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests")]
    use taizhang_core::{founding::NewGrant, id::DocId, rows::Grant, units::Day};

    use super::*;
    use crate::commands::testkit::{Net, row};

    #[test]
    fn another_office_answers_for_the_remembered_one_only_if_it_is_above() {
        let (mut net, city) = Net::below_a_city();
        let other = net.beside(city, "429802", "reviewer-2");
        let (county, school) = (net.county, net.school);
        let node = |net: &mut Net, seed: u8, org: OrgId| {
            let key = PublicKey([seed; 32]);
            let basis = net.core.ledger().registry.orgs[&org].creation.name;
            let root = DocId::of(OrgId::root(net.core.network()), Kind::Registry);
            let basis = if org == city { basis.in_document(root) } else { basis.here() };
            let grant: Grant =
                NewGrant { key, role: Role::Node, office: None, org, basis, seal_key: None }.row("node", Day(20_000));
            net.put("admin", DocId::of(city, Kind::Registry), &row(&grant));
            key
        };
        let (own, renewed) = (node(&mut net, 1, county), node(&mut net, 2, county));
        let (beside, above) = (node(&mut net, 3, other), node(&mut net, 4, city));
        let who = |remembered, found| who_answers(net.core.ledger(), school, Some(remembered), found);
        assert_eq!(who(own, renewed), Answer::Replaced);
        assert_eq!(who(own, beside), Answer::Elsewhere, "a county that has nothing to do with the school");
        assert_eq!(who(beside, own), Answer::Replaced, "the county that has the school now, where another was remembered");
        assert_eq!(who(own, above), Answer::Replaced);
        assert_eq!(who_answers(net.core.ledger(), other, Some(beside), own), Answer::Elsewhere);
    }

    #[test]
    fn a_certified_node_is_known_and_no_other_whatever_is_remembered() {
        let net = Net::new();
        let own = net.core.folder().node_key().unwrap().public();
        let nobody = PublicKey([7; 32]);
        for remembered in [None, Some(own)] {
            assert_eq!(who(&net.core, remembered, own), Answer::Known);
            assert_eq!(who(&net.core, remembered, nobody), Answer::Stranger);
        }
        assert_eq!(who(&net.core, Some(nobody), own), Answer::Known, "nobody knows whom that key meant");
        assert_eq!(who(&net.core, Some(nobody), nobody), Answer::Stranger, "remembered, and not certified");
    }
}
