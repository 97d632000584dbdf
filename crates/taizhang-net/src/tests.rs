//! Tests over loopback: honest nodes, strangers, broken peers, bad lines, and what it all costs in bytes.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    clippy::print_stdout,
    reason = "tests"
)]

mod bytes;
mod ends;
mod frames;
mod lines;
mod strangers;

use std::{
    net::{Ipv4Addr, SocketAddr},
    sync::Arc,
    time::Duration,
};

use taizhang_core::id::PublicKey;

use crate::{
    Config, Connection, Endpoint, NodeKey,
    tls::{self, Demand},
};

/// No test waits longer; a hang is a failure.
async fn soon<T>(what: impl Future<Output = T>) -> T {
    tokio::time::timeout(Duration::from_secs(60), what).await.expect("took longer than a minute")
}

fn key(n: u8) -> NodeKey {
    NodeKey::from_seed(&[n; 32])
}

fn loopback() -> SocketAddr {
    SocketAddr::from((Ipv4Addr::LOCALHOST, 0))
}

/// Speaks with anyone, listens on a free port.
fn open_config() -> Config {
    Config::new(|_| true).listening(loopback())
}

fn listener(config: Config) -> (Endpoint, SocketAddr) {
    let endpoint = Endpoint::bind(config, key(1)).unwrap();
    let addr = endpoint.local_addr().unwrap();
    (endpoint, addr)
}

fn dialer() -> Endpoint {
    Endpoint::bind(Config::new(|_| true), key(2)).unwrap()
}

fn public(n: u8) -> PublicKey {
    key(n).public()
}

/// Dials through `addr`, says "hi", and gives both ends.
async fn join(from: &Endpoint, to: &Endpoint, addr: SocketAddr) -> (Connection, Connection) {
    let mut near = from.connect(addr, Some(to.key())).await.unwrap();
    near.sender.send(b"hi").await.unwrap();
    let mut far = to.accept().await.unwrap();
    assert_eq!(far.receiver.recv().await, Ok(Some(b"hi".to_vec())));
    (near, far)
}

/// A peer that does as it likes: QUIC with key 9 and this application protocol. Keep the endpoint alive.
async fn raw_dial(addr: SocketAddr, alpn: &[u8]) -> (quinn::Endpoint, Result<quinn::Connection, quinn::ConnectionError>) {
    let demand = Arc::new(Demand::default());
    let crypto = tls::client_config_speaking(&key(9), demand, alpn);
    let endpoint = quinn::Endpoint::client(loopback()).unwrap();
    let config = quinn::ClientConfig::new(Arc::new(crypto));
    let connection = endpoint.connect_with(config, addr, "x").unwrap().await;
    (endpoint, connection)
}
