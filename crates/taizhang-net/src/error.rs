//! Errors per operation, and why connections end.

use std::{io, net::SocketAddr};

use quinn::{ConnectionError, TransportErrorCode};
use taizhang_core::id::PublicKey;
use thiserror::Error;

use crate::framing::FrameError;

/// Close codes below this are the transport's own; a caller's code `c` travels as `c + CODE_CALLER`.
const CODE_CALLER: u64 = 64;
/// TLS alert 120: no common application protocol.
const ALERT_NO_APPLICATION_PROTOCOL: u8 = 120;
/// The longest reason kept of what a peer sent, in characters.
const REASON_CHARS_MAX: usize = 200;

/// The transport's own close codes on the wire; never renumbered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Code {
    /// All handles were dropped.
    Dropped = 0,
    /// No key was shown. Earlier programs: the key is not known here.
    UnknownKey = 1,
    /// No frame came in time.
    Silent = 2,
    /// What came is not frames.
    BadFrame = 3,
    /// The node is going down.
    ShuttingDown = 4,
}

impl Code {
    pub(crate) fn wire(self) -> quinn::VarInt {
        quinn::VarInt::from_u32(self as u32)
    }
}

/// A caller's code as it travels.
pub(crate) fn caller_code(code: u32) -> quinn::VarInt {
    quinn::VarInt::from_u64(u64::from(code) + CODE_CALLER).unwrap_or(quinn::VarInt::MAX)
}

/// Why a connection ended.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum CloseReason {
    /// This side closed it.
    #[error("closed by this node")]
    Here,
    /// The other node closed it with a code and words of its own.
    #[error("closed by the other node: code {code} {text}")]
    There {
        /// What the other node's caller gave.
        code: u32,
        /// At most 200 characters, without control characters.
        text: String,
    },
    /// The other node let go of the connection without a word.
    #[error("the other node let go of the connection")]
    Dropped,
    /// The other node does not accept this node's key.
    #[error("the other node does not know this node's key; ask its administrator whether this node was admitted")]
    UnknownKey,
    /// This side said nothing for too long after connecting.
    #[error("the other node waited for a first frame and got none")]
    Silent,
    /// The other node could not read the frames of this side, or this side theirs.
    #[error("frames could not be read; one of the two programs may be damaged or much newer")]
    BadFrame,
    /// The other node is going down.
    #[error("the other node is shutting down; try again later")]
    ShuttingDown,
    /// Nothing arrived for the idle timeout.
    #[error("nothing arrived for too long; the line may be down")]
    Idle,
    /// The other node has forgotten the connection, usually because it started anew.
    #[error("the other node has restarted; connect again")]
    Restarted,
    /// TLS or QUIC broke; the words are for a log.
    #[error("the connection broke: {0}")]
    Broken(String),
}

impl From<ConnectionError> for CloseReason {
    fn from(error: ConnectionError) -> Self {
        match error {
            ConnectionError::LocallyClosed => Self::Here,
            ConnectionError::TimedOut => Self::Idle,
            ConnectionError::Reset => Self::Restarted,
            ConnectionError::ApplicationClosed(close) => from_code(close.error_code.into_inner(), &close.reason),
            other @ (ConnectionError::VersionMismatch
            | ConnectionError::TransportError(_)
            | ConnectionError::ConnectionClosed(_)
            | ConnectionError::CidsExhausted) => Self::Broken(printable(other.to_string().as_bytes())),
        }
    }
}

fn from_code(code: u64, reason: &[u8]) -> CloseReason {
    match code {
        0 => CloseReason::Dropped,
        1 => CloseReason::UnknownKey,
        2 => CloseReason::Silent,
        3 => CloseReason::BadFrame,
        4 => CloseReason::ShuttingDown,
        code => match code.checked_sub(CODE_CALLER).map(u32::try_from) {
            Some(Ok(code)) => CloseReason::There { code, text: printable(reason) },
            _ => CloseReason::Broken(format!("unknown close code {code}")),
        },
    }
}

/// A peer's words made safe for a log: bounded, and without control characters.
fn printable(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).chars().filter(|c| !c.is_control()).take(REASON_CHARS_MAX).collect()
}

/// Why an endpoint could not be opened.
#[derive(Debug, Error)]
pub enum BindError {
    /// The address is taken, not of this machine, or not permitted.
    #[error("cannot listen at {addr} (UDP): {source}; is another copy running, or does the address belong to another machine?")]
    Socket {
        /// Where it was to listen.
        addr: SocketAddr,
        /// What the system said.
        source: io::Error,
    },
    /// Not called inside a tokio runtime.
    #[error("an endpoint needs a running tokio runtime")]
    NoRuntime,
}

/// Why a connection was not made.
#[derive(Debug, Error)]
pub enum ConnectError {
    /// The address cannot be dialed at all.
    #[error("{addr} is no address one can connect to; check host and port")]
    BadAddress {
        /// What was to be dialed.
        addr: SocketAddr,
    },
    /// No socket for it could be opened.
    #[error("cannot open a UDP socket for {addr}: {source}")]
    Socket {
        /// What was to be dialed.
        addr: SocketAddr,
        /// What the system said.
        source: io::Error,
    },
    /// Nothing came back.
    #[error(
        "no answer from {addr} within {waited_ms} ms; is the other node on, is the address right, does a firewall block UDP?"
    )]
    NoAnswer {
        /// What was dialed.
        addr: SocketAddr,
        /// How long, in ms.
        waited_ms: u32,
    },
    /// Somebody else answered. Nothing was told to it.
    #[error("{addr} answered with key {found}, expected {expected}; wrong address, or the node was set up anew")]
    WrongKey {
        /// What was dialed.
        addr: SocketAddr,
        /// The key the caller asked for.
        expected: PublicKey,
        /// The key that answered.
        found: PublicKey,
    },
    /// The other node takes no more connections now.
    #[error("{addr} takes no more connections now; try again later")]
    Busy {
        /// What was dialed.
        addr: SocketAddr,
    },
    /// Something that is not a node, or one of another time, answered.
    #[error("{addr} speaks another protocol; wrong port, or one of the programs is too old")]
    OtherProtocol {
        /// What was dialed.
        addr: SocketAddr,
    },
    /// The connection ended during the handshake.
    #[error("the handshake with {addr} failed: {reason}")]
    Failed {
        /// What was dialed.
        addr: SocketAddr,
        /// Why.
        reason: CloseReason,
    },
    /// This endpoint was closed.
    #[error("this node's network is closed")]
    Closed,
}

impl ConnectError {
    pub(crate) fn from_handshake(addr: SocketAddr, waited_ms: u32, error: ConnectionError) -> Self {
        let no_protocol = TransportErrorCode::crypto(ALERT_NO_APPLICATION_PROTOCOL);
        match error {
            ConnectionError::TimedOut => Self::NoAnswer { addr, waited_ms },
            ConnectionError::VersionMismatch => Self::OtherProtocol { addr },
            ConnectionError::ConnectionClosed(close) if close.error_code == no_protocol => Self::OtherProtocol { addr },
            ConnectionError::TransportError(error) if error.code == no_protocol => Self::OtherProtocol { addr },
            ConnectionError::ConnectionClosed(close) if close.error_code == TransportErrorCode::CONNECTION_REFUSED => {
                Self::Busy { addr }
            }
            ConnectionError::LocallyClosed => Self::Closed,
            other => Self::Failed { addr, reason: other.into() },
        }
    }
}

/// Why a frame was not sent.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum SendError {
    /// The frame is above the limit.
    #[error("a frame of {bytes} bytes is longer than the limit of {limit}")]
    TooLong {
        /// Its length.
        bytes: usize,
        /// The limit.
        limit: usize,
    },
    /// An empty frame says nothing (on the wire it is a keep-alive).
    #[error("an empty frame cannot be sent")]
    Empty,
    /// An earlier send was dropped half-way: the stream ends inside a frame.
    #[error("an earlier frame was abandoned half-way; connect again")]
    Abandoned,
    /// The other side reads no more frames.
    #[error("the other node reads no more frames")]
    NotRead,
    /// The connection is over.
    #[error(transparent)]
    Closed(#[from] CloseReason),
}

/// Why no frame was received.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum RecvError {
    /// What came is not frames. The connection was closed and the other side told so.
    #[error("the other node's bytes cannot be read: {0}")]
    BadFrame(#[from] FrameError),
    /// The stream ended inside a frame.
    #[error("the other node stopped in the middle of a frame")]
    CutShort,
    /// The connection is over.
    #[error(transparent)]
    Closed(#[from] CloseReason),
}
