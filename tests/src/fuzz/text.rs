//! What people copy, type or keep in files: policies, invites, certificates, the keyring, requests to the running node.

use std::sync::Arc;

use taizhang_node::{command::Request, commands::found, keyring};
use taizhang_rules::{
    certificate::{Statement, network_prefix},
    eval::{self, Options},
    policy::{
        Policy,
        check::{acceptable, check},
        diff::{diff, outline},
    },
};

use super::made;
use crate::mutate::network::secret;

/// Cases of many kinds, none of which names a policy.
const CASES: &str = include_str!("cases.json");

/// A policy file: read, checked, compared with itself; every case has an account under one that may be adopted.
pub fn policy(bytes: &[u8]) {
    let policy = match Policy::read(bytes) {
        Ok(policy) => policy,
        Err(errors) => {
            assert!(!errors.0.is_empty());
            return;
        }
    };
    let findings = check(&policy);
    assert!(findings.iter().all(|f| !f.zh.is_empty() && !f.en.is_empty()));
    assert!(diff(bytes, bytes).is_empty(), "a policy does not differ from itself");
    assert!(!outline(&policy, bytes).is_empty());
    if acceptable(&findings) {
        let policy = Arc::new(policy);
        let named = |_: &str| Some(policy.clone());
        eval::eval(CASES, &Options { policy: Some("fuzz"), explain: true }, &named).expect("the cases are in order");
    }
}

/// An invite's text, or the bytes inside it.
pub fn invite(bytes: &[u8]) {
    const INVITE: &str = "taizhang-invite-1:";
    let text = match std::str::from_utf8(bytes) {
        Ok(text) if text.starts_with('t') => text.to_owned(),
        _ => format!("{INVITE}{}", hex(bytes)),
    };
    if let Ok(normal) = found::normal_invite(&text) {
        assert_eq!(found::normal_invite(&normal).ok(), Some(normal.clone()), "what is written is read");
        let typed: String = text.split_whitespace().collect();
        // Fields of a newer version are read over, and not written again.
        let is_newer = normal.len() < typed.len();
        assert!(is_newer || normal.to_lowercase() == typed.to_lowercase(), "an invite has one form");
    }
}

/// A certificate's text, or the bytes inside it; also as whoever it names would have signed it.
pub fn certificate(bytes: &[u8]) {
    let network = &made().network.id;
    let statement = match std::str::from_utf8(bytes) {
        Ok(text) if text.trim_start().starts_with('T') => Statement::read_text(text),
        _ => Statement::from_bytes(bytes).inspect(|s| assert_eq!(s.to_bytes().as_deref(), Ok(bytes), "one byte form")),
    };
    let Ok(mut statement) = statement else { return };
    let text = statement.text().expect("what was read is not too long");
    assert_eq!(Statement::read_text(&text).as_ref(), Ok(&statement), "what is written is read");
    _ = statement.verify(network);
    let key = secret("county-reviewer");
    (statement.network, statement.key) = (network_prefix(network), key.public());
    statement.signature = statement.claims.sign(network, &key, &statement.commitment());
    assert_eq!(statement.verify(network), Ok(()));
    statement.name.push('x');
    assert!(statement.verify(network).is_err(), "the name is signed");
}

/// The keyring's file.
pub fn keyring(bytes: &[u8]) {
    _ = keyring::records_in(bytes);
}

/// A line on the control socket.
pub fn control(bytes: &[u8]) {
    let Ok(request) = serde_json::from_slice::<Request>(bytes) else { return };
    let written = serde_json::to_string(&request).expect("what was read is written");
    let again: Request = serde_json::from_str(&written).expect("what is written is read");
    assert_eq!(serde_json::to_string(&again).expect("once more"), written);
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|b| format!("{b:02x}")).collect()
}
