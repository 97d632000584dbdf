//! One connection: frames out, frames in, and a handle to watch and close it.

use std::{net::SocketAddr, sync::Arc, time::Duration};

use quinn::{ReadError, RecvStream, SendStream, StoppedError, WriteError};
use taizhang_core::id::PublicKey;

use crate::{
    error::{CloseReason, Code, RecvError, SendError, caller_code},
    framing::{self, Decoder},
    limits::Guard,
};

/// The most read from the stream at once, in bytes.
const READ_BYTES_MAX: usize = 64 * 1024;
/// The longest reason sent, in bytes.
const REASON_BYTES_MAX: usize = 200;

/// A connection with a node whose key is proven and allowed. Take it apart: the parts go to different tasks.
/// It is closed when the last part is dropped.
#[derive(Debug)]
pub struct Connection {
    /// To watch and close it.
    pub handle: Handle,
    /// To send frames.
    pub sender: FrameSender,
    /// To receive frames.
    pub receiver: FrameReceiver,
}

impl Connection {
    pub(crate) fn new(
        connection: quinn::Connection,
        remote: PublicKey,
        guard: Guard,
        streams: (SendStream, RecvStream),
        frame_bytes_max: usize,
    ) -> Self {
        let handle = Handle { remote, connection, _guard: Arc::new(guard) };
        let (send, recv) = streams;
        let limit = frame_bytes_max.min(framing::FRAME_BYTES_MAX);
        Self {
            sender: FrameSender { handle: handle.clone(), stream: send, limit, mid_frame: false },
            receiver: FrameReceiver { handle: handle.clone(), stream: recv, decoder: Decoder::new(limit), unread: None },
            handle,
        }
    }
}

/// Watches and closes a connection.
#[derive(Clone, Debug)]
pub struct Handle {
    remote: PublicKey,
    connection: quinn::Connection,
    _guard: Arc<Guard>,
}

impl Handle {
    /// The other node's key, proven in the handshake.
    #[must_use]
    pub fn remote(&self) -> PublicKey {
        self.remote
    }

    /// Where the other node is now; changes when a dialer's address does.
    #[must_use]
    pub fn remote_addr(&self) -> SocketAddr {
        self.connection.remote_address()
    }

    /// Ends the connection at once. Frames not yet delivered are lost: [`FrameSender::finish`] first if they matter.
    /// The other side sees `code` and the first 200 bytes of `reason` (never personal data). Only the first close counts.
    pub fn close(&self, code: u32, reason: &str) {
        let reason = reason.as_bytes();
        let reason = reason.get(..REASON_BYTES_MAX).unwrap_or(reason);
        self.connection.close(caller_code(code), reason);
    }

    /// Waits until the connection is over.
    pub async fn closed(&self) -> CloseReason {
        self.connection.closed().await.into()
    }

    /// Why it is over, if it is.
    #[must_use]
    pub fn close_reason(&self) -> Option<CloseReason> {
        self.connection.close_reason().map(Into::into)
    }

    /// What went over the line so far.
    #[must_use]
    pub fn stats(&self) -> Stats {
        let stats = self.connection.stats();
        Stats {
            sent_bytes: stats.udp_tx.bytes,
            sent_datagrams: stats.udp_tx.datagrams,
            received_bytes: stats.udp_rx.bytes,
            received_datagrams: stats.udp_rx.datagrams,
            lost_datagrams: stats.path.lost_packets,
            rtt: stats.path.rtt,
        }
    }

    fn abort(&self, code: Code) {
        self.connection.close(code.wire(), b"");
    }
}

/// UDP payload of one connection (no IP or UDP headers), and how the line is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stats {
    /// Sent, in bytes.
    pub sent_bytes: u64,
    /// Sent, in datagrams.
    pub sent_datagrams: u64,
    /// Received, in bytes.
    pub received_bytes: u64,
    /// Received, in datagrams.
    pub received_datagrams: u64,
    /// Sent and given up for lost.
    pub lost_datagrams: u64,
    /// Round-trip time, as estimated now.
    pub rtt: Duration,
}

/// Sends frames, in order.
#[derive(Debug)]
pub struct FrameSender {
    handle: Handle,
    stream: SendStream,
    limit: usize,
    /// A send began and did not come back: the peer waits for the rest of a frame.
    mid_frame: bool,
}

impl FrameSender {
    /// Sends one frame of 1 byte to the limit. Waits while the window is full; returns when the frame is on its way, not when it arrived.
    ///
    /// # Errors
    /// The frame is empty or too long, or the connection is over. A future dropped before it is done abandons the stream.
    pub async fn send(&mut self, frame: &[u8]) -> Result<(), SendError> {
        self.send_all(&[frame]).await
    }

    /// Sends several frames, in as few datagrams as they need (a datagram costs about 25 bytes).
    ///
    /// # Errors
    /// As [`FrameSender::send`]; then none or some of the frames went.
    pub async fn send_all(&mut self, frames: &[impl AsRef<[u8]>]) -> Result<(), SendError> {
        let limit = self.limit;
        for bytes in frames.iter().map(|frame| frame.as_ref().len()) {
            match bytes {
                0 => return Err(SendError::Empty),
                bytes if bytes > limit => return Err(SendError::TooLong { bytes, limit }),
                _ => {}
            }
        }
        let mut wire = Vec::new();
        for frame in frames {
            // One write per datagram's worth and not per frame; and never a frame's length alone.
            framing::encode(frame.as_ref(), &mut wire);
            if wire.len() >= READ_BYTES_MAX {
                self.write(&wire).await?;
                wire.clear();
            }
        }
        self.write(&wire).await
    }

    /// Sends one byte that the receiver skips. While something is owed and nothing moves, call it every third of the
    /// idle timeout (quinn's own keep-alive can only be on or off for good, and the caller knows what is owed).
    ///
    /// # Errors
    /// The connection is over.
    pub async fn keep_alive(&mut self) -> Result<(), SendError> {
        self.write(&[0]).await
    }

    /// Says that no more frames come, and waits until the other node's system has acknowledged them all (its program may not have read them).
    ///
    /// # Errors
    /// The connection ended before.
    pub async fn finish(mut self) -> Result<(), SendError> {
        if self.mid_frame {
            return Err(SendError::Abandoned);
        }
        self.stream.finish().map_err(|_| SendError::NotRead)?;
        match self.stream.stopped().await {
            Ok(None) => Ok(()),
            Ok(Some(_)) => Err(SendError::NotRead),
            Err(StoppedError::ConnectionLost(error)) => Err(CloseReason::from(error).into()),
            Err(StoppedError::ZeroRttRejected) => Err(CloseReason::Restarted.into()),
        }
    }

    async fn write(&mut self, wire: &[u8]) -> Result<(), SendError> {
        if self.mid_frame {
            return Err(SendError::Abandoned);
        }
        self.mid_frame = true;
        let written = self.stream.write_all(wire).await;
        self.mid_frame = false;
        written.map_err(|error| match error {
            WriteError::ConnectionLost(error) => CloseReason::from(error).into(),
            WriteError::Stopped(_) | WriteError::ClosedStream => {
                self.handle.close_reason().map_or(SendError::NotRead, SendError::Closed)
            }
            WriteError::ZeroRttRejected => CloseReason::Restarted.into(),
        })
    }
}

impl Drop for FrameSender {
    fn drop(&mut self) {
        if self.mid_frame {
            // quinn would end the stream cleanly, in the middle of a frame.
            let _ = self.stream.reset(Code::Dropped.wire());
        }
    }
}

/// Receives frames, in order.
#[derive(Debug)]
pub struct FrameReceiver {
    handle: Handle,
    stream: RecvStream,
    decoder: Decoder,
    /// What was read and not yet decoded, from this place on.
    unread: Option<(quinn::Chunk, usize)>,
}

impl FrameReceiver {
    /// The next frame; none when the other side has finished. A future may be dropped and begun again: nothing is lost.
    ///
    /// # Errors
    /// The connection is over, or the bytes are no frames; in the latter case it is closed and the other side told.
    pub async fn recv(&mut self) -> Result<Option<Vec<u8>>, RecvError> {
        loop {
            if let Some(frame) = self.decode()? {
                return Ok(Some(frame));
            }
            match self.stream.read_chunk(READ_BYTES_MAX, true).await {
                Ok(Some(chunk)) => self.unread = Some((chunk, 0)),
                Ok(None) if self.decoder.is_mid_frame() => return self.cut_short(),
                Ok(None) => return Ok(None),
                Err(ReadError::ConnectionLost(error)) => {
                    return Err(CloseReason::from(error).into());
                }
                Err(ReadError::Reset(_)) => return self.cut_short(),
                Err(ReadError::ClosedStream | ReadError::IllegalOrderedRead | ReadError::ZeroRttRejected) => {
                    return self.handle.close_reason().map_or(Ok(None), |reason| Err(reason.into()));
                }
            }
        }
    }

    fn decode(&mut self) -> Result<Option<Vec<u8>>, RecvError> {
        let Some((chunk, from)) = &mut self.unread else {
            return Ok(None);
        };
        let mut input = chunk.bytes.get(*from..).unwrap_or_default();
        let decoded = self.decoder.feed(&mut input);
        *from = chunk.bytes.len() - input.len();
        if input.is_empty() {
            self.unread = None;
        }
        decoded.map_err(|error| {
            self.handle.abort(Code::BadFrame);
            error.into()
        })
    }

    fn cut_short(&self) -> Result<Option<Vec<u8>>, RecvError> {
        self.handle.abort(Code::BadFrame);
        Err(RecvError::CutShort)
    }
}
