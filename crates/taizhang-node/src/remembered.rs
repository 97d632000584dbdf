//! What a node remembers besides entries, each kind within a limit: what was refused, who holds more of our logs than we do, when others were last met and what their clocks said, where strangers answered.
//!
//! Kept in the store's notes (docs/storage.md §3): they help people to find out what happened, and nothing rests on them.

use std::collections::BTreeMap;

use taizhang_core::{
    admission::Refusal,
    cbor::{CborError, Reader, Writer},
    entries::ReadFailed,
    id::{DocId, EntryId, OrgId, PublicKey},
    rows::field::Field,
    units::Ms,
};
use taizhang_store::Store;
use taizhang_sync::{Event, frame::Kinds};

/// Refused logs remembered; the one that was refused longest ago makes room.
pub const REFUSED_MAX: usize = 256;
/// Entries of our own keys that others held and we did not; the oldest makes room.
pub const AHEAD_MAX: usize = 64;
/// Nodes remembered.
pub const MET_MAX: usize = 1024;
/// A node that is met again within this is not written down anew.
const MET_AGAIN_MS: u64 = 10 * 60 * 1000;
/// Addresses remembered at which strangers answered.
pub const ANSWERED_MAX: usize = 64;
/// Before the node in the key of a note.
const IN_STEP: &[u8] = b"step/";
/// Before the address in the key of a note.
const ANSWERED: &[u8] = b"answered/";
/// First element of every note.
const VERSION: u64 = 1;

/// Entries that a rule refused, here or at another node. Their bytes are kept nowhere.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refused {
    /// First time, by our clock.
    pub first: Ms,
    /// Last time.
    pub last: Ms,
    /// How often.
    pub times: u64,
    /// Did we refuse, or the other?
    pub here: bool,
    /// The other node.
    pub node: PublicKey,
    /// Whose entries.
    pub author: PublicKey,
    /// Which document.
    pub document: DocId,
    /// [`Refusal::code`].
    pub code: u64,
}

/// Another node held an entry of one of our keys that was not here.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ahead {
    /// When it was noticed, by our clock.
    pub time: Ms,
    /// Which node.
    pub by: PublicKey,
    /// Which of our keys.
    pub author: PublicKey,
    /// Which document.
    pub document: DocId,
    /// Which sequence of the log.
    pub sequence: u64,
    /// The entry.
    pub entry: EntryId,
}

/// When another node was last met.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Met {
    /// Everything was exchanged, by our clock.
    pub in_sync: Option<Ms>,
    /// A receipt came: our clock, and its clock as it signed.
    pub clocks: Option<(Ms, Ms)>,
}

/// A session with a node had nothing to exchange any more: what was here then and that it may read is there too, whoever brought it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct InStep {
    /// When, by our clock.
    pub time: Ms,
    /// For which organisation the node works.
    pub org: OrgId,
    /// Of which kinds of documents.
    pub kinds: Kinds,
    /// So many entries were here.
    pub here: u64,
}

/// Somebody answered at a neighbour's address whom the registry did not know.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Answered {
    /// When, by our clock.
    pub time: Ms,
    /// With which key.
    pub key: PublicKey,
}

/// All of it.
#[derive(Clone, Debug, Default)]
pub struct Remembered {
    refused: BTreeMap<u8, Refused>,
    ahead: BTreeMap<u8, Ahead>,
    met: BTreeMap<PublicKey, Met>,
    in_step: BTreeMap<PublicKey, InStep>,
    /// When that of a node was written down last.
    written: BTreeMap<PublicKey, Ms>,
    /// By the address that was dialled.
    answered: BTreeMap<String, Answered>,
    /// Notes that are not durable yet; none: it is there no more.
    pending: BTreeMap<Vec<u8>, Option<Vec<u8>>>,
}

impl Remembered {
    /// What the store's notes say; what cannot be read is left out.
    ///
    /// # Errors
    /// The store could not be read.
    pub fn load(store: &dyn Store) -> Result<Self, ReadFailed> {
        let mut out = Self::default();
        for (key, value) in store.notes(b"refused/")? {
            if let (Some(slot), Ok(read)) = (key.last(), Refused::read(&value)) {
                out.refused.insert(*slot, read);
            }
        }
        for (key, value) in store.notes(b"ahead/")? {
            if let (Some(slot), Ok(read)) = (key.last(), Ahead::read(&value)) {
                out.ahead.insert(*slot, read);
            }
        }
        for (key, value) in store.notes(b"met/")? {
            let node = key.strip_prefix(b"met/").and_then(PublicKey::from_slice);
            if let (Some(node), Ok(read)) = (node, Met::read(&value)) {
                out.met.insert(node, read);
            }
        }
        for (key, value) in store.notes(IN_STEP)? {
            let node = key.strip_prefix(IN_STEP).and_then(PublicKey::from_slice);
            if let (Some(node), Ok(read)) = (node, InStep::read(&value)) {
                out.in_step.insert(node, read);
            }
        }
        for (key, value) in store.notes(ANSWERED)? {
            let address = key.strip_prefix(ANSWERED).and_then(|a| String::from_utf8(a.to_vec()).ok());
            if let (Some(address), Ok(read)) = (address, Answered::read(&value)) {
                out.answered.insert(address, read);
            }
        }
        Ok(out)
    }

    /// Nodes with which everything was exchanged once, each with the last time.
    pub fn in_step(&self) -> impl Iterator<Item = (&PublicKey, &InStep)> {
        self.in_step.iter()
    }

    /// Who answered last at this address, if the registry did not know it and nobody else has answered since.
    #[must_use]
    pub fn answered(&self, address: &str) -> Option<Answered> {
        self.answered.get(address).copied()
    }

    /// At this address answered a stranger; or the node itself, and everything was exchanged.
    pub fn answer(&mut self, now: Ms, address: &str, stranger: Option<PublicKey>) {
        let note = [ANSWERED, address.as_bytes()].concat();
        let Some(key) = stranger else {
            if self.answered.remove(address).is_some() {
                self.pending.insert(note, None);
            }
            return;
        };
        let known = self.answered.get(address);
        let again = known.is_some_and(|a| a.key == key && now.0.abs_diff(a.time.0) < MET_AGAIN_MS);
        if !again && (known.is_some() || self.answered.len() < ANSWERED_MAX) {
            let answered = Answered { time: now, key };
            self.pending.insert(note, Some(answered.to_bytes()));
            self.answered.insert(address.to_owned(), answered);
        }
    }

    /// Refused logs.
    pub fn refused(&self) -> impl Iterator<Item = &Refused> {
        self.refused.values()
    }

    /// Who held more of our logs than we did.
    pub fn ahead(&self) -> impl Iterator<Item = &Ahead> {
        self.ahead.values()
    }

    /// Nodes and when they were last met.
    pub fn met(&self) -> impl Iterator<Item = (&PublicKey, &Met)> {
        self.met.iter()
    }

    /// Takes in what the hub tells.
    pub fn hear(&mut self, now: Ms, event: &Event) {
        match event {
            Event::RefusedHere { from, document, author, reason } => {
                self.refuse(now, true, *from, (*author, *document), reason.code());
            }
            Event::RefusedThere { by, document, author, code, .. } => self.refuse(now, false, *by, (*author, *document), *code),
            Event::Ahead { by, document, author, sequence, entry } => {
                let (by, author, document, sequence, entry) = (*by, *author, *document, *sequence, *entry);
                self.notice(Ahead { time: now, by, author, document, sequence, entry });
            }
            Event::InSync { with, org, kinds, here, .. } => {
                self.step(*with, InStep { time: now, org: *org, kinds: *kinds, here: *here });
                self.meet(*with, |met| {
                    let again = met.in_sync.is_some_and(|last| now.0.abs_diff(last.0) < MET_AGAIN_MS);
                    met.in_sync = if again { met.in_sync } else { Some(now) };
                });
            }
            // A receipt on a stick says nothing about clocks.
            Event::Receipt { from, time, carried: false, .. } => self.meet(*from, |met| met.clocks = Some((now, *time))),
            _ => {}
        }
    }

    /// Notes that are to be made durable; they are not given again.
    pub fn take_notes(&mut self) -> Vec<(Vec<u8>, Option<Vec<u8>>)> {
        std::mem::take(&mut self.pending).into_iter().collect()
    }

    /// What only waits for another entry, and what the disk could not give, may come again: neither is held against anybody.
    fn refuse(&mut self, now: Ms, here: bool, node: PublicKey, (author, document): (PublicKey, DocId), code: u64) {
        if is_passing(code) {
            return;
        }
        let is_same = |r: &Refused| (r.here, r.node, r.author, r.document, r.code) == (here, node, author, document, code);
        let known = self.refused.iter().find(|(_, r)| is_same(r)).map(|(slot, r)| (*slot, r.first, r.times));
        let oldest = self.refused.iter().min_by_key(|(_, r)| r.last).map(|(slot, _)| *slot);
        let free = free_slot(&self.refused, REFUSED_MAX);
        let (slot, first, times) = known.unwrap_or_else(|| (free.or(oldest).unwrap_or_default(), now, 0));
        let refused = Refused { first, last: now, times: times.saturating_add(1), here, node, author, document, code };
        self.pending.insert([b"refused/".as_slice(), &[slot]].concat(), Some(refused.to_bytes()));
        self.refused.insert(slot, refused);
    }

    fn notice(&mut self, ahead: Ahead) {
        if self.ahead.values().any(|a| a.entry == ahead.entry && a.by == ahead.by) {
            return;
        }
        let oldest = self.ahead.iter().min_by_key(|(_, a)| a.time).map(|(slot, _)| *slot);
        let slot = free_slot(&self.ahead, AHEAD_MAX).or(oldest).unwrap_or_default();
        self.pending.insert([b"ahead/".as_slice(), &[slot]].concat(), Some(ahead.to_bytes()));
        self.ahead.insert(slot, ahead);
    }

    /// Known at once; written down at most every ten minutes, since the next session says it anew.
    fn step(&mut self, node: PublicKey, step: InStep) {
        if !self.in_step.contains_key(&node) && self.in_step.len() >= MET_MAX {
            return;
        }
        self.in_step.insert(node, step);
        if self.written.get(&node).is_none_or(|last| step.time.0.abs_diff(last.0) >= MET_AGAIN_MS) {
            self.written.insert(node, step.time);
            self.pending.insert([IN_STEP, &node.0].concat(), Some(step.to_bytes()));
        }
    }

    fn meet(&mut self, node: PublicKey, change: impl FnOnce(&mut Met)) {
        let before = self.met.get(&node).copied();
        if before.is_none() && self.met.len() >= MET_MAX {
            return;
        }
        let mut met = before.unwrap_or_default();
        change(&mut met);
        if before != Some(met) {
            self.pending.insert([b"met/".as_slice(), &node.0].concat(), Some(met.to_bytes()));
            self.met.insert(node, met);
        }
    }
}

/// Refusals that say nothing about the entry: it names what is not here yet, or the disk failed.
fn is_passing(code: u64) -> bool {
    let missing = Refusal::Missing(EntryId([0; 32])).code();
    let unread = Refusal::Read(ReadFailed(String::new())).code();
    code == missing || code == unread
}

fn free_slot<T>(slots: &BTreeMap<u8, T>, most: usize) -> Option<u8> {
    (0..=u8::MAX).take(most).find(|slot| !slots.contains_key(slot))
}

fn begin(r: &mut Reader<'_>, fields: u64) -> Result<(), CborError> {
    r.array_of(fields + 1)?;
    let at = r.position();
    if r.uint()? == VERSION { Ok(()) } else { Err(CborError { at, what: "a note of another version" }) }
}

impl Refused {
    fn to_bytes(&self) -> Vec<u8> {
        let mut w = Writer::default();
        w.array(9).uint(VERSION).uint(self.first.0).uint(self.last.0).uint(self.times).bool(self.here);
        w.bytes(&self.node.0).bytes(&self.author.0).bytes(&self.document.to_bytes()).uint(self.code);
        w.finish()
    }

    fn read(bytes: &[u8]) -> Result<Self, CborError> {
        let mut r = Reader::new(bytes);
        begin(&mut r, 8)?;
        let (first, last, times, here) = (Ms(r.uint()?), Ms(r.uint()?), r.uint()?, r.bool()?);
        let (node, author, document) = (Field::read(&mut r)?, Field::read(&mut r)?, Field::read(&mut r)?);
        Ok(Self { first, last, times, here, node, author, document, code: r.uint()? })
    }
}

impl Ahead {
    fn to_bytes(&self) -> Vec<u8> {
        let mut w = Writer::default();
        w.array(7).uint(VERSION).uint(self.time.0).bytes(&self.by.0).bytes(&self.author.0).bytes(&self.document.to_bytes());
        w.uint(self.sequence).bytes(&self.entry.0);
        w.finish()
    }

    fn read(bytes: &[u8]) -> Result<Self, CborError> {
        let mut r = Reader::new(bytes);
        begin(&mut r, 6)?;
        let (time, by, author) = (Ms(r.uint()?), Field::read(&mut r)?, Field::read(&mut r)?);
        let (document, sequence) = (Field::read(&mut r)?, r.uint()?);
        Ok(Self { time, by, author, document, sequence, entry: Field::read(&mut r)? })
    }
}

impl InStep {
    fn to_bytes(self) -> Vec<u8> {
        let mut w = Writer::default();
        w.array(5).uint(VERSION).uint(self.time.0).bytes(&self.org.0).uint(self.kinds.0).uint(self.here);
        w.finish()
    }

    fn read(bytes: &[u8]) -> Result<Self, CborError> {
        let mut r = Reader::new(bytes);
        begin(&mut r, 4)?;
        let (time, org) = (Ms(r.uint()?), Field::read(&mut r)?);
        Ok(Self { time, org, kinds: Kinds(r.uint()?), here: r.uint()? })
    }
}

impl Answered {
    fn to_bytes(self) -> Vec<u8> {
        let mut w = Writer::default();
        w.array(3).uint(VERSION).uint(self.time.0).bytes(&self.key.0);
        w.finish()
    }

    fn read(bytes: &[u8]) -> Result<Self, CborError> {
        let mut r = Reader::new(bytes);
        begin(&mut r, 2)?;
        Ok(Self { time: Ms(r.uint()?), key: Field::read(&mut r)? })
    }
}

impl Met {
    fn to_bytes(self) -> Vec<u8> {
        let mut w = Writer::default();
        w.array(4).uint(VERSION);
        for ms in [self.in_sync, self.clocks.map(|c| c.0), self.clocks.map(|c| c.1)] {
            ms.write(&mut w);
        }
        w.finish()
    }

    fn read(bytes: &[u8]) -> Result<Self, CborError> {
        let mut r = Reader::new(bytes);
        begin(&mut r, 3)?;
        let in_sync = Field::read(&mut r)?;
        let (ours, theirs): (Option<Ms>, Option<Ms>) = (Field::read(&mut r)?, Field::read(&mut r)?);
        Ok(Self { in_sync, clocks: ours.zip(theirs) })
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use taizhang_core::id::Kind;
    use taizhang_store::{Commit, Store, memory::MemoryStore};

    use super::*;

    fn document() -> DocId {
        DocId::of_year(OrgId([1; 8]), Kind::Ledger, 2025)
    }

    fn refused(author: u8, reason: Refusal) -> Event {
        Event::RefusedHere { from: PublicKey([9; 32]), document: document(), author: PublicKey([author; 32]), reason }
    }

    fn saved(memory: &mut Remembered) -> Remembered {
        let mut store = MemoryStore::default();
        let notes = memory.take_notes();
        store.commit(&Commit { notes, ..Commit::default() }).unwrap();
        Remembered::load(&store).unwrap()
    }

    #[test]
    fn what_was_refused_again_is_counted_and_the_oldest_makes_room() {
        let mut memory = Remembered::default();
        for n in 0..300_u16 {
            memory.hear(Ms(u64::from(n)), &refused(u8::try_from(n % 256).unwrap(), Refusal::Role));
        }
        assert_eq!(memory.refused().count(), REFUSED_MAX);
        let again = memory.refused().find(|r| r.author == PublicKey([3; 32])).unwrap();
        assert_eq!((again.times, again.first, again.last), (2, Ms(3), Ms(259)));
        memory.hear(Ms(900), &refused(3, Refusal::Signature));
        assert_eq!(memory.refused().count(), REFUSED_MAX);
        assert!(memory.refused().all(|r| r.first != Ms(44)), "the one refused longest ago is gone");
        let read = saved(&mut memory);
        assert_eq!(read.refused().collect::<Vec<_>>(), memory.refused().collect::<Vec<_>>());
        assert_eq!(memory.take_notes().len(), 0, "notes are given once");
    }

    #[test]
    fn what_only_waits_for_another_entry_is_held_against_nobody() {
        let mut memory = Remembered::default();
        memory.hear(Ms(1), &refused(1, Refusal::Missing(EntryId([0; 32]))));
        memory.hear(Ms(1), &refused(1, Refusal::Read(ReadFailed(String::new()))));
        let (by, author) = (PublicKey([9; 32]), PublicKey([1; 32]));
        memory.hear(Ms(1), &Event::RefusedThere { by, document: document(), author, sequence: 4, code: 1 });
        assert_eq!(memory.refused().count(), 0);
        memory.hear(Ms(1), &Event::RefusedThere { by, document: document(), author, sequence: 4, code: 3 });
        assert!(memory.refused().all(|r| !r.here) && memory.refused().count() == 1);
    }

    #[test]
    fn what_others_held_of_ours_is_remembered_once_and_within_a_limit() {
        let mut memory = Remembered::default();
        let (by, author) = (PublicKey([9; 32]), PublicKey([1; 32]));
        for n in 0..200_u8 {
            let event = Event::Ahead { by, document: document(), author, sequence: 3, entry: EntryId([n; 32]) };
            memory.hear(Ms(n.into()), &event);
            memory.hear(Ms(n.into()), &event);
        }
        assert_eq!(memory.ahead().count(), AHEAD_MAX);
        assert!(memory.ahead().all(|a| a.time >= Ms(136)), "the newest are kept");
        let entries: std::collections::BTreeSet<EntryId> = memory.ahead().map(|a| a.entry).collect();
        assert_eq!(entries.len(), AHEAD_MAX, "each once");
        assert_eq!(saved(&mut memory).ahead().count(), AHEAD_MAX);
    }

    #[test]
    fn a_stranger_at_a_neighbours_address_is_remembered_until_the_neighbour_answers() {
        let mut memory = Remembered::default();
        let stranger = PublicKey([7; 32]);
        memory.answer(Ms(5), "county:1", Some(stranger));
        assert_eq!(saved(&mut memory).answered("county:1"), Some(Answered { time: Ms(5), key: stranger }));
        memory.answer(Ms(MET_AGAIN_MS), "county:1", Some(stranger));
        assert_eq!(memory.take_notes().len(), 0, "not written down at every try");
        (0..2 * ANSWERED_MAX).for_each(|n| memory.answer(Ms(9), &format!("{n}:1"), Some(stranger)));
        assert_eq!(memory.take_notes().len(), ANSWERED_MAX - 1);
        memory.answer(Ms(9), "county:1", None);
        assert_eq!(memory.take_notes(), [(b"answered/county:1".to_vec(), None)]);
        assert_eq!(memory.answered("county:1"), None);
    }

    #[test]
    fn a_node_is_written_down_at_most_every_ten_minutes_and_with_its_clock() {
        let mut memory = Remembered::default();
        let with = PublicKey([9; 32]);
        let met = |memory: &mut Remembered, now| {
            let (org, kinds) = (OrgId([5; 8]), Kinds::all());
            memory.hear(Ms(now), &Event::InSync { session: taizhang_sync::SessionId(1), with, org, kinds, here: now + 7 });
            memory.take_notes().len()
        };
        assert_eq!((met(&mut memory, 0), met(&mut memory, 599_999)), (2, 0));
        assert_eq!(memory.in_step().map(|(_, s)| s.here).collect::<Vec<_>>(), [600_006], "known at once");
        assert_eq!(met(&mut memory, 600_000), 2);
        memory.hear(Ms(700_000), &Event::Receipt { from: with, documents: vec![document()], time: Ms(5), carried: false });
        memory.hear(Ms(9_700_000), &Event::Receipt { from: with, documents: vec![document()], time: Ms(6), carried: true });
        let read = saved(&mut memory);
        let (_, met) = read.met().next().unwrap();
        assert_eq!((met.in_sync, met.clocks), (Some(Ms(600_000)), Some((Ms(700_000), Ms(5)))));
    }
}
