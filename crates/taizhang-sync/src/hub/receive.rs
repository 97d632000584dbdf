//! Receiving: unpack, rebuild each entry, admit, commit, and only then acknowledge.

use std::collections::BTreeMap;

use sha2::{Digest, Sha256};
use taizhang_core::{
    admission::{Refusal, Signature},
    entries::Entries,
    entry::{Before, Header, SignedEntry},
    id::{AttachmentId, EntryId},
    units::Ms,
};

use super::{Fresh, Hub, Origin};
use crate::{
    batch::{Chunk, Item, WireEntry},
    compress::Decompressor,
    frame::{BatchFrame, Frame},
    io::{CommitRequest, Event, SessionId},
    limits,
    planted::Planted,
};

impl Hub {
    pub(super) fn batch(&mut self, store: &dyn Entries, session: SessionId, batch: &BatchFrame) {
        let items = match self.unpack(session, batch) {
            Ok(items) => items,
            Err(reason) => return self.close(session, reason),
        };
        let n = items.iter().filter(|i| matches!(i, Item::Entry(_))).count();
        if n != batch.signatures.len() {
            return self.close(session, "entries and signatures differ in number");
        }
        let complete = self.sessions.get_mut(&session).map(|s| std::mem::take(&mut s.complete)).unwrap_or_default();
        let mut fresh = Fresh::new(store, complete);
        let mut request = CommitRequest::default();
        let mut signatures = batch.signatures.iter();
        for item in items {
            match item {
                Item::Chunk(chunk) => {
                    if let Err(reason) = self.chunk(session, chunk, &mut fresh.attachments) {
                        return self.close(session, reason);
                    }
                }
                Item::Entry(wire) => {
                    let Some(signature) = signatures.next() else { break };
                    self.receive(session, &mut fresh, &mut request, wire, *signature);
                }
            }
        }
        self.finish_batch(session, fresh.attachments, request, batch.last);
    }

    fn unpack(&mut self, session: SessionId, batch: &BatchFrame) -> Result<Vec<Item>, &'static str> {
        let s = self.sessions.get_mut(&session).ok_or("no such session")?;
        if batch.fresh {
            s.decompressor = Some(Decompressor::new().map_err(|_| "decompression failed")?);
        }
        let stream = s.decompressor.as_mut().ok_or("a batch without the beginning of its stream")?;
        let raw = stream.read(&batch.packed, limits::BATCH_RAW_BYTES_MAX).map_err(|_| "a batch that cannot be unpacked")?;
        if batch.last {
            s.decompressor = None;
        }
        s.incoming = !batch.last;
        s.read.read(&raw).map_err(|_| "a batch that cannot be read")
    }

    /// Attachments that entries of this batch name are committed with them; others wait for theirs.
    fn finish_batch(
        &mut self,
        session: SessionId,
        attachments: BTreeMap<AttachmentId, Vec<u8>>,
        mut request: CommitRequest,
        last: bool,
    ) {
        let named: Vec<AttachmentId> = request.entries.iter().flat_map(|e| super::named_attachments(e.entry())).collect();
        for (id, bytes) in attachments {
            if named.contains(&id) {
                request.attachments.push((id, bytes));
            } else if !last && let Some(s) = self.sessions.get_mut(&session) {
                s.complete.insert(id, bytes);
            }
        }
        if self.planted(Planted::AckBeforeCommit) {
            self.acknowledge(session);
        }
        self.commit(request, Origin::Batch { session, last });
    }

    fn chunk(
        &mut self,
        session: SessionId,
        chunk: Chunk,
        complete: &mut BTreeMap<AttachmentId, Vec<u8>>,
    ) -> Result<(), &'static str> {
        let s = self.sessions.get_mut(&session).ok_or("no such session")?;
        if s.partial.len() >= 4 && !s.partial.contains_key(&chunk.id) || s.complete.len() + complete.len() >= 8 {
            return Err("too many attachments at once");
        }
        let partial = s.partial.entry(chunk.id).or_default();
        if chunk.offset != partial.len() as u64 {
            return Err("pieces of an attachment out of order");
        }
        partial.extend(chunk.bytes);
        if partial.len() as u64 == chunk.total {
            let bytes = s.partial.remove(&chunk.id).unwrap_or_default();
            if Sha256::digest(&bytes).as_slice() != chunk.id.0 {
                return Err("an attachment is not what its name says");
            }
            complete.insert(chunk.id, bytes);
        }
        Ok(())
    }

    fn receive(
        &mut self,
        session: SessionId,
        fresh: &mut Fresh<'_>,
        request: &mut CommitRequest,
        wire: WireEntry,
        signature: [u8; 64],
    ) {
        let Some(s) = self.sessions.get(&session) else { return };
        if s.dead.contains(&wire.number) {
            return;
        }
        let (number, sequence, log) = (wire.number, wire.sequence, wire.log);
        let outcome = if self.may_hold(&log.document) {
            self.rebuild(session, wire, signature).and_then(|(entry, checked)| {
                let id = entry.id;
                if self.ledger.place(&id).is_some() {
                    return Ok(id);
                }
                let admitted = self.admit(fresh, entry, checked)?;
                request.entries.push(admitted);
                Ok(id)
            })
        } else {
            Err(Refusal::Role)
        };
        let Some(s) = self.sessions.get_mut(&session) else { return };
        match outcome {
            Ok(id) => {
                s.last_in_log.insert(number, id);
                s.touched.insert(log.document);
            }
            Err(reason) => {
                let from = s.remote;
                if !super::planted(&self.config, Planted::RefusedLogContinued) {
                    s.dead.insert(number);
                }
                let too_many = s.dead.len() > limits::REFUSED_LOGS_MAX;
                self.send(session, &Frame::Refused { log: number, sequence, code: reason.code() });
                self.notify(Event::RefusedHere { from, document: log.document, author: log.key, reason });
                if too_many {
                    self.close(session, "too many refused logs");
                }
            }
        }
    }

    /// The whole entry: which one stands before it is known here. At a fork every candidate is tried.
    fn rebuild(&self, session: SessionId, wire: WireEntry, signature: [u8; 64]) -> Result<(SignedEntry, Signature), Refusal> {
        let unchecked = if self.planted(Planted::SignaturesUnchecked) { Signature::Checked } else { Signature::Check };
        let WireEntry { number, log, sequence, start, time, payload, continues } = wire;
        let build = |before| {
            let header = Header { log, sequence, before, time };
            SignedEntry::from_parts(header, payload.clone(), signature, &self.ledger.network)
        };
        if let Some((grant, link)) = start {
            return Ok((build(Before::Start { grant, link }), unchecked));
        }
        let previous_sequence = sequence.checked_sub(1).ok_or(Refusal::Continuity)?;
        let last = self.sessions.get(&session).and_then(|s| s.last_in_log.get(&number)).copied();
        let last = last.filter(|id| self.ledger.place(id).is_some_and(|p| p.sequence == previous_sequence));
        if let (Some(id), true) = (last, continues) {
            return Ok((build(Before::Previous(id)), unchecked));
        }
        match self.ledger.at(&log, previous_sequence) {
            [] => Err(Refusal::Missing(EntryId([0; 32]))),
            [only] => Ok((build(Before::Previous(*only)), unchecked)),
            several => {
                let mut candidates = several.iter().map(|id| build(Before::Previous(*id)));
                let fits = candidates.find(|e| e.is_signed(&self.ledger.network));
                fits.map(|e| (e, Signature::Checked)).ok_or(Refusal::Signature)
            }
        }
    }

    fn acknowledge(&mut self, session: SessionId) {
        let Some(s) = self.sessions.get_mut(&session) else { return };
        s.batches_received += 1;
        let batches = s.batches_received;
        self.send(session, &Frame::Ack { batches });
    }

    pub(super) fn batch_is_durable(&mut self, now: Ms, store: &dyn Entries, session: SessionId, last: bool) {
        if !self.planted(Planted::AckBeforeCommit) {
            self.acknowledge(session);
        }
        if last {
            self.offer_receipt(now, store, session);
        }
        if let Some(s) = self.sessions.get(&session)
            && s.is_idle()
            && !s.stale
        {
            let with = s.remote;
            self.notify(Event::InSync { session, with });
        }
    }
}
