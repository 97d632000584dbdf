//! Authenticated frames between nodes over QUIC; knows node keys and bytes, nothing of documents.
//!
//! Two nodes hold one QUIC connection (TLS 1.3, raw Ed25519 public keys on both sides, RFC 7250) with one
//! ordered stream of [frames](framing) each way. Reading order: [`Config`], [`Endpoint`], [`Connection`].
//!
//! ```no_run
//! # async fn example() -> Result<(), Box<dyn std::error::Error>> {
//! use taizhang_net::{Config, Connection, Endpoint, NodeKey};
//! let endpoint = Endpoint::bind(Config::new(|key| key.0 != [0; 32]), NodeKey::from_seed(&[7; 32]))?;
//! let Connection { handle, mut sender, mut receiver } = endpoint.connect("203.0.113.7:4433".parse()?, None).await?;
//! sender.send(b"hello").await?;
//! let answer = receiver.recv().await?;
//! handle.close(0, "done");
//! # Ok(()) }
//! ```
//!
//! **The dialer speaks first**: the listener learns of a connection when the dialer's first frame arrives, and
//! [`Endpoint::accept`] gives only connections whose key was proved and which have spoken. Nodes that are not known have few
//! places, and which of them are told anything is the caller's business.
//!
//! **What a connection costs** is counted in `src/tests/bytes.rs`. What keeps it small: no path-MTU discovery (11 KB a
//! connection; 1452-byte datagrams instead of 1200 would save 0.4 % of a long transfer), no session tickets, no
//! address tokens, one socket per dialed connection so that datagrams to the dialer need no connection id, 3-byte
//! connection ids towards the listener, no ECN counters in acknowledgements, a frame and its length in one write.

pub mod backoff;
mod config;
mod connection;
mod endpoint;
mod error;
pub mod framing;
mod limits;
#[cfg(any(test, feature = "testing"))]
pub mod relay;
mod socket;
#[cfg(test)]
mod tests;
mod tls;

pub use config::{Config, Congestion};
pub use connection::{Connection, FrameReceiver, FrameSender, Handle, Stats};
pub use endpoint::Endpoint;
pub use error::{BindError, CloseReason, ConnectError, RecvError, SendError};
pub use socket::Traffic;
pub use tls::NodeKey;
