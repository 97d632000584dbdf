//! Links and connections: ordered reliable streams that can be cut at any byte, stand still, or be noticed late to be gone.

use taizhang_net::framing::Decoder;
use taizhang_sync::SessionId;

/// Who can reach whom.
pub(crate) struct Link {
    /// Who dials.
    pub(crate) dialer: usize,
    pub(crate) other: usize,
    pub(crate) is_up: bool,
    pub(crate) latency_ms: u64,
    pub(crate) bytes_per_s: u64,
    /// Attempts since the last session that got anywhere.
    pub(crate) failed: u32,
    pub(crate) dial_due: bool,
}

/// One connection.
pub(crate) struct Conn {
    pub(crate) link: usize,
    /// Dialer, other.
    pub(crate) ends: [End; 2],
    pub(crate) latency_ms: u64,
    pub(crate) bytes_per_s: u64,
}

/// One end of a connection.
pub(crate) struct End {
    pub(crate) node: usize,
    pub(crate) session: SessionId,
    /// The program there knows that the connection is gone (or is gone itself).
    pub(crate) is_closed: bool,
    /// What would arrive here at or after this moment is lost.
    pub(crate) deaf_from: u64,
    /// When the last byte sent from the other end arrives here.
    pub(crate) arrived: u64,
    pub(crate) decoder: Decoder,
}

impl End {
    pub(crate) fn new(node: usize, session: SessionId) -> Self {
        let decoder = Decoder::new(usize::MAX);
        Self { node, session, is_closed: false, deaf_from: u64::MAX, arrived: 0, decoder }
    }
}

impl Conn {
    /// Is it there as far as the dialer knows?
    pub(crate) fn seems_open(&self) -> bool {
        let [dialer, _] = &self.ends;
        !dialer.is_closed
    }

    /// When bytes sent now to `end` arrive there, after a pause on the way.
    pub(crate) fn arrival(&mut self, now: u64, end: usize, bytes: usize, pause_ms: u64) -> u64 {
        let (latency, rate) = (self.latency_ms, self.bytes_per_s);
        let Some(end) = self.ends.get_mut(end) else { return now };
        let begins = end.arrived.max(now + latency);
        end.arrived = begins + pause_ms + bytes as u64 * 1000 / rate;
        end.arrived
    }
}
