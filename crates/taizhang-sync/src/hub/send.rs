//! Sending: what is owed, in an order in which every entry stands behind those it names, batch by batch within a window.

use taizhang_core::{
    cbor::Writer,
    entries::Entries,
    entry::SignedEntry,
    id::{AttachmentId, EntryId},
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
    session::InFlight,
};

/// Batches in flight, at most, on a link that is slow to answer.
const WINDOW_MAX: usize = 32;
/// An acknowledgement that took longer shows a slow link: one batch more in flight.
const SLOW_ACK_MS: u64 = 50;
/// Sessions with a large compression window at once.
const LONG_STREAMS_MAX: usize = 2;

impl Hub {
    /// Owes new entries to every session but the one they came from.
    pub(super) fn forward(&mut self, entries: &[EntryId], source: Option<SessionId>) {
        let ids: Vec<SessionId> = self.sessions.keys().copied().filter(|s| Some(*s) != source).collect();
        if source.is_some() && self.planted(Planted::NoForwarding) {
            return;
        }
        for session in ids {
            let Some(s) = self.sessions.get(&session) else { continue };
            let scoped = |id: &&EntryId| self.ledger.place(id).is_some_and(|p| self.in_scope(s, &p.log.document));
            let owed: Vec<EntryId> = entries.iter().filter(scoped).copied().collect();
            if let Some(s) = self.sessions.get_mut(&session) {
                owed.into_iter().for_each(|id| s.owe(&self.ledger, id));
            }
        }
    }

    pub(super) fn pump_all(&mut self, now: Ms, store: &dyn Entries) {
        let ids: Vec<SessionId> = self.sessions.keys().copied().collect();
        ids.into_iter().for_each(|s| self.pump(now, store, s));
    }

    /// Sends as much as the window allows; compares again when nothing is left to do.
    pub(super) fn pump(&mut self, now: Ms, store: &dyn Entries, session: SessionId) {
        while let Some(s) = self.sessions.get(&session) {
            if s.in_flight.len() >= s.window {
                return;
            }
            match self.gather(store, session) {
                Ok(Some(load)) => self.send_batch(now, session, &load),
                Ok(None) => return self.recheck(session),
                Err(reason) => return self.close(session, reason),
            }
        }
    }

    /// Takes the next entries off what is owed.
    fn gather(&mut self, store: &dyn Entries, session: SessionId) -> Result<Option<Load>, &'static str> {
        let mut load = Load::default();
        while load.raw < self.config.batch_bytes && load.entries.len() < limits::BATCH_ENTRIES_MAX / 2 {
            let Some(id) = self.next_owed(session) else { break };
            if self.planted(Planted::DropsEntries) && id.0.first().is_some_and(|b| *b < 3) {
                continue;
            }
            let bytes = store.entry(&id).map_err(|_| "the store could not be read")?.ok_or("an entry is missing in the store")?;
            let entry = SignedEntry::parse(&bytes, &self.ledger.network).map_err(|_| "an entry in the store is damaged")?;
            load.raw += entry.payload.len() + 8;
            let sent = self.sessions.get(&session).map(|s| &s.attachments_sent);
            let new = named_attachments(&entry).into_iter().filter(|a| !sent.is_some_and(|s| s.contains(a)));
            load.attachments.extend(new.collect::<Vec<_>>());
            load.entries.push(entry);
            if !load.attachments.is_empty() {
                break;
            }
        }
        load.chunks = self.chunks(store, session, &load.attachments)?;
        Ok(if load.entries.is_empty() { None } else { Some(load) })
    }

    fn next_owed(&mut self, session: SessionId) -> Option<EntryId> {
        let s = self.sessions.get(&session)?;
        let may = |id: &EntryId| self.ledger.place(id).is_some_and(|p| s.may_send(&p.log.document));
        let newest_first = self.planted(Planted::NewestFirst);
        let next = if newest_first { s.owed.iter().rev().find(|o| may(&o.2)) } else { s.owed.iter().find(|o| may(&o.2)) };
        let next = *next?;
        self.sessions.get_mut(&session)?.owed.remove(&next);
        Some(next.2)
    }

    /// Attachments travel before the entry that names them.
    fn chunks(&mut self, store: &dyn Entries, session: SessionId, ids: &[AttachmentId]) -> Result<Vec<Chunk>, &'static str> {
        let mut out = Vec::new();
        for id in ids {
            let bytes = store
                .attachment(id)
                .map_err(|_| "the store could not be read")?
                .ok_or("an attachment is missing in the store")?;
            let total = bytes.len() as u64;
            let pieces = bytes.chunks(limits::ATTACHMENT_CHUNK_BYTES).enumerate();
            out.extend(pieces.map(|(i, b)| {
                let offset = (i * limits::ATTACHMENT_CHUNK_BYTES) as u64;
                Chunk { id: *id, total, offset, bytes: b.to_vec() }
            }));
            if total == 0 {
                out.push(Chunk { id: *id, total, offset: 0, bytes: Vec::new() });
            }
            if self.planted(Planted::AttachmentCut) && out.len() > 1 {
                out.pop();
            }
            if let Some(s) = self.sessions.get_mut(&session) {
                s.attachments_sent.insert(*id);
            }
        }
        Ok(out)
    }

    fn send_batch(&mut self, now: Ms, session: SessionId, load: &Load) {
        let long_streams = self.sessions.values().filter(|s| s.is_long && s.compressor.is_some()).count();
        for chunk in &load.chunks {
            let mut w = Writer::default();
            WriteContext::write_chunk(&mut w, chunk);
            self.send_packed(now, session, &w.finish(), &[], long_streams);
        }
        let Some(s) = self.sessions.get_mut(&session) else { return };
        let mut w = Writer::default();
        s.write.write_entries(&mut w, &load.entries);
        self.send_packed(now, session, &w.finish(), &load.entries, long_streams);
    }

    fn send_packed(&mut self, now: Ms, session: SessionId, raw: &[u8], entries: &[SignedEntry], long_streams: usize) {
        let Some(s) = self.sessions.get_mut(&session) else { return };
        let fresh = s.compressor.is_none();
        if fresh {
            s.is_long = s.owed.len() > 3 && long_streams < LONG_STREAMS_MAX;
            s.compressor = Compressor::new(if s.is_long { Effort::Long } else { Effort::Short }).ok();
        }
        let packed = s.compressor.as_mut().and_then(|c| c.flush(raw).ok());
        let last = s.owed.is_empty() && !entries.is_empty();
        if last {
            s.compressor = None;
        }
        s.in_flight.push_back(InFlight { entries: entries.iter().map(|e| e.id).collect(), sent: now });
        let Some(packed) = packed else { return self.close(session, "compression failed") };
        let signatures = entries.iter().map(|e| e.signature).collect();
        self.send(session, &Frame::Batch(BatchFrame { fresh, last, signatures, packed }));
    }

    pub(super) fn acknowledged(&mut self, now: Ms, store: &dyn Entries, session: SessionId, batches: u64) {
        let twice = self.planted(Planted::AckCountedTwice);
        let Some(s) = self.sessions.get_mut(&session) else { return };
        if batches > s.batches_acked.saturating_add(s.in_flight.len() as u64) {
            return self.close(session, "acknowledges what was not sent");
        }
        let mut delivered = 0;
        while s.batches_acked < batches {
            let Some(b) = s.in_flight.pop_front() else { break };
            if now.0.saturating_sub(b.sent.0) > SLOW_ACK_MS {
                s.window = (s.window + 1).min(WINDOW_MAX);
            }
            delivered += b.entries.len();
            s.batches_acked += if twice { 2 } else { 1 };
        }
        s.moved |= delivered > 0;
        let to = s.remote;
        if delivered > 0 {
            self.notify(Event::Delivered { to, entries: delivered });
        }
        self.pump(now, store, session);
    }

    pub(super) fn refused_there(&mut self, session: SessionId, log: u64, sequence: u64, code: u64) {
        let Some(s) = self.sessions.get(&session) else { return };
        let Some(at) = s.write.log(log).copied() else { return self.close(session, "refuses what was not sent") };
        let by = s.remote;
        self.notify(Event::RefusedThere { by, document: at.document, author: at.key, sequence, code });
    }
}

/// The next batch.
#[derive(Default)]
struct Load {
    entries: Vec<SignedEntry>,
    attachments: Vec<AttachmentId>,
    chunks: Vec<Chunk>,
    raw: usize,
}
