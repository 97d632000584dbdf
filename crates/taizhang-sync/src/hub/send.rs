//! Sending: what is owed, in an order in which every entry stands behind those it names, batch by batch within a window.

use taizhang_core::{
    admission::Refusal,
    cbor::Writer,
    entries::Entries,
    entry::SignedEntry,
    id::{EntryId, Kind},
    planted::{Check, is_off},
    units::Ms,
};

use super::{Hub, named_attachments};
use crate::{
    batch::{Chunk, WriteContext},
    compress::{Compressor, Effort},
    frame::{BatchFrame, Frame},
    io::{Event, SessionId},
    limits,
    planted::Planted,
    session::{InFlight, Outgoing},
};

/// Batches in flight, at most, on a link that is slow to answer.
const WINDOW_MAX: usize = 32;
/// An acknowledgement that took longer shows a slow link: one batch more in flight.
const SLOW_ACK_MS: u64 = 200;
/// Sessions with a large compression window at once.
const LONG_STREAMS_MAX: usize = 2;
/// Entries owed from which a large window pays: about 64 KB.
const LONG_STREAM_ENTRIES: usize = 32;

/// The next thing to send.
enum Next {
    Piece(Chunk),
    Entries(Vec<SignedEntry>),
}

impl Hub {
    /// Owes new entries to every node but the one they came from.
    pub(super) fn forward(&mut self, entries: &[EntryId], source: Option<SessionId>) {
        if source.is_some() && self.planted(Planted::NoForwarding) {
            return;
        }
        // The node they came from may have a second session.
        let from = source.and_then(|s| self.sessions.get(&s)).map(|s| s.remote);
        let others = self.sessions.iter().filter(|(id, s)| Some(**id) != source && Some(s.remote) != from && !s.is_bundle());
        let ids: Vec<SessionId> = others.map(|(id, _)| *id).collect();
        for session in ids {
            let Some(s) = self.sessions.get(&session) else { continue };
            let documents = entries.iter().filter_map(|id| Some((*id, self.ledger.place(id)?.log.document)));
            let shared: Vec<_> = documents.filter(|(_, d)| self.shares(s, d)).collect();
            // What rests on registries that the other may not have yet is found by comparing.
            let (now, later): (Vec<_>, Vec<_>) =
                shared.into_iter().partition(|(_, d)| d.kind == Kind::Registry || self.has_common_line(s, d));
            if let Some(s) = self.sessions.get_mut(&session) {
                now.into_iter().for_each(|(id, _)| s.owe(&self.ledger, id));
                s.stale |= !later.is_empty();
            }
        }
    }

    pub(super) fn pump_all(&mut self, now: Ms, store: &dyn Entries) {
        let ids: Vec<SessionId> = self.sessions.keys().copied().collect();
        ids.into_iter().for_each(|s| self.pump(now, store, s));
    }

    /// Sends as much as the window allows; when nothing is left to do, signs a receipt and compares again where needed.
    pub(super) fn pump(&mut self, now: Ms, store: &dyn Entries, session: SessionId) {
        while let Some(s) = self.sessions.get(&session)
            && s.phase == crate::session::Phase::Live
            && s.in_flight.len() < s.window
            && self.send_next(now, store, session)
        {}
        self.offer_receipt(now, session);
        self.settle(session);
    }

    /// Sends the next batch; `false`: nothing is left.
    pub(super) fn send_next(&mut self, now: Ms, store: &dyn Entries, session: SessionId) -> bool {
        match self.next(store, session) {
            Some(Next::Piece(chunk)) => {
                let mut w = Writer::default();
                WriteContext::write_chunk(&mut w, &chunk);
                self.send_packed(now, session, &w.finish(), Beside::default(), false);
            }
            Some(Next::Entries(entries)) => self.send_entries(now, session, &entries),
            None => return false,
        }
        true
    }

    fn next(&mut self, store: &dyn Entries, session: SessionId) -> Option<Next> {
        loop {
            if self.sessions.get(&session)?.outgoing.is_none() {
                let load = self.gather(store, session);
                let s = self.sessions.get_mut(&session)?;
                if load.entries.is_empty() {
                    // Nothing came of what was owed: end the stream that announced it.
                    return s.compressor.is_some().then(|| Next::Entries(Vec::new()));
                }
                s.outgoing = Some(load);
            }
            match self.next_piece(store, session) {
                Ok(Some(chunk)) => return Some(Next::Piece(chunk)),
                Ok(None) => return Some(Next::Entries(self.sessions.get_mut(&session)?.outgoing.take()?.entries)),
                Err(entry) => self.unreadable(session, entry),
            }
        }
    }

    /// Takes the next entries off what is owed, up to the first that names attachments.
    fn gather(&mut self, store: &dyn Entries, session: SessionId) -> Outgoing {
        let mut load = Outgoing::default();
        let mut raw = 0;
        while raw < self.config.batch_bytes && load.entries.len() < limits::BATCH_ENTRIES_MAX / 2 {
            let Some(id) = self.next_owed(session) else { break };
            if self.planted(Planted::DropsEntries) && id.0.first().is_some_and(|b| *b < 3) {
                continue;
            }
            let bytes = store.entry(&id).ok().flatten();
            let Some(entry) = bytes.and_then(|b| SignedEntry::parse(&b, &self.ledger.network).ok()) else {
                self.unreadable(session, id);
                continue;
            };
            raw += entry.payload.len() + 8;
            let Some(s) = self.sessions.get(&session) else { break };
            load.attachments = named_attachments(&entry).into_iter().filter(|a| !s.attachments_sent.contains(a)).collect();
            load.entries.push(entry);
            if !load.attachments.is_empty() {
                break;
            }
        }
        load
    }

    /// The first entry owed that may be sent; what may not be is dropped.
    fn next_owed(&mut self, session: SessionId) -> Option<EntryId> {
        let newest_first = self.planted(Planted::NewestFirst);
        loop {
            let s = self.sessions.get_mut(&session)?;
            let id = if newest_first { s.owed.pop_last()? } else { s.owed.pop_first()? };
            let s = self.sessions.get(&session)?;
            let may = |document| document_kind_is_open(document) || self.in_scope(s, document);
            let place = self.ledger.place(&id)?;
            if may(&place.log.document) && !s.refused.contains(&place.log) && !self.ledger.is_surplus_entry(&id) {
                return Some(id);
            }
        }
    }

    /// The next piece of the attachments that travel before the entries taken; the entry that names one which cannot be read.
    fn next_piece(&mut self, store: &dyn Entries, session: SessionId) -> Result<Option<Chunk>, EntryId> {
        let cut = self.planted(Planted::AttachmentCut);
        let Some(s) = self.sessions.get_mut(&session) else { return Ok(None) };
        let Some(load) = s.outgoing.as_mut() else { return Ok(None) };
        let Some(id) = load.attachments.front().copied() else { return Ok(None) };
        let named_by = load.entries.last().map(|e| e.id);
        let (bytes, offset) = match load.current.take() {
            Some(current) => current,
            None => match (store.attachment(&id).ok().flatten(), named_by) {
                (Some(bytes), _) => (bytes, 0),
                (None, Some(entry)) => return Err(entry),
                (None, None) => return Ok(None),
            },
        };
        let end = (offset + limits::ATTACHMENT_CHUNK_BYTES).min(bytes.len());
        let piece = bytes.get(offset..end).unwrap_or_default().to_vec();
        let total = bytes.len() as u64;
        if end == bytes.len() || (cut && offset > 0) {
            load.attachments.pop_front();
            s.attachments_sent.insert(id);
        } else {
            load.current = Some((bytes, end));
        }
        Ok(Some(Chunk { id, total, offset: offset as u64, bytes: piece }))
    }

    /// What cannot be read here cannot be sent, nor can what stands behind it in its log.
    fn unreadable(&mut self, session: SessionId, entry: EntryId) {
        let log = self.ledger.place(&entry).map(|p| p.log);
        if let Some(s) = self.sessions.get_mut(&session) {
            s.refused.extend(log);
            if let Some(load) = s.outgoing.as_mut() {
                load.entries.retain(|e| e.id != entry);
                load.attachments.clear();
                load.current = None;
            }
            if s.outgoing.as_ref().is_some_and(|l| l.entries.is_empty()) {
                s.outgoing = None;
            }
        }
        self.notify(Event::Unreadable { entry });
    }

    fn send_entries(&mut self, now: Ms, session: SessionId, entries: &[SignedEntry]) {
        let Some(s) = self.sessions.get_mut(&session) else { return };
        let mut w = Writer::default();
        let loose = s.write.write_entries(&mut w, entries);
        let last = s.owed.is_empty();
        self.send_packed(now, session, &w.finish(), Beside { entries, loose }, last);
    }

    fn send_packed(&mut self, now: Ms, session: SessionId, raw: &[u8], beside: Beside<'_>, last: bool) {
        let Beside { entries, loose } = beside;
        let long_streams = self.sessions.values().filter(|s| s.is_long && s.compressor.is_some()).count();
        let Some(s) = self.sessions.get_mut(&session) else { return };
        let fresh = s.compressor.is_none();
        if fresh {
            s.is_long = s.owed.len() >= LONG_STREAM_ENTRIES && long_streams < LONG_STREAMS_MAX;
            s.compressor = Compressor::new(if s.is_long { Effort::Long } else { Effort::Short }).ok();
        }
        let packed = s.compressor.as_mut().and_then(|c| c.flush(raw).ok());
        if last {
            s.compressor = None;
        }
        s.in_flight.push_back(InFlight { entries: entries.iter().map(|e| e.id).collect(), sent: now });
        let Some(packed) = packed else { return self.close(session, "compression failed") };
        let signatures = entries.iter().map(|e| e.signature).collect();
        self.send(session, &Frame::Batch(BatchFrame { fresh, last, signatures, loose, packed }));
    }

    pub(super) fn acknowledged(&mut self, now: Ms, store: &dyn Entries, session: SessionId, batches: u64, new: u64) {
        let twice = self.planted(Planted::AckCountedTwice);
        let Some(s) = self.sessions.get_mut(&session) else { return };
        let is_unsent = batches > s.batches_acked.saturating_add(s.in_flight.len() as u64);
        if is_unsent && !is_off(Check::AckSent) {
            return self.close(session, "acknowledges what was not sent");
        }
        let mut delivered = Vec::new();
        while s.batches_acked < batches {
            let Some(b) = s.in_flight.pop_front() else { break };
            if now.0.saturating_sub(b.sent.0) > SLOW_ACK_MS {
                s.window = (s.window + 1).min(WINDOW_MAX);
            }
            delivered.extend(b.entries);
            if twice {
                delivered.extend(s.in_flight.pop_front().into_iter().flat_map(|b| b.entries));
            }
            s.batches_acked += 1;
        }
        s.moved |= new > 0;
        let to = s.remote;
        if !delivered.is_empty() {
            self.notify(Event::Delivered { to, entries: delivered });
        }
        self.pump(now, store, session);
    }

    /// The log ends here until the next comparison; none of it that was on its way counts as delivered.
    pub(super) fn refused_there(&mut self, session: SessionId, log: u64, sequence: u64, code: u64) {
        let counts = self.planted(Planted::RefusedCountsAsDelivered);
        let Some(s) = self.sessions.get_mut(&session) else { return };
        let Some(at) = s.write.log(log).copied() else { return self.close(session, "refuses what was not sent") };
        let is_new = s.refused.insert(at);
        if code == Refusal::Missing(EntryId([0; 32])).code() && s.doubted.insert(at.document) {
            s.stale = true;
            s.moved = true;
        }
        // What the entry named may have been dropped there with it.
        s.attachments_sent.clear();
        let ledger = &self.ledger;
        let is_of_another = |id: &EntryId| ledger.place(id).is_none_or(|p| p.log != at);
        for batch in s.in_flight.iter_mut().filter(|_| !counts) {
            batch.entries.retain(is_of_another);
        }
        // Nor is what was put together and waits behind its attachments sent: the other would drop it without a word.
        if let Some(load) = s.outgoing.as_mut() {
            load.entries.retain(|e| is_of_another(&e.id));
        }
        // Said once more it is no news: whoever hears of it may write it down.
        if !is_new && !is_off(Check::RefusedOnce) {
            return;
        }
        let by = s.remote;
        self.notify(Event::RefusedThere { by, document: at.document, author: at.key, sequence, code });
    }
}

/// Registries that rest on another line than the reader's are owed only where a comparison found that they are needed.
fn document_kind_is_open(document: &taizhang_core::id::DocId) -> bool {
    document.kind == Kind::Registry
}

/// What travels beside a batch's compressed part.
#[derive(Default)]
struct Beside<'e> {
    entries: &'e [SignedEntry],
    loose: Vec<u8>,
}
