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
};

use quinn::{
    AsyncUdpSocket, UdpPoller,
    udp::{RecvMeta, Transmit},
};

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
    datagrams_total.fetch_add(
        u64::try_from(datagrams).unwrap_or(u64::MAX),
        Ordering::Relaxed,
    );
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
        add(
            &self.counters.sent_bytes,
            &self.counters.sent_datagrams,
            bytes,
            transmit.segment_size.unwrap_or(bytes),
        );
        Ok(())
    }

    fn poll_recv(
        &self,
        cx: &mut Context<'_>,
        bufs: &mut [IoSliceMut<'_>],
        meta: &mut [RecvMeta],
    ) -> Poll<io::Result<usize>> {
        let polled = self.inner.poll_recv(cx, bufs, meta);
        if let Poll::Ready(Ok(count)) = &polled {
            for received in meta.iter().take(*count) {
                add(
                    &self.counters.received_bytes,
                    &self.counters.received_datagrams,
                    received.len,
                    received.stride,
                );
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
