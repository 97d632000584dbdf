//! A UDP socket that counts, and leaves the ECN bits alone.
//!
//! Counting here sees everything: refused handshakes, resets, retransmissions. Without ECN an acknowledgement is
//! three or more bytes shorter; the lines this is for do not mark.

use std::{
    fmt,
    io::{self, IoSliceMut},
    net::SocketAddr,
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    task::{Context, Poll},
    time::Duration,
};

use quinn::{
    AsyncUdpSocket, ConnectionId, ConnectionIdGenerator, UdpPoller,
    udp::{RecvMeta, Transmit},
};
use sha2::{Digest, Sha256};

/// UDP payload that went through an endpoint since it was opened (no IP or UDP headers: add 28 bytes a datagram on IPv4).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Traffic {
    /// Sent, in bytes.
    pub sent_bytes: u64,
    /// Sent, in datagrams.
    pub sent_datagrams: u64,
    /// Received, in bytes.
    pub received_bytes: u64,
    /// Received, in datagrams.
    pub received_datagrams: u64,
}

#[derive(Debug, Default)]
pub(crate) struct Counters {
    sent_bytes: AtomicU64,
    sent_datagrams: AtomicU64,
    received_bytes: AtomicU64,
    received_datagrams: AtomicU64,
}

impl Counters {
    pub(crate) fn read(&self) -> Traffic {
        Traffic {
            sent_bytes: self.sent_bytes.load(Ordering::Relaxed),
            sent_datagrams: self.sent_datagrams.load(Ordering::Relaxed),
            received_bytes: self.received_bytes.load(Ordering::Relaxed),
            received_datagrams: self.received_datagrams.load(Ordering::Relaxed),
        }
    }
}

/// Adds `bytes` in datagrams of at most `segment` bytes each.
fn add(bytes_total: &AtomicU64, datagrams_total: &AtomicU64, bytes: usize, segment: usize) {
    let datagrams = bytes.div_ceil(segment.max(1)).max(1);
    bytes_total.fetch_add(u64::try_from(bytes).unwrap_or(u64::MAX), Ordering::Relaxed);
    datagrams_total.fetch_add(u64::try_from(datagrams).unwrap_or(u64::MAX), Ordering::Relaxed);
}

/// quinn's socket, counted.
pub(crate) struct Counted {
    pub(crate) inner: Arc<dyn AsyncUdpSocket>,
    pub(crate) counters: Arc<Counters>,
}

impl fmt::Debug for Counted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.inner.fmt(f)
    }
}

impl AsyncUdpSocket for Counted {
    fn create_io_poller(self: Arc<Self>) -> Pin<Box<dyn UdpPoller>> {
        Arc::clone(&self.inner).create_io_poller()
    }

    fn try_send(&self, transmit: &Transmit<'_>) -> io::Result<()> {
        self.inner.try_send(&Transmit {
            destination: transmit.destination,
            ecn: None,
            contents: transmit.contents,
            segment_size: transmit.segment_size,
            src_ip: transmit.src_ip,
        })?;
        let bytes = transmit.contents.len();
        add(&self.counters.sent_bytes, &self.counters.sent_datagrams, bytes, transmit.segment_size.unwrap_or(bytes));
        Ok(())
    }

    fn poll_recv(&self, cx: &mut Context<'_>, bufs: &mut [IoSliceMut<'_>], meta: &mut [RecvMeta]) -> Poll<io::Result<usize>> {
        let polled = self.inner.poll_recv(cx, bufs, meta);
        if let Poll::Ready(Ok(count)) = &polled {
            for received in meta.iter().take(*count) {
                add(&self.counters.received_bytes, &self.counters.received_datagrams, received.len, received.stride);
            }
        }
        polled
    }

    fn local_addr(&self) -> io::Result<SocketAddr> {
        self.inner.local_addr()
    }

    fn max_transmit_segments(&self) -> usize {
        self.inner.max_transmit_segments()
    }

    fn max_receive_segments(&self) -> usize {
        self.inner.max_receive_segments()
    }

    fn may_fragment(&self) -> bool {
        self.inner.may_fragment()
    }
}

/// Random connection ids of this many bytes, at most 8; 0: the address alone tells.
pub(crate) struct ConnectionIds(pub(crate) usize);

impl ConnectionIdGenerator for ConnectionIds {
    fn generate_cid(&mut self) -> ConnectionId {
        let mut bytes = [0; 8];
        let bytes = bytes.get_mut(..self.0).unwrap_or_default();
        getrandom::fill(bytes).expect("the system has random bytes; TLS could not work without");
        ConnectionId::new(bytes)
    }

    fn cid_len(&self) -> usize {
        self.0
    }

    fn cid_lifetime(&self) -> Option<Duration> {
        None
    }
}

/// Makes the tokens by which a restarted listener tells old peers that it has forgotten them. From the node's key, so
/// that the tokens outlive the process; with random ones every peer would wait for its idle timeout.
pub(crate) struct ResetKey(pub(crate) [u8; 32]);

impl quinn::crypto::HmacKey for ResetKey {
    fn sign(&self, data: &[u8], out: &mut [u8]) {
        // A secret of fixed length before a connection id of fixed length, cut to 16 bytes by QUIC: nothing to extend.
        let hash = Sha256::new().chain_update(self.0).chain_update(data).finalize();
        out.iter_mut().zip(hash).for_each(|(out, byte)| *out = byte);
    }

    fn signature_len(&self) -> usize {
        32
    }

    fn verify(&self, data: &[u8], signature: &[u8]) -> Result<(), quinn::crypto::CryptoError> {
        let mut expected = [0; 32];
        self.sign(data, &mut expected);
        if expected == *signature { Ok(()) } else { Err(quinn::crypto::CryptoError) }
    }
}
