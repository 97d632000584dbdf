//! A local snapshot: `[version, document, [branch…], bstr of Automerge's save]` in deterministic CBOR, then the SHA-256 of all that.
//!
//! branch = `[key, run, sequence of its first entry, is it forked off?, entry ids in one bstr, [[place in the branch, index of the operation, key]…] of register writes]`.
//! Hashes and operation numbers are not in it: Automerge has them.

use std::panic::{AssertUnwindSafe, catch_unwind};

use automerge::Automerge;
use sha2::{Digest, Sha256};

use super::{
    DocumentError, change, idle_actor,
    index::{Branch, Derived, Index},
};
use crate::{
    cbor::{CborError, Reader, Writer},
    id::{DocId, EntryId, PublicKey, Run},
};

/// Changes with this format, with the derivation and with Automerge's format.
const VERSION: u64 = 1;

pub(super) fn write(document: DocId, index: &Index, saved: &[u8]) -> Vec<u8> {
    let mut w = Writer::default();
    w.array(4).uint(VERSION).bytes(&document.to_bytes()).array(index.branches().len() as u64);
    index.branches().iter().for_each(|branch| write_branch(&mut w, branch));
    w.bytes(saved);
    let mut bytes = w.finish();
    let digest = Sha256::digest(&bytes);
    bytes.extend_from_slice(&digest);
    bytes
}

fn write_branch(w: &mut Writer, branch: &Branch) {
    let ids: Vec<u8> = branch.changes.iter().flat_map(|c| c.entry.0).collect();
    let writes = || (0_u64..).zip(&branch.changes).flat_map(|(at, c)| c.writes.iter().map(move |write| (at, write)));
    w.array(6).bytes(&branch.key.0).bytes(&branch.run.0).uint(branch.first_sequence).bool(branch.forked.is_some()).bytes(&ids);
    w.array(writes().count() as u64);
    for (at, (key, operation)) in writes() {
        w.array(3).uint(at).uint((*operation).into()).text(key);
    }
}

pub(super) fn read(document: DocId, bytes: &[u8]) -> Result<(Index, Automerge), DocumentError> {
    let bad = |what| DocumentError::Snapshot { what };
    let (body, digest) = bytes.split_last_chunk::<32>().ok_or(bad("too short"))?;
    if <[u8; 32]>::from(Sha256::digest(body)) != *digest {
        return Err(bad("damaged"));
    }
    let (mut index, saved) = read_body(document, body).map_err(|error| bad(error.what))?;
    let loaded = catch_unwind(AssertUnwindSafe(|| load(saved)));
    let automerge = loaded.ok().flatten().ok_or(bad("Automerge cannot read it"))?;
    complete(&mut index, &automerge).ok_or(bad("entries and changes differ"))?;
    Ok((index, automerge))
}

#[expect(clippy::disallowed_methods, reason = "its random actor is replaced at once")]
fn load(saved: &[u8]) -> Option<Automerge> {
    let mut automerge = Automerge::load(saved).ok()?;
    automerge.set_actor(idle_actor());
    Some(automerge)
}

fn read_body(document: DocId, body: &[u8]) -> Result<(Index, &[u8]), CborError> {
    let mut r = Reader::new(body);
    r.array_of(4)?;
    if r.uint()? != VERSION {
        return Err(CborError { at: 0, what: "of another version" });
    }
    if r.bytes()? != document.to_bytes() {
        return Err(CborError { at: 0, what: "of another document" });
    }
    let mut index = Index::default();
    for _ in 0..r.array()? {
        read_branch(&mut r, &mut index)?;
    }
    let saved = r.bytes()?;
    r.end()?;
    Ok((index, saved))
}

fn read_branch(r: &mut Reader<'_>, index: &mut Index) -> Result<(), CborError> {
    let at = r.position();
    let bad = |what| CborError { at, what };
    r.array_of(6)?;
    let (key, run) = (PublicKey(r.array_bytes()?), Run(r.array_bytes()?));
    let (first_sequence, is_forked) = (r.uint()?, r.bool()?);
    let ids = r.bytes()?.chunks(EntryId::LEN).map(EntryId::from_slice).collect::<Option<Vec<_>>>();
    let ids = ids.ok_or(bad("cut entry id"))?;
    let first = *ids.first().ok_or(bad("branch without entries"))?;
    let mut changes: Vec<_> =
        ids.into_iter().map(|entry| Derived { entry, hash: [0; 32], start_op: 0, max_op: 0, writes: Vec::new() }).collect();
    for _ in 0..r.array()? {
        r.array_of(3)?;
        let change = changes.get_mut(r.small::<usize>()?).ok_or(bad("write of no entry"))?;
        let operation = r.small()?;
        change.writes.push((r.text()?.to_owned(), operation));
    }
    let branch = Branch::new(key, run, first_sequence, is_forked.then_some(first));
    let number = index.open(branch).ok_or(bad("branch twice"))?;
    changes.into_iter().for_each(|change| index.push(number, change));
    Ok(())
}

/// Takes hashes and operation numbers from Automerge; `None` unless its changes are the genesis and one for each entry.
fn complete(index: &mut Index, automerge: &Automerge) -> Option<()> {
    let changes = automerge.get_changes_meta(&[]);
    let (genesis, changes) = changes.split_first()?;
    let mut completed = 0;
    for meta in changes {
        let change = index.at_mut(&meta.actor, meta.seq).filter(|c| c.start_op == 0)?;
        (change.hash, change.start_op, change.max_op) = (meta.hash.0, meta.start_op, meta.max_op);
        completed += 1;
    }
    (genesis.hash.0 == change::GENESIS && completed == index.len()).then_some(())
}
