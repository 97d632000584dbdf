//! Bundles between the hub and a file: what the hub says goes out frame by frame, what the file says goes in frame by frame, each behind the commit of the one before.

use std::{collections::BTreeSet, io::Read};

use taizhang_core::{
    admission::Refusal,
    id::{DocId, OrgId, PublicKey},
};
use taizhang_sync::{
    BUNDLE_WRITTEN, Event, Input, SessionId,
    frame::{Frame, Kinds},
};

use super::{Core, Outgoing};
use crate::{
    bundle::{Flaw, Opener},
    error::CommandError,
};

/// Names bundles from here on downwards; connections are named from 1 upwards.
const LAST_SESSION: u64 = u64::MAX;

/// What went into a bundle, or came out of one.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Load {
    /// Entries; of one that was read only those that were new here.
    pub entries: u64,
    /// Their documents, of one that was read.
    pub documents: BTreeSet<DocId>,
    /// Receipts; of one that was read only those that say more than earlier ones.
    pub receipts: u64,
    /// Keyring records; of one that was read only new ones.
    pub keys: u64,
    /// Entries for which there was no room.
    pub left: u64,
    /// Entries that could not be read from the store: their logs are not carried further.
    pub unreadable: u64,
    /// What was refused of one that was read, and why.
    pub refused: Vec<(DocId, Refusal)>,
}

/// Why reading ended before the end.
#[derive(Debug)]
pub enum Stop {
    /// The file.
    Flaw(Flaw),
    /// The protocol.
    Hub(&'static str),
    /// The disk.
    Storage(CommandError),
}

/// Takes a frame, and says how many bytes are written by now.
pub type Put<'a> = &'a mut dyn FnMut(&[u8]) -> std::io::Result<u64>;

impl Core {
    /// Begins a bundle for a node; [`Core::write_bundle`] writes it.
    pub fn begin_bundle(&mut self, to: PublicKey, named: Option<OrgId>, wants: Kinds) -> SessionId {
        let session = self.name_bundle();
        self.step(Input::Carry { session, to, named, wants });
        session
    }

    /// Begins the answer to a bundle that was read whole; [`Core::write_bundle`] writes it.
    pub fn answer_bundle(&mut self, session: SessionId) {
        self.step(Input::CarryOn { session, room: true });
    }

    /// Nothing goes back: what it brought is receipted in the next session.
    pub fn close_bundle(&mut self, session: SessionId) {
        self.step(Input::Closed { session });
    }

    fn name_bundle(&mut self) -> SessionId {
        self.bundles += 1;
        SessionId(LAST_SESSION - self.bundles)
    }

    /// Writes a bundle that has begun; entries only up to so many bytes.
    ///
    /// # Errors
    /// It cannot be written; nobody waits for it any more.
    pub fn write_bundle(
        &mut self,
        session: SessionId,
        room: u64,
        put: Put<'_>,
        progress: super::Progress<'_>,
    ) -> Result<Load, CommandError> {
        let heard = self.events.len();
        let total = self.owed(session);
        let (mut load, mut bytes) = (Load::default(), 0);
        loop {
            for frame in self.take_frames(session) {
                match Frame::decode(&frame) {
                    Ok(Some(Frame::Batch(batch))) => load.entries += batch.signatures.len() as u64,
                    Ok(Some(Frame::Receipt(_))) => load.receipts += 1,
                    Ok(Some(Frame::KeyRecords(records))) => load.keys += records.len() as u64,
                    _ => {}
                }
                bytes = put(&frame).map_err(CommandError::storage)?;
            }
            progress("bundle", load.entries, total);
            if let Some(reason) = self.ended(session, heard) {
                let unreadable = self.events.iter().skip(heard).filter(|e| matches!(e, Event::Unreadable { .. }));
                load.unreadable = unreadable.count() as u64;
                return if reason == BUNDLE_WRITTEN { Ok(load) } else { Err(CommandError::storage(reason)) };
            }
            // Where a commit failed and the ledger cannot be loaded again, nothing would ever be said.
            if self.hub.needs_reload() || !self.hub.sessions().any(|s| s.session == session) {
                return Err(CommandError::storage("the node cannot go on with this bundle; start it again"));
            }
            self.go_on()?;
            if bytes >= room {
                load.left = self.owed(session);
            }
            self.step(Input::CarryOn { session, room: bytes < room });
        }
    }

    fn owed(&self, session: SessionId) -> u64 {
        self.hub.sessions().find(|s| s.session == session).map_or(0, |s| s.owed as u64)
    }

    /// Reads a bundle to its end, or as far as it can be taken.
    pub fn read_bundle<R: Read>(
        &mut self,
        file: &mut Opener<R>,
        progress: super::Progress<'_>,
    ) -> (SessionId, Load, Option<Stop>) {
        let (session, heard) = (self.name_bundle(), self.events.len());
        self.last_storage_error = None;
        self.step(Input::Carried { session, from: file.from() });
        let (mut frames, mut counted, mut load) = (0, heard, Load::default());
        let stop = loop {
            self.count(session, &mut counted, &mut load);
            if let Some(reason) = self.ended(session, heard) {
                break Some(self.last_storage_error.take().map_or(Stop::Hub(reason), Stop::Storage));
            }
            // Every frame is a commit of its own: what is here stays.
            if let Err(given_up) = self.go_on() {
                break Some(Stop::Storage(given_up));
            }
            match file.next_frame() {
                Ok(Some(bytes)) => self.step(Input::Frame { session, bytes }),
                Ok(None) => break self.is_cut_short(session),
                Err(flaw) => break Some(Stop::Flaw(flaw)),
            }
            frames += 1;
            progress("bundle", frames, 0);
        };
        (session, load, stop)
    }

    /// Is a bundle at its end without having said all that it must, or could something of it not be kept?
    fn is_cut_short(&mut self, session: SessionId) -> Option<Stop> {
        let failed = self.last_storage_error.take().map(Stop::Storage);
        failed.or_else(|| (!self.hub.bundle_is_whole(session)).then_some(Stop::Hub("a bundle without its end")))
    }

    /// What came of the frames so far.
    fn count(&self, session: SessionId, counted: &mut usize, load: &mut Load) {
        for event in self.events.iter().skip(*counted) {
            match event {
                Event::Stored { from: Some(_), entries, documents } => {
                    load.entries += entries.len() as u64;
                    load.documents.extend(documents);
                }
                Event::Receipt { .. } => load.receipts += 1,
                Event::KeysArrived { records, .. } => load.keys += *records as u64,
                Event::RefusedHere { document, reason, .. } => load.refused.push((*document, reason.clone())),
                _ => {}
            }
        }
        tracing::trace!(?session, entries = load.entries, "a bundle is read");
        *counted = self.events.len();
    }

    fn ended(&self, session: SessionId, heard: usize) -> Option<&'static str> {
        self.events.iter().skip(heard).find_map(|e| match e {
            Event::Ended { session: of, reason, .. } if *of == session => Some(*reason),
            _ => None,
        })
    }

    /// The frames of a bundle; what other sessions shall be told stays in its order.
    fn take_frames(&mut self, session: SessionId) -> Vec<Vec<u8>> {
        let mut frames = Vec::new();
        for outgoing in std::mem::take(&mut self.outgoing) {
            match outgoing {
                Outgoing::Send(of, frame) if of == session => frames.push(frame),
                Outgoing::Close(of, _) if of == session => {}
                other => self.outgoing.push_back(other),
            }
        }
        frames
    }
}
