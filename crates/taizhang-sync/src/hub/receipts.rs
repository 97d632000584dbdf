//! Receipts: signed by the receiving node, only of what changed since the last, at most one a minute.

use std::collections::BTreeSet;

use taizhang_core::{
    id::{DocId, EntryId, PublicKey},
    ledger::Ledger,
    planted::{Check, is_off},
    receipt::Receipt,
    units::Ms,
};

use super::{Hub, Origin};
use crate::{
    frame::{Frame, WireReceipt},
    io::{CommitRequest, Event, SessionId},
    limits,
    session::{Phase, Session},
    tips,
};

impl Hub {
    /// The next moment at which a receipt is due, or somebody has been silent for too long; none while a commit is under way, whose end offers it.
    #[must_use]
    pub fn poll_timeout(&self) -> Option<Ms> {
        if self.under_way.is_some() {
            return None;
        }
        let waiting =
            self.sessions.values().filter(|s| s.org.is_some() && !s.touched.is_empty() && !s.incoming && s.has_sent_all());
        let due = waiting.filter_map(|s| s.last_receipt.map(|l| Ms(l.0.saturating_add(self.config.receipt_interval_ms))));
        due.chain(self.sessions.values().filter_map(|s| self.deadline(s))).min()
    }

    /// Takes in a receipt read back from the store.
    pub fn load_receipt(&mut self, receipt: Receipt) {
        for (document, _) in receipt.documents.clone() {
            self.file_receipt(document, &receipt);
        }
    }

    /// The receipts held: by node and document, the one that covers most.
    pub fn receipts(&self) -> impl Iterator<Item = (&PublicKey, &DocId, &Receipt)> {
        self.receipts.iter().map(|((node, document), r)| (node, document, r))
    }

    pub(super) fn timeout(&mut self, now: Ms) {
        self.close_silent(now);
        let ids: Vec<SessionId> = self.sessions.keys().copied().collect();
        ids.into_iter().for_each(|s| self.offer_receipt(now, s));
    }

    /// Signs what is durable here of the documents that this session brought, once the other has all of them too: it could not read the receipt else.
    pub(super) fn offer_receipt(&mut self, now: Ms, session: SessionId) {
        let Some(s) = self.sessions.get(&session) else { return };
        if s.org.is_some() && s.has_sent_all() && !s.incoming {
            self.sign_receipt(now, session);
        }
    }

    /// Takes in the key of a note read back from the store: a receipt was owed when the program ended.
    pub fn load_owed(&mut self, key: &[u8]) {
        let parts = key.strip_prefix(OWED).and_then(<[u8]>::split_first_chunk::<32>);
        if let Some((node, document)) = parts
            && let Some(document) = DocId::from_bytes(document)
        {
            self.owed.entry(PublicKey(*node)).or_default().insert(document);
        }
    }

    /// What the store keeps of a receipt owed: that it is owed, or nothing.
    pub(super) fn owed_note(&self, node: &PublicKey, document: &DocId) -> (Vec<u8>, Option<Vec<u8>>) {
        let of_session = |s: &Session| s.remote == *node && s.touched.contains(document);
        let is_owed = self.owed.get(node).is_some_and(|d| d.contains(document)) || self.sessions.values().any(of_session);
        (key_of(OWED, node, document), is_owed.then(Vec::new))
    }

    /// A session that ends owes receipts of what it brought; the next one with this node gives them, also after a restart. Nodes without a certificate brought nothing.
    pub(super) fn keep_owed(&mut self, s: &Session) {
        let kept: Vec<DocId> = s.touched.iter().filter(|d| self.ledger.document(d).is_some()).copied().collect();
        if s.org.is_some() && !kept.is_empty() {
            self.owed.entry(s.remote).or_default().extend(kept);
        }
    }

    /// Is anything of it here that counts? A receipt of nothing would end the other's session.
    pub(super) fn is_here(&self, document: &DocId) -> bool {
        self.ledger.counts(document)
    }

    /// What the last session owed, as far as it still concerns this one.
    pub(super) fn take_owed(&mut self, session: SessionId, remote: PublicKey) {
        let Some(s) = self.sessions.get(&session).filter(|s| s.org.is_some()) else { return };
        let Some(mut owed) = self.owed.remove(&remote) else { return };
        // What counts as nothing now may count again: it stays owed.
        let later: BTreeSet<DocId> = owed.extract_if(.., |d| !self.is_here(d) && self.ledger.document(d).is_some()).collect();
        let others = owed.extract_if(.., |d| !self.shares(s, d) || !self.is_here(d)).map(|d| (remote, d)).collect::<Vec<_>>();
        self.unnoted.extend(others);
        if !later.is_empty() {
            self.owed.insert(remote, later);
        }
        if let Some(s) = self.sessions.get_mut(&session) {
            s.touched.extend(owed);
        }
    }

    pub(super) fn sign_receipt(&mut self, now: Ms, session: SessionId) {
        let Some(s) = self.sessions.get_mut(&session) else { return };
        let waited = s.last_receipt.is_none_or(|l| now.0.saturating_sub(l.0) >= self.config.receipt_interval_ms);
        if s.touched.is_empty() || !waited {
            return;
        }
        let mut documents = Vec::new();
        let mut tips = 0;
        while let Some(document) = s.touched.first().copied() {
            let mut open = self.ledger.open_tips(&document);
            if documents.len() == limits::RECEIPT_DOCUMENTS_MAX
                || (tips + open.len() > limits::RECEIPT_TIPS_MAX && !documents.is_empty())
            {
                break;
            }
            s.touched.remove(&document);
            self.unnoted.insert((s.remote, document));
            // What was brought may count as nothing by now: it stays owed until it counts again.
            if open.is_empty() {
                if self.ledger.document(&document).is_some() {
                    self.owed.entry(s.remote).or_default().insert(document);
                }
                continue;
            }
            open.truncate(limits::RECEIPT_TIPS_MAX);
            tips += open.len();
            documents.push((document, open));
        }
        if documents.is_empty() {
            return;
        }
        s.last_receipt = Some(now);
        self.receipts_signed += 1;
        let counter = u64::from(self.config.receipt_epoch) << 32 | u64::from(self.receipts_signed);
        let receipt = Receipt::sign(&self.config.node, &self.ledger.network, counter, now, documents);
        self.send(session, &Frame::Receipt(wire(&receipt)));
    }

    pub(super) fn receipt(&mut self, session: SessionId, wire: WireReceipt) {
        let Some(s) = self.sessions.get(&session) else { return };
        let (from, carried) = (s.remote, s.phase == Phase::Reading);
        let speaks_of = |d: &DocId| self.shares(s, d) || is_off(Check::ReceiptScope);
        let (is_fair, in_scope) = (is_fair(&wire), wire.documents.iter().all(|(d, _)| speaks_of(d)));
        // A file was written by an older registry perhaps; all other receipts in it count.
        if is_fair && !in_scope && carried {
            return;
        }
        if !is_fair || !in_scope {
            return self.close(session, "a receipt of what it may not speak of");
        }
        // A receipt that names entries we do not have cannot be rebuilt; the next one will do.
        let Some(receipt) = expand(&self.ledger, from, wire) else { return };
        if !receipt.is_signed(&self.ledger.network) && !is_off(Check::ReceiptSigned) && !is_off(Check::ReceiptKnown) {
            return self.close(session, "a receipt with a wrong signature");
        }
        let bytes = receipt.to_bytes();
        let documents: Vec<DocId> = receipt.documents.iter().map(|(d, _)| *d).collect();
        let better: Vec<DocId> = documents.into_iter().filter(|d| self.file_receipt(*d, &receipt)).collect();
        if better.is_empty() {
            return;
        }
        let notes = better.iter().map(|d| (key_of(HELD, &from, d), Some(bytes.clone()))).collect();
        self.notify(Event::Receipt { from, documents: better, time: receipt.time, carried });
        self.commit(CommitRequest { notes, ..CommitRequest::default() }, Origin::Receipt);
    }

    /// Keeps the one whose tips cover the other's, else the higher counter; of several with the same tips the first, so that to say it again costs nothing.
    fn file_receipt(&mut self, document: DocId, receipt: &Receipt) -> bool {
        let key = (receipt.node, document);
        let says_more = |old: &Receipt| tips_of(old, document) != tips_of(receipt, document) || is_off(Check::ReceiptRepeats);
        let better = self.receipts.get(&key).is_none_or(|old| {
            if !says_more(old) {
                return false;
            }
            let (new_covers, old_covers) =
                (covers(&self.ledger, document, receipt, old), covers(&self.ledger, document, old, receipt));
            if new_covers == old_covers { receipt.counter > old.counter } else { new_covers }
        });
        let better = better || is_off(Check::ReceiptCovers);
        if better {
            self.receipts.insert(key, receipt.clone());
        }
        better
    }
}

/// Sorted, nothing twice, nothing empty, within the limits: so a receipt that is kept fits a note.
fn is_fair(wire: &WireReceipt) -> bool {
    let tips: usize = wire.documents.iter().map(|(_, t)| t.len()).sum();
    let sorted = wire.documents.is_sorted_by(|(a, _), (b, _)| a < b);
    let full = wire.documents.iter().all(|(_, t)| !t.is_empty());
    !wire.documents.is_empty() && sorted && full && tips <= limits::RECEIPT_TIPS_MAX
}

/// Keys of notes: of receipts held, of receipts owed.
const HELD: &[u8] = b"receipt/";
const OWED: &[u8] = b"owed/";

fn key_of(what: &[u8], node: &PublicKey, document: &DocId) -> Vec<u8> {
    [what, &node.0, &document.to_bytes()].concat()
}

pub(super) fn tips_of(receipt: &Receipt, document: DocId) -> &[EntryId] {
    receipt.documents.iter().find(|(d, _)| *d == document).map_or(&[], |(_, tips)| tips.as_slice())
}

fn covers(ledger: &Ledger, document: DocId, this: &Receipt, that: &Receipt) -> bool {
    let reached = tips::reached_from(ledger, tips_of(this, document));
    tips_of(that, document).iter().all(|id| reached.contains(id))
}

fn wire(receipt: &Receipt) -> WireReceipt {
    let short = |id: &EntryId| {
        let mut out = [0; 16];
        out.iter_mut().zip(id.0).for_each(|(o, b)| *o = b);
        out
    };
    let documents = receipt.documents.iter().map(|(d, tips)| (*d, tips.iter().map(short).collect())).collect();
    WireReceipt { counter: receipt.counter, time: receipt.time, documents, signature: receipt.signature }
}

/// Finds the whole ids among our own entries.
fn expand(ledger: &Ledger, node: PublicKey, wire: WireReceipt) -> Option<Receipt> {
    let whole = |document: &DocId, short: &[u8; 16]| {
        let entries = &ledger.document(document)?.entries;
        entries.iter().rev().find(|id| id.0.starts_with(short)).copied()
    };
    let documents = wire.documents.iter().map(|(d, tips)| {
        let known = tips.iter().map(|t| whole(d, t));
        let tips = if is_off(Check::ReceiptKnown) { known.flatten().collect() } else { known.collect::<Option<Vec<_>>>()? };
        Some((*d, tips))
    });
    let documents = documents.collect::<Option<Vec<_>>>()?;
    Some(Receipt { node, counter: wire.counter, time: wire.time, documents, signature: wire.signature })
}
