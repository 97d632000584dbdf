//! Listening and dialing.

use std::{
    io,
    net::{Ipv4Addr, Ipv6Addr, SocketAddr, UdpSocket},
    sync::{Arc, OnceLock},
    time::Duration,
};

use quinn::{EndpointConfig, Runtime as _, TokioRuntime, TransportConfig, VarInt, congestion};
use taizhang_core::{
    id::PublicKey,
    planted::{Check, is_off},
};
use tokio::{
    sync::{Mutex, OwnedSemaphorePermit, Semaphore, mpsc},
    time::{Instant, timeout, timeout_at},
};
use tracing::debug;

use crate::{
    config::{Config, Congestion},
    connection::Connection,
    error::{BindError, CloseReason, Code, ConnectError, caller_code},
    limits::{NoPlace, Open, Registry, Slot},
    socket::{ConnectionIds, Counted, Counters, ResetKey, Traffic},
    tls::{self, Demand, NodeKey, Rejected},
};

/// Connection ids of the listener, in bytes: 16 million of them tell a few thousand connections apart.
const LISTENER_ID_BYTES: usize = 3;
/// What a newcomer may send before its handshake is looked at, in bytes.
const NEWCOMER_BYTES_MAX: u64 = 16 * 1024;
/// Finished handshakes that wait for [`Endpoint::accept`]; further ones keep their place among the handshakes.
const ACCEPTED_WAITING_MAX: usize = 16;
/// How long [`Endpoint::close`] waits for the last datagrams to go.
const CLOSE_WAIT: Duration = Duration::from_secs(3);
/// What a node hears for which there is no place because it is not known.
const TOO_MANY_STRANGERS: &str = "takes no more connections of nodes that it does not know; try again later";
/// TLS wants a name; nobody reads it, and it is not sent.
const SERVER_NAME: &str = "node.invalid";

/// This node's door to others: listens at one address (if configured) and dials from a socket of its own per connection.
#[derive(Debug)]
pub struct Endpoint {
    shared: Arc<Shared>,
    listener: Option<quinn::Endpoint>,
    accepted: Mutex<Option<mpsc::Receiver<Connection>>>,
}

/// What dialing, listening and every handshake need.
#[derive(Debug)]
struct Shared {
    config: Config,
    key: NodeKey,
    /// As dialer: the peer opens no streams.
    dialing: Arc<TransportConfig>,
    /// As listener: the peer opens one stream.
    listening: Arc<TransportConfig>,
    registry: Arc<Registry>,
    counters: Arc<Counters>,
}

impl Endpoint {
    /// Opens it; must be called inside a tokio runtime. Dropped, it closes all its connections without waiting: [`Endpoint::close`] is kinder.
    ///
    /// # Errors
    /// The address cannot be listened at.
    pub fn bind(config: Config, key: NodeKey) -> Result<Self, BindError> {
        tokio::runtime::Handle::try_current().map_err(|_| BindError::NoRuntime)?;
        let shared = Arc::new(Shared {
            dialing: Arc::new(transport(&config, 0)),
            listening: Arc::new(transport(&config, 1)),
            registry: Registry::new(&config),
            counters: Arc::default(),
            config,
            key,
        });
        let Some(addr) = shared.config.listen else {
            return Ok(Self { shared, listener: None, accepted: Mutex::new(None) });
        };
        let listener = shared.listener(addr).map_err(|source| BindError::Socket { addr, source })?;
        let (queue, accepted) = mpsc::channel(ACCEPTED_WAITING_MAX);
        tokio::spawn(welcome(Arc::clone(&shared), listener.clone(), queue));
        Ok(Self { shared, listener: Some(listener), accepted: Mutex::new(Some(accepted)) })
    }

    /// This node's own key.
    #[must_use]
    pub fn key(&self) -> PublicKey {
        self.shared.key.public()
    }

    /// Where it listens; none if it only dials.
    #[must_use]
    pub fn local_addr(&self) -> Option<SocketAddr> {
        self.listener.as_ref()?.local_addr().ok()
    }

    /// UDP payload of everything so far: all connections, dialed and accepted, failed ones included.
    #[must_use]
    pub fn traffic(&self) -> Traffic {
        self.shared.counters.read()
    }

    /// Dials `addr`; with `expected`, only that key is accepted there.
    ///
    /// That the other node has no place for one that it does not know shows at the first [`recv`](crate::FrameReceiver::recv):
    /// in TLS 1.3 the listener learns the dialer's key last.
    ///
    /// # Errors
    /// No answer, a wrong key, another protocol, or no room.
    pub async fn connect(&self, addr: SocketAddr, expected: Option<PublicKey>) -> Result<Connection, ConnectError> {
        let shared = &self.shared;
        if shared.registry.is_closed() {
            return Err(ConnectError::Closed);
        }
        let socket = shared.dial_socket(addr).map_err(|source| ConnectError::Socket { addr, source })?;
        let demand = Arc::new(Demand { expected, rejected: OnceLock::new() });
        let crypto = tls::client_config(&shared.key, Arc::clone(&demand));
        let mut client = quinn::ClientConfig::new(Arc::new(crypto));
        client.transport_config(Arc::clone(&shared.dialing));
        let connecting = socket.connect_with(client, addr, SERVER_NAME).map_err(|_| ConnectError::BadAddress { addr })?;
        let waited_ms = shared.config.connect_timeout_ms;
        let connection = match timeout(ms(waited_ms), connecting).await {
            Err(_) => return Err(ConnectError::NoAnswer { addr, waited_ms }),
            Ok(Ok(connection)) => connection,
            Ok(Err(error)) => {
                return Err(match demand.rejected.get() {
                    Some(&Rejected { expected, found }) => ConnectError::WrongKey { addr, expected, found },
                    None => ConnectError::from_handshake(addr, waited_ms, error),
                });
            }
        };
        shared.dialed(addr, socket, connection).await
    }

    /// The next connection from another node; none when the endpoint is closed or does not listen.
    pub async fn accept(&self) -> Option<Connection> {
        self.accepted.lock().await.as_mut()?.recv().await
    }

    /// Closes every connection with [`CloseReason::ShuttingDown`], takes no more, and waits at most 3 s for the last datagrams to go.
    pub async fn close(&self) {
        let sockets = self.close_now();
        let idle = async {
            for socket in &sockets {
                socket.wait_idle().await;
            }
        };
        if timeout(CLOSE_WAIT, idle).await.is_err() {
            debug!("some connections did not close in time");
        }
    }
}

impl Endpoint {
    /// Closes all sockets, and with them their connections.
    fn close_now(&self) -> Vec<quinn::Endpoint> {
        let open = self.shared.registry.close();
        let dialed = open.into_iter().filter_map(|each| each.socket);
        let sockets: Vec<_> = dialed.chain(self.listener.clone()).collect();
        for socket in &sockets {
            socket.close(Code::ShuttingDown.wire(), b"");
        }
        sockets
    }
}

impl Drop for Endpoint {
    fn drop(&mut self) {
        self.close_now();
    }
}

impl Shared {
    fn listener(&self, addr: SocketAddr) -> io::Result<quinn::Endpoint> {
        let mut server = quinn::ServerConfig::with_crypto(Arc::new(tls::server_config(&self.key)));
        let mut tokens = quinn::ValidationTokenConfig::default();
        tokens.sent(0);
        server
            .transport_config(Arc::clone(&self.listening))
            .validation_token_config(tokens)
            .max_incoming(self.config.handshakes_max)
            .incoming_buffer_size(NEWCOMER_BYTES_MAX)
            .incoming_buffer_size_total(
                NEWCOMER_BYTES_MAX.saturating_mul(u64::try_from(self.config.handshakes_max).unwrap_or(u64::MAX)),
            );
        self.socket(addr, LISTENER_ID_BYTES, Some(server))
    }

    /// A socket of its own per dialed connection. Only so can the dialer do without connection ids, which would cost 8
    /// bytes on every datagram to it: quinn tells such connections apart by remote address alone, and forgets the
    /// newer of two.
    fn dial_socket(&self, addr: SocketAddr) -> io::Result<quinn::Endpoint> {
        let any = match addr {
            SocketAddr::V4(_) => SocketAddr::from((Ipv4Addr::UNSPECIFIED, 0)),
            SocketAddr::V6(_) => SocketAddr::from((Ipv6Addr::UNSPECIFIED, 0)),
        };
        self.socket(any, 0, None)
    }

    fn socket(&self, addr: SocketAddr, id_bytes: usize, server: Option<quinn::ServerConfig>) -> io::Result<quinn::Endpoint> {
        let socket =
            Counted { inner: TokioRuntime.wrap_udp_socket(UdpSocket::bind(addr)?)?, counters: Arc::clone(&self.counters) };
        let mut config = EndpointConfig::new(Arc::new(ResetKey(self.key.reset_secret())));
        config.cid_generator(move || Box::new(ConnectionIds(id_bytes))).grease_quic_bit(false);
        quinn::Endpoint::new_with_abstract_socket(config, server, Arc::new(socket), Arc::new(TokioRuntime))
    }

    async fn dialed(
        &self,
        addr: SocketAddr,
        socket: quinn::Endpoint,
        connection: quinn::Connection,
    ) -> Result<Connection, ConnectError> {
        let failed = |reason| ConnectError::Failed { addr, reason };
        let remote = tls::peer_key(&connection).ok_or_else(|| failed(CloseReason::Broken("no key was shown".into())))?;
        let open = Open { connection: connection.clone(), socket: Some(socket), from: None };
        let guard = self.registry.open(open, None).map_err(|_| ConnectError::Closed)?;
        let streams = timeout(ms(self.config.connect_timeout_ms), connection.open_bi())
            .await
            .map_err(|_| ConnectError::OtherProtocol { addr })?
            .map_err(|error| failed(error.into()))?;
        Ok(Connection::new(connection, remote, guard, streams, self.config.frame_bytes_max))
    }

    /// Finishes the handshake, asks who it is, waits for the first frame.
    async fn meet(&self, connecting: quinn::Connecting, slot: Slot) -> Option<Connection> {
        let addr = connecting.remote_address();
        let patience_ms = if is_off(Check::SpeaksInTime) { 3_600_000 } else { self.config.handshake_timeout_ms };
        let deadline = Instant::now() + ms(patience_ms);
        let connection = match timeout_at(deadline, connecting).await {
            Ok(Ok(connection)) => connection,
            Ok(Err(error)) => {
                debug!(%addr, %error, "handshake failed");
                return None;
            }
            Err(_) => {
                debug!(%addr, "handshake not finished in time");
                return None;
            }
        };
        let Some(remote) = tls::peer_key(&connection) else {
            connection.close(Code::UnknownKey.wire(), b"");
            return None;
        };
        if self.registry.is_crowded(remote, addr) {
            return self.turn_away(&connection, addr);
        }
        let streams = match timeout_at(deadline, connection.accept_bi()).await {
            Ok(Ok(streams)) => streams,
            Ok(Err(error)) => {
                debug!(%addr, %remote, %error, "left before its first frame");
                return None;
            }
            Err(_) => {
                debug!(%addr, %remote, "said nothing in time");
                connection.close(Code::Silent.wire(), b"");
                return None;
            }
        };
        let open = Open { connection: connection.clone(), socket: None, from: Some((remote, addr)) };
        match self.registry.open(open, Some(slot)) {
            Ok(guard) => Some(Connection::new(connection, remote, guard, streams, self.config.frame_bytes_max)),
            Err(NoPlace::Closed) => None,
            Err(NoPlace::Strangers) => self.turn_away(&connection, addr),
        }
    }

    /// One of too many that are not known here.
    fn turn_away(&self, connection: &quinn::Connection, addr: SocketAddr) -> Option<Connection> {
        debug!(%addr, "refused: too many nodes that are not known");
        connection.close(caller_code(0), TOO_MANY_STRANGERS.as_bytes());
        None
    }
}

/// Takes newcomers within the limits until the listener is closed.
async fn welcome(shared: Arc<Shared>, listener: quinn::Endpoint, queue: mpsc::Sender<Connection>) {
    let handshakes_max = shared.config.handshakes_max;
    let handshakes = Arc::new(Semaphore::new(handshakes_max));
    while let Some(incoming) = listener.accept().await {
        let addr = incoming.remote_address();
        let crowded = handshakes.available_permits() * 2 <= handshakes_max;
        if crowded && incoming.may_retry() && !incoming.remote_address_validated() {
            // A forged address costs us one short answer and no memory.
            let _ = incoming.retry();
            continue;
        }
        let Ok(permit) = Arc::clone(&handshakes).try_acquire_owned() else {
            debug!(%addr, "refused: too many handshakes");
            incoming.refuse();
            continue;
        };
        let slot = match shared.registry.enter(addr) {
            Ok(slot) => slot,
            Err(full) => {
                debug!(%addr, ?full, "refused: too many connections");
                incoming.refuse();
                continue;
            }
        };
        tokio::spawn(greet(Arc::clone(&shared), incoming, slot, permit, queue.clone()));
    }
}

async fn greet(
    shared: Arc<Shared>,
    incoming: quinn::Incoming,
    slot: Slot,
    permit: OwnedSemaphorePermit,
    queue: mpsc::Sender<Connection>,
) {
    let Ok(connecting) = incoming.accept() else {
        return;
    };
    if let Some(connection) = shared.meet(connecting, slot).await {
        // Fails only when the endpoint is gone; the connection closes by being dropped.
        let _ = queue.send(connection).await;
    }
    drop(permit);
}

/// One stream and no more: attachments will get one of their own when there is someone to read it.
fn transport(config: &Config, streams: u32) -> TransportConfig {
    let window = if is_off(Check::Window) { 1 << 30 } else { config.window_bytes };
    let mut acks = quinn::AckFrequencyConfig::default();
    acks.max_ack_delay(Some(ms(config.ack_delay_ms)))
        .ack_eliciting_threshold(VarInt::from_u32(config.ack_every.saturating_sub(1)));
    let mut transport = TransportConfig::default();
    transport
        .max_concurrent_bidi_streams(VarInt::from_u32(streams))
        .max_concurrent_uni_streams(VarInt::from_u32(0))
        .max_idle_timeout(Some(VarInt::from_u32(config.idle_timeout_ms.max(1)).into()))
        .keep_alive_interval(config.keep_alive_ms.map(ms))
        .stream_receive_window(VarInt::from_u32(window))
        .receive_window(VarInt::from_u32(window))
        .send_window(u64::from(window))
        .datagram_receive_buffer_size(None)
        .mtu_discovery_config(None)
        .ack_frequency_config(Some(acks))
        .allow_spin(false);
    match config.congestion {
        Congestion::NewReno => transport.congestion_controller_factory(Arc::new(congestion::NewRenoConfig::default())),
        Congestion::Cubic => transport.congestion_controller_factory(Arc::new(congestion::CubicConfig::default())),
        Congestion::Bbr => transport.congestion_controller_factory(Arc::new(congestion::BbrConfig::default())),
    };
    transport
}

fn ms(ms: u32) -> Duration {
    Duration::from_millis(u64::from(ms))
}
