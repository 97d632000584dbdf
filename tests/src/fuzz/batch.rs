//! Frames and the inside of batches: what is read is written again.

use taizhang_core::{
    cbor::Writer,
    entry::{Before, Header, SignedEntry},
    id::EntryId,
};
use taizhang_sync::{
    batch::{Chunk, Item, ReadContext, WireEntry, WriteContext},
    frame::Frame,
};

use super::made;

/// A frame.
pub fn frame(bytes: &[u8]) {
    if let Ok(Some(frame)) = Frame::decode(bytes) {
        assert_eq!(frame.encode(), bytes, "a frame has one byte form");
    }
}

/// Two batches of one session: before each its length (two bytes) and how many 16-byte strings stand outside.
pub fn batch(bytes: &[u8]) {
    let (mut rest, mut read, mut relay) = (bytes, ReadContext::default(), Relay::default());
    for _ in 0..2 {
        let Some(([high, low, loose], after)) = rest.split_first_chunk() else { return };
        let (inside, after) = after.split_at(usize::from(u16::from_be_bytes([*high, *low])).min(after.len()));
        let (loose, raw) = inside.split_at((usize::from(*loose) * 16).min(inside.len()));
        let Ok(items) = read.read(raw, loose) else { return };
        let passed_on = relay.pass_on(&items);
        assert_eq!(passed_on, items, "a relay passes on what it read");
        rest = after;
    }
}

/// A node between two sessions.
#[derive(Default)]
struct Relay {
    write: WriteContext,
    read: ReadContext,
}

impl Relay {
    /// Written for the next node and read there.
    fn pass_on(&mut self, items: &[Item]) -> Vec<Item> {
        let (mut w, mut loose) = (Writer::default(), Vec::new());
        let mut waiting: Vec<SignedEntry> = Vec::new();
        for item in items {
            match item {
                Item::Entry(wire) => waiting.push(rebuilt(wire, waiting.last())),
                Item::Chunk(chunk) => {
                    loose.extend(self.write.write_entries(&mut w, &std::mem::take(&mut waiting)));
                    WriteContext::write_chunk(&mut w, &Chunk::clone(chunk));
                }
            }
        }
        loose.extend(self.write.write_entries(&mut w, &waiting));
        self.read.read(&w.finish(), &loose).expect("what is written is read")
    }
}

fn rebuilt(wire: &WireEntry, last: Option<&SignedEntry>) -> SignedEntry {
    let before = match (wire.start, last) {
        (Some((grant, link)), _) => Before::Start { grant, link },
        (None, Some(last)) if wire.continues => Before::Previous(last.id),
        (None, _) => Before::Previous(EntryId([0; 32])),
    };
    let header = Header { log: wire.log, sequence: wire.sequence, before, time: wire.time };
    SignedEntry::from_parts(header, wire.payload.clone(), [0; 64], &made().network.id)
}
