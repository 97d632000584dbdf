//! What an endpoint may be told, with defaults for a school on a bad line.

use std::{fmt, net::SocketAddr, sync::Arc};

use taizhang_core::id::PublicKey;

use crate::framing::FRAME_BYTES_MAX;

/// How the sending rate is found.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Congestion {
    /// Loss halves the rate (RFC 9002).
    NewReno,
    /// Loss reduces the rate less, and it recovers faster (RFC 9438).
    #[default]
    Cubic,
    /// Follows measured bandwidth and delay; hardly minds random loss. Experimental in quinn.
    Bbr,
}

/// Who is known.
pub(crate) type Known = Arc<dyn Fn(&PublicKey) -> bool + Send + Sync>;

/// Settings of an [`Endpoint`](crate::Endpoint). [`Config::new`] gives the defaults named at each field.
#[derive(Clone)]
pub struct Config {
    /// Where to listen for other nodes. None (default): this node only dials.
    pub listen: Option<SocketAddr>,
    /// Which node keys are known. Others may connect too, in few places: what is told to them is the caller's business. Asked at handshakes, on the network's task: answer at once.
    pub known: Known,
    /// A connection on which nothing arrives for so long is over; the smaller of both sides counts. Default 60,000.
    pub idle_timeout_ms: u32,
    /// quinn's own keep-alive, always on. None (default): silence costs nothing; see [`FrameSender::keep_alive`](crate::FrameSender::keep_alive).
    pub keep_alive_ms: Option<u32>,
    /// How long dialing waits for an answer. Default 10,000 (about four first datagrams of 1,200 bytes to a dead address).
    pub connect_timeout_ms: u32,
    /// How long a newcomer may take from its first datagram to its first frame. Default 10,000.
    pub handshake_timeout_ms: u32,
    /// The longest frame taken or sent, in bytes. Default and most: 1 MiB.
    pub frame_bytes_max: usize,
    /// How much a peer may send ahead of what was read, and how much may be unacknowledged, per connection, in bytes. Default 256 KiB.
    pub window_bytes: u32,
    /// How the sending rate is found. Default Cubic.
    pub congestion: Congestion,
    /// How long the peer may wait for something to send before it acknowledges; quinn uses the round-trip time (at least 25 ms) where that is less. Default 100.
    pub ack_delay_ms: u32,
    /// After how many datagrams the peer acknowledges at once. Default 10: a tenth of the acknowledgements of the usual 2 hardly slows a transfer.
    pub ack_every: u32,
    /// Handshakes under way at once; further ones are refused. From half of it on, an address must first prove itself (one more round trip). Default 64.
    pub handshakes_max: usize,
    /// Accepted connections at once, handshakes included. Default 1,000.
    pub connections_max: usize,
    /// Of these, from one IP address (IPv6: one /64). Default 128: a whole county may sit behind one address.
    pub connections_per_address_max: usize,
    /// Accepted connections of nodes that are not known at once. Default 256.
    pub strangers_max: usize,
    /// Of these, from one address. Default 32: the rest of an address's places is left to those that are known.
    pub strangers_per_address_max: usize,
}

impl Config {
    /// The defaults, with the rule who is known.
    pub fn new(known: impl Fn(&PublicKey) -> bool + Send + Sync + 'static) -> Self {
        Self {
            listen: None,
            known: Arc::new(known),
            idle_timeout_ms: 60_000,
            keep_alive_ms: None,
            connect_timeout_ms: 10_000,
            handshake_timeout_ms: 10_000,
            frame_bytes_max: FRAME_BYTES_MAX,
            window_bytes: 256 * 1024,
            congestion: Congestion::default(),
            ack_delay_ms: 100,
            ack_every: 10,
            handshakes_max: 64,
            connections_max: 1_000,
            connections_per_address_max: 128,
            strangers_max: 256,
            strangers_per_address_max: 32,
        }
    }

    /// The same, listening at `addr`.
    #[must_use]
    pub fn listening(mut self, addr: SocketAddr) -> Self {
        self.listen = Some(addr);
        self
    }
}

impl fmt::Debug for Config {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Config")
            .field("listen", &self.listen)
            .field("idle_timeout_ms", &self.idle_timeout_ms)
            .field("congestion", &self.congestion)
            .finish_non_exhaustive()
    }
}
