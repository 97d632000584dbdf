//! The signatures of a whole batch, checked at once before its entries are taken one by one.
//!
//! Which entry stands before another is guessed here, and found by `receive`: a verdict counts only for the entry that has the guessed id. So a
//! wrong guess costs time and changes nothing.

use std::collections::BTreeMap;

use taizhang_core::{
    entry::{Before, Header, SignedEntry},
    id::{EntryId, LogId},
};

use super::Hub;
use crate::{batch::WireEntry, io::SessionId, planted::Planted, session::Session};

impl Hub {
    /// For each entry its id and whether its signature is valid; nothing where `receive` will refuse it without looking, or has to look itself.
    pub(super) fn check_signatures(
        &self,
        session: SessionId,
        entries: &[WireEntry],
        signatures: &[[u8; 64]],
    ) -> Vec<Option<(EntryId, bool)>> {
        let Some(s) = self.sessions.get(&session) else { return vec![None; entries.len()] };
        let mut last = BTreeMap::new();
        let guessed: Vec<Option<SignedEntry>> =
            entries.iter().zip(signatures).map(|(wire, signature)| self.guess(s, &mut last, wire, *signature)).collect();
        let to_check: Vec<&SignedEntry> = guessed.iter().flatten().collect();
        if self.planted(Planted::SignaturesUnchecked) {
            return vec![None; entries.len()];
        }
        let network = &self.ledger.network;
        let is_valid = |n: usize| to_check.get(n).is_some_and(|e| e.is_signed(network));
        let mut valid = (self.config.spread)(to_check.len(), &is_valid).into_iter();
        guessed.iter().map(|g| g.as_ref().and_then(|e| Some((e.id, valid.next()?)))).collect()
    }

    /// The entry that this probably is, if it is new here and its author is known.
    fn guess(
        &self,
        s: &Session,
        last: &mut BTreeMap<LogId, (u64, EntryId)>,
        wire: &WireEntry,
        signature: [u8; 64],
    ) -> Option<SignedEntry> {
        if s.dead.contains(&wire.number) || !self.may_hold(s, &wire.log.document) {
            return None;
        }
        let before = match wire.start {
            Some((grant, link)) => {
                let is_known = grant.is_none_or(|g| self.ledger.place(&g.entry).is_some());
                is_known.then_some(Before::Start { grant, link })?
            }
            None => Before::Previous(self.guess_previous(last, wire)?),
        };
        let header = Header { log: wire.log, sequence: wire.sequence, before, time: wire.time };
        let entry = SignedEntry::from_parts(header, wire.payload.clone(), signature, &self.ledger.network);
        last.insert(wire.log, (wire.sequence, entry.id));
        if self.ledger.place(&entry.id).is_none() { Some(entry) } else { None }
    }

    /// Of this batch, else the only one that stands there.
    fn guess_previous(&self, last: &BTreeMap<LogId, (u64, EntryId)>, wire: &WireEntry) -> Option<EntryId> {
        let sequence = wire.sequence.checked_sub(1)?;
        match (last.get(&wire.log), self.ledger.at(&wire.log, sequence)) {
            (Some((at, id)), _) if *at == sequence => Some(*id),
            (_, [only]) => Some(*only),
            _ => None,
        }
    }
}
