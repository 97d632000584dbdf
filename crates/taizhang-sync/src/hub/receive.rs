//! Receiving: unpack, rebuild each entry, admit, commit, and only then acknowledge.

use std::collections::BTreeSet;

use taizhang_core::{
    admission::{Refusal, Signature},
    entries::Entries,
    entry::{Before, Header, SignedEntry},
    id::{AttachmentId, EntryId, Kind, PublicKey},
    planted::{Check, is_off},
    units::Ms,
};

use super::{Fresh, Hub, Origin};
use crate::{
    attachments,
    batch::{Chunk, Item, WireEntry},
    compress::Decompressor,
    frame::{BatchFrame, Frame},
    io::{CommitRequest, Event, SessionId},
    limits,
    planted::Planted,
};

impl Hub {
    pub(super) fn batch(&mut self, now: Ms, store: &dyn Entries, session: SessionId, batch: &BatchFrame) {
        let items = match self.unpack(session, batch) {
            Ok(items) => items,
            Err(reason) => return self.close(session, reason),
        };
        let (mut chunks, mut entries) = (Vec::new(), Vec::new());
        for item in items {
            match item {
                Item::Chunk(chunk) => chunks.push(chunk),
                Item::Entry(wire) => entries.push(wire),
            }
        }
        if entries.len() != batch.signatures.len() {
            return self.close(session, "entries and signatures differ in number");
        }
        // All that may end the session comes before the first entry enters the ledger: what enters is committed.
        if let Err(reason) = self.chunks(session, chunks) {
            return self.close(session, reason);
        }
        let Some(s) = self.sessions.get_mut(&session) else { return };
        let (waiting, from) = (s.attachments.take(), s.remote);
        let mut taken = Taken {
            fresh: Fresh::new(store, waiting),
            request: CommitRequest::default(),
            named: BTreeSet::new(),
            tries: 0,
            from,
        };
        let known = self.check_signatures(session, &entries, &batch.signatures);
        for ((wire, signature), known) in entries.into_iter().zip(&batch.signatures).zip(known) {
            self.receive(session, &mut taken, wire, *signature, known);
        }
        self.finish_batch(now, session, taken, batch.last);
    }

    fn unpack(&mut self, session: SessionId, batch: &BatchFrame) -> Result<Vec<Item>, &'static str> {
        let s = self.sessions.get_mut(&session).ok_or("no such session")?;
        if batch.fresh {
            s.decompressor = Some(Decompressor::new().map_err(|_| "decompression failed")?);
        }
        let stream = s.decompressor.as_mut().ok_or("a batch without the beginning of its stream")?;
        let raw = stream
            .read(&batch.packed, if is_off(Check::BatchOutput) { usize::MAX } else { limits::BATCH_RAW_BYTES_MAX })
            .map_err(|_| "a batch that cannot be unpacked")?;
        if batch.last {
            s.decompressor = None;
        }
        s.incoming = !batch.last;
        s.read.read(&raw, &batch.loose).map_err(|_| "a batch that cannot be read")
    }

    /// Attachments of entries that were taken are committed with them, those of refused ones dropped; others wait for theirs.
    fn finish_batch(&mut self, now: Ms, session: SessionId, taken: Taken<'_>, last: bool) {
        let Taken { fresh, mut request, named, from, tries: _ } = taken;
        let wanted: BTreeSet<AttachmentId> = request.entries.iter().flat_map(|e| super::named_attachments(e.entry())).collect();
        for (id, bytes) in fresh.attachments {
            if wanted.contains(&id) {
                request.attachments.push((id, bytes));
            } else if !last
                && !named.contains(&id)
                && let Some(s) = self.sessions.get_mut(&session)
            {
                s.attachments.keep(id, bytes);
            }
        }
        if self.planted(Planted::AckBeforeCommit) {
            self.acknowledge(session, request.entries.len() as u64);
        }
        if last && self.planted(Planted::ReceiptTooEarly) {
            self.sign_receipt(now, session);
        }
        self.commit(request, Origin::Batch { session, from });
    }

    /// Pieces of attachments; whole ones wait for the entry that names them.
    fn chunks(&mut self, session: SessionId, chunks: Vec<Chunk>) -> Result<(), &'static str> {
        if chunks.is_empty() {
            return Ok(());
        }
        let is_newcomer = self.is_newcomer();
        let s = self.sessions.get_mut(&session).ok_or("no such session")?;
        if s.org.is_none() && !is_newcomer && !is_off(Check::AttachmentsCertified) {
            return Err("attachments from a node that is not certified");
        }
        chunks.into_iter().try_for_each(|chunk| s.attachments.add(chunk))?;
        self.close_for_attachments();
        Ok(())
    }

    /// Where all together are too much, the session of which most waits ends: a flood costs its sender the session and nobody else. One is enough, as a
    /// batch brings less than the largest share of so much.
    fn close_for_attachments(&mut self) {
        let waiting = || self.sessions.iter().map(|(id, s)| (s.attachments.bytes(), *id));
        let all: usize = waiting().map(|(bytes, _)| bytes).sum();
        if all > limits::ATTACHMENTS_WAITING_ALL_BYTES_MAX
            && !is_off(Check::AttachmentsOfAll)
            && let Some((_, most)) = waiting().max()
        {
            self.close(most, attachments::TOO_MANY);
        }
    }

    fn receive(
        &mut self,
        session: SessionId,
        taken: &mut Taken<'_>,
        wire: WireEntry,
        signature: [u8; 64],
        known: Option<(EntryId, bool)>,
    ) {
        // Registries come first in a batch: where organisations stand is asked once, before anything that goes by it.
        if wire.log.document.kind != Kind::Registry {
            self.ledger.settle_registries();
        }
        let Some(s) = self.sessions.get(&session) else { return };
        taken.named.extend(super::attachments_in(&wire.payload, wire.log.document.kind));
        let (number, log) = (wire.number, wire.log);
        let is_dead = s.dead.contains(&number);
        let outcome = if is_dead {
            Err(Refusal::Continuity)
        } else if !self.may_hold(s, &log.document) {
            Err(Refusal::Role)
        } else {
            self.take_in(session, taken, &wire, signature, known)
        };
        let Some(s) = self.sessions.get_mut(&session) else { return };
        match outcome {
            Ok(id) => {
                s.last_in_log.insert(number, id);
                if s.touched.insert(log.document) && s.org.is_some() {
                    self.unnoted.insert((s.remote, log.document));
                }
            }
            Err(reason) => {
                if !is_dead {
                    s.dead.insert(number);
                    s.waits |= matches!(reason, Refusal::Missing(_)) && !is_off(Check::RetryMissing);
                    self.refuse(session, &wire, reason);
                }
            }
        }
    }

    fn take_in(
        &mut self,
        session: SessionId,
        taken: &mut Taken<'_>,
        wire: &WireEntry,
        signature: [u8; 64],
        known: Option<(EntryId, bool)>,
    ) -> Result<EntryId, Refusal> {
        // At a fork it matters which branches are kept.
        if wire.sequence.checked_sub(1).is_some_and(|n| self.ledger.at(&wire.log, n).len() > 1) {
            self.ledger.settle_kept();
        }
        let (entry, checked) = self.rebuild(session, &mut taken.tries, wire, signature).map_err(|r| unfit(r, wire))?;
        let id = entry.id;
        let checked = match known {
            Some((of, valid)) if of == id && checked == Signature::Check => Signature::Known(valid),
            _ => checked,
        };
        if self.ledger.place(&id).is_none() || is_off(Check::StoredOnce) {
            let admitted = self.admit(&mut taken.fresh, entry, checked).map_err(|r| unfit(r, wire))?;
            taken.request.entries.push(admitted);
        }
        Ok(id)
    }

    fn refuse(&mut self, session: SessionId, wire: &WireEntry, reason: Refusal) {
        let Some(s) = self.sessions.get(&session) else { return };
        let (from, too_many) = (s.remote, s.dead.len() > limits::REFUSED_LOGS_MAX && !is_off(Check::RefusedLogs));
        self.send(session, &Frame::Refused { log: wire.number, sequence: wire.sequence, code: reason.code() });
        let log = wire.log;
        self.notify(Event::RefusedHere { from, document: log.document, author: log.key, reason });
        if too_many {
            self.close(session, "too many refused logs");
        }
    }

    /// The whole entry: which one stands before it is known here. At a fork the candidates are tried, within a limit of the batch; what
    /// continues a branch that is not kept, or is not tried any more, is refused as if what it continues were not here.
    fn rebuild(
        &self,
        session: SessionId,
        tries: &mut usize,
        wire: &WireEntry,
        signature: [u8; 64],
    ) -> Result<(SignedEntry, Signature), Refusal> {
        let unchecked = if self.planted(Planted::SignaturesUnchecked) { Signature::Checked } else { Signature::Check };
        let WireEntry { number, log, sequence, start, time, ref payload, continues } = *wire;
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
                let is_kept = |id: &EntryId| !self.ledger.is_surplus_entry(id) || is_off(Check::ForkCandidates);
                let others = several.iter().copied().filter(|id| Some(*id) != last && is_kept(id));
                for id in last.into_iter().chain(others) {
                    *tries += 1;
                    if *tries > limits::FORK_TRIES_MAX {
                        break;
                    }
                    let entry = build(Before::Previous(id));
                    if entry.is_signed(&self.ledger.network) {
                        return Ok((entry, Signature::Checked));
                    }
                }
                Err(Refusal::Signature)
            }
        }
    }

    fn acknowledge(&mut self, session: SessionId, new: u64) {
        let Some(s) = self.sessions.get_mut(&session) else { return };
        s.batches_received += 1;
        let batches = s.batches_received;
        self.send(session, &Frame::Ack { batches, new });
    }

    pub(super) fn batch_is_durable(&mut self, session: SessionId, new: u64) {
        if !self.planted(Planted::AckBeforeCommit) {
            self.acknowledge(session, new);
        }
    }
}

/// What a batch brought.
struct Taken<'a> {
    fresh: Fresh<'a>,
    request: CommitRequest,
    /// Attachments named by its entries, taken or not.
    named: BTreeSet<AttachmentId>,
    /// Signatures tried at forks.
    tries: usize,
    from: PublicKey,
}

/// Where the entry before it was only guessed, a signature that does not fit may mean a branch that is not here yet: it may come again.
fn unfit(refusal: Refusal, wire: &WireEntry) -> Refusal {
    let was_guessed = wire.start.is_none() && !wire.continues;
    if was_guessed && refusal == Refusal::Signature { Refusal::Missing(EntryId([0; 32])) } else { refusal }
}
