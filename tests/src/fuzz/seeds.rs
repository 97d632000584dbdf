//! What corpora begin with: one good input of every kind, so that a fuzzer need not find the forms by itself.

use taizhang_core::{
    cbor::Writer,
    entry::SignedEntry,
    id::{DocId, Kind},
    rows::RowType,
    units::Day,
};
use taizhang_rules::{
    certificate::{Claims, Statement, commitment, network_prefix},
    policy::library::library,
};
use taizhang_sheets::write;
use taizhang_sync::{batch::WriteContext, frame::Frame, keys::KeyRecord};

use super::{bundle::sealed, made, sheet};
use crate::mutate::{
    dice::Dice,
    network::{key, secret},
    peer::conversation,
};

/// Requests as fronts write them, without the unlocking.
const REQUESTS: &[&str] = &[
    r#"{"command":"init","code":"429800","name":"示范市","kind":"city"}"#,
    r#"{"command":"join","invite":"taizhang-invite-1:00","label":null}"#,
    r#"{"command":"status"}"#,
    r#"{"command":"sync","address":"city.example:7433","timeout_ms":1000}"#,
    r#"{"command":"record","teacher":"T1","activity":null,"kind":"school_based","title":"课","h100":150,"start":null,"end":"2026-01-01"}"#,
    r#"{"command":"verify_text","text":"TZ1:00"}"#,
    r#"{"command":"links","cut":true}"#,
    r#"{"command":"stop"}"#,
];

/// Of this target.
#[must_use]
pub fn seeds(target: &str) -> Vec<Vec<u8>> {
    let network = made().network;
    match target {
        "entry" => network.entries.iter().map(SignedEntry::to_bytes).collect(),
        "payload" => payloads(),
        "frame" => conversation(network).into_iter().chain([Frame::KeyRecords(vec![key_record()]).encode()]).collect(),
        "batch" => network
            .entries
            .chunks(3)
            .map(|entries| batches(&[entries]))
            .chain([batches(&[&network.entries[..2], &network.entries[2..4]])])
            .collect(),
        "hub" => (0..40).map(tape).collect(),
        "bundle" => bundles(),
        "policy" => library().iter().map(|(_, toml)| toml.to_vec()).collect(),
        "invite" => invites(),
        "certificate" => certificates(),
        "keyring" => vec![ring()],
        "control" => REQUESTS
            .iter()
            .map(|r| format!(r#"{{"unlock":{{"key":null,"passphrase":"p"}},"command":{r}}}"#).into_bytes())
            .collect(),
        "csv" => tables(),
        "xlsx" => workbooks(),
        _ => Vec::new(),
    }
}

fn payloads() -> Vec<Vec<u8>> {
    let network = made().network;
    let seat =
        |e: &SignedEntry| network.seats.iter().position(|s| s.document == e.header.log.document && s.key == e.header.log.key);
    network.entries.iter().map(|e| [&[seat(e).unwrap_or_default() as u8], e.payload.as_slice()].concat()).collect()
}

fn batches(of: &[&[SignedEntry]]) -> Vec<u8> {
    let (mut context, mut out) = (WriteContext::default(), Vec::new());
    for entries in of {
        let mut w = Writer::default();
        let loose = context.write_entries(&mut w, entries);
        let inside = [loose.as_slice(), &w.finish()].concat();
        out.extend((inside.len() as u16).to_be_bytes());
        out.push((loose.len() / 16) as u8);
        out.extend(inside);
    }
    out
}

/// A file, the same changed, what is inside, and tapes.
fn bundles() -> Vec<Vec<u8>> {
    let frames = [b"a frame".to_vec(), vec![5; 300]];
    let file = sealed(|s| frames.iter().try_for_each(|f| s.frame(f)));
    let plain: Vec<u8> = frames.iter().flat_map(|f| [&(f.len() as u32).to_be_bytes()[..], f].concat()).collect();
    let of_kind = |kind: u8, bytes: &[u8]| [&[kind], bytes].concat();
    let cut = &file[..file.len() - 1];
    [of_kind(0, &file), of_kind(0, cut), of_kind(1, &plain)].into_iter().chain((40..60).map(|n| of_kind(2, &tape(n)))).collect()
}

fn tape(n: u64) -> Vec<u8> {
    let mut dice = Dice::of(4, n);
    (0..80).flat_map(|_| dice.bytes::<2>()).collect()
}

/// As text, and as bytes.
fn invites() -> Vec<Vec<u8>> {
    let invite = &made().network.invite;
    let mut out = Vec::new();
    for address in [None, Some("city.example:7433")] {
        let mut w = Writer::default();
        w.array(8)
            .bytes(&invite.network.0)
            .bytes(&invite.registry.0)
            .bytes(&invite.grant.entry.0)
            .uint(invite.grant.index.into());
        w.bytes(&invite.row.to_fields()).bytes(&invite.key.seed()).bytes(&key("county-node").0);
        match address {
            Some(a) => w.text(a),
            None => w.null(),
        };
        let bytes = w.finish();
        let hex: String = bytes.iter().map(|b| format!("{b:02x}")).collect();
        out.extend([bytes, format!("taizhang-invite-1:{hex}").into_bytes()]);
    }
    out
}

/// As text, and as bytes.
fn certificates() -> Vec<Vec<u8>> {
    let network = &made().network.id;
    let claims = Claims {
        no: "3301-2024-0001".into(),
        teacher: "T1".into(),
        policy_id: "wuhan-2008".into(),
        policy: [1; 8],
        years: (2020, 2024),
        h100_lines: vec![("concentrated".into(), 16_000), ("nonconcentrated".into(), 20_000)],
        day: Day(20_000),
    };
    let (key, salt, name) = (secret("county-reviewer"), [7; 16], "王小明".to_owned());
    let signature = claims.sign(network, &key, &commitment(&salt, &claims.no, &name));
    let statement = Statement { network: network_prefix(network), claims, key: key.public(), name, salt, signature };
    vec![statement.to_bytes().unwrap(), statement.text().unwrap().into_bytes()]
}

/// As a node writes it, with one record.
fn ring() -> Vec<u8> {
    let r = key_record();
    let hex = |bytes: &[u8]| bytes.iter().map(|b| format!("{b:02x}")).collect::<String>();
    let file = serde_json::json!({ "schema": "taizhang.keyring/2", "keys": [{
        "document": hex(&r.document.to_bytes()), "key_id": hex(&r.key),
        "wrapped": [{ "to": hex(&r.to), "ephemeral": hex(&r.ephemeral), "sealed": hex(&r.sealed) }],
    }]});
    file.to_string().into_bytes()
}

fn key_record() -> KeyRecord {
    let document = DocId::of(made().network.county, Kind::Identity);
    KeyRecord { document, key: [1; 8], to: [2; 32], ephemeral: [3; 32], sealed: [4; 48] }
}

fn tables() -> Vec<Vec<u8>> {
    let table = sheet::table();
    let (utf8, gbk) = (write::csv(&table, false).unwrap(), write::csv(&table, true).unwrap());
    let json = r#"[{"id":"a1","teacher_id":"T1","title":"x","kind":"visit","hours":1.5,"start":"2023-05-01","end":"2023-05-01","organizer":"o","recorded_at":"2023-05-01T08:00:00+08:00"}]"#;
    let of_kind = |kind: u8, file: &[u8]| [&[kind], file].concat();
    (0..9).map(|k| of_kind(k, &utf8)).chain([of_kind(129, &gbk), of_kind(5, json.as_bytes())]).collect()
}

fn workbooks() -> Vec<Vec<u8>> {
    let book = sheet::workbook();
    let mut out = vec![[&[1, 5], book.as_slice()].concat()];
    for (name, content) in sheet::parts(&book) {
        if let Some(part) = sheet::PARTS.iter().position(|p| *p == name) {
            out.push([&[3, part as u8], content.as_slice()].concat());
        }
    }
    out
}
