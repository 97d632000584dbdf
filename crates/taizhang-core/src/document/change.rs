//! Entry → Automerge change, and the maps and values in it.

use std::{
    collections::{BTreeMap, BTreeSet},
    num::NonZeroU64,
};

use automerge::{ActorId, Automerge, Change, ChangeHash, ExpandedChange, ObjId, ObjType, ScalarValue, legacy};

use super::{
    DocumentError, idle_actor,
    index::{Branch, Derived, Index, Place},
    order::{self, Incoming},
};
use crate::{
    cbor::{CborError, Value, Writer},
    entry::Header,
    id::EntryId,
    op::{Op, RegisterOp, RowName, RowOp},
};

/// The hash of the genesis.
pub(super) const GENESIS: [u8; 32] = [
    0x2f, 0x5e, 0x84, 0x26, 0xfe, 0x14, 0xa7, 0xad, 0x38, 0x00, 0xf1, 0xfa, 0x36, 0x1c, 0x2c, 0x3e, 0xa2, 0x5e, 0xc7, 0x34, 0x37,
    0xd2, 0x3e, 0x77, 0xaf, 0x31, 0x74, 0x42, 0xd2, 0xec, 0x37, 0x3e,
];
/// The last operation of the genesis made the register map; those before it made the row maps.
const REGISTER_MAP: u64 = 17;
/// Automerge packs operation numbers into 32 bits.
const OPERATION_MAX: u64 = 1 << 31;

/// An Automerge document without even the genesis.
#[expect(clippy::disallowed_methods, reason = "its random actor is replaced at once")]
pub(super) fn blank() -> Automerge {
    let mut automerge = Automerge::new();
    automerge.set_actor(idle_actor());
    automerge
}

/// The first change of every document.
pub(super) fn genesis() -> Change {
    let keys = (0..16).map(|n| format!("{n:x}")).chain(["registers".to_owned()]);
    let operations = keys
        .map(|key| legacy::Op {
            action: legacy::OpType::Make(ObjType::Map),
            obj: legacy::ObjectId::Root,
            key: legacy::Key::Map(key.into()),
            pred: Vec::new().into(),
            insert: false,
        })
        .collect();
    change_of(idle_actor(), 1, NonZeroU64::MIN, Vec::new(), operations)
}

fn change_of(actor_id: ActorId, seq: u64, start_op: NonZeroU64, deps: Vec<ChangeHash>, operations: Vec<legacy::Op>) -> Change {
    Change::from(ExpandedChange {
        operations,
        actor_id,
        hash: None,
        seq,
        start_op,
        time: 0,
        message: None,
        deps,
        extra_bytes: Vec::new(),
        author: None,
    })
}

/// In which of the 16 maps an entry's rows are.
pub(super) fn shard(entry: EntryId) -> u8 {
    entry.0.first().map_or(0, |b| b & 15)
}

/// A row map.
pub(super) fn row_map(shard: u8) -> ObjId {
    ObjId::Id(u64::from(shard) + 1, idle_actor(), 0)
}

/// The register map.
pub(super) fn register_map() -> ObjId {
    ObjId::Id(REGISTER_MAP, idle_actor(), 0)
}

/// Makes the change of an entry, all that it rests on being in the index, and adds it there.
pub(super) fn derive(
    index: &mut Index,
    heirs: &BTreeMap<Place, EntryId>,
    incoming: &Incoming<'_>,
) -> Result<Change, DocumentError> {
    let entry = incoming.entry;
    if !order::is_continuous(index, entry) {
        return Err(DocumentError::NotContinuous { entry: entry.id });
    }
    let rests_on: Vec<_> = incoming.rests_on.iter().filter_map(|id| index.get(id)).collect();
    let before_max = rests_on.iter().map(|d| d.max_op).fold(REGISTER_MAP, u64::max);
    let mut deps: Vec<_> = rests_on.iter().map(|d| ChangeHash(d.hash)).collect();
    if entry.header.before.parent().is_none() {
        deps.push(ChangeHash(GENESIS));
    }
    deps.sort_unstable();
    let start_op = NonZeroU64::MIN.saturating_add(before_max);
    let max_op = before_max.saturating_add(incoming.ops.len() as u64);
    if max_op > OPERATION_MAX {
        return Err(DocumentError::TooLong { entry: entry.id, operation: start_op.get() });
    }
    let operations = operations(index, incoming)?;
    let writes = writes(incoming)?;
    let (number, seq) = branch(index, heirs, incoming)?;
    let actor = index.branches().get(number).map(|b| b.actor).unwrap_or_default();
    let change = change_of(ActorId::from(actor.as_slice()), seq, start_op, deps, operations);
    index.push(number, Derived { entry: entry.id, hash: change.hash().0, start_op: start_op.get(), max_op, writes });
    Ok(change)
}

/// The branch that the entry goes on with or begins, and the seq of its change there.
fn branch(index: &mut Index, heirs: &BTreeMap<Place, EntryId>, incoming: &Incoming<'_>) -> Result<(usize, u64), DocumentError> {
    let Header { log, sequence, .. } = &incoming.entry.header;
    let id = incoming.entry.id;
    let place = Place::of(incoming.entry);
    let forked = match (place, heirs.get(&place) == Some(&id)) {
        (Place::After(previous), true) => {
            let (number, _, at) = index.locate(&previous).ok_or(DocumentError::NotContinuous { entry: id })?;
            return Ok((number, at as u64 + 2));
        }
        (Place::Start(..), true) => None,
        (_, false) => Some(id),
    };
    let opened = index.open(Branch::new(log.key, log.run, *sequence, forked));
    let number = opened.ok_or_else(|| DocumentError::Automerge { what: "two branches have one actor".to_owned() })?;
    Ok((number, 1))
}

/// Which registers the entry writes.
fn writes(incoming: &Incoming<'_>) -> Result<Vec<(String, u16)>, DocumentError> {
    let mut seen = BTreeSet::new();
    let mut writes = Vec::new();
    for (index, op) in (0_u16..).zip(&incoming.ops) {
        if let Op::Register(register) = op {
            if !seen.insert(register.key) {
                return Err(DocumentError::WrittenTwice { entry: incoming.entry.id, index });
            }
            writes.push((register.key.to_owned(), index));
        }
    }
    Ok(writes)
}

fn operations(index: &Index, incoming: &Incoming<'_>) -> Result<Vec<legacy::Op>, DocumentError> {
    (0_u16..)
        .zip(&incoming.ops)
        .map(|(at, op)| match op {
            Op::Row(row) => Ok(row_operation(RowName { entry: incoming.entry.id, index: at }, row)),
            Op::Register(register) => register_operation(index, RowName { entry: incoming.entry.id, index: at }, register),
        })
        .collect()
}

fn row_operation(name: RowName, row: &RowOp<'_>) -> legacy::Op {
    let map = u64::from(shard(name.entry)) + 1;
    put(map, name.to_string(), ScalarValue::Bytes(row_bytes(row)), Vec::new())
}

/// The operation's item, as it stands in the payload: deterministic CBOR has one form.
fn row_bytes(row: &RowOp<'_>) -> Vec<u8> {
    let mut w = Writer::default();
    w.array(4).uint(0).uint(row.row_type.into()).array(row.replaces.len() as u64);
    row.replaces.iter().for_each(|r| r.write(&mut w));
    w.raw(row.fields);
    w.finish()
}

fn register_operation(index: &Index, name: RowName, register: &RegisterOp<'_>) -> Result<legacy::Op, DocumentError> {
    let value = Value::parse(register.value)
        .ok()
        .and_then(to_scalar)
        .ok_or(DocumentError::Payload { entry: name.entry, error: CborError { at: 0, what: "register value not a scalar" } })?;
    let replaced = |entry: &EntryId| {
        let write = index.locate(entry).and_then(|(_, branch, at)| {
            let counter = branch.changes.get(at)?.write_op(register.key)?;
            Some(legacy::OpId::new(counter, &ActorId::from(branch.actor.as_slice())))
        });
        write.ok_or(DocumentError::NotWritten { entry: name.entry, index: name.index, names: *entry })
    };
    let replaced = register.replaces.iter().map(replaced).collect::<Result<Vec<_>, _>>()?;
    Ok(put(REGISTER_MAP, register.key.to_owned(), value, replaced))
}

/// A put into the map that operation `map` of the genesis made.
fn put(map: u64, key: String, value: ScalarValue, replaced: Vec<legacy::OpId>) -> legacy::Op {
    legacy::Op {
        action: legacy::OpType::Put(value),
        obj: legacy::ObjectId::Id(legacy::OpId::new(map, &idle_actor())),
        key: legacy::Key::Map(key.into()),
        pred: replaced.into(),
        insert: false,
    }
}

/// A register's value as Automerge has it; `None` if it is no scalar.
fn to_scalar(value: Value) -> Option<ScalarValue> {
    Some(match value {
        Value::Null => ScalarValue::Null,
        Value::Bool(b) => ScalarValue::Boolean(b),
        Value::Int(n) => match i64::try_from(n) {
            Ok(n) => ScalarValue::Int(n),
            Err(_) => ScalarValue::Uint(u64::try_from(n).ok()?),
        },
        Value::Bytes(b) => ScalarValue::Bytes(b),
        Value::Text(t) => ScalarValue::Str(t.into()),
        Value::Array(_) | Value::Map(_) => return None,
    })
}

/// The reverse of [`to_scalar`]; `None` for what it never makes.
pub(super) fn from_scalar(value: &ScalarValue) -> Option<Value> {
    Some(match value {
        ScalarValue::Null => Value::Null,
        ScalarValue::Boolean(b) => Value::Bool(*b),
        ScalarValue::Int(n) => Value::Int((*n).into()),
        ScalarValue::Uint(n) => Value::Int((*n).into()),
        ScalarValue::Bytes(b) => Value::Bytes(b.clone()),
        ScalarValue::Str(t) => Value::Text(t.to_string()),
        ScalarValue::F64(_) | ScalarValue::Counter(_) | ScalarValue::Timestamp(_) | ScalarValue::Unknown { .. } => return None,
    })
}
