//! Connections: one reading and one writing task each; the loop names them by session.

use std::{
    collections::{BTreeMap, BTreeSet},
    net::SocketAddr,
    sync::{Arc, RwLock},
};

use taizhang_core::{id::PublicKey, nodes, standing::Judge};
use taizhang_net::{CloseReason, Config, Connection, Endpoint, FrameReceiver, FrameSender, Handle, NodeKey};
use taizhang_sync::SessionId;
use tokio::sync::mpsc;

use super::{Names, SharedEndpoint, dial::NeighbourId};
use crate::{
    core::Core,
    error::{CommandError, ErrorKind},
};

/// Frames that may wait for one slow connection.
const FRAMES_MAX: usize = 1024;
/// A connection on which nothing arrives for so long is over.
const IDLE_MS: u32 = 300_000;

/// What the network tells the loop.
pub(crate) enum NetEvent {
    Connected {
        connection: Box<Connection>,
        neighbour: Option<NeighbourId>,
    },
    DialFailed {
        neighbour: NeighbourId,
        why: String,
    },
    Frame {
        session: SessionId,
        bytes: Vec<u8>,
    },
    /// With what the other node said, if it closed the connection.
    Closed {
        session: SessionId,
        why: Option<String>,
    },
}

struct Link {
    handle: Handle,
    frames: mpsc::Sender<Vec<u8>>,
    neighbour: Option<NeighbourId>,
    /// We dialled, and our registry did not know who answered.
    stranger: bool,
}

/// Who is known: nodes that the registry certifies. Others have few places, and the hub tells them nothing.
#[derive(Debug, Default)]
struct Known {
    nodes: BTreeSet<PublicKey>,
    revision: Option<u64>,
}

/// Every connection of this node.
pub(crate) struct Links {
    endpoint: SharedEndpoint,
    to_loop: mpsc::Sender<NetEvent>,
    links: BTreeMap<SessionId, Link>,
    names: Names,
    known: Arc<RwLock<Known>>,
    cut: bool,
}

impl Links {
    pub(crate) fn open(core: &Core, listen: Option<SocketAddr>, to_loop: mpsc::Sender<NetEvent>) -> Result<Self, CommandError> {
        let known = Arc::new(RwLock::new(Known::default()));
        let rule = known.clone();
        let mut config = Config::new(move |key: &PublicKey| rule.read().is_ok_and(|k| k.nodes.contains(key)));
        config.listen = listen;
        config.idle_timeout_ms = IDLE_MS;
        let key = NodeKey::from_seed(&core.folder().node_key()?.seed());
        let endpoint = Arc::new(Endpoint::bind(config, key).map_err(|e| {
            let why = crate::said::because("无法打开网络端口", "the network port cannot be opened", e);
            CommandError::of(ErrorKind::NotReachable, why)
                .hint("换一个端口, 或检查防火墙", "choose another port, or check the firewall")
        })?);
        if listen.is_some() {
            tokio::spawn(accept(endpoint.clone(), to_loop.clone()));
        }
        let mut links = Self { endpoint, to_loop, links: BTreeMap::new(), names: Names::default(), known, cut: false };
        links.follow_registry(core);
        Ok(links)
    }

    pub(crate) fn local_addr(&self) -> Option<SocketAddr> {
        self.endpoint.local_addr()
    }

    /// UDP payload bytes sent and received since the start.
    pub(crate) fn traffic(&self) -> taizhang_net::Traffic {
        self.endpoint.traffic()
    }

    pub(crate) fn set_cut(&mut self, cut: bool) {
        self.cut = cut;
    }

    pub(crate) fn sessions(&self) -> Vec<SessionId> {
        self.links.keys().copied().collect()
    }

    pub(crate) fn session_of(&self, neighbour: NeighbourId) -> Option<SessionId> {
        self.links.iter().find(|(_, l)| l.neighbour == Some(neighbour)).map(|(s, _)| *s)
    }

    /// Keeps the rule who is known in step with the registry; tells whether that had changed.
    pub(crate) fn follow_registry(&mut self, core: &Core) -> bool {
        let ledger = core.ledger();
        let Ok(mut known) = self.known.write() else { return false };
        if known.revision == Some(ledger.registry_revision()) {
            return false;
        }
        known.nodes = nodes::certified(ledger, &Judge::new(ledger)).into_keys().collect();
        known.revision = Some(ledger.registry_revision());
        true
    }

    /// Dialled sessions with nodes that our registry did not know: with whom, and where they answered.
    pub(crate) fn strangers(&self) -> Vec<(SessionId, NeighbourId, PublicKey)> {
        let strangers = self.links.iter().filter(|(_, l)| l.stranger);
        strangers.filter_map(|(session, l)| Some((*session, l.neighbour?, l.handle.remote()))).collect()
    }

    /// It is a stranger's no more.
    pub(crate) fn met(&mut self, session: SessionId) {
        if let Some(link) = self.links.get_mut(&session) {
            link.stranger = false;
        }
    }

    /// The neighbour to whom a session leads.
    pub(crate) fn neighbour_of(&self, session: SessionId) -> Option<NeighbourId> {
        self.links.get(&session)?.neighbour
    }

    pub(crate) fn add(
        &mut self,
        connection: Connection,
        neighbour: Option<NeighbourId>,
        stranger: bool,
    ) -> Option<(SessionId, PublicKey)> {
        if self.cut {
            connection.handle.close(0, "links are cut");
            return None;
        }
        let session = self.names.next();
        let Connection { handle, sender, receiver, .. } = connection;
        let remote = handle.remote();
        let (frames, queue) = mpsc::channel(FRAMES_MAX);
        tokio::spawn(read(session, handle.clone(), receiver, self.to_loop.clone()));
        tokio::spawn(write(sender, queue));
        self.links.insert(session, Link { handle, frames, neighbour, stranger });
        Some((session, remote))
    }

    /// Queues a frame; `Err` if the connection is too slow to take it.
    pub(crate) fn send(&mut self, session: SessionId, frame: Vec<u8>) -> Result<(), SessionId> {
        let Some(link) = self.links.get(&session) else { return Ok(()) };
        link.frames.try_send(frame).map_err(|_| session)
    }

    /// Ends a connection with words for the other side.
    pub(crate) fn close(&mut self, session: SessionId, reason: &str) {
        if let Some(link) = self.links.get(&session) {
            link.handle.close(0, reason);
        }
    }

    /// Forgets a connection; tells which neighbour it led to.
    pub(crate) fn remove(&mut self, session: SessionId) -> Option<NeighbourId> {
        self.links.remove(&session)?.neighbour
    }

    pub(crate) fn dial(&self, neighbour: NeighbourId, address: String, key: Option<PublicKey>) {
        let (endpoint, to_loop, cut) = (self.endpoint.clone(), self.to_loop.clone(), self.cut);
        tokio::spawn(async move {
            let outcome = if cut { Err("links are cut".to_owned()) } else { dial(&endpoint, &address, key).await };
            let event = match outcome {
                Ok(connection) => NetEvent::Connected { connection: Box::new(connection), neighbour: Some(neighbour) },
                Err(why) => NetEvent::DialFailed { neighbour, why },
            };
            to_loop.send(event).await.ok();
        });
    }

    /// Ends every connection in good order.
    pub(crate) async fn shut_down(&mut self) {
        self.links.clear();
        self.endpoint.close().await;
    }
}

async fn dial(endpoint: &Endpoint, address: &str, key: Option<PublicKey>) -> Result<Connection, String> {
    let mut found = tokio::net::lookup_host(address).await.map_err(|e| format!("{address}: {e}"))?;
    let address = found.next().ok_or_else(|| format!("{address}: no such host"))?;
    endpoint.connect(address, key).await.map_err(|e| e.to_string())
}

async fn accept(endpoint: SharedEndpoint, to_loop: mpsc::Sender<NetEvent>) {
    while let Some(connection) = endpoint.accept().await {
        if to_loop.send(NetEvent::Connected { connection: Box::new(connection), neighbour: None }).await.is_err() {
            return;
        }
    }
}

async fn read(session: SessionId, handle: Handle, mut receiver: FrameReceiver, to_loop: mpsc::Sender<NetEvent>) {
    while let Ok(Some(bytes)) = receiver.recv().await {
        if to_loop.send(NetEvent::Frame { session, bytes }).await.is_err() {
            return;
        }
    }
    let why = match handle.close_reason() {
        Some(CloseReason::There { text, .. }) if !text.is_empty() => Some(text),
        Some(CloseReason::Here) | None => None,
        Some(other) => Some(other.to_string()),
    };
    to_loop.send(NetEvent::Closed { session, why }).await.ok();
}

async fn write(mut sender: FrameSender, mut queue: mpsc::Receiver<Vec<u8>>) {
    let mut waiting = Vec::new();
    // What waits together goes out together: fewer datagrams.
    while queue.recv_many(&mut waiting, FRAMES_MAX).await > 0 {
        if sender.send_all(&waiting).await.is_err() {
            return;
        }
        waiting.clear();
    }
    sender.finish().await.ok();
}
